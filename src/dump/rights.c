/* SPDX-License-Identifier: PostgreSQL */
#include "dump/rights.h"

#include <stdio.h>
#include <string.h>

static void put_hex(char *to, const char *text)
{
	for (; *text; text++, to += 2)
		snprintf(to, 3, "%02x", (unsigned char)*text);
	*to = '\0';
}

/* The last privilege had no list of columns. */
static void end_privilege(struct dumprights *r)
{
	if (*r->privilege && !r->has_column)
		strbuf_add_format(&r->items, " %s", r->privilege);
	r->privilege[0] = '\0';
	r->has_column = false;
}

static void begin(struct dumprights *r, char kind)
{
	strbuf_release(&r->items);
	r->kind = kind;
	r->privilege[0] = '\0';
	r->has_column = false;
	r->relation[0] = r->role[0] = '\0';
}

static void end(struct dumprights *r)
{
	end_privilege(r);
	if (r->kind && r->list.length + r->items.length < DUMPRIGHTS_MAX)
		strbuf_add_format(&r->list, "%c %s %s %s%s;", r->kind, r->relation,
				  r->role, *r->grantor ? r->grantor : "-",
				  r->items.length ? r->items.buf : "");
	else if (r->kind)
		r->is_full = true;
	r->kind = '\0';
}

static void add_column(struct dumprights *r, const char *name)
{
	char hex[2 * DUMP_TEXT_SIZE];

	put_hex(hex, name);
	r->has_column = true;
	if (r->items.length < DUMPRIGHTS_MAX)
		strbuf_add_format(&r->items, " %s:%s", r->privilege, hex);
}

void dumprights_take(struct dumprights *r, enum dumpsql_right part, const char *text)
{
	switch (part) {
	case RIGHT_NONE:
	case RIGHT_OWNER:
	case RIGHT_OTHER_ROLE:
		break;
	case RIGHT_GRANT:
		begin(r, 'g');
		break;
	case RIGHT_REVOKE:
		begin(r, 'r');
		break;
	case RIGHT_OPTION:
		if (r->kind)
			r->kind = r->kind == 'g' ? 'G' : 'o';
		break;
	case RIGHT_PRIVILEGE:
		end_privilege(r);
		snprintf(r->privilege, sizeof(r->privilege), "%s", text);
		break;
	case RIGHT_COLUMN:
		add_column(r, text);
		break;
	case RIGHT_ROLE:
		put_hex(r->role, text);
		break;
	case RIGHT_PUBLIC:
		snprintf(r->role, sizeof(r->role), "-");
		break;
	case RIGHT_END:
		end(r);
		break;
	case RIGHT_SESSION:
		r->has_session = true;
		put_hex(r->grantor, text);
		break;
	case RIGHT_RESET:
		r->grantor[0] = '\0';
		break;
	}
}

void dumprights_take_target(struct dumprights *r, const char *relation)
{
	if (r->kind)
		put_hex(r->relation, relation);
}

void dumprights_pass_over(struct dumprights *r)
{
	r->kind = '\0';
}

void dumprights_release(struct dumprights *r)
{
	strbuf_release(&r->list);
	strbuf_release(&r->items);
	*r = (struct dumprights){ 0 };
}
