/* SPDX-License-Identifier: PostgreSQL */
/*
 * The hooks of a run: `before`; then, if it has made something, `after`; then, if its
 * exit status is not 0, `after_failure`. A dry run has none, and a run that a signal has
 * ended starts no more.
 */
#ifndef CLI_HOOKS_H
#define CLI_HOOKS_H

#include "base/error.h"
#include "cli/command.h"

/*
 * Check that the programs of all hooks exist, and run `before`. Then call `begin` with
 * NULL, or with the reason why nothing may be done; at once if there is no such hook.
 */
void hooks_before(struct cli *cli,
		  void (*begin)(struct cli *cli, const struct error *err));

/*
 * Run those that follow a run with this report, after cli->exit_status was set. A hook
 * that fails is logged, and makes the exit status 3 if it was 0.
 * Ownership: *report is only read during the call.
 */
void hooks_after(struct cli *cli, const struct report *report);

/* A signal has come, and no task runs: end the hook that runs, if one does. */
void hooks_cancel(struct cli *cli, int signal_number);

#endif
