# SPDX-License-Identifier: PostgreSQL
"""The commands on a PgFarm: what is different where accounts live on many nodes.

What a command does to one account is in its own tests.
"""

import contextlib
import itertools
import json
import re
import time

import psycopg2
import pytest
from farm import REGISTERED
from farm_fixtures import (DOWN, NODES, ODD, ON_2, OTHERS, WHERE, accounts, check_failed, damage, failed,
                           held, metamodel, prepared, saved, snapshots, waiting)
from support import PATIENCE, errors_of, literal, pg_bindir, quote, wait_for
from support_restore import LOCK
from versions import snapshot

FIXTURES = accounts, metamodel, prepared, saved
NEWEST = "0.009"
SUFFIX = pytest.mark.parametrize("suffix", [[], [".farm.test"], ["--host-suffix=.farm.test"]])
# Says when it ran for which node.
SLOWLY = """#!/bin/sh
case "$*" in *--version*) exec "{real}" "$@" ;; esac
began=$(cut -d' ' -f1 /proc/uptime); sleep 1; "{real}" "$@"; status=$?
echo "$PGDATABASE $began $(cut -d' ' -f1 /proc/uptime)" >>"{log}"; exit $status
"""


def version(farm, account):
    return farm.query(account, f"SELECT version FROM {quote(account)}._general")[0][0]


def versions(farm, accounts):
    return {name: version(farm, name) for name in accounts}


def states(result):
    """{account: (node, state)} of status --json."""
    return {each["account"]: (each["node"], each["state"]) for each in result.report["accounts"]}


def tree_snapshot(tree):
    """The bytes of all files of a save; {} if there is none."""
    return {path.name: path.read_bytes() for path in tree.path.glob("*")}


# ---- all commands ----

COMMANDS = [["status"], ["upgrade"], ["save"], ["restore"]]
EACH = pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
EACH_AND_DRY = pytest.mark.parametrize(
    "command", [*COMMANDS, ["upgrade", "-n"], ["restore", "-n"]], ids=" ".join)
# Every answer of registered() once, and every command.
EACH_OR_KIND = pytest.mark.parametrize(
    "command, kind", [*((command, "no row") for command in COMMANDS),
                      *((["status"], kind) for kind in REGISTERED if kind != "no row")],
    ids=lambda value: value if isinstance(value, str) else " ".join(value))


def stop_reason(result):
    """Why nothing was done at all."""
    assert result.returncode == 1, result
    return result.stderr


@EACH
def test_a_wrong_suffix_shows_the_hosts_that_were_tried(prepared, metamodel, command):
    before = snapshots(prepared), tree_snapshot(metamodel.tree())
    result = metamodel.run(*command, ".wrong.test", check=False)
    assert re.search(r"os90100\d\.wrong\.test", stop_reason(result))
    assert (snapshots(prepared), tree_snapshot(metamodel.tree())) == before


@EACH_AND_DRY
def test_a_suffix_that_fits_some_nodes_shows_the_host_that_was_tried(
        prepared, metamodel, command, tmp_path_factory):
    lines = [line for line in open(metamodel.env["NSS_WRAPPER_HOSTS"]) if "os901002" not in line]
    hosts = tmp_path_factory.mktemp("hosts") / "hosts"
    hosts.write_text("".join(lines))
    result = metamodel.run(*command, prepared.suffix, expect=3, env={"NSS_WRAPPER_HOSTS": hosts})
    check_failed(result, ON_2, "os901002" + prepared.suffix)


@EACH
def test_without_its_proxy_nothing_is_done(prepared, metamodel, command):
    before = snapshots(prepared), tree_snapshot(metamodel.tree())
    prepared.stop_node("proxy")
    assert "proxy" in stop_reason(metamodel.run(*command, check=False))
    prepared.start_node("proxy")
    assert (snapshots(prepared), tree_snapshot(metamodel.tree())) == before


@EACH
@DOWN
def test_a_node_that_is_down_fails_its_accounts_and_no_others(prepared, metamodel, command, mode):
    prepared.stop_node("os901002", mode)
    start = time.monotonic()
    result = metamodel.run(*command, expect=3)
    check_failed(result, ON_2, "os901002")
    assert time.monotonic() - start < 10 * PATIENCE


@EACH
def test_a_proxy_that_asks_a_node_that_is_down_still_places_the_others(prepared, metamodel, command):
    prepared.registered_by("ask the node")
    prepared.stop_node("os901002")
    check_failed(metamodel.run(*command, expect=3), ON_2, "os901002")


def test_a_silent_node_that_the_proxy_asks_costs_one_timeout_in_all(farm, metamodel):
    names = add_many(farm, 60)
    farm.registered_by("ask the node")
    farm.stop_node("os901002", "silent")
    start = time.monotonic()
    result = metamodel.run("status", "--json", expect=3, env={"PGCONNECT_TIMEOUT": "6"})
    assert time.monotonic() - start < 8 + 5 * PATIENCE  # one for each account would be 120
    found = states(result)
    for i, name in enumerate(names):
        assert found[name][0] == (None if i % 3 == 1 else NODES[i % 3])
    assert "the proxy cannot say where it is" in errors_of(result, names[1])


def test_a_silent_node_keeps_the_others_waiting_for_ten_seconds(accounts, metamodel):
    accounts.stop_node("os901002", "silent")
    start = time.monotonic()
    result = metamodel.run("status", expect=3, env={"PGCONNECT_TIMEOUT": None})
    check_failed(result, ON_2, "os901002")
    assert 9 < time.monotonic() - start < 10 + 5 * PATIENCE


@pytest.mark.parametrize("how", ["environment", "service", "-d"])
@pytest.mark.parametrize("command", [["status"], ["save"]], ids=" ".join)
def test_an_address_that_is_told_is_of_the_proxy_and_not_of_the_nodes(accounts, metamodel, command, how):
    """Nor is the host name of the proxy looked up then."""
    address, env, args = accounts.proxy.address, {}, []
    if how == "environment":
        env = {"PGHOSTADDR": address}
    elif how == "service":
        (metamodel.cwd / "services").write_text(
            f"[farm]\nhost=nowhere\nhostaddr={address}\nport={accounts.port}\nuser={accounts.user}\n"
            f"password={accounts.password}\n")
        env = {"PGSERVICE": "farm", "PGSERVICEFILE": metamodel.cwd / "services"}
    else:
        args = ["-d", f"host=nowhere hostaddr={address}"]
    result = metamodel.run(*command, *args, "--json", env=env)
    assert {each["account"]: each["node"] for each in result.report["accounts"]} == WHERE


def test_with_an_address_told_a_wrong_suffix_still_shows_the_host(accounts, metamodel):
    result = metamodel.run("status", ".wrong.test", check=False, env={"PGHOSTADDR": accounts.proxy.address})
    assert re.search(r"os90100\d\.wrong\.test", stop_reason(result))


@EACH_OR_KIND
def test_names_with_quotes_are_ordinary_names(farm, metamodel, command, kind):
    farm.registered_by(kind)
    farm.add_global()
    for i, name in enumerate(ODD):
        farm.add_account(name, NEWEST, user_tables=False, node=NODES[i % 3])
    if command[0] == "restore":
        metamodel.run("save", "-q")
    result = metamodel.run(*command)
    assert "metamodel: error" not in result.stderr
    assert farm.placement() == {"_global": NODES[0],
                                **{name: NODES[i % 3] for i, name in enumerate(ODD)}}
    for name in ODD:
        assert name in result.stdout + result.stderr or command == ["save"]


@EACH_OR_KIND
def test_an_account_that_does_not_exist_is_named(prepared, metamodel, command, kind):
    prepared.registered_by(kind)
    before = snapshots(prepared)
    result = metamodel.run(*command, "nobody'", "b", check=False)
    assert result.returncode in (1, 3), result
    assert "nobody'" in result.stderr
    if "-n" in command or command[0] == "status":
        assert snapshots(prepared) == before


@EACH
@pytest.mark.parametrize("kind", ["null", "no row"])
def test_an_account_on_no_node_is_reported(prepared, metamodel, command, kind):
    prepared.registered_by(kind)
    prepared.place("b", None)  # but still in _accounts
    result = metamodel.run(*command, check=False)
    if command[0] == "restore":
        assert result.returncode == 3 and "Account b does not exist." in result.stderr, result
    elif command[0] == "status":
        assert re.search(r"(?m)^b\b", result.stdout) or "[b status]" in result.stderr, result
    else:
        assert result.returncode == 3 and errors_of(result, "b"), result
    assert "INSERT INTO _global._accounts" not in result.stdout + result.stderr


@EACH
def test_an_account_whose_schema_is_on_two_nodes_is_reported(prepared, metamodel, command):
    prepared.move_account("b", "os901003", keep=True)
    if command[0] == "restore":
        metamodel.run("save", "-q")
    old = snapshot(prepared.nodes["os901002"], "b")
    result = metamodel.run(*command, check=False)
    assert re.search(r"\bb\b.*os901002", result.stdout + result.stderr), result
    assert errors_of(result, "b") == "", result  # it is worked with where the proxy says
    assert snapshot(prepared.nodes["os901002"], "b") == old


@EACH
def test_an_account_is_as_the_proxy_says_also_where_its_schema_is_missing(prepared, metamodel, command):
    prepared.place("b", "os901003")
    old = snapshot(prepared.nodes["os901002"], "b")
    result = metamodel.run(*command, check=False)
    assert re.search(r"\bb\b.*(os901003|missing)", result.stdout + result.stderr), result
    assert snapshot(prepared.nodes["os901002"], "b") == old
    if command == ["restore"]:
        assert "Adding account b..." in result.stderr
        assert prepared.nodes["os901003"].has_schema("b")
    elif command[0] != "restore":
        assert not prepared.nodes["os901003"].has_schema("b")


@pytest.mark.parametrize("command", [["status", "c"], ["upgrade", "c"], ["save", "c"],
                                     ["restore", "c"]], ids=" ".join)
def test_one_account_needs_only_its_own_node(prepared, metamodel, command):
    for name in ("os901001", "os901002"):
        prepared.stop_node(name)
    metamodel.run(*command)


@pytest.mark.parametrize("command", [["status"], ["upgrade"], ["save"]], ids=" ".join)
def test_who_may_not_ask_the_proxy_is_told_as_whom_to_connect(prepared, metamodel, command):
    server, function = prepared.proxy.server, "FUNCTION xquery(text, text, integer, integer)"
    server.sql(f"REVOKE ALL ON {function} FROM PUBLIC", "proxy")
    try:
        text = stop_reason(metamodel.run(*command, check=False))
    finally:
        server.sql(f"GRANT ALL ON {function} TO PUBLIC", "proxy")
    assert "permission denied" in text and "as the role that the server itself uses" in text, text


@pytest.mark.parametrize("command", [["status"], ["upgrade"], ["save"]], ids=" ".join)
def test_without_the_node_of_global_there_is_no_list_of_accounts(prepared, metamodel, command):
    before = snapshots(prepared, "os901002", "os901003"), tree_snapshot(metamodel.tree())
    prepared.stop_node("os901001")
    text = stop_reason(metamodel.run(*command, check=False))
    assert "_global" in text and "os901001" in text
    assert (snapshots(prepared, "os901002", "os901003"), tree_snapshot(metamodel.tree())) == before


@EACH
def test_a_password_is_shown_nowhere(prepared, metamodel, command):
    prepared.stop_node("os901002")
    result = metamodel.run(*command, "-v", check=False)
    assert prepared.password not in result.stdout + result.stderr


@EACH
def test_a_wrong_password_is_told_once_for_all(prepared, metamodel, command):
    result = metamodel.run(*command, "-w", check=False, env={"PGPASSWORD": "wrong"})
    assert "password authentication failed" in stop_reason(result)


@contextlib.contextmanager
def another_run(farm, *nodes):
    """...is at work on these nodes."""
    with contextlib.ExitStack() as stack:
        for node in nodes:
            session = stack.enter_context(contextlib.closing(farm.nodes[node].connect()))
            session.cursor().execute("SET application_name = 'metamodel restore'; "
                                     f"SELECT pg_advisory_lock({LOCK})")
        yield


LOCKING = pytest.mark.parametrize("command", [["upgrade"], ["save"], ["restore"]], ids=" ".join)


@LOCKING
def test_two_runs_on_a_farm_are_never_at_work_at_once(prepared, metamodel, command):
    before = snapshots(prepared), tree_snapshot(metamodel.tree())
    with another_run(prepared, *NODES):
        result = metamodel.run(*command, expect=4)
    assert re.search(r"os90100\d.*metamodel restore", result.stderr), result
    assert (snapshots(prepared), tree_snapshot(metamodel.tree())) == before


@LOCKING
def test_two_runs_on_a_node_are_never_at_work_at_once(prepared, metamodel, command):
    before = snapshots(prepared, "os901002")
    with another_run(prepared, "os901002"):
        result = metamodel.run(*command, expect=3)
    check_failed(result, ON_2, "os901002")
    assert "metamodel restore" in result.stderr
    assert snapshots(prepared, "os901002") == before


@pytest.mark.parametrize("command", [["upgrade", "c"], ["save", "c"], ["restore", "c"]], ids=" ".join)
def test_another_run_on_another_node_is_in_nobodys_way(saved, metamodel, command):
    with another_run(saved, "os901002"):
        metamodel.run(*command)


@pytest.mark.parametrize("command", ["upgrade", "save", "restore"])
def test_a_node_that_falls_silent_is_not_waited_for_beyond_the_timeout(saved, metamodel, fake_pg_dump, command):
    """Its server still takes what is sent, and answers nothing."""
    node = saved.nodes["os901002"]
    if command == "save":
        fake_pg_dump.hang("d")  # b is dumped, and its tables have to be looked at again
    with contextlib.nullcontext() if command == "save" else held(node, "b._general", "d._general"):
        running = metamodel.start(command, "-j6", "--timeout=6", "--lock-wait=10")
        wait_for(lambda: fake_pg_dump.calls("d") if command == "save" else waiting(node))
        wait_for(lambda: "Dumping account e" in running.stderr or command != "save")
        time.sleep(1)
        start = time.monotonic()
        saved.stop_node("os901002", "silent")
        result = running.wait()
        assert time.monotonic() - start < 10 * PATIENCE
        saved.start_node("os901002")
    assert result.returncode == 3 and failed(result) == ON_2, result
    check_failed(result, ON_2, "os901002")


@pytest.mark.parametrize("command", ["save", "restore"])
def test_nodes_are_worked_on_side_by_side_and_none_on_two_accounts_at_once(
        saved, metamodel, tmp_path_factory, command):
    bindir = tmp_path_factory.mktemp("slowly")
    for name in ("pg_dump", "psql"):
        (bindir / name).write_text(SLOWLY.format(real=pg_bindir() / name, log=bindir / "log"))
        (bindir / name).chmod(0o755)
    metamodel.run(command, "-j6", "--node-jobs=1", "--pg-bindir", bindir)
    runs = [(node, float(began), float(ended))
            for node, began, ended in map(str.split, (bindir / "log").read_text().splitlines())]
    assert len(runs) == len(WHERE)
    pairs = [(one[0] == two[0]) for one, two in itertools.combinations(runs, 2)
             if one[1] < two[2] and two[1] < one[2]]
    assert pairs and not any(pairs), runs  # some at the same time, none of them on one node


@pytest.mark.parametrize("options, most", [
    (["-j6"], [1, 2, 2]), (["-j6", "--node-jobs=1"], [1, 1, 1]), (["-j2"], 2), (["--node-jobs=1"], [1, 1, 1])],
    ids=lambda value: " ".join(map(str, value if isinstance(value, list) else [value])))
def test_an_upgrade_works_on_nodes_side_by_side_within_its_bounds(accounts, metamodel, options, most):
    with contextlib.ExitStack() as stack:
        for node, held_here in zip(NODES, ("a", "bd", "ce")):
            stack.enter_context(held(accounts.nodes[node], *(f"{name}._general" for name in held_here)))

        def count():
            return [waiting(node) for node in accounts.nodes.values()]

        running = metamodel.start("upgrade", "--lock-wait", "60", *options)
        wait_for(lambda: count() == most or sum(count()) == most)
        time.sleep(0.5)
        assert count() == most or sum(count()) == most
    assert running.wait().returncode == 0


def test_the_suffix_may_be_configured(accounts, metamodel):
    conf = metamodel.cwd / "my.conf"
    conf.write_text(f"{accounts.conf_file.read_text()}\n[metamodel]\nhost-suffix = {accounts.suffix}\n")
    metamodel.options[metamodel.options.index(accounts.conf_file)] = conf
    metamodel.run("save")
    assert {node["host"] for node in metamodel.tree().manifest["nodes"]} == {
        name + accounts.suffix for name in NODES}
    metamodel.run("status", "--host-suffix=.wrong.test", expect=1)  # the command line wins


# ---- status ----

@SUFFIX
def test_status_shows_the_node_of_each_account(accounts, metamodel, suffix):
    result = metamodel.run("status", "--json", *suffix)
    assert states(result) == {name: (node, "8 behind") for name, node in WHERE.items()}
    table = metamodel.run("status", *suffix).stdout.splitlines()
    assert [line.split()[:2] for line in table[1:7]] == [[n, WHERE[n]] for n in sorted(WHERE)]


def test_status_tells_what_is_registered_nowhere_on_any_node(accounts, metamodel):
    for i, node in enumerate(NODES):
        accounts.add_account(f"loose{i}", registered=False, node=node)
    report = metamodel.run("status", "--json").report
    assert sorted(each["account"] for each in report["unregistered"]) == ["loose0", "loose1", "loose2"]


def test_check_wants_every_account_on_every_node_current(accounts, metamodel):
    metamodel.run("status", "--check", expect=3)
    metamodel.run("upgrade", "-q")
    metamodel.run("status", "--check")
    accounts.stop_node("os901003")
    metamodel.run("status", "--check", expect=3)


# ---- upgrade ----

@SUFFIX
def test_upgrade_brings_all_accounts_to_the_newest_version(accounts, metamodel, suffix):
    result = metamodel.run("upgrade", *suffix)
    assert versions(accounts, WHERE) == dict.fromkeys(WHERE, NEWEST)
    lines = re.findall(r"Upgrading (.*) from", result.stderr)
    assert set(lines[:8]) == {"global metamodel"} and set(lines[8:]) == {
        f"account {name}" for name in WHERE if name != "_global"}
    again = metamodel.run("upgrade")
    assert "Upgrading" not in again.stderr


def test_upgrade_is_done_on_the_nodes_that_are_there(accounts, metamodel):
    accounts.stop_node("os901002")
    result = metamodel.run("upgrade", expect=3)
    assert failed(result) == ON_2
    accounts.start_node("os901002")
    assert versions(accounts, WHERE) == {
        **dict.fromkeys(OTHERS, NEWEST), **dict.fromkeys(ON_2, "0.001")}
    metamodel.run("upgrade")
    assert versions(accounts, WHERE) == dict.fromkeys(WHERE, NEWEST)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_upgrade_of_a_node_that_goes_away_fails_its_accounts_only(accounts, metamodel, mode):
    before = snapshots(accounts, "os901002")
    with held(accounts.nodes["os901002"], "b._general", "d._general"):
        running = metamodel.start("upgrade", "--lock-wait", "60")
        wait_for(lambda: {version(accounts, name) for name in OTHERS} == {NEWEST})
        accounts.stop_node("os901002", mode)
        result = running.wait()
    assert result.returncode == 3 and failed(result) == ON_2
    check_failed(result, ON_2, "os901002")
    accounts.start_node("os901002")
    assert snapshots(accounts, "os901002") == before


def test_upgrade_does_nothing_when_the_node_of_global_goes_away(accounts, metamodel):
    before = snapshots(accounts, "os901002", "os901003")
    with held(accounts.nodes["os901001"], "_global._general"):
        running = metamodel.start("upgrade", "--lock-wait", "60")
        wait_for(lambda: waiting(accounts.nodes["os901001"]))
        accounts.stop_node("os901001")
        result = running.wait()
    assert result.returncode == 1 and "_global" in result.stderr, result
    assert snapshots(accounts, "os901002", "os901003") == before


# ---- save ----

@SUFFIX
def test_save_puts_all_accounts_of_all_nodes_into_one_save(accounts, metamodel, suffix):
    result = metamodel.run("save", *suffix)
    tree = metamodel.tree()
    assert tree.accounts() == sorted(WHERE)
    assert {name: tree.entry(name)["node"] for name in WHERE} == WHERE
    end = accounts.suffix if suffix else ""
    manifest = tree.manifest
    assert manifest["backend"] == "PgFarm"
    nodes = {node["node"]: node for node in manifest["nodes"]}
    assert {name: node["host"] for name, node in nodes.items()} == {
        name: name + end for name in NODES}
    assert all(node["snapshot"] for node in nodes.values())
    assert all(str(node["port"]) == accounts.port for node in nodes.values())
    for name in WHERE:
        assert f"Dumping account {name} to" in result.stderr
        assert f"CREATE TABLE {name}._" in tree.text(name)
    metamodel.run("verify")


def test_all_accounts_of_a_node_are_of_one_moment(accounts, metamodel, fake_pg_dump):
    fake_pg_dump.busy("b", times=1)  # tried again later, when d is there
    running = metamodel.start("save")
    wait_for(lambda: fake_pg_dump.calls("b"))
    for name in ("b", "d"):
        accounts.sql(name, f"INSERT INTO {name}._models (name, table_name) VALUES ('late', 'late')")
    assert running.wait().returncode == 0
    for name in ("b", "d"):
        assert "late" not in metamodel.tree().text(name)


@DOWN
def test_save_carries_over_what_is_on_a_node_that_is_down(saved, metamodel, mode):
    old = {name: metamodel.tree().text(name) for name in WHERE}
    for name in ("a", "c"):
        saved.sql(name, f"INSERT INTO {name}._models (name, table_name) VALUES ('new', 'new')")
    saved.stop_node("os901002", mode)
    result = metamodel.run("save", expect=3)
    tree = metamodel.tree()
    assert failed(result) == ON_2 and tree.stale() == ON_2
    assert tree.accounts() == sorted(WHERE)
    assert all(tree.entry(name)["node"] == "os901002" for name in ON_2)
    assert {name for name in WHERE if tree.text(name) != old[name]} == {"a", "c"}
    metamodel.run("verify")
    saved.start_node("os901002")
    metamodel.run("save")
    assert metamodel.tree().stale() == []


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_save_carries_over_what_is_on_a_node_that_goes_away(saved, metamodel, fake_pg_dump, mode):
    old = metamodel.tree().text("b")
    fake_pg_dump.hang("b")
    fake_pg_dump.hang("d")
    running = metamodel.start("save", "-j4")
    wait_for(lambda: "hanging" in running.stderr or fake_pg_dump.calls("b"))
    saved.stop_node("os901002", mode)
    result = running.wait()
    assert result.returncode == 3 and failed(result) == ON_2, result
    check_failed(result, ON_2, "os901002")
    assert metamodel.tree().stale() == ON_2 and metamodel.tree().text("b") == old


def test_a_strict_save_wants_all_nodes(saved, metamodel):
    before = tree_snapshot(metamodel.tree())
    saved.stop_node("os901002")
    result = metamodel.run("save", "--strict", check=False)
    assert result.returncode in (1, 3)
    assert tree_snapshot(metamodel.tree()) == before


def test_a_subset_carries_over_the_accounts_of_other_nodes(saved, metamodel):
    saved.stop_node("os901001")
    metamodel.run("save", "c", "e")
    assert metamodel.tree().accounts() == sorted(WHERE)
    assert not set(metamodel.tree().stale()) & {"c", "e"}


def test_save_is_of_the_node_where_an_account_is_now(saved, metamodel):
    saved.move_account("b", "os901003")
    metamodel.run("save")
    tree = metamodel.tree()
    assert tree.entry("b")["node"] == "os901003" and tree.entry("d")["node"] == "os901002"


# ---- restore ----

@SUFFIX
def test_restore_brings_all_accounts_back(saved, metamodel, suffix):
    before = snapshots(saved)
    damage(saved, "a", "b", "c", "d", "e")
    result = metamodel.run("restore", *suffix)
    assert snapshots(saved) == before
    imported = re.findall("^Importing metamodel for account (.*) from ", result.stderr, re.M)
    assert imported[0] == "_global" and sorted(imported) == sorted(WHERE)


def test_restore_goes_where_an_account_is_now(saved, metamodel):
    before = snapshot(saved.nodes["os901002"], "b")
    saved.move_account("b", "os901003")
    saved.move_account("a", "os901002")
    damage(saved, "a", "b")
    metamodel.run("restore")
    assert snapshot(saved.nodes["os901003"], "b") == before
    assert not saved.nodes["os901002"].has_schema("b")
    assert not saved.nodes["os901001"].has_schema("a")


def test_restore_goes_to_another_global_node(saved, metamodel):
    saved.move_account("_global", "os901002")
    saved.sql("_global", "DELETE FROM _global._accounts WHERE name = 'c'")
    metamodel.run("restore")
    assert ("c",) in saved.query("_global", "SELECT name FROM _global._accounts")
    assert not saved.nodes["os901001"].has_schema("_global")


@pytest.mark.parametrize("kind", ["null", "no row"])
def test_restore_never_makes_an_account(saved, metamodel, kind):
    saved.registered_by(kind)
    saved.place("b", None)
    for name in ("b", "d"):
        saved.nodes["os901002"].sql(f"DROP SCHEMA {name} CASCADE")
    result = metamodel.run("restore", expect=3)
    assert "Account b does not exist." in result.stderr and failed(result) == ["b"]
    assert "Adding account d..." in result.stderr
    assert not any(node.has_schema("b") for node in saved.nodes.values())
    assert "_models" in saved.tables("d")
    assert "b" not in saved.placement()


def test_restore_of_unregistered_accounts_alone_does_nothing(saved, metamodel):
    saved.place("b", None)
    before = snapshots(saved)
    result = metamodel.run("restore", "b", check=False)
    assert result.returncode == 1 and "Account b does not exist." in result.stderr, result
    assert snapshots(saved) == before


def test_restore_is_done_on_the_nodes_that_are_there(saved, metamodel):
    before = snapshots(saved)
    damage(saved, "a", "b", "c", "d", "e")
    damaged = snapshots(saved, "os901002")
    saved.stop_node("os901002")
    result = metamodel.run("restore", expect=3)
    assert failed(result) == ON_2
    saved.start_node("os901002")
    assert snapshots(saved) == {**before, **damaged}


def is_as(farm, node, before):
    """Is it as it was then? Not yet, if what is there changes while we look."""
    try:
        return snapshots(farm, node)[node] == before[node]
    except psycopg2.errors.InternalError_:
        return False


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_restore_on_a_node_that_goes_away_leaves_its_accounts_as_they_were(saved, metamodel, mode):
    before = snapshots(saved)
    damage(saved, "a", "b", "c", "d", "e")
    damaged = snapshots(saved, "os901002")
    with held(saved.nodes["os901002"], "b._models", "d._models"):
        running = metamodel.start("restore", "-j4", "--lock-wait", "60")
        wait_for(lambda: waiting(saved.nodes["os901002"]))
        wait_for(lambda: is_as(saved, "os901003", before))
        saved.stop_node("os901002", mode)
        result = running.wait()
    assert result.returncode == 3 and failed(result) == ON_2, result
    check_failed(result, ON_2, "os901002")
    saved.start_node("os901002")
    assert snapshots(saved) == {**before, **damaged}


def test_restore_without_the_node_of_global_says_so(saved, metamodel):
    saved.stop_node("os901001")
    result = metamodel.run("restore", check=False)
    assert result.returncode in (1, 3), result
    assert "_global" in result.stderr and "os901001" in result.stderr


def test_a_save_of_one_database_is_restored_to_a_farm(saved, metamodel):
    """The manifest's nodes are where accounts were, not where they are."""
    path = metamodel.tree().path / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["backend"] = "Pg"
    manifest["nodes"] = [{**manifest["nodes"][0], "node": "one"}]
    for entry in manifest["accounts"]:
        entry["node"] = "one"
    path.write_text(json.dumps(manifest))
    damage(saved, "a", "b", "c", "d", "e")
    metamodel.run("restore")
    assert versions(saved, WHERE) == dict.fromkeys(WHERE, "0.001")


# ---- many ----

def add_many(farm, count):
    """_global, and accounts with next to nothing in them, as many on each node."""
    farm.add_global("0.009")
    names = [f"account{i:03}" for i in range(count)]
    for i, node in enumerate(farm.nodes.values()):
        node.sql("; ".join(
            f"CREATE SCHEMA {name}; CREATE TABLE {name}._general (version varchar(10), created "
            f"timestamp(0) with time zone DEFAULT now()); INSERT INTO {name}._general VALUES ('0.009')"
            for name in names[i::3]))
    listed = ", ".join(f"({literal(name)})" for name in names)
    farm.sql("_global", f"INSERT INTO _global._accounts (name) VALUES {listed}")
    placed = ", ".join(f"({literal(name)}, {literal(NODES[i % 3])})" for i, name in enumerate(names))
    farm.proxy.sql(f"INSERT INTO farm.placement VALUES {placed}")
    return names


def test_three_hundred_accounts_over_three_nodes(farm, metamodel):
    names = add_many(farm, 300)
    offset = farm.proxy.server.log_file.stat().st_size
    farm.proxy.server.sql("ALTER DATABASE proxy SET log_statement = 'all'", "postgres")
    found = states(metamodel.run("status", "--json"))
    farm.proxy.server.sql("ALTER DATABASE proxy RESET log_statement", "postgres")
    assert {name: found[name][0] for name in names} == {
        name: NODES[i % 3] for i, name in enumerate(names)}
    asked = [line for line in farm.proxy.server.log(offset).splitlines()
             if re.search(r"(statement|execute.*): .*registered\(", line)]
    assert 1 <= len(asked) < 10, asked  # in bulk, not one by one
    metamodel.run("save", "-q", "-j4", timeout=120)
    assert len(metamodel.tree().accounts()) == 301
