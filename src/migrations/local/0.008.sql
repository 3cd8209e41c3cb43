-- What models and their columns are said to be also stands in the comments of their tables, where
-- PostgreSQL's own tools show it. Logins by way of another server, and an index to find rules with.

-- Only what is an ordinary table of this account, and has such a column, can have a comment. A name
-- that is too long was cut when the table was made, and is cut here.
DO $$
DECLARE
	account constant name := current_schema();
	wanted record;
	relation oid;
BEGIN
	FOR wanted IN
		SELECT name AS model, NULL AS "column", description AS words, id, 0 AS part FROM _models
		UNION ALL
		SELECT name, 'id', 'ID', id, 1 FROM _models
		UNION ALL
		SELECT c.model, c.name, c.label, c.id, 2 FROM _columns c
		WHERE EXISTS (SELECT FROM _models m WHERE m.name = c.model)
		ORDER BY part, id
	LOOP
		SELECT c.oid INTO relation
		FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = account AND c.relname = wanted.model::name AND c.relkind IN ('r', 'p');
		IF NOT FOUND THEN
			IF wanted.part = 0 THEN
				RAISE WARNING 'model "%" has no table to comment', wanted.model;
			END IF;
		ELSIF wanted."column" IS NULL THEN
			EXECUTE pg_catalog.format('COMMENT ON TABLE %I.%I IS %L', account, wanted.model, wanted.words);
		ELSIF EXISTS (SELECT FROM pg_catalog.pg_attribute
			WHERE attrelid = relation AND attname = wanted."column"::name
			AND attnum > 0 AND NOT attisdropped) THEN
			EXECUTE pg_catalog.format('COMMENT ON COLUMN %I.%I.%I IS %L',
				account, wanted.model, wanted."column", wanted.words);
		ELSE
			RAISE WARNING 'the table of model "%" has no column "%" to comment',
				wanted.model, wanted."column";
		END IF;
	END LOOP;
END
$$;

CREATE TABLE _ylogins (
	id serial PRIMARY KEY,
	name text NOT NULL UNIQUE,
	mapping_view text,
	on_register text NOT NULL,
	on_login text,
	next_page text NOT NULL,
	error_page text NOT NULL,
	description text,
	created timestamp(0) with time zone DEFAULT now()
);

CREATE INDEX idx_query_for_acl ON _access (role, method, segments);
