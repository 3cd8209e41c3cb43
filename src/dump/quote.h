/* SPDX-License-Identifier: PostgreSQL */
/* The contents of quotes in SQL, and where psql closes them. Part of dumpscan. */
#ifndef DUMP_QUOTE_H
#define DUMP_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DUMP_TEXT_SIZE = 256 }; /* how much of a token is kept, including its NUL */

enum dumpquote_kind {
	QUOTE_PLAIN,        /* '...' */
	QUOTE_NONSTANDARD,  /* the same, while standard_conforming_strings is off */
	QUOTE_ESCAPE,       /* E'...' */
	QUOTE_BITS,         /* B'...' and X'...' */
	QUOTE_UNICODE,      /* U&'...' */
	QUOTE_NAME,         /* "..." */
	QUOTE_UNICODE_NAME, /* U&"..." */
	QUOTE_DOLLAR,       /* $tag$...$tag$ */
};

struct dumpquote {
	enum dumpquote_kind kind;
	bool is_closed;    /* the bytes that follow are outside */
	bool is_ambiguous; /* '...' that would close elsewhere with the other setting */
	uint64_t newlines; /* so far */
	bool is_cut;       /* there is more than `text` */
	uint32_t length;
	char text[DUMP_TEXT_SIZE]; /* the beginning, doubled quotes undone */

	/* The rest is private. */
	bool is_at_quote; /* the last byte was a quote, which may be doubled */
	bool is_odd;      /* an odd number of backslashes precedes the next byte */
	uint32_t tag_matched;
	uint32_t tag_length;
	char tag[DUMP_TEXT_SIZE + 2]; /* with both its $ */
};

/* Begin after the opening quote. `tag` is that of QUOTE_DOLLAR, shorter than
 * DUMP_TEXT_SIZE; "" otherwise. */
void dumpquote_open(struct dumpquote *quote, enum dumpquote_kind kind, const char *tag);

/* Process bytes; returns their number: all, unless the quote is closed. */
size_t dumpquote_feed(struct dumpquote *quote, const char *data, size_t length);

/* Is `text` complete and literal? */
bool dumpquote_is_plain(const struct dumpquote *quote);

#endif
