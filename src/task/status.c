/* SPDX-License-Identifier: PostgreSQL */
#include "task/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/migrations.h"
#include "model/model.h"
#include "model/states.h"
#include "model/structure.h"
#include "pg/node.h"
#include "tree/layout.h"
#include "tree/savedir.h"

/* How many differences of an account are told. */
enum { DIFFERENCES = 5 };

struct status {
	struct run_opts opts;
	struct migrations migrations;
	struct conninfo conninfo;
	struct node *node;
	struct model_states states;
	struct report report; /* its accounts are those of `states` */
	bool is_connecting;
	int signal_number;
};

static void status_end(struct status *s)
{
	struct report *r = &s->report;
	size_t failed = 0, current = 0;

	for (size_t i = 0; i < r->count; i++) {
		failed += r->accounts[i].error != NULL;
		current +=
			r->accounts[i].state && !strcmp(r->accounts[i].state, "current");
	}
	if (s->signal_number)
		error_set(&r->error, ERROR_SIGNAL, "stopped by signal %d (%s)",
			  s->signal_number, strsignal(s->signal_number));
	r->signal_number = s->signal_number;
	if (r->error.kind != ERROR_NONE || (failed && failed == r->count))
		r->result = REPORT_FAILED;
	else if (failed || (s->opts.conf->check && current < r->count))
		r->result = REPORT_PARTLY;
	s->opts.done(s->opts.owner, r);
	report_release(r);
	model_states_release(&s->states);
	migrations_release(&s->migrations);
	node_free(s->node);
	conninfo_release(&s->conninfo);
	free(s);
}

static void fail(struct status *s, const struct error *err)
{
	s->report.error = *err;
	status_end(s);
}

/* ---- the save ---- */

static void read_save(struct status *s)
{
	const char *dir = s->opts.conf->directory;
	struct savedir save;
	struct error err;

	if (!savedir_open(dir, &save, &err)) {
		log_warning(s->opts.log, "%s", err.text);
		return;
	}
	if (save.kind == SAVEDIR_DAMAGED)
		log_warning(s->opts.log, "%s: %s", dir, save.damage.text);
	for (size_t i = 0; i < s->report.count; i++) {
		struct report_account *a = &s->report.accounts[i];
		const struct manifest_entry *e =
			manifest_find(&save.manifest, a->account);

		if (!e)
			continue;
		memcpy(a->saved_at, e->saved_at, sizeof(a->saved_at));
		a->is_stale = e->is_stale;
		a->size_bytes = e->size_bytes;
	}
	savedir_release(&save);
}

/* ---- drift ---- */

static void on_unregistered(void *owner, const struct strvec *names,
			    const struct error *err)
{
	struct status *s = owner;

	for (size_t i = 0; i < names->count; i++)
		strvec_push(&s->report.unregistered, names->v[i]);
	if (err && !s->signal_number) {
		fail(s, err);
		return;
	}
	read_save(s);
	status_end(s);
}

static void on_compared(void *owner, const struct error *err)
{
	struct status *s = owner;

	if (err && !s->signal_number)
		log_warning(s->opts.log,
			    "whether tables and columns are those of the version could "
			    "not be found out: %s",
			    err->text);
	if (s->signal_number)
		status_end(s);
	else if (s->opts.conf->accounts.count)
		on_unregistered(s, &(struct strvec){ 0 }, NULL);
	else
		model_list_unregistered(s->node, s->states.has_accounts_table,
					on_unregistered, s);
}

static void on_drifted(void *owner, size_t index, const struct strvec *differences)
{
	struct status *s = owner;
	struct report_account *a = &s->report.accounts[index];
	struct strbuf lines = { 0 };

	for (size_t i = 0; i < differences->count && i < DIFFERENCES; i++)
		strbuf_add_format(&lines, "%s%s", i ? "\n" : "", differences->v[i]);
	if (differences->count > DIFFERENCES)
		strbuf_add_format(&lines, "\nand %zu more",
				  differences->count - DIFFERENCES);
	free(a->state);
	a->state = xstrdup("drifted");
	free(a->differences);
	a->differences = strbuf_detach(&lines);
}

/* ---- states ---- */

static char *format_version_state(const struct status *s, const struct model_state *m)
{
	size_t after = migrations_first_after(&s->migrations, m->number);
	size_t behind = s->migrations.count - after;

	if (behind)
		return str_format("%zu behind", behind);
	return xstrdup(m->number > s->migrations.steps[after - 1].number ? "newer"
									 : "current");
}

static void describe(const struct status *s, const struct model_state *m,
		     struct report_account *out)
{
	bool is_account = m->is_registered || m->looks_like_account;

	out->outcome = "looked at";
	out->node = xstrdup(node_facts(s->node)->dbname);
	if (!is_account) {
		struct error err;

		error_set(&err, ERROR_DATA, "Account %s does not exist.", m->name);
		log_error(s->opts.log, &err);
		out->error = xstrdup(err.text);
		return;
	}
	if (!m->has_schema) {
		out->state = xstrdup("missing");
		return;
	}
	switch (m->kind) {
	case MODEL_NO_VERSION:
		out->state = xstrdup("unversioned");
		break;
	case MODEL_VERSION:
		out->version = xstrdup(m->version);
		out->state = format_version_state(s, m);
		break;
	case MODEL_BROKEN:
	case MODEL_UNREADABLE:
		out->problem = xstrdup(m->problem);
		out->state = xstrdup("broken");
		break;
	}
}

static void on_states(void *owner, struct model_states *states, const struct error *err)
{
	struct status *s = owner;

	if (err) {
		if (s->signal_number)
			status_end(s);
		else
			fail(s, err);
		return;
	}
	s->states = *states;
	for (size_t i = 0; i < states->count; i++)
		describe(s, &states->list[i],
			 report_add(&s->report, states->list[i].name));
	structure_compare(s->node, &s->migrations, &s->states, on_drifted, on_compared,
			  s);
}

/* ---- the server ---- */

static void on_node_ready(void *owner, const struct error *err)
{
	struct status *s = owner;

	s->is_connecting = false;
	if (err)
		fail(s, err);
	else
		model_read_states(s->node, &s->opts.conf->accounts,
				  s->opts.conf->lock_wait_s * 1000, on_states, s);
}

static void on_node_lost(void *owner, const struct error *err)
{
	(void)owner; /* a query is always under way, and says it */
	(void)err;
}

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	struct status *s = owner;

	run_on_waiting(&s->opts, why, pause_ms);
}

static bool ask_password(void *owner, char **out)
{
	struct status *s = owner;

	return s->opts.ask_password(s->opts.owner, out);
}

static void on_start(void *owner)
{
	struct status *s = owner;
	const struct node_opts opts = {
		.loop = s->opts.loop,
		.info = &s->conninfo,
		.program = "metamodel status",
		.lock = NODE_LOCK_NONE,
		.lock_wait_ms = s->opts.conf->lock_wait_s * 1000,
		.ask_password = ask_password,
		.waiting = on_waiting,
		.ready = on_node_ready,
		.lost = on_node_lost,
		.owner = s,
	};
	struct error err;

	if (s->signal_number) {
		status_end(s);
	} else if (!run_check_backend(&s->opts, &err) ||
		   !migrations_load(s->opts.conf->migrations, &s->migrations, &err) ||
		   !conninfo_from_conf(s->opts.conf, &s->conninfo, &err)) {
		fail(s, &err);
	} else {
		s->is_connecting = true;
		s->node = node_start(&opts);
	}
}

struct status *status_start(const struct run_opts *opts)
{
	struct status *s = xcalloc(1, sizeof(*s));

	s->opts = *opts;
	timer_start(opts->loop, 0, on_start, s);
	return s;
}

void status_cancel(struct status *s, int signal_number)
{
	struct node *node = s->node;

	s->signal_number = signal_number;
	if (!node)
		return; /* on_start() looks */
	s->node = NULL;
	node_free(node); /* ends the query, whose callback goes on */
	if (s->is_connecting)
		status_end(s);
}
