/* SPDX-License-Identifier: PostgreSQL */
/*
 * Strings: memory that cannot fail, a growing buffer, and the few conversions we need.
 *
 * Errors: out of memory aborts, everywhere.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

/* malloc and its kin; never NULL. Ownership: the caller frees. */
void *xcalloc(size_t count, size_t size_bytes);
void *xrealloc(void *old, size_t size_bytes);
/* The same array with room for one more behind its `count` elements: twice as large
 * whenever `count` is a power of two, so all elements are to be added like this. */
void *xgrow(void *array, size_t count, size_t size_bytes);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t length);

/* A printf into fresh memory. Ownership: the caller frees. */
char *str_format(const char *format, ...) PRINTF_LIKE(1, 2);
char *str_format_args(const char *format, va_list args) PRINTF_LIKE(1, 0);

/* Parse all of `s` as a decimal number from `min` to `max`. On failure *out is untouched.
 */
MUST_CHECK bool str_parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* Every byte outside A-Za-z0-9_- written %XX. Ownership: the caller frees. */
char *str_percent_encode(const char *s);

/* What a hexadecimal digit, of either case, stands for; 16 if it is none. */
unsigned str_hex_digit(char c);

bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);

/* Is it well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
bool str_is_utf8(const char *s, size_t length);

/* A growing string, always NUL-terminated once something was added. All zero is empty. */
struct strbuf {
	char *buf; /* NULL while empty and never grown */
	size_t length;
	size_t capacity;
};

void strbuf_add(struct strbuf *b, const void *data, size_t length);
void strbuf_add_str(struct strbuf *b, const char *s);
void strbuf_add_char(struct strbuf *b, char c);
void strbuf_add_format(struct strbuf *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Add `text` with every byte that is not part of well-formed UTF-8 as '?'. */
void strbuf_add_utf8(struct strbuf *b, const char *text);

/*
 * Add `text` with its control characters, and what is no UTF-8, as \xNN: on one line, and
 * harmless to a terminal.
 */
void strbuf_add_printable(struct strbuf *b, const char *text);

/* Add `word` as a shell takes it for one word: as it is, or within single quotes. */
void strbuf_add_shell_word(struct strbuf *b, const char *word);

/* Add `length` bytes of a name as SQL and pg_dump's patterns take it literally: within
 * double quotes. */
void strbuf_add_identifier(struct strbuf *b, const char *name, size_t length);

/* Add the bytes of `text` as hexadecimal digits. */
void strbuf_add_hex(struct strbuf *b, const char *text);

/* Empty it, keeping the memory. */
void strbuf_reset(struct strbuf *b);

/* The string, which the caller now frees (never NULL); the buffer is empty again. */
char *strbuf_detach(struct strbuf *b);
void strbuf_release(struct strbuf *b);

#endif
