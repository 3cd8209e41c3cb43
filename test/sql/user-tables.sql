-- What users made themselves: none of it is metamodel, none of it may be dumped. Comes after an account.
CREATE TABLE "Post" (
	id serial PRIMARY KEY,
	title text,
	content text,
	created timestamp with time zone DEFAULT now()
);
INSERT INTO "Post" (title, content) VALUES
	('user row', E'It''s "mine"\n\\.\n'),
	('user row', NULL);

CREATE TABLE "it's ""odd""" (
	id serial PRIMARY KEY,
	a integer,
	"ä ""b""" text
);

CREATE TABLE "Bücher 書" (id serial PRIMARY KEY, "Titel" text);
INSERT INTO "Bücher 書" ("Titel") VALUES ('user row');

CREATE TABLE a_b (note text); -- an underscore, but not in front
INSERT INTO a_b VALUES ('user row');
