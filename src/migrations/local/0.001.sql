-- Versions begin: _general holds the version of an account from here on. Roles get ids, rules a
-- shorter name, models and views the time they were made, and there are actions.

CREATE TABLE _general (
	version varchar(10),
	created timestamp(0) with time zone DEFAULT now()
);
INSERT INTO _general (version) VALUES ('0.001');

-- The sequence and the primary key keep their old names, for ever.
ALTER TABLE _access_rules RENAME TO _access;

-- Roles anew, with an id in the order they stand in; parentrole was never used and goes. The old
-- table is still there while the new one is made, hence the 1 in the name of its primary key.
ALTER TABLE _roles RENAME TO _roles_before_ids;
CREATE TABLE _roles (
	id serial CONSTRAINT _roles_pkey1 PRIMARY KEY,
	name text NOT NULL CONSTRAINT _roles_name_key UNIQUE,
	password text,
	login text NOT NULL,
	description text NOT NULL,
	created timestamp(0) with time zone DEFAULT now()
);
INSERT INTO _roles (name, password, login, description)
SELECT name, password, login, description FROM _roles_before_ids ORDER BY ctid;
DROP TABLE _roles_before_ids;

ALTER TABLE _columns ADD COLUMN indexed text;
-- ADD COLUMN ... DEFAULT would make the server read all of pg_index, here and below: 25 ms where there
-- are ten thousand accounts, more than all other steps of one together.
ALTER TABLE _models ADD COLUMN created timestamp(0) with time zone, ALTER COLUMN created SET DEFAULT now();
ALTER TABLE _views ADD COLUMN created timestamp(0) with time zone, ALTER COLUMN created SET DEFAULT now();
UPDATE _models SET created = DEFAULT;
UPDATE _views SET created = DEFAULT;

CREATE TABLE _action (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	description text,
	definition text NOT NULL UNIQUE,
	confirmed_by text,
	created timestamp(0) with time zone DEFAULT now()
);

-- Since PostgreSQL 18 NOT NULL has a name, which nobody sees but in dumps: that of the column as it is called
-- now, as if the table had been made so.
DO $$
DECLARE
	was record;
BEGIN
	FOR was IN
		SELECT c.relname, k.conname, n.name
		FROM pg_catalog.pg_constraint k
		JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
		JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
		CROSS JOIN LATERAL (SELECT pg_catalog.format('%s_%s_not_null', c.relname, a.attname)::name AS name) n
		WHERE k.conrelid IN ('_access'::regclass, '_roles'::regclass) AND k.contype = 'n' AND k.coninhcount = 0
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.conrelid = k.conrelid AND o.conname = n.name)
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %I RENAME CONSTRAINT %I TO %I', was.relname, was.conname, was.name);
	END LOOP;
END
$$;
