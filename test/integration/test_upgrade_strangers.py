# SPDX-License-Identifier: PostgreSQL
"""An upgrade or a status that was pointed at a database of somebody else."""

import pytest

HINT = "name the database of an OpenResty server with "

STRANGERS = {
    "a schema": ("CREATE SCHEMA crm; CREATE TABLE crm.customers ()", "schema crm with relation customers"),
    "an empty schema": ("CREATE SCHEMA crm", "schema crm"),
    "a table in public": ("CREATE TABLE customers ()", "schema public with relation customers"),
    "a view in public": ("CREATE VIEW v AS SELECT 1", "schema public with relation v"),
    "a function in public": ("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                             "schema public with function f"),
    "a type in public": ("CREATE TYPE mood AS ENUM ('a')", "schema public with type mood"),
    "names of ours in public": ("CREATE TABLE _general (version text); INSERT INTO _general VALUES ('0.003')",
                                "schema public with relation _general"),
    "half an account": ("CREATE SCHEMA c; CREATE TABLE c._roles ()", "schema c with relation _roles"),
}


@pytest.mark.parametrize("case", STRANGERS)
def test_nothing_is_made_in_a_database_of_others(metamodel, db, case):
    statements, words = STRANGERS[case]
    db.sql(statements)
    for args in [], ["-n"], ["foo"]:
        result = metamodel.run("upgrade", *args, expect=1)
        assert f'database "{db.name}" has no table _global._accounts' in result.stderr
        assert f"detail: {words}\n" in result.stderr and HINT in result.stderr
        assert "WARNING" not in result.stderr
    assert db.query("SELECT FROM pg_namespace WHERE nspname = '_global'") == []


def test_an_empty_database_becomes_a_server(metamodel, db):
    metamodel.run("upgrade", "-n")
    assert db.query("SELECT FROM pg_namespace WHERE nspname = '_global'") == []
    metamodel.run("upgrade")
    assert db.query("SELECT version FROM _global._general") == [("0.009",)]


def test_what_an_extension_brought_is_nobodys(metamodel, db):
    db.sql("CREATE EXTENSION pg_stat_statements; CREATE SCHEMA e; CREATE EXTENSION pgcrypto SCHEMA e")
    metamodel.run("upgrade")
    assert db.query("SELECT version FROM _global._general") == [("0.009",)]


def test_what_the_hint_says_helps(metamodel, db):
    db.sql("CREATE TABLE customers ()")
    assert "CREATE SCHEMA _global, and upgrade again" in metamodel.run("upgrade", expect=1).stderr
    db.sql("CREATE SCHEMA _global")
    metamodel.run("upgrade")
    assert db.query("SELECT version FROM _global._general") == [("0.009",)]


def test_status_says_that_it_is_a_database_of_others(metamodel, db):
    db.sql("CREATE TABLE customers ()")
    for args in [], ["--check"], ["foo"], ["-q"]:
        result = metamodel.run("status", *args, expect=1)
        assert f'database "{db.name}" has no table _global._accounts' in result.stderr
        assert HINT in result.stderr and "STATE" not in result.stdout
