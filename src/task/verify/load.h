/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel verify --load`: can a save that is in order be loaded? A real restore
 * decides, into a database that is created for it and dropped afterwards (pg/scratch.h).
 */
#ifndef TASK_VERIFY_LOAD_H
#define TASK_VERIFY_LOAD_H

#include "task/run.h"
#include "store/savedir.h"

struct verify_load;

struct verify_load_opts {
	const struct run_opts *run;
	const struct strvec *accounts; /* to be loaded */
	const struct strvec *roles;    /* named in their dumps */
	const char *encoding;          /* of the dumps */
	/*
	 * Accounts that could not be loaded get their `error`. The report's own error
	 * says why loading could not be tried at all.
	 */
	struct report *report;
	void (*done)(void *owner);
	void *owner;
};

/*
 * Ownership: what `opts` points to must live until `done`. It takes over *save, and frees
 * itself after `done`.
 */
struct verify_load *verify_load_start(const struct verify_load_opts *opts,
				      struct savedir *save);

/* The database is still dropped before `done`; a second call does not wait for that. */
void verify_load_cancel(struct verify_load *load, int signal_number);

#endif
