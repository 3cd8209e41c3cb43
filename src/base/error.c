/* SPDX-License-Identifier: PostgreSQL */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *err, enum error_kind kind, const char *format, ...)
{
	va_list args;

	err->kind = kind;
	err->hint[0] = '\0';
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return false;
}

bool error_prefix(struct error *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list args;

	memcpy(text, err->text, sizeof(text));
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	error_append(err, ": ");
	return error_append(err, text);
}

bool error_append(struct error *err, const char *text)
{
	size_t used = strlen(err->text), room = sizeof(err->text) - 1 - used;
	size_t length = strnlen(text, room);

	memcpy(err->text + used, text, length);
	err->text[used + length] = '\0';
	return false;
}

bool error_hint(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(err->hint, sizeof(err->hint), format, args);
	va_end(args);
	return false;
}
