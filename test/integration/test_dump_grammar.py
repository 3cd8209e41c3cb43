# SPDX-License-Identifier: PostgreSQL
"""Statements around the forms of a dump, as test/fuzz/grammar.py makes them: a few of them each time."""

import os
import sys
from pathlib import Path

import pytest
from support import ROOT, Server

sys.path.insert(0, str(ROOT / "test" / "fuzz"))
import grammar  # noqa: E402


@pytest.fixture(scope="module")
def judge():
    binary = Path(os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel"))
    judge = grammar.Judge(binary.parent / "test" / "dump_judge")
    yield judge
    judge.end()


@pytest.fixture(scope="module")
def world():
    server = Server("fsync=off")
    world = grammar.World(server)
    yield world
    world.connection.close()
    server.stop()


# What each changes, to see that it would be seen.
CHANGES = {
    "DELETE FROM victim.t;": "rows",
    "UPDATE alice.users SET id = 2;": "user rows",
    "SELECT victim.take();": "taken",
    "SELECT nextval('victim.s');": "sequence",
    "GRANT ALL ON ALL TABLES IN SCHEMA victim TO PUBLIC;": "relations",
    "ALTER TABLE victim.t ADD x integer;": "columns",
    "ALTER TABLE alice._t RENAME TO mine;": "others of alice",
    "CREATE TABLE alice._x () INHERITS (victim.t);": "parts",
    "CREATE TABLE alice._x () INHERITS (victim.t); INSERT INTO alice._x VALUES (7);": "more rows",
    "COMMENT ON TABLE victim.t IS 'x';": "comments",
    "ALTER ROLE mallory SUPERUSER;": "roles",
    "GRANT postgres TO mallory;": "members",
    "ALTER ROLE mallory SET role = postgres;": "settings",
    "CREATE FUNCTION alice.f() RETURNS int LANGUAGE sql AS 'SELECT 1';": "functions",
    "GRANT ALL ON SCHEMA alice TO PUBLIC;": "schemas",
    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;": "default rights",
    "SET session_replication_role = replica;": "replication role",
    "SET ROLE mallory;": "role",
    "CREATE TRIGGER x BEFORE DELETE ON victim.t EXECUTE FUNCTION victim.f();": "parts",
    "ALTER SEQUENCE alice._s OWNED BY victim.t.id;": None,
}


@pytest.mark.parametrize("statement", CHANGES)
def test_what_a_statement_changes_is_seen_and_it_does_not_pass(judge, world, statement):
    changed = world.run(statement)
    assert CHANGES[statement] is None or CHANGES[statement] in changed, changed
    assert not judge.passes(statement)


def test_each_form_passes_and_changes_nothing_else(judge, world):
    for text in grammar.lines(grammar.BASES):
        text += "\n1\t2\n\\." if text.startswith("COPY") else ""
        assert judge.passes(text) and world.run(text) == [], text


def test_what_was_found_once_does_not_pass(judge):
    for text in grammar.lines((ROOT / "test" / "fuzz" / "corpus" / "grammar" / "found.sql").read_text()):
        assert not judge.passes(text), text


def test_what_passes_changes_nothing_else(judge, world):
    counts = grammar.collections.Counter()
    generator = grammar.Generator(os.getpid(), [])
    for _ in range(3000):
        text = generator.statement()
        if judge.passes(text) and grammar.check(text, world.run(text), counts, set()):
            generator.keep(text)
    assert counts["FOUND"] == 0 and counts["understood"] > 50, counts
