/* SPDX-License-Identifier: PostgreSQL */
#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"

static void add_line(struct strbuf *out, const char *prefix, const char *text)
{
	strbuf_add_str(out, prefix);
	strbuf_add_printable(out, text);
	strbuf_add_char(out, '\n');
}

/*
 * Append a further line of an error of the server or psql, worded for this program's
 * users. The server's hint is marked as the server's; a hint that this program's own
 * statements raised begins with its name.
 */
static void add_detail(struct strbuf *out, const char *line)
{
	static const struct {
		const char *theirs, *ours;
	} words[] = {
		{ "DETAIL:  ", "metamodel: detail: " },
		{ "HINT:  metamodel: ", "metamodel: hint: " },
		{ "HINT:  ", "metamodel: detail: the server's hint: " },
		{ "", "metamodel: detail: " },
	};
	size_t i = 0;

	while (!str_has_prefix(line, words[i].theirs))
		i++;
	add_line(out, words[i].ours, line + strlen(words[i].theirs));
}

/* Append the lines of an error: the first one, then the others as details. */
static void add_lines(struct strbuf *out, const char *text)
{
	bool is_first = true;

	do {
		size_t length = strcspn(text, "\n");
		AUTO_FREE char *line = xstrndup(text, length);
		/* libpq indents with tabs */
		const char *words = line + strspn(line, "\t");

		if (is_first)
			add_line(out, "metamodel: error: ", words);
		else
			add_detail(out, words);
		is_first = false;
		text += length + (text[length] == '\n');
	} while (*text);
}

static void emit(const struct log *log, const struct strbuf *out)
{
	struct error ignored; /* stderr is gone: nobody can be told */

	if (log->before)
		log->before(log->owner);
	if (!fs_write_all(STDERR_FILENO, out->buf, out->length, &ignored))
		(void)ignored;
	if (log->after)
		log->after(log->owner);
}

static PRINTF_LIKE(4, 0) void emit_format(const struct log *log, enum log_level level,
					  const char *prefix, const char *format,
					  va_list args)
{
	AUTO_STRBUF struct strbuf out = { 0 };
	AUTO_FREE char *text = NULL;

	if (level > log->level)
		return;
	text = str_format_args(format, args);
	add_line(&out, prefix, text);
	emit(log, &out);
}

void log_info(const struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit_format(log, LOG_INFO, "", format, args);
	va_end(args);
}

void log_warning(const struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit_format(log, LOG_WARNING, "metamodel: warning: ", format, args);
	va_end(args);
}

void log_alert(const struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit_format(log, LOG_ERROR, "metamodel: warning: ", format, args);
	va_end(args);
}

void log_debug(const struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit_format(log, LOG_DEBUG, "metamodel: debug: ", format, args);
	va_end(args);
}

void log_failure(const struct log *log, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	emit_format(log, LOG_ERROR, "", format, args);
	va_end(args);
}

void log_error(const struct log *log, const struct error *err)
{
	AUTO_STRBUF struct strbuf out = { 0 };

	add_lines(&out, err->text);
	if (err->hint[0])
		add_line(&out, "metamodel: hint: ", err->hint);
	emit(log, &out);
}
