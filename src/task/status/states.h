/* SPDX-License-Identifier: PostgreSQL */
/* What status says about an account of OpenResty: how far it is from the newest
 * version. */
#ifndef TASK_STATUS_STATES_H
#define TASK_STATUS_STATES_H

#include "base/strvec.h"
#include "catalog/states.h"
#include "migrations/migrations.h"
#include "pg/session.h"
#include "task/report.h"

/* Fill state, version, problem, hint and `behind` of an account from what was found. */
void states_describe(const struct catalog_state *state, const struct migrations *all,
		     const struct session *session, struct report_account *out);

/* The account's tables are not those of its version: that becomes its state. */
void states_note_drift(struct report_account *out, const struct strvec *differences);

#endif
