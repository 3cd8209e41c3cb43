/* SPDX-License-Identifier: PostgreSQL */
/*
 * Strings: allocation that cannot fail, a growing buffer, and a few conversions.
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

/* As malloc() and the like, but never NULL. Ownership: the caller frees. */
void *xcalloc(size_t count, size_t size_bytes);
void *xrealloc(void *old, size_t size_bytes);
/* The array with room for one more element after its `count` elements. It doubles when
 * `count` is a power of two, so every element must be added in this way. */
void *xgrow(void *array, size_t count, size_t size_bytes);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t length);

/* printf into allocated memory. Ownership: the caller frees. */
char *str_format(const char *format, ...) PRINTF_LIKE(1, 2);
char *str_format_args(const char *format, va_list args) PRINTF_LIKE(1, 0);

/* Parse all of `s` as a decimal number from `min` to `max`. */
MUST_CHECK bool str_parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *out);

/* Every byte outside A-Za-z0-9_- written %XX. Ownership: the caller frees. */
char *str_percent_encode(const char *s);

/* The value of a hexadecimal digit of either case; 16 if it is not one. */
unsigned str_hex_digit(char c);

bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);

/* Is it well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms)? */
bool str_is_utf8(const char *s, size_t length);

/* A growing string, NUL-terminated once something was added. All zero is empty. */
struct strbuf {
	char *buf; /* NULL while empty and never grown */
	size_t length;
	size_t capacity;
};

void strbuf_add(struct strbuf *b, const void *data, size_t length);
void strbuf_add_str(struct strbuf *b, const char *s);
void strbuf_add_char(struct strbuf *b, char c);
void strbuf_add_format(struct strbuf *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Add `text`, with '?' for every byte that is not part of well-formed UTF-8. */
void strbuf_add_utf8(struct strbuf *b, const char *text);

/*
 * Add `text` with control characters, and bytes that are not UTF-8, written \xNN: one
 * line, harmless to a terminal.
 */
void strbuf_add_printable(struct strbuf *b, const char *text);

/* Add `word` quoted for a shell if necessary. */
void strbuf_add_shell_word(struct strbuf *b, const char *word);

/* Add `length` bytes of a name in double quotes, which SQL and pg_dump's patterns take
 * literally. */
void strbuf_add_identifier(struct strbuf *b, const char *name, size_t length);

/* Add the bytes of `text` as hexadecimal digits. */
void strbuf_add_hex(struct strbuf *b, const char *text);

/* Make it empty, but keep the memory. */
void strbuf_reset(struct strbuf *b);

/* Take the string out, never NULL; the buffer is empty again. Ownership: the caller
 * frees. */
char *strbuf_detach(struct strbuf *b);
void strbuf_release(struct strbuf *b);

#endif
