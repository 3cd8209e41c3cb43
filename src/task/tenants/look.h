/* SPDX-License-Identifier: PostgreSQL */
/*
 * Which steps the tenants have at one time, and what status would say about them. Two
 * such looks, before and after a command, tell what it did.
 */
#ifndef TASK_TENANTS_LOOK_H
#define TASK_TENANTS_LOOK_H

#include "catalog/steps.h"
#include "task/report.h"
#include "task/run.h"

/* All zero is empty. */
struct tenants_look {
	const struct run_opts *opts;
	const struct farm *farm;
	struct steps_found found;
	const struct tenant_steps *
		*steps;       /* for each account of the farm; NULL: unknown */
	struct report states; /* the same, as steps_describe() says */
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

/*
 * Look at all tenants, whichever are named, since all of them decide what is current.
 * `done` is called later, never during this call. *look must stay where it is until then;
 * `opts` and `farm` must outlive it.
 * Ownership: the caller releases *look, which is initially empty.
 * Errors: as steps_read() and steps_describe().
 */
void tenants_look_start(struct tenants_look *look, const struct run_opts *opts,
			const struct farm *farm,
			void (*done)(void *owner, const struct error *err), void *owner);
void tenants_look_release(struct tenants_look *look);

/* Has the account, by its index in the farm, the same steps in both? */
bool tenants_look_is_same(const struct tenants_look *before,
			  const struct tenants_look *after, size_t index);

#endif
