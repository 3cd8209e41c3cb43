/* SPDX-License-Identifier: PostgreSQL */
/* What to do about an error of a load. It is found by SQLSTATE, which is the same in
 * every language. */
#ifndef TASK_RESTORE_HINT_H
#define TASK_RESTORE_HINT_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Set the hint of `err`, whose text is psql's with VERBOSITY=verbose, or leave it as it
 * is. `is_unit`: several accounts were loaded in one transaction; `has_global`: _global
 * was one of them.
 */
void restore_hint(struct error *err, bool is_unit, bool has_global);

/* The same for an account that failed in a trial. If the error is not known, an existing
 * hint stays. There is always a hint afterwards. */
void restore_hint_trial(struct error *err);

#endif
