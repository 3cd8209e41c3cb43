/* SPDX-License-Identifier: PostgreSQL */
#include "task/tenants/runner.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

static struct tenant *tenant_of(struct work_item *item)
{
	return (struct tenant *)((char *)item - offsetof(struct tenant, item));
}

static struct work_item *queue_item(void *owner, size_t index)
{
	const struct tenants_runner *runner = owner;

	return &runner->queue[index]->item;
}

/* May another command be started? */
static bool is_open(const struct tenants_runner *runner)
{
	return !runner->machine->is_cancelled && !tenants_are_closed(runner->tenants);
}

/* A tenant that is refused because the run is closed has no error. */
static bool prepare(void *owner, struct work_item *item, struct child_opts *child,
		    struct error *err)
{
	struct tenants_runner *runner = owner;
	const struct run_opts *opts = runner->tenants->opts;
	struct tenant *tenant = tenant_of(item);

	*err = (struct error){ .kind = ERROR_NONE };
	if (!is_open(runner) ||
	    !tenants_command_fill(runner->command, tenant->place->name, &child->argv,
				  err))
		return false;
	child->env = strvec_argv(&runner->command->env);
	child->keeps_stdout = true;
	child->timeout_ms = conf_timeout_ms(opts->conf);
	log_info(opts->log, "Upgrading %s%s%s (%s)...",
		 tenant->place->is_global ? "" : opts->conf->product.noun,
		 tenant->place->is_global ? "" : " ", tenant->place->name, tenant->state);
	run_log_command(opts, &child->argv);
	tenant_set_progress(tenant, TENANT_RUNNING);
	return true;
}

static void on_started(void *owner, struct work_item *item)
{
	(void)owner;
	tenant_of(item)->has_run = true;
}

/* Log its output, with -v. */
static void log_output(const struct tenant *tenant, const char *messages)
{
	const struct log *log = tenant->tenants->opts->log;

	while (log->level >= LOG_DEBUG && *messages) {
		size_t length = strcspn(messages, "\n");

		log_debug(log, "[%s] %.*s", tenant->place->name, (int)length, messages);
		messages += length + (messages[length] == '\n');
	}
}

static void hint_command(const struct tenants_runner *runner, const struct tenant *tenant,
			 struct error *err)
{
	AUTO_STRBUF struct strbuf command = { 0 };

	tenants_command_show(runner->command, tenant->place->name, &command);
	error_hint(err, "the command was: %s", command.buf);
}

static void on_finished(void *owner, struct work_item *item,
			const struct child_result *result)
{
	struct tenants_runner *runner = owner;
	struct tenant *tenant = tenant_of(item);
	struct error err;

	tenant->elapsed_ms = result->elapsed_ms;
	if (child_succeeded(result, runner->command->program, &err)) {
		log_output(tenant, result->messages);
		tenant_set_progress(tenant, TENANT_EXITED);
	} else {
		if (!result->is_cancelled)
			hint_command(runner, tenant, &err);
		tenant_fail(tenant, "upgrade", &err);
	}
	worklist_end(item);
}

static void on_failed(void *owner, struct work_item *item, const struct error *err)
{
	const struct tenants_runner *runner = owner;
	struct tenant *tenant = tenant_of(item);
	struct error hinted = *err;

	if (err->kind == ERROR_NONE)
		return;
	if (err->kind == ERROR_SYSTEM) /* it existed when the run began */
		error_hint(&hinted, "check %s, and the program that its first line names",
			   runner->command->program);
	tenant_fail(tenant, "upgrade", &hinted);
}

static void on_all_done(void *owner)
{
	struct tenants_runner *runner = owner;

	worklist_free(runner->worklist);
	runner->worklist = NULL;
	runner->done(runner->owner);
}

static void fill_queue(struct tenants_runner *runner, bool is_global)
{
	struct tenants *tenants = runner->tenants;

	free(runner->queue);
	runner->queue = xcalloc(tenants->count + 1, sizeof(struct tenant *));
	runner->count = 0;
	for (size_t i = 0; i < tenants->count; i++) {
		struct tenant *tenant = &tenants->list[i];

		if (tenant->progress != TENANT_WAITING ||
		    tenant->place->is_global != is_global)
			continue;
		tenant->item = (struct work_item){ .group = &runner->group };
		runner->queue[runner->count++] = tenant;
	}
}

bool tenants_runner_start(struct tenants_runner *runner, struct tenants_command *command,
			  bool is_global)
{
	struct work_group *groups[] = { &runner->group };
	const struct run_opts *opts = runner->tenants->opts;
	struct worklist_opts list = {
		.loop = opts->loop,
		.groups = groups,
		.group_count = 1,
		.item = queue_item,
		.prepare = prepare,
		.started = on_started,
		.finished = on_finished,
		.failed = on_failed,
		.done = on_all_done,
		.owner = runner,
	};

	fill_queue(runner, is_global);
	if (!runner->count || !is_open(runner))
		return false;
	runner->command = command;
	runner->group.jobs =
		run_choose_node_jobs(opts, runner->tenants->farm->nodes[0]->session);
	list.jobs = runner->group.jobs;
	list.count = runner->count;
	runner->worklist = worklist_start(&list);
	return true;
}

void tenants_runner_stop(struct tenants_runner *runner)
{
	if (runner->worklist)
		worklist_cancel(runner->worklist);
}

void tenants_runner_lose(struct tenants_runner *runner, const struct error *why)
{
	if (runner->worklist)
		worklist_close(runner->worklist, &runner->group, why);
}

void tenants_runner_release(struct tenants_runner *runner)
{
	free(runner->queue);
	runner->queue = NULL;
}
