-- The same, column by column. :schemas as in structure_digest.sql.
SELECT s.name, c.relname, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table'
	WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END,
	a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.atthasdef
FROM (:schemas) s (oid, name)
-- through what depends on the schema: pg_class has no index by schema
JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
	AND p.refobjid = s.oid AND p.classid = 'pg_catalog.pg_class'::regclass
JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = s.oid
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relname LIKE '!:PRODUCT_PREFIX%' ESCAPE '!' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
ORDER BY s.name COLLATE "C", c.relname COLLATE "C", a.attnum
