# SPDX-License-Identifier: PostgreSQL
"""`metamodel check`: one line for Nagios."""

import json
import re
import shutil

import pytest

LINE = re.compile(r"METAMODEL (\w+) - metamodel: saved \d+ \w+ ago, (\d+) accounts, (\d+) failed, (\d+) stale \| "
                  r"age=(\d+)s;(\d+);(\d+);0 accounts=\2;;;0 failed=\3;0;;0 stale=\4;0;;0 size=\d+B;;;0\n")


@pytest.fixture
def saved(metamodel, db):
    db.add_accounts("agentzh", "onccf")
    metamodel.run("save", "-q")
    return metamodel


def check(metamodel, *args, expect):
    result = metamodel.run("check", *args, expect=expect)
    assert result.stderr == ""
    return LINE.fullmatch(result.stdout)


def make_old(metamodel):
    """The manifest says that the save is of the year 2000."""
    path = metamodel.cwd / "metamodel" / "manifest.json"
    text = re.sub(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2000-01-01T00:00:00Z", path.read_text())
    path.write_text(text)
    assert json.loads(text)


def test_a_fresh_save_is_ok(saved):
    found = check(saved, expect=0)
    assert found[1] == "OK" and found[2] == "3" and (found[6], found[7]) == ("93600", "180000")


def test_an_old_one_is_a_warning_or_critical(saved):
    make_old(saved)
    assert check(saved, expect=2)[1] == "CRITICAL"
    assert check(saved, "--critical=0", expect=1)[1] == "WARNING"
    assert check(saved, "--critical=0", "--warning=0", expect=0)[1] == "OK"


def test_accounts_that_failed_are_a_warning(saved, db, fake_pg_dump):
    fake_pg_dump.fail("onccf")
    saved.run("save", "-q", expect=3)
    saved.options.clear()
    found = check(saved, expect=1)
    assert (found[1], found[3], found[4]) == ("WARNING", "1", "1")


def test_no_save_is_critical(saved):
    shutil.rmtree(saved.cwd / "metamodel")
    result = saved.run("check", expect=2)
    assert result.stdout.startswith("METAMODEL CRITICAL - ") and result.stdout.count("\n") == 1


def test_the_directory_may_be_an_argument(saved):
    (saved.cwd / "metamodel").rename(saved.cwd / "a|b")
    result = saved.run("check", "a|b")
    assert result.stdout.startswith("METAMODEL OK - a/b: saved ") and result.stdout.count("|") == 1


def test_an_age_must_be_one(saved):
    assert "option --warning: 'x' is neither 0 nor an age" in saved.run("check", "--warning=x", expect=2).stderr
