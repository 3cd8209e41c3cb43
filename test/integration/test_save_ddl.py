# SPDX-License-Identifier: PostgreSQL
"""Others change tables while a save runs: what exits with 0 holds what the snapshot showed."""

import contextlib
import os
import random
import subprocess
import threading
import time

import psycopg2
import pytest
from support import pg_bindir, wait_for
from support_save import add_small_global, wait_until_blocked

TABLES = """
CREATE SEQUENCE _ticket;
CREATE TABLE _a (id serial PRIMARY KEY, note text, other text, small varchar(9), tbl text DEFAULT '_a');
CREATE INDEX _a_other ON _a (other);
CREATE TABLE _b (LIKE _a INCLUDING ALL); ALTER TABLE _b ALTER tbl SET DEFAULT '_b';
CREATE TABLE _parent (x int); CREATE TABLE _child () INHERITS (_parent);
CREATE VIEW _v AS SELECT id, note FROM _a; CREATE MATERIALIZED VIEW _m AS SELECT count(*) FROM _a;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER t BEFORE INSERT ON _a EXECUTE FUNCTION f();
INSERT INTO _a (note, other) SELECT 'note', 'other' FROM generate_series(1, 5);
INSERT INTO _b (note, other) SELECT 'note', 'other' FROM generate_series(1, 5)
"""
SWAP = "ALTER TABLE b._a RENAME note TO x; ALTER TABLE b._a RENAME other TO note; ALTER TABLE b._a RENAME x TO other"
SWAP_TABLES = "ALTER TABLE b._a RENAME TO x; ALTER TABLE b._b RENAME TO _a; ALTER TABLE b.x RENAME TO _b"
HARMFUL = {
    "a column renamed and added": ["ALTER TABLE b._a RENAME note TO old; ALTER TABLE b._a ADD note text"],
    "a column dropped and added": ["DROP VIEW b._v; ALTER TABLE b._a DROP note; ALTER TABLE b._a ADD note text"],
    "a column dropped and added with a default": [
        "ALTER TABLE b._a DROP other; ALTER TABLE b._a ADD other text DEFAULT 'x'"],
    "columns with swapped names": [SWAP],
    "columns swapped and back, after the dump": [SWAP, None, SWAP],
    "tables with swapped names": [SWAP_TABLES],
    "tables swapped and back, after the dump": [SWAP_TABLES, None, SWAP_TABLES],
    "schemas with swapped names": [
        "ALTER SCHEMA b RENAME TO x; ALTER SCHEMA c RENAME TO b; ALTER SCHEMA x RENAME TO c"],
    "another type": ["ALTER TABLE b._a ALTER small TYPE text"],
    "a column of a view renamed": ["ALTER VIEW b._v RENAME note TO text"],
    "a view renamed": ["ALTER VIEW b._v RENAME TO _w"],
    "a sequence restarted": ["ALTER SEQUENCE b._ticket RESTART"],
    "a sequence of other steps": ["ALTER SEQUENCE b._ticket INCREMENT 5"],
    "a sequence replaced": ["DROP SEQUENCE b._ticket; CREATE SEQUENCE b._ticket"],
    "an index dropped": ["DROP INDEX b._a_other"],
    "an index renamed": ["ALTER INDEX b._a_other RENAME TO x"],
    "a trigger replaced": ["DROP TRIGGER t ON b._a; CREATE TRIGGER t BEFORE INSERT ON b._a EXECUTE FUNCTION b.f()"],
}
HARMLESS = [
    "ALTER TABLE b._a ADD plain text", "ALTER TABLE b._a ADD filled text DEFAULT 'x'",
    "GRANT SELECT ON b._a TO PUBLIC; GRANT SELECT (note) ON b._a TO PUBLIC; GRANT USAGE ON SCHEMA b TO PUBLIC",
    "ANALYZE b._a", "COMMENT ON TABLE b._a IS 'x'", "REFRESH MATERIALIZED VIEW b._m",
    "ALTER TABLE b._a ALTER small TYPE varchar(99)", "ALTER TABLE b._a ALTER other SET NOT NULL, ADD CHECK (id > 0)",
    "ALTER TABLE b._a DISABLE TRIGGER t", "ALTER TABLE b._a ENABLE TRIGGER t", "ALTER TABLE b._child NO INHERIT b._parent",
    "CREATE TABLE b._late (LIKE b._a)", "CREATE INDEX ON b._a (note)", "CREATE OR REPLACE VIEW b._v AS SELECT id, note, id AS n FROM b._a",
    "SELECT nextval('b._ticket')", "BEGIN; ALTER TABLE b._a RENAME note TO x; ROLLBACK", "VACUUM b._a",
]
BATCHES = pytest.mark.parametrize("batch", ["--batch=1", "--batch=1000"])


@pytest.fixture
def accounts(db):
    add_small_global(db, "a", "b", "c", sql=TABLES)


def save_while(db, metamodel, batch, *changes):
    """Changes that are made after the snapshot, and before pg_dump comes to them; None: it has dumped b."""
    holder = db.connect(autocommit=False)
    holder.cursor().execute("LOCK TABLE _global._general")
    running = metamodel.start("save", "-j1", "--lock-wait", "0", batch)
    wait_until_blocked(db)
    for change in changes:
        db.sql(change)
    holder.rollback()
    return running.wait()


@BATCHES
@pytest.mark.parametrize("change", [name for name in HARMFUL if "back" not in name])
def test_an_account_whose_names_mean_something_else_now_fails(accounts, db, metamodel, change, batch):
    result = save_while(db, metamodel, batch, *HARMFUL[change])
    assert result.returncode == 3 and "Failed: b" in result.stderr, result


@pytest.mark.parametrize("change", [name for name in HARMFUL if "back" in name])
def test_names_that_were_swapped_meanwhile_and_are_back_again_are_noticed(accounts, db, metamodel, change):
    """b is dumped with swapped names, while _global and later c wait."""
    first, _, second = HARMFUL[change]
    db.sql("CREATE TABLE c._wait ()")
    one, two = db.connect(autocommit=False), db.connect(autocommit=False)
    one.cursor().execute("LOCK TABLE _global._general")
    two.cursor().execute("LOCK TABLE c._wait")
    running = metamodel.start("save", "-v", "-j1", "--lock-wait", "0", "--batch=1")
    wait_until_blocked(db)
    db.sql(first)
    one.rollback()
    wait_until_blocked(db)
    wait_for((metamodel.cwd / "metamodel.new" / "c.sql").exists)
    wait_until_blocked(db)
    db.sql(second)
    two.rollback()
    result = running.wait()
    assert result.returncode == 3 and "Failed: b" in result.stderr and "more than once" in result.stderr, result


@BATCHES
def test_what_alters_nothing_that_a_dump_holds_fails_nobody(accounts, db, metamodel, batch):
    result = save_while(db, metamodel, batch, *HARMLESS)
    assert result.returncode == 0, result


def test_values_of_a_row_type_that_got_a_column_fail_the_account_that_holds_them(accounts, db, metamodel):
    db.sql("CREATE TABLE c._holder (x b._a); INSERT INTO c._holder SELECT a FROM b._a a")
    result = save_while(db, metamodel, "--batch=1", "ALTER TABLE b._a ADD more text")
    assert result.returncode == 3 and "Failed: c." in result.stderr and "row type" in result.stderr, result


# Rows carry the names of their column and table, in every committed state.

NAMES = [f"r{i}" for i in range(6)]
DDL = [
    "ALTER TABLE {s}._a RENAME note TO x; ALTER TABLE {s}._a RENAME other TO note; ALTER TABLE {s}._a RENAME x TO "
    "other; UPDATE {s}._a SET note = 'note', other = 'other'",
    "ALTER TABLE {s}.{t} RENAME note TO old{n}; ALTER TABLE {s}.{t} ADD note text; UPDATE {s}.{t} SET note = 'note'",
    "ALTER TABLE {s}.{t} RENAME other TO old{n}; ALTER TABLE {s}.{t} ADD other text DEFAULT 'other'",
    "ALTER TABLE {s}.{t} DROP other; ALTER TABLE {s}.{t} ADD other text DEFAULT 'other'",
    "ALTER TABLE {s}._a RENAME TO x; ALTER TABLE {s}._b RENAME TO _a; ALTER TABLE {s}.x RENAME TO _b; UPDATE {s}._a SET "
    "tbl = '_a'; UPDATE {s}._b SET tbl = '_b'",
    "TRUNCATE {s}.{t}; INSERT INTO {s}.{t} (note, other, tbl) SELECT 'note', 'other', '{t}' FROM generate_series(1, 5)",
    "DELETE FROM {s}._a; DELETE FROM {s}._b; ALTER SEQUENCE {s}._a_id_seq RESTART WITH 100; INSERT INTO {s}._a (note, other, "
    "tbl) SELECT 'note', 'other', '_a' FROM generate_series(1, 5); INSERT INTO {s}._b (note, other, tbl) SELECT 'note', "
    "'other', '_b' FROM generate_series(1, 5)",
    "CREATE TABLE {s}.x (LIKE {s}.{t} INCLUDING ALL); INSERT INTO {s}.x SELECT * FROM {s}.{t}; ALTER TABLE {s}.{t} RENAME "
    "TO gone{n}; ALTER TABLE {s}.x RENAME TO {t}",
    "ALTER SCHEMA {s} RENAME TO xx; ALTER SCHEMA {z} RENAME TO {s}; ALTER SCHEMA xx RENAME TO {z}; UPDATE {s}._who SET "
    "me = '{s}'; UPDATE {z}._who SET me = '{z}'",
    "ALTER TABLE {s}.{t} ADD more{n} text", "GRANT SELECT ON {s}.{t} TO PUBLIC", "REFRESH MATERIALIZED VIEW {s}._m",
    "ALTER TABLE {s}._who ALTER me TYPE varchar USING me || ''", "COMMENT ON TABLE {s}.{t} IS 'x'",
    "ALTER TRIGGER t ON {s}._t RENAME TO u; ALTER TRIGGER u ON {s}._t RENAME TO t",
    "DROP TRIGGER t ON {s}._t; CREATE TRIGGER t BEFORE INSERT ON {s}._t EXECUTE FUNCTION public.f()",
]
RANDOM = """
CREATE TABLE _a (id serial PRIMARY KEY, note text, other text, tbl text);
CREATE TABLE _b (LIKE _a INCLUDING ALL); CREATE TABLE _who (me varchar); INSERT INTO _who SELECT current_schema();
CREATE TABLE _t (x int); CREATE TRIGGER t BEFORE INSERT ON _t EXECUTE FUNCTION public.f();
CREATE MATERIALIZED VIEW _m AS SELECT count(*) FROM _t;
INSERT INTO _a (note, other, tbl) SELECT 'note', 'other', '_a' FROM generate_series(1, 5);
INSERT INTO _b (note, other, tbl) SELECT 'note', 'other', '_b' FROM generate_series(1, 5)
"""


def change_at_random(db, rng, stop):
    with contextlib.closing(db.connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SET lock_timeout = '300ms'")
        number = 0
        while not stop.is_set():
            number += 1
            schema, other = rng.sample(NAMES, 2)
            try:
                cursor.execute(rng.choice(DDL).format(s=schema, z=other, t=rng.choice(["_a", "_b"]),
                                                      n=f"{number}_{threading.get_ident()}"))
            except psycopg2.Error:
                pass  # two of us met
            time.sleep(rng.random() * 0.15)


def check_loads(db, server, metamodel, account, seed):
    """What is in its dump, in a database that has nothing else of it."""
    db.sql(f"DROP SCHEMA IF EXISTS {account} CASCADE; CREATE SCHEMA {account}", "ddl_check")
    loaded = subprocess.run([pg_bindir() / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-h", server.host, "-U", server.user,
                             "-d", "ddl_check", "-f", metamodel.tree().file(account)], stderr=subprocess.PIPE,
                            stdout=subprocess.PIPE, text=True, check=False)
    assert loaded.returncode == 0, (seed, account, loaded.stderr)
    for table in "_a", "_b":
        assert db.query(f"SELECT count(*), count(*) FILTER (WHERE note = 'note' AND other = 'other' AND tbl = '{table}')"
                        f" FROM {account}.{table}", "ddl_check") == [(5, 5)], (seed, account, table)
    assert db.query(f"SELECT me FROM {account}._who", "ddl_check") == [(account,)], (seed, account)
    assert db.query(f"SELECT count(*) FROM pg_trigger WHERE tgname = 't' AND tgrelid = '{account}._t'::regclass", "ddl_check") == [(1,)], (seed, account)
    highest = db.query(f"SELECT greatest((SELECT max(id) FROM {account}._a), (SELECT max(id) FROM "
                       f"{account}._b))", "ddl_check")[0][0]
    assert db.query(f"SELECT nextval('{account}._a_id_seq') > {highest}", "ddl_check") == [(True,)], (seed, account)


@pytest.mark.slow
@BATCHES
def test_whatever_others_do_meanwhile_each_new_dump_holds_one_committed_state(db, server, metamodel, batch):
    """METAMODEL_TEST_DDL_SECONDS: how long; METAMODEL_TEST_SEED: to try one again."""
    seconds = float(os.environ.get("METAMODEL_TEST_DDL_SECONDS", "4"))
    seed = os.environ.get("METAMODEL_TEST_SEED", str(random.randrange(1 << 32)))
    print("seed", seed)
    server.sql("CREATE DATABASE ddl_check")
    for name in db.name, "ddl_check":
        db.sql("CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'", name)
    add_small_global(db, *NAMES, sql=RANDOM)
    metamodel.run("save", "-q")
    stop = threading.Event()
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            stop.clear()
            actors = [threading.Thread(target=change_at_random, args=(db, random.Random(f"{seed} {i}"), stop))
                      for i in range(2)]
            for actor in actors:
                actor.start()
            result = metamodel.run("save", batch, "-j2", "--keep", "1", "--lock-wait", "2", check=False)
            stop.set()
            for actor in actors:
                actor.join()
            assert result.returncode in [0, 1, 3], (seed, result)
            for account in metamodel.tree().accounts() if result.returncode != 1 else []:
                if account not in metamodel.tree().stale() and account != "_global":
                    check_loads(db, server, metamodel, account, seed)
    finally:
        stop.set()
        server.sql("DROP DATABASE IF EXISTS ddl_check WITH (FORCE)")
