# SPDX-License-Identifier: PostgreSQL
"""Whole schemas out of one archive are, each, what pg_dump --schema of it writes."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from support import ROOT, literal, quote, read_sql, server_major
from support_save import RESTRICT
from support_whole import MODELS, alone, load, pg_dump, schemas

TOOL = Path(os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")).parent / "test" / "whole_tool"


def split(db, directory, names):
    """What became of each schema: "aside", ..., or its file's bytes."""
    keywords = [row[0] for row in db.query("SELECT word FROM pg_get_keywords() WHERE catcode <> 'U' ORDER BY word")]
    archive = pg_dump(db, "--format=custom", "--compress=0", *(f"--schema={quote(name)}" for name in names))
    directory.mkdir()
    run = subprocess.run([TOOL, "split", ",".join(keywords), *names], cwd=directory, input=archive, check=False, stdout=subprocess.PIPE)
    assert run.returncode == 0, run.stdout
    said = run.stdout.decode().split()
    return {name: RESTRICT.sub(b"", (directory / f"{number}.sql").read_bytes()) if outcome == "written" else outcome
            for number, (name, outcome) in enumerate(zip(names, said, strict=True))}


def check(schema, directory, *dumps):
    """What the scanner says of each."""
    directory.mkdir()
    for number, dump in enumerate(dumps):
        (directory / str(number)).write_bytes(dump)
    return subprocess.run([TOOL, "check", schema], cwd=directory, check=True, capture_output=True, text=True,
                          input="".join(f"{number}\n" for number in range(len(dumps)))).stdout.splitlines()


def facts(db, schema):
    """What is in a schema, as the scanner would say it."""
    tables = db.query("SELECT oid::regclass::text, relkind FROM pg_class WHERE relkind IN ('r', 'p', 'f') AND "
                      f"relnamespace = {literal(quote(schema))}::regnamespace")
    rows = sum(db.query(f"SELECT count(*) FROM ONLY {name}")[0][0] for name, kind in tables if kind == "r")
    return f"{len(tables)} tables, {rows} rows"


@pytest.fixture
def saas(db):
    """The roles of the databases in test/sql/tenants."""
    db.sql("CREATE ROLE saas; CREATE ROLE reader")
    yield
    for role in "reader", "saas":
        db.sql(f"DROP OWNED BY {role} CASCADE")
        db.sql(f"DROP ROLE {role}")


@pytest.mark.parametrize("model", MODELS)
def test_each_tenant_of_a_framework_is_split_as_pg_dump_writes_it(saas, db, tmp_path, model):
    load(db, model)
    names = schemas(db, MODELS[model])
    parts = split(db, tmp_path / "parts", names)
    assert len(names) >= 3 and parts == {name: alone(db, name) for name in names}
    for number, name in enumerate(names):
        assert check(name, tmp_path / str(number), parts[name]) == [facts(db, name)]


@pytest.fixture
def owner(roles):
    return roles("whole; owner's")


def test_all_kinds_of_objects_are_split_as_pg_dump_writes_them(db, owner, tmp_path):
    names = sorted(["everything", 'Every "thing"; Schema: x', "select", "ünder_"], key=str.encode)
    for name in names:
        db.sql(read_sql("whole", schema=name, owner=owner))
    parts = split(db, tmp_path / "parts", names)
    assert parts == {name: alone(db, name) for name in names}
    for number, name in enumerate(names):
        assert check(name, tmp_path / str(number), parts[name]) == [facts(db, name)]


def test_a_dump_that_is_cut_or_of_another_schema_is_refused(db, owner, tmp_path):
    for name in "here", "there":
        db.sql(read_sql("whole", schema=name, owner=owner))
    dump, other = alone(db, "here"), alone(db, "there")
    assert re.fullmatch(r"line \d+: here.here: not part of this account's schema", check("there", tmp_path / "other", dump)[0])
    lines = dump.split(b"\n")
    cuts = [b"\n".join(lines[:at]) for at in range(len(lines) - 4)] + [dump[:at] for at in range(0, len(dump) - 9, 61)]
    said = check("here", tmp_path / "cut", *cuts)
    assert len(said) == len(cuts) and not [line for line in said if re.match(r"\d+ tables", line)]
    # statements of the other one
    statements = [each for each in re.split(rb"\n(?=-- Name: )", other) if each.startswith(b"-- Name")]
    end = dump.index(b"--\n-- PostgreSQL database dump complete")
    said = check("here", tmp_path / "more", *(dump[:end] + b"--\n" + each + b"\n" + dump[end:] for each in statements))
    accepted = [each for each, line in zip(statements, said, strict=True) if re.match(r"\d+ tables", line)]
    assert len(statements) > 140 and accepted == []


# Schemas a, b and c that have to do with each other, and which of them are then for a pg_dump of their own.
TIES = {
    "functions, operators and triggers of others": ("CREATE FUNCTION a.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        "CREATE VIEW b.v AS SELECT a.f(1); CREATE FUNCTION c.g() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
        "CREATE OPERATOR b.@@@ (RIGHTARG = int, FUNCTION = a.f); CREATE INDEX ON c.t (a.f(x))", ""),
    "a default, a check and a domain with others' functions": ("CREATE FUNCTION a.f(int) RETURNS bool LANGUAGE sql AS "
        "'SELECT true'; CREATE TABLE b.u (x bool DEFAULT a.f(1)); CREATE DOMAIN c.d AS int CHECK (a.f(VALUE))", "a"),
    "others' types": ("CREATE TYPE a.m AS ENUM ('x'); CREATE TABLE b.u (x a.m); CREATE FUNCTION c.f(a.m) RETURNS int "
        "LANGUAGE sql AS 'SELECT 1'", "a"),
    "a range over others' functions": ("CREATE FUNCTION a.d(float8, float8) RETURNS float8 IMMUTABLE LANGUAGE sql AS "
        "'SELECT $1'; CREATE TYPE b.r AS RANGE (subtype = float8, subtype_diff = a.d)", "a"),
    "foreign keys": ("ALTER TABLE a.t ADD PRIMARY KEY (x); ALTER TABLE b.t ADD FOREIGN KEY (x) REFERENCES a.t", ""),
    "statistics of others' tables": ("CREATE STATISTICS b.s ON x, y FROM a.t", "b"),
    "others' rights by default": ("ALTER DEFAULT PRIVILEGES IN SCHEMA a GRANT SELECT ON TABLES TO PUBLIC; "
        "GRANT USAGE ON SCHEMA b TO PUBLIC; COMMENT ON SCHEMA c IS 'a'", ""),
    "text search of others": ("CREATE TEXT SEARCH DICTIONARY a.d (TEMPLATE = simple); CREATE TEXT SEARCH CONFIGURATION b.c "
        "(COPY = simple); ALTER TEXT SEARCH CONFIGURATION b.c ALTER MAPPING FOR word WITH a.d; CREATE TABLE c.u (x tsvector "
        "GENERATED ALWAYS AS (to_tsvector('b.c', 'x')) STORED)", "ab"),
    "an operator class of others' family": ("CREATE OPERATOR FAMILY a.f USING hash; CREATE OPERATOR CLASS b.c FOR TYPE "
        "int USING hash FAMILY a.f AS OPERATOR 1 =, FUNCTION 1 hashint4(int); CREATE INDEX ON c.t USING hash (x b.c)", ""),
    "a table of others' rows and a partition": ("CREATE TABLE b.u OF a.row; CREATE TABLE a.p (x int) PARTITION BY LIST (x); "
        "CREATE TABLE c.p PARTITION OF a.p DEFAULT", "a"),
    "a body that groups by others' key": ("ALTER TABLE a.t ADD PRIMARY KEY (x); CREATE FUNCTION b.f() RETURNS int LANGUAGE "
        "sql BEGIN ATOMIC SELECT y FROM a.t GROUP BY x; END; CREATE VIEW c.v AS SELECT b.f()", "ab"),
}
if server_major() < 14:
    TIES.pop("a body that groups by others' key")


@pytest.mark.parametrize("tie", TIES)
def test_schemas_that_depend_on_each_other_are_split_as_pg_dump_writes_them(db, tmp_path, tie):
    sql, aside = TIES[tie]
    for name in "abc":
        db.sql(f"CREATE SCHEMA {name}; CREATE TABLE {name}.t (x int, y int); CREATE TYPE {name}.row AS (x int)")
    db.sql(sql)
    parts = split(db, tmp_path / "parts", list("abc"))
    while again := [name for name, part in parts.items() if part == "again"]:
        parts.update(split(db, tmp_path / f"again{len(again)}", again))
    assert "".join(name for name, part in parts.items() if part == "aside") == aside
    for name in "abc":
        assert name in aside or parts[name] == alone(db, name), name
