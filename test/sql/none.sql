-- An account as adduser first made them, before versions. Variables: schema.
CREATE SCHEMA :"schema";
SET LOCAL search_path TO :"schema";

CREATE TABLE _models (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	table_name text NOT NULL UNIQUE,
	description text
);

CREATE TABLE _columns (
	id serial PRIMARY KEY,
	name text NOT NULL,
	type text NOT NULL,
	table_name text NOT NULL,
	"default" text,
	label text,
	UNIQUE (table_name, name)
);

CREATE TABLE _roles (
	name text PRIMARY KEY,
	parentrole integer DEFAULT 0,
	password text,
	login text NOT NULL,
	description text NOT NULL
);

CREATE TABLE _access_rules (
	id serial PRIMARY KEY,
	role text NOT NULL,
	method varchar(10) NOT NULL,
	url text NOT NULL
);

CREATE TABLE _views (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	definition text NOT NULL UNIQUE,
	description text
);

INSERT INTO _access_rules (role, method, url)
SELECT 'Admin', method, '/=/' || what || repeat('/~', depth)
FROM unnest('{DELETE,GET,PUT,POST}'::text[]) method,
	unnest('{model,view,role,action}'::text[]) what,
	generate_series(0, 4) depth;

INSERT INTO _access_rules (role, method, url) VALUES
	('Admin', 'POST', '/=/admin/~'),
	('Public', 'GET', '/=/model/Post/~/~'),
	('Public', 'GET', '/=/view/It''s "new" \ naïve/~'),
	('admin', 'GET', '/=/'),
	('', 'GET', ''),
	('Public', 'GET', E'/=/model/two\nlines/~');
