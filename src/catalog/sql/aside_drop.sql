-- Drop a schema that was put aside. It locks tables that its foreign keys refer to, so it does not wait long for
-- anything: who reads those waits for it.
DO $drop$
DECLARE
	announced constant text[] := string_to_array(':outsiders', ',');
	present record;
	stranger text;
BEGIN
	PERFORM set_config('lock_timeout', ':lock_wait_ms', true);
	PERFORM set_config('client_min_messages', 'warning', true);
	FOR present IN SELECT c.oid::regclass AS relation FROM pg_catalog.pg_depend p
		JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = :oid
		WHERE p.refclassid = 'pg_catalog.pg_namespace'::regclass AND p.refobjid = :oid
		AND p.classid = 'pg_catalog.pg_class'::regclass AND c.relkind IN ('r', 'p') ORDER BY c.oid
	LOOP
		EXECUTE 'LOCK TABLE ONLY ' || present.relation || ' IN ACCESS EXCLUSIVE MODE';
	END LOOP;
	:closure
	SELECT o.description INTO stranger FROM outsider o
	WHERE concat_ws('.', o.classid, o.objid, o.objsubid) <> ALL (announced)
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% depends on it', stranger;
	END IF;
	DROP SCHEMA :aside:oid CASCADE;
END
$drop$
