-- In a present transaction: what has happened to the rows that recheck_then.sql ($1) found? Returns the schema of
-- each relation whose dump cannot be relied on, and why. If a row was written neither by the original transaction nor
-- by the first one that changed it, it was changed more than once: nobody can tell what it was in between, when
-- pg_dump may have looked.
WITH was AS (
	SELECT * FROM json_to_recordset($1::json) AS r (what text, oid oid, number integer, name name, made_by text,
		changed_by text, schema name, relation name, kind "char", place oid, file oid)
), problem (schema, text) AS (
	SELECT w.schema, 'the schema was renamed, or changed more than once'
	FROM was w LEFT JOIN pg_catalog.pg_namespace n ON n.oid = w.oid
	WHERE w.what = 'schema' AND (n.oid IS NULL OR n.nspname <> w.name
		OR n.xmin::text NOT IN (w.made_by, w.changed_by))
	UNION ALL
	-- A view that does not exist any more was dumped before, or pg_dump failed: it looks views up by number. The rows
	-- of a materialized view are not in a dump.
	SELECT w.schema, CASE WHEN w.kind = 'S' THEN format('sequence %s was restarted, altered or replaced', w.relation)
		WHEN w.kind IN ('v', 'm', 'f') THEN format('view or foreign table %s was renamed', w.relation)
		ELSE format('table %s was truncated, rewritten or replaced', w.relation) END
	FROM was w LEFT JOIN pg_catalog.pg_class c ON c.oid = w.oid
	WHERE w.what = 'relation' AND CASE WHEN c.oid IS NULL THEN w.kind IN ('r', 'p', 'S')
		ELSE c.relname <> w.name OR c.relnamespace <> w.place
			OR (w.kind IN ('r', 'S') AND c.relfilenode <> w.file)
			OR (w.kind = 'S' AND c.xmin::text NOT IN (w.made_by, w.changed_by)) END
	UNION ALL
	SELECT w.schema, format('%s was renamed or moved more than once', w.relation)
	FROM was w JOIN pg_catalog.pg_type t ON t.oid = w.oid
	WHERE w.what = 'type' AND t.xmin::text NOT IN (w.made_by, w.changed_by)
	UNION ALL
	SELECT w.schema, format('column %s of %s was renamed, dropped, given another type, or changed more than once',
		w.name, w.relation)
	FROM was w JOIN pg_catalog.pg_attribute a ON a.attrelid = w.oid AND a.attnum = w.number
	WHERE w.what = 'column' AND (a.attisdropped OR a.attname <> w.name OR a.atttypid <> w.place
		OR a.xmin::text NOT IN (w.made_by, w.changed_by))
	UNION ALL
	-- pg_dump reads their present definitions, and none of one that does not exist any more
	SELECT w.schema, format('trigger %s of %s was dropped or renamed', w.name, w.relation)
	FROM was w LEFT JOIN pg_catalog.pg_trigger g ON g.oid = w.oid
	WHERE w.what = 'trigger' AND (g.oid IS NULL OR g.tgname <> w.name)
	UNION ALL
	SELECT w.schema, format('index %s of %s was dropped or renamed', w.name, w.relation)
	FROM was w LEFT JOIN pg_catalog.pg_class c ON c.oid = w.oid
	WHERE w.what = 'index' AND (c.oid IS NULL OR c.relname <> w.name)
	UNION ALL
	-- values of a row type have as many fields as the table has columns at that time
	SELECT n.nspname, format('the table %s.%s, whose row type is that of a column of %s, got another column or lost one',
		w.schema, w.relation, u.relname)
	FROM was w JOIN pg_catalog.pg_class c ON c.oid = w.oid
	JOIN pg_catalog.pg_type t ON t.oid = c.reltype
	JOIN pg_catalog.pg_depend d ON d.refclassid = 'pg_catalog.pg_type'::regclass
		AND d.refobjid IN (t.oid, t.typarray)
		AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid > 0
	JOIN pg_catalog.pg_class u ON u.oid = d.objid AND :u_is_ours
	JOIN pg_catalog.pg_namespace n ON n.oid = u.relnamespace
	WHERE (w.what = 'relation' AND c.relnatts <> w.number) OR (w.what = 'column' AND EXISTS (
		SELECT FROM pg_catalog.pg_attribute a
		WHERE a.attrelid = w.oid AND a.attnum = w.number AND a.attisdropped))
	:now
)
SELECT schema, text FROM problem ORDER BY schema, text
