# SPDX-License-Identifier: PostgreSQL
"""A save knows which database it is of, and is never taken for one of another."""

import json
import uuid

import pytest
from support import Database


def change_manifest(metamodel, change):
    path = metamodel.tree().path / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))


def forget_identity(manifest):
    for node in manifest["nodes"]:
        del node["system_identifier"], node["database_oid"]


def set_node(**values):
    return lambda manifest: manifest["nodes"][0].update(values)


def as_production(manifest):
    """The save of a database of the same name, on another server."""
    manifest["nodes"][0].update(system_identifier="7123456789012345678", host="db1.example.com")


def rows(db, account="a"):
    return db.query(f"SELECT name FROM {account}._roles ORDER BY name")


@pytest.fixture
def saved(db, metamodel):
    db.add_accounts("a", "b")
    metamodel.run("save")
    return db


@pytest.fixture
def other(server, metamodel):
    """Another database on the same server, with an account of the same name."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server.sql(f"CREATE DATABASE {name}")
    other = Database(server, name)
    yield other
    other.close()
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


def test_the_manifest_says_which_server_and_database_it_is(saved, metamodel):
    [(system, oid)] = saved.query("SELECT system_identifier, (SELECT oid FROM pg_database WHERE datname = "
                                  "current_database()) FROM pg_control_system()")
    node = metamodel.tree().manifest["nodes"][0]
    assert (node["system_identifier"], node["database_oid"]) == (str(system), oid)


def test_where_the_identifier_is_denied_a_save_is_made_all_the_same(db, metamodel):
    db.add_accounts("a")
    db.sql("CREATE ROLE nosy LOGIN IN ROLE pg_read_all_data;"
           "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    try:
        metamodel.run("save", "-U", "nosy")
        metamodel.run("save", "-U", "nosy")
    finally:
        db.sql("DROP OWNED BY nosy; DROP ROLE nosy; GRANT EXECUTE ON FUNCTION pg_control_system() TO PUBLIC")
    assert metamodel.tree().manifest["nodes"][0]["system_identifier"] is None


# ---- restore ----

def test_a_save_of_another_database_replaces_nothing(saved, metamodel, other):
    other.add_accounts("a")
    other.sql("UPDATE a._roles SET name = 'mine' WHERE id = 1")
    before = rows(other)
    for args in [], ["-n"], ["a"]:
        result = metamodel.run("restore", *args, "-d", other.name, expect=1)
        assert f'is a save of database "{saved.name}", not of "{other.name}"' in result.stderr
        assert "detail: a: here at version 0.001, saved at version 0.001, 20" in result.stderr
        assert "--from-other-database" in result.stderr
    assert rows(other) == before


def test_a_save_of_a_database_of_the_same_name_elsewhere_is_another_ones(saved, metamodel):
    change_manifest(metamodel, as_production)
    saved.sql("UPDATE a._roles SET name = 'mine' WHERE id = 1")
    before = rows(saved)
    result = metamodel.run("restore", expect=1)
    assert 'host "db1.example.com"' in result.stderr and "7123456789012345678" in result.stderr
    assert rows(saved) == before


def test_from_other_database_says_yes(saved, metamodel, other):
    other.add_accounts("a")
    other.sql("UPDATE a._roles SET name = 'mine' WHERE id = 1")
    result = metamodel.run("restore", "--from-other-database", "-d", other.name)
    assert "is a save of database" in result.stderr
    assert rows(other) == rows(saved)


def test_where_nothing_is_replaced_another_databases_save_is_loaded(saved, metamodel, other):
    result = metamodel.run("restore", "-d", other.name)
    assert "warning: metamodel is a save of database" in result.stderr
    assert rows(other) == rows(saved)


def test_only_what_would_be_replaced_is_in_the_way(saved, metamodel, other):
    other.add_accounts("b")
    metamodel.run("restore", "a", "-d", other.name)
    assert rows(other) == rows(saved)
    metamodel.run("restore", "a", "b", "-d", other.name, expect=1)


def test_a_database_that_was_renamed_is_the_same_one(saved, metamodel, server):
    saved.close()
    server.sql(f"ALTER DATABASE {saved.name} RENAME TO renamed_{saved.name}")
    try:
        metamodel.run("restore", "-d", f"renamed_{saved.name}")
        metamodel.run("save", "-d", f"renamed_{saved.name}")
    finally:
        server.sql(f"DROP DATABASE renamed_{saved.name} WITH (FORCE)")


def test_a_failover_or_clone_is_said_and_not_refused(saved, metamodel):
    change_manifest(metamodel, set_node(host="db1.example.com"))
    for command in "status", "restore", "save":
        result = metamodel.run(command)
        assert 'was saved from host "db1.example.com"' in result.stderr
        assert "after a failover, or a copy of it" in result.stderr
    assert "failover" not in metamodel.run("save").stderr


def test_an_old_manifest_is_judged_by_name_and_host(saved, metamodel):
    change_manifest(metamodel, forget_identity)
    assert "is assumed to be a save of this database by name and host only" in metamodel.run("restore").stderr
    assert "is assumed to be a save of this database by name and host only" in metamodel.run("save").stderr
    assert "judged" not in metamodel.run("save").stderr
    change_manifest(metamodel, forget_identity)
    change_manifest(metamodel, set_node(host="db1.example.com"))
    metamodel.run("restore", expect=1)
    metamodel.run("save", expect=1)


# ---- save ----

def test_a_save_of_a_database_of_the_same_name_is_not_replaced(saved, metamodel):
    change_manifest(metamodel, as_production)
    before = metamodel.tree().manifest
    for args in [], ["a"], ["-n"]:
        result = metamodel.run("save", *args, expect=1)
        assert "metamodel is a save of database" in result.stderr and "--from-other-database" in result.stderr
    assert metamodel.tree().manifest == before and not metamodel.tree("metamodel.old").path.exists()


def test_a_new_server_says_so_once_and_saves_go_on(saved, metamodel):
    change_manifest(metamodel, as_production)
    before = metamodel.tree().manifest
    metamodel.run("save", "--from-other-database")
    assert metamodel.tree("metamodel.old").manifest == before
    metamodel.run("save")


def test_no_dump_of_another_database_is_carried_over(saved, metamodel, fake_pg_dump):
    change_manifest(metamodel, as_production)
    fake_pg_dump.fail("b")
    metamodel.run("save", "--from-other-database", expect=3)
    assert metamodel.tree().accounts() == ["_global", "a"]
    metamodel.run("save", expect=3)  # nor is it from an old save
    assert metamodel.tree().accounts() == ["_global", "a"]
    assert (metamodel.tree("metamodel.old.2").accounts() if metamodel.tree("metamodel.old.2").path.exists()
            else metamodel.tree("metamodel.old").accounts())


def test_a_carried_over_dump_keeps_its_node(saved, metamodel):
    before = metamodel.tree().manifest
    set_carried = lambda manifest: manifest.update(carried_nodes=[{**manifest["nodes"][0], "node": "gone"}])
    change_manifest(metamodel, set_carried)
    change_manifest(metamodel, lambda manifest: manifest["accounts"][2].update(node="gone"))
    metamodel.run("save", "a")
    after = metamodel.tree().manifest
    assert [each["node"] for each in after["nodes"]] == [before["nodes"][0]["node"]]
    assert after["carried_nodes"] == [{**before["nodes"][0], "node": "gone"}]


# ---- status, upgrade ----

def test_status_does_not_show_another_databases_save(saved, metamodel, other):
    other.add_accounts("a")
    result = metamodel.run("status", "-d", other.name)
    assert "is a save of database" in result.stderr and "it is not shown" in result.stderr
    assert result.stdout.splitlines()[1].split()[-2:] == ["-", "-"]
    report = metamodel.run("status", "-d", other.name, "--json").report
    assert [each["saved_at"] for each in report["accounts"]] == [None, None]
    result = metamodel.run("status", "-d", other.name, "--max-age", "1d", expect=3)
    assert "is a save of database" in result.stderr and "does not exist" not in result.stderr


def test_upgrade_does_not_save_over_another_databases_save(saved, metamodel, other):
    other.add_accounts("a")
    before = metamodel.tree().manifest
    result = metamodel.run("upgrade", "--save", "-d", other.name, expect=1)
    assert "is a save of database" in result.stderr
    assert metamodel.tree().manifest == before
    assert other.query("SELECT version FROM a._general") == [("0.001",)]
