/* SPDX-License-Identifier: PostgreSQL */
/* Which accounts a server has, which of their relations belong to the metamodel, and how
 * pg_dump is told to dump these. */
#ifndef CATALOG_ACCOUNTS_H
#define CATALOG_ACCOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/str.h"
#include "base/strvec.h"
#include "pg/session.h"

struct catalog_account {
	char *name;     /* in UTF-8 */
	char *raw_name; /* in the encoding of the database, for pg_dump's argv */
	bool has_schema;
	bool looks_like_account;   /* its schema holds _roles and _models */
	uint32_t relations;        /* of the metamodel, or of the whole schema */
	uint32_t dumped_relations; /* those that a complete dump creates */
};

/*
 * `accounts` is in the order of the names, or NULL on failure, with `err`.
 * Ownership: the callback frees it with catalog_accounts_free().
 */
typedef void catalog_accounts_fn(void *owner, struct catalog_account *accounts,
				 size_t count, const struct error *err);

/*
 * Look up the named accounts, each named once, on a node that is ready. One query for any
 * number of names. `is_whole`, here and below: an account is its whole schema.
 */
void catalog_list_accounts(struct session *session, const struct strvec *names,
			   bool is_whole, catalog_accounts_fn *done, void *owner);
void catalog_accounts_free(struct catalog_account *accounts, size_t count);

/*
 * Can this account, which exists, be dumped?
 * Errors: ERROR_DATA, saying why not.
 */
MUST_CHECK bool catalog_can_dump(const struct catalog_account *account, bool is_whole,
				 struct error *err);

/* pg_dump's -t pattern for the metamodel of an account. Ownership: the caller frees. */
char *catalog_dump_pattern(const struct catalog_account *account);

/*
 * The same for many accounts, by their raw names, sorted and without duplicates:
 * pg_dump's -n pattern for their schemas, and its -T pattern for what is not metamodel in
 * them. Together they select the same relations as -t, but with -t pg_dump searches all
 * of these once for each relation of the database. They also select everything else in
 * the schemas, such as functions.
 * Ownership: the caller frees.
 */
char *catalog_schemas_pattern(const char *const *raw_names, size_t count);
char *catalog_others_pattern(const char *schemas);

/*
 * List, under the snapshot, the relations that dumps of these accounts should create:
 * `member` is called for each, then `done` once. `extension`: the relation is a member of
 * this extension, so pg_dump leaves it out; `remedy` is the statement that removes it
 * from the extension. Otherwise both are NULL.
 */
struct catalog_member {
	const char *account;
	const char *raw_name_hex;
	const char *name;
	const char *extension;
	const char *remedy;
};
typedef void catalog_member_fn(void *owner, const struct catalog_member *member);
void catalog_list_members(struct session *session, const struct strvec *names,
			  bool is_whole, catalog_member_fn *member,
			  void (*done)(void *owner, const struct error *err),
			  void *owner);

/* For catalog/: format a PostgreSQL array literal, decode hexadecimal digits, and decode
 * a value as COPY writes it (NULL for NULL). Ownership: the caller frees. */
char *catalog_format_array(const struct strvec *names);
char *catalog_decode_hex(const char *hex);
char *catalog_decode_copy(const char *line, size_t length);

#endif
