/* SPDX-License-Identifier: PostgreSQL */
/* Is a save, or a dump in it, too old? */
#ifndef TASK_AGE_H
#define TASK_AGE_H

#include <stdint.h>
#include <time.h>

#include "store/savedir.h"

/*
 * What is too old, one per line: the save itself, or the dumps that were carried over
 * into it; NULL if nothing is. `name`: what the user calls the save.
 * Ownership: the caller frees.
 */
char *age_find_old(const struct savedir *save, const char *name, uint64_t max_age_s,
		   time_t now);

#endif
