/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which accounts come back together, and in which order. Two are tied when something of
 * the one's metamodel would go with the other's, as the database is now, or when the dump
 * of one, if both are in order, names relations of the other. _global alone is no reason:
 * it is restored before.
 */
#ifndef TASK_RESTORE_UNITS_H
#define TASK_RESTORE_UNITS_H

#include "task/restore/state.h"

/* Each account that has a plan is in one unit, most often alone. */
void restore_units_make(struct restore *restore);

/* One of a unit that cannot be restored keeps the others from it, too. */
void restore_units_fail(struct restore *restore);

/* "a, b and c", with few of many. Ownership: the caller frees. */
char *restore_unit_list(const struct restore_unit *unit);

void restore_units_release(struct restore *restore);

#endif
