-- Which of the schemas in $1 exist? With $2 = 't', also list all others except the server's own, $3, and those that
-- an extension has created.
SELECT w.name, n.oid IS NOT NULL, true
FROM unnest($1::text[]) WITH ORDINALITY w (name, place)
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = w.name
UNION ALL
SELECT o.nspname, true, false
FROM (
	SELECT n.nspname FROM pg_catalog.pg_namespace n
	LEFT JOIN (SELECT DISTINCT unnest($1::text[]) AS name) w ON w.name = n.nspname
	WHERE $2::boolean AND w.name IS NULL AND n.nspname <> $3::text
	AND left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema'
	AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
		WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid AND d.deptype = 'e')
	ORDER BY n.nspname COLLATE "C"
) o
