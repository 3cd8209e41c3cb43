-- What this session lacks for restoring some accounts. $1: their names. $2: the roles that their dumps name, $3:
-- those among them that will own relations, both in hexadecimal digits. $4: 'SET', or 'MEMBER' before PostgreSQL 16.
WITH account (name, oid) AS (
	SELECT a.name, n.oid FROM unnest($1::text[]) a (name)
	LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = a.name
),
role (hex, oid) AS (
	SELECT encode(convert_to(rolname::text, getdatabaseencoding()), 'hex'), oid
	FROM pg_catalog.pg_roles
),
relation (account, oid, relkind, relname, relowner, toast) AS (
	SELECT a.name, c.oid, c.relkind, c.relname, c.relowner, c.reltoastrelid
	FROM account a
	JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
		AND p.refobjid = a.oid AND p.classid = 'pg_catalog.pg_class'::regclass
	JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = a.oid
	WHERE left(c.relname, length(':PRODUCT_PREFIX')) = ':PRODUCT_PREFIX' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
),
-- Each dropped object is locked until the end, and so are the relations that replace it.
taken (account, count, relations, tables) AS (
	SELECT account, 1 + CASE WHEN relkind = 'S' THEN 0 ELSE 2 END + CASE WHEN toast = 0 THEN 0 ELSE 2 END,
		1 + CASE WHEN toast = 0 THEN 0 ELSE 2 END, CASE WHEN relkind IN ('r', 'p', 'f') THEN 1 ELSE 0 END
	FROM relation
	UNION ALL SELECT account, 1, 1, 0 FROM relation r JOIN pg_catalog.pg_index i ON i.indrelid = r.oid
	UNION ALL SELECT account, 1, 0, 0 FROM relation r JOIN pg_catalog.pg_attrdef f ON f.adrelid = r.oid
	UNION ALL SELECT account, 1, 0, 0 FROM relation r JOIN pg_catalog.pg_constraint k ON k.conrelid = r.oid
	UNION ALL SELECT account, 1, 0, 0 FROM relation r JOIN pg_catalog.pg_trigger g ON g.tgrelid = r.oid
)
SELECT 'me', current_user::text, NULL
UNION ALL
SELECT DISTINCT 'role', hex, NULL FROM unnest($2::text[]) u (hex)
WHERE hex NOT IN (SELECT r.hex FROM role r WHERE r.hex IS NOT NULL)
UNION ALL
SELECT 'owner', r.hex, NULL FROM role r
WHERE r.hex = ANY ($3::text[]) AND NOT pg_catalog.pg_has_role(r.oid, $4)
UNION ALL
SELECT 'schema', name, NULL FROM account
WHERE oid IS NOT NULL AND NOT pg_catalog.has_schema_privilege(oid, 'CREATE')
UNION ALL
SELECT 'database', name, current_database()::text FROM account
WHERE oid IS NULL AND NOT pg_catalog.has_database_privilege(current_database(), 'CREATE')
UNION ALL
(SELECT DISTINCT ON (account COLLATE "C") 'relation', account,
	format('%s belongs to role %I', relname, pg_catalog.pg_get_userbyid(relowner))
FROM relation WHERE NOT pg_catalog.pg_has_role(relowner, 'USAGE')
ORDER BY account COLLATE "C", relname COLLATE "C")
UNION ALL
SELECT 'locks', account, concat_ws(' ', sum(count), sum(relations), sum(tables)) FROM taken GROUP BY account
UNION ALL
SELECT 'held', '', count(*)::text FROM pg_catalog.pg_locks
WHERE NOT fastpath AND pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
UNION ALL
SELECT 'superuser', rolname::text, NULL FROM pg_catalog.pg_roles WHERE rolname = session_user AND rolsuper
UNION ALL
SELECT 'slots', '', (current_setting('max_locks_per_transaction')::bigint
	* (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint))::text
