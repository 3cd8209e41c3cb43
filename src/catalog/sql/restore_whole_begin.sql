-- Goes on where restore_transaction.sql ends, to restore a unit of whole schemas, most often one: put those that are
-- there aside. Their dumps make new ones, and readers go on with the old ones until COMMIT. What is put in for the words
-- with a colon is plain ASCII.
DO $restore$
DECLARE
	accounts constant name[] := ARRAY(SELECT convert_from(decode(hex, 'hex'), getdatabaseencoding())::name
		FROM unnest(string_to_array(':accounts_hex', ',')) hex);
	-- The objects outside that may go, as CLASS.OBJECT.PART.
	announced constant text[] := string_to_array(':outsiders', ',');
	present record;
	stranger text;
BEGIN
	PERFORM set_config('lock_timeout', ':lock_wait_ms', true);
	PERFORM set_config('client_min_messages', 'warning', true);
	PERFORM set_config(name, 'off', true) FROM pg_catalog.pg_settings WHERE name = 'jit'; -- our queries look long, and are not
	-- Who writes waits, and finds the new tables then: what he wrote into the old ones would be lost.
	FOR present IN SELECT c.oid::regclass AS relation FROM pg_catalog.pg_namespace n
		JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
			AND p.refobjid = n.oid AND p.classid = 'pg_catalog.pg_class'::regclass
		JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = n.oid
		WHERE n.nspname = ANY (accounts) AND c.relkind IN ('r', 'p') ORDER BY c.oid
	LOOP
		EXECUTE 'LOCK TABLE ONLY ' || present.relation || ' IN EXCLUSIVE MODE';
	END LOOP;
	:closure
	SELECT o.description INTO stranger FROM outsider o
	WHERE concat_ws('.', o.classid, o.objid, o.objsubid) <> ALL (announced)
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% has come to depend on the schema meanwhile', stranger
			USING HINT = 'metamodel: restore it again';
	END IF;
	-- Put aside it would still be a child, and its rows there twice.
	SELECT format('table %s', i.inhrelid::regclass) INTO stranger FROM pg_catalog.pg_inherits i
	JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	JOIN pg_catalog.pg_class p ON p.oid = i.inhparent
	WHERE n.nspname = ANY (accounts) AND c.relkind IN ('r', 'p', 'f') AND p.relnamespace <> c.relnamespace LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% is a partition or child of a table in another schema', stranger
			USING HINT = 'metamodel: detach it first (ALTER TABLE ... DETACH PARTITION, or NO INHERIT)';
	END IF;
	-- See asides.sql. The number makes the name ours, and the comment says whose it was.
	FOR present IN SELECT n.oid, n.nspname, coalesce(obj_description(n.oid, 'pg_namespace'), '') AS comment
		FROM pg_catalog.pg_namespace n WHERE n.nspname = ANY (accounts) ORDER BY n.oid
	LOOP
		EXECUTE format('ALTER SCHEMA %I RENAME TO :aside%s', present.nspname, present.oid);
		EXECUTE format('COMMENT ON SCHEMA :aside%s IS %L', present.oid,
			format(E':aside_comment%s\n%s', to_json(present.nspname), present.comment));
	END LOOP;
	-- for restore_outside.sql
	PERFORM set_config('metamodel.locked', concat('0', (SELECT string_agg(concat(',', relation), '')
		FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND locktype = 'relation'
		AND mode IN ('ExclusiveLock', 'AccessExclusiveLock'))), true);
END
$restore$
