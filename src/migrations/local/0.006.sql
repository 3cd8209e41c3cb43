-- A model and its table have the same name now. Rules are found by a prefix and the number of their
-- segments, may prohibit, and no longer list what Admin may do: Admin may do all.

ALTER TABLE _models DROP COLUMN table_name;
ALTER TABLE _columns RENAME COLUMN table_name TO model;

DELETE FROM _access WHERE role = 'Admin';
ALTER TABLE _access RENAME COLUMN url TO prefix;
ALTER TABLE _access ADD COLUMN segments smallint;
ALTER TABLE _access ADD COLUMN prohibiting boolean, ALTER COLUMN prohibiting SET DEFAULT false;

-- /=/model/Post/~/~ has the prefix model/Post and four segments.
UPDATE _access SET
	segments = length(prefix) - length(replace(prefix, '/', '')) - 1,
	prefix = regexp_replace(regexp_replace(prefix, '^/=/', ''), '(/~)+$', ''),
	prohibiting = DEFAULT;
ALTER TABLE _access ALTER COLUMN prohibiting SET NOT NULL;

-- PostgreSQL 18's names of what is NOT NULL, as in 0.001.
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
		WHERE k.conrelid IN ('_access'::regclass, '_columns'::regclass) AND k.contype = 'n' AND k.coninhcount = 0
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint o WHERE o.conrelid = k.conrelid AND o.conname = n.name)
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE %I RENAME CONSTRAINT %I TO %I', was.relname, was.conname, was.name);
	END LOOP;
END
$$;
