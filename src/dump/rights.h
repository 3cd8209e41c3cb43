/* SPDX-License-Identifier: PostgreSQL */
/*
 * The GRANTs and REVOKEs of a dump as a list in plain ASCII that a server can parse.
 * Part of dumpfile.
 *
 * Each is "KIND RELATION ROLE GRANTOR ITEM...;": KIND is g (GRANT), G (with grant
 * option), r (REVOKE) or o (only the grant option); names are in hexadecimal digits; ROLE
 * "-" is PUBLIC, GRANTOR "-" the owner; an ITEM is PRIVILEGE or PRIVILEGE:COLUMN.
 */
#ifndef DUMP_RIGHTS_H
#define DUMP_RIGHTS_H

#include <stdbool.h>

#include "base/str.h"
#include "dump/sql.h"

enum { DUMPRIGHTS_MAX = 1 << 20 }; /* bytes of a list */

struct dumprights {
	struct strbuf list;
	bool is_full;     /* there are more than fit into the list */
	bool has_session; /* SET SESSION AUTHORIZATION */

	/* The rest is private. */
	char kind;
	char relation[2 * DUMP_TEXT_SIZE];
	char role[2 * DUMP_TEXT_SIZE];
	char grantor[2 * DUMP_TEXT_SIZE];
	char privilege[DUMP_TEXT_SIZE];
	bool has_column;
	struct strbuf items;
};

/* Process the parts in order; `text` is that of a part that has one. */
void dumprights_take(struct dumprights *rights, enum dumpsql_right part,
		     const char *text);
/* The relation of the GRANT or REVOKE; ignored in other statements. */
void dumprights_take_target(struct dumprights *rights, const char *relation);
/* The GRANT or REVOKE is about something else than a relation: it is not listed. */
void dumprights_pass_over(struct dumprights *rights);
void dumprights_release(struct dumprights *rights);

#endif
