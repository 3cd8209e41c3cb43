-- The schemas that a restore has put aside: our name with the schema's own number, and our comment. Beside each the
-- tenant whose it was, if there is one by now, and the name of that tenant as the comment has it.
SELECT a.oid, n.nspname, split_part(substr(a.comment, 1 + length(':aside_comment')), E'\n', 1)
FROM (SELECT oid, nspname, obj_description(oid, 'pg_namespace') AS comment FROM pg_catalog.pg_namespace
	WHERE nspname = ':aside' || oid) a
LEFT JOIN pg_catalog.pg_namespace n ON left(a.comment, length(format(E':aside_comment%s\n', to_json(n.nspname)))) = format(E':aside_comment%s\n', to_json(n.nspname))
WHERE left(a.comment, length(':aside_comment')) = ':aside_comment'
ORDER BY a.oid
