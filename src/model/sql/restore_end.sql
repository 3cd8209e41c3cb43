-- The end of that transaction: is it what the dump holds?
-- Nobody's function or operator but the system's is meant.
SET search_path = pg_catalog;
DO $restore$
DECLARE
	this_account constant text := convert_from(decode(':account_hex', 'hex'), getdatabaseencoding());
	tables bigint;
	version text;
BEGIN
	-- by what depends on the schema: pg_class has no index by schema
	SELECT count(*) INTO tables FROM pg_catalog.pg_namespace n
	JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
		AND p.refobjid = n.oid AND p.classid = 'pg_catalog.pg_class'::regclass
	JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = n.oid
	WHERE n.nspname = this_account AND left(c.relname, 1) = '_' AND c.relkind IN ('r', 'p', 'f');
	IF tables <> :tables THEN
		RAISE EXCEPTION 'the account has % tables after the restore, but its dump has :tables', tables;
	END IF;
	-- Only what COPY of that one table holds, as in the dump.
	IF EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = this_account AND c.relname = '_general' AND c.relkind = 'r'
		AND a.attname = 'version' AND a.attnum > 0 AND NOT a.attisdropped) THEN
		EXECUTE format($select$
			SELECT version::text FROM ONLY %I._general
			WHERE version::text ~ '^([0-9]+[.]?[0-9]*|[.][0-9]+)$'
			ORDER BY version::text::numeric DESC LIMIT 1
			$select$, this_account) INTO version;
	END IF;
	IF coalesce(version::numeric, -1) <> :version THEN
		RAISE EXCEPTION 'the account is at version % after the restore, but its dump is not',
			coalesce(version, 'nil');
	END IF;
END
$restore$
