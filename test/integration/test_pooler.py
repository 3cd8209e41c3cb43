# SPDX-License-Identifier: PostgreSQL
"""Behind a PgBouncer that pools transactions: each may be in another session of the server, which strangers
have next. No lock and no setting stays behind, however a run ends."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg2
import pytest
from support import wait_for
from support_save import Script

PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
LOCK = "1835365473, 1836016748"  # the advisory lock of a node

pytestmark = pytest.mark.skipif(not PGBOUNCER, reason="no pgbouncer")


class Pooler:
    """A PgBouncer in front of the server, whose socket is in the directory `host`."""

    def __init__(self, server, directory, dbname, ignored="extra_float_digits,options", **settings):
        self.host, self.port = str(directory), "6432"
        (directory / "userlist").write_text("")
        lines = {"listen_addr": "", "unix_socket_dir": directory, "listen_port": self.port,
                 "auth_type": "any", "pool_mode": "transaction", "default_pool_size": 8,
                 "ignore_startup_parameters": ignored, "logfile": directory / "log",
                 "query_wait_timeout": 20, **settings}
        (directory / "ini").write_text(
            f"[databases]\n{dbname} = host={server.host} port={server.port} user={server.user}\n"
            "[pgbouncer]\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()))
        argv = [PGBOUNCER, str(directory / "ini")]
        if os.getuid() == 0:  # it refuses to run as root
            for path in directory, *directory.iterdir():
                shutil.chown(path, "postgres")
            argv = ["runuser", "-u", "postgres", "--", *argv]
        directory.chmod(0o755)
        self._process = subprocess.Popen(argv, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        wait_for((directory / f".s.PGSQL.{self.port}").exists)

    def end(self):
        self._process.terminate()
        self._process.wait()


@pytest.fixture
def start_pooler(db, metamodel):
    """start_pooler(...): the program's way to the server leads through it from here on."""
    # Not below tmp_path, which is the tester's alone: it runs as somebody else.
    made = []

    def start(**settings):
        directory = Path(tempfile.mkdtemp(prefix="metamodel-pooler.", dir="/tmp"))
        made.append(directory)
        pooler = Pooler(db.server, directory, db.name, **settings)
        made.append(pooler)
        metamodel.env.update(PGHOST=pooler.host, PGPORT=pooler.port)
        return pooler

    yield start
    for each in reversed(made):
        if isinstance(each, Pooler):
            each.end()
        else:
            shutil.rmtree(each)


@pytest.fixture
def pooled(start_pooler):
    return start_pooler()


def locks(db):
    return db.query("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = "
                    "(SELECT oid FROM pg_database WHERE datname = current_database())")[0][0]


def check_nothing_stays(db, pooler):
    """No lock, and each session that the pool has now is as a new one is."""
    wait_for(lambda: locks(db) == 0, what="the end of the lock")
    wait_for(lambda: not db.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND state <> 'idle'"), what="an idle pool")
    sessions = []
    try:
        for _ in range(8):  # all that are there, and new ones
            sessions.append(pooled_session(db, pooler))
            cursor = sessions[-1].cursor()
            # PgBouncer sets these itself, for each of its clients
            cursor.execute("SELECT name, setting FROM pg_settings WHERE source = 'session' AND name NOT IN "
                           "('client_encoding', 'application_name', 'DateStyle', 'TimeZone', "
                           "'standard_conforming_strings', 'transaction_read_only')")
            assert cursor.fetchall() == []
    finally:
        for session in sessions:
            session.rollback()
            session.close()


def pooled_session(db, pooler):
    return psycopg2.connect(host=pooler.host, port=pooler.port, user=db.server.user, dbname=db.name)


def wait_until_it_waits(db):
    wait_for(lambda: db.query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "
                              "datname = current_database()"), what="its wait")


@pytest.mark.slow
def test_everything_works_through_it_and_nothing_stays(db, metamodel, pooled):
    db.add_accounts("a", "b", "it's", version="0.005")
    result = metamodel.run("save", "-j4")
    assert "reached through a connection pooler in transaction mode" in result.stderr
    check_nothing_stays(db, pooled)
    metamodel.run("upgrade")
    check_nothing_stays(db, pooled)
    assert "current" in metamodel.run("status").stdout
    check_nothing_stays(db, pooled)
    metamodel.run("restore")
    check_nothing_stays(db, pooled)
    assert db.query("SELECT version FROM a._general") == [("0.005",)]
    metamodel.run("verify")


def test_dumps_are_what_they_are_without_it(db, metamodel, start_pooler):
    db.add_accounts("a", "b")
    metamodel.run("save", "-D", "direct")
    start_pooler()
    metamodel.run("save", "-D", "pooled")
    for account in "_global", "a", "b":
        assert metamodel.tree("pooled").text(account) == metamodel.tree("direct").text(account)


def test_a_dump_that_lost_its_search_path_does_not_count(db, metamodel, start_pooler):
    db.add_accounts("a", "b")
    Script(metamodel, metamodel.cwd / "bin",
           """"$real" "$@" | sed "s/('search_path', ''/('search_path', 'public'/" """)
    start_pooler()
    result = metamodel.run("save", "--batch", "1", expect=1)
    assert "hint: pg_dump's search_path may have been lost in the connection pooler" in result.stderr


@pytest.mark.parametrize("first", ["save", "restore", "upgrade"])
def test_two_runs_at_once_are_refused(db, metamodel, pooled, first):
    db.add_accounts("a", version="0.005")
    metamodel.run("save")
    with db.locked("a._general"):
        running = metamodel.start(first, "--lock-wait", "600")
        wait_until_it_waits(db)
        assert locks(db)
        other = "save" if first != "save" else "upgrade"
        result = metamodel.run(other, "-D", "other", expect=4)
        assert f"another run holds the lock: metamodel {first}, server process" in result.stderr
        running.send(signal.SIGINT)
        assert running.wait().returncode == 130
    check_nothing_stays(db, pooled)


@pytest.mark.parametrize("command", ["restore", "upgrade"])
def test_a_killed_run_leaves_nothing(db, metamodel, pooled, command):
    db.add_accounts("a", version="0.005")
    metamodel.run("save")
    with db.locked("a._general"):
        running = metamodel.start(command, "--lock-wait", "600")
        wait_until_it_waits(db)
        running.kill_all()
        wait_for(lambda: not locks(db), what="the end of the lock")
    check_nothing_stays(db, pooled)
    metamodel.run(command)


def test_the_lock_holds_back_no_vacuum(db, metamodel, pooled):
    db.add_accounts("a", version="0.005")
    with db.locked("a._general"):
        running = metamodel.start("upgrade", "--lock-wait", "600")
        pid = wait_for(lambda: db.query("SELECT pid FROM pg_locks WHERE locktype = 'advisory'"))[0][0]
        assert db.query("SELECT state, backend_xmin, backend_xid FROM pg_stat_activity "
                        f"WHERE pid = {pid}") == [("idle in transaction", None, None)]
        running.send(signal.SIGINT)
        running.wait()


def test_one_that_refuses_options_says_what_to_do(db, metamodel, start_pooler):
    start_pooler(ignored="extra_float_digits")
    db.add_accounts("a")
    result = metamodel.run("save", expect=1)
    assert "ignore_startup_parameters = options" in result.stderr
    result = metamodel.run("save", env={"PGOPTIONS": "-c work_mem=1MB"}, expect=1)
    assert "ignore_startup_parameters = options" in result.stderr


def test_a_pool_of_sessions_is_as_good_as_none(db, metamodel, start_pooler):
    pooler = start_pooler(pool_mode="session")
    db.add_accounts("a", "b", version="0.005")
    result = metamodel.run("save")
    assert "pool" not in result.stderr
    metamodel.run("upgrade")
    metamodel.run("restore")
    check_nothing_stays(db, pooler)
