-- The schemas that match. $1: the regular expression; $2: that of schemas to exclude, or NULL; $3: the global schema.
SELECT n.nspname
FROM pg_catalog.pg_namespace n
WHERE n.nspname ~ $1::text AND ($2::text IS NULL OR n.nspname !~ $2::text) AND n.nspname <> $3::text
	AND left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema'
ORDER BY n.nspname COLLATE "C"
