# SPDX-License-Identifier: PostgreSQL
"""`metamodel restore` on a PgFarm: each account to the node where it is now, and each node for itself."""

import os
import re
import signal
import subprocess
import time
import uuid

import pytest
from farm_fixtures import (DOWN, NODES, ODD, ON_2, OTHERS, WHERE, accounts, check_failed, damage, failed,
                           held, metamodel, saved, snapshots, waiting)
from support import PATIENCE, errors_of, literal, quote, wait_for
from support_restore import LOCK, fake_psql
from versions import snapshot

FIXTURES = accounts, metamodel, saved


def results(result):
    """{account: (result, node)} of --json."""
    return {each["account"]: (each["result"], each["node"]) for each in result.report["accounts"]}


def register(farm, account):
    """Only in the list of accounts."""
    farm.sql("_global", f"INSERT INTO _global._accounts (name) VALUES ({literal(account)})")


@pytest.fixture
def damaged(saved):
    """Accounts that are not as saved any more: (as saved, as they are), by node."""
    before = snapshots(saved)
    damage(saved, "a", "b", "c", "d", "e")
    saved.sql("_global", "UPDATE _global._general SET version = '0.000'")
    return before, snapshots(saved)


# ---- where to ----

def test_odd_names_are_restored_where_they_have_moved(farm, metamodel):
    farm.add_global()
    for i, name in enumerate(ODD):
        farm.add_account(name, "0.009", user_tables=False, node=NODES[i % 3])
    metamodel.run("save", "-q")
    before = {name: snapshot(farm.node_of(name), name) for name in ODD}
    for i, name in enumerate(ODD):
        farm.move_account(name, NODES[(i + 1) % 3])
        farm.sql(name, f"DROP TABLE {quote(name)}._views")
    result = metamodel.run("restore", "--json")
    assert results(result) == {"_global": ("restored", NODES[0]), **{
        name: ("restored", NODES[(i + 1) % 3]) for i, name in enumerate(ODD)}}
    assert {name: snapshot(farm.node_of(name), name) for name in ODD} == before
    for name in ODD:
        assert sum(node.has_schema(name) for node in farm.nodes.values()) == 1


def test_a_schema_that_was_lost_is_made_on_the_node_that_it_is_on_now(saved, metamodel):
    saved.sql("b", "DROP SCHEMA b CASCADE")
    saved.place("b", "os901003")
    plan = metamodel.run("restore", "-n", "b")
    assert "b on node os901003: would be added: " in plan.stderr and not saved.node_of("b").has_schema("b")
    result = metamodel.run("restore", "b", "--json")
    assert "Adding account b..." in result.stderr
    assert results(result) == {"b": ("restored", "os901003")}
    assert not saved.nodes["os901002"].has_schema("b")


def test_a_schema_on_a_second_node_is_left_alone(saved, metamodel):
    """It is found where the run has to do with that node."""
    saved.move_account("b", "os901001", keep=True)
    before = snapshot(saved.nodes["os901002"], "b")
    damage(saved, "b")
    result = metamodel.run("restore", "b", "d")
    assert "account b is on node os901001, but" in result.stderr and "os901002" in result.stderr
    assert snapshot(saved.nodes["os901001"], "b") == before
    assert snapshot(saved.nodes["os901002"], "b") == before


@pytest.mark.parametrize("args", [[], ["-n"]], ids=["done", "planned"])
def test_who_is_not_registered_is_not_found_and_nothing_else_fails(saved, metamodel, args):
    saved.place("b", None)
    result = metamodel.run("restore", "--json", *args, expect=3)
    assert errors_of(result, "b").startswith("[b plan] Account b does not exist.")
    assert failed(result) == ["b"]
    assert results(result) == {
        "b": ("failed", None), **{name: ("planned" if args else "restored", WHERE[name])
                                  for name in WHERE if name != "b"}}


def test_a_name_with_quotes_that_nobody_has_is_not_found(saved, metamodel):
    before = snapshots(saved)
    for name in ("it's", "'; DROP SCHEMA a CASCADE; --", "A", 'a"', "$1"):
        result = metamodel.run("restore", f"--host-suffix={saved.suffix}", name, expect=1)
        assert f"Account {name} does not exist." in result.stderr
    assert snapshots(saved) == before


# ---- what is said before ----

def test_who_comes_to_be_and_ceases_to_be_registered_is_said(saved, metamodel):
    saved.add_account("it's", node="os901003")
    register(saved, "nowhere")
    saved.sql("_global", "DELETE FROM _global._accounts WHERE name = 'c'")
    result = metamodel.run("restore", "-n")
    for name in ("it's", "nowhere"):
        assert f"account {name} will no longer be registered" in result.stderr
    assert result.stderr.count("will no longer be registered") == 2
    assert re.findall("Account (.*) will be registered", result.stderr) == ["c"]


def test_accounts_that_the_save_does_not_hold_are_counted(saved, metamodel):
    saved.add_account("f", node="os901003")
    saved.add_account("g", node="os901001")
    result = metamodel.run("restore")
    assert "2 others of the database were left alone" in result.stderr.splitlines()[-1]


def test_what_stands_in_the_way_on_one_node_fails_that_account_only(saved, metamodel, damaged):
    saved.sql("d", "CREATE VIEW d.v AS SELECT name FROM d._models")
    before = snapshot(saved.nodes["os901002"], "d")
    result = metamodel.run("restore", expect=3)
    assert failed(result) == ["d"] and "view d.v" in errors_of(result, "d")
    assert snapshot(saved.nodes["os901002"], "d") == before
    metamodel.run("restore", "d", "--cascade")
    assert snapshots(saved) == damaged[0]


# ---- nodes that are down ----

@DOWN
def test_without_the_node_of_global_the_others_are_restored(saved, metamodel, damaged, mode):
    saved.stop_node("os901001", mode)
    result = metamodel.run("restore", "--json", expect=3)
    check_failed(result, ["_global", "a"], "os901001")
    assert "os901001" in errors_of(result, "_global")
    assert {name for name, (how, _) in results(result).items() if how == "restored"} == {
        "b", "c", "d", "e"}
    saved.start_node("os901001")
    assert snapshots(saved) == {**damaged[0], "os901001": damaged[1]["os901001"]}


def test_without_any_node_nothing_is_restored(saved, metamodel):
    for name in NODES:
        saved.stop_node(name)
    result = metamodel.run("restore", check=False)
    assert result.returncode == 1 and "os90100" in result.stderr, result
    assert "Importing" not in result.stderr


def test_global_whose_node_goes_away_leaves_the_others(saved, metamodel, damaged):
    with held(saved.nodes["os901001"], "_global._accounts"):
        running = metamodel.start("restore", "--lock-wait", "60")
        wait_for(lambda: waiting(saved.nodes["os901001"]))
        saved.stop_node("os901001")
        result = running.wait()
    assert result.returncode == 3 and failed(result) == ["_global", "a"], result
    check_failed(result, ["_global", "a"], "os901001")
    saved.start_node("os901001")
    assert snapshots(saved) == {**damaged[0], "os901001": damaged[1]["os901001"]}


def test_a_node_that_another_run_has_fails_its_accounts_only(saved, metamodel, damaged):
    session = saved.nodes["os901002"].connect()
    session.cursor().execute(f"SELECT pg_advisory_lock({LOCK})")
    result = metamodel.run("restore", expect=3)
    check_failed(result, ON_2, "os901002")
    assert "another run holds the lock" in errors_of(result, "b")
    session.close()
    assert snapshots(saved) == {**damaged[0], "os901002": damaged[1]["os901002"]}


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_neither_for_a_load_nor_for_a_silent_node(saved, metamodel, damaged, signum):
    with held(saved.nodes["os901002"], "b._models", "d._models"):
        running = metamodel.start("restore", "--json", "-j6", "--lock-wait", "600")
        wait_for(lambda: waiting(saved.nodes["os901002"]) == 2)
        wait_for(lambda: snapshots(saved, "os901003")["os901003"] == damaged[0]["os901003"])
        saved.stop_node("os901002", "silent")
        start = time.monotonic()
        running.send(signum)
        result = running.wait()
        assert time.monotonic() - start < 10 * PATIENCE
        saved.start_node("os901002")
    assert result.returncode == 128 + signum
    assert {how for name, (how, _) in results(result).items() if name in OTHERS} == {"restored"}
    assert not {how for name, (how, _) in results(result).items() if name in ON_2} & {"restored"}
    wait_for(lambda: snapshots(saved, "os901002")["os901002"] == damaged[1]["os901002"])


# ---- how many at once ----

COUNTING = """
    [ -n "$account" ] || exec "$real" "$@"
    echo "+ $PGDATABASE $account" >>"$log"; sleep 0.4
    "$real" "$@"; status=$?
    echo "- $PGDATABASE $account" >>"$log"; exit $status"""


def most_at_once(log):
    """{node: how many psql ran there at once at most}, and on all nodes; _global must be alone."""
    running, most, most_of_all = {}, dict.fromkeys(NODES, 0), 0
    for sign, node, account in map(str.split, log.read_text().splitlines()):
        running[node] = running.get(node, 0) + (1 if sign == "+" else -1)
        most[node] = max(most[node], running[node])
        most_of_all = max(most_of_all, sum(running.values()))
        assert account != b"_global".hex() or sum(running.values()) == (sign == "+")
    return most, most_of_all


@pytest.mark.parametrize("args, each, of_all", [
    (["-j6", "--node-jobs=1"], 1, 3), (["-j6"], 2, 5), (["-j2"], 2, 2), (["--node-jobs=1"], 1, 3)],
    ids=["one a node", "all", "two", "one a node and no bound"])
def test_nodes_are_worked_on_side_by_side(saved, metamodel, tmp_path, args, each, of_all):
    log = fake_psql(metamodel, tmp_path / "bin", COUNTING)
    metamodel.run("restore", *args)
    most, most_of_all = most_at_once(log)
    assert max(most.values()) <= each and most_of_all <= of_all
    assert most_of_all > 1


def test_free_connections_of_one_node_are_its_own_affair(saved, metamodel, tmp_path):
    log = fake_psql(metamodel, tmp_path / "bin", COUNTING)
    node = saved.nodes["os901002"]
    node.close()
    node.server.sql(f"ALTER DATABASE {node.name} CONNECTION LIMIT 3", "postgres")
    result = metamodel.run("restore", "-j6")
    node.server.sql(f"ALTER DATABASE {node.name} CONNECTION LIMIT -1", "postgres")
    assert re.findall(r"the server of database (\S+) has 1 free connections", result.stderr) == [
        "os901002"]
    assert most_at_once(log)[0]["os901002"] == 1


def test_no_process_is_left_of_a_run_whose_node_went_away(saved, metamodel, damaged):
    mark = metamodel.env["METAMODEL_TEST"] = uuid.uuid4().hex
    with held(saved.nodes["os901002"], "b._models", "d._models"):
        running = metamodel.start("restore", "-j6", "--lock-wait", "60")
        wait_for(lambda: waiting(saved.nodes["os901002"]) == 2)
        saved.stop_node("os901002", "immediate")
        running.wait()
    found = subprocess.run(["grep", "-lsa", f"METAMODEL_TEST={mark}", *(
        f"/proc/{pid}/environ" for pid in os.listdir("/proc") if pid.isdigit())],
        check=False, stdout=subprocess.PIPE, text=True)
    assert found.stdout == ""


def test_a_rehearsal_changes_none_of_the_nodes(damaged, farm, metamodel):
    sql = "SELECT oid, relfilenode, relname FROM pg_class WHERE relname ~ '^_' ORDER BY 1"
    before = [node.query(sql) for node in farm.nodes.values()]
    result = metamodel.run("restore", "--rehearse", "--json")
    assert {outcome for outcome, _ in results(result).values()} == {"rehearsed"}
    assert [node.query(sql) for node in farm.nodes.values()] == before
