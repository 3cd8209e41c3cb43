# SPDX-License-Identifier: PostgreSQL
"""What `metamodel restore` says to do about a dump that does not load."""

import uuid

import pytest
from support import errors_of, server_major
from support_restore import in_schema
from support_save import add_small

MODELS = "CREATE TABLE _models (id int, name text); INSERT INTO _models VALUES (1, 'one')"

# Where a function must find its way: 17 and later make an index with a search_path of their own.
USE = "CREATE INDEX ON _models ({})" if server_major() < 17 else "ALTER TABLE _models ADD CHECK ({} IS NOT NULL)"

# Before the save, what is gone at the restore, and what is said.
CASES = {
    "a function that names another without its schema": (
        "CREATE FUNCTION norm(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT lower($1)'; "
        "CREATE FUNCTION key(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS "
        "'BEGIN RETURN norm($1); END'; " + USE.format("key(name)"),
        "", "norm(text) is named without its schema in the function a.key(text), and dumps are "
        "loaded with an empty search_path"),
    "a function that reads a table without its schema": (
        "CREATE TABLE t AS SELECT 1 AS n; CREATE FUNCTION f(text) RETURNS int IMMUTABLE LANGUAGE "
        "plpgsql AS 'BEGIN RETURN (SELECT n FROM t); END'; " + USE.format("f(name)"),
        "", '"t" is named without its schema in the function a.f(text)'),
    "a function that is gone": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER TABLE _models ALTER id "
        "SET DEFAULT f()", "ALTER TABLE _models ALTER id DROP DEFAULT; DROP FUNCTION f(); "
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "no save holds it: provide it first"),
    "a type that is gone": (
        "CREATE TYPE e AS ENUM ('x'); ALTER TABLE _models ADD e e",
        "ALTER TABLE _models DROP e; DROP TYPE e", "no save holds it: provide it first"),
    "a table that is gone": (
        "CREATE TABLE t (n int PRIMARY KEY); ALTER TABLE _models ADD t int REFERENCES t",
        "ALTER TABLE _models DROP t; DROP TABLE t", "no save holds it: provide it first"),
    "rows that are gone": (
        "CREATE TABLE t (n int PRIMARY KEY); INSERT INTO t VALUES (1); ALTER TABLE _models ADD t "
        "int DEFAULT 1 REFERENCES t", "ALTER TABLE _models DROP t; DELETE FROM t",
        "its rows refer to rows that do not exist"),
}


@pytest.mark.parametrize("what", CASES)
def test_the_hint_says_what_to_do(db, metamodel, what):
    before, after, words = CASES[what]
    db.add_global()
    add_small(db, "a", sql=MODELS)
    db.sql(in_schema("a", before))
    metamodel.run("save", "-q")
    if after:
        db.sql(in_schema("a", after))
    error = errors_of(metamodel.run("restore", "a", expect=1), "a")
    assert words in error
    assert "hint: the account is as it was before; " in error or error.startswith("[a plan] ")


def test_what_the_hint_about_the_search_path_says_helps(db, metamodel):
    before, _, _ = CASES["a function that names another without its schema"]
    db.add_global()
    add_small(db, "a", sql=MODELS)
    db.sql(in_schema("a", before))
    metamodel.run("save", "-q")
    db.sql("ALTER FUNCTION a.key(text) SET search_path = a")
    metamodel.run("restore", "a")


def test_a_role_that_is_gone_is_to_be_made_first(db, metamodel):
    role = f"gone_{uuid.uuid4().hex[:12]}"
    db.sql(f"CREATE ROLE {role}")
    db.add_global()
    add_small(db, "a", sql=MODELS)
    db.sql(f"GRANT SELECT ON a._models TO {role}")
    metamodel.run("save", "-q")
    db.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
    error = errors_of(metamodel.run("restore", "a", check=False), "a")
    assert f'names roles that this server does not have: "{role}"' in error
    assert f'create each such role first (CREATE ROLE "{role}")' in error
