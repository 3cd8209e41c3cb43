# SPDX-License-Identifier: PostgreSQL
"""`metamodel list`: which saves there are, and in which of them an account is."""

import json
import os
import re
import shutil
from contextlib import closing
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel
from support_save import DAY, rekey, shift

ACCOUNTS = ["_global", "agentzh", "it's", "onccf"]
BINARY = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
NOWHERE = SimpleNamespace(host="/nonexistent", port="1", user="nobody")
RAW_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


@pytest.fixture(scope="module")
def good_saves(server, tmp_path_factory):
    """Three saves, one a day, that nobody changes: agentzh got a row before the newest; onccf is new in the
    second; it's has the same contents in all, but in three files. The oldest is four days old."""
    name, cwd = f"list_{os.getpid()}", tmp_path_factory.mktemp("good")
    server.sql(f"CREATE DATABASE {name}")
    with closing(Database(server, name)) as db:
        db.add_accounts("agentzh", "it's")
        program = Metamodel(BINARY, cwd, server, name)
        program.run("save", "--keep=5")
        rekey(program.tree(), "it's")
        shift(program, DAY)
        db.add_account("onccf")
        program.run("save", "--keep=5")
        rekey(program.tree(), "it's")
        shift(program, DAY)
        db.sql("INSERT INTO agentzh._models (name, table_name, description) VALUES ('news', 'news', 'x')")
        program.run("save", "--keep=5")
        rekey(program.tree(), "it's")
        shift(program, 2 * DAY)
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
    for path in good_saves.glob("metamodel*"):
        if path.is_dir():
            shutil.copytree(path, offline.cwd / path.name)
    return offline


def rows(result):
    """The table as {first cell: {heading: cell}}, in its order."""
    table = result.stdout.split("\n\n")[0].splitlines()
    starts = [match.start() for match in re.finditer(r"(?<!\S)\S+( \S+)?", table[0])]
    cut = [[line[a:b].strip() for a, b in zip(starts, starts[1:] + [None])] for line in table]
    return {row[0]: dict(zip(cut[0], row)) for row in cut[1:]}


def notes(result):
    """What stands below the table."""
    return result.stdout.split("\n\n")[1].splitlines() if "\n\n" in result.stdout else []


def manifest_of(path):
    return json.loads((path / "manifest.json").read_text())


def edit(path, change):
    manifest = manifest_of(path)
    change(manifest)
    (path / "manifest.json").write_text(json.dumps(manifest))


class TestSaves:
    def test_the_newest_comes_first_with_what_its_manifest_says(self, saves):
        result = saves.run("list")
        table = rows(result)
        assert list(table) == ["metamodel", "metamodel.old", "metamodel.old.2"]
        assert [row["AGE"] for row in table.values()] == ["2 d ago", "3 d ago", "4 d ago"]
        for name, row in table.items():
            manifest = manifest_of(saves.cwd / name)
            [node] = manifest["nodes"]
            assert row["SAVED"] == manifest["accounts"][0]["saved_at"]
            assert (row["STATE"], row["DATABASE"]) == ("complete", node["node"])
            assert row["SERVER"] == f"{node['host']}:{node['port']}"
            assert int(row["ACCOUNTS"]) == len(manifest["accounts"])
            assert (row["FAILED"], row["STALE"]) == ("0", "0")
            assert row["CHANGED"] == {"metamodel": "2", "metamodel.old": "3"}.get(name, "-")
            assert int(row["BYTES"]) == sum(each["bytes"] for each in manifest["accounts"])
        assert notes(result) == [] and result.stderr == ""

    def test_the_report_says_the_same_and_more(self, saves):
        report = saves.run("list", "--json").report
        assert (report["command"], report["result"], report["exit_status"]) == ("list", "done", 0)
        assert [save["save"] for save in report["saves"]] == ["metamodel", "metamodel.old", "metamodel.old.2"]
        manifest = manifest_of(saves.cwd / "metamodel")
        newest = report["saves"][0]
        assert newest["nodes"][0]["system_identifier"] == manifest["nodes"][0]["system_identifier"]
        assert (newest["finished"], newest["program"]) == (manifest["finished"], manifest["program"])
        assert (newest["failed"], newest["stale"], newest["carried_over"]) == (0, 0, 0)
        assert [save["changed"] for save in report["saves"]] == [2, 3, None]
        assert report["accounts"] == [] and report["error"] is None

    @pytest.mark.parametrize("name", ["metamodel.old", "metamodel/", "metamodel.old.2"])
    def test_any_name_of_the_family_shows_all_of_it(self, saves, name):
        assert saves.run("list", "-D", name).stdout == saves.run("list").stdout

    def test_it_works_wherever_the_saves_are(self, saves, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        link = tmp_path / "elsewhere" / "link"
        link.symlink_to(saves.cwd / "metamodel")
        table = rows(saves.run("list", "-D", link))
        assert list(table) == [str(saves.cwd / name)
                               for name in ("metamodel", "metamodel.old", "metamodel.old.2")]

    def test_failed_and_stale_accounts_are_counted(self, saves):
        def change(manifest):
            manifest["failed"] = 2
            manifest["accounts"][1].update(stale=True, failed=True, saved_at="2026-01-01T00:00:00Z")
            manifest["accounts"][2].update(stale=True, failed=False)
        edit(saves.cwd / "metamodel", change)
        row = rows(saves.run("list"))["metamodel"]
        assert (row["FAILED"], row["STALE"]) == ("2", "1")
        newest = saves.run("list", "--json").report["saves"][0]
        assert (newest["failed"], newest["stale"], newest["carried_over"]) == (2, 1, 1)

    def test_many_nodes_are_counted_in_the_table_and_named_in_the_report(self, saves):
        def change(manifest):
            manifest["nodes"].append({**manifest["nodes"][0], "node": "second"})
        edit(saves.cwd / "metamodel", change)
        row = rows(saves.run("list"))["metamodel"]
        assert (row["DATABASE"], row["SERVER"]) == ("2 nodes", "-")
        assert saves.run("list", "--json").report["saves"][0]["nodes"][1]["node"] == "second"

    def test_a_save_of_another_database_is_said_to_be_one(self, saves):
        edit(saves.cwd / "metamodel.old",
             lambda manifest: manifest["nodes"][0].update(system_identifier="1"))
        assert notes(saves.run("list")) == ["metamodel.old: it is of another database than metamodel"]

    def test_tenants_are_called_tenants(self, saves):
        result = saves.run("list", "--model=plain")
        assert "TENANTS" in result.stdout and "ACCOUNT" not in result.stdout
        result = saves.run("list", "--model=plain", "nobody", expect=1)
        assert result.stderr == "metamodel: error: tenant nobody is in no save of metamodel\n"

    def test_a_gap_in_the_numbers_hides_nothing(self, saves):
        (saves.cwd / "metamodel.old.2").rename(saves.cwd / "metamodel.old.120")
        (saves.cwd / "metamodel.old.02").mkdir()
        (saves.cwd / "metamodel.old.x").mkdir()
        assert list(rows(saves.run("list"))) == ["metamodel", "metamodel.old", "metamodel.old.120"]


class TestBadSaves:
    @pytest.mark.parametrize("spoil, state, note", [
        (lambda path: (path / "manifest.json").write_text("{"), "damaged", "manifest.json: line 1"),
        (lambda path: (path / "manifest.json").write_bytes(b"\0\xff\x1b[2J"), "damaged", "manifest.json: "),
        (lambda path: edit(path, lambda manifest: manifest.update(format=2)), "damaged", "format 2"),
        (lambda path: edit(path, lambda manifest: manifest.pop("started")), "damaged", '"started"'),
        (lambda path: (shutil.rmtree(path), path.write_text("x")), "no save", "not a directory"),
        (lambda path: (shutil.rmtree(path), path.mkdir(), (path / "x").mkdir()), "no save", "no dump"),
        (lambda path: (shutil.rmtree(path), path.symlink_to(path)), "unreadable", "symbolic links"),
    ], ids=["cut", "bytes", "format", "key", "file", "foreign", "link"])
    def test_one_is_shown_as_such_beside_the_others(self, saves, spoil, state, note):
        spoil(saves.cwd / "metamodel.old")
        result = saves.run("list", expect=3)
        assert {name: row["STATE"] for name, row in rows(result).items()} == {
            "metamodel": "complete", "metamodel.old": state, "metamodel.old.2": "complete"}
        [said] = notes(result)
        assert said.startswith("metamodel.old: ") and note in said
        assert not RAW_CONTROLS.search(result.stdout)
        report = saves.run("list", "--json", expect=3).report
        assert report["result"] == "partly" and report["saves"][1]["state"] == state

    def test_dumps_without_a_manifest_are_counted(self, saves):
        (saves.cwd / "metamodel.old" / "manifest.json").unlink()
        result = saves.run("list")
        row = rows(result)["metamodel.old"]
        assert (row["STATE"], row["SAVED"], row["FAILED"]) == ("no manifest", "-", "-")
        size = sum(path.stat().st_size for path in (saves.cwd / "metamodel.old").iterdir())
        assert (row["ACCOUNTS"], row["BYTES"]) == ("4", str(size)) and len(notes(result)) == 1

    def test_what_a_manifest_says_cannot_control_the_terminal(self, saves):
        def change(manifest):
            manifest["nodes"][0].update(node="\x1b[2J", host="a\nb", port="\x9b")
            manifest["program"] = "\x07"
            manifest["accounts"][0]["bytes"] = 2**63 - 1
        edit(saves.cwd / "metamodel", change)
        result = saves.run("list")
        assert not RAW_CONTROLS.search(result.stdout) and r"\x1b[2J" in result.stdout
        assert str(2**63 - 1) in result.stdout

    def test_without_any_save_it_says_so(self, offline):
        result = offline.run("list", expect=1)
        assert result.stderr == ("metamodel: error: metamodel does not exist\n"
                                 "metamodel: hint: name the save with --directory\n")
        report = offline.run("list", "--json", expect=1).report
        assert (report["result"], report["error"]) == ("failed", "metamodel does not exist")

    def test_old_ones_are_shown_when_the_newest_is_lost(self, saves):
        shutil.rmtree(saves.cwd / "metamodel")
        assert list(rows(saves.run("list"))) == ["metamodel.old", "metamodel.old.2"]


class TestUnfinished:
    def test_a_save_that_died_halfway_is_no_save(self, saves):
        (saves.cwd / "metamodel.new").mkdir()
        result = saves.run("list")
        assert list(rows(result))[-1] == "metamodel.new"
        assert rows(result)["metamodel.new"]["STATE"] == "unfinished"
        assert notes(result) == [
            "metamodel.new: a run is making it, or died while it did so: it is not a save"]

    @pytest.mark.parametrize("name, order", [
        ("metamodel", ["metamodel.swap", "metamodel.old", "metamodel.old.2"]),
        ("metamodel.old", ["metamodel", "metamodel.swap", "metamodel.old.2"]),
    ])
    def test_one_on_its_way_to_its_name_is_shown_in_its_place(self, saves, name, order):
        (saves.cwd / name).rename(saves.cwd / "metamodel.swap")
        result = saves.run("list")
        assert list(rows(result)) == order
        row = rows(result)["metamodel.swap"]
        assert row["STATE"] == "unfinished" and int(row["ACCOUNTS"]) == 4
        assert len(notes(result)) == 1

    def test_the_newer_of_two_comes_first(self, saves):
        (saves.cwd / "metamodel").rename(saves.cwd / "metamodel.swap")
        (saves.cwd / "metamodel.old").rename(saves.cwd / "metamodel")
        assert list(rows(saves.run("list"))) == ["metamodel.swap", "metamodel", "metamodel.old.2"]

    def test_old_saves_that_are_being_deleted_are_named(self, saves):
        (saves.cwd / "metamodel.drop").mkdir()
        (saves.cwd / "metamodel.old.2").rename(saves.cwd / "metamodel.drop" / "2")
        assert rows(saves.run("list"))["metamodel.drop"]["STATE"] == "being deleted"

    def test_it_changes_nothing(self, saves):
        for name in ("metamodel.new", "metamodel.drop"):
            (saves.cwd / name).mkdir()
        before = sorted(path for path in saves.cwd.rglob("*"))
        saves.run("list")
        assert sorted(path for path in saves.cwd.rglob("*")) == before


def in_saves(result, account):
    """{save: its row} of one account in the report."""
    [found] = [each for each in result.report["accounts"] if each["account"] == account]
    return {each["save"]: each for each in found["saves"]}


class TestAccounts:
    def test_it_is_shown_in_which_saves_one_is(self, saves):
        result = saves.run("list", "onccf")
        lines = result.stdout.splitlines()
        assert [line.split()[:2] for line in lines[1:]] == [["onccf", "metamodel"], ["onccf", "metamodel.old"]]
        entry = saves.tree().entry("onccf")
        for value in (entry["saved_at"], entry["version"], entry["tables"], entry["rows"], entry["bytes"]):
            assert str(value) in lines[1].split()

    def test_the_same_contents_are_found_whatever_the_key_of_the_dump(self, saves):
        result = saves.run("list", "it's", "agentzh", "onccf", "--json")
        times = {name: manifest_of(saves.cwd / name)["accounts"][0]["saved_at"]
                 for name in ("metamodel", "metamodel.old", "metamodel.old.2")}
        same = {account: {save: row["same_since"] for save, row in in_saves(result, account).items()}
                for account in ("it's", "agentzh", "onccf")}
        oldest = times["metamodel.old.2"]
        assert same["it's"] == dict.fromkeys(times, oldest)
        assert same["agentzh"] == {"metamodel": times["metamodel"], "metamodel.old": oldest,
                                   "metamodel.old.2": oldest}
        assert same["onccf"] == dict.fromkeys(["metamodel", "metamodel.old"], times["metamodel.old"])

    def test_one_other_byte_is_another_content(self, saves):
        file = saves.tree("metamodel.old").file("it's")
        file.write_bytes(file.read_bytes().replace(b"-- Name: ", b"-- name: ", 1))
        result = in_saves(saves.run("list", "it's", "--json"), "it's")
        assert result["metamodel"]["same_since"] == result["metamodel"]["saved_at"]

    def test_a_save_without_it_in_between_ends_what_is_the_same(self, saves):
        edit(saves.cwd / "metamodel.old", lambda manifest: manifest["accounts"].pop(2))
        result = in_saves(saves.run("list", "it's", "--json"), "it's")
        assert list(result) == ["metamodel", "metamodel.old.2"]
        assert result["metamodel"]["same_since"] == result["metamodel"]["saved_at"]

    def test_a_dump_of_a_save_without_manifest_is_found_by_its_file(self, saves):
        (saves.cwd / "metamodel.old.2" / "manifest.json").unlink()
        row = in_saves(saves.run("list", "agentzh", "--json"), "agentzh")["metamodel.old.2"]
        assert row["bytes"] == (saves.cwd / "metamodel.old.2" / "agentzh.sql").stat().st_size
        assert row["same_since"] is None and "version" not in row

    def test_a_dump_that_cannot_be_compared_is_named(self, saves):
        saves.tree("metamodel.old").file("it's").unlink()
        result = saves.run("list", "it's", expect=3)
        assert notes(result) == [f"{name}: it's: not compared with the one before it: missing"
                                 for name in ("metamodel", "metamodel.old")]
        assert [line.split()[-1] for line in result.stdout.splitlines()[1:3]] == ["-", "-"]

    def test_one_that_is_nowhere_fails_and_takes_nothing_from_the_others(self, saves):
        result = saves.run("list", "nobody", "onccf", expect=3)
        assert result.stderr == "metamodel: error: account nobody is in no save of metamodel\n"
        assert "onccf    metamodel.old" in result.stdout
        result = saves.run("list", "nobody", expect=1)
        assert result.stdout == ""
        assert saves.run("list", "nobody", "--json", expect=1).report["result"] == "failed"

    def test_stale_dumps_say_so(self, saves):
        edit(saves.cwd / "metamodel",
             lambda manifest: manifest["accounts"][1].update(stale=True, failed=True))
        assert "Z stale " in saves.run("list", "agentzh").stdout


class TestUsage:
    def test_it_needs_no_server(self, offline):
        result = offline.run("list", "-h", "localhost", expect=2)
        assert "option --host: list needs no server" in result.stderr

    def test_a_full_disk_is_told(self, saves):
        result = saves.start("list", preexec_fn=lambda: os.dup2(os.open("/dev/full", os.O_WRONLY), 1)).wait()
        assert result.returncode == 1 and "standard output: write: No space left" in result.stderr

    def test_thousands_of_accounts_and_many_saves_are_no_burden(self, saves):
        manifest = manifest_of(saves.cwd / "metamodel")
        entry = manifest["accounts"][1]
        manifest["accounts"] = [{**entry, "account": f"a{n:05}", "file": f"a{n:05}.sql"} for n in range(1000)]
        for n in range(3, 40):
            (saves.cwd / f"metamodel.old.{n}").mkdir()
            (saves.cwd / f"metamodel.old.{n}" / "manifest.json").write_text(json.dumps(manifest))
        result = saves.run("list", "a00500")
        assert result.stdout.count("\na00500 ") == 37
