# SPDX-License-Identifier: PostgreSQL
"""Between servers, and with programs, of different versions: what people do at a major upgrade. There are others
than the installed one only where scripts/roots made them; this server is the one that is restored to."""

import os
import shutil
import subprocess

import pytest
from support import ROOT, ROOTS, Database, Metamodel, Server, pg_bindir, server_major, tool_minor
from support_restore import RESTRICT_SINCE

INSTALLED = pg_bindir("").parent.name
HERE = server_major()
OTHERS = sorted({INSTALLED, *(path.parent.name for path in ROOTS.glob("*/done"))} - {str(HERE)}, key=int)
OLDER = [version for version in OTHERS if int(version) < HERE]
NEWER = [version for version in OTHERS if int(version) > HERE]
ACCOUNTS = ["a", "it's", "Ünï"]


# What no older server takes.
ONLY_THERE = {15: "ALTER TABLE _models ADD UNIQUE NULLS NOT DISTINCT (name)", 17: "GRANT MAINTAIN ON _models TO PUBLIC",
              18: "ALTER TABLE _models ADD twice int GENERATED ALWAYS AS (id * 2) VIRTUAL"}


def place(version):
    """As pg_bindir() and Server() want it."""
    return "" if version == INSTALLED else version


def knows_restrict(version):
    return tool_minor("psql", place(version)) >= RESTRICT_SINCE.get(int(version), 0)


def rows(db):
    """All rows of all metamodels."""
    tables = db.query("SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace "
                      "WHERE relkind = 'r' AND left(relname, 1) = '_' AND nspname !~ '^pg_' ORDER BY 1")
    return {table: sorted(row for (row,) in db.query(f"SELECT t::text FROM {table} t")) for (table,) in tables}


@pytest.fixture(scope="module", params=OTHERS)
def elsewhere(request, tmp_path_factory):
    """The program at a server of another version, with accounts."""
    if place(request.param) and os.getuid() and (
            not shutil.which("sudo") or subprocess.run(["sudo", "-n", "true"], check=False).returncode):
        pytest.skip("only root can start a server of another version")
    server = Server(version=place(request.param))
    server.sql("CREATE DATABASE elsewhere")
    db = Database(server, "elsewhere")
    db.add_accounts(*ACCOUNTS)
    program = Metamodel(os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel"),
                        tmp_path_factory.mktemp("elsewhere"), server, db.name)
    program.db, program.version = db, request.param
    program.options = ["--pg-bindir", pg_bindir(place(request.param))]
    yield program
    program.end()
    db.close()
    server.stop()


@pytest.fixture
def here(metamodel):
    metamodel.options = ["--pg-bindir", pg_bindir()]
    return metamodel


@pytest.mark.slow
def test_a_save_of_another_version_comes_back_here_or_nothing_is_touched(elsewhere, here, db):
    elsewhere.run("save", "-D", here.cwd / "metamodel")
    here.options = []
    here.run("verify")
    here.options = ["--pg-bindir", pg_bindir()]
    if knows_restrict(elsewhere.version) and not knows_restrict(str(HERE)):  # its pg_dump does, so does the dump
        result = here.run("restore", expect=1)
        assert "does not know" in result.stderr and f"install the newest minor release of postgresql-client-{HERE}" in result.stderr
        assert db.query("SELECT FROM pg_namespace WHERE nspname = 'a'") == []
        return
    result = here.run("restore")
    assert "error" not in result.stderr
    assert rows(db) == rows(elsewhere.db)
    here.options = []
    here.run("upgrade")
    here.run("status", "--check")
    here.run("save", "--from-other-database")
    here.run("restore")


def test_what_only_a_newer_server_knows_fails_its_account_and_no_other(elsewhere, here, db):
    only_there = [sql for version, sql in ONLY_THERE.items() if HERE < version <= int(elsewhere.version)]
    if not only_there:
        pytest.skip("there is nothing of the kind")
    elsewhere.db.add_account("new")
    elsewhere.db.sql(f"SET search_path = new; {only_there[-1]}; RESET search_path")
    elsewhere.run("save", "-D", here.cwd / "metamodel")
    elsewhere.db.sql("DROP SCHEMA new CASCADE; DELETE FROM _global._accounts WHERE name = 'new'")
    here.options = elsewhere.options  # which know \\restrict
    result = here.run("restore", expect=3)
    assert "[new restore] psql exited with status" in result.stderr and "ERROR: " in result.stderr
    assert result.stderr.splitlines()[-1].endswith("Failed: new.")
    assert db.tables("a") and db.query("SELECT FROM pg_namespace WHERE nspname = 'new'") == []


@pytest.mark.parametrize("version", NEWER)
def test_newer_programs_save_and_restore_with_a_warning(here, db, version):
    db.add_accounts(*ACCOUNTS)
    before = rows(db)
    here.options = ["--pg-bindir", pg_bindir(place(version))]
    warning = f"is version {version}, newer than the server ({HERE})"
    assert warning in here.run("save").stderr
    db.sql('DROP SCHEMA "a" CASCADE; DELETE FROM _global._accounts; DELETE FROM "it\'s"._models')
    assert warning in here.run("restore").stderr
    assert rows(db) == before


@pytest.mark.parametrize("version", NEWER)
def test_what_a_newer_pg_dump_made_is_loaded_by_the_servers_own_psql(here, db, version):
    db.add_accounts(*ACCOUNTS)
    before = rows(db)
    here.options = ["--pg-bindir", pg_bindir(place(version))]
    here.run("save")
    db.sql("DELETE FROM _global._accounts")
    here.options = ["--pg-bindir", pg_bindir()]
    if knows_restrict(version) and not knows_restrict(str(HERE)):
        assert "does not know" in here.run("restore", expect=1).stderr
        assert db.query("SELECT FROM _global._accounts") == []
        return
    here.run("restore")
    assert rows(db) == before


@pytest.mark.parametrize("version", OLDER)
def test_older_programs_are_refused_before_anything_is_done(here, db, version):
    db.add_accounts(*ACCOUNTS)
    here.run("save")
    saved, before = here.tree().manifest, rows(db)
    here.options = ["--pg-bindir", pg_bindir(place(version))]
    for command, program in ("save", "pg_dump"), ("restore", "psql"):
        result = here.run(command, expect=1)
        assert f"{pg_bindir(place(version))}/{program} is version {version}, older than the server ({HERE})" in result.stderr
        assert f"install postgresql-client-{HERE}" in result.stderr
    assert (here.tree().manifest, rows(db)) == (saved, before)
