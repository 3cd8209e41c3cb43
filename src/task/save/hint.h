/* SPDX-License-Identifier: PostgreSQL */
/* What to do about an error of pg_dump or the server. */
#ifndef TASK_SAVE_HINT_H
#define TASK_SAVE_HINT_H

#include "base/error.h"

/* Give the error a hint, unless it has one or none is known. */
void save_hint_add(struct error *err);

#endif
