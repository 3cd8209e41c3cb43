# SPDX-License-Identifier: PostgreSQL
"""How a server is found, and how a password gets there and nowhere else."""

import contextlib
import fcntl
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import termios
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote as percent

import pytest
from support import Database, Server, quote, wait_for
from support_tenants import model

FIXTURES = model

MARK = "Zqx7sesame"  # what no log may hold
PASSWORD = f"it's {MARK} \\ :@/%41=?#&"
SAVER = "sa'v er"


@pytest.fixture(scope="module")
def scram():
    """A server that also listens on 127.0.0.1, and wants passwords of everybody but postgres."""
    for attempt in range(5):
        port = free_port()
        try:
            server = Server("listen_addresses = '127.0.0.1'", f"port = {port}",
                            "password_encryption = 'scram-sha-256'")
            break
        except RuntimeError:  # somebody was quicker
            if attempt == 4:
                raise
    server.port = str(port)
    with open(f"{server.host}/data/pg_hba.conf", "w") as hba:
        hba.write("local all postgres trust\n"
                  "local all all scram-sha-256\n"
                  "hostssl all certified 127.0.0.1/32 cert\n"
                  "host all all 127.0.0.1/32 scram-sha-256\n")
    server.sql("SELECT pg_reload_conf()")
    server.sql(f"CREATE ROLE {quote(SAVER)} LOGIN IN ROLE pg_read_all_data PASSWORD "
               + "'" + PASSWORD.replace("'", "''") + "'")  # a backslash is plain
    server.sql("CREATE ROLE certified LOGIN IN ROLE pg_read_all_data")
    server.sql("CREATE DATABASE shop")
    with closing(Database(server, "shop")) as db:
        db.add_accounts("agentzh", "onccf")
    yield server
    server.stop()


class OnScram:
    """For tests that need no database of their own."""

    @pytest.fixture
    def db(self, scram):
        with closing(Database(scram, "shop")) as db:
            yield db


class Offline:
    """For tests that need no server."""

    @pytest.fixture
    def db(self):
        return SimpleNamespace(server=SimpleNamespace(host="/nonexistent", port="1", user="me"),
                               name="none")


@pytest.fixture
def saver(scram, metamodel):
    """The program, pointed at that server, and without a password."""
    metamodel.env.update(PGHOST="127.0.0.1", PGPORT=scram.port, PGUSER=SAVER, PGDATABASE="shop",
                         PGSSLMODE="disable")  # or libpq may try with and without TLS
    return metamodel


@pytest.fixture
def scram_log(scram):
    """What the server said since."""
    offset = scram.log_file.stat().st_size
    return lambda: scram.log(offset)


def free_port():
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@pytest.fixture
def closed_port():
    """A port on which nobody listens as long as the test runs."""
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        yield str(sock.getsockname()[1])


@pytest.fixture
def silent_port():
    """A port that takes connections and never says a word."""
    with closing(socket.socket()) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen(50)
        yield str(sock.getsockname()[1])


class Terminal:
    """A terminal for the program, and who sits before it."""

    def __init__(self):
        self._master, self._slave = os.openpty()
        os.set_blocking(self._master, False)
        self.seen = ""

    def be_its_terminal(self):
        """For preexec_fn."""
        fcntl.ioctl(self._slave, termios.TIOCSCTTY, 0)

    def read(self):
        with contextlib.suppress(BlockingIOError, OSError):
            self.seen += os.read(self._master, 4096).decode(errors="replace")
        return self.seen

    def wait_for(self, text):
        wait_for(lambda: text in self.read(), what=f"{text!r} on the terminal")

    def answer(self, line):
        self.wait_for("Password")
        os.write(self._master, line.encode())

    @property
    def has_echo(self):
        return bool(termios.tcgetattr(self._slave)[3] & termios.ECHO)

    def close(self):
        os.close(self._master)
        os.close(self._slave)


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


def write(directory, name, text, mode=0o600):
    path = directory / name
    path.write_text(text)
    path.chmod(mode)
    return path


def key_value(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def error_lines(result):
    return re.findall("^metamodel: error: (.*)$", result.stderr, re.M)


def command_lines(pid):
    """What /proc shows of a process and its descendants."""
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            yield from command_lines(int(child))
        yield Path(f"/proc/{pid}/cmdline").read_bytes()


# --- who decides: the command line, then libpq's environment, then the files

OPTIONS = {"host": "--host", "port": "--port", "user": "--username", "dbname": "--dbname"}
VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE",
             "password": "PGPASSWORD"}
BACKEND = {"host": "host", "port": "port", "user": "user", "dbname": "database",
           "password": "password"}
WRONG = {"host": "/nonexistent", "port": "1", "user": "nobody at all", "dbname": "no_such_db",
         "password": "wrong"}


PAIRS = [("command line", "environment"), ("command line", "backend"),
         ("command line", "metamodel"), ("environment", "backend"), ("environment", "metamodel"),
         ("metamodel", "backend")]


class TestAuthority(OnScram):
    @pytest.fixture
    def say(self, saver, scram):
        """say(KEY, PLACE, is_right): arguments by which PLACE says what KEY is, now."""
        right = {"host": scram.host, "port": scram.port, "user": SAVER, "dbname": "shop",
                 "password": PASSWORD}
        saver.env.update({VARIABLES[key]: value for key, value in right.items()})
        sections = {"backend": "", "metamodel": ""}

        def config(section, line):
            sections[section] += line + "\n"
            text = "".join(f"[{name}]\n{lines}" for name, lines in sections.items())
            return ["-c", write(saver.cwd, "my.conf", text)]

        def say(key, place, is_right):
            value = right[key] if is_right else WRONG[key]
            if place == "environment":
                saver.env[VARIABLES[key]] = value
            elif place == "backend":
                return config("backend", f'{BACKEND[key]} = "{value}"')
            elif place == "metamodel":
                return config("metamodel", f'{OPTIONS[key][2:]} = "{value}"')
            elif key == "password":
                return ["-d", f"password={key_value(value)}"]
            else:
                return [OPTIONS[key], value]
            return []

        return say

    @pytest.mark.parametrize("key, winner, loser", [
        (key, winner, loser) for key in VARIABLES for winner, loser in PAIRS
        if key != "password" or "metamodel" not in (winner, loser)])
    def test_the_higher_authority_decides(self, saver, say, key, winner, loser):
        saver.env.pop(VARIABLES[key])
        args = [*say(key, loser, False), *say(key, winner, True)]
        saver.run("save", "-nw", *dict.fromkeys(args))  # one -c is enough

    @pytest.mark.parametrize("winner, loser", PAIRS)
    @pytest.mark.parametrize("key", OPTIONS)
    def test_where_it_errs_nobody_else_is_asked(self, saver, say, key, winner, loser):
        saver.env.pop(VARIABLES[key])
        args = [*say(key, loser, True), *say(key, winner, False)]
        result = saver.run("save", "-nw", *dict.fromkeys(args), expect=1)
        said = "PGSQL.1\"" if key == "port" else WRONG[key]
        assert said in error_lines(result)[0], result

    def test_the_default_file_is_under_the_site_file_under_c(self, saver, scram, mounts):
        for name in VARIABLES.values():
            saver.env.pop(name, None)
        write(saver.cwd, "default", f"[backend]\nhost = {scram.host}\nport = {scram.port}\n"
              "user = wrong\ndatabase = wrong\n", 0o644)
        write(saver.cwd, "site", f"[backend]\nuser = postgres\ndatabase = {MARK}\n", 0o644)
        write(saver.cwd, "c", "[backend]\nuser = postgres\ndatabase = shop\n", 0o644)
        box = mounts('cd "$1"; mount -t tmpfs none /etc; mkdir /etc/openresty;'
                     "cp default /etc/openresty/openresty.conf;"
                     "cp site /etc/openresty/site_openresty.conf", saver.cwd)
        result = saver.run("save", "-nw", under=box, expect=1)
        assert f'database "{MARK}" does not exist' in result.stderr
        saver.run("save", "-nw", "-c", "c", under=box)

    def test_backend_keys_are_enough(self, saver, scram):
        for name in VARIABLES.values():
            saver.env.pop(name, None)
        write(saver.cwd, "my.conf", f"[backend]\ntype = Pg\nhost = 127.0.0.1\nport = {scram.port}\n"
              f'user = "{SAVER}"\npassword = "{PASSWORD}"\ndatabase = shop\nrecording = off\n')
        saver.run("save", "-c", "my.conf", "-w")
        assert saver.tree().accounts() == ["_global", "agentzh", "onccf"]

    @pytest.mark.parametrize("form", ["key=value", "URI"])
    def test_metamodel_keys_may_hold_a_whole_connection(self, saver, scram, form):
        for name in VARIABLES.values():
            saver.env.pop(name, None)
        write(saver.cwd, "my.conf", "[metamodel]\ndbname = " + {
            "key=value": f'"host={scram.host} port={scram.port} user=postgres dbname=shop"',
            "URI": f"postgresql://postgres@{percent(scram.host, '')}:{scram.port}/shop"}[form])
        saver.run("save", "-nw", "-c", "my.conf")

    def test_an_empty_value_in_a_file_leaves_it_to_libpq(self, saver, say):
        keys = "".join(f"{key} =\n" for key in BACKEND.values())
        saver.run("save", "-nw", "-c", write(saver.cwd, "my.conf", f"[backend]\n{keys}"))

    def test_hostaddr_in_the_environment_is_not_mixed_with_a_configured_host(self, saver, scram):
        saver.env.pop("PGHOST")
        saver.env.update(PGHOSTADDR="127.0.0.1", PGPASSWORD=PASSWORD)
        write(saver.cwd, "my.conf", "[backend]\nhost = /nonexistent\n")
        saver.run("save", "-w", "-c", "my.conf")


class TestConnectionString:
    @pytest.fixture
    def certificates(self, scram, tmp_path):
        """Makes the server speak TLS; (the server's, the client's), without ".crt"."""
        def certificate(name, host):
            subprocess.run(
                ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-days", "9", "-subj", f"/CN={host}", "-addext",
                 f"subjectAltName=DNS:{host}", "-keyout", tmp_path / f"{name}.key",
                 "-out", tmp_path / f"{name}.crt"], check=True, stderr=subprocess.DEVNULL)
            return tmp_path / name

        if not shutil.which("openssl"):
            pytest.skip("no openssl to make certificates with")
        made = certificate("server", "localhost"), certificate("client", "certified")
        data = Path(scram.host) / "data"
        for name in ("server.key", "server.crt", "client.crt"):
            shutil.copy(tmp_path / name, data)
            os.chown(data / name, data.stat().st_uid, data.stat().st_gid)
        scram.sql("ALTER SYSTEM SET ssl_ca_file = 'client.crt'")
        scram.sql("ALTER SYSTEM SET ssl = on")
        scram.sql("SELECT pg_reload_conf()")
        with closing(scram.connect()) as session:
            wait_for(lambda: self.has_tls(session), what="a server that speaks TLS")
        yield made
        scram.sql("ALTER SYSTEM RESET ssl")
        scram.sql("ALTER SYSTEM RESET ssl_ca_file")
        scram.sql("SELECT pg_reload_conf()")

    @staticmethod
    def has_tls(session):
        cursor = session.cursor()
        cursor.execute("SHOW ssl")
        return cursor.fetchone() == ("on",)

    @pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
    def test_a_uri_says_everything(self, metamodel, db, scheme):
        db.add_accounts("agentzh")
        metamodel.env.update(PGHOST="/nonexistent", PGPORT="1", PGUSER="no one", PGDATABASE="none")
        metamodel.run("save", "-d", f"{scheme}://postgres@{percent(db.server.host, '')}:5432/"
                                    f"{db.name}?connect_timeout=60")
        assert metamodel.tree().accounts() == ["_global", "agentzh"]

    def test_what_it_leaves_open_comes_from_elsewhere(self, metamodel, db):
        db.add_accounts("agentzh")
        metamodel.env.update(PGHOST="/nonexistent", PGDATABASE="none")
        metamodel.run("save", "-n", "-d", f"dbname={db.name}", "-h", db.server.host)

    def test_it_wins_over_single_options_as_in_psql(self, metamodel, db):
        db.add_accounts("agentzh")
        metamodel.run("save", "-n", "-d", f"host={db.server.host} dbname={db.name}", "-h", "/no")

    def test_what_has_no_variable_reaches_the_children_too(self, metamodel, db, fake_pg_dump):
        db.add_accounts("agentzh")
        metamodel.run("save", "-d", f"dbname={db.name} sslmode=prefer connect_timeout=77 "
                      "keepalives=0 keepalives_idle=9 target_session_attrs=any "
                      "options='-c work_mem=1MB -c my.own=a\\\\ b'")
        assert metamodel.tree().accounts() == ["_global", "agentzh"]
        [call] = fake_pg_dump.calls("agentzh")
        [dbname] = [arg for arg in call["argv"] if arg.startswith("--dbname=")]
        assert "keepalives='0'" in dbname and "keepalives_idle='9'" in dbname
        env = call["env"]
        assert (env["PGSSLMODE"], env["PGCONNECT_TIMEOUT"]) == ("prefer", "77")
        assert env["PGDATABASE"] == db.name
        assert env["PGOPTIONS"].startswith("-c work_mem=1MB -c my.own=a\\ b ")
        assert "-c join_collapse_limit=1" in env["PGOPTIONS"]

    def test_a_server_that_lost_power_is_noticed(self, saver, strace):
        saver.env.update(PGPASSWORD=PASSWORD)
        log = strace(trace="setsockopt")
        saver.run("save", under=log)
        saver.run("save", "-d", "dbname=shop keepalives_idle=77", under=(own := strace(trace="setsockopt")))
        for lines, idle in (log.lines, "30"), (own.lines, "77"):
            told = [line for line in lines if "TCP_KEEPIDLE" in line]
            assert len({line.split()[0] for line in told}) > 1  # pg_dump, too
            assert all(f"TCP_KEEPIDLE, [{idle}]" in line for line in told)

    def test_certificates_reach_the_children_too(self, saver, scram, certificates):
        server, client = certificates
        saver.run("save", "-w", env={"PGHOST": None, "PGUSER": None}, *[
            "-d", f"host=localhost user=certified dbname=shop sslmode=verify-full "
            f"sslrootcert={server}.crt sslcert={client}.crt sslkey={client}.key"])
        assert saver.tree().accounts() == ["_global", "agentzh", "onccf"]
        result = saver.run("save", "-w", expect=1, *[
            "-d", f"host=127.0.0.1 user=certified sslmode=verify-full sslrootcert={server}.crt "
            f"sslcert={client}.crt sslkey={client}.key"])
        assert "localhost" in error_lines(result)[0]  # whose certificate it is

    def test_its_options_work_in_the_children(self, metamodel, db):
        # Rows of other time zones are dumped in the time zone of the session.
        db.add_accounts("agentzh")
        metamodel.run("save", "-d", f"dbname={db.name} options='-c TimeZone=Etc/GMT+7'")
        assert re.search(r"\d\d:\d\d:\d\d-07\t?", metamodel.tree().text("agentzh"))

    def test_a_secret_that_would_show_in_a_childs_argv_is_refused(self, metamodel, db):
        db.add_accounts("agentzh")
        result = metamodel.run("save", "-v", "-d", f"dbname={db.name} sslpassword={MARK}", expect=2)
        assert "sslpassword" in error_lines(result)[0] and MARK not in result.stderr
        assert not (metamodel.cwd / "metamodel.new").exists()

class TestBadConnectionString(Offline):
    @pytest.mark.parametrize("string", [
        f"postgresql://me:a%zz{MARK}@localhost/db",
        f"postgresql://me:{MARK}%00@localhost/db",
        f"postgresql://me:{MARK}@[::1/db",
        f"postgresql://me:{MARK}@localhost:x y/db?%",
        f"postgresql://localhost/db?password={MARK}&nonsense",
        f"postgresql://localhost/db?password={MARK}=x",
        f"postgresql://localhost/db?passwort={MARK}",
        f"postgresql://localhost/db?password={MARK}%zz",
        f"host=localhost password=my {MARK}",
        f"host=localhost password='{MARK}",
        f"host=localhost password=x{MARK} {MARK}=y",
        f"host=localhost passwort={MARK}",
    ])
    def test_it_is_refused_and_not_repeated(self, metamodel, string):
        result = metamodel.run("save", "-v", "--json", f"--dbname={string}", expect=2)
        assert MARK not in result.stderr + result.stdout
        [line] = error_lines(result)
        assert re.search("--dbname|connection", line)

    def test_nor_is_one_that_leads_nowhere(self, metamodel, closed_port):
        result = metamodel.run("save", "-v", "--json", "-d",
                               f"postgresql://me:{MARK}@127.0.0.1:{closed_port}/db", expect=1)
        assert MARK not in result.stderr + result.stdout
        assert "127.0.0.1" in result.stderr and closed_port in result.stderr


class TestService:
    @pytest.fixture
    def service(self, metamodel, db):
        """A service that says everything; the environment says nothing."""
        db.add_accounts("agentzh")
        for name in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE"):
            metamodel.env.pop(name)
        return (f"[night]\nhost={db.server.host}\nport=5432\nuser=postgres\ndbname={db.name}\n"
                "options=-c work_mem=3MB\n")

    @pytest.mark.parametrize("where", ["PGSERVICEFILE", "~/.pg_service.conf", "PGSYSCONFDIR"])
    @pytest.mark.parametrize("how", ["PGSERVICE", "-d"])
    def test_it_describes_the_server(self, metamodel, service, fake_pg_dump, how, where):
        name = "pg_service.conf" if where == "PGSYSCONFDIR" else ".pg_service.conf"
        path = write(metamodel.cwd, name, service)
        if where == "PGSERVICEFILE":
            metamodel.env["PGSERVICEFILE"] = path.rename(metamodel.cwd / "services")
        elif where == "PGSYSCONFDIR":
            metamodel.env["PGSYSCONFDIR"] = metamodel.cwd
        if how == "PGSERVICE":
            metamodel.env["PGSERVICE"] = "night"
        metamodel.run("save", *(["-d", "service=night"] if how == "-d" else []))
        assert metamodel.tree().accounts() == ["_global", "agentzh"]
        [call] = fake_pg_dump.calls("agentzh")
        assert "-c work_mem=3MB" in call["env"]["PGOPTIONS"]

    def test_command_line_beats_service_beats_config(self, metamodel, db, service):
        metamodel.env["PGSERVICEFILE"] = write(metamodel.cwd, "services", service)
        write(metamodel.cwd, "my.conf", "[backend]\nhost = /no\nport = 1\nuser = x\ndatabase = x\n")
        metamodel.run("save", "-n", "-c", "my.conf", env={"PGSERVICE": "night"})
        metamodel.run("save", "-n", "-c", "my.conf", "-d", "service=night")
        result = metamodel.run("save", "-n", "-d", "service=night host=/elsewhere", expect=1)
        assert "/elsewhere" in error_lines(result)[0]
        result = metamodel.run("save", "-n", "-d", "none", env={"PGSERVICE": "night"}, expect=1)
        assert '"none" does not exist' in error_lines(result)[0]

    @pytest.mark.parametrize("text", ["", "[day]\nhost=x\n", None], ids=["empty", "other", "none"])
    def test_one_that_is_not_there_is_named(self, metamodel, service, text):
        metamodel.env["PGSERVICEFILE"] = metamodel.cwd / "services"
        if text is not None:
            write(metamodel.cwd, "services", text)
        result = metamodel.run("save", "-d", "service=night", check=False)
        assert result.returncode in (1, 2)
        [line] = error_lines(result)
        assert "night" in line or f"{metamodel.cwd}/services" in line


# --- passwords

def give_in_environment(_cwd, password):
    return [], {"PGPASSWORD": password}


def give_in_password_file(cwd, password):
    escaped = [text.replace("\\", "\\\\").replace(":", "\\:") for text in (SAVER, password)]
    write(cwd, ".pgpass", "other:*:*:*:wrong\n127.0.0.1:*:shop:" + ":".join(escaped) + "\n")
    return [], {}


def give_in_named_password_file(cwd, password):
    give_in_password_file(cwd, password)
    (cwd / ".pgpass").rename(cwd / "secrets")
    return [], {"PGPASSFILE": cwd / "secrets"}


def give_in_passfile(cwd, password):
    give_in_named_password_file(cwd, password)
    return ["-d", f"dbname=shop passfile={cwd}/secrets"], {}


def give_in_uri(_cwd, password):
    return [f"--dbname=postgresql://:{percent(password, '')}@/shop"], {}


def give_in_words(_cwd, password):
    return ["-d", f"dbname=shop password={key_value(password)}"], {}


def give_in_service(cwd, password):
    write(cwd, "services", f"[night]\ndbname=shop\npassword={password}\n")
    return [], {"PGSERVICEFILE": cwd / "services", "PGSERVICE": "night"}


def give_in_service_by_option(cwd, password):
    give_in_service(cwd, password)
    return ["-d", "service=night"], {"PGSERVICEFILE": cwd / "services"}


def give_in_config(cwd, password):
    return ["-c", write(cwd, "my.conf", f'[backend]\npassword = "{password}"\n')], {}


ROUTES = [give_in_environment, give_in_password_file, give_in_named_password_file,
          give_in_passfile, give_in_uri, give_in_words, give_in_service,
          give_in_service_by_option, give_in_config]
by_every_route = pytest.mark.parametrize("give", ROUTES,
                                         ids=[route.__name__[len("give_in_"):] for route in ROUTES])


class TestPassword(OnScram):
    def test_without_one_the_server_says_no(self, saver):
        """The other tests would pass with a server that asks for none."""
        result = saver.run("save", expect=1)
        assert len(error_lines(result)) == 1 and "no password supplied" in result.stderr

    @by_every_route
    def test_it_arrives_by_every_route_and_stays_secret(self, saver, fake_pg_dump, give):
        args, env = give(saver.cwd, PASSWORD)
        inputs = set(saver.cwd.iterdir())
        result = saver.run("save", "-wv", "--json", *args, env=env)
        assert saver.tree().accounts() == ["_global", "agentzh", "onccf"]
        assert "COPY agentzh._models" in saver.tree().text("agentzh")
        assert MARK not in result.stderr + result.stdout
        written = [path for path in saver.cwd.rglob("*") if path.is_file() and path not in inputs]
        assert {path.name for path in written} >= {"manifest.json", "metamodel.lock", "onccf.sql"}
        for path in written:
            assert MARK.encode() not in path.read_bytes(), path
        for call in fake_pg_dump.calls():
            assert not [arg for arg in call["argv"] if MARK in arg]

    @by_every_route
    def test_it_is_in_no_command_line_while_children_run(self, saver, fake_pg_dump, give):
        args, env = give(saver.cwd, PASSWORD)
        fake_pg_dump.hang("agentzh")
        running = saver.start("save", "-w", *args, env=env)
        wait_for(lambda: fake_pg_dump.calls("agentzh"), what="the child")
        shown = list(command_lines(running.pid))
        assert [line for line in shown if b"\0save\0-w" in line]
        assert [line for line in shown if b"agentzh" in line]
        assert not [line for line in shown if MARK.encode() in line]
        running.send(signal.SIGTERM)
        assert running.wait().returncode == 128 + signal.SIGTERM

    @by_every_route
    def test_a_wrong_one_is_one_error_and_no_second_try(self, saver, scram_log, give):
        args, env = give(saver.cwd, MARK + "wrong")
        result = saver.run("save", "--json", *args, env=env, expect=1)
        [line] = error_lines(result)
        assert f'password authentication failed for user "{SAVER}"' in line
        assert MARK not in result.stderr + result.stdout
        assert scram_log().count("FATAL:  password authentication failed") == 1
        assert [path.name for path in saver.cwd.glob("metamodel*")] == ["metamodel.lock"]

    def test_a_role_is_not_given_the_password_of_another(self, saver):
        give_in_password_file(saver.cwd, PASSWORD)
        result = saver.run("save", "-w", "-U", "postgres", expect=1)
        assert "password" in error_lines(result)[0]


class TestPrompt(OnScram):
    def run(self, saver, terminal, *args, answer=None, **opts):
        running = saver.start("save", *args, preexec_fn=terminal.be_its_terminal, **opts)
        if answer is not None:
            terminal.answer(answer)
        result = running.wait()
        terminal.read()
        assert MARK not in terminal.seen + result.stderr + result.stdout
        assert terminal.has_echo
        return result

    @pytest.mark.parametrize("args, env", [
        ([], {}), (["-W"], {}), (["--password", "--json", "-v"], {}),
        (["-W"], {"PGPASSWORD": "wrong"}),
        (["-q"], {}),
    ], ids=["when needed", "-W", "-W --json", "-W over PGPASSWORD", "-q"])
    def test_what_is_typed_is_the_password(self, saver, terminal, fake_pg_dump, args, env):
        result = self.run(saver, terminal, *args, env=env, answer=PASSWORD + "\n")
        assert result.returncode == 0, result
        assert saver.tree().accounts() == ["_global", "agentzh", "onccf"]
        assert terminal.seen.count("Password") == 1
        assert not [arg for call in fake_pg_dump.calls() for arg in call["argv"] if MARK in arg]

    @pytest.mark.parametrize("args", [["-W", MARK], ["agentzh", "--password", MARK], ["--json", "-W", MARK]],
                             ids=["alone", "after an account", "--json"])
    def test_what_stands_behind_the_option_may_be_one_and_is_not_shown(self, saver, terminal, args):
        """Somebody thought that the option takes a value."""
        result = self.run(saver, terminal, *args, answer=PASSWORD + "\n")
        assert result.returncode == 2 and "the argument after --password is not a" in result.stderr
        assert not saver.tree().path.exists()

    def test_an_account_may_stand_behind_the_option(self, saver, terminal):
        result = self.run(saver, terminal, "-W", "agentzh", answer=PASSWORD + "\n")
        assert result.returncode == 0 and saver.tree().accounts() == ["agentzh"]

    def test_a_mistake_can_be_rubbed_out(self, saver, terminal):
        result = self.run(saver, terminal, answer=PASSWORD + "xy\x7f\x08\r")
        assert result.returncode == 0, result

    def test_a_wrong_one_is_not_asked_for_again(self, saver, terminal, scram_log):
        result = self.run(saver, terminal, answer=MARK + "\n")
        assert result.returncode == 1
        [line] = error_lines(result)
        assert "password authentication failed" in line
        assert terminal.seen.count("Password") == 1
        assert scram_log().count("FATAL:  password authentication failed") == 1

    def test_nor_after_an_empty_one(self, saver, terminal):
        result = self.run(saver, terminal, answer="\n")
        assert result.returncode == 1 and "password" in error_lines(result)[0]
        assert terminal.seen.count("Password") == 1

    @pytest.mark.parametrize("env, args", [
        ({}, ["-w"]), ({}, ["--no-password", "-q"]), ({"PGPASSWORD": "wrong"}, [])],
        ids=["-w", "-wq", "given a wrong one"])
    def test_nobody_is_asked(self, saver, terminal, env, args):
        result = self.run(saver, terminal, *args, env=env)
        assert result.returncode == 1 and len(error_lines(result)) == 1
        assert "password" in error_lines(result)[0] and terminal.seen == ""

    def test_nobody_is_asked_where_none_is_needed(self, saver, scram, terminal):
        result = self.run(saver, terminal, "-n", "-h", scram.host, "-U", "postgres")
        assert result.returncode == 0 and terminal.seen == ""

    @pytest.mark.parametrize("config, args", [
        ("no-password = yes", []), ("password = yes", ["-w"])], ids=["no-password", "-w wins"])
    def test_a_file_may_say_that_nobody_is_asked(self, saver, terminal, config, args):
        path = write(saver.cwd, "my.conf", f"[metamodel]\n{config}\n")
        assert self.run(saver, terminal, "-c", path, *args).returncode == 1
        assert terminal.seen == ""

    @pytest.mark.parametrize("args", [[], ["-W"]], ids=["when needed", "-W"])
    def test_ctrl_c_at_the_prompt_ends_it_as_the_signal_would(self, saver, terminal, args):
        result = self.run(saver, terminal, *args, answer="\x03")
        assert result.returncode in (128 + signal.SIGINT, -signal.SIGINT), result
        assert not (saver.cwd / "metamodel").exists()

    @pytest.mark.parametrize("args", [[], ["-W"]], ids=["when needed", "-W"])
    def test_the_end_of_input_is_no_password(self, saver, terminal, args):
        result = self.run(saver, terminal, *args, answer="\x04")
        assert result.returncode in (1, 2) and len(error_lines(result)) == 1
        assert "no terminal" not in result.stderr  # there was one

    def test_without_a_terminal_w_is_a_mistake(self, saver):
        result = saver.run("save", "-W", expect=2)
        assert "there is no terminal to prompt on" in error_lines(result)[0]


# --- servers that are not there

class TestUnreachable(Offline):
    def check(self, result, *words):
        [line] = error_lines(result)
        for word in words:
            assert word in line, result
        assert not re.search("[\x00-\x09\x0b-\x1f]|\\\\x", result.stderr), result
        assert len(result.stderr.splitlines()) <= 3, result
        assert "trying again" not in result.stderr

    @pytest.mark.parametrize("form", ["options", "URI", "environment", "config"])
    def test_a_port_on_which_nobody_listens(self, metamodel, closed_port, form):
        args, env = {
            "options": (["-h", "127.0.0.1", "-p", closed_port], {}),
            "URI": (["-d", f"postgresql://127.0.0.1:{closed_port}/db"], {}),
            "environment": ([], {"PGHOST": "127.0.0.1", "PGPORT": closed_port}),
            "config": (["-c", write(metamodel.cwd, "my.conf",
                                    f"[backend]\nhost = 127.0.0.1\nport = {closed_port}\n")],
                       {"PGHOST": None, "PGPORT": None}),
        }[form]
        self.check(metamodel.run("save", *args, env=env, expect=1), "127.0.0.1", closed_port,
                   "Connection refused")
        assert [path.name for path in metamodel.cwd.glob("metamodel*")] == ["metamodel.lock"]

    def test_a_host_that_has_no_address(self, metamodel):
        self.check(metamodel.run("save", "-h", "nowhere.invalid", "-p", "5433", expect=1),
                   "nowhere.invalid", "5433")

    @pytest.mark.parametrize("directory", ["/nonexistent/dir", "."], ids=["missing", "empty"])
    def test_a_directory_without_a_socket(self, metamodel, directory):
        directory = str(metamodel.cwd) if directory == "." else directory
        self.check(metamodel.run("save", "-h", directory, "-p", "5433", expect=1),
                   directory, "5433")

    def test_a_name_too_long_for_a_socket(self, metamodel):
        assert "too long" in error_lines(metamodel.run("save", "-h", "/" + "x" * 200, expect=1))[0]

    def test_what_answers_is_no_postgresql(self, metamodel):
        with closing(socket.socket()) as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = str(listener.getsockname()[1])
            running = metamodel.start("save", "-h", "127.0.0.1", "-p", port)
            peer = listener.accept()[0]
            with closing(peer):
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            listener.close()
            result = running.wait()
        assert result.returncode == 1
        assert "127.0.0.1" in result.stderr and port in result.stderr

    def test_one_that_does_not_answer_is_given_up(self, metamodel, silent_port):
        result = metamodel.run("save", "-d", f"host=127.0.0.1 port={silent_port} connect_timeout=2",
                               expect=1)
        self.check(result, "127.0.0.1", silent_port, "timeout expired")


class TestWrongNames:
    @pytest.mark.parametrize("dbname", ["no_such_db", "no 'such\" db"])
    def test_a_database_that_is_not_there(self, metamodel, dbname):
        [line] = error_lines(metamodel.run("save", "-d", dbname, expect=1))
        assert f'"{dbname}" does not exist' in line

    def test_a_role_that_is_not_there(self, metamodel):
        [line] = error_lines(metamodel.run("save", "-U", "no one", expect=1))
        assert '"no one" does not exist' in line


class TestSeveralHosts:
    def test_the_next_one_is_tried_when_one_refuses(self, metamodel, db, closed_port,
                                                    fake_pg_dump):
        db.add_accounts("agentzh")
        metamodel.run("save", "-h", f"127.0.0.1,{db.server.host}", "-p", f"{closed_port},5432")
        [call] = fake_pg_dump.calls("agentzh")
        assert (call["env"]["PGHOST"], call["env"]["PGPORT"]) == (db.server.host, "5432")
        [node] = metamodel.tree().manifest["nodes"]
        assert (node["host"], node["port"]) == (db.server.host, "5432")

    def test_the_next_one_is_tried_when_one_has_no_address(self, metamodel, db):
        db.add_accounts("agentzh")
        metamodel.run("save", "-n", env={"PGHOST": f"nowhere.invalid,{db.server.host}"})

    def test_the_next_one_is_tried_when_one_is_silent(self, metamodel, db, silent_port):
        db.add_accounts("agentzh")
        metamodel.run("save", "-d", f"host=127.0.0.1,{db.server.host} port={silent_port},5432 "
                      f"dbname={db.name} connect_timeout=2")
        assert metamodel.tree().accounts() == ["_global", "agentzh"]

    def test_each_one_that_failed_is_named(self, metamodel, closed_port):
        result = metamodel.run("save", "-h", "127.0.0.1,/nonexistent", "-p", f"{closed_port},5433",
                               expect=1)
        assert "127.0.0.1" in result.stderr and closed_port in result.stderr
        assert "/nonexistent" in result.stderr and "5433" in result.stderr

    def test_the_password_of_each_is_looked_up(self, saver, scram, closed_port):
        give_in_password_file(saver.cwd, PASSWORD)
        saver.run("save", "-w", "-h", "localhost,127.0.0.1", "-p", f"{closed_port},{scram.port}")
        assert saver.tree().accounts() == ["_global", "agentzh", "onccf"]


# --- roles, environments and databases of all kinds

class TestRole:
    def test_one_that_owns_the_schemas_need_not_be_superuser(self, metamodel, db):
        role = f"owner_{db.name}"
        db.sql(f"CREATE ROLE {role} LOGIN; GRANT CREATE ON DATABASE {db.name} TO {role};"
               f"SET ROLE {role}")
        db.add_accounts("agentzh", "onccf")
        metamodel.run("save", "-U", role)
        assert metamodel.tree().accounts() == ["_global", "agentzh", "onccf"]
        assert f"OWNER TO {role};" in metamodel.tree().text("agentzh")

    def test_without_permission_on_a_table_its_account_fails(self, metamodel, db):
        role = f"reader_{db.name}"
        db.add_accounts("agentzh", "onccf")
        schemas = "_global, agentzh, onccf"
        db.sql(f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {schemas} TO {role};"
               f"GRANT SELECT ON ALL TABLES IN SCHEMA {schemas} TO {role};"
               f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA {schemas} TO {role};"
               f"REVOKE SELECT ON agentzh._roles FROM {role}")
        result = metamodel.run("save", env={"PGUSER": role}, expect=3)
        assert metamodel.tree().accounts() == ["_global", "onccf"]
        assert len(error_lines(result)) == 1
        assert "[agentzh dump]" in result.stderr and "permission denied" in result.stderr
        assert "_roles" in result.stderr and "metamodel: hint: " in result.stderr
        assert result.stderr.endswith("Failed: agentzh.\n")
        [hint] = re.findall("hint: .*let the role read it: (.*)", result.stderr)
        assert f'SELECT ON ALL TABLES IN SCHEMA "agentzh" TO "{role}"' in hint
        db.sql(hint)
        metamodel.run("save", env={"PGUSER": role})

    def test_without_permission_on_the_accounts_nothing_is_done(self, metamodel, db):
        role = f"stranger_{db.name}"
        db.add_accounts("agentzh")
        db.sql(f"CREATE ROLE {role} LOGIN")
        result = metamodel.run("save", "-U", role, expect=1)
        assert len(error_lines(result)) == 1 and "permission denied" in result.stderr
        assert not (metamodel.cwd / "metamodel").exists()

    @pytest.mark.parametrize("command", [["save"], ["status"], ["upgrade", "-n"], ["restore", "-n"]],
                             ids=" ".join)
    def test_who_may_not_list_the_accounts_reads_what_to_grant(self, metamodel, db, command):
        role = f"Odd \"{db.name}\""
        quoted = '"' + role.replace('"', '""') + '"'
        db.add_accounts("agentzh")
        metamodel.run("save", "-q")
        db.sql(f"CREATE ROLE {quoted} LOGIN")
        result = metamodel.run(*command, "-U", role, expect=1)
        [some, more] = re.findall("^metamodel: hint: .*let the role read it: (.*); save and status need "
                                  "no more than (.*)", result.stderr, re.M)[0]
        db.sql(some)
        assert "list the accounts" not in metamodel.run(*command, "-U", role, check=False).stderr
        db.sql(more)
        metamodel.run("status", "-U", role)
        metamodel.run("save", "-U", role)
        db.sql(f"DROP OWNED BY {quoted}; DROP ROLE {quoted}")

    def test_whose_version_may_not_be_read_is_said_once_with_what_to_grant(self, metamodel, db):
        role = f"reader_{db.name}"
        accounts = [f"a{i}" for i in range(8)]
        db.add_accounts(*accounts)
        db.sql(f"CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA _global TO {role}; "
               f"GRANT SELECT ON ALL TABLES IN SCHEMA _global TO {role}")
        said = metamodel.run("status", "-U", role).stdout
        below = said.split("\n\n")[1].splitlines()
        hint = re.fullmatch("a0: hint: .*let the role read it: (.*); save and status .*", below[1])
        assert [below[0], *below[2:]] == [
            "a0: ERROR:  permission denied for schema a0",
            "a0: the same for 7 other accounts: a1, a2, a3, a4, a5 and 2 more"]
        db.sql(hint[1])
        assert not re.search("^a0: ", metamodel.run("status", "-U", role).stdout, re.M)

    def test_who_may_not_upgrade_reads_whose_the_tables_are(self, metamodel, db):
        owner, role = f"owner_{db.name}", f"reader_{db.name}"
        db.sql(f"CREATE ROLE {owner}; CREATE ROLE {role} LOGIN; "
               f"GRANT CREATE ON DATABASE {db.name} TO {owner}; SET ROLE {owner}")
        db.add_accounts("agentzh", version="0.005")
        db.sql("RESET ROLE")
        grant = f'GRANT "{owner}" TO "{role}"'
        db.sql(f"GRANT USAGE ON SCHEMA _global TO {role}; "
               f"GRANT SELECT ON ALL TABLES IN SCHEMA _global TO {role}")
        for args in ["-n", "agentzh"], ["agentzh"]:  # may not read the version
            assert metamodel.run("upgrade", "-U", role, *args, expect=1).stderr.count(grant) == 1
        db.sql(f"GRANT USAGE ON SCHEMA agentzh TO {role}; "
               f"GRANT SELECT ON ALL TABLES IN SCHEMA agentzh TO {role}")
        result = metamodel.run("upgrade", "-U", role, "agentzh", expect=1)  # nor change it
        assert "[agentzh upgrade]" in result.stderr and result.stderr.count(grant) == 1
        assert f'which is "{owner}"' in result.stderr
        db.sql(grant)
        metamodel.run("upgrade", "-U", role, "agentzh")

    def test_who_may_not_make_global_reads_what_to_grant(self, metamodel, db):
        role = f"maker_{db.name}"
        db.sql(f"CREATE ROLE {role} LOGIN")
        result = metamodel.run("upgrade", "-U", role, expect=1)
        db.sql(re.search("or let the role make the schema: (.*)", result.stderr)[1])
        metamodel.run("upgrade", "-U", role)


def same_contents(before, now):
    """Two saves hold as much of each account."""
    assert now.accounts() == before.accounts()
    for account in now.accounts():
        for key in ("rows", "tables", "version"):
            assert now.entry(account)[key] == before.entry(account)[key]


class TestEnvironment:
    @pytest.mark.parametrize("env", [
        {"PGCLIENTENCODING": "SJIS", "PGAPPNAME": "it's \"me\"", "PGDATESTYLE": "SQL, DMY"},
        {"PGCLIENTENCODING": "LATIN1", "LC_ALL": "no_SUCH", "TZ": "Asia/Tokyo", "PGGEQO": "off"},
        {"PGOPTIONS": "-c work_mem=1MB -c extra_float_digits=0 -c DateStyle=German "
                      "-c client_encoding=LATIN1 -c join_collapse_limit=5"},
        {"PGSSLMODE": "disable", "PGCONNECT_TIMEOUT": "60", "PGTARGETSESSIONATTRS": "any",
         "PGSYSCONFDIR": "/nonexistent", "LC_ALL": None, "HOME": None, "PATH": "/usr/bin:/bin"},
        {"PGREQUIREPEER": "", "PGHOSTADDR": "", "PGPASSFILE": "", "PGOPTIONS": ""},
    ], ids=lambda env: next(f"{key}={value}" for key, value in env.items()))
    def test_it_changes_nothing_in_a_dump(self, metamodel, db, env):
        db.add_accounts("ä-書", "it's")
        metamodel.run("save")
        metamodel.run("save", env=env)
        before, now = metamodel.tree("metamodel.old"), metamodel.tree()
        assert now.accounts() == ["_global", "it's", "ä-書"]
        for account in now.accounts():
            assert now.text(account) == before.text(account)
        same_contents(before, now)

    @pytest.mark.parametrize("env", [
        {"PGTZ": "Asia/Tokyo"},
        {"PGOPTIONS": "-c standard_conforming_strings=off -c quote_all_identifiers=on"}],
        ids=["PGTZ", "PGOPTIONS"])
    def test_what_changes_the_words_of_a_dump_changes_no_contents(self, metamodel, db, env):
        db.add_accounts("agentzh", "it's")
        metamodel.run("save")
        metamodel.run("save", env=env)
        assert metamodel.tree().text("it's") != metamodel.tree("metamodel.old").text("it's")
        same_contents(metamodel.tree("metamodel.old"), metamodel.tree())
        metamodel.run("verify")


SETTINGS = ["statement_timeout = '300ms'", "idle_in_transaction_session_timeout = '100ms'",
            "lock_timeout = '100ms'", "idle_session_timeout = '100ms'",
            "default_transaction_read_only = on", "default_transaction_isolation = serializable",
            "default_transaction_deferrable = on", "search_path = evil, public",
            "standard_conforming_strings = off", "bytea_output = escape", "row_security = off",
            "DateStyle = 'SQL, DMY'", "client_encoding = SJIS", "synchronous_commit = off",
            "quote_all_identifiers = on", "IntervalStyle = sql_standard", "array_nulls = off",
            "extra_float_digits = 0", "TimeZone = 'Asia/Tokyo'", "client_min_messages = debug1",
            "backslash_quote = off", "transform_null_equals = on",
            "enable_seqscan = off", "jit = off",  # or every query, being so dear now, is compiled
            "default_toast_compression = lz4", "xmloption = document"]


class TestDatabaseSettings:
    def test_no_query_of_ours_is_compiled(self, metamodel, db, model):
        db.sql(f"ALTER DATABASE {db.name} SET jit = on")
        model(tenants="SELECT 'jit_' || current_setting('jit')", applied="SELECT n::text FROM {schema}.steps", objects="all", **{"global": ""})
        assert metamodel.run("status").stdout.splitlines()[1].split()[0] == "jit_off"

    def test_no_query_of_a_load_is_compiled(self, metamodel, db):
        db.add_accounts("agentzh")
        db.sql(f"""ALTER DATABASE {db.name} SET jit = on; SET jit = off;
            CREATE TABLE agentzh._seen (x int CHECK (current_setting('jit') = 'off')); INSERT INTO agentzh._seen VALUES (1)""")
        metamodel.run("save")
        metamodel.run("restore")

    def test_those_of_the_database_do_not_end_a_save(self, metamodel, db):
        db.add_accounts("agentzh", "ä-書")
        metamodel.run("save")
        # Sessions of before keep their own settings.
        lockers = [db.connect(autocommit=False) for _ in range(2)]
        db.sql("CREATE SCHEMA evil; CREATE TABLE evil._accounts (name text)")
        db.sql("".join(f"ALTER DATABASE {db.name} SET {setting};" for setting in SETTINGS))
        lockers[0].cursor().execute("LOCK TABLE _global._accounts")
        lockers[1].cursor().execute("LOCK TABLE agentzh._roles")
        running = metamodel.start("save", "-j1", "--lock-wait=60")

        def are_there(**conditions):
            return len(conditions) == db.query(
                "SELECT count(DISTINCT application_name) FROM pg_stat_activity WHERE datname = "
                f"'{db.name}' AND state_change < clock_timestamp() - interval '500 ms' AND (" +
                " OR ".join(conditions.values()) + ")")[0][0]

        # Longer than any of them our session waits; then it idles while a child waits.
        waits = "wait_event_type = 'Lock' AND application_name = '{}'".format
        wait_for(lambda: are_there(we=waits("metamodel save")), what="us to wait")
        lockers[0].close()
        wait_for(lambda: are_there(child=waits("metamodel"), we="state = 'idle in transaction' "
                                   "AND application_name = 'metamodel save'"),
                 what="a child to wait")
        lockers[1].close()
        result = running.wait()
        assert result.returncode == 0, result
        same_contents(metamodel.tree("metamodel.old"), metamodel.tree())

    def test_those_of_the_role_do_not_either(self, metamodel, db):
        role = f"slow_{db.name}"
        db.add_accounts("agentzh")
        db.sql(f"CREATE ROLE {role} LOGIN IN ROLE pg_read_all_data;" + "".join(
            f"ALTER ROLE {role} SET {setting};" for setting in SETTINGS))
        metamodel.run("save", "-U", role)
        assert metamodel.tree().accounts() == ["_global", "agentzh"]

    @pytest.mark.slow
    @pytest.mark.parametrize("whose", ["DATABASE {}", "ROLE odd_{}"])
    def test_nor_do_they_change_what_becomes_of_a_restore_or_an_upgrade(self, metamodel, db, whose):
        role = f"odd_{db.name}"
        db.sql(f"CREATE ROLE {role} LOGIN SUPERUSER")
        db.add_accounts("agentzh", "it's", version="0.005")
        metamodel.run("upgrade", "--save", "-q")
        metamodel.run("save", "-q", "-D", "upgraded")
        db.sql("CREATE SCHEMA evil; CREATE TABLE evil._accounts (name text)")
        db.sql("".join(f"ALTER {whose.format(db.name)} SET {setting};" for setting in SETTINGS))

        for command in ["verify --load", "restore -n", "restore --rehearse", "restore", "upgrade -n",
                        "upgrade", "status --check"]:
            metamodel.run(*command.split(), "-U", role)
        metamodel.run("save", "-q", "-D", "again", "-U", role)
        same_contents(metamodel.tree("upgraded"), metamodel.tree("again"))

    TRAP = ("CREATE FUNCTION {0}({1}) RETURNS {2} LANGUAGE plpgsql AS "
            "$$BEGIN RAISE 'a trap was sprung'; END$$;")

    @pytest.mark.parametrize("path", ['"$user", public', "public, pg_catalog"])
    def test_no_function_or_operator_of_its_users_is_run(self, metamodel, db, path):
        """On servers before 15 everybody may create such things in public (CVE-2018-1058)."""
        db.add_accounts("agentzh")
        traps = ""
        for left, right in itertools.product(["name", "text", "numeric", "bigint", "integer",
                                              '"char"'], repeat=2):
            for trap, operators, answer in [("a", ["-"], "numeric"),
                                            ("b", ["=", "<>", "<", "~~"], "boolean")]:
                traps += self.TRAP.format(f"public.trap_{trap}", f"{left}, {right}", answer)
                traps += "".join(f"CREATE OPERATOR public.{each} (LEFTARG = {left}, RIGHTARG = "
                                 f"{right}, FUNCTION = public.trap_{trap});" for each in operators)
        for name, arguments, result in [
                ("current_setting", "text", "text"), ("set_config", "text, text, boolean", "text"),
                ("getdatabaseencoding", "", "name"), ("current_database", "", "name"),
                ("to_regclass", "text", "regclass"), ("encode", "bytea, text", "text"),
                ("convert_to", "text, name", "bytea"), ("pg_backend_pid", "", "integer"),
                ("pg_relation_filenode", "regclass", "oid"), ("unnest", "text[]", "text")]:
            traps += self.TRAP.format(f"public.{name}", arguments, result)
        db.sql(traps)
        db.sql(f"ALTER DATABASE {db.name} SET search_path = {path}")
        result = metamodel.run("save", check=False)
        assert "trap" not in result.stderr and result.returncode == 0, result
