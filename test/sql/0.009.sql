-- An account at 0.009, the newest version, with awkward rows. Variables: schema.
CREATE SCHEMA :"schema";
SET LOCAL search_path TO :"schema";

CREATE TABLE _general (
	version varchar(10),
	created timestamp(0) with time zone DEFAULT now()
);
INSERT INTO _general (version) VALUES ('0.009');

CREATE TABLE _models (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	description text,
	created timestamp(0) with time zone DEFAULT now()
);

CREATE TABLE _columns (
	id serial PRIMARY KEY,
	name text NOT NULL,
	type text NOT NULL,
	model text NOT NULL,
	"default" text,
	label text,
	indexed text,
	CONSTRAINT _columns_table_name_name_key UNIQUE (model, name)
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
	prefix text NOT NULL,
	segments smallint,
	prohibiting boolean NOT NULL DEFAULT false,
	applied_to cidr[] DEFAULT '{0.0.0.0/0}'
);
ALTER SEQUENCE _access_rules_id_seq OWNED BY _access.id;
CREATE INDEX idx_query_for_acl ON _access (role, method, segments);

CREATE TABLE _views (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	definition text NOT NULL,
	description text,
	created timestamp(0) with time zone DEFAULT now()
);

CREATE TABLE _feeds (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	description text NOT NULL,
	view text NOT NULL,
	title text NOT NULL,
	link text NOT NULL,
	logo text,
	copyright text,
	language text,
	author text,
	created timestamp(0) with time zone DEFAULT now()
);

CREATE TABLE _actions (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	definition text NOT NULL,
	description text,
	compiled text,
	created timestamp(0) with time zone DEFAULT now()
);

CREATE TABLE _action_params (
	id serial PRIMARY KEY,
	name text NOT NULL,
	type text NOT NULL,
	label text,
	default_value text,
	used boolean NOT NULL,
	action_id integer REFERENCES _actions (id) ON DELETE CASCADE
);

CREATE TABLE _ylogins (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	mapping_view text,
	on_register text NOT NULL,
	on_login text,
	next_page text NOT NULL,
	error_page text NOT NULL,
	description text,
	created timestamp(0) with time zone DEFAULT now()
);

INSERT INTO _roles (name, password, login, description) VALUES
	('Admin', md5('secret'), 'password', 'Administrator'),
	('Public', NULL, 'anonymous', 'Anonymous'),
	(E'O''Brien "\\" \n\t', md5(''), 'captcha', E'back\\slash, ''quote'', "double", \ttab');

INSERT INTO _models (name, description) VALUES
	('Post', 'Blog posts, the user''s "own"'),
	('it''s "odd"', E'back\\slash\nsecond line\r\n\tthird'),
	('Bücher 書', 'Straße, naïve, 日本語, 🐘'),
	('Silent', NULL),
	('traps', E'\\.\n\\restrict x\n\\! id\n--\n-- PostgreSQL database dump complete\n--\n\\N');

INSERT INTO _columns (name, type, model, "default", label, indexed) VALUES
	('title', 'text', 'Post', '"it''''s"', 'Title', 'btree'),
	('content', 'text', 'Post', NULL, 'It''s the "content" \ of it', NULL),
	('ä "b"', 'text', 'it''s "odd"', E'["\\1 & \\\\"]', E'two\nlines', '');

INSERT INTO _access (role, method, prefix, segments, prohibiting, applied_to) VALUES
	('Public', 'GET', 'model/Post', 4, false, DEFAULT),
	('Public', 'GET', '', -1, true, '{10.0.0.0/8,192.168.1.0/24}'),
	('', 'PUT', E'It''s "new" \\ naïve\n', NULL, false, NULL);

INSERT INTO _views (name, definition, description) VALUES
	('Recent', 'select * from "Post" order by id desc limit 10', 'The last ten'),
	('Recent2', 'select * from "Post" order by id desc limit 10', ''),
	('it''s', E'select ''back\\\\slash'' as "a ""b""",\n\t$1 as c', NULL);

INSERT INTO _feeds (name, description, view, title, link, copyright, author) VALUES
	('Post', 'It''s "new"', 'Recent', E'Straße\n2', 'http://example.org/?a=1&b=%20', '', NULL);

INSERT INTO _actions (name, definition, compiled) VALUES
	('notify', E'POST ''/=/model/Post/~/~''\n{"a": "\\\\"}', NULL),
	('clean', 'DELETE ''/=/model/Post/~/~''', '');

INSERT INTO _action_params (name, type, label, default_value, used, action_id) VALUES
	('who', 'literal', 'It''s "who"', E'\\', true, 1),
	('what', 'symbol', NULL, '', false, 1);

INSERT INTO _ylogins (name, on_register, next_page, error_page, description) VALUES
	('main', E'select ''a\\\\b''\n', '/a?b=%22', '/ü', NULL);
