/* SPDX-License-Identifier: PostgreSQL */
/*
 * What our sessions are like: settings that hold for one transaction. Behind a pooler the
 * next one may be in another session of the server, and whatever outlives it is found by
 * strangers.
 */
#ifndef PG_SETTINGS_H
#define PG_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct settings {
	unsigned server_version_num; /* 150020 */
	bool can_check_client;       /* it has client_connection_check_interval */
	bool is_writable;            /* it is no standby */
	bool has_role_path;          /* keep the search_path that the role has */
	uint64_t lock_wait_ms;       /* 0: no limit */
	uint64_t statement_ms;       /* 0: no limit */
};

/* As statements, each with its semicolon, for a transaction or the session. Caller frees.
 */
char *settings_format(const struct settings *settings, bool is_local);

#endif
