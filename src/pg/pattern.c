/* SPDX-License-Identifier: PostgreSQL */
#include "pg/pattern.h"

#include <string.h>

static bool is_ascii(char c)
{
	return !(c & 0x80);
}

/* So many bytes do all of them begin with, from `at` on; no character is cut in two. */
static size_t common_length(const char *const *names, size_t count, size_t at)
{
	const char *first = names[0], *last = names[count - 1]; /* they are sorted */
	size_t end = at;

	while (first[end] && first[end] == last[end])
		end++;
	while (end > at && !is_ascii(first[end - 1]))
		end--;
	return end;
}

/* Of the names, the part from `at` on. The depth is at most the length of a name. */
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

/* A name may make a branch of its own, and one more where it leaves another. */
size_t pattern_bytes_max(const char *name)
{
	size_t bytes = strlen("\"\"|") + strlen("\"\"()");

	for (; *name; name++)
		bytes += *name == '"' ? 2 : 1;
	return bytes;
}
