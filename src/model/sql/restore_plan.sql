-- What a restore of some accounts would do: continues metamodel.sql. $1: their names.
SELECT a.name,
	encode(convert_to(a.name, getdatabaseencoding()), 'hex'),
	EXISTS (SELECT FROM pg_catalog.pg_namespace n WHERE n.nspname = a.name),
	m.list,
	o.list,
	coalesce(o.md5, '')
FROM account a
LEFT JOIN (SELECT account, string_agg(name, ', ' ORDER BY name COLLATE "C") AS list
	FROM metamodel GROUP BY account) m ON m.account = a.name
LEFT JOIN (SELECT account, string_agg(description, E'\n' ORDER BY description) AS list,
	string_agg(left(md5(description), 16), ',') AS md5 -- short, for a command line
	FROM outsider GROUP BY account) o ON o.account = a.name
ORDER BY a.name <> '_global', a.name COLLATE "C"
