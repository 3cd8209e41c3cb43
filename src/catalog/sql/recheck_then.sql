-- Under the snapshot: which rows of the catalogue that pg_dump relies on have been changed or deleted since? The xmax
-- of a row that the snapshot sees is the number of the transaction that did so, or of one that only tried. Returns
-- one value for recheck_now.sql, NULL if there is none. Each table is read once, however large it is.
WITH changed AS (
	SELECT 'schema' AS what, n.oid, 0 AS number, n.nspname AS name, n.xmin AS made_by, n.xmax AS changed_by,
		n.nspname AS schema, NULL::name AS relation, NULL::"char" AS kind, 0::oid AS place, 0::oid AS file
	FROM pg_catalog.pg_namespace n WHERE n.xmax <> '0'::xid
	UNION ALL
	SELECT 'relation', c.oid, c.relnatts, c.relname, c.xmin, c.xmax,
		n.nspname, c.relname, c.relkind, c.relnamespace, c.relfilenode
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE c.xmax <> '0'::xid AND :c_is_ours AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
	UNION ALL
	-- the row type is renamed and moved with its relation, and hardly anything else changes it
	SELECT 'type', t.oid, 0, t.typname, t.xmin, t.xmax, n.nspname, c.relname, c.relkind, 0, 0
	FROM pg_catalog.pg_type t JOIN pg_catalog.pg_class c ON c.oid = t.typrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE t.xmax <> '0'::xid AND :c_is_ours AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
	UNION ALL
	SELECT 'column', c.oid, a.attnum, a.attname, a.xmin, a.xmax, n.nspname, c.relname, c.relkind, a.atttypid, 0
	FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE a.xmax <> '0'::xid AND a.attnum > 0 AND NOT a.attisdropped
	AND :c_is_ours AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
	UNION ALL
	SELECT 'trigger', g.oid, 0, g.tgname, g.xmin, g.xmax, n.nspname, c.relname, c.relkind, 0, 0
	FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE g.xmax <> '0'::xid AND NOT g.tgisinternal AND :c_is_ours
	UNION ALL
	SELECT 'index', c.oid, 0, c.relname, c.xmin, c.xmax, n.nspname, t.relname, t.relkind, 0, 0
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
	JOIN pg_catalog.pg_class t ON t.oid = i.indrelid
	JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
	WHERE c.xmax <> '0'::xid AND c.relkind IN ('i', 'I') AND :t_is_ours
	:then
)
SELECT json_agg(c) FROM changed c
