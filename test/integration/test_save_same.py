# SPDX-License-Identifier: PostgreSQL
"""Dumps that did not change since the save before: one file with two names."""

import hashlib
import json
import os
import re

import pytest
from support_save import add_small_global

MANY = [f"t{number:02}" for number in range(20)]  # by one pg_dump

LARGE = ("CREATE TABLE _models (id integer, text text);"
         "INSERT INTO _models SELECT g, repeat('x', 500) FROM generate_series(1, 2000) g")


@pytest.fixture
def old(metamodel):
    return metamodel.tree("metamodel.old")


def is_shared(one, other, account):
    return os.path.samefile(one.file(account), other.file(account))


def in_place(path, change):
    """Write to the file itself, not to another of that name."""
    text = path.read_bytes()
    changed = change(text)
    assert text != changed and len(text) == len(changed)
    path.write_bytes(changed)


def agree(metamodel, *saves):
    """Each file is what its manifest says, and nothing else is there."""
    for save in saves:
        for entry in save.manifest["accounts"]:
            found = hashlib.sha256((save.path / entry["file"]).read_bytes()).hexdigest()
            assert found == entry["sha256"]
        assert sorted([*save.files, "manifest.json"]) == sorted(os.listdir(save.path))
    metamodel.run("verify")


@pytest.mark.parametrize("batch", ["auto", "1"])
def test_a_dump_that_did_not_change_is_the_same_file(metamodel, db, old, batch):
    add_small_global(db, *MANY)
    metamodel.run("save", "--batch", batch)
    db.sql("INSERT INTO t03._models VALUES (1)")
    assert "; 20 unchanged." in metamodel.run("save", "--batch", batch).stderr
    tree = metamodel.tree()
    assert [name for name in tree.accounts() if not is_shared(tree, old, name)] == ["t03"]
    assert tree.entry("t04")["saved_at"] > "2020" and not tree.stale()
    assert tree.entry("t04")["sha256"] == old.entry("t04")["sha256"]
    agree(metamodel, tree, old)


def test_a_dump_of_its_own_pg_dump_is_the_same_as_one_of_a_batch(metamodel, db, old):
    add_small_global(db, *MANY)
    metamodel.run("save", "--batch", "20")
    assert "; 21 unchanged." in metamodel.run("save", "--batch", "1").stderr
    agree(metamodel, metamodel.tree(), old)


def test_a_change_of_as_many_bytes_is_a_change(metamodel, db, old):
    add_small_global(db, "a", "bob", sql=LARGE)
    metamodel.run("save")
    db.sql("UPDATE a._models SET text = overlay(text placing 'y' from 250) WHERE id = 1700")
    assert "; 2 unchanged." in metamodel.run("save").stderr  # _global and bob
    tree = metamodel.tree()
    assert tree.entry("a")["bytes"] == old.entry("a")["bytes"] and not is_shared(tree, old, "a")
    assert tree.text("a") != old.text("a")
    agree(metamodel, tree, old)


def test_the_report_says_which_accounts_are_unchanged(metamodel, db):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    db.sql("INSERT INTO a._models VALUES (1)")
    report = json.loads(metamodel.run("save", "--json").stdout)
    assert {each["account"]: each["unchanged"] for each in report["accounts"]} == {
        "_global": True, "a": False, "bob": True}


def test_a_first_save_has_nothing_to_be_the_same_as(metamodel, db):
    add_small_global(db, "a")
    assert "unchanged" not in metamodel.run("save").stderr


def flip(text):
    return text.replace(b"CREATE TABLE", b"CREATE TABL3")


def flip_key(text):
    """As another pg_dump would have written it."""
    key = re.search(rb"^\\restrict (\w+)", text, re.M)
    if not key:
        pytest.skip("this pg_dump writes no \\restrict")
    return text.replace(key[1], key[1][::-1])


@pytest.mark.parametrize("change", [flip, flip_key])
def test_a_file_that_was_changed_is_never_taken_over(metamodel, db, old, change):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    in_place(metamodel.tree().file("a"), change)
    assert "; 2 unchanged." in metamodel.run("save").stderr
    tree = metamodel.tree()
    assert not is_shared(tree, old, "a") and is_shared(tree, old, "bob")
    agree(metamodel, tree)


def test_a_file_open_to_others_is_not_taken_over(metamodel, db, old):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    metamodel.tree().file("a").chmod(0o644)
    metamodel.run("save")
    tree = metamodel.tree()
    assert not is_shared(tree, old, "a") and is_shared(tree, old, "bob")
    assert tree.file("a").stat().st_mode & 0o777 == 0o600


def test_a_symbolic_link_is_not_taken_over(metamodel, db, old):
    add_small_global(db, "a")
    metamodel.run("save")
    file = metamodel.tree().file("a")
    elsewhere = metamodel.cwd / "elsewhere.sql"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    metamodel.run("save")
    assert metamodel.tree().file("a").is_file() and not metamodel.tree().file("a").is_symlink()
    agree(metamodel, metamodel.tree())


def test_the_dumps_of_another_database_are_not_shared(metamodel, db, old):
    add_small_global(db, "a")
    metamodel.run("save")
    manifest = metamodel.tree().manifest
    manifest["nodes"][0]["database_oid"] += 1
    (metamodel.tree().path / "manifest.json").write_text(json.dumps(manifest))
    said = metamodel.run("save", "--from-other-database").stderr
    assert "unchanged" not in said and not is_shared(metamodel.tree(), old, "a")


@pytest.mark.parametrize("call", ["linkat", "renameat"])
def test_without_hard_links_the_new_file_is_kept(metamodel, db, old, strace, call):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    under = strace(inject=[f"{call}:error=EMLINK"])
    metamodel.run("save", under=under)
    assert "(INJECTED)" in under.log_file.read_text()
    assert not is_shared(metamodel.tree(), old, "a")
    agree(metamodel, metamodel.tree(), old)


@pytest.mark.parametrize("call", ["linkat", "renameat"])
def test_a_run_that_is_killed_between_link_and_rename_leaves_nothing_in_the_way(
        metamodel, db, old, strace, call):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    before = metamodel.tree().file("a").read_bytes()
    metamodel.run("save", under=strace(inject=[f"{call}:signal=KILL:when=2"]), expect=-9)
    assert metamodel.tree().file("a").read_bytes() == before
    metamodel.run("save")
    assert sorted(os.listdir(metamodel.cwd)) == ["metamodel", "metamodel.lock", "metamodel.old"]
    assert is_shared(metamodel.tree(), old, "a")
    agree(metamodel, metamodel.tree(), old)


def test_an_old_save_that_is_deleted_takes_no_shared_file_along(metamodel, db):
    add_small_global(db, "a", "bob")
    for _ in range(4):
        metamodel.run("save", "--keep", "1")
    agree(metamodel, metamodel.tree(), metamodel.tree("metamodel.old"))
    assert metamodel.tree().file("a").stat().st_nlink == 2


def test_a_dump_that_was_carried_over_is_shared_again_when_it_is_good(metamodel, db, fake_pg_dump, old):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    fake_pg_dump.fail("a")
    metamodel.run("save", expect=3)
    fake_pg_dump.heal("a")
    metamodel.run("save")
    assert not metamodel.tree().stale() and old.stale() == ["a"]
    assert is_shared(metamodel.tree(), old, "a")
