# SPDX-License-Identifier: PostgreSQL
"""`metamodel diff`: what changed from one save to another."""

import json
import os
import re
import shutil
import signal
from contextlib import closing
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel, wait_for
from support_save import add_small, rekey

BINARY = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
NOWHERE = SimpleNamespace(host="/nonexistent", port="1", user="nobody")
RAW_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

BEFORE = """
    CREATE TABLE _a (id integer, name text);
    INSERT INTO _a SELECT n, 'row ' || n FROM generate_series(1, 100) n;
    CREATE TABLE _gone (x text);
    INSERT INTO _gone VALUES ('lost');
    CREATE TABLE _same (x text);
    INSERT INTO _same VALUES ('a'), ('b'), ('b');
    CREATE TABLE _twins (x text);
    INSERT INTO _twins VALUES ('a'), ('a'), ('a'), ('b');
    CREATE TABLE _wide (a integer, b text DEFAULT 'x, (y', "c, d" text);
    INSERT INTO _wide VALUES (1, 'one', 'c'), (2, 'two', 'c');
    CREATE VIEW _v AS SELECT 1 AS one"""
AFTER = r"""
    SET search_path TO changed;
    DELETE FROM _a WHERE id IN (3, 4);
    UPDATE _a SET name = E'\x1b[2J evil\ttab' WHERE id = 5;
    INSERT INTO _a VALUES (101, NULL);
    DROP TABLE _gone;
    UPDATE _same SET x = x; INSERT INTO _same VALUES ('a'); DELETE FROM _same WHERE ctid IN (SELECT min(ctid) FROM _same WHERE x = 'a');
    DELETE FROM _twins WHERE ctid IN (SELECT min(ctid) FROM _twins WHERE x = 'a');
    INSERT INTO _twins VALUES ('b');
    ALTER TABLE _wide ADD COLUMN e integer DEFAULT 7; ALTER TABLE _wide DROP COLUMN b;
    UPDATE _wide SET "c, d" = 'other' WHERE a = 2;
    CREATE TABLE _new (id integer PRIMARY KEY); INSERT INTO _new VALUES (1), (2);
    CREATE OR REPLACE VIEW _v AS SELECT 2 AS one;
    RESET search_path"""


@pytest.fixture(scope="module")
def good_saves(server, tmp_path_factory):
    """Two saves that nobody changes: `went` is only in the older, `came` in the newer one; `changed` has
    changed, `same` has not, but is another file, and `moved` has its rows in another order."""
    name, cwd = f"diff_{os.getpid()}", tmp_path_factory.mktemp("good")
    server.sql(f"CREATE DATABASE {name}")
    with closing(Database(server, name)) as db:
        db.add_global()
        add_small(db, "changed", sql=BEFORE)
        add_small(db, "went", "same")
        add_small(db, "moved", sql="CREATE TABLE _t (x int); INSERT INTO _t VALUES (1), (2)")
        program = Metamodel(BINARY, cwd, server, name)
        program.run("save")
        db.sql("DROP SCHEMA went CASCADE; DELETE FROM _global._accounts WHERE name = 'went'")
        add_small(db, "came")
        db.sql(AFTER)
        db.sql("UPDATE moved._t SET x = x WHERE x = 1")
        program.run("save")
        rekey(program.tree(), "same")
        program.end()
    server.sql(f"DROP DATABASE {name}")
    return cwd


@pytest.fixture
def offline(tmp_path):
    """The program, with no server anywhere."""
    program = Metamodel(BINARY, tmp_path, NOWHERE, "none")
    yield program
    program.end()


@pytest.fixture
def saves(good_saves, offline):
    """The program beside a copy of the good saves, to be spoilt."""
    for name in "metamodel", "metamodel.old":
        shutil.copytree(good_saves / name, offline.cwd / name)
    return offline


def changes(result):
    """{account: what the report says of it}"""
    return {each["account"]: each for each in result.report["accounts"]}


def objects(result, account="changed"):
    return {each["object"]: each for each in changes(result)[account]["objects"]}


def edit(path, change):
    manifest = json.loads((path / "manifest.json").read_text())
    change(manifest)
    (path / "manifest.json").write_text(json.dumps(manifest))


class TestAccounts:
    def test_those_that_came_went_and_changed_are_named(self, saves):
        result = saves.run("diff")
        heading, *lines = result.stdout.splitlines()
        times = [saves.tree(name).manifest["started"] for name in ("metamodel.old", "metamodel")]
        assert heading == f"metamodel.old ({times[0]}) -> metamodel ({times[1]})"
        assert [line for line in lines if line[0] != " "] == [
            "~ _global: 2 tables, 5 rows, version 0.001",
            "+ came: 1 table, 0 rows",
            "~ changed: 5 tables, 110 rows",
            "- went: 1 table, 0 rows"]
        assert result.stderr == "2 accounts changed, 1 came, 1 went, 2 are the same.\n"

    def test_rows_columns_and_definitions_are_counted_by_table(self, saves):
        lines = saves.run("diff", "changed").stdout.splitlines()[2:]
        assert lines == [
            "    ~ _a: 2 rows added, 3 removed",
            "    - _gone: table with 1 column, 1 row",
            "    + _new: table with 1 column, 2 rows",
            "    ~ _twins: 1 row added, 1 removed",
            "    ~ _v: 1 statement added, 1 removed",
            "    ~ _wide: 1 row added, 1 removed; 1 column added, 1 removed",
            "        - b text DEFAULT 'x, (y'::text",
            "        + e integer DEFAULT 7"]

    def test_a_sequence_shows_its_number(self, saves):
        assert "    ~ _accounts_id_seq: at 4 -> 5\n" in saves.run("diff", "_global").stdout

    def test_the_details_can_be_read(self, saves):
        text = saves.run("diff", "-v", "changed").stdout
        for line in ("        - 3\trow 3", "        - 5\trow 5", r"        + 5" + "\t" + r"\x1b[2J evil\ttab",
                     "        + 101\t\\N", "        - 2\ttwo\tc", "        + 2\tother\t7", "        + id integer NOT NULL",
                     "        +     ADD CONSTRAINT _new_pkey PRIMARY KEY (id);", "        -  SELECT 1 AS one;",
                     "    rows of _gone removed:\n        - lost"):
            assert f"\n{line}\n" in text, line
        assert text.count("\n        + b\n") == text.count("\n        - a\n") == 1
        assert not RAW_CONTROLS.search(text)

    def test_the_other_way_round_all_is_the_other_way_round(self, saves):
        there = objects(saves.run("diff", "metamodel.old", "metamodel", "--json"))
        back = objects(saves.run("diff", "metamodel", "metamodel.old", "--json"))
        assert list(there) == list(back)
        for name, one in there.items():
            other = back[name]
            assert (one["rows_added"], one["columns_added"], one["statements_added"]) == (
                other["rows_removed"], other["columns_removed"], other["statements_removed"])

    def test_the_report_has_all_of_it(self, saves):
        result = saves.run("diff", "--json")
        report = result.report
        assert (report["command"], report["result"], report["same"]) == ("diff", "done", 2)
        assert (report["from"]["save"], report["to"]["save"]) == ("metamodel.old", "metamodel")
        assert {name: each["change"] for name, each in changes(result).items()} == {
            "_global": "changed", "came": "added", "changed": "changed", "went": "removed"}
        assert changes(result)["went"]["to"] is None and changes(result)["came"]["from"] is None
        assert (objects(result)["_wide"]["columns_added"], objects(result)["_wide"]["rows_added"]) == (
            ["e integer DEFAULT 7"], 1)

    def test_one_save_is_compared_with_the_newest(self, saves):
        assert saves.run("diff", "metamodel.old").stdout == saves.run("diff").stdout
        (saves.cwd / "kept").mkdir()
        shutil.copytree(saves.cwd / "metamodel.old", saves.cwd / "kept" / "it")
        assert saves.run("diff", "kept/it").stdout.splitlines()[1:] == saves.run("diff").stdout.splitlines()[1:]

    def test_equal_saves_have_no_differences(self, saves):
        result = saves.run("diff", "metamodel", "metamodel")
        assert len(result.stdout.splitlines()) == 1
        assert result.stderr == "0 accounts changed, 0 came, 0 went, 5 are the same.\n"

    def test_behind_two_dashes_all_are_accounts(self, saves):
        result = saves.run("diff", "--", "metamodel.old", expect=1)
        assert result.stderr.startswith("metamodel: error: account metamodel.old is neither in ")

    def test_what_the_manifests_know_is_not_read(self, saves, strace):
        shutil.rmtree(saves.cwd / "metamodel.old")
        os.mkdir(saves.cwd / "metamodel.old")
        for path in (saves.cwd / "metamodel").iterdir():
            os.link(path, saves.cwd / "metamodel.old" / path.name)
        trace = strace(trace="openat")
        saves.run("diff", under=trace)
        assert "manifest.json" in trace.log_file.read_text() and ".sql" not in trace.log_file.read_text()


class TestBadSaves:
    def test_a_save_that_is_not_there_is_named(self, saves):
        shutil.rmtree(saves.cwd / "metamodel.old")
        result = saves.run("diff", expect=1)
        assert result.stderr == ("metamodel: error: metamodel.old does not exist\n"
                                 "metamodel: hint: metamodel list shows which saves there are\n")
        assert saves.run("diff", "--json", expect=1).report["error"] == "metamodel.old does not exist"
        (saves.cwd / "x").mkdir()
        (saves.cwd / "x" / "y").mkdir()
        assert "x is not a save" in saves.run("diff", "x", expect=1).stderr

    @pytest.mark.parametrize("spoil, problem", [
        (lambda path: path.write_bytes(path.read_bytes().replace(b"row 9", b"row 8")), "wrong hash"),
        (lambda path: path.write_bytes(path.read_bytes()[:-50]), "wrong size"),
        (lambda path: path.unlink(), "missing"),
        (lambda path: (path.unlink(), path.symlink_to("/etc/passwd")), ""),
    ], ids=["hash", "cut", "missing", "link"])
    def test_a_damaged_dump_is_named_and_takes_nothing_from_the_others(self, saves, spoil, problem):
        spoil(saves.tree().file("changed"))
        result = saves.run("diff", expect=3)
        assert "metamodel: error: changed not compared: metamodel/changed.sql: " in result.stderr
        assert problem in result.stderr and "~ changed" not in result.stdout
        assert "+ came" in result.stdout and "- went" in result.stdout
        result = saves.run("diff", "--json", expect=3)
        assert changes(result)["changed"]["error"] and result.report["result"] == "partly"

    def test_without_a_manifest_the_dumps_tell(self, saves):
        (saves.cwd / "metamodel.old" / "manifest.json").unlink()
        result = saves.run("diff")
        assert "metamodel: warning: metamodel.old has no manifest.json" in result.stderr
        assert "    ~ _a: 2 rows added, 3 removed\n" in result.stdout and "\n- went\n" in result.stdout

    def test_with_a_damaged_manifest_the_exit_status_says_so(self, saves):
        (saves.cwd / "metamodel" / "manifest.json").write_text("{")
        result = saves.run("diff", expect=3)
        assert "metamodel: error: metamodel: manifest.json: " in result.stderr
        assert "    ~ _a: 2 rows added, 3 removed\n" in result.stdout

    def test_what_is_in_neither_is_named(self, saves):
        result = saves.run("diff", "nobody", "came", expect=3)
        assert "account nobody is neither in metamodel.old nor in metamodel\n" in result.stderr
        assert "+ came" in result.stdout and "changed:" not in result.stdout
        assert "tenant nobody" in saves.run("diff", "nobody", "--model=plain", expect=1).stderr


@pytest.fixture
def live(metamodel, db, tmp_path_factory):
    """The program with a save of the accounts `a` and `b`, of which `a` has changed since; in the end nothing
    is left of what --live dumped."""
    tmp = metamodel.env["TMPDIR"] = tmp_path_factory.mktemp("dumps")
    db.add_global()
    add_small(db, "a", "b", sql="CREATE TABLE _t (x text); INSERT INTO _t VALUES ('one'), ('two')")
    metamodel.run("save", "-q")
    db.sql("UPDATE a._t SET x = 'three' WHERE x = 'two'")
    yield metamodel
    assert list(tmp.iterdir()) == []
    assert sorted(path.name for path in metamodel.cwd.glob("metamodel*")) == ["metamodel", "metamodel.lock"]


class TestLive:
    def test_a_save_is_compared_with_the_database(self, live, db):
        add_small(db, "c")
        db.sql("DROP SCHEMA b CASCADE; DELETE FROM _global._accounts WHERE name = 'b'")
        result = live.run("diff", "--live")
        heading, *lines = result.stdout.splitlines()
        assert heading.startswith(f"metamodel ({live.tree().manifest['started']}) -> the database (")
        assert [line for line in lines if not line.startswith(("~ _global", "    ~ _accounts"))] == [
            "~ a: 1 table, 2 rows", "    ~ _t: 1 row added, 1 removed",
            "- b: 1 table, 2 rows", "+ c: 1 table, 0 rows"]
        assert result.stderr == "2 accounts changed, 1 came, 1 went, 0 are the same.\n"

    def test_accounts_and_rows_are_shown_as_between_saves(self, live):
        result = live.run("diff", "--live", "-v", "metamodel", "a")
        assert result.stdout.splitlines()[1:] == [
            "~ a: 1 table, 2 rows", "    ~ _t: 1 row added, 1 removed",
            "    rows of _t removed:", "        - two", "    rows of _t added:", "        + three"]

    def test_the_report_says_the_same(self, live):
        result = live.run("diff", "--live", "--json")
        assert result.report["to"]["save"] == "the database" and result.report["result"] == "done"
        assert list(changes(result)) == ["a"] and objects(result, "a")["_t"]["rows_added"] == 1

    def test_what_cannot_be_dumped_is_named_and_has_not_gone(self, live, fake_pg_dump):
        fake_pg_dump.fail("b", message="pg_dump: error: told to fail")
        result = live.run("diff", "--live", expect=3)
        assert "[b dump]" in result.stderr and "told to fail" in result.stderr
        assert "~ a" in result.stdout and "- b" not in result.stdout
        result = live.run("diff", "--live", "--json", expect=3)
        assert changes(result)["b"]["error"] == "it could not be dumped"

    def test_an_interrupt_leaves_nothing(self, live, fake_pg_dump):
        fake_pg_dump.hang("a")
        running = live.start("diff", "--live")
        wait_for(lambda: fake_pg_dump.calls("a"))
        running.send(signal.SIGINT)
        result = running.wait()
        assert result.returncode == 130 and "stopped by signal 2" in result.stderr

    def test_without_a_server_it_fails(self, live):
        result = live.run("diff", "--live", "--json", env={"PGHOST": "/nonexistent"}, expect=1)
        assert result.report["result"] == "failed" and "/nonexistent" in result.report["error"]
        assert result.report["accounts"] == []

    def test_it_needs_a_directory_for_its_dumps(self, live):
        result = live.run("diff", "--live", env={"TMPDIR": "/nonexistent"}, expect=1)
        assert "metamodel: error: create /nonexistent/metamodel." in result.stderr
        assert "metamodel: hint: the dumps of --live need a directory: set TMPDIR" in result.stderr

    def test_a_save_that_is_not_there_is_named(self, live):
        shutil.move(live.cwd / "metamodel", live.cwd / "kept")
        result = live.run("diff", "--live", expect=1)
        assert "metamodel: error: metamodel does not exist\n" in result.stderr
        shutil.move(live.cwd / "kept", live.cwd / "metamodel")

    def test_two_saves_and_the_database_are_too_many(self, live):
        result = live.run("diff", "--live", "metamodel", "./metamodel", expect=2)
        assert "option --live: one save is compared with the database" in result.stderr


class TestUsage:
    def test_three_saves_are_too_many(self, saves):
        result = saves.run("diff", "metamodel", "./metamodel", "metamodel.old", expect=2)
        assert "three saves: 'metamodel', './metamodel', 'metamodel.old'" in result.stderr

    def test_it_needs_no_server(self, offline):
        assert "option --port: diff without --live needs no server" in offline.run("diff", "-p", "1", expect=2).stderr

    def test_a_full_disk_is_told(self, saves):
        result = saves.start("diff", preexec_fn=lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1)).wait()
        assert result.returncode == 1 and "standard output: write: No space left" in result.stderr
