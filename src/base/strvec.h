/* SPDX-License-Identifier: PostgreSQL */
/* A NULL-terminated vector that owns its strings: an argv, an environment, a list of
 * names. */
#ifndef BASE_STRVEC_H
#define BASE_STRVEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/* All zero is empty. `v` is NULL until something was pushed: pass strvec_argv() to
 * other functions. */
struct strvec {
	char **v;
	size_t count;
};

void strvec_push(struct strvec *vec, const char *s);
void strvec_push_format(struct strvec *vec, const char *format, ...) PRINTF_LIKE(2, 3);

/* Remove the last string. */
void strvec_pop(struct strvec *vec);

/* The NULL-terminated strings, never NULL itself; valid until the next push. */
const char *const *strvec_argv(const struct strvec *vec);

void strvec_sort(struct strvec *vec);

/* Remove duplicates. The vector must be sorted. */
void strvec_unique(struct strvec *vec);

/* Does the vector contain `s`? It must be sorted. */
bool strvec_has(const struct strvec *vec, const char *s);

void strvec_release(struct strvec *vec);

#endif
