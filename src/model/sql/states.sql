-- What accounts are there, and have they a version? $1: the wanted names, NULL for all that are
-- registered and _global. :registered is a query that gives the registered names.
WITH registered (name) AS (:registered),
wanted (name) AS (
	SELECT name FROM registered WHERE $1::text[] IS NULL
	UNION
	SELECT unnest(coalesce($1::text[], '{_global}'))
)
SELECT w.name,
	w.name = '_global' OR EXISTS (SELECT FROM registered r WHERE r.name = w.name),
	n.oid IS NOT NULL,
	EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = '_roles')
		AND EXISTS (SELECT FROM pg_catalog.pg_class c
			WHERE c.relnamespace = n.oid AND c.relname = '_models'),
	g.oid IS NOT NULL,
	v.attnum IS NOT NULL
FROM wanted w
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = w.name
LEFT JOIN pg_catalog.pg_class g ON g.relnamespace = n.oid AND g.relname = '_general'
	AND g.relkind IN ('r', 'p', 'v', 'm', 'f')
LEFT JOIN pg_catalog.pg_attribute v ON v.attrelid = g.oid AND v.attname = 'version'
	AND v.attnum > 0 AND NOT v.attisdropped
ORDER BY w.name <> '_global', w.name COLLATE "C"
