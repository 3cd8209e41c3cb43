# SPDX-License-Identifier: PostgreSQL
"""`metamodel restore` of other products' tenants: what is there is put aside, and dropped when the saved schema is there."""

import os
import signal
import threading
import time

import pytest
from support import quote, read_sql
from support_save import children_of, wait_until_blocked
from support_tenants import model, tenants
from support_whole import alone, load

FIXTURES = model, tenants
# What each file of test/sql/tenants has: the model, and the tenants that this finds.
PRODUCTS = {
    "django_tenants": ("django-tenants", ["Big Co", "tenant_001", "tenant_005"]),
    "apartment": ("apartment", ["acme", "globex", "hooli", "initech", "umbrella"]),
    "plain_schemas": ("plain", ["tenant_a", "tenant_b", "tenant_it's"]),
}


def asides(db):
    return [row[0] for row in db.query("SELECT nspname::text FROM pg_namespace WHERE nspname ~ '^metamodel_aside' ORDER BY 1")]


def dumps(db, names):
    return {name: alone(db, name) for name in names}


@pytest.fixture
def saved(tenants, db, metamodel):
    """saved(PRODUCT): its database, with a save; returns the names of the tenants and their dumps."""
    def make(product):
        name, expected = PRODUCTS[product]
        tenants(product)
        metamodel.env["PGUSER"] = db.server.user
        metamodel.options = ["--model", name, "--as-superuser"]
        metamodel.run("save")
        return expected, dumps(db, expected)

    return make


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_tenant_comes_back_as_it_was(saved, db, metamodel, product):
    expected, before = saved(product)
    first, second = expected[:2]
    public = alone(db, "public")
    db.sql(f"CREATE TABLE {quote(first)}.more (x int); COMMENT ON SCHEMA {quote(first)} IS 'another'; DROP SCHEMA {quote(second)} CASCADE")
    result = metamodel.run("restore", "-j2")
    assert dumps(db, expected) == before and alone(db, "public") == public and asides(db) == [], result
    assert "the shared schema public is not touched" in result.stderr and "Adding tenant " + second in result.stderr
    result = metamodel.run("restore", "public", check=False)
    assert result.returncode == 2 and "the shared schema public is not restored" in result.stderr, result


def test_all_kinds_of_objects_come_back(db, metamodel, model, roles):
    names = ["t_one", "t_Two's"]
    for name in names:
        db.sql(read_sql("whole", schema=name, owner=roles("owner")))
    db.sql("CREATE SCHEMA t_empty; COMMENT ON SCHEMA t_empty IS 'nothing'")
    model(schemas="^t_", **{"global": ""}, objects="all", applied="SELECT n FROM {schema}.moods")
    metamodel.run("save", "--as-superuser")
    before = dumps(db, [*names, "t_empty"])
    db.sql("DROP SCHEMA t_empty")
    metamodel.run("restore", "--as-superuser")
    assert dumps(db, before) == before and asides(db) == []


def test_a_dry_run_and_a_rehearsal_change_nothing(saved, db, metamodel):
    expected, _ = saved("apartment")
    db.sql("CREATE TABLE acme.more (x int)")
    changed = dumps(db, expected)
    assert "acme: 8 tables -> 7" in metamodel.run("restore", "-n").stderr
    assert "All of 5 tenants would come back" in metamodel.run("restore", "--rehearse").stderr
    assert dumps(db, expected) == changed and asides(db) == []


def test_a_superuser_needs_to_be_told(saved, db, metamodel):
    expected, before = saved("apartment")
    metamodel.options = ["-c", "none.conf", *metamodel.options[:2]]
    (metamodel.cwd / "none.conf").write_text("[model]\nschemas = ^(acme|globex)$\nglobal = public\nobjects = all\n"
                                             "applied = SELECT version FROM {schema}.schema_migrations\n")
    result = metamodel.run("restore", "acme", check=False)
    assert result.returncode == 1 and "what that role defined would run as superuser" in result.stderr, result
    metamodel.env["PGUSER"] = "saas"
    db.sql("GRANT CREATE ON DATABASE " + quote(db.name) + " TO saas; DROP TABLE acme.tasks")
    metamodel.run("restore", "acme")
    assert dumps(db, expected) == before


def test_what_depends_on_a_tenant_stops_it_and_survives(saved, db, metamodel):
    expected, before = saved("plain_schemas")
    load(db, "outsiders")
    outside = alone(db, "reporting")
    result = metamodel.run("restore", check=False)
    assert result.returncode == 3 and "Failed: tenant_a, tenant_b." in result.stderr, result
    for what in ("cast from tenant_a.mood to integer", "column m of table reporting.fact", "constraint attach_a_id_fkey on table tenant_b.attach",
                 "constraint fact_id_fkey on table reporting.fact", "extension hstore", "function reporting.list()",
                 "publication of table tenant_a.customer in publication pub", "view reporting.all_customers"):
        assert f"metamodel: detail: {what}\n" in result.stderr, result
    assert alone(db, "reporting") == outside and asides(db) == []
    # an extension is more than --cascade may take
    assert "extension hstore" in metamodel.run("restore", "--cascade", "tenant_a", expect=1).stderr
    db.sql("ALTER EXTENSION hstore SET SCHEMA public")
    result = metamodel.run("restore", "--cascade", "tenant_a")
    assert "will destroy view reporting.all_customers" in result.stderr and asides(db) == []
    assert alone(db, "tenant_a") == before["tenant_a"] and alone(db, "reporting") != outside
    assert db.query("SELECT count(*) FROM reporting.fact") == [(0,)]


def test_an_extension_that_is_missing_is_named_first(saved, db, metamodel):
    saved("plain_schemas")
    db.sql("DROP SCHEMA tenant_a CASCADE; DROP SCHEMA tenant_b CASCADE; DROP SCHEMA \"tenant_it's\" CASCADE; DROP EXTENSION citext CASCADE")
    result = metamodel.run("restore", check=False)
    assert result.returncode == 1 and "CREATE EXTENSION citext" in result.stderr and "Importing" not in result.stderr, result


def test_what_cannot_be_dropped_is_kept_with_the_way_back(saved, db, metamodel):
    expected, before = saved("apartment")
    db.sql("INSERT INTO acme.schema_migrations VALUES ('9')")
    changed = alone(db, "acme")
    reader = db.connect(autocommit=False)
    reader.cursor().execute("SELECT FROM acme.schema_migrations")
    result = metamodel.run("restore", "acme")
    reader.rollback()
    [aside] = asides(db)
    assert dumps(db, expected) == before
    assert f"what was there before is kept as schema {aside}: ERROR:  canceling statement due to lock timeout" in result.stderr, result
    back = result.stderr.split("to go back to it: ")[1].splitlines()[0]
    db.sql(f"BEGIN; {back}; COMMENT ON SCHEMA acme IS NULL; COMMIT")
    assert alone(db, "acme") == changed
    # again, and the next restore cleans up, but not what is left of a tenant that is gone
    reader.cursor().execute("SELECT FROM acme.schema_migrations")
    metamodel.run("restore", "acme")
    reader.rollback()
    [aside] = asides(db)
    db.sql("DROP SCHEMA acme CASCADE")
    assert f"schema {aside} is what tenant \"acme\" was before a restore" in metamodel.run("restore", "globex").stderr
    assert asides(db) == [aside]
    metamodel.run("restore", "acme")
    assert asides(db) == [] and alone(db, "acme") == before["acme"]


def test_what_only_looks_like_ours_is_left_alone(saved, db, metamodel):
    saved("apartment")
    db.sql("CREATE SCHEMA metamodel_aside_1; COMMENT ON SCHEMA metamodel_aside_1 IS E'metamodel: put aside by a restore of \"acme\"\\n'")
    db.sql("CREATE SCHEMA mine; DO $$ BEGIN EXECUTE format('ALTER SCHEMA mine RENAME TO metamodel_aside_%s', 'mine'::regnamespace::oid); END $$")
    kept = asides(db)
    metamodel.run("restore", "acme")
    assert len(kept) == 2 and asides(db) == kept


@pytest.fixture
def shared(db, metamodel, model):
    """Three tenants with foreign keys to a shared table, one of them large, and a save of them."""
    names = {"t_a": 250000, "t_b": 1000, "t_c": 1000}
    db.sql("CREATE TABLE public.shared (id int PRIMARY KEY); INSERT INTO shared SELECT generate_series(1, 100)")
    for name, rows in names.items():
        db.sql(f"CREATE SCHEMA {name}; CREATE TABLE {name}.big AS SELECT i, i % 100 + 1 AS ref, repeat('x', 80) AS pad "
               f"FROM generate_series(1, {rows}) i; ALTER TABLE {name}.big ADD PRIMARY KEY (i), ADD FOREIGN KEY (ref) REFERENCES public.shared")
    model(schemas="^t_", **{"global": "public"}, objects="all", applied="SELECT i::text FROM {schema}.big WHERE i = 1")
    metamodel.run("save")
    return dumps(db, names)


def wait_for_sessions(db):
    while db.query("SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name ~ '^(metamodel|psql)'"):
        time.sleep(0.05)


def kill(running, victim):
    if victim == "metamodel":
        os.kill(running.pid, signal.SIGKILL)
        return
    for child in children_of(running.pid):
        os.kill(child, signal.SIGKILL)


@pytest.mark.parametrize("victim", ["psql", "metamodel"])
def test_a_kill_while_a_tenant_is_loaded_leaves_it_as_before_or_as_saved(shared, db, metamodel, victim):
    db.sql("DELETE FROM t_b.big WHERE i > 500")
    changed = alone(db, "t_b")
    holder = db.connect(autocommit=False)
    holder.cursor().execute("LOCK TABLE public.shared IN SHARE ROW EXCLUSIVE MODE")
    running = metamodel.start("restore", "t_b")
    wait_until_blocked(db)
    assert db.query("SELECT count(*) FROM t_b.big") == [(500,)]
    kill(running, victim)
    assert running.wait().returncode == (1 if victim == "psql" else -signal.SIGKILL)
    holder.rollback()
    wait_for_sessions(db)
    # a psql that has read all of its dump goes on without us
    assert (alone(db, "t_b"), len(asides(db))) in [(changed, 0), (shared["t_b"], 1)]
    assert victim != "psql" or asides(db) == []
    metamodel.run("restore", "t_b")
    assert alone(db, "t_b") == shared["t_b"] and asides(db) == []


def test_a_kill_before_the_drop_leaves_it_to_the_next_run(shared, db, metamodel):
    db.sql("DELETE FROM t_b.big WHERE i > 500")
    reader = db.connect(autocommit=False)
    reader.cursor().execute("SELECT FROM t_b.big LIMIT 1")
    running = metamodel.start("restore", "t_b")
    while not asides(db):
        time.sleep(0.02)
    kill(running, "metamodel")
    running.wait()
    wait_for_sessions(db)
    reader.rollback()
    assert alone(db, "t_b") == shared["t_b"] and len(asides(db)) == 1
    assert "t_c" in metamodel.run("restore", "t_c").stderr
    assert dumps(db, shared) == shared and asides(db) == []


def test_who_writes_meanwhile_writes_to_the_new_table(shared, db, metamodel):
    holder = db.connect(autocommit=False)
    holder.cursor().execute("LOCK TABLE public.shared IN SHARE ROW EXCLUSIVE MODE")
    running = metamodel.start("restore", "t_b")
    wait_until_blocked(db)
    writer = threading.Thread(target=db.sql, args=("INSERT INTO t_b.big VALUES (-1, NULL, 'new')",))
    writer.start()
    time.sleep(0.5)
    assert writer.is_alive()
    holder.rollback()
    writer.join()
    assert running.wait().returncode == 0
    assert db.query("SELECT pad FROM t_b.big WHERE i = -1") == [("new",)]


def test_a_child_of_a_table_elsewhere_stops_its_tenant(shared, db, metamodel):
    db.sql("CREATE TABLE public.parent (i int); ALTER TABLE t_b.big INHERIT public.parent")
    result = metamodel.run("restore", "t_b", check=False)
    assert result.returncode == 1 and "table t_b.big is a partition or child of a table in another schema" in result.stderr, result
    assert db.query("SELECT count(*) FROM public.parent") == [(1000,)] and asides(db) == []


def test_readers_of_a_shared_table_hardly_wait(shared, db, metamodel):
    waits, done = [], threading.Event()

    def read():
        connection = db.connect()
        while not done.is_set():
            begun = time.monotonic()
            connection.cursor().execute("SELECT count(*) FROM public.shared")
            waits.append(time.monotonic() - begun)
            time.sleep(0.005)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        result = metamodel.run("restore", "-v", "-j2")
    finally:
        done.set()
        reader.join()
    assert dumps(db, shared) == shared and asides(db) == [] and "deadlock" not in result.stderr, result
    print(f"{len(waits)} reads, the slowest took {max(waits) * 1000:.0f} ms")
    assert len(waits) > 20 and max(waits) < 0.2, max(waits)
