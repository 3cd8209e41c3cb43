# SPDX-License-Identifier: PostgreSQL
"""The scanner in a dump of a whole schema: what it accepts changes nothing outside, as grammar_whole.py tries it; and
a dump that is cut, or has a statement of another, is none."""

import os
import re
import sys
from pathlib import Path

import pytest
from support import ROOT, Server, read_sql, server_major
from support_whole import alone

sys.path.insert(0, str(ROOT / "test" / "fuzz"))
import grammar  # noqa: E402
import grammar_whole  # noqa: E402


@pytest.fixture(scope="module")
def judge():
    binary = Path(os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel"))
    judge = grammar.Judge(binary.parent / "test" / "dump_judge", "whole")
    yield judge
    judge.end()


@pytest.fixture(scope="module")
def world():
    server = Server("fsync=off")
    world = grammar.World(server, grammar_whole.WORLD, grammar_whole.PICTURE)
    yield world
    world.connection.close()
    server.stop()


# What each changes, to see that it would be seen.
CHANGES = {
    "DELETE FROM victim.t;": "rows",
    "SELECT nextval('victim.s');": "sequence",
    "CREATE SCHEMA other;": "schemas",
    "GRANT ALL ON ALL TABLES IN SCHEMA victim TO PUBLIC;": "relations",
    "ALTER TABLE victim.t ADD x integer;": "columns",
    "CREATE TRIGGER x BEFORE DELETE ON victim.t EXECUTE FUNCTION victim.f();": "parts",
    "ALTER FUNCTION victim.take() OWNER TO bob;": "functions",
    "ALTER FUNCTION alice.fn(integer) SET SCHEMA victim;": "functions",
    "CREATE FUNCTION alice.f() RETURNS integer LANGUAGE internal AS 'pg_backend_pid';": "own code",
    "CREATE TYPE alice.r AS RANGE (subtype = integer, multirange_type_name = victim.m);": "types",
    "CREATE OPERATOR alice.=== (FUNCTION = int4eq, LEFTARG = integer, RIGHTARG = integer, COMMUTATOR = "
    "OPERATOR(victim.===));": "operators",
    "CREATE OPERATOR CLASS alice.x FOR TYPE alice.mood USING hash FAMILY victim.fam AS FUNCTION 1 (alice.mood, alice.mood) "
    "hashenum(anyenum);": "procs of families",
    "CREATE OPERATOR CLASS alice.x DEFAULT FOR TYPE point USING btree AS STORAGE point;": "defaults of others",
    "ALTER COLLATION victim.col OWNER TO bob;": "collations",
    "ALTER TEXT SEARCH CONFIGURATION victim.cfg ADD MAPPING FOR word WITH simple;": "text search",
    "COMMENT ON TYPE victim.mood IS 'x';": "comments",
    "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;": "default rights",
    "ALTER ROLE mallory SUPERUSER;": "roles",
    "ALTER PUBLICATION pub ADD TABLE alice._t;": "parts",
    "CREATE CAST (alice.mood AS victim.mood) WITH INOUT;": None,
    "CREATE FUNCTION alice.x() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 1 case; END; DELETE FROM victim.t; "
    "SELECT 1 AS end;": "rows",
}


# What 13 does not understand.
SINCE_14 = re.compile("multirange|BEGIN ATOMIC| RETURN ")
if server_major() < 14:
    CHANGES = {statement: what for statement, what in CHANGES.items() if not SINCE_14.search(statement)}


@pytest.mark.parametrize("statement", CHANGES)
def test_what_a_statement_changes_is_seen_and_it_does_not_pass(judge, world, statement):
    changed = world.run(statement)
    assert CHANGES[statement] is None or CHANGES[statement] in changed, changed
    assert not judge.passes(statement)


@pytest.mark.slow
def test_each_form_passes_and_changes_nothing_else(judge, world):
    for text in grammar.lines(grammar_whole.BASES):
        text += "\n1\t2\n\\." if text.startswith("COPY") else ""
        assert judge.passes(text) or "INHERITS" in text, text
        assert world.run(text) == [] or (server_major() < 14 and SINCE_14.search(text)), text


def test_what_passes_changes_nothing_else(judge, world):
    counts = grammar.collections.Counter()
    generator = grammar.Generator(os.getpid(), [], grammar_whole.BASES, grammar_whole.PIECES)
    for _ in range(3000):
        text = generator.statement()
        if judge.passes(text) and grammar.check(text, world.run(text), counts, set()):
            generator.keep(text)
    assert counts["FOUND"] == 0 and counts["understood"] > 50, counts


def test_a_dump_that_is_cut_or_has_a_statement_of_another_schema_does_not_pass(db, roles, judge):
    owner = roles("whole; owner's")
    for name in "alice", "there":
        db.sql(read_sql("whole", schema=name, owner=owner))
    dump, other = alone(db, "alice"), alone(db, "there")
    assert judge.says(dump) == "pass" and judge.says(other).endswith("there.there: not part of this account's schema")
    lines = dump.split(b"\n")
    cuts = [b"\n".join(lines[:at]) for at in range(len(lines) - 4)] + [dump[:at] for at in range(0, len(dump) - 9, 61)]
    assert [cut for cut in cuts if judge.says(cut) == "pass"] == []
    statements = [each for each in re.split(rb"\n(?=-- Name: )", other) if each.startswith(b"-- Name")]
    end = dump.index(b"--\n-- PostgreSQL database dump complete")
    passed = [each for each in statements if judge.says(dump[:end] + b"--\n" + each + b"\n" + dump[end:]) == "pass"]
    assert len(statements) > 140 and passed == []
