/* SPDX-License-Identifier: PostgreSQL */
/*
 * The tenants of an upgrade by a command: how far each one is, and why it failed. Only
 * these functions change how far a tenant is.
 *
 * Ownership: a tenant owns what it points to, except `place`, which belongs to the farm.
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
	TENANT_CURRENT, /* there is or was nothing to do */
	TENANT_WAITING,
	TENANT_RUNNING,
	TENANT_EXITED, /* with status 0; its steps are still to be looked at */
	TENANT_UPGRADED,
	TENANT_FAILED,
};

struct tenant {
	struct tenants *tenants; /* all of them */
	const struct farm_account *place;
	struct work_item item;
	enum tenant_progress progress;
	char *from, *to;  /* its version as status shows it; NULL: none */
	char *state;      /* before: "2 behind" */
	char *error;      /* why it failed; NULL: it has not failed */
	bool is_named;    /* on the command line */
	bool has_run;     /* its command was started */
	bool is_changed;  /* its steps have changed */
	bool is_touched;  /* it failed, and its schema has changed */
	bool is_compared; /* it failed, and `is_touched` is known */
	bool is_in_doubt; /* it is not known whether they have */
	uint64_t elapsed_ms;
};

/* All zero is empty. */
struct tenants {
	const struct run_opts *opts;
	const struct farm *farm;
	struct tenant *list; /* in the farm's order: the global schema is first */
	size_t count;
	struct failures failures;
	/* Neither waiting nor running; counted here, since there may be very many. */
	size_t over;
	size_t failed;
};

/* Ownership: all three must outlive *tenants, which the caller releases. */
void tenants_init(struct tenants *tenants, const struct run_opts *opts,
		  const struct farm *farm);
void tenants_release(struct tenants *tenants);

/* The global schema; NULL if it is not among them. */
struct tenant *tenants_global(const struct tenants *tenants);

/* The global schema is upgraded first: if it fails, no other command is started. */
bool tenants_has_global_failed(const struct tenants *tenants);

/* --fail-fast: a tenant has failed, so no other command is started. */
bool tenants_are_closed(const struct tenants *tenants);

void tenant_set_progress(struct tenant *tenant, enum tenant_progress progress);

/* Note and log that it failed in this step, and why. */
void tenant_fail(struct tenant *tenant, const char *step, const struct error *err);

#endif
