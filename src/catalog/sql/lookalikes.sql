-- Schemas that look like accounts.
SELECT n.nspname
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class r ON r.relnamespace = n.oid AND r.relname = '_roles' AND r.relkind IN ('r', 'p')
JOIN pg_catalog.pg_class m ON m.relnamespace = n.oid AND m.relname = '_models' AND m.relkind IN ('r', 'p')
WHERE n.nspname <> '_global' AND left(n.nspname, 3) <> 'pg_'
ORDER BY n.nspname COLLATE "C"
