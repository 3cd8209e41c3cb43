/* SPDX-License-Identifier: PostgreSQL */
/*
 * The present save and the old ones. They are held open from the first step on, since
 * dumps may be carried over from them, and the new save's serial number must be greater
 * than all of theirs.
 */
#ifndef TASK_SAVE_PREVIOUS_H
#define TASK_SAVE_PREVIOUS_H

#include "task/save/state.h"

/*
 * Open them, under the lock, and check that nothing else has taken the place of one.
 * Errors: as place_check_renames(), rotate_check() and savedir_open(). A damaged save is
 * only logged.
 */
MUST_CHECK bool save_previous_open(struct save *save, struct error *err);

/*
 * Which of them were made from another database than the one that the farm is connected
 * to?
 * Errors: ERROR_DATA if the newest one was, unless the user has said that it may be
 * replaced; or if its dumps are of another kind. Old ones of another kind count as
 * foreign.
 */
MUST_CHECK bool save_previous_compare(struct save *save, struct error *err);

/* "metamodel", "metamodel.old" and so on, as the user calls them. Ownership: the caller
 * frees. */
char *save_previous_format_name(const struct save *save, size_t generation);

void save_previous_release(struct save *save);

#endif
