# SPDX-License-Identifier: PostgreSQL
"""`metamodel restore --rehearse`: a restore to its very end, of which nothing stays."""

import signal

import pytest
from support import errors_of, wait_for
from support_restore import check_same, damage, user_rows, whole_dump
from support_save import add_small

pytestmark = pytest.mark.usefixtures("leftover_processes")

MODELS = """CREATE TABLE _models (id serial PRIMARY KEY, name text);
INSERT INTO _models (name) VALUES ('one'), ('two')"""
FACTS = ("SELECT oid, relfilenode, relname FROM pg_class WHERE relname ~ '^_' ORDER BY 1",
         "SELECT nspname FROM pg_namespace ORDER BY 1",
         "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2")


def picture(db):
    return [db.query(sql) for sql in FACTS] + [whole_dump(db), user_rows(db)]


@pytest.fixture
def three(db, metamodel):
    db.add_global()
    add_small(db, "a", "b", "c", sql=MODELS)
    metamodel.run("save", "-q")
    damage(db, "a", "b", "c", sql="INSERT INTO _models (name) VALUES ('unsaved')")
    return db


def results(result):
    return {entry["account"]: entry["result"] for entry in result.report["accounts"]}


def test_a_rehearsal_of_a_good_save_exits_with_0_and_changes_nothing(three, metamodel):
    three.sql("DROP SCHEMA c CASCADE")
    before = picture(three)
    result = metamodel.run("restore", "--rehearse", "--json")
    assert results(result) == dict.fromkeys(["_global", "a", "b", "c"], "rehearsed")
    assert result.report["result"] == "done"
    assert picture(three) == before
    assert "4 of 4 accounts can be restored" in result.stderr
    assert "Would add account c" in result.stderr and "metamodel: " not in result.stderr
    metamodel.run("restore")


def test_what_does_not_load_is_found_and_the_exit_status_says_so(three, metamodel):
    three.sql("CREATE FUNCTION b.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; "
              "ALTER TABLE b._models ADD n int DEFAULT b.f()")
    metamodel.run("save", "-q")
    three.sql("ALTER TABLE b._models DROP n; DROP FUNCTION b.f(); "
              "CREATE FUNCTION b.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'")
    before = picture(three)
    assert metamodel.run("restore", "-n").returncode == 0
    result = metamodel.run("restore", "--rehearse", "--json", expect=3)
    assert results(result)["b"] == "failed" and results(result)["a"] == "rehearsed"
    assert "function b.f() does not exist" in errors_of(result, "b")
    assert result.stderr.splitlines()[-1].endswith("Failed: b.")
    assert metamodel.run("restore", "--rehearse", "b", check=False).returncode == 1
    assert picture(three) == before


def test_what_only_the_commit_would_find_is_found(three, metamodel):
    """A check that is put off to the end of the transaction."""
    three.sql("CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS "
              "$$BEGIN IF EXISTS (SELECT FROM b.mine) THEN RAISE 'at the end'; END IF; RETURN NEW; END$$;"
              "CREATE TABLE b.mine (n int); CREATE TABLE b.log (n int); "
              "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON b.log DEFERRABLE INITIALLY DEFERRED "
              "FOR EACH ROW EXECUTE FUNCTION public.no();"
              "CREATE FUNCTION public.tell() RETURNS event_trigger LANGUAGE plpgsql AS "
              "$$BEGIN IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() "
              "WHERE object_identity = 'b._models') THEN INSERT INTO b.log VALUES (1); END IF; END$$;"
              "INSERT INTO b.mine VALUES (1); CREATE EVENT TRIGGER tell ON ddl_command_end "
              "WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.tell()")
    before = picture(three)
    result = metamodel.run("restore", "--rehearse", "b", expect=1)
    assert "at the end" in errors_of(result, "b")
    assert picture(three) == before


def test_cascade_is_rehearsed_with_what_it_would_destroy(three, metamodel):
    three.sql("CREATE VIEW public.v AS TABLE a._models; CREATE VIEW b._w AS TABLE a._models")
    metamodel.run("save", "-q")
    before = picture(three)
    assert metamodel.run("restore", "--rehearse", expect=3)
    result = metamodel.run("restore", "--rehearse", "--cascade", "--json")
    assert "would destroy view public.v" in result.stderr
    assert results(result)["b"] == "rehearsed"
    assert [entry["destroyed"] for entry in result.report["accounts"]] == [[]] * 4
    assert picture(three) == before


def test_a_rehearsal_and_a_dry_run_exclude_each_other(three, metamodel):
    result = metamodel.run("restore", "--rehearse", "-n", expect=2)
    assert "cannot be used together" in result.stderr
    assert "rehearse" in metamodel.run("save", "--rehearse", expect=2).stderr


@pytest.mark.parametrize("how", ["signal", "psql is killed"])
def test_a_rehearsal_that_is_stopped_leaves_nothing(three, metamodel, how,
                                                    leftover_processes):  # noqa: F811
    before = picture(three)
    with three.locked("b._models"):
        running = metamodel.start("restore", "--rehearse", "-j1", "--lock-wait", "0", "b", "--json")
        wait_for(three.waiting)
        if how == "signal":
            running.send(signal.SIGINT)
            assert running.wait(20).returncode == 130
        else:
            [pid] = three.waiting()
            three.query(f"SELECT pg_terminate_backend({pid})")
            assert running.wait(20).returncode == 1
    wait_for(lambda: not leftover_processes())
    assert picture(three) == before


def test_while_a_rehearsal_runs_nothing_else_may(three, metamodel):
    with three.locked("b._models"):
        running = metamodel.start("restore", "--rehearse", "--lock-wait", "0", "b")
        wait_for(three.waiting)
        metamodel.run("restore", "--rehearse", expect=4)
        metamodel.run("save", "-D", "other", expect=4)
    assert running.wait(20).returncode == 0


def test_after_a_rehearsal_a_restore_does_what_it_said(three, metamodel):
    metamodel.run("restore", "--rehearse", "-q")
    result = metamodel.run("restore", "--json")
    assert set(results(result).values()) == {"restored"}
    saved = whole_dump(three)
    metamodel.run("restore", "--rehearse")
    check_same(saved, whole_dump(three))
