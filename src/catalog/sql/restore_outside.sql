-- The end of that transaction, once for the whole unit: was anything else changed? Expressions in a dump, such as
-- those of indexes and defaults, call functions that the scanner knows nothing of, with the privileges of the role
-- that restores. If they changed anything elsewhere, it is rolled back. Catalogues that are too large to read for
-- each account are not checked: pg_class, and others that have grown. The search_path makes sure that only the
-- system's functions and operators are called.
SET search_path = pg_catalog;
DO $restore$
DECLARE
	accounts constant name[] := ARRAY(SELECT convert_from(decode(hex, 'hex'), getdatabaseencoding())::name
		FROM unnest(string_to_array(':accounts_hex', ',')) hex);
	-- What was locked before the load: for example tables that foreign keys of the metamodels referred to. NULL in a
	-- unit of several accounts, where it is forgotten between the dumps.
	before constant oid[] := string_to_array(nullif(current_setting('metamodel.locked', true), ''), ',');
	present constant bigint := txid_current();
	found text;
BEGIN
	-- An event trigger may record what this program does.
	IF EXISTS (SELECT FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D') THEN
		RETURN;
	END IF;
	-- Rows are changed under the first of these locks, tables under the last. A default partition is locked when
	-- another one is attached. A table that a rule of the metamodel writes to is locked as soon as the rule is
	-- created: the server has counted no changed row there then, unless it counts none at all.
	SELECT format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, n.nspname, c.relname) INTO found
	FROM pg_catalog.pg_locks l
	JOIN pg_catalog.pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p', 'm', 'f', 'S')
	JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE l.pid = pg_backend_pid() AND l.locktype = 'relation'
	AND l.mode IN ('RowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
	AND n.nspname <> ALL (accounts) AND n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_(toast|temp)'
	AND CASE WHEN l.mode <> 'RowExclusiveLock' THEN l.relation <> ALL (before) AND NOT c.relispartition
		WHEN c.relkind NOT IN ('r', 'p') THEN true
		WHEN current_setting('track_counts')::boolean THEN pg_stat_get_xact_tuples_inserted(c.oid)
			+ pg_stat_get_xact_tuples_updated(c.oid) + pg_stat_get_xact_tuples_deleted(c.oid) > 0
		ELSE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_rewrite w ON w.oid = d.objid
			JOIN pg_catalog.pg_class r ON r.oid = w.ev_class JOIN pg_catalog.pg_namespace s ON s.oid = r.relnamespace
			WHERE d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
			AND d.refobjid = c.oid AND s.nspname = ANY (accounts)) END
	LIMIT 1;
	-- What is visible but not committed is this transaction's own. One query, so that it is planned once.
	IF found IS NULL THEN
		EXECUTE (SELECT string_agg(format('(SELECT %L FROM pg_catalog.%I t WHERE age(t.xmin) <= $1 AND txid_status($2
				+ ((t.xmin::text::bigint - $2) %% 4294967296 + 4294967296) %% 4294967296) = %L AND %s LIMIT 1)',
				'catalog ' || name, name, 'in progress', CASE name WHEN 'pg_namespace' THEN $$t.nspname <> ALL ($3) AND t.nspname !~ '^pg_'$$
				ELSE 'true' END), ' UNION ALL ')
			FROM unnest('{pg_authid,pg_auth_members,pg_db_role_setting,pg_database,pg_namespace,pg_proc,pg_default_acl,
				pg_event_trigger,pg_language,pg_cast,pg_extension,pg_foreign_server}'::text[]) name
			JOIN pg_catalog.pg_class c ON c.oid = ('pg_catalog.' || name)::regclass AND c.reltuples < 5000
			WHERE has_table_privilege(c.oid, 'SELECT')) || ' LIMIT 1'
		INTO found USING age((present % 4294967296)::text::xid), present, accounts;
	END IF;
	IF found IS NOT NULL THEN
		RAISE EXCEPTION 'the restore changed % outside of the account', found
			USING HINT = 'metamodel: a function that the dump calls does that; look for it in its defaults, checks and indexes';
	END IF;
END
$restore$
