# SPDX-License-Identifier: PostgreSQL
"""Databases with a schema for each tenant, and what pg_dump --schema makes of each."""

import subprocess

from support import ROOT, pg_bindir, quote
from support_save import RESTRICT

TENANTS = ROOT / "test" / "sql" / "tenants"


def load(db, name):
    """A file of test/sql/tenants, as psql reads it."""
    subprocess.run([pg_bindir() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", db.server.host, "-U", db.server.user,
                    "-d", db.name, "-f", TENANTS / f"{name}.sql"], check=True, stdout=subprocess.DEVNULL)


def pg_dump(db, *options):
    return subprocess.run([pg_bindir() / "pg_dump", "-h", db.server.host, "-U", db.server.user, "-d", db.name,
                           *options], check=True, stdout=subprocess.PIPE).stdout


def alone(db, schema):
    return RESTRICT.sub(b"", pg_dump(db, f"--schema={quote(schema)}"))
