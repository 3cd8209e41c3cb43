/* SPDX-License-Identifier: PostgreSQL */
/* Which accounts a node has and the version of each, read in bulk. */
#ifndef CATALOG_STATES_H
#define CATALOG_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "pg/session.h"

enum catalog_version_kind {
	CATALOG_NO_VERSION, /* no table _general: older than all versions */
	CATALOG_VERSION,    /* `version` and `number` */
	CATALOG_BROKEN,     /* there is no version in _general; `problem` says what is */
	CATALOG_UNREADABLE, /* the server did not let us read it; `problem` says why */
};

struct catalog_state {
	char *name;         /* in UTF-8 */
	bool is_registered; /* also true for _global */
	bool has_schema;
	bool looks_like_account; /* its schema holds _roles and _models */
	enum catalog_version_kind kind;
	bool is_forbidden; /* CATALOG_UNREADABLE: the role lacks a privilege */
	char *owner;   /* of its _general, or else of its schema; NULL: neither exists */
	char *version; /* the largest one, as it is written there */
	uint64_t number; /* of version_parse() */
	char *problem;
	bool has_row; /* CATALOG_BROKEN: _general has a row that could be updated */
};

/* In the order of the names that were asked for. */
struct catalog_states {
	struct catalog_state *list;
	size_t count;
};

/* `states` is empty on failure. Ownership: the callback frees it with
 * catalog_states_release(). */
typedef void catalog_states_fn(void *owner, struct catalog_states *states,
			       const struct error *err);

/*
 * Read the states of the accounts in `names` on a node, whether they exist there or not.
 * What cannot be read is the `problem` of that account only. Tables that others have
 * locked are read last and are waited for up to `lock_wait_ms`; 0: no limit.
 */
void catalog_read_states(struct session *session, const struct strvec *names,
			 uint64_t lock_wait_ms, catalog_states_fn *done, void *owner);
void catalog_states_release(struct catalog_states *states);

/* The statement that gives a broken account a version. Ownership: the caller frees. */
char *catalog_set_version_statement(const struct catalog_state *state,
				    const char *version);

/* The statement that registers an account. Ownership: the caller frees. */
char *catalog_register_statement(const char *account);

/* Schemas of a node that look like accounts, registered or not, sorted. */
typedef void catalog_lookalikes_fn(void *owner, const struct strvec *names,
				   const struct error *err);
void catalog_list_lookalikes(struct session *session, catalog_lookalikes_fn *done,
			     void *owner);

/*
 * Does a node without _global belong to somebody else? Lists up to five descriptions of
 * what others have there: "schema crm with relation customers". None if the node is empty
 * or has schemas that look like accounts.
 */
void catalog_list_strangers(struct session *session, catalog_lookalikes_fn *done,
			    void *owner);

#endif
