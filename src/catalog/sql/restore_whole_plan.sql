-- What a restore of some whole schemas would do: continues schema_closure.sql. $1: their names. The columns are those
-- of restore_plan.sql, where they mean something, and more.
SELECT a.name,
	encode(convert_to(a.name, getdatabaseencoding()), 'hex'),
	t.oid IS NOT NULL,
	CASE WHEN t.oid IS NOT NULL THEN format('schema %I', a.name) END,
	coalesce(m.tables, 0),
	o.list,
	coalesce(o.ids, ''),
	'',
	'',
	coalesce(o.is_needed, false),
	coalesce(m.bytes, 0)
FROM unnest($1::text[]) a (name)
LEFT JOIN tenant t ON t.name = a.name
LEFT JOIN (SELECT t.name, count(*) FILTER (WHERE c.relkind IN ('r', 'p', 'f')) AS tables,
		sum(c.relpages::bigint) * current_setting('block_size')::bigint AS bytes -- what VACUUM counted last
	FROM tenant t JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
		AND p.refobjid = t.oid AND p.classid = 'pg_catalog.pg_class'::regclass
	JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = t.oid GROUP BY t.name) m ON m.name = a.name
LEFT JOIN (SELECT account, string_agg(DISTINCT description, E'\n') AS list, -- sorted, as it is distinct
	string_agg(concat_ws('.', classid, objid, objsubid), ',') AS ids, bool_or(is_needed) AS is_needed
	FROM outsider GROUP BY account) o ON o.account = a.name
ORDER BY a.name COLLATE "C"
