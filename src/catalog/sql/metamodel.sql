-- Common table expressions, to be continued: the metamodel of some accounts, and what would be dropped with it.
-- :accounts is a query that returns their names.
--
-- metamodel    its relations, one row each
-- doomed       everything that cannot exist without one of them, according to pg_depend, and they themselves
-- part         the same, with the relation that each belongs to (an index to its table, a rule to its view, the
--              array type of a row to its table, ...), 0 if it belongs to none
-- tie          two of the accounts: something of the second one's metamodel would be dropped with the first one's
-- outsider     what belongs to none of their metamodels but would be dropped: views and foreign keys of users,
--              columns of a row type, functions, partitions and publications that contain the table
WITH RECURSIVE
account (name) AS (:accounts),
metamodel (account, oid, relkind, name) AS (
	SELECT n.nspname, c.oid, c.relkind, c.relname
	FROM pg_catalog.pg_namespace n
	-- through what depends on the schema: pg_class has no index by schema
	JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
		AND p.refobjid = n.oid AND p.classid = 'pg_catalog.pg_class'::regclass
	JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = n.oid
	WHERE n.nspname = ANY (ARRAY(SELECT a.name FROM account a)) -- by the index, not account by account
	AND left(c.relname, length(':PRODUCT_PREFIX')) = ':PRODUCT_PREFIX' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
),
doomed (account, classid, objid, objsubid) AS (
	SELECT account, 'pg_catalog.pg_class'::regclass::oid, oid, 0 FROM metamodel
	UNION
	SELECT d.account, step.classid, step.objid, step.objsubid
	FROM doomed d, LATERAL (
		-- what depends on it
		SELECT p.classid, p.objid, p.objsubid
		FROM pg_catalog.pg_depend p
		WHERE p.refclassid = d.classid AND p.refobjid = d.objid
		AND (d.objsubid = 0 OR p.refobjsubid = d.objsubid)
		UNION ALL
		-- what it is an inner part of: a rule is found first, then its view
		SELECT p.refclassid, p.refobjid, p.refobjsubid
		FROM pg_catalog.pg_depend p
		WHERE p.classid = d.classid AND p.objid = d.objid AND p.objsubid = d.objsubid
		AND p.deptype = 'i'
	) step
),
part (account, classid, objid, objsubid, relid) AS (
	SELECT d.account, d.classid, d.objid, d.objsubid, coalesce(
		i.indrelid, s.refobjid, k.conrelid, f.adrelid, g.tgrelid, w.ev_class, l.polrelid,
		nullif(y.typrelid, 0), e.typrelid, c.oid, 0)
	FROM doomed d
	LEFT JOIN pg_catalog.pg_class c
		ON d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid
	LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
	-- the column that owns a sequence, the table that owns a TOAST table
	LEFT JOIN pg_catalog.pg_depend s ON c.relkind IN ('S', 't')
		AND s.classid = d.classid AND s.objid = d.objid AND s.objsubid = 0
		AND s.refclassid = d.classid AND s.deptype IN ('a', 'i')
		AND (s.refobjsubid > 0 OR c.relkind = 't')
	LEFT JOIN pg_catalog.pg_constraint k
		ON d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid
	LEFT JOIN pg_catalog.pg_attrdef f
		ON d.classid = 'pg_catalog.pg_attrdef'::regclass AND f.oid = d.objid
	LEFT JOIN pg_catalog.pg_trigger g
		ON d.classid = 'pg_catalog.pg_trigger'::regclass AND g.oid = d.objid
	LEFT JOIN pg_catalog.pg_rewrite w
		ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
	LEFT JOIN pg_catalog.pg_policy l
		ON d.classid = 'pg_catalog.pg_policy'::regclass AND l.oid = d.objid
	LEFT JOIN pg_catalog.pg_type y
		ON d.classid = 'pg_catalog.pg_type'::regclass AND y.oid = d.objid
	LEFT JOIN pg_catalog.pg_type e ON e.oid = y.typelem AND y.typrelid = 0
),
tie (account, other) AS (
	SELECT DISTINCT p.account, m.account FROM part p JOIN metamodel m ON m.oid = p.relid
	WHERE m.account <> p.account
),
outsider (account, classid, objid, objsubid, relid, description) AS (
	SELECT DISTINCT p.account, p.classid, p.objid, p.objsubid, p.relid,
		translate(pg_catalog.pg_describe_object(p.classid, p.objid, p.objsubid), E'\n\r', '  ')
			COLLATE "C" -- one line each
	FROM part p
	-- NOT IN uses a hash table. NOT EXISTS would be a join, and the planner, which underestimates doomed, would go
	-- through it for each row: minutes for a thousand accounts.
	WHERE p.relid NOT IN (SELECT m.oid FROM metamodel m)
	-- omit the columns of a view that is dropped, and inner parts of what is listed already
	AND ((p.classid, p.objid, p.objsubid) = ('pg_catalog.pg_class'::regclass, p.relid, 0)
		OR (p.account, p.relid) NOT IN (
			SELECT d.account, d.objid FROM doomed d
			WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0))
	AND (p.account, p.classid, p.objid) NOT IN (
		SELECT d.account, i.classid, i.objid
		FROM doomed d JOIN pg_catalog.pg_depend i
			ON i.refclassid = d.classid AND i.refobjid = d.objid AND i.deptype = 'i')
)
