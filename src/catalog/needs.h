/* SPDX-License-Identifier: PostgreSQL */
/* What a session lacks for restoring accounts, as far as the server knows it beforehand.
 */
#ifndef CATALOG_NEEDS_H
#define CATALOG_NEEDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

struct catalog_locks {
	char *account;
	uint64_t dropped;   /* to drop what is there of it */
	uint64_t relations; /* what is there, with indexes and the like */
	uint64_t tables;
};

struct catalog_needs {
	char *me; /* the role of the session */
	/* In hexadecimal digits, sorted. */
	struct strvec missing_roles; /* that do not exist */
	struct strvec closed_roles;  /* that the session cannot make an owner */
	/* Names of accounts, sorted. */
	struct strvec closed_schemas; /* in which it may not create */
	struct strvec absent_schemas; /* which it may not create */
	/* Of accounts, not sorted: the same place in both. */
	struct strvec strangers; /* which have a relation that is not ours to drop: */
	struct strvec stranger_texts;
	struct catalog_locks *locks; /* of accounts that have relations, sorted by name */
	size_t lock_count;
	uint64_t lock_slots;    /* of the server */
	uint64_t foreign_locks; /* that other sessions have now */
	bool is_superuser;      /* the user of the session */
	char *dbname;
};

/* `needs` is NULL on failure, and lives as long as the call. */
typedef void catalog_needs_fn(void *owner, const struct catalog_needs *needs,
			      const struct error *err);

/*
 * One query for a node. `roles` are those that the dumps of the accounts name, `owners`
 * those that will own relations, in hexadecimal digits.
 */
void catalog_ask_needs(struct session *session, const struct strvec *accounts,
		       const struct strvec *roles, const struct strvec *owners,
		       catalog_needs_fn *done, void *owner);

/* The locks that the transaction of an account needs at once, or more, if its dump
 * creates so many tables. */
uint64_t catalog_count_locks(const struct catalog_needs *needs, const char *account,
			     uint64_t tables);

#endif
