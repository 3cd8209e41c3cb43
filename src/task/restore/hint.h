/* SPDX-License-Identifier: PostgreSQL */
/* What to do about an error of a load, by its SQLSTATE, which is the same in every
 * language. */
#ifndef TASK_RESTORE_HINT_H
#define TASK_RESTORE_HINT_H

#include <stdbool.h>

#include "base/error.h"

/*
 * `err` has the words of psql in VERBOSITY=verbose. Sets its hint, or leaves it alone.
 * `is_unit`: several accounts were loaded in one transaction, with _global among them or
 * not.
 */
void restore_hint(struct error *err, bool is_unit, bool has_global);

/* The same for an account that could not be loaded for a trial. Where the error says
 * nothing to go by, a hint that is there stays; there is one in any case. */
void restore_hint_trial(struct error *err);

#endif
