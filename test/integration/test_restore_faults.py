# SPDX-License-Identifier: PostgreSQL
"""What goes wrong around a restore: each account is as before or as saved, and all said is true."""

import contextlib
import json
import os
import re
import shutil
import signal
import time
import uuid
from pathlib import Path

import pytest
from support import (ROOT, Database, Metamodel, Server, errors_of, literal, pg_ctl, server_major, tool_minor,
                     wait_for)
from support_restore import CHANGES, DAMAGE, MOULD, RESTRICT_SINCE, fake_psql, looks, pictures, truncate

pytestmark = [pytest.mark.usefixtures("leftover_processes"), pytest.mark.slow]

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
BINARY = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
LOCK = "1835365473, 1836016748"  # the advisory lock of a node


def add_accounts(db):
    """a, b and c. The load of b can be made to wait: it needs a lock on the user's table b.hook."""
    db.add_global()
    for account in "abc":
        db.sql(MOULD.format(account) +
               f"INSERT INTO _global._accounts (name) VALUES ('{account}')")
    db.sql("CREATE TABLE b.hook (id integer PRIMARY KEY); "
           "ALTER TABLE b._views ADD COLUMN hook integer REFERENCES b.hook")


@pytest.fixture(scope="module")
def template(server, tmp_path_factory):
    """The name of a database with these accounts, and the directory of its save."""
    name, directory = f"template_{uuid.uuid4().hex[:12]}", tmp_path_factory.mktemp("template")
    server.sql(f"CREATE DATABASE {name}")
    with contextlib.closing(Database(server, name)) as db:
        add_accounts(db)
        Metamodel(BINARY, directory, server, name).run("save", "-q")
    return name, directory / "metamodel"


@pytest.fixture
def database(server, template):
    """As that of conftest.py, but a copy of the template."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE {template[0]}")
    yield name
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


class World:
    """These accounts, saved and then damaged, so that the foreign key to b.hook is gone."""

    def __init__(self, db, metamodel):
        self.db, self.metamodel = db, metamodel
        self.saved = pictures(db)
        self.damage("a", "b", "c")

    @classmethod
    def build(cls, db, metamodel):
        """One in an empty database."""
        add_accounts(db)
        metamodel.run("save", "-q")
        return cls(db, metamodel)

    def damage(self, *accounts):
        for account in accounts:
            self.db.sql(DAMAGE.format(account))
        self.before = pictures(self.db)

    def clear(self, *accounts):
        """Their metamodels are gone altogether, so that a restore has nothing to drop."""
        for account in accounts:
            self.db.sql(f"DROP TABLE {account}._general, {account}._models")
        self.before = pictures(self.db)

    def hook(self):
        """While it lasts the load of b waits."""
        return self.db.locked("b.hook", "ROW EXCLUSIVE")

    def waiting(self, name="metamodel"):
        """Server processes of sessions of that name that wait for a lock."""
        return [pid for pid, in self.db.query(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
            f"wait_event_type = 'Lock' AND application_name = {literal(name)}")]

    def sessions(self, *names):
        names = names or ("metamodel", "metamodel restore")
        return self.db.query(
            "SELECT pid, query FROM pg_stat_activity WHERE datname = current_database() AND "
            f"application_name IN ({', '.join(map(literal, names))})")

    def states(self):
        """"before", "saved" or "?" for each account."""
        now = pictures(self.db)
        return {account: "before" if now.get(account) == self.before.get(account) else
                "saved" if looks(now.get(account, [])) == looks(self.saved[account]) else "?"
                for account in ("_global", *"abc")}

    def check_truth(self, result):
        """Whatever happened: no account is a mixture, and what is said is so. Gives the states."""
        states = self.states()
        assert result.stdout, result
        said = {entry["account"]: entry["result"] for entry in result.report["accounts"]}
        for account, state in states.items():
            assert state != "?", (account, result)
            if said.get(account) == "restored":
                assert state == "saved", (account, result)
            elif state == "saved":
                assert said.get(account) == "failed", (account, result)
                assert "as it was before" not in errors_of(result, account), result
        if result.returncode == 0:
            assert set(said.values()) == {"restored"}
        if "saved" in states.values():
            assert result.returncode != 1, result  # "failed, nothing was changed"
            assert "Nothing was restored" not in result.stderr, result
        return states

    def check_restored_again(self):
        """Nothing that is left of an earlier run is in the way of the next one."""
        wait_for(lambda: not self.sessions(), 10, what="the end of the sessions")
        assert self.db.query(f"SELECT pg_try_advisory_lock({LOCK}), pg_advisory_unlock({LOCK})"
                             ) == [(True, True)]
        self.metamodel.run("restore")
        assert set(self.states().values()) == {"saved"}


@pytest.fixture
def world(db, metamodel, template):
    """The save of the template says that it is of this copy."""
    tree = metamodel.tree()
    shutil.copytree(template[1], tree.path)
    manifest = tree.manifest
    manifest["nodes"][0]["database_oid"] = db.query(
        "SELECT oid FROM pg_database WHERE datname = current_database()")[0][0]
    (tree.path / "manifest.json").write_text(json.dumps(manifest))
    return World(db, metamodel)


def children_of(pid):
    """Its children by pid, with their command lines."""
    pids = [int(child) for task in Path(f"/proc/{pid}/task").glob("*/children")
            for child in task.read_text().split()]
    return {child: Path(f"/proc/{child}/cmdline").read_bytes().decode() for child in pids}


def start_until_hooked(world, *args):
    """A run in which b waits in the midst of its load. It works on one account at a time: a is done
    by then, and nothing was begun of c."""
    running = world.metamodel.start("restore", "--json", "-j1", *args)
    wait_for(world.waiting, what="the load of b to wait")
    return running


# ---- psql ----

def test_a_psql_that_is_killed_costs_its_account_only(world):
    with world.hook():
        running = start_until_hooked(world)
        [psql] = children_of(running.pid)
        os.kill(psql, signal.SIGKILL)
        result = running.wait(30)
    assert result.returncode == 3
    assert "psql was killed by signal 9" in errors_of(result, "b")
    assert result.stderr.splitlines()[-1].endswith(" Failed: b.")
    assert world.check_truth(result) == {
        "_global": "saved", "a": "saved", "b": "before", "c": "saved"}
    world.check_restored_again()


@pytest.mark.parametrize("function, words", [
    ("pg_terminate_backend", "terminating connection due to administrator command"),
    ("pg_cancel_backend", "canceling statement due to user request")])
def test_a_load_that_somebody_ends_costs_its_account_only(world, function, words):
    with world.hook():
        running = start_until_hooked(world)
        [pid] = world.waiting()
        world.db.sql(f"SELECT {function}({pid})")
        result = running.wait(30)
    assert result.returncode == 3 and words in errors_of(result, "b"), result
    assert world.check_truth(result) == {
        "_global": "saved", "a": "saved", "b": "before", "c": "saved"}


def test_a_load_that_takes_too_long_is_ended_and_lets_go_of_the_account(world):
    """Or else its owner would find the account locked, for as long as somebody locks something."""
    with world.hook():
        result = world.metamodel.run("restore", "--json", "--timeout", "6", check=False)
        wait_for(lambda: not world.sessions(), 10, what="the end of the session")
        world.db.sql("SET lock_timeout = '1s'; SELECT * FROM b._models; RESET lock_timeout")
    assert result.returncode == 3
    assert "exceeded its time limit" in errors_of(result, "b")
    assert world.check_truth(result)["b"] == "before"


# A psql that has done its work, but does not end as it should.
ENDINGS = {"hangs": "touch \"$log.done\"; exec sleep 100", "is killed": "kill -9 $$",
           "ends with an error": "exit 2"}


@pytest.mark.parametrize("ending, args", [
    ("is killed", []), ("ends with an error", []), ("hangs", ["--timeout", "10"])],
    ids=["is killed", "ends with an error", "hangs"])
def test_what_was_committed_is_not_said_to_be_as_before(world, tmp_path_factory, ending, args):
    fake_psql(world.metamodel, tmp_path_factory.mktemp("fake") / "bin",
              f'[ "$account" = 62 ] || exec "$real" "$@"\n"$real" "$@"; {ENDINGS[ending]}')
    result = world.metamodel.run("restore", "b", "--json", *args, check=False)
    assert world.check_truth(result)["b"] == "saved"


def test_a_signal_after_the_commit_does_not_undo_it(world, tmp_path_factory):
    log = fake_psql(world.metamodel, tmp_path_factory.mktemp("fake") / "bin",
                    f'[ "$account" = 62 ] || exec "$real" "$@"\n"$real" "$@"; {ENDINGS["hangs"]}')
    running = world.metamodel.start("restore", "b", "--json")
    wait_for(Path(f"{log}.done").exists)
    running.send(signal.SIGINT)
    result = running.wait()
    assert result.returncode == 128 + signal.SIGINT
    assert world.check_truth(result)["b"] == "saved"


def test_a_psql_that_does_nothing_and_is_content_has_restored_nothing(world, tmp_path_factory):
    fake_psql(world.metamodel, tmp_path_factory.mktemp("fake") / "bin",
              '[ "$account" = 62 ] && exit 0\nexec "$real" "$@"')
    result = world.metamodel.run("restore", "--json", expect=3)
    assert world.check_truth(result)["b"] == "before"


def test_a_psql_that_is_taken_away_fails_the_accounts(world, tmp_path_factory):
    fake_psql(world.metamodel, tmp_path_factory.mktemp("fake") / "bin",
              '[ -n "$account" ] && exec "$real" "$@"\nrm "$0"; exec "$real" "$@"')
    result = world.metamodel.run("restore", "--json", expect=1)
    assert result.stderr.splitlines()[-1] == "Nothing was restored. Failed: _global, a, b, c."
    assert "no such file or directory" in errors_of(result, "_global")
    assert set(world.check_truth(result).values()) == {"before"}


VERSION = '[ -n "$account" ] || { echo "psql (PostgreSQL) %s"; exit; }\nexec "$real" "$@"'


WITHOUT_RESTRICT = [f"{major}.{minor - 1}{' (Debian)' * (major % 2)}" for major, minor in RESTRICT_SINCE.items()
                    if major >= server_major()]


@pytest.mark.parametrize("version", WITHOUT_RESTRICT[:2])
def test_a_psql_that_does_not_know_restrict_is_refused_with_the_remedy(
        world, tmp_path_factory, version):
    if "\n\\restrict " not in world.metamodel.tree().file("a").read_text():
        pytest.skip("the server's own pg_dump is older than that")
    log = fake_psql(world.metamodel, tmp_path_factory.mktemp("fake") / "bin", VERSION % version)
    result = world.metamodel.run("restore", "--json", expect=1)
    assert f"\\restrict, which {log.parent}/psql does not know" in result.stderr
    assert f"install the newest minor release of postgresql-client-{version[:2]}" in result.stderr
    assert "Importing" not in result.stderr
    assert set(world.check_truth(result).values()) == {"before"}


# It ends elsewhere with another standard_conforming_strings.
AMBIGUOUS = "COMMENT ON TABLE a._models IS 'x\\';\nCOMMENT ON TABLE a._models IS NULL;\n"


@pytest.mark.parametrize("minor, text, is_loaded", [
    *([(3, "", True), (3, AMBIGUOUS, False)] if WITHOUT_RESTRICT else []), (30, AMBIGUOUS, True)])
def test_an_old_psql_loads_dumps_that_leave_no_doubt(
        world, tmp_path_factory, minor, text, is_loaded):
    """Without \\restrict around them, of an old pg_dump."""
    if minor == 30 and tool_minor("psql") < RESTRICT_SINCE.get(server_major(), 0):
        pytest.skip("the server's own psql does not know \\restrict")
    fake_psql(world.metamodel, tmp_path_factory.mktemp("fake") / "bin", VERSION % f"{server_major()}.{minor}")
    save = world.metamodel.cwd / "metamodel"
    (save / "manifest.json").unlink()
    for file in save.glob("*.sql"):
        dump = re.sub(r"^\\(un)?restrict .*\n", "", file.read_text(), flags=re.M)
        if file.name == "a.sql":
            dump = re.sub("(?=^--\n-- Data for)", lambda _: text, dump, count=1, flags=re.M)
        file.write_text(dump)
    result = world.metamodel.run("restore", "a", "--json", check=False)
    assert world.check_truth(result)["a"] == ("saved" if is_loaded else "before")
    assert is_loaded or "standard_conforming_strings" in errors_of(result, "a")


# ---- what psql is given ----

def test_no_secret_is_in_the_arguments_of_psql_and_no_file_of_the_users_is_read(
        world, tmp_path_factory):
    log = fake_psql(world.metamodel, tmp_path_factory.mktemp("fake") / "bin", """
        [ -n "$account" ] || exec "$real" "$@"
        printf '%s\\0' "$@" >>"$log.argv"; tr '\\0' '\\n' </proc/$$/environ >>"$log.env"
        exec "$real" "$@" """)
    canary = world.metamodel.cwd / "canary"
    for name in ".psqlrc", f".psqlrc-{server_major()}", "rc":
        (world.metamodel.cwd / name).write_text(f"\\! touch {canary}\n\\set ON_ERROR_STOP off\n")
    world.metamodel.env |= {
        "PGPASSWORD": "s3cret-word", "PSQLRC": str(world.metamodel.cwd / "rc"),
        "PSQL_HISTORY": str(canary), "PAGER": f"touch {canary}", "PSQL_PAGER": f"touch {canary}",
        "PSQL_EDITOR": f"touch {canary}", "PSQL_WATCH_PAGER": f"touch {canary}",
        "PG_COLOR": "always",
        "PGOPTIONS": "-c work_mem=7777kB -c synchronous_commit=on", "PGCLIENTENCODING": "SJIS"}
    result = world.metamodel.run("restore", "--json", "--verbose", timeout=60)
    assert set(world.check_truth(result).values()) == {"saved"}
    assert not canary.exists()
    argv, environment = Path(f"{log}.argv").read_text(), Path(f"{log}.env").read_text()
    assert "--no-psqlrc" in argv.split("\0") or "-X" in argv.split("\0")
    assert "s3cret" not in argv + result.stderr + result.stdout
    assert environment.count("PGPASSWORD=s3cret-word") == 4
    assert environment.count("-c work_mem=7777kB") == 4


def test_limits_of_the_database_do_not_end_a_restore(world):
    """As they do not end a save: pg_dump, too, sets them to 0."""
    with world.db.locked("b._models"):  # by a session of before
        for setting in "statement_timeout", "idle_in_transaction_session_timeout":
            world.db.sql(f"ALTER DATABASE {world.db.name} SET {setting} = '1s'")
        running = world.metamodel.start("restore", "b", "--json", "--lock-wait", "60")
        wait_for(world.waiting)
        wait_for(lambda: not running.process.poll() is None or world.db.query(
            "SELECT FROM pg_stat_activity WHERE application_name = 'metamodel' AND datname = "
            "current_database() AND query_start < clock_timestamp() - interval '1.5 s'"))
    result = running.wait()
    assert result.returncode == 0, result
    assert world.check_truth(result)["b"] == "saved"


# ---- the server ----

@pytest.fixture(scope="module")
def own_server():
    """A server to be stopped and started. Nothing gets to its disk by itself."""
    server = Server("fsync = on", "synchronous_commit = off")
    yield server
    server.stop()


@pytest.fixture
def own_world(own_server, metamodel):
    name = f"test_{uuid.uuid4().hex[:12]}"
    own_server.sql(f"CREATE DATABASE {name}")
    metamodel.env |= {"PGHOST": own_server.host, "PGDATABASE": name}
    world = World.build(Database(own_server, name), metamodel)
    yield world
    world.db.close()
    own_server.sql(f"DROP DATABASE {name} WITH (FORCE)")


def log_writer(world):
    return world.db.query("SELECT pid, wait_event = 'WalWriterMain' FROM pg_stat_activity "
                          "WHERE backend_type = 'walwriter'")


def stop_idle_log_writer(world):
    """Stop it where it holds no lock. False: it was at work."""
    [(pid, _)] = log_writer(world)
    os.kill(pid, signal.SIGSTOP)
    if log_writer(world) == [(pid, True)]:
        return True
    os.kill(pid, signal.SIGCONT)
    return False


@contextlib.contextmanager
def frozen_log_writer(world):
    """While it lasts only what somebody waits for gets to the server's disk. Then it crashes."""
    world.db.sql("CHECKPOINT")
    wait_for(lambda: stop_idle_log_writer(world))
    [(pid, _)] = log_writer(world)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        restart(world, "immediate")


def restart(world, mode):
    server = world.db.server
    pg_ctl(server, "stop", "-m", mode)
    pg_ctl(server, "-l", server.log_file, "start")
    world.db.close()
    world.db = Database(server, world.db.name)


@pytest.mark.parametrize("options", [None, "-c synchronous_commit=off"],
                         ids=["configured", "asked for"])
def test_what_is_said_to_be_restored_survives_a_crash(own_world, options):
    own_world.metamodel.env["PGOPTIONS"] = options
    # A commit that deletes tables gets to the disk in any case.
    own_world.clear("a", "b", "c")
    with frozen_log_writer(own_world):
        result = own_world.metamodel.run("restore", "--json", "-j1")
    assert set(own_world.check_truth(result).values()) == {"saved"}


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_stops_costs_what_was_not_restored(own_world, mode):
    own_world.clear("a")
    own_world.db.sql("CHECKPOINT")
    holder = own_world.db.connect(autocommit=False)  # until the server stops
    holder.cursor().execute("LOCK TABLE b.hook IN ROW EXCLUSIVE MODE")
    running = start_until_hooked(own_world)
    restart(own_world, mode)
    result = running.wait(30)
    holder.close()
    states = own_world.check_truth(result)
    assert states["b"] == states["c"] == "before", result
    assert result.returncode == 3 and errors_of(result, "b") and errors_of(result, "c")
    assert "see the server's log; when it is back, restore again" in result.stderr
    own_world.check_restored_again()


@pytest.fixture
def no_standby(own_world):
    """The server waits for ever for a standby that is not there before a commit is durable."""
    own_world.db.sql("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    own_world.db.sql(f"ALTER DATABASE {own_world.db.name} SET synchronous_commit = on")
    own_world.db.sql("SELECT pg_reload_conf()")
    wait_for(lambda: own_world.db.query("SHOW synchronous_standby_names") == [("nobody",)])
    yield own_world
    own_world.db.sql("ALTER SYSTEM RESET synchronous_standby_names")
    own_world.db.sql("SELECT pg_reload_conf()")


def waits_for_standby(world):
    return [pid for pid, in world.db.query(
        "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND application_name = "
        "'metamodel restore'")]


def test_a_commit_that_never_gets_durable_does_not_hold_up_the_end(no_standby):
    running = no_standby.metamodel.start("restore", "a", "--json")
    wait_for(lambda: waits_for_standby(no_standby), what="our session to wait for a standby")
    running.send(signal.SIGTERM)
    result = running.wait(20)
    assert result.returncode == 128 + signal.SIGTERM
    assert no_standby.check_truth(result)["a"] == "saved"


def test_what_was_committed_and_may_yet_be_lost_is_no_nothing(no_standby):
    running = no_standby.metamodel.start("restore", "a", "--json")
    [session] = wait_for(lambda: waits_for_standby(no_standby))
    no_standby.db.sql(f"SELECT pg_terminate_backend({session})")
    result = running.wait(20)
    assert result.returncode == 3, result
    assert no_standby.check_truth(result)["a"] == "saved"
    assert "restore it again" in errors_of(result, "a")


def test_losing_our_session_ends_the_run_and_what_is_running(world, leftover_processes):
    """With it goes the lock that keeps others away."""
    with world.hook():
        running = start_until_hooked(world)
        [(session, _)] = world.sessions("metamodel restore")
        world.db.sql(f"SELECT pg_terminate_backend({session})")
        result = running.wait(30)
        assert not leftover_processes()
        if server_major() >= 14:  # others do not look whether the client is there while a statement runs
            wait_for(lambda: not world.sessions(), 10, what="the end of the sessions")
    assert "terminating connection due to administrator command" in result.stderr
    assert errors_of(result, "b") and errors_of(result, "c") and result.returncode == 3
    assert world.check_truth(result) | {"_global": "", "a": ""} == {
        "_global": "", "a": "", "b": "before", "c": "before"}
    world.check_restored_again()


def test_losing_our_session_before_the_first_load_begins_none(world, tmp_path_factory):
    directory = tmp_path_factory.mktemp("fake")
    log = fake_psql(world.metamodel, directory / "bin", f"""
        [ -z "$account" ] || echo "$account" >>"$log"
        while [ ! -e {directory}/go ]; do sleep 0.05; done
        exec "$real" "$@" """)
    running = world.metamodel.start("restore", "--json")
    wait_for(lambda: children_of(running.pid))
    [(session, _)] = wait_for(lambda: world.sessions("metamodel restore"))
    world.db.sql(f"SELECT pg_terminate_backend({session})")
    wait_for(lambda: not world.sessions())
    (directory / "go").touch()
    result = running.wait(30)
    assert result.returncode == 1 and "terminating connection" in result.stderr
    assert log.read_text() == "" and "Importing" not in result.stderr
    assert set(world.states().values()) == {"before"}


def test_a_deadlock_with_a_user_is_tried_again(world):
    """The user has b.hook and wants b._models; the load has b._models and wants b.hook."""
    with contextlib.closing(world.db.connect(autocommit=False)) as user:
        user.cursor().execute(
            "SET deadlock_timeout = '60s'; LOCK TABLE b.hook IN ROW EXCLUSIVE MODE")
        running = start_until_hooked(world, "b")
        user.cursor().execute("LOCK TABLE b._models IN ACCESS SHARE MODE")  # until the load gave up
        wait_for(lambda: "[b restore] trying again" in running.stderr)
        user.rollback()
    result = running.wait()
    assert result.returncode == 0 and "deadlock detected" in result.stderr, result
    assert world.check_truth(result)["b"] == "saved"


def test_a_lock_that_is_not_had_in_time_is_known_in_every_language(world, tmp_path_factory):
    fake_psql(world.metamodel, tmp_path_factory.mktemp("fake") / "bin", """
        [ -n "$account" ] && [ ! -e "$log.tried" ] || exec "$real" "$@"
        touch "$log.tried"
        echo "FEHLER:  55P03: storniere Anfrage wegen Zeitüberschreitung einer Sperre" >&2
        echo "ORT:  ProcessInterrupts, postgres.c:3287" >&2
        exit 3""")
    result = world.metamodel.run("restore", "b", "--json")
    assert "[b restore] trying again" in result.stderr and "postgres.c" not in result.stderr
    assert world.check_truth(result)["b"] == "saved"


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


def test_a_load_that_finds_no_connection_is_tried_again(db, metamodel):
    """It takes a role without a right to the reserved ones."""
    role = f"role_{db.name}"
    db.server.sql(f"CREATE ROLE {role} LOGIN; ALTER DATABASE {db.name} OWNER TO {role}")
    metamodel.env["PGUSER"] = role
    db.sql(f"DROP SCHEMA _global, a, b, c CASCADE; SET SESSION AUTHORIZATION {role}")
    try:
        world = World.build(db, metamodel)
        db.sql("RESET SESSION AUTHORIZATION")
        with crowd(db, leave=2):  # for our own sessions
            running = metamodel.start("restore", "--json", "-j4")
            wait_for(lambda: "[_global restore] trying again" in running.stderr)
            assert set(world.states().values()) == {"before"}
        result = running.wait()
        assert result.returncode == 0 and "connection slots" in result.stderr, result
        assert set(world.check_truth(result).values()) == {"saved"}
    finally:
        db.sql("RESET SESSION AUTHORIZATION")
        db.sql(f"REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}; "
               f"ALTER DATABASE {db.name} OWNER TO postgres; DROP ROLE {role}")


# ---- dumps that change under our hands ----


def test_a_dump_that_was_changed_since_the_check_is_not_loaded(world):
    for change, do in CHANGES.items():
        directory = world.metamodel.cwd / change
        shutil.copytree(world.metamodel.cwd / "metamodel", directory)
        with world.hook():
            running = start_until_hooked(world, "b", "c", "-D", directory)
            do(directory / "c.sql")
        result = running.wait(30)
        assert result.returncode == 3 and errors_of(result, "c").startswith("[c restore] "), result
        assert world.check_truth(result) == {
            "_global": "before", "a": "before", "b": "saved", "c": "before"}, change
        world.damage("b")


def test_a_save_that_was_moved_away_is_loaded_as_it_was_checked(world):
    with world.hook():
        running = start_until_hooked(world)
        save = world.metamodel.cwd / "metamodel"
        save.rename(world.metamodel.cwd / "elsewhere")
        shutil.copytree(world.metamodel.cwd / "elsewhere", save)
        truncate(save / "c.sql")
    result = running.wait(30)
    assert result.returncode == 0, result
    assert set(world.check_truth(result).values()) == {"saved"}


def test_a_look_or_a_link_at_a_dump_is_no_change(world):
    """A backup that runs meanwhile may read it, and make a hard link to it."""
    with world.hook():
        running = start_until_hooked(world)
        file = world.metamodel.cwd / "metamodel/c.sql"
        os.utime(file, ns=(0, file.stat().st_mtime_ns))
        os.link(file, world.metamodel.cwd / "linked")
        file.chmod(0o400)
    assert running.wait(30).returncode == 0


# ---- the program ----

def test_after_a_kill_9_every_account_is_as_before_or_as_saved(world, leftover_processes):
    with world.hook():
        running = start_until_hooked(world)
        running.send(signal.SIGKILL)
        running.wait()
    wait_for(lambda: not leftover_processes(), what="the end of psql")
    wait_for(lambda: not world.sessions())
    states = world.states()
    assert states == {"_global": "saved", "a": "saved", "b": states["b"], "c": "before"}
    assert states["b"] != "?"
    world.check_restored_again()


def test_a_save_after_a_kill_9_takes_nothing_half_restored_for_the_account(
        world, leftover_processes):
    """psql of the dead run may commit when the save has exported its snapshot already, in which the
    new tables have no rows."""
    with world.hook():
        running = start_until_hooked(world)
        running.send(signal.SIGKILL)
        running.wait()
        saving = world.metamodel.start("save", "-D", "other", "--lock-wait", "60")
        wait_for(lambda: len(world.waiting()) == 2 or saving.process.poll() is not None
                 or not leftover_processes(), what="pg_dump to wait for psql")
    assert saving.wait().returncode in (0, 3, 4)
    wait_for(lambda: not leftover_processes())
    dump = world.metamodel.cwd / "other/b.sql"
    if dump.exists():  # or pg_dump failed
        assert dump.read_text().count("\tmodel ") in (3, 40)  # before the restore, and after it


class TestSignals:
    """One signal is as good as another, once it has come: all three are tried in two tests only."""

    def check_stopped(self, world, running, leftover_processes, signum):
        result = running.wait(20)
        assert not leftover_processes()
        assert result.returncode == 128 + signum, result
        assert f"stopped by signal {int(signum)}" in result.stderr
        return result

    def test_while_it_waits_for_a_query(self, world, leftover_processes):
        with world.db.locked("_global._accounts"):
            running = world.metamodel.start("restore", "--json", "--lock-wait", "0")
            wait_for(lambda: world.waiting("metamodel restore"))
            running.send(signal.SIGTERM)
            self.check_stopped(world, running, leftover_processes, signal.SIGTERM)
            wait_for(lambda: not world.sessions(), 10, what="the end of the session")
        assert set(world.states().values()) == {"before"}
        world.check_restored_again()

    def test_while_it_looks_at_psql(self, world, tmp_path_factory, leftover_processes):
        fake_psql(world.metamodel, tmp_path_factory.mktemp("fake") / "bin", "exec sleep 60")
        running = world.metamodel.start("restore", "--json")
        wait_for(lambda: any("sleep" in command for command in leftover_processes().values()))
        running.send(signal.SIGHUP)
        self.check_stopped(world, running, leftover_processes, signal.SIGHUP)
        assert set(world.states().values()) == {"before"}

    def test_while_global_is_loaded(self, world, leftover_processes):
        world.db.sql("CREATE INDEX ON _global._general (version)")
        world.before = pictures(world.db)
        with world.db.locked("_global._general", "ACCESS SHARE"):
            running = world.metamodel.start("restore", "--json", "--lock-wait", "0")
            wait_for(world.waiting)
            running.send(signal.SIGINT)
            result = self.check_stopped(world, running, leftover_processes, signal.SIGINT)
            wait_for(lambda: not world.sessions(), 10, what="the end of the sessions")
        assert set(world.check_truth(result).values()) == {"before"}
        assert "Importing metamodel for account a" not in result.stderr
        world.check_restored_again()

    @pytest.mark.parametrize("signum", SIGNALS)
    def test_while_accounts_are_loaded(self, world, leftover_processes, signum):
        """a is done, b in its load, c about to begin; what is done stays."""
        with world.hook(), world.db.locked("c._models"):
            running = world.metamodel.start("restore", "--json", "-j2", "--lock-wait", "0")
            wait_for(lambda: len(world.waiting()) == 2)
            running.send(signum)
            result = self.check_stopped(world, running, leftover_processes, signum)
            wait_for(lambda: not world.sessions(), 10, what="the end of the sessions")
            assert world.db.query("SELECT count(*) FROM b._models") == [(3,)]
        assert world.check_truth(result) == {
            "_global": "saved", "a": "saved", "b": "before", "c": "before"}
        assert {entry["account"]: entry["result"] for entry in result.report["accounts"]} == {
            "_global": "restored", "a": "restored", "b": "unchanged", "c": "unchanged"}
        assert result.report["result"] == "interrupted"
        assert "Restored 2 of 4 accounts" in result.stderr.splitlines()[-1]
        assert not errors_of(result, "b") and not errors_of(result, "c")
        world.check_restored_again()

    def test_while_an_account_waits_for_its_next_attempt(self, world, leftover_processes):
        with world.db.locked("b._models"):
            running = world.metamodel.start("restore", "b", "--json", "--lock-wait", "1")
            wait_for(lambda: "trying again" in running.stderr)
            running.send(signal.SIGTERM)
            result = self.check_stopped(world, running, leftover_processes, signal.SIGTERM)
        assert world.check_truth(result)["b"] == "before"

    @pytest.mark.parametrize("signum", SIGNALS)
    def test_at_any_moment(self, world, leftover_processes, signum):
        began = time.monotonic()
        world.metamodel.run("restore", "-q")
        length = time.monotonic() - began
        for i in range(3):
            world.damage("a", "c")
            running = world.metamodel.start("restore", "--json")
            time.sleep(length * (i + 0.5) / 3)  # any moment will do
            running.send(signum)
            result = running.wait()
            assert not leftover_processes()
            wait_for(lambda: not world.sessions())
            # it comes by the signal itself only before anything was begun
            assert result.returncode in [0, 128 + signum, -signum], result
            if result.returncode < 0 or not result.stdout:
                assert set(world.states().values()) == {"before"}
            else:
                world.check_truth(result)
            world.metamodel.run("restore", "-q")
