# SPDX-License-Identifier: PostgreSQL
"""What an upgrade says at its end about accounts that failed: nothing that could cost a row."""

import re
import shlex

import pytest


@pytest.fixture
def failing(db, metamodel):
    """Accounts a, b and c at 0.001, and a save; b cannot be upgraded."""
    db.add_accounts("a", "b", "c")
    metamodel.run("save")
    db.sql("CREATE TABLE b._actions ()")
    return db


def hints(result):
    lines = result.stderr.splitlines()
    return [line for line in lines[next(i for i, line in enumerate(lines) if "Failed:" in line):] if "hint" in line]


def command_of(hint):
    return shlex.split(re.search(": (metamodel (?:upgrade|restore) .*)$", hint)[1])


def test_who_failed_needs_nothing_and_is_upgraded_again(failing, metamodel):
    result = metamodel.run("upgrade", expect=3)
    [hint] = hints(result)
    assert hint == result.stderr.splitlines()[-1] and "restore" not in result.stderr
    assert "the accounts that failed are as they were before" in hint
    failing.sql("UPDATE b._roles SET description = 'written since' WHERE id = 1; DROP TABLE b._actions")
    assert command_of(hint)[-2:] == ["--", "b"]
    again = metamodel.run(*command_of(hint)[1:])
    assert "Upgraded 1 account" in again.stderr
    assert failing.query("SELECT count(*) FROM b._roles WHERE description = 'written since'") == [(1,)]


def test_the_command_is_the_one_that_was_given(failing, metamodel):
    names = ["b c", "it's", "-d", "$(x)"]
    for name in names:
        failing.add_account(name)
        failing.sql(f'CREATE TABLE "{name}"._actions ()')
    [hint] = hints(metamodel.run("upgrade", "--to", "0.008", "-D", "my saves", expect=3))
    words = command_of(hint)
    assert words[:2] == ["metamodel", "upgrade"] and words[words.index("--to") + 1] == "0.008"
    assert words[words.index("-D") + 1] == "my saves"
    assert sorted(words[words.index("--") + 1:]) == sorted([*names, "b"])
    metamodel.run(*words[1:], expect=1)


def test_many_are_upgraded_again_as_all(failing, metamodel):
    for i in range(60):
        failing.add_account(f"n{i}", user_tables=False)
        failing.sql(f"CREATE TABLE n{i}._actions ()")
    [hint] = hints(metamodel.run("upgrade", expect=3))
    assert "--" not in command_of(hint)


def test_without_global_all_are_upgraded_again(failing, metamodel):
    failing.sql("UPDATE _global._general SET version = 'nonsense'")
    [hint] = hints(metamodel.run("upgrade", expect=1))
    assert "--" not in command_of(hint) and command_of(hint)[:2] == ["metamodel", "upgrade"]


def test_with_fail_fast_the_changed_ones_may_be_put_back(failing, metamodel):
    saved_at = metamodel.tree().entry("a")["saved_at"]
    result = metamodel.run("upgrade", "--fail-fast", "-j1", expect=3)
    [again, back] = hints(result)
    assert command_of(again)[-2:] == ["--", "b"]
    assert saved_at in back and "which loses what was written since" in back
    assert command_of(back)[command_of(back).index("--") + 1:] == ["_global", "a"]
    metamodel.run(*command_of(back)[1:])
    assert failing.query("SELECT version FROM a._general") == [("0.001",)]


def test_a_save_of_another_database_is_not_advised(failing, metamodel):
    path = metamodel.tree().path / "manifest.json"
    path.write_text(re.sub(r'"system_identifier": "\d+"', '"system_identifier": "7123456789012345678"',
                           path.read_text()))
    result = metamodel.run("upgrade", "--fail-fast", "-j1", expect=3)
    assert len(hints(result)) == 1 and "restore" not in result.stderr
