# SPDX-License-Identifier: PostgreSQL
"""The commands of [hooks], which a save runs before and after."""

import json
import os
import signal
import shutil
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from support import wait_for


@pytest.fixture
def hooks(metamodel, db):
    """hooks(before="...", ...): a program for each hook, which is a shell script, and a configuration."""
    db.add_accounts("agentzh")

    def make(timeout=60, **scripts):
        lines = ["[hooks]", f"timeout = {timeout}"]
        for name, script in scripts.items():
            program = metamodel.cwd / f"{name}.sh"
            program.write_text(f"#!/bin/sh\n{script}\n")
            program.chmod(0o755)
            lines.append(f"{name} = {program} one 'two words' $HOME *")
        (metamodel.cwd / "hooks.conf").write_text("\n".join(lines) + "\n")
        metamodel.options[:] = ["-c", "hooks.conf"]

    return make


def said(metamodel, name):
    path = metamodel.cwd / name
    return path.read_text() if path.exists() else None


ENVIRONMENT = 'env | grep ^METAMODEL_ | sort >"$0.env"; cp "$METAMODEL_REPORT" "$0.json"; echo "$METAMODEL_REPORT" >"$0.path"'


def test_they_run_without_a_shell_and_what_they_print_is_in_the_log(metamodel, hooks):
    hooks(before='printf "%s|" "$@"; echo; test -e metamodel && exit 1; exit 0', after="echo made; echo it >&2",
          after_failure="touch failure")
    result = metamodel.run("save", "--json")
    assert result.stderr.splitlines()[0] == "[before] one|two words|$HOME|*|"
    assert result.stderr.splitlines()[-2:] == ["[after] made", "[after] it"]
    assert result.report["result"] == "done" and said(metamodel, "failure") is None
    assert metamodel.run("save", "-q", expect=1).stdout == ""


def test_after_the_run_they_are_told_how_it_went(metamodel, hooks, db, fake_pg_dump):
    db.add_account("on\nccf")
    hooks(after=ENVIRONMENT, after_failure=ENVIRONMENT)
    fake_pg_dump.fail("on\nccf")
    metamodel.options += ["--pg-bindir", fake_pg_dump.bindir]
    metamodel.run("save", expect=3)
    for name in ("after", "after_failure"):
        env = dict(line.split("=", 1) for line in said(metamodel, f"{name}.sh.env").splitlines())
        report = json.loads(said(metamodel, f"{name}.sh.json"))
        path = env.pop("METAMODEL_REPORT")
        assert env == {"METAMODEL_COMMAND": "save", "METAMODEL_DIRECTORY": str(metamodel.cwd / "metamodel"),
                       "METAMODEL_RESULT": "partly", "METAMODEL_EXIT_STATUS": "3", "METAMODEL_FAILED": r"on\x0accf",
                       "METAMODEL_FAILED_COUNT": "1"}
        assert report["result"] == "partly" and not os.path.exists(path)


def test_a_before_that_fails_stops_the_run(metamodel, hooks):
    hooks(before="echo no room; exit 7", after="touch after", after_failure=ENVIRONMENT)
    result = metamodel.run("save", expect=1)
    assert result.stderr.splitlines() == [
        f"metamodel: error: hook before: {metamodel.cwd}/before.sh exited with status 7",
        "metamodel: detail: no room",
        "metamodel: hint: nothing was done: fix the cause, or remove the hook from hooks.conf:3"]
    assert not list(metamodel.cwd.glob("metamodel*")) and said(metamodel, "after") is None
    assert "METAMODEL_RESULT=failed\n" in said(metamodel, "after_failure.sh.env")


def test_an_after_that_fails_is_no_success(metamodel, hooks):
    hooks(after="echo gone; exit 1", after_failure="touch failure")
    result = metamodel.run("save", "-q", expect=3)
    assert "hook after: " in result.stderr and "metamodel: detail: gone" in result.stderr
    assert metamodel.tree().accounts() == ["_global", "agentzh"] and said(metamodel, "failure") == ""


def test_a_run_that_is_refused_has_failed(metamodel, hooks, db):
    hooks(after="touch after", after_failure=ENVIRONMENT)
    metamodel.run("save", "-d", "nonexistent", expect=1)
    assert said(metamodel, "after") is None
    assert "METAMODEL_EXIT_STATUS=1\n" in said(metamodel, "after_failure.sh.env")


def test_a_dry_run_has_none_and_other_commands_neither(metamodel, hooks):
    hooks(before="touch before", after="touch after", after_failure="touch failure")
    metamodel.run("save", "-n")
    metamodel.run("verify", expect=1)
    assert [said(metamodel, name) for name in ("before", "after", "failure")] == [None] * 3


def test_one_that_does_not_end_is_ended(metamodel, hooks):
    hooks(timeout=1, before="sleep 1000 & wait")
    assert "exceeded its time limit" in metamodel.run("save", expect=1).stderr


@pytest.mark.parametrize("name", ["before", "after"])
def test_they_end_with_the_run(metamodel, hooks, leftover_processes, name):
    hooks(**{name: "touch began; sleep 1000 & wait"}, after_failure="touch failure")
    running = metamodel.start("save")
    wait_for(lambda: said(metamodel, "began") is not None)
    time.sleep(0.1)
    running.process.send_signal(signal.SIGINT)
    assert running.wait(60).returncode == 130
    wait_for(lambda: not leftover_processes())
    assert said(metamodel, "failure") is None
    assert (metamodel.cwd / "metamodel").exists() == (name == "after")


@pytest.mark.parametrize("key, line, words", [
    ("after", "/nonexistent/program x", "/nonexistent/program: No such file or directory"),
    ("before", "nonexistent-program", "nonexistent-program: No such file or directory in PATH"),
    ("after_failure", "'open", "has a word with a quote that is not closed"),
    ("afterwards", "true", "unknown key 'afterwards' in [hooks]"),
])
def test_mistakes_are_found_before_anything_is_done(metamodel, db, key, line, words):
    db.add_accounts("agentzh")
    (metamodel.cwd / "my.conf").write_text(f"[hooks]\n{key} = {line}\n")
    result = metamodel.run("save", "-c", "my.conf", expect=2)
    assert words in result.stderr and "my.conf:2: " in result.stderr
    assert not list(metamodel.cwd.glob("metamodel*"))


def test_an_empty_one_is_none(metamodel, hooks):
    hooks(before="exit 1")
    text = (metamodel.cwd / "hooks.conf").read_text()
    (metamodel.cwd / "hooks.conf").write_text(text + "before =\nafter =\n")
    metamodel.run("save")


@pytest.mark.skipif(not shutil.which("curl"), reason="no curl here")
def test_curl_tells_a_health_check(metamodel, db):
    class Check(BaseHTTPRequestHandler):
        pings = []

        def do_GET(self):
            self.pings.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    db.add_accounts("agentzh")
    with HTTPServer(("127.0.0.1", 0), Check) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        (metamodel.cwd / "my.conf").write_text(
            f"[hooks]\nafter = curl -fsS -m 10 {url}/ok\nafter_failure = curl -fsS -m 10 {url}/fail\n")
        metamodel.run("save", "-c", "my.conf")
        metamodel.run("save", "-c", "my.conf", "-d", "nonexistent", expect=1)
        server.shutdown()
    assert Check.pings == ["/ok", "/fail"]
