/* SPDX-License-Identifier: PostgreSQL */
/*
 * The tenants of an upgrade by a command: how far each is, and why it failed. Only the
 * functions here change how far one is.
 *
 * Ownership: what a tenant points to is its own, but for `place`, which is the farm's.
 */
#ifndef TASK_TENANTS_TENANT_H
#define TASK_TENANTS_TENANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "farm/farm.h"
#include "task/failures.h"
#include "task/run.h"
#include "task/worklist.h"

enum tenant_progress {
	TENANT_CURRENT, /* there is nothing to do, or there was nothing */
	TENANT_WAITING,
	TENANT_RUNNING,
	TENANT_EXITED, /* with 0: its steps are still to be looked at */
	TENANT_UPGRADED,
	TENANT_FAILED,
};

struct tenant {
	struct tenants *tenants; /* that it is one of */
	const struct farm_account *place;
	struct work_item item;
	enum tenant_progress progress;
	char *from, *to;  /* its version, in the words of status; NULL: none */
	char *state;      /* "2 behind", before */
	char *error;      /* why it failed; NULL: it did not */
	bool is_named;    /* on the command line */
	bool has_run;     /* its command was started */
	bool is_changed;  /* its steps are others than before */
	bool is_in_doubt; /* nobody could look whether they are */
	uint64_t elapsed_ms;
};

/* All zero is empty. */
struct tenants {
	const struct run_opts *opts;
	const struct farm *farm;
	struct tenant *list; /* in the farm's order, which has the global schema first */
	size_t count;
	struct failures failures;
	size_t over; /* neither waiting nor running: there are too many to be counted */
	size_t failed;
};

/* Ownership: all three must outlive *tenants, which the caller releases. */
void tenants_init(struct tenants *tenants, const struct run_opts *opts,
		  const struct farm *farm);
void tenants_release(struct tenants *tenants);

/* The global schema, if it is among them; NULL: it is not. */
struct tenant *tenants_global(const struct tenants *tenants);

/* The global schema comes before all others: without it nothing else is begun. */
bool tenants_has_global_failed(const struct tenants *tenants);

/* --fail-fast: one has failed, so nothing more is begun. */
bool tenants_are_closed(const struct tenants *tenants);

void tenant_set_progress(struct tenant *tenant, enum tenant_progress progress);

/* Say that it failed in a step, and why. */
void tenant_fail(struct tenant *tenant, const char *step, const struct error *err);

#endif
