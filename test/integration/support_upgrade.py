# SPDX-License-Identifier: PostgreSQL
"""What tests of upgrades have in common: accounts of any version and history."""

import pytest
from support import quote
from versions import NEWEST, Account, global_sql, read_rows, read_sequences, read_structure, structure


@pytest.fixture
def make(db):
    """make("name", version): an account, registered in _global (at 0.009 if not there)."""
    connection = db.connect()

    def run(sql, values=None):
        connection.cursor().execute(sql, values)

    def make(name, version, before="", user_tables=False, **opts):
        if not db.query("SELECT FROM pg_namespace WHERE nspname = '_global'"):
            run(global_sql(NEWEST))
        account = Account(version, more=opts.pop("more", False))
        account.make(run, name, user_tables=user_tables, **opts)
        if before:
            run(f"SET search_path TO {quote(name)}; {before}; RESET search_path")
        return account

    yield make
    connection.close()


def check_upgraded(db, name, account):
    """Structure and sequences; and rows, the times apart."""
    assert read_structure(db, name) == structure(NEWEST)
    assert read_sequences(db, name) == account.sequences(NEWEST)
    rows, expected = read_rows(db, name), account.rows(NEWEST)
    for table in expected:
        for row in rows[table] + expected[table]:
            row.pop("created", None)
        assert rows[table] == expected[table], table
