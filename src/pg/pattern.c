/* SPDX-License-Identifier: PostgreSQL */
#include "pg/pattern.h"

#include <string.h>

static bool is_ascii(char c)
{
	return !(c & 0x80);
}

/* The number of bytes from `at` on that all names have in common, without cutting a
 * character. */
static size_t common_length(const char *const *names, size_t count, size_t at)
{
	const char *first = names[0], *last = names[count - 1]; /* the names are sorted */
	size_t end = at;

	while (first[end] && first[end] == last[end])
		end++;
	while (end > at && !is_ascii(first[end - 1]))
		end--;
	return end;
}

/* Add the part of the names from `at` on. The recursion is at most as deep as a name is
 * long. */
static void add_names(struct strbuf *out, const char *const *names, size_t count,
		      size_t at)
{
	size_t end = count > 1 ? common_length(names, count, at) : strlen(names[0]);

	if (end > at)
		strbuf_add_identifier(out, names[0] + at, end - at);
	if (count == 1)
		return;
	strbuf_add_char(out, '(');
	for (size_t i = 0, n; i < count; i += n) {
		char next = names[i][end];

		for (n = 1; next && is_ascii(next) && i + n < count &&
			    names[i + n][end] == next;)
			n++;
		if (i)
			strbuf_add_char(out, '|');
		add_names(out, names + i, n, end);
	}
	strbuf_add_char(out, ')');
}

void pattern_add_names(struct strbuf *out, const char *const *names, size_t count)
{
	add_names(out, names, count, 0);
}

/* A name may add a branch of its own, and one more where another name branches off. */
size_t pattern_bytes_max(const char *name)
{
	size_t bytes = strlen("\"\"|") + strlen("\"\"()");

	for (; *name; name++)
		bytes += *name == '"' ? 2 : 1;
	return bytes;
}
