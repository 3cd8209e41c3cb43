# SPDX-License-Identifier: PostgreSQL
"""`metamodel upgrade`: whatever an account comes from, it is what doc/metamodel-versions.md says
afterwards, name for name and row for row."""

import hashlib
import os
import re
import uuid
from types import SimpleNamespace

import pytest
from support import ROOT, Database, Metamodel, literal, quote
from support_restore import check_same, user_rows, whole_dump
from support_save import other, postgres_program
from support_upgrade import check_upgraded, make
from versions import (ADMIN_URLS, DEFAULTS, GLOBAL_STRUCTURE, NEWEST, NOW, STARTS, URLS, Account, global_sql,
                      read_comments, read_global_structure, read_rows, read_sequences, read_structure,
                      snapshot, structure, version_name)

FIXTURES = (other,)  # of test_save, used here, too

# Accounts whose _general holds other than the one version: where they start, what it holds before
# and after.
HISTORIES = {
    "between 1": (1, ["0.0015"], ["0.009"]),
    "between 2": (2, ["0.0025"], ["0.009"]),
    "between 3": (3, ["0.003999"], ["0.009"]),
    "between 4": (4, ["0.0040001"], ["0.009"]),
    "between 5": (5, ["0.0055"], ["0.009"]),
    "between 6": (6, ["0.0065"], ["0.009"]),
    "between 7": (7, [".0075"], ["0.009"]),
    "between 8": (8, ["0.00899999"], ["0.009"]),
    "short": (6, [".006"], ["0.009"]),
    "long": (6, ["0.006000"], ["0.009"]),
    "longer": (2, ["00.0020"], ["0.009"]),
    "history": (4, ["0.001", "0.004", "0.002"], ["0.001", "0.009", "0.002"]),
    "descending": (5, ["0.005", "0.004"], ["0.009", "0.004"]),
    "twice": (3, ["0.003", "0.001", "0.003"], ["0.009", "0.001", "0.009"]),
    "two spellings": (3, [".003", "0.0030", "0.0029"], ["0.009", "0.009", "0.0029"]),
    "as text": (7, ["0.007", ".006", "0.0065"], ["0.009", ".006", "0.0065"]),
    "up to date": (9, [".009"], [".009"]),
}

# Settings are those of the role that upgrades, which owns everything and is no superuser.
WORLDS = {
    "UTF8": {"histories": True},
    "LATIN1": {"encoding": "LATIN1"},
    "owner": {"owner": True},
    "nonstandard strings": {"owner": True, "settings": {
        "standard_conforming_strings": "off", "escape_string_warning": "off",
        "backslash_quote": "on"}},
    "odd settings": {"owner": True, "settings": {
        "search_path": "public", "DateStyle": "'SQL, DMY'", "IntervalStyle": "sql_standard",
        "TimeZone": "'Asia/Kathmandu'", "default_transaction_isolation": "serializable",
        "transform_null_equals": "on", "array_nulls": "off", "quote_all_identifiers": "on",
        "bytea_output": "escape", "extra_float_digits": "-15", "default_transaction_deferrable":
        "on", "check_function_bodies": "off", "client_min_messages": "debug1", "row_security":
        "off", "plpgsql.variable_conflict": "error", "enable_seqscan": "off"}},
}

PUBLIC = """
CREATE TABLE public."InPublic" (id integer, a text);
CREATE TABLE public."NoTable" (id integer, a text);
CREATE TABLE public."Post" (id integer, missing text);
COMMENT ON TABLE public."InPublic" IS 'public';
CREATE TABLE public._models (name text, description text);
CREATE TABLE public._action (id integer);
CREATE TABLE public._feeds (id integer);
CREATE VIEW public._ylogins AS SELECT 1 AS id;
CREATE TABLE public._general (version text);
INSERT INTO public._general VALUES ('0.003');
"""


class World:
    """A database with accounts of every start version and history, upgraded at once."""

    def __init__(self, server, path, encoding="UTF8", settings=(), owner=False, fresh=True,
                 histories=False):
        self.name = f"test_{uuid.uuid4().hex[:12]}"
        self.encoding = "latin-1" if encoding == "LATIN1" else "utf-8"
        self.role = f"{self.name} \"owner'" if owner else None
        self.server = server
        if owner:
            server.sql(f"CREATE ROLE {quote(self.role)} LOGIN")
        server.sql(f"CREATE DATABASE {self.name} ENCODING '{encoding}' "
                   f"LOCALE '{'C' if encoding != 'UTF8' else 'C.UTF-8'}' TEMPLATE template0 "
                   f"OWNER {quote(self.role or server.user)}")
        self.db = Database(server, self.name)
        self._connection = self.db.connect()
        self._connection.set_client_encoding("UTF8")
        if owner:
            self.run(f"ALTER SCHEMA public OWNER TO {quote(self.role)}; "
                     f"SET ROLE {quote(self.role)}")
        self.accounts = {}
        if fresh:
            self.run(global_sql(1) + PUBLIC)
            for start in STARTS:
                self.add(f"from {version_name(start)}", start, more=histories or owner)
            for name, (start, before, _) in HISTORIES.items() if histories else ():
                self.add(name, start, general=before)
            self.run("RESET ROLE")
        for name, value in dict(settings).items():
            server.sql(f"ALTER ROLE {quote(self.role)} SET {name} = {value}")
        self.program = Metamodel(os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel"),
                                 path, server, self.name)
        if owner:
            self.program.env["PGUSER"] = self.role

    def fit(self, text):
        """TEXT, with a question mark for what the encoding has not."""
        return text.encode(self.encoding, "replace").decode(self.encoding)

    def run(self, sql, values=None):
        self._connection.cursor().execute(sql, values)

    def add(self, name, start, more=False, **opts):
        account = Account(start, self.fit, self.encoding, more=more)
        account.make(self.run, name, **opts)
        self.accounts[name] = account

    def upgrade(self):
        db = self.db
        self.dump, self.user_rows = dump_of_users(self), user_rows(db)
        self.began = self.now()
        self.result = self.program.run("upgrade", timeout=120)
        self.ended = self.now()

    def now(self):
        return self.db.query("SELECT now()::timestamp(0) with time zone - interval '1 s', "
                             "now()::timestamp(0) with time zone + interval '1 s'")[0]

    def rows(self, account):
        """Its rows, with NOW for what was created by the upgrade."""
        cursor = self.db.connect().cursor()
        try:
            cursor.execute("SET TimeZone = 'UTC'")
            rows = read_rows(SimpleNamespace(tables=self.db.tables, query=lambda sql: (
                cursor.execute(sql), cursor.fetchall())[1]), account)
            cursor.execute("SELECT t::timestamptz::text FROM generate_series(%s::timestamptz, "
                           "%s::timestamptz, '1 s') t", (self.began[0], self.ended[1]))
            times = {row[0] for row in cursor.fetchall()}
        finally:
            cursor.connection.close()
        for table in rows.values():
            for row in table:
                if row.get("created") in times:
                    row["created"] = NOW
        return rows

    def close(self):
        self.program.end()
        self._connection.close()
        self.db.close()
        self.server.sql(f"DROP DATABASE {self.name} WITH (FORCE)")
        if self.role:
            self.server.sql(f"DROP ROLE {quote(self.role)}")


def dump_of_users(world, comments=False):
    """What belongs to the users, as pg_dump sees it."""
    dumped = postgres_program("pg_dump", world.server, world.name, "-T", "*._*", "--encoding=UTF8",
                              *([] if comments else ["--no-comments"]))
    assert dumped.returncode == 0, dumped.stderr
    return re.sub(r"(?m)^\\(un)?restrict .*\n", "", dumped.stdout.decode())


@pytest.fixture(scope="module", params=WORLDS)
def world(request, server, tmp_path_factory):
    world = World(server, tmp_path_factory.mktemp("world"), **WORLDS[request.param])
    try:
        for name, account in world.accounts.items():
            assert read_structure(world.db, name) == structure(account.version)
        world.upgrade()
        yield world
    finally:
        world.close()


class TestWorld:
    """Every start version, in one run."""

    @pytest.mark.slow
    def test_every_account_says_where_it_came_from(self, world):
        lines = world.result.stderr.splitlines()
        for name, account in world.accounts.items():
            said = [line for line in lines if f" account {name} from " in line]
            before = HISTORIES.get(name, (0, [version_name(account.version)]))[1]
            version = max(before, key=lambda text: float(text) if text != "none" else 0)
            steps = [version if version != "none" else "nil"]
            steps += [version_name(number) for number in range(account.version + 1, NEWEST + 1)]
            expected = [f"Upgrading account {name} from {old} to {new}..."
                        for old, new in zip(steps, steps[1:])]
            assert said == expected
            if account.version == NEWEST:
                assert f"Account {name} is up to date." in lines
        old = len([each for each in world.accounts.values() if each.version < NEWEST])
        assert f"{len(world.accounts) - old} already current" in lines[-1]
        assert lines[-1].startswith(f"Upgraded {old + 1} accounts, ")
        assert "Failed" not in lines[-1]
        assert world.result.stdout == ""

    def test_every_account_has_the_structure_of_the_newest_version(self, world):
        for name in world.accounts:
            check_same("\n".join(structure(NEWEST)), "\n".join(read_structure(world.db, name)))

    def test_every_row_is_as_the_facts_say(self, world):
        for name, account in world.accounts.items():
            rows, expected = world.rows(name), account.rows(NEWEST)
            after = HISTORIES.get(name, (0, 0, ["0.009"]))[2]
            expected["_general"] = [{**expected["_general"][0], "version": version}
                                    for version in after]
            rows["_general"].sort(key=lambda row: after.index(row["version"]))
            expected["_general"].sort(key=lambda row: after.index(row["version"]))
            assert rows.keys() == expected.keys()
            for table in expected:
                assert rows[table] == expected[table], (name, table)

    def test_every_sequence_stands_where_it_should(self, world):
        for name, account in world.accounts.items():
            assert read_sequences(world.db, name) == account.sequences(NEWEST), name

    def test_every_comment_is_there_and_no_other(self, world):
        for name, account in world.accounts.items():
            assert read_comments(world.db, name) == account.comments(), name

    def test_what_cannot_be_commented_is_warned_of(self, world):
        warnings = [line for line in world.result.stderr.splitlines()
                    if line.startswith("metamodel: warning: ")]
        for what in ("NoTable", "AView", "AMatview", "ASequence", "AType", "InPublic", "pg_class",
                     "missing", "NoId"):
            assert [line for line in warnings if "from none" in line and what in line], (
                what, warnings[:20])
        assert not [line for line in warnings if "from 0.009" in line or "from 0.008" in line]
        assert not [line for line in warnings if re.search("nobody's|Silent|Renamed|Parts", line)]

    def test_what_is_the_users_is_as_before(self, world):
        assert user_rows(world.db) == world.user_rows
        check_same(world.dump, dump_of_users(world))

    def test_nothing_is_in_public_that_was_not(self, world):
        assert read_comments(world.db, "public") == {("InPublic", None): "public"}
        assert world.db.query("SELECT version FROM public._general") == [("0.003",)]
        assert world.db.tables("public") == sorted(
            ["InPublic", "NoTable", "Post", "_models", "_action", "_feeds", "_general"])

    def test_global_is_the_newest(self, world):
        assert read_global_structure(world.db) == GLOBAL_STRUCTURE
        [(version, key, default)] = world.db.query(
            "SELECT version, captcha_key, (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef "
            "WHERE adrelid = '_global._general'::regclass) FROM _global._general")
        assert version == "0.009" and re.fullmatch("[0-9a-zA-Z]{16}", key)
        assert default == f"'{key}'::bpchar"
        assert read_comments(world.db, "_global") == {}

    def test_no_function_schema_setting_or_session_is_left_behind(self, world):
        assert world.db.query(
            "SELECT oid::regprocedure::text FROM pg_proc WHERE pronamespace IN (SELECT oid FROM "
            "pg_namespace WHERE nspname !~ '^(pg_catalog|information_schema)$')") == []
        schemas = {name for (name,) in world.db.query(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'")}
        assert schemas == {"_global", "public", *world.accounts}
        assert world.db.query("SELECT datname FROM pg_stat_activity WHERE application_name ~ "
                              f"'metamodel' AND datname = {literal(world.name)}") == []

    def test_all_belongs_to_who_owned_it(self, world):
        owners = world.db.query(
            "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace NOT IN "
            "(SELECT oid FROM pg_namespace WHERE nspname ~ '^(pg_|information_schema)')")
        assert owners == [(world.role or world.server.user,)]

    def test_status_finds_every_account_current(self, world):
        report = world.program.run("status", "--check", "--json").report
        assert {(each["account"], each["state"]) for each in report["accounts"]} == {
            (name, "current") for name in ["_global", *world.accounts]}

    def test_a_second_run_finds_nothing_to_do(self, world):
        def state():
            return [world.db.query(f"SELECT xmin::text, ctid, * FROM {quote(name)}._general")
                    for name in ["_global", *world.accounts]]

        before = state()
        result = world.program.run("upgrade", "--progress=never")
        lines = result.stderr.splitlines()
        assert lines[0] == "Global metamodel is up to date."
        assert sorted(lines[1:-1]) == sorted(f"Account {name} is up to date."
                                             for name in world.accounts)
        assert f" {len(world.accounts) + 1} already current" in lines[-1]
        assert state() == before


def nameless(world, account):
    """An account's dump without its name, rows in an order of our own."""
    dumped = whole_dump(world.db, None, "-n", quote(account)).replace(quote(account), "ACCOUNT")
    return re.sub(r"(?ms)(^COPY [^\n]*;\n)(.*?)(?=^\\\.$)",
                  lambda block: block[1] + "".join(sorted(block[2].splitlines(True))),
                  dumped.replace(account, "ACCOUNT"))


@pytest.mark.slow
def test_all_starts_end_the_same_also_when_the_old_state_was_reloaded(server, tmp_path):
    """Apart from the columns that a later start has filled: times, and what is indexed."""
    first = World(server, tmp_path)
    second = World(server, tmp_path, fresh=False)
    try:
        before = postgres_program("pg_dump", server, first.name).stdout
        (tmp_path / "before.sql").write_bytes(before)
        reloaded = postgres_program("psql", server, second.name, "-Xq", "-v", "ON_ERROR_STOP=1",
                                    "-f", tmp_path / "before.sql")
        assert reloaded.returncode == 0, reloaded.stderr
        dumps = []
        for world in first, second:
            world.upgrade()
            for start in STARTS:
                account = quote(f"from {version_name(start)}")
                world.run(f"UPDATE {account}._columns SET indexed = NULL; "
                          + "".join(f"UPDATE {account}.{table} SET created = NULL;" for table in
                                    ("_general", "_models", "_roles", "_views")))
                dumps.append(nameless(world, f"from {version_name(start)}"))
        assert "_ylogins" in dumps[0]
        for dump in dumps[1:]:
            check_same(dumps[0], dump)
        key = re.compile("'[0-9a-zA-Z]{16}'::bpchar|(?<=0\\.009\t)[0-9a-zA-Z]{16}")
        check_same(*(key.sub("KEY", whole_dump(world.db, None, "-n", "_global"))
                     for world in (first, second)))
    finally:
        first.close()
        second.close()


# ---- one account ----


@pytest.mark.parametrize("before, after", DEFAULTS.items(), ids=lambda text: ascii(text))
def test_examples_of_defaults(upgraded_examples, before, after):
    assert upgraded_examples.defaults[before] == after


@pytest.mark.parametrize("url, expected", URLS.items(), ids=lambda text: ascii(text))
def test_examples_of_urls(upgraded_examples, url, expected):
    assert upgraded_examples.urls[url] == expected


@pytest.fixture(scope="module")
def upgraded_examples(server, tmp_path_factory):
    """The two tables of examples, one row each, after an upgrade from 0.004."""
    world = World(server, tmp_path_factory.mktemp("examples"), fresh=False)
    try:
        world.run(global_sql(NEWEST))
        world.add("a", 4, user_tables=False)
        world.run("TRUNCATE a._columns, a._access; CREATE TABLE a.urls (id integer, url text)")
        for i, default in enumerate(DEFAULTS):
            world.run('INSERT INTO a._columns (id, name, type, table_name, "default") '
                      "VALUES (%s, %s, '', '', %s)", (i, str(i), default))
        for i, url in enumerate(URLS):
            world.run("INSERT INTO a._access VALUES (%s, 'Public', 'GET', %s)", (i, url))
        world.program.run("upgrade", "a")
        defaults = dict(world.db.query('SELECT id, "default" FROM a._columns'))
        urls = {i: (prefix, segments) for i, prefix, segments in world.db.query(
            "SELECT id, prefix, segments FROM a._access")}
        yield SimpleNamespace(
            defaults={default: defaults[i] for i, default in enumerate(DEFAULTS)},
            urls={url: urls[i] for i, url in enumerate(URLS)})
    finally:
        world.close()


def test_32768_slashes_are_the_most_that_segments_can_hold(metamodel, db, make):
    make("most", 5, "INSERT INTO _access (role, method, url) SELECT 'Public', 'GET', "
         "'/=/' || repeat('a/', 32766)")
    make("toomany", 5, "INSERT INTO _access (role, method, url) SELECT 'Public', 'GET', "
         "'/=/' || repeat('a/', 32767)")
    before = snapshot(db, "toomany")
    result = metamodel.run("upgrade", expect=3)
    assert db.query("SELECT segments, length(prefix) FROM most._access ORDER BY id DESC LIMIT 1"
                    ) == [(32767, 65532)]
    check_same(before, snapshot(db, "toomany"))
    assert re.search(r"metamodel: error: \[toomany upgrade\] .*smallint out of range",
                     result.stderr)
    assert re.search(r"local/0\.006\.sql:\d+", result.stderr)
    assert db.query("SELECT version FROM toomany._general") == [("0.005",)]


@pytest.mark.parametrize("version", [0, 1, 2])
def test_passwords_are_hashed_as_the_bytes_they_are_and_once(metamodel, db, make, version):
    passwords = ["é", "", "5ebe2294ecd0e0f08eab7690d2a6ee69", "a\nb'\\", "x" * 5000]
    make("a", version)
    for i, password in enumerate(passwords):
        db.sql("INSERT INTO a._roles (name, login, description, password) VALUES "
               f"('n{i}', '', '', {literal(password)})")
    db.sql("INSERT INTO a._roles (name, login, description) VALUES ('null', '', '')")
    metamodel.run("upgrade")
    metamodel.run("upgrade")
    found = dict(db.query("SELECT name, password FROM a._roles"))
    assert found["null"] is None
    for i, password in enumerate(passwords):
        assert found[f"n{i}"] == hashlib.md5(password.encode()).hexdigest()
    assert found["n1"] == "d41d8cd98f00b204e9800998ecf8427e"


def test_roles_get_their_ids_in_the_order_they_lie(metamodel, db, make):
    make("a", 0, "TRUNCATE _roles")
    make("empty", 0, "TRUNCATE _roles, _models, _columns, _views, _access_rules")
    db.sql("INSERT INTO a._roles (name, login, description) SELECT 'r' || i, '', '' "
           "FROM generate_series(1, 2000) i")
    db.sql("UPDATE a._roles SET description = 'moved' WHERE name IN ('r1', 'r700', 'r1999')")
    db.sql("DELETE FROM a._roles WHERE name = 'r5'")
    order = [name for (name,) in db.query("SELECT name FROM a._roles ORDER BY ctid")]
    metamodel.run("upgrade")
    assert db.query("SELECT id, name FROM a._roles ORDER BY id") == list(enumerate(order, 1))
    assert read_sequences(db, "a")["_roles_id_seq"] == (1999, True)
    assert read_sequences(db, "empty")["_roles_id_seq"] == (1, False)
    assert read_structure(db, "empty") == structure(NEWEST)
    assert db.query("SELECT count(*) FROM empty._access") == [(0,)]


def test_the_first_account_of_an_old_server(metamodel, db, make):
    """As adduser made it, and nothing else."""
    make("a", 0, "TRUNCATE _roles, _models, _columns, _views, _access_rules RESTART IDENTITY")
    db.sql("INSERT INTO a._roles (name, login, password, description) VALUES "
           "('Admin', 'password', 'secret', 'Administrator'), "
           "('Public', 'anonymous', NULL, 'Anonymous')")
    for method, url in ADMIN_URLS:
        db.sql("INSERT INTO a._access_rules (role, method, url) VALUES "
               f"('Admin', '{method}', '{url}')")
    assert len(ADMIN_URLS) == 81
    metamodel.run("upgrade")
    assert db.query("SELECT id, name, password, login, description FROM a._roles ORDER BY 1") == [
        (1, "Admin", "5ebe2294ecd0e0f08eab7690d2a6ee69", "password", "Administrator"),
        (2, "Public", None, "anonymous", "Anonymous")]
    assert db.query("SELECT count(*) FROM a._access") == [(0,)]
    assert read_sequences(db, "a") == {
        "_models_id_seq": (1, False), "_columns_id_seq": (1, False), "_roles_id_seq": (2, True),
        "_access_rules_id_seq": (88, True), "_views_id_seq": (1, False),
        "_feeds_id_seq": (1, False), "_actions_id_seq": (1, False),
        "_action_params_id_seq": (1, False), "_ylogins_id_seq": (1, False)}
    metamodel.run("upgrade", "a")
    db.sql("INSERT INTO a._access (role, method, prefix) VALUES ('', '', '')")
    assert db.query("SELECT id, segments, prohibiting, applied_to::text FROM a._access") == [
        (89, None, False, "{0.0.0.0/0}")]


# What an account may have that is not in the facts, and its structure afterwards: lines that are
# other than usual.
ODDITIES = {
    "definition key renamed": (
        4, "ALTER TABLE _views RENAME CONSTRAINT _views_definition_key TO d", [], []),
    "definition key absent": (4, "ALTER TABLE _views DROP CONSTRAINT _views_definition_key", [],
                              []),
    "definition key absent from none": (
        0, "ALTER TABLE _views DROP CONSTRAINT _views_definition_key", [], []),
    "definition key twice": (
        3, "ALTER TABLE _views ADD CONSTRAINT again UNIQUE (definition)", [], []),
    "definition with others": (
        1, "ALTER TABLE _views ADD CONSTRAINT k UNIQUE (definition, id)",
        ["_views: constraint k UNIQUE (definition, id)",
         "_views: index k unique USING btree (definition, id)"], []),
    "columns key of 2008": (
        2, "ALTER TABLE _columns RENAME CONSTRAINT _columns_table_name_name_key TO "
        "_columns_table_name_key",
        ["_columns: constraint _columns_table_name_key UNIQUE (model, name)",
         "_columns: index _columns_table_name_key unique USING btree (model, name)"],
        ["_columns: constraint _columns_table_name_name_key UNIQUE (model, name)",
         "_columns: index _columns_table_name_name_key unique USING btree (model, name)"]),
    "action absent": (1, "DROP TABLE _action", [], []),
    "models key renamed": (
        0, "ALTER TABLE _models RENAME CONSTRAINT _models_table_name_key TO t", [], []),
    "old helper": (
        0, "CREATE FUNCTION _upgrade() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        ["function _upgrade()"], []),
    "old helper, all of it": (
        2, "CREATE FUNCTION _upgrade() RETURNS integer LANGUAGE sql AS 'SELECT 1'; "
        "CREATE FUNCTION md5(character varying) RETURNS text LANGUAGE sql AS "
        "'SELECT ''mine''::text';"
        "CREATE FUNCTION length(character varying) RETURNS integer LANGUAGE sql AS 'SELECT 0';"
        "CREATE FUNCTION quote_ident(name) RETURNS text LANGUAGE sql AS 'SELECT ''x''::text';"
        "CREATE FUNCTION eq(character varying, text) RETURNS boolean LANGUAGE sql AS "
        "'SELECT false'; CREATE OPERATOR = (FUNCTION = eq, LEFTARG = character varying, "
        "RIGHTARG = text)",
        ["function _upgrade()", "function md5(character varying)",
         "function length(character varying)", "function quote_ident(name)",
         "function eq(character varying,text)"], []),
    "user relations": (
        0, "CREATE TABLE pg_class (id integer, relname text); CREATE TABLE pg_attribute (x text); "
        "CREATE TABLE pg_description (x text); CREATE VIEW pg_constraint AS SELECT 1 AS x", [], []),
}


@pytest.mark.parametrize("oddity", ODDITIES)
def test_oddities_of_an_account_do_not_stop_it(metamodel, db, make, oddity):
    version, before, more, less = ODDITIES[oddity]
    account = make("a", version, before, more=True)
    metamodel.run("upgrade")
    # Functions are shown as a session sees them that looks into the account first.
    found = [line.replace("a.", "") if line.startswith("function") else line
             for line in read_structure(db, "a")]
    check_same("\n".join(sorted({*structure(NEWEST), *more} - {*less})), "\n".join(sorted(found)))
    if not less and not more:
        check_upgraded(db, "a", account)
    rows = read_rows(db, "a")
    assert [row["password"] for row in rows["_roles"]] == [
        row["password"] for row in account.rows(NEWEST)["_roles"]]


# Functions and operators that would fit a call better than the server's own.
TRAPS = [("format", ["text", *arguments]) for arguments in (
    ["name"], ["text"], ["name", "text"], ["text", "text"], ["name", "text", "text"],
    ["text", "text", "text"], ["name", "text", "text", "text"], ["text"] * 4, ["name", "name"],
    ["name", "name", "text"])]
TRAPS += [(name, [kind]) for name in ("md5", "length", "quote_ident", "quote_literal", "left",
                                      "char_length", "substr")
          for kind in ("character varying", "name", "character", "integer")]
TRAPS += [("replace", ["text", "character varying", "text"]), ("convert_to", ["text", "text"]),
          ("regexp_replace", ["text", "text", "character varying"]),
          ("concat", ["text", "text"]), ("concat", ["text", "text", "text"]),
          ("set_config", ["text", "name", "boolean"]), ("to_regclass", ["name"]),
          ("coalesce", ["text", "text"]), ("current_schema", ["integer"])]


def test_no_function_of_an_account_runs_in_place_of_the_servers(metamodel, db, make):
    """It may be a superuser who upgrades."""
    body = "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a trap'; END $$"
    traps = [f"CREATE FUNCTION {quote(name)}({', '.join(kinds)}) RETURNS text {body}"
             for name, kinds in TRAPS]
    for left, right in [("name", "text"), ("text", "name"), ("name", "character varying"),
                        ("character varying", "text"), ("text", "character varying"),
                        ("character varying", "character varying")]:
        name = f"trap_{left}_{right}".replace(" ", "_")
        traps.append(f"CREATE FUNCTION {name}({left}, {right}) RETURNS boolean {body}")
        for operator in ("=", "<>", "~", "||"):
            traps.append(f"CREATE OPERATOR {operator} (FUNCTION = {name}, LEFTARG = {left}, "
                         f"RIGHTARG = {right})")
    make("a", 0, "; ".join(traps), user_tables=True)
    result = metamodel.run("upgrade", "a", check=False)
    assert "a trap" not in result.stderr, result
    assert db.query("SELECT version FROM a._general") == [("0.009",)]
    assert metamodel.run("status", "--check", "a", check=False).returncode == 0


# ---- comments of 0.008 ----

def comments_after(metamodel, db, make, sql, models, columns=(), version=7):
    make("a", version, f"TRUNCATE _models, _columns; {sql}")
    for name, description in models:
        db.connect().cursor().execute(
            "INSERT INTO a._models (name, description) VALUES (%s, %s)", (name, description))
    for model, name, label in columns:
        db.connect().cursor().execute(
            "INSERT INTO a._columns (name, type, model, label) VALUES (%s, 'text', %s, %s)",
            (name, model, label))
    result = metamodel.run("upgrade", "a")
    return read_comments(db, "a"), result.stderr


def test_comments_are_overwritten_and_emptied(metamodel, db, make):
    comments, said = comments_after(
        metamodel, db, make, "CREATE TABLE m (id int, a text, b text, c text, d text);"
        "COMMENT ON TABLE m IS 'x'; COMMENT ON COLUMN m.a IS 'x'; COMMENT ON COLUMN m.b IS 'x'; "
        "COMMENT ON COLUMN m.d IS 'x'; CREATE TABLE n (id int); COMMENT ON TABLE n IS 'x'; "
        "COMMENT ON COLUMN n.id IS 'x'", [("m", "new"), ("n", "")],
        [("m", "a", "new"), ("m", "b", ""), ("m", "c", None), ("n", "id", "")])
    assert comments == {("m", None): "new", ("m", "id"): "ID", ("m", "a"): "new", ("m", "d"): "x"}
    assert "warning" not in said


def test_null_is_no_comment(metamodel, db, make):
    comments, said = comments_after(
        metamodel, db, make, "CREATE TABLE m (id int, a text); COMMENT ON TABLE m IS 'x'; "
        "COMMENT ON COLUMN m.a IS 'x'", [("m", None)], [("m", "a", None)])
    assert comments == {("m", "id"): "ID"}
    assert "warning" not in said


TABLELESS = ["pg_class", "pg_type", "information_schema", "nothing", "", "public.m", '"m"', "M",
             "x" * 200, "m'; DROP TABLE _models; --", "%I", "$1", "a\nb", "a.m", "_no"]


def test_a_model_without_a_table_is_skipped_with_a_warning(metamodel, db, make):
    db.sql("CREATE TABLE public.nothing (id int, a text); CREATE TABLE public.m (id int, a text); "
           "CREATE TABLE public.\"M\" (id int, a text)")
    comments, said = comments_after(
        metamodel, db, make, "CREATE TABLE m (id int, a text)",
        [*((name, "d") for name in TABLELESS), ("m", "m")],
        [*((name, "a", "label") for name in TABLELESS), ("m", "a", "label")])
    assert comments == {("m", None): "m", ("m", "id"): "ID", ("m", "a"): "label"}
    assert read_comments(db, "public") == {}
    assert read_structure(db, "a") == structure(NEWEST)
    for name in TABLELESS:
        first = re.escape(name[:4].split("\n")[0])
        assert re.search(rf"(?m)^metamodel: warning: \[a upgrade\] .*{first}", said), (name, said)
    assert db.query("SELECT obj_description('pg_class'::regclass, 'pg_class')") == [(None,)]


@pytest.mark.parametrize("relation", [
    "CREATE VIEW m AS SELECT 1 AS id, 2 AS a", "CREATE SEQUENCE m", "CREATE TYPE m AS (id int)",
    "CREATE MATERIALIZED VIEW m AS SELECT 1 AS id, 2 AS a",
    "CREATE TABLE t (id int); CREATE INDEX m ON t (id)",
    "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; "
    "CREATE FOREIGN TABLE m (id int, a text) SERVER s"], ids=lambda sql: sql[7:15])
def test_a_model_that_is_no_table_is_skipped_with_a_warning(metamodel, db, make, relation):
    comments, said = comments_after(metamodel, db, make, relation, [("m", "d")],
                                    [("m", "a", "label")])
    assert comments == {}
    assert re.search(r"(?m)^metamodel: warning: .*\ba\b.*\bm\b", said), said


@pytest.mark.parametrize("table", [
    "CREATE TABLE m (id int, a text) PARTITION BY LIST (id); CREATE TABLE p PARTITION OF m DEFAULT",
    "CREATE UNLOGGED TABLE m (id int, a text)", "CREATE TABLE m0 (id int); "
    "CREATE TABLE m (a text) INHERITS (m0)", "CREATE TABLE m0 (); CREATE TABLE m PARTITION OF q "
    "DEFAULT"], ids=["partitioned", "unlogged", "child", "partition"])
def test_tables_of_every_kind_are_commented(metamodel, db, make, table):
    if "OF q" in table:
        table = f"CREATE TABLE q (id int, a text) PARTITION BY LIST (id); {table}"
    comments, said = comments_after(metamodel, db, make, table, [("m", "d")], [("m", "a", "A")])
    assert comments == {("m", None): "d", ("m", "id"): "ID", ("m", "a"): "A"}
    assert "warning" not in said


def test_columns_that_are_missing_or_dropped_are_skipped(metamodel, db, make):
    comments, said = comments_after(
        metamodel, db, make, "CREATE TABLE m (gone int, a text); ALTER TABLE m DROP gone; "
        "CREATE TABLE n (x int, id int); ALTER TABLE n DROP id", [("m", "d"), ("n", "d")],
        [("m", "gone", "G"), ("m", "a", "A"), ("m", "A", "A"), ("m", "", "A"), ("n", "y", "Y"),
         ("n", "x", "X"), ("n", "........pg.dropped.2........", "D")])
    assert comments == {("m", None): "d", ("m", "a"): "A", ("n", None): "d", ("n", "x"): "X"}
    for words in (r"\bm\b.*\bid\b", r"\bm\b.*\bgone\b", r"\bn\b.*\bid\b", r"\bn\b.*\by\b"):
        assert re.search(rf"(?m)^metamodel: warning: .*{words}", said), (words, said)


def test_a_name_that_postgresql_cut_is_cut_here_too(metamodel, db, make):
    """The old server made the table and the comment with the same too long a name."""
    name = "é" * 30 + "abcdef"
    comments, _ = comments_after(
        metamodel, db, make, f"CREATE TABLE {quote(name)} (id int, {quote(name)} text)",
        [(name, "d")], [(name, name, "A")])
    cut = "é" * 30 + "abc"
    assert comments == {(cut, None): "d", (cut, "id"): "ID", (cut, cut): "A"}


def test_hundreds_of_models_are_commented(metamodel, db, make):
    make("a", 0, "TRUNCATE _models, _columns")
    db.sql("INSERT INTO a._models (name, table_name, description) SELECT 'm' || i, i, 'd' || i "
           "FROM generate_series(1, 300) i; "
           "INSERT INTO a._columns (name, type, table_name, label) SELECT 'c' || j, '', 'm' || i, "
           "'l' || i || j FROM generate_series(1, 300) i, generate_series(1, 5) j; "
           "DO $$BEGIN FOR i IN 1..300 LOOP EXECUTE 'CREATE TABLE a.m' || i || "
           "' (id int, c1 int, c2 int, c3 int, c4 int, c5 int)'; END LOOP; END$$")
    metamodel.run("upgrade")
    comments = read_comments(db, "a")
    assert len(comments) == 300 * 7
    assert comments["m300", "c5"] == "l3005" and comments["m1", None] == "d1"


# ---- names ----

NAMES = ["a b", "it's", '"q"', "Foo", "foo", "$(touch x)", "ä" * 31 + "x", "_models", "user",
         "1abc", "foo-bar", "a;b", "../../etc/x", "-n", "--to", "100%", "a\\b", "two\nlines",
         ".suffix", "pg", "pgsql", "public ", "_", "SELECT", "%s%n", "{}", "begin", "a,b",
         "$1", "E'x"]


@pytest.mark.slow
def test_names_of_every_kind_are_names(metamodel, db, make):
    accounts = {name: make(name, [0, 5, 7][i % 3], user_tables=i % 2 == 0)
                for i, name in enumerate(NAMES)}
    metamodel.run("upgrade")
    for name, account in accounts.items():
        check_upgraded(db, name, account)
    assert sorted(path.name for path in metamodel.cwd.iterdir()) == ["metamodel.lock"]


@pytest.mark.slow
def test_names_as_arguments_are_these_accounts_and_no_others(metamodel, db, make):
    for name in NAMES:
        make(name, 7)
    versions = " UNION ALL ".join(f"SELECT {i}, version FROM {quote(name)}._general"
                                  for i, name in enumerate(NAMES))
    for i, name in enumerate(NAMES):
        result = metamodel.run("upgrade", "--", name)
        assert result.stderr.count(" from 0.008 to 0.009...") == 1
        assert dict(db.query(versions)) == {
            j: "0.009" if j <= i else "0.007" for j in range(len(NAMES))}


def test_an_account_called_like_the_variable_in_search_path(metamodel, db, make):
    """A search_path of "$user", quoted or not, is the schema that is called like the user."""
    account = make("tmp", 2)
    make("postgres", 2, register=False)
    db.sql("ALTER SCHEMA tmp RENAME TO \"$user\"; UPDATE _global._accounts SET name = '$user'")
    before = snapshot(db, "postgres")
    result = metamodel.run("upgrade", check=False)
    check_same(before, snapshot(db, "postgres"))
    db.sql("ALTER SCHEMA \"$user\" RENAME TO tmp")
    if result.returncode == 0:
        check_upgraded(db, "tmp", account)
    else:
        assert result.returncode == 3 and "[$user upgrade] " in result.stderr
        assert read_structure(db, "tmp") == structure(2)


def test_an_account_called_public(metamodel, db, make):
    db.sql("DROP SCHEMA public")
    account = make("public", 0)
    metamodel.run("upgrade")
    check_upgraded(db, "public", account)


# ---- _global ----

def test_global_of_every_version_ends_the_same(metamodel, db):
    for version in range(1, NEWEST + 1):
        db.sql(global_sql(version) + "INSERT INTO _global._accounts (name) VALUES ('gone');"
               "DELETE FROM _global._accounts")
        result = metamodel.run("upgrade")
        assert read_global_structure(db) == GLOBAL_STRUCTURE
        [(found, key)] = db.query("SELECT version, captcha_key FROM _global._general")
        assert found == "0.009" and re.fullmatch("[0-9a-zA-Z]{16}", key)
        assert version < 4 or key == "aB3dE5gH7jK9mN1p"
        assert read_sequences(db, "_global") == {"_accounts_id_seq": (1, True)}
        steps = [version_name(number) for number in range(version, NEWEST + 1)]
        said = [line for line in result.stderr.splitlines() if "Upgrading" in line]
        assert said == [f"Upgrading global metamodel from {old} to {new}..."
                        for old, new in zip(steps, steps[1:])]
        assert version < NEWEST or "Global metamodel is up to date." in result.stderr
        db.sql("DROP SCHEMA _global CASCADE")


def test_the_captcha_key_is_random_and_the_same_in_row_and_default(metamodel, db):
    keys = set()
    for _ in range(3):
        db.sql(global_sql(3) + "INSERT INTO _global._general VALUES ('0.001')")
        metamodel.run("upgrade", "-q")
        found = db.query("SELECT captcha_key FROM _global._general")
        [(default,)] = db.query("SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid "
                                "= '_global._general'::regclass")
        assert len(found) == 2 and found[0] == found[1] and default == f"'{found[0][0]}'::bpchar"
        keys.add(default)
        db.sql("DROP SCHEMA _global CASCADE")
    assert len(keys) == 3


def test_a_key_that_is_there_is_not_replaced(metamodel, db):
    db.sql(global_sql(4))
    metamodel.run("upgrade", "_global")
    assert db.query("SELECT version, captcha_key FROM _global._general") == [
        ("0.009", "aB3dE5gH7jK9mN1p")]


def test_a_history_of_global_is_kept(metamodel, db):
    for rows, after in [(["0.002", "0.003", "0.001"], ["0.001", "0.002", "0.009"]),
                        ([".0035"], ["0.009"]), (["0.003000", ".003"], ["0.009", "0.009"])]:
        db.sql(global_sql(3) + "TRUNCATE _global._general; " + "".join(
            f"INSERT INTO _global._general VALUES ('{row}');" for row in rows))
        metamodel.run("upgrade")
        assert db.query("SELECT version FROM _global._general ORDER BY 1") == [
            (version,) for version in after]
        db.sql("DROP SCHEMA _global CASCADE")


def test_without_global_it_is_made_and_the_accounts_are_named(metamodel, db, make):
    make("b", 3)
    make("a b", 0)
    make("more", 9)
    db.sql("DROP SCHEMA _global CASCADE; CREATE SCHEMA c; CREATE TABLE c._roles (); "
           "CREATE SCHEMA d; CREATE TABLE d._models ()")
    before = [snapshot(db, name) for name in ("b", "a b", "more", "c", "d")]
    result = metamodel.run("upgrade")
    assert read_global_structure(db) == GLOBAL_STRUCTURE
    assert db.query("SELECT version FROM _global._general") == [("0.009",)]
    assert db.query("SELECT * FROM _global._accounts") == []
    assert [snapshot(db, name) for name in ("b", "a b", "more", "c", "d")] == before
    lines = result.stderr.splitlines()
    told = lines.index("WARNING!!! You need to upgrade every user account in your system manually.")
    listed = "\n".join(lines[told + 1:])
    for name in ("b", "a b", "more"):
        assert re.search(rf"(?<![\w ]){name}(?!\w)", listed), listed
    assert not re.search(r"(?m)(?<!\w)[cd]$", listed)
    assert read_sequences(db, "_global") == {"_accounts_id_seq": (1, False)}


def test_without_global_a_named_account_is_upgraded_after_making_it(metamodel, db, make):
    account = make("foo", 2)
    make("bar", 2)
    db.sql("DROP SCHEMA _global CASCADE")
    result = metamodel.run("upgrade", "foo")
    assert read_global_structure(db) == GLOBAL_STRUCTURE
    check_upgraded(db, "foo", account)
    assert read_structure(db, "bar") == structure(2)
    assert "WARNING!!!" in result.stderr
    assert db.query("SELECT * FROM _global._accounts") == []


def test_a_global_that_is_an_empty_schema_is_filled(metamodel, db):
    db.sql("CREATE SCHEMA _global; CREATE TABLE public._accounts (x int); "
           "CREATE TABLE public._general (x int)")
    metamodel.run("upgrade")
    assert read_global_structure(db) == GLOBAL_STRUCTURE
    assert db.query("SELECT version FROM _global._general") == [("0.009",)]


def test_a_global_with_accounts_but_without_versions_keeps_its_accounts(metamodel, db, make):
    account = make("a", 8)
    db.sql("DROP TABLE _global._general")
    result = metamodel.run("upgrade")
    assert "Upgrading global metamodel from nil to 0.001..." in result.stderr
    assert read_global_structure(db) == GLOBAL_STRUCTURE
    assert db.query("SELECT id, name FROM _global._accounts") == [(1, "a")]
    check_upgraded(db, "a", account)
