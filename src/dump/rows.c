/* SPDX-License-Identifier: PostgreSQL */
#include "dump/rows.h"

#include <string.h>

#include "base/str.h"

enum { HEAD_OTHER = 4 };

void dumprows_start(struct dumprows *r, uint32_t wanted, dumprows_value_fn on_value,
		    void *owner)
{
	*r = (struct dumprows){ .on_value = on_value, .owner = owner, .wanted = wanted };
}

/* The byte that up to `max` digits to this base describe; *p moves past them. */
static char decode_digits(const char **p, unsigned base, unsigned max)
{
	unsigned value = 0;

	for (; max > 0 && str_hex_digit(**p) < base; max--, (*p)++)
		value = value * base + str_hex_digit(**p);
	return (char)(value & 0xff);
}

/* The byte that a backslash and what stands at *p describe; *p moves past it. */
static char decode_escape(const char **p)
{
	static const char letters[] = "bfnrtv", bytes[] = "\b\f\n\r\t\v";
	const char *letter = strchr(letters, **p);

	if (**p >= '0' && **p <= '7')
		return decode_digits(p, 8, 3);
	if (**p == 'x' && str_hex_digit((*p)[1]) < 16) {
		(*p)++;
		return decode_digits(p, 16, 2);
	}
	(*p)++;
	return letter ? bytes[letter - letters] : (*p)[-1];
}

static void decode(char *value)
{
	const char *p = value;
	char *to = value;

	while (*p) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++;
		if (*p) /* otherwise the value was cut here */
			*to++ = decode_escape(&p);
	}
	*to = '\0';
}

static void report_value(struct dumprows *r)
{
	if (r->column < r->wanted)
		return; /* a row that is too short: psql will report it */
	r->value[r->value_length] = '\0';
	if (!strcmp(r->value, "\\N")) {
		r->on_value(r->owner, NULL);
		return;
	}
	decode(r->value);
	r->on_value(r->owner, r->value);
}

static void add_to_value(struct dumprows *r, const char *p, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (p[i] == '\t' && !r->is_escaped)
			r->column++;
		else if (r->column == r->wanted && r->value_length < DUMPROWS_VALUE_MAX)
			r->value[r->value_length++] = p[i];
		r->is_escaped = !r->is_escaped && p[i] == '\\';
	}
}

/* Take a piece of a line. */
static void add_piece(struct dumprows *r, const char *p, size_t length)
{
	if (!length)
		return;
	if (!r->head_length && *p != '\\')
		r->head_length = HEAD_OTHER;
	for (size_t i = 0; i < length && r->head_length < HEAD_OTHER; i++)
		r->head[r->head_length++] = p[i];
	r->last = p[length - 1];
	if (r->on_value)
		add_to_value(r, p, length);
}

static void end_line(struct dumprows *r)
{
	r->lines++;
	r->has_cr = r->last == '\r';
	r->is_done = (r->head_length == 2 && !memcmp(r->head, "\\.", 2)) ||
		     (r->head_length == 3 && !memcmp(r->head, "\\.\r", 3));
	if (!r->is_done) {
		r->rows++;
		if (r->on_value)
			report_value(r);
	}
	r->head_length = r->column = r->value_length = 0;
	r->last = '\0';
	r->is_escaped = false;
}

size_t dumprows_feed(struct dumprows *r, const char *data, size_t length)
{
	const char *p = data, *end = data + length;

	while (p < end && !r->is_done && !r->has_cr) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		add_piece(r, p, (size_t)(stop - p));
		if (newline)
			end_line(r);
		p = newline ? newline + 1 : end;
	}
	return (size_t)(p - data);
}
