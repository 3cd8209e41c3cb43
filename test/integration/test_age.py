# SPDX-License-Identifier: PostgreSQL
"""How old a save may be: --max-age of verify and status, and the default of status --check."""

import pytest
from support_save import DAY, add_small_global, shift


@pytest.fixture
def saved(metamodel, db):
    db.add_accounts("a", "bob", version="0.009")
    metamodel.run("save")
    return metamodel


@pytest.mark.parametrize("age, old", [("90m", 0), ("36h", 0), ("2d", 0), ("1w", 0), ("0", 9 * DAY),
                                      ("36h", 2 * DAY), ("2d", 3 * DAY), ("1m", 120)])
def test_a_save_is_as_old_as_it_may_be(saved, age, old):
    is_fine = not old or age == "0"
    shift(saved, old)
    for command in ["verify", "status"]:
        result = saved.run(command, "-q", "--max-age", age, expect=0 if is_fine else 3)
        assert ("metamodel is too old: it was made at 20" in result.stderr) != is_fine
    said = saved.run("verify", "--json", "--max-age", age, check=False)
    assert bool(said.report["too_old"]) != is_fine
    assert ("is in order, but too old" in said.stderr) != is_fine


def test_a_dump_that_was_carried_over_is_too_old_by_itself(saved):
    shift(saved, 3 * DAY)
    saved.run("save", "a", "_global")
    for command in ["verify", "status"]:
        result = saved.run(command, "--max-age=2d", expect=3)
        assert "the dump of account bob is too old: it was made at" in result.stderr
        assert "3 d ago" in result.stderr and "account a " not in result.stderr
    saved.run("verify", "--max-age=4d")


def test_status_check_asks_for_a_save_of_the_last_week(saved, db):
    db.sql("DROP TABLE IF EXISTS public.x")
    first = saved.run("status", "--check", check=False).returncode
    shift(saved, 9 * DAY)
    result = saved.run("status", "--check", expect=3)
    assert "metamodel is too old" in result.stderr and "--max-age" in result.stderr
    assert saved.run("status", "--check", "--max-age=0", check=False).returncode == first
    saved.run("status")
    saved.run("verify")
    assert "too old" not in saved.run("status", "--check", "-D", "none", check=False).stderr


@pytest.mark.parametrize("age", ["", "2", "d", "-2d", "2 d", "2y", "0d", "100001w", "1.5h"])
def test_what_is_no_age_is_refused(saved, age):
    for command in ["verify", "status"]:
        assert "--max-age" in saved.run(command, f"--max-age={age}", expect=2).stderr


def test_no_save_at_all_is_older_than_any_age(saved):
    assert "nosuch does not exist" in saved.run(
        "status", "-D", "nosuch", "--max-age", "1d", expect=3).stderr


def test_what_was_not_asked_for_is_not_called_stale(metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "bob", "eve")
    metamodel.run("save")
    fake_pg_dump.fail("eve")
    metamodel.run("save", expect=3)
    metamodel.run("save", "bob")
    metamodel.options = []
    result = metamodel.run("verify", "--json")
    assert result.stderr.endswith(" Stale: eve.\n")
    assert {each["account"]: each["result"] for each in result.report["accounts"]} == {
        "_global": "carried over", "a": "carried over", "bob": "good", "eve": "stale"}
    rows = {line.split()[0]: line for line in metamodel.run("status").stdout.splitlines()}
    assert " stale " in rows["eve"] and " stale " not in rows["a"]
