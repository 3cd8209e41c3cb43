# SPDX-License-Identifier: PostgreSQL
"""What `metamodel restore` hands to psql: the bytes that were checked, or it commits nothing."""

import contextlib
import os
import signal
import threading

import pytest
from support import errors_of, wait_for
from support_restore import CHANGES, fake_psql, in_schema
from support_save import add_small

pytestmark = pytest.mark.usefixtures("leftover_processes")

LOOK = "SELECT md5(string_agg(t::text, ',' ORDER BY id)) FROM {}._models t"


@pytest.fixture
def big(db, metamodel):
    """The accounts a, of 4 MB, and b. Both have a row more than their save."""
    db.add_global()
    add_small(db, "a", "b", sql="CREATE TABLE _models (id int PRIMARY KEY, name text);"
              "INSERT INTO _models VALUES (1, 'model 7')")
    db.sql("INSERT INTO a._models SELECT i, repeat(md5(i::text), 32) FROM generate_series(2, 4000) i")
    metamodel.run("save", "-q")
    for account in "ab":
        db.sql(f"INSERT INTO {account}._models VALUES (0, 'unsaved')")
    return db


@contextlib.contextmanager
def held(db, metamodel):
    """A restore whose psql has read nothing yet: it waits for a table that is to go."""
    with db.locked("a._models", "ROW EXCLUSIVE"):
        running = metamodel.start("restore", "a", "--json", "--lock-wait", "60")
        wait_for(db.waiting)
        yield running


def late_byte(file):
    """One byte in the last quarter, back with the times of before."""
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    with open(file, "r+b") as stream:
        stream.seek(file.stat().st_size * 3 // 4)
        byte = stream.read(1)
        stream.seek(-1, os.SEEK_CUR)
        stream.write(b"1" if byte != b"1" else b"2")
    os.utime(file, ns=times)


def late_sql(file):
    """A statement that the check would pass, of the same length as what it stands for."""
    data = file.read_bytes()
    old = b"ALTER TABLE ONLY a._models\n    ADD CONSTRAINT _models_pkey PRIMARY KEY (id);"
    new = b"ALTER TABLE a._models ADD COLUMN x int DEFAULT 5;"
    assert old in data
    file.write_bytes(data.replace(old, new.ljust(len(old))))


LATE = {"in place": late_byte, "in its last statement": late_sql,
        "cut off": lambda file: os.truncate(file, file.stat().st_size * 3 // 4),
        "appended to": CHANGES["appended to"]}


@pytest.mark.parametrize("change", LATE)
def test_a_dump_that_changes_while_it_is_loaded_is_not_kept(big, metamodel, change,
                                                            leftover_processes):  # noqa: F811
    before = big.query(LOOK.format("a"))
    with held(big, metamodel) as running:
        LATE[change](metamodel.cwd / "metamodel/a.sql")
    result = running.wait(30)
    assert "the dump was changed while it was loaded" in errors_of(result, "a"), result
    assert "as it was before" in errors_of(result, "a") and result.returncode == 1
    assert big.query(LOOK.format("a")) == before
    assert not leftover_processes()


def test_a_dump_that_is_changed_and_changed_back_is_loaded_as_it_was_checked(big, metamodel):
    """Whenever psql reads it: what was checked, or nothing."""
    file = metamodel.cwd / "metamodel/a.sql"
    good = file.read_bytes()
    bad = good.replace(b"model 7", b"Model 7")
    stop = threading.Event()

    def flip():
        with open(file, "r+b") as stream:
            while not stop.is_set():
                for text in (bad, good):
                    stream.seek(0)
                    stream.write(text)
                    stream.flush()

    thread = threading.Thread(target=flip)
    before = big.query("SELECT name FROM a._models WHERE id = 0")
    thread.start()
    try:
        for _ in range(8):
            result = metamodel.run("restore", "a", check=False)
            names = {name for name, in big.query("SELECT name FROM a._models WHERE id < 2")}
            if result.returncode == 0:
                assert names == {"model 7"}
                break
            assert big.query("SELECT name FROM a._models WHERE id = 0") == before
            assert "Model 7" not in names
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize("change", [each for each in CHANGES if each not in ("a pipe", "a directory")])  # as removed
def test_a_small_dump_is_as_checked_whatever_happens_to_its_file_meanwhile(big, metamodel, change):
    """psql has it in its pipe already."""
    with big.locked("b._models", "ROW EXCLUSIVE"):
        running = metamodel.start("restore", "b", "--json", "--lock-wait", "60")
        wait_for(big.waiting)
        CHANGES[change](metamodel.cwd / "metamodel/b.sql") if change != "truncated" else \
            os.truncate(metamodel.cwd / "metamodel/b.sql", 100)
    result = running.wait(30)
    assert result.returncode == 0, result
    assert big.query("SELECT id, name FROM b._models") == [(1, "model 7")]


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_full_pipe_does_not_hold_up_the_end(big, metamodel, signum,
                                              leftover_processes):  # noqa: F811
    before = big.query(LOOK.format("a"))
    with held(big, metamodel) as running:
        running.send(signum)
        result = running.wait(20)
        assert result.returncode == 128 + signum, result
    wait_for(lambda: not leftover_processes())
    assert big.query(LOOK.format("a")) == before


def test_a_time_out_ends_psql_and_its_feed(big, metamodel, leftover_processes):  # noqa: F811
    with big.locked("a._models", "ROW EXCLUSIVE"):
        result = metamodel.run("restore", "a", "--lock-wait", "0", "--timeout", "3", expect=1)
    assert "exceeded its time limit" in errors_of(result, "a"), result
    wait_for(lambda: not leftover_processes())


@pytest.mark.parametrize("ending", ["exit 0", "exit 3", "kill -9 $$", "read line; exit 1",
                                    "sleep 2 2>/dev/null & exit 1"])
def test_a_psql_that_ends_early_is_an_error_of_its_account(big, metamodel, tmp_path, ending):
    """Also when somebody else still holds the other end of the pipe."""
    fake_psql(metamodel, tmp_path / "bin",
              f'[ -n "$account" ] || exec "$real" "$@"\n{ending}')
    before = big.query(LOOK.format("a"))
    result = metamodel.run("restore", "a", expect=1)
    assert errors_of(result, "a").startswith("[a restore] psql "), result
    assert big.query(LOOK.format("a")) == before


def test_what_only_newer_servers_know_is_left_out_of_the_header(db, metamodel):
    """As pg_dump 17 writes it. In a literal further down it is not a setting."""
    db.add_global()
    add_small(db, "a", sql="CREATE TABLE _models (t text DEFAULT E'x\\nSET transaction_timeout = 0;')")
    db.sql(in_schema("a", "INSERT INTO _models DEFAULT VALUES"))
    metamodel.run("save", "-q")
    file = metamodel.cwd / "metamodel/a.sql"
    text = file.read_text()
    assert text.count("SET lock_timeout = 0;\n") == 1
    file.write_text(text.replace("SET lock_timeout = 0;\n",
                                 "SET lock_timeout = 0;\nSET transaction_timeout = 0;\n"))
    (metamodel.cwd / "metamodel/manifest.json").unlink()
    db.sql("DELETE FROM a._models")
    metamodel.run("restore", "a")
    assert db.query("SELECT t FROM a._models") == [("x\nSET transaction_timeout = 0;",)]
