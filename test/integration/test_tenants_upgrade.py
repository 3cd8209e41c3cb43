# SPDX-License-Identifier: PostgreSQL
"""`metamodel upgrade` of other products: a command of the product's own for each tenant, and what its steps say
afterwards."""

import re
import signal

import pytest
from support import literal, quote, wait_for
from support_tenants import OWNER, model, tenants

FIXTURES = model, tenants

NAMES = "tenant_a", "tenant_b", "tenant_it's"  # and not "Tenant C"

# Adds a step to a tenant's list: step 3.
STEP = 'step() { psql -qX -v ON_ERROR_STOP=1 -v s="$1" -v v="$2" <<<\'INSERT INTO :"s".schema_version VALUES (:v)\'; }\n'


class Product:
    """The tenants of plain_schemas.sql, of which tenant_b lacks step 3, and the command of their product."""

    def __init__(self, db, model, directory):
        self.db, self.model, self.directory = db, model, directory
        self.script = directory / "upgrade.sh"

    def upgrades_by(self, script, **keys):
        """From now on tenants are upgraded by a script for bash; $1 is the tenant."""
        self.script.write_text(f"set -eu\n{STEP}{script}\n")
        return self.model(**{
            "schemas": "^tenant_", "global": "public", "objects": "all", "versions": "number",
            "applied": "SELECT v::text FROM {schema}.schema_version", "upgrade": f"bash {self.script} {{tenant}}", **keys})

    def versions(self):
        return [self.db.query(f"SELECT max(v) FROM {quote(name)}.schema_version")[0][0] for name in NAMES]

    def log(self):
        """What scripts have written there."""
        file = self.directory / "log"
        return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def product(db, tenants, model, tmp_path):
    tenants("plain_schemas")
    for name in NAMES:
        db.sql(f"ALTER SEQUENCE {quote(name)}.free_seq OWNER TO {OWNER}")
    return Product(db, model, tmp_path)


def results(result):
    return {a["account"]: a["result"] for a in result.report["accounts"]}


def error(result, tenant):
    return next(a["error"] for a in result.report["accounts"] if a["account"] == tenant)


def test_the_tenants_that_are_behind_are_upgraded(metamodel, product):
    product.upgrades_by('echo "$1" >> log; step "$1" 3')
    assert product.versions() == [3, 2, 3]
    result = metamodel.run("upgrade", "--json")
    assert product.versions() == [3, 3, 3] and product.log() == ["tenant_b"]
    assert results(result) == {"tenant_a": "current", "tenant_b": "upgraded", "tenant_it's": "current"}
    assert [(a["from"], a["to"]) for a in result.report["accounts"]] == [("3", "3"), ("2", "3"), ("3", "3")]
    assert result.stderr.startswith(
        "Upgrading tenant tenant_b (1 behind)...\nUpgraded 1 tenant, 2 already current, 0 failed in ")


def test_current_tenants_run_if_they_are_named_or_all_are_asked_for(metamodel, product):
    product.upgrades_by('echo "$1" >> log')
    assert results(metamodel.run("upgrade", "--json", "tenant_a")) == {"tenant_a": "current"}
    assert product.log() == ["tenant_a"]
    product.upgrades_by('step "$1" 4')
    assert set(results(metamodel.run("upgrade", "--json", "--all")).values()) == {"upgraded"}
    assert product.versions() == [4, 4, 4]
    result = metamodel.run("upgrade")
    assert "No tenant lacks a step that another one has. To find out whether there are new ones, name one tenant" in result.stderr


def test_who_is_overtaken_is_upgraded_in_the_same_run(metamodel, product):
    product.upgrades_by('echo "$1" >> log; step "$1" 4')
    metamodel.run("upgrade")
    assert product.versions() == [4, 4, 4]
    assert product.log()[0] == "tenant_b" and len(product.log()) == 3


def test_named_tenants_take_no_others_with_them(metamodel, product):
    product.upgrades_by('step "$1" 4')
    metamodel.run("upgrade", "tenant_b")
    assert product.versions() == [3, 4, 3]
    refused = metamodel.run("upgrade", "nobody", expect=1)
    assert "Tenant nobody does not exist." in refused.stderr


def test_a_command_that_exits_with_0_and_did_nothing_has_failed(metamodel, product):
    product.upgrades_by("echo all done")
    result = metamodel.run("upgrade", "--json", expect=3)
    assert error(result, "tenant_b") == "its command exited with status 0, but did nothing: it lacks 3"
    assert "hint: does the command upgrade this tenant, in this database?" in result.stderr
    assert "hint: fix the cause and upgrade again what failed: metamodel upgrade" in result.stderr
    assert "restore" not in result.stderr
    product.upgrades_by('step "$1" 2.5', applied="SELECT v::text FROM {schema}.schema_version")
    product.db.sql(f"ALTER TABLE tenant_b.schema_version ALTER v TYPE numeric")
    result = metamodel.run("upgrade", "--json", expect=3)
    assert error(result, "tenant_b") == "its command exited with status 0, but it still lacks 3"


def test_a_command_that_fails_is_named_with_what_it_said(metamodel, product):
    product.upgrades_by("echo to stdout; echo to stderr >&2; echo by name > /dev/stderr; exit 7")
    result = metamodel.run("upgrade", expect=3)
    assert ("metamodel: error: [tenant_b upgrade] /usr/bin/bash exited with status 7\nmetamodel: detail: to stdout\n"
            "metamodel: detail: to stderr\nmetamodel: detail: by name\n") in result.stderr
    assert f"hint: the command was: METAMODEL_TENANT=tenant_b /usr/bin/bash {product.script} tenant_b\n" in result.stderr
    assert "Upgraded 0 tenants, 2 already current, 1 failed in " in result.stderr
    assert " Failed: tenant_b.\n" in result.stderr


def test_of_what_succeeds_the_output_is_shown_with_v(metamodel, product):
    product.upgrades_by('echo "I am busy"; step "$1" 3')
    result = metamodel.run("upgrade", "-v")
    assert "metamodel: debug: [tenant_b] I am busy\n" in result.stderr


def test_control_characters_and_binary_output_are_harmless(metamodel, product):
    product.upgrades_by(r"printf '\033[31mred\000\001\377\n'; head -c 100000 /dev/urandom; exit 1")
    result = metamodel.run("upgrade", "--json", expect=3)
    assert re.search(r"detail: \\x1b\[31mred\?\\x01\\xff\n", result.stderr)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", result.stderr)
    assert len(result.stderr) < 20000
    assert error(result, "tenant_b").startswith("/usr/bin/bash exited with status 1\n")


def test_a_command_that_prints_endlessly_is_ended_and_cut(metamodel, product, leftover_processes):
    product.upgrades_by("echo first; exec yes endless")
    result = metamodel.run("upgrade", "--timeout", "3", expect=3)
    assert re.search(r"\[tenant_b upgrade\] /usr/bin/bash exceeded its time limit and was cancelled after \d", result.stderr)
    assert "detail: first\n" in result.stderr and "detail: ...\n" in result.stderr
    assert len(result.stderr) < 50000


def test_a_command_that_hangs_is_ended_with_all_that_it_started(metamodel, product, leftover_processes):
    product.upgrades_by("sleep 1000 & sleep 1001")
    result = metamodel.run("upgrade", "--timeout", "3", expect=3)
    assert "exceeded its time limit" in result.stderr
    product.upgrades_by("read line || echo no input; exit 1")  # and waits for nobody's answer
    assert "detail: no input\n" in metamodel.run("upgrade", expect=3).stderr


def test_a_command_that_dies_of_a_signal(metamodel, product):
    product.upgrades_by("kill -SEGV $$")
    assert "[tenant_b upgrade] /usr/bin/bash was killed by signal 11 (Segmentation fault)" in metamodel.run(
        "upgrade", expect=3).stderr


def test_a_program_that_cannot_be_run_is_found_out_before_anything_is_done(metamodel, product, tmp_path):
    (tmp_path / "data").write_text("x")
    for command, said in [("nonesuch {tenant}", "nonesuch: No such file or directory in PATH"),
                          (f"{tmp_path}/none", f"{tmp_path}/none: No such file or directory"),
                          (f"{tmp_path}/data", f"{tmp_path}/data: Permission denied"),
                          (str(tmp_path), f"{tmp_path}: Is a directory"),
                          ("'' x", "names no program"),
                          ('"/bin/true', "'\"/bin/true' has a word with a quote that is not closed")]:
        file = product.upgrades_by("", upgrade=command)
        result = metamodel.run("upgrade", "--save", expect=2)
        assert f"{file}:7: upgrade: {said}" in result.stderr, result.stderr
        assert not (tmp_path / "metamodel").exists()
    file = product.upgrades_by("", upgrade_global="nonesuch")
    assert f"{file}:8: upgrade_global: nonesuch: No such file" in metamodel.run("upgrade", expect=2).stderr
    (tmp_path / "odd").write_text("#!/nonesuch\n")
    (tmp_path / "odd").chmod(0o755)
    product.upgrades_by("", upgrade=f"{tmp_path}/odd")
    result = metamodel.run("upgrade", expect=3)
    assert f"[tenant_b upgrade] start {tmp_path}/odd: no such file or directory" in result.stderr
    assert f"hint: check {tmp_path}/odd, and the program that its first line names" in result.stderr


def test_what_is_only_for_openresty_is_refused(metamodel, product):
    product.upgrades_by("", upgrade="")
    result = metamodel.run("upgrade", expect=2)
    assert "error: [model] has no command that upgrades a tenant\n" in result.stderr
    product.upgrades_by("")
    for option in "--to=1", "--show=1", "--migrations=x":
        assert (f":7: upgrade: option {option.split('=')[0]} is for files of SQL, but the model has a command that upgrades "
                "a tenant\n") in metamodel.run("upgrade", option, expect=2).stderr
    product.upgrades_by("", objects="prefix:_")
    assert "option --save requires a model with objects = all" in metamodel.run("upgrade", "--save", expect=2).stderr
    metamodel.options = []
    assert "option --all is not for accounts of OpenResty" in metamodel.run("upgrade", "--all", expect=2).stderr


def test_names_are_one_word_each_and_in_the_environment(db, metamodel, product):
    names = ["tenant_$(touch x)", "tenant_ü b", "tenant_a\nb", 'tenant_"q"', "tenant_{tenant}"]
    for name in names:
        db.sql(f"CREATE SCHEMA {quote(name)} AUTHORIZATION {OWNER}")
        db.sql(f"SET ROLE {OWNER}; CREATE TABLE {quote(name)}.schema_version AS SELECT 2 AS v; RESET ROLE")
    product.upgrades_by('[ "$1" = "--of=$METAMODEL_TENANT=" -a "$2" = "two  words" -a $# = 2 ]; step "$METAMODEL_TENANT" 3',
                        upgrade=f"bash '{product.script}'\n  --of={{tenant}}= \"two  words\"")
    result = metamodel.run("upgrade", "--json")
    assert {name for name, how in results(result).items() if how == "upgraded"} == {"tenant_b", *names}


def test_a_name_is_never_taken_as_an_option(db, metamodel, product):
    db.sql(f'CREATE SCHEMA "-c" AUTHORIZATION {OWNER}')
    db.sql(f'SET ROLE {OWNER}; CREATE TABLE "-c".schema_version AS SELECT 2 AS v; RESET ROLE')
    product.upgrades_by('echo "$*" >> log; step "${1#*=}" 3', schemas="^(tenant_|-)")
    result = metamodel.run("upgrade", "--json", expect=3)
    assert error(result, "-c") == "its name would be taken as an option of /usr/bin/bash"
    product.upgrades_by('echo "$*" >> log; step "${1#*=}" 3', schemas="^(tenant_|-)",
                        upgrade=f"bash {product.script} --of={{tenant}}")
    assert results(metamodel.run("upgrade", "--json"))["-c"] == "upgraded"
    assert product.log()[-1] == "--of=-c"


def test_as_many_at_once_as_asked_for(metamodel, product):
    # each waits for another one
    product.upgrades_by('touch "run.$1"; for i in {1..600}; do set -- "$1" run.*; [ $# -lt 3 ] || break; sleep 0.1; done\n'
                        '[ $# -ge 3 ]; step "$1" 4')
    metamodel.run("upgrade", "--all", "-j2", timeout=120)
    assert product.versions() == [4, 4, 4]


def test_a_dry_run_runs_nothing(metamodel, product):
    product.upgrades_by('touch log', upgrade_global=f"bash {product.script} {{tenant}}")
    result = metamodel.run("upgrade", "-n", "-v", "--json")
    assert product.log() == [] and not (product.directory / "log").exists()
    assert ("public: shared, would be upgraded\n"
            f"metamodel: debug: METAMODEL_TENANT=public /usr/bin/bash {product.script} public\n"
            "tenant_a: 3, current, skipped\ntenant_b: 2, 1 behind, would be upgraded\n") in result.stderr
    assert results(result) == {"public": "planned", "tenant_a": "current", "tenant_b": "planned", "tenant_it's": "current"}


def test_the_global_schema_comes_first_and_alone(metamodel, product):
    keys = {"upgrade_global": f"bash {product.script} --global {{tenant}}"}
    product.upgrades_by('echo "$*" >> log; [ "$1" = --global ] || step "$1" 3', **keys)
    assert results(metamodel.run("upgrade", "--json"))["public"] == "current"  # it has no steps that could tell
    assert product.log() == ["--global public", "tenant_b"]
    assert results(metamodel.run("upgrade", "--json", "public")) == {"public": "current"}
    product.upgrades_by('echo "$*" >> log; exit 1', **keys)
    result = metamodel.run("upgrade", "--all", expect=1)
    assert "error: public could not be upgraded, so no tenant was\n" in result.stderr
    assert product.log()[3:] == ["--global public"]
    product.upgrades_by("")
    assert "[public plan] there is no command for it" in metamodel.run("upgrade", "public", expect=1).stderr


def test_the_others_go_on_unless_they_must_not(metamodel, product):
    script = 'echo "$1" >> log; [ "$1" != tenant_a ]; step "$1" 4'
    product.upgrades_by(script)
    result = metamodel.run("upgrade", "--all", "-j1", "--fail-fast", "--json", expect=1)
    assert results(result) == {"tenant_a": "failed", "tenant_b": "unchanged", "tenant_it's": "unchanged"}
    result = metamodel.run("upgrade", "--all", "-j1", "--json", expect=3)
    assert results(result) == {"tenant_a": "failed", "tenant_b": "upgraded", "tenant_it's": "upgraded"}
    assert product.versions() == [3, 4, 4]


def test_steps_that_cannot_be_read_keep_a_command_from_being_run(db, metamodel, product):
    db.sql("REVOKE ALL ON SCHEMA tenant_b FROM public; ALTER SCHEMA tenant_b OWNER TO postgres")
    product.upgrades_by("touch log")
    result = metamodel.run("upgrade", "--json", expect=3)
    assert error(result, "tenant_b").startswith("its steps cannot be read, so nobody could tell what a command does: ERROR:  ")
    assert not (product.directory / "log").exists()


def test_tenants_without_a_schema(db, metamodel, product):
    product.upgrades_by('step "$1" 3', schemas="^none$", **{"reference": "newest"})
    keys = {"tenants": "SELECT unnest(ARRAY['tenant_a', 'tenant_b', 'later'])"}
    product.model(**{"global": "public", "objects": "all", "versions": "number", **keys,
                     "applied": "SELECT v::text FROM {schema}.schema_version", "upgrade": f"bash {product.script} {{tenant}}"})
    result = metamodel.run("upgrade")
    assert "warning: tenant later has no schema and is passed over\n" in result.stderr
    assert product.versions() == [3, 3, 3]
    assert "[later plan] it has no schema\n" in metamodel.run("upgrade", "later", expect=1).stderr


def test_a_schema_that_vanishes_in_mid_run(metamodel, product):
    product.upgrades_by("""psql -qX -c 'DROP SCHEMA tenant_b CASCADE' 2> /dev/null""")
    keys = {"tenants": "SELECT unnest(ARRAY['tenant_a', 'tenant_b'])"}
    product.model(**{"global": "", "objects": "all", "versions": "number", **keys,
                     "applied": "SELECT v::text FROM {schema}.schema_version", "upgrade": f"bash {product.script} {{tenant}}"})
    result = metamodel.run("upgrade", "--json", expect=3)
    assert error(result, "tenant_b") == "its command exited with status 0, but it has no schema any more"


def restore_command(result):
    """What the last line says to run."""
    last = result.stderr.splitlines()[-1]
    found = re.fullmatch(r"metamodel: hint: or restore those that failed and were changed as they were saved at "
                         r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, which loses what was written since: metamodel (restore .*)", last)
    return found and found[1]


def test_the_last_line_restores_what_failed_and_was_changed(metamodel, product):
    file = product.upgrades_by('step "$1" 4; [ "$1" = tenant_a ]')
    result = metamodel.run("upgrade", "--all", "--save", "--json", expect=3)
    assert results(result) == {"tenant_a": "upgraded", "tenant_b": "failed", "tenant_it's": "failed"}
    assert [(a["from"], a["to"]) for a in result.report["accounts"]] == [("3", "4"), ("2", "4"), ("3", "4")]
    assert restore_command(result) == f"restore -c {file} -D metamodel -- tenant_b 'tenant_it'\\''s'"
    # who is as before is not spoken of
    product.upgrades_by('[ "$1" != tenant_b ]; step "$1" 5; [ "$1" = tenant_a ]')
    assert restore_command(metamodel.run("upgrade", "--all", expect=3)).endswith(" -- 'tenant_it'\\''s'")
    # without a save of this database nothing is promised
    product.upgrades_by('step "$1" 6; [ "$1" = tenant_a ]')
    assert restore_command(metamodel.run("upgrade", "--all", "-D", "other", expect=3)) is None


@pytest.mark.parametrize("change", [
    "ALTER TABLE customer ADD x int", "ALTER TABLE event DROP body", "ALTER TABLE customer ALTER no SET DEFAULT 1",
    "DROP INDEX event_at", "CREATE TABLE x ()", "DROP STATISTICS st", "ALTER FUNCTION next_no() STRICT",
    "ALTER TABLE customer DROP CONSTRAINT customer_c_fkey", "DROP POLICY mine ON customer", "DROP RULE no_del ON event_2026",
    "ALTER TYPE mood ADD VALUE 'great'", "ALTER VIEW v RENAME TO w"])
def test_a_change_in_the_middle_of_a_step_is_noticed(metamodel, product, change):
    product.upgrades_by(f'[ "$1" != tenant_b ] || psql -qX -U postgres -c "SET search_path = tenant_b, public; {change}"; exit 1')
    result = metamodel.run("upgrade", "--all", "--save", "--json", expect=3)
    assert set(results(result).values()) == {"failed"} and product.versions() == [3, 2, 3]
    assert restore_command(result).endswith(" -- tenant_b")


def test_no_change_is_seen_where_there_is_none(metamodel, product):
    product.upgrades_by("""psql -qX -U postgres -c "VACUUM ANALYZE \\"$1\\".customer"
        psql -qX -U postgres -c "BEGIN; DROP TABLE \\"$1\\".schema_version; CREATE TABLE \\"$1\\".x (y int); ROLLBACK"
        exit 1""")
    result = metamodel.run("upgrade", "--all", "--save", "--json", expect=1)
    assert set(results(result).values()) == {"failed"} and restore_command(result) is None


def test_a_save_that_fails_keeps_the_upgrade_from_beginning(metamodel, product):
    product.upgrades_by("touch log")
    product.db.sql("ALTER SCHEMA tenant_a OWNER TO postgres; REVOKE ALL ON SCHEMA tenant_a FROM public, saas")
    result = metamodel.run("upgrade", "--all", "--save", expect=1)
    assert "not every tenant could be saved: nothing was upgraded\n" in result.stderr
    assert not (product.directory / "log").exists()


def test_a_signal_ends_the_children_and_what_is_done_is_reported(metamodel, product, leftover_processes):
    product.upgrades_by('if [ "$1" = tenant_a ]; then step "$1" 4; else touch running; sleep 1000; fi')
    run = metamodel.start("upgrade", "--all", "-j1", "--json")
    wait_for((product.directory / "running").exists)
    run.process.send_signal(signal.SIGINT)
    result = run.wait(60)
    assert result.returncode == 130
    assert results(result) == {"tenant_a": "upgraded", "tenant_b": "failed", "tenant_it's": "unchanged"}
    assert error(result, "tenant_b") == "/usr/bin/bash was stopped"
    assert product.versions() == [4, 2, 3]


@pytest.mark.slow
def test_a_child_that_ignores_the_signal_is_killed_by_a_second_one(metamodel, product, leftover_processes):
    product.upgrades_by('trap "" TERM; touch running; sleep 1000 & while ! wait; do :; done')
    run = metamodel.start("upgrade")
    wait_for((product.directory / "running").exists)
    run.process.send_signal(signal.SIGTERM)
    run.process.send_signal(signal.SIGTERM)
    assert run.wait(60).returncode == 143


def test_a_server_that_goes_away_ends_the_run(db, metamodel, product, leftover_processes):
    product.upgrades_by('touch running; sleep 1000')
    run = metamodel.start("upgrade", "--all", "-j1", "--json")
    wait_for((product.directory / "running").exists)
    db.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'metamodel%'")
    result = run.wait(60)
    assert result.returncode in (1, 3)
    assert set(results(result).values()) == {"failed"}
    assert "hint: see the server's log; when it is back, upgrade again" in result.stderr


def test_two_at_once(metamodel, product):
    product.upgrades_by('touch running; while ! [ -e go ]; do sleep 0.1; done; step "$1" 3')
    run = metamodel.start("upgrade")
    wait_for((product.directory / "running").exists)
    assert metamodel.run("upgrade", "-D", "other", expect=4).returncode == 4
    (product.directory / "go").touch()
    assert run.wait(60).returncode == 0
