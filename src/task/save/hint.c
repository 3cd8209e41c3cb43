/* SPDX-License-Identifier: PostgreSQL */
/*
 * pg_dump exits with 1 for every error, and its stderr has no SQLSTATE. So the hints
 * depend on the text of its messages, which is English unless the locale says otherwise.
 */
#include "task/save/hint.h"

#include <string.h>

#include "base/compiler.h"
#include "pg/session.h"

static const struct {
	const char *words;
	const char *hint;
} hints[] = {
	{ "row-level security", "save as a role that bypasses row-level security" },
	{ "No space left", "free space on that disk" },
	{ "out of shared memory", "raise max_locks_per_transaction, or lower --jobs" },
	/* pg_dump limits its wait for locks by a statement timeout, and then reports its
	 * query */
	{ "LOCK TABLE",
	  "another session holds a lock on it (see pg_locks): raise --lock-wait, or "
	  "save at another time" },
	{ "exceeded its time limit",
	  "raise --timeout, or find what it waits for in pg_stat_activity" },
	{ "invalid snapshot",
	  "the session that holds the snapshot is gone; run the save again" },
	{ "conflict with recovery",
	  "a standby cancels what delays its replay: set "
	  "hot_standby_feedback = on and a longer max_standby_streaming_delay there, or "
	  "save from the primary" },
	{ "server version mismatch", "install the pg_dump of the server's version" },
};

void save_hint_add(struct error *err)
{
	if (!err->hint[0] && pg_pooler_hint(err->text))
		error_hint(err, "%s", pg_pooler_hint(err->text));
	for (size_t i = 0; i < ARRAY_SIZE(hints) && !err->hint[0]; i++)
		if (strstr(err->text, hints[i].words))
			error_hint(err, "%s", hints[i].hint);
}
