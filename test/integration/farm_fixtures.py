# SPDX-License-Identifier: PostgreSQL
"""What the tests of commands on a farm begin with. They import the fixtures by name: `metamodel` is
not that of conftest.py.
"""

import contextlib
import re
import uuid

import psycopg2
import pytest
from support import errors_of, quote
from support_save import check_no_process
from versions import whole_snapshot

NODES = ["os901001", "os901002", "os901003"]
# Where the accounts of `accounts` are.
WHERE = {"_global": "os901001", "a": "os901001", "b": "os901002", "c": "os901003", "d": "os901002",
         "e": "os901003"}
ON_2 = ["b", "d"]
OTHERS = ["_global", "a", "c", "e"]
ODD = ["it's", 'dou"ble', "a b;c", "$(id)", "a/../b", "\\'; SELECT 1 --", "ä-書"]
# A node that is down may say so, or not.
DOWN = pytest.mark.parametrize("mode", ["fast", "silent"])
DAMAGE = "DELETE FROM {0}._models; ALTER TABLE {0}._roles DROP COLUMN password"


@pytest.fixture
def metamodel(farm_metamodel):
    """A silent server takes no longer than it must, and no test leaves a process behind."""
    farm_metamodel.env["PGCONNECT_TIMEOUT"] = "6"
    mark = farm_metamodel.env["METAMODEL_TEST"] = uuid.uuid4().hex
    yield farm_metamodel
    check_no_process(mark)


@pytest.fixture
def accounts(farm):
    """Accounts at 0.001 on all three nodes, _global on the first; the farm."""
    farm.add_global(node=WHERE["_global"])
    for name, node in WHERE.items():
        if name != "_global":
            farm.add_account(name, node=node)
    return farm


@pytest.fixture
def saved(accounts, metamodel):
    """...and a save of them."""
    metamodel.run("save", "-q")
    return accounts


@pytest.fixture
def prepared(accounts, metamodel, command):
    """...if the command has to do with one."""
    if command[0] in ("save", "restore"):
        metamodel.run("save", "-q")
    return accounts


def snapshots(farm, *nodes):
    """All that is on some nodes, on all by default; but not where sequences are: a server that did
    not end in order lets them skip some numbers."""
    return {name: re.sub(r"(?m)^(.*_seq) \d+ (true|false)$", r"\1", whole_snapshot(farm.nodes[name]))
            for name in nodes or NODES}


def failed(result):
    """The accounts that the last line names."""
    found = re.search(r"Failed: (.*?)\.?$", result.stderr, re.M)
    return re.sub(r" \([^)]*\)", "", found.group(1)).split(", ") if found else []


def check_failed(result, accounts, node):
    """These and no others have failed, each with its own name and its node's, or "the same"."""
    told = [errors_of(result, account) for account in accounts]
    assert any(node in text for text in told), result
    for account, text in zip(accounts, told):
        assert node in text or text == "the same", result
    for account in set(WHERE) - set(accounts):
        assert errors_of(result, account) == "", result


@contextlib.contextmanager
def held(node, *tables):
    """Another session lets nobody write, to its end or to the node's."""
    with contextlib.closing(node.connect(autocommit=False)) as session:
        session.cursor().execute(f"LOCK TABLE {', '.join(tables)} IN SHARE MODE")
        yield
        with contextlib.suppress(psycopg2.Error):
            session.rollback()


def waiting(node):
    """How many sessions wait for a lock."""
    return len(node.waiting())


def damage(farm, *accounts):
    for account in accounts:
        farm.sql(account, DAMAGE.format(quote(account)))
