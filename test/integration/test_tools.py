# SPDX-License-Identifier: PostgreSQL
"""Which pg_dump and psql are taken, and what happens when nothing can be started."""

import resource
import shutil

import pytest
from support import pg_bindir, server_major

OURS = server_major()
NEWER = f"NAME (PostgreSQL) {OURS + 2}.6"
DUMP_NEWER = f"""#!/bin/sh
case "$1" in --version) echo "{NEWER}"; exit;; esac
REAL "$@" | sed 's/^SET lock_timeout = 0;/&\\nSET transaction_timeout = 0;/'
"""
PLAIN = """#!/bin/sh
case "$1" in --version) echo "VERSION"; exit;; esac
exec REAL "$@"
"""


@pytest.fixture
def tools(tmp_path):
    """tools(DIR, VERSION): a directory with pg_dump and psql that say they are VERSION, "NAME" being theirs."""
    def make(name, version, script=PLAIN, real=pg_bindir()):
        directory = tmp_path / name
        directory.mkdir()
        for tool in ("pg_dump", "psql"):
            text = script if tool == "pg_dump" else PLAIN
            text = text.replace("VERSION", version).replace("NAME", tool)
            (directory / tool).write_text(text.replace("REAL", str(real / tool)))
            (directory / tool).chmod(0o755)
        return directory
    return make


def in_path(metamodel, *directories):
    return {"PATH": ":".join([*map(str, directories), metamodel.env["PATH"]])}


class TestTheToolsTaken:
    @pytest.mark.parametrize("batch", ["1", "2"])
    def test_are_of_the_servers_own_version_whatever_path_has_first(self, metamodel, db, tools, batch):
        db.add_accounts("agentzh")
        newer = tools("newer", NEWER, DUMP_NEWER)
        result = metamodel.run("save", f"--batch={batch}", env=in_path(metamodel, newer))
        assert "newer" not in result.stderr
        assert metamodel.tree().text("agentzh").count("transaction_timeout") == (OURS >= 17)
        assert metamodel.tree().manifest["pg_dump"].startswith(f"pg_dump (PostgreSQL) {OURS}.")
        metamodel.run("restore", env=in_path(metamodel, newer))

    def test_are_looked_for_in_all_of_path(self, metamodel, db, tools):
        db.add_accounts("agentzh")
        newer, own = tools("newer", NEWER), tools("own", f"NAME (PostgreSQL) {OURS}.1 own")
        metamodel.run("save", env=in_path(metamodel, newer, own))
        assert metamodel.tree().manifest["pg_dump"] == f"pg_dump (PostgreSQL) {OURS}.1 own"

    def test_that_are_newer_are_warned_about_once(self, metamodel, db, tools):
        db.add_accounts("agentzh", "marry")
        newer = tools("newer", NEWER, DUMP_NEWER)
        result = metamodel.run("save", "--batch=1", "--pg-bindir", newer)
        [line] = [line for line in result.stderr.splitlines() if f"newer than the server ({OURS})" in line]
        assert str(newer / "pg_dump") in line and f"postgresql-client-{OURS}" in line
        result = metamodel.run("restore", "--pg-bindir", newer)
        assert result.stderr.count(f"newer than the server ({OURS})") == 1

    def test_are_the_nearest_newer_ones_where_there_are_no_others(self, metamodel, db, tools, mounts,
                                                                  tmp_path):
        db.add_accounts("agentzh")
        real = tmp_path / "real"
        shutil.copytree(pg_bindir(), real)
        path = in_path(metamodel, tools("newest", f"NAME (PostgreSQL) {OURS + 3}.0", real=real),
                       tools("newer", f"NAME (PostgreSQL) {OURS + 1}.9", real=real),
                       tools("older", f"NAME (PostgreSQL) {OURS - 1}.9", real=real))
        hidden = mounts("mount -t tmpfs none /usr/lib/postgresql")
        result = metamodel.run("save", env=path, under=hidden)
        assert f"is version {OURS + 1}, newer than the server ({OURS})" in result.stderr
        assert metamodel.tree().manifest["pg_dump"] == f"pg_dump (PostgreSQL) {OURS + 1}.9"

    def test_are_never_older_and_the_error_says_what_was_found(self, metamodel, db, tools):
        db.add_accounts("agentzh")
        older = tools("older", "NAME (PostgreSQL) 9.6.24")
        result = metamodel.run("save", "--pg-bindir", older, expect=1)
        assert f"{older}/pg_dump is version 9, older than the server ({OURS})" in result.stderr
        assert f"install postgresql-client-{OURS}" in result.stderr

    @pytest.mark.parametrize("version", [f"NAME (EnterpriseDB) {OURS}.4.0", f"NAME (Postgres Pro 1) {OURS}.4.1",
                                         f"NAME (PostgreSQL) {OURS}beta2", f"NAME {OURS}.4"])
    def test_may_have_a_vendors_version(self, metamodel, db, tools, version):
        db.add_accounts("agentzh")
        directory = tools("vendor", version)
        result = metamodel.run("save", "--batch=1", "--pg-bindir", directory)
        assert "warning" not in result.stderr
        assert metamodel.tree().manifest["pg_dump"] == version.replace("NAME", "pg_dump")


class TestLimits:
    @pytest.mark.parametrize("files", [4, 8, 12, 20, 28])
    @pytest.mark.parametrize("command", ["save", "verify"])
    def test_of_open_files_end_with_an_error_that_names_them(self, metamodel, db, files, command):
        db.add_accounts("agentzh")
        metamodel.run("save")
        result = metamodel.run(command, check=False, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_NOFILE, (files, files)))
        assert result.returncode in (0, 1, 3), result
        assert "install postgresql-client" not in result.stderr
        if files < 14:
            assert result.returncode == 1 and "ulimit -n" in result.stderr, result

    def test_of_processes_end_with_an_error_that_names_them(self, metamodel, db, strace):
        db.add_accounts("agentzh")
        under = strace(inject=["clone3:error=EAGAIN", "clone:error=EAGAIN"])
        result = metamodel.run("verify", check=False, under=under)
        assert result.returncode == 1 and "ulimit -u" in result.stderr, result

    def test_of_processes_are_named_when_a_tool_cannot_be_started(self, metamodel, db, strace):
        db.add_accounts("agentzh")
        under = strace(inject=["clone3:error=EAGAIN:when=9+", "clone:error=EAGAIN"], trace=None)
        result = metamodel.run("save", "--batch=1", check=False, under=under)
        assert result.returncode == 1 and "ulimit -u" in result.stderr, result
        assert "postgresql-client" not in result.stderr
