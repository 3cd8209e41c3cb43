-- The beginning of the transaction that upgrades an account; the session's search_path is pg_catalog. What replaces
-- the words with a colon is plain ASCII, whatever the account's name. READ COMMITTED: a step sees what others
-- committed while it waited for their locks.
BEGIN ISOLATION LEVEL READ COMMITTED;
DO $upgrade$
DECLARE
	account constant text := convert_from(decode(':account_hex', 'hex'), 'UTF8');
	planned constant numeric := :version;
	general regclass;
	objection text;
	found numeric;
BEGIN
	-- Rows that a policy hides would not be changed: this makes it an error instead. No policy is evaluated.
	PERFORM set_config('row_security', 'off', true);
	IF :is_new THEN
		EXECUTE format('CREATE SCHEMA %I', account);
	END IF;
	-- Another run that upgrades the account waits here, and then finds nothing to do.
	general := to_regclass(format('%I.:PRODUCT_VERSION_TABLE', account));
	IF (SELECT relkind FROM pg_catalog.pg_class WHERE oid = general) NOT IN ('r', 'p') THEN
		RAISE EXCEPTION 'its :PRODUCT_VERSION_TABLE is not a table';
	END IF;
	IF general IS NOT NULL THEN
		EXECUTE format('LOCK TABLE ONLY %I.:PRODUCT_VERSION_TABLE IN ACCESS EXCLUSIVE MODE', account);
		-- The locked table is checked again. By OID: int8, int2, int4, text, float4, float8, char(n), varchar,
		-- numeric, name. Reading any other type could run code of its owner.
		general := to_regclass(format('%I.:PRODUCT_VERSION_TABLE', account));
		SELECT CASE
				WHEN c.relkind NOT IN ('r', 'p') THEN 'its :PRODUCT_VERSION_TABLE is not a table'
				WHEN c.relrowsecurity THEN 'its :PRODUCT_VERSION_TABLE has row-level security'
				WHEN v.atttypid NOT IN (20, 21, 23, 25, 700, 701, 1042, 1043, 1700, 19)
					THEN 'its :PRODUCT_VERSION_TABLE.:PRODUCT_VERSION_COLUMN is not of one of the server''s own types'
				WHEN to_jsonb(v) ->> 'attgenerated' <> '' THEN 'its :PRODUCT_VERSION_TABLE.:PRODUCT_VERSION_COLUMN is a generated column'
				WHEN c.relkind = 'p' AND EXISTS (
					WITH RECURSIVE part (oid) AS (SELECT c.oid UNION SELECT i.inhrelid
						FROM part JOIN pg_catalog.pg_inherits i ON i.inhparent = part.oid)
					SELECT FROM part JOIN pg_catalog.pg_class f ON f.oid = part.oid
					WHERE f.relkind NOT IN ('r', 'p'))
					THEN 'a partition of its :PRODUCT_VERSION_TABLE is a foreign table'
			END INTO objection
		FROM pg_catalog.pg_class c
		LEFT JOIN pg_catalog.pg_attribute v ON v.attrelid = c.oid AND v.attname = ':PRODUCT_VERSION_COLUMN'
			AND v.attnum > 0 AND NOT v.attisdropped
		WHERE c.oid = general;
		IF objection IS NOT NULL THEN
			RAISE EXCEPTION '%', objection;
		END IF;
		-- TABLESAMPLE works only for tables: a view in place of the table is an error and is not run.
		EXECUTE format($$SELECT max(CASE WHEN version ~ ':pattern' THEN version::numeric END)
			FROM (SELECT rtrim(left(concat(:PRODUCT_VERSION_COLUMN), 100)) AS version
				FROM %s %I.:PRODUCT_VERSION_TABLE TABLESAMPLE SYSTEM (100)) g$$,
			(SELECT CASE relkind WHEN 'r' THEN 'ONLY' END FROM pg_catalog.pg_class
				WHERE oid = general), account) INTO found;
	END IF;
	IF found IS DISTINCT FROM planned THEN
		RAISE EXCEPTION USING ERRCODE = 'MM001', MESSAGE = coalesce(found::text, 'nil');
	END IF;
	PERFORM set_config('synchronous_commit', 'off', true);
	-- exactly this schema, with no temporary objects before it
	PERFORM set_config('search_path', format('%I, pg_temp', account), true);
	IF current_schema() IS DISTINCT FROM account::name THEN
		RAISE EXCEPTION 'schema "%" cannot be made the search_path', account
			USING HINT = 'metamodel: is the role allowed to use it? A schema called $user never can be';
	END IF;
END
$upgrade$;
