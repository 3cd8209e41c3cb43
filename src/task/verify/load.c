/* SPDX-License-Identifier: PostgreSQL */
/*
 * A dump that is in order may still not load: something that it needs may be missing,
 * which only a server knows. So the whole save is restored once in a database where
 * nothing can be harmed. Whatever happens, that database is dropped at the end.
 */
#include "task/verify/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "pg/conninfo.h"
#include "pg/scratch.h"
#include "task/restore/restore.h"

struct verify_load {
	struct verify_load_opts opts;
	struct run_opts run; /* of the restore */
	struct log log;
	struct conf conf;
	struct conninfo info;
	struct savedir save;
	struct scratch *scratch;
	struct restore *restore; /* NULL: not running */
	bool is_ending;
	struct timer *pending; /* before the drop; NULL: none */
	int signal_number;
};

static void end(struct verify_load *load)
{
	load->opts.done(load->opts.owner);
	scratch_free(load->scratch);
	savedir_release(&load->save);
	conninfo_release(&load->info);
	free(load);
}

static void on_dropped(void *owner, const struct error *err)
{
	struct verify_load *load = owner;
	struct report *out = load->opts.report;

	if (err && out->error.kind == ERROR_NONE)
		out->error = *err;
	else if (err)
		log_error(load->opts.run->log, err);
	end(load);
}

static void on_drop(void *owner)
{
	struct verify_load *load = owner;

	load->pending = NULL;
	scratch_drop(load->scratch, on_dropped, load);
}

/* Called by the loop: callbacks of the scratch database must not free it. */
static void drop(struct verify_load *load)
{
	load->is_ending = true;
	load->pending = timer_start(load->opts.run->loop, 0, on_drop, load);
}

static struct report_account *find(struct report *report, const char *name)
{
	for (size_t i = 0; i < report->count; i++)
		if (!strcmp(report->accounts[i].account, name))
			return &report->accounts[i];
	return NULL;
}

static void on_restored(void *owner, const struct report *report)
{
	struct verify_load *load = owner;
	struct report *out = load->opts.report;

	load->restore = NULL;
	if (report->error.kind != ERROR_NONE && !report->signal_number)
		out->error = report->error;
	for (size_t i = 0; i < report->count; i++) {
		const struct report_account *from = &report->accounts[i];
		struct report_account *to = find(out, from->account);

		if (!to)
			continue;
		to->elapsed_ms = from->elapsed_ms;
		if (!from->error)
			continue;
		to->error = xstrdup(from->error);
		to->outcome = "failed";
	}
	drop(load);
}

static void warn_of_roles(const struct verify_load *load)
{
	const struct strvec *names = scratch_stand_ins(load->scratch);

	for (size_t i = 0; i < names->count; i++) {
		AUTO_STRBUF struct strbuf name = { 0 };

		strbuf_add_identifier(&name, names->v[i], strlen(names->v[i]));
		log_warning(load->opts.run->log,
			    "role %s does not exist on this server, but dumps name it: "
			    "loading them with a stand-in. To restore on this server, "
			    "run CREATE ROLE %s first",
			    name.buf, name.buf);
	}
}

static void on_progress(void *owner, size_t done, size_t total)
{
	const struct verify_load *load = owner;

	load->opts.run->progress(load->opts.run->owner, done, total);
}

static bool ask_password(void *owner, char **out)
{
	const struct verify_load *load = owner;

	return load->opts.run->ask_password(load->opts.run->owner, out);
}

static void on_ready(void *owner, const struct error *err)
{
	struct verify_load *load = owner;

	if (load->is_ending)
		return;
	if (err || load->signal_number) {
		if (err)
			load->opts.report->error = *err;
		drop(load);
		return;
	}
	warn_of_roles(load);
	log_info(load->opts.run->log,
		 "Loading %zu account%s into scratch database %s, which needs as much "
		 "disk space again...",
		 load->opts.accounts->count, load->opts.accounts->count == 1 ? "" : "s",
		 scratch_name(load->scratch));
	load->conf =
		conf_at(load->opts.run->conf, (char *)scratch_conninfo(load->scratch));
	load->conf.accounts = *load->opts.accounts;
	load->log = *load->opts.run->log;
	if (load->log.level == LOG_INFO)
		/* a line for each account would not help */
		load->log.level = LOG_WARNING;
	load->run = *load->opts.run;
	load->run.log = &load->log;
	load->run.conf = &load->conf;
	load->run.progress = on_progress;
	load->run.ask_password = ask_password;
	load->run.done = on_restored;
	load->run.owner = load;
	load->restore = restore_start_trial(&load->run, &load->save);
}

static bool find_server(struct verify_load *load, struct error *err)
{
	struct conf conf = *load->opts.run->conf;
	bool is_named = conf.load[0] != '\0';

	if (is_named) { /* another server: what is configured does not apply */
		conf.command_line.dbname = conf.load;
		conf.config = (struct conf_connection){ 0 };
	}
	if (!conninfo_from_conf(&conf, &load->info, err))
		return false;
	if (is_named && !conninfo_get(&load->info, "dbname"))
		conninfo_set(&load->info, "dbname", "postgres");
	return true;
}

static void on_no_server(void *owner)
{
	end(owner);
}

static bool on_ask(void *person, char **out)
{
	const struct run_opts *run = person;

	return run->ask_password(run->owner, out);
}

static void on_waiting(void *person, const struct error *why, uint64_t pause_ms)
{
	run_log_waiting(person, why, pause_ms);
}

struct verify_load *verify_load_start(const struct verify_load_opts *opts,
				      struct savedir *save)
{
	struct verify_load *load = xcalloc(1, sizeof(*load));
	const struct run_opts *run = opts->run;

	load->opts = *opts;
	load->save = *save;
	*save = (struct savedir){ .fd = -1 };
	if (!find_server(load, &opts->report->error)) {
		timer_start(run->loop, 0, on_no_server, load);
		return load;
	}
	load->scratch =
		scratch_start(&(struct scratch_opts){ .loop = run->loop,
						      .log = run->log,
						      .info = &load->info,
						      .program = "metamodel verify",
						      .encoding = opts->encoding,
						      .from = run->conf->load_template,
						      .roles = opts->roles,
						      .ask_password = on_ask,
						      .waiting = on_waiting,
						      .person = (void *)run,
						      .ready = on_ready,
						      .owner = load });
	return load;
}

/* The server does not answer, and a second signal came. */
static void give_up(struct verify_load *load)
{
	log_warning(load->opts.run->log,
		    "scratch database %s may still exist: the next metamodel verify "
		    "--load drops it",
		    scratch_name(load->scratch));
	if (load->pending)
		timer_cancel(load->pending);
	end(load);
}

void verify_load_cancel(struct verify_load *load, int signal_number)
{
	bool is_first = !load->signal_number;

	load->signal_number = signal_number;
	if (load->restore)
		restore_cancel(load->restore, signal_number);
	else if (load->scratch && !scratch_is_connected(load->scratch) &&
		 !load->is_ending)
		drop(load);
	else if (load->scratch && !is_first)
		give_up(load);
}
