/* SPDX-License-Identifier: PostgreSQL */
/* What every command on accounts gets from its caller, and how it begins. */
#ifndef TASK_RUN_H
#define TASK_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/log.h"
#include "base/str.h"
#include "base/strvec.h"
#include "conf/conf.h"
#include "farm/farm.h"
#include "pg/session.h"
#include "pg/pgtool.h"
#include "proc/loop.h"
#include "task/failures.h"
#include "task/report.h"
#include "store/layout.h"

struct run_opts {
	struct loop *loop;
	const struct log *log;
	const struct conf *conf; /* must outlive `done` */
	const char *command;     /* "save" */
	const char *program;     /* "metamodel 0.1.0", for the manifest */
	bool (*ask_password)(void *owner, char **out); /* see struct session_opts */
	void (*progress)(void *owner, size_t done, size_t total);
	void (*done)(void *owner, const struct report *report);
	void *owner;
};

/* Warn about options that this backend does not use. */
void run_check_backend(const struct run_opts *opts);

/*
 * Take the lock file next to the save, then finish what a dead run left there; with
 * --dry-run, do neither.
 * Ownership: the caller closes *lock_fd, which is -1 with --dry-run.
 * Errors: as lockfile_take() and rotate_recover().
 */
MUST_CHECK bool run_begin(const struct run_opts *opts, const struct layout *layout,
			  int *lock_fd, struct error *err);

/* Log the notes of rotate_recover(), rotate_commit() or rotate_discard(). */
void run_log_notes(const struct run_opts *opts, const struct strvec *notes);

/*
 * Report that an account failed, as failures_add() does; with the name of its node if
 * there are several and the node had a part in it.
 */
void run_log_failure(const struct run_opts *opts, const struct farm_account *account,
		     const char *step, const struct error *err,
		     struct failures *failures);

/* Log the messages of a child that succeeded, as one warning per line: "[NAME STEP]
 * line". */
void run_log_messages(const struct run_opts *opts, const char *account, const char *step,
		      const char *messages);

/* Warn about a tool that is newer than its server, and say what that may cause. */
void run_log_newer_tool(const struct run_opts *opts, const struct pgtool *tool,
			const char *name, unsigned server_major);

/* Log that a connection is not available yet; see struct session_opts. */
void run_log_waiting(const struct run_opts *opts, const struct error *why,
		     uint64_t pause_ms);

/*
 * farm_start() with what it needs from the run; `opts` says the rest. *run must outlive
 * the farm.
 */
struct farm *run_start_farm(const struct run_opts *run, const struct farm_opts *opts);

/*
 * How many children or sessions to run at once on a node: what was asked for, or one per
 * CPU, but never more than the server has free connections; if that is the limit, it is
 * logged.
 */
unsigned run_choose_node_jobs(const struct run_opts *opts, const struct session *session);

/* The same for all nodes together. */
unsigned run_choose_jobs(const struct run_opts *opts, const struct farm *farm);

/* "database "x" has no table _global._accounts", and what to do. Returns false. */
bool run_set_no_accounts(const struct farm *farm, struct error *err);

/* Warn about accounts that are on more than one node. */
void run_log_misplaced(const struct run_opts *opts, const struct farm *farm);

/* Add "metamodel COMMAND -D DIR", with the options that say where the servers are, as
 * given. A connection string, which may contain a password, becomes "...". */
void run_add_command(const struct run_opts *opts, const char *command,
		     struct strbuf *out);

/* Set the hint "WHY: metamodel save -D DIR -- ACCOUNT", quoted for a shell. Returns
 * false. */
bool run_hint_command(const struct run_opts *opts, struct error *err, const char *why,
		      const char *account);

/* Log a command at debug level, quoted for a shell; very long words are shortened. */
void run_log_command(const struct run_opts *opts, const struct strvec *argv);

#endif
