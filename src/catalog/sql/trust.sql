-- What in some accounts belongs to roles that are not superusers, if this session is a superuser's or can become one:
-- what such a role has defined would run with all privileges. $1: the user that connected, $2: the accounts, $3:
-- roles in hexadecimal digits.
WITH :superuser,
stranger (oid, rolname) AS MATERIALIZED (
	SELECT oid, rolname FROM pg_catalog.pg_roles r
	WHERE NOT EXISTS (SELECT FROM superuser s WHERE pg_catalog.pg_has_role(r.oid, s.oid, 'MEMBER'))
	AND EXISTS (SELECT FROM me)
),
account (name, oid) AS (
	SELECT a.name, n.oid FROM unnest($2::text[]) a (name)
	JOIN pg_catalog.pg_namespace n ON n.nspname = a.name
),
theirs (classid, objid, rolname) AS MATERIALIZED (
	SELECT p.classid, p.objid, s.rolname FROM stranger s
	JOIN pg_catalog.pg_shdepend p ON p.refclassid = 'pg_catalog.pg_authid'::regclass AND p.refobjid = s.oid
		AND p.deptype = 'o' AND p.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
),
found (account, rank, classid, objid, rolname) AS (
	SELECT a.name, 1, t.classid, t.objid, t.rolname FROM account a
	JOIN theirs t ON t.classid = 'pg_catalog.pg_namespace'::regclass AND t.objid = a.oid
	UNION ALL
	-- what is in the schema
	SELECT a.name, CASE p.classid WHEN 'pg_catalog.pg_class'::regclass THEN 2 ELSE 3 END, t.classid, t.objid, t.rolname
	FROM account a
	JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass AND p.refobjid = a.oid
	JOIN theirs t ON t.classid = p.classid AND t.objid = p.objid
	UNION ALL
	-- what its relations use: the types of columns, functions in triggers, defaults, checks, indexes, ...
	SELECT a.name, 4, t.classid, t.objid, t.rolname FROM theirs t
	JOIN pg_catalog.pg_depend u ON u.refclassid = t.classid AND u.refobjid = t.objid AND u.deptype = 'n'
	LEFT JOIN pg_catalog.pg_depend o ON o.classid = u.classid AND o.objid = u.objid
		AND u.classid <> 'pg_catalog.pg_class'::regclass AND o.refclassid = 'pg_catalog.pg_class'::regclass
		AND o.deptype IN ('a', 'i')
	JOIN pg_catalog.pg_class c
		ON c.oid = CASE u.classid WHEN 'pg_catalog.pg_class'::regclass THEN u.objid ELSE o.refobjid END
	JOIN account a ON a.oid = c.relnamespace
)
SELECT 'me', name, NULL, NULL FROM me
UNION ALL
SELECT 'account', account, pg_catalog.pg_describe_object(classid, objid, 0), rolname::text
FROM (SELECT DISTINCT ON (account COLLATE "C") * FROM found ORDER BY account COLLATE "C", rank, objid) f
UNION ALL
SELECT DISTINCT 'owner', hex, NULL, NULL FROM unnest($3::text[]) u (hex)
WHERE EXISTS (SELECT FROM me) AND hex NOT IN (
	SELECT encode(convert_to(r.rolname::text, getdatabaseencoding()), 'hex') FROM pg_catalog.pg_roles r
	WHERE r.oid NOT IN (SELECT oid FROM stranger))
