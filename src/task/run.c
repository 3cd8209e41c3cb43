/* SPDX-License-Identifier: PostgreSQL */
/*
 * The commands that work on accounts begin in the same way and print the same messages.
 * This file keeps the wording the same.
 */
#include "task/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "store/lockfile.h"
#include "store/place.h"
#include "store/rotate.h"
#include "product/product.h"

enum { WORD_BYTES_MAX = 500 }; /* of a command that is shown */

void run_log_notes(const struct run_opts *opts, const struct strvec *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		log_alert(opts->log, "%s", notes->v[i]);
}

static bool take_lock(const struct run_opts *opts, const struct layout *layout,
		      int *lock_fd, struct error *err)
{
	char holder[200], host[65] = "?", now[CLOCK_TEXT_BYTES];
	AUTO_STRVEC struct strvec notes = { 0 };
	bool did_finish, did_clean;
	int fd;

	clock_now(now);
	(void)gethostname(host, sizeof(host) - 1);
	snprintf(holder, sizeof(holder), "metamodel %s, process %ld on %s, since %s",
		 opts->command, (long)getpid(), host, now);
	if (!lockfile_take(layout->lock, holder, &fd, err))
		return false;
	if (!rotate_recover(layout, &did_finish, &did_clean, &notes, err)) {
		close(fd);
		return false;
	}
	if (did_finish)
		log_warning(opts->log, "an earlier run died while it swapped its save "
				       "in; the swap is complete now");
	if (did_clean)
		log_warning(opts->log, "an earlier run died; its leftovers were removed");
	run_log_notes(opts, &notes);
	*lock_fd = fd;
	return true;
}

void run_check_backend(const struct run_opts *opts)
{
	if (opts->conf->backend == CONF_PG && opts->conf->suffix[0])
		log_warning(opts->log,
			    "host suffix %s ignored: backend Pg does not use one. To "
			    "name an account like this, put -- before it",
			    opts->conf->suffix);
}

bool run_begin(const struct run_opts *opts, const struct layout *layout, int *lock_fd,
	       struct error *err)
{
	*lock_fd = -1;
	run_check_backend(opts);
	if (!place_check_outside(layout, opts->conf->directory, err))
		return false;
	return opts->conf->dry_run || take_lock(opts, layout, lock_fd, err);
}

/* Name the node in an error that came from its server or from a child. */
static void name_node(const struct farm_account *account, struct error *err)
{
	AUTO_FREE char *name =
		str_format("node %s: ", account->node ? account->node->name : "(none)");

	if (account->node && !strstr(err->text, name) &&
	    (err->kind == ERROR_SERVER || err->kind == ERROR_CHILD))
		farm_name_error(account->node, err);
}

void run_log_failure(const struct run_opts *opts, const struct farm_account *account,
		     const char *step, const struct error *err, struct failures *failures)
{
	struct error whole = *err;

	name_node(account, &whole);
	failures_add(failures, opts->log, account->name, step, &whole);
}

void run_log_messages(const struct run_opts *opts, const char *account, const char *step,
		      const char *messages)
{
	while (*messages) {
		size_t length = strcspn(messages, "\n");

		log_warning(opts->log, "[%s %s] %.*s", account, step, (int)length,
			    messages);
		messages += length + (messages[length] == '\n');
	}
}

void run_log_newer_tool(const struct run_opts *opts, const struct pgtool *tool,
			const char *name, unsigned server_major)
{
	if (tool->major > server_major)
		log_warning(
			opts->log,
			"%s is version %u, newer than the server (%u)%s; install "
			"postgresql-client-%u, or name its directory with --pg-bindir",
			tool->path, tool->major, server_major,
			strcmp(name, "pg_dump")
				? ""
				: ": this server may refuse to load its dumps",
			server_major);
}

void run_log_waiting(const struct run_opts *opts, const struct error *why,
		     uint64_t pause_ms)
{
	log_warning(opts->log, "%s; trying again in %.2f s", why->text,
		    (double)pause_ms / 1000);
}

static bool ask_password(void *person, char **out)
{
	const struct run_opts *run = person;

	return run->ask_password(run->owner, out);
}

static void on_waiting(void *person, const struct error *why, uint64_t pause_ms)
{
	run_log_waiting(person, why, pause_ms);
}

struct farm *run_start_farm(const struct run_opts *run, const struct farm_opts *opts)
{
	struct farm_opts whole = *opts;

	whole.loop = run->loop;
	whole.conf = run->conf;
	whole.ask_password = ask_password;
	whole.waiting = on_waiting;
	whole.person = (void *)run;
	return farm_start(&whole);
}

unsigned run_choose_node_jobs(const struct run_opts *opts, const struct session *session)
{
	const struct conf *conf = opts->conf;
	uint64_t free_connections = session_facts(session)->free_connections;
	uint64_t most =
		/* and hope: connecting is retried */
		free_connections ? free_connections : 1;
	uint64_t wanted = conf->node_jobs ? conf->node_jobs
			  : conf->jobs    ? conf->jobs
					  : loop_processors();

	if (wanted > most)
		log_warning(
			opts->log,
			"the server of database %s has %llu free connections: running "
			"%llu jobs at once instead of %llu",
			session_facts(session)->dbname,
			(unsigned long long)free_connections, (unsigned long long)most,
			(unsigned long long)wanted);
	return (unsigned)(wanted < most ? wanted : most);
}

unsigned run_choose_jobs(const struct run_opts *opts, const struct farm *farm)
{
	size_t processors = loop_processors();

	if (opts->conf->jobs)
		return (unsigned)opts->conf->jobs;
	return (unsigned)(farm->node_count > processors ? farm->node_count : processors);
}

bool run_set_no_accounts(const struct farm *farm, struct error *err)
{
	error_set(err, ERROR_DATA, "database \"%s\" has no table " PRODUCT_ACCOUNTS,
		  farm->nodes[0]->name);
	return error_hint(err, "name the database of an OpenResty server with --dbname");
}

void run_log_misplaced(const struct run_opts *opts, const struct farm *farm)
{
	for (size_t i = 0; i < farm->account_count; i++) {
		const struct farm_account *a = &farm->accounts[i];

		if (a->warning)
			log_warning(opts->log, "account %s is on node %s, but %s",
				    a->name, a->node ? a->node->name : "(none)",
				    a->warning);
	}
}

void run_log_command(const struct run_opts *opts, const struct strvec *argv)
{
	AUTO_STRBUF struct strbuf line = { 0 };

	if (opts->log->level < LOG_DEBUG)
		return;
	for (size_t i = 0; i < argv->count; i++) {
		AUTO_FREE char *word = xstrndup(argv->v[i], WORD_BYTES_MAX);

		if (i)
			strbuf_add_char(&line, ' ');
		strbuf_add_shell_word(&line, word);
		if (strlen(argv->v[i]) > WORD_BYTES_MAX)
			strbuf_add_str(&line, "...");
	}
	log_debug(opts->log, "%s", line.buf);
}

static void add_option(struct strbuf *out, const char *option, const char *value)
{
	if (!value || !*value)
		return;
	strbuf_add_format(out, " %s ", option);
	strbuf_add_shell_word(out, value);
}

void run_add_command(const struct run_opts *opts, const char *command, struct strbuf *out)
{
	const struct conf *conf = opts->conf;
	const char *dbname = conf->command_line.dbname;

	strbuf_add_format(out, "metamodel %s", command);
	add_option(out, "-c", conf->config_path);
	add_option(out, "--model", conf->model_name);
	add_option(out, "-h", conf->command_line.host);
	add_option(out, "-p", conf->command_line.port);
	add_option(out, "-U", conf->command_line.user);
	add_option(out, "-d", dbname && strpbrk(dbname, "=:") ? "..." : dbname);
	if (conf->backend == CONF_PGFARM)
		add_option(out, "--host-suffix", conf->suffix);
	add_option(out, "-D", conf->directory);
}

bool run_hint_command(const struct run_opts *opts, struct error *err, const char *why,
		      const char *account)
{
	AUTO_STRBUF struct strbuf line = { 0 };

	strbuf_add_format(&line, "%s: ", why);
	run_add_command(opts, opts->command, &line);
	strbuf_add_str(&line, " -- ");
	strbuf_add_shell_word(&line, account);
	return error_hint(err, "%s", line.buf);
}
