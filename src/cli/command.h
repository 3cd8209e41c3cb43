/* SPDX-License-Identifier: PostgreSQL */
/*
 * A command, and what every one of them has around it: the loop, the log, the progress bar.
 * What it has of its own stands in cmd_NAME.c: one const struct command, `cmd_NAME`.
 * meson.build names them all, and makes the table of that.
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
	const struct command *command; /* NULL with --help and --version */
	struct conf conf;
	struct log log;
	struct loop *loop;
	struct progress progress;
	void *task;    /* NULL when it is done */
	void *outcome; /* what it has made, for `finish`; NULL: nothing */
	uint64_t started_ms;
	char started[CLOCK_TEXT_BYTES];
	int exit_status;
	bool is_interrupted; /* ^C was the answer to a question of ours */
};

/* What the --json of a command tells. */
enum command_report {
	COMMAND_DUMPS,    /* of each account, what became of its dump or its tables */
	COMMAND_VERIFIED, /* that, and what is too old */
	COMMAND_UPGRADED, /* the first, and from and to which version */
	COMMAND_STATES,   /* of each account, how it is; what is too old; schemas that
			     look like accounts */
};

struct command {
	struct conf_command line;
	enum command_report report;
	bool changes_nothing; /* its report is all there is of it */
	/*
	 * It may be asked for something that needs neither loop nor server: print that.
	 * NULL: never. *is_answered: it was, so there is nothing to start, and
	 * cli->exit_status is set.
	 */
	bool (*answer)(struct cli *cli, bool *is_answered, struct error *err);
	/* Start the task and return it; it calls opts->done once, later. */
	void *(*start)(const struct run_opts *opts);
	void (*cancel)(void *task, int signal_number);
	/* Instead of `summarize` and the usual report: for a command with its own. */
	bool (*finish)(const struct cli *cli, struct error *err);
	/* The closing line. Errors of the whole run are said already. */
	void (*summarize)(const struct cli *cli, const struct report *report);
};

/* All of them in the order of --help, and the `line` of each; both end with NULL. */
extern const struct command *const commands[];
extern const struct conf_command *const command_lines[];

extern const struct command cmd_save; /* upgrade --save runs it, too */

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

/*
 * Write what was printed so far, before messages follow.
 * Errors: ERROR_SYSTEM, also if something before did not arrive.
 */
MUST_CHECK bool command_flush(struct error *err);

#endif
