-- Schemas that look like accounts and are not registered. :registered as in states.sql.
WITH registered (name) AS (:registered)
SELECT n.nspname
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class r ON r.relnamespace = n.oid AND r.relname = '_roles' AND r.relkind IN ('r', 'p')
JOIN pg_catalog.pg_class m ON m.relnamespace = n.oid AND m.relname = '_models' AND m.relkind IN ('r', 'p')
WHERE n.nspname <> '_global' AND n.nspname NOT LIKE 'pg!_%' ESCAPE '!'
AND NOT EXISTS (SELECT FROM registered g WHERE g.name = n.nspname)
ORDER BY n.nspname COLLATE "C"
