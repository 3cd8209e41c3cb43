-- Under the snapshot: the relations that a pg_dump of each of these accounts ($1) should contain, and for a member of
-- an extension, which pg_dump omits, the extension and the statement that removes the member from it.
SELECT n.nspname, encode(convert_to(c.relname::text, getdatabaseencoding()), 'hex'), c.relname, e.extname,
	CASE WHEN e.extname IS NOT NULL THEN format('ALTER EXTENSION %I DROP %s %I.%I', e.extname, CASE c.relkind WHEN 'v' THEN 'VIEW'
		WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'S' THEN 'SEQUENCE'
		ELSE 'TABLE' END, n.nspname, c.relname) END
FROM pg_catalog.pg_namespace n
JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND :c_is_ours
	AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.objsubid = 0
	AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
WHERE n.nspname = ANY ($1::text[])
-- the sequence of an identity column goes with its table
AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend i JOIN pg_catalog.pg_class t ON t.oid = i.refobjid
	WHERE c.relkind = 'S' AND i.classid = 'pg_catalog.pg_class'::regclass AND i.objid = c.oid AND i.deptype = 'i'
	AND i.refclassid = 'pg_catalog.pg_class'::regclass AND NOT :t_is_ours)
ORDER BY n.nspname, e.extname, c.relname
