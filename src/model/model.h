/* SPDX-License-Identifier: PostgreSQL */
/*
 * The facts that are OpenResty's own, and only in this folder: here, which relations
 * belong to the metamodel, and where its version stands.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/strvec.h"
#include "pg/session.h"

/* The account that comes before all others. */
#define MODEL_GLOBAL "_global"

/* The table and column of _global that list the accounts. */
#define MODEL_ACCOUNTS_TABLE "_accounts"
#define MODEL_ACCOUNTS_COLUMN "name"

/* The table and column that hold an account's version, in each account. */
#define MODEL_VERSION_TABLE "_general"
#define MODEL_VERSION_COLUMN "version"

struct model_account {
	char *name;     /* in UTF-8 */
	char *raw_name; /* in the encoding of the database, as pg_dump's argv wants it */
	bool has_schema;
	bool looks_like_account;   /* its schema holds _roles and _models */
	uint32_t relations;        /* of the metamodel */
	uint32_t dumped_relations; /* those that a whole dump creates */
};

/*
 * `accounts` is in the order of the names. The callee owns it: model_accounts_free(). On
 * failure it is NULL and `err` is set.
 */
typedef void model_accounts_fn(void *owner, struct model_account *accounts, size_t count,
			       const struct error *err);

/*
 * What a node that is ready has of the accounts named, each once. One query, whatever
 * their number.
 */
void model_list_accounts(struct session *session, const struct strvec *names,
			 model_accounts_fn *done, void *owner);
void model_accounts_free(struct model_account *accounts, size_t count);

/*
 * Why this account, which exists, cannot be dumped; true if it can.
 * Errors: ERROR_DATA.
 */
MUST_CHECK bool model_can_dump(const struct model_account *account, struct error *err);

/* pg_dump's -t pattern for the metamodel of an account. Ownership: the caller frees. */
char *model_dump_pattern(const struct model_account *account);

/*
 * The same for many accounts, by their raw names, sorted and each once: pg_dump's -n
 * pattern for their schemas, and its -T pattern for what is not metamodel in those.
 * Together they select the very relations; but -t takes pg_dump a search among all of
 * them for each relation of the database. They also select what else is in the schemas:
 * functions and the like. Ownership: the caller frees.
 */
char *model_schemas_pattern(const char *const *raw_names, size_t count);
char *model_others_pattern(const char *schemas);

/*
 * Under the snapshot: the relations that dumps of these accounts should create, one after
 * the other. `extension`: it is a member of that, and pg_dump leaves it out; `remedy` is
 * the statement that takes it out there. Both are NULL otherwise.
 */
struct model_member {
	const char *account;
	const char *raw_name_hex;
	const char *name;
	const char *extension;
	const char *remedy;
};
typedef void model_member_fn(void *owner, const struct model_member *member);
void model_list_members(struct session *session, const struct strvec *names,
			model_member_fn *member,
			void (*done)(void *owner, const struct error *err), void *owner);

/* For model/: a PostgreSQL array literal, bytes from their hex, and a value as COPY
 * writes it (NULL is NULL). Ownership: the caller frees. */
char *model_format_array(const struct strvec *names);
char *model_decode_hex(const char *hex);
char *model_decode_copy(const char *line, size_t length);

#endif
