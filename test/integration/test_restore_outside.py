# SPDX-License-Identifier: PostgreSQL
"""A load calls functions that no dump shows: what they change outside of the account is rolled back with it."""

import pytest
from support import errors_of
from support_restore import check_same, whole_dump

# What a function that a check of the metamodel calls does, and what is said of it.
DEEDS = {
    "a row": ("INSERT INTO victim.t VALUES (2)", "table victim.t"),
    "a row, in a block of its own": ("BEGIN INSERT INTO victim.t VALUES (2); EXCEPTION WHEN division_by_zero THEN NULL; END",
                                     "table victim.t"),
    "a row of the list of accounts": ("DELETE FROM _global._accounts WHERE name = 'c'", "table _global._accounts"),
    "a sequence": ("PERFORM nextval('victim.s')", "sequence victim.s"),
    "all rows": ("TRUNCATE victim.t", "table victim.t"),
    "a table": ("ALTER TABLE victim.t ADD x integer", "table victim.t"),
    "a new table": ("CREATE TABLE victim.t2 (i integer); INSERT INTO victim.t2 VALUES (1)", "table victim.t2"),
    "a role": ("ALTER ROLE {role} SUPERUSER", "catalog pg_authid"),
    "a member": ("GRANT pg_read_all_data TO {role}", "catalog pg_auth_members"),
    "a setting": ("ALTER ROLE {role} SET search_path = victim", "catalog pg_db_role_setting"),
    "a function": ("CREATE FUNCTION victim.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "catalog pg_proc"),
    "a function, in a block of its own": (
        "BEGIN CREATE FUNCTION victim.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; EXCEPTION WHEN division_by_zero "
        "THEN NULL; END", "catalog pg_proc"),
    "default rights": ("ALTER DEFAULT PRIVILEGES IN SCHEMA victim GRANT ALL ON TABLES TO PUBLIC", "catalog pg_default_acl"),
    "a schema": ("GRANT ALL ON SCHEMA victim TO PUBLIC", "catalog pg_namespace"),
}


@pytest.fixture
def loaded(db, metamodel, roles):
    """Restores account b, while its check does this."""
    db.add_accounts("b", "c")
    role = roles("mallory")
    db.sql("CREATE SCHEMA victim; CREATE TABLE victim.t (i integer); INSERT INTO victim.t VALUES (1);"
           "CREATE SEQUENCE victim.s; CREATE FUNCTION b.act() RETURNS boolean LANGUAGE sql AS 'SELECT true';"
           "CREATE TABLE b._watched (i integer CHECK (b.act())); INSERT INTO b._watched VALUES (1)")
    metamodel.run("save")

    def load(deed, *args, **opts):
        db.sql("CREATE OR REPLACE FUNCTION b.act() RETURNS boolean LANGUAGE plpgsql AS $$BEGIN "
               + deed.format(role=role) + "; RETURN true; END$$")
        return metamodel.run("restore", "b", *args, **opts)

    return load


@pytest.mark.parametrize("deed", DEEDS)
def test_what_a_load_does_elsewhere_is_rolled_back(db, loaded, deed):
    sql, words = DEEDS[deed]
    before = whole_dump(db)
    result = loaded(sql, expect=1)
    assert f"the restore changed {words} outside of the account" in errors_of(result, "b"), result
    assert "hint: " in errors_of(result, "b")
    db.sql("CREATE OR REPLACE FUNCTION b.act() RETURNS boolean LANGUAGE sql AS 'SELECT true'")
    if deed != "a sequence":  # which no transaction takes back
        check_same(before, whole_dump(db))


@pytest.mark.parametrize("counts", ["on", "off"])
def test_a_rule_of_the_metamodel_may_name_a_table_elsewhere(db, metamodel, counts):
    """Making it locks that table, as writing to it would."""
    db.add_accounts("b", "c")
    db.sql(f"ALTER DATABASE {db.name} SET track_counts = {counts};"
           "CREATE SCHEMA aud; CREATE TABLE aud.log (what text); CREATE TABLE aud.users (id integer, name text);"
           "CREATE TABLE _global._log (what text);"
           "CREATE RULE logit AS ON INSERT TO b._models DO ALSO INSERT INTO aud.log VALUES (new.name);"
           "CREATE RULE ours AS ON DELETE TO b._models DO ALSO INSERT INTO _global._log VALUES (old.name);"
           "CREATE VIEW c._users AS SELECT * FROM aud.users;"
           "CREATE RULE change AS ON UPDATE TO c._users DO INSTEAD UPDATE aud.users SET name = new.name")
    metamodel.run("save")
    before = whole_dump(db)
    metamodel.run("restore", "b")
    metamodel.run("restore")
    check_same(before, whole_dump(db))


def test_a_rehearsal_says_so_as_well(loaded):
    assert "the restore changed table victim.t" in loaded("DELETE FROM victim.t", "--rehearse", check=False).stderr


def test_what_others_do_meanwhile_is_theirs(db, loaded):
    loaded("PERFORM pg_advisory_xact_lock(1)")
    with db.connect() as other, other.cursor() as cursor:
        cursor.execute("CREATE FUNCTION victim.g() RETURNS int LANGUAGE sql AS 'SELECT 1'; INSERT INTO victim.t VALUES (3)")
    loaded("PERFORM 1")


def test_an_event_trigger_may_keep_a_log(db, loaded):
    db.sql("CREATE TABLE public.log (what text); CREATE FUNCTION public.note() RETURNS event_trigger LANGUAGE plpgsql AS "
           "$$BEGIN INSERT INTO public.log VALUES (tg_tag); END$$;"
           "CREATE EVENT TRIGGER note ON ddl_command_end EXECUTE FUNCTION public.note()")
    loaded("PERFORM 1")
    db.sql("DROP EVENT TRIGGER note")
    assert db.query("SELECT count(*) > 5 FROM public.log") == [(True,)]


def test_ties_to_others_are_no_change_of_theirs(db, metamodel):
    db.add_accounts("a", "b", "c")
    db.sql("""CREATE TABLE public.shared (i integer PRIMARY KEY); INSERT INTO public.shared VALUES (1);
        CREATE TABLE a._ref (i integer REFERENCES public.shared); INSERT INTO a._ref VALUES (1);
        CREATE TABLE b._log (t text); CREATE TABLE c._log () INHERITS (b._log);
        CREATE TABLE public.parts (i integer) PARTITION BY LIST (i);
        CREATE TABLE public.rest PARTITION OF public.parts DEFAULT;
        CREATE TABLE a._part PARTITION OF public.parts FOR VALUES IN (1); INSERT INTO public.parts VALUES (1), (2);
        CREATE VIEW public.v AS SELECT * FROM a._ref;
        CREATE PUBLICATION p FOR TABLE a._ref""")
    metamodel.run("save")
    metamodel.run("restore", "--cascade")
    db.sql("DROP TABLE a._ref, a._part; DROP TABLE c._log")
    metamodel.run("restore")
