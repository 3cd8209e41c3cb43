-- Schemas that look like accounts.
SELECT n.nspname
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class r ON r.relnamespace = n.oid AND r.relname = ':PRODUCT_LOOK_1' AND r.relkind IN ('r', 'p')
JOIN pg_catalog.pg_class m ON m.relnamespace = n.oid AND m.relname = ':PRODUCT_LOOK_2' AND m.relkind IN ('r', 'p')
WHERE n.nspname <> ':PRODUCT_GLOBAL' AND left(n.nspname, 3) <> 'pg_'
ORDER BY n.nspname COLLATE "C"
