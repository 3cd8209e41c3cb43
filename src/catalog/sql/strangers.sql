-- What a database without the global schema contains that belongs neither to the system nor to an extension:
-- something from each schema, since another product may have only "public". Nothing if there are schemas that look
-- like accounts.
WITH object (space, classid, oid, description) AS (
	SELECT relnamespace, 'pg_catalog.pg_class'::pg_catalog.regclass, oid, 'relation ' || relname
	FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
	UNION ALL
	SELECT pronamespace, 'pg_catalog.pg_proc'::pg_catalog.regclass, oid, 'function ' || proname
	FROM pg_catalog.pg_proc
	UNION ALL
	SELECT typnamespace, 'pg_catalog.pg_type'::pg_catalog.regclass, oid, 'type ' || typname
	FROM pg_catalog.pg_type WHERE typtype IN ('e', 'd', 'r')
), own (space, description) AS (
	SELECT o.space, min(o.description COLLATE "C")
	FROM object o
	WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
		WHERE d.classid = o.classid AND d.objid = o.oid AND d.deptype = 'e')
	GROUP BY o.space
)
SELECT 'schema ' || n.nspname || coalesce(' with ' || own.description, '')
FROM pg_catalog.pg_namespace n
LEFT JOIN own ON own.space = n.oid
WHERE left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema'
	AND (own.space IS NOT NULL
		OR n.nspname <> 'public' AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extnamespace = n.oid)
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
				WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid AND d.deptype = 'e'))
	AND NOT EXISTS (SELECT FROM pg_catalog.pg_class r JOIN pg_catalog.pg_class m ON m.relnamespace = r.relnamespace
		WHERE r.relname = ':PRODUCT_LOOK_1' AND r.relkind IN ('r', 'p') AND m.relname = ':PRODUCT_LOOK_2' AND m.relkind IN ('r', 'p'))
ORDER BY n.nspname = 'public', n.nspname COLLATE "C"
LIMIT 5
