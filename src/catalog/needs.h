/* SPDX-License-Identifier: PostgreSQL */
/* What a session lacks for restoring accounts, as far as the server can tell
 * beforehand. */
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
	uint64_t dropped;   /* to drop the present relations */
	uint64_t relations; /* the present ones, with indexes and the like */
	uint64_t tables;
};

struct catalog_needs {
	char *me; /* the session's role */
	/* In hexadecimal digits, sorted. */
	struct strvec missing_roles; /* that do not exist */
	struct strvec closed_roles;  /* that the session cannot make an owner */
	/* Names of accounts, sorted. */
	struct strvec closed_schemas; /* in which it may not create */
	struct strvec absent_schemas; /* that it may not create */
	/* Accounts that have a relation which the session may not drop, and a description
	 * of it; not sorted, the same index in both. */
	struct strvec strangers; /* accounts */
	struct strvec stranger_texts;
	struct catalog_locks *locks; /* of accounts that have relations, sorted by name */
	size_t lock_count;
	uint64_t lock_slots;    /* of the server */
	uint64_t foreign_locks; /* that other sessions hold now */
	bool is_superuser;      /* the session's user */
	char *dbname;
};

/* `needs` is NULL on failure, and valid only during the call. */
typedef void catalog_needs_fn(void *owner, const struct catalog_needs *needs,
			      const struct error *err);

/*
 * Ask a node, in one query. `roles` are those that the dumps of the accounts name,
 * `owners` those that will own relations, in hexadecimal digits.
 */
void catalog_ask_needs(struct session *session, const struct strvec *accounts,
		       const struct strvec *roles, const struct strvec *owners,
		       catalog_needs_fn *done, void *owner);

/* The number of locks that the transaction of an account holds at once, at least, if its
 * dump creates this many tables. */
uint64_t catalog_count_locks(const struct catalog_needs *needs, const char *account,
			     uint64_t tables);

#endif
