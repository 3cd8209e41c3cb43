# SPDX-License-Identifier: PostgreSQL
"""`metamodel restore` of accounts whose metamodels are tied to each other: all of them come back in one
transaction, or none. And --cascade: what it announced goes, each object by itself, and nothing else."""

import random
import re
import uuid

import pytest
from support import errors_of, wait_for
from support_restore import check_same, damage, in_schema, whole_dump as dump_with_names
from support_save import (add_small, dump_by_hand as dump_by_hand_with_names,
                          saved_dump as saved_dump_with_names)


def without_names(dump):
    """PostgreSQL 18 names what is NOT NULL, and when it loads a dump of its own it gives a number to a name
    that is taken in the schema, say by a table that inherits: so those names are left out."""
    def without(*args):
        text = dump(*args)
        text = text if isinstance(text, str) else text.decode()
        return re.sub(r" CONSTRAINT \S+ NOT NULL", " NOT NULL", text)
    return without


whole_dump, dump_by_hand, saved_dump = map(
    without_names, (dump_with_names, dump_by_hand_with_names, saved_dump_with_names))

BASE = """CREATE TABLE _log (id serial PRIMARY KEY, t text); INSERT INTO _log (t) VALUES ('{0} one');
CREATE TABLE _roles (name text PRIMARY KEY); INSERT INTO _roles VALUES ('Admin');
CREATE VIEW _names AS SELECT name FROM _roles"""

# What of a is tied to b.
TIES = {
    "inherits": "ALTER TABLE a._log INHERIT b._log",
    "child": "CREATE TABLE a._child () INHERITS (b._log); INSERT INTO a._child (t) VALUES ('kept')",
    "view": "CREATE VIEW a._v AS SELECT * FROM b._roles",
    "matview": "CREATE MATERIALIZED VIEW a._m AS SELECT * FROM b._roles",
    "view on a view": "CREATE VIEW a._v AS SELECT * FROM b._names",
    "foreign key": "ALTER TABLE a._roles ADD FOREIGN KEY (name) REFERENCES b._roles",
    "row type": "CREATE TABLE a._r (n int, l b._log); INSERT INTO a._r VALUES (1, ROW(5, 'five'))",
    "row type of a view": "CREATE TABLE a._r (l b._names[])",
    "sequence": "CREATE TABLE a._s (n int DEFAULT nextval('b._log_id_seq'))",
    "rule": "CREATE RULE r AS ON DELETE TO a._roles DO ALSO DELETE FROM b._roles WHERE false",
    "policy": "CREATE POLICY p ON a._roles USING (name IN (SELECT name FROM b._roles))",
    "partition": "CREATE TABLE b._p (i int) PARTITION BY LIST (i); CREATE TABLE a._p PARTITION OF b._p "
                 "DEFAULT; INSERT INTO b._p VALUES (1), (2)",
}


@pytest.fixture
def two(db, metamodel):
    db.add_global()
    for account in "ab":
        add_small(db, account, sql=BASE.format(account))
    return db


def check_saved(db, metamodel, *accounts):
    for account in accounts:
        assert dump_by_hand(db, account) == saved_dump(metamodel.tree(), account), account


@pytest.mark.slow
@pytest.mark.parametrize("args", [(), ("--cascade",), ("-j4",)])
def test_accounts_that_are_tied_in_many_ways_come_back_together(two, metamodel, args):
    """Each in two accounts of its own, one run."""
    accounts = []
    for number, (_, sql) in enumerate(TIES.items()):
        a, b = f"a{number}", f"b{number}"
        for account in (a, b):
            add_small(two, account, sql=BASE.format(account))
            accounts.append(account)
        two.sql(re.sub(r"\b([ab])\._", lambda m: f"{m[1]}{number}._", sql))
    metamodel.run("save", "-q")
    damage(two, *accounts, sql="INSERT INTO _log (id, t) VALUES (77, 'unsaved')")
    result = metamodel.run("restore", *args)
    check_saved(two, metamodel, "_global", *accounts)
    assert "destroy" not in result.stderr
    assert len(re.findall("depend on each other", result.stderr)) == len(TIES)
    # and into a database in which there is nothing of them
    for account in accounts:
        two.sql(f"DROP SCHEMA {account} CASCADE")
    metamodel.run("restore", *args)
    check_saved(two, metamodel, "_global", *accounts)


@pytest.mark.parametrize("tie", ["child", "view", "foreign key"])
def test_cascade_destroys_nothing_that_it_restored_a_moment_before(two, metamodel, tie):
    two.sql(TIES[tie])
    metamodel.run("save", "-q")
    before = whole_dump(two)
    for args in ((), ("--cascade",)):
        damage(two, "a", "b", sql="INSERT INTO _log (id, t) VALUES (77, 'unsaved')")
        result = metamodel.run("restore", *args)
        assert "Restored 3 accounts" in result.stderr and "destroy" not in result.stderr
        check_same(before, whole_dump(two))


def test_of_a_unit_that_fails_every_account_is_as_before_and_named(two, metamodel):
    two.sql("CREATE FUNCTION a.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
            "ALTER TABLE a._log ADD n int DEFAULT a.f(); CREATE VIEW a._v AS SELECT * FROM b._roles")
    add_small(two, "c", sql=BASE.format("c"))
    metamodel.run("save", "-q")
    two.sql("ALTER TABLE a._log DROP n; DROP FUNCTION a.f(); "
            "CREATE FUNCTION a.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    damage(two, "a", "b", "c", sql="INSERT INTO _log (id, t) VALUES (77, 'unsaved')")
    before = [dump_by_hand(two, account) for account in "ab"]
    result = metamodel.run("restore", "--json", expect=3)
    assert [dump_by_hand(two, account) for account in "ab"] == before
    check_saved(two, metamodel, "c")
    assert {e["account"]: e["result"] for e in result.report["accounts"]} == {
        "_global": "restored", "a": "failed", "b": "failed", "c": "restored"}
    assert result.stderr.splitlines()[-1].endswith("Failed: a, b.")
    assert "function a.f() does not exist" in result.stderr


def test_a_bad_dump_of_one_keeps_all_of_its_unit(two, metamodel):
    two.sql("CREATE VIEW a._v AS SELECT * FROM b._roles")
    metamodel.run("save", "-q")
    (metamodel.cwd / "metamodel/b.sql").write_text("")
    damage(two, "a", "b", sql="INSERT INTO _log (id, t) VALUES (77, 'unsaved')")
    before = [dump_by_hand(two, account) for account in "ab"]
    result = metamodel.run("restore", expect=3)
    assert "it is restored together with account b or not at all" in errors_of(result, "a")
    assert [dump_by_hand(two, account) for account in "ab"] == before


@pytest.mark.parametrize("tie", TIES)
def test_with_one_of_two_alone_the_hint_is_true(two, metamodel, tie):
    two.sql(TIES[tie])
    metamodel.run("save", "-q")
    before = whole_dump(two)
    result = metamodel.run("restore", "b", check=False)
    if result.returncode:
        hint = re.search(r"\(metamodel (restore b a)\)", errors_of(result, "b"))
        assert hint, result
        check_same(before, whole_dump(two))
        damage(two, "b", sql="INSERT INTO _log (id, t) VALUES (77, 'unsaved')")
        metamodel.run(*hint[1].split())
    check_same(before, whole_dump(two))


def test_accounts_that_need_each_other_in_a_circle_fail_with_that_reason_or_come_back(two, metamodel):
    two.sql("ALTER TABLE a._roles ADD FOREIGN KEY (name) REFERENCES b._roles; "
            "ALTER TABLE b._log ADD r text REFERENCES a._roles")
    metamodel.run("save", "-q")
    before = whole_dump(two)
    result = metamodel.run("restore", check=False)
    if result.returncode:
        assert "depend on each other in a cycle" in result.stderr
    check_same(before, whole_dump(two))


# ---- --cascade: nothing but what was announced ----

COMES = {
    "a view on a view": ("CREATE VIEW public.late AS SELECT * FROM a._names", "a._names"),
    "a column of a view's row type":
        ("CREATE VIEW public.late AS SELECT ROW('x')::a._names AS n FROM a._names", "a._names"),
}


@pytest.mark.parametrize("what", COMES)
def test_what_comes_to_depend_on_a_view_meanwhile_stops_it_and_is_named(two, metamodel, what):
    """Nobody sees it before it is committed, and the lock of a table does not keep it out."""
    sql, _ = COMES[what]
    two.sql("CREATE VIEW public.announced AS SELECT * FROM a._names")
    metamodel.run("save", "-q")
    session = two.connect(autocommit=False)
    session.cursor().execute(sql)
    running = metamodel.start("restore", "a", "--cascade", "--lock-wait", "60")
    wait_for(two.waiting)
    session.commit()
    session.close()
    result = running.wait(30)
    assert result.returncode == 1 and "public.late" in errors_of(result, "a"), result
    assert two.query("SELECT count(*) FROM public.late, public.announced") == [(1,)]


def test_a_users_column_that_comes_meanwhile_is_not_destroyed(two, metamodel):
    two.sql("CREATE TABLE a.mine (n int); INSERT INTO a.mine VALUES (1)")
    metamodel.run("save", "-q")
    session = two.connect(autocommit=False)
    session.cursor().execute("LOCK TABLE a._log IN ACCESS SHARE MODE; "
                             "ALTER TABLE a.mine ADD l a._log; UPDATE a.mine SET l = ROW(1, 'kept')")
    running = metamodel.start("restore", "a", "--cascade", "--lock-wait", "60")
    wait_for(two.waiting)
    session.commit()
    session.close()
    result = running.wait(30)
    assert result.returncode == 1, result
    assert "column l of table a.mine has come to depend" in errors_of(result, "a")
    assert two.query("SELECT (l).t FROM a.mine") == [("kept",)]


def test_what_is_somebody_elses_is_not_destroyed_by_an_owner_with_cascade(two, metamodel, request):
    """Who may not drop it by itself may not do so through the table."""
    role = f"owner_{uuid.uuid4().hex[:12]}"
    two.sql(f"CREATE ROLE {role} LOGIN; ALTER SCHEMA a OWNER TO {role}; "
            f"GRANT USAGE ON SCHEMA _global TO {role}; "
            f"GRANT SELECT ON ALL TABLES IN SCHEMA _global TO {role}; " + "".join(
                f"ALTER TABLE a.{name} OWNER TO {role}; " for name, in two.query(
                    "SELECT relname FROM pg_class WHERE relnamespace = 'a'::regnamespace AND "
                    "relkind IN ('r', 'v')")))
    request.addfinalizer(lambda: two.sql(f"REASSIGN OWNED BY {role} TO postgres; "
                                         f"DROP OWNED BY {role}; DROP ROLE {role}"))
    metamodel.run("save", "-q")
    two.sql("CREATE VIEW public.v AS SELECT * FROM a._roles")
    result = metamodel.run("restore", "-U", role, "--cascade", "a", expect=1)
    assert "must be owner of view v" in errors_of(result, "a"), result
    assert "the account is as it was before" in errors_of(result, "a")
    assert two.query("SELECT count(*) FROM public.v") == [(1,)]


# ---- at random ----

def tie_at_random(rng, accounts, number):
    """One that has no circle: an account is tied to those before it."""
    place = rng.randrange(1, len(accounts))
    one, other = accounts[place], rng.choice(accounts[:place])
    return rng.choice([
        f"CREATE VIEW {one}._v{number} AS SELECT * FROM {other}._roles",
        f"CREATE VIEW {one}._w{number} AS SELECT * FROM {other}._names",
        f"CREATE TABLE {one}._c{number} (x int) INHERITS ({other}._log); "
        f"INSERT INTO {one}._c{number} (t, x) VALUES ('row {number}', {number})",
        f"ALTER TABLE {one}._log ADD f{number} text DEFAULT 'Admin' REFERENCES {other}._roles",
        f"CREATE TABLE {one}._t{number} (l {other}._log); "
        f"INSERT INTO {one}._t{number} SELECT l FROM {other}._log l",
    ])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_accounts_tied_at_random_come_back_whole_or_stay_as_they_are(db, metamodel, seed):
    rng = random.Random(seed)
    accounts = [f"t{number}" for number in range(rng.randrange(3, 6))]
    rng.shuffle(accounts)
    db.add_global()
    for account in sorted(accounts):
        add_small(db, account, sql=BASE.format(account))
    for number in range(rng.randrange(2, 7)):
        db.sql(tie_at_random(rng, accounts, number))
    if seed % 2:
        db.sql(in_schema(accounts[0], "CREATE VIEW mine AS SELECT * FROM _names"))
    metamodel.run("save", "-q")
    before = whole_dump(db)
    for step in range(4):
        chosen = accounts if step % 2 else rng.sample(accounts, rng.randrange(1, len(accounts)))
        args = ["--cascade"] if rng.random() < 0.5 and not seed % 2 else []
        if args and len(chosen) < len(accounts):
            args = []  # what it destroys then is announced, and is the others'
        damage(db, *accounts, sql="INSERT INTO _log (id, t) VALUES (77, 'unsaved')")
        damaged = {account: dump_by_hand(db, account) for account in accounts}
        result = metamodel.run("restore", "--json", *args, *chosen, check=False)
        for entry in result.report["accounts"]:
            account = entry["account"]
            if account not in accounts:
                continue
            now = dump_by_hand(db, account)
            if entry["result"] == "restored":
                assert now == saved_dump(metamodel.tree(), account), (account, result)
            else:
                assert now == damaged[account], (account, result)
        for account in set(accounts) - set(chosen):
            assert dump_by_hand(db, account) == damaged[account]
        db.sql("".join(f"DELETE FROM ONLY {account}._log WHERE id = 77;" for account in accounts))
    if not seed % 2:
        assert result.returncode == 0
        check_same(before, whole_dump(db))
