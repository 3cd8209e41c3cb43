/* SPDX-License-Identifier: PostgreSQL */
/* psql reads the dump, and a line in it can be a command to psql. The server may have
 * been set to anything. The arguments rule out both. */
#include "task/restore/psql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/rights.h"

/*
 * The commit of an account does not wait for the disk; the flush that does comes before
 * the account is called restored. The other options override settings of the database or
 * the role.
 */
#define CHILD_OPTIONS                                                      \
	"-c synchronous_commit=off -c search_path=pg_catalog"              \
	" -c client_min_messages=warning"                                  \
	" -c statement_timeout=0 -c idle_in_transaction_session_timeout=0" \
	" -c default_transaction_read_only=off"                            \
	" -c default_transaction_isolation=read\\ committed"

/* Linux allows at most 128 KiB for one argument. */
enum { MOST_ARGUMENT_BYTES = 100000 };

bool restore_psql_knows_restrict(const struct pgtool *psql)
{
	static const unsigned first_minor[][2] = {
		{ 13, 22 }, { 14, 19 }, { 15, 14 }, { 16, 10 }, { 17, 6 }
	};

	for (size_t i = 0; i < ARRAY_SIZE(first_minor); i++)
		if (psql->major == first_minor[i][0])
			return psql->minor >= first_minor[i][1];
	return psql->major >= 18;
}

bool restore_psql_init_env(const struct restore_node *node, struct childenv *out,
			   struct error *err)
{
	const char *options =
		node->server_major >= 11 ? CHILD_OPTIONS " -c jit=off" : CHILD_OPTIONS;

	return childenv_init(out, session_conn(node->farm_node->session), options, err);
}

/* ---- psql's arguments and input ---- */

struct build {
	const struct restore_unit *unit;
	struct restore_feed *feed;
	struct strvec *argv;
};

static char *random_key(void)
{
	unsigned char bytes[16];
	struct strbuf key = { 0 };

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		abort(); /* never on a running Linux */
	for (size_t i = 0; i < sizeof(bytes); i++)
		strbuf_add_format(&key, "%02x", bytes[i]);
	return strbuf_detach(&key);
}

/*
 * What stands between dumps is part of psql's input; what stands before the first and
 * after the last is an argument, so that the line numbers in psql's messages are those of
 * the file if there is only one dump.
 */
static void add_command(const struct build *build, bool is_argument, const char *command)
{
	AUTO_FREE char *line = NULL;

	if (is_argument) {
		strvec_push_format(build->argv, "--command=%s", command);
		return;
	}
	line = str_format("%s%s\n", command, *command == '\\' ? "" : ";");
	feed_add_text(build->feed, line);
}

/*
 * The dump was checked and has no backslash command. If psql reads it differently,
 * \restrict makes it refuse; the same holds if the dump is not read as far as its
 * \unrestrict.
 */
static void add_dump(const struct build *build, size_t index)
{
	const struct restore_unit *unit = build->unit;
	const struct restore_account *account = unit->accounts[index];
	const struct dumpfile_facts *facts = &account->dump.facts;
	bool is_first = index == 0, is_last = index == unit->count - 1;
	bool is_guarded =
		restore_psql_knows_restrict(unit->node->psql) && !facts->is_restricted;
	AUTO_FREE char *end =
		catalog_restore_end(account->plan, facts->tables, account->dump.version);
	AUTO_FREE char *key = random_key();
	AUTO_FREE char *restrict_line = str_format("\\restrict %s", key);
	AUTO_FREE char *unrestrict_line = str_format("\\unrestrict %s", key);
	AUTO_STRVEC struct strvec rights = { 0 };

	if (!is_first) /* undo the settings of the dump before */
		add_command(build, false, "RESET ALL");
	if (is_guarded)
		add_command(build, is_first, restrict_line);
	if (is_first)
		strvec_push(build->argv, "--file=-");
	feed_add_dump(build->feed, account->plan->name, &account->dump);
	if (facts->is_restricted)
		add_command(build, is_last, "\\set METAMODEL_END 1");
	else if (is_guarded && !is_last)
		add_command(build, false, unrestrict_line);
	catalog_rights_add(account->plan, facts->rights, facts->has_session, &rights);
	for (size_t i = 0; i < rights.count; i++)
		add_command(build, is_last, rights.v[i]);
	add_command(build, is_last, end);
}

/* Options before the first --command. */
static void add_options(const struct restore_unit *unit, struct strvec *argv)
{
	const char *dbname = unit->node->childenv.dbname;

	strvec_push(argv, unit->node->psql->path);
	strvec_push(argv, "--no-psqlrc");
	strvec_push(argv, "--no-password");
	strvec_push(argv, "--quiet");
	strvec_push(argv, unit->restore->opts.conf->rehearse
				  ? "--command=BEGIN" /* and no COMMIT */
				  : "--single-transaction");
	strvec_push(argv, "--set=ON_ERROR_STOP=1");
	strvec_push(argv, "--set=VERBOSITY=verbose"); /* adds the SQLSTATE */
	if (dbname)
		strvec_push_format(argv, "--dbname=%s", dbname);
}

void restore_psql_build(const struct restore_unit *unit, struct restore_feed *feed,
			struct strvec *argv)
{
	const struct build build = { .unit = unit, .feed = feed, .argv = argv };
	const struct conf *conf = unit->restore->opts.conf;
	AUTO_FREE const struct catalog_plan **plans =
		xcalloc(unit->count, sizeof(*plans));
	AUTO_FREE char *begin = NULL;
	AUTO_FREE char *outside = NULL;

	for (size_t i = 0; i < unit->count; i++)
		plans[i] = unit->accounts[i]->plan;
	begin = catalog_restore_begin(plans, unit->count, conf->cascade,
				      conf_lock_wait_ms(conf));
	outside = catalog_restore_outside(plans, unit->count);
	add_options(unit, argv);
	add_command(&build, strlen(begin) < MOST_ARGUMENT_BYTES, begin);
	for (size_t i = 0; i < unit->count; i++)
		add_dump(&build, i);
	if (strlen(outside) <
	    /* longer only if thousands are tied together: skip the check */
	    MOST_ARGUMENT_BYTES)
		add_command(&build, true, outside);
	/* a pooler may give the session to somebody else next */
	add_command(&build, true, "RESET ALL");
	if (!conf->rehearse)
		return;
	/* as COMMIT would */
	strvec_push(argv, "--command=SET CONSTRAINTS ALL IMMEDIATE");
	strvec_push(argv, "--command=ROLLBACK");
}

/* ---- psql's messages ---- */

/* A line that names a place in the server's source, "LOCATION: FUNCTION, FILE.c:LINE";
 * the first word depends on the language. */
static bool is_location(const char *line)
{
	int length = 0;

	(void)sscanf(line, "%*[^:]:  %*[A-Za-z0-9_], %*[A-Za-z0-9_].%*[cly]:%*u%n",
		     &length);
	return length > 0 && !line[length];
}

char *restore_psql_without_locations(const char *words)
{
	struct strbuf out = { 0 };

	while (*words) {
		size_t length = strcspn(words, "\n");
		AUTO_FREE char *line = xstrndup(words, length);

		if (!is_location(line))
			strbuf_add_format(&out, "%s%s", out.length ? "\n" : "", line);
		words += length + (words[length] == '\n');
	}
	return strbuf_detach(&out);
}
