/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which accounts are restored together, and in which order. Two accounts are tied
 * together if dropping one's metamodel would drop something of the other's, or if the
 * dump of one names relations of the other (and both dumps are in order). A dependency on
 * _global ties nothing: it is restored earlier.
 */
#ifndef TASK_RESTORE_UNITS_H
#define TASK_RESTORE_UNITS_H

#include "task/restore/state.h"

/* Put each account that has a plan into one unit; most units have one account. */
void restore_units_make(struct restore *restore);

/* If an account of a unit cannot be restored, fail the others of the unit, too. */
void restore_units_fail(struct restore *restore);

/* "a, b and c", shortened if there are many. Ownership: the caller frees. */
char *restore_unit_list(const struct restore_unit *unit);

void restore_units_release(struct restore *restore);

#endif
