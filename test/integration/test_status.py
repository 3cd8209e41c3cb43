# SPDX-License-Identifier: PostgreSQL
"""`metamodel status`: each account's node, version, state and last save."""

import contextlib
import json
import re
import signal

import pytest
from support import json_states, quote, wait_for
from support_restore import LOCK, check_same
from support_save import encoded
from support_upgrade import make
from versions import STARTS, Account, global_sql, version_name, whole_snapshot

FIXTURES = encoded, make  # of other tests, used here, too
HEADER = ["ACCOUNT", "NODE", "VERSION", "STATE", "SAVED", "BYTES"]


def table_of(result):
    """The rows of the table as lists of cells, without the header; and the lines below it."""
    head, *lines = result.stdout.splitlines()
    assert head.split() == HEADER
    starts = [head.index(word) for word in HEADER]
    assert all(head[start - 2:start] == "  " for start in starts[1:])
    end = lines.index("") if "" in lines else len(lines)
    rows = [[line[start:stop].rstrip() for start, stop in zip(starts, [*starts[1:], None])]
            for line in lines[:end]]
    for line in lines[:end]:  # aligned: no cell runs into the next one
        assert all(line[start - 1] == " " and line[start] != " " for start in starts[1:]), line
    return rows, lines[end + 1:]


def states_of(result):
    return {row[0]: row[3] for row in table_of(result)[0]}


@pytest.fixture
def zoo(db, make):
    """An account in each state; {account: (version, state)}."""
    db.sql(global_sql(7))
    for version in STARTS:
        make(f"at {version}", version)
    make("behind", 6, general=["0.0065"])
    make("history", 4, general=["0.001", ".004", "0.003"])
    make("newer", 9, general=["0.010"])
    make("much newer", 9, general=["99"])
    make("broken", 5, general=["abc"])
    make("null", 5, general=[None])
    make("empty", 5, general=[])
    make("drifted", 9, "ALTER TABLE _models DROP description")
    db.sql("INSERT INTO _global._accounts (name) VALUES ('missing')")
    return {
        "_global": ("0.007", "2 behind"), "at 0": ("-", "unversioned"),
        **{f"at {n}": (version_name(n), f"{9 - n} behind") for n in range(1, 9)},
        "at 9": ("0.009", "current"), "behind": ("0.0065", "3 behind"),
        "history": (".004", "5 behind"), "newer": ("0.010", "newer"), "much newer": ("99", "newer"),
        "broken": ("-", "broken"), "null": ("-", "broken"), "empty": ("-", "broken"),
        "drifted": ("0.009", "drifted"), "missing": ("-", "missing")}


def in_order(accounts):
    return sorted(accounts, key=lambda name: (name != "_global", name.encode()))


def test_the_table_shows_each_account_in_its_state(metamodel, db, zoo):
    before = whole_snapshot(db)
    result = metamodel.run("status")
    rows, below = table_of(result)
    assert rows == [[name, db.name, *zoo[name], "-", "-"] for name in in_order(zoo)]
    assert "metamodel: error" not in result.stderr
    check_same(before, whole_snapshot(db))
    assert list(metamodel.cwd.iterdir()) == []
    told = "\n".join(below)
    assert re.search(r"(?m)^broken: .*abc", told)
    assert re.search(r"(?m)^null: .*NULL", told) and re.search(r"(?m)^empty: .*no row", told)
    assert re.search(r"(?m)^drifted: _models\.description is missing", told)
    assert not re.search(r"(?m)^(at \d|behind|history)", told)


def test_the_report_tells_the_same(metamodel, db, zoo):
    result = metamodel.run("status", "--json")
    report = result.report
    assert (report["command"], report["result"]) == ("status", "done")
    assert [each["account"] for each in report["accounts"]] == in_order(zoo)
    for each in report["accounts"]:
        version, state = zoo[each["account"]]
        assert each["node"] == db.name and each["state"] == state
        assert each["version"] == (None if version == "-" else version)
        assert each["saved_at"] is None and not each["stale"]
        assert (each["differences"] == []) == (state != "drifted")
    assert report["unregistered"] == []
    named = metamodel.run("status", "at 3", "missing", "at 3")
    assert states_of(named) == {"at 3": "6 behind", "missing": "missing"}


@pytest.mark.parametrize("args, status", [
    ([], 3), (["a"], 0), (["_global"], 0), (["a", "_global"], 0), (["a", "b"], 3), (["c"], 3),
    (["d"], 3), (["e"], 3), (["f"], 3)])
def test_check_wants_every_account_current(metamodel, db, make, args, status):
    make("a", 9)
    make("b", 8)
    make("c", 9, general=["1"])
    make("d", 9, general=["x"])
    make("e", 9, "ALTER TABLE _roles ALTER login TYPE varchar(9)")
    db.sql("INSERT INTO _global._accounts (name) VALUES ('f')")
    assert metamodel.run("status", "--check", *args, expect=status).stdout
    metamodel.run("status", *args)


def test_check_is_content_when_all_are_current(metamodel, make):
    make("a", 9)
    make("b", 9)
    make("loose", 3, register=False)  # nobody's business
    metamodel.run("status", "--check")


@pytest.mark.parametrize("args, status", [(["foo"], 1), (["foo", "public"], 1), (["a", "foo"], 3)])
def test_an_unknown_account_does_not_exist(metamodel, make, args, status):
    make("a", 9)
    result = metamodel.run("status", *args, check=False)
    assert result.returncode == status or (result.returncode == 1 and status == 3), result
    assert "Account foo does not exist.\n" in result.stderr
    assert "a" not in args or "current" in result.stdout


# ---- the save ----

def test_the_last_save_of_each_account_is_shown(metamodel, db, make, fake_pg_dump):
    for name in ("a", "b", "c"):
        make(name, 9)
    metamodel.run("save", "_global", "a", "b")
    fake_pg_dump.fail("b")
    metamodel.run("save", "_global", "a", "b", expect=3)
    metamodel.options.clear()
    entries = {each["account"]: each for each in metamodel.tree().manifest["accounts"]}
    report = metamodel.run("status", "--json").report
    for each in report["accounts"]:
        entry = entries.get(each["account"])
        assert (each["saved_at"], each["stale"], each["bytes"] or None) == (
            (entry["saved_at"], entry["stale"], entry["bytes"]) if entry else (None, False, None))
    rows, _ = table_of(metamodel.run("status"))
    cells = {row[0]: row[4:] for row in rows}
    assert cells["c"] == ["-", "-"]
    assert cells["a"] == [entries["a"]["saved_at"], str(entries["a"]["bytes"])]
    assert cells["b"] == [entries["b"]["saved_at"] + " stale", str(entries["b"]["bytes"])]
    rows, _ = table_of(metamodel.run("status", "-D", "metamodel.old", "b"))
    assert rows[0][4:] == [entries["b"]["saved_at"], str(entries["b"]["bytes"])]


@pytest.mark.parametrize("text", ["", "{}", "[]", "not JSON", '{"format": 99, "accounts": []}'])
def test_a_damaged_save_is_warned_of_and_the_rest_is_shown(metamodel, make, text):
    make("a", 9)
    metamodel.run("save")
    (metamodel.cwd / "metamodel/manifest.json").write_text(text)
    result = metamodel.run("status")
    assert re.search(r"(?m)^metamodel: warning: .*manifest\.json", result.stderr), result
    rows, _ = table_of(result)
    assert [row[3:] for row in rows] == [["current", "-", "-"]] * 2


def test_a_save_of_the_old_scripts_without_manifest(metamodel, make):
    make("a", 9)
    metamodel.run("save")
    (metamodel.cwd / "metamodel/manifest.json").unlink()
    assert states_of(metamodel.run("status")) == {"_global": "current", "a": "current"}


# ---- unregistered schemas ----

ODD = ["it's", "a b", '"q"', "Foo", "a\\b", "two\nlines", "$(touch x)", "ü" * 31, "%s"]


def test_schemas_that_look_like_accounts_come_with_the_statement_that_registers_them(
        metamodel, db, make):
    make("a", 9)
    for name in ODD:
        make(name, 2, register=False)
    db.sql("CREATE SCHEMA half; CREATE TABLE half._roles (); CREATE SCHEMA views; CREATE VIEW "
           "views._roles AS SELECT 1; CREATE VIEW views._models AS SELECT 1")
    result = metamodel.run("status")
    assert states_of(result) == {"_global": "current", "a": "current"}
    _, below = table_of(result)
    assert len([line for line in below if "INSERT INTO _global._accounts" in line]) == len(ODD)
    assert "INSERT INTO _global._accounts (name) VALUES ('it''s');" in "\n".join(below)
    assert "half" not in result.stdout
    listed = metamodel.run("status", "--json").report["unregistered"]
    assert [each["account"] for each in listed] == sorted(ODD, key=str.encode)
    for each in listed:
        db.sql("SET standard_conforming_strings = off" if "\\" in each["account"] else "SELECT 1")
        db.sql(each["register"])
        db.sql("RESET standard_conforming_strings")
    assert {name for (name,) in db.query("SELECT name FROM _global._accounts")} == {"a", *ODD}
    states = json_states(metamodel.run("status", "--json"))
    assert states == {"_global": "current", "a": "current", **dict.fromkeys(ODD, "7 behind")}


def test_an_unregistered_schema_can_be_asked_for(metamodel, make):
    make("a", 9)
    make("loose", 3, register=False)
    assert states_of(metamodel.run("status", "loose")) == {"loose": "6 behind"}


def test_without_global_all_that_look_like_accounts_are_listed(metamodel, db, make):
    make("a", 9)
    make("b", 2)
    db.sql("DROP SCHEMA _global CASCADE")
    result = metamodel.run("status", "--json", check=False)
    assert result.returncode in (0, 1)
    assert [each["account"] for each in json.loads(result.stdout)["unregistered"]] == ["a", "b"]
    assert metamodel.run("status", "--check", check=False).returncode in (1, 3)
    assert db.query("SELECT FROM pg_namespace WHERE nspname = '_global'") == []


# ---- drift ----

# What was changed in an account: its version, the statement, and what is told of it.
DRIFT = {
    "column missing": (9, "ALTER TABLE _models DROP description",
                       r"_models\.description is missing"),
    "type changed": (6, "ALTER TABLE _roles ALTER login TYPE integer USING 0",
                     r"_roles\.login is integer, not text"),
    "table missing": (3, "DROP TABLE _feeds", "_feeds is missing"),
    "typmod changed": (5, "ALTER TABLE _access ALTER method TYPE varchar(20)",
                       r"_access\.method is character varying\(20\), not character varying\(10\)"),
    "column of the next version": (5, "ALTER TABLE _models DROP table_name",
                                   r"_models\.table_name is missing"),
    "half a step": (6, "ALTER TABLE _access DROP segments", r"_access\.segments is missing"),
    "table renamed": (8, "ALTER TABLE _ylogins RENAME TO ylogins", "_ylogins is missing"),
    "array changed": (9, "ALTER TABLE _access ALTER applied_to DROP DEFAULT, ALTER applied_to "
                      "TYPE text[] USING applied_to::text[]",
                      r"_access\.applied_to is text\[\], not cidr\[\]"),
    "view in its place": (7, "ALTER TABLE _actions RENAME TO x; CREATE VIEW _actions AS SELECT "
                          "1 AS id", "_actions"),
    "another version's": (2, "UPDATE _general SET version = '0.009'", "_access"),
}


def test_drift_is_shown_with_what_is_different(metamodel, db, make):
    for name, (version, sql, _) in DRIFT.items():
        make(name, version, sql)
    make("good", 9, "CREATE TABLE mine (); CREATE INDEX ON _models (description); COMMENT ON TABLE "
         "_models IS 'x'; CREATE TABLE a_b (x int)")
    result = metamodel.run("status", "--json")
    for each in result.report["accounts"]:
        if each["account"] in ("good", "_global"):
            assert each["state"] == "current" and each["differences"] == []
            continue
        words = DRIFT[each["account"]][2]
        assert each["state"] == "drifted", each
        assert any(re.search(words, line) for line in each["differences"]), each
    table = metamodel.run("status")
    assert states_of(table) == json_states(result)
    _, below = table_of(table)
    for name, (_, _, words) in DRIFT.items():
        assert any(re.search(rf"^{name}: .*{words}", line) for line in below), (name, below)
    assert len(below) < 100


def test_what_many_accounts_have_is_said_once(metamodel, db, make):
    for i in range(8):
        make(f"a{i}", 9, "ALTER TABLE _general DROP created; DROP TABLE _feeds")
        make(f"b{i}", 9, f"UPDATE _general SET version = 'x{i // 7}'")
    make("c", 9, "DROP TABLE _feeds")
    _, below = table_of(metamodel.run("status"))
    assert below == [
        "a0: table _feeds is missing", "a0: _general.created is missing",
        "b0: its _general.version is 'x0', which is not a version",
        "b7: its _general.version is 'x1', which is not a version", "c: table _feeds is missing",
        "a0: the same for 7 other accounts: a1, a2, a3, a4, a5 and 2 more",
        "b0: the same for 6 other accounts: b1, b2, b3, b4, b5 and 1 more"]
    report = metamodel.run("status", "--json").report["accounts"]
    assert sum(bool(e["differences"]) for e in report) == 9 and sum(bool(e["problem"]) for e in report) == 8


def test_drift_of_global(metamodel, db, make):
    make("a", 9)
    db.sql("ALTER TABLE _global._general DROP captcha_key")
    [entry, _] = metamodel.run("status", "--json").report["accounts"]
    assert entry["state"] == "drifted"
    assert any("captcha_key is missing" in line for line in entry["differences"])


def test_no_version_of_the_facts_is_drifted(metamodel, db, make):
    """Whichever way it was made: all names are those of the facts, no file of the program's."""
    accounts = {f"at {version}": make(f"at {version}", version, user_tables=True, more=True)
                for version in STARTS}
    states = json_states(metamodel.run("status", "--json"))
    assert "drifted" not in states.values() and len(states) == 1 + len(accounts)
    for version in STARTS[1:]:
        db.sql(f"DROP SCHEMA _global CASCADE; {global_sql(version)}")
        assert json_states(metamodel.run("status", "--json", "_global"))["_global"] in (
            "current", f"{9 - version} behind")


def test_the_settings_of_the_role_make_no_drift(metamodel, db, make):
    make("a", 9)
    make("b", 4)
    for setting, value in {"quote_all_identifiers": "on", "search_path": "a", "DateStyle": "German",
                           "standard_conforming_strings": "off"}.items():
        db.server.sql(f"ALTER DATABASE {db.name} SET {setting} = {value}")
    assert json_states(metamodel.run("status", "--json")) == {
        "_global": "current", "a": "current", "b": "5 behind"}


# ---- how it runs ----

def test_names_of_every_kind_are_one_row_each(metamodel, make):
    for name in ODD:
        make(name, 9)
    result = metamodel.run("status")
    rows, below = table_of(result)
    assert len(rows) == len(ODD) + 1 and below == []
    assert {row[3] for row in rows} == {"current"}
    assert set(json_states(metamodel.run("status", "--json"))) == {"_global", *ODD}


def test_names_of_another_encoding(metamodel, encoded):
    latin = encoded("LATIN1")
    connection = latin.connect()

    def run(sql, values=None):
        connection.cursor().execute(sql, values)

    run(global_sql(9))
    Account(9, lambda text: text.encode("latin-1", "replace").decode("latin-1"), "latin-1").make(
        run, "ÿ", user_tables=False)
    assert json_states(metamodel.run("status", "-d", latin.name, "--json")) == {
        "_global": "current", "ÿ": "current"}
    connection.close()


def test_it_takes_no_lock_and_waits_for_none(metamodel, db, make):
    make("a", 9)
    with contextlib.closing(db.connect()) as session:
        session.cursor().execute(f"SELECT pg_advisory_lock({LOCK})")
        metamodel.run("status", "--check")


def test_while_a_save_runs_it_looks_on(metamodel, make, fake_pg_dump):
    make("a", 9)
    fake_pg_dump.hang("a")
    running = metamodel.start("save")
    metamodel.options.clear()
    wait_for(lambda: fake_pg_dump.calls("a"))
    before = sorted(path.name for path in metamodel.cwd.iterdir())
    metamodel.run("status", "--check")
    assert sorted(path.name for path in metamodel.cwd.iterdir()) == before
    running.send(signal.SIGTERM)
    assert running.wait().returncode == 128 + signal.SIGTERM


def test_a_locked_account_does_not_hide_the_others(metamodel, db, make):
    make("a", 9)
    make("b", 9)
    make("c", 9)
    with db.locked("b._general"):
        result = metamodel.run("status", "--lock-wait", "1", "--json", check=False, timeout=40)
    assert result.returncode in (0, 3)
    states = json_states(result)
    assert states["a"] == states["c"] == "current" and states["b"] != "current"
    with db.locked("b._roles"):  # nothing has to be read there
        metamodel.run("status", "--check", "--lock-wait", "1")


@pytest.mark.slow
def test_many_accounts_cost_no_round_trip_each(metamodel, db, make):
    metamodel.env["PGOPTIONS"] = "-c log_statement=all"

    def statements():
        offset = len(db.server.log_file.read_bytes())
        metamodel.run("status")
        return sum(f" {db.name} " in line and re.search(" LOG:  (statement|execute )", line)
                   is not None for line in db.server.log(offset).splitlines())

    for version in STARTS:
        make(f"a{version}", version)
    few = statements()
    for i in range(30):
        make(f"b{i}", i % 10)
    assert 0 < few and statements() <= few + 2


def test_quiet_still_shows_what_was_asked_for(metamodel, make):
    make("a", 9)
    result = metamodel.run("status", "-q")
    assert states_of(result) == {"_global": "current", "a": "current"} and result.stderr == ""


def test_a_database_without_anything(metamodel, db):
    result = metamodel.run("status", check=False)
    assert result.returncode in (0, 1)
    assert metamodel.run("status", "--check", check=False).returncode in (1, 3)
    assert db.query("SELECT FROM pg_namespace WHERE nspname = '_global'") == []


def test_a_server_that_is_not_there(metamodel, tmp_path):
    result = metamodel.run("status", "-h", tmp_path, check=False, timeout=60)
    assert result.returncode in (1, 3) and "metamodel: error: " in result.stderr


def test_an_account_of_somebody_elses_is_shown_as_far_as_it_goes(metamodel, db, make):
    make("a", 9)
    make("b", 9)
    role = quote(f"{db.name} reader")
    db.sql(f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA _global, a TO {role}; "
           f"GRANT SELECT ON ALL TABLES IN SCHEMA _global, a TO {role}")
    try:
        result = metamodel.run("status", "-U", f"{db.name} reader", "--json", check=False)
        assert result.returncode in (0, 3)
        states = json_states(result)
        assert states["a"] == "current" and states["b"] != "current"
    finally:
        db.sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
