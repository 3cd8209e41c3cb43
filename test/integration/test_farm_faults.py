# SPDX-License-Identifier: PostgreSQL
"""Nodes of a PgFarm that are not as they should be: their disk is full, or their PostgreSQL is of
another version than those of the others. Each fails its own accounts, or none.
"""

import contextlib
import os
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from farm import LIB, Node
from farm_fixtures import (NODES, ON_2, OTHERS, WHERE, accounts, check_failed, damage, errors_of, failed,
                           metamodel, saved, snapshots)
from support import Instance, Keeper, pg_bindir, server_major

FIXTURES = accounts, metamodel, saved


# ---- a full disk ----

class SmallDisk:
    """A node whose database is on a small file system of its own. Only its server sees that."""

    def __init__(self, node, mounts):
        self.node, self.instance, self._mounts = node, node.server, mounts
        self.path = Path(self.instance.host) / "small"
        self.path.mkdir()

    def begin(self):
        owner = Path(self.instance.host, "data").stat().st_uid
        self._in_here = self._mounts('mount -t tmpfs -o size=96m none "$1"; chown "$2" "$1"', self.path, owner)
        self._restart(under=self._in_here)
        self.instance.sql(f"CREATE TABLESPACE small LOCATION '{self.path}'")
        self.instance.sql(f"ALTER DATABASE {self.node.name} SET TABLESPACE small")

    def fill(self):
        self.instance.sql("CHECKPOINT")  # what the server has yet to write finds room
        with open(self._in_here.outside(self.path) / "junk", "wb", buffering=0) as junk:
            with contextlib.suppress(OSError):
                while junk.write(bytes(4096)):
                    pass

    def empty(self):
        (self._in_here.outside(self.path) / "junk").unlink()

    def end(self):
        """As it was before."""
        self.instance.sql(f"DROP DATABASE {self.node.name} WITH (FORCE)")
        self.instance.sql("DROP TABLESPACE small")
        self.instance.sql(f"CREATE DATABASE {self.node.name} OWNER openresty")
        self._restart()
        self.path.rmdir()

    def _restart(self, under=None):
        self.node.close()
        self.instance.stop()
        prefix = under.prefix("/") if under else []
        subprocess.run([*prefix, "bash", "-c", '. "$0" && pg_run "$1"', LIB, self.instance.host],
                       check=True, start_new_session=True)


@pytest.fixture
def small_disk(farm, mounts):
    """The second node's."""
    if os.getuid() != 0:
        pytest.skip("only root can start a server in a mount namespace of its own")
    disk = SmallDisk(farm.nodes["os901002"], mounts)
    disk.begin()
    yield disk
    disk.end()


def test_a_node_whose_disk_is_full_is_saved_like_the_others(small_disk, saved, metamodel):
    small_disk.fill()
    metamodel.run("save")
    assert metamodel.tree().accounts() == sorted(WHERE) and metamodel.tree().stale() == []


@pytest.mark.parametrize("command", ["upgrade", "restore"])
def test_a_node_whose_disk_is_full_fails_its_accounts_and_no_others(small_disk, saved, metamodel, command):
    if command == "restore":
        for name in ON_2:
            saved.sql(name, f"DROP SCHEMA {name} CASCADE")
    small_disk.fill()
    before = snapshots(saved, "os901002")
    result = metamodel.run(command, expect=3)
    assert failed(result) == ON_2
    check_failed(result, ON_2, "os901002")
    assert "No space left on device" in errors_of(result, "b") + errors_of(result, "d")
    assert snapshots(saved, "os901002") == before
    small_disk.empty()
    metamodel.run(command, *ON_2)


# ---- another version of PostgreSQL ----

def addresses(farm, metamodel, **hosts):
    """From now on the program finds these hosts at other addresses."""
    path = metamodel.cwd.parent / f"{metamodel.cwd.name}.hosts"
    lines = Path(farm.env["NSS_WRAPPER_HOSTS"]).read_text().splitlines()
    kept = [line for line in lines if line.split()[1] not in hosts]
    path.write_text("".join(f"{line}\n" for line in [
        *kept, *(f"{address} {name} {name}{farm.suffix}" for name, address in hosts.items())]))
    metamodel.env["NSS_WRAPPER_HOSTS"] = path


def new_address(farm):
    """One of this farm's net that no server has."""
    return farm.proxy.address.rpartition(".")[0] + ".99"


class NodeKeeper(Keeper):
    """As farm_start does it, but with the programs in a directory, and for one node only."""

    SCRIPT = '''. "$0" && programs=$1 && pg_bindir() { echo "$programs"; } && scratch dir && pg_dirs+=("$dir") &&
        farm_start_one "$dir" "$2" "$3" <<<"$(farm_sql - "$3" 1 proxy "$4")" && echo "$dir" && cat'''


INSTALLED = sorted((path.parent.name for path in Path("/usr/lib/postgresql").glob("*/bin")
                    if (path / "initdb").exists()), key=float)


@pytest.fixture(params=INSTALLED)
def node_4(request, accounts, metamodel):
    """One more node, of each version that is installed: the accounts f and g are there. Its version."""
    address = new_address(accounts)
    keeper = NodeKeeper(f"/usr/lib/postgresql/{request.param}/bin", address, accounts.port, "os901004")
    instance = Instance(keeper.dir, accounts.port)
    instance.name, instance.address = "os901004", address
    proxy = accounts.proxy
    accounts.nodes["os901004"] = Node(instance)
    proxy.server.sql("INSERT INTO farm.nodes VALUES (3, 'os901004')", proxy.name)
    addresses(accounts, metamodel, os901004=address)
    for name in "fg":
        accounts.add_account(name, node="os901004")
    yield request.param
    accounts.nodes.pop("os901004").close()
    proxy.server.sql("DELETE FROM farm.placement WHERE node = 'os901004'; "
                     "DELETE FROM farm.nodes WHERE name = 'os901004'", proxy.name)
    keeper.end()


def test_a_node_of_each_installed_version_is_worked_on_like_the_others(accounts, metamodel, node_4):
    where = {**WHERE, "f": "os901004", "g": "os901004"}
    metamodel.run("save")
    manifest = metamodel.tree().manifest
    assert {entry["account"]: entry["node"] for entry in manifest["accounts"]} == where
    [version] = [node["server_version"] for node in manifest["nodes"] if node["node"] == "os901004"]
    assert version.startswith(node_4)
    assert f"Dumped from database version {version}" in metamodel.tree().text("f")
    before = snapshots(accounts, *NODES, "os901004")
    damage(accounts, "b", "f", "g")
    metamodel.run("restore")
    assert snapshots(accounts, *NODES, "os901004") == before
    metamodel.run("upgrade")
    metamodel.run("status", "--check")


class Relay:
    """Between the program and a node, at an address of its own. ASKED and TOLD change the bytes that
    go there and come back."""

    def __init__(self, node, address, port, asked=lambda data: data, told=lambda data: data):
        self._asked, self._told = asked, told
        self._to = node.address, int(port)
        self._listener = socket.create_server((address, int(port)))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        with contextlib.suppress(OSError):  # the end
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._to)
                for way in ((client, server, self._asked), (server, client, self._told)):
                    threading.Thread(target=self._pass_on, args=way, daemon=True).start()

    @staticmethod
    def _pass_on(source, target, change):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(change(data))
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def end(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def relay(saved, metamodel):
    """relay(asked=..., told=...): the second node is behind one."""
    made = []

    def make(**opts):
        made.append(Relay(saved.nodes["os901002"], new_address(saved), saved.port, **opts))
        addresses(saved, metamodel, os901002=new_address(saved))

    yield make
    for each in made:
        each.end()


@pytest.fixture
def newer(saved, relay):
    """The second node says that it is of version 98: the answer to the question for that is not the
    real one, all else is."""
    real = saved.nodes["os901002"].query("SHOW server_version_num")[0][0]
    relay(told=lambda data: data.replace(real.encode(), f"98{real[-4:]}".encode()))
    return 98


@pytest.mark.parametrize("bindir", [None, pg_bindir()], ids=["all that are installed", "--pg-bindir"])
@pytest.mark.parametrize("command", ["save", "restore"])
def test_a_node_that_no_pg_dump_or_psql_serves_fails_its_accounts_and_no_others(
        saved, metamodel, newer, command, bindir):
    before = snapshots(saved)
    damage(saved, *(name for name in OTHERS if name != "_global"))
    options = ["--pg-bindir", bindir] if bindir else []
    result = metamodel.run(command, *options, expect=3)
    check_failed(result, ON_2, "os901002")
    said = errors_of(result, "b")
    assert f"install postgresql-client-{newer}" in said and "--pg-bindir" in said
    if bindir:
        assert f"older than the server ({newer})" in said
    if command == "save":
        assert metamodel.tree().stale() == ON_2
    else:
        assert snapshots(saved) == before


def test_an_upgrade_of_such_a_node_needs_neither(saved, metamodel, newer):
    metamodel.run("upgrade")
    metamodel.run("status", "--check")


def test_without_a_pg_dump_for_any_node_nothing_is_done(saved, metamodel, tmp_path):
    old = tmp_path.parent / f"{tmp_path.name}.old"
    old.mkdir()
    for name in ("pg_dump", "psql"):
        (old / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) 9.6.24'\n")
        (old / name).chmod(0o755)
    before = metamodel.tree().manifest, snapshots(saved)
    for command in ("save", "restore"):
        result = metamodel.run(command, "--pg-bindir", old, expect=1)
        assert f"is version 9, older than the server ({server_major()})" in result.stderr
    assert (metamodel.tree().manifest, snapshots(saved)) == before


PROGRAMS = r"""
mkdir "$1/real"
mount --bind /usr/lib/postgresql "$1/real"
mount -t tmpfs none /usr/lib/postgresql
for version in "$2" "$3"; do
	mkdir -p "/usr/lib/postgresql/$version/bin"
	for name in pg_dump psql; do
		file=/usr/lib/postgresql/$version/bin/$name
		printf '#!/bin/sh\n[ "$1" != --version ] || { echo "%s (PostgreSQL) %s.99"; exit; }\n' $name $version >"$file"
		printf 'echo "%s $PGDATABASE" >>"%s/$(basename $0).log"\nexec "%s/real/%s/bin/%s" "$@"\n' \
			$version "$1" "$1" "$2" $name >>"$file"
		chmod 755 "$file"
	done
done"""


@pytest.mark.parametrize("command, name", [("save", "pg_dump"), ("restore", "psql")])
def test_each_node_is_served_by_the_programs_of_its_own_version(
        saved, metamodel, newer, mounts, tmp_path_factory, command, name):
    place = tmp_path_factory.mktemp("programs")
    ours = pg_bindir().parent.name
    place.chmod(0o777)
    metamodel.run(command, under=mounts(PROGRAMS, place, ours, newer))
    used = (place / f"{name}.log").read_text().split("\n")[:-1]
    assert sorted(used) == sorted(f"{newer if node == 'os901002' else ours} {node}" for node in WHERE.values())


# ---- a node that goes away ----

@pytest.mark.parametrize("command", ["status", "save", "upgrade", "restore"])
def test_a_node_that_goes_away_when_it_is_asked_for_its_accounts_fails_those(saved, metamodel, relay, command):
    """Later in the run, and in status, which ends with that: see test_farm.py."""
    stopped = []

    def stop(data):
        if b"_general" in data and not stopped:
            stopped.append(True)
            saved.stop_node("os901002", "immediate")
        return data

    relay(asked=stop)
    result = metamodel.run(command, expect=3)
    assert stopped
    check_failed(result, ON_2, "os901002")
    assert set(failed(result)) <= set(ON_2)
