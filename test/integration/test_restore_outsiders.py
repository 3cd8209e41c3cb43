# SPDX-License-Identifier: PostgreSQL
"""`metamodel restore` and what else is in the database: what depends on a metamodel stands in the
way, unless --cascade destroys it and says so; everything else is left alone."""

import contextlib
import os
import re
import uuid
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel, errors_of, for_server
from support_restore import (check_same, damage, imported, in_schema, plan_of, user_rows, wait_until_it_waits,
                             whole_dump)
from support_save import add_small, dump_by_hand, saved_dump

# The metamodel of an account in the tests below.
METAMODEL = """
    CREATE TABLE _models (id serial PRIMARY KEY, name text UNIQUE);
    INSERT INTO _models (name) VALUES ('one'), ('two');
    CREATE TABLE _parts (i int) PARTITION BY RANGE (i);
    CREATE TABLE _part_1 PARTITION OF _parts FOR VALUES FROM (0) TO (10);
    INSERT INTO _parts VALUES (5);
    CREATE VIEW _view AS SELECT * FROM _models;
    CREATE MATERIALIZED VIEW _mat AS SELECT * FROM _view"""

# What a user made of it in an account of that name, and what of that cannot be without it.
OUTSIDERS_TEXT = r"""
=== of_view
CREATE VIEW v AS SELECT name FROM _models
lost: view of_view.v
=== of_matview
CREATE MATERIALIZED VIEW m AS SELECT * FROM _models; CREATE INDEX ON m (id)
lost: materialized view of_matview.m
=== of_view_on_view
CREATE VIEW v AS SELECT * FROM _models; CREATE VIEW elsewhere.of_view_on_view AS SELECT * FROM v;
CREATE MATERIALIZED VIEW elsewhere.of_view_on_view_m AS SELECT * FROM elsewhere.of_view_on_view
lost: materialized view elsewhere.of_view_on_view_m
lost: view elsewhere.of_view_on_view
lost: view of_view_on_view.v
=== of_view_on_inner_view
CREATE VIEW v AS SELECT * FROM _view JOIN _mat USING (id, name)
lost: view of_view_on_inner_view.v
=== of_view_on_sequence
CREATE VIEW v AS SELECT last_value FROM _models_id_seq
lost: view of_view_on_sequence.v
=== of_foreign_key
CREATE TABLE t (m int REFERENCES _models ON DELETE CASCADE); INSERT INTO t VALUES (2)
lost: constraint t_m_fkey on table of_foreign_key.t
=== of_parted_foreign_key
CREATE TABLE t (m text REFERENCES _models (name)) PARTITION BY LIST (m);
CREATE TABLE t1 PARTITION OF t DEFAULT; INSERT INTO t VALUES ('two')
lost: constraint t_m_fkey on table of_parted_foreign_key.t
lost: constraint t_m_fkey on table of_parted_foreign_key.t1
=== of_inherits
CREATE TABLE t (x int) INHERITS (_models); CREATE TABLE t2 () INHERITS (t)
lost: table of_inherits.t
lost: table of_inherits.t2
=== of_partition
CREATE TABLE part PARTITION OF _parts FOR VALUES FROM (10) TO (20); INSERT INTO _parts VALUES (15)
lost: table of_partition.part
=== of_returns_setof
CREATE FUNCTION f() RETURNS SETOF _models LANGUAGE sql AS 'TABLE _models'
lost: function of_returns_setof.f()
=== of_takes_row
CREATE FUNCTION f(_view) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW v AS SELECT f(NULL)
lost: function of_takes_row.f(of_takes_row._view)
lost: view of_takes_row.v
/*14*/ === of_body
/*14*/ CREATE FUNCTION f() RETURNS bigint BEGIN ATOMIC SELECT count(*) FROM _models; END;
/*14*/ CREATE TABLE t (n int DEFAULT f(), x int)
/*14*/ lost: default value for column n of table of_body.t
/*14*/ lost: function of_body.f()
=== of_default
CREATE TABLE t (id int DEFAULT nextval('_models_id_seq')); INSERT INTO t DEFAULT VALUES
lost: default value for column id of table of_default.t
=== of_row_column
CREATE TABLE t (n int, m _models, l _models[], v _view); INSERT INTO t VALUES (1)
lost: column l of table of_row_column.t
lost: column m of table of_row_column.t
lost: column v of table of_row_column.t
=== of_row_in_type
CREATE TYPE c AS (n int, m _models); CREATE TABLE t (n int, c c)
lost: column m of composite type of_row_in_type.c
=== of_domain
CREATE DOMAIN d AS _models; CREATE TABLE t (n int, d d); INSERT INTO t VALUES (1)
lost: column d of table of_domain.t
lost: type of_domain.d
=== of_policy
CREATE TABLE t (n int); ALTER TABLE t ENABLE ROW LEVEL SECURITY; INSERT INTO t VALUES (1);
CREATE POLICY p ON t USING (n IN (SELECT id FROM _models))
lost: policy p on table of_policy.t
=== of_rule
CREATE TABLE t (n int); INSERT INTO t VALUES (1);
CREATE RULE r AS ON INSERT TO t DO ALSO DELETE FROM _models
lost: rule r on table of_rule.t
=== of_trigger
CREATE TABLE t (n int); CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS
'BEGIN RETURN NEW; END'; CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t FROM _models
FOR EACH ROW EXECUTE FUNCTION f()
lost: trigger g on table of_trigger.t
=== of_statistics
CREATE STATISTICS s ON id, name FROM _models
lost: statistics object of_statistics.s
=== of_publication
CREATE PUBLICATION of_publication FOR TABLE _models
lost: publication of table of_publication._models in publication of_publication
=== of_cast
CREATE CAST (_models AS json) WITH INOUT
lost: cast from of_cast._models to json
"""


def blocks(text):
    """{name: body} of a text with "=== name" before each body."""
    return dict(block.split("\n", 1) for block in for_server(text).split("\n=== ")[1:])


OUTSIDERS = {account: (re.sub("^lost: .*\n?", "", body, flags=re.M),
                       re.findall("^lost: (.*)", body, re.M))
             for account, body in blocks(OUTSIDERS_TEXT).items()}


# Everything that can be lost, as pg_depend's own functions call it.
OBJECTS = " UNION ALL ".join([
    "SELECT 'pg_class'::regclass, oid, 0 FROM pg_class WHERE relkind NOT IN ('i', 'I', 't')",
    "SELECT 'pg_class'::regclass, attrelid, attnum FROM pg_attribute JOIN pg_class c ON c.oid = "
    "attrelid WHERE relkind IN ('r', 'p', 'f', 'c') AND attnum > 0 AND NOT attisdropped",
    "SELECT 'pg_type'::regclass, oid, 0 FROM pg_type WHERE typtype = 'd'",
    *(f"SELECT '{name}'::regclass, oid, 0 FROM {name}" for name in [
        "pg_proc", "pg_attrdef", "pg_policy", "pg_statistic_ext", "pg_publication",
        "pg_publication_rel", "pg_cast"]),
    "SELECT 'pg_trigger'::regclass, oid, 0 FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT 'pg_constraint'::regclass, oid, 0 FROM pg_constraint WHERE contype <> 't'",
    "SELECT 'pg_namespace'::regclass, oid, 0 FROM pg_namespace WHERE nspname !~ '^pg_'",
    "SELECT 'pg_rewrite'::regclass, oid, 0 FROM pg_rewrite WHERE rulename <> '_RETURN'"])


def objects(db):
    return {name for (name,) in db.query(
        "SELECT pg_describe_object(classid, objid, objsubid) FROM (SELECT set_config("
        f"'search_path', 'pg_catalog', true)) s, ({OBJECTS}) o (classid, objid, objsubid) "
        "WHERE objid >= 16384")}


def lost_objects(before, after):
    """What is gone, without the parts of what is gone."""
    lost = before - after
    whole = [name.split(" ", 1)[-1] for name in lost if name.startswith("table ")]
    return sorted(name for name in lost if not any(
        re.search(f" (of|on) table {re.escape(other)}$", name) for other in whole))


@contextlib.contextmanager
def make_site(server, cwd, accounts):
    """A database with these accounts, {name: user's SQL}, and a save of it."""
    name = f"outsiders_{uuid.uuid4().hex[:12]}"
    server.sql(f"CREATE DATABASE {name}")
    db = Database(server, name)
    db.add_global()
    db.sql("CREATE SCHEMA elsewhere; CREATE TABLE public._models (t text); CREATE TABLE "
           "elsewhere._models (t text); INSERT INTO public._models VALUES ('public')")
    for account, sql in accounts.items():
        add_small(db, account, sql=METAMODEL)
        db.sql(in_schema(account, "CREATE TABLE mine AS SELECT 'user row'; " + sql))
    binary = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
    program = Metamodel(binary, cwd, server, name)
    program.run("save", "-q")
    yield SimpleNamespace(db=db, program=program, tree=program.tree())
    program.end()
    db.close()
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def refused(server, tmp_path_factory):
    """A restore of them all without --cascade; each had a row more than the save."""
    accounts = {account: sql for account, (sql, _) in OUTSIDERS.items()}
    accounts["plain"] = "CREATE VIEW v AS SELECT * FROM public._models"
    with make_site(server, tmp_path_factory.mktemp("outsiders"), accounts) as site:
        damage(site.db, *accounts, sql="INSERT INTO _models (name) VALUES ('unsaved')")
        site.before, site.objects = dump_but_plain(site), objects(site.db)
        site.rows = user_rows(site.db)
        site.result = site.program.run("restore", "--json", check=False)
        site.after, site.plain = dump_but_plain(site), dump_by_hand(site.db, "plain")
        site.objects_after, site.rows_after = objects(site.db), user_rows(site.db)
        yield site


def dump_but_plain(site):
    return whole_dump(site.db, None, "-N", "plain", "-N", "_global")


@pytest.fixture(scope="module")
def cascaded(refused):
    """Then one with --cascade, after a dry run."""
    site = SimpleNamespace(**vars(refused))
    site.dry = site.program.run("restore", "--cascade", "-n", "-v", "--json", check=False)
    site.dry_after = dump_but_plain(site)
    site.result = site.program.run("restore", "--cascade", "--json", check=False)
    site.after, site.rows_after = objects(site.db), user_rows(site.db)
    return site


def report_of(result, account):
    return next(entry for entry in result.report["accounts"] if entry["account"] == account)


def details(result, account):
    """The objects in the error of an account."""
    return re.findall("^metamodel: detail: (.*)", errors_of(result, account), re.M)


@pytest.mark.parametrize("account", OUTSIDERS)
def test_what_depends_on_the_metamodel_stands_in_the_way_and_is_named(refused, account):
    error = errors_of(refused.result, account)
    assert details(refused.result, account) == OUTSIDERS[account][1], refused.result.stderr
    assert "objects outside the metamodel depend on it" in error
    assert re.search("^metamodel: hint: .*--cascade", error, re.M)
    entry = report_of(refused.result, account)
    assert (entry["result"], entry["destroyed"]) == ("failed", [])
    assert all(outsider in entry["error"] for outsider in OUTSIDERS[account][1])


def test_accounts_that_are_refused_are_as_before_and_the_others_restored(refused):
    assert refused.result.returncode == 3
    assert imported(refused.result) == ["_global", "plain"]
    check_same(refused.before, refused.after)
    assert refused.rows == refused.rows_after and refused.objects == refused.objects_after
    assert refused.plain == saved_dump(refused.tree, "plain")
    failed = refused.result.stderr.splitlines()[-1].split(" Failed: ")[1]
    assert failed == ", ".join(sorted(OUTSIDERS)) + "."


@pytest.mark.parametrize("account", OUTSIDERS)
def test_cascade_destroys_it_and_says_so(cascaded, account):
    expected = OUTSIDERS[account][1]
    assert re.findall(f"^metamodel: warning: account {account}: will destroy (.*)",
                      cascaded.result.stderr, re.M) == expected
    line, *details = plan_of(cascaded.dry)[account]
    assert re.search(r", destroys (\d+) objects? outside the metamodel$", line)[1] == str(len(expected))
    assert [text for text in details if "destroyed" in text] == [
        f"would be destroyed: {each}" for each in expected]
    for result in cascaded.dry, cascaded.result:
        assert errors_of(result, account) == ""
    entry = report_of(cascaded.result, account)
    assert (entry["result"], entry["error"], entry["destroyed"]) == ("restored", None, expected)
    assert report_of(cascaded.dry, account)["destroyed"] == []  # not yet
    assert dump_by_hand(cascaded.db, account) == saved_dump(cascaded.tree, account)


def test_cascade_destroys_nothing_else(cascaded):
    assert cascaded.result.returncode == 0 and cascaded.dry.returncode == 0
    check_same(cascaded.before, cascaded.dry_after)
    destroyed = [name for account in OUTSIDERS for name in OUTSIDERS[account][1]]
    assert lost_objects(cascaded.objects, cascaded.after) == sorted(destroyed)
    assert cascaded.after <= cascaded.objects
    gone = {name.split(" ", 1)[1] for name in destroyed if name.startswith("table ")}
    assert set(cascaded.rows_after) == set(cascaded.rows) - gone
    for table, rows in cascaded.rows_after.items():  # perhaps with fewer columns
        assert [row[:2] for row in rows] == [row[:2] for row in cascaded.rows[table]]
    for account in ("of_foreign_key", "of_default", "of_policy", "of_rule"):
        assert cascaded.rows_after[f"{account}.t"] == cascaded.rows[f"{account}.t"] != []
    assert cascaded.db.query("SELECT * FROM public._models") == [("public",)]


def test_nothing_stands_in_the_way_once_it_is_gone(cascaded):
    before = whole_dump(cascaded.db)
    result = cascaded.program.run("restore")
    check_same(before, whole_dump(cascaded.db))
    assert "metamodel: " not in result.stderr


# What belongs to a metamodel, or is used by it, in ways that make dropping it an art.
INSIDE = blocks(r'''
=== circle
CREATE TABLE _a (id int PRIMARY KEY, b int); CREATE TABLE _b (id int PRIMARY KEY, a int REFERENCES
_a); ALTER TABLE _a ADD FOREIGN KEY (b) REFERENCES _b;
CREATE TABLE _c (a int REFERENCES _a, id int UNIQUE, c int REFERENCES _c (id))
=== views
CREATE TABLE _t (n int); CREATE VIEW _v AS SELECT * FROM _t;
CREATE MATERIALIZED VIEW _m AS SELECT * FROM _v; CREATE VIEW _a AS SELECT _m.n FROM _m, _v;
CREATE MATERIALIZED VIEW _z AS SELECT * FROM _a; CREATE INDEX ON _z (n);
CREATE VIEW _b AS SELECT * FROM _z, _t AS x (y);
CREATE OR REPLACE VIEW _v AS SELECT n FROM _t WHERE n > 0
=== row_type_of_a_view
CREATE VIEW _v AS SELECT 1 AS a; CREATE TABLE _t (v _v, l _v[])
=== row_type_of_a_view_of_a_table
CREATE TABLE _a (n int); CREATE VIEW _v AS SELECT * FROM _a; CREATE TABLE _b (v _v);
CREATE VIEW _w AS SELECT * FROM _b; CREATE TABLE _c (w _w)
=== row_types
CREATE TABLE _a (n int); CREATE TABLE _b (a _a, l _a[]); CREATE TABLE _0 (b _b);
CREATE VIEW _v AS SELECT _a FROM _a; INSERT INTO _b VALUES (ROW(1), ARRAY[ROW(2)::_a])
=== rule_on_a_view_of_its_table
CREATE TABLE _a (n int); CREATE VIEW _v AS SELECT * FROM _a;
CREATE RULE r AS ON DELETE TO _a DO ALSO UPDATE _v SET n = 1
=== policy_on_a_view_of_its_table
CREATE TABLE _a (n int); CREATE VIEW _v AS SELECT * FROM _a;
CREATE POLICY p ON _a USING (n IN (SELECT n FROM _v))
=== rules
CREATE TABLE _a (n int); CREATE TABLE _b (n int);
CREATE RULE r AS ON INSERT TO _a DO ALSO INSERT INTO _b VALUES (NEW.n);
CREATE RULE r AS ON DELETE TO _b DO ALSO DELETE FROM _a; CREATE VIEW _v AS SELECT * FROM _a;
CREATE VIEW _w AS SELECT 1 AS n;
CREATE RULE r AS ON UPDATE TO _v DO INSTEAD INSERT INTO _w VALUES (1);
CREATE RULE r2 AS ON INSERT TO _w DO INSTEAD NOTHING
=== partitions
CREATE TABLE _k (id int PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE _k1 PARTITION OF _k FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE _p (i int REFERENCES _k, t text) PARTITION BY RANGE (i);
CREATE TABLE _1 PARTITION OF _p FOR VALUES FROM (0) TO (9) PARTITION BY LIST (t);
CREATE TABLE _2 PARTITION OF _1 DEFAULT; CREATE TABLE _3 PARTITION OF _p DEFAULT;
CREATE INDEX ON _1 (t); INSERT INTO _k VALUES (1), (77); INSERT INTO _p VALUES (1), (77);
CREATE TABLE _q (i int) PARTITION BY LIST (i);
CREATE FOREIGN TABLE _f PARTITION OF _q DEFAULT SERVER nowhere
=== partition_of_the_users
CREATE TABLE _u PARTITION OF users FOR VALUES FROM (0) TO (10); INSERT INTO users VALUES (5), (15)
=== foreign_tables
CREATE FOREIGN TABLE _a (n int NOT NULL) SERVER nowhere; CREATE VIEW _v AS SELECT * FROM _a;
CREATE TABLE _t (a _a); CREATE FOREIGN TABLE _b () INHERITS (_a) SERVER nowhere;
CREATE TABLE _c (x int) INHERITS (_a); CREATE FOREIGN TABLE _d () INHERITS (_c) SERVER nowhere
=== inheritance
CREATE TABLE _a (id serial); CREATE TABLE _b (t text);
CREATE TABLE _c (n int) INHERITS (_a, _b); CREATE TABLE _0 () INHERITS (_c);
INSERT INTO _0 (t) VALUES ('x')
=== sequences
CREATE SEQUENCE _s; CREATE TABLE _a (n int DEFAULT nextval('_s'));
CREATE TABLE _b (n int DEFAULT nextval('_s') + currval('_s'), id serial);
CREATE VIEW _v AS SELECT last_value, nextval('_b_id_seq') FROM _s;
CREATE TABLE _c (n int DEFAULT nextval('_b_id_seq'), i int GENERATED ALWAYS AS IDENTITY);
INSERT INTO _a DEFAULT VALUES; CREATE SEQUENCE counter MINVALUE 7 OWNED BY _c.n;
SELECT nextval('counter')
=== constraint_triggers
CREATE TABLE _a (n int); CREATE TABLE _b (n int); CREATE CONSTRAINT TRIGGER g
AFTER INSERT ON _a FROM _b FOR EACH ROW EXECUTE FUNCTION g()
=== uses
CREATE TABLE _a (d d DEFAULT 'x', e e, c c, l c[], n int DEFAULT f() CHECK (n < f(9)),
o int GENERATED ALWAYS AS (f(3)) STORED); CREATE TABLE _o OF c; CREATE INDEX ON _a (f(n));
CREATE TRIGGER g BEFORE INSERT ON _a FOR EACH ROW WHEN (NEW.n > f()) EXECUTE FUNCTION g();
CREATE VIEW _v AS SELECT f(n), v.x FROM _a, v; CREATE TABLE _r (t users_t);
CREATE POLICY p ON _a USING (n IN (SELECT x FROM users_t)); CREATE TABLE _i () INHERITS (users_t);
CREATE TABLE _k (x int REFERENCES users_t, y int DEFAULT nextval('users_s'))
=== odd
CREATE TABLE "_it's ""x"" %I" (n int); CREATE VIEW "_V %I" AS TABLE "_it's ""x"" %I";
CREATE TABLE "_%s" (v "_it's ""x"" %I"); CREATE SEQUENCE "_\\"; CREATE TABLE "_a, b" ();
CREATE MATERIALIZED VIEW "_$$" AS SELECT 1 AS "$$"; CREATE TABLE _ ()
''')
# The user's; made before the metamodel above.
USED = """
    SET LOCAL check_function_bodies = off;
    CREATE DOMAIN d AS text CHECK (VALUE <> ''); CREATE TYPE e AS ENUM ('a');
    CREATE TYPE c AS (n int); CREATE TYPE _composite AS (n int); CREATE DOMAIN _domain AS int;
    CREATE FUNCTION f(n int DEFAULT 1) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT n';
    CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE TABLE users_t (x int PRIMARY KEY); CREATE INDEX _users ON users_t (x);
    CREATE SEQUENCE users_s; CREATE VIEW v AS TABLE users_t;
    CREATE TABLE users (i int) PARTITION BY RANGE (i); CREATE TABLE part PARTITION OF users DEFAULT;
    CREATE FUNCTION mentions() RETURNS trigger LANGUAGE plpgsql AS
        'DECLARE m _models; BEGIN SELECT * INTO m FROM _models; RETURN NEW; END';
    CREATE FUNCTION counts() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM _models';
    CREATE TRIGGER mentions BEFORE INSERT ON users_t FOR EACH ROW EXECUTE FUNCTION mentions()"""


@pytest.fixture(scope="module")
def inside(server, tmp_path_factory):
    with make_site(server, tmp_path_factory.mktemp("inside"), {}) as site:
        site.db.sql(for_server("CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;\n"
                               "/*15*/ CREATE PUBLICATION everything FOR TABLES IN SCHEMA public\n"))
        for account in reversed(INSIDE):
            add_small(site.db, account, before=USED, sql=METAMODEL + "; " + INSIDE[account])
        site.program.run("save", "-q")
        site.before, site.rows = whole_dump(site.db), user_rows(site.db)
        damage(site.db, *INSIDE, sql="INSERT INTO _models (name) VALUES ('unsaved')")
        site.result = site.program.run("restore", "--json", check=False)
        site.after, site.rows_after = whole_dump(site.db), user_rows(site.db)
        yield site


@pytest.mark.slow
@pytest.mark.parametrize("account", INSIDE)
def test_a_metamodel_needs_no_cascade_whatever_depends_on_what_in_it(inside, account):
    assert errors_of(inside.result, account) == ""
    assert report_of(inside.result, account)["result"] == "restored"
    assert dump_by_hand(inside.db, account) == saved_dump(inside.tree, account)


def test_what_a_metamodel_uses_and_what_only_mentions_it_stays(inside):
    assert inside.rows == inside.rows_after
    check_same(inside.before, inside.after)
    assert inside.result.returncode == 0


# ---- accounts and each other ----

@pytest.fixture
def two(db, metamodel):
    """The database with the accounts a and b, and a save of it."""
    db.add_global()
    add_small(db, "a", "b", sql=METAMODEL, before="CREATE TABLE mine AS SELECT 'user row'")
    metamodel.run("save", "-q")
    return db


def test_another_accounts_metamodel_stands_in_the_way_when_it_is_not_restored_too(two, metamodel):
    two.sql("CREATE VIEW b._of_a AS SELECT * FROM a._models; "
            "ALTER TABLE b._models ADD a int REFERENCES a._models")
    metamodel.run("save", "-q")
    before = whole_dump(two)
    damage(two, "a", "b", sql="INSERT INTO _models (name) VALUES ('unsaved')")
    damaged = whole_dump(two)
    result = metamodel.run("restore", "a", expect=1)
    assert details(result, "a") == ["constraint _models_a_fkey on table b._models", "view b._of_a"]
    assert "(metamodel restore a b)" in errors_of(result, "a")
    check_same(damaged, whole_dump(two))
    metamodel.run("restore", "a", "b")
    check_same(before, whole_dump(two))


def test_what_depends_on_two_accounts_is_destroyed_once_and_fails_neither(two, metamodel):
    two.sql("CREATE VIEW public.v AS SELECT 1 FROM a._models, b._models, _global._accounts")
    damage(two, "a", "b", sql="DELETE FROM _models")
    result = metamodel.run("restore", "--cascade", "--json", "-j1")
    assert [entry["result"] for entry in result.report["accounts"]] == ["restored"] * 3
    assert report_of(result, "_global")["destroyed"] == ["view public.v"]
    for account in "ab":
        assert dump_by_hand(two, account) == saved_dump(metamodel.tree(), account)
    assert two.query("SELECT to_regclass('public.v')") == [(None,)]


def test_a_name_with_a_line_end_in_it_is_one_name(two, metamodel):
    two.sql('CREATE VIEW public."two\nlines" AS TABLE a._models')
    report = metamodel.run("restore", "--cascade", "--json", "a").report
    [name] = report["accounts"][0]["destroyed"]
    assert name.startswith('view public."two') and name.endswith('lines"')


@pytest.fixture
def tied(db, metamodel):
    """Eight accounts whose metamodel refers to _global's."""
    accounts = [f"a{number}" for number in range(8)]
    db.add_global()
    add_small(db, *accounts, sql="CREATE TABLE _models (owner int REFERENCES _global._accounts); "
              "CREATE VIEW _v AS SELECT * FROM _models JOIN _global._accounts ON id = owner")
    for account in accounts:
        db.sql(f"INSERT INTO {account}._models SELECT id FROM _global._accounts")
    metamodel.run("save", "-q")
    damage(db, *accounts, sql="DELETE FROM _models; DROP VIEW _v")
    return accounts


def test_accounts_that_refer_to_global_are_restored_side_by_side(db, metamodel, tied):
    metamodel.run("restore", "-j", "4", *tied)
    for account in tied:
        assert dump_by_hand(db, account) == saved_dump(metamodel.tree(), account)


def test_global_comes_back_with_what_accounts_have_of_it(db, metamodel, tied):
    """In one transaction, as they are tied to it."""
    db.sql("INSERT INTO _global._accounts (name) VALUES ('more')")
    result = metamodel.run("restore", "_global", expect=1)
    assert details(result, "_global") == [
        f"constraint _models_owner_fkey on table {account}._models" for account in tied]
    assert f"(metamodel restore _global {' '.join(tied)})" in errors_of(result, "_global")
    metamodel.run("restore", "-j", "4")
    for account in ["_global", *tied]:
        assert dump_by_hand(db, account) == saved_dump(metamodel.tree(), account)


# ---- --cascade ----

def test_cascade_may_stand_in_the_config_file(two, metamodel):
    two.sql("CREATE VIEW public.v AS SELECT * FROM a._models")
    (metamodel.cwd / "my.conf").write_text("[metamodel]\ncascade = yes\n")
    metamodel.run("restore", "-n", expect=3)
    metamodel.run("restore", "-c", "my.conf")
    assert two.query("SELECT to_regclass('public.v')") == [(None,)]


def test_cascade_leaves_an_account_alone_that_nothing_depends_on(two, metamodel):
    before, rows = whole_dump(two), user_rows(two)
    damage(two, "a", "b", sql="DELETE FROM _models")
    result = metamodel.run("restore", "--cascade", "--json")
    check_same(before, whole_dump(two))
    assert user_rows(two) == rows and "destroy" not in result.stderr
    assert [entry["destroyed"] for entry in result.report["accounts"]] == [[], [], []]


def test_what_a_failed_restore_would_have_destroyed_is_still_there(two, metamodel):
    two.sql("CREATE FUNCTION a.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
            "ALTER TABLE a._models ALTER id SET DEFAULT a.f()")
    metamodel.run("save", "-q")
    two.sql("ALTER TABLE a._models ALTER id DROP DEFAULT; DROP FUNCTION a.f(); "
            "CREATE FUNCTION a.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
            "CREATE TABLE a.t (m a._models); INSERT INTO a.t VALUES (ROW(1, 'x')); "
            "CREATE VIEW public.v AS TABLE a._models")
    before, rows = whole_dump(two), user_rows(two)
    result = metamodel.run("restore", "--cascade", "--json", expect=3)
    check_same(before, whole_dump(two))
    assert user_rows(two) == rows
    entry = report_of(result, "a")
    assert (entry["result"], entry["destroyed"]) == ("failed", [])
    assert "function a.f() does not exist" in entry["error"]


def test_a_users_table_that_began_with_an_underscore_keeps_its_sequence(two, metamodel):
    """Renamed, it is the user's, but the sequence it counts with still has its old name."""
    two.sql("CREATE TABLE a._was (id serial, n int GENERATED ALWAYS AS IDENTITY); "
            "ALTER TABLE a._was RENAME TO is_mine; INSERT INTO a.is_mine DEFAULT VALUES")
    before, rows = whole_dump(two), user_rows(two)
    result = metamodel.run("restore", expect=3)
    assert "default value for column id of table a.is_mine" in details(result, "a")
    check_same(before, whole_dump(two))
    assert user_rows(two) == rows


def test_what_vanishes_meanwhile_is_no_reason_to_fail(two, metamodel):
    two.sql("CREATE VIEW public.v AS TABLE a._models; CREATE VIEW public.w AS TABLE a._models")
    session = two.connect(autocommit=False)
    session.cursor().execute("LOCK TABLE a._models IN ACCESS SHARE MODE")
    running = metamodel.start("restore", "--cascade", "--lock-wait", "0", "a")
    wait_until_it_waits(two, running)
    session.cursor().execute("DROP VIEW public.v")
    session.commit()
    session.close()
    result = running.wait()
    assert result.returncode == 0, result
    assert two.query("SELECT to_regclass('public.w')") == [(None,)]
