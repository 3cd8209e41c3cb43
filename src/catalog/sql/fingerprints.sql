-- For the schemas named in $1: a text that is another one as soon as anything in the schema has been created, changed
-- or dropped. The row of an object in the catalogue gets another xmin with each change, but not by VACUUM or ANALYZE,
-- which change it in place.
WITH found (place, mark) AS (
	SELECT oid, concat('n', xmin) FROM pg_catalog.pg_namespace
	UNION ALL SELECT relnamespace, concat('c', oid, ':', xmin) FROM pg_catalog.pg_class
	UNION ALL SELECT relnamespace, concat('a', attrelid, '.', attnum, ':', a.xmin) FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = attrelid WHERE attnum > 0
	UNION ALL SELECT relnamespace, concat('d', d.oid, ':', d.xmin) FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_class c ON c.oid = adrelid
	UNION ALL SELECT relnamespace, concat('i', indexrelid, ':', i.xmin) FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = indexrelid
	UNION ALL SELECT relnamespace, concat('g', g.oid, ':', g.xmin) FROM pg_catalog.pg_trigger g JOIN pg_catalog.pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal
	UNION ALL SELECT relnamespace, concat('r', r.oid, ':', r.xmin) FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = ev_class
	UNION ALL SELECT relnamespace, concat('l', l.oid, ':', l.xmin) FROM pg_catalog.pg_policy l JOIN pg_catalog.pg_class c ON c.oid = polrelid
	UNION ALL SELECT connamespace, concat('k', oid, ':', xmin) FROM pg_catalog.pg_constraint
	UNION ALL SELECT pronamespace, concat('f', oid, ':', xmin) FROM pg_catalog.pg_proc
	UNION ALL SELECT typnamespace, concat('t', oid, ':', xmin) FROM pg_catalog.pg_type
	UNION ALL SELECT typnamespace, concat('e', e.oid, ':', e.xmin) FROM pg_catalog.pg_enum e JOIN pg_catalog.pg_type y ON y.oid = enumtypid
	UNION ALL SELECT oprnamespace, concat('o', oid, ':', xmin) FROM pg_catalog.pg_operator
	UNION ALL SELECT stxnamespace, concat('s', oid, ':', xmin) FROM pg_catalog.pg_statistic_ext
)
SELECT nspname, concat(count(*), ':', sum(pg_catalog.hashtext(mark)::bigint))
FROM pg_catalog.pg_namespace n JOIN found ON place = n.oid
WHERE nspname = ANY ($1::text[])
GROUP BY nspname
