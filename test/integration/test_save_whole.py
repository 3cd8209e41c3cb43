# SPDX-License-Identifier: PostgreSQL
"""`metamodel save` of other products' tenants: each dump is all of a schema, as pg_dump --schema writes it."""

import re
import subprocess

import pytest
from support import literal, pg_bindir, quote, read_all, read_sql, server_major
from support_save import RESTRICT, wait_until_blocked
from support_tenants import model, tenants
from support_whole import alone, pg_dump

FIXTURES = model, tenants
# What each file of test/sql/tenants has: the model, and the tenants that this finds.
PRODUCTS = {
    "django_tenants": ("django-tenants", ["public", "Big Co", "tenant_001", "tenant_005"]),
    "apartment": ("apartment", ["public", "acme", "globex", "hooli", "initech", "umbrella"]),
    "alembic": ("alembic", ["org_1", "org_2", "org_3"]),
    "laravel_tenancy": ("laravel-tenancy", ["public", "tenantbar", "tenantc1f0a0de-0000-4000-8000-000000000001", "tenantfoo"]),
    "flyway": ("flyway", ["cust_alpha", "cust_beta", "cust_gamma"]),
    "plain_schemas": ("plain", ["public", "tenant_a", "tenant_b", "tenant_it's"]),
}


def plain(tree, tenant):
    return RESTRICT.sub(b"", tree.file(tenant).read_bytes())


def facts(db, schema):
    """The numbers of tables and rows in a schema."""
    tables = db.query("SELECT oid::regclass::text, relkind FROM pg_class WHERE relkind IN ('r', 'p', 'f') AND "
                      f"relnamespace = {literal(quote(schema))}::regnamespace")
    return len(tables), sum(db.query(f"SELECT count(*) FROM ONLY {name}")[0][0] for name, kind in tables if kind == "r")


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_dump_is_what_pg_dump_writes_of_the_schema(tenants, db, metamodel, product):
    name, expected = PRODUCTS[product]
    tenants(product)
    db.sql(read_all("saas"))
    result = metamodel.run("save", "-v", "--model", name, "--batch=1000")
    assert sorted(metamodel.tree().accounts()) == sorted(expected) and "Dumping tenant " in result.stderr
    assert [tenant for tenant in expected if plain(metamodel.tree(), tenant) != alone(db, tenant)] == []
    assert {entry["account"]: (entry["tables"], entry["rows"]) for entry in metamodel.tree().manifest["accounts"]} == {
        tenant: facts(db, tenant) for tenant in expected}
    # the shared schema by itself, all others together
    assert result.stderr.count("/pg_dump ") == ("public" in expected) + 1, result
    assert result.stderr.count("--format=custom") == 1
    assert metamodel.run("verify", "--model", name).returncode == 0
    metamodel.run("save", "--model", name, "--batch=1", "-D", "one")
    assert [tenant for tenant in expected if plain(metamodel.tree("one"), tenant) != alone(db, tenant)] == []


# Schemas a, b and c that have to do with each other, and which of them are then for a pg_dump of their own: those put
# aside, and one that is left alone by that.
TIES = {
    "functions, operators and triggers of others": ("CREATE FUNCTION a.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        "CREATE VIEW b.v AS SELECT a.f(1); CREATE FUNCTION c.g() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        "CREATE OPERATOR b.@@@ (RIGHTARG = int, FUNCTION = a.f); CREATE INDEX ON c.t (a.f(x))", ""),
    "a default, a check and a domain with others' functions": ("CREATE FUNCTION a.f(int) RETURNS bool LANGUAGE sql AS "
        "'SELECT true'; CREATE TABLE b.u (x bool DEFAULT a.f(1)); CREATE DOMAIN c.d AS int CHECK (a.f(VALUE))", "a"),
    "others' types": ("CREATE TYPE a.m AS ENUM ('x'); CREATE TABLE b.u (x a.m); CREATE FUNCTION c.f(a.m) RETURNS int "
        "LANGUAGE sql AS 'SELECT 1'", "a"),
    "a range over others' functions": ("CREATE FUNCTION a.d(float8, float8) RETURNS float8 IMMUTABLE LANGUAGE sql AS "
        "'SELECT $1'; CREATE TYPE b.r AS RANGE (subtype = float8, subtype_diff = a.d)", "ab"),
    "foreign keys": ("ALTER TABLE a.t ADD PRIMARY KEY (x); ALTER TABLE b.t ADD FOREIGN KEY (x) REFERENCES a.t", ""),
    "statistics of others' tables": ("CREATE STATISTICS b.s ON x, y FROM a.t", "b"),
    "others' rights by default": ("ALTER DEFAULT PRIVILEGES IN SCHEMA a GRANT SELECT ON TABLES TO PUBLIC; "
        "GRANT USAGE ON SCHEMA b TO PUBLIC; COMMENT ON SCHEMA c IS 'a'", ""),
    "text search of others": ("CREATE TEXT SEARCH DICTIONARY a.d (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION b.c "
        "(COPY = simple); ALTER TEXT SEARCH CONFIGURATION b.c ALTER MAPPING FOR word WITH a.d; CREATE TABLE c.u (x tsvector "
        "GENERATED ALWAYS AS (to_tsvector('b.c', 'x')) STORED)", "abc"),
    "others' operator class": ("CREATE OPERATOR FAMILY b.f USING hash; CREATE OPERATOR CLASS b.c FOR TYPE "
        "int USING hash FAMILY b.f AS OPERATOR 1 =, FUNCTION 1 hashint4(int); CREATE INDEX ON c.t USING hash (x b.c)", ""),
    "a table of others' rows and a partition": ("CREATE TABLE b.u OF a.row; CREATE TABLE a.p (x int) PARTITION BY LIST (x); "
        "CREATE TABLE c.p PARTITION OF a.p DEFAULT", "a"),
    "a body that groups by others' key": ("ALTER TABLE a.t ADD PRIMARY KEY (x); CREATE FUNCTION b.f() RETURNS int LANGUAGE "
        "sql BEGIN ATOMIC SELECT y FROM a.t GROUP BY x; END; CREATE VIEW c.v AS SELECT b.f()", "abc"),
}
if server_major() < 14:
    TIES.pop("a body that groups by others' key")


def dumped_alone(result):
    """Tenants that have been dumped by a pg_dump of their own."""
    commands = [line for line in result.stderr.splitlines() if "/pg_dump --no-password" in line]
    return "".join(sorted(re.search(r"--schema=\"(.)\"", line)[1] for line in commands if "--format=custom" not in line))


@pytest.mark.parametrize("tie", TIES)
def test_schemas_that_depend_on_each_other_have_the_dumps_of_each_alone(db, metamodel, model, tie):
    sql, aside = TIES[tie]
    for name in "abc":
        db.sql(f"CREATE SCHEMA {name}; CREATE TABLE {name}.t (x int, y int); CREATE TYPE {name}.row AS (x int)")
    db.sql(sql)
    model(schemas="^[abc]$", **{"global": ""}, objects="all", applied="SELECT x::text FROM {schema}.t")
    result = metamodel.run("save", "-v", "--batch=3")
    assert [name for name in "abc" if plain(metamodel.tree(), name) != alone(db, name)] == []
    assert dumped_alone(result) == aside, result


def test_all_kinds_of_objects_are_in_the_dumps(db, metamodel, model, roles):
    owner = roles("owner")
    names = ["t_one", "t_Two's", "t_drei"]
    for name in names:
        db.sql(read_sql("whole", schema=name, owner=owner))
    db.sql("CREATE SCHEMA t_empty")
    model(schemas="^t_", **{"global": ""}, objects="all", applied="SELECT n FROM {schema}.moods")
    metamodel.run("save")
    assert metamodel.run("verify").returncode == 0
    for name in [*names, "t_empty"]:
        assert plain(metamodel.tree(), name) == alone(db, name)
    entries = {entry["account"]: entry for entry in metamodel.tree().manifest["accounts"]}
    assert metamodel.tree().manifest["objects"] == "all"
    assert entries["t_one"]["tables"] == (8 if server_major() >= 14 else 7) and entries["t_one"]["rows"] == 7
    assert entries["t_empty"]["tables"] == 0
    dump = metamodel.tree().file("t_one")
    dump.write_bytes(dump.read_bytes().replace(b"\n-- Name: body", b"\nDO 'x';\n-- Name: body", 1)[:-1])
    assert metamodel.run("verify", check=False).returncode == 3


def test_the_manifest_lists_the_extensions_that_a_tenant_needs(tenants, db, metamodel):
    tenants("plain_schemas")
    db.sql("CREATE EXTENSION hstore SCHEMA tenant_a; CREATE EXTENSION pg_trgm SCHEMA public; CREATE SCHEMA tenant_z; "
           "CREATE TABLE tenant_b.list (x public.citext[]); CREATE INDEX ON tenant_b.schema_version USING gin "
           "((v::text) public.gin_trgm_ops); ALTER TABLE tenant_b.list OWNER TO saas; ALTER SCHEMA tenant_z OWNER TO saas")
    db.sql(read_all("saas"))
    metamodel.run("save", "--model", "plain")
    needs = {entry["account"]: [(each["name"], each["schema"]) for each in entry.get("extensions", [])]
             for entry in metamodel.tree().manifest["accounts"]}
    assert [each for each in needs["tenant_a"] if each[0] != "plpgsql"] == [("citext", "public"), ("hstore", "tenant_a")]
    assert [each for each in needs["tenant_b"] if each[0] != "plpgsql"] == [("citext", "public"), ("pg_trgm", "public")]
    assert needs["tenant_z"] == [] and ("citext", "public") in needs["public"]
    version = db.query("SELECT extversion FROM pg_extension WHERE extname = 'citext'")[0][0]
    entry = next(each for each in metamodel.tree().manifest["accounts"] if each["account"] == "tenant_a")
    assert {"name": "citext", "version": version, "schema": "public"} in entry["extensions"]


def test_large_objects_are_said_not_to_be_in_it(tenants, db, metamodel):
    tenants("flyway")
    db.sql("ALTER TABLE cust_beta.invoice ADD scan oid; ALTER TABLE cust_alpha.invoice ADD scan int")
    assert "large objects" not in metamodel.run("save", "--model", "flyway").stderr
    db.sql("SELECT lo_create(0)")
    said = [line for line in metamodel.run("save", "--model", "flyway").stderr.splitlines() if "large objects" in line]
    assert len(said) == 1 and "tenant cust_beta: the column invoice.scan may refer to large objects" in said[0]


def test_a_dump_goes_back_by_psql_alone(tenants, db, metamodel):
    tenants("django_tenants")
    metamodel.run("save", "--model", "django-tenants")
    db.sql('DROP SCHEMA "Big Co" CASCADE')
    subprocess.run([pg_bindir() / "psql", "-XqAt1", "-v", "ON_ERROR_STOP=1", "-h", db.server.host, "-U", "postgres", "-d",
                    db.name, "-f", metamodel.tree().file("Big Co")], check=True, stdout=subprocess.DEVNULL)
    assert alone(db, "Big Co") == plain(metamodel.tree(), "Big Co")


def test_restore_and_load_say_that_they_cannot_yet(tenants, metamodel):
    tenants("flyway")
    metamodel.run("save", "--model", "flyway")
    for args in ["restore"], ["restore", "cust_beta"], ["verify", "--load"]:
        result = metamodel.run(*args, check=False)
        assert result.returncode == 1 and "dumps of whole schemas" in result.stderr and "psql -X -1" in result.stderr, result


def test_a_model_of_a_prefix_is_not_for_a_save(db, metamodel, model):
    file = model(schemas="^foo$", objects="prefix:app_", applied="SELECT 1 FROM {schema}.x")
    result = metamodel.run("save", check=False)
    assert result.returncode == 2 and f"{file}:3: objects: metamodel save requires objects = all" in result.stderr, result


def test_dumps_of_metamodels_and_of_whole_schemas_do_not_mix(db, metamodel, model):
    db.add_accounts("foo")
    metamodel.run("save")
    before = metamodel.tree().file("foo").read_bytes()
    file = model(schemas="^foo$", **{"global": ""}, objects="all", applied="SELECT version::text FROM {schema}._general")
    result = metamodel.run("save", check=False)
    assert result.returncode == 1 and "holds dumps of metamodels" in result.stderr, result
    assert metamodel.tree().file("foo").read_bytes() == before
    metamodel.run("save", "-D", "whole")
    metamodel.options = []
    result = metamodel.run("save", "-D", "whole", check=False)
    assert result.returncode == 1 and "holds dumps of whole schemas" in result.stderr and file, result


def test_a_tenant_that_fails_keeps_its_dump_and_the_others_go_on(tenants, db, metamodel):
    tenants("flyway")
    metamodel.run("save", "--model", "flyway")
    kept = metamodel.tree().file("cust_beta").read_bytes()
    db.sql("CREATE FUNCTION cust_beta.f() RETURNS int LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'")
    result = metamodel.run("save", "--model", "flyway", check=False)
    assert result.returncode == 3 and "Failed: cust_beta (its last dump is kept)" in result.stderr, result
    assert metamodel.tree().file("cust_beta").read_bytes() == kept
    assert metamodel.run("verify").returncode == 0


def test_a_tenant_without_a_schema_yet_is_no_error_but_one_that_lost_its_schema_is(tenants, db, metamodel):
    tenants("laravel_tenancy")
    db.sql("INSERT INTO public.tenants (id) VALUES ('soon')")
    result = metamodel.run("save", "--model", "laravel-tenancy", "--strict", "--json")
    assert "tenant tenantsoon is listed, but has no schema yet" in result.stderr and "Saved 4 tenants" in result.stderr
    assert {a["account"]: a["result"] for a in result.report["accounts"]}["tenantsoon"] == "missing"
    assert "tenantsoon" not in metamodel.tree().accounts()
    assert metamodel.run("save", "tenantsoon", "--model", "laravel-tenancy", check=False).returncode == 1
    db.sql("DROP SCHEMA tenantbar CASCADE")
    result = metamodel.run("save", "--model", "laravel-tenancy", check=False)
    assert result.returncode == 3 and "Failed: tenantbar (its last dump is kept)" in result.stderr, result


CHANGES = {
    "a function that gets other arguments": "DROP FUNCTION t_b.f(int); CREATE FUNCTION t_b.f(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "a function that is replaced": "CREATE OR REPLACE FUNCTION t_b.f(x int) RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "a label that is renamed": "ALTER TYPE t_b.m RENAME VALUE 'sad' TO 'glad'",
    "a type that is renamed": "ALTER TYPE t_b.m RENAME TO n",
    "an operator that is dropped": "DROP OPERATOR t_b.@@@ (NONE, int)",
    "a table that is emptied": "TRUNCATE t_b.data",
    "a view that is renamed": "ALTER VIEW t_b.v RENAME TO w",
    "a column that is renamed": "ALTER TABLE t_b.data RENAME x TO y",
    "a collation that is dropped": "DROP COLLATION t_b.c",
}


def save_while(db, metamodel, *changes):
    """Changes that are made after the snapshot, and before pg_dump begins to read."""
    holder = db.connect(autocommit=False)
    holder.cursor().execute("LOCK TABLE t_a.data")
    running = metamodel.start("save", "-j1", "--lock-wait", "0")
    wait_until_blocked(db)
    for change in changes:
        db.sql(change)
    holder.rollback()
    return running.wait()


@pytest.fixture
def two(db, model):
    for name in "t_a", "t_b":
        db.sql(f"CREATE SCHEMA {name}; SET search_path = {name}; CREATE TYPE m AS ENUM ('sad', 'ok'); CREATE TABLE data (x m, i int); "
               "INSERT INTO data VALUES ('sad', 1); CREATE FUNCTION f(x int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS "
               "TABLE data; CREATE OPERATOR @@@ (RIGHTARG = int, FUNCTION = f); CREATE COLLATION c (locale = 'C'); RESET search_path")
    model(schemas="^t_", **{"global": ""}, objects="all", applied="SELECT i::text FROM {schema}.data")


@pytest.mark.parametrize("change", CHANGES)
def test_a_tenant_with_something_that_was_changed_meanwhile_fails(two, db, metamodel, change):
    if "other arguments" in change:
        db.sql("DROP OPERATOR t_b.@@@ (NONE, int)")
    result = save_while(db, metamodel, CHANGES[change])
    assert result.returncode == 3 and "Failed: t_b" in result.stderr, result


def test_what_changes_nothing_that_a_dump_holds_fails_nobody(two, db, metamodel):
    result = save_while(
        db, metamodel, "GRANT EXECUTE ON FUNCTION t_b.f(int) TO pg_monitor; REVOKE ALL ON TYPE t_b.m FROM PUBLIC",
        "COMMENT ON FUNCTION t_b.f(int) IS 'x'; CREATE FUNCTION t_b.g() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE t_b.later "
        "AS (x int)", "ALTER TYPE t_b.m ADD VALUE 'new'", "CREATE OR REPLACE VIEW t_b.v AS SELECT x, i, 1 AS more FROM t_b.data",
        "ALTER TABLE t_b.data ADD z int; CREATE INDEX ON t_b.data (i); ANALYZE t_b.data", "BEGIN; DROP FUNCTION t_b.f(int) CASCADE; ROLLBACK")
    assert result.returncode == 0, result
    assert metamodel.run("verify").returncode == 0


def test_a_dump_of_public_is_what_pg_dump_writes(tenants, db, metamodel):
    tenants("django_tenants")
    metamodel.run("save", "public", "--model", "django-tenants")
    assert plain(metamodel.tree(), "public") == alone(db, "public")
    assert b"CREATE SCHEMA public;" in pg_dump(db, "--schema=public")
