/* SPDX-License-Identifier: PostgreSQL */
/*
 * A command, and what all commands share: the loop, the log, the progress bar. What a
 * command has of its own is in cmd_NAME.c, as one const struct command, `cmd_NAME`.
 * meson.build lists the names and generates the table of commands.
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
#include "task/hook/hook.h"
#include "task/report.h"
#include "task/run.h"

struct command;
struct cli;

/* The hooks of a run: cli/hooks.h. */
struct cli_hooks {
	struct hook *running;    /* NULL: none */
	struct strvec variables; /* what those after the run get in their environment */
	char *report_path;       /* a temporary file; NULL: none */
	bool is_refused;         /* the configuration of one is wrong: run none */
	int signal_number;       /* that ended a hook; 0: none */
	void (*begin)(struct cli *cli, const struct error *err);
};

struct cli {
	const struct command *command; /* NULL with --help and --version */
	struct conf conf;
	struct log log;
	struct loop *loop;
	struct progress progress;
	void *task; /* NULL after it has ended */
	struct cli_hooks hooks;
	void *outcome; /* what it has made, for `finish`; NULL: nothing */
	uint64_t started_ms;
	char started[CLOCK_TEXT_BYTES];
	int exit_status;
	bool is_interrupted; /* the user answered the password prompt with ^C */
};

/* What the --json report of a command contains. */
enum command_report {
	COMMAND_DUMPS,    /* for each account, what happened to its dump or its tables */
	COMMAND_VERIFIED, /* the same, and which dumps are too old */
	COMMAND_UPGRADED, /* as COMMAND_DUMPS, and the versions before and after */
	/* For each account, its state; which dumps are too old; schemas that look like
	 * accounts. */
	COMMAND_STATES,
};

/* Where --help lists it. */
enum command_group {
	COMMAND_WORKS, /* on the accounts of a database */
	COMMAND_LOOKS, /* at saves */
	COMMAND_ASSISTS,
};

struct command_example {
	const char *about; /* what it is good for; NULL ends a list of them */
	const char *text;
};

struct command {
	struct conf_command line;
	const char *about; /* two sentences for --help, in lines that fit a terminal */
	const struct command_example *examples;
	enum command_group group;
	enum command_report report;
	bool has_hooks;       /* those of [hooks] */
	bool changes_nothing; /* its report is its only result */
	/*
	 * Print what needs neither loop nor server, if that was asked for, and set
	 * *is_answered: then nothing is started. NULL: there is no such option.
	 */
	bool (*answer)(struct cli *cli, bool *is_answered, struct error *err);
	/* Start the task and return it; it calls opts->done once, later. */
	void *(*start)(const struct run_opts *opts);
	void (*cancel)(void *task, int signal_number);
	/* Instead of `summarize` and the usual report: for a command with its own. */
	bool (*finish)(const struct cli *cli, struct error *err);
	/* Print the closing line. Errors of the whole run are already logged. */
	void (*summarize)(const struct cli *cli, const struct report *report);
};

/* All commands in the order of --help, and the `line` of each; NULL ends both. */
extern const struct command *const commands[];
extern const struct conf_command *const command_lines[];

extern const struct command cmd_save; /* upgrade --save runs it, too */

/* " Failed: a, b." for the accounts that have an error; "" if there are none.
 * Ownership: the caller frees. */
char *command_list_failed(const struct report *report);

/*
 * "45 tables, 102 rows, 12 kB": the totals of the accounts with this outcome, whose
 * number becomes *count.
 * Ownership: the caller frees.
 */
char *command_format_totals(const struct report *report, const char *outcome,
			    size_t *count);

/* "12 kB". Ownership: the caller frees. */
char *command_format_size(uint64_t size_bytes);

/* "1 account", "2 accounts". Ownership: the caller frees. */
char *command_format_count(uint64_t count, const char *noun);

/*
 * Write what was printed so far, before messages follow.
 * Errors: ERROR_SYSTEM, also if something before did not arrive.
 */
MUST_CHECK bool command_flush(struct error *err);

/* The same at the end: some file systems report an error only when the file is closed. */
MUST_CHECK bool command_close_output(struct error *err);

#endif
