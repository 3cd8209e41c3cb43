# SPDX-License-Identifier: PostgreSQL
"""`metamodel verify`: whatever is wrong with a save on disk is named, file by file."""

import json
import os
import re
import shutil
import signal
import socket
from contextlib import closing
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel, Tree, wait_for

ACCOUNTS = ["_global", "agentzh", "it's", "onccf"]
FILES = ["_global.sql", "agentzh.sql", "it%27s.sql", "onccf.sql"]
BINARY = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
NOWHERE = SimpleNamespace(host="/nonexistent", port="1", user="nobody")
CLOSING = b"--\n-- PostgreSQL database dump complete\n--\n"


@pytest.fixture(scope="module")
def good_save(server, tmp_path_factory):
    """A save that nobody changes: tests copy it."""
    name, cwd = f"verify_{os.getpid()}", tmp_path_factory.mktemp("good")
    server.sql(f"CREATE DATABASE {name}")
    with closing(Database(server, name)) as db:
        db.add_accounts(*ACCOUNTS[1:])
        program = Metamodel(BINARY, cwd, server, name)
        program.run("save")
        program.end()
    server.sql(f"DROP DATABASE {name}")
    return cwd / "metamodel"


@pytest.fixture
def offline(tmp_path):
    """The program, with no server anywhere."""
    program = Metamodel(BINARY, tmp_path, NOWHERE, "none")
    yield program
    program.end()


@pytest.fixture
def save(good_save, offline):
    """A good save at `metamodel`, to be spoilt."""
    shutil.copytree(good_save, offline.cwd / "metamodel")
    return Tree(offline.cwd / "metamodel")


def named(cases):
    """Parameters of a test from {name: values}."""
    return [pytest.param(*values, id=name) for name, values in cases.items()]


def problems(result, directory="metamodel"):
    """What was said to be wrong: {file: problem}. A file that is named twice fails the test."""
    said = re.findall(f"^metamodel: error: {directory}/([^/]*?): (.*)$", result.stderr, re.M)
    files = [file for file, _ in said]
    assert len(set(files)) == len(files), f"named more than once: {result}"
    return dict(said)


def one_problem(result):
    [(file, problem)] = problems(result).items()
    return file, problem


def edit(save, change):
    """Write the manifest anew as CHANGE, a function, left it or returned it."""
    manifest = save.manifest
    (save.path / "manifest.json").write_text(json.dumps(change(manifest) or manifest))


def entry(manifest, account="onccf"):
    return next(e for e in manifest["accounts"] if e["account"] == account)


def rewrite(path, change):
    """The bytes of a file as CHANGE, a function of the old ones, gives them."""
    path.write_bytes(change(path.read_bytes()))


def as_ordinary_user(save):
    """Opens the save to everybody; root gets what makes the program somebody else's."""
    for path in [save.path.parent, save.path, *save.path.iterdir()]:
        path.chmod(0o755)
    if os.getuid() != 0:
        return {}

    def become_nobody():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    return {"preexec_fn": become_nobody}


def run_as_ordinary_user(offline, opts, *args, **more):
    try:
        return offline.run(*args, **opts, **more)
    except PermissionError as error:
        pytest.skip(f"the program is out of reach for others: {error}")


class TestGoodSave:
    def test_it_takes_one_line_to_say_so_and_no_server(self, offline, save):
        result = offline.run("verify")
        assert re.fullmatch(r"metamodel is in order: 4 accounts, [\d.]+ kB\.\n", result.stderr)
        assert result.stdout == ""

    def test_quiet_prints_nothing(self, offline, save):
        result = offline.run("verify", "-q")
        assert result.stdout + result.stderr == ""

    def test_json_reports_every_account_as_the_manifest_has_it(self, offline, save):
        result = offline.run("verify", "--json")
        report = result.report
        assert report["command"] == "verify" and report["result"] == "done"
        assert report["exit_status"] == 0 and report["error"] is None
        assert sorted(each["account"] for each in report["accounts"]) == ACCOUNTS
        for each in report["accounts"]:
            known = save.entry(each["account"])
            assert each["result"] == "good" and each["error"] is None
            assert {key: each[key] for key in ("node", "version", "tables", "rows", "bytes")} == {
                key: known[key] for key in ("node", "version", "tables", "rows", "bytes")}

    @pytest.mark.parametrize("args", [["metamodel/"], ["./metamodel//"], ["-D", "metamodel/"],
                                      ["link"], ["link/"]])
    def test_its_directory_may_be_named_in_any_way(self, offline, save, args):
        (offline.cwd / "link").symlink_to("metamodel")
        offline.run("verify", *args)
        shutil.rmtree(save.path)
        offline.run("verify", *args, expect=1)

    def test_an_absolute_path_from_elsewhere_will_do(self, offline, save, tmp_path_factory):
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        offline.run("verify", save.path, cwd=elsewhere)
        assert list(elsewhere.iterdir()) == []

    def test_an_old_save_is_checked_by_its_own_name(self, offline, save):
        save.path.rename(offline.cwd / "metamodel.old")
        result = offline.run("verify", "metamodel.old")
        assert result.stderr.startswith("metamodel.old is in order: 4 accounts")
        (offline.cwd / "metamodel.old" / "onccf.sql").unlink()
        result = offline.run("verify", "metamodel.old", expect=3)
        assert problems(result, "metamodel.old") == {"onccf.sql": "missing"}

    def test_nothing_is_written_and_no_lock_is_taken(self, offline, save, strace):
        trace = strace(trace="%file,flock")
        offline.run("verify", under=trace)
        assert not [line for line in trace.lines if '"/dev/' not in line and
                    re.search(r"flock\(|O_CREAT|O_WRONLY|O_RDWR|rename|unlink|mkdir", line)]
        assert [path.name for path in offline.cwd.iterdir()] == ["metamodel"]

    def test_a_read_only_file_system_will_do(self, offline, save, read_only):
        offline.run("verify", under=read_only(offline.cwd))
        # Not even where there are leftovers that a run that may write would clean up.
        shutil.copytree(save.path, offline.cwd / "metamodel.new")
        result = offline.run("verify", under=read_only(offline.cwd))
        assert "metamodel is in order" in result.stderr

    def test_stale_accounts_are_mentioned(self, offline, save):
        edit(save, lambda m: entry(m).update(stale=True))
        result = offline.run("verify", "--json")
        assert re.search(r"in order: 4 accounts, .*Stale: onccf\.$", result.stderr)
        assert [each["account"] for each in result.report["accounts"]
                if each["result"] == "stale"] == ["onccf"]

    def test_stale_accounts_are_mentioned_beside_a_failure(self, offline, save):
        edit(save, lambda m: entry(m).update(stale=True))
        (save.path / "agentzh.sql").unlink()
        result = offline.run("verify", "-q", expect=3)
        assert result.stderr.splitlines()[-1] == (
            "metamodel is not in order. Failed: agentzh. Stale: onccf.")


class TestWhileASaveRuns:
    def test_it_neither_waits_nor_disturbs(self, metamodel, db, fake_pg_dump):
        db.add_accounts("agentzh", "onccf")
        metamodel.run("save")
        before = metamodel.tree().manifest
        fake_pg_dump.hang("onccf")
        running = metamodel.start("save")
        wait_for(lambda: len(fake_pg_dump.calls("onccf")) == 2, what="a save that hangs")
        lock = (metamodel.cwd / "metamodel.lock").read_text()
        options, metamodel.options = metamodel.options, []
        result = metamodel.run("verify")
        assert "metamodel is in order: 3 accounts" in result.stderr
        assert (metamodel.cwd / "metamodel.lock").read_text() == lock
        assert (metamodel.cwd / "metamodel.new").is_dir()
        metamodel.options = options
        running.send(signal.SIGTERM)
        assert running.wait().returncode == 128 + signal.SIGTERM
        assert metamodel.tree().manifest == before


class TestDamagedDump:
    @pytest.mark.parametrize("damage, words", named({
        "one byte more": (lambda text: text + b"\n", r"wrong size: \d+ bytes, the manifest says"),
        "one row more": (lambda text: text.replace(b"\n\\.\n", b"\nx\n\\.\n", 1), "wrong size"),
        "another letter": (lambda text: text.replace(b"Admin", b"Bdmin", 1), "wrong hash"),
        "another bit": (lambda text: text.replace(b"\t", b"\x0b", 1), "wrong hash"),
        "empty": (lambda text: b"", "wrong size: 0 bytes.*empty"),
        "noughts": (lambda text: bytes(len(text)), "NUL byte"),
        "line ends of Windows": (lambda text: text.replace(b"\n", b"\r\n"), "carriage return"),
        "doubled": (lambda text: text + text, "after pg_dump's closing comment"),
        "a shell command": (lambda text: text.replace(b"\nSET ", b"\n\\! id\nSET ", 1),
                            "backslash command"),
    }))
    def test_what_is_wrong_with_it_is_named(self, offline, save, damage, words):
        rewrite(save.path / "onccf.sql", damage)
        result = offline.run("verify", expect=3)
        file, problem = one_problem(result)
        assert file == "onccf.sql" and re.search(words, problem), result
        assert result.stderr.splitlines()[-1] == "metamodel is not in order. Failed: onccf."

    CUTS = {
        "in the first line": lambda text: 10,
        "in a statement": lambda text: text.index(b"CREATE TABLE") + 20,
        "behind a statement": lambda text: text.index(b";\n", text.index(b"CREATE TABLE")) + 2,
        "in a line of data": lambda text: text.index(b"\n\\.\n") - 3,
        "in data at a line's end": lambda text: text.index(b"\n\\.\n") + 1,
        "in the end of data": lambda text: text.index(b"\n\\.\n") + 2,
        "before the closing comment": lambda text: text.index(CLOSING),
        "in the closing comment": lambda text: text.index(CLOSING) + len(CLOSING) // 2,
        "in the word complete": lambda text: text.index(b"complete\n--") + 3,
        "in \\unrestrict": lambda text: text.index(b"\\unrestrict") + 9,
        "in its key": lambda text: text.rindex(b"\n", 0, -2) - 5,
    }

    @pytest.mark.parametrize("has_manifest", [True, False], ids=["manifest", "legacy"])
    @pytest.mark.parametrize("cut", CUTS)
    def test_truncation_is_seen_wherever_it_happened(self, offline, save, cut, has_manifest):
        path = save.path / "agentzh.sql"
        text = path.read_bytes()
        if b"\\unrestrict" not in text and ("key" in cut or "restrict" in cut):
            pytest.skip("this pg_dump writes no \\restrict")
        rewrite(path, lambda text: text[:self.CUTS[cut](text)])
        if not has_manifest:
            (save.path / "manifest.json").unlink()
        file, problem = one_problem(offline.run("verify", expect=3))
        assert file == "agentzh.sql"
        assert re.search("truncated|does not end with|unrestri|that does not occur", problem), problem
        assert ("wrong size" in problem) == has_manifest

    def test_data_cut_at_a_line_end_tells_the_table(self, offline, save):
        rewrite(save.path / "onccf.sql",
                lambda text: text[:text.index(b"\n\\.\n", text.index(b"COPY onccf._models")) + 1])
        assert "truncated inside the data of table onccf._models" in offline.run(
            "verify", expect=3).stderr

    def test_two_dumps_that_changed_places_are_both_wrong(self, offline, save):
        (save.path / "onccf.sql").rename(save.path / "x")
        (save.path / "agentzh.sql").rename(save.path / "onccf.sql")
        (save.path / "x").rename(save.path / "agentzh.sql")
        assert set(problems(offline.run("verify", expect=3))) == {"agentzh.sql", "onccf.sql"}

    def test_a_missing_one_is_named_by_its_file(self, offline, save):
        (save.path / "it%27s.sql").unlink()
        result = offline.run("verify", expect=3)
        assert problems(result) == {"it%27s.sql": "missing"}
        assert result.stderr.endswith("Failed: it's.\n")

    def test_all_of_them_damaged_is_a_failure_as_a_whole(self, offline, save):
        for file in FILES:
            rewrite(save.path / file, lambda text: text[:-10])
        result = offline.run("verify", "--json", expect=1)
        assert sorted(problems(result)) == FILES
        assert result.report["result"] == "failed"
        assert {each["result"] for each in result.report["accounts"]} == {"failed"}

    def test_json_says_what_is_wrong_with_each_account(self, offline, save):
        (save.path / "onccf.sql").unlink()
        report = offline.run("verify", "--json", expect=3).report
        assert report["result"] == "partly" and report["exit_status"] == 3
        assert {each["account"]: each["error"] for each in report["accounts"]} == {
            "_global": None, "agentzh": None, "it's": None, "onccf": "missing"}

    @pytest.mark.parametrize("key, value", [("tables", 1), ("rows", 1), ("version", "0.009"),
                                            ("version", None)])
    def test_a_manifest_that_is_wrong_about_it_is_named(self, offline, save, key, value):
        edit(save, lambda m: entry(m).update({key: value}))
        file, problem = one_problem(offline.run("verify", expect=3))
        known = save.entry("agentzh")
        assert file == "onccf.sql" and "it does not match the manifest" in problem
        assert f"{known['tables']} tables, {known['rows']} rows, version 0.001" in problem

    def test_an_unreadable_one_is_named(self, offline, save):
        opts = as_ordinary_user(save)
        (save.path / "onccf.sql").chmod(0)
        file, problem = one_problem(run_as_ordinary_user(offline, opts, "verify", expect=3))
        assert file == "onccf.sql" and problem.endswith("Permission denied")


def make_socket(path):
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        here = os.getcwd()
        os.chdir(path.parent)  # the name of a socket has to be short
        listener.bind(path.name)
        os.chdir(here)


def test_what_many_dumps_have_is_said_once(offline, save):
    for name in FILES[:3]:
        (save.path / name).unlink()
    (save.path / "one").touch()
    (save.path / "two").touch()
    result = offline.run("verify", "--json", expect=3)
    lines = result.stderr.splitlines()
    assert lines[:2] + lines[4:] == [
        "metamodel: error: metamodel/one: extra: not in the manifest",
        "metamodel: error: metamodel/two: extra: not in the manifest",
        "metamodel is not in order. Failed: _global, agentzh, it's."]
    # four are looked at side by side
    first = re.fullmatch("metamodel: error: metamodel/(.*): missing", lines[2])[1]
    named = re.fullmatch("metamodel: error: account (.*): the same for 2 other accounts: (.*), (.*)", lines[3]).groups()
    assert first == FILES[ACCOUNTS.index(named[0])] and sorted(named) == ACCOUNTS[:3]
    assert [e["error"] for e in result.report["accounts"] if e["account"]] == ["missing"] * 3 + [None]


OTHER_THINGS = {
    "fifo": os.mkfifo,
    "directory": os.mkdir,
    "symbolic link": lambda path: path.symlink_to("agentzh.sql"),
    "dangling link": lambda path: path.symlink_to("nothing"),
    "link to itself": lambda path: path.symlink_to(path.name),
    "socket": make_socket,
}


class TestStrangers:
    @pytest.mark.parametrize("name", ["notes.txt", "stranger.sql", ".hidden", "onccf.sql~",
                                      "ONCCF.SQL", "manifest.json.bak", "on%63cf.sql", ".sql"])
    def test_a_file_too_many_is_named(self, offline, save, name):
        shutil.copy(save.path / "onccf.sql", save.path / name)
        result = offline.run("verify", expect=3)
        file, problem = one_problem(result)
        assert file == name and "not in the manifest" in problem

    @pytest.mark.parametrize("thing", OTHER_THINGS)
    @pytest.mark.parametrize("name", ["thing", "thing.sql"])
    def test_whatever_is_no_file_is_named_and_not_opened(self, offline, save, name, thing):
        OTHER_THINGS[thing](save.path / name)
        file, _ = one_problem(offline.run("verify", expect=3))
        assert file == name

    @pytest.mark.parametrize("thing", OTHER_THINGS)
    def test_another_thing_in_the_place_of_a_dump_is_named_once(self, offline, save, thing):
        (save.path / "onccf.sql").unlink()
        OTHER_THINGS[thing](save.path / "onccf.sql")
        result = offline.run("verify", expect=3)
        file, problem = one_problem(result)
        assert file == "onccf.sql" and "not in the manifest" not in problem
        assert result.stderr.splitlines()[-1] == "metamodel is not in order. Failed: onccf."

    def test_a_link_to_the_very_dump_is_no_dump(self, offline, save):
        (save.path / "onccf.sql").rename(offline.cwd / "onccf.sql")
        (save.path / "onccf.sql").symlink_to("../onccf.sql")
        offline.run("verify", expect=3)

    @pytest.mark.parametrize("thing", OTHER_THINGS)
    def test_another_thing_in_the_place_of_the_manifest_fails(self, offline, save, thing):
        (save.path / "manifest.json").unlink()
        OTHER_THINGS[thing](save.path / "manifest.json")
        result = offline.run("verify", expect=1)
        assert "metamodel/manifest.json" in result.stderr or (
            "metamodel: manifest.json" in result.stderr)

    def test_json_names_them_too(self, offline, save):
        (save.path / "notes.txt").touch()
        report = offline.run("verify", "--json", expect=3).report
        assert "notes.txt" in json.dumps(report)

    def test_all_of_them_and_all_damage_are_named_in_one_run(self, offline, save):
        (save.path / "a.txt").touch()
        (save.path / "b.sql").touch()
        (save.path / "onccf.sql").unlink()
        rewrite(save.path / "agentzh.sql", lambda text: text[:-20])
        assert sorted(problems(offline.run("verify", expect=3))) == [
            "a.txt", "agentzh.sql", "b.sql", "onccf.sql"]

    def test_control_characters_in_their_names_do_not_reach_the_terminal(self, offline, save):
        (save.path / "\x1b[2J\n\x7f.txt").touch()
        result = offline.run("verify", expect=3)
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.stderr)
        assert r"\x1b[2J" in result.stderr and r"\x7f.txt" in result.stderr
        assert all(line.startswith("metamodel") for line in result.stderr.splitlines())


def twice(manifest):
    manifest["accounts"].append(manifest["accounts"][0])


class TestDamagedManifest:
    def test_without_one_it_says_what_it_cannot_check(self, offline, save):
        (save.path / "manifest.json").unlink()
        result = offline.run("verify")
        assert re.match("metamodel: warning: metamodel has no manifest.json", result.stderr)
        assert "metamodel is in order: 4 accounts" in result.stderr

    def test_a_strange_file_between_the_dumps_of_the_perl_scripts_is_named(self, offline, save):
        (save.path / "manifest.json").unlink()
        (save.path / "notes.txt").touch()
        result = offline.run("verify", expect=3)
        assert one_problem(result) == ("notes.txt", "extra: not in the manifest")

    def test_a_directory_of_strange_files_alone_is_no_save(self, offline, save):
        for file in save.path.iterdir():
            file.unlink()
        (save.path / "notes.txt").touch()
        assert "metamodel is not a save" in offline.run("verify", expect=1).stderr

    @pytest.mark.parametrize("text", named({
        "empty": (b"",),
        "blank": (b"\n",),
        "not JSON": (b"It was a dark and stormy night.",),
        "half of it": (None,),
        "two of it": (b"{}{}",),
        "no UTF-8": (b'{"format": 1, "program": "\xff"}',),
        "noughts": (bytes(1000),),
        "a list": (b"[]",),
        "a number": (b"1",),
        "a key twice": (b'{"format": 1, "format": 1}',),
        "deep": (b"[" * 100_000,),
        "deep and closed": (b'{"accounts": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",),
        "a huge integer": (b'{"format": ' + b"9" * 400 + b"}",),
        "a huge real": (b'{"format": 1e999}',),
    }))
    def test_one_that_is_no_manifest_fails(self, offline, save, text):
        rewrite(save.path / "manifest.json",
                lambda old: old[:len(old) // 2] if text is None else text)
        result = offline.run("verify", expect=1)
        errors = re.findall("^metamodel: error: .*$", result.stderr, re.M)
        assert len(errors) == 1 and "manifest.json" in errors[0], result
        assert len(errors[0]) < 300

    @pytest.mark.parametrize("change, words", named({
        "newer format": (lambda m: m.update(format=2), "format 2"),
        "newer format of another form": (lambda m: m.update(format=2, accounts={"onccf": {}}), "format 2"),
        "no format": (lambda m: m.pop("format") and None, "format"),
        "format as text": (lambda m: m.update(format="1"), "format"),
        "negative format": (lambda m: m.update(format=-1), "format"),
        "format 1.0": (lambda m: m.update(format=1.0), "format"),
        "no accounts": (lambda m: m.pop("accounts") and None, "accounts"),
        "accounts as object": (lambda m: m.update(accounts={}), "accounts"),
        "accounts as texts": (lambda m: m.update(accounts=["onccf"]), "account"),
        "no nodes": (lambda m: m.update(nodes=None), "nodes"),
        "nodes as numbers": (lambda m: m.update(nodes=[1]), "node"),
        "serial below 0": (lambda m: m.update(serial=-1), "serial"),
        "started at no time": (lambda m: m.update(started="yesterday"), "started"),
        "program as number": (lambda m: m.update(program=1), "program"),
        "account as number": (lambda m: entry(m).update(account=1), "account"),
        "account without name": (lambda m: entry(m).update(account=""), "account"),
        "account null": (lambda m: entry(m).update(account=None), "account"),
        "account twice": (twice, '"_global" appears twice'),
        "file elsewhere": (lambda m: entry(m).update(file="../onccf.sql"), "onccf.sql"),
        "file of another": (lambda m: entry(m).update(file="agentzh.sql"), "onccf.sql"),
        "file at the root": (lambda m: entry(m).update(file="/etc/passwd"), "onccf.sql"),
        "file null": (lambda m: entry(m).update(file=None), "file"),
        "name elsewhere": (lambda m: entry(m).update(account="../x", file="../x.sql"),
                           "%2E%2E%2Fx.sql"),
        "bytes as text": (lambda m: entry(m).update(bytes="1"), '"onccf".*bytes'),
        "bytes below 0": (lambda m: entry(m).update(bytes=-1), '"onccf".*bytes'),
        "bytes as real": (lambda m: entry(m).update(bytes=1e300), '"onccf".*bytes'),
        "2^63 bytes": (lambda m: entry(m).update(bytes=2**63), "integer"),
        "2^32 tables": (lambda m: entry(m).update(tables=2**32), '"onccf".*tables'),
        "rows null": (lambda m: entry(m).update(rows=None), '"onccf".*rows'),
        "hash too short": (lambda m: entry(m).update(sha256="ab"), '"onccf".*sha256'),
        "hash of other letters": (lambda m: entry(m).update(sha256="x" * 64), '"onccf".*sha256'),
        "hash null": (lambda m: entry(m).update(sha256=None), '"onccf".*sha256'),
        "stale as text": (lambda m: entry(m).update(stale="no"), '"onccf".*stale'),
        "version as number": (lambda m: entry(m).update(version=0.001), '"onccf".*version'),
        "saved at no time": (lambda m: entry(m).update(saved_at="2026"), '"onccf".*saved_at'),
    }))
    def test_what_is_wrong_in_it_is_named(self, offline, save, change, words):
        edit(save, change)
        result = offline.run("verify", expect=1)
        [line] = re.findall("^metamodel: error: .*$", result.stderr, re.M)
        assert "manifest.json" in line and re.search(words, line), result

    def test_the_largest_numbers_are_wrong_but_no_damage(self, offline, save):
        edit(save, lambda m: entry(m).update(bytes=2**63 - 1, rows=2**63 - 1, tables=2**32 - 1))
        file, problem = one_problem(offline.run("verify", expect=3))
        assert file == "onccf.sql" and f"the manifest says {2**63 - 1}" in problem

    def test_a_damaged_one_does_not_hide_damaged_dumps(self, offline, save):
        (save.path / "manifest.json").write_text("{")
        rewrite(save.path / "onccf.sql", lambda text: text[:-20])
        result = offline.run("verify", expect=1)
        assert "manifest.json" in result.stderr and "metamodel/onccf.sql: " in result.stderr

    def test_an_unreadable_one_fails(self, offline, save):
        opts = as_ordinary_user(save)
        (save.path / "manifest.json").chmod(0)
        result = run_as_ordinary_user(offline, opts, "verify", expect=1)
        assert re.search("manifest.json: Permission denied", result.stderr)


class TestNoSave:
    def said(self, result):
        lines = result.stderr.splitlines()
        assert lines[0].startswith("metamodel: error: ") and len(lines) <= 2, result
        return lines[0]

    def test_a_directory_that_is_not_there(self, offline):
        assert "metamodel does not exist" in self.said(offline.run("verify", expect=1))
        assert "no/such/dir does not exist" in self.said(offline.run("verify", "no/such/dir",
                                                                     expect=1))
        assert list(offline.cwd.iterdir()) == []

    def test_an_empty_directory(self, offline):
        (offline.cwd / "metamodel").mkdir()
        assert "metamodel" in self.said(offline.run("verify", "-q", expect=1))

    @pytest.mark.parametrize("thing", ["fifo", "dangling link", "link to itself", "socket"])
    def test_what_is_no_directory(self, offline, thing):
        OTHER_THINGS[thing](offline.cwd / "metamodel")
        assert "metamodel" in self.said(offline.run("verify", expect=1))

    def test_a_file(self, offline, save):
        result = offline.run("verify", "metamodel/onccf.sql", expect=1)
        assert "metamodel/onccf.sql is not a" in self.said(result)

    def test_somebodys_home(self, offline):
        (offline.cwd / "metamodel").mkdir()
        (offline.cwd / "metamodel" / "letter.txt").write_text("Dear")
        assert "metamodel is not a save" in self.said(offline.run("verify", expect=1))

    def test_a_directory_that_may_not_be_read(self, offline, save):
        opts = as_ordinary_user(save)
        save.path.chmod(0)
        try:
            result = run_as_ordinary_user(offline, opts, "verify", expect=1)
        finally:
            save.path.chmod(0o700)
        assert "metamodel: Permission denied" in self.said(result)

    @pytest.mark.slow
    def test_json_reports_it(self, offline):
        report = offline.run("verify", "--json", expect=1).report
        assert report["result"] == "failed" and report["accounts"] == []
        assert "does not exist" in report["error"]
