-- The beginning of the transaction that restores an account: make room for its metamodel. What is put
-- in for the words with a colon is plain ASCII, whatever the account is called.
-- Nobody's function or operator but the system's is meant.
SET search_path = pg_catalog;
-- To be found again whatever becomes of psql: see restore_settle.sql. By itself, as the setting counts
-- from the next statement on: should psql be gone, it need not be waited with for a lock.
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
	this_account constant text := convert_from(decode(':account_hex', 'hex'), getdatabaseencoding());
	with_outsiders constant boolean := :cascade;
	-- By what depends on the schema: pg_class has no index by schema.
	list constant text := $list$
		SELECT array_agg(c.oid) FROM pg_catalog.pg_namespace n
		JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
			AND p.refobjid = n.oid AND p.classid = 'pg_catalog.pg_class'::regclass
		JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = n.oid
		WHERE n.nspname = $1 AND left(c.relname, 1) = '_' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
		$list$;
	relations oid[]; -- NULL: none
	present record;
	progress boolean := true;
	stuck boolean;
	stranger text;
	why_not text;
BEGIN
	PERFORM set_config('lock_timeout', ':lock_wait_ms', true);
	PERFORM set_config('client_min_messages', 'warning', true);
	IF NOT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = this_account) THEN
		EXECUTE format('CREATE SCHEMA %I', this_account);
	END IF;

	-- From here on nobody else can come to depend on its tables.
	EXECUTE list INTO relations USING this_account;
	FOR present IN SELECT c.relname FROM pg_catalog.pg_class c
		WHERE c.oid = ANY (relations) AND c.relkind IN ('r', 'p')
		ORDER BY c.oid
	LOOP
		EXECUTE format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', this_account, present.relname);
	END LOOP;
	:metamodel
	SELECT o.description INTO stranger FROM outsider o
	WHERE left(md5(o.description), 16) <> ALL (string_to_array(':outsiders_md5', ','))
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% has come to depend on the metamodel of the account meanwhile', stranger
			USING HINT = 'restore it again';
	END IF;

	-- Views, tables and the rest may depend on each other in any order: drop what can be dropped
	-- until nothing is left. All tables at once: foreign keys may make a circle.
	LOOP
		EXECUTE list INTO relations USING this_account;
		EXIT WHEN relations IS NULL;
		IF stuck AND NOT progress THEN
			RAISE EXCEPTION '%', why_not;
		END IF;
		stuck := NOT progress;
		progress := false;
		FOR present IN SELECT * FROM (
			SELECT format('%s %I.%I', CASE c.relkind WHEN 'v' THEN 'VIEW'
				WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'FOREIGN TABLE' END,
				this_account, c.relname) AS what, 1 AS turn, -c.oid::bigint AS rank
			FROM pg_catalog.pg_class c
			WHERE c.oid = ANY (relations) AND c.relkind IN ('v', 'm', 'f')
			UNION ALL
			SELECT kind || ' ' || string_agg(format('%I.%I', this_account, c.relname), ', '),
				turn, 0
			FROM pg_catalog.pg_class c
			JOIN (VALUES ('r'::"char", 'TABLE', 2), ('p', 'TABLE', 2), ('S', 'SEQUENCE', 3))
				AS k (relkind, kind, turn) ON k.relkind = c.relkind
			WHERE c.oid = ANY (relations)
			GROUP BY kind, turn
			-- What ties tables and views together so that neither can go first.
			UNION ALL
			SELECT format('RULE %I ON %I.%I', w.rulename, this_account, c.relname), 0, 0
			FROM pg_catalog.pg_class c
			JOIN pg_catalog.pg_rewrite w ON w.ev_class = c.oid AND w.rulename <> '_RETURN'
			WHERE stuck AND c.oid = ANY (relations)
			UNION ALL
			SELECT format('POLICY %I ON %I.%I', l.polname, this_account, c.relname), 0, 0
			FROM pg_catalog.pg_class c
			JOIN pg_catalog.pg_policy l ON l.polrelid = c.oid
			WHERE stuck AND c.oid = ANY (relations)
			UNION ALL
			SELECT format('TABLE %I.%I', this_account, c.relname), 2, -c.oid::bigint
			FROM pg_catalog.pg_class c
			WHERE stuck AND c.oid = ANY (relations)
			AND c.relkind IN ('r', 'p')
		) AS item ORDER BY turn, rank
		LOOP
			BEGIN
				EXECUTE 'DROP ' || present.what || CASE WHEN with_outsiders THEN ' CASCADE' ELSE '' END;
				progress := true;
			EXCEPTION
				WHEN dependent_objects_still_exist THEN why_not := SQLERRM;
				WHEN undefined_table OR undefined_object THEN NULL; -- gone with another one
			END;
		END LOOP;
	END LOOP;
END
$restore$
