# SPDX-License-Identifier: PostgreSQL
"""What the commands do to accounts, wherever these live: each claim for a database (Pg) and for a farm
of three nodes (PgFarm), by the same test.

What only a farm has is in test_farm*.py; what is done within one account, in the other files.
"""

import os
import re
import signal

import pytest
from farm_fixtures import WHERE, failed
from support import FakePgDump, errors_of, quote, wait_for
from support_save import check_no_process
from versions import whole_snapshot

pytestmark = pytest.mark.slow

OLD, NEWEST = "0.001", "0.009"
ALL = sorted(WHERE)
RUNNING = ["save", "upgrade", "restore"]
EACH = pytest.mark.parametrize("command", RUNNING)


class Site:
    """Accounts and the program, at one of the backends."""

    def __init__(self, backend, where, metamodel, directory):
        self.backend, self.where, self.metamodel = backend, where, metamodel
        self._directory = directory

    def run(self, *args, **opts):
        return self.metamodel.run(*args, **opts)

    @property
    def tree(self):
        return self.metamodel.tree()

    @property
    def databases(self):
        return list(self.where.nodes.values()) if self.backend == "PgFarm" else [self.where]

    def place(self, account):
        """The Database that it is in."""
        return self.where.node_of(account) if self.backend == "PgFarm" else self.where

    def node(self, account):
        return self.place(account).name

    def add(self, name, version=OLD, **opts):
        if self.backend == "PgFarm":
            opts["node"] = opts.get("node") or WHERE.get(name)
        self.where.add_account(name, version, **opts)

    def sql(self, account, text):
        self.place(account).sql(text.format(quote(account)))

    def version(self, account):
        return self.place(account).query(f"SELECT version FROM {quote(account)}._general")[0][0]

    def versions(self):
        return {name: self.version(name) for name in ALL}

    def snapshot(self):
        return {database.name: whole_snapshot(database) for database in self.databases}

    def damage(self, *accounts):
        for name in accounts:
            self.sql(name, "DELETE FROM {0}._models; ALTER TABLE {0}._roles DROP COLUMN password")

    def fake_pg_dump(self):
        fake = FakePgDump(self._directory / "bin")
        self.metamodel.options += ["--pg-bindir", fake.bindir]
        return fake

    def results(self, result):
        """{account: result} of --json, whose nodes are right."""
        accounts = result.report["accounts"]
        assert all(each["node"] == self.node(each["account"]) for each in accounts)
        return {each["account"]: each["result"] for each in accounts}

    def states(self, result):
        assert all(each["node"] == self.node(each["account"]) for each in result.report["accounts"])
        return {each["account"]: each["state"] for each in result.report["accounts"]}


@pytest.fixture(params=["Pg", "PgFarm"])
def site(request, tmp_path_factory):
    """_global and the accounts a to e at OLD; on the farm on three nodes."""
    names = {"Pg": ("db", "metamodel"), "PgFarm": ("farm", "farm_metamodel")}[request.param]
    where, metamodel = map(request.getfixturevalue, names)
    mark = metamodel.env["METAMODEL_TEST"] = f"{os.getpid()} {request.node.name}"
    made = Site(request.param, where, metamodel, tmp_path_factory.mktemp("fake"))
    where.add_global(OLD)
    for name in ALL[1:]:
        made.add(name)
    yield made
    check_no_process(mark)


@pytest.fixture
def saved(site):
    site.run("save", "-q")
    return site


# ---- all that work ----

@EACH
def test_what_went_well_is_in_the_report_and_quiet_is_silent(saved, command):
    result = saved.run(command, "-q", "--json")
    assert result.stderr == ""
    done = {"save": "saved", "upgrade": "upgraded", "restore": "restored"}[command]
    assert saved.results(result) == dict.fromkeys(ALL, done)
    report = result.report
    assert (report["command"], report["result"], report["exit_status"]) == (command, "done", 0)


@EACH
def test_a_dry_run_changes_nothing_and_names_each_account(saved, command):
    before = saved.snapshot(), saved.tree.manifest
    result = saved.run(command, "-n")
    for name in ALL[1:]:
        assert re.search(rf"^(Would .* account )?{name}\b.*(: | to )", result.stderr, re.M), result
    assert (saved.snapshot(), saved.tree.manifest) == before


@EACH
def test_who_is_named_is_worked_on_and_nobody_else(saved, command):
    before = saved.versions()
    result = saved.run(command, "d", "b", "--json")
    assert sorted(saved.results(result)) == ["b", "d"]
    assert not re.search(r"account [ace]\b", result.stderr)
    if command == "upgrade":
        assert saved.versions() == {**before, "b": NEWEST, "d": NEWEST}


@EACH
def test_an_account_that_does_not_exist_fails_beside_one_that_does(saved, command):
    result = saved.run(command, "nobody", "b", expect=3)
    assert failed(result) == ["nobody"] and errors_of(result, "b") == ""


@EACH
def test_a_locked_table_fails_its_account_and_no_other(saved, command):
    table, mode = {"save": ("_roles", "ACCESS EXCLUSIVE"), "upgrade": ("_access", "ACCESS SHARE"),
                   "restore": ("_models", "ACCESS SHARE")}[command]
    with saved.place("b").locked(f"b.{table}", mode):
        result = saved.run(command, "--lock-wait", "1", expect=3)
    assert failed(result) == ["b"]
    assert "lock-wait" in errors_of(result, "b") or "lock timeout" in errors_of(result, "b")
    if saved.backend == "PgFarm":
        assert saved.node("b") in errors_of(result, "b")
    saved.run(command, "b")


@EACH
def test_a_signal_ends_it_and_what_was_begun_is_as_before(saved, command):
    """Each account is as it was or done, and who waits for a lock is as it was."""
    before = saved.place("b").query("SELECT * FROM b._general, b._models ORDER BY 1, 2")
    manifest = saved.tree.manifest
    table, mode = ("_roles", "ACCESS EXCLUSIVE") if command == "save" else ("_models", "SHARE")
    with saved.place("b").locked(f"b.{table}", mode):
        running = saved.metamodel.start(command, "--lock-wait", "60")
        wait_for(lambda: saved.place("b").waiting())
        running.send(signal.SIGTERM)
        assert running.wait().returncode == 128 + signal.SIGTERM
    assert saved.place("b").query("SELECT * FROM b._general, b._models ORDER BY 1, 2") == before
    assert saved.tree.manifest == manifest
    saved.run(command, "-q")


# ---- save ----

def test_a_save_holds_each_account_with_its_node(site):
    site.run("save")
    manifest = site.tree.manifest
    assert manifest["backend"] == site.backend
    assert {each["account"]: each["node"] for each in manifest["accounts"]} == {
        name: site.node(name) for name in ALL}
    assert sorted(each["node"] for each in manifest["nodes"]) == sorted(map(site.node, {
        site.node(name): name for name in ALL}.values()))
    site.run("verify")


@pytest.mark.parametrize("fault", ["fail", "truncate", "die"])
def test_a_dump_that_fails_costs_its_account_only_and_the_last_one_is_kept(saved, fault):
    fake = saved.fake_pg_dump()
    getattr(fake, fault)("d")
    old = saved.tree.text("d")
    result = saved.run("save", expect=3)
    assert failed(result) == ["d"] and saved.tree.stale() == ["d"]
    assert saved.tree.text("d") == old and saved.tree.accounts() == ALL


def test_a_strict_save_that_fails_changes_nothing(saved):
    saved.fake_pg_dump().fail("d")
    before = saved.tree.manifest
    assert saved.run("save", "--strict", check=False).returncode in (1, 3)
    assert saved.tree.manifest == before


def test_a_server_that_is_busy_is_asked_again(site):
    fake = site.fake_pg_dump()
    fake.busy("d", times=2)
    site.run("save")
    assert site.tree.accounts() == ALL and len(fake.calls("d")) == 3


def test_a_save_of_some_carries_the_others_over(saved):
    saved.sql("c", "INSERT INTO {0}._models (name, table_name) VALUES ('new', 'new')")
    old = {name: saved.tree.text(name) for name in ALL}
    saved.run("save", "c")
    assert saved.tree.accounts() == ALL
    assert [name for name in ALL if saved.tree.text(name) != old[name]] == ["c"]


def test_a_table_that_is_emptied_meanwhile_fails_its_account(saved):
    fake = saved.fake_pg_dump()
    fake.hang("e")
    running = saved.metamodel.start("save", "-j6", "--timeout", "10")
    wait_for(lambda: fake.calls("e"))
    saved.sql("d", "TRUNCATE {0}._models")
    result = running.wait()
    assert result.returncode == 3 and failed(result) == ["d", "e"], result
    assert saved.tree.stale() == ["d", "e"]


# ---- restore ----

def test_a_restore_brings_back_what_was_saved(saved):
    before = saved.snapshot()
    saved.damage(*ALL[1:])
    saved.run("restore")
    assert saved.snapshot() == before


def test_a_schema_that_was_lost_is_made_again(saved):
    saved.sql("d", "DROP SCHEMA {0} CASCADE")
    result = saved.run("restore", "d")
    assert "Adding account d..." in result.stderr and saved.version("d") == OLD


def test_a_dump_that_was_damaged_is_not_restored_and_the_others_are(saved):
    before = saved.snapshot()
    saved.damage("a", "b", "c", "e")
    with open(saved.tree.file("d"), "r+b") as file:
        file.truncate(500)
    result = saved.run("restore", expect=3)
    assert failed(result) == ["d"] and "[d check]" in errors_of(result, "d")
    assert saved.node("d") not in errors_of(result, "d")  # which has nothing to do with it
    assert saved.snapshot() == before


def test_what_depends_on_it_is_destroyed_only_with_cascade(saved):
    saved.sql("b", "CREATE VIEW {0}.outsider AS SELECT name FROM {0}._models")
    before = saved.snapshot()
    result = saved.run("restore", expect=3)
    assert failed(result) == ["b"] and "view b.outsider" in errors_of(result, "b")
    assert saved.snapshot() == before
    result = saved.run("restore", "b", "--cascade")
    assert "will destroy view b.outsider" in result.stderr
    assert saved.place("b").query("SELECT to_regclass('b.outsider')") == [(None,)]


def test_an_older_save_can_be_restored(saved):
    before = saved.snapshot()
    saved.damage("a", "b", "c")
    saved.run("save", "-q")
    saved.run("restore", "-D", "metamodel.old")
    assert saved.snapshot() == before


# ---- upgrade ----

def test_an_upgrade_begins_where_each_account_is(site):
    for name, version in {"v0": "none", "v2": "0.002", "v5": "0.005", "v9": NEWEST}.items():
        site.add(name, version)
    result = site.run("upgrade", "--json")
    accounts = {each["account"]: each for each in result.report["accounts"]}
    assert {name: (accounts[name]["from"], accounts[name]["to"], accounts[name]["result"])
            for name in ("a", "v0", "v2", "v5", "v9")} == {
        "a": (OLD, NEWEST, "upgraded"), "v0": (None, NEWEST, "upgraded"),
        "v2": ("0.002", NEWEST, "upgraded"), "v5": ("0.005", NEWEST, "upgraded"),
        "v9": (NEWEST, NEWEST, "current")}
    site.run("status", "--check")


def test_a_failing_account_is_as_before_and_the_others_are_upgraded(site):
    for name in ("b", "e"):
        site.sql(name, "CREATE TABLE {0}._actions ()")
    before = {name: site.version(name) for name in ("b", "e")}
    result = site.run("upgrade", "--json", expect=3)
    assert failed(result) == ["b", "e"]
    assert site.results(result) == {name: "failed" if name in before else "upgraded" for name in ALL}
    assert site.versions() == {**dict.fromkeys(ALL, NEWEST), **before}


def test_fail_fast_begins_nothing_after_a_failure(site):
    site.sql("a", "CREATE TABLE {0}._actions ()")
    result = site.run("upgrade", "--fail-fast", "-j1", expect=3)
    assert failed(result)[0] == "a"
    assert site.versions() == {**dict.fromkeys(ALL, OLD), "_global": NEWEST}


def test_an_upgrade_may_stop_at_a_version(site):
    site.run("upgrade", "--to", "0.005")
    assert site.versions() == dict.fromkeys(ALL, "0.005")
    site.run("upgrade")
    assert site.versions() == dict.fromkeys(ALL, NEWEST)


def test_without_its_save_an_upgrade_is_not_done(site):
    site.fake_pg_dump().fail("d")
    result = site.run("upgrade", "--save", check=False)
    assert result.returncode in (1, 3) and site.versions() == dict.fromkeys(ALL, OLD)


def test_what_failed_is_to_be_upgraded_again_and_what_was_saved_can_be_put_back(site):
    site.sql("b", "CREATE TABLE {0}._actions ()")
    result = site.run("upgrade", "--save", expect=3)
    assert re.search(r"upgrade them again: metamodel upgrade .* -- b$", result.stderr, re.M)
    assert "metamodel restore" not in result.stderr  # it would lose what was written since
    site.run("restore", "-D", "metamodel", "b", "c")
    assert site.version("c") == OLD


def test_ones_own_migrations_run_on_each_account(site, tmp_path_factory):
    steps = tmp_path_factory.mktemp("steps")
    for level in ("global", "local"):
        (steps / level).mkdir()
        for version in ("0.001", "0.002"):
            (steps / level / f"{version}.sql").write_text(f"CREATE TABLE _own_{version[-1]} ();\n")
    site.run("upgrade", "--migrations", steps)
    assert site.versions() == dict.fromkeys(ALL, "0.002")
    for name in ALL:
        assert "_own_2" in site.place(name).tables(name)


# ---- status ----

def test_status_tells_each_accounts_state(saved):
    saved.add("none", "none")
    saved.add("current", NEWEST)
    saved.add("drifted", NEWEST)
    saved.sql("drifted", "ALTER TABLE {0}._models DROP COLUMN description")
    saved.add("broken", NEWEST)
    saved.sql("broken", "UPDATE {0}._general SET version = 'x'")
    saved.add("newer", NEWEST)
    saved.sql("newer", "UPDATE {0}._general SET version = '0.010'")
    saved.add("missing", NEWEST)
    saved.sql("missing", "DROP SCHEMA {0} CASCADE")
    result = saved.run("status", "--json")
    assert saved.states(result) == {
        **dict.fromkeys(ALL, "8 behind"), "none": "unversioned", "current": "current",
        "drifted": "drifted", "broken": "broken", "newer": "newer", "missing": "missing"}
    for each in result.report["accounts"]:
        assert (each["saved_at"] is not None) == (each["account"] in ALL)
    saved.run("status", "--check", expect=3)


def test_status_finds_schemas_that_are_not_registered(site):
    site.add("loose", registered=False, **({"node": "os901003"} if site.backend == "PgFarm" else {}))
    report = site.run("status", "--json").report
    assert [each["account"] for each in report["unregistered"]] == ["loose"]


def test_a_locked_account_does_not_hide_the_others_from_status(site):
    with site.place("b").locked("b._general"):
        result = site.run("status", "--json", "--lock-wait", "1", check=False)
    states = site.states(result)
    assert states.pop("b") == "broken" and set(states.values()) == {"8 behind"}
    [problem] = [each["problem"] for each in result.report["accounts"] if each["account"] == "b"]
    assert "lock timeout" in problem
