-- Under the snapshot, for the schemas named in $1: the extensions (name, version, schema) that must exist before the
-- objects in the schema can be created, since a dump of a schema creates none; and, without a version, the columns
-- that may hold numbers of large objects, which are in no schema and no such dump.
WITH tenant AS (SELECT oid, nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[])),
object (class, oid, place) AS (
	SELECT 'pg_class'::regclass::oid, oid, relnamespace FROM pg_catalog.pg_class
	UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace FROM pg_catalog.pg_proc
	UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace FROM pg_catalog.pg_type
	UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace FROM pg_catalog.pg_operator
	UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace FROM pg_catalog.pg_opclass
	UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace FROM pg_catalog.pg_opfamily
	UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace FROM pg_catalog.pg_conversion
	UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace FROM pg_catalog.pg_ts_config
	UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace FROM pg_catalog.pg_ts_dict
	UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace FROM pg_catalog.pg_statistic_ext
	UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace FROM pg_catalog.pg_constraint
	UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, relnamespace FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = adrelid
	UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, relnamespace FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = ev_class
	UNION ALL SELECT 'pg_trigger'::regclass, g.oid, relnamespace FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = tgrelid
	UNION ALL SELECT 'pg_policy'::regclass, p.oid, relnamespace FROM pg_catalog.pg_policy p JOIN pg_catalog.pg_class c ON c.oid = polrelid
), need (place, class, oid) AS (
	SELECT o.place, d.refclassid, CASE WHEN d.refclassid = 'pg_type'::regclass AND y.typcategory = 'A' AND y.typelem <> 0
		THEN y.typelem ELSE d.refobjid END
	FROM object o JOIN tenant t ON t.oid = o.place
	JOIN pg_catalog.pg_depend d ON d.classid = o.class AND d.objid = o.oid
	LEFT JOIN pg_catalog.pg_type y ON d.refclassid = 'pg_type'::regclass AND y.oid = d.refobjid
), extension (place, oid) AS (
	SELECT n.place, m.refobjid FROM need n JOIN pg_catalog.pg_depend m ON m.classid = n.class AND m.objid = n.oid
	WHERE m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e'
	UNION SELECT place, oid FROM need WHERE class = 'pg_extension'::regclass
	UNION SELECT extnamespace, oid FROM pg_catalog.pg_extension
)
SELECT t.nspname, e.extname, e.extversion, n.nspname
FROM tenant t JOIN extension x ON x.place = t.oid JOIN pg_catalog.pg_extension e ON e.oid = x.oid
JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
UNION ALL
SELECT t.nspname, format('%s.%s', c.relname, a.attname), NULL, NULL
FROM tenant t JOIN pg_catalog.pg_class c ON c.relnamespace = t.oid AND c.relkind IN ('r', 'p')
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_catalog.pg_type y ON y.oid = a.atttypid
WHERE 'oid'::regtype IN (y.oid, y.typbasetype) AND EXISTS (SELECT FROM pg_catalog.pg_largeobject_metadata)
ORDER BY 1, 2
