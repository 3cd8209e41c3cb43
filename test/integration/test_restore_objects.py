# SPDX-License-Identifier: PostgreSQL
"""What `restore -n` and `restore` say of types, functions, extensions and so on that no save holds, and
that the database of the restore lacks."""

import uuid

import pytest
from support import Database, quote, server_major
from support_restore import rehash

TRIGGER = "RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
FUNCTION = "(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'"
OTHER = "CREATE SCHEMA other;"

# What is made outside of the metamodel, what of the metamodel needs it, and how it is called.
KINDS = {
    "type": (OTHER + "CREATE TYPE other.mood AS ENUM ('a')", "ALTER TABLE {} ADD m other.mood",
             "type other.mood"),
    "array": (OTHER + "CREATE TYPE other.mood AS ENUM ('a')", "ALTER TABLE {} ADD m other.mood[]",
              "type other.mood"),
    "own type": ("CREATE SCHEMA IF NOT EXISTS agentzh; CREATE DOMAIN agentzh.\"D x\" AS text",
                 "ALTER TABLE {} ADD m agentzh.\"D x\"", 'type agentzh."D x"'),
    "public type": ("CREATE DOMAIN public.\"Wörd\" AS text", "ALTER TABLE {} ADD m public.\"Wörd\"",
                    'type public."Wörd"'),
    "table of type": (OTHER + "CREATE TYPE other.comp AS (a int)", "CREATE TABLE agentzh._o OF other.comp",
                      "type other.comp"),
    "default": (OTHER + f"CREATE FUNCTION other.f{FUNCTION}",
                "ALTER TABLE {} ADD m text DEFAULT other.f('x')", "function other.f"),
    "check": (OTHER + f"CREATE FUNCTION other.f{FUNCTION}",
              "ALTER TABLE {} ADD m text CHECK (m = other.f(m))", "function other.f"),
    "own function": (f"CREATE SCHEMA IF NOT EXISTS agentzh; CREATE FUNCTION agentzh.f() {TRIGGER}",
                     "CREATE TRIGGER t BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION agentzh.f()",
                     "trigger function agentzh.f"),
    "trigger": (OTHER + f"CREATE FUNCTION other.f() {TRIGGER}",
                "CREATE TRIGGER t BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION other.f()",
                "trigger function other.f"),
    "collation": (OTHER + "CREATE COLLATION other.c FROM \"C\"", "ALTER TABLE {} ADD m text COLLATE other.c",
                  "collation other.c"),
    "operator": (OTHER + f"CREATE FUNCTION other.f(text, text) RETURNS bool IMMUTABLE LANGUAGE sql "
                 "AS 'SELECT true'; CREATE OPERATOR other.~~> (LEFTARG = text, RIGHTARG = text, "
                 "FUNCTION = other.f)",
                 "ALTER TABLE {} ADD m text CHECK (m OPERATOR(other.~~>) 'x')", "operator other.~~>"),
    "operator class": (OTHER + "CREATE OPERATOR CLASS other.ops FOR TYPE text USING btree AS "
                       "OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, "
                       "FUNCTION 1 bttextcmp(text, text)",
                       "CREATE INDEX _i ON {} (name other.ops)", "operator class other.ops"),
    "text search": (OTHER + "CREATE TEXT SEARCH CONFIGURATION other.cfg (COPY = simple)",
                    "CREATE INDEX _i ON {} USING gin (to_tsvector('other.cfg', name))",
                    "text search configuration other.cfg"),
    "foreign key": (OTHER + "CREATE TABLE other.\"T\" (id int PRIMARY KEY)",
                    "ALTER TABLE {} ADD m int REFERENCES other.\"T\"", 'table other."T"'),
    "sequence": (OTHER + "CREATE SEQUENCE other.seq",
                 "ALTER TABLE {} ADD m bigint DEFAULT nextval('other.seq')", "relation other.seq"),
    "own sequence": ("CREATE SCHEMA IF NOT EXISTS agentzh; CREATE SEQUENCE agentzh.seq",
                     "ALTER TABLE {} ADD m bigint DEFAULT nextval('agentzh.seq')", "relation agentzh.seq"),
    "view": (OTHER + "CREATE TABLE other.t (id int)", "CREATE VIEW agentzh._v AS SELECT id FROM other.t",
             "relation other.t"),
    "parent": (OTHER + "CREATE TABLE other.t (id int)", "CREATE TABLE agentzh._c () INHERITS (other.t)",
               "parent other.t"),
    "partitioned": (OTHER + "CREATE TABLE other.t (id int) PARTITION BY LIST (id)",
                    "CREATE TABLE agentzh._c PARTITION OF other.t FOR VALUES IN (1)", "parent other.t"),
    "foreign server": ("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER srv FOREIGN DATA WRAPPER w",
                       "CREATE FOREIGN TABLE agentzh._f (id int) SERVER srv", "foreign server srv"),
    "extension": ("CREATE EXTENSION citext", "ALTER INDEX agentzh._models_pkey DEPENDS ON EXTENSION citext",
                  "extension citext"),
    "access method": ("CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler",
                      "CREATE TABLE agentzh._h (id int) USING heap2", "table access method heap2"),
}

# What is made by which extension, how it is used, what is missing, and what is to be done.
EXTENSIONS = {
    "citext": ("", "ALTER TABLE {} ADD m public.citext", "type public.citext", "CREATE EXTENSION citext"),
    "hstore": ("SCHEMA other", "ALTER TABLE {} ADD m other.hstore", "type other.hstore",
               "CREATE SCHEMA other; CREATE EXTENSION hstore SCHEMA other"),
    "isn": ("", "ALTER TABLE {} ADD m public.isbn", "type public.isbn", "CREATE EXTENSION isn"),
    "pg_trgm": ("", "CREATE INDEX _i ON {} USING gin (name public.gin_trgm_ops)",
                "operator class public.gin_trgm_ops", "CREATE EXTENSION pg_trgm"),
    "uuid-ossp": ("", "ALTER TABLE {} ADD m uuid DEFAULT public.uuid_generate_v4()",
                  "function public.uuid_generate_v4", 'CREATE EXTENSION "uuid-ossp"'),
    "bloom": ("", "CREATE INDEX _i ON {} USING bloom (name)", "index access method bloom",
              "CREATE EXTENSION bloom"),
}


@pytest.fixture
def elsewhere(db):
    """Another database, with nothing in it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    db.server.sql(f"CREATE DATABASE {name}")
    other = Database(db.server, name)
    yield other
    other.close()
    db.server.sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def saved(db, metamodel):
    """save(MAKE, USE): a save of two accounts, one of which needs what MAKE makes."""
    def save(make, use):
        db.add_accounts("agentzh", "marry")
        db.sql(f"SET search_path TO DEFAULT; {make};" + use.format("agentzh._models"))
        metamodel.run("save")
        return metamodel
    return save


def into(database):
    """Whatever was restored there before is replaced."""
    return ["-d", database.name, "--from-other-database"]


def both(metamodel, *args, expect=3):
    """What `restore -n` and `restore` say; the second has to fail where the first one did."""
    return [metamodel.run("restore", *more, *args, expect=expect).stderr for more in (["-n"], [])]


class TestWhatIsMissing:
    @pytest.mark.parametrize("kind", KINDS)
    def test_is_named_before_anything_is_touched(self, saved, elsewhere, kind):
        make, use, what = KINDS[kind]
        program = saved(make, use)
        for said in both(program, *into(elsewhere)):
            assert f'[agentzh plan] database "{elsewhere.name}" does not have what its dump needs: {what}' in said
            assert "SQLSTATE" not in said and "marry plan" not in said
        assert elsewhere.tables("marry")
        assert not elsewhere.query("SELECT FROM pg_namespace WHERE nspname = 'agentzh'")

    @pytest.mark.parametrize("kind", KINDS)
    def test_is_enough_once_it_is_there(self, saved, elsewhere, kind):
        make, use, _ = KINDS[kind]
        program = saved(make, use)
        elsewhere.sql(make)
        program.run("restore", "-n", *into(elsewhere))
        program.run("restore", *into(elsewhere))
        program.run("restore", "-n", *into(elsewhere))

    @pytest.mark.parametrize("extension", EXTENSIONS)
    def test_comes_with_an_extension_that_the_hint_makes(self, saved, elsewhere, extension):
        where, use, what, remedy = EXTENSIONS[extension]
        program = saved(f'{OTHER if where else ""} CREATE EXTENSION "{extension}" {where}', use)
        for said in both(program, *into(elsewhere)):
            assert f"does not have what its dump needs: {what}" in said
            assert f"no save holds it: provide it first: {remedy}\n" in said
        elsewhere.sql(remedy)
        program.run("restore", *into(elsewhere))

    def test_may_be_in_another_schema(self, saved, elsewhere):
        program = saved("CREATE EXTENSION citext", "ALTER TABLE {} ADD m public.citext")
        elsewhere.sql("CREATE SCHEMA other; CREATE EXTENSION citext SCHEMA other")
        for said in both(program, *into(elsewhere)):
            assert "provide it first: ALTER EXTENSION citext SET SCHEMA public" in said

    def test_is_told_in_one_line_however_much_it_is(self, saved, elsewhere):
        program = saved(OTHER + "".join(f"CREATE DOMAIN other.d{i} AS text;" for i in range(15)),
                        "".join(f"ALTER TABLE {{0}} ADD m{i} other.d{i};" for i in range(15)))
        said = program.run("restore", "-n", *into(elsewhere), expect=3).stderr
        assert "type other.d0, type other.d1, " in said and said.count("type other.d") == 12 and " and 3 more" in said

    def test_of_an_account_that_comes_back_too_is_not_missing(self, saved, elsewhere):
        program = saved("", "ALTER TABLE marry._models ADD m int UNIQUE; ALTER TABLE {} ADD m int "
                            "REFERENCES marry._models (m), ADD n marry._roles; CREATE VIEW agentzh._v AS "
                            "SELECT name FROM marry._roles JOIN _global._accounts USING (name)")
        said = program.run("restore", "-n", "agentzh", *into(elsewhere), expect=1).stderr
        assert "relation _global._accounts, table marry._models" in said or \
            "table marry._models, relation _global._accounts" in said
        program.run("restore", "-n", *into(elsewhere))
        program.run("restore", *into(elsewhere))

    def test_is_no_matter_to_a_rehearsal_that_finds_it(self, saved, db):
        program = saved(OTHER + "CREATE DOMAIN other.d AS text", "ALTER TABLE {} ADD m other.d")
        program.run("restore", "--rehearse")


class TestATablespace:
    @pytest.fixture
    def tablespace(self, db):
        """In the server's own directory, as a superuser's test may have it."""
        name = f"disk_{uuid.uuid4().hex[:8]}"
        # one statement each: CREATE TABLESPACE runs in no transaction
        db.sql("SET allow_in_place_tablespaces = on")
        db.sql(f"CREATE TABLESPACE {name} LOCATION ''")
        yield name
        for (gone,) in db.query(f"SELECT spcname FROM pg_tablespace WHERE spcname IN ('{name}', 'renamed_{name}')"):
            db.sql("DROP SCHEMA agentzh CASCADE")
            db.sql(f"DROP TABLESPACE {gone}")

    def test_that_is_gone_is_named(self, saved, db, tablespace):
        program = saved("", f"ALTER TABLE {{}} SET TABLESPACE {tablespace}")
        program.run("restore", "-n")
        db.sql(f"ALTER TABLESPACE {tablespace} RENAME TO renamed_{tablespace}")
        for said in both(program):
            assert f"does not have what its dump needs: tablespace {tablespace}" in said


class TestARight:
    """The role that restores is not a superuser."""

    @pytest.fixture
    def owner(self, db, elsewhere):
        """It may do all with another database, which is empty."""
        name = f"owner_{uuid.uuid4().hex[:8]}"
        elsewhere.sql(f"CREATE ROLE {name} LOGIN; ALTER DATABASE {elsewhere.name} OWNER TO {name}")
        yield name
        elsewhere.sql(f"ALTER DATABASE {elsewhere.name} OWNER TO postgres")
        elsewhere.sql(f"DROP OWNED BY {name} CASCADE")
        db.sql(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")
        elsewhere.sql("DROP SCHEMA IF EXISTS other CASCADE")
        db.sql("DROP ROLE IF EXISTS parents")

    @pytest.mark.parametrize("make, use, close, what, grant", [
        (OTHER + "CREATE TYPE other.mood AS ENUM ('a')", "ALTER TABLE {} ADD m other.mood", "",
         "type other.mood", "GRANT USAGE ON SCHEMA other TO {}"),
        (OTHER + "CREATE TABLE other.t (id int PRIMARY KEY)", "ALTER TABLE {} ADD m int REFERENCES other.t",
         "GRANT USAGE ON SCHEMA other TO PUBLIC", "table other.t", "GRANT REFERENCES ON other.t TO {}"),
        (OTHER + f"CREATE FUNCTION other.f() {TRIGGER}",
         "CREATE TRIGGER t BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION other.f()",
         "GRANT USAGE ON SCHEMA other TO PUBLIC; REVOKE EXECUTE ON FUNCTION other.f() FROM PUBLIC",
         "trigger function other.f", "GRANT EXECUTE ON FUNCTION other.f() TO {}"),
        (OTHER + "CREATE TABLE other.t (id int)", "CREATE TABLE agentzh._c () INHERITS (other.t)",
         "GRANT USAGE ON SCHEMA other TO PUBLIC; CREATE ROLE parents; ALTER TABLE other.t OWNER TO parents",
         "parent other.t", "GRANT parents TO {}"),
        ("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER srv FOREIGN DATA WRAPPER w",
         "CREATE FOREIGN TABLE agentzh._f (id int) SERVER srv", "", "foreign server srv",
         "GRANT USAGE ON FOREIGN SERVER srv TO {}"),
    ])
    def test_to_what_a_dump_needs_is_missed_and_granted_by_the_hint(
            self, saved, db, elsewhere, owner, make, use, close, what, grant):
        program = saved(make, use)
        for schema in ("_global", "agentzh", "marry"):
            for (relation,) in db.query(
                    f"SELECT relname FROM pg_class c WHERE relnamespace = '{schema}'::regnamespace AND "
                    "relkind IN ('r', 'f', 'v', 'S') AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid "
                    "AND d.deptype IN ('a', 'i') AND relkind = 'S')"):
                db.sql(f"ALTER TABLE {schema}.{quote(relation)} OWNER TO {owner}")
        program.run("save")
        elsewhere.sql(make + ";" + close)
        for said in both(program, "-U", owner, *into(elsewhere)):
            assert f"[agentzh plan] the role that restores may not use what its dump needs: {what}" in said
            assert grant.format(owner) in said
        elsewhere.sql(grant.format(owner))
        program.run("restore", "-n", "-U", owner, *into(elsewhere))
        program.run("restore", "-U", owner, *into(elsewhere))


class TestASetting:
    """SET transaction_timeout is what pg_dump 17 writes, and an older server does not know."""

    @pytest.fixture
    def put_behind(self, saved):
        def put_behind(line):
            program = saved("", "")
            tree = program.tree()
            text = tree.file("agentzh").read_text()
            assert text.count(line) == 1
            tree.file("agentzh").write_text(text.replace(line, line + "SET transaction_timeout = 0;\n"))
            rehash(tree)
            return program
        return put_behind

    @pytest.mark.skipif(server_major() >= 17, reason="this server knows it")
    def test_of_a_newer_pg_dump_is_left_out_and_said_so(self, put_behind):
        program = put_behind("SET lock_timeout = 0;\n")
        said = program.run("restore", "-n").stderr
        assert said.count(f"Would omit SET transaction_timeout, which PostgreSQL {server_major()} does not know.") == 1
        assert "omit" not in program.run("restore").stderr

    @pytest.mark.skipif(server_major() >= 17, reason="this server knows it")
    def test_that_cannot_be_left_out_is_an_error(self, put_behind):
        program = put_behind("SET check_function_bodies = false;\n")
        for said in both(program):
            assert "[agentzh plan]" in said and "what its dump needs: setting transaction_timeout" in said
