# shellcheck shell=bash
# SPDX-License-Identifier: PostgreSQL
#
# Shared by the scripts, to be sourced. Sets $root (the source tree) and $python, and offers
#
#   need_packages PACKAGE...   install what is missing, ask nobody, touch nothing otherwise
#   quietly TITLE COMMAND...   run a command, show its output only if it fails
#   build DIR CC [OPTION...]   set up (once) and compile a build directory
#   scratch NAME               NAME=a new directory, removed when the script ends
#   pg_start DIR / pg_stop DIR a throw-away PostgreSQL in DIR, stopped when the script ends
#   pg_start_standby DIR FROM  a standby of one that pg_start made
#   farm_start DIR [NODES]     a throw-away PgFarm in DIR, likewise
#
# METAMODEL_TEST_SERVER=17 makes it the PostgreSQL that scripts/roots has made, not the newest installed.
#
# Whatever was started here ends with the script, also on Ctrl-C.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# The system's Python: it has Debian's pytest and psycopg2. Never what pyenv puts in PATH.
# shellcheck disable=SC2034 # used by those who source this
python=/usr/bin/python3
# runuser, and apt's own helpers, live in sbin.
PATH=$PATH:/usr/sbin:/sbin

# What building and running the program needs, and what the tests need besides. A package with a
# question mark is not in every release: it comes along when it can.
# shellcheck disable=SC2034
build_packages=(meson ninja-build pkg-config gcc libc6-dev libuv1-dev libpq-dev
	libjansson-dev libssl-dev libcmocka-dev postgresql)
# shellcheck disable=SC2034
test_packages=(clang python3-pytest python3-pytest-xdist python3-psycopg2 strace shellcheck mandoc
	libnss-wrapper pgbouncer '?python3-django' '?clang-format-14' '?clang-tidy-14' '?libclang-rt-14-dev')

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 2
}

# --- clean up on every way out ---

scratch_dirs=()
pg_dirs=()

clean_up() {
	local status=$? running
	running=$(jobs -p)
	# shellcheck disable=SC2086 # one word for each process
	[ -z "$running" ] || { kill $running && wait; } 2>/dev/null
	trap '' HUP INT TERM # nothing interrupts the cleaning
	while [ ${#pg_dirs[@]} -gt 0 ]; do
		pg_stop "${pg_dirs[0]}"
	done
	[ ${#scratch_dirs[@]} -eq 0 ] || rm -rf "${scratch_dirs[@]}"
	exit "$status"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# In /tmp whatever TMPDIR says: a socket's path may have 107 bytes, and the server's user must reach it.
scratch() { # NAME
	local made
	made=$(mktemp -d /tmp/metamodel.XXXXXX) || die "no temporary directory"
	scratch_dirs+=("$made")
	printf -v "$1" '%s' "$made"
}

# --- packages ---

is_installed() { # PACKAGE
	case $1 in
	postgresql) # any server will do, also one from apt.postgresql.org
		compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null
		;;
	*)
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
		;;
	esac
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif sudo -n true 2>/dev/null; then
		sudo -n "$@"
	else
		sudo "$@" # asks for the password
	fi
}

can_be_root() {
	[ "$(id -u)" = 0 ] && return
	command -v sudo >/dev/null || return
	sudo -n true 2>/dev/null || { [ -z "${CI:-}" ] && { : </dev/tty; } 2>/dev/null; }
}

# The Debian packages of a PostgreSQL server create a cluster of their own and start it. This is
# their documented way to say no; it counts only before the packages come.
refuse_main_cluster() {
	local conf=/etc/postgresql-common/createcluster.conf

	if is_installed postgresql-common || [ -e "$conf" ]; then
		return 0
	fi
	as_root mkdir -p "${conf%/*}" &&
		printf '%s\n' "# Written by metamodel's scripts: no server starts by itself." \
			'create_main_cluster = false' | as_root tee "$conf" >/dev/null
}

# Debian's pgbouncer would start a service: without the files that describe it, there is none.
apt_install() { # PACKAGE...
	local each excluded=()

	for each in /etc/init.d/pgbouncer '/lib/systemd/system/pgbouncer.*' \
		'/usr/lib/systemd/system/pgbouncer.*'; do
		excluded+=(-o "DPkg::Options::=--path-exclude=$each")
	done
	as_root env DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1 \
		apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=300 \
		"${excluded[@]}" "$@" </dev/null
}

need_packages() { # PACKAGE...
	local package missing=() wished=()

	if ! command -v dpkg-query >/dev/null; then
		say "No dpkg here, so nothing is installed. Needed are the equivalents of: $*"
		return 0
	fi
	for package; do
		if is_installed "${package#\?}"; then
			continue
		elif [ "$package" = "${package#\?}" ]; then
			missing+=("$package")
		else
			wished+=("${package#\?}")
		fi
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	can_be_root || die "please install these packages: ${missing[*]}"

	say "Installing ${missing[*]}"
	quietly "apt-get update" as_root apt-get update -o DPkg::Lock::Timeout=300 || exit 2
	quietly "refusing a main cluster" refuse_main_cluster || exit 2
	for package in "${wished[@]}"; do
		[ -z "$(apt-cache search --names-only "^$package\$")" ] || missing+=("$package")
	done
	quietly "apt-get install" apt_install "${missing[@]}" || exit 2
}

# PL/Proxy for the newest server there is, once that is installed. Without it there is no farm.
need_plproxy() {
	local bin package

	bin=$(pg_bindir) && command -v dpkg-query >/dev/null || return 0
	package=postgresql-$(basename "${bin%/bin}")-plproxy
	if [ -e "${bin%/bin}/lib/plproxy.so" ] || is_installed "$package"; then
		return 0
	fi
	if [ -z "$(apt-cache search --names-only '^postgresql$')" ] && can_be_root; then # no lists yet
		quietly "apt-get update" as_root apt-get update -o DPkg::Lock::Timeout=300 || exit 2
	fi
	if [ -n "$(apt-cache search --names-only "^$package\$")" ]; then
		need_packages "$package"
	else
		say "This release has no $package: nothing will be tried on a farm."
	fi
}

# The mirror that this machine uses, if it uses one of Debian's.
debian_mirror() {
	local found
	# shellcheck disable=SC2016 # apt's own
	found=$(apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Label: Debian' 2>/dev/null)
	found=${found%%$'\n'*}
	printf '%s\n' "${found:-http://deb.debian.org/debian}"
}

# --- running and building ---

quietly() { # TITLE COMMAND...
	local title=$1 log status=0
	shift
	log=$(mktemp /tmp/metamodel-log.XXXXXX) || die "no temporary file"
	"$@" >"$log" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		tail -n 60 "$log" >&2
		say "$title failed with status $status; all its output: $log"
	else
		rm -f "$log"
	fi
	return "$status"
}

# Debian's, as with Python.
meson() {
	/usr/bin/meson "$@"
}

# A build directory set up with other options is set up anew.
build() { # DIR CC [MESON OPTION...]
	local dir=$1 cc=$2 wanted
	shift 2
	wanted="CC=$cc $*"
	if [ ! -f "$dir/build.ninja" ] || [ "$(cat "$dir/.set-up-with" 2>/dev/null)" != "$wanted" ]; then
		rm -rf "$dir"
		CC=$cc quietly "meson setup ${dir##*/}" \
			meson setup "$dir" "$root" "$@" </dev/null || return
		printf '%s\n' "$wanted" >"$dir/.set-up-with"
	fi
	quietly "compiling ${dir##*/}" meson compile -C "$dir" </dev/null
}

# --- a PostgreSQL of one's own ---

# Where scripts/roots makes other versions: N/root, and in N/bin programs that work out here.
roots=/var/cache/metamodel/roots
server_root=${METAMODEL_TEST_SERVER:+$roots/$METAMODEL_TEST_SERVER/root}

pg_bindir() { # the server's programs: the newest, unless another one is wanted
	local newest
	if [ -n "$server_root" ]; then
		[ -e "${server_root%/root}/done" ] || die "no PostgreSQL $METAMODEL_TEST_SERVER (scripts/roots)"
		printf '%s\n' "${server_root%/root}/bin"
		return
	fi
	newest=$(compgen -G '/usr/lib/postgresql/*/bin/initdb' | sort -V | tail -n 1)
	[ -n "$newest" ] || die "no PostgreSQL server in /usr/lib/postgresql"
	printf '%s\n' "${newest%/initdb}"
}

# initdb refuses to run as root: then the server runs as postgres, or as nobody. Of a root that was made
# for it only the programs of the server can be run so.
as_server() { # PROGRAM [ARG...]
	(
		cd / || exit
		if [ -n "$server_root" ]; then
			as_root chroot --userspec="$(id -u "$(pg_user)"):$(id -g "$(pg_user)")" "$server_root" \
				"/usr/lib/postgresql/$METAMODEL_TEST_SERVER/bin/${1##*/}" "${@:2}"
			exit
		fi
		if [ "$(id -u)" = 0 ]; then
			exec runuser -u "$(pg_user)" -- "$@"
		fi
		exec "$@"
	)
}

pg_user() {
	if [ "$(id -u)" != 0 ]; then
		id -un
	elif id postgres >/dev/null 2>&1; then
		echo postgres
	else
		echo nobody
	fi
}

# A server whose data, log (server.log) and unix socket are in DIR, an empty directory that belongs
# to the server from now on.
pg_create() { # DIR [SETTING=VALUE...]
	local dir=$1 bin
	shift
	bin=$(pg_bindir) || return
	[ -z "$server_root" ] || move_into_root "$dir" || return
	chmod 755 "$dir" && chown "$(pg_user)" "$dir" || return
	quietly initdb as_server "$bin/initdb" -D "$dir/data" -U postgres -A trust -E UTF8 \
		--locale=C.UTF-8 --no-sync || return
	{
		printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$dir'" \
			"port = 5432" "fsync = off" "max_connections = 40" \
			"log_line_prefix = '%m [%p] %a %d '"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >>"$dir/data/postgresql.conf"
}

# DIR, an empty directory, is in the server's root from now on, under the same name inside and outside.
move_into_root() { # DIR
	local dir=$1 inside=$server_root$1 user
	user=$(pg_user)
	if ! grep -q "^[^:]*:x:$(id -u "$user"):" "$server_root/etc/passwd"; then # initdb wants its name
		printf '%s:x:%s:%s::/:/bin/sh\n' "$user" "$(id -u "$user")" "$(id -g "$user")" |
			as_root tee -a "$server_root/etc/passwd" >/dev/null || return
	fi
	rmdir "$dir" && mkdir -p "$inside" && ln -s "$inside" "$dir"
}

pg_run() { # DIR
	local dir=$1 bin
	bin=$(pg_bindir) || return
	quietly "starting PostgreSQL" as_server "$bin/pg_ctl" -D "$dir/data" -l "$dir/server.log" \
		-w -t 120 start || {
		cat "$dir/server.log" >&2
		return 1
	}
}

# Exports PGHOST, PGPORT, PGUSER and PGDATABASE.
pg_start() { # DIR [SETTING=VALUE...]
	pg_dirs+=("$1")
	pg_create "$@" && pg_run "$1" || return
	export PGHOST=$1 PGPORT=5432 PGUSER=postgres PGDATABASE=postgres
}

# Another one in DIR that follows the one in PRIMARY, which pg_start made, as a hot standby.
pg_start_standby() { # DIR PRIMARY [SETTING=VALUE...]
	local dir=$1 primary=$2 bin
	shift 2
	bin=$(pg_bindir) && pg_dirs+=("$dir") || return
	[ -z "$server_root" ] || move_into_root "$dir" || return
	chmod 755 "$dir" && chown "$(pg_user)" "$dir" || return
	quietly pg_basebackup as_server "$bin/pg_basebackup" -h "$primary" -U postgres -D "$dir/data" \
		-R -c fast --no-sync || return
	printf '%s\n' "unix_socket_directories = '$dir'" "$@" >>"$dir/data/postgresql.conf"
	pg_run "$dir"
}

pg_stop() { # DIR: end the server and remove all of DIR
	local dir=$1 each left=()
	for each in "${pg_dirs[@]}"; do
		[ "$each" = "$dir" ] || left+=("$each")
	done
	pg_dirs=("${left[@]}")
	if [ -f "$dir/data/postmaster.pid" ]; then
		kill -CONT "$(head -n 1 "$dir/data/postmaster.pid")" 2>/dev/null # a test may have said STOP
		as_server "$(pg_bindir)/pg_ctl" -D "$dir/data" -m immediate -w stop >/dev/null 2>&1
	fi
	rm -rf ${server_root:+"$server_root$dir"} "$dir"
}

# --- a PgFarm of one's own ---

# The account that every server of a farm knows, and its password; it owns what is there and is no superuser.
farm_user=openresty farm_password='farm secret'

farm_is_possible() { # says why not
	local bin
	bin=$(pg_bindir) || return
	if [ ! -e "${bin%/bin}/lib/plproxy.so" ]; then
		say "no farm: PL/Proxy is not installed for the PostgreSQL in $bin"
	elif [ -n "$(LD_PRELOAD=libnss_wrapper.so true 2>&1)" ]; then
		say "no farm: libnss_wrapper.so is not installed"
	else
		return 0
	fi
	return 1
}

# Start a farm in DIR, an empty directory: a server for the proxy in DIR/proxy and one for each node
# in DIR/os901001, DIR/os901002, ... (see pg_create), all on one port at loopback addresses of their
# own. In each is one database, called as its directory is; test/sql/farm-*.sql is in template1.
#
# DIR/hosts has the name of each, with and without .farm.test. LD_PRELOAD=libnss_wrapper.so and
# NSS_WRAPPER_HOSTS=DIR/hosts make a program believe it. DIR/metamodel.conf is how to reach the proxy.
#
# Status 77: there can be no farm here.
farm_start() { # DIR [NODES]
	local dir=$1 count=${2:-3} net=127.$((1 + $$ / 256 % 254)).$(($$ % 256)) port i name
	local names=(proxy) pids=() status=0
	farm_is_possible || return 77
	chmod 755 "$dir" || return
	for ((i = 1; i <= count; i++)); do
		printf -v name 'os901%03d' "$i"
		names+=("$name")
	done
	port=$(farm_free_port "$net" "$((count + 1))") || return
	for i in "${!names[@]}"; do
		name=${names[i]}
		printf '%s %s %s.farm.test\n' "$net.$((i + 1))" "$name" "$name"
		mkdir "$dir/$name" || return
		pg_dirs+=("$dir/$name")
	done >"$dir/hosts"
	(
		umask 077
		printf '%s\n' '[backend]' 'type = PgFarm' 'host = proxy' "port = $port" \
			"user = $farm_user" "password = $farm_password" >"$dir/metamodel.conf"
	)
	for i in "${!names[@]}"; do
		farm_start_one "$dir/${names[i]}" "$net.$((i + 1))" "$port" \
			<<<"$(farm_sql "$net" "$port" "$i" "${names[@]}")" &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i" || status=1
	done
	return "$status"
}

# The pid makes the addresses ours, unless somebody listens at all there are.
farm_free_port() { # NET SERVERS
	local port i
	for ((port = 15432; port < 15532; port++)); do
		for ((i = 1; i <= $2; i++)); do
			! (: <"/dev/tcp/$1.$i/$port") 2>/dev/null || continue 2
		done
		echo "$port"
		return
	done
	say "no free port at $1.1"
	return 1
}

# What server I of a farm begins with, for psql.
farm_sql() { # NET PORT I NAME...
	local net=$1 port=$2 self=$3 name i=0 place partitions="modular_mapping '1'"
	shift 3
	printf "CREATE ROLE %s LOGIN PASSWORD '%s';\n" "$farm_user" "$farm_password"
	if [ "$self" -ne 0 ]; then
		cat "$root/test/sql/farm-node.sql"
	else
		cat "$root/test/sql/farm-proxy.sql"
		printf "CREATE SERVER directory FOREIGN DATA WRAPPER plproxy OPTIONS (p0 'host=%s.1 port=%s dbname=proxy');\n" \
			"$net" "$port"
		for name in "${@:2}"; do
			printf "INSERT INTO farm.nodes VALUES (%d, '%s');\n" "$i" "$name"
			# The servers do not believe in DIR/hosts.
			place="host=$name hostaddr=$net.$((i + 2)) port=$port dbname=$name"
			partitions+=", p$((i++)) '$place'"
		done
		printf 'CREATE SERVER farm FOREIGN DATA WRAPPER plproxy OPTIONS (%s);\n' "$partitions"
		for name in farm directory; do
			printf "CREATE USER MAPPING FOR PUBLIC SERVER %s OPTIONS (user '%s', password '%s');\n" \
				"$name" "$farm_user" "$farm_password"
			printf 'GRANT USAGE ON FOREIGN SERVER %s TO PUBLIC;\n' "$name"
		done
	fi
	shift "$self"
	printf '\\connect postgres\nCREATE DATABASE %s OWNER %s;\n' "$1" "$farm_user"
}

farm_start_one() { # DIR ADDRESS PORT <SQL
	local bin
	bin=$(pg_bindir) &&
		pg_create "$1" "listen_addresses = '$2'" "port = $3" "shared_buffers = 32MB" \
			"password_encryption = 'scram-sha-256'" &&
		printf '%s\n' 'local all all trust' 'host all all 127.0.0.0/8 scram-sha-256' \
			>"$1/data/pg_hba.conf" &&
		pg_run "$1" &&
		env -i PSQLRC=/dev/null "$bin/psql" -Xqv ON_ERROR_STOP=1 -h "$1" -p "$3" -U postgres template1
}
