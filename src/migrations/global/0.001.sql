-- The server's own schema: its version, and the accounts there are.

CREATE TABLE _general (
	version varchar(10)
);
INSERT INTO _general (version) VALUES ('0.001');

-- A server that lost _general alone keeps its accounts.
CREATE TABLE IF NOT EXISTS _accounts (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE
);
