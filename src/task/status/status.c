/* SPDX-License-Identifier: PostgreSQL */
/*
 * All nodes are asked at the same time, and one that fails does not affect the others:
 * status is most needed when something is broken. Nothing is locked, so the result may be
 * outdated when it is printed.
 */
#include "task/status/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "farm/farm.h"
#include "migrations/migrations.h"
#include "catalog/states.h"
#include "catalog/structure.h"
#include "task/status/saved.h"
#include "task/status/states.h"
#include "task/steps.h"

struct status {
	struct run_opts opts;
	struct migrations migrations;
	struct farm *farm;
	struct node_look *looks; /* one for each node of the farm */
	size_t pending;          /* nodes that have not finished answering */
	struct report report;    /* its accounts are those of the farm, in its order */
	struct failures failures;
	int signal_number;
};

/* What is asked of one node. */
struct node_look {
	struct status *status;
	struct farm_node *node;
	struct catalog_states states;
};

/* Is there nothing of this product in the database? */
static bool is_foreign(const struct status *status)
{
	if (!status->farm || status->farm->has_proxy || !status->farm->node_count ||
	    status->farm->has_accounts_table || status->report.unregistered.count ||
	    status->report.error.kind != ERROR_NONE)
		return false;
	for (size_t i = 0; i < status->report.count; i++) {
		const struct report_account *account = &status->report.accounts[i];

		if (!account->error && account->state &&
		    strcmp(account->state, "missing") != 0)
			return false;
	}
	return status->farm->nodes[0]->error.kind == ERROR_NONE;
}

static void status_end(struct status *status)
{
	struct report *report = &status->report;
	size_t failed = 0, current = 0;

	for (size_t i = 0; i < report->count; i++) {
		failed += report->accounts[i].error != NULL;
		current += report_is_current(&report->accounts[i]);
	}
	if (status->signal_number)
		error_set(&report->error, ERROR_SIGNAL, "stopped by signal %d (%s)",
			  status->signal_number, strsignal(status->signal_number));
	else if (is_foreign(status))
		run_set_no_accounts(status->farm, &report->error);
	report->signal_number = status->signal_number;
	if (report->error.kind != ERROR_NONE || (failed && failed == report->count))
		report->result = REPORT_FAILED;
	else if (failed || report->too_old ||
		 (status->opts.conf->check && current < report->count))
		report->result = REPORT_PARTLY;
	failures_flush(&status->failures, status->opts.log);
	status->opts.done(status->opts.owner, report);
	report_release(report);
	for (size_t i = 0; status->looks && i < status->farm->node_count; i++)
		catalog_states_release(&status->looks[i].states);
	free(status->looks);
	failures_release(&status->failures);
	farm_free(status->farm);
	migrations_release(&status->migrations);
	free(status);
}

/* ---- a node: states, then drift, then schemas that look like accounts ---- */

static struct report_account *account_of(struct node_look *look, size_t index)
{
	struct status *status = look->status;
	const struct farm_account *place =
		farm_find(status->farm, look->states.list[index].name);

	return &status->report.accounts[place - status->farm->accounts];
}

static void account_failed(struct status *status, struct report_account *account,
			   const struct error *err)
{
	run_log_failure(&status->opts,
			&status->farm->accounts[account - status->report.accounts],
			"status", err, &status->failures);
	account->error = xstrdup(err->text);
}

/* The node has answered everything, or failed. */
static void node_done(struct node_look *look, const struct error *err)
{
	struct status *status = look->status;

	for (size_t i = 0;
	     err && !status->signal_number && i < status->farm->account_count; i++) {
		struct report_account *account = &status->report.accounts[i];

		if (status->farm->accounts[i].node == look->node && !account->error)
			account_failed(status, account, err);
	}
	if (--status->pending > 0)
		return;
	if (!status->signal_number)
		saved_read(&status->opts, status->farm, &status->report);
	status_end(status);
}

static void on_lookalikes(void *owner, const struct strvec *names,
			  const struct error *err)
{
	struct node_look *look = owner;
	struct status *status = look->status;

	for (size_t i = 0; i < names->count; i++)
		if (!farm_is_registered(status->farm, names->v[i]))
			strvec_push(&status->report.unregistered, names->v[i]);
	node_done(look, err);
}

static void on_compared(void *owner, const struct error *err)
{
	struct node_look *look = owner;
	struct status *status = look->status;

	if (err && !status->signal_number)
		log_warning(status->opts.log,
			    "could not check whether tables and columns are those of the "
			    "version: %s",
			    err->text);
	if (status->signal_number || status->opts.conf->accounts.count)
		node_done(look, NULL);
	else
		catalog_list_lookalikes(look->node->session, on_lookalikes, look);
}

static void on_drifted(void *owner, size_t index, const struct strvec *differences)
{
	states_note_drift(account_of(owner, index), differences);
}

static void account_unknown(struct status *status, struct report_account *account)
{
	struct error err;

	error_set(&err, ERROR_DATA, "%s %s does not exist.",
		  status->opts.conf->product.title, account->account);
	account_failed(status, account, &err);
}

static void on_states(void *owner, struct catalog_states *states, const struct error *err)
{
	struct node_look *look = owner;
	struct status *status = look->status;

	if (err) {
		node_done(look, err);
		return;
	}
	look->states = *states;
	for (size_t i = 0; i < states->count; i++) {
		const struct catalog_state *state = &states->list[i];

		if (farm_find(status->farm, state->name)->is_registered ||
		    state->looks_like_account)
			states_describe(state, &status->migrations, look->node->session,
					account_of(look, i));
		else
			account_unknown(status, account_of(look, i));
	}
	structure_compare(look->node->session, &status->migrations, &look->states,
			  on_drifted, on_compared, look);
}

/* ---- the same for a model ---- */

static void on_steps(void *owner, struct steps_found *found, const struct error *err)
{
	struct node_look *look = owner;
	struct status *status = look->status;
	struct error wrong = { .kind = ERROR_NONE };

	if (!err && !steps_describe(status->farm, &status->opts.conf->product, found,
				    &status->report, &wrong))
		err = &wrong;
	for (size_t i = 0; !err && i < status->report.count; i++)
		if (!status->report.accounts[i].state)
			account_unknown(status, &status->report.accounts[i]);
	steps_release(found);
	if (err)
		status->report.error = *err;
	node_done(look, NULL);
}

static void look_at_model(struct node_look *look)
{
	struct status *status = look->status;
	const struct conf *conf = status->opts.conf;
	AUTO_STRVEC struct strvec names = { 0 };

	steps_list_schemas(status->farm, &conf->product, &names);
	steps_read(look->node->session, &conf->product, &names,
		   conf->product.tenants && !conf->accounts.count,
		   conf_lock_wait_ms(conf), on_steps, look);
}

static void look_at(struct node_look *look)
{
	struct status *status = look->status;
	AUTO_STRVEC struct strvec names = { 0 };

	if (status->opts.conf->product.is_model) {
		look_at_model(look);
		return;
	}

	farm_list(status->farm, look->node, &names);
	catalog_read_states(look->node->session, &names,
			    conf_lock_wait_ms(status->opts.conf), on_states, look);
}

/* ---- the farm ---- */

static void report_accounts(struct status *status)
{
	for (size_t i = 0; i < status->farm->account_count; i++) {
		const struct farm_account *place = &status->farm->accounts[i];
		struct report_account *out = report_add(&status->report, place->name);
		struct error err;

		out->outcome = "looked at";
		out->node = place->node ? xstrdup(place->node->name) : NULL;
		if (place->warning)
			out->problem = xstrdup(place->warning);
		if (!place->node && place->is_registered) {
			error_set(&err, ERROR_DATA, "%s", place->problem);
			account_failed(status, out, &err);
		} else if (!place->node) {
			account_unknown(status, out);
		}
	}
}

static void on_farm_ready(void *owner, const struct error *err)
{
	struct status *status = owner;

	if (err) {
		status->report.error = *err;
		status_end(status);
		return;
	}
	report_accounts(status);
	status->looks = xcalloc(status->farm->node_count + 1, sizeof(*status->looks));
	status->pending = status->farm->node_count + 1; /* and this call itself */
	for (size_t i = 0; i < status->farm->node_count; i++) {
		struct node_look *look = &status->looks[i];

		*look = (struct node_look){ .status = status,
					    .node = status->farm->nodes[i] };
		if (look->node->error.kind != ERROR_NONE)
			node_done(look, &look->node->error);
		else
			look_at(look);
	}
	node_done(&(struct node_look){ .status = status }, NULL);
}

/* The callback of a running query reports it; otherwise the node is already finished. */
static void on_lost(void *owner, struct farm_node *node, const struct error *err)
{
	(void)owner;
	(void)node;
	(void)err;
}

static void on_start(void *owner)
{
	struct status *status = owner;
	const struct farm_opts opts = {
		.program = "metamodel status",
		.lock = SESSION_LOCK_NONE,
		.names = &status->opts.conf->accounts,
		.runs_applied = true,
		.ready = on_farm_ready,
		.lost = on_lost,
		.owner = status,
	};

	run_check_backend(&status->opts);
	if (status->signal_number ||
	    !migrations_load(status->opts.conf->migrations, &status->migrations,
			     &status->report.error))
		status_end(status);
	else
		status->farm = run_start_farm(&status->opts, &opts);
}

struct status *status_start(const struct run_opts *opts)
{
	struct status *status = xcalloc(1, sizeof(*status));

	status->opts = *opts;
	timer_start(opts->loop, 0, on_start, status);
	return status;
}

void status_cancel(struct status *status, int signal_number)
{
	struct farm *farm = status->farm;

	status->signal_number = signal_number;
	if (!farm)
		return; /* on_start() checks that */
	if (status->pending) {
		farm_disconnect(farm); /* ends the queries, whose callbacks go on */
	} else {
		status_end(status); /* it was still connecting */
	}
}
