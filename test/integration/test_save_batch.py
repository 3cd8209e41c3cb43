# SPDX-License-Identifier: PostgreSQL
"""`metamodel save --batch`: many accounts by one pg_dump are what each would be by its own."""

import contextlib
import os
import re
import signal
import subprocess
import time
import uuid
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import (ROOT, Database, Metamodel, Server, Tree, errors_of, literal, pg_bindir, quote, read_all,
                     read_sql, server_major, wait_for)
from support_save import (CORPUS, NONSTANDARD, ODD, RESTRICT, SIGNALS, Script, add_small, add_small_global,
                          check_stopped, encoded, opened_and_synced, picture, verify, wait_until_blocked)

KIND_ROLES = {"owner": "batch's; owner", "odd": 'batch "odd"\n\\restrict x'}
ROLES = [*KIND_ROLES.values(), "user", "Mixed Case", "select", "between", "authorization", "owner"]
# Names that look like what pg_dump writes, or that the server shortens.
TRAPS = ["victim2", "x; Type: TABLE; Schema: victim; Owner: -", "victim", "\\restrict abc", "\\unrestrict abc",
         "-- PostgreSQL database dump complete", "x\n--\n-- PostgreSQL database dump complete\n--\n",
         "n" * 63, "table", "select", "values", "left", "of", "Ünï", "a'); --", ")|(", "_a"]
AWKWARD = r"""
CREATE TABLE {0} (t text DEFAULT {1}, n serial); INSERT INTO {0} VALUES ({1}); COMMENT ON TABLE {0} IS {1};
CREATE VIEW {2} AS SELECT * FROM {0}; COMMENT ON COLUMN {0}.n IS {1}; CREATE INDEX ON {0} (t);
ALTER TABLE {0} ADD CONSTRAINT {2} CHECK (t <> {1}) NOT VALID, OWNER TO {3}; GRANT SELECT ON {2} TO {3}
"""


# Byte equality

def add_kinds(db, tablespace):
    db.sql(read_sql("kinds-shared"))
    for account in "kinds", 'more "kinds"':
        db.sql(read_sql("kinds", schema=account, tablespace=tablespace, **KIND_ROLES) +
               read_sql("register", schema=account))
    db.sql(read_sql("kinds-between", schema='more "kinds"', other="kinds", ticket="kinds.tickets"))


def add_awkward(db, names):
    """In each account tables that are called as the accounts are, with the names in their rows, too."""
    tables = ["_" + name for name in [*ODD, *TRAPS] if len(name.encode()) < 60]
    for number, name in enumerate(names):
        add_small(db, name, sql=";".join(
            AWKWARD.format(quote(table), literal(name + table), quote(table + "_v"),
                           quote(ROLES[i % len(ROLES)]))
            for i, table in enumerate(tables[number % 3::3])))


def save_both_ways(db, cwd, together="--batch=1000", *accounts):
    """Two saves of the database: SimpleNamespace(one, many), each with `tree` and `errors`."""
    binary = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
    program = Metamodel(binary, cwd, db.server, db.name)

    def save(name, *options):
        result = program.run("save", "-v", "--json", "-D", name, *options, check=False)
        assert result.returncode in [0, 3], result
        errors = {a["account"]: a["error"] for a in result.report["accounts"] if a["error"]}
        program.run("verify", name)
        return SimpleNamespace(tree=program.tree(name), errors=errors, said=result.stderr)

    return SimpleNamespace(db=db, one=save("one", "--batch=1", *accounts),
                           many=save("many", together, *accounts))


def postgres_program(program, db, *args):
    return subprocess.run([pg_bindir() / program, *(["-h", db.server.host, "-U", db.server.user]
                                                    if program != "pg_restore" else []), *args],
                          stdout=subprocess.PIPE, check=True).stdout


def plain(save, account):
    return RESTRICT.sub(b"", save.tree.file(account).read_bytes())


def check_equal(saves):
    """The same accounts have the same files, or fail in the same words."""
    assert saves.many.errors == saves.one.errors
    assert saves.many.tree.accounts() == saves.one.tree.accounts()
    differing = [account for account in saves.one.tree.accounts()
                 if plain(saves.one, account) != plain(saves.many, account)]
    assert differing == []


@pytest.fixture(scope="module")
def roles(server):
    for role in ROLES:
        server.sql(f"CREATE ROLE {quote(role)}")
    yield
    for role in ROLES:
        server.sql(f"DROP ROLE {quote(role)}")


@pytest.fixture(scope="module")
def tablespace(server):
    directory = Path(server.host) / "tablespace"
    directory.mkdir()
    os.chown(directory, Path(server.host).stat().st_uid, -1)
    name = "Disk's; 2"
    server.sql(f"CREATE TABLESPACE {quote(name)} LOCATION {literal(str(directory))}")
    yield name
    server.sql(f"DROP TABLESPACE {quote(name)}")


@contextlib.contextmanager
def database_of_its_own(server, strings="on"):
    name = f"batch_{uuid.uuid4().hex[:12]}"
    server.sql(f"CREATE DATABASE {name}")
    server.sql(f"ALTER DATABASE {name} SET standard_conforming_strings = {strings}")
    db = Database(server, name)
    db.sql("SET standard_conforming_strings = on")
    try:
        db.add_global()
        yield db
    finally:
        db.close()
        server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def kinds(server, roles, tablespace, tmp_path_factory):
    """Everything that there is, saved one by one and together."""
    server.sql('CREATE ROLE "odd\'; role"')  # which CORPUS uses
    with database_of_its_own(server) as db:
        add_kinds(db, tablespace)
        for account, (before, sql) in CORPUS.items():
            add_small(db, account, before=before, sql=sql)
        add_awkward(db, [*(name for name in ODD if name not in CORPUS), *TRAPS])
        yield save_both_ways(db, tmp_path_factory.mktemp("kinds"))
    server.sql('DROP ROLE "odd\'; role"')


def alone(save):
    """Accounts that have been dumped by a pg_dump of their own."""
    patterns = re.findall(r"""pg_dump .* '?--table="(.*)"\._\*""", save.said)
    return sorted(pattern.replace('""', '"').replace("'\\''", "'") for pattern in patterns)


@pytest.mark.slow
def test_each_file_of_a_batch_is_what_its_account_alone_gives(kinds):
    check_equal(kinds)
    assert b"_stats(" not in plain(kinds.many, "kinds")
    assert len(alone(kinds.one)) == len(kinds.one.tree.accounts())
    assert alone(kinds.many) == []
    assert kinds.many.errors == {}


@pytest.mark.slow
def test_each_file_of_a_batch_is_what_pg_restore_makes_of_an_archive_of_all(kinds, tmp_path):
    accounts = kinds.many.tree.accounts()
    archive = tmp_path / "archive"
    pattern = "|".join(map(quote, accounts))
    postgres_program("pg_dump", kinds.db, "-Fc", "-f", archive, "-t", f"({pattern})._*",
                     "-d", kinds.db.name)
    differing = [account for account in accounts if plain(kinds.many, account) != RESTRICT.sub(
        b"", postgres_program("pg_restore", kinds.db, "-n", account, "-f", "-", archive))]
    assert differing == []


def test_each_file_has_a_key_of_its_own(kinds):
    files = [kinds.many.tree.file(account).read_bytes() for account in kinds.many.tree.accounts()]
    keys = [re.findall(rb"^\\(?:un)?restrict (\w+)$", text, re.M) for text in files]
    if not any(keys):
        pytest.skip("this pg_dump writes none")
    assert all(first == last and len(first) == 63 for first, last in keys)
    assert len({first for first, last in keys}) == len(files)


def test_under_other_string_rules_a_batch_gives_the_same_files(server, roles, tmp_path):
    with database_of_its_own(server, strings="off") as db:
        for account in NONSTANDARD:
            add_small(db, account, before=CORPUS[account][0], sql=CORPUS[account][1])
        saves = save_both_ways(db, tmp_path)
        check_equal(saves)
        assert b"escape_string_warning" in plain(saves.many, "data") and alone(saves.many) == []


# Accounts a, b and c that have to do with each other, and which of them are then for a pg_dump of their own: one
# since that would sort it in another way, and another one if it is left alone by that.
KEY = "CREATE TABLE a._t (id int PRIMARY KEY, x int);"
FUNCTION = KEY + "CREATE FUNCTION b.f() RETURNS int BEGIN ATOMIC SELECT x FROM a._t GROUP BY id; END;"
TIES = {
    "a view that groups by another's key": (KEY + "CREATE VIEW b._v AS SELECT id, x FROM a._t GROUP "
        "BY id; CREATE VIEW c._v AS SELECT * FROM b._v", "a"),
    "a view that groups by its own key": (KEY + "CREATE VIEW a._v AS SELECT id, x FROM a._t GROUP BY id;"
        "CREATE VIEW b._v AS SELECT * FROM a._v; CREATE VIEW a._w AS SELECT * FROM b._v", ""),
    "the same by way of a function": (FUNCTION + "CREATE VIEW c._v AS SELECT b.f() AS x", "ac"),
    "a materialized view of such a function": (FUNCTION + "CREATE MATERIALIZED VIEW b._m AS SELECT b.f() "
        "AS x; CREATE TABLE b._w (x int)", "ab"),
    "a default by way of a function": ("CREATE TABLE a._z (x int); CREATE FUNCTION b.f() RETURNS int BEGIN "
        "ATOMIC SELECT x FROM a._z; END; CREATE TABLE b._b (x int DEFAULT b.f()); "
        "CREATE VIEW a._a AS TABLE b._b", "ab"),
    "a function of others that reads nothing": ("CREATE FUNCTION a.f() RETURNS int LANGUAGE sql AS 'SELECT "
        "1'; CREATE TABLE b._t (x int DEFAULT a.f()); CREATE VIEW c._v AS SELECT *, a.f() FROM b._t", ""),
    "a rule and a policy with others' keys": (KEY + "CREATE RULE r AS ON INSERT TO b._models DO ALSO INSERT "
        "INTO a._t VALUES (1) ON CONFLICT ON CONSTRAINT _t_pkey DO NOTHING; CREATE POLICY p ON c._models "
        "USING (id IN (SELECT x FROM a._t GROUP BY id))", "a"),
    "foreign keys in a circle": (KEY + "CREATE TABLE b._t (id int PRIMARY KEY REFERENCES a._t); ALTER TABLE "
        "a._t ADD FOREIGN KEY (x) REFERENCES b._t", ""),
    "views in a circle": ("CREATE VIEW a._v AS SELECT 1 AS x; CREATE VIEW b._v AS TABLE a._v; CREATE OR "
        "REPLACE VIEW a._v AS TABLE b._v; CREATE VIEW c._v AS TABLE a._v", ""),
    "materialized views of each other": ("CREATE MATERIALIZED VIEW a._m AS SELECT 1 AS x; CREATE MATERIALIZED "
        "VIEW b._a AS TABLE a._m; CREATE MATERIALIZED VIEW a._a AS TABLE b._a", "ab"),
    "others' sequences": ("CREATE SEQUENCE a._s; CREATE TABLE b._a (x int DEFAULT nextval('a._s'))", "ab"),
    "inheritance": ("CREATE TABLE a._m (x int DEFAULT 1, CHECK (x > 0)); CREATE TABLE b._c (y int) INHERITS "
        "(a._m); CREATE TABLE a._a (z int) INHERITS (b._c)", "ab"),
    "others' partitions": ("CREATE TABLE a._p (x int PRIMARY KEY) PARTITION BY LIST (x); CREATE TABLE b._c "
        "PARTITION OF a._p DEFAULT; CREATE INDEX ON a._p ((x + 1))", "ab"),
    "others' rows as a type": ("CREATE TABLE b._t (y a._models); CREATE TABLE a._a (z b._t)", "ab"),
    "others' operators, types and triggers": ("CREATE FUNCTION b.eq(int, int) RETURNS bool IMMUTABLE LANGUAGE "
        "sql AS 'SELECT true'; CREATE OPERATOR b.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = b.eq); "
        "CREATE VIEW a._v AS SELECT 1 OPERATOR(b.===) 2 AS x; CREATE TYPE b.r AS RANGE (subtype = int); CREATE "
        "TABLE a._r (x b.r, EXCLUDE USING gist (x WITH &&)); CREATE FUNCTION b.t() RETURNS trigger LANGUAGE "
        "plpgsql AS 'BEGIN END'; CREATE TRIGGER t BEFORE INSERT ON c._models EXECUTE FUNCTION b.t(); CREATE STATISTICS "
        "c._s ON id, (id + 1) FROM a._models", ""),
}
if server_major() >= 17:  # which write it with a statement of its own
    TIES["a partitioned table's own way of storage"] = (
        "CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE a._p (x int) PARTITION BY "
        "LIST (x) USING heap2; CREATE TABLE a._c PARTITION OF a._p DEFAULT; CREATE TABLE b._p (x int) USING heap2", "a")
if server_major() < 14:  # which know neither bodies of functions nor statistics of expressions
    TIES = {name: tie for name, tie in TIES.items() if not re.search(r"ATOMIC|\(id \+ 1\)", tie[0])}


@pytest.mark.slow
def test_accounts_that_depend_on_each_other_have_the_files_of_each_alone(server, tmp_path):
    names, expected = [], []
    with database_of_its_own(server) as db:
        for number, (sql, aside) in enumerate(TIES.values()):
            here = [f"t{number:02}{letter}" for letter in "abc"]
            add_small(db, *here)
            db.sql(re.sub(r"\b([abc])\.", rf"t{number:02}\1.", sql))
            names += here
            expected += [f"t{number:02}{letter}" for letter in aside]
        saves = save_both_ways(db, tmp_path, "--batch=3", *names)  # the three are one batch
        check_equal(saves)
        assert saves.many.errors == {} and alone(saves.many) == expected


def test_one_that_has_to_do_with_many_costs_them_no_more_than_one_pg_dump(server, tmp_path):
    """Many look at `hub`, many have tables that inherit from one of its, and `every` groups by many's keys."""
    views, children, keys = ([f"{letter}{i}" for i in range(8)] for letter in "vck")
    with database_of_its_own(server) as db:
        add_small(db, "hub", "every", "apart", *views, *children, *keys)
        db.sql("; ".join(
            [f"CREATE VIEW {name}._v AS TABLE hub._models" for name in views] +
            [f"CREATE TABLE {name}._c () INHERITS (hub._models)" for name in children] +
            [f"CREATE TABLE {name}._k (id int PRIMARY KEY, x int)" for name in keys]))
        db.sql("CREATE VIEW every._v AS " + " UNION ALL ".join(
            f"SELECT id, x FROM {name}._k GROUP BY id" for name in keys))
        saves = save_both_ways(db, tmp_path, "--batch=100")
        check_equal(saves)
        assert saves.many.errors == {} and alone(saves.many) == ["every", "hub"]
        assert saves.many.said.count("--format=custom") == 2


# What goes wrong in the middle of a batch

ALL = ["_global", "a", "b", "c"]
TOGETHER = "--batch=1000"


@pytest.fixture
def accounts(db, leftover_processes):
    """Three small ones; b has more rows than a pipe holds."""
    add_small_global(db, "a", "b", "c", sql="CREATE TABLE _models (id integer, note text)")
    db.sql("INSERT INTO a._models VALUES (1, 'from a'), (2, ''); INSERT INTO b._models SELECT i, "
           "repeat('b', 100) FROM generate_series(1, 20000) i; INSERT INTO c._models VALUES (1)")


@pytest.fixture
def before(accounts, metamodel):
    """picture() of a directory with a save in it."""
    metamodel.run("save", "-q", "--batch=1")
    return picture(metamodel.cwd)


@pytest.fixture
def archiver(metamodel, tmp_path_factory):
    """archiver(SHELL): from here on a pg_dump that is to write an archive is this, with the real one
    as $real and a directory of its own as $here. Others are the real one."""
    def make(shell):
        here = tmp_path_factory.mktemp("archiver")
        Script(metamodel, here / "bin", f"here={here}\ncase \" $* \" in *' --format=custom '*) "
               f'echo "$*" >>{here}/calls; {shell};; *) exec "$real" "$@";; esac')
        return here

    return make


def check_all_saved(metamodel, before):
    """Nothing has changed in the database since: the files are those that were made one by one."""
    tree = metamodel.tree()
    assert (tree.accounts(), tree.stale()) == (ALL, [])
    for account in ALL:
        assert RESTRICT.sub(b"", tree.file(account).read_bytes()) == RESTRICT.sub(
            b"", before[f"metamodel/{tree.file(account).name}"])
    verify(metamodel)


# What becomes of every archive, and what is said of it.
BAD_ARCHIVES = {
    "killed at once": ('kill -9 $$', "killed by signal 9"),
    "killed in mid-stream": ('"$real" "$@" | head -c 500000; kill -9 $$', "killed by signal 9"),
    "a failure behind all data": ('"$real" "$@"; exit 1', "exited with status 1"),
    "nothing": ('exit 0', "it ends too early"),
    "cut in the table of contents": ('"$real" "$@" | head -c 3000', r"entry \d+ of \d+: it ends too early"),
    "cut in the data": ('"$real" "$@" | head -c 100000', "it ends too early"),
    "without its last byte": ('"$real" "$@" | head -c -1', "it ends too early"),
    "one byte more": ('("$real" "$@"; printf x) | cat', "damaged at byte"),
    "damaged integers": ('"$real" "$@" | LC_ALL=C tr "\\001" "\\002"', "damaged|unknown kind of archive"),
    "a tar": ('exec "$real" "$@" --format=tar', "does not begin with PGDMP"),
    "plain SQL": ('exec "$real" "$@" --format=plain', "does not begin with PGDMP"),
    "compressed": ('exec "$real" "$@" --compress=5', "it is compressed"),
}


@pytest.mark.slow
def test_whatever_the_archive_is_like_everything_is_saved(before, metamodel, archiver):
    for shell, words in BAD_ARCHIVES.values():
        archiver(shell)
        result = metamodel.run("save", "-v", TOGETHER)
        assert re.search(rf"\[a batch of 4, _global to c\] trying again in halves: .*({words})",
                         result.stderr), result
        check_all_saved(metamodel, before)


def test_what_cannot_be_split_or_is_no_good_dump_is_left_to_pg_dump(before, metamodel, archiver):
    for change, expected in {"s/TABLE DATA/TABLE DATE/": 4, "s/COPY b/COPX b/": 1,
                             "s/CREATE TABLE a/CREATE TABLE c/": 1,
                             "s/CREATE TABLE a._models/drop   table a._models/": 1}.items():
        archiver(f'"$real" "$@" | LC_ALL=C sed "{change}"')
        assert children(metamodel.run("save", "-v", TOGETHER).stderr) == (expected, 1), change
        check_all_saved(metamodel, before)


def test_a_pg_dump_that_is_killed_in_mid_stream_costs_only_the_time(before, metamodel, archiver):
    here = archiver(f'[ -e $here/once ] && exec "$real" "$@"; touch $here/once; '
                    f'{BAD_ARCHIVES["killed in mid-stream"][0]}')
    result = metamodel.run("save", "-v", TOGETHER)
    assert "pg_dump was killed by signal 9" in result.stderr
    assert len((here / "calls").read_text().splitlines()) == 3  # the whole, and two halves
    check_all_saved(metamodel, before)


def test_an_unknown_version_is_said_once_and_each_account_has_a_child_of_its_own(
        before, metamodel, archiver):
    for batch, calls in ("--batch=2", 2), (TOGETHER, 1):
        here = archiver('"$real" "$@" | /usr/bin/python3 -ISc "import sys; b = bytearray('
                        'sys.stdin.buffer.read()); b[6] = 99; sys.stdout.buffer.write(b)"')
        result = metamodel.run("save", batch, "-j1")
        warnings = [line for line in result.stderr.splitlines() if "warning" in line]
        assert len(warnings) == 1 and "version 1.99" in warnings[0] and "of its own" in warnings[0]
        assert len((here / "calls").read_text().splitlines()) == calls
        check_all_saved(metamodel, before)


@contextlib.contextmanager
def without_right(db, metamodel, sql):
    """The program is a role that may read everything, but for what SQL takes away."""
    role = f"role_of_{db.name}"
    db.sql(f"CREATE ROLE {role} LOGIN; {read_all(role)}; GRANT USAGE ON SCHEMA "
           f"_global TO {role}; {sql}")
    metamodel.env["PGUSER"] = role
    yield
    db.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


BAD_ACCOUNTS = {
    "a row policy": (lambda db, metamodel: without_right(
        db, metamodel, "ALTER TABLE b._models ENABLE ROW LEVEL SECURITY"), "row-level security"),
    "a lock": (lambda db, metamodel: db.locked("b._models"), "LOCK TABLE"),
    "a lost file": (lambda db, metamodel: contextlib.nullcontext(db.sql(
        "UPDATE pg_class SET relfilenode = 1 WHERE oid = 'b._models'::regclass")), "could not open"),
}


@pytest.mark.parametrize("kind", BAD_ACCOUNTS)
def test_a_bad_account_in_a_batch_costs_only_itself(before, db, metamodel, kind):
    make_bad, words = BAD_ACCOUNTS[kind]
    with make_bad(db, metamodel):
        result = metamodel.run("save", TOGETHER, "--lock-wait", "1", expect=3)
    assert "[b dump]" in result.stderr and words in result.stderr
    assert result.stderr.count("metamodel: error:") == 1, result
    assert "Failed: b (its last dump is kept)." in result.stderr
    assert metamodel.tree().accounts() == ALL and metamodel.tree().stale() == ["b"]
    verify(metamodel)


def test_an_account_that_may_not_be_read_costs_only_itself(accounts, db, metamodel):
    role = f"role_of_{db.name}"
    db.sql(f"CREATE ROLE {role} LOGIN")
    for schema in ALL:
        db.sql(f"GRANT USAGE ON SCHEMA {schema} TO {role}; "
               f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}; "
               f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}")
    db.sql(f"REVOKE SELECT ON b._models FROM {role}")
    result = metamodel.run("save", TOGETHER, env={"PGUSER": role}, expect=3)
    db.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert "[b dump]" in result.stderr and "permission denied for table _models" in result.stderr
    assert metamodel.tree().accounts() == ["_global", "a", "c"]


def test_what_is_tried_again_is_of_the_same_moment(before, db, metamodel):
    """A row goes from a to c while a batch waits for a lock in b."""
    with db.locked("b._models"):
        running = metamodel.start("save", TOGETHER, "--lock-wait", "1")
        wait_until_blocked(db)
        db.sql("WITH gone AS (DELETE FROM a._models WHERE id = 1 RETURNING *) "
               "INSERT INTO c._models SELECT * FROM gone")
        assert running.wait().returncode == 3
    assert "from a" in metamodel.tree().text("a") and "from a" not in metamodel.tree().text("c")
    assert metamodel.tree().stale() == ["b"]


def test_a_table_emptied_behind_the_snapshots_back_fails_only_its_account(before, db, metamodel):
    with db.locked("_global._general"):
        running = metamodel.start("save", TOGETHER, "--lock-wait", "0")
        wait_until_blocked(db)
        db.sql("CREATE TABLE b.spare (LIKE b._models); DROP TABLE b._models; "
               "ALTER TABLE b.spare RENAME TO _models")
    result = running.wait()
    assert result.returncode == 3 and "Failed: b (its last dump is kept)." in result.stderr, result
    assert metamodel.tree().stale() == ["b"]


# Signals

SLOW = '"$real" "$@" | (head -c 200000; touch $here/began; sleep 60)'


@pytest.mark.parametrize("signum", SIGNALS)
class TestSignals:
    def test_while_a_batch_waits_for_a_lock(
            self, before, db, metamodel, leftover_processes, signum):
        with db.locked("b._models"):
            running = metamodel.start("save", TOGETHER, "--lock-wait", "0")
            wait_until_blocked(db)
            running.send(signum)
            check_stopped(running, signum, leftover_processes, metamodel, before)

    def test_while_data_come(self, before, metamodel, archiver, leftover_processes, signum):
        here = archiver(SLOW)
        running = metamodel.start("save", TOGETHER)
        wait_for((here / "began").exists)
        wait_for(lambda: list(metamodel.cwd.glob("metamodel.new/*.sql")))
        running.send(signum)
        check_stopped(running, signum, leftover_processes, metamodel, before)


def test_a_signal_at_any_moment_leaves_one_save(before, metamodel, leftover_processes):
    for tenth in range(1, 8):
        running = metamodel.start("save", TOGETHER)
        time.sleep(tenth / 20)  # any moment will do
        running.send(signal.SIGTERM)
        result = running.wait()
        assert not leftover_processes()
        if result.returncode:
            assert result.returncode in [128 + signal.SIGTERM, -signal.SIGTERM], result
            assert not (metamodel.cwd / "metamodel.new").exists()
    verify(metamodel)


def test_kill_9_in_a_batch_leaves_nothing_that_the_next_run_does_not_clean_up(
        before, db, metamodel, leftover_processes):
    with db.locked("b._models"):
        running = metamodel.start("save", TOGETHER, "--lock-wait", "0")
        wait_until_blocked(db)
        running.send(signal.SIGKILL)
        running.wait()
        assert any("pg_dump" in command for command in leftover_processes().values())
    wait_for(lambda: not leftover_processes(), what="the end of pg_dump")
    left = picture(metamodel.cwd)
    assert left.pop("metamodel.new/.metamodel")  # what it may delete
    assert left == before and (metamodel.cwd / "metamodel.new").exists()
    metamodel.run("save", TOGETHER)
    check_all_saved(metamodel, before)
    assert sorted(os.listdir(metamodel.cwd)) == ["metamodel", "metamodel.lock", "metamodel.old"]


# The disk

def test_on_a_full_disk_what_fits_is_saved_and_the_rest_is_named(accounts, db, metamodel, tmpfs):
    metamodel.cwd /= "small"
    metamodel.cwd.mkdir()
    disk = tmpfs(metamodel.cwd, "400k")
    db.sql("CREATE TABLE a._new (); CREATE TABLE b.kept AS TABLE b._models; TRUNCATE b._models")
    metamodel.run("save", "-q", under=disk)
    db.sql("INSERT INTO b._models SELECT * FROM b.kept; INSERT INTO _global._accounts (name) VALUES ('d');"
           "CREATE SCHEMA d; CREATE TABLE d._big AS SELECT * FROM b.kept")
    result = metamodel.run("save", TOGETHER, "-j1", under=disk, expect=3)
    assert errors_of(result, "b") and errors_of(result, "d")
    assert "No space left on device" in result.stderr and "Failed: b (its last dump is kept), d." in result.stderr
    tree = Tree(disk.outside(metamodel.cwd) / "metamodel")
    assert (tree.accounts(), tree.stale()) == (ALL, ["b"])
    assert tree.files == sorted(f"{account}.sql" for account in ALL)
    assert "metamodel.new" not in os.listdir(disk.outside(metamodel.cwd))
    verify(metamodel, under=disk)


def test_a_file_that_cannot_be_made_costs_only_its_account(before, metamodel, strace):
    under = strace(inject=["openat:error=EACCES"], path="b.sql")  # the old one, too
    result = metamodel.run("save", TOGETHER, under=under, expect=3)
    assert "[b dump]" in result.stderr and "Permission denied" in result.stderr
    assert metamodel.tree().accounts() == ["_global", "a", "c"]


def test_each_file_of_a_batch_is_synced_before_the_swap_and_nobody_elses(
        before, metamodel, strace):
    under = strace(trace="openat,fsync,renameat2")
    metamodel.run("save", TOGETHER, under=under, umask=0)
    swap = next(i for i, line in enumerate(under.lines) if "renameat2" in line)
    events = opened_and_synced(under.lines[:swap])
    assert {("fsync", f"metamodel.new/{account}.sql") for account in ALL} <= set(events)
    assert {file.stat().st_mode & 0o777 for file in metamodel.cwd.glob("metamodel/*")} == {0o600}


# How many

def add_many(db, count, relations=1):
    """Accounts t000, t001, ..., each with so many tables."""
    db.add_global()
    names = [f"t{i:03}" for i in range(count)]
    for name in names:  # each a transaction: there may be few locks
        db.sql(f"CREATE SCHEMA {name}" + "".join(
            f" CREATE TABLE _t{k} (i integer)" for k in range(relations)))
    db.sql("INSERT INTO _global._accounts (name) VALUES ('" + "'), ('".join(names) + "')")


def children(said):
    """(children for one account, children for many) in what -v prints."""
    commands = re.findall(r"^metamodel: debug: \S*/pg_dump .*$", said, re.M)
    many = [command for command in commands if "--format=custom" in command]
    return len(commands) - len(many), len(many)


CHOICE = re.compile(r"debug: database .*: (\d+) accounts in (\d+) batch(?:es)? of at most (\d+) \((.*?)\): "
                    r"(\d+) relations in the catalogue, (\d+) free lock slots, of which each of "
                    r"(\d+) jobs takes at most (\d+)")


def choice(said):
    accounts, batches, most, why, relations, free, jobs, locks = CHOICE.search(said).groups()
    return SimpleNamespace(accounts=int(accounts), batches=int(batches), most=int(most), why=why,
                           relations=int(relations), free=int(free), jobs=int(jobs),
                           locks=int(locks))


@pytest.mark.slow
def test_few_lock_slots_are_never_used_up(metamodel):
    own = Server("max_locks_per_transaction = 10", "max_connections = 20", "autovacuum = off",
                 "max_wal_senders = 0")
    try:
        db = Database(own, "postgres")
        add_many(db, 150, relations=3)
        metamodel.env |= {"PGHOST": own.host, "PGDATABASE": "postgres"}
        offset = own.log_file.stat().st_size
        result = metamodel.run("save", "-v", "-j2")
        log = own.log(offset)
        db.close()
    finally:
        own.stop()
    said = choice(result.stderr)
    assert said.why == "auto" and said.accounts == 151 and said.jobs == 2
    assert 0 < said.free <= 10 * 20 and said.locks <= said.free / 4
    assert said.batches > 150 * 3 / said.locks
    assert "out of shared memory" not in log + result.stderr
    assert re.search(rf"database postgres: {said.batches} batches instead of 2, which takes longer: {said.free} "
                     r"lock slots are free, 9\d\d would be enough", result.stderr)
    assert children(result.stderr)[1] == said.batches  # none was tried again
    assert len(metamodel.tree().accounts()) == 151


def test_where_every_pg_dump_fails_not_each_account_is_tried(metamodel, db, tmp_path):
    add_many(db, 200)
    calls = tmp_path / "calls"
    Script(metamodel, tmp_path / "bin", f"""[ "$1" = --version ] && exec "$real" "$1"
           echo x >>{calls}; echo "no rights" >&2; exit 1""")
    result = metamodel.run("save", "--batch=200", "-j2", "--json", expect=1)
    assert 64 < len(calls.read_text().split()) < 100, result  # not 400
    accounts = {account["account"]: account for account in result.report["accounts"]}
    assert len(accounts) == 201
    assert all("no rights" in account["error"] for account in accounts.values())
    untried = re.findall(r"not tried by itself, after \d+ pg_dumps in a row had failed", result.stderr)
    assert len(untried) == 1, result
    # one by itself, one that was not tried, and for each how many others
    assert len(re.findall("metamodel: error: ", result.stderr)) == 4, result


@pytest.mark.slow
def test_as_many_accounts_share_a_child_as_was_said(metamodel, db):
    add_many(db, 7)
    for options, expected, why in [
            (["--batch=1"], (8, 0), None),
            (["--batch=3"], (0, 3), "as told"),
            (["--batch=7"], (1, 1), "as told"),
            (["--batch=100000"], (0, 1), "as told"),
            (["--batch=1", "--batch", "2"], (0, 4), "as told"),
            (["--batch=auto"], (8, 0), "auto"),
            ([], (8, 0), "auto"),
            (["--batch=3", "t001"], (1, 0), None),
            (["--batch=3", "t001", "t004"], (0, 1), "as told")]:
        result = metamodel.run("save", "-v", *options)
        assert children(result.stderr) == expected, result
        assert not why or choice(result.stderr).why == why


def test_many_accounts_are_dumped_by_few_children_without_being_told(metamodel, db):
    add_many(db, 60)
    result = metamodel.run("save", "-v", "-j2")
    assert choice(result.stderr).why == "auto" and children(result.stderr) == (0, 2)
    assert "would be enough" not in result.stderr


def test_the_configuration_says_it_too_and_the_command_line_wins(metamodel, db):
    add_many(db, 7)
    (metamodel.cwd / "conf").write_text("[metamodel]\nbatch = 4\n")
    assert children(metamodel.run("save", "-v", "-c", "conf").stderr) == (0, 2)
    assert children(metamodel.run("save", "-v", "-c", "conf", "--batch", "1").stderr) == (8, 0)


def test_a_batch_that_cannot_be_is_a_usage_error(metamodel):
    for value in ["0", "-1", "100001", "x", "", "1.5", "automatic"]:
        result = metamodel.run("save", f"--batch={value}", expect=2)
        first, second = result.stderr.splitlines()
        assert "option --batch: " in first and "Try 'metamodel save --help'" in second


# What is said, and when it ends

def test_a_batch_from_which_nothing_comes_is_ended_and_divided(before, metamodel, archiver):
    archiver('[ -e $here/once ] && exec "$real" "$@"; touch $here/once; exec sleep 60')
    result = metamodel.run("save", "-v", TOGETHER, "--timeout", "4")
    assert "exceeded its time limit" in result.stderr
    check_all_saved(metamodel, before)


@pytest.mark.slow
def test_a_batch_that_gets_on_may_take_longer_than_the_timeout(before, metamodel, archiver):
    here = archiver('"$real" "$@" | /usr/bin/python3 -ISc "import sys, time; b = sys.stdin.buffer.read(); '
                    '[(sys.stdout.buffer.write(b[len(b) * i // 12:len(b) * (i + 1) // 12]), '
                    'sys.stdout.flush(), time.sleep(0.35)) for i in range(12)]"')
    began = time.monotonic()
    metamodel.run("save", "-v", TOGETHER, "--timeout", "3")
    assert time.monotonic() - began > 4
    assert len((here / "calls").read_text().splitlines()) == 1
    check_all_saved(metamodel, before)


def test_no_password_is_in_the_arguments_of_a_batch(before, metamodel, archiver):
    here = archiver('env >$here/env; exec "$real" "$@"')
    result = metamodel.run("save", "-v", "--json", TOGETHER, env={"PGPASSWORD": "s3cret"})
    assert "s3cret" in (here / "env").read_text()
    assert "s3cret" not in (here / "calls").read_text() + result.stderr + result.stdout


def test_the_report_and_the_lines_tell_each_account_of_a_batch(accounts, metamodel):
    one = metamodel.run("save", "--json", "--batch=1", "-D", "one")
    many = metamodel.run("save", "--json", TOGETHER, "-D", "many")

    def told(result):
        return [{key: value for key, value in account.items() if key != "seconds"}
                for account in result.report["accounts"]]

    assert told(many) == told(one) and [a["account"] for a in told(many)] == ALL
    assert [line.replace("many/", "one/") for line in many.stderr.splitlines()[:-1]] == \
        one.stderr.splitlines()[:-1]


def test_the_progress_goes_on_within_a_batch_and_reaches_all(accounts, metamodel, archiver):
    archiver('"$real" "$@" | /usr/bin/python3 -ISc "import sys, time; b = sys.stdin.buffer.read(); '
             '[(sys.stdout.buffer.write(b[len(b) * i // 4:len(b) * (i + 1) // 4]), '
             'sys.stdout.flush(), time.sleep(0.4)) for i in range(4)]"')
    result = metamodel.run("save", TOGETHER, "--progress=always")
    steps = [int(n) for n in re.findall(r"\b(\d+)/4\b", result.stderr)]
    assert steps == sorted(steps) and steps[-1] == 4
    assert set(steps) & {1, 2, 3}, result


# Other databases

def test_names_and_rows_in_latin1_are_what_they_are_alone(metamodel, encoded, tmp_path):
    latin = encoded("LATIN1")
    names = ["é", "ÿ'\"", "Ünï; Schema: é", "ee"]
    add_small_global(latin, *names, sql='CREATE TABLE "_ñ" ("ü" text DEFAULT \'ö\'); INSERT INTO "_ñ" '
                     "VALUES ('ÿ'); COMMENT ON TABLE \"_ñ\" IS 'ß'; CREATE VIEW \"_É\" AS TABLE \"_ñ\"")
    saves = save_both_ways(latin, tmp_path)
    check_equal(saves)
    assert alone(saves.many) == [] and saves.many.tree.accounts() == sorted(
        ["_global", *names], key=str.encode)
    assert "\nÿ\n".encode("latin-1") in plain(saves.many, "é")


def test_bytes_of_no_encoding_are_what_they_are_alone(encoded, tmp_path):
    ascii_db = encoded("SQL_ASCII")
    ascii_db.add_global()
    with contextlib.closing(ascii_db.connect()) as session:
        for account, encoding in (("é", "utf-8"), ("x", "latin-1"), ("ü", "latin-1"), ("y", "utf-8")):
            session.cursor().execute(
                (f'CREATE SCHEMA "{account}"; CREATE TABLE "{account}"."_ä" AS SELECT '
                 f"'ö\\'::text; INSERT INTO _global._accounts (name) VALUES ('{account}')")
                .encode(encoding))
    saves = save_both_ways(ascii_db, tmp_path)
    check_equal(saves)
    assert alone(saves.many) == [] and saves.many.tree.accounts() == ["_global", "x", "y", "é"]
    assert "\nö\\\\\n".encode("latin-1") in plain(saves.many, "x")


@pytest.mark.slow
def test_each_node_of_a_farm_has_batches_of_its_own(farm, farm_metamodel):
    farm.add_global()
    for i in range(9):
        farm.add_account(f"acct{i}", user_tables=False)
    farm_metamodel.run("save", "--batch=1", "-D", "one")
    result = farm_metamodel.run("save", "-v", "--batch=100", "-D", "many")
    assert children(result.stderr) == (0, 3)
    one, many = farm_metamodel.tree("one"), farm_metamodel.tree("many")
    assert many.accounts() == one.accounts() and len(many.accounts()) == 10
    for account in many.accounts():
        assert many.text(account) == one.text(account)
        assert many.entry(account)["node"] == one.entry(account)["node"]
