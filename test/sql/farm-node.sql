-- What the proxy of a PgFarm calls on the node of an account.
CREATE SCHEMA farm;
GRANT USAGE ON SCHEMA farm TO openresty;

-- A proxy may ask the node rather than its own directory.
CREATE FUNCTION registered(account text, password text) RETURNS text AS $$
BEGIN
	RETURN current_database();
END
$$ LANGUAGE plpgsql;

-- Until the end of the transaction; of the proxy's calls each is one.
CREATE FUNCTION farm.go_to(account text) RETURNS void AS $$
BEGIN
	PERFORM set_config('search_path', format('%I, public', account), true);
END
$$ LANGUAGE plpgsql;

CREATE FUNCTION xquery(account text, query text, as_hash integer, read_only integer) RETURNS text AS $$
DECLARE
	item text := 'q';
	result text;
BEGIN
	PERFORM farm.go_to(account);
	IF read_only = 1 THEN
		PERFORM set_config('transaction_read_only', 'on', true);
	END IF;
	IF as_hash = 0 THEN
		item := '(SELECT json_agg(value) FROM json_each(row_to_json(q)))';
	END IF;
	EXECUTE format('SELECT coalesce(json_agg(%s), ''[]'') FROM (%s) q', item, rtrim(query, E'; \n')) INTO result;
	RETURN result;
END
$$ LANGUAGE plpgsql;

CREATE FUNCTION xdo(account text, statements text) RETURNS integer AS $$
DECLARE
	changed integer;
BEGIN
	PERFORM farm.go_to(account);
	EXECUTE statements;
	GET DIAGNOSTICS changed = ROW_COUNT;
	RETURN changed;
END
$$ LANGUAGE plpgsql;

CREATE FUNCTION useradd(account text, password text) RETURNS integer AS $$
BEGIN
	EXECUTE format('CREATE SCHEMA %I', account);
	RETURN 1;
END
$$ LANGUAGE plpgsql;

CREATE FUNCTION userdel(account text, password text) RETURNS integer AS $$
BEGIN
	EXECUTE format('DROP SCHEMA %I CASCADE', account);
	RETURN 1;
END
$$ LANGUAGE plpgsql;
