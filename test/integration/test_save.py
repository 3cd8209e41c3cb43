# SPDX-License-Identifier: PostgreSQL
"""`metamodel save` in good weather: what it prints, what it dumps, and what it says of it."""

import contextlib
import hashlib
import random
import re
import subprocess
import threading

import pytest
from support import ACCOUNT_FILES, literal, pg_bindir, quote, wait_for
from support_save import (CORPUS, NONSTANDARD, ODD, SAMPLE, SAVED, add_small, add_small_global, dump_by_hand,
                          encoded, everything, now, other, postgres_program, saved_corpus, saved_dump)


def restore_by_hand(db, tree, account, dbname, before=""):
    """The account's file alone, by psql, into an empty schema of another database."""
    db.sql(f"CREATE SCHEMA {quote(account)}; SET LOCAL search_path TO {quote(account)}; {before}",
           dbname)
    restored = postgres_program("psql", db.server, dbname, "-X", "-1", "-v", "ON_ERROR_STOP=1",
                                "-f", tree.file(account))
    assert restored.returncode == 0, restored.stderr.decode()


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


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
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
                              "started", "finished", "nodes", "failed", "replaced", "window",
                              "dropped", "accounts"]
    assert (manifest["format"], manifest["serial"], manifest["keep"]) == (1, 1, 2)
    assert re.fullmatch(r"metamodel \d[\d.]+", manifest["program"])
    assert manifest["pg_dump"] == subprocess.check_output(
        [pg_bindir() / "pg_dump", "--version"], text=True).strip()
    assert manifest["backend"] == "Pg"
    [node] = manifest["nodes"]
    assert re.fullmatch("[0-9A-F-]+", node.pop("snapshot"))
    identity = db.query("SELECT system_identifier::text, d.oid FROM pg_control_system(), pg_database d "
                        "WHERE datname = current_database()")[0]
    assert (node.pop("system_identifier"), node.pop("database_oid")) == identity
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
