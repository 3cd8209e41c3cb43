# SPDX-License-Identifier: PostgreSQL
"""What tests of saves have in common: small accounts, dumps made by hand, processes, faults."""

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import time
import uuid
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel, for_server, literal, pg_bindir, quote, wait_for


DAY = 86400


def shift(metamodel, seconds):
    """Let all saves be so much older."""
    for path in metamodel.cwd.glob("metamodel*/manifest.json"):
        manifest = json.loads(path.read_text())
        for entry in [manifest, *manifest["accounts"]]:
            for key in {"started", "finished", "saved_at"} & set(entry):
                moment = time.mktime(time.strptime(entry[key], "%Y-%m-%dT%H:%M:%SZ"))
                entry[key] = time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                           time.localtime(moment - seconds))
        path.write_text(json.dumps(manifest))


def rekey(tree, account):
    r"""Another key in an account's dump, as if the save had not found it the same: another file with the same
    contents. Of a pg_dump that knows no \restrict it stays the same file."""
    file, manifest = tree.file(account), tree.manifest
    text = re.sub(rb"(?m)^(\\(?:un)?restrict ).*$", rb"\g<1>" + uuid.uuid4().hex.encode() * 2, file.read_bytes())
    entry = next(each for each in manifest["accounts"] if each["account"] == account)
    entry.update(sha256=hashlib.sha256(text).hexdigest(), bytes=len(text))
    file.unlink()
    file.write_bytes(text)
    file.chmod(0o600)
    (tree.path / "manifest.json").write_text(json.dumps(manifest))


SAMPLE = ["agentzh", "onccf", "tester", "tester2", "zjjresty", "zjjresty2"]


ODD = ["a b", "it's", '"q"', "../../etc/x", ".hidden", "-rf", "$(touch x)", "a;b", "Foo", "foo",
       "%41", "100%", "書" * 21, "sqlite", "*", "_models", "a\\b", "two\nlines", "a\ttab",
       "x\r\\! touch x", "{?[a|b]+}", "b.c", "begin"]


RESTRICT = re.compile(rb"^\\(un)?restrict .*\n", re.M)


SAVED = re.compile(r"Saved (\d+) accounts? \((\d+) tables?, (\d+) rows?, [\d.]+ (bytes|kB|MB)\) "
                   r"to (\S+) in [\d.]+ s(?:; \d+ unchanged)?\.")


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


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


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
CREATE UNLOGGED TABLE _a (a int NOT NULL, b text
/*14*/ COMPRESSION pglz
) WITH (fillfactor = 70);
ALTER TABLE _a ALTER a SET STATISTICS 500, ALTER b SET STORAGE EXTERNAL, ADD x int;
ALTER TABLE _a DROP b; CREATE TABLE _b (c text) INHERITS (_a);
ALTER TABLE _b ALTER a SET DEFAULT -5; INSERT INTO _b VALUES (1, 2, 'c');
ALTER TABLE _b REPLICA IDENTITY FULL; CREATE UNIQUE INDEX u ON _b (a)
/*15*/ NULLS NOT DISTINCT
;
CREATE INDEX "I's" ON _b (lower(c) text_pattern_ops DESC NULLS LAST, (c || '$$' || a))
  INCLUDE (x) WITH (fillfactor = 50) WHERE c <> 'x\'; CLUSTER _b USING u
=== foreign
user: CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w
CREATE FOREIGN TABLE _f (a int OPTIONS (x 'y''\z')) SERVER s OPTIONS (p 'C:\')
"""


NONSTANDARD = ["comments", "constraints", "data", "defaults", "names", "partitions", "triggers"]


def parse_corpus():
    """{account: (what the user made, the metamodel)}"""
    text = re.sub("‹[a-z]+›", lambda found: TRAPS[found[0]], for_server(CORPUS_TEXT))
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


def state(directory):
    """Everything below a directory, so exactly that nothing can change unseen. Not the lock."""
    found = {}
    for path in directory.rglob("*"):
        status = path.lstat()
        found[str(path.relative_to(directory))] = (
            status.st_ino, status.st_mode, status.st_mtime_ns,
            os.readlink(path) if path.is_symlink() else path.is_file() and path.read_bytes())
    return {name: facts for name, facts in found.items() if not name.endswith(".lock")}


SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def before(accounts, metamodel):
    """picture() of a directory with two saves in it."""
    metamodel.run("save", "-q")
    metamodel.run("save", "-q")
    return picture(metamodel.cwd)


def picture(directory):
    """Every file below, with what is in it; the lock, which is never deleted, excepted."""
    return {str(file.relative_to(directory)): file.read_bytes()
            for file in Path(directory).rglob("*")
            if file.is_file() and file.name != "metamodel.lock"}


def verify(metamodel, **opts):
    """It takes none of the options of a save."""
    options, metamodel.options = metamodel.options, []
    metamodel.run("verify", **opts)
    metamodel.options = options


def wait_until_blocked(db):
    wait_for(db.waiting, what="pg_dump to wait for the lock")


def children_of(pid):
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.glob("*/children") for child in task.read_text().split()]


class Script:
    """A pg_dump that is a shell script, with the real one as $real."""

    def __init__(self, metamodel, directory, text):
        self.bindir = Path(directory)
        self.bindir.mkdir()
        (self.bindir / "pg_dump").write_text(f"#!/bin/sh\nreal={pg_bindir()}/pg_dump\n{text}\n")
        (self.bindir / "pg_dump").chmod(0o755)
        metamodel.options += ["--pg-bindir", self.bindir]


def check_stopped(running, signum, leftover_processes, metamodel, before, timeout=60):
    result = running.wait(timeout)
    assert not leftover_processes()
    assert result.returncode == 128 + signum, result
    assert picture(metamodel.cwd) == before
    assert not (metamodel.cwd / "metamodel.new").exists()
    return result


def marked(mark):
    """Living processes with METAMODEL_TEST=MARK in their environment: command lines by pid."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"METAMODEL_TEST={mark}".encode() in (process / "environ").read_bytes():
                command = (process / "cmdline").read_bytes()
                found[int(process.name)] = command.replace(b"\0", b" ").decode()
    return found


def check_no_process(mark):
    """Nothing with that mark is left. What is must not stay, whatever becomes of the test."""
    try:
        wait_for(lambda: not marked(mark), what="the end of every process")
    finally:
        for pid in marked(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def opened_and_synced(lines):
    """(call, what) in order: ("fsync", path), and the arguments of a rename."""
    paths, unfinished, events = {}, {}, []
    for line in lines:
        thread, call = line.split(None, 1)
        call = re.sub(r"^<\.\.\. \w+ resumed>", lambda _: unfinished.pop(thread, ""), call)
        if call.endswith(" <unfinished ...>"):
            unfinished[thread] = call.removesuffix(" <unfinished ...>")
        elif match := re.match(r'openat\(AT_FDCWD, "(.*?)".* = (\d+)$', call):
            paths[match[2]] = match[1]
        elif match := re.match(r"openat\((\d+), \"(.*?)\".* = (\d+)$", call):
            paths[match[3]] = f"{paths.get(match[1])}/{match[2]}"
        elif match := re.match(r"fsync\((\d+)\) += 0", call):
            events.append(("fsync", paths[match[1]]))
        elif call.startswith("rename"):
            events.append(("rename", *re.findall('"(.*?)"', call)))
        elif call.startswith("unlink"):
            events.append(("unlink",))
    return events
