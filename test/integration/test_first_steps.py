# SPDX-License-Identifier: PostgreSQL
"""What somebody is told who has not yet said where the server is, or said it in the wrong place."""

import pytest

STRINGS = ["postgresql://u:sEcrEt@h/d", "postgres://sEcrEt@h/d", "password=sEcrEt", "host=h password=sEcrEt",
           "dbname=d password = sEcrEt", "user=sEcrEt",
           "Password=sEcrEt", "HOST=h USER=sEcrEt"]


@pytest.mark.parametrize("command", ["save", "restore", "upgrade", "status"])
def test_without_a_server_it_says_how_to_tell_where_it_is(metamodel, command):
    if command == "restore":
        (metamodel.cwd / "metamodel").mkdir()
        (metamodel.cwd / "metamodel/a.sql").write_text("")
    (metamodel.cwd / "empty.conf").write_text("")
    for place in str(metamodel.cwd), "nosuch.invalid":
        result = metamodel.run(command, "-c", "empty.conf", "-w", env={"PGHOST": place}, expect=1)
        [hint] = [line for line in result.stderr.splitlines() if line.startswith("metamodel: hint: specify the server")]
        assert "-h, -p, -U and -d" in hint and "PGHOST" in hint
        assert "/etc/openresty/openresty.conf" in hint and hint.endswith("and empty.conf")


def test_the_files_that_it_looked_for_are_named(metamodel):
    result = metamodel.run("save", env={"PGHOST": str(metamodel.cwd)}, expect=1)
    assert "/etc/openresty/site_openresty.conf (not found)" in result.stderr


def test_the_wrong_user_or_database_has_the_hint_too(metamodel):
    for name in "PGUSER", "PGDATABASE":
        assert "hint: specify the server and the user" in metamodel.run(
            "save", env={name: "nobody_of_that_name"}, expect=1).stderr


def test_no_password_says_for_whom(metamodel, db):
    hba = db.query("SHOW hba_file")[0][0]
    db.sql("CREATE ROLE needs_one LOGIN PASSWORD 'x'")
    before = open(hba).read()
    try:
        open(hba, "w").write("local all needs_one scram-sha-256\n" + before)
        db.sql("SELECT pg_reload_conf()")
        result = metamodel.run("save", "-w", "-U", "needs_one", expect=1)
    finally:
        open(hba, "w").write(before)
        db.sql("SELECT pg_reload_conf()")
        db.sql("DROP ROLE needs_one")
    assert f'no password supplied for user "needs_one", database "{db.name}"' in result.stderr
    assert "PGPASSWORD" in result.stderr


@pytest.mark.parametrize("text", STRINGS)
def test_a_connection_string_as_an_argument_is_not_shown(metamodel, db, text):
    db.add_accounts("a")
    for args in (["save", text], ["restore", "a", text], ["upgrade", "--", text], ["status", text, "--json"],
                 ["verify", text], [text], ["-v", text, "save"]):
        result = metamodel.run(*args, expect=2)
        assert "sEcrEt" not in result.stderr + result.stdout and "--dbname" in result.stderr
    assert not metamodel.tree().path.exists()


def test_names_that_only_look_a_little_like_it_are_names(metamodel, db):
    names = ["a=b", "a:b//c", "xhost=1", "pass word"]
    db.add_accounts(*names)
    metamodel.run("save", *names)
    assert set(metamodel.tree().accounts()) == set(names)
