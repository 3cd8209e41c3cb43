# SPDX-License-Identifier: PostgreSQL
"""`metamodel save` night after night: carrying over, rotating, what is in the way; how it runs
pg_dump; and what it reports and draws meanwhile."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios

import pytest
from support import errors_of, pg_bindir, wait_for
from support_save import SAVED, add_small, add_small_global, dump_by_hand, everything, now, state

LONG_AGO = "2020-01-01T00:00:00Z"


def pretend_saved_at(tree, account, moment):
    """Let the save say that it dumped the account then."""
    manifest = tree.manifest
    for entry in manifest["accounts"]:
        if entry["account"] == account:
            entry["saved_at"] = moment
    (tree.path / "manifest.json").write_text(json.dumps(manifest))


def verify(metamodel, name="metamodel"):
    """The save is in order."""
    options, metamodel.options = metamodel.options, []  # --pg-bindir is not for verify
    metamodel.run("verify", name)
    metamodel.options = options


def write_program(directory, text, name="pg_dump"):
    """A directory with a shell script in it; REAL in it is the real pg_dump."""
    script = "#!/bin/sh\n" + text.replace("REAL", str(pg_bindir() / "pg_dump"))
    (directory / name).write_text(script)
    (directory / name).chmod(0o755)
    return directory


def visible(output):
    """The lines a terminal shows in the end for output with \\r and erase-to-end-of-line."""
    lines = []
    for raw in output.replace("\r\n", "\n").split("\n"):
        line, at = "", 0
        for piece in re.findall(r"\r|\033\[K|[^\r\033]+", raw):
            if piece == "\r":
                at = 0
            elif piece == "\033[K":
                line = line[:at]
            else:
                line, at = line[:at] + piece + line[at + len(piece):], at + len(piece)
        lines.append(line)
    return lines


def bars(output):
    """What was drawn to be overwritten."""
    return [bar for bar in re.findall(r"\r([^\r\n]*)\033\[K", output) if bar]


# Carrying over

def test_a_failed_account_keeps_its_last_dump_until_the_next_good_night(
        metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    tree, old = metamodel.tree(), metamodel.tree("metamodel.old")
    pretend_saved_at(tree, "bob", LONG_AGO)
    first = tree.entry("bob")
    fake_pg_dump.fail("bob", message="pg_dump: error: no luck")
    for _ in range(3):  # stale once, and twice in a row
        result = metamodel.run("save", expect=3)
        assert "[bob dump]" in result.stderr and "no luck" in result.stderr
        *_, closing = result.stderr.splitlines()
        assert closing.startswith("Saved 2 of 3 accounts") and "Failed: bob" in closing
        assert tree.accounts() == ["_global", "a", "bob"] and tree.stale() == ["bob"]
        assert tree.entry("bob") == {**first, "stale": True}
        assert tree.file("bob").samefile(old.file("bob"))  # a hard link, no copy
        assert tree.entry("a")["saved_at"] > LONG_AGO
        verify(metamodel)
    fake_pg_dump.heal("bob")
    metamodel.run("save")
    assert tree.stale() == [] and tree.entry("bob")["saved_at"] > LONG_AGO and old.stale() == ["bob"]


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def change(path):
    path.write_bytes(path.read_bytes().replace(b"integer", b"numeric"))


@pytest.mark.parametrize("damage", [os.unlink, cut, change])
def test_a_damaged_dump_is_passed_over_for_an_older_one(metamodel, db, fake_pg_dump, damage):
    add_small_global(db, "a", "bob")
    tree = metamodel.tree()
    metamodel.run("save")
    pretend_saved_at(tree, "bob", LONG_AGO)
    db.sql("INSERT INTO bob._models VALUES (1)")  # so that it is a file of its own
    metamodel.run("save")
    good = metamodel.tree("metamodel.old").file("bob").read_bytes()
    damage(tree.file("bob"))
    fake_pg_dump.fail("bob")
    result = metamodel.run("save", expect=3)
    assert re.search(r"\[bob carry over\] skipped the dump in metamodel: ", result.stderr)
    assert tree.stale() == ["bob"] and tree.entry("bob")["saved_at"] == LONG_AGO
    assert tree.file("bob").read_bytes() == good
    verify(metamodel)
    damage(tree.file("bob"))  # and now none is good any more
    result = metamodel.run("save", expect=3)
    assert tree.accounts() == ["_global", "a"] and result.stderr.endswith(" Failed: bob.\n")
    verify(metamodel)


def test_a_subset_carries_the_others_over(metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "bob", "eve")
    metamodel.run("save")
    tree, old = metamodel.tree(), metamodel.tree("metamodel.old")
    for account in tree.accounts():
        pretend_saved_at(tree, account, LONG_AGO)
    calls = len(fake_pg_dump.calls())
    result = metamodel.run("save", "bob")
    assert [call["accounts"] for call in fake_pg_dump.calls()[calls:]] == [["bob"]]
    assert "3 others carried over" in result.stderr and "Saved 1 account " in result.stderr
    assert tree.accounts() == old.accounts() and tree.stale() == ["_global", "a", "eve"]
    for account in ["_global", "a", "eve"]:
        assert tree.file(account).samefile(old.file(account))
        assert tree.entry(account)["saved_at"] == LONG_AGO
    assert tree.entry("bob")["saved_at"] > LONG_AGO
    verify(metamodel)
    tree.file("eve").unlink()
    old.file("eve").unlink()
    result = metamodel.run("save", "bob", expect=3)  # what cannot be kept is not kept quiet
    assert "[eve carry over]" in result.stderr and result.stderr.endswith(" Failed: eve.\n")
    assert tree.accounts() == ["_global", "a", "bob"]


def test_an_account_that_is_gone_stays_in_the_old_save(metamodel, db):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    db.sql("DROP SCHEMA bob CASCADE; DELETE FROM _global._accounts WHERE name = 'bob'")
    result = metamodel.run("save")
    assert re.search("warning: account bob is no longer registered", result.stderr)
    assert metamodel.tree().accounts() == ["_global", "a"]
    assert "bob.sql" in metamodel.tree("metamodel.old").files


@pytest.mark.parametrize("args, failing", [
    (["--strict"], "bob"), ([], "*"), (["bob"], "bob"), (["a", "bob", "--strict"], "bob"),
    (["nobody"], None), (["--strict", "a", "nobody"], None)])
def test_nothing_is_swapped_when_nothing_or_not_all_is_good(
        metamodel, db, fake_pg_dump, args, failing):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    metamodel.run("save")
    before = state(metamodel.cwd)
    if failing:
        fake_pg_dump.fail(failing)
    result = metamodel.run("save", *args, expect=1)
    assert state(metamodel.cwd) == before
    assert re.search("Nothing was saved.* Failed: .*(bob|nobody)", result.stderr)


def test_an_account_without_metamodel_fails_by_itself(metamodel, db, fake_pg_dump):
    add_small_global(db, "a")
    add_small(db, "empty", sql="CREATE TABLE models (); CREATE FUNCTION _f() RETURNS int LANGUAGE "
              "sql AS 'SELECT 1'; CREATE TYPE _t AS (a int)")
    db.sql("INSERT INTO _global._accounts (name) VALUES ('gone')")
    result = metamodel.run("save", expect=3)
    assert "[empty list] its schema holds no relation whose name begins with _" in result.stderr
    assert "[gone list] the account is registered, but has no schema" in result.stderr
    assert result.stderr.count("metamodel: hint: ") == 2
    assert result.stderr.endswith(" Failed: empty, gone.\n")
    assert metamodel.tree().accounts() == ["_global", "a"]
    assert sorted(sum((call["accounts"] for call in fake_pg_dump.calls()), [])) == ["_global", "a"]


def test_an_unknown_account_does_not_exist(metamodel, db):
    add_small_global(db, "a")
    db.sql("CREATE SCHEMA users; CREATE TABLE users._roles ()")
    result = metamodel.run("save", "foo", "users", "pg_catalog", expect=1)
    for account in ["foo", "users", "pg_catalog"]:
        assert errors_of(result, account)
    assert "Account foo does not exist." in result.stderr
    assert everything(metamodel.cwd) == ["metamodel.lock"]
    assert metamodel.run("save", "a", "foo", expect=3).stderr.endswith(" Failed: foo.\n")
    assert metamodel.tree().accounts() == ["a"]


def test_a_database_without_accounts_is_named_and_nothing_is_made(metamodel, db):
    result = metamodel.run("save", expect=1)
    assert re.match(f'metamodel: error: .*"{db.name}" has no table _global._accounts\n'
                    "metamodel: hint: .*--dbname", result.stderr)
    assert everything(metamodel.cwd) in ([], ["metamodel.lock"])


# Rotation, and what is in the way

@pytest.mark.parametrize("keep, nights", [(None, 3), (3, 6), (3, 2)])
def test_saves_rotate_and_are_never_nested(metamodel, db, keep, nights):
    db.add_global()
    for _ in range(nights):
        metamodel.run("save", *(["--keep", str(keep)] if keep else []))
    names = ["metamodel", "metamodel.old", "metamodel.old.2", "metamodel.old.3"]
    there = names[:min(nights, 1 + (keep or 1))]
    assert everything(metamodel.cwd) == sorted(
        ["metamodel.lock", *there, *(f"{name}/_global.sql" for name in there),
         *(f"{name}/manifest.json" for name in there)])
    serials = [metamodel.tree(name).manifest["serial"] for name in there]
    assert serials == list(range(nights, nights - len(there), -1))
    for name in there:
        verify(metamodel, name)


@pytest.fixture
def legacy(metamodel, db):
    """metamodel/ as the Perl scripts left it: raw names, no manifest, readable for all."""
    add_small_global(db, "a b", "c", "100%")
    directory = metamodel.cwd / "metamodel"
    directory.mkdir(mode=0o755)
    for account in ["_global", "a b", "c", "100%"]:
        path = directory / f"{account}.sql"
        path.write_bytes(dump_by_hand(db, account))
        path.chmod(0o644)
        os.utime(path, (1577836800, 1577836800))  # LONG_AGO
    return directory


def test_a_legacy_directory_becomes_the_old_save(metamodel, legacy):
    before = state(legacy)
    metamodel.run("save")
    assert state(metamodel.cwd / "metamodel.old") == before
    assert metamodel.tree().files == ["100%25.sql", "_global.sql", "a%20b.sql", "c.sql"]
    metamodel.run("save")
    assert {path.name for path in metamodel.cwd.iterdir()} == {
        "metamodel", "metamodel.old", "metamodel.lock"}
    assert metamodel.tree("metamodel.old").manifest["serial"] == 1


def test_legacy_dumps_can_be_carried_over(metamodel, db, legacy, fake_pg_dump):
    fake_pg_dump.fail("a b")
    fake_pg_dump.fail("100%")
    dumped = (legacy / "a b.sql").read_bytes()
    cut(legacy / "100%.sql")
    result = metamodel.run("save", expect=3)
    assert "[100% carry over]" in result.stderr
    tree = metamodel.tree()
    assert tree.accounts() == ["_global", "a b", "c"] and tree.stale() == ["a b"]
    assert tree.file("a b").name == "a%20b.sql" and tree.file("a b").read_bytes() == dumped
    entry = tree.entry("a b")
    assert (entry["saved_at"], entry["tables"], entry["node"]) == (LONG_AGO, 1, db.name)
    assert tree.file("a b").stat().st_mode & 0o777 == 0o600
    verify(metamodel)


def test_a_legacy_dump_of_the_whole_database_is_no_dump_of_an_account(metamodel, db, legacy):
    """That is what the old tool wrote for an account that had no schema any more."""
    (legacy / "c.sql").write_bytes(subprocess.check_output(
        [pg_bindir() / "pg_dump", "-h", db.server.host, "-U", "postgres", db.name]))
    db.sql("DROP SCHEMA c CASCADE")
    result = metamodel.run("save", expect=3)
    assert "[c carry over]" in result.stderr and result.stderr.endswith(" Failed: c.\n")
    assert metamodel.tree().accounts() == ["100%", "_global", "a b"]


@pytest.mark.parametrize("name", ["metamodel", "metamodel.old", "metamodel.new", "metamodel.old.2"])
def test_what_is_no_save_is_in_the_way_and_never_touched(metamodel, db, name):
    db.add_global()
    if name != "metamodel":
        metamodel.run("save")
    directory = metamodel.cwd / name
    directory.mkdir()
    (directory / "thesis.tex").write_text("years of work")
    (directory / "notes.sql").write_text("mine, too")
    before = state(metamodel.cwd)
    result = metamodel.run("save", "--keep", "2", expect=1)
    assert re.search(f"metamodel: error: {name} holds (notes.sql|thesis.tex)", result.stderr)
    assert re.search("^metamodel: hint: .*--directory", result.stderr, re.M)
    assert "Dumping" not in result.stderr  # it is known before the work is done
    assert state(metamodel.cwd) == before


@pytest.mark.parametrize("name", ["metamodel", "metamodel.old", "metamodel.old.2"])
def test_what_somebody_put_into_a_save_stays_when_that_goes(metamodel, db, name):
    """A night is not lost for it, and no run deletes it."""
    db.add_global()
    if name != "metamodel":
        metamodel.run("save")
    directory = metamodel.cwd / name
    metamodel.run("save", "-D", "spare")
    (metamodel.cwd / "spare").rename(directory)
    (directory / "thesis.tex").write_text("years of work")
    (directory / "notes.sql").write_text("mine, too")
    (directory / "sub").mkdir()
    (directory / "sub/deep").write_text("deep")
    (directory / "pipe.sql").symlink_to("/dev/null")
    assert f"{name}/thesis.tex is not part of the save" in metamodel.run(
        "save", "--keep", "2").stderr
    said = "".join(metamodel.run("save", "-q", "--keep", "2").stderr for _ in range(3))
    [kept] = metamodel.cwd.glob("metamodel.kept.*")
    assert f"kept in {kept.name}" in said
    assert everything(kept) == ["notes.sql", "pipe.sql", "sub", "sub/deep", "thesis.tex"]
    assert (kept / "notes.sql").read_text() == "mine, too"
    assert not list(metamodel.cwd.glob("metamodel.drop"))
    for save in ["metamodel", "metamodel.old", "metamodel.old.2"]:
        verify(metamodel, save)


@pytest.mark.parametrize("name", ["metamodel", "metamodel.old", "metamodel.new"])
def test_a_file_in_the_way_is_named_and_not_touched(metamodel, db, name):
    db.add_global()
    if name != "metamodel":
        metamodel.run("save")
    (metamodel.cwd / name).write_text("mine")
    before = state(metamodel.cwd)
    result = metamodel.run("save", expect=1)
    assert f"{name} is not a directory" in result.stderr and "hint: " in result.stderr
    assert state(metamodel.cwd) == before


def test_the_save_may_be_a_symbolic_link(metamodel, db):
    db.add_global()
    (metamodel.cwd / "disk" / "store").mkdir(parents=True)
    (metamodel.cwd / "metamodel").symlink_to("disk/store")
    for _ in range(3):
        metamodel.run("save")
    assert os.readlink(metamodel.cwd / "metamodel") == "disk/store"
    assert sorted(path.name for path in metamodel.cwd.iterdir()) == ["disk", "metamodel"]
    assert sorted(path.name for path in (metamodel.cwd / "disk").iterdir()) == [
        "store", "store.lock", "store.old"]
    assert metamodel.tree().manifest["serial"] == 3
    (metamodel.cwd / "metamodel").unlink()
    (metamodel.cwd / "metamodel").symlink_to("nowhere")
    assert re.match("metamodel: error: metamodel: ", metamodel.run("save", expect=1).stderr)
    assert sorted(path.name for path in metamodel.cwd.iterdir()) == ["disk", "metamodel"]


# How pg_dump is run

def test_children_share_a_snapshot_and_see_no_password_in_argv(metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "b")
    for options in ("-c work_mem=8MB", None):
        calls = len(fake_pg_dump.calls())
        metamodel.run("save", "-U", "postgres", env={"PGOPTIONS": options, "PGPASSWORD": "s3cr3t"})
        new = fake_pg_dump.calls()[calls:]
        snapshot = metamodel.tree().manifest["nodes"][0]["snapshot"]
        assert sorted(call["accounts"] for call in new) == [["_global"], ["a"], ["b"]]
        for call in new:
            assert call["argv"].count(f"--snapshot={snapshot}") == 1
            assert "s3cr3t" not in " ".join(call["argv"])
            assert call["env"]["PGOPTIONS"] == " ".join(filter(None, [
                options, "-c join_collapse_limit=1", "-c client_connection_check_interval=1000"]))
            assert call["env"]["PGDATABASE"] == db.name


def test_warnings_of_pg_dump_are_lines_of_their_own(metamodel, db, fake_pg_dump):
    add_small_global(db, "a")
    fake_pg_dump.flood("a", size=300)
    result = metamodel.run("save")
    assert result.stderr.count("pg_dump: warning: xxx") == 3 and "\\x0a" not in result.stderr
    assert len([line for line in result.stderr.splitlines() if "warning: xxx" in line]) == 3


@pytest.mark.parametrize("script, reason", [
    ("echo 'pg_dump (PostgreSQL) 9.6.24'", "is version 9, older than the server"),
    ("echo hello", "'hello', which is not a version"), ("exit 5", "exited with status 5"),
    (None, "no such file")])
def test_a_pg_dump_that_does_not_serve_is_named_with_the_remedy(
        metamodel, db, tmp_path_factory, script, reason):
    db.add_global()
    bindir = tmp_path_factory.mktemp("bin")
    if script:
        write_program(bindir, script)
    result = metamodel.run("save", "--pg-bindir", bindir, expect=1)
    assert f"{bindir}/pg_dump" in result.stderr and reason in result.stderr
    assert re.search(r"^metamodel: hint: install postgresql-client-\d+.*--pg-bindir", result.stderr,
                     re.M)
    assert everything(metamodel.cwd) == ["metamodel.lock"]
    # In PATH it is passed over for one that serves.
    result = metamodel.run("save", "-v", env={"PATH": f"{bindir}:/usr/bin"})
    assert re.search(f"debug: '?{pg_bindir()}/pg_dump'? ", result.stderr)


def test_a_pg_dump_in_path_that_serves_is_taken(metamodel, db, tmp_path_factory):
    db.add_global()
    bindir = write_program(tmp_path_factory.mktemp("bin"), 'exec REAL "$@"')
    result = metamodel.run("save", "-v", env={"PATH": f"/nonexistent:{bindir}:/usr/bin"})
    assert re.search(f"debug: '?{bindir}/pg_dump'? ", result.stderr)


def test_no_pg_dump_anywhere_is_a_plain_error(metamodel, db, mounts):
    db.add_global()
    box = mounts("mount -t tmpfs none /usr/lib/postgresql")
    result = metamodel.run("PATH=/nonexistent", metamodel.binary, "save", program="/usr/bin/env",
                           under=box, expect=1)
    assert re.match("metamodel: error: no pg_dump in PATH or .*\nmetamodel: hint: install "
                    "postgresql-client-", result.stderr)
    assert everything(metamodel.cwd) == ["metamodel.lock"]


def test_at_most_as_many_children_as_jobs_run_at_once(metamodel, db, tmp_path_factory):
    add_small_global(db, *"abcdefg")
    bindir = tmp_path_factory.mktemp("bin")
    write_program(bindir, f"""[ "$1" = --version ] && exec REAL "$1"
        echo 1 >>{bindir}/log; REAL "$@"; status=$?; echo -1 >>{bindir}/log; exit $status""")
    metamodel.run("save", "-j", "3", "--pg-bindir", bindir)
    steps = [int(line) for line in (bindir / "log").read_text().split()]
    assert len(steps) == 16 and max(sum(steps[:end]) for end in range(17)) <= 3


@pytest.mark.parametrize("jobs", [None, 3])
def test_as_many_children_as_jobs_run_at_once(metamodel, db, fake_pg_dump, jobs):
    """By default as many as there are processors: no run of a test has more than two."""
    count = jobs or min(2, len(os.sched_getaffinity(0)))
    add_small_global(db, *(f"a{number}" for number in range(count + 2)))
    fake_pg_dump.hang("*")
    running = metamodel.start("save", *(["-j", str(jobs)] if jobs else []))
    wait_for(lambda: len(fake_pg_dump.calls()) == count, what="children")
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.returncode == 128 + signal.SIGTERM
    assert result.stderr.count("Dumping account") == count == len(fake_pg_dump.calls())


# Plans, reports, progress

def test_a_dry_run_prints_the_plan_and_creates_nothing(metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "b c")
    result = metamodel.run("save", "-n", "--json")
    assert result.stderr.splitlines()[:-1] == [
        "Would dump account _global to metamodel/_global.sql",
        "Would dump account a to metamodel/a.sql",
        "Would dump account b c to metamodel/b%20c.sql"]
    assert [entry["result"] for entry in result.report["accounts"]] == ["planned"] * 3
    db.sql("DROP SCHEMA a CASCADE")
    result = metamodel.run("save", "--dry-run", expect=3)
    assert "[a list]" in result.stderr and result.stderr.endswith("Failed: a.\n")
    assert everything(metamodel.cwd) == [] and fake_pg_dump.calls() == []


def report_of(result):
    assert result.stdout.count("\n") == 1 and result.stdout.endswith("\n")
    report = result.report
    assert report["command"] == "save" and report["exit_status"] == result.returncode
    assert set(report) >= {"started", "finished", "seconds", "result", "error", "hint", "accounts"}
    assert report["started"] <= report["finished"] <= now() and report["seconds"] >= 0
    for entry in report["accounts"]:
        assert set(entry) >= {"account", "node", "result", "error", "version", "tables", "rows",
                              "bytes", "seconds"}
    return report, {entry["account"]: entry for entry in report["accounts"]}


def test_the_report_of_a_good_save_agrees_with_its_manifest(metamodel, db):
    db.add_accounts("a", "ä\n")
    report, accounts = report_of(metamodel.run("save", "--json"))
    assert report["result"] == "done" and report["error"] is None
    assert list(accounts) == ["_global", "a", "ä\n"]
    for account, entry in accounts.items():
        known = metamodel.tree().entry(account)
        assert entry["result"] == "saved" and entry["error"] is None and entry["seconds"] > 0
        for key in ("node", "version", "tables", "rows", "bytes"):
            assert entry[key] == known[key]


def test_the_report_names_the_accounts_that_failed(metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "b", "c")
    metamodel.run("save", "a", "_global")
    fake_pg_dump.fail("a", message="pg_dump: error: no \"luck\"\npg_dump: detail: none\xff")
    fake_pg_dump.fail("b")
    report, accounts = report_of(metamodel.run("save", "--json", expect=3))
    assert report["result"] == "partly"
    assert {account: entry["result"] for account, entry in accounts.items()} == {
        "_global": "saved", "a": "stale", "b": "failed", "c": "saved"}
    assert 'no "luck"' in accounts["a"]["error"] and "told to fail" in accounts["b"]["error"]
    report, accounts = report_of(metamodel.run("save", "--json", "--strict", "-q", expect=1))
    assert report["result"] == "failed" and "--strict" in report["error"]
    assert accounts["c"]["result"] == "discarded" and accounts["a"]["result"] == "failed"


@pytest.mark.parametrize("args, env, status, words", [
    ([], {"PGHOST": "/nonexistent"}, 1, "No such file"),
    (["-d", "nonexistent"], {}, 1, '"nonexistent" does not exist'),
    (["--pg-bindir=/nonexistent"], {}, 1, "/nonexistent/pg_dump"),
    (["-D", "/nonexistent/metamodel"], {}, 1, "/nonexistent/metamodel"),
    (["-d", "postgres"], {}, 1, "_global._accounts")])
def test_a_run_that_cannot_begin_reports_why(metamodel, db, args, env, status, words):
    db.add_global()
    result = metamodel.run("save", "--json", *args, env=env, expect=status)
    report, accounts = report_of(result)
    assert report["result"] == "failed" and words in report["error"] and accounts == {}
    assert result.stderr.startswith("metamodel: error: ") and words in result.stderr
    assert everything(metamodel.cwd) in ([], ["metamodel.lock"])


def test_a_bar_leaves_the_lines_whole(metamodel, db):
    add_small_global(db, "a", "b")
    plain = metamodel.run("save", "--progress=never").stderr
    drawn = metamodel.run("save", "--progress=always").stderr
    assert bars(plain) == [] and any("3/3 100%" in bar for bar in bars(drawn))
    assert visible(drawn)[:-2] == plain.splitlines()[:-1]
    assert SAVED.fullmatch(visible(drawn)[-2]) and visible(drawn)[-1] == ""
    assert bars(metamodel.run("save", env={"TERM": "xterm"}).stderr) == []  # no terminal


def run_in_terminal(metamodel, *args, columns, term="xterm"):
    """Run it with a terminal as stderr; what it wrote there."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    running = metamodel.start(*args, env={"TERM": term}, preexec_fn=lambda: os.dup2(its, 2))
    os.close(its)
    output = b""
    with contextlib.suppress(OSError):  # EIO: nobody has it open any more
        while select.select([ours], [], [], 60)[0]:
            output += os.read(ours, 65536)
    os.close(ours)
    assert running.wait().returncode == 0, output
    return output.decode()


@pytest.mark.parametrize("columns", [100, 60, 20, 3])
def test_a_bar_is_as_wide_as_the_terminal_lets_it_be(metamodel, db, columns):
    add_small_global(db, *"abcd")
    output = run_in_terminal(metamodel, "save", columns=columns)
    drawn = bars(output)
    assert drawn and max(len(bar) for bar in drawn) < columns
    assert "5/5 100%" in drawn[-1] or "5/5 100%".startswith(drawn[-1])
    assert [line[:16] for line in visible(output)] == ["Dumping account "] * 5 + [
        "Saved 5 accounts", ""]


def test_a_dumb_or_quiet_terminal_has_no_bar(metamodel, db):
    db.add_global()
    assert bars(run_in_terminal(metamodel, "save", columns=80, term="dumb")) == []
    assert run_in_terminal(metamodel, "save", "-q", columns=80) == ""
