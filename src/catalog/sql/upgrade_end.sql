-- The end of that transaction, except its COMMIT: write the new version. If there are several rows, only the one with
-- the largest version counts. Words with a colon as in upgrade_begin.sql.
DO $upgrade$
DECLARE
	account constant text := convert_from(decode(':account_hex', 'hex'), 'UTF8');
	updated bigint;
BEGIN
	PERFORM set_config('search_path', 'pg_catalog', true);
	EXECUTE format($$
		WITH general AS (
			SELECT relation, place, CASE WHEN version ~ ':pattern' THEN version::numeric END AS number
			FROM (SELECT tableoid AS relation, ctid AS place, rtrim(left(concat(:PRODUCT_VERSION_COLUMN), 100)) AS version
				FROM %2$s %1$I.:PRODUCT_VERSION_TABLE) g
		)
		UPDATE %2$s %1$I.:PRODUCT_VERSION_TABLE t SET :PRODUCT_VERSION_COLUMN = ':version' FROM general
		WHERE t.ctid = general.place AND t.tableoid = general.relation
			AND general.number = (SELECT max(number) FROM general)
		$$, account, (SELECT CASE relkind WHEN 'r' THEN 'ONLY' END FROM pg_catalog.pg_class
			WHERE oid = to_regclass(format('%I.:PRODUCT_VERSION_TABLE', account))));
	GET DIAGNOSTICS updated = ROW_COUNT;
	IF updated = 0 THEN
		RAISE EXCEPTION 'the migrations left no version in %.:PRODUCT_VERSION_TABLE', account;
	END IF;
END
$upgrade$;
