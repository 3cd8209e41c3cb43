# SPDX-License-Identifier: PostgreSQL
"""A PgFarm for the integration tests; conftest.py hands it out as fixtures.

FarmServer is its servers (scripts/lib.sh starts them, and says where is what), for a whole session;
Farm is what OpenResty has in them, for one test.
"""

import contextlib
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg2
from support import (ROOT, Database, Instance, Keeper, Metamodel, literal, pg_bindir, quote, read_sql,
                     wait_for)

LIB = ROOT / "scripts" / "lib.sh"
PROXY = "proxy"

# How a proxy may answer for an account that does not exist, and what it asks. By default it looks in
# its own directory, and answers NULL.
REGISTERED = {
    "null": ("text", "CLUSTER 'directory'; RUN ON ANY; "
                     "SELECT (SELECT p.node FROM farm.placement p WHERE p.account = $1);"),
    "no row": ("SETOF text", "CLUSTER 'directory'; RUN ON ANY; "
                             "SELECT p.node FROM farm.placement p WHERE p.account = $1;"),
    # Fails while the account's node is down.
    "ask the node": ("SETOF text", "CLUSTER 'farm'; RUN ON farm.partitions(account);"),
}

# All but what a test usually leaves behind.
CLEAR = """
SET client_min_messages = warning;
SET lock_timeout = '5s';
DO $$
DECLARE
	schemas text := (SELECT string_agg(quote_ident(nspname), ', ') FROM pg_namespace
		WHERE nspname !~ '^pg_' AND nspname <> ALL ('{farm,plproxy,public,information_schema}'));
BEGIN
	IF schemas IS NOT NULL THEN
		EXECUTE 'DROP SCHEMA ' || schemas || ' CASCADE';
	END IF;
	IF to_regclass('farm.placement') IS NOT NULL THEN
		DELETE FROM farm.placement;
	END IF;
END $$"""

# What may be left all the same.
LOOKS = """
SELECT (SELECT sum(hashtext(p.proname || p.prosrc)) FROM pg_proc p),
	(SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_type),
	(SELECT count(*) FROM pg_operator), (SELECT count(*) FROM pg_cast),
	(SELECT count(*) FROM pg_trigger), (SELECT count(*) FROM pg_event_trigger),
	(SELECT count(*) FROM pg_extension), (SELECT count(*) FROM pg_largeobject_metadata),
	(SELECT count(*) FROM pg_default_acl), (SELECT count(*) FROM pg_db_role_setting),
	(SELECT array_agg(concat(nspname, nspowner, nspacl) ORDER BY nspname) FROM pg_namespace
		WHERE nspname !~ '^pg_temp_|^pg_toast_temp_'),
	(SELECT concat(datconnlimit, datdba, datacl) FROM pg_database WHERE datname = current_database())"""


class FarmInstance(Instance):
    """One server of a farm, which can be stopped and started. NAME is its database's, too."""

    def __init__(self, directory, name, port, address):
        super().__init__(str(Path(directory) / name), port)
        self.name, self.address = name, address
        self._pid_file = Path(self.host) / "data" / "postmaster.pid"
        self._silent = []  # processes that were told to stop
        self._new = None

    def _pid(self):
        return int(self._pid_file.read_text().split()[0])

    @property
    def is_running(self):
        return not self._silent and self._pid_file.exists()

    def stop(self, mode="fast"):
        """MODE is pg_ctl's (smart, fast or immediate), or silent: connections stay and new ones are
        taken, but nothing answers any more."""
        if mode == "silent":
            for pid in [self._pid(), *self._children(self._pid())]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    self._silent.append(pid)
            return
        signum = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}[mode]
        os.kill(self._pid(), signum)
        wait_for(lambda: not self._pid_file.exists(), what=f"the end of {self.name}")

    @staticmethod
    def _children(pid):
        children = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                fields = stat.read_text().rpartition(")")[2].split()  # state, parent, ...
                if int(fields[1]) == pid:
                    children.append(int(stat.parent.name))
        return children

    def start(self):
        """Unless it is running."""
        for pid in self._silent:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
        self._silent = []
        if not self.is_running:
            subprocess.run(["bash", "-c", '. "$0" && pg_run "$1"', LIB, self.host], check=True,
                           start_new_session=True)

    def renew(self):
        """Running, with a database as new. A new one takes as long as a short test: it is made only
        where there is more than schemas to get rid of."""
        self.start()
        if not self._clear():
            with contextlib.closing(self.connect("postgres")) as connection:
                cursor = connection.cursor()
                cursor.execute(f"DROP DATABASE {self.name} WITH (FORCE)")
                cursor.execute(f"CREATE DATABASE {self.name} OWNER {FarmServer.user}")

    def remember(self):
        """This is what a new database is like."""
        with contextlib.closing(self.connect(self.name)) as connection:
            self._new = self._looks(connection.cursor())

    @staticmethod
    def _looks(cursor):
        cursor.execute(LOOKS)
        return cursor.fetchone()

    def _clear(self):
        """Without the schemas and sessions of a test; False: it is not as new then."""
        with contextlib.closing(self.connect(self.name)) as connection:
            cursor = connection.cursor()

            def others():
                cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                               "WHERE datname = current_database() AND pid <> pg_backend_pid() "
                               "AND backend_type = 'client backend'")
                return cursor.rowcount

            wait_for(lambda: others() == 0, what="the end of sessions")
            try:
                cursor.execute(CLEAR)
            except psycopg2.Error:  # too much for one transaction
                return False
            return self._looks(cursor) == self._new


class FarmServer:
    """The servers of a farm: the proxy and its nodes, on one port at addresses of their own."""

    user, password = "openresty", "farm secret"
    suffix = ".farm.test"  # of host names; those without it are known, too

    def __init__(self, nodes=3):
        self._keeper = Keeper("farm_start", str(nodes))
        self.dir = Path(self._keeper.dir)
        self.hosts_file, self.conf_file = self.dir / "hosts", self.dir / "metamodel.conf"
        [self.port] = [line.split()[-1] for line in self.conf_file.read_text().splitlines()
                       if line.startswith("port")]
        hosts = [line.split() for line in self.hosts_file.read_text().splitlines()]
        self.instances = [FarmInstance(self.dir, host[1], self.port, host[0]) for host in hosts]
        self._is_new = True

    @staticmethod
    def why_not():
        """Why there can be no farm here; "" if there can."""
        return subprocess.run(["bash", "-c", '. "$0" && farm_is_possible', LIB], check=False,
                              text=True, stderr=subprocess.PIPE).stderr.strip()

    def renew(self):
        """All are running, and empty."""
        task = FarmInstance.remember if self._is_new else FarmInstance.renew
        with ThreadPoolExecutor() as executor:
            list(executor.map(task, self.instances))
        self._is_new = False

    def stop(self):
        for instance in self.instances:
            if not instance.is_running:
                instance.start()
        self._keeper.end()


class Node(Database):
    """The database of a server of a farm, as the farm's user sees it. node.server.sql(text, node.name)
    is for the superuser."""

    def __init__(self, instance):
        super().__init__(instance, instance.name)
        self.address = instance.address

    def connect(self, dbname=None, autocommit=True):
        return self.server.connect(dbname or self.name, autocommit, FarmServer.user)

    def has_schema(self, name):
        return bool(self.query(f"SELECT FROM pg_namespace WHERE nspname = {literal(name)}"))

    def close(self):
        super().close()
        self._connections.clear()


class Farm:
    """A farm, and what OpenResty has in it: nothing at first. What is done without naming a node is
    done on one after the other."""

    def __init__(self, server):
        self.server = server
        self.user, self.password = server.user, server.password
        self.port, self.suffix = server.port, server.suffix
        self.conf_file = server.conf_file
        self.env = {"LD_PRELOAD": "libnss_wrapper.so", "NSS_WRAPPER_HOSTS": str(server.hosts_file),
                    "NSS_WRAPPER_DISABLE_DEEPBIND": "1"}  # which sanitizers refuse
        self.proxy, *nodes = (Node(instance) for instance in server.instances)
        self.nodes = {node.name: node for node in nodes}
        self._added = 0

    # --- where accounts are ---

    def placement(self):
        """What the proxy says: account -> name of its node."""
        return dict(self.proxy.query("SELECT account, node FROM farm.placement"))

    def place(self, account, node):
        """Tell the proxy, and nobody else, where an account is. None: nowhere."""
        self.proxy.sql(f"DELETE FROM farm.placement WHERE account = {literal(account)}")
        if node:
            self.proxy.sql(
                f"INSERT INTO farm.placement VALUES ({literal(account)}, {literal(node)})")

    def node_of(self, account):
        """The Node on which the proxy says it is."""
        return self.nodes[self.placement()[account]]

    def registered_by(self, kind):
        """Another proxy's function registered(): one of REGISTERED."""
        returns, body = REGISTERED[kind]
        self.proxy.server.sql(
            "DROP FUNCTION registered(text, text); "
            f"CREATE FUNCTION registered(account text, password text) RETURNS {returns} "
            f"AS {literal(body)} LANGUAGE plproxy", self.proxy.name)

    # --- what OpenResty has ---

    def _next_node(self):
        self._added += 1
        return list(self.nodes)[self._added % len(self.nodes)]

    def add_global(self, version="0.001", node=None):
        """The schema _global, with no account yet; on the first node."""
        node = node or next(iter(self.nodes))
        self.nodes[node].add_global(version)
        self.place("_global", node)

    def add_account(self, name, version="0.001", registered=True, user_tables=True, node=None):
        """An account on a node; see Database.add_account(). Registered, it gets a row in
        _global._accounts on _global's node, and the proxy knows its node."""
        node = node or self._next_node()
        self.nodes[node].add_account(name, version, False, user_tables)
        if registered:
            self.node_of("_global").sql(read_sql("register", schema=name))
            self.place(name, node)

    def add_accounts(self, *names, version="0.001"):
        """The schema _global, and these accounts; all at the same version (not "none")."""
        self.add_global(version)
        for name in names:
            self.add_account(name, version)

    def move_account(self, name, to_node, keep=False):
        """The account is on another node. KEEP: its schema is on both."""
        source, target = self.node_of(name), self.nodes[to_node]
        assert source is not target
        dump = subprocess.run(
            [pg_bindir() / "pg_dump", *self._options(source), f"--schema={quote(name)}"],
            check=True, stdout=subprocess.PIPE)
        subprocess.run(
            [pg_bindir() / "psql", *self._options(target), "-Xq1", "-v", "ON_ERROR_STOP=1"],
            check=True, input=dump.stdout, stdout=subprocess.DEVNULL)
        if not keep:
            source.sql(f"DROP SCHEMA {quote(name)} CASCADE")
        self.place(name, to_node)

    def _options(self, node):
        return ["-h", node.server.host, "-p", self.port, "-U", self.user, "-d", node.name]

    def sql(self, account, text):
        """Run statements on the account's node."""
        self.node_of(account).sql(text)

    def query(self, account, text):
        """All rows of a query on the account's node."""
        return self.node_of(account).query(text)

    def tables(self, account):
        """Names of an account's tables."""
        return self.node_of(account).tables(account)

    # --- nodes that are down ---

    def _named(self, name):
        return self.proxy if name == self.proxy.name else self.nodes[name]

    def stop_node(self, name, mode="fast"):
        """A node, or the proxy; MODE as in FarmInstance.stop()."""
        self._named(name).close()
        self._named(name).server.stop(mode)

    def start_node(self, name):
        self._named(name).server.start()

    def close(self):
        for node in [self.proxy, *self.nodes.values()]:
            node.close()


class FarmMetamodel(Metamodel):
    """The program, pointed at a farm by its configuration file and at nothing by the environment."""

    def __init__(self, binary, cwd, farm):
        super().__init__(binary, cwd, farm.proxy.server, farm.proxy.name)
        for name in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE"):
            del self.env[name]
        self.env.update(farm.env)
        self.options += ["-c", farm.conf_file]
