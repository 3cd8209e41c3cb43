# SPDX-License-Identifier: PostgreSQL
"""What goes wrong around a save: nothing is lost, the exit status is true, nothing is left."""

import contextlib
import fcntl
import itertools
import os
import pty
import re
import resource
import shutil
import signal
import socket
import struct
import termios
import threading
import time
import uuid
from pathlib import Path

import pytest
from support import Database, Server, Tree, errors_of, quote, read_all, wait_for
from support_save import (SIGNALS, Script, before, check_stopped, children_of, marked, picture,
                          verify, wait_until_blocked)

pytestmark = [pytest.mark.usefixtures("leftover_processes"), pytest.mark.slow]

ACCOUNTS = ["_global", "a", "b", "c"]


@pytest.fixture
def accounts(db):
    db.add_accounts("a", "b", "c")


def check_saved(metamodel, result, stale=(), accounts=ACCOUNTS):
    """The new save holds these accounts, these of them from before, and is in order."""
    tree = metamodel.tree()
    assert tree.accounts() == accounts, result
    assert tree.stale() == list(stale), result
    assert sorted(os.listdir(metamodel.cwd)) == ["metamodel", "metamodel.lock", "metamodel.old"]
    verify(metamodel)


def our_sessions(db, name="metamodel save"):
    return [row[0] for row in db.query(
        "SELECT pid FROM pg_stat_activity WHERE datname = current_database()"
        f" AND application_name = '{name}'")]


class Door:
    """A server's socket with us in between: visitors may be turned away, or never answered."""

    def __init__(self, server, directory, turn_away=0, answer=True):
        self.directory, self.visitors = Path(directory), 0
        self._server, self._turn_away, self.answer = server, turn_away, answer
        self._open = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.directory / ".s.PGSQL.5432"))
        self._socket.listen(50)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                visitor = self._socket.accept()[0]
                self._open.append(visitor)
                self.visitors += 1
                if not self.answer:
                    continue
                if self.visitors <= self._turn_away:
                    self._refuse(visitor)
                    continue
                inside = socket.socket(socket.AF_UNIX)
                inside.connect(f"{self._server.host}/.s.PGSQL.5432")
                self._open.append(inside)
                for pair in (visitor, inside), (inside, visitor):
                    threading.Thread(target=self._pump, args=pair, daemon=True).start()

    @staticmethod
    def _refuse(visitor):
        visitor.recv(10000)
        fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
        visitor.sendall(b"E" + struct.pack("!I", 4 + len(fields)) + fields)
        visitor.close()

    @staticmethod
    def _pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def close(self):
        for each in [self._socket, *self._open]:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


@pytest.fixture
def door(server, tmp_path_factory, metamodel):
    """door(turn_away=0, answer=True): the program finds the server behind it."""
    doors = []

    def make(**opts):
        # A socket's path may have 107 bytes.
        directory = Path(f"/tmp/metamodel.{uuid.uuid4().hex[:12]}")
        directory.mkdir(mode=0o700)
        doors.append(Door(server, directory, **opts))
        metamodel.env["PGHOST"] = str(directory)
        return doors[-1]

    yield make
    for each in doors:
        each.close()
        shutil.rmtree(each.directory)


# ---- the disk ----

class TestDiskFull:
    @pytest.fixture
    def disk(self, accounts, metamodel, tmpfs):
        """A small disk with a save on it, to run the program under."""
        metamodel.cwd /= "small"
        metamodel.cwd.mkdir()
        disk = tmpfs(metamodel.cwd, "400k")
        metamodel.run("save", "-q", under=disk)
        disk.path = disk.outside(metamodel.cwd)
        return disk

    @pytest.fixture
    def big(self, db):
        """The metamodel of account b is larger than the disk."""
        db.sql("INSERT INTO b._models (name, table_name, description)"
               " SELECT n, n, repeat('x', 1000) FROM generate_series(1, 1000) n")

    def test_an_account_too_big_for_it_keeps_its_dump(self, metamodel, disk, big):
        result = metamodel.run("save", "-j1", under=disk, expect=3)
        assert "[b dump]" in result.stderr and "No space left on device" in result.stderr
        assert "hint: free space" in result.stderr
        tree = Tree(disk.path / "metamodel")
        assert tree.accounts() == ACCOUNTS and tree.stale() == ["b"]
        assert "metamodel.new" not in os.listdir(disk.path)
        verify(metamodel, under=disk)

    def test_with_strict_it_changes_nothing(self, metamodel, disk, big):
        before = picture(disk.path)
        metamodel.run("save", "--strict", under=disk, expect=1)
        assert picture(disk.path) == before
        assert "metamodel.new" not in os.listdir(disk.path)

    def test_no_room_at_all_changes_nothing(self, metamodel, disk):
        with open(disk.path / "filler", "wb", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(bytes(4096)):
                pass
        before = picture(disk.path)
        result = metamodel.run("save", under=disk, expect=1)
        assert "No space left on device" in result.stderr
        assert "hint: free space" in result.stderr
        assert picture(disk.path) == before
        assert "metamodel.new" not in os.listdir(disk.path)
        (disk.path / "filler").unlink()
        metamodel.run("save", under=disk)


def test_no_room_for_the_manifest_is_said_with_a_hint(before, metamodel, strace):
    under = strace(inject=["write:error=ENOSPC"],
                   path=metamodel.cwd / "metamodel.new/manifest.json")
    result = metamodel.run("save", under=under, expect=1)
    assert "manifest.json" in result.stderr and "No space left on device" in result.stderr
    assert "hint: free space" in result.stderr
    assert picture(metamodel.cwd) == before


@pytest.mark.parametrize("has_save", [True, False])
def test_a_read_only_directory_is_a_plain_error(metamodel, accounts, read_only, has_save):
    if has_save:
        metamodel.run("save", "-q")
    before = picture(metamodel.cwd), sorted(os.listdir(metamodel.cwd))
    under = read_only(metamodel.cwd)
    result = metamodel.run("save", under=under, expect=1)
    assert "Read-only file system" in result.stderr
    assert len(result.stderr.splitlines()) <= 3, result
    assert (picture(metamodel.cwd), sorted(os.listdir(metamodel.cwd))) == before
    if has_save:
        verify(metamodel, under=under)


def test_a_dump_file_that_cannot_be_made_fails_only_its_account(before, metamodel, strace):
    under = strace(inject=["openat:error=EACCES:when=1"], path="b.sql")  # later ones carry over
    result = metamodel.run("save", under=under, expect=3)
    assert "[b dump]" in result.stderr and "Permission denied" in result.stderr
    check_saved(metamodel, result, stale=["b"])


def test_where_there_are_no_hard_links_a_dump_is_carried_over_as_a_copy(before, metamodel, strace):
    result = metamodel.run("save", "a", under=strace(inject=["linkat:error=EPERM"]))
    check_saved(metamodel, result, stale=["_global", "b", "c"])
    files = [metamodel.tree(path).file("c") for path in ("metamodel", "metamodel.old")]
    assert files[0].read_bytes() == files[1].read_bytes() and not files[0].samefile(files[1])
    assert files[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("fault", ["openat:error=EACCES", "write:error=ENOSPC", "fsync:error=EIO"])
def test_a_dump_that_cannot_be_carried_over_is_named_and_leaves_no_half_file(
        before, metamodel, strace, fault):
    directory = metamodel.cwd / "metamodel"
    under = strace(inject=["linkat:error=EPERM", fault], path=f"{directory}.new/c.sql")
    result = metamodel.run("save", "-D", directory, "a", under=under, expect=3)
    assert sum("INJECTED" in line for line in under.lines) >= 2
    assert "[c carry over]" in result.stderr and "Failed: c" in result.stderr
    check_saved(metamodel, result, stale=["_global", "b"], accounts=["_global", "a", "b"])
    assert metamodel.tree("metamodel.old").accounts() == ACCOUNTS


@pytest.mark.parametrize("name", ["new", "swap", "drop", "old"])
def test_what_a_link_in_the_way_leads_to_is_not_touched(
        accounts, metamodel, tmp_path_factory, name):
    metamodel.run("save", "-q")
    metamodel.run("save", "-q")
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "precious.sql").write_text("SELECT 1;\n")
    link = metamodel.cwd / f"metamodel.{name}"
    if link.exists():
        shutil.rmtree(link)
    link.symlink_to(elsewhere)
    before = metamodel.tree().manifest
    result = metamodel.run("save", check=False)
    assert (elsewhere / "precious.sql").read_text() == "SELECT 1;\n"
    if result.returncode:
        assert f"metamodel.{name}" in result.stderr
        assert metamodel.tree().manifest == before and link.is_symlink()
    else:
        metamodel.run("save")


# ---- the server ----

def test_a_server_that_stops_costs_only_what_was_not_dumped(metamodel, leftover_processes):
    own = Server()
    try:
        own.sql("CREATE DATABASE own")
        db = Database(own, "own")
        db.add_accounts("a", "b", "c")
        metamodel.env |= {"PGHOST": own.host, "PGDATABASE": "own"}
        metamodel.run("save", "-q")
        holder = db.connect(autocommit=False)  # of a lock, until the server stops
        holder.cursor().execute("LOCK TABLE b._models")
        running = metamodel.start("save", "-j1", "--json", "--lock-wait", "0")
        wait_until_blocked(db)
        postmaster = (Path(own.host) / "data/postmaster.pid").read_text().split()[0]
        os.kill(int(postmaster), signal.SIGQUIT)
        result = running.wait(30)
    finally:
        own.stop()
    assert not leftover_processes()
    assert result.returncode in [1, 3], result
    assert errors_of(result, "b") and errors_of(result, "c")
    assert [a["account"] for a in result.report["accounts"] if a["error"]][-2:] == ["b", "c"]
    if result.returncode == 3:
        stale = metamodel.tree().stale()
        assert stale[-2:] == ["b", "c"]
        check_saved(metamodel, result, stale=stale)


@pytest.mark.parametrize("session", ["metamodel save", "metamodel save (lock)"])
def test_losing_a_session_ends_the_run_and_carries_over(
        before, db, metamodel, fake_pg_dump, leftover_processes, session):
    fake_pg_dump.hang("b")
    running = metamodel.start("save", "-j1")
    wait_for(lambda: fake_pg_dump.calls("b"))
    db.sql(f"SELECT pg_terminate_backend({our_sessions(db, session)[0]})")
    result = running.wait(30)
    assert not leftover_processes()
    assert result.returncode in [1, 3], result
    assert "terminating connection due to administrator command" in result.stderr
    assert errors_of(result, "b") and errors_of(result, "c")
    assert not fake_pg_dump.calls("c")
    if result.returncode == 1:
        assert picture(metamodel.cwd) == before
    else:
        stale = metamodel.tree().stale()
        assert stale[-2:] == ["b", "c"]
        check_saved(metamodel, result, stale=stale)


def test_without_its_session_it_never_takes_an_emptied_table_for_a_good_dump(
        before, db, metamodel, fake_pg_dump):
    """Nobody can tell any more whether the dump of b is whole: it was truncated before."""
    rows = metamodel.tree().entry("b")["rows"]
    with db.locked("a._models"):
        running = metamodel.start("save", "-j1", "--lock-wait", "0")
        wait_until_blocked(db)
        db.sql("TRUNCATE b._models")
        fake_pg_dump.hang("c")
    wait_for(lambda: fake_pg_dump.calls("c"))
    db.sql(f"SELECT pg_terminate_backend({our_sessions(db)[0]})")
    result = running.wait(30)
    assert result.returncode in [1, 3], result
    assert metamodel.tree().entry("b")["rows"] == rows, result


def test_losing_the_session_before_the_listing_is_an_error(before, db, metamodel, tmp_path_factory):
    directory = tmp_path_factory.mktemp("script")
    Script(metamodel, directory / "bin", f"while [ ! -e {directory}/go ]; do sleep 0.05; done\n"
           'exec "$real" "$@"')
    running = metamodel.start("save")
    wait_for(lambda: our_sessions(db) and children_of(running.pid))
    [session] = wait_for(lambda: our_sessions(db))
    wait_for(lambda: db.query("SELECT 1 FROM pg_stat_activity WHERE state = 'idle in transaction'"
                              f" AND pid = {session}"))
    db.sql(f"SELECT pg_terminate_backend({session})")
    wait_for(lambda: not our_sessions(db))
    (directory / "go").touch()
    result = running.wait(30)
    assert result.returncode == 1 and "terminating connection" in result.stderr, result
    assert picture(metamodel.cwd) == before


def test_a_server_that_is_not_there_is_an_error_at_once(before, metamodel, tmp_path_factory):
    metamodel.env["PGHOST"] = str(tmp_path_factory.mktemp("nobody"))
    result = metamodel.run("save", expect=1)
    assert "Is the server running" in result.stderr
    assert "trying again" not in result.stderr
    assert picture(metamodel.cwd) == before


def test_a_server_that_is_starting_up_is_waited_for(accounts, metamodel, door):
    visit = door(turn_away=2)
    result = metamodel.run("save")
    assert result.stderr.count("the database system is starting up; trying again in") == 2
    assert visit.visitors == 4 + len(ACCOUNTS)  # with the session that holds the lock
    verify(metamodel)


# ---- locks of others ----

def test_a_locked_table_fails_only_its_account(before, db, metamodel):
    with db.locked('b."_models"'):
        result = metamodel.run("save", "--lock-wait", "1", expect=3)
    assert "[b dump]" in result.stderr and "LOCK TABLE" in result.stderr
    assert re.search("canceling statement due to (lock|statement) timeout", result.stderr)
    assert "hint: another session holds a lock" in result.stderr
    check_saved(metamodel, result, stale=["b"])


def test_a_locked_list_of_accounts_does_not_hang_the_run(before, db, metamodel):
    with db.locked("_global._accounts"):
        result = metamodel.run("save", "--lock-wait", "1", expect=1)
    assert "lock timeout" in result.stderr
    assert picture(metamodel.cwd) == before


def test_the_lock_goes_with_a_killed_run_whatever_that_waits_for(accounts, db, metamodel):
    holder = ("SELECT state, backend_xmin FROM pg_locks JOIN pg_stat_activity USING (pid) "
              "WHERE locktype = 'advisory' AND datname = current_database()")
    with db.locked("_global._accounts"):
        running = metamodel.start("save", "--lock-wait", "60")
        wait_for(lambda: db.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                  "AND datname = current_database()"))
        assert db.query(holder) == [("idle in transaction", None)]
        running.kill_all()
        wait_for(lambda: not db.query(holder), 5)


SAME_AGAIN = ("CREATE TABLE b.spare (LIKE b._general INCLUDING ALL);"
              " INSERT INTO b.spare SELECT * FROM b._general; DROP TABLE b._general;"
              " ALTER TABLE b.spare RENAME TO _general")


@pytest.mark.parametrize("change", [
    "TRUNCATE b._models",
    "ALTER TABLE b._models ALTER COLUMN description TYPE varchar(500)"
    " USING description || ''",
    "VACUUM FULL b._models",
    pytest.param(SAME_AGAIN, id="DROP and CREATE"),
    pytest.param("ALTER TABLE b._general RENAME TO was; CREATE TABLE b._general (LIKE b.was);"
                 " INSERT INTO b._general SELECT * FROM b.was", id="RENAME and CREATE"),
])
def test_a_table_rewritten_behind_the_snapshots_back_fails_its_account(
        before, db, metamodel, change):
    last = metamodel.tree().text("b")
    with db.locked("_global._general"):
        running = metamodel.start("save", "-j1", "--lock-wait", "0")
        wait_until_blocked(db)
        db.sql(change)
    result = running.wait()
    assert result.returncode == 3, result
    assert "[b " in result.stderr and "Failed: b" in result.stderr
    assert metamodel.tree().text("b") == last
    check_saved(metamodel, result, stale=["b"])


def test_a_rewritten_table_without_an_earlier_dump_is_not_saved(accounts, db, metamodel):
    with db.locked("_global._general"):
        running = metamodel.start("save", "-j1", "--lock-wait", "0")
        wait_until_blocked(db)
        db.sql("TRUNCATE b._models")
    assert running.wait().returncode == 3
    assert metamodel.tree().accounts() == ["_global", "a", "c"]
    verify(metamodel)


# ---- children ----

@pytest.mark.parametrize("fault, words", [
    (lambda fake: fake.die("b"), "was killed by signal 9 (Killed)"),
    (lambda fake: fake.truncate("b"), "the dump is not complete"),
    (lambda fake: fake.truncate("b", keep=0), "the dump is not complete"),
    (lambda fake: fake.fail("b", 0, "nothing to do"), "the dump is not complete"),
    (lambda fake: fake.fail("b", 1, "pg_dump: error: out of luck"), "pg_dump: error: out of luck"),
], ids=["SIGKILL", "truncated", "empty", "nothing and exit 0", "exit 1"])
def test_a_child_that_fails_costs_one_account(before, metamodel, fake_pg_dump, fault, words):
    fault(fake_pg_dump)
    last = metamodel.tree().text("b")
    result = metamodel.run("save", expect=3)
    assert "[b dump]" in result.stderr and words in result.stderr
    assert metamodel.tree().text("b") == last
    check_saved(metamodel, result, stale=["b"])


def test_a_child_that_floods_stderr_is_saved_and_its_words_are_cut(before, metamodel, fake_pg_dump):
    fake_pg_dump.flood("b", 4 << 20)
    result = metamodel.run("save")
    assert "xxxx" in result.stderr and len(result.stderr) < 10000
    check_saved(metamodel, result)


def test_a_child_that_hangs_is_ended_and_killed_if_it_will_not(
        before, metamodel, fake_pg_dump, leftover_processes):
    fake_pg_dump.hang("b")
    fake_pg_dump.hang("c", ignore_sigterm=True)
    result = metamodel.run("save", "-j4", "--timeout", "6", expect=3)
    assert not leftover_processes()
    assert "dump] pg_dump exceeded its time limit" in result.stderr
    assert errors_of(result, "b") and errors_of(result, "c")
    assert "hint: raise --timeout" in result.stderr
    check_saved(metamodel, result, stale=["b", "c"])


def test_what_a_child_started_ends_with_it(
        before, metamodel, tmp_path_factory, leftover_processes):
    """A wrapper around pg_dump ends at once, what it runs does not."""
    directory = tmp_path_factory.mktemp("script")
    Script(metamodel, directory / "bin",
           'case $* in *\'"b"\'*) (trap "" TERM; exec sleep 60) & wait;; esac\nexec "$real" "$@"')
    result = metamodel.run("save", "--timeout", "6", expect=3)
    assert not leftover_processes()
    check_saved(metamodel, result, stale=["b"])


# ---- signals ----


@pytest.mark.parametrize("signum", SIGNALS)
class TestSignals:
    def test_while_connecting(self, before, metamodel, door, leftover_processes, signum):
        visit = door(answer=False)
        running = metamodel.start("save")
        wait_for(lambda: visit.visitors)
        running.send(signum)
        check_stopped(running, signum, leftover_processes, metamodel, before)

    def test_while_waiting_for_the_server(
            self, before, metamodel, door, leftover_processes, signum):
        door(turn_away=100)
        running = metamodel.start("save")
        wait_for(lambda: "trying again in 1.00 s" in running.stderr)
        running.send(signum)
        check_stopped(running, signum, leftover_processes, metamodel, before)

    def test_while_listing(self, before, db, metamodel, leftover_processes, signum):
        with db.locked("_global._accounts"):
            running = metamodel.start("save", "--lock-wait", "0")
            wait_until_blocked(db)
            running.send(signum)
            check_stopped(running, signum, leftover_processes, metamodel, before)

    def test_while_dumping(
            self, before, db, metamodel, fake_pg_dump, leftover_processes, signum):
        fake_pg_dump.hang("a")
        fake_pg_dump.hang("b")
        running = metamodel.start("save", "-j2")
        wait_for(lambda: fake_pg_dump.calls("a") and fake_pg_dump.calls("b"))
        running.send(signum)
        result = check_stopped(running, signum, leftover_processes, metamodel, before)
        assert f"stopped by signal {int(signum)}" in result.stderr
        assert not fake_pg_dump.calls("c")
        wait_for(lambda: not our_sessions(db) and not our_sessions(db, "metamodel"))

    def test_while_an_account_waits_for_its_next_attempt(
            self, before, metamodel, fake_pg_dump, leftover_processes, signum):
        fake_pg_dump.busy("b", 100)
        running = metamodel.start("save")
        wait_for(lambda: len(fake_pg_dump.calls("b")) == 3)  # the next one comes in 1 s
        running.send(signum)
        check_stopped(running, signum, leftover_processes, metamodel, before)

    @pytest.mark.parametrize("call", ["renameat2", "?rename,?renameat"])
    def test_once_the_swap_has_begun_it_is_too_late(
            self, before, metamodel, strace, signum, call):
        for dump in metamodel.tree().path.glob("*.sql"):
            dump.chmod(0o644)  # no link takes its place, so that nothing is renamed before the swap
        result = metamodel.run("save", under=strace(inject=[f"{call}:signal={signum.name}"]))
        check_saved(metamodel, result)
        assert metamodel.tree().manifest["serial"] == 3

    def test_at_any_moment(self, before, metamodel, leftover_processes, signum):
        began = time.monotonic()
        metamodel.run("save", "-q")
        length = time.monotonic() - began
        for i in range(6):
            earlier, serial = picture(metamodel.cwd), metamodel.tree().manifest["serial"]
            running = metamodel.start("save")
            time.sleep(length * (i + 0.5) / 6)  # any moment will do
            running.send(signum)
            result = running.wait()
            assert not leftover_processes()
            verify(metamodel)
            if result.returncode == 0:
                assert metamodel.tree().manifest["serial"] == serial + 1
                continue
            # it comes by the signal itself only before anything was begun
            assert result.returncode in [128 + signum, -signum], result
            assert result.returncode > 0 or "Dumping" not in result.stderr
            assert picture(metamodel.cwd) == earlier
            assert not (metamodel.cwd / "metamodel.new").exists()


def test_a_signal_while_accounts_are_carried_over(
        before, metamodel, strace, leftover_processes):
    """The thread that carries over is held up, so that the other one sees the signal first."""
    under = strace(inject=["linkat:delay_exit=2000000:when=1"])
    running = metamodel.start("save", "a", under=under)
    wait_for((metamodel.cwd / "metamodel.new/_global.sql").exists, what="the first link")
    [program] = children_of(running.pid)
    os.kill(program, signal.SIGTERM)
    check_stopped(running, signal.SIGTERM, leftover_processes, metamodel, before)


def test_a_query_that_waits_ends_with_the_run(before, db, metamodel):
    """Or else its session would hold the advisory lock until that table is free."""
    with db.locked("_global._accounts"):
        running = metamodel.start("save", "--lock-wait", "0")
        wait_until_blocked(db)
        running.send(signal.SIGTERM)
        running.wait()
        wait_for(lambda: not our_sessions(db), 5, what="the end of the session")


def test_a_frozen_server_does_not_hold_up_the_end(
        before, db, metamodel, door, leftover_processes):
    """Whom the program asks to cancel its query never answers."""
    visit = door()
    with db.locked("_global._accounts"):
        running = metamodel.start("save", "--lock-wait", "0")
        wait_until_blocked(db)
        visit.answer = False
        running.send(signal.SIGTERM)
        check_stopped(running, signal.SIGTERM, leftover_processes, metamodel, before)


def test_a_second_signal_kills_at_once(before, metamodel, fake_pg_dump, leftover_processes):
    """The first one alone waits for 5 s: however slow the machine is, it never takes less."""
    fake_pg_dump.hang("b", ignore_sigterm=True)

    def seconds():
        running = metamodel.start("save")
        wait_for(lambda: fake_pg_dump.calls("b") and fake_pg_dump.calls("b")[-1]["pid"] in children_of(running.pid))
        child = fake_pg_dump.calls("b")[-1]["pid"]
        wait_for(lambda: ignores(child, signal.SIGTERM))
        began = time.monotonic()
        running.send(signal.SIGINT)
        wait_for(lambda: not is_pending(running.pid, signal.SIGINT))
        running.send(signal.SIGINT)
        check_stopped(running, signal.SIGINT, leftover_processes, metamodel, before)
        return time.monotonic() - began

    assert any(seconds() < 4.5 for _ in range(4))


def ignores(pid, signum):
    status = Path(f"/proc/{pid}/status").read_text()
    [mask] = re.findall("^SigIgn:\t(.*)$", status, re.M)
    return int(mask, 16) & 1 << signum - 1


def is_pending(pid, signum):
    status = Path(f"/proc/{pid}/status").read_text()
    masks = re.findall("^(?:SigPnd|ShdPnd):\t(.*)$", status, re.M)
    return any(int(mask, 16) & 1 << signum - 1 for mask in masks)


def test_a_signal_finds_it_while_it_looks_at_pg_dump(
        before, metamodel, tmp_path_factory, leftover_processes):
    Script(metamodel, tmp_path_factory.mktemp("script") / "bin", "exec sleep 60")
    running = metamodel.start("save")
    wait_for(lambda: any("sleep" in command for command in leftover_processes().values()))
    running.send(signal.SIGTERM)
    check_stopped(running, signal.SIGTERM, leftover_processes, metamodel, before)


def test_under_nohup_a_hangup_is_ignored(before, metamodel, fake_pg_dump):
    fake_pg_dump.hang("b")
    running = metamodel.start(
        "save", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    wait_for(lambda: fake_pg_dump.calls("b"))
    assert ignores(running.pid, signal.SIGHUP)
    running.send(signal.SIGTERM)
    assert running.wait().returncode == 128 + signal.SIGTERM


def test_signals_that_were_blocked_for_it_do_not_hang_it(accounts, metamodel):
    """A careless parent hands its signal mask down."""
    mask = [signal.SIGCHLD, *SIGNALS]
    running = metamodel.start(
        "save", preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, mask))
    assert running.wait(30).returncode == 0


def test_ctrl_c_on_a_terminal_stops_the_run_once(
        before, metamodel, fake_pg_dump, leftover_processes):
    fake_pg_dump.hang("b")
    keyboard, terminal = pty.openpty()
    running = metamodel.start(
        "save", preexec_fn=lambda: fcntl.ioctl(terminal, termios.TIOCSCTTY, 0))
    wait_for(lambda: fake_pg_dump.calls("b"))
    os.write(keyboard, b"\x03")
    result = check_stopped(running, signal.SIGINT, leftover_processes, metamodel, before)
    assert "[b dump]" not in result.stderr  # the child was ended by us, not by the terminal
    os.close(terminal)
    os.close(keyboard)


# ---- connections ----

@contextlib.contextmanager
def crowd(db, leave):
    """All connections of the server but so many, without the reserved ones, are taken."""
    [[most]] = db.query("SELECT current_setting('max_connections')::int"
                        " - current_setting('superuser_reserved_connections')::int")
    with contextlib.ExitStack() as stack:
        while db.query("SELECT count(*) FROM pg_stat_activity"
                       " WHERE backend_type = 'client backend'")[0][0] < most - leave:
            stack.enter_context(contextlib.closing(db.connect()))
        yield


def test_it_runs_fewer_jobs_where_connections_are_short(
        accounts, db, metamodel, tmp_path_factory):
    directory = tmp_path_factory.mktemp("script")
    Script(metamodel, directory / "bin",
           f'case $* in *--table*) echo >>{directory}/log 1;; *) exec "$real" "$@";; esac\n'
           f'"$real" "$@"; status=$?; echo >>{directory}/log -1; exit $status')
    with crowd(db, leave=3):
        result = metamodel.run("save", "-j8")
    assert re.search("running [12] jobs at once instead of 8", result.stderr)
    running = list(itertools.accumulate(map(int, (directory / "log").read_text().split())))
    assert max(running) <= 2 and running[-1] == 0
    assert metamodel.tree().accounts() == ACCOUNTS


def test_it_waits_for_a_connection_of_its_own(accounts, db, metamodel):
    db.sql(f"CREATE ROLE \"{db.name}\" LOGIN; {read_all(quote(db.name))}")
    metamodel.env["PGUSER"] = db.name
    try:
        with crowd(db, leave=0):
            running = metamodel.start("save")
            wait_for(lambda: "trying again" in running.stderr)
        assert running.wait().returncode == 0
        assert "remaining connection slots are reserved" in running.stderr
    finally:
        db.sql(f"DROP OWNED BY \"{db.name}\"; DROP ROLE \"{db.name}\"")
    assert metamodel.tree().accounts() == ACCOUNTS


def test_an_account_that_found_no_connection_is_tried_again(before, metamodel, fake_pg_dump):
    fake_pg_dump.busy("b", 3)
    result = metamodel.run("save")
    assert "[b dump]" not in result.stderr
    assert len(fake_pg_dump.calls("b")) == 4
    check_saved(metamodel, result)


def test_it_gives_up_some_day(before, metamodel, fake_pg_dump):
    """Half a minute."""
    fake_pg_dump.busy("b", 1000)
    result = metamodel.run("save", expect=3, timeout=120)
    assert "[b dump]" in result.stderr and "too many clients already" in result.stderr
    assert len(fake_pg_dump.calls("b")) == 9
    check_saved(metamodel, result, stale=["b"])


# ---- two at once ----

class TestTwoAtOnce:
    @pytest.fixture
    def first(self, before, metamodel, fake_pg_dump):
        """A run that hangs over b, while others would not."""
        fake_pg_dump.hang("b")
        running = metamodel.start("save", "-j1")
        wait_for(lambda: fake_pg_dump.calls("b"))
        fake_pg_dump.heal("b")
        running.child = fake_pg_dump.calls("b")[0]["pid"]
        yield running
        running.kill_all()
        with contextlib.suppress(ProcessLookupError):
            if running.child in marked(metamodel.env["METAMODEL_TEST"]):
                os.kill(running.child, signal.SIGKILL)

    def test_the_second_says_who_holds_the_lock(self, first, metamodel, before, fake_pg_dump):
        calls = len(fake_pg_dump.calls())
        second = metamodel.run("save", expect=4)
        assert f"metamodel save, process {first.pid} on " in second.stderr
        assert len(fake_pg_dump.calls()) == calls
        assert (metamodel.cwd / "metamodel.new").is_dir()  # it is the first one's
        first.send(signal.SIGTERM)
        assert first.wait().returncode == 128 + signal.SIGTERM
        assert picture(metamodel.cwd) == before

    def test_in_another_directory_it_may_run(self, first, metamodel, tmp_path):
        metamodel.run("save", "-D", tmp_path / "other")
        assert metamodel.tree("other").accounts() == ACCOUNTS

    def test_verify_may_run_and_cleans_nothing_up(self, first, metamodel):
        verify(metamodel)
        assert (metamodel.cwd / "metamodel.new").is_dir()
        os.kill(first.child, signal.SIGKILL)
        assert first.wait().returncode == 3

    def test_kill_9_frees_the_lock_though_a_child_lives_on(
            self, first, metamodel, before):
        first.process.kill()
        assert first.wait().returncode == -signal.SIGKILL
        result = metamodel.run("save")
        assert "an earlier run died" in result.stderr
        check_saved(metamodel, result)


def test_a_restore_elsewhere_keeps_it_from_running(before, db, metamodel):
    with contextlib.closing(db.connect()) as other:
        cursor = other.cursor()
        cursor.execute("SET application_name = 'metamodel restore'")
        cursor.execute("SELECT pg_advisory_lock(1835365473, 1836016748), pg_backend_pid()")
        [(_, pid)] = cursor.fetchall()
        result = metamodel.run("save", expect=4)
        assert f"metamodel restore, server process {pid}" in result.stderr
        assert picture(metamodel.cwd) == before
    wait_for(lambda: not db.query(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}"))
    metamodel.run("save")


def test_its_own_lock_is_gone_after_kill_9(before, db, metamodel, fake_pg_dump):
    fake_pg_dump.hang("a")
    running = metamodel.start("save")
    wait_for(lambda: fake_pg_dump.calls("a"))
    assert db.query("SELECT pg_try_advisory_lock(1835365473, 1836016748)") == [(False,)]
    running.process.kill()
    running.wait()
    os.kill(fake_pg_dump.calls("a")[0]["pid"], signal.SIGKILL)  # it would hang for long
    wait_for(lambda: db.query("SELECT pg_try_advisory_lock(1835365473, 1836016748)") == [(True,)])


def test_a_lock_file_that_somebody_deleted_costs_no_save(before, metamodel, fake_pg_dump):
    """Then two runs build in one directory. Whatever becomes of them, the save stays whole."""
    fake_pg_dump.hang("c")
    first = metamodel.start("save", "-j1")
    wait_for(lambda: fake_pg_dump.calls("c"))
    (metamodel.cwd / "metamodel.lock").unlink()
    fake_pg_dump.heal("c")
    fake_pg_dump.hang("b")
    second = metamodel.start("save", "-j1")
    wait_for(lambda: len(fake_pg_dump.calls("b")) == 2)
    os.kill(fake_pg_dump.calls("c")[0]["pid"], signal.SIGKILL)
    first.wait()
    verify(metamodel)
    os.kill(fake_pg_dump.calls("b")[1]["pid"], signal.SIGKILL)
    second.wait()
    verify(metamodel)
    assert metamodel.tree().accounts() == ACCOUNTS


def test_a_mount_point_cannot_be_swapped_and_stays_as_it_is(accounts, metamodel, tmpfs):
    (metamodel.cwd / "metamodel").mkdir()
    mounted = tmpfs(metamodel.cwd / "metamodel")
    result = metamodel.run("save", under=mounted, expect=1)
    assert "busy" in result.stderr or "mount" in result.stderr
    assert sorted(os.listdir(metamodel.cwd)) == ["metamodel", "metamodel.lock"]
    assert list(mounted.outside(metamodel.cwd / "metamodel").iterdir()) == []


# ---- standard output and error ----

def onto(path, *fds):
    """To be run in the child: these descriptors are that file."""
    def redirect():
        opened = os.open(path, os.O_WRONLY)
        for fd in fds:
            os.dup2(opened, fd)
    return redirect


def test_a_report_that_cannot_be_written_is_no_success(accounts, metamodel):
    result = metamodel.run("save", "--json", preexec_fn=onto("/dev/full", 1), check=False)
    assert result.returncode != 0 and "No space left on device" in result.stderr
    assert metamodel.tree().accounts() == ACCOUNTS


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_that_cannot_be_written_is_no_success(metamodel, option):
    result = metamodel.run(option, preexec_fn=onto("/dev/full", 1), check=False)
    assert result.returncode != 0


def broken_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    os.dup2(writer, 2)


@pytest.mark.parametrize("prepare", [
    pytest.param(lambda: os.close(2), id="closed"),
    pytest.param(lambda: os.closerange(1, 3), id="stdout closed, too"),
    pytest.param(lambda: os.closerange(0, 3), id="stdin closed, too"),
    pytest.param(onto("/dev/full", 2), id="full"),
    pytest.param(broken_pipe, id="broken pipe")])
def test_a_run_that_nobody_hears_saves_all_the_same(before, metamodel, fake_pg_dump, prepare):
    fake_pg_dump.flood("b", 10000)
    last = metamodel.tree().text("c")
    metamodel.run("save", "-v", "--progress=always", preexec_fn=prepare)
    assert metamodel.tree().text("c") == last
    assert not any(b"metamodel: debug" in text or b"\x1b[K" in text
                   for name, text in picture(metamodel.cwd).items())
    check_saved(metamodel, None)


def test_few_descriptors_cost_accounts_but_not_the_save(before, metamodel):
    """Enough for one child at a time, not for eight."""
    result = metamodel.run("save", "-j8", check=False, preexec_fn=lambda: resource.setrlimit(
        resource.RLIMIT_NOFILE, (19, 19)))
    assert result.returncode in [0, 1, 3], result
    verify(metamodel)
    assert metamodel.tree().accounts() == ACCOUNTS
    assert not (metamodel.cwd / "metamodel.new").exists()
