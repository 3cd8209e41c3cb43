# SPDX-License-Identifier: PostgreSQL
"""Fixtures. The one a test wants most is `metamodel`: the program, pointed at a fresh database `db`.

METAMODEL_BIN names the program (default: build/metamodel).
"""

import os
import shutil
import signal
import subprocess
import uuid

import pytest
from support import (ROOT, Database, FakePgDump, Metamodel, Mounts, Server, Strace)


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
    """Show what the server said during a test that failed."""
    server = item.funcargs.get("server") if hasattr(item, "funcargs") else None
    if server and call.when == "setup":
        item.log_offset = server.log_file.stat().st_size
    report = (yield).get_result()
    if server and report.failed and call.when == "call":
        log = server.log(getattr(item, "log_offset", 0))
        report.sections.append(("PostgreSQL's log", log or "(nothing)"))
