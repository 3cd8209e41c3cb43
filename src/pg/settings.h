/* SPDX-License-Identifier: PostgreSQL */
/*
 * The settings of the program's sessions, each made for one transaction. Behind a
 * pooler the next transaction may be in another session of the server, and a setting
 * that outlives the transaction would affect other clients.
 */
#ifndef PG_SETTINGS_H
#define PG_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct settings {
	unsigned server_version_num; /* 150020 */
	bool can_check_client;       /* it has client_connection_check_interval */
	bool is_writable;            /* it is not a standby */
	bool has_role_path;          /* keep the search_path of the role */
	uint64_t lock_wait_ms;       /* 0: no limit */
	uint64_t statement_ms;       /* 0: no limit */
};

/* As statements, each with its semicolon, for a transaction or the session. Ownership:
 * the caller frees. */
char *settings_format(const struct settings *settings, bool is_local);

#endif
