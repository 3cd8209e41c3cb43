-- The server-wide schema at 0.001. Variables: version.
CREATE SCHEMA _global;
SET LOCAL search_path TO _global;

CREATE TABLE _general (version varchar(10));
INSERT INTO _general VALUES (:'version');

CREATE TABLE _accounts (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE
);
