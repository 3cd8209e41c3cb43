# SPDX-License-Identifier: PostgreSQL
"""A server that speaks German: what is done about an error depends on its SQLSTATE, never on its words."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from support import TEST_SERVER, Server, server_major

LOCALE = "de_DE.UTF-8"


@pytest.fixture(scope="module")
def server():
    """In place of that of conftest.py."""
    words = Path(f"/usr/share/locale/de/LC_MESSAGES/postgres-{server_major()}.mo")
    if TEST_SERVER or not words.exists() or not shutil.which("localedef"):
        pytest.skip("no German messages here")
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        Path(directory).chmod(0o755)  # the server is another user
        made = subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", f"{directory}/{LOCALE}"],
                              capture_output=True, text=True)
        if made.returncode:
            pytest.skip(f"no German locale here: {made.stderr}")
        patch.setenv("LOCPATH", directory)
        server = Server(f"lc_messages = '{LOCALE}'")
        yield server
        server.stop()


@pytest.fixture
def german(db):
    db.add_accounts("a", "b")
    with pytest.raises(Exception, match="Division durch Null"):
        db.query("SELECT 1 / 0")
    return db


@pytest.mark.slow
@pytest.mark.parametrize("command", ["status", "save"])
def test_a_locked_list_of_accounts_is_known_by_its_sqlstate(german, metamodel, command):
    with german.locked("_global._accounts"):
        result = metamodel.run(command, "--lock-wait", "1", check=False)
    assert "FEHLER:" in result.stderr and "lock timeout" not in result.stderr, result
    assert "another session holds a lock on _global._accounts" in result.stderr, result
