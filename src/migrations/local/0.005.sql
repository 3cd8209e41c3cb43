-- Defaults of columns change from SQL text to something like JSON: a string in single quotes becomes
-- one in double quotes, all else an expression in a list. What stands inside is not escaped again, as
-- the server expects it. Two views may have the same definition from here on.

UPDATE _columns SET "default" = CASE
	WHEN length("default") >= 2 AND left("default", 1) = '''' AND right("default", 1) = ''''
	THEN '"' || substr("default", 2, length("default") - 2) || '"'
	ELSE '["' || replace(replace("default", '"', E'\\"'), '''''', '''') || '"]'
	END
WHERE "default" IS NOT NULL;

-- Whatever the constraint is called: names that PostgreSQL chose differ between its versions. A
-- function of this account's that is called format could come before the server's.
DO $$
DECLARE
	constraint_name name;
BEGIN
	FOR constraint_name IN
		SELECT c.conname FROM pg_catalog.pg_constraint c
		JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum]
		WHERE c.conrelid = '_views'::regclass AND c.contype = 'u' AND a.attname = 'definition'
	LOOP
		EXECUTE pg_catalog.format('ALTER TABLE _views DROP CONSTRAINT %I', constraint_name);
	END LOOP;
END
$$;
