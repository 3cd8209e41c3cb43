-- Where the privileges on an account's relations differ from those in a dump. $1: the account, $2: the GRANTs and
-- REVOKEs of the dump, as dump/rights.h formats them. What is too much comes first.
WITH own AS MATERIALIZED (
	SELECT c.oid FROM pg_catalog.pg_namespace n
	JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
		AND p.refobjid = n.oid AND p.classid = 'pg_catalog.pg_class'::regclass
	JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = n.oid
	WHERE n.nspname = $1 AND left(c.relname, length(':PRODUCT_PREFIX')) = ':PRODUCT_PREFIX' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
), relation AS MATERIALIZED (
	SELECT c.oid, c.relowner AS owner, c.relacl AS acl, c.relkind = 'S' AS is_sequence,
		encode(convert_to(c.relname::text, getdatabaseencoding()), 'hex') AS hex,
		acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner) AS builtin
	FROM pg_catalog.pg_class c
	WHERE c.oid IN (SELECT oid FROM own UNION
		SELECT p.objid FROM own JOIN pg_catalog.pg_depend p ON p.refobjid = own.oid
		AND p.refclassid = 'pg_catalog.pg_class'::regclass
		AND p.classid = 'pg_catalog.pg_class'::regclass AND p.deptype IN ('a', 'i'))
	AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
), builtin AS (
	SELECT r.oid, a.grantee, a.privilege_type AS privilege
	FROM relation r, aclexplode(r.builtin) a
), statement AS MATERIALIZED (
	SELECT t.n, word, left(t.line, 1) AS kind,
		CASE word[3] WHEN '-' THEN 0::oid ELSE (SELECT oid FROM pg_catalog.pg_roles
			WHERE rolname = convert_from(decode(word[3], 'hex'), getdatabaseencoding())) END AS grantee,
		CASE word[4] WHEN '-' THEN NULL ELSE (SELECT oid FROM pg_catalog.pg_roles
			WHERE rolname = convert_from(decode(word[4], 'hex'), getdatabaseencoding())) END AS session
	FROM unnest(string_to_array($2, ';')) WITH ORDINALITY t (line, n),
		string_to_array(t.line, ' ') word
	WHERE t.line <> ''
), item AS (
	SELECT s.n, s.kind, r.oid, s.grantee, split_part(i, ':', 2) AS col,
		upper(split_part(i, ':', 1)) AS privilege,
		-- the server makes the owner the grantor where it can
		CASE WHEN s.session IS NULL OR pg_has_role(s.session, r.owner, 'USAGE') THEN r.owner
			ELSE s.session END AS grantor
	FROM statement s JOIN relation r ON r.hex = s.word[2], unnest(s.word[5:]) i
), step AS MATERIALIZED (
	SELECT 0 AS n, 'g' AS kind, b.oid, b.grantee, '' AS col, b.privilege, r.owner AS grantor
	FROM builtin b JOIN relation r ON r.oid = b.oid
	UNION ALL
	SELECT i.n, i.kind, i.oid, i.grantee, i.col, p.privilege, i.grantor
	FROM item i JOIN relation r ON r.oid = i.oid
	JOIN builtin p ON p.oid = i.oid AND p.grantee = r.owner AND (p.privilege = i.privilege
		OR i.privilege = 'ALL' AND (i.col = ''
			OR p.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')))
), expected AS (
	SELECT g.oid, g.col, g.grantee, g.grantor, g.privilege, bool_or(g.kind = 'G' AND NOT EXISTS (
		SELECT FROM step o WHERE o.kind = 'o' AND o.n > g.n AND o.oid = g.oid
		AND (o.col = g.col OR o.col = '') AND o.grantee = g.grantee
		AND o.grantor = g.grantor AND o.privilege = g.privilege)) AS grantable
	FROM step g
	WHERE g.kind IN ('g', 'G') AND NOT EXISTS (
		SELECT FROM step o WHERE o.kind = 'r' AND o.n > g.n AND o.oid = g.oid
		AND (o.col = g.col OR o.col = '') AND o.grantee = g.grantee
		AND o.grantor = g.grantor AND o.privilege = g.privilege)
	GROUP BY 1, 2, 3, 4, 5
), actual AS (
	SELECT r.oid, '' AS col, a.grantee, a.grantor, a.privilege_type AS privilege,
		a.is_grantable AS grantable
	FROM relation r, aclexplode(coalesce(r.acl, r.builtin)) a
	UNION ALL
	SELECT r.oid, encode(convert_to(t.attname::text, getdatabaseencoding()), 'hex'), a.grantee,
		a.grantor, a.privilege_type, a.is_grantable
	FROM relation r JOIN pg_catalog.pg_attribute t ON t.attrelid = r.oid AND NOT t.attisdropped,
		aclexplode(t.attacl) a
)
SELECT d.extra, d.oid::regclass::text AS relation,
	CASE WHEN r.is_sequence THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
	nullif(convert_from(decode(d.col, 'hex'), getdatabaseencoding()), '') AS col,
	CASE d.grantee WHEN 0 THEN 'PUBLIC' ELSE d.grantee::regrole::text END AS grantee,
	d.privilege, d.grantable,
	CASE WHEN d.grantor <> r.owner THEN pg_get_userbyid(d.grantor) END AS grantor
FROM (SELECT true AS extra, e.* FROM (TABLE actual EXCEPT TABLE expected) e
	UNION ALL SELECT false, m.* FROM (TABLE expected EXCEPT TABLE actual) m) d
JOIN relation r ON r.oid = d.oid
ORDER BY 1 DESC, 8 NULLS FIRST, 2, 4 NULLS FIRST, 5, 6
