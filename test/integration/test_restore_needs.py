# SPDX-License-Identifier: PostgreSQL
"""What `restore -n` and `restore` find out before anything is loaded: roles, rights, lock slots."""

import contextlib
import re
import uuid

import psycopg2
import pytest
from support import Database, Metamodel, Server, quote, wait_for
from support_restore import check_same, whole_dump


@pytest.fixture
def role(db):
    """role(NAME="..."): a role of this test's own, gone with it, whatever it is called by then."""
    made = []

    def make(prefix="role", options=""):
        name = f"{prefix}_{uuid.uuid4().hex[:8]}"
        db.sql(f"CREATE ROLE {quote(name)} {options}")
        made.append(db.query(f"SELECT oid FROM pg_roles WHERE rolname = $${name}$$")[0][0])
        return name

    yield make
    for oid in made:
        for (name,) in db.query(f"SELECT rolname FROM pg_roles WHERE oid = {oid}"):
            db.sql(f"ALTER DATABASE {db.name} OWNER TO postgres")
            db.sql(f"DROP OWNED BY {quote(name)} CASCADE; DROP ROLE {quote(name)}")


@pytest.fixture
def saved(db, metamodel):
    db.add_accounts("agentzh", "marry")
    return metamodel


def both(metamodel, *args, expect=3, **run):
    """What `restore -n` and `restore` say; the second has to fail where the first one did."""
    return [metamodel.run("restore", *more, *args, expect=expect, **run).stderr
            for more in (["-n"], [])]


class TestARole:
    @pytest.mark.parametrize("prefix", ["role", 'it"s a $(x)', "Rölle"])
    @pytest.mark.parametrize("statement", [
        "GRANT SELECT ON agentzh._models TO {}",
        "GRANT SELECT (name) ON agentzh._models TO {}",
        "ALTER TABLE agentzh._models OWNER TO {}",
        "CREATE POLICY p ON agentzh._models TO {} USING (true)",
        "GRANT SELECT ON agentzh._models TO {} WITH GRANT OPTION; SET LOCAL ROLE {};"
        "GRANT SELECT ON agentzh._models TO pg_monitor",
    ])
    def test_that_is_gone_is_named_before_anything_is_touched(self, saved, db, role, statement, prefix):
        name = role(prefix)
        db.sql(f"GRANT USAGE ON SCHEMA agentzh TO {quote(name)};" + statement.format(quote(name), quote(name)))
        saved.run("save")
        db.sql(f"ALTER ROLE {quote(name)} RENAME TO {quote('renamed_' + name)}")
        for said in both(saved):
            assert f"[agentzh plan] its dump names roles that this server does not have: {quote(name)}" in said
            assert f"CREATE ROLE {quote(name)}" in said
            assert "SQLSTATE" not in said and "marry plan" not in said
        assert "_models" in db.tables("agentzh")

    def test_that_has_everything_it_needs_is_no_reason_to_fail(self, saved, db, role):
        db.sql(f"GRANT SELECT ON agentzh._models TO {role()}; GRANT SELECT ON marry._models TO PUBLIC")
        saved.run("save")
        saved.run("restore", "-n")
        saved.run("restore")


class TestRights:
    """The role that restores is not a superuser."""

    @pytest.fixture
    def owner(self, saved, db, role):
        """It owns all that there is, and may log in."""
        name = role("owner", "LOGIN")
        db.sql(f"ALTER DATABASE {db.name} OWNER TO {name}")
        for schema in ("_global", "agentzh", "marry"):
            db.sql(f"ALTER SCHEMA {schema} OWNER TO {name}")
            for (kind, relation) in db.query(
                    "SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, relname "
                    f"FROM pg_class c WHERE relnamespace = '{schema}'::regnamespace AND relkind IN ('r', 'v', 'S') "
                    "AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') "
                    "AND relkind = 'S')"):
                db.sql(f"ALTER {kind} {schema}.{quote(relation)} OWNER TO {name}")
        return name

    def test_of_the_owner_are_enough(self, saved, owner):
        saved.run("save", "-U", owner)
        saved.run("restore", "-n", "-U", owner)
        saved.run("restore", "-U", owner)

    def test_to_drop_a_relation_of_another_role_are_missed(self, saved, db, owner, role):
        other = role("other")
        saved.run("save")
        db.sql(f"ALTER TABLE agentzh._models OWNER TO {other}")
        for said in both(saved, "-U", owner):
            assert (f"[agentzh plan] _models belongs to role {other}, of which role \"{owner}\" is not a member"
                    in said)

    def test_to_give_a_relation_to_another_role_are_missed_and_granted_by_the_hint(self, saved, db, owner, role):
        other = role("other")
        db.sql(f"ALTER TABLE agentzh._models OWNER TO {other}")
        saved.run("save")
        db.sql(f"ALTER TABLE agentzh._models OWNER TO {owner}")
        for said in both(saved, "-U", owner):
            assert f'[agentzh plan] its relations must belong to "{other}"' in said
            assert f'GRANT "{other}" TO "{owner}"' in said
        db.sql(f'GRANT "{other}" TO "{owner}"; GRANT CREATE ON SCHEMA agentzh TO "{other}"')
        saved.run("restore", "-n", "-U", owner)
        saved.run("restore", "-U", owner)

    def test_that_another_role_granted_are_for_a_superuser_to_restore(self, saved, db, owner, role):
        other = role("other")
        db.sql(f"GRANT USAGE ON SCHEMA agentzh TO {other}; GRANT SELECT ON agentzh._models TO {other} WITH GRANT OPTION;"
               f"SET SESSION AUTHORIZATION {other}; GRANT SELECT ON agentzh._models TO pg_monitor")
        db.sql("RESET SESSION AUTHORIZATION")
        saved.run("save")
        for said in both(saved, "-U", owner):
            assert f'[agentzh plan] its dump contains privileges that role "{other}" granted, and only a superuser' in said
            assert "SQLSTATE" not in said and "marry plan" not in said
        saved.run("restore", "-n", "--as-superuser")
        saved.run("restore", "--as-superuser")

    def test_to_create_in_a_schema_or_database_are_missed_and_granted_by_the_hint(self, saved, db, owner):
        saved.run("save")
        db.sql(f"ALTER SCHEMA agentzh OWNER TO postgres; DROP SCHEMA marry CASCADE;"
               f"ALTER DATABASE {db.name} OWNER TO postgres")
        for said in both(saved, "-U", owner):
            assert f'GRANT CREATE ON SCHEMA "agentzh" TO "{owner}"' in said
            assert f'GRANT CREATE ON DATABASE "{db.name}" TO "{owner}"' in said
        db.sql(f'GRANT USAGE, CREATE ON SCHEMA "agentzh" TO "{owner}"; GRANT CREATE ON DATABASE "{db.name}" TO "{owner}"')
        saved.run("restore", "-n", "-U", owner)
        saved.run("restore", "-U", owner)


@pytest.mark.parametrize("which", ["(lock)", ""])
def test_nothing_is_loaded_without_the_lock(db, metamodel, which):
    """The session that holds it ends, or the one that asks, while the server thinks about what a dump needs."""
    db.add_accounts("a", "b")
    metamodel.run("save")
    before = whole_dump(db)
    with db.locked("pg_catalog.pg_ts_config"):
        running = metamodel.start("restore", "--as-superuser")
        wait_for(lambda: db.query("SELECT FROM pg_locks WHERE NOT granted AND relation = 'pg_ts_config'::regclass"))
        db.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
               f"application_name = 'metamodel restore{which and ' ' + which}'")
    result = running.wait()
    assert result.returncode == 1 and "Importing" not in result.stderr, result
    assert "lost" in result.stderr
    check_same(before, whole_dump(db))


class TestLockSlots:
    @pytest.fixture(scope="class")
    def small_server(self):
        server = Server("max_locks_per_transaction=10", "max_connections=8")
        yield server
        server.stop()

    @pytest.fixture
    def small(self, small_server, tmp_path, metamodel):
        yield from self.start(small_server, tmp_path, metamodel)

    @staticmethod
    def start(server, tmp_path, metamodel):
        """The program and a database on a server with few lock slots."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        server.sql(f"CREATE DATABASE {name}")
        db = Database(server, name)
        program = Metamodel(metamodel.binary, tmp_path, server, name)
        yield program, db
        program.end()
        db.close()
        server.sql(f"DROP DATABASE {name} WITH (FORCE)")

    @staticmethod
    def grow(db, tables, account="agentzh"):
        """Table after table, each in a transaction of its own."""
        for i in range(tables):
            db.sql(f"CREATE TABLE {account}._t{i} (id serial PRIMARY KEY, name text DEFAULT '' CHECK (name <> 'x'))")

    @pytest.mark.slow
    def test_of_accounts_in_one_transaction_are_counted_together(self, small):
        program, db = small
        db.add_accounts("agentzh", "marry", "tom")
        db.sql("CREATE VIEW agentzh._v AS SELECT * FROM marry._models")
        self.grow(db, 60, "agentzh")
        self.grow(db, 60, "marry")
        program.run("save", "--batch=1", "-j1")
        for said in both(program, "-j1", "agentzh", "marry", "tom"):
            assert "plan] its transaction, of accounts marry and agentzh, needs" in said
            assert "it is restored together with account marry or not at all" in said and "tom plan" not in said
            assert "Failed: agentzh, marry." in said

    @pytest.fixture(scope="class")
    def middle_server(self):
        """Room for one account, and not for two."""
        server = Server("max_locks_per_transaction=26", "max_connections=8")
        yield server
        server.stop()

    @pytest.fixture
    def middle(self, middle_server, tmp_path, metamodel):
        yield from self.start(middle_server, tmp_path, metamodel)

    @pytest.mark.slow
    def test_of_restores_side_by_side_are_counted_together(self, middle):
        program, db = middle
        db.add_accounts("agentzh", "marry")
        self.grow(db, 15, "agentzh")
        self.grow(db, 15, "marry")
        program.run("save", "-j1")
        said = program.run("restore", "-n", "-j2").stderr
        assert "2 concurrent restores may need " in said and "use --jobs=1, or raise" in said
        assert "at once" not in program.run("restore", "-n", "-j1").stderr
        assert "at once" not in program.run("restore", "-n", "-j2", "marry").stderr

    def test_of_others_are_not_free(self, middle):
        program, db = middle
        db.add_accounts("agentzh")
        program.run("save")
        for i in range(450):
            db.sql(f"CREATE TABLE t{i} ()")
        with contextlib.closing(db.connect(autocommit=False)) as session:
            session.cursor().execute(f"LOCK TABLE {','.join(f't{i}' for i in range(450))}")
            said = program.run("restore", "-n", "agentzh").stderr
        assert re.search(r"account agentzh needs \d+ locks or more at once; of the 208 that the server "
                         r"guarantees, others hold 4\d\d: ", said)
        assert "locks" not in program.run("restore", "-n", "agentzh").stderr

    @pytest.mark.slow
    def test_that_are_too_few_are_counted_before_anything_is_touched(self, small):
        program, db = small
        db.add_accounts("agentzh", "marry")
        program.run("save", "--batch=1")
        for said in [program.run("restore", "-n").stderr, program.run("restore").stderr]:
            assert "max_locks_per_transaction" not in said
        self.grow(db, 350)
        said = program.run("restore", "-n", "agentzh", expect=1).stderr
        assert "[agentzh plan] its transaction needs" in said and "raise max_locks_per_transaction" in said
        said = program.run("restore", "agentzh", expect=1).stderr
        assert "[agentzh plan] its transaction needs" in said
        assert len(db.tables("agentzh")) > 350
        with contextlib.closing(db.connect(autocommit=False)) as session, \
                pytest.raises(psycopg2.OperationalError, match="out of shared memory"):  # it would fail
            session.cursor().execute("DROP SCHEMA agentzh CASCADE")
