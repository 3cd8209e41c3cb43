/* SPDX-License-Identifier: PostgreSQL */
/* The keys of an INI file, one after the other. How lines are written: conf/setting.h. */
#ifndef CONF_INI_H
#define CONF_INI_H

#include <stdbool.h>

/* A text that is being read: begins as { .next = the text, .section = "" }. It is written
 * to, and what is found lies in it. */
struct ini {
	char *next;          /* the line to read next */
	int line;            /* number of the one that was read last, from 1 */
	const char *section; /* "" before the first */
	char *key;
	char *rest; /* what follows its = */
};

enum ini_found {
	INI_KEY, /* `section`, `key` and `rest` */
	INI_END,
	INI_BAD, /* `line` is neither [section] nor key = value */
};

enum ini_found ini_next(struct ini *ini);

/* The value of the key that was found, in the place of `rest`; once for each. NULL: it
 * begins with a quote that is not closed. */
char *ini_take_value(struct ini *ini);

/*
 * The same, unless it is quoted with the indented lines that follow: each, and each that
 * is empty or a comment, begins with a newline. `has_words`: it is never quoted as a
 * whole; a quote at its beginning is that of its first word.
 * Ownership: the caller frees.
 */
char *ini_take_text(struct ini *ini, bool has_words);

#endif
