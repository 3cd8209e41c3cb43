# SPDX-License-Identifier: PostgreSQL
"""`metamodel restore`: accounts are as saved afterwards, or as they were, and it says which."""

import datetime
import json
import re
import shutil
import signal
import uuid
from types import SimpleNamespace

import pytest
from support import ACCOUNT_FILES, errors_of, literal, quote, wait_for
from support_restore import (LOCK, check_same, damage, difference, fake_psql, imported, in_schema, plan_of,
                             server_process, user_rows, wait_until_it_waits, warnings_of, whole_dump)
from support_save import (CORPUS, NONSTANDARD, ODD, RESTRICT, SAMPLE, add_small, dump_by_hand, encoded, other,
                          saved_corpus, saved_dump)

FIXTURES = encoded, other  # of test_save, used here, too
RESTORED = re.compile(
    r"Restored (\d+) accounts? \((\d+) tables?, (\d+) rows?, [\d.]+ (?:bytes|kB|MB)\) "
    r"from (\S+) in [\d.]+ s(?:; (1 other|\d+ others) of the database were left alone)?\.")


def lines_of(result):
    """What it said, without the closing line; and that one."""
    *lines, closing = result.stderr.splitlines()
    return lines, closing


def importing(account, directory="metamodel", file=None):
    return f"Importing metamodel for account {account} from {directory}/{file or account}.sql..."


@pytest.fixture
def saved(db, metamodel):
    """The accounts a, b and c, and a save of them. The dump of all, and the user's rows."""
    db.add_accounts("a", "b", "c")
    metamodel.run("save", "-q")
    return SimpleNamespace(dump=whole_dump(db), rows=user_rows(db))


def check_as_saved(db, saved):
    check_same(saved.dump, whole_dump(db))
    assert user_rows(db) == saved.rows and saved.rows['a."Post"']


# ---- round trip ----

# What happened to an account, and its version before that.
DAMAGE_TEXT = r"""
=== lost columns 0.001
ALTER TABLE _roles DROP COLUMN password, ALTER name TYPE varchar(9) USING 'x' || id;
ALTER TABLE _models RENAME created TO made
=== lost rows 0.002
DELETE FROM _models; TRUNCATE _access, _general; UPDATE _columns SET name = name || '!' || id
=== more rows 0.009
INSERT INTO _models (name) SELECT 'new ' || i FROM generate_series(1, 100) i;
INSERT INTO _general (version) VALUES ('0.010')
=== lost tables 0.005
DROP TABLE _general, _views; DROP TABLE _models CASCADE
=== lost everything 0.009
DROP TABLE _general, _models, _columns, _roles, _access, _views, _feeds, _action_params, _actions,
_ylogins
=== more tables none
CREATE TABLE _extra (id serial PRIMARY KEY, t text); INSERT INTO _extra (t) VALUES ('x');
CREATE VIEW _v AS SELECT * FROM _extra; CREATE MATERIALIZED VIEW _m AS SELECT * FROM _v;
CREATE TABLE "_It's" (a int REFERENCES _extra, p int) PARTITION BY LIST (p);
CREATE TABLE _part PARTITION OF "_It's" DEFAULT; CREATE TABLE _child () INHERITS (_extra);
CREATE SEQUENCE _s; CREATE FOREIGN TABLE _f (n int) SERVER nowhere
=== sequences 0.001
SELECT setval('_models_id_seq', 1000), nextval('_roles_id_seq');
ALTER SEQUENCE _views_id_seq INCREMENT 7 MAXVALUE 99 CYCLE;
DROP SEQUENCE _access_rules_id_seq CASCADE
=== constraints 0.009
ALTER TABLE _models DROP CONSTRAINT _models_name_key; ALTER TABLE _access ALTER role DROP NOT NULL,
ALTER prohibiting DROP DEFAULT, ADD CHECK (segments > -9); DROP INDEX idx_query_for_acl;
CREATE INDEX ON _roles (login)
=== renamed 0.002
ALTER TABLE _models RENAME TO _models_2; CREATE VIEW _models AS SELECT 1 AS id;
ALTER TABLE _roles RENAME TO was_roles; CREATE TABLE _roles (x int); DROP TABLE was_roles
=== rights 0.005
GRANT ALL ON _roles TO PUBLIC; COMMENT ON TABLE _access IS 'x'; CREATE POLICY p ON _models;
ALTER TABLE _models ENABLE ROW LEVEL SECURITY; ALTER TABLE _columns SET UNLOGGED;
CREATE RULE r AS ON DELETE TO _views DO INSTEAD NOTHING
=== nothing 0.009
SELECT 1
"""
DAMAGE = {title.rsplit(" ", 1)[0]: (title.rsplit(" ", 1)[1], sql) for title, sql in (
    block.split("\n", 1) for block in DAMAGE_TEXT.split("\n=== ")[1:])}


def test_whatever_was_done_to_a_metamodel_is_undone(metamodel, db):
    db.add_global("0.007")
    for account, (version, _) in DAMAGE.items():
        db.add_account(account, version)
        db.sql(in_schema(account, "CREATE INDEX _mine ON \"Post\" (title); CREATE SEQUENCE mine; "
                         "SELECT nextval('_models_id_seq'), nextval('mine')"))
    db.sql("CREATE TABLE public._models (t text); INSERT INTO public._models VALUES ('public'); "
           "CREATE VIEW public._roles AS SELECT * FROM public._models; "
           "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER nowhere FOREIGN DATA WRAPPER w")
    metamodel.run("save")
    before, rows = whole_dump(db), user_rows(db)
    for account, (_, sql) in DAMAGE.items():
        damage(db, account, sql=sql)
    db.sql("UPDATE _global._general SET version = '9'; "
           "ALTER TABLE _global._general DROP captcha_key")
    assert difference(before, whole_dump(db))
    result = metamodel.run("restore")
    check_same(before, whole_dump(db))
    assert user_rows(db) == rows
    lines, closing = lines_of(result)
    assert sorted(lines) == sorted(importing(account, file=metamodel.tree().file(account).stem)
                                   for account in ["_global", *DAMAGE])
    entries = metamodel.tree().manifest["accounts"]
    assert RESTORED.fullmatch(closing).groups() == (
        str(len(DAMAGE) + 1), *(str(sum(entry[key] for entry in entries))
                                for key in ("tables", "rows")), "metamodel", None)
    assert result.stdout == ""


def test_the_sample_set_prints_the_lines_of_the_old_tool(metamodel, db):
    db.add_accounts(*SAMPLE)
    metamodel.run("save")
    db.sql("DROP SCHEMA onccf CASCADE; DROP SCHEMA zjjresty2 CASCADE")
    lines, closing = lines_of(metamodel.run("restore", "-j1"))
    assert lines == [
        importing("_global"), importing("agentzh"), "Adding account onccf...", importing("onccf"),
        importing("tester"), importing("tester2"), importing("zjjresty"),
        "Adding account zjjresty2...", importing("zjjresty2")]
    assert RESTORED.fullmatch(closing)
    for account in SAMPLE:
        assert dump_by_hand(db, account) == saved_dump(metamodel.tree(), account)
    assert db.tables("agentzh") == sorted(["Bücher 書", "Post", "a_b", 'it\'s "odd"',
                                           *db.tables("onccf")], key=str.encode)


def test_an_empty_database_gets_all_accounts(metamodel, db, other):
    db.add_global("0.007")
    for version in ACCOUNT_FILES:
        db.add_account(f"at_{version}", version, user_tables=False)
    metamodel.run("save")
    accounts = sorted(f"at_{version}" for version in ACCOUNT_FILES)
    (warning, *lines), closing = lines_of(metamodel.run("restore", "-d", other, "-j1"))
    assert warning.startswith(f'metamodel: warning: metamodel is a save of database "{db.name}", not of "{other}"')
    expected = [f"Account {account} will be registered by restoring _global."
                for account in accounts]
    for account in ["_global", *accounts]:
        file = metamodel.tree().file(account).stem
        expected += [f"Adding account {account}...", importing(account, file=file)]
    assert lines == expected and RESTORED.fullmatch(closing)
    check_same(whole_dump(db), whole_dump(db, other))
    assert db.query("SELECT nextval('\"at_0.009\"._models_id_seq')", other) == db.query(
        "SELECT nextval('\"at_0.009\"._models_id_seq')")


@pytest.mark.parametrize("strings, accounts", [("on", CORPUS), ("off", NONSTANDARD)])
def test_whatever_pg_dump_writes_takes_the_place_of_what_is_there(
        server, tmp_path, strings, accounts):
    """Under both settings of standard_conforming_strings, which the database prescribes."""
    server.sql('CREATE ROLE "odd\'; role"')  # as CORPUS wants it
    try:
        with saved_corpus(server, tmp_path, strings, accounts) as corpus:
            for account in accounts:
                corpus.db.sql(in_schema(account, "CREATE TABLE mine AS SELECT 'user row'"))
            before, rows = whole_dump(corpus.db), user_rows(corpus.db)
            result = corpus.program.run("restore", "--as-superuser")
            check_same(before, whole_dump(corpus.db))
            assert user_rows(corpus.db) == rows
            assert "metamodel: " not in result.stderr, result
    finally:
        server.sql('DROP ROLE "odd\'; role"')


def test_strings_that_do_not_conform_make_no_user_table_metamodel(metamodel, db):
    """A pattern '\\_%' is '_%' there: any name."""
    db.server.sql(f"ALTER DATABASE {db.name} SET standard_conforming_strings = off")
    db.add_accounts("a", "b")
    db.sql("CREATE VIEW a.v AS SELECT * FROM a.a_b; CREATE SEQUENCE a.s")
    metamodel.run("save")
    before, rows = whole_dump(db), user_rows(db)
    damage(db, "a")
    plan = metamodel.run("restore", "-n", "-v")
    assert "would be dropped: _access" in plan.stderr
    assert "Post" not in plan.stderr and "a_b" not in plan.stderr
    result = metamodel.run("restore", timeout=120)
    check_same(before, whole_dump(db))
    assert user_rows(db) == rows and "metamodel: " not in result.stderr


def test_global_comes_first_and_alone(metamodel, saved, tmp_path):
    log = fake_psql(metamodel, tmp_path / "bin", """
        [ -n "$account" ] || exec "$real" "$@"
        echo "start $account" >>"$log"
        for i in $(seq 400); do  # until all the others are there
            [ "$(grep -c start "$log")" = 4 ] || [ "$account" = 5f676c6f62616c ] && break
            sleep 0.05
        done
        "$real" "$@"; status=$?
        echo "end $account" >>"$log"; exit $status""")
    metamodel.run("restore", "-j", "3")
    events = [line.split() for line in log.read_text().splitlines()]
    events = [(what, bytes.fromhex(name).decode()) for what, name in events]
    assert events[:2] == [("start", "_global"), ("end", "_global")]
    assert sorted(events[2:]) == sorted((what, name) for what in ("start", "end") for name in "abc")
    assert [what for what, _ in events[2:5]] == ["start"] * 3  # side by side


def test_when_global_fails_the_others_are_restored_all_the_same(metamodel, db, saved):
    db.sql("CREATE VIEW public.v AS SELECT * FROM _global._accounts; DELETE FROM _global._accounts "
           "WHERE name = 'b'")
    before = whole_dump(db)
    damage(db, "a", "b")
    result = metamodel.run("restore", expect=3)
    check_same(before, whole_dump(db))
    assert errors_of(result, "_global") and imported(result) == ["a", "b", "c"]
    assert result.stderr.splitlines()[-1].endswith(" Failed: _global.")
    assert "will be registered" not in result.stderr  # _accounts does not change


# ---- which accounts, and which save ----

def test_only_the_named_accounts_are_restored(metamodel, db, saved):
    damage(db, "b")
    db.sql("UPDATE _global._general SET version = '9'")
    before = whole_dump(db)
    damage(db, "a", "c", sql="DELETE FROM _models; DELETE FROM \"Post\"")
    db.sql("INSERT INTO a.\"Post\" (id) VALUES (100)")
    rows = user_rows(db)
    result = metamodel.run("restore", "c", "a", "c", "-j1")
    lines, closing = lines_of(result)
    assert sorted(lines) == [importing("a"), importing("c")]
    assert RESTORED.fullmatch(closing).group(1, 5) == ("2", None)
    assert user_rows(db) == rows
    changed = [line for line in difference(before, whole_dump(db)) if re.match(r"[+-][^+-]", line)]
    assert changed and all("user row" in line or "mine" in line or "100" in line
                           for line in changed), changed


@pytest.mark.parametrize("args, status, words", [
    (["nix"], 1, "Nothing was restored. Failed: nix."),
    (["nix", "a"], 3, "Restored 1 of 2 accounts "),
    (["nix", "-n"], 1, "Failed: nix.")])
def test_an_account_that_is_not_in_the_save_is_named(metamodel, db, saved, args, status, words):
    db.add_account("nix")  # in the database it is
    before = whole_dump(db)
    result = metamodel.run("restore", *args, expect=status)
    assert errors_of(result, "nix").startswith("[nix check] metamodel holds no dump of it")
    assert words in result.stderr.splitlines()[-1]
    check_same(before, whole_dump(db))


@pytest.mark.parametrize("make, words", [
    (lambda path: None, "does not exist"),
    (lambda path: path.mkdir(), "holds no dump"),
    (lambda path: path.write_text(""), "is not a directory"),
    (lambda path: (path.mkdir(), (path / "notes.txt").touch()), "is not a save"),
    (lambda path: (path.mkdir(), (path / "manifest.json").write_text("{}")), "manifest.json"),
], ids=["absent", "empty", "file", "foreign", "damaged"])
@pytest.mark.parametrize("args", [[], ["-n"]], ids=["", "dry"])
def test_what_is_no_save_is_named_and_nothing_is_touched(metamodel, db, make, words, args):
    db.add_global()
    make(metamodel.cwd / "other")
    result = metamodel.run("restore", "-D", "other", *args, expect=1)
    assert re.search(rf"^metamodel: error: other.*{words}", result.stderr, re.M), result
    assert "Nothing was restored" not in result.stderr or imported(result) == []


def test_every_generation_can_be_restored(metamodel, db):
    db.add_global()
    add_small(db, "a", "b", sql="CREATE TABLE _models (n int); INSERT INTO _models VALUES (1)")
    for _ in range(3):
        metamodel.run("save", "--keep", "2")
        db.sql("UPDATE a._models SET n = n + 1")
    for directory, number in [("metamodel.old.2", 1), ("metamodel", 3), ("metamodel.old", 2),
                              (metamodel.cwd / "metamodel.old.2/", 1)]:
        lines, closing = lines_of(metamodel.run("restore", "-D", directory, "a"))
        directory = str(directory).rstrip("/")
        assert lines == [importing("a", directory)]
        assert RESTORED.fullmatch(closing).group(4) == directory
        assert db.query("SELECT n FROM a._models") == [(number,)]
    assert not list(metamodel.cwd.glob("*.old*.lock"))  # one lock for all of them


def test_a_stale_dump_is_said_to_be_one_with_its_date(metamodel, db, saved, fake_pg_dump):
    manifest = metamodel.tree().manifest
    for entry in manifest["accounts"]:
        entry["saved_at"] = "2025-01-02T03:04:05Z"
    (metamodel.cwd / "metamodel/manifest.json").write_text(json.dumps(manifest))
    db.sql("INSERT INTO b._models (name, table_name) VALUES ('newer', 'newer')")
    fake_pg_dump.fail("b")
    metamodel.run("save", expect=3)
    assert metamodel.tree().stale() == ["b"]
    for args in ([], ["b"]):
        result = metamodel.run("restore", *args)
        assert re.findall("^metamodel: warning: (.*)", result.stderr, re.M) == [
            "the dump of account b is an older one, from 2025-01-02T03:04:05Z"]
    plan = metamodel.run("restore", "-n").stderr
    assert re.findall(r"^(\w+): .*stale: a later save of it failed", plan, re.M) == ["b"]
    assert "older" not in metamodel.run("restore", "a").stderr
    check_same(saved.dump, whole_dump(db))


# Saves of the old scripts

OLD_DUMP = r"""--
-- PostgreSQL database dump
--

SET client_encoding = 'UTF8';
SET standard_conforming_strings = @strings@;
SET check_function_bodies = false;
SET client_min_messages = warning;
SET escape_string_warning = off;

SET search_path = "@account@", pg_catalog;

SET default_tablespace = '';

SET default_with_oids = false;

--
-- Name: _general; Type: TABLE; Schema: @account@; Owner: postgres; Tablespace: 
--

CREATE TABLE _general (
    version character varying(10),
    created timestamp(0) with time zone DEFAULT ('now'::text)::timestamp(0) with time zone
);


ALTER TABLE "@account@"._general OWNER TO postgres;

--
-- Name: _roles; Type: TABLE; Schema: @account@; Owner: postgres; Tablespace: 
--

CREATE TABLE _roles (
    id integer NOT NULL,
    name text NOT NULL,
    password text DEFAULT @default@
);


ALTER TABLE "@account@"._roles OWNER TO postgres;

--
-- Name: _roles_id_seq; Type: SEQUENCE; Schema: @account@; Owner: postgres
--

CREATE SEQUENCE _roles_id_seq
    INCREMENT BY 1
    NO MAXVALUE
    NO MINVALUE
    CACHE 1;


ALTER TABLE "@account@"._roles_id_seq OWNER TO postgres;

--
-- Name: _roles_id_seq; Type: SEQUENCE OWNED BY; Schema: @account@; Owner: postgres
--

ALTER SEQUENCE _roles_id_seq OWNED BY _roles.id;


--
-- Name: _roles_id_seq; Type: SEQUENCE SET; Schema: @account@; Owner: postgres
--

SELECT pg_catalog.setval('_roles_id_seq', 41, true);


--
-- Name: id; Type: DEFAULT; Schema: @account@; Owner: postgres
--

ALTER TABLE _roles ALTER COLUMN id SET DEFAULT nextval('_roles_id_seq'::regclass);


--
-- Data for Name: _general; Type: TABLE DATA; Schema: @account@; Owner: postgres
--

COPY _general (version, created) FROM stdin;
0.003	2008-08-08 08:08:08+08
\.


--
-- Data for Name: _roles; Type: TABLE DATA; Schema: @account@; Owner: postgres
--

COPY _roles (id, name, password) FROM stdin;
1	Admin	\N
2	\\! id\n--\n	it's
\.


--
-- Name: _roles_pkey; Type: CONSTRAINT; Schema: @account@; Owner: postgres; Tablespace: 
--

ALTER TABLE ONLY _roles
    ADD CONSTRAINT _roles_pkey PRIMARY KEY (id);


--
-- PostgreSQL database dump complete
--

"""


def old_dump(account, strings="off"):
    text = OLD_DUMP.replace("@strings@", strings).replace("@account@", account)
    return text.replace("@default@", r"'C:\\'" if strings == "off" else r"'C:\'")


@pytest.mark.parametrize("strings", ["on", "off"])
def test_dumps_of_pg_dump_8_without_a_manifest_are_restored_with_a_warning(
        metamodel, db, strings):
    accounts = ["a b", "%41", "foo", "it's"]
    db.add_accounts("foo", "later")
    save = metamodel.cwd / "metamodel.old"
    save.mkdir()
    for account in accounts:
        (save / f"{account}.sql").write_text(old_dump(account, strings))
        if account != "foo":
            db.sql(f"INSERT INTO _global._accounts (name) VALUES ({literal(account)})")
    rows = user_rows(db)
    result = metamodel.run("restore", "-D", "metamodel.old", "-j1")
    [warning] = warnings_of(result)
    assert re.match("metamodel.old has no manifest.json.*cannot be checked", warning)
    lines, closing = lines_of(result)
    assert lines[1:] == [
        line for account in sorted(accounts)
        for line in [f"Adding account {account}...", importing(account, "metamodel.old")]
        if line != "Adding account foo..."]
    assert RESTORED.fullmatch(closing).group(1, 2, 3, 5) == ("4", "8", "12", "1 other")
    assert user_rows(db) == rows and rows['foo."Post"']
    for account in accounts:
        assert [name for name in db.tables(account) if name[0] == "_"] == ["_general", "_roles"]
        assert db.query(f"SELECT version FROM {quote(account)}._general") == [("0.003",)]
        assert db.query(
            f"INSERT INTO {quote(account)}._roles (name) VALUES ('new') RETURNING id, password"
        ) == [(42, "C:\\")]
        assert db.query(f"SELECT id, name, password FROM {quote(account)}._roles ORDER BY 1")[
            :2] == [(1, "Admin", None), (2, "\\! id\n--\n", "it's")]


@pytest.mark.parametrize("is_restricted", [True, False])
def test_dumps_of_a_newer_pg_dump_without_a_manifest_are_restored_as_saved(
        metamodel, db, saved, is_restricted):
    (metamodel.cwd / "metamodel/manifest.json").unlink()
    for file in (metamodel.cwd / "metamodel").glob("*.sql"):
        data = file.read_bytes()
        assert len(RESTRICT.findall(data)) == 2
        file.write_bytes(data if is_restricted else RESTRICT.sub(b"", data))
    damage(db, "a", "b", "c")
    db.sql("DELETE FROM _global._accounts WHERE name = 'b'")
    result = metamodel.run("restore")
    assert len(warnings_of(result)) == 1 and imported(result)[0] == "_global"
    check_as_saved(db, saved)


def test_a_directory_the_old_script_nested_another_one_in_is_still_a_save(metamodel, db):
    """Its mv put the second night's metamodel/ into the metamodel.old/ of the first one."""
    db.add_global()
    nested = metamodel.cwd / "metamodel.old/metamodel"
    nested.mkdir(parents=True)
    (nested / "a.sql").write_text(old_dump("a").replace("0.003", "0.004"))
    (nested.parent / "a.sql").write_text(old_dump("a"))
    metamodel.run("restore", "-D", "metamodel.old", "a")
    assert db.query("SELECT version FROM a._general") == [("0.003",)]
    metamodel.run("restore", "-D", "metamodel.old/metamodel", "a")
    assert db.query("SELECT version FROM a._general") == [("0.004",)]


# Names and encodings

ONE_MODEL = "CREATE TABLE _models (t text); INSERT INTO _models VALUES ('saved')"


@pytest.mark.slow
def test_accounts_with_odd_names_are_restored_each_from_its_own_file(metamodel, db, other):
    db.add_global()
    add_small(db, *ODD, sql=ONE_MODEL, before="CREATE TABLE mine AS SELECT 'user row'")
    for account in ODD:
        db.sql(in_schema(account, f"INSERT INTO _models VALUES ({literal(account)})"))
    metamodel.run("save")
    before, rows = whole_dump(db), user_rows(db)
    for number, account in enumerate(ODD):
        damage(db, account, sql=["DROP TABLE _models", "UPDATE _models SET t = 'x'"][number % 2])
    result = metamodel.run("restore")
    assert "metamodel: " not in result.stderr and "registered" not in result.stderr
    check_same(before, whole_dump(db))
    assert user_rows(db) == rows
    metamodel.run("restore", "-d", other)
    check_same(whole_dump(db, None, "-T", "*.mine"), whole_dump(db, other))
    assert sorted(path.name for path in metamodel.cwd.iterdir()) == ["metamodel", "metamodel.lock"]


@pytest.mark.slow
def test_odd_names_as_arguments_are_these_accounts_and_no_others(metamodel, db):
    db.add_global()
    add_small(db, *ODD, sql=ONE_MODEL)
    metamodel.run("save")
    for account in ODD:
        damage(db, account, sql="UPDATE _models SET t = 'damaged'")
    rows = {account: "damaged" for account in ODD}
    for half in (ODD[::2], ODD[1::2]):  # foo is not in that of Foo
        result = metamodel.run("restore", "--", *half)
        assert result.stderr.count("Importing metamodel for account ") == len(half)
        rows.update(dict.fromkeys(half, "saved"))
        assert {name: db.query(f"SELECT t FROM {quote(name)}._models") for name in ODD} == {
            name: [(row,)] for name, row in rows.items()}


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_other_encodings_are_restored_as_saved(metamodel, encoded, encoding):
    latin = encoded(encoding)
    connection = latin.connect()
    if encoding == "SQL_ASCII":  # bytes are bytes there
        connection.set_client_encoding("UTF8")
    latin.sql = lambda sql, dbname=None: connection.cursor().execute(sql)
    latin.add_global()
    add_small(latin, "é", "plain", before="CREATE TABLE mine AS SELECT 'ß'::text",
              sql="CREATE TABLE _roles (\"ü\" text); INSERT INTO _roles VALUES ('ÿ'); "
              "CREATE TABLE \"_ñ\" ()")
    metamodel.run("save", "-d", latin.name)
    before = whole_dump(latin)
    for arguments in ([], ["é"]):
        damage(latin, "é", sql="DROP TABLE \"_ñ\"; UPDATE _roles SET \"ü\" = 'ö'")
        result = metamodel.run("restore", "-d", latin.name, *arguments)
        assert importing("é", file="%C3%A9") in result.stderr
        assert "registered" not in result.stderr  # nothing changed there
        check_same(before, whole_dump(latin))
    latin.sql("DROP SCHEMA é CASCADE; DELETE FROM _global._accounts WHERE name = 'é'")
    result = metamodel.run("restore", "-d", latin.name)
    assert "Account é will be registered" in result.stderr and "Adding account é" in result.stderr
    cursor = connection.cursor()
    cursor.execute("SELECT \"ü\" FROM é._roles")
    assert cursor.fetchall() == [("ÿ",)]
    connection.close()


# ---- what it says ----

def test_accounts_that_the_save_does_not_hold_are_left_alone_and_counted(metamodel, db, saved):
    shutil.copytree(metamodel.cwd / "metamodel", metamodel.cwd / "without")
    manifest = metamodel.tree("without").manifest
    manifest["accounts"] = [e for e in manifest["accounts"] if e["account"] in ("a", "b")]
    (metamodel.cwd / "without/manifest.json").write_text(json.dumps(manifest))
    for file in ("c", "_global"):
        (metamodel.cwd / f"without/{file}.sql").unlink()
    damage(db, "c")
    before = whole_dump(db)
    damage(db, "a")
    _, closing = lines_of(metamodel.run("restore", "-D", "without"))
    assert RESTORED.fullmatch(closing).group(1, 5) == ("2", "1 other")
    check_same(before, whole_dump(db))
    db.add_account("d")
    before = whole_dump(db)
    _, closing = lines_of(metamodel.run("restore", "-D", "without"))
    assert RESTORED.fullmatch(closing).group(5) == "2 others"
    check_same(before, whole_dump(db))
    _, closing = lines_of(metamodel.run("restore", "-D", "without", "a"))
    assert RESTORED.fullmatch(closing).group(5) is None  # nobody asked


@pytest.mark.parametrize("args", [["-n"], ["_global", "-n"], [], ["_global"]], ids=" ".join)
def test_restoring_global_says_first_which_accounts_appear_and_disappear(
        metamodel, db, saved, args):
    db.add_account("d")
    db.add_account("it's")
    db.sql("DELETE FROM _global._accounts WHERE name IN ('a', 'c')")
    result = metamodel.run("restore", *args)
    lines = result.stderr.splitlines()
    appear = [f"Account {account} will be registered by restoring _global." for account in "ac"]
    gone = [f"metamodel: warning: account {account} will no longer be registered after restoring _global; its schema remains" for account in ("d", "it's")]
    said = [line for line in lines if "registered" in line]
    assert sorted(said) == sorted([*appear, *gone])
    assert "-n" in args or lines.index(importing("_global")) > lines.index(said[-1])
    names = [name for (name,) in db.query("SELECT name FROM _global._accounts ORDER BY 1")]
    assert names == (["b", "d", "it's"] if "-n" in args else ["a", "b", "c"])
    assert len(db.tables("d")) > 7


def test_restoring_other_accounts_does_not_change_who_is_registered(metamodel, db, saved):
    db.sql("DELETE FROM _global._accounts WHERE name = 'b'")
    assert "registered" not in metamodel.run("restore", "a", "c").stderr
    assert db.query("SELECT name FROM _global._accounts ORDER BY 1") == [("a",), ("c",)]


def test_a_dry_run_says_what_would_be_done_and_does_nothing(metamodel, db, saved):
    damage(db, "b", sql="CREATE TABLE _extra (); CREATE VIEW _v AS SELECT 1; DROP TABLE _access")
    db.sql("DROP SCHEMA a CASCADE; CREATE VIEW c.stands AS SELECT * FROM c._models; "
           "DELETE FROM _global._accounts WHERE name = 'b'")
    before = whole_dump(db)
    (metamodel.cwd / "metamodel.lock").unlink()
    result = metamodel.run("restore", "-n", expect=3)
    check_same(before, whole_dump(db))
    assert sorted(path.name for path in metamodel.cwd.iterdir()) == ["metamodel"]
    lines, closing = lines_of(result)
    assert plan_of(result) == {
        "_global": ["2 tables, version 0.001, saved N s ago"],
        "a": ["would be added: 7 tables, version 0.001, saved N s ago"],
        "b": ["7 tables, version 0.001, saved N s ago"]}
    assert "detail: view c.stands" in errors_of(result, "c")
    assert "Account b will be registered by restoring _global." in lines
    assert closing == "Nothing was done: this was a dry run. Failed: c."


def test_a_dry_run_has_a_line_for_each_account_and_more_with_verbose(metamodel, db, saved):
    damage(db, "a", "b", sql="CREATE TABLE _extra (); CREATE VIEW _v AS SELECT 1; DROP TABLE _access")
    db.sql("CREATE TABLE b._more (); UPDATE a._general SET version = '0.009'; "
           "UPDATE b._general SET version = 'abc'; DROP TABLE c._general; "
           "CREATE VIEW c.stands AS SELECT * FROM c._models")
    lines = {
        "_global": "2 tables, version 0.001, saved N s ago",
        "a": "7 tables, version 0.009 -> 0.001, saved N s ago",
        "b": "8 tables -> 7, version ? -> 0.001, saved N s ago",
        "c": "6 tables -> 7, version nil -> 0.001, saved N s ago, destroys 1 object outside the "
             "metamodel"}
    short = metamodel.run("restore", "-n", "--cascade")
    assert plan_of(short) == {account: [line] for account, line in lines.items()}
    assert len(short.stderr.splitlines()) == 5
    told = plan_of(metamodel.run("restore", "-n", "--cascade", "-v"))
    assert {account: told[account][0] for account in told} == lines
    assert told["a"][1:] == [
        "would be dropped: _action, _action_id_seq, _columns, _columns_id_seq, _extra, _general, "
        "_models, _models_id_seq, _roles, _roles_id_seq, _v, _views, _views_id_seq",
        "would be loaded: metamodel/a.sql"]
    assert told["b"][1] == "its _general.version is 'abc', which is not a version"
    assert told["c"][2:] == ["would be destroyed: view c.stands", "would be loaded: metamodel/c.sql"]
    for account in "abc":
        db.sql(f"DROP SCHEMA {account} CASCADE; CREATE SCHEMA {account}")
    assert plan_of(metamodel.run("restore", "-n", "a")) == {
        "a": ["0 tables -> 7, version nil -> 0.001, saved N s ago"]}


def test_a_dry_run_says_how_old_each_dump_is(metamodel, db, saved):
    path = metamodel.cwd / "metamodel/manifest.json"
    manifest = json.loads(path.read_text())
    now = datetime.datetime.now(datetime.timezone.utc)
    ages = {"_global": {"minutes": 3}, "a": {"hours": 2, "minutes": 1}, "b": {"days": 3, "hours": 1},
            "c": {"hours": -2}}
    for entry in manifest["accounts"]:
        then = now - datetime.timedelta(**ages[entry["account"]])
        entry["saved_at"] = then.strftime("%Y-%m-%dT%H:%M:%SZ")
    path.write_text(json.dumps(manifest))
    assert re.findall(r"saved (.*)", metamodel.run("restore", "-n").stderr) == [
        "3 min ago", "2 h ago", "3 d ago", "in the future"]
    path.unlink()
    assert "saved" not in re.sub("has no manifest.*", "", metamodel.run("restore", "-n", "a").stderr)


def test_a_dry_run_waits_for_nobody(metamodel, db, saved, fake_pg_dump):
    fake_pg_dump.hang("b")
    running = metamodel.start("save")
    wait_for(lambda: fake_pg_dump.calls("b"))
    metamodel.run("restore", "-n")
    running.send(signal.SIGTERM)
    assert running.wait().returncode == 128 + signal.SIGTERM


def test_the_report_tells_of_every_account(metamodel, db, saved):
    db.sql("CREATE VIEW b.v AS SELECT * FROM b._models")
    report = metamodel.run("restore", "--json", "-q", expect=3).report
    assert (report["command"], report["result"], report["exit_status"]) == ("restore", "partly", 3)
    assert report["started"] <= report["finished"] and report["error"] is None
    assert [entry["account"] for entry in report["accounts"]] == ["_global", "a", "b", "c"]
    for entry in report["accounts"]:
        account, stored = entry["account"], metamodel.tree().entry(entry["account"])
        assert entry["node"] == db.name and entry["destroyed"] == []
        assert {key: entry[key] for key in ("bytes", "tables", "rows", "version")} == {
            key: stored[key] for key in ("bytes", "tables", "rows", "version")}
        assert entry["result"] == ("failed" if account == "b" else "restored")
        assert (entry["error"] is None) == (account != "b")
        assert account == "b" or entry["seconds"] > 0
    assert "view b.v" in report["accounts"][2]["error"]
    dry = metamodel.run("restore", "--json", "-n", expect=3).report
    assert [entry["result"] for entry in dry["accounts"]] == [
        "planned", "planned", "failed", "planned"]


def test_the_check_of_the_dumps_shows_in_the_progress(metamodel, saved):
    result = metamodel.run("restore", "-n", "--progress=always")
    assert " 4/4 100%" in result.stderr.split("Would")[0]


def test_quiet_and_good_is_silent(metamodel, db, saved):
    damage(db, "a")
    result = metamodel.run("restore", "-q")
    assert (result.stdout, result.stderr) == ("", "")
    check_as_saved(db, saved)


def test_quiet_and_bad_tells_errors_and_names_only(metamodel, db, saved):
    db.sql("CREATE VIEW b.v AS SELECT * FROM b._models")
    result = metamodel.run("restore", "-q", expect=3)
    *errors, closing = result.stderr.splitlines()
    assert all(re.match("metamodel: (error|detail|hint): ", line) for line in errors), result
    assert closing.startswith("Restored 3 of 4 accounts") and closing.endswith(" Failed: b.")


@pytest.mark.parametrize("args", [[], ["--json", "-j1", "a"]], ids=["all", "some"])
def test_under_its_old_name_it_takes_what_restore_takes(metamodel, db, saved, args):
    program = metamodel.cwd / "restore-metamodel"
    program.symlink_to(metamodel.binary)
    damage(db, "a")
    result = metamodel.run(*args, program=program)
    assert imported(result) == (["a"] if args else ["_global", "a", "b", "c"])
    check_as_saved(db, saved)
    result = metamodel.run("restore", program=program, expect=1)
    assert errors_of(result, "restore") == "[restore check] metamodel holds no dump of it"


def test_a_mistyped_directory_leaves_no_lock_file_behind(metamodel, saved):
    before = sorted(metamodel.cwd.iterdir())
    result = metamodel.run("restore", "-D", "metamodle", expect=1)
    assert "metamodle does not exist" in result.stderr
    assert sorted(metamodel.cwd.iterdir()) == before


def test_an_account_that_is_not_registered_is_restored_and_that_is_said(metamodel, db, saved):
    db.sql("DELETE FROM _global._accounts WHERE name = 'b'")
    said = "account b is not registered, and restoring it does not register it"
    for args in [["-n"], []]:
        result = metamodel.run("restore", "a", "b", *args)
        assert said in result.stderr and "account a is not" not in result.stderr
    result = metamodel.run("restore")
    assert "is not registered" not in result.stderr
    assert "Account b will be registered by restoring _global." in result.stderr


# ---- locks ----

@pytest.mark.slow
def test_a_table_that_stays_locked_costs_its_account_only(metamodel, db, saved):
    damage(db, "a", "c")
    with db.locked("b._models", mode="ACCESS SHARE"):
        result = metamodel.run("restore", "--lock-wait", "1", expect=3)
    check_as_saved(db, saved)
    tries = [warning for warning in warnings_of(result) if "trying again" in warning]
    assert 2 <= len(tries) <= 5 and all("[b restore]" in line for line in tries), result
    assert "canceling statement due to lock timeout" in errors_of(result, "b")
    assert result.stderr.splitlines()[-1].endswith(" Failed: b.")
    assert imported(result) == ["_global", "a", "b", "c"]  # said once, whatever the tries


def test_a_table_that_is_locked_for_a_while_is_waited_for(metamodel, db, saved):
    damage(db, "b")
    with db.locked("b._models"):
        running = metamodel.start("restore", "--lock-wait", "1", "b")
        wait_for(lambda: "trying again" in running.stderr or running.process.poll() is not None)
    assert running.wait().returncode == 0
    check_as_saved(db, saved)


def test_a_locked_list_of_accounts_does_not_hang_the_run(metamodel, db, saved):
    with db.locked("_global._accounts"):
        result = metamodel.run("restore", "--lock-wait", "1", check=False)
    assert result.returncode in (1, 3) and "timeout" in result.stderr
    check_as_saved(db, saved)


def test_lock_wait_is_the_only_limit_of_waiting(metamodel, db, saved):
    """Not what the database has for the impatient."""
    db.server.sql(f"ALTER DATABASE {db.name} SET statement_timeout = '200ms'; "
                  f"ALTER DATABASE {db.name} SET lock_timeout = '100ms'")
    session = db.connect(autocommit=False)
    session.cursor().execute("LOCK TABLE b._models IN ACCESS SHARE MODE")
    running = metamodel.start("restore", "--lock-wait", "0", "b")
    wait_until_it_waits(db, running, 0.5)
    session.close()
    result = running.wait()
    assert result.returncode == 0 and "trying again" not in result.stderr, result


@pytest.fixture
def hanging(metamodel, db, saved):
    """A restore that waits for a table of b as long as the test likes: release() lets it go on."""
    session = db.connect(autocommit=False)
    session.cursor().execute("LOCK TABLE b._models IN ACCESS SHARE MODE")
    running = metamodel.start("restore", "--lock-wait", "0")
    wait_until_it_waits(db, running)
    yield SimpleNamespace(running=running, release=session.rollback)
    session.close()


@pytest.mark.parametrize("command, directory", [
    ("restore", "metamodel"), ("restore", "metamodel.old"), ("restore", "elsewhere"),
    ("save", "metamodel"), ("save", "elsewhere")])
def test_while_a_restore_runs_nothing_else_may(metamodel, db, saved, hanging, command, directory):
    if directory != "metamodel":
        shutil.copytree(metamodel.cwd / "metamodel", metamodel.cwd / directory)
    second = metamodel.run(command, "-D", directory, expect=4)
    if directory == "elsewhere":
        holder = f"metamodel restore, server process {server_process(db, 'metamodel restore')}"
    else:
        holder = f"metamodel restore, process {hanging.running.pid} on "
    assert "another run holds the lock" in second.stderr and holder in second.stderr
    assert imported(second) == [] and "Dumping" not in second.stderr
    hanging.release()
    assert hanging.running.wait().returncode == 0
    check_as_saved(db, saved)


def test_a_restore_of_another_database_may_run_meanwhile(metamodel, db, saved, hanging, other):
    shutil.copytree(metamodel.cwd / "metamodel", metamodel.cwd / "elsewhere")
    metamodel.run("restore", "-D", "elsewhere", "-d", other)
    hanging.release()
    assert hanging.running.wait().returncode == 0


@pytest.mark.parametrize("directory", ["metamodel", "metamodel.old", "elsewhere"])
def test_while_a_save_runs_a_restore_may_not(metamodel, db, saved, fake_pg_dump, directory):
    if directory != "metamodel":
        shutil.copytree(metamodel.cwd / "metamodel", metamodel.cwd / directory)
    fake_pg_dump.hang("b")
    running = metamodel.start("save")
    wait_for(lambda: fake_pg_dump.calls("b"))
    second = metamodel.run("restore", "-D", directory, expect=4)
    holder = (f"metamodel save, server process {server_process(db, 'metamodel save')}"
              if directory == "elsewhere" else f"metamodel save, process {running.pid} on ")
    assert holder in second.stderr and imported(second) == []
    running.send(signal.SIGTERM)
    assert running.wait().returncode == 128 + signal.SIGTERM
    check_as_saved(db, saved)


def test_while_it_works_the_lock_is_an_exclusive_one(metamodel, db, saved, hanging):
    assert db.query(f"SELECT pg_try_advisory_lock_shared({LOCK})") == [(False,)]
    hanging.release()
    hanging.running.wait()
    wait_for(lambda: db.query(f"SELECT pg_try_advisory_lock({LOCK})") == [(True,)])


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_what_comes_to_depend_on_it_meanwhile_is_not_destroyed(metamodel, db, saved, isolation):
    db.server.sql(f"ALTER DATABASE {db.name} SET default_transaction_isolation = '{isolation}'")
    late = "CREATE VIEW public.late AS SELECT name FROM b._models"
    db.sql(late)
    before = whole_dump(db)
    db.sql("DROP VIEW public.late")
    session = db.connect(autocommit=False)
    session.cursor().execute("LOCK TABLE b._models IN ACCESS EXCLUSIVE MODE")
    running = metamodel.start("restore", "--lock-wait", "0", "--cascade", "a", "b")
    wait_until_it_waits(db, running)
    session.cursor().execute(late)
    session.commit()
    session.close()
    result = running.wait()
    assert result.returncode == 3 and "meanwhile" in errors_of(result, "b"), result
    check_same(before, whole_dump(db))


# ---- all or nothing ----

def event_trigger(db, sql):
    """SQL runs after each DDL in the account b, as the server's superuser."""
    db.sql(f"""CREATE FUNCTION public.meddle() RETURNS event_trigger LANGUAGE plpgsql AS $f$ BEGIN
        IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() WHERE schema_name = 'b') THEN {sql};
        END IF; END $f$;
        CREATE EVENT TRIGGER meddle ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE')
        EXECUTE FUNCTION public.meddle()""")


@pytest.mark.parametrize("sql, words", [
    ("IF to_regclass('b._surplus') IS NULL THEN CREATE TABLE b._surplus (); END IF",
     "8 tables .* has 7"),
    ("IF to_regclass('b._views_name_key') IS NOT NULL THEN DROP TABLE IF EXISTS b._general; END IF",
     "6 tables .* has 7"),
    ("IF to_regclass('b._general') IS NOT NULL THEN UPDATE b._general SET version = '0.5'; END IF",
     "version 0.5 "),
    ("IF to_regclass('b._general') IS NOT NULL THEN DELETE FROM b._general; END IF",
     "version nil "),
], ids=["more", "fewer", "version", "no version"])
def test_what_is_not_what_was_saved_is_not_kept(metamodel, db, saved, sql, words):
    damage(db, "a", "c")
    event_trigger(db, sql)
    result = metamodel.run("restore", expect=3)
    assert re.search(words, errors_of(result, "b")), result
    assert "[b restore]" in errors_of(result, "b")
    db.sql("DROP EVENT TRIGGER meddle; DROP FUNCTION public.meddle()")
    check_as_saved(db, saved)


VERSIONS = {
    "text": "CREATE TABLE _general (n int, version text); INSERT INTO _general (version) VALUES "
            "('0.003'), ('.0105'), (NULL), ('0.009'), ('new'), (''), ('0.0090')",
    "no row": "CREATE TABLE _general (version varchar(10))",
    "no number": "CREATE TABLE _general (version text); INSERT INTO _general VALUES ('x'), (NULL)",
    "no column": "CREATE TABLE _general (note text); INSERT INTO _general VALUES ('0.003')",
    "number": "CREATE TABLE _general (version numeric); INSERT INTO _general VALUES (0.3), (NULL)",
    "real": "CREATE TABLE _general (version real); INSERT INTO _general VALUES (0.003), (1e-5)",
    "view": "CREATE VIEW _general AS SELECT '0.003'::text AS version",
    "matview": "CREATE MATERIALIZED VIEW _general AS SELECT '0.003'::text AS version",
    "sequence": "CREATE SEQUENCE _general",
    "parts": "CREATE TABLE _general (version text) PARTITION BY LIST (version); CREATE TABLE "
             "_general_1 PARTITION OF _general DEFAULT; INSERT INTO _general VALUES ('0.003')",
    "inherited": "CREATE TABLE _general (version text); INSERT INTO _general VALUES ('0.003'); "
                 "CREATE TABLE _newer () INHERITS (_general); INSERT INTO _newer VALUES ('0.009')",
    "policy": "CREATE TABLE _general (version text); INSERT INTO _general VALUES ('0.003'); "
              "ALTER TABLE _general ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "huge": "CREATE TABLE _general (version text); INSERT INTO _general VALUES "
            "(repeat('9', 99)), ('1.'), (repeat('x', 9999))",
    "nothing": "CREATE TABLE _models ()",
}


@pytest.mark.slow
def test_whatever_was_saved_as_version_is_found_again(metamodel, db):
    """A save that could be taken can be restored; none of these is more than odd."""
    db.add_global()
    for account, sql in VERSIONS.items():
        add_small(db, account, sql=sql)
    metamodel.run("save")
    before = whole_dump(db)
    for account in VERSIONS:
        db.sql(in_schema(account, "CREATE TABLE _extra ()"))
    result = metamodel.run("restore", check=False)
    assert {account: errors_of(result, account) for account in VERSIONS} == dict.fromkeys(
        VERSIONS, ""), result
    check_same(before, whole_dump(db))


def test_an_account_that_cannot_be_loaded_is_as_before(metamodel, db):
    db.add_global()
    db.sql("CREATE FUNCTION public.ok(int) RETURNS bool LANGUAGE sql AS 'SELECT true'")
    add_small(db, "a", "b", before="CREATE FUNCTION f() RETURNS int LANGUAGE sql AS "
              "'SELECT 1'; CREATE TABLE mine AS SELECT 'user row'",
              sql="CREATE TABLE _models (n int DEFAULT f()); INSERT INTO _models DEFAULT VALUES")
    add_small(db, "d", sql="CREATE TABLE _models (n int CHECK (public.ok(n))); INSERT INTO _models VALUES (1)")
    metamodel.run("save")
    db.sql("ALTER TABLE b._models ALTER n DROP DEFAULT; ALTER TABLE b._models ADD more text; "
           "DROP FUNCTION b.f(); CREATE FUNCTION b.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; "
           "DROP SCHEMA d CASCADE; "
           "CREATE OR REPLACE FUNCTION public.ok(int) RETURNS bool LANGUAGE sql AS 'SELECT false'")
    before, rows = whole_dump(db), user_rows(db)
    damage(db, "a", sql="DELETE FROM _models")
    result = metamodel.run("restore", expect=3)
    check_same(before, whole_dump(db))  # without the schema d, too
    assert user_rows(db) == rows
    assert "function b.f() does not exist" in errors_of(result, "b")
    assert "violates check constraint" in errors_of(result, "d")
    assert result.stderr.count("hint: the account is as it was before") == 2
    assert result.stderr.splitlines()[-1].endswith(" Failed: b, d.")


# ---- rights ----

@pytest.fixture
def owner(db, metamodel):
    """An ordinary role that owns the database, and may do no more in it than it must."""
    role = f"owner_{uuid.uuid4().hex[:12]}"
    db.server.sql(f"CREATE ROLE {role} LOGIN; ALTER DATABASE {db.name} OWNER TO {role}")
    metamodel.env["PGUSER"] = role
    db.sql(f"SET SESSION AUTHORIZATION {role}")
    yield role
    db.close()
    db.server.sql(f"REASSIGN OWNED BY {role} TO postgres", db.name)
    db.server.sql(f"ALTER DATABASE {db.name} OWNER TO postgres; DROP OWNED BY {role}", db.name)
    db.server.sql(f"DROP ROLE {role}")


@pytest.mark.parametrize("rights", [
    "", "REVOKE ALL ON DATABASE {} FROM PUBLIC; REVOKE TEMPORARY ON DATABASE {} FROM {}"],
    ids=["", "no temporary tables"])
def test_an_owner_who_is_no_superuser_can_restore(metamodel, db, owner, rights):
    db.add_accounts("a", "b")
    db.sql(rights.format(db.name, db.name, owner) or "SELECT 1")
    metamodel.run("save")
    before = whole_dump(db)
    damage(db, "a")
    metamodel.run("restore")
    check_same(before, whole_dump(db))
    db.sql("DROP SCHEMA b CASCADE")
    assert "Adding account b..." in metamodel.run("restore").stderr
    assert f"ALTER TABLE b._models OWNER TO {owner};" in whole_dump(db)


def test_a_relation_of_somebody_else_fails_its_account(metamodel, db, owner):
    db.add_accounts("a", "b")
    metamodel.run("save")
    damage(db, "a")
    db.server.sql("CREATE TABLE b._theirs AS SELECT 1", db.name)
    before = whole_dump(db, None, "-n", "b")
    result = metamodel.run("restore", expect=3)
    assert re.search("_theirs belongs to role postgres, of which role .* is not a member",
                     errors_of(result, "b"))
    check_same(before, whole_dump(db, None, "-n", "b"))
    assert dump_by_hand(db, "a") == saved_dump(metamodel.tree(), "a")


@pytest.mark.parametrize("schema", ["public", "a"])
@pytest.mark.parametrize("is_old", [False, True], ids=["", "old"])
def test_no_function_of_a_user_runs_in_its_place(metamodel, db, schema, is_old):
    """It runs as a superuser perhaps; what it calls must be the server's own. (The search_path of
    an old dump begins with the account's schema.)"""
    db.add_global()
    db.sql("CREATE SCHEMA a")
    for arguments in ["text", "name", "text, name", "text, text", "text, text, name",
                      "text, text, text"]:
        db.sql(f"CREATE FUNCTION {schema}.format(text, {arguments}) RETURNS text LANGUAGE plpgsql "
               "AS $$ BEGIN RAISE EXCEPTION 'a trap'; END $$")
    db.sql(f"CREATE FUNCTION {schema}.trap(name, varchar) RETURNS boolean LANGUAGE plpgsql AS "
           "$$ BEGIN RAISE EXCEPTION 'a trap'; END $$; CREATE OPERATOR "
           f"{schema}.<> (LEFTARG = name, RIGHTARG = varchar, FUNCTION = {schema}.trap)")
    save = metamodel.cwd / "metamodel"
    if is_old:
        save.mkdir()
        (save / "a.sql").write_text(old_dump("a"))
    else:
        db.sql(in_schema("a", "CREATE TABLE _general (version text); CREATE VIEW _v AS SELECT 1; "
                         "INSERT INTO _general VALUES ('0.003'); INSERT INTO _global._accounts "
                         "(name) VALUES ('a')"))
        metamodel.run("save")
    for _ in range(2):
        metamodel.run("restore", "a")
    assert db.query("SELECT version FROM a._general") == [("0.003",)]
