/* SPDX-License-Identifier: PostgreSQL */
/* A NULL-terminated vector of strings that it owns: an argv, an environment, a list of
 * names. */
#ifndef BASE_STRVEC_H
#define BASE_STRVEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

/* All zero is empty. `v` is NULL until something was pushed: hand strvec_argv() to
 * others. */
struct strvec {
	char **v;
	size_t count;
	size_t capacity;
};

void strvec_push(struct strvec *vec, const char *s);
void strvec_push_format(struct strvec *vec, const char *format, ...) PRINTF_LIKE(2, 3);

/* Take the last one away. */
void strvec_pop(struct strvec *vec);

/* The strings with their closing NULL, never NULL itself; valid until the next push. */
const char *const *strvec_argv(const struct strvec *vec);

void strvec_sort(struct strvec *vec);

/* Of those that are equal, leave one. The vector is sorted. */
void strvec_unique(struct strvec *vec);

/* Is it in there? The vector is sorted. */
bool strvec_has(const struct strvec *vec, const char *s);

void strvec_release(struct strvec *vec);

#endif
