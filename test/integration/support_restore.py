# SPDX-License-Identifier: PostgreSQL
"""What tests of restores have in common: damage, comparisons with what was saved, a psql that fails."""

import difflib
import hashlib
import json
import os
import re
from pathlib import Path

from support import literal, pg_bindir, quote, wait_for
from support_save import RESTRICT, postgres_program


LOCK = "1835365473, 1836016748"  # the advisory lock of a node


def whole_dump(db, dbname=None, *args):
    """All of the database, as pg_dump sees it."""
    dumped = postgres_program("pg_dump", db.server, dbname or db.name, *args)
    assert dumped.returncode == 0, dumped.stderr
    return RESTRICT.sub(b"", dumped.stdout).decode(errors="backslashreplace")


def difference(before, after):
    return list(difflib.unified_diff(before.splitlines(), after.splitlines(), "before", "after",
                                     lineterm="", n=2))


def check_same(before, after):
    assert before == after, "\n".join(difference(before, after)[:60])


def user_rows(db):
    """Every row of every user table, with where it lies and who wrote it."""
    tables = db.query("SELECT format('%I.%I', nspname, relname) FROM pg_class c JOIN pg_namespace n"
                      " ON n.oid = relnamespace WHERE relkind = 'r' AND left(relname, 1) <> '_' AND"
                      " nspname !~ '^(pg_|information_schema)' ORDER BY 1")
    return {table: db.query(f"SELECT ctid::text, xmin::text, t::text FROM {table} t")
            for (table,) in tables}


def imported(result):
    return re.findall("^Importing metamodel for account (.*) from ", result.stderr, re.M)


def in_schema(account, sql):
    return f"SET LOCAL search_path TO {quote(account)}; {sql}; SET LOCAL search_path TO public"


def damage(db, *accounts, sql="DELETE FROM _models; ALTER TABLE _roles DROP COLUMN password"):
    for account in accounts:
        db.sql(in_schema(account, sql))


def fake_psql(metamodel, directory, text):
    """A psql that is a shell script, with the real one as $real and the log file as $log. $account
    is the account's name in hex, or empty."""
    directory.mkdir()
    log = directory / "log"
    log.touch()
    script = directory / "psql"
    script.write_text(
        f"#!/bin/sh\nreal={pg_bindir()}/psql\nlog={log}\naccount=$(printf %s \"$*\" | "
        f"sed -n \"s/.*decode('\\([0-9a-f]*\\)'.*/\\1/p\" | head -n 1)\n{text}\n")
    script.chmod(0o755)
    metamodel.options += ["--pg-bindir", directory]
    return log


def warnings_of(result):
    return re.findall("^metamodel: warning: (.*)", result.stderr, re.M)


def plan_of(result):
    """What a dry run says of each account, and what follows it with -v."""
    plan = {}
    for line in re.sub(r"saved \d+ s ago", "saved N s ago", result.stderr).splitlines():
        account, _, text = line.partition(": ")
        if re.match(r"(would be added: )?\d+ tables?\b", text):
            plan[account] = [text]
        elif line.startswith("    "):
            plan[list(plan)[-1]].append(line.strip())
    return plan


def wait_until_it_waits(db, running, seconds=0):
    """...for a lock, since so many seconds; or it ended, and the test will fail."""
    wait_for(lambda: running.process.poll() is not None or db.waiting())
    wait_for(lambda: running.process.poll() is not None or db.query(
        f"SELECT FROM pg_stat_activity WHERE pid = ANY (ARRAY{db.waiting()}::int[]) AND "
        f"clock_timestamp() - query_start > '{seconds} s'::interval"))


def server_process(db, name):
    [(pid,)] = db.query(
        "SELECT pid FROM pg_locks l JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' "
        f"AND datname = current_database() AND application_name = {literal(name + ' (lock)')}")
    return pid


MOULD = """CREATE SCHEMA {0}; SET LOCAL search_path TO {0};
CREATE TABLE _general (version varchar(10), made timestamp DEFAULT '2008-08-08 08:08:08');
INSERT INTO _general (version) VALUES ('0.001');
CREATE TABLE _models (id serial PRIMARY KEY, name text NOT NULL, description text);
INSERT INTO _models (name, description) SELECT 'model ' || n, repeat('"x\\''s" ', n % 7)
	FROM generate_series(1, 40) n;
CREATE TABLE _views (id integer PRIMARY KEY, name text DEFAULT E'it''s "so"', definition text);
INSERT INTO _views (id, definition) VALUES (1, 'it''s'), (2, E'two\\nlines'), (3, NULL);
COMMENT ON TABLE _views IS 'What users see; it''s theirs.';
CREATE TABLE "Post" (title text);
INSERT INTO "Post" (title) VALUES ('user row'), (NULL);
"""


DAMAGE = ("DROP TABLE {0}._views; DELETE FROM {0}._models WHERE id > 3; "
          "UPDATE {0}._general SET version = '9'")


# All there is in each schema: its name, what identifies a thing, and how it looks.
PICTURES = [
    """SELECT n.nspname, c.oid || ' ' || c.relfilenode, c.relname, c.relkind::text, c.relowner,
    c.relacl::text, obj_description(c.oid, 'pg_class'), (SELECT string_agg(concat_ws(' ', attname,
    format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid)), ', '
    ORDER BY attnum) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = c.oid AND attnum > 0)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace""",
    """SELECT n.nspname, c.oid::text, conname, pg_get_constraintdef(c.oid)
    FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace""",
    "SELECT schemaname AS nspname, '', tablename, rulename, definition FROM pg_rules",
    "SELECT schemaname AS nspname, '', tablename, policyname, qual FROM pg_policies",
    """SELECT n.nspname, p.oid::text, proname FROM pg_proc p JOIN pg_namespace n
    ON n.oid = pronamespace""",
    """SELECT nspname, oid::text, nspacl::text, obj_description(oid, 'pg_namespace')
    FROM pg_namespace""",
    "SELECT schemaname AS nspname, '', sequencename, last_value FROM pg_sequences",
]


NO_SYSTEM = "nspname !~ '^(pg_|information_schema)'"


def pictures(db):
    """For each schema all there is in it, and its very identity: if equal, it was not touched."""
    found = {}
    queries = [f"SELECT * FROM ({sql}) q WHERE {NO_SYSTEM}" for sql in PICTURES]
    tables = db.query("SELECT format('SELECT %L, xmin::text || ctid, %L, t::text FROM ONLY %I.%I "
                      "t', nspname, relname, nspname, relname) FROM pg_class c JOIN pg_namespace n "
                      f"ON n.oid = relnamespace WHERE relkind = 'r' AND {NO_SYSTEM}")
    queries += [" UNION ALL ".join(sql for sql, in tables[i:i + 200])
                for i in range(0, len(tables), 200)]
    for query in queries:
        for schema, *row in db.query(query):
            found.setdefault(schema, []).append(tuple(map(str, row)))
    return {schema: sorted(rows) for schema, rows in found.items()}


def looks(picture):
    """The same without the identity: two that look the same may be copies."""
    return sorted(row[1:] for row in picture)


def tables(picture):
    return {row[1] for row in picture if row[2:3] == ("r",)}


def rehash(tree):
    """Make the manifest true about size and hash of each dump that lies there."""
    manifest = tree.manifest
    for entry in manifest["accounts"]:
        file = tree.path / entry["file"]
        if file.is_file():
            data = file.read_bytes()
            entry |= {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (tree.path / "manifest.json").write_text(json.dumps(manifest))


# The first minor versions that know \\restrict; later major ones all do.
RESTRICT_SINCE = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}


def in_place(file):
    """One byte of the data, with the size and the times of before."""
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    with open(file, "r+b") as stream:
        stream.seek(file.read_bytes().index(b"model 7"))
        stream.write(b"Model 7")
    os.utime(file, ns=times)


def replaced(file):
    other = file.with_name("other")
    other.write_bytes(file.read_bytes().replace(b"model 7", b"Model 7"))
    other.rename(file)


def truncate(file):
    """Inside the data of _models, at the end of a line."""
    os.truncate(file, file.read_bytes().index(b"20\tmodel 20\t"))


CHANGES = {
    "replaced": replaced, "in place": in_place, "truncated": truncate,
    "appended to": lambda file: file.open("a").write("DROP TABLE c._models;\n"),
    "removed": Path.unlink,
    "a directory": lambda file: (file.unlink(), file.mkdir()),
    "a pipe": lambda file: (file.unlink(), os.mkfifo(file)),
    "a link": lambda file: (file.rename(file.with_name("other")), file.symlink_to("other")),
}
