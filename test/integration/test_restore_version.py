# SPDX-License-Identifier: PostgreSQL
"""Whatever the column of the version is made of, what was saved with success can be restored."""

import pytest
from support_save import add_small_global

COLUMNS = {
    "filled up with blanks": ("char(10)", "'0.009'", "0.009"),
    "filled up with many": ("char(300)", "'0.009'", "0.009"),
    "of a domain": ("version_domain", "'0.008'", "0.008"),
    "composite": ("version_row", "ROW('0.009')", None),
    "longer than any": ("text", "'0.' || repeat('0', 300) || '1'", None),
    "with something after many blanks": ("text", "'0.009' || repeat(' ', 300) || 'x'", "0.009"),
    "of a number": ("numeric(12,10)", "0.0090000001", "0.0090000001"),
    "computed": ("text GENERATED ALWAYS AS ('0.009') STORED", "DEFAULT", None),
    "a text with a tab": ("text", r"E'0.009\tx'", None),
}
TYPES = "CREATE DOMAIN version_domain AS char(9); CREATE TYPE version_row AS (v varchar(10))"


@pytest.mark.parametrize("column", COLUMNS)
def test_a_version_compares_as_the_dump_holds_it(db, metamodel, column):
    kind, value, version = COLUMNS[column]
    add_small_global(db, "a", before=TYPES, sql=f"CREATE TABLE _general (version {kind}); "
                     f"INSERT INTO _general VALUES ({value}); INSERT INTO _general VALUES ({value})")
    metamodel.run("save")
    assert metamodel.tree().entry("a")["version"] == version
    metamodel.run("verify")
    rows = db.query("SELECT format('%s', version) FROM a._general")
    db.sql("DROP TABLE a._general")
    metamodel.run("restore", "a")
    assert db.query("SELECT format('%s', version) FROM a._general") == rows


def test_of_versions_that_differ_far_behind_the_point_the_largest_counts(db, metamodel):
    add_small_global(db, "a", sql="CREATE TABLE _general (version text); INSERT INTO _general VALUES ('0.00900000000001'), "
                     "('0.009000000000012'), ('0.0090000000000'), ('99'), ('000099.0')")
    metamodel.run("save")
    metamodel.run("restore", "a")
    db.sql("DELETE FROM a._general WHERE version LIKE '%99%'")
    metamodel.run("save")
    assert metamodel.tree().entry("a")["version"] == "0.009000000000012"
    metamodel.run("restore", "a")
