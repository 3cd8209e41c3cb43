# SPDX-License-Identifier: PostgreSQL
"""`metamodel verify --load`: a save is loaded into a database that is gone afterwards."""

import hashlib
import json
import os
import re
import signal
import time
import uuid

import pytest
from support import Database, Server, literal, quote, wait_for
from support_restore import whole_dump

OURS = "metamodel_verify_"


def scratch_databases(db):
    return [name for (name,) in db.query(
        f"SELECT datname FROM pg_database WHERE datname LIKE '{OURS}%' ORDER BY 1")]


def owned(db, owner, *schemas):
    for schema in schemas:
        for table in db.tables(schema):
            db.sql(f"ALTER TABLE {quote(schema)}.{quote(table)} OWNER TO {owner}")


def roles(db):
    return {name for (name,) in db.query("SELECT rolname FROM pg_roles")}


@pytest.fixture
def saved(db, metamodel):
    """A save of three accounts, one of them with an awkward name; and nothing is left behind."""
    db.add_accounts("alice", "it's \"x\" $(id)", "zoé")
    metamodel.run("save", "-q")
    before = roles(db)
    yield metamodel
    assert scratch_databases(db) == []
    assert roles(db) == before


@pytest.fixture
def role(db):
    """role(OPTIONS): a role of the test's own."""
    made = []

    def make(options="", name=None):
        made.append(name or f"r_{uuid.uuid4().hex[:12]}")
        db.sql(f"CREATE ROLE {quote(made[-1])} {options}")
        return made[-1]

    yield make
    for name in made:
        for dbname in {db.name, "postgres"}:
            if db.query(f"SELECT FROM pg_roles WHERE rolname = {literal(name)}"):
                db.sql(f"DROP OWNED BY {quote(name)}", dbname)
        db.sql(f"DROP ROLE IF EXISTS {quote(name)}")


def test_a_good_save_can_be_loaded_and_nothing_is_left_or_touched(db, saved):
    before = whole_dump(db)
    result = saved.run("verify", "--load")
    assert re.fullmatch(r"Loading 4 accounts into scratch database metamodel_verify_[0-9a-f]{16}, which "
                        r"needs as much disk space again\.\.\.\n"
                        r"metamodel is in order, and all of it can be loaded: 4 accounts, "
                        r"[\d.]+ kB, [\d.]+ s\.\n", result.stderr), result
    assert whole_dump(db) == before


def test_it_says_nothing_under_quiet_and_reports_each_account(saved):
    result = saved.run("verify", "--load", "-q", "--json")
    assert result.stderr == ""
    assert [a["result"] for a in result.report["accounts"]] == ["good"] * 4


def test_what_only_a_load_can_tell_fails_its_account_alone(db, metamodel, saved):
    db.sql("SET check_function_bodies = off;"
           "CREATE FUNCTION alice.helper(text) RETURNS bool IMMUTABLE LANGUAGE sql AS"
           " 'SELECT $1 <> other($1)';"
           "CREATE FUNCTION alice.other(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';"
           "CREATE TABLE alice._checked (a text CHECK (alice.helper(a)));")
    metamodel.run("save", "-q")
    metamodel.run("verify")
    result = metamodel.run("verify", "--load", "--json", expect=3)
    assert "[alice load]" in result.stderr and "alice.helper" in result.stderr, result
    assert "no save holds" in result.stderr
    assert result.stderr.endswith("metamodel cannot be restored completely. Failed: alice.\n")
    failed = [a["account"] for a in result.report["accounts"] if a["error"]]
    assert failed == ["alice"] and result.report["result"] == "partly"


def test_a_template_has_what_no_save_holds(db, metamodel, server, saved):
    db.sql("CREATE TYPE public.mood AS ENUM ('sad', 'ok'); CREATE TABLE alice._m (m public.mood);"
           "INSERT INTO alice._m VALUES ('ok')")
    metamodel.run("save", "-q")
    result = metamodel.run("verify", "--load", expect=3)
    assert 'type "public.mood" does not exist' in result.stderr
    assert "--load-template" in result.stderr
    template = f"{db.name}_t"
    server.sql(f"CREATE DATABASE {template}")
    try:
        server.sql("CREATE TYPE public.mood AS ENUM ('sad', 'ok')", template)
        metamodel.run("verify", "--load", "--load-template", template)
    finally:
        server.sql(f"DROP DATABASE {template}")


def test_a_damaged_dump_is_named_and_the_others_are_loaded(saved):
    file = saved.tree().file("alice")
    file.write_bytes(file.read_bytes()[:-30])
    result = saved.run("verify", "--load", "-v", expect=3)
    assert "alice.sql: wrong size" in result.stderr
    assert "Importing metamodel for account zoé" in result.stderr
    assert "Importing metamodel for account alice" not in result.stderr


@pytest.mark.parametrize("name", ["gone", 'odd "role" ñ'])
def test_a_missing_role_has_a_stand_in(db, server, metamodel, role, name):
    name = role(name=f"{name} {uuid.uuid4().hex[:6]}")
    other = role()
    db.add_accounts("alice")
    db.sql(f"GRANT SELECT ON alice._roles TO {quote(name)};"
           f"ALTER TABLE alice._models OWNER TO {quote(other)};"
           f"ALTER TABLE alice._roles ENABLE ROW LEVEL SECURITY;"
           f"CREATE POLICY p ON alice._roles TO {quote(other)} USING (true)")
    metamodel.run("save", "-q")
    db.sql(f"DROP OWNED BY {quote(name)}; DROP ROLE {quote(name)};"
           f"REASSIGN OWNED BY {quote(other)} TO postgres; DROP OWNED BY {quote(other)};"
           f"DROP ROLE {quote(other)}")
    before = roles(db)
    result = metamodel.run("verify", "--load", "--as-superuser")
    for each in name, other:
        assert f"role {quote(each)} does not exist on this server" in result.stderr, result
        assert f"CREATE ROLE {quote(each)} first" in result.stderr
    assert roles(db) == before and scratch_databases(db) == []


def test_without_the_right_to_make_databases_it_says_so(db, saved, role):
    name = role("LOGIN")
    result = saved.run("verify", "--load", "-U", name, expect=1)
    assert "permission denied to create database" in result.stderr
    assert f'ALTER ROLE "{name}" CREATEDB' in result.stderr
    assert "metamodel was not loaded." in result.stderr


def test_an_owner_who_may_make_databases_can_do_it(db, metamodel, role):
    owner = role("LOGIN CREATEDB")
    db.add_accounts("alice", "bob")
    owned(db, owner, "_global", "alice", "bob")
    metamodel.run("save", "-q")
    metamodel.run("verify", "--load", "-U", owner)
    boss = role("LOGIN CREATEDB")
    db.sql(f"GRANT {owner} TO {boss}")
    metamodel.run("verify", "--load", "-U", boss)
    assert scratch_databases(db) == []


def test_another_server_is_named_with_its_connection_string(db, saved):
    saved.env.update(PGHOST="/nonexistent", PGPORT="1")
    saved.run("verify", f"--load=host={db.server.host} port={db.server.port}")
    result = saved.run("verify", "--load", expect=1)
    assert "/nonexistent" in result.stderr


def test_a_connection_without_load_is_an_error(saved):
    result = saved.run("verify", "-h", "x", expect=2)
    assert "option --host: verify without --load needs no server" in result.stderr


def in_the_middle(db, metamodel, *args):
    """A run that waits in the load of alice's dump, in its scratch database."""
    path = metamodel.tree().file("alice")
    text = path.read_text()
    assert "ALTER TABLE" in text
    slow = text.replace("\n--\n-- PostgreSQL database dump complete",
                        "\nALTER TABLE ONLY alice._general ADD CONSTRAINT slow CHECK "
                        "((pg_sleep(60) IS NOT NULL));\n"
                        "\n--\n-- PostgreSQL database dump complete")
    assert slow != text
    path.write_text(slow)
    manifest = metamodel.tree().manifest
    entry = next(e for e in manifest["accounts"] if e["account"] == "alice")
    entry.update(bytes=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    (metamodel.cwd / "metamodel" / "manifest.json").write_text(json.dumps(manifest))
    running = metamodel.start("verify", "--load", *args)
    wait_for(lambda: db.query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                              f" AND datname LIKE '{OURS}%'"), what="the load")
    return running


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_drops_the_database(db, saved, signum):
    running = in_the_middle(db, saved)
    running.send(signum)
    assert running.wait().returncode == 128 + signum


def test_what_a_killed_run_left_is_dropped_by_the_next(db, saved):
    in_the_middle(db, saved).kill_all()
    (left,) = scratch_databases(db)
    db.query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
             f" WHERE datname = {literal(left)}")
    wait_for(lambda: not db.query("SELECT FROM pg_stat_activity WHERE application_name LIKE"
                                  f" '%{left}' OR datname = {literal(left)}"))
    db.sql("CREATE TABLE alice._more ()")
    saved.run("save", "-q")
    result = saved.run("verify", "--load")
    assert "an earlier run died: dropping its scratch database" in result.stderr


def test_a_database_of_such_a_name_without_the_mark_is_never_dropped(db, server, saved):
    name = OURS + "0123456789abcdef"
    server.sql(f"CREATE DATABASE {name}")
    try:
        saved.run("verify", "--load")
        assert scratch_databases(db) == [name]
    finally:
        server.sql(f"DROP DATABASE {name}")


def test_two_at_once_do_not_disturb_each_other(db, saved):
    first = in_the_middle(db, saved)
    second = saved.start("verify", "--load")
    wait_for(lambda: len(scratch_databases(db)) == 2)
    for running in first, second:
        running.send(signal.SIGTERM)
        assert running.wait().returncode == 128 + signal.SIGTERM


def test_a_session_that_is_ended_in_the_middle_fails_the_account_and_leaves_nothing(db, saved):
    running = in_the_middle(db, saved, "-j1")
    db.query("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
             " WHERE application_name LIKE 'metamodel%'")
    result = running.wait()
    assert result.returncode in (1, 3), result


def test_a_check_that_reads_another_table_fails_its_account(db, metamodel, saved):
    db.sql("CREATE TABLE alice._zz (id int); INSERT INTO alice._zz VALUES (1);"
           "CREATE FUNCTION alice.known(i int) RETURNS bool LANGUAGE plpgsql AS"
           " 'BEGIN RETURN EXISTS (SELECT FROM alice._zz WHERE id = i); END';"
           "CREATE TABLE alice._a (id int CHECK (alice.known(id))); INSERT INTO alice._a VALUES (1)")
    metamodel.run("save", "-q")
    result = metamodel.run("verify", "--load", expect=3)
    assert "[alice load]" in result.stderr
    assert result.stderr.endswith("Failed: alice.\n")


def test_without_the_right_to_make_roles_the_missing_one_is_named(db, metamodel, role):
    name, loader = role(), role("LOGIN CREATEDB")
    db.add_accounts("alice", "bob")
    owned(db, loader, "_global", "alice", "bob")
    db.sql(f"GRANT SELECT ON alice._roles TO {name}")
    metamodel.run("save", "-q")
    db.sql(f"DROP OWNED BY {name}; DROP ROLE {name}")
    result = metamodel.run("verify", "--load", "-U", loader, expect=3)
    assert "CREATEROLE" in result.stderr and name in result.stderr, result
    assert result.stderr.endswith("Failed: alice.\n")
    db.sql(f"ALTER ROLE {loader} CREATEROLE")
    metamodel.run("verify", "--load", "-U", loader)
    assert not db.query(f"SELECT FROM pg_roles WHERE rolname = '{name}'")


def test_a_server_that_goes_away_in_the_middle_ends_it_with_an_error(metamodel):
    server = Server()
    db = Database(server, "postgres")
    try:
        metamodel.env.update(PGHOST=server.host, PGDATABASE="postgres")
        db.add_accounts("alice")
        metamodel.run("save", "-q")
        running = in_the_middle(db, metamodel)
    finally:
        db.close()
        server.stop()
    result = running.wait()
    assert result.returncode == 1, result
    assert "still exists" in result.stderr and "metamodel was not loaded." in result.stderr, result


def test_a_second_signal_does_not_wait_for_a_silent_server(saved, db):
    running = in_the_middle(db, saved)
    ((pid,),) = db.query(
        f"SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'metamodel verify {OURS}%'")
    os.kill(pid, signal.SIGSTOP)
    try:
        running.send(signal.SIGTERM)
        wait_for(lambda: not db.query("SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
                                      f" AND datname LIKE '{OURS}%'"))
        time.sleep(1)
        running.send(signal.SIGTERM)
        assert running.wait().returncode == 128 + signal.SIGTERM
        assert "may still exist" in running.stderr
    finally:
        os.kill(pid, signal.SIGCONT)
    wait_for(lambda: not db.query(f"SELECT FROM pg_stat_activity WHERE pid = {pid}"))
    for left in scratch_databases(db):
        db.sql(f"DROP DATABASE {left}")


def test_a_latin1_database_is_loaded_in_its_own_encoding(server, metamodel, db):
    name = f"latin1_{uuid.uuid4().hex[:8]}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        server.sql("CREATE SCHEMA _global; CREATE TABLE _global._accounts (name text);"
                   "INSERT INTO _global._accounts VALUES ('zoé'); CREATE SCHEMA \"zoé\";"
                   "CREATE TABLE \"zoé\"._general (version text, note text);"
                   "INSERT INTO \"zoé\"._general VALUES ('0.001', 'ÄÖÜ')", name)
        metamodel.run("save", "-q", "-d", name)
        metamodel.run("verify", "--load")
        metamodel.run("verify", "--load", "-d", name)
    finally:
        server.sql(f"DROP DATABASE {name}")
    assert scratch_databases(db) == []


def test_a_save_of_a_farm_is_loaded_on_one_server(db, farm, farm_metamodel):
    farm.add_global()
    farm.add_account("alice")
    farm.add_account("bob")
    farm_metamodel.run("save", "-q")
    result = farm_metamodel.run("verify", "--load", expect=2)
    assert "--load=CONNINFO" in result.stderr
    conninfo = f"host={db.server.host} port={db.server.port} user={db.server.user}"
    result = farm_metamodel.run("verify", f"--load={conninfo}", "--json", "--as-superuser")
    assert [a["account"] for a in json.loads(result.stdout)["accounts"]] == ["_global", "alice", "bob"]
    assert scratch_databases(db) == []
