-- The proxy of a PgFarm: its functions, in PL/Proxy, and a directory that says on which node each account lives.
-- Comes before the servers "farm" (a partition for each row of farm.nodes) and "directory" (this database),
-- which scripts/lib.sh makes, and before the first account.
CREATE EXTENSION plproxy;

CREATE SCHEMA farm;
CREATE TABLE farm.nodes (
	number integer PRIMARY KEY,
	name text NOT NULL UNIQUE
);
CREATE TABLE farm.placement (
	account text PRIMARY KEY,
	node text NOT NULL REFERENCES farm.nodes (name)
);
GRANT USAGE ON SCHEMA farm TO openresty;
GRANT ALL ON ALL TABLES IN SCHEMA farm TO openresty;

-- The partition of an account's node; no row for an account that is placed nowhere.
CREATE FUNCTION farm.partitions(account text) RETURNS SETOF integer AS $$
	SELECT number FROM farm.nodes JOIN farm.placement ON node = name WHERE placement.account = $1
$$ LANGUAGE sql STABLE;

CREATE FUNCTION farm.partition(account text) RETURNS integer AS $$
DECLARE
	number integer;
BEGIN
	SELECT * INTO STRICT number FROM farm.partitions(account);
	RETURN number;
EXCEPTION WHEN no_data_found THEN
	RAISE 'account % lives on no node', account;
END
$$ LANGUAGE plpgsql STABLE;

CREATE FUNCTION registered(account text, password text) RETURNS text AS $$
	CLUSTER 'directory';
	RUN ON ANY;
	SELECT (SELECT p.node FROM farm.placement p WHERE p.account = $1);
$$ LANGUAGE plproxy;

CREATE FUNCTION xquery(account text, query text, as_hash integer, read_only integer) RETURNS text AS $$
	CLUSTER 'farm';
	RUN ON farm.partition(account);
$$ LANGUAGE plproxy;

CREATE FUNCTION xdo(account text, statements text) RETURNS integer AS $$
	CLUSTER 'farm';
	RUN ON farm.partition(account);
$$ LANGUAGE plproxy;

CREATE FUNCTION farm.useradd(account text, password text) RETURNS integer AS $$
	CLUSTER 'farm';
	RUN ON farm.partition(account);
	TARGET useradd;
$$ LANGUAGE plproxy;

CREATE FUNCTION farm.userdel(account text, password text) RETURNS integer AS $$
	CLUSTER 'farm';
	RUN ON farm.partition(account);
	TARGET userdel;
$$ LANGUAGE plproxy;

-- On the node with the fewest accounts.
CREATE FUNCTION useradd(account text, password text) RETURNS integer AS $$
	INSERT INTO farm.placement
	SELECT $1, name FROM farm.nodes ORDER BY (SELECT count(*) FROM farm.placement WHERE node = name), name LIMIT 1;
	SELECT farm.useradd($1, $2);
$$ LANGUAGE sql;

CREATE FUNCTION userdel(account text, password text) RETURNS integer AS $$
	SELECT farm.userdel($1, $2);
	DELETE FROM farm.placement WHERE placement.account = $1;
	SELECT 1;
$$ LANGUAGE sql;
