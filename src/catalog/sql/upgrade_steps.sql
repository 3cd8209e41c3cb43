-- What `applied` returns for a tenant: before its files none of their steps, and after each file its step. This is one
-- statement. Words with a colon, beside those of upgrade_begin.sql: the query, which makes an array, in hexadecimal
-- digits; whether nothing has been done yet; whether versions are a set; if so, which steps are looked for: rows of a
-- name in hexadecimal digits and the number of the step; if not, which version is expected.
DO $upgrade$
DECLARE
	query constant text := convert_from(decode(':query_hex', 'hex'), 'UTF8');
	expected constant numeric := :version;
	steps text[];
	found text;
BEGIN
	PERFORM set_config('search_path', 'pg_catalog', true);
	BEGIN
		EXECUTE query INTO steps;
	EXCEPTION WHEN undefined_table OR undefined_column OR undefined_function OR invalid_schema_name THEN
		NULL; -- none yet
	END;
	IF :is_set THEN
		SELECT string_agg(DISTINCT step::text, ',') INTO found FROM (VALUES :names) looked_for (hex, step)
		WHERE convert_from(decode(hex, 'hex'), 'UTF8') = ANY (steps);
		IF :is_before AND found IS NOT NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'MM001', MESSAGE = 'somebody else has applied steps meanwhile: ' || found;
		ELSIF NOT :is_before AND found IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'MM002', MESSAGE = 'it does not record its step: afterwards "applied" returns '
				|| CASE WHEN steps IS NULL THEN 'nothing' ELSE 'others only' END;
		END IF;
		RETURN;
	END IF;
	SELECT max(CASE WHEN step ~ ':pattern' THEN step::numeric END)::text INTO found FROM unnest(steps) step;
	IF found::numeric IS NOT DISTINCT FROM expected THEN
		RETURN;
	ELSIF :is_before THEN
		RAISE EXCEPTION USING ERRCODE = 'MM001', MESSAGE = 'somebody else has changed its version meanwhile to ' || coalesce(found, 'nil');
	END IF;
	RAISE EXCEPTION USING ERRCODE = 'MM002', MESSAGE = 'it does not record its version: afterwards "applied" returns ' || coalesce(found, 'nothing');
END
$upgrade$;
