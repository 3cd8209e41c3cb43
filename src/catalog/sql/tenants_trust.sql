-- Something in this database that belongs to a role that is not a superuser, if this session is a superuser's or can
-- become one: a query that reads it may run what that role has defined, with all privileges. $1: the user that
-- connected. No row: there is no danger. As trust.sql, but for all schemas.
WITH :superuser
SELECT me.name, pg_catalog.pg_describe_object(p.classid, p.objid, 0), r.rolname
FROM me
CROSS JOIN pg_catalog.pg_roles r
JOIN pg_catalog.pg_shdepend p ON p.refclassid = 'pg_catalog.pg_authid'::regclass AND p.refobjid = r.oid
	AND p.deptype = 'o' AND p.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
	AND p.classid <> 'pg_catalog.pg_largeobject'::regclass
WHERE NOT EXISTS (SELECT FROM superuser s WHERE pg_catalog.pg_has_role(r.oid, s.oid, 'MEMBER'))
ORDER BY p.classid <> 'pg_catalog.pg_namespace'::regclass, p.classid <> 'pg_catalog.pg_class'::regclass, p.objid
LIMIT 1
