/* SPDX-License-Identifier: PostgreSQL */
/* Which steps exist, and how far the upgrade goes: to the newest version, or to --to. */
#ifndef TASK_UPGRADE_TARGET_H
#define TASK_UPGRADE_TARGET_H

#include <stddef.h>

#include "migrations/migrations.h"
#include "task/run.h"

/* All zero is empty. */
struct upgrade_target {
	struct migrations migrations;
	size_t end; /* the index after the last step to be done */
};

/*
 * Read the migrations and find the end.
 * Ownership: the caller releases *target, even after a failure.
 * Errors: those of migrations_load(); ERROR_USAGE if the version of --to does not exist.
 */
MUST_CHECK bool upgrade_target_load(struct upgrade_target *target,
				    const struct run_opts *opts, struct error *err);
void upgrade_target_release(struct upgrade_target *target);

/* The version that an account has afterwards. */
const char *upgrade_target_version(const struct upgrade_target *target);

#endif
