# SPDX-License-Identifier: PostgreSQL
"""A tenant who wants to be a superuser: what he defined is never run by one who did not say --as-superuser."""

import contextlib
import signal

import pytest
from support import NEWEST, errors_of, quote, wait_for
from support_upgrade import make

pytestmark = pytest.mark.slow

FIXTURES = (make,)  # of another test, used here, too

# It says in the server's log who runs it, which no rollback takes back, and takes what it can get.
STEAL = """
CREATE FUNCTION b.take() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN
    RAISE LOG '{bob} runs as %', current_user;
    IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)
        AND (SELECT rolconnlimit < 0 FROM pg_catalog.pg_roles WHERE rolname = '{bob}') THEN
        EXECUTE 'ALTER ROLE {bob} SUPERUSER';
    END IF;
    RETURN 1;
END $$;
CREATE FUNCTION b.steal() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN b.take(); END $$;
CREATE DOMAIN b.evil AS integer CHECK (b.steal() = VALUE);
CREATE FUNCTION b.on_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM b.steal(); RETURN new;
END $$;
"""
# What he makes of his account, and which commands run it when they are let.
LOAD, UPGRADE = {"restore", "rehearse", "verify"}, {"upgrade"}
ATTACKS = {
    "generated column": ("ALTER TABLE b._general ADD evil integer GENERATED ALWAYS AS (b.steal() + length(version)) STORED",
                         LOAD | UPGRADE),
    "trigger": ("CREATE TRIGGER evil BEFORE UPDATE ON b._general FOR EACH ROW EXECUTE FUNCTION b.on_change()",
                UPGRADE),
    "default": ("ALTER TABLE b._access ADD evil integer DEFAULT b.steal()", UPGRADE),
    "check": ("ALTER TABLE b._general ADD CHECK (b.steal() = 1)", LOAD | UPGRADE),
    "index expression": ("CREATE INDEX evil ON b._access ((b.steal()))", UPGRADE),  # a load makes it as its owner
    "domain": ("ALTER TABLE b._general ADD evil b.evil DEFAULT 1", LOAD),
}
COMMANDS = {
    "restore": ["restore", "b"],
    "rehearse": ["restore", "--rehearse", "b"],
    "upgrade": ["upgrade", "b"],
    "verify": ["verify", "--load", "--load-template"],
}


class Tenant:
    """A role without rights, who owns an account `b` and all that is in it."""

    def __init__(self, db, name):
        self.db, self.name = db, name
        self._log_offset = 0

    def take(self, schema):
        """From here on he owns the schema and all of its relations."""
        self.db.sql(f"GRANT USAGE ON SCHEMA _global TO {quote(self.name)};"
                    f"GRANT SELECT ON ALL TABLES IN SCHEMA _global TO {quote(self.name)};"
                    f"ALTER SCHEMA {schema} OWNER TO {quote(self.name)}")
        for kind, relation in self.db.query(
                "SELECT CASE relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, oid::regclass FROM pg_class c "
                f"WHERE relnamespace = '{schema}'::regnamespace AND relkind IN ('r', 'S') AND NOT (relkind = 'S' AND "
                "EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('a', 'i')))"):
            self.db.sql(f"ALTER {kind} {relation} OWNER TO {quote(self.name)}")

    def sql(self, text):
        """As he would."""
        with contextlib.closing(self.db.server.connect(self.db.name, user=self.name)) as session:
            session.cursor().execute(text.replace("{bob}", self.name))

    def be_content(self):
        """With saying who runs it: a restore that changes roles fails by itself."""
        self.db.sql(f"ALTER ROLE {quote(self.name)} CONNECTION LIMIT 100")

    def listen(self):
        self._log_offset = self.db.server.log_file.stat().st_size

    @property
    def log(self):
        """Of the server, since listen()."""
        return self.db.server.log(self._log_offset)

    @property
    def ran_as(self):
        """The roles that ran his functions since listen()."""
        return {line.split(" runs as ")[1].strip() for line in self.log.splitlines()
                if f" {self.name} runs as " in line}

    @property
    def is_superuser(self):
        return self.db.query(f"SELECT rolsuper FROM pg_roles WHERE rolname = '{self.name}'") == [(True,)]

    @property
    def version(self):
        """Of his account, as he reads it: it would be his turn with who reads it as a superuser."""
        with contextlib.closing(self.db.server.connect(self.db.name, user=self.name)) as session:
            cursor = session.cursor()
            cursor.execute("SELECT version FROM b._general")
            return cursor.fetchall()[0][0]


@pytest.fixture
def bob(db, roles, make):
    make("a", 3)
    make("b", 1)
    tenant = Tenant(db, roles("bob", "LOGIN"))
    tenant.take("b")
    return tenant


@pytest.fixture
def template(db, bob):
    """A database with what bob has beside his metamodel, for verify --load-template."""
    name = f"{db.name}_t"
    db.server.sql(f"CREATE DATABASE {name} OWNER {quote(bob.name)}")
    with contextlib.closing(db.server.connect(name)) as session:
        session.cursor().execute(f"CREATE SCHEMA b AUTHORIZATION {quote(bob.name)}; SET ROLE {quote(bob.name)};"
                                 + STEAL.replace("{bob}", bob.name))
    yield name
    db.server.sql(f"DROP DATABASE {name}")


def owner_of_all(db, bob, metamodel):
    """_global and a belong to bob, too: what his own role can do with the whole save."""
    for schema in "_global", "a":
        bob.take(schema)
    db.server.sql(f"ALTER ROLE {quote(bob.name)} CREATEDB")
    metamodel.run("save", "-q")


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("attack", ATTACKS)
class TestAnAttack:
    @pytest.fixture
    def args(self, command, metamodel, bob, attack, request):
        bob.sql(STEAL + ATTACKS[attack][0])
        metamodel.run("save", "-q")
        extra = [request.getfixturevalue("template")] if command == "verify" else []
        bob.listen()
        return COMMANDS[command] + extra

    def test_comes_to_nothing_unless_a_superuser_lets_it_in(self, metamodel, db, bob, args, command, attack):
        for more in [["-n"], []] if command in ("restore", "upgrade") else [[]]:
            said = metamodel.run(*args, *more, expect=1).stderr
            assert f'role "{bob.name}", which is not a superuser: what that role defined would run as superuser' in said
            assert f"-U {bob.name}" in said or command == "verify"
            assert "--as-superuser" in said
        assert bob.ran_as == set() and not bob.is_superuser
        assert bob.version == "0.001"
        bob.be_content()
        bob.listen()
        metamodel.run(*args, "--as-superuser")
        assert ("postgres" in bob.ran_as) == (command in ATTACKS[attack][1])
        assert bob.version == (NEWEST if command == "upgrade" else "0.001")

    def test_gives_its_owner_nothing_that_he_had_not(self, metamodel, db, bob, args, command):
        if command == "verify":
            owner_of_all(db, bob, metamodel)
        bob.listen()
        metamodel.run(*args, "-U", bob.name)
        assert bob.ran_as <= {bob.name} and not bob.is_superuser
        assert bob.version == (NEWEST if command == "upgrade" else "0.001")


def refused(result, bob):
    """Is it b alone, and for that reason?"""
    return (errors_of(result, "b") and "error: [a " not in result.stderr
            and f'role "{bob.name}", which is not a superuser: what that role defined would run as' in result.stderr)


def test_the_accounts_of_superusers_are_done(db, metamodel, bob):
    metamodel.run("save", "-q")
    for args in ["restore"], ["upgrade"]:
        assert refused(metamodel.run(*args, "-n", expect=3), bob)
        result = metamodel.run(*args, expect=3)
        assert refused(result, bob) and result.stderr.count("which is not a superuser") == 1
    assert db.query("SELECT version FROM a._general") == [(NEWEST,)] and bob.version == "0.001"


def test_an_account_that_is_current_is_no_reason_to_stop(metamodel, bob):
    metamodel.run("upgrade", "b", "-U", bob.name)
    metamodel.run("upgrade")


def test_global_of_somebody_else_stops_an_upgrade(db, metamodel, bob):
    metamodel.run("save", "-q")
    db.sql("UPDATE _global._general SET version = '0.008'")
    bob.take("_global")
    for args in ["restore", "_global"], ["upgrade"], ["upgrade", "-n"]:
        result = metamodel.run(*args, expect=3 if "-n" in args else 1)
        assert f'[_global plan] schema _global belongs to role "{bob.name}"' in result.stderr
    assert db.query("SELECT version FROM a._general") == [("0.003",)]


@pytest.mark.parametrize("what", ["a table", "a sequence", "a function", "the schema"])
def test_one_object_of_somebody_else_is_enough(db, metamodel, roles, make, what):
    make("b", 3)
    owner = roles("bob")
    metamodel.run("save", "-q")
    db.sql({"a table": "ALTER TABLE b._access OWNER TO {}",
            "a sequence": "CREATE SEQUENCE b.s; ALTER SEQUENCE b.s OWNER TO {}",
            "a function": "CREATE FUNCTION b.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION b.f() OWNER TO {}",
            "the schema": "ALTER SCHEMA b OWNER TO {}"}[what].format(owner))
    for args in ["restore", "b"], ["upgrade", "b"]:
        assert f'belongs to role "{owner}"' in errors_of(metamodel.run(*args, expect=1), "b")


@pytest.mark.parametrize("what", ["trigger", "default", "check", "index", "column"])
def test_neither_is_what_stands_elsewhere_and_is_used(db, metamodel, roles, make, what):
    make("b", 3)
    owner = roles("bob")
    db.sql(f"""CREATE SCHEMA elsewhere AUTHORIZATION {owner}; SET ROLE {owner};
        CREATE FUNCTION elsewhere.t() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
        CREATE FUNCTION elsewhere.f() RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 1';
        CREATE DOMAIN elsewhere.d AS integer; RESET ROLE""")
    db.sql({"trigger": "CREATE TRIGGER t BEFORE UPDATE ON b._general FOR EACH ROW EXECUTE FUNCTION elsewhere.t()",
            "default": "ALTER TABLE b._access ADD x integer DEFAULT elsewhere.f()",
            "check": "ALTER TABLE b._access ADD CHECK (elsewhere.f() = 1)",
            "index": "CREATE INDEX ON b._access ((elsewhere.f()))",
            "column": "ALTER TABLE b._access ADD x elsewhere.d"}[what])
    metamodel.run("save", "-q")
    for args in ["restore", "b"], ["upgrade", "b"]:
        assert f'belongs to role "{owner}"' in errors_of(metamodel.run(*args, expect=1), "b")
        metamodel.run(*args, "--as-superuser")


def test_the_owners_in_a_dump_count_where_nothing_is_there_yet(db, metamodel, bob):
    metamodel.run("save", "-q")
    db.sql("DROP SCHEMA b CASCADE; CREATE SCHEMA b")
    for args in ["-n"], [], ["--rehearse"]:
        result = metamodel.run("restore", "b", *args, expect=1)
        assert f'objects in its dump would belong to role "{bob.name}"' in errors_of(result, "b")
    assert db.tables("b") == []
    metamodel.run("restore", "b", "--as-superuser")


@pytest.mark.parametrize("how", ["a member", "SET ROLE"])
def test_who_can_become_a_superuser_is_one(db, metamodel, bob, roles, how):
    metamodel.run("save", "-q")
    admin = roles("bob", f"LOGIN IN ROLE postgres, {quote(bob.name)}")
    if how == "a member":
        metamodel.env["PGUSER"] = admin
    else:
        metamodel.env["PGOPTIONS"] = f"-c role={bob.name}"  # what is run may say RESET ROLE
    for args in ["restore", "b"], ["upgrade", "b"]:
        assert "which is not a superuser" in errors_of(metamodel.run(*args, expect=1), "b")


def test_who_can_become_a_superuser_gains_nothing(db, metamodel, roles, make):
    make("b", 3)
    admin = Tenant(db, roles("bob", "LOGIN IN ROLE postgres"))
    admin.take("b")
    metamodel.run("save", "-q")
    for user in "postgres", admin.name:
        metamodel.run("restore", "b", "-U", user)
    metamodel.run("upgrade", "b")


def test_built_in_functions_are_enough_for_an_attack_on_a_scratch_database(metamodel, db, bob):
    bob.sql("""ALTER TABLE b._general ADD CHECK (CASE WHEN current_setting('is_superuser') = 'on' THEN
        query_to_xml('SELECT pg_create_restore_point(''stolen by {bob}'')', true, true, '') IS NOT NULL END)""")
    metamodel.run("save", "-q")
    bob.listen()
    result = metamodel.run("verify", "--load", expect=1)
    assert f'role "{bob.name}", which is not a superuser' in result.stderr and "CREATEDB" in result.stderr
    assert "metamodel was not loaded." in result.stderr
    assert "stolen" not in bob.log
    assert db.query("SELECT FROM pg_database WHERE datname LIKE 'metamodel_verify%'") == []
    metamodel.run("verify", "--load", "--as-superuser")
    assert f'"stolen by {bob.name}"' in bob.log
    owner_of_all(db, bob, metamodel)
    bob.listen()
    metamodel.run("verify", "--load", "-U", bob.name)
    assert "stolen" not in bob.log


def test_the_configuration_can_say_it(metamodel, bob, tmp_path):
    (tmp_path / "c.conf").write_text("[metamodel]\nas-superuser = yes\n")
    metamodel.run("save", "-q")
    metamodel.run("restore", "b", "-c", "c.conf")
    metamodel.run("upgrade", "b", "-c", "c.conf")


LISTS = {
    "view": "CREATE TABLE _global.list AS SELECT name FROM _global._accounts; DROP TABLE _global._accounts;"
            "CREATE VIEW _global._accounts AS SELECT name FROM _global.list WHERE b.take() = 1",
    "policy": "CREATE POLICY p ON _global._accounts USING (b.take() = 1);"
              "ALTER TABLE _global._accounts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY",
    "index": "CREATE INDEX ON _global._accounts ((b.steal()))",
}


@pytest.mark.parametrize("attack", LISTS)
def test_the_list_of_accounts_is_not_read_through_its_owners_code(db, metamodel, bob, attack):
    metamodel.run("save", "-q")
    for schema in "_global", "a":
        bob.take(schema)
    db.sql(f"GRANT CREATE ON SCHEMA _global TO {quote(bob.name)}")
    bob.sql(STEAL + LISTS[attack])
    bob.listen()
    for args in ["status"], ["restore", "-n"], ["upgrade"], ["save"]:
        result = metamodel.run(*args, check=False)
        assert (f'its owner "{bob.name}" defined would run as a superuser' in result.stderr) == (attack != "index")
        if args != ["save"] and args != ["status"]:
            assert result.returncode in (1, 3)
        if args != ["save"]:  # pg_dump is another matter
            assert bob.ran_as == set()
    metamodel.run("status", "-U", bob.name)
    assert not bob.is_superuser


WAITS = ("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' "
         "AND application_name LIKE 'metamodel%'")


@pytest.mark.parametrize("command", ["restore", "upgrade"])
class TestWhileItAsksWhoseTheyAre:
    def test_a_signal_ends_it(self, db, metamodel, bob, command):
        metamodel.run("save", "-q")
        with db.locked("pg_catalog.pg_shdepend"):
            run = metamodel.start(command, "b", "--lock-wait", "60")
            wait_for(lambda: db.query(WAITS) == [(1,)])
            run.send(signal.SIGTERM)
            assert run.wait(20).returncode == 128 + signal.SIGTERM
        assert bob.version == "0.001"

    def test_no_answer_is_a_no(self, db, metamodel, bob, command):
        metamodel.run("save", "-q")
        with db.locked("pg_catalog.pg_shdepend"):
            for more in ["-n"], []:
                result = metamodel.run(command, *more, "--lock-wait", "1", "a", "b", check=False)
                assert result.returncode in (1, 3)
                for account in "a", "b":
                    assert "find the owners of the accounts" in errors_of(result, account) or "the same" in errors_of(result, account)
        assert bob.version == "0.001" and db.query("SELECT version FROM a._general") == [("0.003",)]


def test_a_signal_ends_it_while_it_looks_for_the_list(db, metamodel, bob):
    bob.take("_global")
    with db.locked("pg_catalog.pg_auth_members"):
        run = metamodel.start("status", "--lock-wait", "60")
        wait_for(lambda: db.query(WAITS) == [(1,)])
        run.send(signal.SIGTERM)
        assert run.wait(20).returncode == 128 + signal.SIGTERM
