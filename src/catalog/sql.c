/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/sql.h"

#include <stddef.h>
#include <string.h>

#include "base/str.h"

char *sql_fill(const char *text, const char *const *words)
{
	struct strbuf out = { 0 };

	while (*text) {
		const char *const *w = words;

		while (*w && !str_has_prefix(text, *w))
			w += 2;
		if (*w) {
			strbuf_add_str(&out, w[1]);
			text += strlen(*w);
		} else {
			strbuf_add_char(&out, *text++);
		}
	}
	return strbuf_detach(&out);
}
