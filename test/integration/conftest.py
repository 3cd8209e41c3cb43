# SPDX-License-Identifier: PostgreSQL
"""Fixtures. The one a test wants most is `metamodel`: the program, pointed at a fresh database `db`.

METAMODEL_BIN names the program (default: build/metamodel).
"""

import os
import shutil
import signal
import subprocess
import time
import uuid

import pytest
from farm import Farm, FarmMetamodel, FarmServer
from support import (ROOT, Database, FakePgDump, Metamodel, Mounts, Server, Strace, quote)
from support_save import check_no_process, marked


class FailuresAtOnce:
    """Names a test as soon as it failed: nobody knows how the run ends."""

    def __init__(self, terminal):
        self._terminal = terminal

    def pytest_runtest_logreport(self, report):
        if report.failed and self._terminal:
            self._terminal.write_line(f"\nfailed: {report.nodeid} ({report.when})")


def pytest_addoption(parser):
    parser.addoption("--quick", action="store_true",
                     help="of each test only its first case, and none that is slow or needs a farm")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes seconds")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--quick"):
        return
    tests, quick = set(), []
    for item in items:
        test = item.nodeid.split("[")[0]
        if test not in tests and not item.get_closest_marker("slow") and "farm_server" not in item.fixturenames:
            quick.append(item)
        tests.add(test)
    config.hook.pytest_deselected(items=[item for item in items if item not in quick])
    items[:] = quick


def pytest_sessionstart(session):
    plugins = session.config.pluginmanager
    plugins.register(FailuresAtOnce(plugins.get_plugin("terminalreporter")))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup():
    """METAMODEL_TEST_UNTIL: the time, in seconds since the epoch, after which no test begins."""
    if time.time() > float(os.environ.get("METAMODEL_TEST_UNTIL") or "inf"):
        pytest.skip("no time is left: the tests before it took too long")


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """A PostgreSQL for this session (under xdist, for each worker)."""
    # SIGTERM is a Ctrl-C: fixtures end what they began.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    server = Server()
    yield server
    shutil.copy(server.log_file, tmp_path_factory.getbasetemp() / "postgres.log")
    server.stop()


@pytest.fixture
def database(server):
    """The name of a fresh, empty database."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server.sql(f"CREATE DATABASE {name}")
    yield name
    server.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def db(server, database):
    """The fresh database, with sql(), query(), add_global(), add_account() and more."""
    db = Database(server, database)
    yield db
    db.close()


@pytest.fixture
def metamodel(db, tmp_path):
    """The program: run() and start() it, look at its save with tree()."""
    binary = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
    program = Metamodel(binary, tmp_path, db.server, db.name)
    yield program
    program.end()


@pytest.fixture(scope="session")
def farm_server(tmp_path_factory):
    """The servers of a PgFarm for this session: a proxy and three nodes."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if FarmServer.why_not():
        pytest.skip(FarmServer.why_not())
    server = FarmServer()
    yield server
    for instance in server.instances:
        shutil.copy(instance.log_file, tmp_path_factory.getbasetemp() / f"{instance.name}.log")
    server.stop()


@pytest.fixture
def farm(farm_server):
    """The farm, empty, with add_global(), add_account(), move_account(), stop_node() and more."""
    farm_server.renew()
    farm = Farm(farm_server)
    yield farm
    farm.close()


@pytest.fixture
def farm_metamodel(farm, tmp_path):
    """The program, as `metamodel` is, but pointed at the farm."""
    binary = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
    program = FarmMetamodel(binary, tmp_path, farm)
    yield program
    program.end()


@pytest.fixture
def fake_pg_dump(metamodel, tmp_path_factory):
    """From here on every run of `metamodel` uses a pg_dump that fails on demand."""
    fake = FakePgDump(tmp_path_factory.mktemp("fake") / "bin")
    metamodel.options += ["--pg-bindir", fake.bindir]
    return fake


@pytest.fixture
def strace(tmp_path):
    """strace(inject=[...], trace=None): to run the program `under`; see support.Strace."""
    if subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], check=False).returncode != 0:
        pytest.skip("strace is not allowed to trace here")
    count = iter(range(1000))
    return lambda *args, **opts: Strace(tmp_path.parent / f"{tmp_path.name}.strace{next(count)}",
                                        *args, **opts)


@pytest.fixture
def mounts():
    """mounts(SCRIPT, ARG...): a mount namespace made by a shell script; see support.Mounts."""
    made = []

    def make(script, *args):
        try:
            made.append(Mounts(script, *args))
        except OSError as error:
            pytest.skip(f"no mount namespaces here: {error}")
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture
def tmpfs(mounts):
    """tmpfs(PATH, SIZE="1m"): PATH is a small file system, for programs run `under` it."""
    return lambda path, size="1m": mounts('mount -t tmpfs -o "size=$1" none "$2"', size, path)


@pytest.fixture
def read_only(mounts):
    """read_only(PATH): PATH cannot be written, not even by root, by programs run `under` it."""
    return lambda path: mounts('mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"', path)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Show what the servers said during a test that failed."""
    fixtures = getattr(item, "funcargs", {})
    servers = {"PostgreSQL": fixtures["server"]} if "server" in fixtures else {}
    if "farm_server" in fixtures:
        servers.update({each.name: each for each in fixtures["farm_server"].instances})
    if call.when == "setup":
        item.log_offsets = {name: each.log_file.stat().st_size for name, each in servers.items()}
    report = (yield).get_result()
    if report.failed and call.when == "call":
        for name, each in servers.items():
            log = each.log(item.log_offsets.get(name, 0))
            report.sections.append((f"{name}'s log", log or "(nothing)"))


@pytest.fixture
def leftover_processes(metamodel):
    """Call it for the processes that runs of the program left behind; in the end there are none."""
    mark = metamodel.env["METAMODEL_TEST"] = uuid.uuid4().hex
    yield lambda: marked(mark)
    check_no_process(mark)


@pytest.fixture
def roles(db):
    """roles(NAME, OPTIONS): a role of this test's own, gone with it, as is what it was given."""
    made = []

    def make(name, options=""):
        name = f"{name}_{uuid.uuid4().hex[:8]}"
        db.sql(f"CREATE ROLE {quote(name)} {options}")
        made.append(name)
        return name

    yield make
    for name in reversed(made):
        db.sql(f"ALTER DATABASE {db.name} OWNER TO postgres; DROP OWNED BY {quote(name)} CASCADE")
    for name in made:
        db.sql(f"DROP OWNED BY {quote(name)} CASCADE; DROP ROLE {quote(name)}")
