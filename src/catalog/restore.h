/* SPDX-License-Identifier: PostgreSQL */
/* What restoring an account's metamodel means for its database. */
#ifndef CATALOG_RESTORE_H
#define CATALOG_RESTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

struct catalog_plan {
	char *name;      /* of the account, in UTF-8 */
	char *raw_name;  /* in the encoding of the database, as in its dumps */
	bool has_schema; /* false: it will be created */
	char *present;   /* relations that will be dropped, "a, b"; NULL: none */
	uint64_t tables; /* the number of tables among them */
	/* Objects outside the metamodel that would be dropped, too, one per line; NULL:
	 * none. */
	char *outsiders;
	char *raw_name_hex;
	char *outsider_ids; /* CLASS.OBJECT.PART of each, separated by commas; "": none */
	/*
	 * Accounts of which something would be dropped, too, as names in hexadecimal
	 * digits separated by commas. tied_hex: those being planned, by raw name;
	 * tied_others_hex: others, which need not be accounts, in UTF-8.
	 */
	char *tied_hex;
	char *tied_others_hex;
};

/* `plans` is in the order of the accounts; NULL on failure.
 * Ownership: the callback frees it with catalog_plans_free(). */
typedef void catalog_plans_fn(void *owner, struct catalog_plan *plans, size_t count,
			      const struct error *err);

/* What would a restore of these accounts do? One query; the accounts need not exist. */
void catalog_plan_restore(struct session *session, const struct strvec *names,
			  catalog_plans_fn *done, void *owner);
void catalog_plans_free(struct catalog_plan *plans, size_t count);

/*
 * The statements around the dumps in the one transaction of accounts that are tied
 * together. catalog_restore_begin() fails if it would drop anything outside their
 * metamodels that the plans do not name. catalog_restore_end(), once per account, fails
 * if tables or version differ from the dump.
 * Ownership: the caller frees.
 */
char *catalog_restore_begin(const struct catalog_plan *const *plans, size_t count,
			    bool is_cascade, uint64_t lock_wait_ms);
char *catalog_restore_end(const struct catalog_plan *plan, uint32_t tables,
			  const char *version);
/* The last statement: it fails if anything outside these accounts was changed. Ownership:
 * the caller frees. */
char *catalog_restore_outside(const struct catalog_plan *const *plans, size_t count);

/* `raw_names`: the names as in dumps of the node, in the same order; empty on failure. */
typedef void catalog_names_fn(void *owner, const struct strvec *raw_names,
			      const struct error *err);
void catalog_encode_names(struct session *session, const struct strvec *names,
			  catalog_names_fn *done, void *owner);

/*
 * Find in psql's messages which transaction the first of these statements began. Returns
 * its number, or NULL if there is none; *rest is the messages without it.
 * Ownership: the caller frees both.
 */
char *catalog_take_transaction(const char *messages, char **rest);

enum catalog_outcome {
	CATALOG_UNKNOWN,
	CATALOG_RUNNING,
	CATALOG_COMMITTED,
	CATALOG_ROLLED_BACK
};

/* `outcomes` is in the order of the transactions; NULL on failure. It is valid only
 * during the call. */
typedef void catalog_settled_fn(void *owner, const enum catalog_outcome *outcomes,
				const struct error *err);

/*
 * How did these transactions end, whose clients have ended? The server is told to end one
 * that is still running: ask again. What was committed is on the server's disk
 * afterwards.
 */
void catalog_settle(struct session *session, const struct strvec *transactions,
		    catalog_settled_fn *done, void *owner);

/* A commit that waits until it, and every commit before it, is on disk. */
extern const char catalog_flush_sql[];

#endif
