-- The end of it, but for the COMMIT: write down the new version. Of several rows it is the largest one
-- that counts. Words with a colon as in upgrade_begin.sql.
DO $upgrade$
DECLARE
	account constant text := convert_from(decode(':account_hex', 'hex'), 'UTF8');
	updated bigint;
BEGIN
	PERFORM set_config('search_path', 'pg_catalog', true);
	EXECUTE format($$
		WITH general AS (
			SELECT ctid AS place, CASE WHEN version::text ~ ':pattern' THEN version::text::numeric END AS number
			FROM %1$I._general
		)
		UPDATE %1$I._general SET version = ':version' FROM general
		WHERE %1$I._general.ctid = general.place AND general.number = (SELECT max(number) FROM general)
		$$, account);
	GET DIAGNOSTICS updated = ROW_COUNT;
	IF updated = 0 THEN
		RAISE EXCEPTION 'the migrations left no version in %._general', account;
	END IF;
END
$upgrade$;
