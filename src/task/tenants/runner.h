/* SPDX-License-Identifier: PostgreSQL */
/*
 * Run the command of each waiting tenant, up to -j at once.
 *
 * 1. tenants_runner_start(), each time that there is something to run, never twice at
 *    once.
 * 2. A tenant becomes TENANT_EXITED, or TENANT_FAILED, which is logged. It stays
 *    TENANT_WAITING if the run was cancelled or closed by --fail-fast before its turn.
 * 3. `done` is called from the loop when nothing is running any more.
 */
#ifndef TASK_TENANTS_RUNNER_H
#define TASK_TENANTS_RUNNER_H

#include "task/machine.h"
#include "task/tenants/command.h"
#include "task/tenants/tenant.h"

/* Initially all zero except the first four members. */
struct tenants_runner {
	struct tenants *tenants;
	const struct machine *machine; /* of the run: is it cancelled? */
	void (*done)(void *owner);
	void *owner;

	/* The rest is private. */
	struct tenants_command *command;
	struct worklist *worklist; /* NULL: nothing is running */
	struct work_group group;
	struct tenant **queue;
	size_t count;
};

/*
 * Run the command of the global schema, or else those of all other waiting tenants.
 * `command` must live until `done`, which is called later, unless this returns false:
 * none of them is waiting.
 */
MUST_CHECK bool tenants_runner_start(struct tenants_runner *runner,
				     struct tenants_command *command, bool is_global);

/* Cancel what is running and start nothing more; `done` is still called. A second call
 * sends SIGKILL. */
void tenants_runner_stop(struct tenants_runner *runner);

/* The same when the server is lost: what is waiting fails with `why`. */
void tenants_runner_lose(struct tenants_runner *runner, const struct error *why);

/* Only while nothing is running. */
void tenants_runner_release(struct tenants_runner *runner);

#endif
