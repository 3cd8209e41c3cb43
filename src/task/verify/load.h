/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel verify --load`: can a save that is in order be loaded? The restore itself is
 * the judge, in a database that is made for it and dropped (pg/scratch.h).
 */
#ifndef TASK_VERIFY_LOAD_H
#define TASK_VERIFY_LOAD_H

#include "task/run.h"
#include "store/savedir.h"

struct verify_load;

struct verify_load_opts {
	const struct run_opts *run;
	const struct strvec *accounts; /* to be loaded */
	const struct strvec *roles;    /* that their dumps name */
	const char *encoding;          /* of the dumps */
	/*
	 * Accounts of it that could not be loaded get their `error`; its own is why it
	 * could not be tried.
	 */
	struct report *report;
	void (*done)(void *owner);
	void *owner;
};

/*
 * Ownership: what `opts` points to must live until `done`; it takes *save over, and frees
 * itself after `done`.
 */
struct verify_load *verify_load_start(const struct verify_load_opts *opts,
				      struct savedir *save);

/* The database is dropped all the same, before `done`; a second call does not wait for
 * that. */
void verify_load_cancel(struct verify_load *load, int signal_number);

#endif
