-- The beginning of the transaction that restores a unit: accounts that are tied to each other, usually just one. It
-- makes room for their metamodels. What replaces the words with a colon is plain ASCII, whatever the names of the
-- accounts. The search_path makes sure that only the system's functions and operators are called.
SET search_path = pg_catalog;
-- Reports the transaction, so that it can be found whatever happens to psql: see restore_settle.sql. A statement of
-- its own, since the setting takes effect with the next statement: if psql is gone, the server need not wait for a
-- lock.
DO $restore$
BEGIN
	RAISE INFO 'metamodel transaction %', txid_current();
	PERFORM set_config(name, '1000', true) FROM pg_catalog.pg_settings
	WHERE name = 'client_connection_check_interval';
EXCEPTION
	WHEN invalid_parameter_value THEN NULL; -- not on this system
END
$restore$;
DO $restore$
DECLARE
	accounts constant name[] := ARRAY(SELECT convert_from(decode(hex, 'hex'), getdatabaseencoding())::name
		FROM unnest(string_to_array(':accounts_hex', ',')) hex);
	-- The objects outside that may be dropped, as CLASS.OBJECT.PART.
	announced constant text[] := string_to_array(':outsiders', ',');
	-- Through what depends on the schema: pg_class has no index by schema.
	list constant text := $list$
		SELECT array_agg(c.oid) FROM pg_catalog.pg_namespace n
		JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
			AND p.refobjid = n.oid AND p.classid = 'pg_catalog.pg_class'::regclass
		JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = n.oid
		WHERE n.nspname = ANY ($1) AND left(c.relname, length(':PRODUCT_PREFIX')) = ':PRODUCT_PREFIX'
		AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
		$list$;
	relations oid[]; -- NULL: none
	this_account name;
	present record;
	progress boolean := true;
	stuck boolean;
	stranger text;
	why_not text;
	detail text;
BEGIN
	PERFORM set_config('lock_timeout', ':lock_wait_ms', true);
	PERFORM set_config('client_min_messages', 'warning', true);
	FOREACH this_account IN ARRAY accounts LOOP
		IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = this_account) THEN
			EXECUTE format('CREATE SCHEMA %I', this_account);
		END IF;
	END LOOP;

	-- From here on, nothing new can come to depend on their tables.
	EXECUTE list INTO relations USING accounts;
	FOR present IN SELECT c.oid::regclass AS relation FROM pg_catalog.pg_class c
		WHERE c.oid = ANY (relations) AND c.relkind IN ('r', 'p')
		ORDER BY c.oid
	LOOP
		EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', present.relation);
	END LOOP;
	:metamodel
	SELECT o.description INTO stranger FROM outsider o
	WHERE concat_ws('.', o.classid, o.objid, o.objsubid) <> ALL (announced)
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% has come to depend on the metamodel of the account meanwhile', stranger
			USING HINT = 'metamodel: restore it again';
	END IF;

	-- Views, tables and other objects may depend on each other in any order: drop what can be dropped until nothing
	-- is left. All tables in one statement, since foreign keys may form a circle. Only named objects are dropped; if
	-- anything else has come to depend on them, for example on a view, this fails.
	LOOP
		EXECUTE list INTO relations USING accounts;
		EXIT WHEN relations IS NULL;
		IF stuck AND NOT progress THEN
			RAISE EXCEPTION '%', why_not USING DETAIL = detail;
		END IF;
		stuck := NOT progress;
		progress := false;
		FOR present IN SELECT * FROM (
			SELECT format('DROP %s %s', CASE c.relkind WHEN 'v' THEN 'VIEW'
				WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'FOREIGN TABLE' END,
				c.oid::regclass) AS what, 1 AS turn, -c.oid::bigint AS rank
			FROM pg_catalog.pg_class c
			WHERE c.oid = ANY (relations) AND c.relkind IN ('v', 'm', 'f')
			UNION ALL
			SELECT format('DROP %s %s', kind, string_agg(c.oid::regclass::text, ', ')), turn, 0
			FROM pg_catalog.pg_class c
			JOIN (VALUES ('r'::"char", 'TABLE', 2), ('p', 'TABLE', 2), ('S', 'SEQUENCE', 3))
				AS k (relkind, kind, turn) ON k.relkind = c.relkind
			WHERE c.oid = ANY (relations)
			GROUP BY kind, turn
			-- What ties tables and views together so that neither can be dropped first.
			UNION ALL
			SELECT format('DROP RULE %I ON %s', w.rulename, c.oid::regclass), 0, 0
			FROM pg_catalog.pg_class c
			JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid AND w.rulename <> '_RETURN'
			WHERE stuck AND c.oid = ANY (relations)
			UNION ALL
			SELECT format('DROP POLICY %I ON %s', l.polname, c.oid::regclass), 0, 0
			FROM pg_catalog.pg_class c
			JOIN pg_catalog.pg_policy l ON l.polrelid = c.oid
			WHERE stuck AND c.oid = ANY (relations)
			UNION ALL
			SELECT format('DROP TABLE %s', c.oid::regclass), 2, -c.oid::bigint
			FROM pg_catalog.pg_class c
			WHERE stuck AND c.oid = ANY (relations)
			AND c.relkind IN ('r', 'p')
			-- What was announced, each by a statement of its own.
			UNION ALL
			SELECT CASE o.classid
				WHEN 'pg_catalog.pg_constraint'::regclass THEN (SELECT CASE k.contypid
					WHEN 0 THEN format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname)
					ELSE format('ALTER DOMAIN %s DROP CONSTRAINT %I', k.contypid::regtype, k.conname) END
					FROM pg_catalog.pg_constraint k WHERE k.oid = o.objid)
				WHEN 'pg_catalog.pg_attrdef'::regclass THEN (SELECT
					format('ALTER TABLE %s ALTER COLUMN %I DROP DEFAULT', a.attrelid::regclass, a.attname)
					FROM pg_catalog.pg_attrdef f JOIN pg_catalog.pg_attribute a
						ON a.attrelid = f.adrelid AND a.attnum = f.adnum WHERE f.oid = o.objid)
				WHEN 'pg_catalog.pg_publication_rel'::regclass THEN (SELECT
					format('ALTER PUBLICATION %I DROP TABLE %s', b.pubname, r.prrelid::regclass)
					FROM pg_catalog.pg_publication_rel r JOIN pg_catalog.pg_publication b ON b.oid = r.prpubid
					WHERE r.oid = o.objid)
				ELSE CASE WHEN o.objsubid > 0 THEN (SELECT CASE c.relkind
					WHEN 'c' THEN format('ALTER TYPE %s DROP ATTRIBUTE %I', c.oid::regclass, a.attname)
					ELSE format('ALTER TABLE %s DROP COLUMN %I', c.oid::regclass, a.attname) END
					FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
					WHERE c.oid = o.objid AND a.attnum = o.objsubid AND NOT a.attisdropped)
				-- before PostgreSQL 14, asking for an object that does not exist is an error, with another SQLSTATE
				WHEN EXISTS (SELECT FROM pg_catalog.pg_depend p WHERE p.classid = o.classid AND p.objid = o.objid)
				THEN (SELECT 'DROP ' || CASE i.type WHEN 'composite type' THEN 'type'
					WHEN 'statistics object' THEN 'statistics' ELSE i.type END || ' ' || i.identity
					FROM pg_catalog.pg_identify_object(o.classid, o.objid, 0) i) END
				END, 4, -o.objid::bigint
			FROM (SELECT split_part(id, '.', 1)::oid AS classid, split_part(id, '.', 2)::oid AS objid,
				split_part(id, '.', 3)::integer AS objsubid FROM unnest(announced) id) o
			-- some of them are dropped with the table, whoever owns them
			WHERE stuck OR NOT EXISTS (SELECT FROM pg_catalog.pg_depend p
				WHERE p.classid = o.classid AND p.objid = o.objid AND p.deptype = 'a'
				AND p.refclassid = 'pg_catalog.pg_class'::regclass AND p.refobjid = ANY (relations))
		) AS item WHERE what IS NOT NULL ORDER BY turn, rank
		LOOP
			BEGIN
				EXECUTE present.what;
				progress := true;
			EXCEPTION
				-- the second one: it is inherited, and is dropped with its parent
				WHEN dependent_objects_still_exist OR invalid_table_definition THEN
					why_not := SQLERRM;
					GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
				WHEN undefined_table OR undefined_object OR undefined_column OR undefined_function THEN
					NULL; -- gone with another one
			END;
		END LOOP;
	END LOOP;
	-- for restore_outside.sql
	PERFORM set_config('metamodel.locked', concat('0', (SELECT string_agg(concat(',', relation), '')
		FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'
		AND mode IN ('ExclusiveLock', 'AccessExclusiveLock'))), true);
END
$restore$
