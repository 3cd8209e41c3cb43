/* SPDX-License-Identifier: PostgreSQL */
#include "base/strvec.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static void push_owned(struct strvec *vec, char *s)
{
	vec->v = xgrow(vec->v, vec->count + 1, sizeof(*vec->v)); /* 1 for the NULL */
	vec->v[vec->count++] = s;
	vec->v[vec->count] = NULL;
}

void strvec_push(struct strvec *vec, const char *s)
{
	push_owned(vec, xstrdup(s));
}

void strvec_push_format(struct strvec *vec, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	push_owned(vec, str_format_args(format, args));
	va_end(args);
}

void strvec_pop(struct strvec *vec)
{
	free(vec->v[--vec->count]);
	vec->v[vec->count] = NULL;
}

const char *const *strvec_argv(const struct strvec *vec)
{
	static const char *const empty[] = { NULL };

	return vec->v ? (const char *const *)vec->v : empty;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strvec_sort(struct strvec *vec)
{
	if (vec->count)
		qsort(vec->v, vec->count, sizeof(*vec->v), compare);
}

void strvec_unique(struct strvec *vec)
{
	size_t count = 0;

	for (size_t i = 0; i < vec->count; i++) {
		if (count && !strcmp(vec->v[count - 1], vec->v[i]))
			free(vec->v[i]);
		else
			vec->v[count++] = vec->v[i];
	}
	vec->count = count;
	if (vec->v)
		vec->v[count] = NULL;
}

bool strvec_has(const struct strvec *vec, const char *s)
{
	return vec->count && bsearch(&s, vec->v, vec->count, sizeof(*vec->v), compare);
}

void strvec_release(struct strvec *vec)
{
	for (size_t i = 0; i < vec->count; i++)
		free(vec->v[i]);
	free(vec->v);
	*vec = (struct strvec){ 0 };
}
