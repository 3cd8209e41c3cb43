# SPDX-License-Identifier: PostgreSQL
"""Nodes of a PgFarm that are not as they should be: their disk is full, or their PostgreSQL is of
another version than those of the others. Each fails its own accounts, or none.
"""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest
from farm import LIB, Node
from farm_fixtures import (ON_2, OTHERS, WHERE, accounts, check_failed, damage, errors_of, failed,
                           metamodel, saved, snapshots)
from support import Instance, Keeper, literal, pg_bindir, wait_for
from versions import snapshot

FIXTURES = accounts, metamodel, saved
EACH = pytest.mark.parametrize("command", ["save", "upgrade", "restore"])


# ---- a full disk ----

class SmallDisk:
    """A node whose database is on a small file system of its own. Only its server sees that."""

    def __init__(self, node, mounts):
        self.node, self.instance, self._mounts = node, node.server, mounts
        self.path = Path(self.instance.host) / "small"
        self.path.mkdir()

    def begin(self):
        owner = Path(self.instance.host, "data").stat().st_uid
        self._in_here = self._mounts('mount -t tmpfs -o size=24m none "$1"; chown "$2" "$1"', self.path, owner)
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


@EACH
def test_a_node_whose_disk_is_full_fails_its_accounts_and_no_others(small_disk, saved, metamodel, command):
    if command == "restore":
        for name in ON_2:
            saved.sql(name, f"DROP SCHEMA {name} CASCADE")
    small_disk.fill()
    before = snapshots(saved, "os901002")
    if command == "save":  # which writes nothing there
        metamodel.run("save")
        assert metamodel.tree().stale() == []
        return
    result = metamodel.run(command, expect=3)
    assert failed(result) == ON_2
    check_failed(result, ON_2, "os901002")
    assert "No space left on device" in errors_of(result, "b") + errors_of(result, "d")
    assert snapshots(saved, "os901002") == before
    small_disk.empty()
    metamodel.run(command, *ON_2)
