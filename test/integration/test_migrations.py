# SPDX-License-Identifier: PostgreSQL
"""`metamodel upgrade --show` and `--migrations DIR`: the steps, built in or one's own."""

import re
import shutil
import signal

import pytest
from support import ROOT, errors_of, quote, wait_for
from support_restore import check_same
from support_upgrade import make
from versions import (NEWEST, STARTS, global_sql, read_structure, snapshot, structure, version_name,
                      whole_snapshot)

FIXTURES = (make,)  # of other tests, used here, too
BUILT_IN = ROOT / "src" / "migrations"
LEVELS = ("global", "local")
NOWHERE = {"PGHOST": "/nonexistent"}  # no server is needed


# ---- --show ----

def test_each_version_can_be_shown_without_a_server(metamodel):
    for number in STARTS[1:]:
        version = version_name(number)
        result = metamodel.run("upgrade", "--show", version, env=NOWHERE)
        for level in LEVELS:
            assert (BUILT_IN / level / f"{version}.sql").read_text() in result.stdout
            assert f"{level}/{version}.sql" in result.stdout
        assert result.stdout.index("global/") < result.stdout.index("local/")
        assert result.stderr == ""
    assert list(metamodel.cwd.iterdir()) == []


def test_what_is_shown_says_what_and_why():
    for level in LEVELS:
        for number in STARTS[1:]:
            assert (BUILT_IN / level / f"{version_name(number)}.sql").read_text().startswith("-- ")


def test_a_version_is_shown_however_it_is_spelled(metamodel):
    shown = metamodel.run("upgrade", "--show", "0.006", env=NOWHERE).stdout
    for spelled in ".006", "0.006000", "00.006":
        assert metamodel.run("upgrade", "--show", spelled, env=NOWHERE).stdout == shown


@pytest.mark.parametrize("version", ["0.010", "0.0065", "x", "", "99", "../local/0.006"])
def test_no_known_version_cannot_be_shown(metamodel, version):
    result = metamodel.run("upgrade", "--show", version, env=NOWHERE, expect=2)
    assert result.stdout == "" and "metamodel: error: " in result.stderr


def test_what_is_shown_can_be_read_by_psql(metamodel, db, make):
    """As an administrator would try it: the local part, in an account."""
    make("a", 5)
    shown = metamodel.run("upgrade", "--show", "0.006").stdout
    db.sql(f"SET search_path TO a; {shown}; RESET search_path")
    db.sql("UPDATE a._general SET version = '0.006'")
    assert read_structure(db, "a") == structure(6)


# ---- with many accounts ----

def test_no_step_of_an_account_reads_a_whole_catalogue(db, make):
    """Else ten thousand accounts would take a hundred times as long each as a hundred do."""
    make("a", 0)
    text = "".join((BUILT_IN / "local" / f"{version_name(number)}.sql").read_text() for number in STARTS[1:])
    db.sql("BEGIN; SET LOCAL enable_seqscan = off; SET LOCAL search_path TO a")
    assert db.query("SELECT seq_tup_read FROM pg_stat_xact_sys_tables WHERE relname = 'pg_class'") == [(0,)]
    db.sql(text)
    read = db.query("SELECT relname, seq_tup_read FROM pg_stat_xact_sys_tables WHERE seq_tup_read > 100")
    db.sql("ROLLBACK")
    assert read == []


# ---- --migrations: files ----

@pytest.fixture
def steps(metamodel):
    """steps({"global/0.001.sql": "..."}): a directory of these, called "steps"; bytes or text."""
    def write(files, name="steps"):
        directory = metamodel.cwd / name
        for level in LEVELS:
            (directory / level).mkdir(parents=True, exist_ok=True)
        for file, text in files.items():
            (directory / file).write_bytes(text if isinstance(text, bytes) else text.encode())
        return directory

    return write


def both(version, text="SELECT 1;\n"):
    return {f"{level}/{version}.sql": text for level in LEVELS}


BAD_NAMES = {
    "no version": (both("0.001") | {"local/x.sql": ""}, r"local/x\.sql"),
    "another suffix": (both("0.001") | {"global/0.002.SQL": ""}, r"global/0\.002\.SQL"),
    "directive": (both("0.001") | {"local/0.001.sql": "-- metamodel: comit\n"}, r"local/0\.001\.sql: line 1"),
    "late directive": (both("0.001") | {"local/0.001.sql": "SELECT 1;\n-- metamodel: commit\n"},
                       r"local/0\.001\.sql: line 2"),
    "negative": (both("0.001") | both("-0.001"), r"-0\.001"),
    "two points": (both("0.001") | both("0.0.2"), r"0\.0\.2"),
    "twice": (both("0.1") | both("0.10"), r"0\.10?\.sql"),
    "twice in one": (both("0.1") | {"local/.1.sql": ""}, r"\.1\.sql"),
    "two spellings": ({"global/0.1.sql": "", "local/0.10.sql": ""}, r"0\.10?\.sql"),
    "gap": (both("0.001") | both("0.003"), "0.001 and 0.003|0.002"),
    "gap of tens": (both("0.009") | both("0.011"), "0.009 and 0.011|0.010"),
    "local only": (both("0.001") | {"local/0.002.sql": ""}, r"global/0\.002\.sql"),
    "global only": (both("0.001") | {"global/0.002.sql": ""}, r"local/0\.002\.sql"),
    "empty": ({}, "no migration"),
}


@pytest.mark.parametrize("bad", BAD_NAMES)
def test_names_that_make_no_sense_are_errors_before_anything_runs(metamodel, steps, bad):
    files, words = BAD_NAMES[bad]
    steps(files)
    for args in [], ["a"], ["-n"], ["--show", "0.001"]:
        result = metamodel.run("upgrade", "--migrations", "steps", *args, env=NOWHERE, expect=2)
        assert re.search(rf"metamodel: error: .*steps.*({words})", result.stderr), result
        assert result.stdout == ""
    assert sorted(path.name for path in metamodel.cwd.iterdir()) == ["steps"]


def test_files_that_cannot_be_read_are_errors_before_anything_runs(metamodel, steps):
    path = steps(both("0.001"))

    def check(words):
        result = metamodel.run("upgrade", "--migrations", "steps", env=NOWHERE, expect=2)
        assert re.search(rf"metamodel: error: .*{words}", result.stderr), result

    (path / "local/0.002.sql").mkdir()
    check(r"local/0\.002\.sql")
    (path / "local/0.002.sql").rmdir()
    (path / "local/0.002.sql").symlink_to("nowhere")
    check(r"local/0\.002\.sql")
    (path / "local/0.002.sql").unlink()
    shutil.rmtree(path / "local")
    check("local.*No such file")
    (path / "local").write_text("")
    check("local.*Not a directory")
    shutil.rmtree(path)
    check("No such file")
    path.write_text("")
    check("Not a directory")


def test_files_may_be_symbolic_links(metamodel, steps):
    """As those are that a container gets its configuration from."""
    path = steps(both("0.001"))
    (path / "elsewhere.sql").write_text("-- linked\n")
    (path / "local/0.002.sql").symlink_to("../elsewhere.sql")
    (path / "global/0.002.sql").symlink_to(path / "elsewhere.sql")
    shown = metamodel.run("upgrade", "--migrations", "steps", "--show", "0.002", env=NOWHERE)
    assert shown.stdout.count("-- linked\n") == 2


# What may not stand in a migration; the line that has to be named.
BAD_TEXTS = {
    "begin": ("BEGIN;\nSELECT 1;\n", 1),
    "commit": ("SELECT 1;\n\n  commit;\n", 3),
    "rollback": ("SELECT 1; ROLLBACK;", 1),
    "abort": ("ABORT;", 1),
    "end": ("-- x\n/* y */ END;", 2),
    "start transaction": ("START TRANSACTION;", 1),
    "begin work": ("/* /* */ */ Begin Work;", 1),
    "commit and chain": ("SELECT 1;\nCOMMIT AND CHAIN;", 2),
    "prepare transaction": ("PREPARE TRANSACTION 'x';", 1),
    "commit prepared": ("COMMIT PREPARED 'x';", 1),
    "hidden by a string": ("SELECT '\\';\nCOMMIT; --';\n", 2),
    "hidden by a dollar": ("SELECT $a$ $b$ $a$;\nCOMMIT; SELECT $b$;$b$;", 2),
    "NUL": (b"SELECT 1;\n\0", None),
    "not UTF-8": (b"SELECT '\xe9';\n", None),
    "not UTF-8 but long": (b"SELECT '\xc0\xaf';\n", None),
    "open string": ("SELECT 1;\nSELECT 'x;\n", None),
    "open comment": ("SELECT 1;\n/* x;\n", None),
    "open dollar": ("SELECT $x$;\n", None),
}


@pytest.mark.parametrize("level", LEVELS)
def test_texts_that_cannot_be_part_of_a_transaction_are_errors(metamodel, steps, level):
    for text, line in BAD_TEXTS.values():
        steps(both("0.001") | {f"{level}/0.001.sql": text})
        result = metamodel.run("upgrade", "--migrations", "steps", env=NOWHERE, expect=2)
        place = rf"{level}/0\.001\.sql:\D*{line}\b" if line else rf"{level}/0\.001\.sql"
        assert re.search(rf"metamodel: error: .*{place}", result.stderr), (text, result)


GOOD_TEXT = r"""-- COMMIT; it's a comment
/* COMMIT; /* nested; */ 'still' */
SELECT 'it''s; COMMIT;', E'it\'s; COMMIT;', $$COMMIT;$$, $a$ $$ ; COMMIT; $a$, "b;"
FROM (SELECT 1 AS "b;") "COMMIT;"; ; ;
DO $$ BEGIN PERFORM 1; END; $$;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1;';
CREATE FUNCTION g() RETURNS integer LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END;
SELECT 1 AS begin, 2 AS "end", U&'\0041', B'1', 'a'
'b; COMMIT';
SELECT a[1:2] FROM (SELECT ARRAY[1, 2]) AS x (a); SELECT '1'::text;
SELECT 'C:\'; DROP FUNCTION f(), g(); CREATE TABLE "_é 書" AS SELECT '🐘' AS t;
"""


@pytest.mark.parametrize("change", [
    lambda text: text, lambda text: text.replace("\n", "\r\n"), lambda text: text + "-- the end",
    lambda text: text + "/* the end */"], ids=["as is", "CRLF", "comment", "long comment"])
def test_what_only_looks_like_the_end_of_a_transaction_is_fine(metamodel, db, make, steps, change):
    steps({f"{level}/{file.name}": "" for level in LEVELS
           for file in (BUILT_IN / level).glob("0*")} | both("0.010", change(GOOD_TEXT)))
    make("a", 9)
    metamodel.run("upgrade", "--migrations", "steps")
    assert db.query("SELECT version, t FROM a._general, a.\"_é 書\"") == [("0.010", "🐘")]
    assert db.query("SELECT version FROM _global._general") == [("0.010",)]


# ---- --migrations: what runs ----

@pytest.fixture
def more(metamodel):
    """more({"0.010": "..."}): a copy of the built-in migrations, and these for the accounts."""
    def copy(local):
        shutil.copytree(BUILT_IN, metamodel.cwd / "steps", dirs_exist_ok=True)
        for version, text in local.items():
            (metamodel.cwd / f"steps/local/{version}.sql").write_text(text)
            (metamodel.cwd / f"steps/global/{version}.sql").write_text("-- nothing\n")

    return copy


def test_the_same_files_in_a_directory_do_the_same(metamodel, db, make, more):
    more({})
    make("a", 0)
    make("b", 0)
    metamodel.run("upgrade", "a")
    metamodel.run("upgrade", "--migrations", f"{metamodel.cwd}/steps/", "b")
    for name in "ab":
        assert read_structure(db, name) == structure(NEWEST)


def test_a_version_more_is_one_step_more(metamodel, db, make, more):
    more({"0.010": "CREATE TABLE _more (id serial PRIMARY KEY);\n", "0.011":
          "INSERT INTO _more DEFAULT VALUES;\n"})
    make("a", 9)
    make("it's", 8)
    result = metamodel.run("upgrade", "--migrations", "steps")
    for name in ("a", "it's"):
        assert db.query(f"SELECT version, m.id FROM {quote(name)}._general, {quote(name)}._more m"
                        ) == [("0.011", 1)]
    for line in ("Upgrading account a from 0.009 to 0.010...",
                 "Upgrading account a from 0.010 to 0.011...",
                 "Upgrading global metamodel from 0.010 to 0.011..."):
        assert line in result.stderr.splitlines()
    assert "newer" in errors_of(metamodel.run("upgrade", "a", expect=1), "a")
    status = metamodel.run("status", "--migrations", "steps", "--json").report
    assert {each["account"]: each["state"] for each in status["accounts"]} == {
        "_global": "current", "a": "current", "it's": "current"}


SESSION_ACCOUNTS = 500  # src/task/upgrade/lane.c


@pytest.fixture
def many(db, more):
    """So many accounts that they take two sessions and a bit, of nothing but a version; a step for
    them that writes down which session took it, in the order of the accounts with -j1."""
    names = [f"account{i:04}" for i in range(2 * SESSION_ACCOUNTS + 50)]
    db.add_global("0.009")
    db.sql("CREATE TABLE public.taken (n serial, account text, pid integer);" + "".join(
        f"CREATE SCHEMA {name} CREATE TABLE _general (version varchar(10)); "
        f"INSERT INTO {name}._general VALUES ('0.009'); INSERT INTO _global._accounts (name) VALUES ('{name}');"
        for name in names))
    more({"0.010": "INSERT INTO public.taken (account, pid) SELECT current_schema(), pg_backend_pid();\n"})
    return names


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [1, 3])
def test_a_session_is_renewed_before_the_server_remembers_too_much_of_it(metamodel, db, many, jobs):
    metamodel.run("upgrade", "--migrations", "steps", f"-j{jobs}", "-q")
    assert sorted(db.query("SELECT account FROM public.taken")) == [(name,) for name in many]
    counts = sorted(count for count, in db.query("SELECT count(*) FROM public.taken GROUP BY pid"))
    if jobs == 1:
        assert counts == [50, SESSION_ACCOUNTS, SESSION_ACCOUNTS]
    assert counts[-1] <= SESSION_ACCOUNTS


def limited_role(metamodel, db, many, limit):
    """A role that is limited as soon as the first account is upgraded."""
    role = f"renewing_{db.name}"
    db.sql(f"CREATE ROLE {role} LOGIN SUPERUSER IN ROLE postgres")
    with open(metamodel.cwd / "steps/local/0.010.sql", "a") as step:
        step.write(f"DO $$ BEGIN IF current_schema() = '{many[0]}' THEN "
                   f"ALTER ROLE {role} {limit} NOSUPERUSER; END IF; END $$;\n")
    return role


@pytest.mark.slow
@pytest.mark.parametrize("limit", ["CONNECTION LIMIT 2", "NOLOGIN"])
def test_a_session_that_cannot_be_renewed_goes_on(metamodel, db, many, limit):
    role = limited_role(metamodel, db, many, limit)
    result = metamodel.run("upgrade", "--migrations", "steps", "-j1", "-v", "-U", role)
    assert db.query("SELECT count(*), count(DISTINCT account), count(DISTINCT pid) FROM public.taken"
                    ) == [(len(many), len(many), 1)]
    assert len(re.findall("keeping the old session, since a new one is not available: .*role", result.stderr)) == 2


@pytest.mark.slow
def test_a_run_can_be_stopped_when_a_session_went_on_and_has_nothing_to_do_any_more(metamodel, db):
    names = [f"account{i:04}" for i in range(SESSION_ACCOUNTS + 10)]
    role = f"renewing_{db.name}"
    db.add_global("0.009")
    db.sql(f"CREATE ROLE {role} LOGIN SUPERUSER;" + "".join(
        f"CREATE SCHEMA {name} CREATE TABLE _general (version varchar(10)) CREATE TABLE _access (id integer); "
        f"INSERT INTO {name}._general VALUES ('0.008'); INSERT INTO _global._accounts (name) VALUES ('{name}');"
        for name in names))

    def count(sql):
        return db.query(f"SELECT count(*) FROM {sql}")[0][0]

    with db.locked(f"{names[0]}._general", mode="ROW EXCLUSIVE"):  # for one lane; the other does the rest
        with db.locked(f"{names[1]}._general", mode="ROW EXCLUSIVE"):
            running = metamodel.start("upgrade", "-j2", "-v", "--lock-wait", "60", "-U", role)
            wait_for(lambda: len(db.waiting()) == 2)
            db.sql(f"ALTER ROLE {role} NOLOGIN")
        wait_for(lambda: count("pg_attribute WHERE attname = 'applied_to'") == len(names) - 1, seconds=60)
        running.send(signal.SIGTERM)
        result = running.wait(20)
    assert result.returncode == 128 + signal.SIGTERM, result
    assert result.stderr.count("keeping the old session") == 1
    metamodel.run("upgrade", "-q")
    assert count("pg_attribute WHERE attname = 'applied_to'") == len(names)


def test_fewer_versions_make_the_others_newer(metamodel, db, make, more):
    more({})
    for number in STARTS[6:]:
        for level in LEVELS:
            (metamodel.cwd / f"steps/{level}/{version_name(number)}.sql").unlink()
    db.sql(global_sql(5))
    make("a", 3)
    make("b", 7)
    before = snapshot(db, "b")
    result = metamodel.run("upgrade", "--migrations", "steps", expect=3)
    assert read_structure(db, "a") == structure(5)
    assert snapshot(db, "b") == before and "newer" in errors_of(result, "b")


def test_migrations_that_begin_later_do_not_serve_who_is_older(metamodel, db, make, more):
    more({})
    for number in STARTS[1:8]:
        for level in LEVELS:
            (metamodel.cwd / f"steps/{level}/{version_name(number)}.sql").unlink()
    make("a", 7)
    make("b", 5)
    make("c", 0)
    before = [snapshot(db, name) for name in "bc"]
    result = metamodel.run("upgrade", "--migrations", "steps", expect=3)
    assert read_structure(db, "a") == structure(NEWEST)
    assert [snapshot(db, name) for name in "bc"] == before
    assert errors_of(result, "b") and errors_of(result, "c")


def test_a_migration_sees_its_schema_only(metamodel, db, make, more):
    more({"0.010": "CREATE TABLE _seen AS SELECT current_schemas(false)::text[] AS path;\n"})
    names = ["a", "it's", "Foo", '"q"', "two words"]
    for name in names:
        make(name, 9)
    metamodel.run("upgrade", "--migrations", "steps", "-j1")
    for name in names:
        assert db.query(f"SELECT path FROM {quote(name)}._seen") == [([name],)]


def test_a_setting_of_one_account_is_not_seen_by_the_next(metamodel, db, make, more):
    more({"0.010": "CREATE TABLE _seen AS SELECT coalesce(current_setting('x.y', true), '') AS t;\n"
          "SELECT set_config('x.y', 'left', false);\n"})
    for name in "abc":
        make(name, 9)
    metamodel.run("upgrade", "--migrations", "steps", "-j1")
    assert [db.query(f"SELECT t FROM {name}._seen") for name in "abc"] == [[("",)]] * 3


@pytest.mark.parametrize("path", ["''", "'public'", "'pg_catalog, b'"])
def test_a_migration_that_sets_search_path_does_not_lead_the_next_astray(
        metamodel, db, make, more, path):
    """What pg_dump writes, and people copy, begins so."""
    more({"0.010": f"SELECT pg_catalog.set_config('search_path', {path}, false);\n",
          "0.011": "CREATE TABLE _second (id integer);\n"})
    for name in "abc":
        make(name, 9)
    metamodel.run("upgrade", "--migrations", "steps", "-j1")
    assert [db.tables(name).count("_second") for name in ("a", "b", "c", "public")] == [1, 1, 1, 0]


def test_a_temporary_table_of_one_account_does_not_trouble_the_next(metamodel, db, make, more):
    more({"0.010": "CREATE TEMPORARY TABLE scratch AS SELECT 1 AS n;\nDROP TABLE scratch;\n",
          "0.011": "CREATE TEMPORARY TABLE scratch ON COMMIT DROP AS SELECT 1 AS n;\n"})
    for name in "abc":
        make(name, 9)
    metamodel.run("upgrade", "--migrations", "steps", "-j1")


ERRORS = {
    "missing table": ("SELECT 1;\n\n/* two\nlines */ SELECT * FROM nowhere;\n", {4},
                      'relation "nowhere" does not exist'),
    "runtime": ("SELECT 1;\nSELECT 2;\nSELECT\n 1\n / 0;\n", {3, 4, 5}, "division by zero"),
    "in a block": ("SELECT 1;\nDO $$\nBEGIN\n\tPERFORM 1;\n\tRAISE EXCEPTION 'mine' USING HINT = "
                   "'my hint', DETAIL = 'my detail';\nEND\n$$;\n", {2, 5}, "mine"),
    "after non-ASCII": ("-- é書🐘\nSELECT 'é書🐘';\nSELECT 'ß', nothing;\n", {3},
                        'column "nothing" does not exist'),
    "last": ("SELECT 1;\n" * 500 + "SELECT 1/0", {501}, "division by zero"),
    "no version left": ("DELETE FROM _general;\n", None, "no version"),
}
ERRORS["last"] = (ERRORS["last"][0] + ";", *ERRORS["last"][1:])


def test_an_error_names_the_file_and_the_line(metamodel, db, make, more):
    make("a", 8)
    before = snapshot(db, "a")
    for text, lines, words in ERRORS.values():
        more({"0.010": "", "0.011": text, "0.012": "SELECT 1/0;\n" if lines else ""})
        db.sql("UPDATE _global._general SET version = '0.012'")
        result = metamodel.run("upgrade", "--migrations", "steps", "a", expect=1)
        error = errors_of(result, "a")
        assert words in error, (text, result)
        if lines:
            line = re.search(r"local/0\.011\.sql:(\d+)", error)
            assert line and int(line[1]) in lines, (text, error)
        check_same(before, snapshot(db, "a"))
    assert "my hint" in errors_of_block(metamodel, more) and "my detail" in errors_of_block(
        metamodel, more)


def test_an_error_of_syntax_names_the_line_too(metamodel, db, make, more):
    make("a", 8)
    more({"0.010": "-- é書\n", "0.011": "-- é\n\nSELECT 1;\nSELECT\n\tFROM FROM;\nSELECT 2;\n"})
    db.sql("UPDATE _global._general SET version = '0.011'")
    before = snapshot(db, "a")
    error = errors_of(metamodel.run("upgrade", "--migrations", "steps", "a", expect=1), "a")
    assert "syntax error" in error and re.search(r"local/0\.011\.sql:[45]\b", error), error
    check_same(before, snapshot(db, "a"))


def errors_of_block(metamodel, more):
    more({"0.010": "", "0.011": ERRORS["in a block"][0]})
    return errors_of(metamodel.run("upgrade", "--migrations", "steps", "a", expect=1), "a")


def test_an_error_in_the_global_part_names_its_file(metamodel, db, make, more):
    make("a", 9)
    more({"0.010": ""})
    (metamodel.cwd / "steps/global/0.010.sql").write_text("SELECT 1;\nSELECT 1/0;\n")
    before = whole_snapshot(db)
    result = metamodel.run("upgrade", "--migrations", "steps", expect=1)
    assert "global/0.010.sql:2" in errors_of(result, "_global")
    check_same(before, whole_snapshot(db))


def test_migrations_of_ones_own_can_be_shown(metamodel, more):
    more({"0.010": "-- mine\nSELECT 'é';\n"})
    shown = metamodel.run("upgrade", "--migrations", "steps", "--show", "0.010", env=NOWHERE)
    assert "-- mine\nSELECT 'é';\n" in shown.stdout
    metamodel.run("upgrade", "--show", "0.010", env=NOWHERE, expect=2)


def test_the_directory_can_stand_in_the_configuration(metamodel, db, make, more):
    more({"0.010": "CREATE TABLE _more ();\n"})
    make("a", 9)
    (metamodel.cwd / "site.conf").write_text("[metamodel]\nmigrations = steps\n")
    metamodel.run("upgrade", "-c", "site.conf", "a")
    assert "_more" in db.tables("a")
