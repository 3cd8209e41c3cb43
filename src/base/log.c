/* SPDX-License-Identifier: PostgreSQL */
#include "base/log.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"

/* Add `text` to `out`, each line after `first` (the first) or `more` (the others). */
static void add_lines(struct strbuf *out, const char *first, const char *more,
		      const char *text)
{
	for (const char *prefix = first; prefix; prefix = *text ? more : NULL) {
		size_t length = more ? strcspn(text, "\n") : strlen(text);
		AUTO_FREE char *line = xstrndup(text, length);

		strbuf_add_str(out, prefix);
		strbuf_add_printable(
			out, line + strspn(line, "\t")); /* libpq indents with it */
		strbuf_add_char(out, '\n');
		text += length + (text[length] == '\n');
	}
}

static void emit(const struct log *log, const struct strbuf *out)
{
	struct error ignored; /* nobody is left to tell when stderr is gone */

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
	add_lines(&out, prefix, NULL, text);
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

	add_lines(&out, "metamodel: error: ", "metamodel: detail: ", err->text);
	if (err->hint[0])
		add_lines(&out, "metamodel: hint: ", "metamodel: hint: ", err->hint);
	emit(log, &out);
}
