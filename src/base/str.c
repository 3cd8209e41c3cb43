/* SPDX-License-Identifier: PostgreSQL */
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *or_abort(void *p)
{
	if (!p) {
		fputs("metamodel: error: out of memory\n", stderr);
		abort();
	}
	return p;
}

void *xcalloc(size_t count, size_t size_bytes)
{
	return or_abort(calloc(count ? count : 1, size_bytes ? size_bytes : 1));
}

void *xrealloc(void *old, size_t size_bytes)
{
	return or_abort(realloc(old, size_bytes ? size_bytes : 1));
}

void *xgrow(void *array, size_t count, size_t size_bytes)
{
	if (count & (count - 1)) /* it is full with 0, 1, 2, 4, ... elements */
		return array;
	return xrealloc(array, (count ? 2 * count : 1) * size_bytes);
}

char *xstrdup(const char *s)
{
	return or_abort(strdup(s));
}

char *xstrndup(const char *s, size_t length)
{
	return or_abort(strndup(s, length));
}

char *str_format_args(const char *format, va_list args)
{
	char *s = NULL;

	if (vasprintf(&s, format, args) < 0)
		s = NULL;
	return or_abort(s);
}

char *str_format(const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	s = str_format_args(format, args);
	va_end(args);
	return s;
}

bool str_parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	unsigned long long n;
	char *end;

	if (*s < '0' || *s > '9') /* strtoull would accept blanks and signs */
		return false;
	errno = 0;
	n = strtoull(s, &end, 10);
	if (errno || *end || n < min || n > max)
		return false;
	*out = n;
	return true;
}

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

char *str_percent_encode(const char *s)
{
	struct strbuf out = { 0 };

	strbuf_add_str(&out, "");
	for (const char *p = s; *p; p++) {
		if (is_plain(*p))
			strbuf_add_char(&out, *p);
		else
			strbuf_add_format(&out, "%%%02X", (unsigned char)*p);
	}
	return strbuf_detach(&out);
}

unsigned str_hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (unsigned)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (unsigned)(c - 'A') + 10;
	return 16;
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool str_has_suffix(const char *s, const char *suffix)
{
	size_t length = strlen(s), tail = strlen(suffix);

	return length >= tail && !strcmp(s + length - tail, suffix);
}

/* The length of the well-formed UTF-8 character at `s`, 0 if there is none. */
static size_t utf8_char(const unsigned char *s, size_t left)
{
	size_t length = s[0] < 0x80                    ? 1
			: s[0] >= 0xc2 && s[0] <= 0xdf ? 2
			: (s[0] & 0xf0) == 0xe0        ? 3
			: s[0] >= 0xf0 && s[0] <= 0xf4 ? 4
						       : 0;

	if (!length || length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0; /* overlong, surrogate, or beyond U+10FFFF */
	return length;
}

bool str_is_utf8(const char *s, size_t length)
{
	while (length > 0) {
		size_t n = utf8_char((const unsigned char *)s, length);

		if (!n)
			return false;
		s += n;
		length -= n;
	}
	return true;
}

static void strbuf_grow(struct strbuf *b, size_t extra)
{
	size_t need = b->length + extra + 1;

	if (need <= b->capacity)
		return;
	b->capacity = need < 64 ? 64 : need + need / 2;
	b->buf = xrealloc(b->buf, b->capacity);
}

void strbuf_add(struct strbuf *b, const void *data, size_t length)
{
	strbuf_grow(b, length);
	if (length)
		memcpy(b->buf + b->length, data, length);
	b->length += length;
	b->buf[b->length] = '\0';
}

void strbuf_add_str(struct strbuf *b, const char *s)
{
	strbuf_add(b, s, strlen(s));
}

void strbuf_add_char(struct strbuf *b, char c)
{
	strbuf_add(b, &c, 1);
}

void strbuf_add_format(struct strbuf *b, const char *format, ...)
{
	va_list args;
	char *s;

	va_start(args, format);
	s = str_format_args(format, args);
	va_end(args);
	strbuf_add_str(b, s);
	free(s);
}

void strbuf_add_utf8(struct strbuf *b, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t n = utf8_char((const unsigned char *)text, left);

		strbuf_add(b, n ? text : "?", n ? n : 1);
		text += n ? n : 1;
		left -= n ? n : 1;
	}
}

/* Is it a control character: C0, DEL, or C1 (U+0080 to U+009F)? */
static bool is_control(const unsigned char *c)
{
	return c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] <= 0x9f);
}

void strbuf_add_printable(struct strbuf *b, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		const unsigned char *c = (const unsigned char *)text;
		size_t n = utf8_char(c, left);

		bool is_plain = n && !is_control(c);

		n = n ? n : 1;
		if (is_plain)
			strbuf_add(b, text, n);
		for (size_t i = 0; !is_plain && i < n; i++)
			strbuf_add_format(b, "\\x%02x", c[i]);
		text += n;
		left -= n;
	}
}

void strbuf_add_shell_word(struct strbuf *b, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_-+=:,./@%";

	if (*word && strspn(word, plain) == strlen(word)) {
		strbuf_add_str(b, word);
		return;
	}
	strbuf_add_char(b, '\'');
	for (; *word; word++)
		strbuf_add_str(b, *word == '\'' ? "'\\''" : (char[]){ *word, '\0' });
	strbuf_add_char(b, '\'');
}

void strbuf_add_identifier(struct strbuf *b, const char *name, size_t length)
{
	strbuf_add_char(b, '"');
	for (size_t i = 0; i < length; i++) {
		if (name[i] == '"')
			strbuf_add_char(b, '"');
		strbuf_add_char(b, name[i]);
	}
	strbuf_add_char(b, '"');
}

void strbuf_add_hex(struct strbuf *b, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	for (; *text; text++) {
		strbuf_add_char(b, digits[(unsigned char)*text >> 4]);
		strbuf_add_char(b, digits[(unsigned char)*text & 15]);
	}
}

void strbuf_reset(struct strbuf *b)
{
	b->length = 0;
	if (b->buf)
		b->buf[0] = '\0';
}

char *strbuf_detach(struct strbuf *b)
{
	char *s = b->buf ? b->buf : xstrdup("");

	*b = (struct strbuf){ 0 };
	return s;
}

void strbuf_release(struct strbuf *b)
{
	free(b->buf);
	*b = (struct strbuf){ 0 };
}
