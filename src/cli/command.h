/* SPDX-License-Identifier: PostgreSQL */
/*
 * What every command has around it: the loop, the log, the progress bar, the exit status.
 * One file cmd_*.c for each command, with one const entry.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/progress.h"
#include "conf/conf.h"
#include "proc/loop.h"
#include "task/report.h"
#include "task/run.h"

struct command;

struct cli {
	const struct command *command;
	struct conf conf;
	struct log log;
	struct loop *loop;
	struct progress progress;
	void *task; /* NULL when it is done */
	uint64_t started_ms;
	char started[CLOCK_TEXT_BYTES];
	int exit_status;
	bool is_interrupted; /* ^C was the answer to a question of ours */
};

struct command {
	enum conf_command id;
	const char *name;
	/* Start the task and return it; it calls opts->done once, later. */
	void *(*start)(const struct run_opts *opts);
	void (*cancel)(void *task, int signal_number);
	/* The closing line. Errors of the whole run are said already. */
	void (*summarize)(const struct cli *cli, const struct report *report);
};

extern const struct command cmd_save, cmd_restore, cmd_status, cmd_upgrade, cmd_verify;

/* upgrade --show: print the migrations of a version. Errors: ERROR_USAGE. */
MUST_CHECK bool cmd_upgrade_show(const struct conf *conf, struct error *err);

/* Start the command of *cli, whose members are all set but `task`. */
void command_start(struct cli *cli);

/* " Failed: a, b." for the accounts with an error; "" if there are none. Caller frees. */
char *command_list_failed(const struct report *report);

/*
 * "45 tables, 102 rows, 12 kB" of the accounts with this outcome, and their number.
 * Ownership: the caller frees.
 */
char *command_format_totals(const struct report *report, const char *outcome,
			    size_t *count);

/* "12 kB". Caller frees. */
char *command_format_size(uint64_t size_bytes);

/* "1 account", "2 accounts". Caller frees. */
char *command_format_count(uint64_t count, const char *noun);

#endif
