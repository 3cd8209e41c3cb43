# SPDX-License-Identifier: PostgreSQL
"""Accounts that belong to somebody hostile: none of their code runs as us when versions are read."""

import contextlib
import hashlib
import json
import os
import signal

import pytest
from support import errors_of, json_states, server_major, wait_for
from support_restore import wait_until_it_waits
from support_save import children_of
from support_upgrade import make

FIXTURES = (make,)  # of another test, used here, too

RUNNING = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
           "AND application_name LIKE 'metamodel%'")
# Called by our session, and by no other, each of these says so to the log and stays.
EVIL = """
CREATE FUNCTION b.evil() RETURNS text LANGUAGE plpgsql AS $$BEGIN
    IF current_setting('application_name') LIKE 'metamodel%' THEN
        RAISE LOG 'EVIL has run'; PERFORM pg_catalog.pg_sleep(3600);
    END IF; RETURN '0.003'; END$$;
CREATE FUNCTION b.f(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$BEGIN PERFORM b.evil(); RETURN $1; END$$;
"""
# What its owner makes of b._general, and the state that it is in then.
REFUSED = {
    "a view": "DROP TABLE b._general; CREATE VIEW b._general AS SELECT b.evil() AS version",
    "a view that sleeps": "DROP TABLE b._general;"
                          "CREATE VIEW b._general AS SELECT pg_sleep(3600)::text AS version",
    "a policy": "CREATE POLICY p ON b._general USING (b.evil() = '');"
                "ALTER TABLE b._general ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "a composite type": "CREATE TYPE b.t AS (v text);"
                        "CREATE FUNCTION b.out(b.t) RETURNS text LANGUAGE sql AS 'SELECT b.evil()';"
                        "CREATE CAST (b.t AS text) WITH FUNCTION b.out(b.t);"
                        "DROP TABLE b._general; CREATE TABLE b._general (version b.t);"
                        "INSERT INTO b._general VALUES (ROW('0.003'))",
    "a domain": "CREATE DOMAIN b.d AS text CHECK (VALUE <> b.evil()); DROP TABLE b._general;"
                "CREATE TABLE b._general (version b.d)",
    "an enumeration": "CREATE TYPE b.e AS ENUM ('0.003'); DROP TABLE b._general;"
                      "CREATE TABLE b._general (version b.e); INSERT INTO b._general VALUES ('0.003')",
    "a generated column": "DROP TABLE b._general; CREATE TABLE b._general (n text, version text "
                          "GENERATED ALWAYS AS (b.f('0.003')) STORED); INSERT INTO b._general VALUES ('')",
    "too many rows": "INSERT INTO b._general (version) SELECT '0.002' FROM generate_series(1, 100000)",
    "a long value": "ALTER TABLE b._general ALTER version TYPE text;"
                                 "UPDATE b._general SET version = repeat('0', 100000000)",
    "a partition with policies": "DROP TABLE b._general; CREATE TABLE b._general (version text) PARTITION BY "
                                 "LIST (version); CREATE TABLE b.p PARTITION OF b._general DEFAULT;"
                                 "CREATE POLICY p ON b.p USING (b.evil() = ''); ALTER TABLE b.p FORCE ROW LEVEL "
                                 "SECURITY, ENABLE ROW LEVEL SECURITY",
    "too many partitions": "DROP TABLE b._general; CREATE TABLE b._general (version text) PARTITION BY LIST (version);"
                           "DO $$BEGIN FOR i IN 1..101 LOOP EXECUTE format('CREATE TABLE b.p%s PARTITION OF "
                           "b._general FOR VALUES IN (%L)', i, i); END LOOP; END$$",
}
READ = {
    "an index": "CREATE INDEX ON b._general (b.f('x'))",
    "the predicate of an index": "CREATE INDEX ON b._general (version) WHERE b.f('x') = 'x'",
    "statistics": "CREATE STATISTICS b.s ON version, (b.f('x')) FROM b._general; ANALYZE b._general",
    "a check": "ALTER TABLE b._general ADD CHECK (b.f('x') = 'x');"
               "ALTER DATABASE {0} SET constraint_exclusion = on",
    "a default": "ALTER TABLE b._general ALTER version SET DEFAULT b.evil(), ADD x text DEFAULT b.evil()",
    "a rule": "CREATE RULE r AS ON UPDATE TO b._general DO ALSO SELECT b.evil()",
    "a child": "CREATE TABLE b.child (CHECK (b.f('x') = 'x')) INHERITS (b._general);"
               "INSERT INTO b.child (version) SELECT '0.009' FROM generate_series(1, 100000)",
    "a parent": "CREATE TABLE b.parent (); CREATE INDEX ON b.parent (b.f('x')); ALTER TABLE b._general INHERIT b.parent",
    "partitions": "DROP TABLE b._general; CREATE TABLE b._general (version text) PARTITION BY LIST (b.f(version));"
                  "CREATE TABLE b.p PARTITION OF b._general (CHECK (b.f('x') = 'x')) FOR VALUES IN ('0.003');"
                  "CREATE INDEX ON b.p (b.f('x')); INSERT INTO b._general VALUES ('0.003')",
    "a collation": "CREATE COLLATION b.c (PROVIDER = icu, LOCALE = 'und', DETERMINISTIC = false);"
                   "ALTER TABLE b._general ALTER version TYPE text COLLATE b.c",
    "what looks like the system's": "".join(
        f"CREATE FUNCTION {place}.{name}({args}) RETURNS {kind} LANGUAGE sql AS $$SELECT b.evil()::{kind}$$;"
        for place in ("b", "public") for name, args, kind in (
            ("format", "text, text", "text"), ("concat", "text", "text"), ("rtrim", "text", "text"),
            ("left", "text, integer", "text"), ("current_setting", "text", "text"),
            ("format_type", "oid, integer", "text"), ("unnest", "text[]", "text"))) +
        "CREATE FUNCTION b.eq(name, text) RETURNS boolean LANGUAGE sql AS $$SELECT b.evil() = ''$$;"
        "CREATE OPERATOR public.= (LEFTARG = name, RIGHTARG = text, FUNCTION = b.eq);"
        "ALTER DATABASE {0} SET search_path = b, public, pg_catalog",
}
ATTACKS = REFUSED | READ


def check_state(attack, state):
    assert state == "broken" if attack in REFUSED else state in ("6 behind", "drifted"), (attack, state)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_strangers_code_is_not_run_and_holds_up_nobody(db, metamodel, make, attack):
    make("a", 3)
    make("b", 3)
    db.sql(EVIL)
    db.sql(ATTACKS[attack].format(db.name))
    offset = db.server.log_file.stat().st_size
    status = json_states(metamodel.run("status", "a", "b", "--json", expect=None))
    assert status["a"] == "6 behind"
    check_state(attack, status["b"])
    metamodel.run("upgrade", "-n", "a", "b", expect=3 if attack in REFUSED else 0)
    if attack in REFUSED:  # else a migration runs what there is on the tables that it changes
        metamodel.run("upgrade", "a", "b", expect=3)
        assert db.query("SELECT version FROM a._general") == [("0.009",)]
    assert "EVIL has run" not in db.server.log(offset)


@pytest.mark.slow
@pytest.mark.parametrize("role", ["of the account", "that reads all"])
def test_nor_is_it_as_any_other_role(db, metamodel, make, roles, role):
    user = roles("user", "LOGIN")
    names = [f"x{n}" for n in range(len(ATTACKS))]
    make("a", 3)
    for name, sql in zip(names, ATTACKS.values()):
        make("b", 3)
        db.sql(EVIL)
        if "public." not in sql:
            db.sql(sql.replace("ALTER DATABASE {0}", f"ALTER ROLE {user}"))
        db.sql(f"ALTER SCHEMA b RENAME TO {name}; UPDATE _global._accounts SET name = '{name}' WHERE name = 'b'")
    if role == "that reads all":
        db.sql(f"GRANT pg_read_all_data TO {user}")
    else:
        owned = db.query("SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE "
                         "relkind IN ('r', 'p', 'v') AND nspname ~ '^(x|_global|a$)'")
        db.sql("".join(f"ALTER TABLE {table} OWNER TO {user};" for table, in owned) + "".join(
            f"GRANT USAGE ON SCHEMA {name} TO {user};" for name in ["_global", "a", *names]))
    offset = db.server.log_file.stat().st_size
    states = json_states(metamodel.run("status", "--json", "-U", user, timeout=30))
    assert states["a"] == "6 behind"
    for name, attack in zip(names, ATTACKS):
        check_state(attack, states[name])
    metamodel.run("upgrade", "-n", "-U", user, expect=3, timeout=30)
    assert "EVIL has run" not in db.server.log(offset)


# What its owner makes of it while an upgrade, which has read the version, waits for the lock.
SWAPS = {
    "a view": (ATTACKS["a view"], "not a table"),
    "a policy": (ATTACKS["a policy"], "row-level security"),
    "a composite type": (ATTACKS["a composite type"], "not of one of the server's own types"),
    "a generated column": ("CREATE FUNCTION b.g() RETURNS text IMMUTABLE LANGUAGE sql AS $$SELECT '0.003'$$;"
                           "ALTER TABLE b._general DROP version, ADD version text GENERATED ALWAYS AS (b.g()) STORED",
                           "generated column"),
    "a partition elsewhere": (
        "CREATE FOREIGN DATA WRAPPER w_{0}; CREATE SERVER s_{0} FOREIGN DATA WRAPPER w_{0};"
        "DROP TABLE b._general; CREATE TABLE b._general (version text) PARTITION BY LIST (version);"
        "CREATE FOREIGN TABLE b.f PARTITION OF b._general DEFAULT SERVER s_{0}", "a foreign table"),
}


@pytest.mark.parametrize("swap", SWAPS)
def test_what_became_of_it_while_the_lock_was_waited_for_is_seen(db, metamodel, make, swap):
    make("b", 3)
    sql, words = SWAPS[swap]
    db.sql(EVIL)
    with contextlib.closing(db.connect(autocommit=False)) as tenant:
        tenant.cursor().execute("LOCK TABLE b._general IN ACCESS SHARE MODE")
        run = metamodel.start("upgrade", "b", "--lock-wait", "60")
        wait_until_it_waits(db, run)
        tenant.cursor().execute(sql.format(db.name))
        tenant.commit()
    result = run.wait(20)
    assert result.returncode in (1, 3) and words in errors_of(result, "b"), result


def test_a_restore_asks_no_policy(db, metamodel, roles):
    owner = roles("owner", "LOGIN")
    db.add_accounts("b", version="0.009")
    db.sql(f"GRANT ALL ON SCHEMA b, _global TO {owner}; GRANT ALL ON ALL TABLES IN SCHEMA _global TO {owner};"
           "CREATE TABLE b.log (who name); CREATE FUNCTION b.evil() RETURNS boolean LANGUAGE sql AS "
           "'INSERT INTO b.log VALUES (current_user); SELECT true'; GRANT ALL ON b.log TO PUBLIC;"
           + "".join(f"ALTER TABLE b.{table} OWNER TO {owner};" for table in db.tables("b") if table[0] == "_")
           + "CREATE POLICY p ON b._general USING (b.evil());"
           "ALTER TABLE b._general ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    metamodel.run("save")
    dump = metamodel.tree().file("b")
    text = dump.read_text().replace("SET row_security = off;\n", "")
    dump.write_text(text)
    manifest = metamodel.tree().manifest
    next(e for e in manifest["accounts"] if e["account"] == "b").update(
        bytes=len(text.encode()), sha256=hashlib.sha256(text.encode()).hexdigest())
    (metamodel.tree().path / "manifest.json").write_text(json.dumps(manifest))
    result = metamodel.run("restore", "b", "-U", owner, check=False)
    assert "row-level security" in errors_of(result, "b"), result
    assert db.query("SELECT count(*) FROM b.log") == [(0,)]
    metamodel.run("restore", "b", "--as-superuser")
    assert db.query("SELECT count(*) FROM b.log") == [(0,)]


HOSTILE = 300
# What they make of their tables in turn; those of the first are locked.
CROWD = ["", "INSERT INTO {0}._general SELECT '0.002' FROM generate_series(1, 1001)",
         "DROP TABLE {0}._general; CREATE VIEW {0}._general AS SELECT pg_sleep(3600)::text AS version",
         "REVOKE ALL ON {0}._general FROM postgres; ALTER TABLE {0}._general ENABLE ROW LEVEL SECURITY",
         "ALTER TABLE {0}._general ALTER version TYPE text USING repeat('x', 10000000)"]


def crowd(db, sql):
    """Many accounts, of which each is what one of SQL makes of it, in turn."""
    for n in range(HOSTILE):
        name = f"h{n}"
        db.sql(f"CREATE SCHEMA {name}; CREATE TABLE {name}._roles (); CREATE TABLE {name}._models ();"
               f"CREATE TABLE {name}._general (version text); INSERT INTO {name}._general VALUES ('0.003');"
               f"INSERT INTO _global._accounts (name) VALUES ('{name}');" + sql[n % len(sql)].format(name))


@pytest.mark.slow
@pytest.mark.parametrize("sql", [CROWD[:1], CROWD], ids=["locked", "of all kinds"])
def test_many_of_them_hold_up_nobody(db, metamodel, make, sql):
    make("zoe", 3)
    crowd(db, sql)
    with contextlib.closing(db.connect(autocommit=False)) as tenant:
        for n in range(0, HOSTILE, len(sql)):
            tenant.cursor().execute(f"LOCK TABLE h{n}._general IN ACCESS EXCLUSIVE MODE")
        states = json_states(metamodel.run("status", "--json", "--lock-wait", "1", timeout=40))
        metamodel.run("upgrade", "zoe", timeout=40)
        result = metamodel.run("upgrade", "-n", "--lock-wait", "1", timeout=40, expect=3)
    assert states.pop("zoe") == "6 behind" and states.pop("_global") == "current"
    assert set(states.values()) == {"broken"} and len(states) == HOSTILE
    assert "Failed: " in result.stderr


@pytest.mark.parametrize("args", [["status"], ["upgrade", "-n"], ["upgrade"], ["restore", "-n"]], ids=" ".join)
def test_a_signal_ends_a_run_that_waits_for_one_of_them(db, metamodel, make, args):
    make("b", 3)
    metamodel.run("save")
    with db.locked("b._general"):
        run = metamodel.start(*args, "b", "--lock-wait", "600")
        wait_until_it_waits(db, run)
        run.send(signal.SIGINT)
        assert run.wait(10).returncode == 130
        wait_for(lambda: db.query(RUNNING) == [(0,)], 10)


@pytest.mark.parametrize("args", [["status"], ["upgrade", "-n"]], ids=" ".join)
def test_a_signal_ends_a_run_that_has_no_session_to_read_in(db, metamodel, make, roles, args):
    limited = roles("limited", "LOGIN CONNECTION LIMIT 1")
    make("b", 3)
    db.sql(f"GRANT pg_read_all_data TO {limited}")
    run = metamodel.start(*args, "b", "-U", limited)
    offset = db.server.log_file.stat().st_size
    wait_for(lambda: f'too many connections for role "{limited}"' in db.server.log(offset) or
             run.process.poll() is not None)
    run.send(signal.SIGINT)
    assert run.wait(10).returncode == 130
    wait_for(lambda: db.query(RUNNING) == [(0,)], 10)


@pytest.mark.skipif(server_major() < 14, reason="the server does not look while a statement runs")
def test_the_server_notices_that_a_run_was_killed(db, metamodel, make):
    make("a", 3)
    with db.locked("a._general"):
        run = metamodel.start("upgrade", "a", "--lock-wait", "600")
        wait_for(lambda: db.query("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                                  "AND clock_timestamp() - query_start > '1 s' "
                                  "AND datname = current_database()") == [(1,)])
        run.kill_all()
        wait_for(lambda: db.query(RUNNING) == [(0,)], 20)


def test_the_server_notices_that_a_pg_dump_was_killed(db, metamodel, make):
    make("a", 9)
    running = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
               "AND application_name = 'metamodel'")
    with db.locked("a._general"):
        run = metamodel.start("save", "a", "--lock-wait", "600")
        wait_for(lambda: db.query(running + " AND wait_event_type = 'Lock'") == [(1,)])
        [dump] = children_of(run.pid)
        os.kill(dump, signal.SIGKILL)
        wait_for(lambda: db.query(RUNNING) == [(0,)], 20)
