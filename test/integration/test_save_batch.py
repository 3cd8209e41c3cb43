# SPDX-License-Identifier: PostgreSQL
"""`metamodel save --batch`: many accounts by one pg_dump are what each would be by its own."""

import contextlib
import os
import re
import subprocess
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel, literal, pg_bindir, quote, read_sql
from test_save import CORPUS, NONSTANDARD, ODD, RESTRICT, add_small

KIND_ROLES = {"owner": "batch's; owner", "odd": 'batch "odd"\n\\restrict x'}
ROLES = [*KIND_ROLES.values(), "user", "Mixed Case", "select"]
# Names that look like what pg_dump writes, or that the server shortens.
TRAPS = ["x; Type: TABLE; Schema: victim; Owner: -", "victim", "\\restrict abc", "\\unrestrict abc",
         "-- PostgreSQL database dump complete", "x\n--\n-- PostgreSQL database dump complete\n--\n",
         "n" * 63, "table", "select", "Ünï", "a'); --", ")|(", "_a"]
AWKWARD = r"""
CREATE TABLE {0} (t text DEFAULT {1}, n serial); INSERT INTO {0} VALUES ({1}); COMMENT ON TABLE {0} IS {1};
CREATE VIEW {2} AS SELECT * FROM {0}; COMMENT ON COLUMN {0}.n IS {1}; CREATE INDEX ON {0} (t);
ALTER TABLE {0} ADD CONSTRAINT {2} CHECK (t <> {1}) NOT VALID, OWNER TO {3}; GRANT SELECT ON {2} TO {3}
"""


# Byte equality

def add_kinds(db, tablespace):
    db.sql(read_sql("kinds-shared"))
    for account in "kinds", 'more "kinds"':
        db.sql(read_sql("kinds", schema=account, tablespace=tablespace, **KIND_ROLES) +
               read_sql("register", schema=account))
    db.sql(read_sql("kinds-between", schema='more "kinds"', other="kinds", ticket="kinds.tickets"))


def add_awkward(db, names):
    """In each account tables that are called as the accounts are, with the names in their rows, too."""
    tables = ["_" + name for name in [*ODD, *TRAPS] if len(name.encode()) < 60]
    for number, name in enumerate(names):
        add_small(db, name, sql=";".join(
            AWKWARD.format(quote(table), literal(name + table), quote(table + "_v"),
                           quote(ROLES[i % len(ROLES)]))
            for i, table in enumerate(tables[number % 3::3])))


def save_both_ways(db, cwd, batch=1000):
    """Two saves of the database: SimpleNamespace(one, many), each with `tree` and `errors`."""
    binary = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
    program = Metamodel(binary, cwd, db.server, db.name)

    def save(name, *options):
        result = program.run("save", "-v", "--json", "-D", name, *options, check=False)
        assert result.returncode in [0, 3], result
        errors = {a["account"]: a["error"] for a in result.report["accounts"] if a["error"]}
        program.run("verify", name)
        return SimpleNamespace(tree=program.tree(name), errors=errors, said=result.stderr)

    return SimpleNamespace(db=db, one=save("one", "--batch=1"),
                           many=save("many", f"--batch={batch}"))


def postgres_program(program, db, *args):
    return subprocess.run([pg_bindir() / program, *(["-h", db.server.host, "-U", db.server.user]
                                                    if program != "pg_restore" else []), *args],
                          stdout=subprocess.PIPE, check=True).stdout


def plain(save, account):
    return RESTRICT.sub(b"", save.tree.file(account).read_bytes())


def check_equal(saves):
    """The same accounts have the same files, or fail in the same words."""
    assert saves.many.errors == saves.one.errors
    assert saves.many.tree.accounts() == saves.one.tree.accounts()
    differing = [account for account in saves.one.tree.accounts()
                 if plain(saves.one, account) != plain(saves.many, account)]
    assert differing == []


@pytest.fixture(scope="module")
def roles(server):
    for role in ROLES:
        server.sql(f"CREATE ROLE {quote(role)}")
    yield
    for role in ROLES:
        server.sql(f"DROP ROLE {quote(role)}")


@pytest.fixture(scope="module")
def tablespace(server):
    directory = Path(server.host) / "tablespace"
    directory.mkdir()
    os.chown(directory, Path(server.host).stat().st_uid, -1)
    name = "Disk's; 2"
    server.sql(f"CREATE TABLESPACE {quote(name)} LOCATION {literal(str(directory))}")
    yield name
    server.sql(f"DROP TABLESPACE {quote(name)}")


@contextlib.contextmanager
def database_of_its_own(server, strings="on"):
    name = f"batch_{uuid.uuid4().hex[:12]}"
    server.sql(f"CREATE DATABASE {name}")
    server.sql(f"ALTER DATABASE {name} SET standard_conforming_strings = {strings}")
    db = Database(server, name)
    db.sql("SET standard_conforming_strings = on")
    try:
        db.add_global()
        yield db
    finally:
        db.close()
        server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def kinds(server, roles, tablespace, tmp_path_factory):
    """Everything that there is, saved one by one and together."""
    server.sql('CREATE ROLE "odd\'; role"')  # which CORPUS uses
    with database_of_its_own(server) as db:
        add_kinds(db, tablespace)
        for account, (before, sql) in CORPUS.items():
            add_small(db, account, before=before, sql=sql)
        add_awkward(db, [*(name for name in ODD if name not in CORPUS), *TRAPS])
        yield save_both_ways(db, tmp_path_factory.mktemp("kinds"))
    server.sql('DROP ROLE "odd\'; role"')


def alone(save):
    """Accounts that have been dumped by a pg_dump of their own."""
    patterns = re.findall(r"""pg_dump .* '?--table="(.*)"\._\*""", save.said)
    return sorted(pattern.replace('""', '"').replace("'\\''", "'") for pattern in patterns)


def test_each_file_of_a_batch_is_what_its_account_alone_gives(kinds):
    check_equal(kinds)
    assert len(alone(kinds.one)) == len(kinds.one.tree.accounts())
    assert alone(kinds.many) == []
    assert kinds.many.errors == {}


def test_each_file_of_a_batch_is_what_pg_restore_makes_of_an_archive_of_all(kinds, tmp_path):
    accounts = kinds.many.tree.accounts()
    archive = tmp_path / "archive"
    pattern = "|".join(map(quote, accounts))
    postgres_program("pg_dump", kinds.db, "-Fc", "-f", archive, "-t", f"({pattern})._*",
                     "-d", kinds.db.name)
    differing = [account for account in accounts if plain(kinds.many, account) != RESTRICT.sub(
        b"", postgres_program("pg_restore", kinds.db, "-n", account, "-f", "-", archive))]
    assert differing == []


def test_each_file_has_a_key_of_its_own(kinds):
    files = [kinds.many.tree.file(account).read_bytes() for account in kinds.many.tree.accounts()]
    keys = [re.findall(rb"^\\(?:un)?restrict (\w+)$", text, re.M) for text in files]
    assert all(first == last and len(first) == 63 for first, last in keys)
    assert len({first for first, last in keys}) == len(files)


def test_under_other_string_rules_a_batch_gives_the_same_files(server, roles, tmp_path):
    with database_of_its_own(server, strings="off") as db:
        for account in NONSTANDARD:
            add_small(db, account, before=CORPUS[account][0], sql=CORPUS[account][1])
        saves = save_both_ways(db, tmp_path)
        check_equal(saves)
        assert b"escape_string_warning" in plain(saves.many, "data") and alone(saves.many) == []


# Accounts that have to do with each other: SQL for the accounts a, b and c. What of that makes
# a difference to the order of a dump is for pg_dump alone.
TIES = {
    "a view that groups by another's key":
        "CREATE TABLE a._t (id int PRIMARY KEY, x int); CREATE TABLE b._t (id int PRIMARY KEY, x int);"
        "CREATE VIEW b._a AS SELECT id, x FROM a._t GROUP BY id; CREATE VIEW b._own AS SELECT id, x "
        "FROM b._t GROUP BY id; CREATE VIEW c._b AS SELECT * FROM b._a",
}


@pytest.mark.parametrize("tie", TIES)
def test_accounts_that_depend_on_each_other_have_the_files_of_each_alone(tie, server, tmp_path):
    with database_of_its_own(server) as db:
        add_small(db, "a", "b", "c")
        db.sql(TIES[tie])
        saves = save_both_ways(db, tmp_path)
        check_equal(saves)
        assert saves.many.errors == {}
