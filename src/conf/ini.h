/* SPDX-License-Identifier: PostgreSQL */
/* The keys of an INI file, one after the other. conf/setting.h says how lines are
 * written. */
#ifndef CONF_INI_H
#define CONF_INI_H

#include <stdbool.h>

/* A text that is being read; initially { .next = the text, .section = "" }. The text is
 * modified, and the results point into it. */
struct ini {
	char *next;          /* the line to read next */
	int line;            /* the number of the last line read, from 1 */
	const char *section; /* "" before the first one */
	char *key;
	char *rest; /* what follows its = */
};

enum ini_found {
	INI_KEY, /* `section`, `key` and `rest` */
	INI_END,
	INI_BAD, /* `line` is neither [section] nor key = value */
};

enum ini_found ini_next(struct ini *ini);

/* The value of the key that was found; it takes the place of `rest`, so call this once
 * per key. NULL: it begins with a quotation mark that is not closed. */
char *ini_take_value(struct ini *ini);

/*
 * The same, but a value that is not quoted includes the indented lines that follow. Each
 * of these, and each empty line or comment between them, becomes a line of the text, so
 * that line numbers can be counted.
 * Ownership: the caller frees.
 */
char *ini_take_text(struct ini *ini, bool has_words);

#endif
