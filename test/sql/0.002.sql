-- What 0.002 changes in an account at 0.001. Comes after 0.001.sql and its rows.
DROP TABLE _action;

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

INSERT INTO _feeds (name, description, view, title, link, copyright, author) VALUES
	('Post', 'It''s "new"', 'Recent', E'Straße\n2', 'http://example.org/?a=1&b=%20', '', NULL);

INSERT INTO _access (role, method, url) VALUES
	('Admin', 'DELETE', '/=/feed'),
	('Admin', 'DELETE', '/=/feed/~'),
	('Admin', 'GET', '/=/feed'),
	('Admin', 'GET', '/=/feed/~'),
	('Admin', 'GET', '/=/feed/~/~/~'),
	('Admin', 'POST', '/=/feed/~'),
	('Admin', 'PUT', '/=/feed/~');

UPDATE _general SET version = '0.002';
