-- What an account looked like before its metamodel had versions: the tables that every later step
-- begins with. An upgrade never runs this; it is what `metamodel status` compares an unversioned
-- account with.

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
