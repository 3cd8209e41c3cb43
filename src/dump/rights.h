/* SPDX-License-Identifier: PostgreSQL */
/*
 * The GRANTs and REVOKEs of a dump as a list of plain ASCII that a server can take apart.
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
	bool is_full;     /* there are more than the list holds */
	bool has_session; /* SET SESSION AUTHORIZATION */

	/* The rest is dumprights' own. */
	char kind;
	char relation[2 * DUMP_TEXT_SIZE];
	char role[2 * DUMP_TEXT_SIZE];
	char grantor[2 * DUMP_TEXT_SIZE];
	char privilege[DUMP_TEXT_SIZE];
	bool has_column;
	struct strbuf items;
};

/* Each part as it comes; `text` of those that have one. */
void dumprights_take(struct dumprights *rights, enum dumpsql_right part,
		     const char *text);
/* What the GRANT or REVOKE is about; no matter in other statements. */
void dumprights_take_target(struct dumprights *rights, const char *relation);
void dumprights_release(struct dumprights *rights);

#endif
