-- The beginning of the transaction that upgrades a tenant of a model by files of SQL; the session's search_path is
-- pg_catalog. After it comes upgrade_steps.sql. Words with a colon as in upgrade_begin.sql.
BEGIN ISOLATION LEVEL READ COMMITTED;
DO $upgrade$
DECLARE
	tenant constant text := convert_from(decode(':account_hex', 'hex'), 'UTF8');
BEGIN
	PERFORM set_config('row_security', 'off', true);
	PERFORM set_config('synchronous_commit', 'off', true);
	PERFORM set_config('search_path', format('%I, pg_temp', tenant), true);
	IF current_schema() IS DISTINCT FROM tenant::name THEN
		RAISE EXCEPTION 'schema "%" cannot be made the search_path', tenant
			USING HINT = 'metamodel: is the role allowed to use it? A schema called $user never can be';
	END IF;
END
$upgrade$;
