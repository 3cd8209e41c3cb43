# SPDX-License-Identifier: PostgreSQL
"""The fixtures tell the truth: later tests believe them."""

import os
import signal
import subprocess
import time

import pytest
from support import ACCOUNT_FILES, ROOT, quote, wait_for

AWKWARD = ["agentzh", "Foo", "1abc", "user", "it's", 'dou"ble', "a b;c", "$(id)", "a/../b", "ä-書"]

COLUMNS = """
SELECT c.relname, string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || CASE WHEN a.attnotnull THEN ' NN' ELSE '' END, ', ' ORDER BY a.attnum)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind = 'r' AND c.relnamespace = '{}'::regnamespace AND a.attnum > 0
    AND NOT a.attisdropped AND c.relname ~ '^_'
GROUP BY 1"""

NAMES = """
SELECT conname FROM pg_constraint WHERE connamespace = '{0}'::regnamespace AND conname ~ '^_'
UNION SELECT relname FROM pg_class
    WHERE relnamespace = '{0}'::regnamespace AND relkind = 'S' AND relname ~ '^_'"""

CREATED = "created timestamp(0) with time zone"


def shape(db, schema):
    return dict(db.query(COLUMNS.format(schema)))


def names(db, schema):
    return {row[0] for row in db.query(NAMES.format(schema))}


def run_sh(metamodel, script, *args, **opts):
    return metamodel.run("-c", script, *args, program="/bin/sh", **opts)


def test_the_server_is_ours_alone(db):
    assert db.query("SHOW listen_addresses") == [("",)]
    assert db.query("SHOW fsync") == [("off",)]
    assert db.query("SHOW unix_socket_directories") == [(db.server.host,)]
    assert db.query("SELECT current_database(), current_user") == [(db.name, "postgres")]


def test_each_test_has_an_empty_database(db):
    assert db.query("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1") == [
        ("information_schema",), ("public",)]


def test_global_is_as_described(db):
    db.add_global()
    assert shape(db, "_global") == {
        "_general": "version character varying(10)",
        "_accounts": "id integer NN, name text NN",
    }
    assert db.query("SELECT version FROM _global._general") == [("0.001",)]


def test_global_has_a_captcha_key_from_0_004_on(db):
    db.add_global("0.007")
    assert shape(db, "_global")["_general"] == (
        "version character varying(10), captcha_key character(16) NN")
    assert db.query("SELECT version, length(captcha_key) FROM _global._general") == [("0.007", 16)]


def test_account_before_versions_is_as_described(db):
    db.add_account("a", "none", registered=False)
    assert shape(db, "a") == {
        "_models": "id integer NN, name text NN, table_name text NN, description text",
        "_columns": "id integer NN, name text NN, type text NN, table_name text NN, "
                    "default text, label text",
        "_roles": "name text NN, parentrole integer, password text, login text NN, "
                  "description text NN",
        "_access_rules": "id integer NN, role text NN, method character varying(10) NN, url text NN",
        "_views": "id integer NN, name text NN, definition text NN, description text",
    }
    assert db.query("SELECT count(*) FROM a._access_rules WHERE role = 'Admin'") == [(81,)]


def test_account_at_0_001_is_as_described(db):
    db.add_account("a", "0.001", registered=False)
    found = shape(db, "a")
    assert found == {
        "_general": f"version character varying(10), {CREATED}",
        "_models": "id integer NN, name text NN, table_name text NN, description text, " + CREATED,
        "_columns": "id integer NN, name text NN, type text NN, table_name text NN, "
                    "default text, label text, indexed text",
        "_roles": "id integer NN, name text NN, password text, login text NN, "
                  "description text NN, " + CREATED,
        "_access": "id integer NN, role text NN, method character varying(10) NN, url text NN",
        "_views": "id integer NN, name text NN, definition text NN, description text, " + CREATED,
        "_action": "id integer NN, name text NN, description text, definition text NN, "
                   "confirmed_by text, " + CREATED,
    }
    assert names(db, "a") >= {
        "_access_rules_pkey", "_access_rules_id_seq", "_roles_pkey1", "_roles_name_key",
        "_columns_table_name_name_key", "_views_definition_key", "_action_definition_key"}


def test_account_at_0_005_is_as_described(db):
    db.add_account("a", "0.005", registered=False)
    assert "_action" not in shape(db, "a")
    assert "_views_definition_key" not in names(db, "a")
    assert db.query("SELECT count(*) FROM a._access WHERE role = 'Admin'") == [(88,)]
    assert db.query("SELECT password FROM a._roles WHERE name = 'empty'") == [
        ("d41d8cd98f00b204e9800998ecf8427e",)]


def test_account_at_0_009_is_as_described(db):
    db.add_account("a", "0.009", registered=False)
    found = shape(db, "a")
    assert len(found) == 10
    assert found["_models"] == "id integer NN, name text NN, description text, " + CREATED
    assert found["_access"] == (
        "id integer NN, role text NN, method character varying(10) NN, prefix text NN, "
        "segments smallint, prohibiting boolean NN, applied_to cidr[]")
    assert names(db, "a") >= {
        "_access_rules_pkey", "_roles_pkey1", "_columns_table_name_name_key",
        "_action_params_action_id_fkey"}


@pytest.mark.parametrize("version", ACCOUNT_FILES)
def test_accounts_of_every_version_and_name_can_be_made(db, version):
    db.add_global()
    for name in AWKWARD:
        db.add_account(name, version)
    assert db.query("SELECT name FROM _global._accounts ORDER BY id") == [(n,) for n in AWKWARD]
    for name in AWKWARD:
        if version != "none":
            assert db.query(f"SELECT version FROM {quote(name)}._general") == [(version,)]
        assert db.query(f'SELECT count(*) FROM {quote(name)}."Post"') == [(2,)]
        assert db.query(f"SELECT description FROM {quote(name)}._models WHERE name = 'Silent'") == [
            (None,)]


def test_a_locked_table_is_locked(db):
    db.add_account("a", registered=False)
    with db.locked("a._roles"):
        assert db.query("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
                        " AND relation = 'a._roles'::regclass") == [(1,)]
    db.sql("LOCK TABLE a._roles NOWAIT; SELECT 1")


def test_the_program_sees_a_clean_environment(metamodel, db, monkeypatch):
    monkeypatch.setenv("PGSERVICE", "elsewhere")
    lines = run_sh(metamodel, "env; pwd").stdout.splitlines()
    assert {line for line in lines if line.startswith("PG")} == {
        f"PGHOST={db.server.host}", "PGPORT=5432", "PGUSER=postgres", f"PGDATABASE={db.name}"}
    assert lines[-1] == str(metamodel.cwd)


def test_the_program_starts_with_no_signal_ignored(metamodel):
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        lines = run_sh(metamodel, "cat /proc/self/status").stdout.splitlines()
    finally:
        signal.signal(signal.SIGHUP, old)
    [ignored] = [line for line in lines if line.startswith("SigIgn:")]
    assert int(ignored.split()[1], 16) & 0b111 == 0  # HUP, INT, QUIT


def test_a_sanitizers_report_fails_the_run(metamodel):
    with pytest.raises(AssertionError):
        run_sh(metamodel, "echo 'x.c:1: runtime error: overflow' >&2", check=False)
    metamodel._running.clear()  # or the fixture would complain once more


def test_an_unexpected_exit_status_fails_the_run(metamodel):
    with pytest.raises(AssertionError):
        run_sh(metamodel, "exit 3")
    with pytest.raises(AssertionError):
        run_sh(metamodel, "exit 3", expect=4)
    assert run_sh(metamodel, "exit 3", expect=3).returncode == 3


def test_a_started_program_can_be_watched_and_signalled(metamodel):
    running = metamodel.start("-c", "echo hello >&2; exec sleep 60", program="/bin/sh")
    wait_for(lambda: "hello" in running.stderr)
    running.send(signal.SIGTERM)
    assert running.wait().returncode == -signal.SIGTERM


@pytest.mark.slow
def test_a_hanging_program_is_ended_with_its_children(metamodel):
    with pytest.raises(AssertionError, match="no end after"):
        run_sh(metamodel, "sleep 300 & echo $! >pid; wait", timeout=1)
    pid = int((metamodel.cwd / "pid").read_text())
    wait_for(lambda: not os.path.exists(f"/proc/{pid}") or
             "\nState:\tZ" in open(f"/proc/{pid}/status").read())


def test_tmpfs_is_small_and_seen_from_outside(metamodel, tmpfs):
    small = metamodel.cwd / "small"
    small.mkdir()
    box = tmpfs(small, "64k")
    result = run_sh(metamodel, "pwd; head -c 1000000 /dev/zero >zero", cwd=small, under=box,
                    check=False)
    assert result.returncode != 0 and "No space left" in result.stderr
    assert result.stdout.strip() == str(small)
    assert box.outside(small / "zero").stat().st_size <= 65536
    assert list(small.iterdir()) == []


def test_read_only_stops_even_root(metamodel, read_only):
    fixed = metamodel.cwd / "fixed"
    fixed.mkdir()
    result = run_sh(metamodel, "touch fixed/x", under=read_only(fixed), check=False)
    assert result.returncode != 0 and "Read-only" in result.stderr
    (fixed / "x").touch()


def test_strace_injects_and_records(metamodel, strace):
    trace = strace(inject=["unlinkat:error=EROFS"])
    (metamodel.cwd / "x").touch()
    result = metamodel.run("x", program="/bin/rm", under=trace, check=False)
    assert result.returncode != 0 and "Read-only" in result.stderr
    assert any("INJECTED" in line for line in trace.lines)


class TestFakePgDump:
    @pytest.fixture
    def dump(self, metamodel, db, fake_pg_dump):
        db.add_account("a", registered=False)

        def run(**opts):
            return metamodel.run("-t", '"a"._*', program=fake_pg_dump.bindir / "pg_dump", **opts)

        metamodel.options.clear()
        return run

    def test_without_orders_it_is_the_real_one(self, dump, fake_pg_dump):
        result = dump()
        assert "CREATE TABLE a._models" in result.stdout
        assert "PostgreSQL database dump complete" in result.stdout
        assert "user row" not in result.stdout
        [call] = fake_pg_dump.calls("a")
        assert call["argv"] == ["-t", '"a"._*']

    def test_it_knows_its_version(self, metamodel, dump, fake_pg_dump):
        result = metamodel.run("--version", program=fake_pg_dump.bindir / "pg_dump")
        assert result.stdout.startswith("pg_dump (PostgreSQL) ")

    def test_it_fails(self, dump, fake_pg_dump):
        fake_pg_dump.fail("a", 5, "no luck")
        assert dump(expect=5).stderr == "no luck\n"
        fake_pg_dump.heal("a")
        dump()

    def test_orders_for_others_do_not_count_but_those_for_all_do(self, dump, fake_pg_dump):
        fake_pg_dump.fail("b")
        dump()
        fake_pg_dump.fail("*")
        dump(expect=1)

    def test_it_is_busy_for_a_while(self, dump, fake_pg_dump):
        fake_pg_dump.busy("a", 2)
        assert "too many clients already" in dump(expect=1).stderr
        dump(expect=1)
        dump()

    def test_it_truncates(self, dump, fake_pg_dump):
        fake_pg_dump.truncate("a", 100)
        assert len(dump().stdout) == 100

    def test_it_floods(self, dump, fake_pg_dump):
        fake_pg_dump.flood("a", 200_000)
        result = dump()
        assert len(result.stderr) == 200_000 and "dump complete" in result.stdout

    def test_it_dies(self, dump, fake_pg_dump):
        fake_pg_dump.die("a")
        dump(expect=-signal.SIGKILL)

    def test_it_hangs_and_may_ignore_sigterm(self, metamodel, dump, fake_pg_dump):
        def start():
            running = metamodel.start("-t", '"a"._*', program=fake_pg_dump.bindir / "pg_dump")
            wait_for(lambda: "hanging" in running.stderr)
            running.send(signal.SIGTERM)
            return running

        fake_pg_dump.hang("a")
        assert start().wait().returncode == -signal.SIGTERM
        fake_pg_dump.hang("a", ignore_sigterm=True)
        running = start()
        time.sleep(0.2)
        assert running.process.poll() is None
        running.send(signal.SIGKILL)
        running.wait()


def test_quickstarts_sql_is_the_same_for_psql(db):
    """scripts/quickstart gives the very same files to psql."""
    files = [f"--file={path}" for path in ("global.sql", "none.sql", "rows.sql", "register.sql")]
    subprocess.run(
        ["psql", "-Xq1", "-v", "ON_ERROR_STOP=1", "-v", "schema=it's \"x\"", "-v", "version=0.001",
         *files], check=True, cwd=os.path.join(os.path.dirname(__file__), "../sql"),
        env={**os.environ, "PGHOST": db.server.host, "PGUSER": "postgres", "PGDATABASE": db.name})
    assert db.query("SELECT name FROM _global._accounts") == [("it's \"x\"",)]
    assert db.query('SELECT count(*) FROM "it\'s ""x"""._models') == [(6,)]


@pytest.mark.slow
def test_the_story_of_another_product_goes_as_told():
    """As scripts/quickstart --model shows it: each command ends with the status that the story says."""
    told = subprocess.run([ROOT / "scripts" / "quickstart", "--model=django-tenants"], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True, timeout=300, check=False)
    assert told.returncode == 0, told.stdout[-2000:]
    assert "3 tenants, 2 of them current." in told.stdout and "; 4 unchanged." in told.stdout
