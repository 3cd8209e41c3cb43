# SPDX-License-Identifier: PostgreSQL
"""Dumps that are bad in every way we could think of: their accounts stay as they were, the others
are restored, no command is run, and what is said is true.

Each case is an account of its own in one database. There is one run of the program for each MODE,
over all of them; the tests look at what became of their case.
"""

import gzip
import hashlib
import json
import os
import re
import shutil
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel, errors_of, literal
from support_restore import DAMAGE, MOULD, looks, pictures, rehash, tables
from support_save import RESTRICT

# How the manifest stands to the bad dump: written before it went bad; with size and hash of the bad
# file, so that only its contents can give it away; or there is none, as in the old scripts' saves.
MODES = ["manifest", "rehashed", "legacy"]

VICTIM = """CREATE SCHEMA {0}; SET LOCAL search_path TO {0};
CREATE TABLE _models (id serial, name text, description text);
INSERT INTO _models (name) VALUES ('one'), ('two');
"""


# ---- the cases ----

@dataclass
class Case:
    """change(dump, place) gives the bad dump, or does something to place.path and gives None."""

    name: str
    change: object
    why: str  # what the error says
    modes: list
    may_pass: bool = False  # not in every mode can anybody see what is wrong with it
    step: str = "check"  # in which it fails; "": we do not mind

    @property
    def account(self):
        return "x" + hashlib.md5(self.name.encode()).hexdigest()[:12]

    @property
    def victim(self):
        """Another account, which only this case may do harm to."""
        return "v" + self.account[1:]

    @property
    def has_victim(self):
        return "{victim}" in getattr(self.change, "text", "")


CASES = []


def case(name, change, why, modes=tuple(MODES), **more):
    assert name not in [other.name for other in CASES]
    CASES.append(Case(name, change, why, modes, **more))


def fill(text, place):
    """TEXT with what {key}, {canary}, {account} and {victim} are there."""
    for word in ("key", "canary", "account", "victim"):
        text = text.replace("{" + word + "}", getattr(place, word))
    return text.encode("latin-1")


def insert(where, text):
    """TEXT behind what matches WHERE for the first time."""
    def change(dump, place):
        found = re.search(where, dump, re.M | re.S)
        assert found, where
        return dump[:found.end()] + fill(text, place) + dump[found.end():]
    change.text = text
    return change


def replace(old, new):
    def change(dump, place):
        assert re.search(old, dump, re.M), old
        return re.sub(old, lambda _: fill(new, place), dump, count=1, flags=re.M)
    return change


START = rb"\A"
HEAD = rb"^SET client_encoding = .*?\n"
LAST_SETTING = rb"^SET row_security = off;"
MIDDLE = rb"(?=^--\n-- Data for Name: _models)"
IN_STATEMENT = rb"CREATE TABLE [^\n]*_models \(\n"
COPY = rb"^COPY [^\n]*_models [^\n]* FROM stdin;"
AFTER_DATA = rb"^COPY [^\n]*_models .*?\n\\\.\n"
END = rb"(?=--\n-- PostgreSQL database dump complete)"
AFTER_CLOSING = rb"-- PostgreSQL database dump complete\n--\n"
LAST = rb"\Z"


# Empty, cut, flipped, exchanged

case("empty", lambda dump, place: b"", "is empty")
case("a newline", lambda dump, place: b"\n", "closing comment")
case("without its end", lambda dump, place: dump[:re.search(END, dump).start()], "closing comment")
case("the end alone", lambda dump, place: re.sub(rb"^--\n-- Name: .*?" + END, b"", dump,
                                                 flags=re.M | re.S), "no table|0 tables")
case("without its data", lambda dump, place: re.sub(rb"^COPY .*?^\\\.\n", b"", dump,
                                                    flags=re.M | re.S),
     "0 rows", modes=["manifest", "rehashed"])
case("without a table", lambda dump, place: re.sub(rb"^(CREATE|ALTER) TABLE [^;]*_general[^;]*;\n|"
                                                   rb"^COPY [^\n]*_general .*?^\\\.\n", b"", dump,
                                                   flags=re.M | re.S),
     "2 tables", modes=["manifest", "rehashed"])
for i in range(1, 20):
    case(f"cut at {i} of 20", lambda dump, place, i=i: dump[:len(dump) * i // 20],
         "truncated|closing comment|is empty|unrestrict")
for name, where in [("the first row", rb"^COPY [^\n]*_models .*?;\n"),
                    ("a row", rb"^COPY [^\n]*_models .*?;\n([^\n]*\n){20}"),
                    ("the last row", rb"^COPY [^\n]*_models .*?\n(?=\\\.)"),
                    ("half a row", rb"^COPY [^\n]*_models .*?;\n([^\n]*\n){20}\d+\tmo")]:
    case(f"cut at {name}", lambda dump, place, where=where:
         dump[:re.search(where, dump, re.M | re.S).end()],
         r"truncated inside the data of table .*_models")
case("closed inside its data", lambda dump, place: re.sub(
    rb"(^COPY [^\n]*_models .*?;\n)(?:[^\n]*\n){20}.*" + END, rb"\1", dump, flags=re.M | re.S),
     "truncated inside the data")
case("cut before unrestrict", lambda dump, place: dump[:dump.rindex(b"\\unrestrict")],
     "unrestrict", modes=["manifest", "rehashed"])
for i in range(16):
    def flip(dump, place, i=i):
        at = len(dump) * (2 * i + 1) // 32
        return dump[:at] + bytes([dump[at] ^ 1 << i % 7]) + dump[at + 1:]
    case(f"byte flipped at {i} of 16", flip, ".", may_pass=True, step="")
case("another account's", lambda dump, place: dump.replace(place.account.encode(), b"good1"),
     r"holds table good1\.\w+ of another account")
case("the server's", lambda dump, place: place.read("_global"),
     "holds table _global.* of another account")
case("twice", lambda dump, place: dump + dump, "text after|restrict|already exists", step="")
case("closed twice", insert(AFTER_CLOSING, "\n--\n-- PostgreSQL database dump complete\n--\n\n"),
     "text after|.", may_pass=True)  # harmless
case("a table more", insert(MIDDLE, "CREATE TABLE {victim}._extra (n integer);\n"),
     "of another account")
case("a table in public", insert(MIDDLE, "CREATE TABLE public._extra (n integer);\n"),
     "holds table public._extra")
case("rows for another", insert(MIDDLE, "COPY {victim}._models (name) FROM stdin;\nthree\n\\.\n"),
     "holds table .*_models of another account")
case("an insert for another",
     insert(MIDDLE, "INSERT INTO {victim}._models (name) VALUES ('three');\n"),
     "holds table .*_models of another account")

# Changed by a mail program, an editor, a file system

case("CRLF", lambda dump, place: dump.replace(b"\n", b"\r\n"), "CRLF line end")
case("CRLF in data", lambda dump, place: re.sub(rb"(model 7\t[^\n]*)\n", rb"\1\r\n", dump),
     "CRLF line end")
case("CRLF once", replace(rb"^SET row_security = off;\n", "SET row_security = off;\r\n"),
     "CRLF line end")
case("CR", replace(rb"^SET row_security = off;\n", "SET row_security = off;\r"), "carriage return")
case("CR in a comment", insert(MIDDLE, "-- x\r\\! touch {canary}\n"), "carriage return")
case("byte order mark", insert(START, "\xef\xbb\xbf"), "byte order mark")
case("UTF-16", lambda dump, place: dump.decode().encode("utf-16"), ".")
case("compressed", lambda dump, place: gzip.compress(dump), ".")
case("custom format", lambda dump, place: b"PGDMP\x01\x0e\x00\x04\x08\x01\x01\0\0" + dump, ".")
for name, where in [("at the start", START), ("between statements", MIDDLE),
                    ("in a statement", IN_STATEMENT), ("at the end", LAST),
                    ("in data", rb"\nCOPY [^\n]*_models [^\n]*\n1\t"),
                    ("in a literal", rb"IS 'What users"), ("in a comment", rb"-- Name: ")]:
    case(f"NUL {name}", insert(where, "\0"), "NUL byte")

# Not a file

def at_path(*steps):
    def change(_dump, place):
        for step in steps:
            step(place.path)
    return change


case("missing", at_path(Path.unlink), "missing|holds no dump", modes=["manifest"])
case("a directory", at_path(Path.unlink, Path.mkdir), "regular file", modes=["manifest"])
case("a pipe", at_path(Path.unlink, os.mkfifo), "regular file", modes=["manifest"])
case("a link", at_path(lambda path: path.rename(path.with_suffix(".txt")),
                       lambda path: path.symlink_to(path.with_suffix(".txt"))),
     "symbolic link", modes=["manifest"])

# Commands of psql

WHY = "backslash command|unrestrict"
for command in [
        r"\! touch {canary}", r"\copy {account}._models FROM PROGRAM 'touch {canary}; echo 1'",
        r"\copy (SELECT 1) TO PROGRAM 'touch {canary}'", r"\i {canary}.sql",
        r"\include {canary}.sql",
        r"\ir {canary}.sql", r"\o |touch {canary}", r"\out |touch {canary}", r"\w |touch {canary}",
        r"CREATE VIEW {account}._x AS SELECT 1 \g |touch {canary}",
        r"CREATE VIEW {account}._x AS SELECT 1 \gx |touch {canary}",
        r"CREATE VIEW {account}._x AS SELECT 'DROP SCHEMA {victim} CASCADE' \gexec",
        r"CREATE VIEW {account}._x AS SELECT 1 AS x \gset",
        r"CREATE VIEW {account}._x AS SELECT 1 \watch 1",
        r"\set x `touch {canary}`", r"\echo `touch {canary}`",
        r"\if `touch {canary}`", r"\prompt x", r"\getenv x HOME", r"\setenv PAGER touch", r"\e",
        r"\ef",
        r"\s {canary}", r"\lo_export 1 {canary}", r"\lo_import /etc/passwd", r"\cd /", r"\q",
        r"\quit",
        r"\set ON_ERROR_STOP off", r"\unset ON_ERROR_STOP", r"\set AUTOCOMMIT off",
        r"\encoding SJIS",
        r"\connect postgres", r"\c - - - -", r"\restrict again", r"\unrestrict {key}",
        r"\unrestrict {key} \! touch {canary}", r"\unrestrict `touch {canary}`", r"\unrestrict",
        "\\unrestrict {key}\n\\! touch {canary}\n\\restrict {key}", r"\unrestrict :x",
        r"\unrestrict '{key}'",
        r"\\! touch {canary}", r"\;", r"\:x", "\\", r"\.", r"\pset pager touch",
        r"CREATE VIEW {account}._x AS SELECT 1\; COMMIT;",
        "CREATE VIEW {account}._x AS SELECT 1 \\; SELECT 2 \\! touch {canary}\n;"]:
    case(f"command {command!r} in the middle", insert(MIDDLE, command + "\n"), WHY)
for name, where, text in [
        ("at the start", START, r"\! touch {canary}" + "\n"),
        ("behind restrict", rb"\A.*?(?=^SET)", r"\! touch {canary}" + "\n"),
        ("on a line of SQL", LAST_SETTING, r" \! touch {canary}"),
        ("in front of SQL", rb"(?=^SET row_security)", r"\! touch {canary}" + "\\\\ "),
        ("in a statement", IN_STATEMENT, "\\! touch {canary}\n"),
        ("behind the semicolon of COPY", COPY, r" \! touch {canary}"),
        ("behind the data", AFTER_DATA, "\\! touch {canary}\n"),
        ("at the end", END, "\\! touch {canary}\n"),
        ("behind the closing comment", AFTER_CLOSING, "\\! touch {canary}\n"),
        ("as the last line", LAST, "\\! touch {canary}\n"),
        ("as the last line without an end", LAST, "\\! touch {canary}"),
        ("on the line of the closing comment", rb"database dump complete",
         "\r\\! touch {canary}\n")]:
    case(f"command {name}", insert(where, text),
         WHY + "|text after|COPY in a form|carriage|closing comment")
for name, text in [
        ("on the line of unrestrict", r"\unrestrict {key} \! touch {canary}"),
        ("instead of the key", r"\unrestrict `touch {canary}`"),
        ("behind unrestrict", "\\unrestrict {key}\n\\! touch {canary}")]:
    case(f"command {name}", lambda dump, place, text=text: re.sub(
        rb"^\\unrestrict .*\n|\Z", lambda _: fill(text + "\n", place), dump, count=1, flags=re.M),
        WHY + "|text after")

# What looks as if it hid a command, and does not
for name, text in {
        "dollars in a name": "SELECT 1 AS a$$;\n\\! touch {canary}\n--$$\n",
        "dollars in a quoted name": "SELECT 1 AS \"$$\";\n\\! touch {canary}\n--$$\n",
        "dollars in a literal": "SELECT '$$';\n\\! touch {canary}\n--$$\n",
        "other dollars": "SELECT $a$ $b$ $a$;\n\\! touch {canary}\n--$b$\n",
        "dollars behind a number": "SELECT 1 AS a1$x$;\n\\! touch {canary}\n--$x$\n",
        "an escape": "SELECT E'\\'';\n\\! touch {canary}\n--'\n",
        "a backslash that escapes nothing": "SELECT 'a\\';\n\\! touch {canary}\n--'\n",
        "a backslash of U&": "SELECT U&'\\\\';\n\\! touch {canary}\n--'\n",
        "a doubled quote": "SELECT \"a\"\"\";\n\\! touch {canary}\n--\"\n",
        "a nested comment": "/* /* */ */ \\! touch {canary}\n/* */\n",
        "a comment in a comment": "/* -- */ \\! touch {canary}\n",
        "a comment begun in a comment": "-- /*\n\\! touch {canary}\n-- */\n",
        "brackets": "SELECT (1\n\\! touch {canary}\n);\n",
        "a continued literal": "SELECT 'a'\n'b'\n\\! touch {canary}\n;\n",
        "a row": "SELECT 'COPY x FROM stdin;'\n\\! touch {canary}\n\\.\n",
        }.items():
    if text.startswith("SELECT"):
        text = "CREATE VIEW {account}._x AS " + text
    case(f"command behind {name}", insert(MIDDLE, text), WHY)

# What only psql's own idea of strings and letters brings out of its literal. The text in between is
# a literal to all others.
HIDDEN = {"with its key": "\n\\unrestrict {key}\n\\! touch {canary}\n\\restrict {key}\nSELECT ';\n",
          "with a command for a key": "\n\\unrestrict `touch {canary}`\nSELECT ';\n",
          "with no key": "\n\\! touch {canary}\nSELECT ';\n"}
SETTINGS = {
    "strings": "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);\n"
               "CREATE VIEW {account}._x AS SELECT 'x\\', '",
    "strings, in disguise": "ALTER TABLE {account}._views ADD CHECK (pg_catalog.set_config("
                            "'standard_' || 'conforming_strings', 'off', false) = 'off');\n"
                            "COPY {account}._views (id) FROM stdin;\n7\n\\.\n"
                            "CREATE VIEW {account}._x AS SELECT 'x\\', '",
    "letters": "SELECT pg_catalog.set_config('client_encoding', 'SJIS', false);\n"
               "CREATE VIEW {account}._x AS SELECT '\x83',' AS x",
    "letters, in disguise": "ALTER TABLE {account}._views ADD CHECK (pg_catalog.set_config("
                            "'client_' || 'encoding', 'GBK', false) = 'GBK');\n"
                            "COPY {account}._views (id) FROM stdin;\n7\n\\.\n"
                            "CREATE VIEW {account}._x AS SELECT '\x83',' AS x",
}
for setting, before in SETTINGS.items():
    for way, behind in HIDDEN.items():
        case(f"hidden by {setting}, {way}", insert(MIDDLE, before + behind), ".", step="")
for name, text in [("strings", "SET standard_conforming_strings TO DEFAULT;\n"),
                   ("quoted strings", "SET \"standard_conforming_strings\" = off;\n"),
                   ("letters", "SET client_encoding = 'SJIS';\n"), ("names", "SET NAMES 'GBK';\n"),
                   ("reset", "RESET ALL;\n"), ("discard", "DISCARD ALL;\n")]:
    case(f"setting of {name}", insert(HEAD, text), "setting|statement")

# Variables of psql
for text in [":DBNAME", ":'HOST'", ":\"USER\"", ":{?DBNAME}", ":VERSION", ":'LAST_ERROR_MESSAGE'"]:
    case(f"variable {text}",
         insert(MIDDLE, f"CREATE VIEW {{account}}._x AS SELECT 1 AS x, {text};\n"),
         "variable|characters|does not exist", step="")
case("variable that is not set",
     insert(MIDDLE, "CREATE VIEW {account}._x AS SELECT :nobody_set_it;\n"),
     "syntax error|variable", step="")

# COPY

for form in ["COPY {account}._views (id) FROM stdin WITH csv;\n7\n\\.\n",
             "COPY {account}._views (id) FROM stdin (FORMAT csv);\n7\n\\.\n",
             "COPY {account}._views (id) FROM stdin DELIMITER ',';\n7\n\\.\n",
             "COPY {account}._views (id) FROM stdin WHERE id > 1;\n7\n\\.\n",
             "COPY BINARY {account}._views FROM stdin;\n\\.\n",
             "COPY {account}._views FROM PROGRAM 'touch {canary}; echo 7';\n",
             "COPY {account}._views (id) FROM PROGRAM 'touch {canary}; echo 7';\n",
             "COPY {account}._views TO PROGRAM 'touch {canary}';\n",
             "COPY (SELECT 1) TO PROGRAM 'touch {canary}';\n",
             "COPY {account}._views (definition) FROM '/etc/passwd';\n",
             "COPY {account}._views TO '{canary}';\n", "COPY {account}._views TO stdout;\n",
             "SELECT 1; COPY {account}._views TO PROGRAM 'touch {canary}';\n",
             "SELECT (1; COPY {account}._views TO PROGRAM 'touch {canary}');\n",
             "copy /* */ {account}._views TO program 'touch {canary}';\n"]:
    case(f"form {form[:70]!r}", insert(MIDDLE, form), "COPY in a form|closing|statement")

# Statements that a dump of a metamodel never has

FAILS_LATER = "COPY {account}._views (id) FROM stdin;\n1\n1\n\\.\n"
for sql in [
        "COMMIT;", "commit work;", "END;", "COMMIT AND CHAIN;", "COMMIT; BEGIN;", "ROLLBACK;",
        "ABORT;",
        "ROLLBACK; BEGIN;", "ROLLBACK AND CHAIN;", "BEGIN;", "START TRANSACTION;", "SAVEPOINT x;",
        "PREPARE TRANSACTION '{victim}';", "/* */ COMMIT;", "SELECT 1; COMMIT;", ";COMMIT;",
        "(COMMIT);",
        "CREATE POLICY begin ON {account}._views; COMMIT; SELECT 1 AS end;",
        "CREATE FUNCTION {account}.f() RETURNS int BEGIN ATOMIC SELECT 1; END; COMMIT;"]:
    case(f"{sql} in the middle", insert(MIDDLE, sql + "\n"), "statement|BEGIN", step="")
    case(f"{sql} and then a failure", insert(MIDDLE, sql + "\n" + FAILS_LATER), ".", step="")
for sql in [
        "DROP SCHEMA {victim} CASCADE;", "DROP TABLE {victim}._models;",
        "DROP TABLE public.precious;",
        "DROP TABLE {account}.\"Post\";", "DELETE FROM {victim}._models;",
        "TRUNCATE {victim}._models;",
        "UPDATE {victim}._models SET name = 'x';", "UPDATE {account}.\"Post\" SET title = 'x';",
        "WITH x AS (DELETE FROM {victim}._models RETURNING 1) SELECT count(*) FROM x;",
        "EXPLAIN ANALYZE DELETE FROM {victim}._models;",
        "PREPARE p AS DELETE FROM {victim}._models; EXECUTE p;",
        "DO $$ BEGIN DELETE FROM {victim}._models; END $$;",
        "DO $$ BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch {canary}'''; END $$;",
        "CALL {account}.f();",
        "MERGE INTO {victim}._models USING (SELECT 1) s ON true WHEN MATCHED THEN "
        "DELETE;", "VACUUM;", "LOCK TABLE {victim}._models;",
        "REASSIGN OWNED BY postgres TO pg_monitor;",
        "NOTIFY x;", "LOAD 'auto_explain';", "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z;"]:
    case(f"statement {sql}", insert(MIDDLE, sql + "\n"), "statement|COPY in a form")

# The same by statements of a kind that a dump has
for sql in [
        "INSERT INTO {account}.\"Post\" (title) VALUES ('x');",
        "COPY {account}.\"Post\" (title) FROM stdin;\nx\n\\.",
        "ALTER TABLE {account}.\"Post\" DROP COLUMN title;",
        "ALTER TABLE {victim}._models DROP COLUMN description;",
        "ALTER TABLE ONLY {victim}._models ALTER COLUMN description SET DEFAULT 'x';",
        "ALTER TABLE public.precious ADD COLUMN more text;",
        "ALTER SCHEMA {victim} RENAME TO {victim}_2;",
        "ALTER SEQUENCE {victim}._models_id_seq RESTART 1000;",
        "SELECT pg_catalog.setval('{victim}._models_id_seq', 1000);",
        "CREATE VIEW public.extra AS SELECT 1;"]:
    case(f"touches {sql}", insert(MIDDLE, sql + "\n"),
         "statement that does not occur|not part of this account's metamodel")

# The same by way of what is the account's own
for sql in [
        "CREATE VIEW {account}._x AS SELECT * FROM {victim}._models; "
        "INSERT INTO {account}._x (name) VALUES ('three');",
        "CREATE RULE r AS ON INSERT TO {account}._views DO ALSO DELETE FROM {victim}._models; "
        "INSERT INTO {account}._views (id) VALUES (7);",
        "CREATE TABLE {account}._x (n integer); ALTER TABLE {account}._x SET SCHEMA {victim};"]:
    case(f"leads elsewhere: {sql}", insert(MIDDLE, sql + "\n"),
         "may redirect|statement that does not occur", modes=["rehashed", "legacy"])

# What else SQL can do
for sql in [
        "CREATE ROLE {victim};", "CREATE SCHEMA {victim}_2;",
        "CREATE FUNCTION {victim}.extra() RETURNS integer LANGUAGE sql AS 'SELECT 1';",
        "CREATE RULE r AS ON INSERT TO {victim}._models DO INSTEAD NOTHING;",
        "CREATE INDEX extra ON {victim}._models (description);",
        "CREATE FUNCTION {account}.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM "
        "{victim}._models; RETURN NEW; END $$; CREATE TRIGGER t BEFORE INSERT ON {account}._models "
        "FOR EACH ROW EXECUTE FUNCTION {account}.f();",
        "GRANT ALL ON TABLE {victim}._models TO PUBLIC;", "GRANT ALL ON SCHEMA {victim} TO PUBLIC;",
        "COMMENT ON TABLE {victim}._models IS 'x';"]:
    case(f"does {sql}", insert(MIDDLE, sql + "\n"),
         "statement that does not occur|not part of this account's metamodel")


# ---- the runs ----

class Site:
    """One database with an account for each case, good ones, and others to do harm to."""

    GOOD = ["_global", "good1", "good2"]

    def __init__(self, server, path):
        self.server, self.path = server, path
        self.name = f"test_{uuid.uuid4().hex[:12]}"
        server.sql(f"CREATE DATABASE {self.name}")
        self.db = Database(server, self.name)
        # Open to the server's user, too: it would run a COPY FROM PROGRAM.
        self.canaries = Path(tempfile.mkdtemp(prefix="metamodel.", dir="/tmp"))
        self.canaries.chmod(0o777)
        for case in CASES:
            (self.canaries / f"{case.account}.sql").write_text(fill(
                "\\! touch {canary}\n", self.place(case)).decode())
        self._populate()
        self._save()
        self._outcomes = {}

    def _populate(self):
        db = self.db
        db.add_global()
        db.sql("CREATE TABLE public.precious AS SELECT 'mine' AS whose")
        db.sql("".join(MOULD.format(account) + "INSERT INTO _global._accounts (name) VALUES "
                       f"({literal(account)});" for account in ["mould", *self.GOOD[1:]]))
        for case in CASES:
            db.sql(MOULD.format(case.account))

    def _save(self):
        program = self.program(self.path / "template")
        program.run("save", "-q")
        self.saved = pictures(self.db)
        self.template = program.tree()
        manifest = self.template.manifest
        mould = self.template.entry("mould")
        text = self.template.file("mould").read_text()
        for case in CASES:
            file = self.template.path / f"{case.account}.sql"
            file.write_text(text.replace("mould", case.account))
            manifest["accounts"].append({**mould, "account": case.account,
                                         "file": f"{case.account}.sql"})
        manifest["accounts"].remove(mould)
        manifest["accounts"].sort(key=lambda entry: entry["account"])
        self.template.file("mould").unlink()
        (self.template.path / "manifest.json").write_text(json.dumps(manifest))
        rehash(self.template)

    def program(self, cwd):
        cwd.mkdir()
        binary = os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel")
        return Metamodel(binary, cwd, self.server, self.name)

    def place(self, case, tree=None):
        """What the changes of a case may want to know."""
        place = SimpleNamespace(account=case.account, victim=case.victim, key="nokey",
                                canary=str(self.canaries / case.account))
        if tree:
            place.path = tree.path / f"{case.account}.sql"
            place.read = lambda account: (tree.path / f"{account}.sql").read_bytes()
            found = re.search(rb"^\\restrict (\w+)", place.path.read_bytes(), re.M)
            place.key = found[1].decode() if found else "nokey"
        return place

    def outcome(self, mode):
        if mode not in self._outcomes:
            self._outcomes[mode] = self._run(mode)
        return self._outcomes[mode]

    def _run(self, mode):
        program = self.program(self.path / mode)
        shutil.copytree(self.template.path, program.cwd / "metamodel")
        tree = program.tree()
        if mode == "legacy":
            (tree.path / "manifest.json").unlink()
            for file in tree.path.glob("*.sql"):
                file.write_bytes(RESTRICT.sub(b"", file.read_bytes()))
        for case in CASES:
            if mode in case.modes:
                place = self.place(case, tree)
                bad = case.change(place.path.read_bytes(), place)
                if bad is not None:
                    assert bad != place.path.read_bytes(), case.name
                    place.path.write_bytes(bad)
        if mode == "rehashed":
            rehash(tree)
        # A case that did harm in an earlier run is to be seen in this one, too.
        for case in CASES:
            (self.canaries / case.account).unlink(missing_ok=True)
            if case.has_victim:
                self.db.sql(f"DROP SCHEMA IF EXISTS {case.victim}, {case.victim}_2 CASCADE;"
                            + VICTIM.format(case.victim))
        for account in self.GOOD[1:]:
            self.db.sql(DAMAGE.format(account))
        accounts = self.GOOD + [case.account for case in CASES if mode in case.modes]
        outcome = SimpleNamespace(before=pictures(self.db))
        outcome.result = program.run("restore", "--json", "-j2", *accounts, check=False,
                                     timeout=300)
        outcome.after = pictures(self.db)
        outcome.report = {entry["account"]: entry for entry in outcome.result.report["accounts"]}
        outcome.canaries = {file.name for file in self.canaries.glob("*") if not file.suffix}
        outcome.roles = {name for (name,) in self.db.query("SELECT rolname FROM pg_roles")}
        return outcome

    def close(self):
        self.db.close()
        self.server.sql(f"DROP DATABASE {self.name} WITH (FORCE)")
        for case in CASES:
            self.server.sql(f"DROP ROLE IF EXISTS {case.victim}")
        shutil.rmtree(self.canaries)


@pytest.fixture(scope="module")
def site(server, tmp_path_factory):
    site = Site(server, tmp_path_factory.mktemp("site"))
    yield site
    site.close()


def each_case():
    return [pytest.param(mode, case, id=f"{mode}-{case.name}") for case in CASES
            for mode in case.modes]


@pytest.mark.parametrize("mode, case", each_case())
class TestBadDump:
    @pytest.mark.slow
    def test_it_changes_nothing_and_runs_nothing(self, site, mode, case):
        outcome = site.outcome(mode)
        before, after = outcome.before[case.account], outcome.after.get(case.account)
        if case.may_pass and outcome.report[case.account]["result"] == "restored":
            assert tables(before) == tables(after)
        else:
            assert before == after
        assert outcome.after.get(case.victim) == outcome.before.get(case.victim)
        assert case.victim + "_2" not in outcome.after and case.victim not in outcome.roles
        assert case.account not in outcome.canaries

    def test_what_is_said_of_it_is_which_and_why(self, site, mode, case):
        outcome = site.outcome(mode)
        entry = outcome.report[case.account]
        if case.may_pass and mode != "manifest" and entry["result"] == "restored":
            return
        assert entry["result"] == "failed"
        # what several have in common is said once, with one of their names
        step = "check" if mode == "manifest" else case.step
        reason = re.escape(entry["error"].splitlines()[0]).replace(re.escape(case.account), r"\S+")
        assert re.search(rf"error: \[\S+ {step}\b.*\] {reason}", outcome.result.stderr)
        by_manifest = "|wrong (size|hash)" if mode == "manifest" else ""
        assert re.search(case.why + by_manifest, entry["error"])


@pytest.mark.parametrize("mode", MODES)
class TestOthers:
    def test_the_good_ones_are_restored(self, site, mode):
        outcome = site.outcome(mode)
        for account in site.GOOD:
            assert outcome.report[account]["result"] == "restored"
            assert looks(outcome.after[account]) == looks(site.saved[account])
            assert outcome.after[account] != outcome.before[account]

    def test_public_is_not_touched(self, site, mode):
        outcome = site.outcome(mode)
        assert outcome.after["public"] == outcome.before["public"]

    def test_the_exit_status_and_the_closing_line_are_true(self, site, mode):
        result, report = site.outcome(mode).result, site.outcome(mode).report
        restored = [account for account, entry in report.items() if entry["result"] == "restored"]
        failed = [account for account, entry in report.items() if entry["result"] == "failed"]
        closing = result.stderr.splitlines()[-1]
        assert result.returncode == 3 and set(restored) >= set(site.GOOD)
        assert len(restored) + len(failed) == len(report)
        assert closing.startswith(f"Restored {len(restored)} of {len(report)} accounts ")
        assert closing.endswith(f" Failed: {', '.join(failed)}.")

    def test_nothing_was_begun_for_an_account_that_failed_its_check(self, site, mode):
        result = site.outcome(mode).result
        checked = re.findall(r"^metamodel: error: \[(\w+) check\]", result.stderr, re.M)
        assert len(checked) > 50
        begun = re.findall(r"^Importing .* account (\w+)", result.stderr, re.M)
        assert not set(checked) & set(begun)


# ---- one by one ----

def spoil(metamodel, account, change):
    """Change a dump of a save, and make its manifest true about that."""
    tree = metamodel.tree()
    file = tree.file(account)
    key = re.search(r"^\\restrict (\w+)", file.read_text(), re.M)[1]
    file.write_bytes(change(file.read_bytes(),
                            SimpleNamespace(account=account, key=key, victim="b", canary="canary")))
    rehash(tree)


@pytest.fixture
def small(db, metamodel):
    """The accounts a and b, saved; then a was damaged. pictures() before the restore."""
    db.add_global()
    for account in "ab":
        db.sql(MOULD.format(account) + f"INSERT INTO _global._accounts (name) VALUES ('{account}')")
    metamodel.run("save", "-q")
    db.sql(DAMAGE.format("b"))
    return pictures(db)


def test_with_nothing_but_bad_dumps_nothing_is_changed(db, metamodel, small):
    for account in "ab":
        metamodel.tree().file(account).write_bytes(b"")
    result = metamodel.run("restore", "a", "b", expect=1)
    assert "Nothing was restored. Failed: a, b." in result.stderr
    assert pictures(db) == small


def test_a_bad_dump_is_told_under_dry_run_too(db, metamodel, small):
    spoil(metamodel, "a", insert(MIDDLE, "\\! touch canary\n"))
    result = metamodel.run("restore", "-n", expect=3)
    assert "backslash command" in errors_of(result, "a") and "Failed: a." in result.stderr
    assert pictures(db) == small


def test_a_commit_that_fails_leaves_the_account_as_it_was(db, metamodel, small):
    """Every statement went well, and the check at the end: the COMMIT itself does not."""
    def change(dump, place):
        dump = re.sub(rb"version character varying\(10\)",
                      rb"\g<0> UNIQUE DEFERRABLE INITIALLY DEFERRED", dump, count=1)
        return re.sub(rb"^0\.001\t.*\n", rb"\g<0>\g<0>", dump, flags=re.M)
    spoil(metamodel, "a", change)
    (metamodel.cwd / "metamodel/manifest.json").unlink()
    result = metamodel.run("restore", "--json", expect=3)
    assert "duplicate key value violates unique constraint" in errors_of(result, "a")
    assert {entry["account"]: entry["result"] for entry in result.report["accounts"]} == {
        "_global": "restored", "a": "failed", "b": "restored"}
    assert pictures(db)["a"] == small["a"]


def test_a_dump_that_takes_away_our_session_costs_all_that_was_not_restored(db, metamodel, small):
    """The lock against other runs went with it."""
    spoil(metamodel, "a", insert(
        MIDDLE, "CREATE MATERIALIZED VIEW a._x AS SELECT pg_catalog.pg_terminate_backend(pid) "
        "FROM pg_catalog.pg_stat_activity WHERE datname = pg_catalog.current_database() AND "
        "application_name = 'metamodel restore' WITH NO DATA;\nREFRESH MATERIALIZED VIEW a._x;\n"
        "CREATE MATERIALIZED VIEW a._y AS SELECT 1 / 0 AS n WITH NO DATA;\n"
        "REFRESH MATERIALIZED VIEW a._y;\n"))
    result = metamodel.run("restore", "-j1", "--json", check=False, timeout=30)
    assert result.returncode in (1, 3)
    assert pictures(db)["a"] == small["a"] and pictures(db)["b"] == small["b"]
    assert [entry["result"] for entry in result.report["accounts"]][1:] == ["failed", "failed"]


def test_a_file_of_an_unreadable_name_costs_the_others_nothing(db, metamodel, small):
    """Among files without a manifest there may be anything."""
    directory = metamodel.cwd / "metamodel"
    (directory / "manifest.json").unlink()
    with open(os.fsencode(directory) + b"/\xff.sql", "wb") as file:
        file.write(b"x")
    (directory / f"{'x' * 70}.sql").write_text("x")
    (directory / ".sql").write_text("x")
    result = metamodel.run("restore", expect=3)
    assert sorted(re.findall("^Importing .* account (.*) from", result.stderr, re.M)) == [
        "_global", "a", "b"]
    assert "its file name is not UTF-8" in errors_of(result, "%FF")
    assert re.search("Failed: (.*)\\.$", result.stderr)[1].split(", ") == ["%FF", "x" * 70]
