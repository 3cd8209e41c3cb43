# SPDX-License-Identifier: PostgreSQL
"""After a restore the rights on each relation and column are those of its dump, whatever default privileges
the database or the schema has."""

import re

import pytest
from support import quote

RIGHTS = """SELECT n.nspname, c.relname, c.relkind::text, pg_get_userbyid(c.relowner), a.*, t.column_rights
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace,
    LATERAL (SELECT array_agg(concat_ws(' ', grantee::regrole, grantor::regrole, privilege_type, is_grantable)
        ORDER BY 1) FROM aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r'
        END::"char", relowner)))) a,
    LATERAL (SELECT array_agg(attname || attacl::text ORDER BY 1) AS column_rights FROM pg_attribute
        WHERE attrelid = c.oid AND attacl IS NOT NULL) t
    WHERE n.nspname = ANY (%s) AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') ORDER BY 1, 2"""


def rights(db, *schemas):
    array = "ARRAY[" + ", ".join("'" + name.replace("'", "''") + "'" for name in schemas) + "]"
    return [(row[0], row[1], row[2], row[3], sorted(row[4] or []), row[5])
            for row in db.query(RIGHTS % array)]


DEFAULTS = {
    "of the schema": "ALTER DEFAULT PRIVILEGES IN SCHEMA a GRANT SELECT ON TABLES TO {report}",
    "of the database": "ALTER DEFAULT PRIVILEGES GRANT SELECT, UPDATE ON TABLES TO {report} WITH GRANT OPTION",
    "for all": "ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC",
    "of sequences": "ALTER DEFAULT PRIVILEGES IN SCHEMA a GRANT ALL ON SEQUENCES TO {report}",
    "that take from the owner": "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM postgres",
    "of both, more and less": "ALTER DEFAULT PRIVILEGES REVOKE INSERT ON TABLES FROM postgres; ALTER DEFAULT "
                              "PRIVILEGES IN SCHEMA a GRANT ALL ON TABLES TO {report}, PUBLIC",
}


@pytest.mark.parametrize("which", DEFAULTS)
def test_default_privileges_give_nobody_what_the_dump_does_not(db, metamodel, roles, which):
    report, other = roles("report"), roles("o'ther \"é")
    db.add_accounts("a", "b", version="0.009")
    db.sql(f"""CREATE VIEW a._view AS SELECT * FROM a._roles; CREATE MATERIALIZED VIEW a._frozen AS SELECT 1 AS x;
        CREATE SEQUENCE a."_s é"; GRANT USAGE ON SEQUENCE a."_s é" TO {quote(other)};
        GRANT SELECT ON a._models TO {report}; GRANT UPDATE (name), SELECT (name, id) ON a._models
        TO {quote(other)} WITH GRANT OPTION; GRANT SELECT ON a._view TO PUBLIC;
        REVOKE DELETE ON a._models FROM postgres; REVOKE ALL ON a._columns FROM postgres""")
    before = rights(db, "a", "b", "_global")
    db.sql(DEFAULTS[which].format(report=report))
    defaults = db.query("SELECT defaclnamespace, defaclobjtype, defaclacl::text FROM pg_default_acl ORDER BY 1, 2")
    metamodel.run("save")
    metamodel.run("restore")
    assert rights(db, "a", "b", "_global") == before
    assert db.query("SELECT defaclnamespace, defaclobjtype, defaclacl::text FROM pg_default_acl "
                    "ORDER BY 1, 2") == defaults


@pytest.mark.slow
def test_twenty_accounts_side_by_side_do_not_wait_for_each_other(db, metamodel, roles):
    report = roles("report")
    names = [f"acct{i}" for i in range(20)]
    db.add_accounts(*names)
    db.sql("".join(f"GRANT SELECT ON {name}._models TO {report};" for name in names))
    before = rights(db, "_global", *names)
    db.sql(f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {report};" + "".join(
        f"ALTER DEFAULT PRIVILEGES IN SCHEMA {name} GRANT ALL ON TABLES TO {report};" for name in names))
    metamodel.run("save")
    result = metamodel.run("restore", "-j4")
    assert "again" not in result.stderr
    assert rights(db, "_global", *names) == before


def test_what_somebody_else_granted_comes_back_as_his(db, metamodel, roles):
    owner, friend, reader = roles("owner"), roles("friend"), roles("reader")
    db.add_accounts("a")
    db.sql(f"""GRANT ALL ON SCHEMA a TO {owner}, {friend}; ALTER TABLE a._models OWNER TO {owner};
        GRANT SELECT, UPDATE (name) ON a._models TO {friend} WITH GRANT OPTION; SET ROLE {friend};
        GRANT SELECT, UPDATE (name) ON a._models TO {reader}; RESET ROLE;
        REVOKE INSERT ON a._models FROM {owner}""")
    before = rights(db, "a")
    db.sql(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {reader}, {friend} WITH GRANT OPTION")
    metamodel.run("save")
    metamodel.run("restore", "a", "--as-superuser")
    assert rights(db, "a") == before


def test_an_account_whose_rights_do_not_become_those_of_the_dump_fails(db, metamodel, roles):
    report = roles("report")
    db.add_accounts("a")
    metamodel.run("save")
    before = rights(db, "a")
    db.sql(f"""CREATE FUNCTION give() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF pg_trigger_depth() = 0 AND current_setting('x.x', true) IS DISTINCT FROM 'in' AND EXISTS (SELECT FROM
            pg_event_trigger_ddl_commands() WHERE command_tag IN ('CREATE TABLE', 'REVOKE')) AND
            to_regclass('a._roles') IS NOT NULL THEN
            PERFORM set_config('x.x', 'in', true); GRANT SELECT ON a._roles TO {report};
            PERFORM set_config('x.x', 'out', true); END IF; END $$;
        CREATE EVENT TRIGGER give ON ddl_command_end EXECUTE FUNCTION give()""")
    result = metamodel.run("restore", "a", check=False)
    db.sql("DROP EVENT TRIGGER give; DROP FUNCTION give")
    assert result.returncode == 1
    assert f"the rights on a._roles are not those of its dump: {report} has SELECT" in result.stderr
    assert rights(db, "a") == before


def test_a_dump_that_changes_the_session_user_is_compared_as_well(db, metamodel, roles):
    report = roles("report")
    db.add_accounts("a")
    db.sql(f"GRANT SELECT ON a._models TO {report}")
    metamodel.run("save")
    before = rights(db, "a")
    file = metamodel.tree().file("a")
    (metamodel.tree().path / "manifest.json").unlink()
    file.write_text(re.sub(r"(ALTER \w+ )(\S+) OWNER TO postgres;\n", "", file.read_text()).replace(
        "SET default_tablespace = '';", "SET SESSION AUTHORIZATION 'postgres';\nSET default_tablespace = '';"))
    db.sql(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO {report}")
    metamodel.run("restore", "a")
    assert rights(db, "a") == before
