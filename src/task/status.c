/* SPDX-License-Identifier: PostgreSQL */
#include "task/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "farm/farm.h"
#include "catalog/grants.h"
#include "migrations/migrations.h"
#include "catalog/states.h"
#include "catalog/structure.h"
#include "task/age.h"
#include "task/origin.h"
#include "task/steps.h"
#include "store/layout.h"
#include "store/savedir.h"

/* How many differences of an account are told. */
enum { DIFFERENCES = 5 };

struct status {
	struct run_opts opts;
	struct migrations migrations;
	struct farm *farm;
	struct node_look *looks; /* one for each node of the farm */
	size_t looking;          /* nodes that are being asked */
	struct report report;    /* its accounts are those of the farm, in its order */
	struct failures failures;
	int signal_number;
};

/* What one node is asked. */
struct node_look {
	struct status *status;
	struct farm_node *node;
	struct catalog_states states;
};

/* Has the database nothing of ours? */
static bool is_foreign(const struct status *s)
{
	if (!s->farm || s->farm->has_proxy || !s->farm->node_count ||
	    s->farm->has_accounts_table || s->report.unregistered.count ||
	    s->report.error.kind != ERROR_NONE)
		return false;
	for (size_t i = 0; i < s->report.count; i++) {
		const struct report_account *a = &s->report.accounts[i];

		if (!a->error && a->state && strcmp(a->state, "missing") != 0)
			return false;
	}
	return s->farm->nodes[0]->error.kind == ERROR_NONE;
}

static void status_end(struct status *s)
{
	struct report *r = &s->report;
	size_t failed = 0, current = 0;

	for (size_t i = 0; i < r->count; i++) {
		failed += r->accounts[i].error != NULL;
		current += report_is_current(&r->accounts[i]);
	}
	if (s->signal_number)
		error_set(&r->error, ERROR_SIGNAL, "stopped by signal %d (%s)",
			  s->signal_number, strsignal(s->signal_number));
	else if (is_foreign(s))
		run_set_no_accounts(s->farm, &r->error);
	r->signal_number = s->signal_number;
	if (r->error.kind != ERROR_NONE || (failed && failed == r->count))
		r->result = REPORT_FAILED;
	else if (failed || r->too_old || (s->opts.conf->check && current < r->count))
		r->result = REPORT_PARTLY;
	failures_flush(&s->failures, s->opts.log);
	s->opts.done(s->opts.owner, r);
	report_release(r);
	for (size_t i = 0; s->looks && i < s->farm->node_count; i++)
		catalog_states_release(&s->looks[i].states);
	free(s->looks);
	failures_release(&s->failures);
	farm_free(s->farm);
	migrations_release(&s->migrations);
	free(s);
}

/* ---- the save ---- */

/* Where --check alone asks, there need not be a save. */
static void check_age(struct status *s, const struct savedir *save)
{
	const struct conf *conf = s->opts.conf;
	struct error err;

	if (!conf->max_age_s || (!conf->max_age && save->kind != SAVEDIR_SAVE))
		return;
	s->report.too_old =
		age_find_old(save, conf->directory, conf->max_age_s, time(NULL));
	if (!s->report.too_old)
		return;
	error_set(&err, ERROR_DATA, "%s", s->report.too_old);
	if (!conf->max_age)
		error_hint(&err, "save again, or set another limit with --max-age");
	log_error(s->opts.log, &err);
}

/* Another database's save says nothing about the accounts of this one. */
static bool is_own(struct status *s, const struct savedir *save)
{
	const char *dir = s->opts.conf->directory;
	AUTO_FREE char *notice = NULL;
	struct origin origin;
	struct error err;

	origin_compare(&save->manifest, s->farm, &origin);
	notice = origin_format_notice(&origin, dir);
	if (notice)
		log_warning(s->opts.log, "%s", notice);
	if (origin.verdict != ORIGIN_OTHER)
		return true;
	origin_set_other(&origin, &save->manifest, dir, &err);
	if (s->opts.conf->max_age) {
		s->report.too_old = xstrdup(err.text);
		log_error(s->opts.log, &err);
	} else {
		log_warning(s->opts.log, "%s: it is not shown", err.text);
	}
	return false;
}

static void read_save(struct status *s)
{
	const char *dir = s->opts.conf->directory;
	struct savedir save;
	struct error err;

	if (!savedir_open(dir, &save, &err)) {
		log_warning(s->opts.log, "%s", err.text);
		return;
	}
	switch (save.kind) {
	case SAVEDIR_ABSENT:
		log_warning(s->opts.log, "%s does not exist: no save is shown", dir);
		break;
	case SAVEDIR_DAMAGED:
		log_warning(s->opts.log, "%s: %s", dir, save.damage.text);
		break;
	case SAVEDIR_FOREIGN:
		log_warning(s->opts.log,
			    "%s is not a save, it has no " MANIFEST_FILE
			    ": no save is shown",
			    dir);
		break;
	case SAVEDIR_LEGACY:
		log_warning(s->opts.log,
			    "%s has no " MANIFEST_FILE
			    ": the time of its dumps is unknown",
			    dir);
		break;
	case SAVEDIR_SAVE:
		if (!is_own(s, &save)) {
			savedir_release(&save);
			return;
		}
		break;
	}
	check_age(s, &save);
	for (size_t i = 0; i < s->report.count; i++) {
		struct report_account *a = &s->report.accounts[i];
		const struct manifest_entry *e =
			manifest_find(&save.manifest, a->account);

		if (!e)
			continue;
		memcpy(a->saved_at, e->saved_at, sizeof(a->saved_at));
		a->is_stale = e->is_stale && e->is_failed;
		a->size_bytes = e->size_bytes;
	}
	savedir_release(&save);
}

/* ---- a node: states, then drift, then what looks like an account ---- */

static struct report_account *account_of(struct node_look *look, size_t index)
{
	struct status *s = look->status;
	const struct farm_account *a = farm_find(s->farm, look->states.list[index].name);

	return &s->report.accounts[a - s->farm->accounts];
}

static void account_failed(struct status *s, struct report_account *a,
			   const struct error *err)
{
	run_log_failure(&s->opts, &s->farm->accounts[a - s->report.accounts], "status",
			err, &s->failures);
	a->error = xstrdup(err->text);
}

/* Nothing more will come from this node. */
static void node_done(struct node_look *look, const struct error *err)
{
	struct status *s = look->status;

	for (size_t i = 0; err && !s->signal_number && i < s->farm->account_count; i++) {
		struct report_account *a = &s->report.accounts[i];

		if (s->farm->accounts[i].node == look->node && !a->error)
			account_failed(s, a, err);
	}
	if (--s->looking > 0)
		return;
	if (!s->signal_number)
		read_save(s);
	status_end(s);
}

static void on_lookalikes(void *owner, const struct strvec *names,
			  const struct error *err)
{
	struct node_look *look = owner;
	struct status *s = look->status;

	for (size_t i = 0; i < names->count; i++)
		if (!farm_is_registered(s->farm, names->v[i]))
			strvec_push(&s->report.unregistered, names->v[i]);
	node_done(look, err);
}

static void on_compared(void *owner, const struct error *err)
{
	struct node_look *look = owner;
	struct status *s = look->status;

	if (err && !s->signal_number)
		log_warning(s->opts.log,
			    "could not check whether tables and columns are those of the "
			    "version: %s",
			    err->text);
	if (s->signal_number || s->opts.conf->accounts.count)
		node_done(look, NULL);
	else
		catalog_list_lookalikes(look->node->session, on_lookalikes, look);
}

static void on_drifted(void *owner, size_t index, const struct strvec *differences)
{
	struct report_account *a = account_of(owner, index);
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

static char *format_version_state(const struct status *s, const struct catalog_state *m)
{
	size_t after = migrations_first_after(&s->migrations, m->number);
	size_t behind = s->migrations.count - after;

	if (behind)
		return str_format("%zu behind", behind);
	return xstrdup(m->number > s->migrations.steps[after - 1].number ? "newer"
									 : "current");
}

/* The versions that come after it. NULL: none. Caller frees. */
static char *format_behind(const struct status *s, const struct catalog_state *m)
{
	size_t after = migrations_first_after(&s->migrations, m->number);
	struct strbuf lines = { 0 };

	for (size_t i = after; i < s->migrations.count; i++)
		strbuf_add_format(&lines, "%s%s", i > after ? "\n" : "",
				  s->migrations.steps[i].version);
	return lines.length ? strbuf_detach(&lines) : NULL;
}

static void describe(const struct node_look *look, const struct catalog_state *m,
		     struct report_account *out)
{
	struct error err = { .kind = ERROR_NONE };

	if (!m->has_schema) {
		out->state = xstrdup("missing");
		return;
	}
	switch (m->kind) {
	case CATALOG_NO_VERSION:
		out->state = xstrdup("unversioned");
		break;
	case CATALOG_VERSION:
		out->version = xstrdup(m->version);
		out->state = format_version_state(look->status, m);
		out->behind = format_behind(look->status, m);
		break;
	case CATALOG_BROKEN:
	case CATALOG_UNREADABLE:
		out->problem = xstrdup(m->problem);
		out->state = xstrdup("broken");
		if (m->is_forbidden) {
			grants_hint_version(look->node->session, m->name, &err);
			out->hint = xstrdup(err.hint);
		}
		break;
	}
}

static void account_unknown(struct status *s, struct report_account *a)
{
	struct error err;

	error_set(&err, ERROR_DATA, "%s %s does not exist.", s->opts.conf->product.title,
		  a->account);
	account_failed(s, a, &err);
}

static void on_states(void *owner, struct catalog_states *states, const struct error *err)
{
	struct node_look *look = owner;
	struct status *s = look->status;

	if (err) {
		node_done(look, err);
		return;
	}
	look->states = *states;
	for (size_t i = 0; i < states->count; i++) {
		const struct catalog_state *m = &states->list[i];

		if (farm_find(s->farm, m->name)->is_registered || m->looks_like_account)
			describe(look, m, account_of(look, i));
		else
			account_unknown(s, account_of(look, i));
	}
	structure_compare(look->node->session, &s->migrations, &look->states, on_drifted,
			  on_compared, look);
}

/* ---- the same for a model ---- */

static void on_steps(void *owner, struct steps_found *found, const struct error *err)
{
	struct node_look *look = owner;
	struct status *s = look->status;
	struct error wrong = { .kind = ERROR_NONE };

	if (!err &&
	    !steps_describe(s->farm, &s->opts.conf->product, found, &s->report, &wrong))
		err = &wrong;
	for (size_t i = 0; !err && i < s->report.count; i++)
		if (!s->report.accounts[i].state)
			account_unknown(s, &s->report.accounts[i]);
	steps_release(found);
	if (err)
		s->report.error = *err;
	node_done(look, NULL);
}

static void look_at_model(struct node_look *look)
{
	struct status *s = look->status;
	const struct conf *conf = s->opts.conf;
	AUTO_STRVEC struct strvec names = { 0 };

	steps_list_schemas(s->farm, &conf->product, &names);
	steps_read(look->node->session, &conf->product, &names,
		   conf->product.tenants && !conf->accounts.count,
		   conf->lock_wait_s * 1000, on_steps, look);
}

static void look_at(struct node_look *look)
{
	struct status *s = look->status;
	AUTO_STRVEC struct strvec names = { 0 };

	if (s->opts.conf->product.is_model) {
		look_at_model(look);
		return;
	}

	farm_list(s->farm, look->node, &names);
	catalog_read_states(look->node->session, &names, s->opts.conf->lock_wait_s * 1000,
			    on_states, look);
}

/* ---- the farm ---- */

static void report_accounts(struct status *s)
{
	for (size_t i = 0; i < s->farm->account_count; i++) {
		const struct farm_account *a = &s->farm->accounts[i];
		struct report_account *out = report_add(&s->report, a->name);
		struct error err;

		out->outcome = "looked at";
		out->node = a->node ? xstrdup(a->node->name) : NULL;
		if (a->warning)
			out->problem = xstrdup(a->warning);
		if (!a->node && a->is_registered) {
			error_set(&err, ERROR_DATA, "%s", a->problem);
			account_failed(s, out, &err);
		} else if (!a->node) {
			account_unknown(s, out);
		}
	}
}

static void on_farm_ready(void *owner, const struct error *err)
{
	struct status *s = owner;

	if (err) {
		s->report.error = *err;
		status_end(s);
		return;
	}
	report_accounts(s);
	s->looks = xcalloc(s->farm->node_count + 1, sizeof(*s->looks));
	s->looking = s->farm->node_count + 1; /* and this very call */
	for (size_t i = 0; i < s->farm->node_count; i++) {
		struct node_look *look = &s->looks[i];

		*look = (struct node_look){ .status = s, .node = s->farm->nodes[i] };
		if (look->node->error.kind != ERROR_NONE)
			node_done(look, &look->node->error);
		else
			look_at(look);
	}
	node_done(&(struct node_look){ .status = s }, NULL);
}

/* A query is under way, and says it; or the node has been looked at. */
static void on_lost(void *owner, struct farm_node *node, const struct error *err)
{
	(void)owner;
	(void)node;
	(void)err;
}

static void on_start(void *owner)
{
	struct status *s = owner;
	const struct farm_opts opts = {
		.program = "metamodel status",
		.lock = SESSION_LOCK_NONE,
		.names = &s->opts.conf->accounts,
		.ready = on_farm_ready,
		.lost = on_lost,
		.owner = s,
	};

	run_check_backend(&s->opts);
	if (s->signal_number ||
	    !migrations_load(s->opts.conf->migrations, &s->migrations, &s->report.error))
		status_end(s);
	else
		s->farm = run_start_farm(&s->opts, &opts);
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
	struct farm *farm = s->farm;

	s->signal_number = signal_number;
	if (!farm)
		return; /* on_start() looks */
	if (s->looking) {
		farm_disconnect(farm); /* what is asked ends, and its callbacks go on */
	} else {
		status_end(s); /* it was connecting */
	}
}
