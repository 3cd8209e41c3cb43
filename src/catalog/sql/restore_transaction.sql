-- The very beginning of the transaction that restores a unit, whatever is to be restored.
-- Nobody's function or operator but the system's is meant.
SET search_path = pg_catalog;
-- To be found again whatever becomes of psql: see restore_settle.sql. By itself, as the setting counts
-- from the next statement on: should psql be gone, it need not be waited with for a lock.
DO $restore$
BEGIN
	RAISE INFO 'metamodel transaction %', txid_current();
	PERFORM set_config(name, '1000', true) FROM pg_catalog.pg_settings
	WHERE name = 'client_connection_check_interval';
EXCEPTION
	WHEN invalid_parameter_value THEN NULL; -- not on this system
END
$restore$;
