# SPDX-License-Identifier: PostgreSQL
"""What a save does on a PgFarm and nowhere else: many nodes are one save."""

import contextlib
import json
import os
import signal
import time

import pytest
from farm_fixtures import NODES, WHERE, accounts, metamodel, saved
from support import errors_of, wait_for
from support_restore import LOCK

FIXTURES = accounts, metamodel, saved


def nodes(metamodel):
    """Those that the manifest says it dumped from."""
    return [node["node"] for node in metamodel.tree().manifest["nodes"]]


def test_the_manifest_says_where_each_dump_came_from(accounts, metamodel):
    result = metamodel.run("save", "--json", accounts.suffix)
    manifest = metamodel.tree().manifest
    assert manifest["backend"] == "PgFarm"
    assert [(node["node"], node["host"], node["port"]) for node in manifest["nodes"]] == [
        (name, name + accounts.suffix, accounts.port) for name in NODES]
    assert all(node["snapshot"] and node["server_version"] for node in manifest["nodes"])
    assert {entry["account"]: entry["node"] for entry in manifest["accounts"]} == WHERE
    assert {each["account"]: each["node"] for each in result.report["accounts"]} == WHERE


def test_each_dump_is_taken_from_its_accounts_node_and_snapshot(accounts, metamodel, fake_pg_dump):
    metamodel.run("save")
    snapshots = {node["node"]: node["snapshot"] for node in metamodel.tree().manifest["nodes"]}
    for name, node in WHERE.items():
        [call] = fake_pg_dump.calls(name)
        assert call["env"]["PGHOST"] == call["env"]["PGDATABASE"] == node
        assert call["env"]["PGHOSTADDR"] == accounts.nodes[node].address
        assert f"--snapshot={snapshots[node]}" in call["argv"]
        assert accounts.password not in " ".join(call["argv"])


@pytest.mark.parametrize("options, most", [
    (["-j", "6", "--node-jobs", "1"], {node: 1 for node in NODES}), (["-j", "6"], {node: 2 for node in NODES}),
    (["-j", "2", "--node-jobs", "1"], 2), (["-j", "1", "--node-jobs", "5"], 1)])
def test_dumps_are_bounded_on_each_node_and_on_the_whole(
        accounts, metamodel, fake_pg_dump, options, most):
    fake_pg_dump.hang("*")
    count = most if isinstance(most, int) else sum(most.values())
    running = metamodel.start("save", *options)
    wait_for(lambda: len(fake_pg_dump.calls()) >= count, what=f"{count} dumps")
    time.sleep(0.5)
    hosts = [call["env"]["PGHOST"] for call in fake_pg_dump.calls()]
    running.send(signal.SIGTERM)
    result = running.wait()
    assert result.returncode == 128 + signal.SIGTERM, result
    assert len(hosts) == count
    if isinstance(most, dict):
        assert {node: hosts.count(node) for node in NODES} == most
    else:
        assert len(set(hosts)) == count  # nodes take turns
    assert os.listdir(metamodel.cwd) == ["metamodel.lock"]


def test_a_node_gets_no_more_dumps_than_it_has_connections(accounts, metamodel, fake_pg_dump):
    node = accounts.nodes["os901002"]
    node.server.sql(f"ALTER DATABASE {node.name} CONNECTION LIMIT 3")  # two of them are ours
    node.close()
    result = metamodel.run("save", "-j4")
    assert "os901002 has 1 free connection" in result.stderr
    assert nodes(metamodel) == NODES


def test_a_first_save_holds_what_could_be_reached(accounts, metamodel):
    accounts.stop_node("os901003")
    result = metamodel.run("save", "--json", expect=3)
    assert metamodel.tree().accounts() == ["_global", "a", "b", "d"]
    assert nodes(metamodel) == ["os901001", "os901002"]
    outcomes = {each["account"]: (each["node"], each["result"], bool(each["error"]))
                for each in result.report["accounts"]}
    assert outcomes["c"] == outcomes["e"] == ("os901003", "failed", True)
    assert "os901003" in errors_of(result, "c")
    assert errors_of(result, "e") == "the same"


def test_with_all_its_nodes_down_nothing_is_done(saved, metamodel):
    before = metamodel.tree().manifest
    saved.stop_node("os901002")
    saved.stop_node("os901003")
    result = metamodel.run("save", "b", "c", expect=1)
    assert result.stderr.count("metamodel: error") == 1 and "os90100" in result.stderr
    assert metamodel.tree().manifest == before


def test_what_was_dumped_from_a_node_that_went_away_does_not_count(saved, metamodel, fake_pg_dump):
    """Nobody can tell any more whether its tables were emptied meanwhile."""
    fake_pg_dump.hang("d")
    running = metamodel.start("save", "-j4")
    wait_for(lambda: fake_pg_dump.calls("d"))
    wait_for(lambda: (metamodel.cwd / "metamodel.new" / "b.sql").exists() and
             (metamodel.cwd / "metamodel.new" / "e.sql").exists())
    time.sleep(0.5)
    saved.stop_node("os901002")
    result = running.wait()
    assert result.returncode == 3, result
    assert metamodel.tree().stale() == ["b", "d"]
    assert "os901002" in errors_of(result, "b") and "os901002" in errors_of(result, "d")
    assert nodes(metamodel) == ["os901001", "os901003"]


def test_a_node_that_is_done_may_go_away(saved, metamodel, fake_pg_dump):
    """Its tables are rechecked as soon as its last dump has ended."""
    fake_pg_dump.hang("d")
    running = metamodel.start("save", "-j4", "--timeout", "10")
    wait_for(lambda: saved.nodes["os901003"].query(
        "SELECT FROM pg_stat_activity WHERE application_name = 'metamodel save' "
        "AND query LIKE '%changed_by%' AND state = 'idle in transaction'"))
    saved.nodes["os901003"].sql("TRUNCATE c._models")
    saved.stop_node("os901003")
    result = running.wait()
    assert result.returncode == 3 and errors_of(result, "d"), result
    assert metamodel.tree().stale() == ["d"]
    assert nodes(metamodel) == NODES


def test_a_node_that_another_run_holds_fails_its_accounts(saved, metamodel):
    with contextlib.closing(saved.nodes["os901002"].connect()) as session:
        session.cursor().execute(f"SELECT pg_advisory_lock({LOCK})")
        result = metamodel.run("save", expect=3)
    assert metamodel.tree().stale() == ["b", "d"]
    assert "os901002" in errors_of(result, "b") and "another run holds the lock" in errors_of(result, "b")


def test_what_is_left_of_an_account_elsewhere_may_be_emptied(accounts, metamodel, fake_pg_dump):
    accounts.move_account("b", "os901003", keep=True)
    fake_pg_dump.hang("d")
    running = metamodel.start("save", "-j4", "--timeout", "10")
    wait_for(lambda: fake_pg_dump.calls("d"))
    accounts.nodes["os901002"].sql("TRUNCATE b._models")
    result = running.wait()
    assert result.returncode == 3 and errors_of(result, "d") and not errors_of(result, "b"), result
    assert "b" in metamodel.tree().accounts()
    assert "account b is on node os901003, but a schema of the same name is on node os901002" in result.stderr


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_node_does_not_answer_ends_the_run(saved, metamodel, signum):
    before = metamodel.tree().manifest
    saved.stop_node("os901002", "silent")
    running = metamodel.start("save")
    wait_for(lambda: saved.nodes["os901003"].query(
        "SELECT FROM pg_stat_activity WHERE application_name = 'metamodel save'"))
    running.send(signum)
    assert running.wait(20).returncode == 128 + signum
    assert metamodel.tree().manifest == before


def test_a_signal_while_the_proxy_waits_for_the_list_ends_the_run(saved, metamodel):
    node = saved.node_of("_global")
    with contextlib.closing(node.connect(autocommit=False)) as session:
        session.cursor().execute("LOCK TABLE _global._accounts")
        running = metamodel.start("save")
        wait_for(node.waiting)
        running.send(signal.SIGTERM)
        assert running.wait(20).returncode == 128 + signal.SIGTERM


def test_an_account_on_no_node_keeps_its_last_dump(saved, metamodel):
    saved.place("b", None)
    result = metamodel.run("save", expect=3)
    assert errors_of(result, "b") == "[b list] it is registered, but on no node"
    assert metamodel.tree().stale() == ["b"] and metamodel.tree().entry("b")["node"] == "os901002"


def test_an_account_that_is_nowhere_does_not_exist(saved, metamodel):
    before = metamodel.tree().manifest
    result = metamodel.run("save", "it's", expect=1)
    assert errors_of(result, "it's") == "[it's list] Account it's does not exist."
    assert metamodel.tree().manifest == before


def test_an_emptied_list_of_accounts_costs_no_dump(saved, metamodel):
    """Somebody has emptied it by mistake; the proxy still knows where they are."""
    saved.sql("_global", "DELETE FROM _global._accounts")
    result = metamodel.run("save", expect=3)
    assert metamodel.tree().stale() == list("abcde")
    assert "no longer registered" in errors_of(result, "a")


def test_who_was_deleted_leaves_the_save(saved, metamodel):
    saved.sql("_global", "DELETE FROM _global._accounts WHERE name = 'b'")
    saved.place("b", None)
    result = metamodel.run("save")
    assert metamodel.tree().accounts() == ["_global", "a", "c", "d", "e"]
    assert "account b is no longer registered" in result.stderr


def test_a_save_of_a_database_is_not_replaced_by_one_of_a_farm(accounts, metamodel, db):
    db.add_accounts("a")
    options, metamodel.options = metamodel.options, []
    metamodel.run("save", "-h", db.server.host, "-p", db.server.port, "-U", db.server.user, "-d", db.name)
    metamodel.options = options
    before = metamodel.tree().manifest
    result = metamodel.run("save", expect=1)
    assert f'metamodel is a save of database "{db.name}", not of "os90100' in result.stderr
    assert "hint: save elsewhere" in result.stderr
    result = metamodel.run("save", "c", expect=1)
    assert metamodel.tree().manifest == before


def change_manifest(metamodel, change):
    path = metamodel.tree().path / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def rename_nodes(manifest):
    for each in manifest["nodes"] + manifest["accounts"]:
        each["node"] = "other" + each["node"]


def test_a_save_of_another_farm_is_not_replaced_either(saved, metamodel):
    change_manifest(metamodel, rename_nodes)
    assert 'is a save of database "otheros901001"' in metamodel.run("save", expect=1).stderr


def test_a_node_of_the_same_farm_may_be_new_to_the_save(accounts, metamodel):
    metamodel.run("save", "b", "d")
    metamodel.run("save", "c")  # of which the one before knew nothing
    assert nodes(metamodel) == ["os901003"]
    metamodel.run("save")
    assert nodes(metamodel) == NODES and metamodel.tree().stale() == []


def test_dumps_of_the_old_scripts_are_kept_without_a_node(saved, metamodel):
    (metamodel.tree().path / "manifest.json").unlink()
    metamodel.run("save", "b")
    assert metamodel.tree().stale() == ["_global", "a", "c", "d", "e"]
    assert metamodel.tree().entry("a")["node"] is None
    assert metamodel.tree().entry("b")["node"] == "os901002"


def test_a_dry_run_tells_what_it_cannot_reach(accounts, metamodel):
    accounts.stop_node("os901002")
    result = metamodel.run("save", "-n", expect=3)
    assert "Would dump account c to metamodel/c.sql" in result.stderr
    assert "os901002" in errors_of(result, "b") and "Would dump account b" not in result.stderr
    assert os.listdir(metamodel.cwd) == []
