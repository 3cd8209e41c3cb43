# SPDX-License-Identifier: PostgreSQL
"""Dumps that somebody edited who wants more than his own account. He can write the manifest, too: each
attack is in a dump whose size, hash and numbers are those of the manifest.

Statements of kinds that no dump has are tried in test_restore_bad_dumps.py. Here are those of kinds that
pg_dump writes, with what their grammar admits in every other place."""

import hashlib
import json
import os
import re
import uuid

import pytest
from support import ROOT, Database, Metamodel

END = "--\n-- PostgreSQL database dump complete"
# What each adds to the dump of alice, and by what it is refused.
STATEMENT = "statement that does not occur in such dumps"
STRANGER = "not part of this account's metamodel|of another account"
PARENT = "which the save does not know"
ATTACKS = {
    # a query instead of columns
    "create table as": ("CREATE TABLE alice._x AS WITH d AS (DELETE FROM victim._secret RETURNING pw) "
                        "SELECT * FROM d;", STATEMENT),
    "create table as, with columns": ("CREATE TABLE alice._x (pw) AS TABLE victim._secret;", STATEMENT),
    "create table as, with options": ("CREATE UNLOGGED TABLE alice._x WITH (fillfactor=70) AS SELECT "
                                      "victim.take();", STATEMENT),
    "create table as execute": ("CREATE TABLE alice._x AS EXECUTE p;", STATEMENT),
    "materialized view with data": ("CREATE MATERIALIZED VIEW alice._x AS SELECT victim.take();", STATEMENT),
    "materialized view with words that look like none": (
        "CREATE MATERIALIZED VIEW alice._x AS SELECT victim.take() AS \"WITH NO DATA\";", STATEMENT),
    "insert select": ("INSERT INTO alice._x SELECT victim.take();", STATEMENT),
    "insert with": ("INSERT INTO alice._x WITH d AS (DELETE FROM victim._secret RETURNING 1) TABLE d;",
                    STATEMENT),
    "insert a function": ("INSERT INTO alice._x (id) VALUES (victim.take());", STATEMENT),
    "insert a subquery": ("INSERT INTO alice._x (id) VALUES ((SELECT victim.take()));", STATEMENT),
    "insert returning": ("INSERT INTO alice._x VALUES (1) RETURNING victim.take();", STATEMENT),
    "insert on conflict": ("INSERT INTO alice._x VALUES (1) ON CONFLICT (id) DO UPDATE SET id = "
                           "victim.take();", STATEMENT),
    "copy where": ("COPY alice._x (id) FROM stdin WHERE victim.take() > 0;\n1\n\\.", "COPY in a form"),
    "copy a query": ("COPY (DELETE FROM victim._secret RETURNING 1) TO stdout;", "COPY in a form"),
    "setval of a function's result": ("SELECT pg_catalog.setval('alice._s', victim.take(), true);", STATEMENT),
    "setval of another's": ("SELECT pg_catalog.setval('victim._s', 1000, true);", STRANGER),
    "set_config": ("SELECT pg_catalog.set_config('role', 'postgres', false);", STATEMENT),
    "a bound that is computed": ("CREATE TABLE alice._x PARTITION OF alice._y FOR VALUES FROM "
                                 "(victim.take()) TO (100000);", STATEMENT),
    "a bound that is computed, attached": ("ALTER TABLE ONLY alice._y ATTACH PARTITION alice._x FOR VALUES "
                                           "IN (victim.take());", STATEMENT),
    "a column that is computed": ("ALTER TABLE alice._roles ADD COLUMN x integer DEFAULT victim.take();",
                                  STATEMENT),
    "a type that is converted": ("ALTER TABLE alice._roles ALTER COLUMN id TYPE integer USING victim.take();",
                                 STATEMENT),
    # rows of ours in a table of theirs
    "inherits": ("CREATE TABLE alice._x () INHERITS (_global._accounts);", PARENT),
    "inherits, and rows": ("CREATE TABLE alice._x () INHERITS (_global._accounts);\n"
                           "COPY alice._x (id, name) FROM stdin;\n7\tmallory\n\\.", PARENT),
    "inherits two": ("CREATE TABLE alice._x () INHERITS (alice._roles, victim._secret);", PARENT),
    "inherits a user's table": ("CREATE TABLE alice._x () INHERITS (victim.users);", PARENT),
    "inherits later": ("ALTER TABLE alice._roles INHERIT victim._secret;", STATEMENT),
    "inherits in a second command": ("ALTER TABLE alice._roles OWNER TO postgres, INHERIT victim._secret;",
                                     STATEMENT),
    "inherits behind an array": ("ALTER TABLE alice._roles ALTER COLUMN id SET DEFAULT (ARRAY[1, 2])[1], "
                                 "INHERIT victim._secret;", STATEMENT),
    "inherits behind an identity": ("ALTER TABLE alice._roles ALTER COLUMN id ADD GENERATED ALWAYS AS "
                                    "IDENTITY (START WITH 1), INHERIT victim._secret;", STATEMENT),
    "partition of": ("CREATE TABLE alice._x PARTITION OF victim._parts FOR VALUES IN (1);", PARENT),
    "partition attached": ("CREATE TABLE alice._x (i integer);\nALTER TABLE ONLY victim._parts ATTACH "
                           "PARTITION alice._x FOR VALUES IN (1);", PARENT),
    "partition taken away": ("ALTER TABLE alice._roles DETACH PARTITION victim._secret;", STATEMENT),
    "partition of theirs attached": ("ALTER TABLE ONLY alice._y ATTACH PARTITION victim._secret FOR VALUES "
                                     "IN (1);", STRANGER),
    # what is theirs, as a second thing that a statement names
    "like": ("CREATE TABLE alice._x (LIKE victim._secret INCLUDING ALL);", STATEMENT),
    "a sequence of ours that theirs owns": ("ALTER SEQUENCE alice._roles_id_seq OWNED BY victim._secret.id;",
                                            STRANGER),
    "an identity's sequence elsewhere": ("ALTER TABLE alice._roles ALTER COLUMN id ADD GENERATED ALWAYS AS "
                                         "IDENTITY (SEQUENCE NAME victim._s);", STRANGER),
    "two tables": ("GRANT ALL ON TABLE alice._roles, victim._secret TO PUBLIC;", STATEMENT),
    "all tables": ("GRANT ALL ON ALL TABLES IN SCHEMA victim TO PUBLIC;", STATEMENT),
    "a role": ("GRANT postgres TO alice;", STATEMENT),
    "a right of whoever runs it": ("GRANT ALL ON TABLE alice._roles TO CURRENT_USER;", STATEMENT),
    "a comment on theirs": ("COMMENT ON COLUMN victim._secret.pw IS 'x';", STRANGER),
    "a trigger on theirs": ("CREATE TRIGGER t BEFORE INSERT ON victim._secret EXECUTE FUNCTION victim.f();",
                            STRANGER),
    "a rule on theirs": ("CREATE RULE r AS ON SELECT TO victim._secret DO INSTEAD SELECT 1;", STRANGER),
    "a policy on theirs": ("CREATE POLICY p ON victim._secret USING (true);", STRANGER),
    "an index on theirs": ("CREATE INDEX ON ONLY victim._secret (pw);", STRANGER),
    "statistics in their schema": ("CREATE STATISTICS victim.s ON id, name FROM alice._roles;", STRANGER),
    "a sequence in their schema": ("SET search_path = alice, pg_catalog;\nCREATE SEQUENCE IF NOT EXISTS victim.x;",
                                   STATEMENT),
    "a sequence that may be the user's": ("SET search_path = alice, pg_catalog;\nCREATE SEQUENCE IF NOT EXISTS mine;",
                                          STATEMENT),
    "a sequence that a user's table owns": ("CREATE SEQUENCE alice._x OWNED BY alice.users.id;", STATEMENT),
    "statistics on theirs": ("CREATE STATISTICS alice.s ON id, pw FROM victim._secret;", STRANGER),
    "another schema": ("ALTER TABLE alice._roles SET SCHEMA victim;", STATEMENT),
    "another name": ("ALTER TABLE alice._roles RENAME TO users;", STATEMENT),
    "default privileges": ("ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;", STATEMENT),
    # settings
    "a role from here on": ("SET ROLE postgres;", "setting"),
    "no foreign keys": ("SET session_replication_role = replica;", "setting"),
    "another's search_path": ("SET search_path = victim;\nCOMMENT ON TABLE _secret IS 'x';", STRANGER),
}


@pytest.fixture(scope="module")
def place(server, tmp_path_factory):
    """A saved alice, and what is the victim's; whatever is tried must leave that as it is."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    server.sql(f"CREATE DATABASE {name}")
    db = Database(server, name)
    db.add_accounts("alice")
    db.sql("""CREATE SCHEMA victim; CREATE TABLE victim._secret (id integer, pw text);
        INSERT INTO victim._secret VALUES (1, 'pw'); CREATE SEQUENCE victim._s; CREATE TABLE victim.users ();
        CREATE TABLE victim._parts (i integer) PARTITION BY LIST (i);
        CREATE FUNCTION victim.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
        CREATE FUNCTION victim.take() RETURNS integer LANGUAGE sql AS
        'DELETE FROM victim._secret RETURNING id'""")
    binary = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
    program = Metamodel(binary, tmp_path_factory.mktemp("attacks"), server, name)
    program.run("save")
    program.dump, program.manifest = program.tree().file("alice").read_text(), program.tree().manifest
    program.db = db
    yield program
    db.close()
    server.sql(f"DROP DATABASE {name} WITH (FORCE)")


def picture(db):
    return db.query("""SELECT * FROM _global._accounts""") + db.query("""SELECT id, pw, xmin::text
        FROM victim._secret""") + db.query("""SELECT oid, relname, relacl::text, relfilenode, relowner,
        obj_description(oid) FROM pg_class WHERE relnamespace IN ('alice'::regnamespace, 'victim'::regnamespace)
        ORDER BY oid""") + db.query("SELECT last_value FROM victim._s")


def write(place, text):
    """The dump, and a manifest that is right about it."""
    manifest = json.loads(json.dumps(place.manifest))
    entry = next(e for e in manifest["accounts"] if e["account"] == "alice")
    old = place.dump
    entry |= {"bytes": len(text.encode()), "sha256": hashlib.sha256(text.encode()).hexdigest(),
              "tables": entry["tables"] + len(re.findall(r"^CREATE TABLE", text, re.M))
              - len(re.findall(r"^CREATE TABLE", old, re.M)),
              "rows": entry["rows"] + text.count("\tmallory\n")}
    place.tree().file("alice").write_text(text)
    (place.tree().path / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_reaches_others_is_refused_with_its_line(place, attack):
    sql, why = ATTACKS[attack]
    text = place.dump.replace(END, f"{sql}\n\n{END}")
    write(place, text)
    before = picture(place.db)
    line = text[:text.index(sql)].count("\n") + 1
    for args in (["verify"], ["restore", "alice"], ["restore", "-n", "alice"]):
        result = place.run(*args, check=False)
        assert result.returncode in (1, 3), result
        found = re.search(r"\(?line (\d+)\)?", result.stderr)
        assert found and line <= int(found[1]) <= line + sql.count("\n"), result
        assert re.search(why, result.stderr), result
    assert picture(place.db) == before


def test_the_same_dump_without_an_attack_is_restored(place):
    write(place, place.dump)
    place.run("verify")
    place.run("restore", "alice")


def test_accounts_that_are_really_tied_come_back(db, metamodel):
    db.add_accounts("a", "b")
    db.sql("""CREATE TABLE b._log (t text); CREATE TABLE a._log (n integer) INHERITS (b._log);
        CREATE TABLE b."o,dd" (i integer) PARTITION BY LIST (i);
        CREATE TABLE a._part PARTITION OF b."o,dd" FOR VALUES IN (1)""")
    metamodel.run("save")
    assert metamodel.tree().entry("a")["parents"] == "b._log,b.o%2Cdd"
    assert "parents" not in metamodel.tree().entry("b")
    metamodel.run("verify")
    db.sql("INSERT INTO a._log VALUES ('x', 1); ALTER TABLE a._log SET UNLOGGED")
    metamodel.run("restore", "a")
    assert db.query("SELECT count(*) FROM b._log") == [(0,)]


def test_a_save_without_a_manifest_knows_of_no_ties(db, metamodel):
    db.add_accounts("a", "b")
    db.sql("CREATE TABLE b._log (t text); CREATE TABLE a._log () INHERITS (b._log)")
    metamodel.run("save")
    (metamodel.tree().path / "manifest.json").unlink()
    result = metamodel.run("restore", "a", check=False)
    assert result.returncode == 1 and "rows of b._log" in result.stderr
