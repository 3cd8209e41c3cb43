/* SPDX-License-Identifier: PostgreSQL */
#include "task/restore/internal.h"

#include <string.h>

void restore_hint_trial(struct error *err)
{
	/* undefined_function, _object, _table, _column, _parameter, invalid_schema_name
	 */
	static const char *const missing[] = { ":  42883: ", ":  42704: ", ":  42P01: ",
					       ":  42703: ", ":  42P02: ", ":  3F000: " };

	if (strstr(err->text, ":  53100: ")) {
		error_hint(err, "free space on the server's disk, or load elsewhere");
		return;
	}
	if (strstr(err->text, ":  42501: ")) {
		error_hint(err, "who restores it needs that right: load as the role that "
				"would restore");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(missing); i++) {
		if (!strstr(err->text, missing[i]))
			continue;
		error_hint(err,
			   "it needs what no save holds, or names it without its schema: "
			   "a restore fails where that is not found. A database that has "
			   "it can be named with --load-template");
		return;
	}
	if (!err->hint[0])
		error_hint(err, "a restore of it would fail in the same way");
}
