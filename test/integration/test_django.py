# SPDX-License-Identifier: PostgreSQL
"""The tenants of a real Django: test/django keeps a schema for each, and migrates it by a command."""

import subprocess
import sys

import pytest
from support import ROOT
from support_tenants import model
from support_whole import RESTRICT, alone, pg_dump

FIXTURES = model

NAMES = [f"shop_{i:02}" for i in range(50)]
BAD = "shop_17"  # two customers of it have the same mail

pytest.importorskip("django")


def manage(metamodel, *args):
    subprocess.run([sys.executable, ROOT / "test" / "django" / "manage.py", *args], check=True,
                   env={key: str(value) for key, value in metamodel.env.items() if value is not None})


@pytest.fixture
def shops(db, metamodel, model):
    """50 tenants at the first migration, in the table of tenants, with rows."""
    db.sql("CREATE TABLE public.tenant (schema_name text PRIMARY KEY)")
    db.sql(f"CREATE SCHEMA {NAMES[0]}")
    metamodel.env["PYTHONDONTWRITEBYTECODE"] = "1"
    manage(metamodel, "migrate_tenants", "--to=0001", "--verbosity=0", NAMES[0])
    # Django would take a long time for the others
    made = RESTRICT.sub(b"", pg_dump(db, f"--schema={NAMES[0]}", "--inserts")).decode()
    for name in NAMES:
        db.sql(f"INSERT INTO public.tenant VALUES ('{name}')")
        if name != NAMES[0]:
            db.sql(made.replace(NAMES[0], name))
            db.sql("RESET ALL")
        mail = "'same'" if name == BAD else "'mail' || i"
        db.sql(f"INSERT INTO {name}.shop_customer (name, mail) SELECT 'name', {mail} FROM generate_series(1, 2) i")
    model(**{"tenants": "SELECT schema_name FROM public.tenant", "global": "public", "objects": "all", "versions": "set",
             "applied": "SELECT app || '.' || name FROM {schema}.django_migrations",
             "upgrade": f"{sys.executable} {ROOT}/test/django/manage.py migrate_tenants {{tenant}}"})
    return db


def results(result):
    return {a["account"]: a["result"] for a in result.report["accounts"]}


def columns(db, name):
    return [column for column, in db.query(f"SELECT attname FROM pg_attribute WHERE attrelid = '{name}.shop_customer'::regclass "
                                           "AND attnum > 0 AND NOT attisdropped ORDER BY attnum")]


@pytest.mark.slow
def test_of_fifty_tenants_one_fails_half_way(shops, metamodel):
    # nobody knows the new release before one tenant has been through it
    first = metamodel.run("upgrade", "--json", NAMES[0])
    assert results(first) == {NAMES[0]: "upgraded"}
    result = metamodel.run("upgrade", "--save", "-j3", "--json", expect=3, timeout=300)
    assert {name for name, how in results(result).items() if how == "failed"} == {BAD}
    assert results(result)[NAMES[0]] == "current"
    assert list(results(result).values()).count("upgraded") == 48
    assert "Upgraded 48 tenants, 1 already current, 1 failed in " in result.stderr and f" Failed: {BAD}.\n" in result.stderr
    # it says what Django said, and that the tenant is not as it was, though it has no other step than before
    assert "django.db.utils.IntegrityError: could not create unique index" in result.stderr
    assert shops.query(f"SELECT name FROM {BAD}.django_migrations") == [("0001_initial",)]
    assert columns(shops, BAD) == ["id", "name", "mail", "phone"] == columns(shops, "shop_49")
    last = result.stderr.splitlines()[-1]
    assert "hint: or restore those that failed and were changed as they were saved at " in last and last.endswith(f" -- {BAD}")
    assert metamodel.run("status", "--check", expect=3).stdout.count("1 behind") == 1
    # once the cause is gone, the rest of the step can be done by hand, or the tenant is put back; and then it is run again
    shops.sql(f"DELETE FROM {BAD}.shop_customer WHERE id = 2; ALTER TABLE {BAD}.shop_customer DROP phone")
    assert results(metamodel.run("upgrade", "--json"))[BAD] == "upgraded"
    metamodel.run("status", "--check")


@pytest.mark.slow
def test_a_migration_in_one_transaction_leaves_nothing_behind(shops, metamodel):
    shops.sql(f"ALTER TABLE {BAD}.shop_customer ADD phone int")  # the first operation fails
    before = alone(shops, BAD)
    result = metamodel.run("upgrade", "--save", "--json", BAD, expect=1)
    assert results(result) == {BAD: "failed"} and "hint: or restore" not in result.stderr
    assert alone(shops, BAD) == before
