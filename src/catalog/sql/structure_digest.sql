-- The structure of the metamodel's tables as one short text per schema, so that ten thousand can be compared at once:
-- hashes are added up, in any order, which takes one pass and no sort. :schemas is a query that returns oid and name.
WITH schema (oid, name) AS (:schemas)
SELECT s.name, t.digest
FROM schema s
JOIN (
	SELECT c.relnamespace, concat(count(*), ' ', sum(hashtextextended(c.relname || c.relkind::text
		|| a.attname || ' ' || a.atttypid || ' ' || a.atttypmod || a.attnotnull || a.atthasdef, 0)))
		AS digest
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
	WHERE c.relname LIKE '!:PRODUCT_PREFIX%' ESCAPE '!' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
	AND c.relnamespace IN (SELECT oid FROM schema)
	GROUP BY c.relnamespace
) t ON t.relnamespace = s.oid
