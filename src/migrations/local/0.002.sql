-- Feeds, and the rules that let Admin work with them. Actions as they were begun go, with their
-- rows: 0.007 brings them anew.

DROP TABLE IF EXISTS _action;

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

-- Numbers that a sequence gave out are not taken back when the transaction fails, unless the sequence
-- was rewritten in it: this changes nothing else.
ALTER SEQUENCE _access_rules_id_seq NO CYCLE;
INSERT INTO _access (role, method, url) VALUES
	('Admin', 'DELETE', '/=/feed'),
	('Admin', 'DELETE', '/=/feed/~'),
	('Admin', 'GET', '/=/feed'),
	('Admin', 'GET', '/=/feed/~'),
	('Admin', 'GET', '/=/feed/~/~/~'),
	('Admin', 'POST', '/=/feed/~'),
	('Admin', 'PUT', '/=/feed/~');
