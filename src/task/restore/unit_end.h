/* SPDX-License-Identifier: PostgreSQL */
/* What the end of a unit's psql means for its accounts: they are restored, or as before,
 * or in an unknown state; or they are tried again. */
#ifndef TASK_RESTORE_UNIT_END_H
#define TASK_RESTORE_UNIT_END_H

#include "base/error.h"
#include "catalog/restore.h"
#include "task/restore/state.h"

/* Call this before the first unit is loaded: it counts the accounts that have already
 * failed as finished. */
void restore_unit_end_begin(struct restore *restore);

/* Nothing of the unit was committed, and it will not be tried again. */
void restore_unit_end_failed(struct restore_unit *unit, const struct error *err);

/* Its psql has ended, and the server will be asked about the transaction. */
void restore_unit_end_in_doubt(struct restore_unit *unit);

/* The server has said how its transaction ended. Ends its work item, or has it tried
 * again. */
void restore_unit_end_settled(struct restore_unit *unit, enum catalog_outcome outcome);

#endif
