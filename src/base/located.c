/* SPDX-License-Identifier: PostgreSQL */
#include "base/located.h"

#include <stdlib.h>

void located_release(struct located *at)
{
	free(at->text);
	free(at->path);
	*at = (struct located){ 0 };
}

bool located_prefix(const struct located *at, uint64_t position, struct error *err)
{
	int line = at->line;

	/* a character in UTF-8 begins with a byte that is not 10xxxxxx */
	for (const char *p = at->text; position && *p; p++) {
		position -= (*p & 0xC0) != 0x80;
		line += position && *p == '\n';
	}
	err->kind = ERROR_USAGE;
	return error_prefix(err, "%s:%d: %s", at->path, line, at->key);
}
