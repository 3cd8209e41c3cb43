# SPDX-License-Identifier: PostgreSQL
"""How the program and its children get to the nodes of a PgFarm: TLS and passwords. All settings of
the connection to the proxy but host and database are theirs, too.
"""

import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from farm_fixtures import (NODES, ON_2, WHERE, accounts, check_failed, metamodel,
                           saved, snapshots)
from support import wait_for

FIXTURES = accounts, metamodel, saved
COMMANDS = pytest.mark.parametrize("command", ["status", "save", "upgrade", "restore"])


# ---- TLS ----

class Certificates:
    """An authority, and what it gives out: NAME.key and NAME.crt in a directory."""

    def __init__(self, directory):
        self.dir = Path(directory)
        self.dir.mkdir()
        self.authority = self.dir / "ca.crt"
        self._make("ca", "-subj", "/CN=farm", "-addext", "basicConstraints=critical,CA:TRUE")

    def _make(self, name, *options):
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-days", "9", "-keyout", f"{name}.key",
                        "-out", f"{name}.crt", *options], check=True, cwd=self.dir,
                       stderr=subprocess.DEVNULL)

    def issue(self, host):
        self._make(host, "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}",
                   "-addext", "basicConstraints=critical,CA:FALSE",
                   "-CA", "ca.crt", "-CAkey", "ca.key")
        return self.dir / host


def speak_tls(instance, certificate):
    """From now on, over TLS only, and every connection is in the log."""
    data = Path(instance.host) / "data"
    for kind in ("key", "crt"):
        path = data / f"server.{kind}"
        shutil.copy(f"{certificate}.{kind}", path)
        os.chown(path, data.stat().st_uid, data.stat().st_gid)
        path.chmod(0o600)
    for setting in ("ssl = on", "log_connections = on"):
        instance.sql(f"ALTER SYSTEM SET {setting}")
    hba = (data / "pg_hba.conf").read_text()
    (data / "pg_hba.conf").write_text(re.sub("(?m)^host ", "hostssl ", hba))
    reload(instance, "on")


def speak_plainly(instance):
    data = Path(instance.host) / "data"
    hba = (data / "pg_hba.conf").read_text()
    (data / "pg_hba.conf").write_text(re.sub("(?m)^hostssl ", "host ", hba))
    for setting in ("ssl", "log_connections"):
        instance.sql(f"ALTER SYSTEM RESET {setting}")
    reload(instance, "off")


def reload(instance, ssl):
    instance.sql("SELECT pg_reload_conf()")

    def says(setting):
        with instance.connect() as session:
            cursor = session.cursor()
            cursor.execute(f"SHOW {setting}")
            return cursor.fetchone()[0]

    wait_for(lambda: says("ssl") == says("log_connections") == ssl, what=f"ssl = {ssl}")


@pytest.fixture
def tls(farm, tmp_path_factory):
    """The servers speak TLS, and nothing else to others than this machine's sockets; certificates for
    their names without the suffix. The Certificates."""
    if not shutil.which("openssl"):
        pytest.skip("no openssl to make certificates with")
    certificates = Certificates(tmp_path_factory.mktemp("tls") / "made")
    instances = farm.server.instances
    try:
        for instance in instances:
            speak_tls(instance, certificates.issue(instance.name))
        yield certificates
    finally:
        for instance in instances:
            instance.start()
        with ThreadPoolExecutor() as executor:
            list(executor.map(speak_plainly, instances))


def connections(farm, node, offset):
    """(name of the program, whether over TLS) of every session of ours on a node since then."""
    found = re.findall(r"connection authorized: user=openresty database=\w+ application_name=(.*)",
                       farm.nodes[node].server.log(offset))
    return [(re.sub(" SSL enabled.*", "", line), " SSL enabled" in line) for line in found]


def log_sizes(farm):
    return {name: node.server.log_file.stat().st_size for name, node in farm.nodes.items()}


@COMMANDS
def test_the_nodes_are_reached_over_tls_as_the_proxy_is(saved, metamodel, tls, command):
    offsets = log_sizes(saved)
    result = metamodel.run(command, "-d", f"sslmode=verify-full sslrootcert={tls.authority}", "--json")
    assert {each["account"]: each["node"] for each in result.report["accounts"]} == WHERE
    for node in NODES:
        made = connections(saved, node, offsets[node])
        assert all(is_tls for _, is_tls in made)
        names = [name for name, _ in made]
        assert f"metamodel {command}" in names
        if command in ("save", "restore"):
            assert names.count("metamodel") == 2  # children, one for each account


def test_who_speaks_no_tls_reaches_no_node_that_wants_it(saved, metamodel, tls):
    result = metamodel.run("status", "-d", "sslmode=disable", expect=1)
    assert "no encryption" in result.stderr


@pytest.mark.parametrize("how", ["-d", "environment", "service"])
def test_settings_for_tls_reach_nodes_and_children_from_everywhere(accounts, metamodel, tls, fake_pg_dump, how):
    args, env = [], {}
    if how == "-d":
        args = ["-d", f"sslmode=verify-ca sslrootcert={tls.authority}"]
    elif how == "environment":
        env = {"PGSSLMODE": "verify-ca", "PGSSLROOTCERT": tls.authority}
    else:
        (metamodel.cwd / "services").write_text(
            f"[farm]\nhost=proxy\nport={accounts.port}\nuser={accounts.user}\npassword={accounts.password}\n"
            f"sslmode=verify-ca\nsslrootcert={tls.authority}\n")
        env = {"PGSERVICE": "farm", "PGSERVICEFILE": metamodel.cwd / "services"}
    metamodel.run("save", *args, env=env)
    for name in WHERE:
        [call] = fake_pg_dump.calls(name)
        assert (call["env"]["PGSSLMODE"], call["env"]["PGSSLROOTCERT"]) == ("verify-ca", str(tls.authority))


@COMMANDS
def test_a_node_that_cannot_be_trusted_fails_its_accounts_and_no_others(
        saved, metamodel, tls, command, tmp_path_factory):
    strangers = Certificates(tmp_path_factory.mktemp("tls") / "strangers")
    speak_tls(saved.nodes["os901002"].server, strangers.issue("os901002"))
    result = metamodel.run(command, "-d", f"sslmode=verify-full sslrootcert={tls.authority}", expect=3)
    check_failed(result, ON_2, "os901002")
    assert "certificate verify failed" in result.stderr


def test_a_certificate_is_for_the_whole_name_of_a_node(saved, metamodel, tls):
    """The suffix belongs to it; that of the proxy has none here."""
    result = metamodel.run("status", saved.suffix, "-d", f"sslmode=verify-full sslrootcert={tls.authority}",
                           expect=1)
    assert re.search(r'does not match host name "os90100\d\.farm\.test"', result.stderr)
    metamodel.run("status", saved.suffix, "-d", f"sslmode=verify-ca sslrootcert={tls.authority}")


# ---- passwords ----

@pytest.fixture(params=["configuration file", "PGPASSWORD", "~/.pgpass", "PGPASSFILE"])
def password(request, accounts, metamodel):
    """It is said in one place only. All servers of the farm want it (SCRAM)."""
    text = Path(accounts.conf_file).read_text()
    without = metamodel.cwd / "no-password.conf"
    without.write_text(re.sub("(?m)^password.*\n", "", text))
    lines = "".join(f"{name}:{accounts.port}:{name}:{accounts.user}:{accounts.password}\n"
                    for name in ["proxy", *NODES])
    if request.param != "configuration file":
        metamodel.options[metamodel.options.index(accounts.conf_file)] = without
    if request.param == "PGPASSWORD":
        metamodel.env["PGPASSWORD"] = accounts.password
    elif request.param != "configuration file":
        path = metamodel.cwd / (".pgpass" if request.param == "~/.pgpass" else "passwords")
        path.write_text(lines)
        path.chmod(0o600)
        if request.param == "PGPASSFILE":
            metamodel.env["PGPASSFILE"] = path
    return request.param


def test_a_password_is_for_all_nodes_and_children(accounts, metamodel, password):
    before = snapshots(accounts)
    for command in ("status", "save", "restore"):
        metamodel.run(command, "-w")
    assert metamodel.tree().accounts() == sorted(WHERE) and metamodel.tree().stale() == []
    assert snapshots(accounts) == before
    metamodel.run("upgrade", "-w")


@COMMANDS
def test_a_node_with_another_password_fails_its_accounts_and_no_others(saved, metamodel, command):
    """Which a password file can give it."""
    saved.nodes["os901002"].server.sql("ALTER ROLE openresty PASSWORD 'other'")
    try:
        result = metamodel.run(command, "-w", expect=3)
        check_failed(result, ON_2, "os901002")
        assert "password authentication failed" in result.stderr
        conf = metamodel.cwd / "no-password.conf"
        conf.write_text(re.sub("(?m)^password.*\n", "", Path(saved.conf_file).read_text()))
        (metamodel.cwd / ".pgpass").write_text(
            f"os901002:*:*:*:other\n*:*:*:*:{saved.password}\n")
        (metamodel.cwd / ".pgpass").chmod(0o600)
        metamodel.options[metamodel.options.index(saved.conf_file)] = conf
        metamodel.run(command, "-w")
    finally:
        saved.nodes["os901002"].server.sql(f"ALTER ROLE openresty PASSWORD '{saved.password}'")
