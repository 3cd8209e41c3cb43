/* SPDX-License-Identifier: PostgreSQL */
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
	struct restore *restore; /* NULL: it does not run */
	bool is_ending;
	struct timer *pending; /* before the drop; NULL: none */
	int signal_number;
};

static void end(struct verify_load *l)
{
	l->opts.done(l->opts.owner);
	scratch_free(l->scratch);
	savedir_release(&l->save);
	conninfo_release(&l->info);
	free(l);
}

static void on_dropped(void *owner, const struct error *err)
{
	struct verify_load *l = owner;
	struct report *out = l->opts.report;

	if (err && out->error.kind == ERROR_NONE)
		out->error = *err;
	else if (err)
		log_error(l->opts.run->log, err);
	end(l);
}

static void on_drop(void *owner)
{
	struct verify_load *l = owner;

	l->pending = NULL;
	scratch_drop(l->scratch, on_dropped, l);
}

/* From the loop: the callbacks of the scratch database are not to free it. */
static void drop(struct verify_load *l)
{
	l->is_ending = true;
	l->pending = timer_start(l->opts.run->loop, 0, on_drop, l);
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
	struct verify_load *l = owner;
	struct report *out = l->opts.report;

	l->restore = NULL;
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
	drop(l);
}

static void warn_of_roles(const struct verify_load *l)
{
	const struct strvec *names = scratch_stand_ins(l->scratch);

	for (size_t i = 0; i < names->count; i++) {
		AUTO_STRBUF struct strbuf name = { 0 };

		strbuf_add_identifier(&name, names->v[i], strlen(names->v[i]));
		log_warning(l->opts.run->log,
			    "there is no role %s on this server, but dumps name it: they "
			    "are loaded with a stand-in. Here, a restore needs CREATE "
			    "ROLE %s first",
			    name.buf, name.buf);
	}
}

static void on_progress(void *owner, size_t done, size_t total)
{
	const struct verify_load *l = owner;

	l->opts.run->progress(l->opts.run->owner, done, total);
}

static bool ask_password(void *owner, char **out)
{
	const struct verify_load *l = owner;

	return l->opts.run->ask_password(l->opts.run->owner, out);
}

static void on_ready(void *owner, const struct error *err)
{
	struct verify_load *l = owner;

	if (l->is_ending)
		return;
	if (err || l->signal_number) {
		if (err)
			l->opts.report->error = *err;
		drop(l);
		return;
	}
	warn_of_roles(l);
	log_info(l->opts.run->log,
		 "Loading %zu accounts into scratch database %s, which takes as much "
		 "room as "
		 "they do...",
		 l->opts.accounts->count, scratch_name(l->scratch));
	l->conf = conf_at(l->opts.run->conf, (char *)scratch_conninfo(l->scratch));
	l->conf.accounts = *l->opts.accounts;
	l->log = *l->opts.run->log;
	if (l->log.level == LOG_INFO)
		l->log.level = LOG_WARNING; /* a line for each account is of no use */
	l->run = *l->opts.run;
	l->run.log = &l->log;
	l->run.conf = &l->conf;
	l->run.progress = on_progress;
	l->run.ask_password = ask_password;
	l->run.done = on_restored;
	l->run.owner = l;
	l->restore = restore_start_trial(&l->run, &l->save);
}

static bool find_server(struct verify_load *l, struct error *err)
{
	struct conf conf = *l->opts.run->conf;
	bool is_named = conf.load[0] != '\0';

	if (is_named) { /* it is another server's: what is configured is not meant */
		conf.command_line.dbname = conf.load;
		conf.config = (struct conf_connection){ 0 };
	}
	if (!conninfo_from_conf(&conf, &l->info, err))
		return false;
	if (is_named && !conninfo_get(&l->info, "dbname"))
		conninfo_set(&l->info, "dbname", "postgres");
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
	struct verify_load *l = xcalloc(1, sizeof(*l));
	const struct run_opts *run = opts->run;

	l->opts = *opts;
	l->save = *save;
	*save = (struct savedir){ .fd = -1 };
	if (!find_server(l, &opts->report->error)) {
		timer_start(run->loop, 0, on_no_server, l);
		return l;
	}
	l->scratch =
		scratch_start(&(struct scratch_opts){ .loop = run->loop,
						      .log = run->log,
						      .info = &l->info,
						      .program = "metamodel verify",
						      .encoding = opts->encoding,
						      .from = run->conf->load_template,
						      .roles = opts->roles,
						      .ask_password = on_ask,
						      .waiting = on_waiting,
						      .person = (void *)run,
						      .ready = on_ready,
						      .owner = l });
	return l;
}

/* The server does not answer, and somebody is in a hurry. */
static void give_up(struct verify_load *l)
{
	log_warning(l->opts.run->log,
		    "scratch database %s may still exist: the next metamodel verify "
		    "--load drops it",
		    scratch_name(l->scratch));
	if (l->pending)
		timer_cancel(l->pending);
	end(l);
}

void verify_load_cancel(struct verify_load *l, int signal_number)
{
	bool is_first = !l->signal_number;

	l->signal_number = signal_number;
	if (l->restore)
		restore_cancel(l->restore, signal_number);
	else if (l->scratch && !scratch_is_connected(l->scratch) && !l->is_ending)
		drop(l);
	else if (l->scratch && !is_first)
		give_up(l);
}
