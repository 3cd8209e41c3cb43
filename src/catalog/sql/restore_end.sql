-- The end of that transaction: is everything as in the dump? The search_path makes sure that only the system's
-- functions and operators are called.
SET search_path = pg_catalog;
DO $restore$
DECLARE
	this_account constant text := convert_from(decode(':account_hex', 'hex'), getdatabaseencoding());
	tables bigint;
	version text;
	row_security constant text := current_setting('row_security');
BEGIN
	-- through what depends on the schema: pg_class has no index by schema
	SELECT count(*) INTO tables FROM pg_catalog.pg_namespace n
	JOIN pg_catalog.pg_depend p ON p.refclassid = 'pg_catalog.pg_namespace'::regclass
		AND p.refobjid = n.oid AND p.classid = 'pg_catalog.pg_class'::regclass
	JOIN pg_catalog.pg_class c ON c.oid = p.objid AND c.relnamespace = n.oid
	WHERE n.nspname = this_account AND left(c.relname, length(':PRODUCT_PREFIX')) = ':PRODUCT_PREFIX' AND c.relkind IN ('r', 'p', 'f');
	IF tables <> :tables THEN
		RAISE EXCEPTION 'the account has % tables after the restore, but its dump has :tables', tables;
	END IF;
	-- Only the rows that COPY of this one table would write, as in the dump; each value as its type writes it, which
	-- format() does and a cast does not (char(n), or somebody's cast), by the rule of version_take(). No policy is
	-- evaluated: it could call anybody's function. TABLESAMPLE works only for tables, so a view in place of the table
	-- is not run.
	PERFORM set_config('row_security', 'off', true);
	IF EXISTS (SELECT FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
		JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = this_account AND c.relname = ':PRODUCT_VERSION_TABLE' AND c.relkind = 'r'
		AND a.attname = ':PRODUCT_VERSION_COLUMN' AND a.attnum > 0 AND NOT a.attisdropped
		AND coalesce(to_jsonb(a) ->> 'attgenerated', '') = '') THEN
		EXECUTE format($select$
			SELECT text FROM (SELECT rtrim(left(format('%%s', :PRODUCT_VERSION_COLUMN), 256), ' ') AS text
				FROM ONLY %I.:PRODUCT_VERSION_TABLE TABLESAMPLE SYSTEM (100)) g
			WHERE text ~ '^([0-9]+[.]?[0-9]*|[.][0-9]+)$' AND length(text) < 256
			ORDER BY text::numeric DESC LIMIT 1
			$select$, this_account) INTO version;
	END IF;
	PERFORM set_config('row_security', row_security, true); -- for triggers that wait for the end
	IF coalesce(version::numeric, -1) <> :version THEN
		RAISE EXCEPTION 'the account is at version % after the restore, but its dump is not',
			coalesce(version, 'nil');
	END IF;
END
$restore$
