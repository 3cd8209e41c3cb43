-- An account at 0.001. The names of its constraints and of _access_rules_id_seq are those that an
-- upgraded account has: tables were renamed and rebuilt on the way. Variables: schema.
CREATE SCHEMA :"schema";
SET LOCAL search_path TO :"schema";

CREATE TABLE _general (
	version varchar(10),
	created timestamp(0) with time zone DEFAULT now()
);
INSERT INTO _general (version) VALUES ('0.001');

CREATE TABLE _models (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	table_name text NOT NULL UNIQUE,
	description text,
	created timestamp(0) with time zone DEFAULT now()
);

CREATE TABLE _columns (
	id serial PRIMARY KEY,
	name text NOT NULL,
	type text NOT NULL,
	table_name text NOT NULL,
	"default" text,
	label text,
	indexed text,
	UNIQUE (table_name, name)
);

CREATE TABLE _roles (
	id serial CONSTRAINT _roles_pkey1 PRIMARY KEY,
	name text NOT NULL UNIQUE,
	password text,
	login text NOT NULL,
	description text NOT NULL,
	created timestamp(0) with time zone DEFAULT now()
);

CREATE SEQUENCE _access_rules_id_seq AS integer;
CREATE TABLE _access (
	id integer NOT NULL DEFAULT nextval('_access_rules_id_seq')
		CONSTRAINT _access_rules_pkey PRIMARY KEY,
	role text NOT NULL,
	method varchar(10) NOT NULL,
	url text NOT NULL
);
ALTER SEQUENCE _access_rules_id_seq OWNED BY _access.id;

CREATE TABLE _views (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	definition text NOT NULL UNIQUE,
	description text,
	created timestamp(0) with time zone DEFAULT now()
);

CREATE TABLE _action (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	description text,
	definition text NOT NULL UNIQUE,
	confirmed_by text,
	created timestamp(0) with time zone DEFAULT now()
);

INSERT INTO _access (role, method, url)
SELECT 'Admin', method, '/=/' || what || repeat('/~', depth)
FROM unnest('{DELETE,GET,PUT,POST}'::text[]) method,
	unnest('{model,view,role,action}'::text[]) what,
	generate_series(0, 4) depth;

INSERT INTO _access (role, method, url) VALUES
	('Admin', 'POST', '/=/admin/~'),
	('Public', 'GET', '/=/model/Post/~/~'),
	('Public', 'GET', '/=/view/It''s "new" \ naïve/~'),
	('admin', 'GET', '/=/'),
	('', 'GET', ''),
	('Public', 'GET', E'/=/model/two\nlines/~');

INSERT INTO _action (name, description, definition, confirmed_by) VALUES
	('notify', 'It''s sent', E'POST ''/=/model/Post/~/~''\n{"a": "\\\\"}', NULL);
