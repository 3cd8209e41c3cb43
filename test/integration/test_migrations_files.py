# SPDX-License-Identifier: PostgreSQL
"""Migrations as they come: from mounted volumes, editors, other systems; and steps that have to be committed."""

import shutil

import pytest
from support import ROOT, wait_for

BUILT_IN = ROOT / "src" / "migrations"
LEVELS = ["global", "local"]
AROUND = [".0.010.sql.swp", ".#0.010.sql", "#0.010.sql#", "0.010.sql~", "0.010.sql.bak", "0.010.sql.orig",
          "README", "README.md", "NOTES.txt", "._0.010.sql", ".DS_Store", ".gitkeep"]


@pytest.fixture
def more(metamodel):
    """more({"0.010": "..."}): a copy of the built-in migrations, and these for the accounts."""
    def copy(local, level="local"):
        shutil.copytree(BUILT_IN, metamodel.cwd / "steps", dirs_exist_ok=True)
        for version, text in local.items():
            for each in LEVELS:
                (metamodel.cwd / f"steps/{each}/{version}.sql").write_bytes(
                    text.encode() if each == level else b"-- nothing\n")
        return metamodel.cwd / "steps"

    metamodel.options += ["--migrations", "steps"]
    return copy


def versions(db, *names):
    return [db.query(f"SELECT version FROM {name}._general")[0][0] for name in names]


# ---- which files are migrations ----

def test_what_lies_beside_them_is_passed_over(metamodel, db, more):
    steps = more({"0.010": "-- nothing\n"})
    for level in LEVELS:
        for name in AROUND:
            (steps / level / name).write_text("this; is no SQL")
        (steps / level / "old").mkdir()
    db.add_accounts("a", version="0.009")
    result = metamodel.run("upgrade", "-v")
    assert versions(db, "_global", "a") == ["0.010", "0.010"]
    for name in AROUND:
        assert f"debug: local/{name} is not a migration and is ignored" in result.stderr
    assert "is ignored" not in metamodel.run("upgrade").stderr


def test_a_mounted_volume_is_a_directory_of_migrations(metamodel, db, more):
    steps = more({})
    for level in LEVELS:
        real = steps / level / "..2026_01_02_03_04_05.123456789"
        real.mkdir()
        (real / "0.010.sql").write_text("-- nothing\n")
        (steps / level / "..data").symlink_to(real.name)
        (steps / level / "0.010.sql").symlink_to("..data/0.010.sql")
    db.add_accounts("a", version="0.009")
    metamodel.run("upgrade")
    assert versions(db, "_global", "a") == ["0.010", "0.010"]


# ---- ends of lines ----

def test_ends_of_lines_in_literals_are_the_authors(metamodel, db, more):
    db.add_accounts("a", version="0.009")
    db.sql("CREATE TABLE a.texts (id serial, t text)")
    lines = ["-- one", "INSERT INTO texts (t) VALUES ('one\r\ntwo'),", "('one\ntwo'), ($$a\r\nb$$), (E'x\\\r\ny'), ('c\rd');",
             "/* more */ INSERT INTO texts (t)", "VALUES ('last') -- here", ";"]
    for end in "\n", "\r\n":
        more({"0.010": end.join(lines)})
        metamodel.run("upgrade")
        assert [t for (t,) in db.query("SELECT t FROM a.texts ORDER BY id")] == [
            "one\r\ntwo", "one\ntwo", "a\r\nb", "x\r\ny", "c\rd", "last"]
        db.sql("TRUNCATE a.texts; UPDATE a._general SET version = '0.009'")


def test_an_error_in_a_file_of_another_system_has_its_line(metamodel, db, more):
    more({"0.010": "-- one\r\n\r\nSELECT 1;\r\nSELECT 1 / 0;\r\n"})
    db.add_accounts("a", version="0.009")
    assert "local/0.010.sql:4: " in metamodel.run("upgrade", expect=3).stderr


# ---- steps that end a transaction ----

ADD = "-- adds a mood\n-- metamodel: commit\n\nALTER TYPE mood ADD VALUE 'b';\n"
USE = "UPDATE _models SET m = 'b'; INSERT INTO seen VALUES (txid_current(), '0.011');"


@pytest.fixture
def moody(db):
    """Accounts a and c, one and two steps before the one that uses what another adds."""
    db.add_accounts("a", "c", version="0.009")
    for name in "a", "c":
        db.sql(f"CREATE TYPE {name}.mood AS ENUM ('a'); ALTER TABLE {name}._models ADD m {name}.mood;"
               f"CREATE TABLE {name}.seen (xid bigint, step text)")
    return db


def test_a_step_may_be_committed_before_the_next(metamodel, moody, more):
    more({"0.010": ADD, "0.011": USE})
    result = metamodel.run("upgrade")
    assert versions(moody, "_global", "a", "c") == ["0.011"] * 3
    assert "Account a is committed at 0.010 and continues." in result.stderr
    lines = [line for line in result.stderr.splitlines() if "ccount a" in line]
    assert lines == ["Upgrading account a from 0.009 to 0.010...", "Account a is committed at 0.010 and continues.",
                     "Upgrading account a from 0.010 to 0.011..."]
    assert "Upgraded 3 accounts, 0 already current, 0 failed" in result.stderr


def test_line_ends_of_another_system_are_fine_there_too(metamodel, moody, more):
    more({"0.010": ADD.replace("\n", "\r\n"), "0.011": USE})
    metamodel.run("upgrade")
    assert versions(moody, "a", "c") == ["0.011"] * 2


def test_without_that_line_the_error_says_what_to_do(metamodel, moody, more):
    more({"0.010": ADD.replace("-- metamodel: commit\n", ""), "0.011": USE})
    result = metamodel.run("upgrade", expect=3)
    assert versions(moody, "a", "c") == ["0.009"] * 2
    assert "-- metamodel: commit" in result.stderr and "--to 0.010" in result.stderr
    metamodel.run("upgrade", "--to", "0.010")
    metamodel.run("upgrade")
    assert versions(moody, "a", "c") == ["0.011"] * 2


def test_in_the_same_step_it_is_to_be_another_one(metamodel, moody, more):
    more({"0.010": "ALTER TYPE mood ADD VALUE 'b';\n" + USE})
    result = metamodel.run("upgrade", expect=3)
    assert "add it in a step before this one" in result.stderr and "--to" not in result.stderr.split("Failed")[0]


def test_what_fails_later_leaves_the_account_at_the_version_before(metamodel, moody, more):
    options, metamodel.options = metamodel.options, []
    metamodel.run("save")
    metamodel.options = options
    more({"0.010": ADD, "0.011": USE + "SELECT 1 / (SELECT count(*) FROM seen WHERE step = 'mended');"})
    moody.sql("INSERT INTO c.seen VALUES (0, 'mended')")
    result = metamodel.run("upgrade", "--json", expect=3)
    assert versions(moody, "a", "c") == ["0.010", "0.011"]
    assert moody.query("SELECT FROM a.seen") == []
    entry = next(each for each in result.report["accounts"] if each["account"] == "a")
    assert (entry["result"], entry["from"], entry["to"]) == ("failed", "0.009", "0.010")
    assert "the account is at 0.010, which an earlier step committed" in result.stderr
    assert "are as they were before the step that failed" in result.stderr
    [back] = [line for line in result.stderr.splitlines() if "metamodel restore" in line]
    assert "which loses what was written since" in back and " a" in back.partition(" -- ")[2]
    moody.sql("INSERT INTO a.seen VALUES (0, 'mended')")
    metamodel.run("upgrade")
    assert versions(moody, "a") == ["0.011"]


def test_alone_and_half_done_is_not_nothing(metamodel, moody, more):
    more({"0.010": ADD, "0.011": "SELECT 1 / 0;"})
    metamodel.run("upgrade", "_global")
    metamodel.run("upgrade", "a", expect=3)
    assert versions(moody, "a", "c") == ["0.010", "0.009"]


def test_a_run_that_is_killed_between_the_two_is_taken_up(metamodel, moody, more):
    more({"0.010": ADD, "0.011": USE + "SELECT pg_sleep(CASE current_schema() WHEN 'a' THEN 100 ELSE 0 END);"})
    running = metamodel.start("upgrade")
    wait_for(lambda: "Account a is committed" in running.stderr)
    running.kill_all()
    moody.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ 'metamodel'")
    wait_for(lambda: not moody.query("SELECT FROM pg_stat_activity WHERE application_name ~ 'metamodel'"))
    assert versions(moody, "a") == ["0.010"]
    more({"0.011": USE})
    metamodel.run("upgrade")
    assert versions(moody, "_global", "a", "c") == ["0.011"] * 3


def test_a_run_that_is_stopped_between_the_two_says_where_it_is(metamodel, moody, more):
    more({"0.010": ADD, "0.011": "SELECT pg_sleep(100);"})
    running = metamodel.start("upgrade", "-j1")
    wait_for(lambda: moody.query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
    running.send(15)
    result = running.wait()
    assert result.returncode == 128 + 15
    assert "[a upgrade] it is at 0.010; the steps after that were not started" in result.stderr
    assert versions(moody, "a", "c") == ["0.010", "0.009"]


def test_two_runs_do_each_part_once(metamodel, moody, more):
    """The second one finds the lock, or nothing to do."""
    more({"0.010": ADD, "0.011": USE})
    runs = [metamodel.start("upgrade", name) for name in ("a", "a")]
    assert sorted(run.wait().returncode for run in runs) in ([0, 0], [0, 4])
    assert versions(moody, "a") == ["0.011"]
    assert moody.query("SELECT count(*) FROM a.seen") == [(1,)]


def test_global_may_have_such_a_step(metamodel, db, more):
    db.add_accounts("a", version="0.009")
    db.sql("CREATE TYPE _global.mood AS ENUM ('a')")
    more({"0.010": ADD, "0.011": "CREATE TABLE _moods AS SELECT 'b'::mood AS m;"}, level="global")
    metamodel.run("upgrade")
    assert versions(db, "_global", "a") == ["0.011"] * 2 and db.query("SELECT m FROM _global._moods") == [("b",)]


def test_steps_that_leave_something_in_the_session_do_not_meet_it_again(metamodel, moody, more):
    more({"0.010": "-- metamodel: commit\nPREPARE p AS SELECT 1; CREATE TEMP TABLE t (); SAVEPOINT s; ROLLBACK TO s;",
          "0.011": "PREPARE p AS SELECT 1; CREATE TEMP TABLE t ();"})
    metamodel.run("upgrade", "-j1")
    assert versions(moody, "a", "c") == ["0.011"] * 2


# ---- what cannot be in a transaction ----

@pytest.mark.parametrize("text", ["CREATE INDEX CONCURRENTLY i ON _models (name);", "VACUUM;", "ROLLBACK;",
                                  "REINDEX TABLE CONCURRENTLY _models;", "PREPARE TRANSACTION 'x';"])
def test_what_cannot_run_in_a_transaction_is_found_before_anything_runs(metamodel, more, text):
    more({"0.010": "SELECT 1;\n" + text})
    result = metamodel.run("upgrade", expect=2, env={"PGHOST": "/nowhere"})
    assert "local/0.010.sql: line 2: " in result.stderr and "which is one transaction" in result.stderr


def test_what_only_the_server_finds_has_a_hint(metamodel, db, more):
    db.add_accounts("a", version="0.009")
    more({"0.010": "DO $$ BEGIN COMMIT; END $$;"})
    assert "hint: a migration runs in a transaction" in metamodel.run("upgrade", expect=3).stderr
