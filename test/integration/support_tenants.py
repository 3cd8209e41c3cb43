# SPDX-License-Identifier: PostgreSQL
"""Databases of other products for the program: who owns them, and the models."""

import pytest
from support import ROOT
from support_whole import load

OWNER = "saas"

OWN_ALL = f"""DO $$ DECLARE each record; BEGIN
    FOR each IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_)' LOOP
        EXECUTE format('ALTER SCHEMA %I OWNER TO {OWNER}', each.nspname);
    END LOOP;
    FOR each IN SELECT c.oid::regclass AS name, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
            WHERE nspname !~ '^(pg_|information_)' AND relkind IN ('r', 'p', 'v', 'm') LOOP
        EXECUTE format('ALTER %s %s OWNER TO {OWNER}',
            CASE each.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, each.name);
    END LOOP; END $$"""


@pytest.fixture
def tenants(db, metamodel):
    """tenants(NAME): load test/sql/tenants/NAME.sql; all of it belongs to the role saas, and so does the
    session of the program from now on."""
    db.sql(f"CREATE ROLE {OWNER} LOGIN; CREATE ROLE reader")

    def make(name):
        load(db, name)
        db.sql(OWN_ALL)
        metamodel.env["PGUSER"] = OWNER

    yield make
    for role in "reader", OWNER:
        db.sql(f"DROP OWNED BY {role} CASCADE")
        db.sql(f"DROP ROLE {role}")


@pytest.fixture
def model(metamodel, tmp_path):
    """model(KEY=VALUE, ...): a configuration file with a section [model]."""
    def write(**keys):
        file = tmp_path / "model.conf"
        file.write_text("[model]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()))
        metamodel.options = ["-c", file]
        return file

    return write


def builtin(name):
    return ROOT / "doc" / "models" / f"{name}.conf"
