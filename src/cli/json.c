/* SPDX-License-Identifier: PostgreSQL */
#include "cli/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"

json_t *json_text(const char *s)
{
	AUTO_STRBUF struct strbuf clean = { 0 };

	if (!s)
		return json_null();
	strbuf_add(&clean, "", 0);
	strbuf_add_utf8(&clean, s);
	return json_string(clean.buf);
}

json_t *json_lines(const char *s)
{
	json_t *list = json_array();

	while (s && *s) {
		size_t length = strcspn(s, "\n");
		AUTO_FREE char *line = xstrndup(s, length);

		json_array_append_new(list, json_text(line));
		s += length + (s[length] == '\n');
	}
	return list;
}

json_t *json_begin(const struct cli *cli, const char *result, const struct error *err)
{
	bool has_error = err->kind != ERROR_NONE;
	char finished[CLOCK_TEXT_BYTES];

	clock_now(finished);
	return json_pack("{ss ss ss sf ss si so so}", "command", cli->command->line.name,
			 "started", cli->started, "finished", finished, "seconds",
			 (double)(loop_now_ms() - cli->started_ms) / 1000, "result",
			 result, "exit_status", cli->exit_status, "error",
			 json_text(has_error ? err->text : NULL), "hint",
			 json_text(has_error && err->hint[0] ? err->hint : NULL));
}

bool json_write(json_t *root, int fd, struct error *err)
{
	AUTO_FREE char *line = json_dumps(root, JSON_COMPACT | JSON_PRESERVE_ORDER |
							JSON_REAL_PRECISION(6));

	json_decref(root);
	if (!line)
		abort(); /* out of memory */
	return (fs_write_all(fd, line, strlen(line), err) &&
		fs_write_all(fd, "\n", 1, err)) ||
	       error_prefix(err, "the report");
}

bool json_end(json_t *root, struct error *err)
{
	return json_write(root, STDOUT_FILENO, err);
}
