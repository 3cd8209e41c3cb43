/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/sql.h"

#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "product/product.h"

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

#define IS_OURS(alias) \
	"left(" alias ".relname, length('" PRODUCT_PREFIX "')) = '" PRODUCT_PREFIX "'"

char *sql_fill_ours(const char *text, bool is_whole)
{
	static const char *const by_prefix[] = {
		":c_is_ours", IS_OURS("c"), ":t_is_ours", IS_OURS("t"),
		":u_is_ours", IS_OURS("u"), ":then",      "",
		":now",       "",           NULL,
	};
	const char *const whole[] = {
		":c_is_ours", "true",
		":t_is_ours", "true",
		":u_is_ours", "true",
		":then",      sql_recheck_whole_then,
		":now",       sql_recheck_whole_now,
		NULL,
	};

	return sql_fill(text, is_whole ? whole : by_prefix);
}
