/* SPDX-License-Identifier: PostgreSQL */
#include "dump/parts.h"

#include <stdio.h>
#include <string.h>

enum { PIECE_BYTES = 65536 }; /* of a row; longer than the line that ends the rows */

static void on_target(void *owner, enum dumpsql_use use, const char *schema,
		      const char *name)
{
	struct dumpparts *p = owner;

	if (p->use != SQL_NO_USE)
		return;
	p->use = use;
	snprintf(p->schema, sizeof(p->schema), "%s", schema);
	snprintf(p->name, sizeof(p->name), "%s", name);
}

void dumpparts_init(struct dumpparts *p, const struct dumpparts_hooks *hooks)
{
	const struct dumpscan_hooks scan_hooks = { .is_whole = hooks->is_whole,
						   .on_target = on_target,
						   .owner = p };

	*p = (struct dumpparts){ .hooks = *hooks };
	dumpscan_init(&p->scan, &scan_hooks);
}

static void begin_line(struct dumpparts *p)
{
	p->is_row = dumpscan_is_in_rows(&p->scan);
	if (p->is_row || dumpscan_is_in_statement(&p->scan))
		return;
	strbuf_reset(&p->text);
	p->use = SQL_NO_USE;
}

static void take_text(struct dumpparts *p, const char *data, size_t length)
{
	size_t room = DUMPPARTS_TEXT_MAX - p->text.length;

	strbuf_add(&p->text, data, length < room ? length : room);
}

static void end_text(struct dumpparts *p)
{
	if (p->use == SQL_NO_USE)
		return;
	if (dumpscan_is_in_rows(&p->scan)) {
		if (p->hooks.on_copy)
			p->hooks.on_copy(p->hooks.owner, p->schema, p->name, p->text.buf);
	} else if (!dumpscan_is_in_statement(&p->scan) && p->hooks.on_statement) {
		p->hooks.on_statement(p->hooks.owner, p->use, p->schema, p->name,
				      p->text.buf);
	}
}

static void take_row(struct dumpparts *p, const char *data, size_t length, bool is_end)
{
	if (p->hooks.on_row)
		p->hooks.on_row(p->hooks.owner, data, length, is_end);
	p->has_pieces = !is_end;
}

/* The line was fed to the scanner: if that has reached the end of the rows, this line was
 * the end marker. */
static void end_row(struct dumpparts *p, const char *data, size_t length)
{
	if (dumpscan_is_in_rows(&p->scan) || p->has_pieces)
		take_row(p, data, length, true);
	else if (p->hooks.on_copy_end)
		p->hooks.on_copy_end(p->hooks.owner);
}

static void take_row_text(struct dumpparts *p, const char *data, size_t length,
			  bool is_end)
{
	if (is_end && !p->line.length) {
		end_row(p, data, length - 1);
		return;
	}
	strbuf_add(&p->line, data, length - is_end);
	if (is_end)
		end_row(p, p->line.buf, p->line.length);
	else if (p->line.length > PIECE_BYTES)
		take_row(p, p->line.buf, p->line.length, false);
	else
		return;
	strbuf_reset(&p->line);
}

/* A line, or a piece of one. */
static void feed_piece(struct dumpparts *p, const char *data, size_t length, bool is_end)
{
	if (!p->is_within_line)
		begin_line(p);
	dumpscan_feed(&p->scan, data, length);
	if (p->is_row) {
		take_row_text(p, data, length, is_end);
	} else {
		take_text(p, data, length);
		if (is_end)
			end_text(p);
	}
	p->is_within_line = !is_end;
}

void dumpparts_feed(struct dumpparts *p, const char *data, size_t length)
{
	while (length > 0) {
		const char *newline = memchr(data, '\n', length);
		size_t used = newline ? (size_t)(newline - data) + 1 : length;

		feed_piece(p, data, used, newline != NULL);
		data += used;
		length -= used;
	}
}

void dumpparts_release(struct dumpparts *p)
{
	strbuf_release(&p->line);
	strbuf_release(&p->text);
}
