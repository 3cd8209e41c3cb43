-- The beginning of the transaction that upgrades an account; the session's search_path is pg_catalog.
-- What is put in for the words with a colon is plain ASCII, whatever the account is called.
-- What others committed while a step waited for their locks is for that step, too.
BEGIN ISOLATION LEVEL READ COMMITTED;
DO $upgrade$
DECLARE
	account constant text := convert_from(decode(':account_hex', 'hex'), 'UTF8');
	planned constant numeric := :version;
	found numeric;
BEGIN
	IF :is_new THEN
		EXECUTE format('CREATE SCHEMA %I', account);
	END IF;
	-- Whoever upgrades the account, too, waits here, and then finds nothing to do.
	IF to_regclass(format('%I._general', account)) IS NOT NULL THEN
		EXECUTE format('LOCK TABLE %I._general IN ACCESS EXCLUSIVE MODE', account);
		EXECUTE format($$SELECT max(CASE WHEN version::text ~ ':pattern' THEN version::text::numeric END)
			FROM %I._general$$, account) INTO found;
	END IF;
	IF found IS DISTINCT FROM planned THEN
		RAISE EXCEPTION USING ERRCODE = 'MM001', MESSAGE = coalesce(found::text, 'nil');
	END IF;
	PERFORM set_config('synchronous_commit', 'off', true);
	-- rows that a policy hides would be left as they are: an error instead
	PERFORM set_config('row_security', 'off', true);
	-- exactly this schema, and nothing temporary in its place
	PERFORM set_config('search_path', format('%I, pg_temp', account), true);
	IF current_schema() IS DISTINCT FROM account::name THEN
		RAISE EXCEPTION 'schema "%" cannot be made the search_path', account
			USING HINT = 'is the role allowed to use it? A schema called $user never can be';
	END IF;
END
$upgrade$;
