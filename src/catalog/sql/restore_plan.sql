-- What a restore of some accounts would do: continues metamodel.sql. $1: their names. The last two columns are arrays
-- of names in hexadecimal digits: accounts among these of which something would be dropped with this one; and other
-- schemas, with relations named like a metamodel's, of which the same is true (in UTF-8).
SELECT a.name,
	encode(convert_to(a.name, getdatabaseencoding()), 'hex'),
	EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = a.name),
	m.list,
	coalesce(m.tables, 0),
	o.list,
	coalesce(o.ids, ''),
	coalesce(t.others, ''),
	coalesce(s.others, '')
FROM account a
LEFT JOIN (SELECT account, string_agg(name, ', ' ORDER BY name COLLATE "C") AS list,
		count(*) FILTER (WHERE relkind IN ('r', 'p', 'f')) AS tables
	FROM metamodel GROUP BY account) m ON m.account = a.name
LEFT JOIN (SELECT account, string_agg(DISTINCT description, E'\n') AS list, -- sorted, as it is distinct
	string_agg(concat_ws('.', classid, objid, objsubid), ',') AS ids
	FROM outsider GROUP BY account) o ON o.account = a.name
LEFT JOIN (SELECT account, string_agg(encode(convert_to(other, getdatabaseencoding()), 'hex'), ',') AS others
	FROM tie GROUP BY account) t ON t.account = a.name
LEFT JOIN (SELECT x.account,
	string_agg(DISTINCT encode(convert_to(n.nspname, 'UTF8'), 'hex'), ',') AS others
	FROM outsider x JOIN pg_catalog.pg_class c ON c.oid = x.relid AND left(c.relname, length(':PRODUCT_PREFIX')) = ':PRODUCT_PREFIX'
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname <> x.account
	GROUP BY x.account) s ON s.account = a.name
ORDER BY a.name <> ':PRODUCT_GLOBAL', a.name COLLATE "C"
