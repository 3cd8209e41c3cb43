/* SPDX-License-Identifier: PostgreSQL */
/* What putting an account's metamodel back means to its database. */
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
	uint64_t tables; /* that are among them */
	char *outsiders; /* objects outside the metamodel that would go with them, a line
			    each; NULL: none */
	char *raw_name_hex;
	char *outsider_ids; /* CLASS.OBJECT.PART of each, by commas; "": none */
	/* Accounts of which something would go with it, their names as raw_name_hex, by
	 * commas: of those that are planned for, and of others, which may be none, in
	 * UTF-8. */
	char *tied_hex;
	char *tied_others_hex;
};

/* On failure `plans` is NULL. The callee owns it: catalog_plans_free(). In the order of
 * accounts. */
typedef void catalog_plans_fn(void *owner, struct catalog_plan *plans, size_t count,
			      const struct error *err);

/* What would a restore of these accounts do? One query; the accounts need not exist. */
void catalog_plan_restore(struct session *session, const struct strvec *names,
			  catalog_plans_fn *done, void *owner);
void catalog_plans_free(struct catalog_plan *plans, size_t count);

/*
 * The statements around the dumps in the one transaction of accounts that are tied to
 * each other. The first one fails when it would destroy anything outside their metamodels
 * that the plans do not name, and so does the last one, of each, when tables or version
 * are not those of its dump. Ownership: the caller frees.
 */
char *catalog_restore_begin(const struct catalog_plan *const *plans, size_t count,
			    bool is_cascade, uint64_t lock_wait_ms);
char *catalog_restore_end(const struct catalog_plan *plan, uint32_t tables,
			  const char *version);
/* The very last one: it fails when anything outside of these accounts was changed. */
char *catalog_restore_outside(const struct catalog_plan *const *plans, size_t count);

/* Names as they are in the dumps of a node, in the same order; none on failure. */
typedef void catalog_names_fn(void *owner, const struct strvec *raw_names,
			      const struct error *err);
void catalog_encode_names(struct session *session, const struct strvec *names,
			  catalog_names_fn *done, void *owner);

/* What psql says contains which transaction the first of these statements began. Returns
 * its number, NULL if there is none; *rest is the messages without it. Ownership: the
 * caller frees both. */
char *catalog_take_transaction(const char *messages, char **rest);

enum catalog_outcome {
	CATALOG_UNKNOWN,
	CATALOG_RUNNING,
	CATALOG_COMMITTED,
	CATALOG_ROLLED_BACK
};

/* `outcomes` is in the order of the transactions, NULL on failure; it lives as long as
 * the call. */
typedef void catalog_settled_fn(void *owner, const enum catalog_outcome *outcomes,
				const struct error *err);

/*
 * What became of these transactions, whose clients have ended? One that goes on is ended:
 * ask again. What has been committed is on the server's disk as well then.
 */
void catalog_settle(struct session *session, const struct strvec *transactions,
		    catalog_settled_fn *done, void *owner);

/* A commit that waits until it, and with it every one before it, is on disk. */
extern const char catalog_flush_sql[];

#endif
