# SPDX-License-Identifier: PostgreSQL
"""The swap under kill -9, and under system calls that fail, at each of its steps."""

import errno
import hashlib
import itertools
import json
import os
import re
import shutil
import signal
import uuid

import pytest
from support import ROOT, Database, Metamodel
from support_save import check_no_process, opened_and_synced

pytestmark = pytest.mark.slow

# strace is told of calls that not every processor has: hence the question marks.
RENAME, UNLINK = "?rename,?renameat", "?unlink,unlinkat"
RMDIR, MKDIR = "?rmdir", "?mkdir,?mkdirat"
EXCHANGE, LINK = "renameat2", "?link,linkat"
NO_EXCHANGE = "renameat2:error=EINVAL"

# A pg_dump whose dumps are ready, in files named after the argument that asks for them. It is
# quick: what is tested here begins when the dumps are there.
READY_PG_DUMP = """#!/bin/sh
for arg; do
	[ ! -f "${0%/*}/$arg" ] || exec cat "${0%/*}/$arg"
done
echo "pg_dump: error: nothing is ready for $*" >&2
exit 1
"""


class Site:
    """A database with accounts, and directories as earlier runs left them, to be copied."""

    def __init__(self, server, path):
        self.server, self.path = server, path
        self.name = f"test_{uuid.uuid4().hex[:12]}"
        server.sql(f"CREATE DATABASE {self.name}")
        self.db = Database(server, self.name)
        self.db.add_accounts("a")
        self.bindir = path / "bin"
        self._make_pg_dump()
        self._runs = itertools.count(1)
        self._make("nothing", 0)
        two = self._make("two", 2)
        self._make("three", 3, "--keep", "2")
        self._make("six", 6, "--keep", "5")
        legacy = path / "legacy"  # as the Perl scripts left it
        shutil.copytree(two, legacy)
        for manifest in legacy.glob("*/manifest.json"):
            manifest.unlink()
        self._vary()

    def close(self):
        self.db.close()
        self.server.sql(f"DROP DATABASE {self.name} WITH (FORCE)")

    def program(self, cwd):
        binary = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
        return Metamodel(binary, cwd, self.server, self.name)

    def _make_pg_dump(self):
        self.bindir.mkdir()
        real = self.path / "real"
        real.mkdir()
        self.program(real).run("save", "-q")
        manifest = json.loads((real / "metamodel/manifest.json").read_text())
        for name in "_global", "a":
            shutil.copy(real / f"metamodel/{name}.sql", self.bindir / f'--table="{name}"._*')
        (self.bindir / "--version").write_text(manifest["pg_dump"] + "\n")
        (self.bindir / "pg_dump").write_text(READY_PG_DUMP)
        (self.bindir / "pg_dump").chmod(0o755)

    def _vary(self):
        """No two runs dump the same: a mixture would be seen."""
        run = next(self._runs)
        for file in self.bindir.glob("--table*"):
            file.write_text(re.sub("^-- .*umped by", f"-- {run}, dumped by", file.read_text(),
                                   count=1, flags=re.M))

    def _make(self, name, runs, *options):
        (self.path / name).mkdir()
        for _ in range(runs):
            self._vary()
            self.program(self.path / name).run("save", "-q", "--pg-bindir", self.bindir, *options)
        return self.path / name


@pytest.fixture(scope="module")
def site(server, tmp_path_factory):
    site = Site(server, tmp_path_factory.mktemp("site"))
    yield site
    site.close()


@pytest.fixture
def place(site, tmp_path):
    """place(TEMPLATE): a copy of it to work in. When the test ends nothing may run any more."""
    mark = uuid.uuid4().hex
    yield lambda name: Place(site, name, site.path / name, tmp_path / name, mark)
    check_no_process(mark)


class Place:
    """A directory with saves in it, to run the program in."""

    def __init__(self, site, name, template, cwd, mark):
        self.site, self.name, self.cwd, self.mark = site, name, cwd, mark
        shutil.rmtree(cwd, ignore_errors=True)
        shutil.copytree(template, cwd, symlinks=True)
        self.had_save = name != "nothing"
        self.keep = 2 if name == "three" else 1
        self._program = site.program(cwd)
        self._program.env["METAMODEL_TEST"] = mark

    def copy(self, suffix):
        """What is here now, elsewhere; what was there before is gone."""
        return Place(self.site, self.name, self.cwd, self.cwd.with_suffix("." + suffix), self.mark)

    def save(self, *args, **opts):
        return self._program.run("save", "--pg-bindir", self.site.bindir, "--keep", self.keep,
                                 *args, **opts)

    def verify(self, **opts):
        return self._program.run("verify", **opts)

    def has(self, name):
        return os.path.lexists(self.cwd / name)

    def serial(self, name="metamodel"):
        """The serial number of a save, which is whole; 0 if it has no manifest."""
        files = {file.name: file.read_bytes() for file in (self.cwd / name).iterdir()}
        manifest = json.loads(files.pop("manifest.json", "null"))
        assert set(files) == {"_global.sql", "a.sql"}, name
        if not manifest:
            assert self.name == "legacy" and b"dump complete" in files["a.sql"][-200:]
            return 0
        assert {entry["file"]: entry["sha256"] for entry in manifest["accounts"]} == {
            file: hashlib.sha256(text).hexdigest() for file, text in files.items()}
        return manifest["serial"]

    def history(self):
        """The serial numbers of the save and of the ones before it, each of them whole."""
        names = ["metamodel", "metamodel.old", "metamodel.old.2", "metamodel.old.3"]
        return [self.serial(name) for name in itertools.takewhile(self.has, names)]

    def leftovers(self):
        known = {"metamodel", "metamodel.lock", "metamodel.old", "metamodel.old.2"}
        return sorted(set(os.listdir(self.cwd)) - known)


def full_history(place, newest):
    """What history() is when this is the newest serial number and nothing was lost."""
    first = 0 if place.name == "legacy" else 1
    return list(range(newest, max(first, newest - place.keep) - 1, -1))


def check_next_runs(place, before, under=None):
    """Whatever the next command is, it finds or makes one whole save, and nothing is lost."""
    looked_at = place.copy("verify")
    result = looked_at.verify(check=False, under=under)
    newest = looked_at.serial() if looked_at.has("metamodel") else 0
    assert newest in [before, before + 1]
    assert result.returncode == (0 if looked_at.has("metamodel") else 1), result
    assert looked_at.leftovers() == []
    if newest > before:
        assert looked_at.history() == full_history(looked_at, newest)

    saved = place.copy("save")
    saved.save(under=under)
    assert saved.leftovers() == []
    assert saved.history() == full_history(saved, newest + 1)


def killed_at_each(place, call, strace, act, inject=()):
    """Let act(PLACE, under=...) be killed at its first, second, ... CALL, until it is not."""
    for n in itertools.count(1):
        each = place.copy("killed")
        result = act(each, check=False,
                     under=strace(inject=[*inject, f"{call}:signal=KILL:when={n}"]))
        if result.returncode != -signal.SIGKILL:
            assert result.returncode == 0, result
            return
        yield each


@pytest.mark.parametrize("call", [RENAME, EXCHANGE, "fsync", UNLINK, RMDIR, MKDIR])
@pytest.mark.parametrize("name", ["nothing", "two", "three", "legacy"])
def test_at_every_instant_the_name_leads_to_one_whole_save(place, strace, name, call):
    start = place(name)
    before = start.serial() if start.had_save else 0
    kills = 0
    for killed in killed_at_each(start, call, strace, Place.save):
        kills += 1
        if killed.had_save or killed.has("metamodel"):
            assert killed.serial() in [before, before + 1]
        check_next_runs(killed, before)
    assert kills or name == "nothing"


@pytest.mark.parametrize("call", [RENAME, "fsync", UNLINK, RMDIR])
@pytest.mark.parametrize("name", ["two", "three", "legacy"])
def test_without_exchange_the_next_command_finishes_what_was_begun(place, strace, name, call):
    start = place(name)
    before = start.serial()
    kills = gaps = 0
    for killed in killed_at_each(start, call, strace, Place.save, [NO_EXCHANGE]):
        kills += 1
        if killed.has("metamodel"):
            assert killed.serial() in [before, before + 1]
        else:
            gaps += 1
            assert killed.serial("metamodel.old") == before
            assert killed.serial("metamodel.swap") == before + 1
        check_next_runs(killed, before, strace(inject=[NO_EXCHANGE]))
    assert kills and gaps == (call == RENAME)


def stopped_at(start, strace, rule, **opts):
    """What is left of a save that was killed there."""
    place = start.copy("stopped")
    place.save(under=strace(inject=[rule, *opts.pop("inject", [])]), expect=-signal.SIGKILL, **opts)
    return place


@pytest.mark.parametrize("call", [RENAME, EXCHANGE, "fsync", UNLINK, RMDIR])
@pytest.mark.parametrize("rename, without", [(2, []), (3, []), (2, [NO_EXCHANGE]),
                                             (3, [NO_EXCHANGE])])
def test_finishing_may_itself_be_killed_at_any_instant(place, strace, rename, without, call):
    start = place("two")
    half = stopped_at(start, strace, f"{RENAME}:signal=KILL:when={rename}", inject=without)
    for killed in killed_at_each(half, call, strace, Place.verify):
        check_next_runs(killed, 2)


@pytest.mark.parametrize("call", [LINK, "fsync", RENAME])
def test_kill_9_while_accounts_are_carried_over_costs_nothing(place, strace, call):
    start = place("two")
    kills = 0
    for killed in killed_at_each(start, call, strace, lambda p, **o: p.save("a", **o)):
        kills += 1
        assert killed.serial() in [2, 3]
        check_next_runs(killed, 2)
    assert kills


def test_everything_is_synced_before_it_gets_its_name(place, strace):
    """What kill -9 cannot show, a power failure would."""
    start = place("two")
    under = strace(trace=f"openat,fsync,{EXCHANGE},{RENAME},{UNLINK}")
    start.save(under=under)
    events = opened_and_synced(under.lines)
    renames = [event[1:] for event in events if event[0] == "rename"]
    whole, exchange, *_, retire = [i for i, event in enumerate(events) if event[0] == "rename"]
    assert renames[0] == ("metamodel.new", "metamodel.swap")
    assert renames[1] == ("metamodel.swap", "metamodel")
    assert {("fsync", f"metamodel.new/{name}") for name in
            ("_global.sql", "a.sql", "manifest.json")} <= set(events[:whole])
    assert events[whole - 1] == ("fsync", "metamodel.new")
    assert ("fsync", ".") in events[whole:exchange]
    assert ("fsync", ".") in events[exchange:]
    assert ("fsync", ".") in events[retire:events.index(("unlink",), retire)]


# ---- calls that fail ----

def failed_at_each(place, call, error, strace, inject=(), **opts):
    """Let each CALL in turn fail; yields the place and how the run ended."""
    for n in itertools.count(1):
        each = place.copy("failed")
        under = strace(inject=[*inject, f"{call}:error={error}:when={n}"], **opts)
        result = each.save(check=False, under=under)
        if not any("INJECTED" in line and error in line for line in under.lines):
            assert result.returncode == 0, result
            assert n > 1, f"{call} was never called"
            return
        yield each, result


def check_truth(place, before, result, error):
    """Does the exit status say what happened? And the next run puts everything right."""
    assert os.strerror(getattr(errno, error)) in result.stderr, result
    assert result.returncode in [1, 3], result
    if result.returncode == 1:
        assert place.history() == full_history(place, before), result
    else:
        assert place.serial() == before + 1, result
    check_next_runs(place, before)


@pytest.mark.parametrize("call, error", [
    (RENAME, "EACCES"), (RENAME, "EIO"), (EXCHANGE, "EIO"), ("fsync", "EIO"), ("fsync", "ENOSPC"),
    (MKDIR, "ENOSPC"), (UNLINK, "EACCES"), (RMDIR, "EBUSY")])
@pytest.mark.parametrize("name", ["two", "three"])
def test_the_exit_status_tells_of_a_call_that_failed(place, strace, name, call, error):
    start = place(name)
    before = start.serial()
    for failed, result in failed_at_each(start, call, error, strace):
        check_truth(failed, before, result, error)


@pytest.mark.parametrize("call, error", [(RENAME, "EACCES"), ("fsync", "EIO"), (UNLINK, "EIO")])
@pytest.mark.parametrize("name", ["two", "three"])
def test_without_exchange_the_exit_status_tells_of_it_too(place, strace, name, call, error):
    start = place(name)
    before = start.serial()
    for failed, result in failed_at_each(start, call, error, strace, [NO_EXCHANGE]):
        check_truth(failed, before, result, error)


@pytest.mark.parametrize("call, error", [("write", "ENOSPC"), ("write", "EIO"), ("fsync", "EIO")])
def test_a_manifest_that_cannot_be_written_changes_nothing(place, strace, call, error):
    start = place("two")
    path = start.cwd.with_suffix(".failed") / "metamodel.new/manifest.json"
    for failed, result in failed_at_each(start, call, error, strace, path=path):
        check_truth(failed, 2, result, error)
        assert result.returncode == 1 and failed.leftovers() == []


def test_a_save_that_was_given_up_is_never_swapped_in_by_halves(place, strace):
    """The exchange fails; then the run is killed while it deletes what it had built."""
    start = place("two")
    for killed in killed_at_each(start, UNLINK, strace, give_up, [EXCHANGE + ":error=EIO"]):
        check_next_runs(killed, 2)


def give_up(place, **opts):
    result = place.save(**opts)
    if result.returncode == 1:  # it was not killed: that ends the loop
        result.returncode = 0
    return result

# ---- many saves go at once ----

def pretend_tries(place, *names):
    """An account failed in these saves."""
    for name in names:
        path = place.cwd / name / "manifest.json"
        manifest = json.loads(path.read_text())
        path.write_text(json.dumps({**manifest, "failed": 1}))


def six(place):
    """Five old saves, of which --keep-days leaves one."""
    start = place("six")
    return start, ["--keep-days", "1"], [6, 5, 4, 3, 2, 1], [7, 6]


def tries(place):
    """Two of the old saves were followed by a better one."""
    start = place("six")
    pretend_tries(start, "metamodel.old", "metamodel.old.3")
    return start, ["--keep", "4"], [6, 5, 4, 3, 2, 1], [7, 6, 4, 2, 1]


def numbers(place):
    """The serial numbers of all saves; those before the newest have names without gaps."""
    olds = ["metamodel.old", *(f"metamodel.old.{n}" for n in range(2, 12))]
    there = [name for name in olds if place.has(name)]
    assert there == olds[:len(there)]
    return [place.serial(name) for name in ["metamodel"] * place.has("metamodel") + there]


@pytest.mark.parametrize("inject", [[], [NO_EXCHANGE]], ids=["exchange", "renames"])
@pytest.mark.parametrize("call", [RENAME, EXCHANGE, "fsync", UNLINK, RMDIR, MKDIR])
@pytest.mark.parametrize("begin", [six, tries])
def test_many_saves_go_as_planned_whoever_finishes_it(place, strace, begin, call, inject):
    start, options, before, after = begin(place)
    kills = 0
    for killed in killed_at_each(start, call, strace,
                                 lambda p, **o: p.save(*options, **o), inject):
        kills += 1
        under = strace(inject=inject) if inject else None
        looked_at = killed.copy("verify")
        assert looked_at.verify(under=under).returncode == 0
        assert numbers(looked_at) in (before, after)
        assert {name for name in os.listdir(looked_at.cwd) if "old" not in name} == {
            "metamodel", "metamodel.lock"}
        killed.save(*options, under=under)
        assert killed.serial() in (before[0] + 1, after[0] + 1)
        assert not [name for name in os.listdir(killed.cwd) if re.search("new|swap|drop", name)]
    assert kills


@pytest.mark.parametrize("inject", [[], [NO_EXCHANGE]], ids=["exchange", "renames"])
@pytest.mark.parametrize("call, error", [(RENAME, "EACCES"), (MKDIR, "ENOSPC"), ("fsync", "EIO")])
@pytest.mark.parametrize("begin", [six, tries])
def test_a_plan_that_fails_is_undone_or_finished(place, strace, begin, call, error, inject):
    start, options, before, after = begin(place)
    for n in itertools.count(1):
        each = start.copy("failed")
        under = strace(inject=[*inject, f"{call}:error={error}:when={n}"])
        result = each.save(*options, check=False, under=under)
        if not any("INJECTED" in line and error in line for line in under.lines):
            break
        assert result.returncode in (1, 3) and os.strerror(getattr(errno, error)) in result.stderr
        if result.returncode == 1:
            assert numbers(each) == before
        each.verify()
        assert numbers(each) in (before, after)
    assert n > 1
