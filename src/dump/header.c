/* SPDX-License-Identifier: PostgreSQL */
#include "dump/header.h"

#include <string.h>

#include "base/compiler.h"

/*
 * A complete line as pg_dump writes it, and the first version of the server that knows
 * the setting. Settings that also change what is created, such as
 * default_table_access_method, are not listed.
 */
static const struct {
	const char *line;
	unsigned first_major;
} settings[] = {
	{ "SET transaction_timeout = 0;", 17 },
};

bool dumpheader_leaves_out(const char *setting, unsigned server_major)
{
	size_t length = strlen(setting);

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const char *name = settings[i].line + strlen("SET ");

		if (server_major < settings[i].first_major &&
		    !strncmp(name, setting, length) && name[length] == ' ')
			return true;
	}
	return false;
}

static bool is_line(const char *line, size_t length, const char *text)
{
	return length == strlen(text) && !memcmp(line, text, length);
}

static bool begins(const char *line, size_t length, const char *text)
{
	return length >= strlen(text) && !memcmp(line, text, strlen(text));
}

/* May this line stand before or among the settings? */
static bool is_header(const char *line, size_t length)
{
	return !length || begins(line, length, "--") || begins(line, length, "SET ") ||
	       begins(line, length, "\\restrict ");
}

void dumpheader_adapt(char *data, size_t length, unsigned server_major)
{
	const char *end = data + length;

	for (char *line = data; line < end;) {
		char *newline = memchr(line, '\n', (size_t)(end - line));
		size_t line_length = newline ? (size_t)(newline - line) : 0;

		if (!newline || !is_header(line, line_length))
			return;
		for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
			if (server_major < settings[i].first_major &&
			    is_line(line, line_length, settings[i].line))
				memcpy(line, "-- ", 3);
		line = newline + 1;
	}
}
