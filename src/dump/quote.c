/* SPDX-License-Identifier: PostgreSQL */
#include "dump/quote.h"

#include <string.h>

void dumpquote_open(struct dumpquote *q, enum dumpquote_kind kind, const char *tag)
{
	size_t length = strnlen(tag, DUMP_TEXT_SIZE - 1);

	q->kind = kind;
	q->is_closed = q->is_ambiguous = q->is_cut = q->is_at_quote = q->is_odd = false;
	q->newlines = 0;
	q->length = q->tag_matched = 0;
	q->text[0] = '\0';
	q->tag[0] = q->tag[length + 1] = '$';
	memcpy(q->tag + 1, tag, length);
	q->tag_length = (uint32_t)length + 2;
}

bool dumpquote_is_plain(const struct dumpquote *q)
{
	if (q->kind == QUOTE_NONSTANDARD)
		return !q->is_cut && !strchr(q->text, '\\');
	return !q->is_cut && (q->kind == QUOTE_PLAIN || q->kind == QUOTE_NAME);
}

static void take(struct dumpquote *q, const char *p, size_t length)
{
	size_t room = DUMP_TEXT_SIZE - 1 - q->length;
	const char *end = p + length;

	q->is_cut = q->is_cut || length > room;
	room = length < room ? length : room;
	memcpy(q->text + q->length, p, room);
	q->length += (uint32_t)room;
	q->text[q->length] = '\0';
	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		q->newlines++;
		p++;
	}
}

static size_t feed_dollar(struct dumpquote *q, const char *p, size_t length)
{
	size_t i = 0;

	while (i < length && !q->is_closed) {
		if (!q->tag_matched) {
			const char *dollar = memchr(p + i, '$', length - i);

			i = dollar ? (size_t)(dollar - p) + 1 : length;
			q->tag_matched = dollar ? 1 : 0;
		} else if (p[i] == q->tag[q->tag_matched]) {
			i++;
			q->is_closed = ++q->tag_matched == q->tag_length;
		} else {
			q->tag_matched = p[i++] == '$' ? 1 : 0;
		}
	}
	take(q, p, i);
	return i;
}

/* Does an odd number of backslashes precede what follows these bytes? */
static bool is_odd_after(bool is_odd, const char *p, size_t length)
{
	size_t count = 0;

	while (count < length && p[length - 1 - count] == '\\')
		count++;
	return (count % 2 == 1) != (count == length && is_odd);
}

static size_t feed_plain(struct dumpquote *q, const char *p, size_t length)
{
	char mark = q->kind == QUOTE_NAME || q->kind == QUOTE_UNICODE_NAME ? '"' : '\'';
	const char *quote = memchr(p, mark, length);
	size_t used = quote ? (size_t)(quote - p) : length;

	take(q, p, used);
	if (q->kind == QUOTE_PLAIN)
		q->is_odd = is_odd_after(q->is_odd, p, used);
	if (!quote)
		return used;
	q->is_ambiguous = q->is_ambiguous || q->is_odd;
	q->is_at_quote = true;
	return used + 1;
}

static size_t feed_escaped(struct dumpquote *q, const char *p, size_t length)
{
	const char *at = p, *end = p + length, *quote = NULL;

	while (at < end && !q->is_at_quote) {
		const char *backslash;

		if (q->is_odd) {
			q->is_odd = false;
			if (*at == '\'' && q->kind == QUOTE_NONSTANDARD)
				q->is_ambiguous = true;
			at++;
			continue;
		}
		if (!quote || quote < at)
			quote = memchr(at, '\'', (size_t)(end - at));
		quote = quote ? quote : end;
		backslash = memchr(at, '\\', (size_t)(quote - at));
		q->is_odd = backslash != NULL;
		q->is_at_quote = !backslash && quote < end;
		at = backslash ? backslash + 1 : quote < end ? quote + 1 : end;
	}
	take(q, p, (size_t)(at - p) - (q->is_at_quote ? 1 : 0));
	return (size_t)(at - p);
}

/* After a quotation mark: another one belongs to the text. */
static size_t feed_next(struct dumpquote *q, const char *p)
{
	char mark = q->kind == QUOTE_NAME || q->kind == QUOTE_UNICODE_NAME ? '"' : '\'';

	q->is_at_quote = false;
	if (*p == mark && q->kind != QUOTE_BITS) {
		take(q, p, 1);
		return 1;
	}
	q->is_closed = true;
	return 0;
}

size_t dumpquote_feed(struct dumpquote *q, const char *data, size_t length)
{
	bool is_escaping = q->kind == QUOTE_ESCAPE || q->kind == QUOTE_NONSTANDARD;
	size_t used = 0;

	while (used < length && !q->is_closed) {
		if (q->is_at_quote)
			used += feed_next(q, data + used);
		else if (q->kind == QUOTE_DOLLAR)
			used += feed_dollar(q, data + used, length - used);
		else if (is_escaping)
			used += feed_escaped(q, data + used, length - used);
		else
			used += feed_plain(q, data + used, length - used);
	}
	return used;
}
