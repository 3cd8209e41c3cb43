-- The beginning of trust.sql and tenants_trust.sql, in WITH: the superusers, and as which of them this session can
-- act. $1: the user that connected. A role that can become a superuser anyway gains nothing.
superuser (oid, rolname) AS MATERIALIZED (
	SELECT oid, rolname FROM pg_catalog.pg_roles WHERE rolsuper
),
-- any code that is run can use RESET ROLE and RESET SESSION AUTHORIZATION
me (name) AS MATERIALIZED (
	SELECT CASE WHEN r.rolsuper THEN format('superuser %I', r.rolname)
		ELSE format('role %I, a member of superuser %I', r.rolname, s.rolname) END
	FROM pg_catalog.pg_roles r JOIN superuser s ON pg_catalog.pg_has_role(r.oid, s.oid, 'MEMBER')
	WHERE r.rolname IN (current_user, session_user, $1::text)
	ORDER BY r.rolsuper DESC, r.rolname = current_user DESC, s.rolname = r.rolname DESC LIMIT 1
)
