# SPDX-License-Identifier: PostgreSQL
"""What the integration tests are made of; conftest.py hands it out as fixtures."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg2

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "test" / "sql"

# Each version of an account is made of these files in test/sql. More versions: more rows.
ACCOUNT_FILES = {
    "none": ["none", "rows"],
    "0.001": ["0.001", "rows"],
    "0.002": ["0.001", "rows", "0.002"],
    "0.005": ["0.001", "rows", "0.002", "0.005"],
    "0.009": ["0.009"],
}
NEWEST = "0.009"

# Under a sanitizer the program may begin with another library than the sanitizer's, such as the farm's.
ASAN_OPTIONS = "halt_on_error=1:exitcode=99:verify_asan_link_order=0"
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|UndefinedBehavior|runtime error:")


# Time-outs are for machines with nothing else to do; on others all takes so many times as long.
PATIENCE = 5


def wait_for(predicate, seconds=20, what="it"):
    """The first true value of predicate(). No test may depend on how fast the machine is."""
    seconds *= PATIENCE
    deadline = time.monotonic() + seconds
    while True:
        value = predicate()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds} s for {what} in vain"
        time.sleep(0.02)


def quote(name):
    """NAME as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    """TEXT as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


# The major version of the server that scripts/roots made for these tests; "": the newest installed.
TEST_SERVER = os.environ.get("METAMODEL_TEST_SERVER", "")


ROOTS = Path("/var/cache/metamodel/roots")


def pg_bindir(version=TEST_SERVER):
    """Where a server's psql and pg_dump are, not Debian's wrappers."""
    if version:
        return ROOTS / version / "bin"
    found = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    return max((path.parent for path in found), key=lambda path: float(path.parent.name))


def server_major():
    """15, of the servers that these tests start."""
    return int(TEST_SERVER or pg_bindir().parent.name)


def tool_minor(name, version=TEST_SERVER):
    """20, of the pg_dump or psql 15.20 in pg_bindir(version)."""
    said = subprocess.check_output([pg_bindir(version) / name, "--version"], text=True)
    return int(re.search(r"\) \d+\.(\d+)", said)[1])


def read_all(role):
    """SQL: the role may read all tables and sequences that there are."""
    if server_major() >= 14:
        return f"GRANT pg_read_all_data TO {role}"
    return f"""DO $$ DECLARE each text; BEGIN
        FOR each IN SELECT quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^(pg_|information_)' LOOP
            EXECUTE format('GRANT USAGE ON SCHEMA %s TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA %1$s TO {role};
                GRANT SELECT ON ALL SEQUENCES IN SCHEMA %1$s TO {role}', each);
        END LOOP; END $$"""


def for_server(text):
    """The lines of SQL that are for this server: behind /*17*/ is what 17 and later know, behind /*<17*/
    what others have instead."""
    return re.sub(r"^/\*(<?)(\d+)\*/ ?(.*\n)", lambda line: line[3] if bool(line[1]) == (
        server_major() < int(line[2])) else "", text, flags=re.M)


def read_sql(name, **variables):
    """test/sql/NAME.sql, for this server, with psql's :"x" and :'x' filled in."""
    text = for_server((SQL / f"{name}.sql").read_text())
    for key, value in variables.items():
        text = text.replace(f':"{key}"', quote(value)).replace(f":'{key}'", literal(value))
    return text


class Instance:
    """A running PostgreSQL, reached through the socket in the directory `host`."""

    def __init__(self, host, port="5432"):
        self.host, self.port, self.user = host, port, "postgres"
        self.log_file = Path(self.host) / "server.log"

    def connect(self, dbname="postgres", autocommit=True, user=None):
        connection = psycopg2.connect(host=self.host, port=self.port, user=user or self.user,
                                      dbname=dbname)
        connection.autocommit = autocommit
        return connection

    def sql(self, text, dbname="postgres"):
        with contextlib.closing(self.connect(dbname)) as connection:
            connection.cursor().execute(text)

    def log(self, offset=0):
        """The server's log since a moment when it was OFFSET bytes long."""
        return self.log_file.read_bytes()[offset:].decode(errors="replace")


class Keeper:
    """A shell that starts something with a function of scripts/lib.sh, in a new directory `dir`. It
    ends that when this process ends, however that ends: at the end of file of a pipe."""

    SCRIPT = '. "$0" && scratch dir && "$1" "$dir" "${@:2}" && echo "$dir" && cat'

    def __init__(self, function, *args, version=TEST_SERVER):
        self._shell = subprocess.Popen(
            ["bash", "-c", self.SCRIPT, ROOT / "scripts" / "lib.sh", function, *args], text=True,
            env={**os.environ, "METAMODEL_TEST_SERVER": version},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self.dir = self._shell.stdout.readline().strip()
        if not self.dir:
            raise RuntimeError("PostgreSQL did not start")

    def end(self):
        self._shell.stdin.close()
        self._shell.wait(300)  # many files take long to remove
        self._shell.stdout.close()


class Server(Instance):
    """A throw-away PostgreSQL."""

    def __init__(self, *settings, version=TEST_SERVER):
        self._keeper = Keeper("pg_start", *settings, version=version)
        super().__init__(self._keeper.dir)

    def stop(self):
        self._keeper.end()


class Standby(Instance):
    """A hot standby of a Server."""

    def __init__(self, primary, *settings):
        self._keeper = Keeper("pg_start_standby", primary.host, *settings)
        super().__init__(self._keeper.dir)

    def stop(self):
        self._keeper.end()


def pg_ctl(server, *args):
    """As the server's user."""
    subprocess.run(["bash", "-c", '. "$0" && as_server "$(pg_bindir)/pg_ctl" "$@"', ROOT / "scripts" / "lib.sh",
                    "-D", f"{server.host}/data", "-w", *args],
                   check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Database:
    """One database of a Server, and what OpenResty has in it."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self._connections = {}

    def connect(self, dbname=None, autocommit=True):
        """A session of one's own, ended at the latest with the database."""
        return self.server.connect(dbname or self.name, autocommit)

    def _cursor(self, dbname):
        dbname = dbname or self.name
        if dbname not in self._connections:
            self._connections[dbname] = self.connect(dbname)
        return self._connections[dbname].cursor()

    def sql(self, text, dbname=None):
        """Run statements; several of them are one transaction."""
        self._cursor(dbname).execute(text)

    def query(self, text, dbname=None):
        """All rows, a list of tuples."""
        cursor = self._cursor(dbname)
        cursor.execute(text)
        return cursor.fetchall()

    def add_global(self, version="0.001"):
        """The schema _global, with no account yet."""
        self.sql(read_sql("global", version=version) +
                 (read_sql("global-0.004") if version >= "0.004" else ""))

    def add_account(self, name, version="0.001", registered=True, user_tables=True):
        """An account at that version with awkward rows, and tables of the user's, which are not
        metamodel. Registered, it gets a row in _global._accounts (add_global() comes first)."""
        files = list(ACCOUNT_FILES[version])
        if user_tables:
            files.append("user-tables")
        if registered:
            files.append("register")
        self.sql("".join(read_sql(file, schema=name) for file in files))

    def add_accounts(self, *names, version="0.001"):
        """The schema _global, and these accounts; all at the same version (not "none")."""
        self.add_global(version)
        for name in names:
            self.add_account(name, version)

    def tables(self, schema):
        """Names of a schema's tables."""
        return [row[0] for row in self.query(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = "
            f"{literal(quote(schema))}::regnamespace ORDER BY relname COLLATE \"C\"")]

    def waiting(self):
        """Processes of the server that wait for a lock which a session of the test's own has. The program's
        sessions may wait for each other, too, but never for long."""
        return [row[0] for row in self.query("""
            SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid IN (
                SELECT pid FROM pg_locks WHERE NOT granted) AND EXISTS (
                SELECT FROM pg_stat_activity other WHERE coalesce(other.application_name, '') = '' AND
                    coalesce(other.backend_type, '') IN ('', 'client backend') AND
                    other.pid = ANY (pg_blocking_pids(pg_stat_activity.pid)))""")]

    @contextlib.contextmanager
    def locked(self, table, mode="ACCESS EXCLUSIVE"):
        """Another session holds a lock on TABLE (quoted and qualified as in SQL)."""
        with contextlib.closing(self.connect(autocommit=False)) as session:
            session.cursor().execute(f"LOCK TABLE {table} IN {mode} MODE")
            yield
            session.rollback()  # a session that just ends lets go a little later

    def close(self):
        for connection in self._connections.values():
            connection.close()


@dataclass
class Result:
    """How a run of the program ended."""

    argv: list
    returncode: int
    stdout: str
    stderr: str

    @property
    def report(self):
        """What --json printed."""
        return json.loads(self.stdout)

    def __str__(self):
        return f"{self.argv}\nexit {self.returncode}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"


class Running:
    """A run of the program that has not ended. Its output goes to files: no pipe fills up."""

    def __init__(self, argv, stdin, preexec_fn, **popen):
        # What the program does by default depends on how many processors it may use: two everywhere.
        usable = sorted(os.sched_getaffinity(0))
        usable = random.sample(usable, min(2, len(usable)))

        def prepare():
            os.sched_setaffinity(0, usable)
            # Whoever started the tests may ignore some of these, as a shell does for a job behind.
            for signum in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
                signal.signal(signum, signal.SIG_DFL)
            if preexec_fn:
                preexec_fn()

        self.argv = argv
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        with tempfile.TemporaryFile() as given:
            given.write((stdin or "").encode())
            given.seek(0)
            self.process = subprocess.Popen(argv, stdin=given, stdout=self._out, stderr=self._err,
                                            start_new_session=True, preexec_fn=prepare, **popen)
        self.pid = self.process.pid

    @staticmethod
    def _text(file):
        size = os.fstat(file.fileno()).st_size
        return os.pread(file.fileno(), size, 0).decode(errors="replace")

    @property
    def stderr(self):
        """What it said so far."""
        return self._text(self._err)

    def send(self, signum):
        self.process.send_signal(signum)

    def kill_all(self):
        """It, and whatever it started that did not leave its session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()

    def wait(self, timeout=60):
        """Its Result, once it has ended. What a sanitizer says fails the test."""
        timeout *= PATIENCE
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill_all()
            raise AssertionError(f"no end after {timeout} s: {self.argv}\n{self.stderr}") from None
        result = Result(self.argv, code, self._text(self._out), self.stderr)
        assert not SANITIZER.search(result.stderr), result
        return result


class Tree:
    """A save on disk."""

    def __init__(self, path):
        self.path = Path(path)

    @property
    def files(self):
        """Names of the dump files, sorted; [] if there is no save."""
        return sorted(path.name for path in self.path.glob("*.sql"))

    @property
    def manifest(self):
        return json.loads((self.path / "manifest.json").read_text())

    def accounts(self):
        """Names in the manifest, in its order."""
        return [entry["account"] for entry in self.manifest["accounts"]]

    def entry(self, account):
        """What the manifest says about an account."""
        return next(e for e in self.manifest["accounts"] if e["account"] == account)

    def stale(self):
        """Names of the accounts that were carried over from an earlier save."""
        return [entry["account"] for entry in self.manifest["accounts"] if entry["stale"]]

    def file(self, account):
        return self.path / self.entry(account)["file"]

    def text(self, account):
        r"""The account's dump without \restrict and \unrestrict, whose key is always another."""
        lines = self.file(account).read_text().splitlines(keepends=True)
        return "".join(line for line in lines if not re.match(r"\\(un)?restrict ", line))


class Metamodel:
    """The program, in a directory and an environment of the test's own."""

    def __init__(self, binary, cwd, server, dbname):
        self.binary, self.cwd = Path(binary).resolve(), Path(cwd)
        self.options = []  # added to every command line
        self.env = {
            "PATH": f"{TEST_SERVER and f'{pg_bindir()}:'}/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
            "HOME": str(cwd), "PGHOST": server.host, "PGPORT": server.port,
            "PGUSER": server.user, "PGDATABASE": dbname,
            "ASAN_OPTIONS": ASAN_OPTIONS,
            "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1:exitcode=99",
        }
        self._running = []

    def start(self, *args, env=None, cwd=None, stdin=None, umask=-1, preexec_fn=None, under=None,
              program=None):
        """Start it and return a Running. In env, None takes a variable away. UNDER is what
        strace(), tmpfs() or read_only() gave; PROGRAM is another file to run."""
        cwd = cwd or self.cwd
        environment = {**self.env, **(under.env if under else {}), **(env or {})}
        argv = [program or self.binary, *args, *self.options]
        if under:
            argv = under.prefix(cwd) + argv
        running = Running(
            [str(arg) for arg in argv], stdin, preexec_fn, cwd=cwd, umask=umask,
            env={key: str(value) for key, value in environment.items() if value is not None})
        self._running.append(running)
        return running

    def run(self, *args, check=True, expect=None, timeout=60, **start):
        """Run it to its end. CHECK wants exit status 0, EXPECT another one."""
        result = self.start(*args, **start).wait(timeout)
        if expect is not None or check:
            assert result.returncode == (expect or 0), result
        return result

    def tree(self, path="metamodel"):
        return Tree(self.cwd / path)

    def end(self):
        for running in self._running:
            if running.process.poll() is None:
                running.kill_all()
            assert not SANITIZER.search(running.stderr), running.stderr


class FakePgDump:
    """Tells test/fake/pg_dump what to do for an account, "*" for all. One fault at a time each."""

    def __init__(self, directory):
        self.bindir = Path(directory)
        self._control = self.bindir / "control"
        self._control.mkdir(parents=True)
        (self._control / "real").symlink_to(pg_bindir() / "pg_dump")
        (self.bindir / "psql").symlink_to(pg_bindir() / "psql")
        shutil.copy(ROOT / "test" / "fake" / "pg_dump", self.bindir)
        (self.bindir / "pg_dump").chmod(0o755)

    def _file(self, account):
        return self._control / (account.encode().hex() + ".json")

    def _order(self, account, **fault):
        self._file(account).write_text(json.dumps(fault))

    def fail(self, account, status=1, message="pg_dump: error: told to fail"):
        self._order(account, kind="fail", status=status, message=message)

    def hang(self, account, ignore_sigterm=False):
        self._order(account, kind="hang", ignore_sigterm=ignore_sigterm)

    def flood(self, account, size=4 << 20):
        """SIZE bytes of warnings on stderr, then a good dump."""
        self._order(account, kind="flood", size=size)

    def truncate(self, account, keep=1000):
        """The first KEEP bytes of a dump, and exit 0."""
        self._order(account, kind="truncate", keep=keep)

    def die(self, account, signum=signal.SIGKILL):
        self._order(account, kind="die", signal=int(signum))

    def busy(self, account, times):
        """"too many clients already" that often, then a good dump."""
        self._order(account, kind="busy", times=times)

    def heal(self, account):
        self._file(account).unlink()

    def calls(self, account=None):
        """What it was called with, oldest first: argv, env, pid, accounts."""
        log = self._control / "calls.jsonl"
        lines = log.read_text().splitlines(keepends=True) if log.exists() else []
        calls = [json.loads(line) for line in lines if line.endswith("\n")]  # the last one may be half there
        return [call for call in calls if account is None or account in call["accounts"]]


class Mounts:
    """A mount namespace with mounts of its own, to run the program under. What is in there the
    test itself sees with outside(). For root and, where the kernel lets them, for ordinary users."""

    UNSHARE = ["unshare", "-m"] if os.getuid() == 0 else ["unshare", "-rm"]
    env = {}
    # -r, -w: a namespace's own root is not that of a test which runs inside a chroot.
    NSENTER = [*([] if os.getuid() == 0 else ["-U", "--preserve-credentials"]), "-m", "-r", "-w"]

    def __init__(self, script, *args):
        self._holder = subprocess.Popen(
            [*self.UNSHARE, "sh", "-ec", f"{script}; echo ready; exec cat", "sh", *map(str, args)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self._holder.stdout.readline() != "ready\n":
            raise OSError(self._holder.communicate()[1])

    def prefix(self, cwd):
        """What makes a command line run in there."""
        enter = ["nsenter", "-t", str(self._holder.pid), *self.NSENTER]
        return [*enter, "sh", "-c", 'cd "$0" && exec "$@"', str(cwd)]

    def outside(self, path):
        """Where a path in there can be looked at by the test itself."""
        return Path(f"/proc/{self._holder.pid}/root") / str(path).lstrip("/")

    def end(self):
        self._holder.communicate()


class Strace:
    """To run the program and all its children under strace, which may make system calls fail:
    inject=["renameat2:error=EINVAL:when=2"] (strace(1), "Tampering"). A signal that a test sends
    is then for strace, not for the program."""

    # Leak checks need ptrace for themselves.
    env = {"ASAN_OPTIONS": ASAN_OPTIONS + ":detect_leaks=0"}

    def __init__(self, log_file, inject=(), trace=None, path=None):
        self.log_file = Path(log_file)
        self._path = ["-P", str(path)] if path else []  # only calls that have to do with it
        self._rules = [f"trace={trace or ','.join(rule.split(':')[0] for rule in inject)}",
                       *(f"inject={rule}" for rule in inject)]

    def prefix(self, _cwd):
        """What makes a command line run under strace."""
        rules = [word for rule in self._rules for word in ("-e", rule)]
        return ["strace", "-f", "-qq", "-o", str(self.log_file), *rules, *self._path]

    @property
    def lines(self):
        return self.log_file.read_text(errors="replace").splitlines()


def errors_of(result, account):
    """What was said of an account that failed: its error with detail and hint, or "the same" where another one's
    error was said to be its own, too. Of many only the first are named."""
    found = re.findall(r"metamodel: error: (.*(?:\nmetamodel: (?:detail|hint): .*)*)", result.stderr)
    same = [others.split(", ") for error in found
            for others in re.findall(r"\] the same for \d+ other accounts?: (.*?)(?: and \d+ more)?$", error)]
    own = [error for error in found if error.startswith(f"[{account} ") and "] the same for " not in error]
    return "\n".join(own + ["the same"] * sum(account in others for others in same))


def json_states(result):
    """What status --json says of each account."""
    return {each["account"]: each["state"] for each in result.report["accounts"]}
