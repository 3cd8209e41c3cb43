# SPDX-License-Identifier: PostgreSQL
"""Which old saves stay: by number, by age, and whatever retries there were in between."""

import datetime
import time

import pytest
from support_save import DAY, add_small_global, shift


def history(metamodel):
    """Serial numbers, newest first; their names have no gaps."""
    names = ["metamodel", "metamodel.old"] + [f"metamodel.old.{n}" for n in range(2, 100)]
    there = [name for name in names if (metamodel.cwd / name).is_dir()]
    assert there == names[:len(there)]
    return [metamodel.tree(name).manifest["serial"] for name in there]


@pytest.mark.slow
def test_retries_of_one_night_push_nothing_out(metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "bob")
    metamodel.run("save", "--keep", "3")
    fake_pg_dump.fail("bob")
    for _ in range(5):
        metamodel.run("save", "--keep", "3", expect=3)
    assert history(metamodel) == [6, 5, 1]
    fake_pg_dump.heal("bob")
    metamodel.run("save", "--keep", "3")
    metamodel.run("save", "--keep", "3")
    assert history(metamodel) == [8, 7, 1]


def test_with_one_to_keep_retries_leave_the_last_whole_save(metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    fake_pg_dump.fail("bob")
    for _ in range(3):
        metamodel.run("save", expect=3)
    assert history(metamodel) == [4, 3, 1]


@pytest.mark.slow
def test_where_an_account_always_fails_there_is_a_save_of_each_night(
        metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "bob")
    fake_pg_dump.fail("bob")
    for _ in range(6):
        for _ in range(2):  # with a retry
            metamodel.run("save", "--keep", "3", expect=3)
        shift(metamodel, DAY)
    metamodel.run("save", "--keep", "3", expect=3)
    # the one that was replaced, and one of each of three nights
    assert history(metamodel) == [13, 12, 11, 9, 7]


@pytest.mark.slow
def test_by_age_one_of_each_day_week_and_month_stays(metamodel, db):
    db.add_global()
    ages = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 14, 18, 22, 29, 36, 44, 45]
    for newer, older in reversed(list(zip(ages, ages[1:]))):
        metamodel.run("save", "-q", "--keep", "99")
        shift(metamodel, (older - newer) * DAY)
    metamodel.run("save", "-q", "--keep-days", "4", "--keep-weeks", "3", "--keep-months", "2")
    today = datetime.date.fromtimestamp(time.time())
    dates = {len(ages) - n: today - datetime.timedelta(age) for n, age in enumerate(ages)}
    wanted = set()
    for count, key in [(4, lambda d: d), (3, lambda d: d.isocalendar()[:2]),
                       (2, lambda d: (d.year, d.month))]:
        newest = {}
        for serial in sorted(dates, reverse=True):
            newest.setdefault(key(dates[serial]), serial)
        wanted |= set(sorted(newest.values(), reverse=True)[:count])
    assert history(metamodel) == sorted(wanted, reverse=True)


def test_a_save_goes_by_age_however_many_there_are(metamodel, db):
    db.add_global()
    for _ in range(6):
        metamodel.run("save", "-q", "--keep", "9")
        shift(metamodel, 60)
    assert history(metamodel) == [6, 5, 4, 3, 2, 1]
    metamodel.run("save", "-q", "--keep", "1", "--keep-days", "1")
    assert history(metamodel) == [7, 6]


def test_a_save_with_the_last_dump_of_an_account_stays(metamodel, db, fake_pg_dump):
    add_small_global(db, "a", "bob")
    metamodel.run("save")
    fake_pg_dump.fail("bob")
    path = metamodel.tree().file("bob")
    text = path.read_bytes()
    path.write_bytes(b"")  # as of a disk that cannot be read today
    for _ in range(4):
        metamodel.run("save", expect=3)
        shift(metamodel, DAY)
    assert history(metamodel) == [5, 4, 1]
    metamodel.tree("metamodel.old.2").file("bob").write_bytes(text)
    metamodel.run("save", expect=3)
    assert metamodel.tree().stale() == ["bob"]


@pytest.mark.parametrize("option", ["--keep-days", "--keep-weeks", "--keep-months"])
@pytest.mark.parametrize("value", ["-1", "1001", "x", ""])
def test_a_bad_number_is_refused(metamodel, db, option, value):
    assert option in metamodel.run("save", f"{option}={value}", expect=2).stderr
