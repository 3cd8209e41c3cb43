# SPDX-License-Identifier: PostgreSQL
"""What pg_dump leaves out: a dump has all that the catalogue has, or its account fails."""

import pytest
from support_save import add_small_global

BATCHES = pytest.mark.parametrize("batch", ["--batch=1", "--batch=1000"])


@BATCHES
@pytest.mark.parametrize("name", ["_plugin", '_x "y" é;'])
def test_a_relation_that_is_a_member_of_an_extension_fails_its_account(db, metamodel, batch, name):
    add_small_global(db, "a", "b", sql="CREATE TABLE _models (id serial)")
    quoted = '"' + name.replace('"', '""') + '"'
    db.sql(f"CREATE EXTENSION hstore; CREATE TABLE b.{quoted} (k text); ALTER EXTENSION hstore ADD TABLE b.{quoted}")
    result = metamodel.run("save", batch, expect=3)
    assert "Failed: b" in result.stderr and f"its dump lacks {name}: " in result.stderr, result
    remedy = next(line for line in result.stderr.splitlines() if "ALTER EXTENSION hstore DROP TABLE b." in line)
    db.sql(remedy.split("hint: ", 1)[1].split(";  then save")[0].rsplit("; then save", 1)[0])
    metamodel.run("save", batch)
    assert metamodel.tree().stale() == []


@BATCHES
def test_sequences_partitions_and_views_of_all_names_raise_no_false_alarm(db, metamodel, batch):
    add_small_global(db, "a", sql="""
        CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME _of_users), n serial);
        ALTER SEQUENCE users_n_seq RENAME TO _owned_by_users;
        CREATE TABLE _t (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME odd), n serial, m serial);
        ALTER SEQUENCE _t_n_seq RENAME TO other; CREATE SEQUENCE _alone; CREATE SEQUENCE _owned OWNED BY _t.m;
        CREATE TABLE _p (x int) PARTITION BY LIST (x); CREATE TABLE _p1 PARTITION OF _p DEFAULT;
        CREATE VIEW _v AS SELECT 1 AS x; CREATE VIEW _w AS SELECT * FROM _v; CREATE OR REPLACE VIEW _v AS SELECT x FROM _w;
        CREATE MATERIALIZED VIEW _m AS SELECT 1 AS x; CREATE TYPE _type AS (x int); CREATE TABLE _typed OF _type;
        CREATE UNLOGGED TABLE _unlogged (); CREATE TABLE _child () INHERITS (_t)""")
    metamodel.run("save", batch)
