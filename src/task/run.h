/* SPDX-License-Identifier: PostgreSQL */
/* What every command that works on accounts has from its caller, and begins with. */
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

/* Say what this backend has no use for. */
void run_check_backend(const struct run_opts *opts);

/*
 * Take the lock file beside the save, then finish what a dead run left there; with
 * --dry-run neither.
 * Ownership: the caller closes *lock_fd, which is -1 with --dry-run.
 * Errors: as lockfile_take() and rotate_recover().
 */
MUST_CHECK bool run_begin(const struct run_opts *opts, const struct layout *layout,
			  int *lock_fd, struct error *err);

/* Say what rotate_recover(), rotate_commit() or rotate_discard() left alone. */
void run_log_notes(const struct run_opts *opts, const struct strvec *notes);

/*
 * Say that an account failed, as failures_add() does; with the name of its node if that
 * is one of many and had a part in it.
 */
void run_log_failure(const struct run_opts *opts, const struct farm_account *account,
		     const char *step, const struct error *err,
		     struct failures *failures);

/* What a child that succeeded had to say, a warning for each line: "[NAME STEP] line". */
void run_log_messages(const struct run_opts *opts, const char *account, const char *step,
		      const char *messages);

/* Warn of a tool that is newer than the server it is to serve, and say what that may
 * mean. */
void run_log_newer_tool(const struct run_opts *opts, const struct pgtool *tool,
			const char *name, unsigned server_major);

/* Say that a connection could not be had yet; see struct session_opts. */
void run_log_waiting(const struct run_opts *opts, const struct error *why,
		     uint64_t pause_ms);

/*
 * farm_start(), with what it needs of a run: `opts` says the rest. *run must live as long
 * as the farm.
 */
struct farm *run_start_farm(const struct run_opts *run, const struct farm_opts *opts);

/*
 * How many children or sessions at once on a node: what was asked for, or one a
 * processor, but never more than the server has connections left, which is said.
 */
unsigned run_choose_node_jobs(const struct run_opts *opts, const struct session *session);

/* How many at once on all nodes together. */
unsigned run_choose_jobs(const struct run_opts *opts, const struct farm *farm);

/* "database "x" has no table _global._accounts", and whose it should be. Returns
 * false. */
bool run_set_no_accounts(const struct farm *farm, struct error *err);

/* Say which accounts are on more nodes than one. */
void run_log_misplaced(const struct run_opts *opts, const struct farm *farm);

/* Add "metamodel COMMAND -D DIR", with the options that say where the servers are, as
 * they were given; a connection string, which may hold a password, is "...". */
void run_add_command(const struct run_opts *opts, const char *command,
		     struct strbuf *out);

/* The hint "WHY: metamodel save -D DIR -- ACCOUNT", safe to be typed as it is. Returns
 * false. */
bool run_hint_command(const struct run_opts *opts, struct error *err, const char *why,
		      const char *account);

/* At debug level, quoted as a shell would want it; very long words are cut. */
void run_log_command(const struct run_opts *opts, const struct strvec *argv);

#endif
