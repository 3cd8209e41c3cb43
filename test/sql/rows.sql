-- Rows for an account of any version up to 0.005; awkward ones, as accounts have. Comes after its tables.
INSERT INTO _roles (name, password, login, description) VALUES
	('Admin', 'Passwörd''s "\1" & $(id)', 'password', 'Administrator'),
	('Public', NULL, 'anonymous', 'Anonymous'),
	('empty', '', 'password', ''),
	(E'O''Brien "\\" \n\t', E'two\nlines', 'captcha', E'back\\slash, ''quote'', "double", \ttab');

INSERT INTO _models (name, table_name, description) VALUES
	('Post', 'Post', 'Blog posts, the user''s "own"'),
	('gone', 'gone', 'deleted below: the sequence is ahead of the rows'),
	('it''s "odd"', 'it''s "odd"', E'back\\slash\nsecond line\r\n\tthird'),
	('Bücher 書', 'Bücher 書', 'Straße, naïve, 日本語, 🐘'),
	('NoTable', 'NoTable', ''),
	('Silent', 'Silent', NULL),
	('traps', 'traps', E'\\.\n\\restrict x\n\\! id\n--\n-- PostgreSQL database dump complete\n--\n\\N');
DELETE FROM _models WHERE name = 'gone';

INSERT INTO _columns (name, type, table_name, "default", label) VALUES
	('title', 'text', 'Post', '''it''''s''', 'Title'),
	('content', 'text', 'Post', NULL, 'It''s the "content" \ of it'),
	('created', 'timestamp', 'Post', 'now()', NULL),
	('missing', 'text', 'Post', '', 'A column the table has not'),
	('a', 'integer', 'it''s "odd"', '0', ''),
	('ä "b"', 'text', 'it''s "odd"', E'\\1 & \\\\', E'two\nlines'),
	('Titel', 'text', 'Bücher 書', '''x'' || ''y''', 'Überschrift'),
	('x', 'text', 'NoTable', E'''two\nlines''', 'X'),
	('y', 'text', 'nobody''s', 'x''''y', 'Of no model');

INSERT INTO _views (name, definition, description) VALUES
	('Recent', 'select * from "Post" order by id desc limit 10', 'The last ten'),
	('it''s', E'select ''back\\\\slash'' as "a ""b""",\n\t$1 as c', NULL),
	('empty', '', '');
