# SPDX-License-Identifier: PostgreSQL
"""`metamodel upgrade --migrations` of other products: files of SQL for each tenant, which record their own steps."""

import re

import pytest
from support import quote, wait_for
from support_tenants import OWNER, model, tenants

FIXTURES = model, tenants

NAMES = "tenant_a", "tenant_b", "tenant_it's"  # the versions 3, 2 and 3

THREE = "ALTER TABLE customer ADD phone text;\nINSERT INTO schema_version VALUES (3);\n"
FOUR = "CREATE TABLE note (id int);\nINSERT INTO schema_version VALUES (4);\n"


class Files:
    """The tenants of plain_schemas.sql, and the folder "sql" of files for them."""

    def __init__(self, db, model, directory):
        self.db, self.model, self.folder = db, model, directory / "sql"
        self.folder.mkdir()
        self.by_number()

    def by_number(self, **keys):
        return self.model(**{"schemas": "^tenant_", "global": "public", "objects": "all", "versions": "number",
                             "applied": "SELECT v::text FROM {schema}.schema_version", "upgrade": "", **keys})

    def by_name(self, *applied, **keys):
        """The steps are names: those of each tenant are `applied` at first."""
        for name in NAMES:
            self.db.sql(f"CREATE TABLE {quote(name)}.steps (step text PRIMARY KEY);"
                        f"ALTER TABLE {quote(name)}.steps OWNER TO {OWNER}")
            for step in applied:
                self.db.sql(f"INSERT INTO {quote(name)}.steps VALUES ('{step}')")
        self.by_number(versions="set", applied="SELECT step FROM {schema}.steps -- all", **keys)

    def write(self, **files):
        for name, text in files.items():
            (self.folder / f"{name}.sql").write_text(text)

    def versions(self):
        return [self.db.query(f"SELECT max(v) FROM {quote(name)}.schema_version")[0][0] for name in NAMES]

    def steps(self, name):
        return [step for step, in self.db.query(f"SELECT step FROM {quote(name)}.steps ORDER BY step")]

    def has(self, name, table, column="id"):
        return bool(self.db.query(f"SELECT 1 FROM information_schema.columns WHERE table_schema = $${name}$$ AND "
                                  f"table_name = '{table}' AND column_name = '{column}'"))


@pytest.fixture
def files(db, tenants, model, tmp_path):
    tenants("plain_schemas")
    for name in NAMES:
        db.sql(f"ALTER SEQUENCE {quote(name)}.free_seq OWNER TO {OWNER}")
    return Files(db, model, tmp_path)


@pytest.fixture
def upgrade(metamodel):
    def run(*args, **kwargs):
        return metamodel.run("upgrade", "--migrations", "sql", "--json", *args, **kwargs)
    return run


def results(result):
    return {a["account"]: a["result"] for a in result.report["accounts"]}


def error(result, tenant):
    return next(a["error"] for a in result.report["accounts"] if a["account"] == tenant)


def one_name(step):
    return f"CREATE TABLE made (id int);\nINSERT INTO steps VALUES ('{step}');\n"


def test_each_tenant_gets_the_files_after_its_version(files, upgrade):
    files.write(**{"003_add_phone": THREE, "V4__notes": FOUR, "001-first": "SELECT 1;"})
    (files.folder / "README").write_text("no file of SQL")
    result = upgrade()
    assert files.versions() == [4, 4, 4]
    assert [(a["account"], a["result"], a["from"], a["to"]) for a in result.report["accounts"]] == [
        ("tenant_a", "upgraded", "3", "4"), ("tenant_b", "upgraded", "2", "4"), ("tenant_it's", "upgraded", "3", "4")]
    assert "Upgrading tenant tenant_b from 2 to 003...\nUpgrading tenant tenant_b from 003 to 4...\n" in result.stderr
    assert files.has("tenant_b", "customer", "phone") and not files.has("tenant_a", "customer", "phone")
    again = upgrade()
    assert set(results(again).values()) == {"current"} and "Tenant tenant_b is up to date.\n" in again.stderr


def test_a_tenant_that_fails_is_as_it_was_and_the_others_go_on(files, upgrade):
    files.write(**{"3": THREE, "4": "-- four\nCREATE TABLE note (id int);\n"
                                    "INSERT INTO schema_version\n SELECT 4 / (current_schema() <> 'tenant_b')::int;\n"})
    result = upgrade(expect=3)
    assert files.versions() == [4, 2, 4]
    assert not files.has("tenant_b", "customer", "phone") and not files.has("tenant_b", "note")
    assert error(result, "tenant_b").startswith("4.sql:3: ERROR:  division by zero")
    assert "hint: the tenant is as it was before\n" in result.stderr
    assert ("hint: the tenants that failed are as they were before; fix the cause and upgrade them again: metamodel upgrade "
            in result.stderr)
    assert result.stderr.endswith(" --migrations sql -- tenant_b\n")
    files.write(**{"4": "SELECT 1;\nCREATE TABLE x (y int, int);\n"})
    assert error(upgrade(expect=3), "tenant_b").startswith("4.sql:2: ERROR:  syntax error")


def test_a_file_that_does_not_record_its_version_is_rolled_back(files, upgrade):
    files.write(**{"003": "ALTER TABLE customer ADD phone text;\n", "004": FOUR})
    result = upgrade("tenant_b", expect=1)
    assert error(result, "tenant_b").startswith('003.sql: ERROR:  it does not record its version: afterwards "applied" returns 2')
    assert files.versions() == [3, 2, 3] and not files.has("tenant_b", "customer", "phone")
    files.write(**{"003": "DROP TABLE schema_version;\n"})
    assert 'afterwards "applied" returns nothing' in error(upgrade("tenant_b", expect=1), "tenant_b")
    files.write(**{"003": "INSERT INTO schema_version VALUES (30);\n"})
    assert 'afterwards "applied" returns 30' in error(upgrade("tenant_b", expect=1), "tenant_b")
    assert files.versions() == [3, 2, 3]


def test_with_a_set_each_missing_step_is_run_in_the_order_of_the_names(files, upgrade):
    files.by_name("V2__b", "V10__d", "from long ago")
    files.write(V2__b=one_name("wrong"), V3__c=one_name("V3__c"), V10__d=one_name("wrong"),
                V11__e="INSERT INTO steps SELECT 'V11__e' FROM made;\nINSERT INTO made VALUES (1);\n"
                       "INSERT INTO steps VALUES ('V11__e');\n")
    files.db.sql("INSERT INTO tenant_a.steps VALUES ('V3__c')")
    files.db.sql(f"SET ROLE {OWNER}; CREATE TABLE tenant_a.made (); RESET ROLE; ALTER TABLE tenant_a.made ADD id int")
    result = upgrade("-j1")
    assert files.steps("tenant_b") == ["V10__d", "V11__e", "V2__b", "V3__c", "from long ago"] == files.steps("tenant_a")
    assert "Upgrading tenant tenant_b by V3__c...\nUpgrading tenant tenant_b by V11__e...\n" in result.stderr
    assert "Upgrading tenant tenant_a by V3__c" not in result.stderr
    assert [(a["from"], a["to"]) for a in result.report["accounts"]] == [
        ("4 steps", "5 steps"), ("3 steps", "5 steps"), ("3 steps", "5 steps")]
    assert set(results(upgrade()).values()) == {"current"}


def test_with_a_set_a_number_is_a_name_too_if_no_other_file_has_it(files, upgrade):
    files.by_name("20240101", "2024_01_01_users", "2024_01_02_mails")
    files.write(**{"20240101_old": "SELECT 1/0;\n", "2024_01_01_users": "SELECT 1/0;\n", "2024_01_02_mails": "SELECT 1/0;\n",
                   "20240202_new": "INSERT INTO steps VALUES ('20240202');\n"})
    assert set(results(upgrade()).values()) == {"upgraded"}
    assert files.steps("tenant_a")[2:] == ["2024_01_02_mails", "20240202"] or "20240202" in files.steps("tenant_a")
    files.write(**{"2024_01_03_late": "INSERT INTO steps VALUES ('2024');\n"})
    assert error(upgrade(expect=1), "tenant_a").startswith(
        '2024_01_03_late.sql: ERROR:  it does not record its step: afterwards "applied" returns others only')


def test_a_step_that_must_be_committed_first(files, upgrade):
    files.by_name()
    for name in NAMES:
        files.db.sql(f"ALTER TYPE {quote(name)}.mood OWNER TO {OWNER}; ALTER DOMAIN {quote(name)}.email OWNER TO {OWNER}")
    files.write(a="-- metamodel: commit\nALTER TYPE mood ADD VALUE 'great';\nINSERT INTO steps VALUES ('a');\n",
                b="CREATE TABLE feeling AS SELECT 'great'::mood AS m;\nINSERT INTO steps VALUES ('b');\n",
                c="SELECT 1 / (current_schema() <> 'tenant_b')::int;\nINSERT INTO steps VALUES ('c');\n")
    result = upgrade(expect=3)
    assert files.steps("tenant_a") == ["a", "b", "c"] and files.steps("tenant_b") == ["a"]
    assert "Tenant tenant_a is committed at 1 step and continues.\n" in result.stderr
    assert error(result, "tenant_b").startswith("c.sql:1: ERROR:")
    assert "hint: the tenant is at 1 step, which an earlier step committed" in result.stderr
    assert next(a for a in result.report["accounts"] if a["account"] == "tenant_b")["to"] == "1 step"


def test_what_others_have_applied_meanwhile_is_not_repeated(files, upgrade, metamodel):
    files.by_name()
    files.write(a="INSERT INTO steps VALUES ('a');\n", b="INSERT INTO steps VALUES ('b');\n",
                c="LOCK TABLE public.country;\nINSERT INTO steps VALUES ('c');\n")
    files.db.sql("GRANT ALL ON public.country TO saas")
    with files.db.locked("public.country"):
        run = metamodel.start("upgrade", "--migrations", "sql", "-j1", "--json")
        wait_for(files.db.waiting)
        files.db.sql("INSERT INTO tenant_b.steps VALUES ('b'), ('c')")
    result = run.wait(60)
    assert result.returncode == 0
    assert files.steps("tenant_b") == ["a", "b", "c"]
    assert "[tenant_b upgrade] trying again: ERROR:  somebody else has applied steps meanwhile: 1,2\n" in result.stderr


def test_another_version_meanwhile(files, upgrade, metamodel):
    files.write(**{"3": THREE, "4": "LOCK TABLE public.country;\n" + FOUR})
    files.db.sql("GRANT ALL ON public.country TO saas")
    with files.db.locked("public.country"):
        run = metamodel.start("upgrade", "--migrations", "sql", "-j1", "--json")
        wait_for(files.db.waiting)
        files.db.sql("INSERT INTO tenant_b.schema_version VALUES (3)")
    result = run.wait(60)
    assert result.returncode == 0 and files.versions() == [4, 4, 4]
    assert "trying again: ERROR:  somebody else has changed its version meanwhile to 3\n" in result.stderr
    assert not files.has("tenant_b", "customer", "phone")


def test_unversioned_tenants_get_all_files(files, upgrade):
    files.db.sql("DROP TABLE tenant_b.schema_version")
    files.write(**{"1": "CREATE TABLE schema_version (v int);\nINSERT INTO schema_version VALUES (1);\n",
                   "3": "UPDATE schema_version SET v = 3;\n"})
    assert results(upgrade()) == {"tenant_a": "current", "tenant_b": "upgraded", "tenant_it's": "current"}
    assert files.versions() == [3, 3, 3]


def test_versions_that_are_newer_broken_or_large(files, upgrade):
    files.write(**{"2": "SELECT 1/0;\n"})
    result = upgrade(expect=3)
    assert error(result, "tenant_a") == "its version 3 is newer than 2, the newest known version"
    assert "hint: name a newer directory with --migrations\n" in result.stderr
    files.by_number(applied="SELECT CASE v WHEN 2 THEN 'x' ELSE v::text END FROM {schema}.schema_version WHERE v > 1")
    files.write(**{"3": THREE})
    assert error(upgrade(expect=3), "tenant_b") == "its version is 'x', which is not a number"
    files.by_number()
    for name in NAMES:
        files.db.sql(f"ALTER TABLE {quote(name)}.schema_version ALTER v TYPE bigint")
    files.write(**{"20240101120000_a": "INSERT INTO schema_version VALUES (20240101120000);\n",
                   "20240101120001_b": "INSERT INTO schema_version VALUES (20240101120001);\n"})
    assert set(results(upgrade()).values()) == {"upgraded"}
    assert files.versions() == [20240101120001] * 3


def test_to_show_and_dry_run(files, upgrade, metamodel):
    files.write(**{"003_phone": THREE, "4": FOUR})
    result = upgrade("-n", "-v")
    assert "tenant_b: version 2 -> 4, 2 steps\n    steps: 003, 4\n" in result.stderr
    assert results(result) == {name: "planned" for name in NAMES} and files.versions() == [3, 2, 3]
    result = upgrade("--to=3")
    assert files.versions() == [3, 3, 3]
    assert results(result) == {"tenant_a": "current", "tenant_b": "upgraded", "tenant_it's": "current"}
    assert metamodel.run("upgrade", "--migrations", "sql", "--show=3").stdout == f"-- 003_phone.sql\n{THREE}"
    assert "option --to: there is no version '5'" in upgrade("--to=5", expect=2).stderr
    files.by_name("003_phone")
    result = upgrade("-n", "-v", "tenant_b")
    assert "tenant_b: 1 step, 1 more\n    steps: 4\n" in result.stderr
    assert result.report["accounts"][0]["to"] == "2 steps"
    assert metamodel.run("upgrade", "--migrations", "sql", "--show=4").stdout == f"-- 4.sql\n{FOUR}"


def test_save_comes_first(files, upgrade, metamodel):
    files.write(**{"3": THREE, "4": "SELECT 1/0;\n"})
    result = upgrade("--save", "--fail-fast", "-j1", expect=1)
    assert "Saved " in result.stderr and (files.folder.parent / "metamodel" / "tenant_b.sql").exists()
    assert results(result) == {"tenant_a": "failed", "tenant_b": "unchanged", "tenant_it's": "unchanged"}
    assert "restore" not in result.stderr


def test_mistakes_are_found_before_anything_is_done(files, upgrade, metamodel):
    def refused(*args):
        return upgrade("--save", *args, expect=2).stderr

    assert "migrations in sql: no file whose name ends with .sql" in refused()
    files.write(**{"3": THREE, "V03__same": THREE})
    assert "migrations in sql: V03__same.sql: the same version as 3.sql" in refused()
    (files.folder / "V03__same.sql").unlink()
    files.write(schema="SELECT 1;\n")
    assert "migrations in sql: schema.sql: does not begin with a version, as 003_add_phone.sql does" in refused()
    (files.folder / "schema.sql").unlink()
    files.write(**{"4": "COMMIT;\n"})
    assert "migrations in sql: 4.sql: line 1: commit cannot be part of a migration" in refused()
    files.write(**{"4": "SET search_path = public;\n"})
    assert "4.sql: line 1: SET would outlive" in refused()
    assert "migrations in none: No such file" in metamodel.run("upgrade", "--migrations", "none", expect=2).stderr
    files.write(**{"4": FOUR})
    assert "option --all is for a command" in refused("--all")
    file = files.by_number(upgrade_global="true")
    assert f"{file}:8: upgrade_global: requires upgrade" in refused()
    files.by_number()
    assert "hint: see the key upgrade in metamodel-model(5), or give files of SQL with --migrations\n" in metamodel.run(
        "upgrade", expect=2).stderr
    files.by_number(applied="SELECT v::text FROM {schema}.nothing")
    assert not (files.folder.parent / "metamodel").exists()
    assert re.search(r":6: applied: .*\"tenant_it's.nothing\" does not exist\n.*It is the same in every schema", upgrade(expect=2).stderr)
    assert files.versions() == [3, 2, 3]


def test_a_role_that_may_not_is_told_who_may(files, upgrade):
    files.write(**{"3": "ALTER TYPE mood ADD VALUE 'great';\n"})
    result = upgrade(expect=3)
    assert error(result, "tenant_b").startswith("3.sql:1: ERROR:  must be owner of type mood")
    assert "hint: upgrade as the role that owns the tenant's objects (-U)\n" in result.stderr


def test_only_the_tenants_own_schema_is_meant(files, upgrade):
    files.write(**{"3": "ALTER TABLE country ADD x int;\nINSERT INTO schema_version VALUES (3);\n"})
    assert error(upgrade(expect=3), "tenant_b").startswith('3.sql:1: ERROR:  relation "country" does not exist')
    assert "public" not in results(upgrade(expect=3))
    assert error(upgrade("public", expect=1), "public") == "no file of SQL is for it"
    files.write(**{"3": "SET LOCAL search_path = public;\nSELECT count(*) FROM country;\n"
                        "INSERT INTO tenant_b.schema_version VALUES (3);\n", "4": FOUR})
    upgrade("tenant_b")
    assert files.has("tenant_b", "note")


def test_tenants_without_a_schema_and_unregistered_ones(files, upgrade):
    files.by_number(schemas="^none$")
    keys = {"tenants": "SELECT unnest(ARRAY['tenant_a', 'later'])", "global": "public", "objects": "all", "versions": "number",
            "applied": "SELECT v::text FROM {schema}.schema_version", "upgrade": ""}
    files.model(**keys)
    files.write(**{"3": THREE})
    result = upgrade()
    assert results(result) == {"tenant_a": "current"}
    assert "warning: tenant later has no schema and is passed over\n" in result.stderr
    assert error(upgrade("later", expect=1), "later") == "it has no schema"
    assert error(upgrade("nobody", expect=1), "nobody") == "Tenant nobody does not exist."
    result = upgrade("tenant_b")
    assert "warning: tenant tenant_b is not registered\n" in result.stderr
    assert results(result) == {"tenant_b": "upgraded"}


def test_names_of_all_kinds(files, upgrade):
    files.by_name()
    names = ["it's \"a\" step", "ü $upgrade$ :version"]
    for name in names:
        step = name.replace("'", "''")
        (files.folder / f"{name}.sql").write_text(f"INSERT INTO steps VALUES ($q${name}$q$);\n")
    upgrade()
    assert files.steps("tenant_it's") == sorted(names)


def test_a_superuser_does_not_run_what_others_have_made(files, upgrade, metamodel):
    files.write(**{"3": THREE})
    metamodel.env["PGUSER"] = "postgres"
    result = upgrade(expect=1)
    assert "--as-superuser" in result.stderr and files.versions() == [3, 2, 3]
    upgrade("--as-superuser")
    assert files.versions() == [3, 3, 3]
