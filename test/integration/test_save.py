# SPDX-License-Identifier: PostgreSQL
"""`metamodel save` in good weather: what it prints, what it dumps, and what it says of it."""

import contextlib
import hashlib
import os
import random
import re
import subprocess
import threading
import uuid
from datetime import datetime, timezone
from types import SimpleNamespace

import pytest
from support import (ACCOUNT_FILES, ROOT, Database, Metamodel, literal, pg_bindir, quote,
                     wait_for)

SAMPLE = ["agentzh", "onccf", "tester", "tester2", "zjjresty", "zjjresty2"]
ODD = ["a b", "it's", '"q"', "../../etc/x", ".hidden", "-rf", "$(touch x)", "a;b", "Foo", "foo",
       "%41", "100%", "書" * 21, "sqlite", "*", "_models", "a\\b", "two\nlines", "a\ttab",
       "x\r\\! touch x", "{?[a|b]+}", "b.c", "begin"]
RESTRICT = re.compile(rb"^\\(un)?restrict .*\n", re.M)
SAVED = re.compile(r"Saved (\d+) accounts? \((\d+) tables?, (\d+) rows?, [\d.]+ (bytes|kB|MB)\) "
                   r"to (\S+) in [\d.]+ s\.")


def add_small(db, *names, sql="CREATE TABLE _models (id integer)", before=""):
    """Accounts with little in them: cheap to make and to dump."""
    for name in names:
        db.sql(f"CREATE SCHEMA {quote(name)}; SET LOCAL search_path TO {quote(name)}; {before}; "
               f"{sql}; INSERT INTO _global._accounts (name) VALUES ({literal(name)})")


def add_small_global(db, *names, **opts):
    db.add_global()
    add_small(db, *names, **opts)


def postgres_program(program, server, dbname, *args):
    return subprocess.run(
        [pg_bindir() / program, "-h", server.host, "-U", server.user, "-d", dbname, *args],
        env={"LC_ALL": "C.UTF-8"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)


def dump_by_hand(db, schema, dbname=None, encoding="utf-8"):
    """What pg_dump gives for the relations of SCHEMA, named one by one, that begin with _."""
    relations = db.query(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND "
        f"left(relname, 1) = '_' AND relnamespace = {literal(quote(schema))}::regnamespace", dbname)
    wanted = [f"--table={quote(schema)}.{quote(name)}".encode(encoding) for (name,) in relations]
    dumped = postgres_program("pg_dump", db.server, dbname or db.name, *wanted)
    assert relations and dumped.returncode == 0, dumped.stderr
    return RESTRICT.sub(b"", dumped.stdout)


def saved_dump(tree, account):
    return RESTRICT.sub(b"", tree.file(account).read_bytes())


def restore_by_hand(db, tree, account, dbname, before=""):
    """The account's file alone, by psql, into an empty schema of another database."""
    db.sql(f"CREATE SCHEMA {quote(account)}; SET LOCAL search_path TO {quote(account)}; {before}",
           dbname)
    restored = postgres_program("psql", db.server, dbname, "-X", "-1", "-v", "ON_ERROR_STOP=1",
                                "-f", tree.file(account))
    assert restored.returncode == 0, restored.stderr.decode()


def everything(directory):
    """All names below a directory."""
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


@pytest.fixture
def other(db):
    """A second, empty database."""
    name = f"{db.name}_other"
    db.server.sql(f"CREATE DATABASE {name}")
    yield name
    db.server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def encoded(db):
    """encoded("LATIN1"): an empty database of that encoding."""
    made = []

    def make(encoding):
        name = f"{db.name}_{encoding.lower()}"
        db.server.sql(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
        made.append(Database(db.server, name))
        return made[-1]

    yield make
    for each in made:
        each.close()
        db.server.sql(f"DROP DATABASE {each.name} WITH (FORCE)")


# What it prints

@pytest.mark.parametrize("args, directory", [
    ([], "metamodel"), (["-D", "another/dir"], "another/dir"), (["-Danother/"], "another")])
def test_the_sample_set_prints_the_lines_of_the_old_tool(metamodel, db, args, directory):
    (metamodel.cwd / directory).parent.mkdir(exist_ok=True)
    db.add_accounts(*reversed(SAMPLE))
    result = metamodel.run("save", *args)
    *dumping, closing = result.stderr.splitlines()
    assert dumping == [f"Dumping account {account} to {directory}/{account}.sql..."
                       for account in ["_global", *SAMPLE]]
    entries = metamodel.tree(directory).manifest["accounts"]
    assert SAVED.fullmatch(closing).group(1, 2, 3, 5) == (
        "7", *(str(sum(entry[key] for entry in entries)) for key in ("tables", "rows")), directory)
    assert result.stdout == "" and result.stderr.endswith(".\n")


def test_quiet_and_good_is_silent(metamodel, db):
    db.add_accounts("a")
    result = metamodel.run("save", "-q")
    assert (result.stdout, result.stderr) == ("", "")
    assert metamodel.tree().accounts() == ["_global", "a"]


def test_quiet_and_bad_tells_errors_and_names_only(metamodel, db, fake_pg_dump):
    db.add_accounts("bob", "eve", "mallory")
    fake_pg_dump.fail("bob", message="pg_dump: error: no luck today")
    fake_pg_dump.fail("mallory", status=2, message="pg_dump: warning: none for me")
    result = metamodel.run("save", "-q", expect=3)
    *errors, closing = result.stderr.splitlines()
    assert all(re.match("metamodel: (error|detail|hint): ", line) for line in errors), result
    told = " ".join(errors)
    assert re.search(r"\[bob dump\].*no luck today.*\[mallory dump\].*none for me", told)
    assert closing.startswith("Saved 2 of 4 accounts")
    assert closing.endswith(" Failed: bob, mallory.") and result.stdout == ""


def test_verbose_shows_each_command_with_the_real_pg_dump(metamodel, db, tmp_path_factory):
    """Not Debian's wrapper, which stands first in PATH and would cost 20 ms each time."""
    add_small_global(db, "a")
    bindir = tmp_path_factory.mktemp("bin")
    (bindir / "pg_wrapper").write_text(f"#!/bin/sh\necho >{bindir}/was-run\n")
    (bindir / "pg_wrapper").chmod(0o755)
    (bindir / "pg_dump").symlink_to("pg_wrapper")
    result = metamodel.run("save", "-v", env={"PATH": f"{bindir}:{metamodel.env['PATH']}"})
    commands = re.findall(r"""debug: '?(/\S*/pg_dump)'? .*("\w+"\._\*)""", result.stderr)
    real = f"{pg_bindir()}/pg_dump"
    assert commands == [(real, '"_global"._*'), (real, '"a"._*')]
    assert not (bindir / "was-run").exists()


# What is dumped

def add_odd(db):
    """Accounts with odd names and, in each, odd tables, and one of the user's."""
    tables = ["_Foo", '_we ird"', "_", "_a.b", "_*", "_x; Schema: Foo", "_new\nline", "_é", "users"]
    db.add_global()
    for name in ODD:
        add_small(db, name, sql=";".join(
            f'CREATE TABLE {quote(table)} ("A b" text); INSERT INTO {quote(table)} VALUES '
            f"({literal(table + ' of ' + name)})" for table in tables))


def test_accounts_with_odd_names_have_a_file_each_and_nothing_else(metamodel, db):
    add_odd(db)
    metamodel.run("save")
    tree = metamodel.tree()
    assert tree.accounts() == sorted(["_global", *ODD], key=str.encode)
    for account in ODD:
        assert saved_dump(tree, account) == dump_by_hand(db, account)
        assert b"users" not in saved_dump(tree, account)
        assert re.fullmatch(r"([A-Za-z0-9_-]|%[0-9A-F]{2})+\.sql", tree.file(account).name)
    named = {account: tree.file(account).name for account in ["a b", "%41", "../../etc/x", "Foo"]}
    assert list(named.values()) == ["a%20b.sql", "%2541.sql", "%2E%2E%2F%2E%2E%2Fetc%2Fx.sql",
                                    "Foo.sql"]
    assert everything(metamodel.cwd) == sorted(
        ["metamodel", "metamodel.lock", "metamodel/manifest.json",
         *(f"metamodel/{tree.file(account).name}" for account in tree.accounts())])
    assert not (metamodel.cwd / "metamodel/../../etc").exists()
    metamodel.run("verify")


def test_an_odd_name_as_argument_is_that_account_and_no_other(metamodel, db):
    add_odd(db)
    for number, account in enumerate(ODD):
        result = metamodel.run("save", "-D", f"save{number}", "--", account)
        tree = metamodel.tree(f"save{number}")
        assert tree.accounts() == [account] and len(result.stderr.splitlines()) == 2
        assert tree.files == [tree.file(account).name]
    assert saved_dump(tree, account) == dump_by_hand(db, account)
    assert {name.split("/")[0] for name in everything(metamodel.cwd)} == {
        f"save{number}{suffix}" for number in range(len(ODD)) for suffix in ("", ".lock")}


def test_all_dumps_are_of_one_moment(metamodel, db):
    """Rows move between two accounts all the while: none is lost, and none is there twice."""
    rows = 60
    add_small_global(db, "a", "b", sql="CREATE TABLE _models (name text)")
    db.sql(f"INSERT INTO a._models SELECT 'row ' || i FROM generate_series(1, {rows}) i")
    moves, stop = [], threading.Event()

    def move_rows():
        with contextlib.closing(db.connect()) as session:
            while not stop.is_set():
                source, target = random.sample(["a", "b"], 2)
                session.cursor().execute(
                    f"WITH gone AS (DELETE FROM {source}._models WHERE random() < 0.3 RETURNING *)"
                    f" INSERT INTO {target}._models SELECT * FROM gone")
                moves.append(source)

    mover = threading.Thread(target=move_rows)
    mover.start()
    try:
        for jobs in (1, 1, 2, 2, 3):
            before = len(moves)
            wait_for(lambda: len(moves) > before, what="a move")
            metamodel.run("save", "-j", str(jobs))
            dumped = saved_dump(metamodel.tree(), "a") + saved_dump(metamodel.tree(), "b")
            names = sorted(re.findall(rb"^row \d+$", dumped, re.M))
            assert names == sorted(b"row %d" % i for i in range(1, rows + 1))
    finally:
        stop.set()
        mover.join()


def test_each_file_is_restored_by_psql_alone(metamodel, db, other):
    db.add_global("0.007")
    for version in ACCOUNT_FILES:
        db.add_account(f"at {version}", version)
        db.sql(f"SELECT nextval('{quote(f'at {version}')}._models_id_seq') "
               "FROM generate_series(1, 40)")
    metamodel.run("save")
    tree = metamodel.tree()
    for account in ["_global", *(f"at {version}" for version in ACCOUNT_FILES)]:
        restore_by_hand(db, tree, account, other)
        assert dump_by_hand(db, account, other) == dump_by_hand(db, account)
    assert db.query("SELECT nextval('\"at 0.009\"._models_id_seq')", other) == db.query(
        "SELECT nextval('\"at 0.009\"._models_id_seq')")


def test_user_tables_are_never_dumped(metamodel, db):
    add_small_global(db, "a", before="CREATE TABLE a_models (t text); CREATE TABLE \"A_b\" (); "
                     "INSERT INTO a_models VALUES ('mine'); CREATE VIEW v AS SELECT 1; "
                     "CREATE SEQUENCE s; CREATE TABLE public._models (t text)")
    metamodel.run("save", "a")
    text = metamodel.tree().text("a")
    assert re.findall(r"^CREATE .*", text, re.M) == ["CREATE TABLE a._models ("]
    assert "mine" not in text


def test_an_unregistered_account_is_saved_when_it_is_named(metamodel, db):
    db.add_accounts("a")
    db.add_account("stray", registered=False)
    metamodel.run("save")
    assert metamodel.tree().accounts() == ["_global", "a"]
    result = metamodel.run("save", "stray", "a")
    assert re.search("^metamodel: warning: .*stray.* is not registered", result.stderr, re.M)
    assert metamodel.tree().accounts() == ["_global", "a", "stray"]
    assert saved_dump(metamodel.tree(), "stray") == dump_by_hand(db, "stray")


# The manifest and the files

def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def add_versions(db, name, *versions):
    add_small(db, name, sql="CREATE TABLE _general (n integer, version varchar(10)); INSERT INTO "
              "_general (version) VALUES (" + "), (".join(versions or ["'0.9'"]) + ")" +
              ("" if versions else "; DELETE FROM _general"))


def test_the_manifest_tells_the_truth(metamodel, db):
    db.add_accounts("a", version="0.005")
    db.add_account("nil", "none")
    add_versions(db, "several", "'0.003'", "'.0105'", "NULL", "'0.009'", "'new'", "''")
    add_versions(db, "no row")
    add_versions(db, "no version", "NULL", "'x'")
    add_small(db, "parts", sql="CREATE TABLE _p (i int) PARTITION BY RANGE (i); CREATE TABLE _p1 "
              "PARTITION OF _p DEFAULT; INSERT INTO _p VALUES (1), (2); CREATE VIEW _v AS SELECT 1")
    before = now()
    metamodel.run("save", "--keep", "2")
    tree = metamodel.tree()
    manifest = tree.manifest
    assert list(manifest) == ["format", "serial", "keep", "program", "pg_dump", "backend",
                              "started", "finished", "nodes", "accounts"]
    assert (manifest["format"], manifest["serial"], manifest["keep"]) == (1, 1, 2)
    assert re.fullmatch(r"metamodel \d[\d.]+", manifest["program"])
    assert manifest["pg_dump"] == subprocess.check_output(
        [pg_bindir() / "pg_dump", "--version"], text=True).strip()
    assert manifest["backend"] == "Pg"
    [node] = manifest["nodes"]
    assert re.fullmatch("[0-9A-F-]+", node.pop("snapshot"))
    assert node == {"node": db.name, "host": db.server.host, "port": "5432",
                    "server_version": db.query("SHOW server_version")[0][0]}
    assert before <= manifest["started"] <= manifest["finished"] <= now()
    versions = {"_global": "0.005", "a": "0.005", "nil": None, "several": ".0105", "no row": None,
                "no version": None, "parts": None}
    assert tree.accounts() == sorted(versions)
    for account, version in versions.items():
        whole = tree.file(account).read_bytes()
        tables = [name for name in db.tables(account) if name[0] == "_"]
        entry = tree.entry(account)
        assert manifest["started"] <= entry.pop("saved_at") <= manifest["finished"]
        assert entry == {
            "account": account, "file": tree.file(account).name, "node": db.name, "stale": False,
            "bytes": len(whole), "sha256": hashlib.sha256(whole).hexdigest(), "version": version,
            "tables": len(tables), "rows": sum(db.query(
                f"SELECT count(*) FROM ONLY {quote(account)}.{quote(table)}")[0][0]
                for table in tables)}


@pytest.mark.parametrize("umask", [0, 0o22, 0o777])
def test_nobody_else_can_read_anything_whatever_the_umask(metamodel, db, fake_pg_dump, umask):
    add_small_global(db, "a")
    metamodel.run("save", umask=umask)
    fake_pg_dump.fail("a")
    metamodel.run("save", umask=umask, expect=3)
    modes = {path: path.stat().st_mode & 0o7777 for path in metamodel.cwd.rglob("*")}
    assert len(modes) == 9 and all(
        mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items()), modes


# Encodings

def test_a_latin1_database_has_utf8_file_names_and_latin1_dumps(metamodel, encoded):
    latin = encoded("LATIN1")
    add_small_global(latin, "é", sql="CREATE TABLE _roles (); CREATE TABLE _models (\"ü\" text); "
                     "INSERT INTO _models VALUES ('ÿ'); CREATE TABLE \"_ñ\" ()")
    for arguments in ([], ["é"]):
        metamodel.run("save", "-d", latin.name, *arguments)
        tree = metamodel.tree()
        assert tree.accounts() == ["_global", "é"]
        assert tree.files == ["%C3%A9.sql", "_global.sql"]
        assert saved_dump(tree, "é") == dump_by_hand(latin, "é", encoding="latin-1")
        assert "\nÿ\n".encode("latin-1") in saved_dump(tree, "é")
    metamodel.run("verify")


def test_a_sql_ascii_database_is_dumped_byte_by_byte(metamodel, encoded):
    ascii_db = encoded("SQL_ASCII")
    ascii_db.add_global()
    with contextlib.closing(ascii_db.connect()) as session:
        for account, encoding in (("é", "utf-8"), ("ü", "latin-1")):
            session.cursor().execute(
                (f'CREATE SCHEMA "{account}"; CREATE TABLE "{account}"._models AS SELECT '
                 f"'{account}\\'::text; INSERT INTO _global._accounts (name) VALUES ('{account}')")
                .encode(encoding))
    result = metamodel.run("save", "-d", ascii_db.name, expect=3)  # not all names are UTF-8
    assert "not valid UTF-8" in result.stderr and result.stderr.count("Dumping") == 2
    assert metamodel.tree().accounts() == ["_global", "é"]
    assert "\né\\\\\n".encode() in saved_dump(metamodel.tree(), "é")
    metamodel.run("verify")


# Whatever pg_dump writes is a dump

# An account after each "==="; the lines with "user:" make what is not metamodel but needed by it.
# What is in ‹› stands for a character, or for the line that a scanner must not fall for.
TRAPS = {"‹n›": "\n", "‹r›": "\r", "‹t›": "\t", "‹v›": "\v",
         "‹x›": "-- PostgreSQL database dump complete\n"}
CORPUS_TEXT = r"""
=== generated
CREATE TABLE _a (n int, b int GENERATED ALWAYS AS (n * 2) STORED, "c:d" text
  GENERATED ALWAYS AS ('x\') STORED); INSERT INTO _a (n) VALUES (1), (NULL);
CREATE TABLE _b (b int GENERATED ALWAYS AS (2) STORED); INSERT INTO _b DEFAULT VALUES;
CREATE TABLE _c (); INSERT INTO _c DEFAULT VALUES; INSERT INTO _c DEFAULT VALUES
=== partitions
user: CREATE TABLE users (i int) PARTITION BY RANGE (i)
CREATE TABLE _r (i int, t text) PARTITION BY RANGE (i);
CREATE TABLE _r1 PARTITION OF _r FOR VALUES FROM (MINVALUE) TO (-1);
CREATE TABLE _r2 PARTITION OF _r FOR VALUES FROM (-1) TO (MAXVALUE) PARTITION BY LIST (t);
CREATE TABLE _l1 PARTITION OF _r2 FOR VALUES IN ('it''s \', NULL);
CREATE TABLE _l2 PARTITION OF _r2 DEFAULT PARTITION BY HASH (t);
CREATE TABLE _h PARTITION OF _l2 FOR VALUES WITH (MODULUS 1, REMAINDER 0);
CREATE TABLE _u PARTITION OF users FOR VALUES FROM (0) TO (10);
INSERT INTO _r VALUES (-7, 'a'), (1, NULL), (2, 'b'); INSERT INTO users VALUES (5)
=== constraints
CREATE TABLE _a (r int4range, EXCLUDE USING gist (r WITH &&) WHERE (lower(r) > -1));
CREATE TABLE _b (id int PRIMARY KEY, up int REFERENCES _b, c text CHECK (c !~ '\d+''"\\'),
  d text CHECK (d LIKE 'a\_b' ESCAPE '\' AND d <> '/* $$ -- ;'));
ALTER TABLE _a ADD b int REFERENCES _b DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE _b ADD a int, ADD CONSTRAINT "CASE; begin" CHECK (a > 1) NO INHERIT NOT VALID;
INSERT INTO _b VALUES (1, 1, 'x', NULL, 2)
=== policies
CREATE TABLE _a (u text); ALTER TABLE _a ENABLE ROW LEVEL SECURITY;
CREATE POLICY "p'; begin" ON _a AS RESTRICTIVE FOR UPDATE TO "odd'; role"
  USING (u = 'a\''b') WITH CHECK (u <> '\'); ALTER TABLE _a OWNER TO "odd'; role";
GRANT SELECT (u) ON _a TO PUBLIC; GRANT ALL ON _a TO postgres WITH GRANT OPTION
=== grants
user: GRANT USAGE ON SCHEMA grants TO "odd'; role"
CREATE TABLE _a (t text); GRANT ALL ON _a TO "odd'; role" WITH GRANT OPTION;
SET LOCAL ROLE "odd'; role"; GRANT SELECT (t), UPDATE ON _a TO PUBLIC; RESET ROLE;
REVOKE DELETE ON _a FROM postgres
=== rules
CREATE TABLE _a (n int, copy text, "end" int); CREATE VIEW _v AS SELECT * FROM _a;
CREATE RULE one AS ON INSERT TO _v DO INSTEAD INSERT INTO _a VALUES (NEW.n) RETURNING *;
CREATE RULE no AS ON DELETE TO _v WHERE OLD.n > 5 DO INSTEAD NOTHING;
CREATE RULE two AS ON UPDATE TO _v DO INSTEAD (UPDATE _a SET copy = 'begin;' WHERE n = 1;
  DELETE FROM _a WHERE n = 2; NOTIFY copy; SELECT 'copy x from stdin;')
=== triggers
user: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'
CREATE TABLE _a (n int, begin int); CREATE TRIGGER begin BEFORE INSERT ON _a FOR EACH ROW
  WHEN (NEW.n > 0) EXECUTE FUNCTION f('a\b', 'it''s', 'x;y', '$$', E'\r\n');
CREATE CONSTRAINT TRIGGER c AFTER UPDATE OF begin ON _a DEFERRABLE FOR EACH ROW
  WHEN (NEW.begin > OLD.n) EXECUTE FUNCTION f(); ALTER TABLE _a DISABLE TRIGGER c;
CREATE TRIGGER t AFTER INSERT ON _a REFERENCING NEW TABLE AS procedure EXECUTE FUNCTION f()
=== begin
user: CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'
CREATE TABLE _a (); CREATE TRIGGER t BEFORE INSERT ON _a EXECUTE FUNCTION f()
=== trigger begin
user: CREATE FUNCTION begin() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'
CREATE TABLE _a (); CREATE TRIGGER t BEFORE INSERT ON _a EXECUTE FUNCTION begin()
=== view begin
CREATE TABLE _a (function text, begin text, atomic text, procedure text);
CREATE VIEW _v AS SELECT function, begin AS atomic FROM _a;
CREATE VIEW _w AS SELECT procedure, begin FROM _a
=== domains
user: CREATE DOMAIN d AS text CHECK (VALUE ~ '^\d''$'); CREATE TYPE c AS (a int, b text)
user: ; CREATE TYPE e AS ENUM ('it''s', 'a\b', '')
CREATE TABLE _a (a d DEFAULT '5''', b e DEFAULT 'a\b', c e[] DEFAULT '{"it''s"}', d c, f c[]);
INSERT INTO _a (d, f) VALUES (ROW(1, E'a\\"\n'), ARRAY[ROW(2, '{\}')::c]);
CREATE TABLE _b OF c
=== operators
user: CREATE FUNCTION f(int, int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true';
user: CREATE OPERATOR ~@#%^&|`? (LEFTARG = int, RIGHTARG = int, FUNCTION = f)
CREATE TABLE _a (j jsonb, h int[], p point, b box, u int, e text, CHECK (j @> '{"a":1}' AND
  j ? 'x' AND j ?| '{a,b}' AND j #>> '{a,b}' = '1' AND j @@ '$.a[*] > 1' AND j @? '$.a'),
  CHECK (p <@ b AND p <-> '(1,2)' < 3.5 AND - (- h[1]) > -5 AND |/ 4.0 > 1 AND @ (-5) > 1),
  CHECK (1 ~@#%^&|`? 5 AND u & 1 = 0 AND e || 'x' <> e'\x01'))
=== slices
CREATE TABLE _a (arr int[], i int, j int, "Upper" int, CHECK (arr[i:j] <> '{}' AND
  arr[1:"Upper"] <> '{}' AND arr[:j] <> '{1}' AND arr[i:] <> '{}' AND arr[:] <> '{2}' AND
  arr[-1:-2] <> '{}' AND arr[i:CASE WHEN i > 1 THEN 2 END] <> '{}'));
CREATE VIEW _v AS SELECT arr[i:j] AS a, arr[i + 1:arr[2]] AS b, arr[1:2][3:4] AS c FROM _a
=== defaults
CREATE TABLE _a (a text DEFAULT 'C:\', b text DEFAULT E'\\', c text DEFAULT U&'\0441\+01F418',
  d text DEFAULT E'\n\r\t\x01', e text DEFAULT '$x$;$x$', f text DEFAULT '''--',
  g numeric DEFAULT 1e30, h float8 DEFAULT '-Infinity', i float4 DEFAULT 1.5e-10,
  j bit(3) DEFAULT B'101', k varbit DEFAULT X'1F', l interval DEFAULT '-1 day',
  m date DEFAULT current_date, n "char" DEFAULT '\', o bigint DEFAULT -9223372036854775808,
  p jsonpath DEFAULT '$.a ? (@.b == "\\")');
INSERT INTO _a DEFAULT VALUES; INSERT INTO _a DEFAULT VALUES
=== sequences
user: CREATE SEQUENCE users
CREATE TABLE _a (a int GENERATED ALWAYS AS IDENTITY (START WITH -10 INCREMENT BY -3
  MINVALUE -99 MAXVALUE -1 CACHE 5 CYCLE), b bigint GENERATED BY DEFAULT AS IDENTITY,
  c serial, d text DEFAULT nextval('users')); INSERT INTO _a (d) VALUES ('x'), ('y');
CREATE SEQUENCE _s MINVALUE -9223372036854775808 START -9223372036854775808;
CREATE SEQUENCE "_S's" AS smallint INCREMENT -1; SELECT nextval('_s'), nextval('"_S''s"')
=== views
CREATE TABLE _a (id int PRIMARY KEY, t text, "X y" text);
CREATE VIEW _1 WITH (security_barrier) AS SELECT * FROM _a WHERE t ~ '\.' WITH CHECK OPTION;
CREATE VIEW _2 AS SELECT id, t FROM _a GROUP BY id;
CREATE MATERIALIZED VIEW _3 AS SELECT id, count(*) FROM _2 GROUP BY id WITH NO DATA;
CREATE UNIQUE INDEX ON _3 (id) WHERE id > 1;
CREATE OR REPLACE VIEW _2 AS SELECT id, t FROM _1; CREATE VIEW _4 AS WITH RECURSIVE t(n) AS (
  SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT CASE WHEN n > 2 THEN 'begin; end'
  ELSE $q$x$$y$q$ END AS c, xmlelement(name "a b"), lag(n) OVER (ORDER BY n ROWS 1 PRECEDING)
  AS l, n::text COLLATE "C" AS x, EXTRACT(year FROM now()) AS y, U&"\0441".n AS u,
  substring('abc' FROM 1 FOR 2) AS s FROM t U&"\0441"(n);
CREATE VIEW _5 AS SELECT * FROM ROWS FROM (generate_series(1, 2), unnest('{}'::int[]))
  WITH ORDINALITY AS t(a, b, c), jsonb_to_record('{}') AS r(x int, y text)
=== comments
CREATE TABLE _a (a int CONSTRAINT c CHECK (a > 0), b int); CREATE INDEX i ON _a (a);
COMMENT ON TABLE _a IS E'one\n‹x›\\unrestrict x\r\n\\! id\n\\.\n';
COMMENT ON COLUMN _a.a IS 'C:\'; COMMENT ON COLUMN _a.b IS ''';--';
COMMENT ON INDEX i IS '/* $$'; COMMENT ON CONSTRAINT c ON _a IS '\';
CREATE VIEW _v AS SELECT 1 AS a; COMMENT ON VIEW _v IS '\.';
COMMENT ON COLUMN _v.a IS E'a\x01\x7f'; CREATE SEQUENCE _s;
COMMENT ON SEQUENCE _s IS ':PORT :''HOST'' :"USER"';
CREATE MATERIALIZED VIEW _m AS SELECT 1; COMMENT ON MATERIALIZED VIEW _m IS 'it''s'
=== data
CREATE TABLE _a (a text, b text, c bytea, d text[]); INSERT INTO _a VALUES
  ('\.', NULL, '\x5c2e0a00', ARRAY['\', 'a b', '"', NULL]), (E'\t\r\n\b\f\v\x01', '\N', '', '{}'),
  (E'\r', E'x\r\n', NULL, NULL), ('‹x›', E'\n--\n‹x›--\n\n\\unrestrict x\n', NULL, NULL),
  ('', '', '', '{""}'), (E'\x7f\u0085\u2028\uFEFF', 'COPY x FROM stdin;', NULL, NULL);
CREATE TABLE _b (a text);
INSERT INTO _b VALUES ('\.'), ('.'), (''), (NULL), ('\'), (E'\\.\n\\.'), (E'\\.\r')
=== big
CREATE TABLE _a (a text, b bytea); INSERT INTO _a SELECT repeat(E'ab\\''"\n', 500000),
  decode(repeat('5c', 500000), 'hex'); CREATE TABLE _b (i int, t text);
INSERT INTO _b SELECT i, md5(i::text) FROM generate_series(1, 50000) i
=== names
CREATE TABLE "_a""'" ("a b" int, "x""y" int, "it's" int, "é" int, "1a" int, "a$b" int,
  ":a" int, "--" int, "/*" int, "\" int, copy int, stdin int, "copy x from stdin;" int);
INSERT INTO "_a""'" VALUES (1, 2); CREATE TABLE "_x; Schema: other" (t text);
CREATE TABLE "_\" (); CREATE TABLE "_a.b" ();
CREATE TABLE _copy (function int, begin int, "end" int);
CREATE INDEX begin ON _copy (function, begin) INCLUDE ("end") WHERE function > begin
=== lines
CREATE TABLE "_‹n›--‹n›‹x›--‹n›" ("a‹n›‹x›b‹r›" text, CONSTRAINT "c‹r›‹n›d" CHECK (true));
INSERT INTO "_‹n›--‹n›‹x›--‹n›" VALUES ('x'); CREATE TABLE "_‹t›‹r›" ();
CREATE VIEW "_‹v›‹n›" AS SELECT 1 AS "‹n›‹x›"; COMMENT ON TABLE "_‹t›‹r›" IS 'x';
CREATE SEQUENCE "_‹n›\! id"
=== storage
CREATE UNLOGGED TABLE _a (a int NOT NULL, b text COMPRESSION pglz) WITH (fillfactor = 70);
ALTER TABLE _a ALTER a SET STATISTICS 500, ALTER b SET STORAGE EXTERNAL, ADD x int;
ALTER TABLE _a DROP b; CREATE TABLE _b (c text) INHERITS (_a);
ALTER TABLE _b ALTER a SET DEFAULT -5; INSERT INTO _b VALUES (1, 2, 'c');
ALTER TABLE _b REPLICA IDENTITY FULL; CREATE UNIQUE INDEX u ON _b (a) NULLS NOT DISTINCT;
CREATE INDEX "I's" ON _b (lower(c) text_pattern_ops DESC NULLS LAST, (c || '$$' || a))
  INCLUDE (x) WITH (fillfactor = 50) WHERE c <> 'x\'; CLUSTER _b USING u
=== foreign
user: CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w
CREATE FOREIGN TABLE _f (a int OPTIONS (x 'y''\z')) SERVER s OPTIONS (p 'C:\')
"""
NONSTANDARD = ["comments", "constraints", "data", "defaults", "names", "partitions", "triggers"]


def parse_corpus():
    """{account: (what the user made, the metamodel)}"""
    text = re.sub("‹[a-z]+›", lambda found: TRAPS[found[0]], CORPUS_TEXT)
    accounts = (part.split("\n", 1) for part in text.split("\n=== ")[1:])
    return {name: ("\n".join(re.findall("^user: (.*)", body, re.M)),
                   re.sub("^user: .*\n", "", body, flags=re.M)) for name, body in accounts}


CORPUS = parse_corpus()


@contextlib.contextmanager
def saved_corpus(server, cwd, strings, accounts):
    """A save of these accounts of CORPUS, under that standard_conforming_strings."""
    names = [f"corpus_{uuid.uuid4().hex[:12]}{suffix}" for suffix in ("", "_other")]
    for name in names:
        server.sql(f"CREATE DATABASE {name}")
        server.sql(f"ALTER DATABASE {name} SET standard_conforming_strings = {strings}")
    db = Database(server, names[0])
    for name in names:
        db.sql("SET standard_conforming_strings = on", name)
    db.add_global()
    for account in accounts:
        add_small(db, account, before=CORPUS[account][0], sql=CORPUS[account][1])
    binary = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
    program = Metamodel(binary, cwd, server, db.name)
    saved = program.run("save", check=False)
    yield SimpleNamespace(db=db, other=names[1], tree=program.tree(), program=program, saved=saved)
    db.close()
    for name in names:
        server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def corpora(server, tmp_path_factory):
    """Saved corpora, by their standard_conforming_strings."""
    server.sql('CREATE ROLE "odd\'; role"')
    with contextlib.ExitStack() as stack:
        yield {strings: stack.enter_context(
            saved_corpus(server, tmp_path_factory.mktemp("corpus"), strings, accounts))
            for strings, accounts in (("on", CORPUS), ("off", NONSTANDARD))}
    server.sql('DROP ROLE "odd\'; role"')


@pytest.mark.parametrize("strings, account", [
    *(("on", account) for account in CORPUS), *(("off", account) for account in NONSTANDARD)])
def test_whatever_pg_dump_writes_is_saved_and_can_be_restored(corpora, strings, account):
    corpus = corpora[strings]
    complaints = [line for line in corpus.saved.stderr.splitlines() if f"[{account} " in line]
    assert complaints == [] and account in corpus.tree.accounts()
    restore_by_hand(corpus.db, corpus.tree, account, corpus.other, CORPUS[account][0])
    assert dump_by_hand(corpus.db, account, corpus.other) == saved_dump(corpus.tree, account)


def test_verify_finds_nothing_wrong_with_whatever_pg_dump_writes(corpora):
    for corpus in corpora.values():
        corpus.program.run("verify")


def test_what_psql_would_not_read_as_it_is_written_is_no_good_dump(metamodel, db):
    """psql puts the value of its variable PORT where it reads :"PORT"."""
    add_small_global(db, "a", "b")
    db.sql("CREATE TABLE a._t (arr int[], \"PORT\" int, CHECK (arr[1:\"PORT\"] <> '{}'))")
    result = metamodel.run("save", expect=3)
    assert re.search(r"\[a dump\].*PORT", result.stderr)
    assert metamodel.tree().accounts() == ["_global", "b"]
