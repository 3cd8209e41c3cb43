# SPDX-License-Identifier: PostgreSQL
"""`metamodel show`: a dump, or the rows of a table in it, on standard output."""

import os
import pty
import re
import shutil
import signal
import subprocess
from contextlib import closing
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel, Tree
from support_save import postgres_program

BINARY = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
NOWHERE = SimpleNamespace(host="/nonexistent", port="1", user="nobody")
RAW_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]")


@pytest.fixture(scope="module")
def good_save(server, tmp_path_factory):
    """A save that nobody changes, and the database that it is of."""
    name, cwd = f"show_{os.getpid()}", tmp_path_factory.mktemp("good")
    server.sql(f"CREATE DATABASE {name}")
    with closing(Database(server, name)) as db:
        db.add_accounts("agentzh", ".hid den")
        db.sql("INSERT INTO agentzh._models (name, table_name, description) VALUES "
               r"""('evil', 'evil', E'\x1b[2J\x07 \u009b ok'), ('sql', 'sql', '; DROP TABLE victim; --')""")
        program = Metamodel(BINARY, cwd, server, name)
        program.run("save")
        program.end()
        yield SimpleNamespace(path=cwd / "metamodel", db=db)
    server.sql(f"DROP DATABASE {name}")


@pytest.fixture
def offline(tmp_path):
    """The program, with no server anywhere."""
    program = Metamodel(BINARY, tmp_path, NOWHERE, "none")
    yield program
    program.end()


@pytest.fixture
def save(good_save, offline):
    """A good save at `metamodel`, to be spoilt."""
    shutil.copytree(good_save.path, offline.cwd / "metamodel")
    return Tree(offline.cwd / "metamodel")


def show(program, *args):
    """What it writes, byte for byte."""
    return subprocess.run([program.binary, "show", *args], cwd=program.cwd, env=program.env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def flip(path):
    """Another letter in a row."""
    data = path.read_bytes()
    assert b"Blog posts" in data
    path.write_bytes(data.replace(b"Blog posts", b"Blog pests"))


class TestDump:
    def test_it_is_the_file_as_it_is(self, offline, save):
        for account in ("agentzh", "_global", ".hid den"):
            result = show(offline, account)
            assert result.returncode == 0 and result.stderr == b""
            assert result.stdout == save.file(account).read_bytes()

    def test_another_save_is_chosen_by_its_name(self, offline, save):
        save.path.rename(offline.cwd / "metamodel.old")
        assert show(offline, "agentzh", "-D", "metamodel.old").returncode == 0
        result = show(offline, "agentzh")
        assert (result.returncode, result.stdout) == (1, b"")
        assert result.stderr.startswith(b"metamodel: error: metamodel does not exist\n")

    def test_one_that_is_not_there_is_named(self, offline, save):
        result = offline.run("show", "nobody", expect=1)
        assert result.stdout == ""
        assert result.stderr == ("metamodel: error: account nobody is not in metamodel\n"
                                 "metamodel: hint: metamodel list shows in which saves it is\n")

    @pytest.mark.parametrize("spoil, problem", [
        (flip, "wrong hash"),
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), "wrong size"),
        (lambda path: path.unlink(), "missing"),
        (lambda path: (path.unlink(), path.mkdir()), "not a regular file"),
        (lambda path: path.write_bytes(path.read_bytes() + b"\\! id\n"), "wrong size"),
    ], ids=["hash", "cut", "missing", "directory", "command"])
    def test_nothing_is_written_of_one_that_is_not_what_was_saved(self, offline, save, spoil, problem):
        spoil(save.file("agentzh"))
        for table in ([], ["_models"]):
            result = offline.run("show", "agentzh", *table, expect=1)
            assert result.stdout == ""
            assert result.stderr.startswith("metamodel: error: metamodel/agentzh.sql: ") and problem in result.stderr
            assert "metamodel: hint: it was not written; to look at it: less -- metamodel/agentzh.sql" in result.stderr

    def test_without_a_manifest_it_is_written_with_a_warning(self, offline, save):
        (save.path / "manifest.json").unlink()
        result = offline.run("show", "agentzh")
        assert "metamodel: warning: metamodel has no manifest.json" in result.stderr and result.stdout
        file = save.path / "agentzh.sql"
        file.write_bytes(file.read_bytes() + b"\\! id\n")
        assert offline.run("show", "agentzh", expect=1).stdout == ""

    def test_with_a_damaged_manifest_the_exit_status_says_so(self, offline, save):
        (save.path / "manifest.json").write_text("{")
        result = offline.run("show", "agentzh", expect=3)
        assert "it was only checked whether the dump is complete" in result.stderr
        assert result.stdout.encode() and "manifest.json" in result.stderr

    def test_psql_takes_it(self, good_save, offline, save):
        db = good_save.db
        db.server.sql(f"CREATE DATABASE {db.name}_2")
        try:
            db.sql("CREATE SCHEMA agentzh", f"{db.name}_2")
            (offline.cwd / "x.sql").write_bytes(show(offline, "agentzh").stdout)
            loaded = postgres_program("psql", db.server, f"{db.name}_2", "-qX", "-v", "ON_ERROR_STOP=1",
                                      "-f", offline.cwd / "x.sql")
            assert loaded.returncode == 0, loaded.stderr
            query = "SELECT * FROM agentzh._models ORDER BY name"
            assert db.query(query, f"{db.name}_2") == db.query(query)
        finally:
            db._connections.pop(f"{db.name}_2").close()
            db.server.sql(f"DROP DATABASE {db.name}_2")


class TestTable:
    def test_it_is_the_copy_block_alone(self, offline, save):
        result = show(offline, "agentzh", "_models")
        assert result.returncode == 0 and result.stderr == b""
        settings, rest = result.stdout.split(b"COPY ", 1)
        assert settings == b"\\set ON_ERROR_STOP on\nSET client_encoding = 'UTF8';\n"
        dump = save.file("agentzh").read_bytes()
        assert b"\nCOPY " + rest in dump and rest.endswith(b"\n\\.\n") and rest.count(b"\\.\n") == 1
        assert rest.startswith(b"agentzh._models (")

    def test_psql_puts_the_rows_back(self, good_save, offline, save):
        db = good_save.db
        before = db.query("SELECT * FROM agentzh._models ORDER BY name")
        (offline.cwd / "x.sql").write_bytes(show(offline, "agentzh", "_models").stdout)
        db.sql("CREATE TABLE agentzh.kept AS TABLE agentzh._models; DELETE FROM agentzh._models")
        try:
            loaded = postgres_program("psql", db.server, db.name, "-qX", "-f", offline.cwd / "x.sql")
            assert loaded.returncode == 0, loaded.stderr
            assert db.query("SELECT * FROM agentzh._models ORDER BY name") == before
        finally:
            db.sql("DELETE FROM agentzh._models; INSERT INTO agentzh._models TABLE agentzh.kept; DROP TABLE agentzh.kept")

    def test_rows_are_never_statements_for_psql(self, good_save, offline, save):
        db = good_save.db
        db.sql("CREATE TABLE public.victim (x int); ALTER TABLE agentzh._models RENAME TO moved")
        try:
            text = show(offline, "agentzh", "_models").stdout
            assert b"; DROP TABLE victim; --" in text
            (offline.cwd / "x.sql").write_bytes(text)
            loaded = postgres_program("psql", db.server, db.name, "-qX", "-f", offline.cwd / "x.sql")
            assert loaded.returncode == 3 and b"does not exist" in loaded.stderr
            assert db.query("SELECT count(*) FROM public.victim") == [(0,)]
        finally:
            db.sql("ALTER TABLE agentzh.moved RENAME TO _models; DROP TABLE IF EXISTS public.victim")

    def test_another_table_is_named_with_those_that_there_are(self, offline, save):
        result = offline.run("show", "agentzh", "models", expect=1)
        assert result.stdout == ""
        error, hint = result.stderr.splitlines()
        assert error == "metamodel: error: the dump of agentzh holds no rows of a table models"
        assert "_models" in hint and "_roles" in hint

    def test_a_table_without_rows_is_empty(self, good_save, offline, save):
        text = show(offline, "agentzh", "_feeds").stdout
        assert text == b"" or text.endswith(b"stdin;\n\\.\n")


class TestTerminal:
    def terminal(self, offline, *args):
        """What it writes to one."""
        ours, theirs = pty.openpty()
        with subprocess.Popen([offline.binary, "show", *args], cwd=offline.cwd, env=offline.env,
                              stdout=theirs, stderr=subprocess.PIPE) as process:
            os.close(theirs)
            data = b""
            try:
                while piece := os.read(ours, 65536):
                    data += piece
            except OSError:
                pass  # its end
            os.close(ours)
            assert process.wait() == 0
        return data.replace(b"\r\n", b"\n")

    def test_what_users_wrote_cannot_control_it(self, offline, save):
        piped = show(offline, "agentzh").stdout
        assert RAW_CONTROLS.search(piped)
        data = self.terminal(offline, "agentzh")
        assert not RAW_CONTROLS.search(data)
        assert rb"\x1b[2J\x07 \xc2\x9b ok" in data
        assert b"\t" in data and "日本語".encode() in data
        assert data.count(b"\n") == piped.count(b"\n")

    def test_a_table_is_as_harmless(self, offline, save):
        data = self.terminal(offline, "agentzh", "_models")
        assert not RAW_CONTROLS.search(data) and rb"\x1b[2J" in data


class TestOutput:
    def test_a_full_disk_is_told(self, offline, save):
        for table in ([], ["_models"]):
            result = offline.start("show", "agentzh", *table, preexec_fn=lambda: os.dup2(
                os.open("/dev/full", os.O_WRONLY), 1)).wait()
            assert result.returncode == 1
            assert result.stderr == ("metamodel: error: standard output: write: No space left on device\n"
                                     "metamodel: hint: free space on that disk\n")

    def test_a_reader_that_goes_away_ends_it_quietly(self, offline, save):
        read_end, write_end = os.pipe()
        os.close(read_end)
        result = subprocess.run([offline.binary, "show", "agentzh"], cwd=offline.cwd, env=offline.env,
                                stdout=write_end, stderr=subprocess.PIPE, check=False)
        assert result.returncode == -signal.SIGPIPE and result.stderr == b""
        result = subprocess.run([offline.binary, "show", "agentzh"], cwd=offline.cwd, env=offline.env,
                                stdout=write_end, stderr=subprocess.PIPE, check=False,
                                preexec_fn=lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN))
        assert result.returncode == 1 and b"standard output: write: Broken pipe" in result.stderr
        os.close(write_end)

    def test_a_closed_output_is_told(self, offline, save):
        result = offline.run("show", "agentzh", expect=1, preexec_fn=lambda: os.close(1))
        assert "standard output: write: " in result.stderr


class TestUsage:
    @pytest.mark.parametrize("args, problem", [
        ([], "no account given"),
        (["a", "b", "c"], "two tables: 'b', 'c'"),
        (["a", "-h", "x"], "option --host: show needs no server"),
        (["a", "--keep=2"], "option --keep is not for show"),
    ])
    def test_mistakes_are_named(self, offline, args, problem):
        assert problem in offline.run("show", *args, expect=2).stderr

    def test_tenants_are_called_tenants(self, offline, save):
        assert "tenant nobody is not in metamodel" in offline.run("show", "nobody", "--model=plain", expect=1).stderr
