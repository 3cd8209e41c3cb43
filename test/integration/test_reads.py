# SPDX-License-Identifier: PostgreSQL
"""What an account's owner owns is read in one way only: every statement of a run, and every plan, those within
functions and DO blocks too, as the server logged them."""

import contextlib
import json
import os
import re

import pytest
from support import ROOT, Database, Metamodel, Server

SETTINGS = ["log_statement=all", "log_line_prefix='%d|%p|'", "session_preload_libraries=auto_explain",
            "auto_explain.log_min_duration=0", "auto_explain.log_nested_statements=on",
            "auto_explain.log_verbose=on", "auto_explain.log_format=json"]
ENTRY = re.compile(r"^([^|\n]*)\|([^|\n]*)\|LOG:  (?:duration: \S+ ms  (plan):|(?:statement|execute [^:\n]*): )"
                   r"((?:.*)(?:\n\t.*)*)", re.M)
# What is the system's, ours, or only of our own session. _global belongs to no tenant.
NOT_THEIRS = re.compile(r"pg_catalog|pg_temp\w*|pg_toast\w*|information_schema|_global")
# How a version is read, and that it is written. An upgrade sends the migrations as well.
READS = re.compile(r"SET TRANSACTION READ ONLY; SET LOCAL search_path = pg_catalog; SET LOCAL row_security = off;"
                   r"[^$']*; COPY [^$']* \(version\) TO STDOUT$|TABLESAMPLE SYSTEM \(100\)|WITH general AS \(.*UPDATE.*SET version = ", re.S)
PARAMETER = re.compile(r"'(?:[^']|'')*'")  # they are in the text, for poolers
# The server itself, where a dump adds a foreign key.
KEYS = re.compile(r'\s*SELECT (fk\.|1 FROM ONLY )')

# Of a statement at the top of a script the server gives the whole: a migration, as what is read around them is
# read within DO blocks.
UPGRADE = re.compile("BEGIN ISOLATION LEVEL READ COMMITTED;")


@pytest.fixture(scope="module")
def chatty_server():
    server = Server(*SETTINGS)
    yield server
    server.stop()


def scans(plan):
    """Each node of a plan that is of a relation."""
    if "Relation Name" in plan:
        yield plan
    for child in plan.get("Plans", ()):
        yield from scans(child)


def sessions(server, dbname, offset):
    """Of each session what it was sent, in order: (is a plan, text)."""
    found = {}
    for database, process, is_plan, text in ENTRY.findall(server.log(offset)):
        if database == dbname:
            found.setdefault(process, []).append((bool(is_plan), text.replace("\n\t", "\n")))
    return found.values()


def kind(session):
    """Whose it is: pg_dump's, psql's, or our own."""
    texts = [text for is_plan, text in session if not is_plan]
    return ("pg_dump" if any(text.startswith("SET TRANSACTION SNAPSHOT") for text in texts) else
            "psql" if any("metamodel transaction" in text for text in texts) else "metamodel")


def migrations():
    return [re.sub(r"\s+", " ", path.read_text()) for path in (ROOT / "src" / "migrations").glob("*/*.sql")]


def check_text(text):
    """Names of accounts are parameters, or hexadecimal digits, where nothing of theirs is read."""
    is_read = bool(READS.search(text))
    assert is_read or not re.search("al ice|bob", PARAMETER.sub("", text)), text
    return is_read


def check_plan(plan, steps):
    """Gives the kinds of nodes that read an account's."""
    query = plan["Query Text"]
    nodes = [node for node in scans(plan["Plan"]) if not NOT_THEIRS.fullmatch(node["Schema"])]
    if KEYS.match(query) or UPGRADE.search(query) or any(re.sub(r"\s+", " ", query.strip()) in step for step in steps):
        return set()
    assert all(node["Relation Name"] == "_general" for node in nodes), plan
    assert not nodes or READS.search(query), plan
    return {node["Node Type"] for node in nodes}


RUNS = [["save"], ["save", "--batch", "1"], ["status"], ["upgrade", "-n"], ["upgrade", "al ice"], ["upgrade"],
        ["status"], ["restore", "-n"], ["restore"], ["restore", "--rehearse"], ["verify", "--load"], ["save"]]


@pytest.mark.slow
def test_nothing_else_reads_what_accounts_own(chatty_server, tmp_path):
    chatty_server.sql("CREATE DATABASE reads")
    with contextlib.closing(Database(chatty_server, "reads")) as db:
        db.add_accounts("al ice", "bob", version="0.005")
        program = Metamodel(os.environ.get("METAMODEL_BIN", ROOT / "build" / "metamodel"), tmp_path,
                            chatty_server, "reads")
        steps, seen = migrations(), set()
        for args in RUNS:
            offset = chatty_server.log_file.stat().st_size
            program.run(*args)
            for session in sessions(chatty_server, "reads", offset):
                who = kind(session)
                for is_plan, text in session if who != "pg_dump" else ():
                    if is_plan:
                        seen |= {(who, args[0], node) for node in check_plan(json.loads(text), steps)}
                    elif who == "metamodel" and check_text(text):
                        seen.add((who, args[0], "text"))
        assert seen >= {("metamodel", "status", "text"), ("metamodel", "upgrade", "Sample Scan"),
                        ("metamodel", "upgrade", "ModifyTable"), ("psql", "restore", "Sample Scan")}, seen
