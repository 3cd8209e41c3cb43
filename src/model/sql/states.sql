-- What do these accounts have on this node, and have they a version? $1: their names.
SELECT w.name,
	n.oid IS NOT NULL,
	EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = '_roles')
		AND EXISTS (SELECT FROM pg_catalog.pg_class c
			WHERE c.relnamespace = n.oid AND c.relname = '_models'),
	g.oid IS NOT NULL,
	v.attnum IS NOT NULL
FROM unnest($1::text[]) WITH ORDINALITY w (name, place)
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = w.name
LEFT JOIN pg_catalog.pg_class g ON g.relnamespace = n.oid AND g.relname = '_general'
	AND g.relkind IN ('r', 'p', 'v', 'm', 'f')
LEFT JOIN pg_catalog.pg_attribute v ON v.attrelid = g.oid AND v.attname = 'version'
	AND v.attnum > 0 AND NOT v.attisdropped
ORDER BY w.place
