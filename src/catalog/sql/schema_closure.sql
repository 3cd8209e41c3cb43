-- Common table expressions, to be continued: what would go with some schemas, as far as pg_depend knows.
-- :accounts is a query that gives their names.
--
-- doomed       whatever cannot be without one of the schemas, and those themselves
-- outsider     what of that is in none of their dumps: views, foreign keys, columns and functions of others,
--              casts, publications that have a table, extensions that live there
WITH RECURSIVE
tenant (name, oid) AS (
	SELECT n.nspname, n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY (ARRAY(:accounts))
),
doomed (account, nsp, classid, objid, objsubid) AS (
	SELECT name, oid, 'pg_catalog.pg_namespace'::regclass::oid, oid, 0 FROM tenant
	UNION
	SELECT d.account, d.nsp, step.classid, step.objid, step.objsubid
	FROM doomed d, LATERAL (
		-- what depends on it
		SELECT p.classid, p.objid, p.objsubid
		FROM pg_catalog.pg_depend p
		WHERE p.refclassid = d.classid AND p.refobjid = d.objid
		AND (d.objsubid = 0 OR p.refobjsubid = d.objsubid)
		UNION ALL
		-- what it is an inner part of, or a member: a rule is found first, then its view
		SELECT p.refclassid, p.refobjid, p.refobjsubid
		FROM pg_catalog.pg_depend p
		WHERE p.classid = d.classid AND p.objid = d.objid AND p.objsubid = d.objsubid
		AND p.deptype IN ('i', 'e')
	) step
),
-- The schema that each is in; 0: in none. Only what is of that schema comes back with a dump of it.
placed (account, nsp, classid, objid, objsubid, place) AS (
	SELECT d.*, coalesce(CASE d.classid
		WHEN 'pg_catalog.pg_class'::regclass THEN (SELECT relnamespace FROM pg_catalog.pg_class WHERE oid = objid)
		WHEN 'pg_catalog.pg_type'::regclass THEN (SELECT typnamespace FROM pg_catalog.pg_type WHERE oid = objid)
		WHEN 'pg_catalog.pg_proc'::regclass THEN (SELECT pronamespace FROM pg_catalog.pg_proc WHERE oid = objid)
		WHEN 'pg_catalog.pg_constraint'::regclass THEN (SELECT connamespace FROM pg_catalog.pg_constraint WHERE oid = objid)
		WHEN 'pg_catalog.pg_attrdef'::regclass THEN (SELECT c.relnamespace FROM pg_catalog.pg_attrdef f
			JOIN pg_catalog.pg_class c ON c.oid = f.adrelid WHERE f.oid = objid)
		WHEN 'pg_catalog.pg_trigger'::regclass THEN (SELECT c.relnamespace FROM pg_catalog.pg_trigger g
			JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid WHERE g.oid = objid)
		WHEN 'pg_catalog.pg_rewrite'::regclass THEN (SELECT c.relnamespace FROM pg_catalog.pg_rewrite w
			JOIN pg_catalog.pg_class c ON c.oid = w.ev_class WHERE w.oid = objid)
		WHEN 'pg_catalog.pg_policy'::regclass THEN (SELECT c.relnamespace FROM pg_catalog.pg_policy l
			JOIN pg_catalog.pg_class c ON c.oid = l.polrelid WHERE l.oid = objid)
		WHEN 'pg_catalog.pg_statistic_ext'::regclass THEN (SELECT stxnamespace FROM pg_catalog.pg_statistic_ext WHERE oid = objid)
		WHEN 'pg_catalog.pg_operator'::regclass THEN (SELECT oprnamespace FROM pg_catalog.pg_operator WHERE oid = objid)
		WHEN 'pg_catalog.pg_opclass'::regclass THEN (SELECT opcnamespace FROM pg_catalog.pg_opclass WHERE oid = objid)
		WHEN 'pg_catalog.pg_opfamily'::regclass THEN (SELECT opfnamespace FROM pg_catalog.pg_opfamily WHERE oid = objid)
		WHEN 'pg_catalog.pg_amop'::regclass THEN (SELECT f.opfnamespace FROM pg_catalog.pg_amop a
			JOIN pg_catalog.pg_opfamily f ON f.oid = a.amopfamily WHERE a.oid = objid)
		WHEN 'pg_catalog.pg_amproc'::regclass THEN (SELECT f.opfnamespace FROM pg_catalog.pg_amproc a
			JOIN pg_catalog.pg_opfamily f ON f.oid = a.amprocfamily WHERE a.oid = objid)
		WHEN 'pg_catalog.pg_collation'::regclass THEN (SELECT collnamespace FROM pg_catalog.pg_collation WHERE oid = objid)
		WHEN 'pg_catalog.pg_conversion'::regclass THEN (SELECT connamespace FROM pg_catalog.pg_conversion WHERE oid = objid)
		WHEN 'pg_catalog.pg_ts_config'::regclass THEN (SELECT cfgnamespace FROM pg_catalog.pg_ts_config WHERE oid = objid)
		WHEN 'pg_catalog.pg_ts_dict'::regclass THEN (SELECT dictnamespace FROM pg_catalog.pg_ts_dict WHERE oid = objid)
		WHEN 'pg_catalog.pg_ts_parser'::regclass THEN (SELECT prsnamespace FROM pg_catalog.pg_ts_parser WHERE oid = objid)
		WHEN 'pg_catalog.pg_ts_template'::regclass THEN (SELECT tmplnamespace FROM pg_catalog.pg_ts_template WHERE oid = objid)
		WHEN 'pg_catalog.pg_default_acl'::regclass THEN (SELECT defaclnamespace FROM pg_catalog.pg_default_acl WHERE oid = objid)
		WHEN 'pg_catalog.pg_namespace'::regclass THEN objid
		END, 0)
	FROM doomed d
	OFFSET 0 -- each once, and before the dear conditions below
),
outsider (account, classid, objid, objsubid, is_needed, description) AS (
	SELECT DISTINCT p.account, p.classid, p.objid, p.objsubid, p.classid = 'pg_catalog.pg_extension'::regclass,
		translate(pg_catalog.pg_describe_object(p.classid, p.objid, p.objsubid), E'\n\r', '  ')
			COLLATE "C" -- one line each
	FROM placed p
	WHERE p.place <> p.nsp AND p.place <> 'pg_toast'::regnamespace
	-- nor a column of something that goes, nor an inner part or member of something told
	AND (p.objsubid = 0 OR (p.account, p.classid, p.objid) NOT IN (
		SELECT d.account, d.classid, d.objid FROM doomed d WHERE d.objsubid = 0))
	AND (p.account, p.classid, p.objid) NOT IN (
		SELECT d.account, i.classid, i.objid
		FROM doomed d JOIN pg_catalog.pg_depend i
			ON i.refclassid = d.classid AND i.refobjid = d.objid AND i.deptype IN ('i', 'e'))
	AND NOT (p.classid = 'pg_catalog.pg_attrdef'::regclass AND EXISTS (
		SELECT FROM pg_catalog.pg_attrdef f JOIN doomed d ON d.account = p.account AND d.classid = 'pg_catalog.pg_class'::regclass
			AND d.objid = f.adrelid AND d.objsubid IN (0, f.adnum) WHERE f.oid = p.objid))
)
