/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/rights.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/sql.h"

enum { CHUNK_BYTES = 64 * 1024 }; /* Linux accepts no argument of 128 KiB */

void catalog_rights_add(const struct catalog_plan *plan, const char *rights,
			bool has_session, struct strvec *statements)
{
	const char *rest = rights ? rights : "";
	size_t chunks = 0;

	do {
		size_t length = strnlen(rest, CHUNK_BYTES);

		strvec_push_format(statements, "SET LOCAL metamodel.rights_%zu = '%.*s'",
				   ++chunks, (int)length, rest);
		rest += length;
	} while (*rest);

	AUTO_FREE char *count = str_format("%zu", chunks);
	const char *const words[] = {
		":account_hex", plan->raw_name_hex,     ":chunks",
		count,          ":has_session",         has_session ? "true" : "false",
		":differences", sql_rights_differences, NULL
	};
	AUTO_FREE char *check = sql_fill(sql_restore_rights, words);

	strvec_push(statements, check);
}
