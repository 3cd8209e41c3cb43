/* SPDX-License-Identifier: PostgreSQL */
/* Which accounts a server has, which of their relations belong to the metamodel, and how
 * pg_dump is told to dump those. */
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
	char *raw_name; /* in the encoding of the database, as pg_dump's argv wants it */
	bool has_schema;
	bool looks_like_account;   /* its schema holds _roles and _models */
	uint32_t relations;        /* of the metamodel, or of the schema */
	uint32_t dumped_relations; /* those that a whole dump creates */
};

/*
 * `accounts` is in the order of the names. The callee owns it: catalog_accounts_free().
 * On failure it is NULL and `err` is set.
 */
typedef void catalog_accounts_fn(void *owner, struct catalog_account *accounts,
				 size_t count, const struct error *err);

/*
 * What a node that is ready has of the accounts named, each once. One query, whatever
 * their number. `is_whole`, here and below: an account is all of its schema.
 */
void catalog_list_accounts(struct session *session, const struct strvec *names,
			   bool is_whole, catalog_accounts_fn *done, void *owner);
void catalog_accounts_free(struct catalog_account *accounts, size_t count);

/*
 * Why this account, which exists, cannot be dumped; true if it can.
 * Errors: ERROR_DATA.
 */
MUST_CHECK bool catalog_can_dump(const struct catalog_account *account, bool is_whole,
				 struct error *err);

/* pg_dump's -t pattern for the metamodel of an account. Ownership: the caller frees. */
char *catalog_dump_pattern(const struct catalog_account *account);

/*
 * The same for many accounts, by their raw names, sorted and each once: pg_dump's -n
 * pattern for their schemas, and its -T pattern for what is not metamodel in those.
 * Together they select the very relations; but -t takes pg_dump a search among all of
 * them for each relation of the database. They also select what else is in the schemas:
 * functions and the like. Ownership: the caller frees.
 */
char *catalog_schemas_pattern(const char *const *raw_names, size_t count);
char *catalog_others_pattern(const char *schemas);

/*
 * Under the snapshot: the relations that dumps of these accounts should create, one after
 * the other. `extension`: it is a member of that, and pg_dump leaves it out; `remedy` is
 * the statement that takes it out there. Both are NULL otherwise.
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

/* For catalog/: a PostgreSQL array literal, bytes from their hex, and a value as COPY
 * writes it (NULL is NULL). Ownership: the caller frees. */
char *catalog_format_array(const struct strvec *names);
char *catalog_decode_hex(const char *hex);
char *catalog_decode_copy(const char *line, size_t length);

#endif
