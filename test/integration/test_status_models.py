# SPDX-License-Identifier: PostgreSQL
"""`metamodel status` of other products: a [model] lists the tenants, and tells which steps each lacks."""

import json
import re

import pytest
from support_tenants import OWNER, builtin, model, tenants
from support_whole import load

FIXTURES = model, tenants


def status(metamodel, *args, **run):
    """{tenant: (version, state, steps it lacks)}, and the schemas that are not registered."""
    report = json.loads(metamodel.run("status", "--json", *args, **run).stdout)
    return ({a["account"]: (a["version"], a["state"], a["behind"]) for a in report["accounts"]},
            [u["account"] for u in report["unregistered"]])


def current(version):
    return (version, "current", [])


SHARED = (None, "shared", [])


def test_django_tenants(tenants, metamodel):
    tenants("django_tenants")
    assert status(metamodel, "--model", "django-tenants") == ({
        "public": SHARED, "Big Co": current("22 steps"), "tenant_001": current("22 steps"),
        "tenant_005": ("21 steps", "1 behind", ["shop.0003_coupon"])}, [])


def test_apartment(tenants, metamodel):
    tenants("apartment")
    behind = ("20200101000001", "1 behind", ["20200101000002"])
    assert status(metamodel, "--model", "apartment") == ({
        "public": SHARED, "acme": current("2 steps"), "globex": behind, "hooli": behind, "initech": behind,
        "umbrella": behind}, [])


def test_laravel_tenancy(tenants, metamodel):
    tenants("laravel_tenancy")
    assert status(metamodel, "--model", "laravel-tenancy") == ({
        "public": SHARED, "tenantbar": ("2019_08_08_000001_create_posts_table", "1 behind", ["2020_01_01_000000_add_body"]),
        "tenantc1f0a0de-0000-4000-8000-000000000001": current("2 steps"), "tenantfoo": current("2 steps")}, [])


def test_flyway(tenants, metamodel):
    tenants("flyway")
    assert status(metamodel, "--model", "flyway") == ({
        "cust_alpha": current("2 steps"), "cust_beta": ("1", "1 behind", ["1.1"]),
        "cust_gamma": current("2 steps")}, [])


def test_alembic(tenants, metamodel):
    tenants("alembic")
    head = "1975ea83b712"
    assert status(metamodel, "--model", "alembic") == ({
        "org_1": current(head), "org_2": ("ae1027a6acf", "1 behind", [head]), "org_3": current(head)}, [])


def test_plain(tenants, metamodel):
    tenants("plain_schemas")
    assert status(metamodel, "--model", "plain") == ({
        "public": SHARED, "tenant_a": current("3"), "tenant_b": ("2", "1 behind", ["3"]), "tenant_it's": current("3")}, [])


def test_openresty_is_what_it_is_without_a_model(db, metamodel):
    db.add_accounts("foo")
    bare = metamodel.run("status").stdout
    assert metamodel.run("status", "--model", "openresty").stdout == bare
    assert metamodel.run("status", "-c", builtin("openresty")).stdout == bare


def test_words_and_table(tenants, metamodel):
    tenants("django_tenants")
    result = metamodel.run("status", "-v", "--model", "django-tenants")
    assert result.stdout.splitlines()[0].split() == ["TENANT", "NODE", "VERSION", "STATE", "SAVED", "BYTES"]
    assert re.search(r"^tenant_005 .* 21 steps +1 behind ", result.stdout, re.M)
    assert result.stdout.endswith("\ntenant_005: lacks shop.0003_coupon\n")
    assert result.stderr.endswith("\n3 tenants, 2 of them current.\n")
    assert "lacks" not in metamodel.run("status", "--model", "django-tenants").stdout
    assert "account" not in result.stdout + result.stderr
    metamodel.run("status", "--check", "--model", "django-tenants", expect=3)
    refused = metamodel.run("status", "--model", "django-tenants", "nobody", expect=1)
    assert "Tenant nobody does not exist." in refused.stderr


def test_named_tenants_are_compared_with_all(tenants, metamodel):
    tenants("django_tenants")
    assert status(metamodel, "--model", "django-tenants", "tenant_005") == (
        {"tenant_005": ("21 steps", "1 behind", ["shop.0003_coupon"])}, [])
    assert status(metamodel, "--model", "django-tenants", "Big Co") == ({"Big Co": current("22 steps")}, [])


def test_missing_and_unregistered(db, tenants, metamodel):
    tenants("django_tenants")
    db.sql("""INSERT INTO public.customers_client (id, schema_name, name, on_trial, created_on)
              VALUES (9, 'gone', 'Gone', false, now());
              DELETE FROM public.customers_domain; DELETE FROM public.customers_client WHERE schema_name = 'Big Co';
              CREATE SCHEMA other; CREATE TABLE other.django_migrations (x int)""")
    db.sql(f"ALTER SCHEMA other OWNER TO {OWNER}; ALTER TABLE other.django_migrations OWNER TO {OWNER}")
    found, unregistered = status(metamodel, "--model", "django-tenants")
    assert list(found) == ["public", "gone", "tenant_001", "tenant_005"]
    assert found["gone"] == (None, "missing", [])
    assert unregistered == ["Big Co"]  # and not `other`, which has no steps
    assert "\nBig Co: has steps as tenants have, but is not registered as one\n" in metamodel.run(
        "status", "--model", "django-tenants").stdout


def test_a_model_overrides_the_built_in_one_key_by_key(tenants, metamodel, model):
    tenants("django_tenants")
    model(tenants="SELECT name FROM public.customers_client WHERE false", **{"global": ""})
    assert status(metamodel, "--model", "django-tenants")[0] == {}
    model(schemas="^tenant_", reference="tenant_005")
    assert status(metamodel, "--model", "django-tenants")[0] == {
        "public": SHARED, "tenant_001": ("22 steps", "newer", []), "tenant_005": current("21 steps")}


def test_other_commands_refuse_a_model(metamodel):
    result = metamodel.run("restore", "--model", "plain", expect=2)
    assert result.stderr == (
        "metamodel: error: metamodel restore works only on accounts of OpenResty so far, not on tenants of other products\n")


# --- What is wrong with a model is said with key, file and line


def refuse(metamodel, model, said, expect=2, applied="SELECT app FROM {schema}.django_migrations", **keys):
    file = model(**{"tenants": "SELECT 'tenant_001'", "applied": applied, "versions": "set", **keys})
    result = metamodel.run("status", expect=expect)
    assert said.replace("FILE", str(file)) in result.stderr, result.stderr
    assert result.stdout == ""


def test_wrong_keys(metamodel, model):
    refuse(metamodel, model, "FILE:5: unknown key 'tenant' in [model]\nmetamodel: hint: Did you mean 'tenants'?", tenant="x")
    refuse(metamodel, model, "FILE:4: versions: 'sets' is neither number nor set", versions="sets")
    refuse(metamodel, model, "FILE:5: objects: 'some' is neither all nor prefix:PREFIX", objects="some")
    refuse(metamodel, model, "FILE:2: tenants: '' is empty", tenants="")
    refuse(metamodel, model, "FILE:5: schemas: cannot be used together with tenants", schemas="x")
    refuse(metamodel, model, "FILE:5: exclude: requires schemas", exclude="x")
    refuse(metamodel, model, "FILE:3: applied: does not contain {schema}", applied="SELECT 1")
    refuse(metamodel, model, "--model: 'nobody' is not a built-in model".replace("--model", "FILE:7: model"),
           reference="newest\n[metamodel]\nmodel = nobody")


def test_wrong_queries_for_tenants(tenants, metamodel, model):
    tenants("django_tenants")
    for query, said in [
            ("SELECT nonsense", 'ERROR:  column "nonsense" does not exist'),
            ("SELECT 'a', 'b'", "it must have one column"),
            ("SELECT 1", "it must have one column, of type text"),
            ("SELECT", "it must have one column"),
            ("DELETE FROM public.customers_client RETURNING name", "ERROR:  syntax error"),
            ("SELECT 'a'; SELECT 'b'", "ERROR:  syntax error"),
            ("SELECT nextval('public.customers_client_id_seq')::text",
             "ERROR:  cannot execute nextval() in a read-only transaction"),
            ("SELECT (1/(count(*)-count(*)))::text FROM public.customers_client", "ERROR:  division by zero"),
            ("SELECT NULL::text", "row 1 is NULL"),
            ("SELECT ''", "row 1 is empty"),
            ("SELECT unnest(ARRAY['tenant_001', 'pg_toast'])", "row 2 is 'pg_toast', a schema of the server's own"),
            ("SELECT 'information_schema'", "row 1 is 'information_schema', a schema"),
            ("SELECT unnest(ARRAY['tenant_001', 'x', 'tenant_001'])", "row 3 is 'tenant_001', as is row 1"),
            ("SELECT repeat('x', 2000)", "row 1 is too long for a name"),
            ("SELECT 'x' || n FROM generate_series(1, 100001) n", "row 100001 is one too many"),
    ]:
        refuse(metamodel, model, f"FILE:2: tenants: {said}", tenants=query)


@pytest.mark.slow
def test_a_query_that_sleeps_is_ended(tenants, metamodel, model):
    tenants("django_tenants")
    refuse(metamodel, model, "FILE:2: tenants: ERROR:  canceling statement due to statement timeout",
           tenants="SELECT 'a' FROM pg_sleep(1000)")


def test_an_error_in_a_query_of_several_lines_has_the_line(tenants, metamodel, model):
    tenants("django_tenants")
    refuse(metamodel, model, "FILE:5: tenants: ERROR:  ", tenants="\n  SELECT schema_name\n  ; which\n  FROM nowhere\n  WHERE true;")
    refuse(metamodel, model, "FILE:4: applied: ERROR:  syntax error", applied="SELECT app\n  FRM {schema}.django_migrations")


def test_wrong_regular_expressions(tenants, metamodel, model):
    tenants("django_tenants")
    file = model(schemas="(x", applied="SELECT 1 FROM {schema}.x")
    assert f"{file}:2: schemas: ERROR:  invalid regular expression" in metamodel.run("status", expect=2).stderr
    file = model(schemas="x", exclude="[", applied="SELECT 1 FROM {schema}.x")
    assert f"{file}:3: exclude: ERROR:  invalid regular expression" in metamodel.run("status", expect=2).stderr


def test_wrong_queries_for_steps(tenants, metamodel, model):
    tenants("django_tenants")
    refuse(metamodel, model, "FILE:3: applied: it has 2 columns instead of one",
           applied="SELECT app, name FROM {schema}.django_migrations")
    refuse(metamodel, model, 'FILE:3: applied: ERROR:  relation "tenant_001.nowhere" does not exist',
           applied="SELECT app FROM {schema}.nowhere")
    refuse(metamodel, model, "FILE:5: reference: schema nobody has no steps to compare with", reference="nobody")


def test_steps_that_cannot_be_read_are_one_tenants_problem(db, tenants, metamodel, model):
    tenants("plain_schemas")
    db.sql("""DROP TABLE tenant_a.schema_version; DELETE FROM "tenant_it's".schema_version;
              INSERT INTO tenant_b.schema_version SELECT generate_series(1000, 20000);
              CREATE SCHEMA tenant_null; CREATE TABLE tenant_null.schema_version AS SELECT NULL::int AS v;
              CREATE SCHEMA tenant_long; CREATE TABLE tenant_long.schema_version AS SELECT repeat('x', 300) AS v;
              CREATE SCHEMA tenant_huge; CREATE TABLE tenant_huge.schema_version AS SELECT repeat('x', 3000000) AS v;
              CREATE SCHEMA tenant_word; CREATE TABLE tenant_word.schema_version AS SELECT 'word' AS v;
              CREATE SCHEMA tenant_good; CREATE TABLE tenant_good.schema_version AS SELECT unnest(ARRAY['1', '1.0', '2']) AS v;
              CREATE SCHEMA tenant_mine; CREATE TABLE tenant_mine.schema_version AS SELECT 1 AS v""")
    for schema in "null", "long", "huge", "word", "good":
        db.sql(f"ALTER SCHEMA tenant_{schema} OWNER TO {OWNER}; ALTER TABLE tenant_{schema}.schema_version OWNER TO {OWNER}")
    model(**{"schemas": "^tenant_", "global": "", "applied": "SELECT v::text FROM {schema}.schema_version"})
    report = json.loads(metamodel.run("status", "--json").stdout)
    assert {a["account"]: (a["state"], a["problem"]) for a in report["accounts"]} == {
        "tenant_a": ("unversioned", 'ERROR:  relation "tenant_a.schema_version" does not exist'),
        "tenant_b": ("broken", "its steps are more than 10000 rows"),
        "tenant_it's": ("unversioned", None), "tenant_null": ("broken", "one of its steps is NULL"),
        "tenant_long": ("broken", "one of its steps has more than 200 bytes"),
        "tenant_huge": ("broken", "one of its steps has more than 200 bytes"),
        "tenant_word": ("broken", "its version is 'word', which is not a number"), "tenant_good": ("current", None),
        "tenant_mine": ("broken", "ERROR:  permission denied for schema tenant_mine")}


@pytest.mark.slow
def test_what_tenants_put_in_the_place_of_their_steps(db, tenants, metamodel, model):
    tenants("plain_schemas")
    things = {
        "slow": "VIEW %s AS SELECT 1 AS v FROM pg_sleep(100)",
        "flood": "VIEW %s AS SELECT generate_series(1, 1000000000) AS v",
        "wide": "VIEW %s AS SELECT repeat('x', 900000) || n AS v FROM generate_series(1, 100000) n",
        "write": "VIEW %s AS SELECT nextval('public.audit_id_seq') AS v",
        "fail": "VIEW %s AS SELECT 1 / (SELECT count(*) - count(*) FROM pg_catalog.pg_class) AS v",
        "policy": "TABLE %s (v int)",
        "locked": "TABLE %s (v int)",
        "line": "VIEW %s AS SELECT E'1\\n2' AS v",
    }
    for name, text in things.items():
        db.sql(f"CREATE SCHEMA odd_{name}; CREATE {text % f'odd_{name}.schema_version'}")
    db.sql("""ALTER TABLE odd_policy.schema_version ENABLE ROW LEVEL SECURITY;
              CREATE POLICY p ON odd_policy.schema_version USING (pg_sleep(100) IS NULL);
              GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO saas""")
    db.sql("".join(f"GRANT USAGE ON SCHEMA odd_{n} TO saas; GRANT SELECT ON odd_{n}.schema_version TO saas;" for n in things))
    model(schemas="^(odd_|tenant_)", applied="SELECT v::text FROM {schema}.schema_version", versions="set",
          **{"global": "", "reference": "tenant_a"})
    other = db.connect(autocommit=False)
    other.cursor().execute("LOCK TABLE odd_locked.schema_version IN ACCESS EXCLUSIVE MODE")
    report = json.loads(metamodel.run("status", "--json", "--lock-wait", "1", timeout=120).stdout)
    other.rollback()
    found = {a["account"]: (a["state"], (a["problem"] or "").split("\n")[0]) for a in report["accounts"]}
    assert found["tenant_a"] == ("current", "") and found["tenant_b"] == ("1 behind", "")
    timeout = ("broken", "ERROR:  canceling statement due to statement timeout")
    assert found["odd_slow"] == timeout
    # on a machine that is busy these are slow, too
    assert found["odd_flood"] in [("broken", "its steps are more than 10000 rows"), timeout]
    assert found["odd_wide"] in [("broken", "one of its steps has more than 200 bytes"), timeout]
    assert found["odd_write"] == ("broken", "ERROR:  cannot execute nextval() in a read-only transaction")
    assert found["odd_fail"] == ("broken", "ERROR:  division by zero")
    assert found["odd_policy"][0] == "broken" and "row-level security" in found["odd_policy"][1]
    assert found["odd_locked"] == ("broken", "ERROR:  canceling statement due to lock timeout")
    assert found["odd_line"] == ("3 behind", "")


def test_a_tenant_changes_no_setting_for_the_others(db, tenants, metamodel, model):
    tenants("plain_schemas")
    db.sql("""CREATE SCHEMA tenant_0;
              CREATE FUNCTION tenant_0.lower(text) RETURNS text LANGUAGE sql AS 'SELECT ''stolen''::text';
              CREATE VIEW tenant_0.schema_version AS SELECT 3 AS v
                  WHERE set_config('search_path', 'tenant_0, pg_catalog', true) <> '';
              GRANT USAGE ON SCHEMA tenant_0 TO saas; GRANT SELECT ON tenant_0.schema_version TO saas""")
    model(**{"schemas": "^tenant_[0ab]", "applied": "SELECT lower(v::text) FROM {schema}.schema_version", "global": ""})
    assert status(metamodel)[0] == {
        "tenant_0": current("3"), "tenant_a": current("3"), "tenant_b": ("2", "1 behind", ["3"])}


# --- What tenants own is not run as a superuser


def test_a_superuser_refuses_to_run_what_others_own(tenants, metamodel):
    tenants("django_tenants")
    refused = metamodel.run("status", "--model", "django-tenants", env={"PGUSER": "postgres"}, expect=1)
    assert "tenants: schema " in refused.stderr and f" belongs to role {OWNER}" in refused.stderr
    assert "with the privileges of superuser postgres" in refused.stderr and "--as-superuser" in refused.stderr
    metamodel.run("status", "--model", "django-tenants", "--as-superuser", env={"PGUSER": "postgres"})


def test_a_superuser_reads_what_superusers_own(db, metamodel):
    load(db, "flyway")
    assert status(metamodel, "--model", "flyway")[0]["cust_alpha"] == current("2 steps")
