/* SPDX-License-Identifier: PostgreSQL */
/*
 * Lines for people, on stderr. Only task/ and cli/ log.
 *
 * A message of several lines keeps one prefix a line. Control characters are written
 * \xNN, so that neither an account's name nor a server's message can move the cursor of
 * whoever reads it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/compiler.h"
#include "base/error.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log {
	enum log_level level; /* nothing above it is written */
	/* Around each write, for who draws on the same terminal; may be NULL. */
	void (*before)(void *owner);
	void (*after)(void *owner);
	void *owner;
};

/* A step or a result, bare: "Dumping account foo to metamodel/foo.sql..." */
void log_info(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* "metamodel: warning: ..." */
void log_warning(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* "metamodel: debug: ..." */
void log_debug(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same for what cron has to see, too, although nothing failed. */
void log_alert(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* A result that cron, too, has to see: bare, and at the level of errors. */
void log_failure(const struct log *log, const char *format, ...) PRINTF_LIKE(2, 3);
/* "metamodel: error: ...", its further lines as "metamodel: detail: ...", then its hint.
 */
void log_error(const struct log *log, const struct error *err);

#endif
