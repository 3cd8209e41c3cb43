# SPDX-License-Identifier: PostgreSQL
"""Databases with a schema for each tenant, and what pg_dump --schema makes of each."""

import subprocess

from support import ROOT, pg_bindir, quote
from support_save import RESTRICT

TENANTS = ROOT / "test" / "sql" / "tenants"
# What a name in test/sql/tenants has: a pattern of its tenants.
MODELS = {"django_tenants": "^(tenant_|Big Co)", "apartment": "^(acme|globex|hooli|initech|umbrella|shared_)",
          "alembic": "^org_", "laravel_tenancy": "^tenant", "flyway": "^cust_", "plain_schemas": "^[tT]enant"}


def load(db, name):
    """A file of test/sql/tenants, as psql reads it."""
    subprocess.run([pg_bindir() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", db.server.host, "-U", db.server.user,
                    "-d", db.name, "-f", TENANTS / f"{name}.sql"], check=True, stdout=subprocess.DEVNULL)


def schemas(db, pattern):
    return [row[0] for row in db.query(
        f"SELECT nspname::text FROM pg_namespace WHERE nspname ~ '{pattern}' ORDER BY nspname::text COLLATE \"C\"")]


def pg_dump(db, *options):
    return subprocess.run([pg_bindir() / "pg_dump", "-h", db.server.host, "-U", db.server.user, "-d", db.name,
                           *options], check=True, stdout=subprocess.PIPE).stdout


def alone(db, schema):
    return RESTRICT.sub(b"", pg_dump(db, f"--schema={quote(schema)}"))
