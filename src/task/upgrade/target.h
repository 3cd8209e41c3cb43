/* SPDX-License-Identifier: PostgreSQL */
/* The steps that there are, and how far an upgrade goes: to the newest, or to --to. */
#ifndef TASK_UPGRADE_TARGET_H
#define TASK_UPGRADE_TARGET_H

#include <stddef.h>

#include "migrations/migrations.h"
#include "task/run.h"

/* All zero is empty. */
struct upgrade_target {
	struct migrations migrations;
	size_t end; /* of the steps that are to be done */
};

/*
 * Read the migrations, and find the end.
 * Ownership: the caller releases *target, after a failure too.
 * Errors: those of migrations_load(); ERROR_USAGE for a --to that there is not.
 */
MUST_CHECK bool upgrade_target_load(struct upgrade_target *target,
				    const struct run_opts *opts, struct error *err);
void upgrade_target_release(struct upgrade_target *target);

/* The version that an account has in the end. */
const char *upgrade_target_version(const struct upgrade_target *target);

#endif
