-- After the dump of a whole schema was loaded, in the same transaction: is it what the dump holds?
-- Nobody's function or operator but the system's is meant.
SET search_path = pg_catalog;
DO $restore$
DECLARE
	this_account constant text := convert_from(decode(':account_hex', 'hex'), getdatabaseencoding());
	tables bigint;
	rows bigint;
	what text;
BEGIN
	-- rows as this transaction has put them in: to count them would be to read all of it
	SELECT count(*), coalesce(sum(pg_stat_get_xact_tuples_inserted(c.oid)), 0) INTO tables, rows FROM pg_catalog.pg_namespace n
	JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
		AND p.refobjid = n.oid AND p.classid = 'pg_catalog.pg_class'::regclass
	JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = n.oid
	WHERE n.nspname = this_account AND c.relkind IN ('r', 'p', 'f');
	IF tables <> :tables THEN
		RAISE EXCEPTION 'the schema has % tables after the restore, but its dump has :tables', tables;
	END IF;
	IF rows <> :rows AND current_setting('track_counts')::boolean THEN
		RAISE EXCEPTION 'the schema has got % rows by the restore, but its dump has :rows', rows;
	END IF;
	-- Those for relations were seen to by restore_rights.sql.
	SELECT CASE a.defaclobjtype WHEN 'n' THEN 'schemas' WHEN 'f' THEN 'functions' ELSE 'types' END INTO what
	FROM pg_catalog.pg_default_acl a JOIN pg_catalog.pg_roles r ON r.oid = a.defaclrole AND r.rolname IN (current_user, session_user)
	WHERE a.defaclnamespace = 0 AND CASE a.defaclobjtype WHEN 'n' THEN true
		WHEN 'f' THEN EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE p.pronamespace = quote_ident(this_account)::regnamespace)
		WHEN 'T' THEN EXISTS (SELECT FROM pg_catalog.pg_type t WHERE t.typnamespace = quote_ident(this_account)::regnamespace
			AND t.typtype IN ('e', 'd', 'r', 'b') AND t.typelem = 0) END
	LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'the default privileges for % of role % would change the rights on them', what, current_user
			USING HINT = 'metamodel: restore as another role (-U), or take them back with ALTER DEFAULT PRIVILEGES';
	END IF;
END
$restore$
