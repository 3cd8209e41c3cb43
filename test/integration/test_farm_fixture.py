# SPDX-License-Identifier: PostgreSQL
"""The farm is what the program takes a PgFarm for: later tests believe it."""

import contextlib
import json
import socket
import subprocess
import sys
from pathlib import Path

import psycopg2
import pytest
from farm import REGISTERED, FarmServer
from support import literal, quote, wait_for

AWKWARD = ["agentzh", "Foo", "1abc", "it's", 'dou"ble', "a b;c", "$(id)", "a/../b", "%I", "\\", "$1", "ä-書"]
NODES = ["os901001", "os901002", "os901003"]


def registered(farm, account):
    """What the proxy answers, by rows and by value; asked as a program should ask."""
    cursor = farm.proxy.connect().cursor()
    cursor.execute("SELECT * FROM registered(%s, '')", (account,))
    rows = cursor.fetchall()
    return rows[0][0] if rows else None


def xquery(farm, account, sql, as_hash=0, read_only=1):
    cursor = farm.proxy.connect().cursor()
    cursor.execute("SELECT xquery(%s, %s, %s, %s)", (account, sql, as_hash, read_only))
    return json.loads(cursor.fetchone()[0])


def xdo(farm, account, sql):
    cursor = farm.proxy.connect().cursor()
    cursor.execute("SELECT xdo(%s, %s)", (account, sql))
    return cursor.fetchone()[0]


def connect(farm, address, dbname, password=FarmServer.password):
    """As the program does, not through a socket in the file system."""
    return contextlib.closing(psycopg2.connect(
        host=address, port=farm.port, user=farm.user, password=password, dbname=dbname))


def test_a_node_is_a_database_at_an_address_of_its_own(farm):
    assert list(farm.nodes) == NODES
    addresses = {farm.proxy.address}
    for node in farm.nodes.values():
        with connect(farm, node.address, node.name) as session:
            cursor = session.cursor()
            cursor.execute("SELECT current_database(), host(inet_server_addr()), inet_server_port()")
            assert cursor.fetchone() == (node.name, node.address, int(farm.port))
        addresses.add(node.address)
    assert len(addresses) == 4


def test_the_farms_user_needs_the_password_and_is_no_superuser(farm):
    for node in [farm.proxy, *farm.nodes.values()]:
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            with connect(farm, node.address, node.name, "wrong"):
                pass
        assert node.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") == [(False,)]
        node.sql("CREATE SCHEMA s; DROP SCHEMA s")


@pytest.mark.parametrize("round_", [1, 2])
def test_each_test_has_an_empty_farm(farm, round_):
    assert farm.placement() == {}
    assert farm.nodes[NODES[0]].query("SELECT datconnlimit FROM pg_database WHERE datname = "
                                      "current_database()") == [(-1,)]
    for node in farm.nodes.values():
        assert node.query("SELECT FROM pg_class WHERE relnamespace = 'public'::regnamespace") == []
        assert node.query("SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1") == [
            ("farm",), ("information_schema",), ("public",)]
    assert registered(farm, "a") is None
    farm.add_accounts("a", "b", "c")
    farm.registered_by("ask the node")
    node = farm.nodes[NODES[0]]
    node.sql("CREATE TABLE public.t (); CREATE TYPE public.u AS ENUM ()")
    node.server.sql(f"ALTER DATABASE {node.name} CONNECTION LIMIT 2")
    farm.stop_node(NODES[round_])


def test_accounts_are_spread_over_the_nodes(farm):
    farm.add_accounts("a", "b", "c")
    assert sorted(farm.placement()) == ["_global", "a", "b", "c"]
    assert {farm.placement()[name] for name in "abc"} == set(NODES)
    for name in "abc":
        assert farm.query(name, "SELECT current_database()") == [(farm.placement()[name],)]
        assert "_models" in farm.tables(name)
        for node in farm.nodes.values():
            assert node.has_schema(name) == (node is farm.node_of(name))
    assert xquery(farm, "_global", "select name from _global._accounts order by name") == [
        ["a"], ["b"], ["c"]]


def test_accounts_are_on_the_node_that_was_asked_for(farm):
    farm.add_global("0.004", node="os901003")
    farm.add_account("a", "0.002", node="os901002")
    farm.add_account("b", "none", node="os901002", registered=False)
    assert farm.placement() == {"_global": "os901003", "a": "os901002"}
    assert farm.nodes["os901003"].query("SELECT version FROM _global._general") == [("0.004",)]
    assert farm.query("a", "SELECT version FROM a._general") == [("0.002",)]
    assert farm.nodes["os901002"].tables("b")
    assert farm.query("_global", "SELECT name FROM _global._accounts") == [("a",)]


@pytest.mark.parametrize("kind", REGISTERED)
def test_registered_names_the_node_or_nothing(farm, kind):
    farm.registered_by(kind)
    farm.add_global()
    for i, name in enumerate(AWKWARD):
        farm.add_account(name, "0.009", user_tables=False, node=NODES[i % 3])
    for i, name in enumerate(AWKWARD):
        assert registered(farm, name) == NODES[i % 3]
    for name in ["", "agentzh'", "' OR '1'='1", "'; DROP SCHEMA farm CASCADE; --", "AGENTZH"]:
        assert registered(farm, name) is None
    assert farm.placement()["agentzh"] == NODES[0]


@pytest.mark.parametrize("kind", REGISTERED)
def test_registered_can_be_asked_for_many_at_once(farm, kind):
    farm.registered_by(kind)
    for i in range(30):
        farm.place(f"a{i}", NODES[i % 3])
    rows = farm.proxy.query(
        "SELECT name, node FROM generate_series(-1, 29) AS i, LATERAL (VALUES ('a' || i)) AS n (name) "
        "LEFT JOIN LATERAL registered(name, '') AS r (node) ON true ORDER BY i")
    assert rows == [("a-1", None)] + [(f"a{i}", NODES[i % 3]) for i in range(30)]


def test_xquery_gives_arrays_or_objects(farm):
    farm.add_global(node="os901002")
    sql = "SELECT 1 AS b, current_database() AS a, NULL AS a, 'it''s \"ä\"' AS \"%I $1\""
    assert xquery(farm, "_global", sql) == [[1, "os901002", None, 'it\'s "ä"']]
    assert xquery(farm, "_global", "SELECT 1 AS b, 'x' AS a; ", as_hash=1) == [{"b": 1, "a": "x"}]
    assert xquery(farm, "_global", "SELECT 1 WHERE false") == []
    assert xquery(farm, "_global", "SELECT 1 WHERE false", as_hash=1) == []
    assert xquery(farm, "_global", "SELECT * FROM generate_series(3, 1, -1)") == [[3], [2], [1]]


def test_xquery_sees_the_account_and_may_be_kept_from_writing(farm):
    farm.add_accounts("it's")
    assert xquery(farm, "it's", "SELECT version FROM _general", as_hash=1) == [{"version": "0.001"}]
    farm.sql("it's", "CREATE FUNCTION public.write() RETURNS integer LANGUAGE sql AS "
                     """$$ DELETE FROM "it's"._general RETURNING 1 $$""")
    with pytest.raises(psycopg2.Error, match="read-only transaction"):
        xquery(farm, "it's", "SELECT public.write()")
    assert xquery(farm, "it's", "SELECT public.write()", read_only=0) == [[1]]


def test_xdo_says_how_many_rows_it_changed(farm):
    farm.add_accounts("a", "b")
    assert xdo(farm, "b", "CREATE TABLE t (n integer); INSERT INTO t SELECT generate_series(1, 7)") == 7
    assert farm.query("b", "SELECT count(*) FROM b.t") == [(7,)]
    with pytest.raises(psycopg2.Error, match="division by zero"):
        xdo(farm, "b", "DELETE FROM t; SELECT 1 / 0")
    assert farm.query("b", "SELECT count(*) FROM b.t") == [(7,)]
    assert "t" not in farm.tables("a")


def test_a_query_for_an_account_that_lives_nowhere_fails(farm):
    farm.add_global()
    for call in (lambda: xquery(farm, "a", "SELECT 1"), lambda: xdo(farm, "a", "SELECT 1")):
        with pytest.raises(psycopg2.Error, match="account a lives on no node"):
            call()


def test_users_are_added_and_deleted(farm):
    for name in AWKWARD[:6]:
        farm.proxy.query(f"SELECT useradd({literal(name)}, '')")
    assert sorted(farm.placement().values()) == sorted(NODES * 2)
    for name in AWKWARD[:6]:
        assert farm.node_of(name).has_schema(name)
        node = farm.node_of(name)
        farm.proxy.query(f"SELECT userdel({literal(name)}, '')")
        assert not node.has_schema(name)
    assert farm.placement() == {}


@pytest.mark.parametrize("keep", [False, True])
def test_an_account_moves_with_all_it_has(farm, keep):
    farm.add_global()
    for name in ["a", 'it\'s "x"']:
        farm.add_account(name, node="os901001")
        farm.move_account(name, "os901003", keep=keep)
        assert registered(farm, name) == "os901003"
        assert farm.query(name, f'SELECT count(*) FROM {quote(name)}."Post"') == [(2,)]
        assert farm.nodes["os901001"].has_schema(name) == keep
        assert xquery(farm, name, "SELECT current_database(), version FROM _general") == [
            ["os901003", "0.001"]]


def test_an_account_may_be_where_the_proxy_does_not_say(farm):
    farm.add_accounts("a")
    farm.place("a", None)
    assert registered(farm, "a") is None
    farm.place("a", "os901003")
    assert registered(farm, "a") == "os901003"
    assert not farm.nodes["os901003"].has_schema("a")


@pytest.mark.parametrize("mode", ["fast", "immediate", "smart"])
def test_a_stopped_node_takes_its_own_accounts_with_it(farm, mode):
    farm.add_accounts("a", "b", "c")
    farm.place("b", "os901002")
    farm.place("c", "os901003")
    farm.stop_node("os901002", mode)
    with pytest.raises(psycopg2.OperationalError, match="Connection refused"):
        with connect(farm, farm.nodes["os901002"].address, "os901002"):
            pass
    assert registered(farm, "b") == "os901002"
    with pytest.raises(psycopg2.Error, match="os901002"):
        xquery(farm, "b", "SELECT 1")
    assert xquery(farm, "c", "SELECT 1") == [[1]]
    farm.start_node("os901002")
    assert xquery(farm, "b", "SELECT 1") == [[1]]


def test_a_proxy_that_asks_the_nodes_cannot_place_accounts_of_a_node_that_is_down(farm):
    farm.registered_by("ask the node")
    farm.place("b", "os901002")
    farm.place("c", "os901003")
    farm.stop_node("os901002")
    with pytest.raises(psycopg2.Error, match="os901002"):
        registered(farm, "b")
    assert registered(farm, "c") == "os901003"


def test_a_silent_node_takes_connections_and_says_nothing(farm):
    farm.stop_node("os901002", "silent")
    with socket.create_connection((farm.nodes["os901002"].address, int(farm.port)), 5) as plug:
        plug.settimeout(0.2)
        plug.send(b"\0\0\0\x08\x04\xd2\x16\x2f")  # "do you speak TLS?"
        with pytest.raises(socket.timeout):
            plug.recv(1)
        farm.start_node("os901002")
        plug.settimeout(20)
        assert plug.recv(1) in (b"S", b"N")


def test_the_proxy_can_be_stopped_too(farm):
    farm.add_accounts("a")
    farm.stop_node("proxy")
    with pytest.raises(psycopg2.OperationalError):
        farm.placement()
    assert farm.nodes["os901001"].has_schema("_global")
    farm.start_node("proxy")
    assert registered(farm, "_global") == "os901001"


def resolve(farm_metamodel, name):
    """The address of a host, as the program sees it."""
    script = "import socket, sys; print(socket.getaddrinfo(sys.argv[1], 5432)[0][4][0])"
    return farm_metamodel.start("-c", script, name, program=sys.executable).wait()


def test_the_program_knows_the_nodes_by_their_names(farm_metamodel, farm):
    farm_metamodel.options.clear()
    for node in [farm.proxy, *farm.nodes.values()]:
        for suffix in ("", farm.suffix):
            assert resolve(farm_metamodel, node.name + suffix).stdout == node.address + "\n"
    assert resolve(farm_metamodel, "os901001.wrong.test").returncode != 0
    assert resolve(farm_metamodel, "os901009.farm.test").returncode != 0
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("os901001.farm.test", 5432)


def test_the_program_and_its_children_reach_a_node_by_its_name(farm_metamodel, farm):
    farm_metamodel.options.clear()  # a node alone is a Pg
    farm.add_global(node="os901002")
    farm.add_account("a", node="os901002")
    farm_metamodel.run(
        "save", "-h", "os901002" + farm.suffix, "-p", farm.port, "-U", farm.user, "-d", "os901002",
        env={"PGPASSWORD": farm.password})
    assert farm_metamodel.tree().accounts() == ["_global", "a"]


def test_the_program_and_its_children_start_in_that_environment(farm_metamodel, farm):
    assert not [name for name in farm_metamodel.env if name.startswith("PG")]
    assert "PgFarm" in farm.conf_file.read_text()
    assert farm_metamodel.run("--version").stderr == ""
    result = farm_metamodel.run("-c", "psql -XAtc 'SELECT current_database()'", program="/bin/sh",
                                env={"PGHOST": "os901002.farm.test", "PGPORT": farm.port,
                                     "PGUSER": farm.user, "PGPASSWORD": farm.password,
                                     "PGDATABASE": "os901002"})
    assert (result.stdout, result.stderr) == ("os901002\n", "")


def test_a_farm_ends_with_the_process_that_started_it():
    if FarmServer.why_not():
        pytest.skip(FarmServer.why_not())
    code = ("import os, farm; f = farm.FarmServer(1); print(f.dir, f.instances[1].address, f.port, flush=True); "
            "os.kill(os.getpid(), 9)")
    directory, address, port = subprocess.run(
        [sys.executable, "-c", code], cwd=__file__.rpartition("/")[0], check=False, text=True,
        stdout=subprocess.PIPE).stdout.split()
    wait_for(lambda: not Path(directory).exists(), what="the end of the farm")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, int(port)), 5)
