# SPDX-License-Identifier: PostgreSQL
"""A hot standby: it is saved from as any server is, and nothing is changed there."""

import os
import re
from pathlib import Path

import pytest
from support import Database, FakePgDump, Metamodel, Server, Standby, wait_for

BINARY = os.environ.get("METAMODEL_BIN", Path(__file__).parents[2] / "build" / "metamodel")


class Pair:
    """A primary and its standby, with the database `shop`."""

    def __init__(self):
        self.primary = Server()
        self.standby = self.db = None
        try:
            self.standby = Standby(self.primary, "max_standby_streaming_delay = '100ms'",
                                   "hot_standby_feedback = off")
            self.primary.sql("CREATE DATABASE shop")
            self.primary.sql("CREATE ROLE reader LOGIN IN ROLE pg_read_all_data")
            self.db = Database(self.primary, "shop")
            self.db.add_accounts("agentzh", "it's")
        except BaseException:
            self.stop()
            raise

    def wait_for_standby(self):
        [(now,)] = self.db.query("SELECT pg_current_wal_insert_lsn()")
        wait_for(lambda: self.db.query(f"SELECT replay_lsn >= '{now}' FROM pg_stat_replication")
                 == [(True,)], what="the standby")

    def stop(self):
        if self.db:
            self.db.close()
        if self.standby:
            self.standby.stop()
        self.primary.stop()


@pytest.fixture(scope="module")
def pair():
    pair = Pair()
    yield pair
    pair.stop()


@pytest.fixture
def on_standby(pair, tmp_path):
    pair.wait_for_standby()
    program = Metamodel(BINARY, tmp_path, pair.standby, "shop")
    yield program
    program.end()


def without_numbers(dump):
    """The WAL, and so a standby, is ahead of a sequence by up to 32 numbers."""
    return re.sub(r"(?m)^(SELECT pg_catalog.setval.*, )\d+(, true\);)$", r"\1N\2", dump)


@pytest.mark.slow
def test_a_save_of_a_standby_is_the_save_of_its_primary(pair, on_standby):
    on_standby.run("save", "-U", "reader")
    on_standby.run("save", "-D", "other", env={"PGHOST": pair.primary.host})
    standby, primary = on_standby.tree(), on_standby.tree("other")
    assert standby.accounts() == ["_global", "agentzh", "it's"]
    for account in standby.accounts():
        assert without_numbers(standby.text(account)) == without_numbers(primary.text(account))
    on_standby.run("verify")
    # It is one database: what was saved here may be put back there.
    on_standby.run("restore", env={"PGHOST": pair.primary.host})


def test_status_works_on_a_standby(on_standby):
    result = on_standby.run("status", "--json")
    assert [account["state"] for account in result.report["accounts"]] == ["8 behind"] * 3
    assert "cannot execute CREATE TABLE in a read-only transaction" in result.stderr


@pytest.mark.parametrize("command", [
    "restore", "restore -n", "restore --rehearse", "upgrade", "upgrade -n", "upgrade --save",
    "verify --load"])
def test_what_changes_something_says_that_it_is_a_standby(on_standby, command):
    on_standby.run("save", "-q")
    before = on_standby.tree().manifest
    result = on_standby.run(*command.split(), expect=1)
    assert len(re.findall("error: .*the server is a standby, where nothing can be changed",
                          result.stderr)) == 1
    assert "target_session_attrs=read-write" in result.stderr
    if command != "upgrade --save":  # that saves first
        assert on_standby.tree().manifest == before


@pytest.mark.parametrize("command", ["save", "restore", "upgrade"])
def test_of_several_hosts_the_primary_is_found(pair, on_standby, command):
    on_standby.run("save", "-q")
    on_standby.run(command, "-q", "-d",
                   f"host={pair.standby.host},{pair.primary.host} dbname=shop "
                   "target_session_attrs=read-write", env={"PGHOST": None, "PGPORT": None})


def test_a_recovery_conflict_is_told_as_such(pair, on_standby, tmp_path_factory):
    on_standby.run("save", "-q")
    before = on_standby.tree().manifest
    fake = FakePgDump(tmp_path_factory.mktemp("fake") / "bin")
    fake.hang("agentzh")
    running = on_standby.start("save", "-j1", "--pg-bindir", fake.bindir)
    wait_for(lambda: fake.calls("agentzh"))
    pair.db.sql("DELETE FROM \"it's\"._models")
    pair.db.sql("VACUUM \"it's\"._models")
    result = running.wait()
    assert result.returncode == 1
    assert "conflict with recovery" in result.stderr
    assert "hint: a standby cancels what delays its replay" in result.stderr
    assert "hot_standby_feedback" in result.stderr
    assert on_standby.tree().manifest == before
