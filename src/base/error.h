/* SPDX-License-Identifier: PostgreSQL */
/*
 * What went wrong, for people. A function that can fail returns bool and fills a struct
 * error; it never logs. On failure its outputs are untouched.
 *
 * Ownership: the text lives inside the struct; nothing is freed.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include <stdbool.h>

#include "base/compiler.h"

enum error_kind {
	ERROR_NONE,
	ERROR_USAGE,  /* the command line or the configuration */
	ERROR_SYSTEM, /* the operating system refused */
	ERROR_SERVER, /* PostgreSQL refused, or the connection was lost */
	ERROR_CHILD,  /* a child process failed */
	ERROR_DATA,   /* a file, a dump or an answer is not as expected */
	ERROR_BUSY,   /* another run holds the lock */
	ERROR_SIGNAL, /* a signal asked us to stop */
};

struct error {
	enum error_kind kind;
	char text[4096]; /* may hold several lines; the first one stands alone */
	char hint[1024]; /* what to do about it; "" if there is no hint */
};

/* Fill *err, truncating long text. Returns false, so that failing is one line. */
bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
	PRINTF_LIKE(3, 4);

/* Put "FORMAT: " before the text on the way up. Returns false. */
bool error_prefix(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

/* Append text, truncated if there is no room. Returns false. */
bool error_append(struct error *err, const char *text);

/* Set the hint, replacing any earlier one. Returns false. */
bool error_hint(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
