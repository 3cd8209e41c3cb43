# SPDX-License-Identifier: PostgreSQL
"""What a save finds beside it and in it that is not its own; and what it says of files."""

import os
import shutil
import subprocess

import pytest
from support import pg_bindir
from support_save import add_small_global, state


def onto_full():
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


@pytest.mark.parametrize("args", [["status"], ["status", "--json"], ["verify", "--json"],
                                  ["upgrade", "--show", "0.004"], ["--help"], ["--version"]])
def test_output_that_did_not_arrive_is_no_success(metamodel, db, args):
    db.add_accounts("a")
    metamodel.run("save")
    result = metamodel.run(*args, preexec_fn=onto_full, expect=1)
    assert "write: " in result.stderr


@pytest.mark.parametrize("args", [["--version"], ["verify", "--json"]])
def test_a_report_to_a_closed_standard_output_is_no_success(metamodel, db, args):
    db.add_accounts("a")
    metamodel.run("save")
    result = metamodel.run(*args, preexec_fn=lambda: os.close(1), expect=1)
    assert "Bad file descriptor" in result.stderr
    metamodel.run("verify", preexec_fn=lambda: os.close(1))  # it has nothing to write there


def test_quiet_tells_of_an_account_that_is_gone(metamodel, db):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    db.sql("DROP SCHEMA bob CASCADE; DELETE FROM _global._accounts WHERE name = 'bob'")
    assert "account bob is no longer registered" in metamodel.run("save", "-q").stderr
    assert metamodel.run("save", "-q").stderr == ""  # once


def test_verbose_counts_what_was_not_asked_as_nothing(metamodel, db):
    add_small_global(db, "a", "bob")
    said = metamodel.run("save", "-v", "a").stderr
    assert ": 1 account, each with a pg_dump of its own" in said and "0 relations" not in said
    assert "3 accounts in 3 batches of at most 1" in metamodel.run("save", "-v").stderr


@pytest.mark.parametrize("text, mode, warns", [
    ("[backend]\npassword = geheim\n", 0o644, True), ("[backend]\npassword = geheim\n", 0o640, False),
    ("[backend]\nuser = postgres\n", 0o644, False),
    ("[metamodel]\ndbname = user=postgres password=geheim\n", 0o644, True)])
def test_a_password_in_a_file_that_all_can_read_is_warned_about(
        metamodel, db, text, mode, warns):
    db.add_accounts("a")
    config = metamodel.cwd / "site.conf"
    config.write_text(text)
    config.chmod(mode)
    said = metamodel.run("status", "-c", config, "-d", db.name).stderr
    assert (f"warning: {config} contains a password" in said) == warns and "geheim" not in said


@pytest.mark.parametrize("make, words", [
    (lambda path: None, "nosuch does not exist"), (lambda path: path.write_text(""), "not a save"),
    (lambda path: (path.mkdir(), (path / "thesis.tex").write_text("")), "nosuch is not a save")])
def test_status_says_that_there_is_no_such_save(metamodel, db, make, words):
    db.add_accounts("a")
    make(metamodel.cwd / "nosuch")
    assert words in metamodel.run("status", "-D", "nosuch").stderr


# What stands beside a save or in its place

def make_notes(path):
    path.mkdir()
    (path / "my-notes.sql").write_text("SELECT 'mine';\n")


@pytest.mark.parametrize("make", [make_notes, lambda path: path.symlink_to("elsewhere"),
                                  lambda path: path.write_text("mine")])
@pytest.mark.parametrize("suffix", [".new", ".swap", ".drop"])
def test_a_name_that_is_taken_is_said_before_anything_is_dumped(metamodel, db, suffix, make):
    db.add_global()
    metamodel.run("save")
    make(metamodel.cwd / f"metamodel{suffix}")
    before = state(metamodel.cwd)
    result = metamodel.run("save", expect=1)
    assert f"metamodel{suffix}" in result.stderr and "move it away" in result.stderr
    assert "Dumping" not in result.stderr and state(metamodel.cwd) == before
    for command in ["verify", "status"]:
        metamodel.run(command)
    assert state(metamodel.cwd) == before


def test_an_empty_directory_is_no_swap_that_was_begun(metamodel, db):
    db.add_global()
    for _ in range(2):
        metamodel.run("save")
    (metamodel.cwd / "metamodel.swap").mkdir()
    before = state(metamodel.cwd)
    assert "no run left it" in metamodel.run("save", expect=1).stderr
    assert "the swap is complete now" not in metamodel.run("verify").stderr
    assert state(metamodel.cwd) == before


@pytest.mark.parametrize("suffix", [".new", ".swap", ".drop"])
def test_a_copy_of_a_save_is_no_leftover(metamodel, db, suffix):
    db.add_global()
    metamodel.run("save")
    metamodel.run("save")
    shutil.copytree(metamodel.cwd / "metamodel.old", metamodel.cwd / f"metamodel{suffix}")
    before = state(metamodel.cwd)
    if suffix != ".swap":  # the very save that was replaced is taken for that
        metamodel.run("save", expect=1)
        metamodel.run("verify")
        assert state(metamodel.cwd) == before


@pytest.mark.parametrize("text", ["CREATE TABLE mine (i integer);\n", "", "dump of the database"])
def test_a_directory_of_other_sql_files_is_no_save(metamodel, db, text):
    add_small_global(db, "a")
    own = metamodel.cwd / "own"
    own.mkdir()
    if text.startswith("dump"):
        text = subprocess.check_output([pg_bindir() / "pg_dump", "-h", db.server.host, "-U",
                                        "postgres", db.name], text=True)
    (own / "schema.sql").write_text(text)
    before = state(metamodel.cwd)
    result = metamodel.run("save", "-D", "own", expect=1)
    assert "own holds schema.sql, which is not the dump of an account" in result.stderr
    assert state(metamodel.cwd) == before and "Dumping" not in result.stderr


@pytest.mark.parametrize("command", [["save"], ["save", "-n"], ["restore"], ["upgrade"]])
@pytest.mark.parametrize("inside", ["a.sql", "new", "manifest.json", "new/deeper"])
def test_a_directory_inside_a_save_is_refused(metamodel, db, command, inside):
    db.add_accounts("a")
    metamodel.run("save")
    before = sorted(path.name for path in metamodel.tree().path.iterdir())
    result = metamodel.run(*command, "-D", f"metamodel/{inside}", check=False)
    assert result.returncode in (1, 2)
    assert sorted(path.name for path in metamodel.tree().path.iterdir()) == before
    if command != ["restore"]:  # which has said already that there is no save
        assert "is inside the save" in result.stderr


def test_a_lock_file_that_a_slip_left_is_no_stranger(metamodel, db):
    db.add_accounts("a")
    metamodel.run("save")
    shutil.copy(metamodel.cwd / "metamodel.lock", metamodel.cwd / "metamodel/a.sql.lock")
    metamodel.run("verify")
    for _ in range(3):
        assert "warning" not in metamodel.run("save").stderr
    assert not list(metamodel.cwd.glob("*kept*"))


def test_a_mount_point_is_known_before_anything_is_dumped(metamodel, db, tmpfs):
    db.add_global()
    (metamodel.cwd / "metamodel").mkdir()
    result = metamodel.run("save", under=tmpfs(metamodel.cwd / "metamodel"), expect=1)
    assert "metamodel is a mount point" in result.stderr and "Dumping" not in result.stderr
    assert "--directory=metamodel/save" in result.stderr
    (metamodel.cwd / "metamodel").rmdir()


def test_a_bind_mount_of_the_same_disk_is_one_too(metamodel, db, mounts):
    db.add_global()
    metamodel.run("save")
    path = metamodel.cwd / "metamodel"
    result = metamodel.run("save", under=mounts('mount --bind "$1" "$1"', path), expect=1)
    assert "is a mount point" in result.stderr and "Dumping" not in result.stderr


def test_a_read_only_place_is_known_before_anything_is_dumped(metamodel, db, read_only):
    db.add_global()
    metamodel.run("save")
    result = metamodel.run("save", under=read_only(metamodel.cwd), expect=1)
    assert "Read-only file system" in result.stderr and "Dumping" not in result.stderr


def test_a_dump_that_was_edited_in_an_old_save_is_still_ours(metamodel, db):
    db.add_accounts("a")
    metamodel.run("save")
    (metamodel.cwd / "metamodel/a.sql").write_text("-- edited\n")
    for _ in range(2):
        metamodel.run("save")
    assert sorted(path.name for path in metamodel.cwd.iterdir()) == [
        "metamodel", "metamodel.lock", "metamodel.old"]
