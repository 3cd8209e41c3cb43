/* SPDX-License-Identifier: PostgreSQL */
/*
 * Run the command of each tenant that waits, as many at once as -j says.
 *
 * 1. tenants_runner_start() as often as there is something to run, one after the other.
 * 2. A tenant becomes TENANT_EXITED or TENANT_FAILED, which is said. It stays
 *    TENANT_WAITING when the run was cancelled or closed by --fail-fast before its turn.
 * 3. `done` is called from the loop when nothing runs any more.
 */
#ifndef TASK_TENANTS_RUNNER_H
#define TASK_TENANTS_RUNNER_H

#include "task/machine.h"
#include "task/tenants/command.h"
#include "task/tenants/tenant.h"

/* All zero but for the first four at first. */
struct tenants_runner {
	struct tenants *tenants;
	const struct machine *machine; /* of the run: is it cancelled? */
	void (*done)(void *owner);
	void *owner;

	/* The rest is its own. */
	struct tenants_command *command;
	struct worklist *worklist; /* NULL: nothing runs */
	struct work_group group;
	struct tenant **queue;
	size_t count;
};

/*
 * The global schema alone, or else all others that wait. `command` must live until `done`,
 * which follows, unless false: none of them waits.
 */
MUST_CHECK bool tenants_runner_start(struct tenants_runner *runner,
				     struct tenants_command *command, bool is_global);

/* End what runs and begin nothing more; `done` follows. A second call kills. */
void tenants_runner_stop(struct tenants_runner *runner);

/* The same, when the server is gone: what waits fails by that. */
void tenants_runner_lose(struct tenants_runner *runner, const struct error *why);

/* When nothing runs. */
void tenants_runner_release(struct tenants_runner *runner);

#endif
