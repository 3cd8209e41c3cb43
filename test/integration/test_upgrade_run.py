# SPDX-License-Identifier: PostgreSQL
"""How `metamodel upgrade` runs: what it says, which accounts it touches, and that each of them is
either as it was or fully upgraded, whatever happens meanwhile."""

import contextlib
import os
import re
import shlex
import signal
import uuid
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel, Server, errors_of, literal, pg_ctl, quote, wait_for
from support_restore import LOCK, check_same, server_process, wait_until_it_waits, warnings_of
from support_save import encoded, other
from support_upgrade import check_upgraded, make
from versions import (GLOBAL_STRUCTURE, NEWEST, Account, global_sql, read_global_structure, read_rows,
                      read_structure, snapshot, structure, version_name, whole_snapshot)

FIXTURES = encoded, make, other  # of other tests, used here, too
UPGRADED = re.compile(r"Upgraded (\d+) accounts?, (\d+) already current, (\d+) failed in "
                      r"[\d.]+ s\.(?: Failed: (.*)\.)?")
AGAIN = ("metamodel: hint: the accounts that failed are as they were before; fix the cause and upgrade them again: metamodel upgrade -D metamodel -- ")


def closing_of(result):
    """(upgraded, current, failed, names) of the closing line."""
    found = [UPGRADED.fullmatch(line) for line in result.stderr.splitlines()]
    [closing] = [match for match in found if match]
    return (*map(int, closing.group(1, 2, 3)), closing[4])


def steps_of(result, account):
    """[(from, to)] of the lines that say so."""
    who = "global metamodel" if account == "_global" else f"account {account}"
    return re.findall(rf"^Upgrading {re.escape(who)} from (\S+) to (\S+)\.\.\.$", result.stderr,
                      re.M)


def versions_of(db, *accounts):
    """What _general says; None where there is none."""
    found = {}
    for account in accounts:
        table = f"{quote(account)}._general"
        exists = db.query(f"SELECT to_regclass({literal(table)}) IS NOT NULL")[0][0]
        found[account] = db.query(f"SELECT version FROM {table}")[0][0] if exists else None
    return found


def check_untouched_or_upgraded(db, accounts, before):
    """ACCOUNTS are {name: Account} and BEFORE their dumps. How many were upgraded."""
    upgraded = 0
    for name, account in accounts.items():
        if snapshot(db, name) != before[name]:
            check_upgraded(db, name, account)
            upgraded += 1
    return upgraded


def check_nothing_left(metamodel, db, files=("metamodel.lock",)):
    wait_for(lambda: not db.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND "
        "application_name ~ 'metamodel'"), what="the end of every session")
    wait_for(lambda: db.query(f"SELECT pg_try_advisory_xact_lock({LOCK})") == [(True,)])
    assert sorted(path.name for path in metamodel.cwd.iterdir()) == sorted(files)
    assert db.query("SELECT nspname FROM pg_namespace WHERE nspname ~ '^pg_temp'") == []
    assert db.query("SELECT proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace "
                    "WHERE nspname !~ '^(pg_|information_schema)'") == []


@pytest.fixture
def three(db, make):
    """The accounts a, b and c at 0.002, and their dumps; _global is at 0.003."""
    db.sql(global_sql(3))
    accounts = {name: make(name, 2) for name in "abc"}
    return SimpleNamespace(accounts=accounts,
                           before={name: snapshot(db, name) for name in accounts})


def check_all_upgraded(db, three):
    for name, account in three.accounts.items():
        check_upgraded(db, name, account)
    assert read_global_structure(db) == GLOBAL_STRUCTURE


# ---- what it says ----

def test_it_prints_the_lines_of_the_old_tool(metamodel, db, make):
    db.sql(global_sql(8))
    make("agentzh", 0)
    make("onccf", 9)
    make("tester", 8)
    result = metamodel.run("upgrade", "-j1")
    steps = ["nil", *(version_name(number) for number in range(1, NEWEST + 1))]
    lines = result.stderr.splitlines()
    assert lines[0] == "Upgrading global metamodel from 0.008 to 0.009..."
    agentzh = [f"Upgrading account agentzh from {old} to {new}..."
               for old, new in zip(steps, steps[1:])]
    assert [line for line in lines if " agentzh from " in line] == agentzh
    assert "Account onccf is up to date." in lines
    assert [line for line in lines if "tester" in line][:1] == [
        "Upgrading account tester from 0.008 to 0.009..."]
    assert closing_of(result) == (3, 1, 0, None) and UPGRADED.fullmatch(lines[-1])
    assert result.stdout == ""


def test_quiet_and_good_is_silent(metamodel, db, three):
    result = metamodel.run("upgrade", "-q")
    assert (result.stdout, result.stderr) == ("", "")
    check_all_upgraded(db, three)


def test_quiet_and_bad_tells_errors_and_names_only(metamodel, db, three):
    db.sql("CREATE TABLE b._actions ()")
    result = metamodel.run("upgrade", "-q", expect=3)
    *errors, closing, hint = result.stderr.splitlines()
    assert all(re.match("metamodel: (error|detail|hint): ", line) for line in errors), result
    assert closing.endswith(" Failed: b.") and hint == AGAIN + "b"


def test_the_report_tells_of_every_account(metamodel, db, three, make):
    make("new", 9)
    make("none", 0)
    db.sql("CREATE TABLE b._actions ()")
    dry = metamodel.run("upgrade", "--json", "-n").report
    assert [(e["account"], e["result"], e["from"], e["to"]) for e in dry["accounts"]] == [
        ("_global", "planned", "0.003", "0.009"), ("a", "planned", "0.002", "0.009"),
        ("b", "planned", "0.002", "0.009"), ("c", "planned", "0.002", "0.009"),
        ("new", "current", "0.009", "0.009"), ("none", "planned", None, "0.009")]
    report = metamodel.run("upgrade", "--json", "-q", expect=3).report
    assert (report["command"], report["result"], report["exit_status"]) == ("upgrade", "partly", 3)
    assert report["started"] <= report["finished"] and report["error"] is None
    assert [(e["account"], e["result"], e["from"]) for e in report["accounts"]] == [
        ("_global", "upgraded", "0.003"), ("a", "upgraded", "0.002"), ("b", "failed", "0.002"),
        ("c", "upgraded", "0.002"), ("new", "current", "0.009"), ("none", "upgraded", None)]
    for entry in report["accounts"]:
        assert entry["node"] == db.name
        assert (entry["error"] is None) == (entry["account"] != "b")
        assert entry["account"] == "b" or entry["to"] == "0.009"
    assert "_actions" in report["accounts"][2]["error"]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(metamodel, db, three, make):
    make("none", 0)
    make("current", 9)
    before = whole_snapshot(db)
    result = metamodel.run("upgrade", "-n")
    check_same(before, whole_snapshot(db))
    assert result.stderr.splitlines() == [
        "_global: version 0.003 -> 0.009, 6 steps", "a: version 0.002 -> 0.009, 7 steps",
        "b: version 0.002 -> 0.009, 7 steps", "c: version 0.002 -> 0.009, 7 steps",
        "current: version 0.009, up to date", "none: version nil -> 0.009, 9 steps",
        "Nothing was done: this was a dry run."]
    assert list(metamodel.cwd.iterdir()) == []
    result = metamodel.run("upgrade", "-n", "-v", "b", "current", "--to", "0.004")
    lines = [line for line in result.stderr.splitlines() if not line.startswith("metamodel: ")]
    assert lines[:-1] == ["b: version 0.002 -> 0.004, 2 steps", "    steps: 0.003, 0.004",
                          "current: version 0.009, up to date"]
    assert "b: version 0.002 -> 0.003, 1 step\n" in metamodel.run(
        "upgrade", "-n", "b", "--to", "0.003").stderr


def test_a_dry_run_names_what_would_fail(metamodel, db, three):
    db.sql("UPDATE b._general SET version = 'abc'; DROP SCHEMA c CASCADE")
    result = metamodel.run("upgrade", "-n", expect=3)
    assert errors_of(result, "b") and errors_of(result, "c")
    assert result.stderr.splitlines()[-1].endswith(" Failed: b, c.")


def test_a_dry_run_without_global_changes_nothing(metamodel, db, three):
    db.sql("DROP SCHEMA _global CASCADE")
    metamodel.run("upgrade", "-n")
    assert db.query("SELECT FROM pg_namespace WHERE nspname = '_global'") == []


@pytest.mark.slow
def test_many_accounts_that_are_up_to_date_cost_no_round_trip_each(metamodel, db, make):
    """Nor do the ones that are not cost a connection each."""
    metamodel.env["PGOPTIONS"] = "-c log_statement=all -c log_connections=on"

    def statements():
        offset = len(db.server.log_file.read_bytes())
        metamodel.run("upgrade", "-j2")
        lines = [line for line in db.server.log(offset).splitlines() if f" {db.name} " in line]
        return (sum(" LOG:  statement: " in line or " LOG:  execute " in line for line in lines),
                sum("connection authorized" in line for line in lines))

    def add(prefix, count):
        for i in range(count):
            make(f"{prefix}{i}", 9)

    add("a", 3)
    few, _ = statements()
    add("b", 40)
    many, _ = statements()
    assert 0 < few and many <= few + 2
    for i in range(12):
        make(f"c{i}", 7)
    _, connections = statements()
    assert connections <= 5, "two for the accounts, and what else there is"


@pytest.mark.slow
def test_more_jobs_than_the_server_has_connections(metamodel, db, make):
    for i in range(45):
        make(f"a{i}", 8)
    assert closing_of(metamodel.run("upgrade", "-j", "100")) == (45, 1, 0, None)


# ---- which accounts ----

def test_global_comes_first_and_alone(metamodel, db, three):
    with db.locked("_global._general", "ACCESS SHARE"):
        running = metamodel.start("upgrade", "--lock-wait", "0")
        wait_until_it_waits(db, running)
        assert versions_of(db, *"abc") == dict.fromkeys("abc", "0.002")
        assert "account a from" not in running.stderr
        assert db.query("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                        "AND state = 'idle in transaction' AND application_name = 'metamodel upgrade'"
                        ) == [(0,)]
    assert running.wait().returncode == 0
    check_all_upgraded(db, three)


def test_a_global_that_fails_lets_nothing_else_run(metamodel, db, three):
    db.sql("ALTER TABLE _global._general ADD captcha_key text")
    before = whole_snapshot(db)
    result = metamodel.run("upgrade", expect=1)
    check_same(before, whole_snapshot(db))
    assert re.search(r"global/0\.004\.sql:\d+", errors_of(result, "_global"))
    assert "already exists" in errors_of(result, "_global")
    assert steps_of(result, "a") == [] and "Failed: _global" in result.stderr


def test_a_global_of_no_known_version_lets_nothing_else_run(metamodel, db, three):
    for version, words in [("'99'", "newer|newest"), ("'0.0095'", "newer|newest"), ("'x'", "x"),
                           ("NULL", "NULL")]:
        db.sql(f"UPDATE _global._general SET version = {version}")
        before = whole_snapshot(db)
        result = metamodel.run("upgrade", expect=1)
        check_same(before, whole_snapshot(db))
        assert re.search(words, errors_of(result, "_global")), result


def test_named_accounts_are_upgraded_and_nothing_else(metamodel, db, three):
    result = metamodel.run("upgrade", "c", "a", "c")
    assert closing_of(result) == (2, 0, 0, None)
    assert snapshot(db, "b") == three.before["b"]
    assert versions_of(db, "_global", *"abc") == {
        "_global": "0.003", "a": "0.009", "b": "0.002", "c": "0.009"}
    assert "lobal metamodel" not in result.stderr
    metamodel.run("upgrade", "_global")
    assert versions_of(db, "_global", "b") == {"_global": "0.009", "b": "0.002"}
    assert read_global_structure(db) == GLOBAL_STRUCTURE
    metamodel.run("upgrade")
    check_all_upgraded(db, three)


def test_an_unknown_account_does_not_exist(metamodel, db, three):
    before = whole_snapshot(db)
    for name in ["foo", "public", "pg_catalog", "information_schema", "A", "a' OR 'x' = 'x",
                 "a\";DROP SCHEMA a CASCADE;--", "pg_toast", "a "]:
        result = metamodel.run("upgrade", "--", name, expect=1)
        assert re.search(rf"(^|\] )Account {re.escape(name)} does not exist\.$", result.stderr,
                         re.M)
    assert metamodel.run("upgrade", "", check=False).returncode in (1, 2)
    check_same(before, whole_snapshot(db))


def test_a_known_account_beside_an_unknown_one(metamodel, db, three):
    result = metamodel.run("upgrade", "a", "foo", check=False)
    assert "Account foo does not exist.\n" in result.stderr
    assert (result.returncode, versions_of(db, "a")["a"]) in [(3, "0.009"), (1, "0.002")]


def test_an_unregistered_schema_is_upgraded_with_a_warning(metamodel, db, three, make):
    loose = make("it's loose", 1, register=False)
    make("left", 1, register=False)
    metamodel.run("upgrade")
    assert read_structure(db, "it's loose") == structure(1)
    result = metamodel.run("upgrade", "it's loose")
    assert any("it's loose" in line and "register" in line for line in warnings_of(result)), result
    check_upgraded(db, "it's loose", loose)
    assert read_structure(db, "left") == structure(1)
    assert db.query("SELECT count(*) FROM _global._accounts") == [(3,)]


# ---- accounts that cannot be upgraded ----

BROKEN = {
    "'abc'": "abc", "NULL": "NULL", "''": "", "'-0.006'": "-0.006", "'NaN'": "NaN",
    "'Infinity'": "Infinity", "'0.006x'": "0.006x", "'0,006'": "0,006", "'٠.٠٠٦'": "٠",
    "'0x6'": "0x6", "'0.0.6'": "0.0.6"}


def test_what_has_no_usable_version_is_not_touched(metamodel, db, make):
    broken = {f"broken {i}": version for i, version in enumerate(BROKEN)}
    good = {"a": make("a", 5), "z": make("z", 0)}
    for name, version in broken.items():
        make(name, 6, f"UPDATE _general SET version = {version}")
    make("no row", 6, "DELETE FROM _general")
    make("no number", 6, "UPDATE _general SET version = 'x'; INSERT INTO _general VALUES (NULL)")
    bad = [*broken, "no row", "no number"]
    before = {name: snapshot(db, name) for name in bad}
    result = metamodel.run("upgrade", expect=3)
    for name in bad:
        check_same(before[name], snapshot(db, name))
    for name, account in good.items():
        check_upgraded(db, name, account)
    assert closing_of(result) == (2, 1, len(bad), ", ".join(sorted(bad)))
    for name, version in broken.items():
        error = errors_of(result, name)
        assert BROKEN[version] in error, (version, error)
        assert f'UPDATE "{name}"._general SET version = ' in error
    assert 'INSERT INTO "no row"._general (version) VALUES (' in errors_of(result, "no row")
    # What it says to do is right.
    for name in bad[:2] + ["no row"]:
        statement = re.search("(UPDATE|INSERT)[^;\n]*;?", errors_of(result, name))[0]
        statement = re.sub(r"'(0\.\d+|VERSION|\.\.\.|X|x)'", "'0.006'", statement)
        assert "'0.006'" in statement, statement
        db.sql(statement)
        metamodel.run("upgrade", name)
        assert read_structure(db, name) == structure(NEWEST)


def test_what_is_newer_than_all_known_is_not_touched(metamodel, db, make):
    make("a", 8)
    newer = {f"b{i}": version
             for i, version in enumerate(["99", "0.0095", "0.010", "0.0090001", "1"])}
    for name, version in newer.items():
        make(name, 9, f"UPDATE _general SET version = '{version}'")
    before = {name: snapshot(db, name) for name in newer}
    result = metamodel.run("upgrade", expect=3)
    assert versions_of(db, "a") == {"a": "0.009"}
    for name, version in newer.items():
        check_same(before[name], snapshot(db, name))
        assert re.search(rf"{re.escape(version)}.*newe|newe.*{re.escape(version)}",
                         errors_of(result, name)), result
    assert closing_of(result) == (1, 1, 5, "b0, b1, b2, b3, b4")
    metamodel.run("upgrade", "b1", expect=1)


def test_a_registered_account_without_schema_fails_alone(metamodel, db, three):
    db.sql("DROP SCHEMA b CASCADE; CREATE TABLE public._general (version text); "
           "INSERT INTO public._general VALUES ('0.002')")
    public = snapshot(db, "public")
    result = metamodel.run("upgrade", expect=3)
    assert re.search("no schema|schema.* (missing|not exist)", errors_of(result, "b")), result
    assert closing_of(result)[3] == "b"
    assert versions_of(db, *"ac") == {"a": "0.009", "c": "0.009"}
    assert snapshot(db, "public") == public
    metamodel.run("upgrade", "b", expect=1)
    assert db.query("SELECT FROM pg_namespace WHERE nspname = 'b'") == []


def test_a_registered_schema_without_metamodel_is_not_made_an_account(metamodel, db, three):
    db.sql("CREATE SCHEMA d; CREATE TABLE d.mine (); INSERT INTO _global._accounts (name) "
           "VALUES ('d')")
    before = snapshot(db, "d")
    result = metamodel.run("upgrade", expect=3)
    assert errors_of(result, "d") and snapshot(db, "d") == before
    assert versions_of(db, *"abc") == dict.fromkeys("abc", "0.009")


# What is wrong with an account: its version, how it got so, the migration that fails, the words
# of the server.
FAULTS = {
    "view on a dropped column": (
        5, "CREATE VIEW v AS SELECT table_name FROM _models", "0.006", "depend"),
    "feeds taken": (1, "CREATE TABLE _feeds (mine text)", "0.002", '"_feeds" already exists'),
    "actions taken": (
        2, "CREATE SEQUENCE _actions", "0.007", '"_actions" already exists'),
    "params taken": (
        6, "CREATE VIEW _action_params AS SELECT 1", "0.007", '"_action_params" already exists'),
    "index taken": (
        7, 'CREATE INDEX idx_query_for_acl ON _roles (name)', "0.008",
        '"idx_query_for_acl" already exists'),
    "ylogins taken": (3, "CREATE TABLE _ylogins ()", "0.008", '"_ylogins" already exists'),
    "applied_to taken": (8, "ALTER TABLE _access ADD applied_to text", "0.009",
                         '"applied_to" of relation "_access" already exists'),
    "login is null": (
        0, "ALTER TABLE _roles ALTER login DROP NOT NULL; INSERT INTO _roles (name, description) "
        "VALUES ('x', '')", "0.001", "null value"),
    "columns gone": (
        0, "DROP TABLE _columns", "0.001", '"_columns" does not exist'),
    "access gone": (2, "DROP TABLE _access", "0.006", '"_access" does not exist'),
    "access is a view": (
        8, "ALTER TABLE _access RENAME TO x; CREATE VIEW _access AS SELECT * FROM x", "0.009",
        "_access"),
}


def test_accounts_that_fail_are_as_before_and_the_others_upgraded(metamodel, db, make):
    good = {f"good {version}": make(f"good {version}", version) for version in range(0, 9, 4)}
    for name, (version, sql, _, _) in FAULTS.items():
        make(name, version, sql)
    before = {name: snapshot(db, name) for name in FAULTS}
    result = metamodel.run("upgrade", expect=3)
    for name, account in good.items():
        check_upgraded(db, name, account)
    for name, (version, _, migration, words) in FAULTS.items():
        check_same(before[name], snapshot(db, name))
        error = errors_of(result, name)
        assert error.startswith(f"[{name} upgrade] "), (name, result)
        assert re.search(words, error), (words, error)
        place = re.search(rf"local/{re.escape(migration)}\.sql:(\d+)", error)
        assert place, (name, error)
        lines = (ROOT / "src/migrations/local" / f"{migration}.sql").read_text().splitlines()
        assert 1 <= int(place[1]) <= len(lines) and lines[int(place[1]) - 1].strip()
    assert closing_of(result) == (len(good), 1, len(FAULTS), ", ".join(sorted(FAULTS)))
    assert result.stderr.splitlines()[-1].startswith(AGAIN)
    # The server's hint and detail are kept.
    assert "view \"view on a dropped column\".v depends on column table_name" in errors_of(
        result, "view on a dropped column") or "view v depends on column table_name" in errors_of(
            result, "view on a dropped column")
    again = metamodel.run("upgrade", expect=3)
    assert closing_of(again) == (0, 1 + len(good), len(FAULTS), ", ".join(sorted(FAULTS)))
    for name in FAULTS:
        check_same(before[name], snapshot(db, name))


def test_the_line_is_that_of_the_statement(metamodel, db, make):
    make("a", 5, "CREATE VIEW v AS SELECT table_name FROM _models")
    make("b", 7, "CREATE TABLE _ylogins ()")
    make("c", 8, "ALTER TABLE _access ADD applied_to text")
    result = metamodel.run("upgrade", expect=3)
    for name, words in ("a", "_models|table_name"), ("b", "_ylogins"), ("c", "_access|applied_to"):
        file, line = re.search(r"local/(0\.\d+\.sql):(\d+)", errors_of(result, name)).groups()
        text = (ROOT / "src/migrations/local" / file).read_text().splitlines()[int(line) - 1]
        assert re.search(words, text), (name, line, text)


def test_the_report_has_the_whole_error_of_each(metamodel, db, make):
    for name in "abc":
        make(name, 7, "CREATE TABLE _ylogins ()")
    result = metamodel.run("upgrade", "a", "b", "c", "--json", "-q", expect=1)
    errors = [each["error"] for each in result.report["accounts"]]
    assert len(errors) == 3 and len(set(errors)) == 1
    assert re.search(r'local/0\.008\.sql:\d+: .*"_ylogins" already exists', errors[0])


def test_what_only_fails_at_the_commit_has_failed(metamodel, db, make):
    account = make("a", 8)
    make("b", 8, "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS "
         "$$ BEGIN RAISE EXCEPTION 'too late' USING HINT = 'be early'; END $$; CREATE CONSTRAINT "
         "TRIGGER late AFTER UPDATE ON _general DEFERRABLE INITIALLY DEFERRED FOR EACH ROW "
         "EXECUTE FUNCTION late()")
    before = snapshot(db, "b")
    result = metamodel.run("upgrade", expect=3)
    assert "too late" in errors_of(result, "b") and "hint: be early" in errors_of(result, "b")
    assert "no transaction in progress" not in result.stderr
    check_same(before, snapshot(db, "b"))
    check_upgraded(db, "a", account)


def test_rows_that_a_policy_hides_are_not_left_out(metamodel, db, make):
    """An owner may be subject to policies. Rather no upgrade than one of half the rows."""
    role = quote(f"{db.name} owner")
    db.sql(global_sql(9))
    make("a", 2)
    db.sql(f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA _global, a TO {role}; "
           f"GRANT CREATE ON SCHEMA a TO {role}; "
           f"GRANT SELECT ON ALL TABLES IN SCHEMA _global TO {role}")
    for (table,) in db.query("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = "
                             "'a'::regnamespace"):
        db.sql(f"ALTER TABLE a.{table} OWNER TO {role}")
    db.sql("ALTER TABLE a._roles ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    before = snapshot(db, "a")
    try:
        result = metamodel.run("upgrade", "-U", f"{db.name} owner", "a", check=False)
        if result.returncode == 0:
            assert db.query("SELECT password FROM a._roles WHERE id = 1") == [
                ("5ebe2294ecd0e0f08eab7690d2a6ee69",)]
        else:
            check_same(before, snapshot(db, "a"))
    finally:
        db.sql(f"DROP SCHEMA a CASCADE; DROP OWNED BY {role}; DROP ROLE {role}")


def test_when_all_fail_nothing_was_changed(metamodel, db, make):
    make("a", 7, "CREATE TABLE _ylogins ()")
    make("b", 7, "CREATE TABLE _ylogins ()")
    result = metamodel.run("upgrade", "a", "b", expect=1)
    assert closing_of(result) == (0, 0, 2, "a, b")


@pytest.mark.parametrize("bad", [["b"], ["a", "c"]])
def test_fail_fast_starts_nothing_after_a_failure(metamodel, db, three, bad):
    for name in bad:
        db.sql(f"CREATE TABLE {name}._actions ()")
    before = {name: snapshot(db, name) for name in "abc"}
    result = metamodel.run("upgrade", "--fail-fast", "-j1", expect=3)
    last = "abc".index(bad[0])
    for i, name in enumerate("abc"):
        if i < last:
            check_upgraded(db, name, three.accounts[name])
        else:
            assert snapshot(db, name) == before[name]
    assert steps_of(result, "c") == [] and errors_of(result, bad[0])


def test_fail_fast_without_a_failure_upgrades_all(metamodel, db, three):
    metamodel.run("upgrade", "--fail-fast")
    check_all_upgraded(db, three)


# ---- --to ----

@pytest.mark.parametrize("to, spelled", [(3, "0.003"), (6, ".006000")])
def test_to_stops_at_a_version_and_the_next_run_goes_on(metamodel, db, make, to, spelled):
    db.sql(global_sql(1))
    accounts = {f"at {version}": make(f"at {version}", version) for version in (0, 2, 5, 8)}
    result = metamodel.run("upgrade", "--to", spelled)
    for name, account in accounts.items():
        assert read_structure(db, name) == structure(max(account.version, to))
        assert versions_of(db, name) == {name: version_name(max(account.version, to))}
    assert versions_of(db, "_global") == {"_global": version_name(to)}
    assert closing_of(result)[2] == 0
    metamodel.run("upgrade")
    for name, account in accounts.items():
        check_upgraded(db, name, account)
    assert read_global_structure(db) == GLOBAL_STRUCTURE


def test_to_no_known_version_is_bad_usage(metamodel, db, three):
    before = whole_snapshot(db)
    for to in ["0.010", "0.0065", "x", "", "-1", "0.00", "99", "0.009x", "NaN"]:
        result = metamodel.run("upgrade", "--to", to, expect=2)
        assert "--to" in result.stderr or "version" in result.stderr
    check_same(before, whole_snapshot(db))


# ---- locks ----

@pytest.fixture
def hanging(metamodel, db, three):
    """An upgrade that waits for a table of b as long as the test likes: release()."""
    session = db.connect(autocommit=False)
    session.cursor().execute("LOCK TABLE b._views IN ACCESS SHARE MODE")
    running = metamodel.start("upgrade", "--lock-wait", "0")
    wait_until_it_waits(db, running)
    yield SimpleNamespace(running=running, release=session.rollback)
    session.close()


@pytest.mark.parametrize("command, directory", [
    ("upgrade", "metamodel"), ("upgrade", "elsewhere"), ("save", "metamodel"),
    ("save", "elsewhere"), ("restore", "elsewhere")])
def test_while_an_upgrade_runs_nothing_else_may(metamodel, db, three, hanging, command, directory):
    if command == "restore":
        save = metamodel.cwd / directory
        save.mkdir()
        (save / "a.sql").write_text("--\n-- PostgreSQL database dump\n--\n\nSET x.y = 1;\n\n--\n"
                                    "-- PostgreSQL database dump complete\n--\n\n")
    second = metamodel.run(command, "-D", directory, expect=4)
    if directory == "elsewhere":
        holder = f"metamodel upgrade, server process {server_process(db, 'metamodel upgrade')}"
    else:
        holder = f"metamodel upgrade, process {hanging.running.pid} on "
    assert "another run holds the lock" in second.stderr and holder in second.stderr
    assert "Upgrading" not in second.stderr and "Dumping" not in second.stderr
    hanging.release()
    assert hanging.running.wait().returncode == 0
    check_all_upgraded(db, three)


def test_a_dry_run_and_a_status_wait_for_nobody(metamodel, db, three, hanging):
    plan = metamodel.run("upgrade", "-n", "--lock-wait", "1", timeout=20, check=False)
    assert plan.returncode in (0, 3) and "holds the lock" not in plan.stderr
    metamodel.run("status", "--lock-wait", "1")
    hanging.release()
    assert hanging.running.wait().returncode == 0
    check_all_upgraded(db, three)


def test_an_upgrade_of_another_database_may_run_meanwhile(metamodel, db, three, hanging, other):
    Database(db.server, other).sql(global_sql(2))
    metamodel.run("upgrade", "-D", "elsewhere", "-d", other)
    hanging.release()
    assert hanging.running.wait().returncode == 0


@pytest.mark.parametrize("directory", ["metamodel", "elsewhere"])
def test_while_a_save_runs_an_upgrade_may_not(metamodel, db, three, fake_pg_dump, directory):
    fake_pg_dump.hang("b")
    running = metamodel.start("save")
    wait_for(lambda: fake_pg_dump.calls("b"))
    before = whole_snapshot(db)
    second = metamodel.run("upgrade", "-D", directory, expect=4)
    assert "another run holds the lock" in second.stderr
    assert "metamodel save" in second.stderr
    running.send(signal.SIGTERM)
    assert running.wait().returncode == 128 + signal.SIGTERM
    check_same(before, whole_snapshot(db))


def test_an_account_locked_by_a_long_transaction_fails_alone(metamodel, db, three):
    with db.locked("b._access", mode="ACCESS SHARE"):
        result = metamodel.run("upgrade", "--lock-wait", "1", expect=3)
    tries = [warning for warning in warnings_of(result) if "trying again" in warning]
    assert 2 <= len(tries) <= 5 and all("[b upgrade]" in line for line in tries), result
    assert "canceling statement due to lock timeout" in errors_of(result, "b")
    assert closing_of(result) == (3, 0, 1, "b")
    check_same(three.before["b"], snapshot(db, "b"))
    assert steps_of(result, "b").count(("0.002", "0.003")) <= 1  # said once, whatever the tries
    metamodel.run("upgrade")
    check_all_upgraded(db, three)


def test_an_account_locked_for_a_while_is_waited_for(metamodel, db, three):
    with db.locked("b._access"):
        running = metamodel.start("upgrade", "--lock-wait", "1")
        wait_for(lambda: "trying again" in running.stderr or running.process.poll() is not None)
    assert running.wait().returncode == 0
    check_all_upgraded(db, three)


@pytest.mark.parametrize("start", [0, 8])
def test_a_row_that_somebody_was_inserting_is_upgraded_like_the_others(metamodel, db, make, start):
    """Under whatever isolation the database prefers: else the row would be there without its new columns."""
    make("a", start)
    db.server.sql(f"ALTER DATABASE {db.name} SET default_transaction_isolation = 'repeatable read'")
    session = db.connect(autocommit=False)
    session.cursor().execute(
        "INSERT INTO a._models (name, table_name) VALUES ('Late', 'Late')" if start == 0 else
        "INSERT INTO a._access (role, method, prefix) VALUES ('Late', 'GET', 'late')")
    running = metamodel.start("upgrade", "--lock-wait", "60")
    wait_until_it_waits(db, running, 0.4)
    session.commit()
    assert running.wait().returncode == 0
    if start == 0:
        assert db.query("SELECT name FROM a._models WHERE created IS NULL") == []
    else:
        assert db.query("SELECT role FROM a._access WHERE applied_to IS NULL") == []


@pytest.mark.parametrize("table", ["b._general", "b._roles"])
def test_what_even_cannot_be_read_costs_its_account_only(metamodel, db, three, table):
    with db.locked(table):
        result = metamodel.run("upgrade", "--lock-wait", "1", expect=3, timeout=40)
    check_same(three.before["b"], snapshot(db, "b"))
    assert closing_of(result) == (3, 0, 1, "b")
    assert "lock timeout" in errors_of(result, "b")
    metamodel.run("upgrade")
    check_all_upgraded(db, three)


@pytest.mark.parametrize("table", ["_global._accounts", "_global._general"])
def test_a_locked_global_does_not_hang_the_run(metamodel, db, three, table):
    with db.locked(table):
        result = metamodel.run("upgrade", "--lock-wait", "1", expect=1, timeout=40)
    assert "timeout" in result.stderr
    assert versions_of(db, *"abc") == dict.fromkeys("abc", "0.002")


def test_lock_wait_is_the_only_limit_of_waiting(metamodel, db, three):
    """Not what the database has for the impatient."""
    for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
        db.server.sql(f"ALTER DATABASE {db.name} SET {setting} = '150ms'")
    session = db.connect(autocommit=False)
    session.cursor().execute("SET lock_timeout = 0; SET statement_timeout = 0; "
                             "SET idle_in_transaction_session_timeout = 0; "
                             "LOCK TABLE b._views IN ACCESS SHARE MODE")
    running = metamodel.start("upgrade", "--lock-wait", "0")
    wait_until_it_waits(db, running, 0.4)
    session.close()
    result = running.wait()
    assert result.returncode == 0 and "trying again" not in result.stderr, result
    check_all_upgraded(db, three)


def test_a_deadlock_is_tried_again(metamodel, db, three):
    db.server.sql(f"ALTER DATABASE {db.name} SET deadlock_timeout = '1s'")
    session = db.connect(autocommit=False)
    cursor = session.cursor()
    cursor.execute("SET deadlock_timeout = '20s'; LOCK TABLE b._views IN ACCESS SHARE MODE")
    running = metamodel.start("upgrade", "--lock-wait", "0")
    wait_until_it_waits(db, running)
    with contextlib.suppress(Exception):  # on a slow machine the victim is this session
        cursor.execute("SELECT * FROM b._general")
        session.rollback()
        wait_for(lambda: "trying again" in running.stderr or running.process.poll() is not None)
        assert "deadlock detected" in running.stderr
    session.close()
    assert running.wait().returncode == 0
    check_all_upgraded(db, three)


@pytest.mark.parametrize("version, steps", [
    ("0.009", []), ("0.0075", [("0.007", "0.008"), ("0.008", "0.009")])])
def test_an_account_that_somebody_else_upgrades_meanwhile(metamodel, db, make, version, steps):
    """The passwords are not hashed twice, and nothing is done that was done."""
    account = make("a", 2)
    session = db.connect(autocommit=False)
    cursor = session.cursor()
    cursor.execute("LOCK TABLE a._general IN ROW EXCLUSIVE MODE")
    running = metamodel.start("upgrade", "a", "--lock-wait", "0")
    wait_until_it_waits(db, running)
    cursor.execute("DROP SCHEMA a CASCADE; DELETE FROM _global._accounts")
    later = Account(9 if not steps else 7)
    later.make(lambda sql, values=None: cursor.execute(sql, values), "a", user_tables=False)
    cursor.execute(f"UPDATE a._general SET version = '{version}'")
    session.commit()
    session.close()
    result = running.wait()
    assert account.version == 2
    assert result.returncode in (0, 1), result  # the table it waited for is another now
    metamodel.run("upgrade", "a")
    check_upgraded(db, "a", later)


def test_somebody_who_only_sets_the_version_meanwhile_is_believed(metamodel, db, three):
    session = db.connect(autocommit=False)
    session.cursor().execute("UPDATE b._general SET version = '0.009'")
    running = metamodel.start("upgrade", "--lock-wait", "0")
    wait_until_it_waits(db, running)
    session.commit()
    session.close()
    result = running.wait()
    assert result.returncode == 0
    assert closing_of(result)[2] == 0
    assert read_structure(db, "b") == structure(2)
    check_upgraded(db, "a", three.accounts["a"])


# ---- interruptions ----

# Where an upgrade from a version is stopped: a table, and the lock on it that stops it.
POINTS = {
    "begin": (2, "_general", "ROW EXCLUSIVE"),
    "from none": (0, "_access_rules", "ACCESS SHARE"),
    "before the passwords": (2, "_roles", "SHARE"),
    "after the passwords": (2, "_views", "ACCESS SHARE"),
    "comments": (7, "Post", "SHARE UPDATE EXCLUSIVE"),
    "end": (8, "_access", "ACCESS SHARE"),
}


@pytest.fixture
def stopped(metamodel, db, make):
    """stopped("end"): a running upgrade of the accounts a, b, c and d whose c waits there."""
    sessions = []

    def stop(point):
        version, table, mode = POINTS[point]
        accounts = {name: make(name, version, user_tables=table == "Post") for name in "abcd"}
        before = {name: snapshot(db, name) for name in accounts}
        sessions.append(db.connect(autocommit=False))
        sessions[0].cursor().execute(f"LOCK TABLE c.{quote(table)} IN {mode} MODE")
        running = metamodel.start("upgrade", "--lock-wait", "0", "-j2")
        [pid] = wait_for(db.waiting)
        return SimpleNamespace(running=running, accounts=accounts, before=before, backend=pid,
                               release=sessions[0].rollback)

    yield stop
    for session in sessions:
        session.close()


def check_can_be_done_again(metamodel, db, stopped):
    """Each account is untouched or upgraded, and a second run completes."""
    wait_for(lambda: not db.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND "
        "application_name ~ 'metamodel upgrade'"))
    check_untouched_or_upgraded(db, stopped.accounts, stopped.before)
    wait_for(lambda: db.query(f"SELECT pg_try_advisory_xact_lock({LOCK})") == [(True,)])
    metamodel.run("upgrade")
    for name, account in stopped.accounts.items():
        check_upgraded(db, name, account)
    check_nothing_left(metamodel, db)


@pytest.mark.parametrize("signum, point", [
    (signal.SIGINT, "after the passwords"), (signal.SIGINT, "from none"),
    (signal.SIGTERM, "end"), (signal.SIGTERM, "begin"), (signal.SIGHUP, "comments"),
    (signal.SIGINT, "before the passwords")])
def test_a_signal_leaves_each_account_whole(metamodel, db, stopped, signum, point):
    stopped = stopped(point)
    stopped.running.send(signum)
    result = stopped.running.wait(20)
    assert result.returncode == 128 + signum, result
    check_same(stopped.before["c"], snapshot(db, "c"))
    check_nothing_left(metamodel, db)  # while the table is still locked
    stopped.release()
    check_can_be_done_again(metamodel, db, stopped)


@pytest.mark.parametrize("point", POINTS)
def test_kill_9_leaves_each_account_whole(metamodel, db, stopped, point):
    stopped = stopped(point)
    stopped.running.kill_all()
    stopped.release()
    check_can_be_done_again(metamodel, db, stopped)


@pytest.mark.parametrize("point", ["from none", "after the passwords", "begin"])
def test_a_run_that_begins_before_a_killed_one_has_ended_in_the_server(
        metamodel, db, stopped, point):
    stopped = stopped(point)
    stopped.running.kill_all()
    wait_for(lambda: db.query(f"SELECT pg_try_advisory_xact_lock({LOCK})") == [(True,)])
    second = metamodel.start("upgrade", "--lock-wait", "0")
    wait_for(lambda: second.process.poll() is not None or len(db.waiting()) > 1 or
             "account d from" in second.stderr)
    stopped.release()
    assert second.wait().returncode == 0
    check_can_be_done_again(metamodel, db, stopped)


@pytest.mark.parametrize("function", ["pg_terminate_backend", "pg_cancel_backend"])
@pytest.mark.parametrize("point", ["from none", "after the passwords", "end"])
def test_a_session_that_is_ended_costs_its_account_at_most(
        metamodel, db, stopped, function, point):
    stopped = stopped(point)
    db.query(f"SELECT {function}({stopped.backend})")
    result = stopped.running.wait(20)
    assert result.returncode == 3, result
    error = errors_of(result, "c")
    assert re.search("terminating connection|server closed" if "terminate" in function
                     else "canceling statement due to user request", error), result
    assert closing_of(result)[2:] == (1, "c")
    check_same(stopped.before["c"], snapshot(db, "c"))
    assert {versions_of(db, name)[name] for name in "abd"} == {"0.009"}
    stopped.release()
    check_can_be_done_again(metamodel, db, stopped)


def test_when_every_session_is_ended_what_is_done_is_done(metamodel, db, stopped):
    stopped = stopped("after the passwords")
    db.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
             "current_database() AND application_name ~ 'metamodel'")
    result = stopped.running.wait(20)
    assert result.returncode in (1, 3), result
    assert "metamodel: error: " in result.stderr
    stopped.release()
    check_can_be_done_again(metamodel, db, stopped)


@pytest.mark.parametrize("settings", [
    {"statement_timeout": "1ms", "idle_in_transaction_session_timeout": "1ms"},
    {"statement_timeout": "20ms"}], ids=str)
def test_time_outs_of_the_role_leave_each_account_whole(metamodel, db, three, settings):
    for name, value in settings.items():
        db.server.sql(f"ALTER DATABASE {db.name} SET {name} = '{value}'")
    result = metamodel.run("upgrade", check=False)
    assert result.returncode in (0, 1, 3)
    for name in settings:
        db.server.sql(f"ALTER DATABASE {db.name} RESET {name}")
    check_untouched_or_upgraded(db, three.accounts, three.before)
    metamodel.run("upgrade")
    check_all_upgraded(db, three)


@pytest.fixture(scope="module")
def mortal():
    """A server that may be stopped and started."""
    server = Server("wal_writer_delay = 10s", "checkpoint_timeout = 1h")
    yield server
    server.stop()


def check_same_but_sequences(db, name, account, version):
    assert read_structure(db, name) == structure(version)
    rows, expected = read_rows(db, name), account.rows(version)
    for table in expected:
        for row in rows[table] + expected[table]:
            row.pop("created", None)
        assert rows[table] == expected[table], table


@pytest.fixture
def endangered(mortal, tmp_path):
    """Nine accounts on that server: 0.002, none and 0.007 in turn."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    mortal.sql(f"CREATE DATABASE {name}")
    db = Database(mortal, name)
    program = Metamodel(os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel"), tmp_path,
                        mortal, name)
    db.sql(global_sql(9))
    connection = db.connect()
    accounts = {f"a{i}": Account([2, 0, 7][i % 3]) for i in range(9)}
    for account, each in accounts.items():
        each.make(lambda sql, values=None: connection.cursor().execute(sql, values), account,
                  user_tables=False)
    connection.close()

    def stop(mode):
        """...the server, and start it again; the database, anew."""
        db.close()
        pg_ctl(mortal, "stop", "-m", mode)

    def start():
        pg_ctl(mortal, "start", "-l", str(mortal.log_file))
        again.append(Database(mortal, name))
        return again[-1]

    again = []
    yield SimpleNamespace(db=db, program=program, accounts=accounts, stop=stop, start=start)
    program.end()
    for each in again:
        each.close()


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["immediate", "fast"])
def test_a_server_that_is_stopped_leaves_each_account_whole(endangered, mode):
    session = endangered.db.connect(autocommit=False)
    session.cursor().execute("LOCK TABLE a6._views IN ACCESS SHARE MODE")
    running = endangered.program.start("upgrade", "--lock-wait", "0", "-j2")
    wait_until_it_waits(endangered.db, running)
    endangered.stop(mode)
    result = running.wait(40)
    assert result.returncode in (1, 3) and "metamodel: error: " in result.stderr, result
    session.close()
    db = endangered.start()
    # A server that did not shut down may have sequences run ahead, by up to 32.
    for name, account in endangered.accounts.items():
        done = read_structure(db, name) == structure(NEWEST)
        check_same_but_sequences(db, name, account, NEWEST if done else account.version)
    assert read_structure(db, "a6") == structure(2)
    endangered.program.run("upgrade")
    for name, account in endangered.accounts.items():
        check_same_but_sequences(db, name, account, NEWEST)


def test_what_it_says_is_done_survives_the_server(endangered):
    """Also when some failed."""
    endangered.db.sql("CREATE TABLE a3._ylogins ()")
    endangered.program.run("upgrade", expect=3)
    endangered.stop("immediate")
    db = endangered.start()
    for name, account in endangered.accounts.items():
        if name != "a3":
            check_same_but_sequences(db, name, account, NEWEST)
    db.sql("DROP TABLE a3._ylogins")
    endangered.program.run("upgrade", "a3")
    db.close()
    endangered.stop("immediate")
    db = endangered.start()
    check_same_but_sequences(db, "a3", endangered.accounts["a3"], NEWEST)


def test_a_server_that_is_not_there(metamodel, tmp_path):
    result = metamodel.run("upgrade", "-h", tmp_path, "--timeout", "2", expect=1, timeout=60)
    assert "metamodel: error: " in result.stderr and "Upgraded 0" not in result.stderr


# ---- nothing is left behind ----

def test_nothing_is_left_behind(metamodel, db, three):
    metamodel.run("upgrade")
    check_nothing_left(metamodel, db)
    db.sql("CREATE TABLE d (); INSERT INTO _global._accounts (name) VALUES ('d')")
    metamodel.run("upgrade", expect=3)
    check_nothing_left(metamodel, db)


def test_a_failure_leaves_the_sequences_as_they_were(metamodel, db, make):
    """A number once drawn is not given back by a rollback."""
    for version in (0, 1):
        make(f"a{version}", version, "CREATE TABLE _ylogins ()")
    before = {name: snapshot(db, name) for name in ("a0", "a1")}
    metamodel.run("upgrade", expect=3)
    for name in before:
        check_same(before[name], snapshot(db, name))


def test_no_password_of_an_account_is_shown(metamodel, db, make):
    """The server's own words may hold the row that did not fit."""
    make("a", 0, "ALTER TABLE _roles ALTER login DROP NOT NULL; UPDATE _roles SET login = NULL, "
         "password = 'sesame ' || name")
    result = metamodel.run("upgrade", "-v", "--json", expect=3)
    assert "sesame" not in result.stderr + result.stdout


# ---- --save, and the whole story ----

def test_save_comes_first_and_holds_what_was(metamodel, db, three):
    result = metamodel.run("upgrade", "--save")
    assert metamodel.tree().accounts() == ["_global", "a", "b", "c"]
    assert [metamodel.tree().entry(name)["version"] for name in ("_global", "a")] == [
        "0.003", "0.002"]
    lines = result.stderr.splitlines()
    dumping = [i for i, line in enumerate(lines) if line.startswith("Dumping account")]
    upgrading = [i for i, line in enumerate(lines) if line.startswith("Upgrading")]
    assert len(dumping) == 4 and max(dumping) < min(upgrading)
    check_all_upgraded(db, three)
    check_nothing_left(metamodel, db, ["metamodel", "metamodel.lock"])


@pytest.mark.parametrize("args", [[], ["a"], ["--strict"]], ids=str)
def test_a_save_that_is_not_whole_lets_nothing_be_upgraded(
        metamodel, db, three, fake_pg_dump, args):
    if args == ["--strict"]:
        metamodel.run("save")
    fake_pg_dump.fail("a")
    before = whole_snapshot(db)
    result = metamodel.run("upgrade", "--save", *args, check=False)
    if args != ["--strict"] or result.returncode != 2:  # an option of save's only, perhaps
        assert result.returncode == 1 and "told to fail" in result.stderr
    check_same(before, whole_snapshot(db))
    assert "Upgrading" not in result.stderr


def test_a_dry_run_takes_no_save(metamodel, db, three):
    metamodel.run("upgrade", "--save", "-n")
    assert list(metamodel.cwd.iterdir()) == []


def test_a_save_before_it_is_part_of_the_one_report(metamodel, db, three):
    result = metamodel.run("upgrade", "--save", "--json")
    assert result.report["command"] == "upgrade" and result.stdout.count("\n") == 1
    assert {each["result"] for each in result.report["accounts"]} == {"upgraded"}


def test_a_signal_during_the_save_lets_nothing_be_upgraded(metamodel, db, three, fake_pg_dump):
    fake_pg_dump.hang("b")
    running = metamodel.start("upgrade", "--save")
    wait_for(lambda: fake_pg_dump.calls("b"))
    running.send(signal.SIGINT)
    assert running.wait(20).returncode == 128 + signal.SIGINT
    assert {name: snapshot(db, name) for name in "abc"} == three.before
    check_nothing_left(metamodel, db)


def test_no_other_run_comes_between_the_save_and_the_upgrade(metamodel, db, three):
    """Both are one run: the lock of the save is not let go."""
    session = db.connect(autocommit=False)
    session.cursor().execute("LOCK TABLE b._views IN ACCESS SHARE MODE")
    running = metamodel.start("upgrade", "--save", "--lock-wait", "0")
    wait_until_it_waits(db, running)
    for directory in "metamodel", "elsewhere":
        metamodel.run("save", "-D", directory, expect=4)
    session.close()
    assert running.wait().returncode == 0
    check_all_upgraded(db, three)


def test_save_under_a_lock_upgrades_nothing(metamodel, db, three):
    with contextlib.closing(db.connect()) as session:
        session.cursor().execute(f"SELECT pg_advisory_lock({LOCK})")
        metamodel.run("upgrade", "--save", expect=4)
    assert versions_of(db, *"abc") == dict.fromkeys("abc", "0.002")


@pytest.mark.slow
@pytest.mark.parametrize("directory, args", [
    ("metamodel", []), ("my saves/it's $(x)", ["-D", "my saves/it's $(x)"])])
def test_the_whole_story(metamodel, db, make, directory, args):
    """Save, an upgrade that fails for some, the printed command, status, and all is as it was."""
    (metamodel.cwd / "my saves").mkdir()
    db.sql(global_sql(3))
    names = ["a", "b c", "it's", "-d", "e"]
    for i, name in enumerate(names):
        make(name, i)
    for name in names[1:4]:
        db.sql(f"CREATE TABLE {quote(name)}._ylogins ()")
    before = {name: snapshot(db, name) for name in names}
    result = metamodel.run("upgrade", "--save", *args, expect=3)
    assert (metamodel.cwd / directory / "manifest.json").exists()
    said, last = result.stderr.splitlines()[-2:]
    assert said.endswith(" Failed: -d, b c, it's.")
    [command] = re.findall(r"^metamodel: hint: .*?: (metamodel upgrade .*)$", last)
    words = shlex.split(command)
    assert words[:2] == ["metamodel", "upgrade"] and words[-4:] == ["--", "-d", "b c", "it's"]
    for name in names:
        if name in names[1:4]:
            check_same(before[name], snapshot(db, name))
        else:
            assert read_structure(db, name) == structure(NEWEST)
    status = metamodel.run("status", *args, "--json").report
    assert {each["account"]: each["state"] for each in status["accounts"]} == {
        "_global": "current", "a": "current", "e": "current", "b c": "8 behind",
        "it's": "7 behind", "-d": "6 behind"}
    for name in names[1:4]:
        db.sql(f"DROP TABLE {quote(name)}._ylogins")
    metamodel.run(*words[1:])
    for name in names:
        assert read_structure(db, name) == structure(NEWEST)
    metamodel.run("restore", *args)
    for name in names:
        check_same(before[name], snapshot(db, name))
    assert versions_of(db, "_global") == {"_global": "0.003"}


def test_after_success_nothing_is_recommended(metamodel, db, three):
    metamodel.run("save")
    result = metamodel.run("upgrade")
    assert "hint" not in result.stderr and "restore" not in result.stderr


# ---- encodings ----

def test_names_of_another_encoding(metamodel, encoded):
    latin = encoded("LATIN1")
    connection = latin.connect()

    def run(sql, values=None):
        connection.cursor().execute(sql, values)

    run(global_sql(9))
    account = Account(2, lambda text: text.encode("latin-1", "replace").decode("latin-1"),
                      "latin-1")
    for name in ("é", "ÿ \"ß"):
        account.make(run, name, user_tables=False)
    result = metamodel.run("upgrade", "-d", latin.name, "é")
    assert steps_of(result, "é")[0] == ("0.002", "0.003")
    result = metamodel.run("upgrade", "-d", latin.name)
    assert closing_of(result) == (1, 2, 0, None)
    for name in ("é", "ÿ \"ß"):
        assert read_structure(latin, name) == structure(NEWEST)
    connection.close()


@pytest.mark.slow
def test_an_upgrade_does_not_touch_the_save(metamodel, db, three):
    metamodel.run("save")

    def files():
        return {str(path): path.stat().st_mtime_ns for path in metamodel.cwd.rglob("*")
                if path.name != "metamodel.lock"}

    before = files()
    metamodel.run("upgrade")
    assert files() == before
