/* SPDX-License-Identifier: PostgreSQL */
/* Is a save, or a dump in it, older than it may be? */
#ifndef TASK_AGE_H
#define TASK_AGE_H

#include <stdint.h>
#include <time.h>

#include "store/savedir.h"

/*
 * What is older, a line each: the save itself, or the dumps that were carried over into
 * it. NULL: nothing is. `name`: what the user calls it.
 * Ownership: the caller frees.
 */
char *age_find_old(const struct savedir *save, const char *name, uint64_t max_age_s,
		   time_t now);

#endif
