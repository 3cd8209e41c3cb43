/* SPDX-License-Identifier: PostgreSQL */
/*
 * Messages for people, on stderr. Only task/ and cli/ log.
 *
 * Each line of a message has its own prefix. Control characters are written \xNN, so that
 * neither an account's name nor a server's message can control the reader's terminal.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/compiler.h"
#include "base/error.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log {
	enum log_level level; /* higher levels are not written */
	/* Called around each write, for a progress bar on the same terminal; may be
	 * NULL. */
	void (*before)(void *owner);
	void (*after)(void *owner);
	void *owner;
};

/* A step or a result, without prefix: "Dumping account foo to metamodel/foo.sql..." */
void log_info(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* "metamodel: warning: ..." */
void log_warning(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* "metamodel: debug: ..." */
void log_debug(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* A warning that -q prints, too, for cron. */
void log_alert(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* A result that -q prints, too: without prefix, at the level of errors. */
void log_failure(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* "metamodel: error: ...", further lines as "metamodel: detail: ...", then the hint. */
void log_error(const struct log *log, const struct error *err);

#endif
