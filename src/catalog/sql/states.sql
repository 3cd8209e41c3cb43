-- What do these accounts have on this node, and may their versions be read? $1: their names. Only the catalogues are
-- read. An objection to a table of versions is the reason why this program does not read it: that could run code of
-- its owner, or wait for a lock of the owner's. An account with several tables to read, partitions, has as many rows,
-- one after the other.
SELECT w.place,
	w.name,
	n.oid IS NOT NULL,
	EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid AND c.relname = ':PRODUCT_LOOK_1')
		AND EXISTS (SELECT FROM pg_catalog.pg_class c
			WHERE c.relnamespace = n.oid AND c.relname = ':PRODUCT_LOOK_2'),
	g.oid IS NOT NULL,
	v.attnum IS NOT NULL,
	CASE
		WHEN g.relkind NOT IN ('r', 'p') THEN format('its :PRODUCT_VERSION_TABLE is a %s and not a table',
			CASE g.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' ELSE 'foreign table' END)
		WHEN l.has_policies THEN 'its :PRODUCT_VERSION_TABLE has row-level security'
		-- by OID: int8, int2, int4, text, float4, float8, char(n), varchar, numeric, name
		WHEN v.atttypid NOT IN (20, 21, 23, 25, 700, 701, 1042, 1043, 1700, 19) THEN format(
			'its :PRODUCT_VERSION_TABLE.:PRODUCT_VERSION_COLUMN is of type %s, not of one of the server''s own types for texts and numbers',
			format_type(v.atttypid, v.atttypmod))
		-- through JSON: PostgreSQL before 12 has no such column
		WHEN to_jsonb(v) ->> 'attgenerated' <> '' THEN 'its :PRODUCT_VERSION_TABLE.:PRODUCT_VERSION_COLUMN is a generated column'
		WHEN l.has_others THEN 'a partition of its :PRODUCT_VERSION_TABLE is a foreign table'
		WHEN l.count > 100 THEN 'its :PRODUCT_VERSION_TABLE has more than 100 partitions'
	END,
	v.atttypid = 1042,
	part.relation,
	l.is_locked,
	pg_catalog.pg_get_userbyid(coalesce(g.relowner, n.nspowner))
FROM unnest($1::text[]) WITH ORDINALITY w (name, place)
LEFT JOIN pg_catalog.pg_namespace n ON n.nspname = w.name
-- by the index, schema by schema: without fresh statistics, a join would compare each row with each
LEFT JOIN LATERAL (
	SELECT c.oid, c.relkind, c.relowner FROM pg_catalog.pg_class c WHERE c.relnamespace = n.oid
	AND c.relname = ':PRODUCT_VERSION_TABLE' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') LIMIT 1
) g ON true
LEFT JOIN pg_catalog.pg_attribute v ON v.attrelid = g.oid AND v.attname = ':PRODUCT_VERSION_COLUMN'
	AND v.attnum > 0 AND NOT v.attisdropped
-- what holds its rows: the table itself or its partitions
LEFT JOIN LATERAL (
	WITH RECURSIVE part (oid) AS (
		SELECT g.oid UNION SELECT i.inhrelid FROM part
		JOIN pg_catalog.pg_inherits i ON i.inhparent = part.oid WHERE g.relkind = 'p'
	)
	SELECT count(*), bool_or(c.relrowsecurity) AS has_policies,
		bool_or(c.relkind NOT IN ('r', 'p')) AS has_others,
		array_agg(format('%I.%I', s.nspname, c.relname)) FILTER (WHERE c.relkind = 'r') AS list,
		-- or somebody is waiting to lock it
		bool_or(c.oid IN (SELECT k.relation FROM pg_catalog.pg_locks k WHERE k.locktype = 'relation'
			AND k.mode = 'AccessExclusiveLock' AND k.database = (SELECT d.oid
				FROM pg_catalog.pg_database d WHERE d.datname = current_database()))) AS is_locked
	FROM part
	JOIN pg_catalog.pg_class c ON c.oid = part.oid
	JOIN pg_catalog.pg_namespace s ON s.oid = c.relnamespace
) l ON true
LEFT JOIN LATERAL unnest(l.list) part (relation) ON true
ORDER BY w.place
