/* SPDX-License-Identifier: PostgreSQL */
/*
 * A command as a sequence of steps, entered one after the other. A step ends when `enter`
 * returns or, if it returns STEP_WAIT, when a callback calls machine_move().
 *
 * 1. machine_start(): the loop enters the first step.
 * 2. `end` is called once: after the last step, or after one that failed.
 *
 * Ownership: the machine is embedded in its owner, which may be freed in `end`. So a
 * callback must do nothing after machine_move().
 */
#ifndef TASK_MACHINE_H
#define TASK_MACHINE_H

#include <stdbool.h>

#include "proc/loop.h"

/* The result of a step: go on to the next one, give up, or wait for a callback. */
enum step_result { STEP_NEXT, STEP_FAIL, STEP_WAIT };

struct machine_step {
	const char *name; /* for messages */
	enum step_result (*enter)(void *owner);
	/*
	 * End at once what the step is waiting for; its callback then continues. NULL:
	 * the step takes no time, or its callback checks whether the owner is cancelled.
	 */
	void (*cancel)(void *owner);
	/* While it waits: everything that could call back ends with the owner. */
	bool may_be_left;
};

struct machine {
	const struct machine_step *steps;
	unsigned step_count; /* a dry run has fewer */
	unsigned step;       /* entered last; before machine_start(), the first one */
	bool has_started;
	bool has_failed;
	bool is_cancelled;
	void (*end)(void *owner);
	void *owner;
};

void machine_start(struct machine *machine, struct loop *loop);
void machine_move(struct machine *machine, enum step_result result);

/* Call this from a callback of the loop, not from one of the machine. It may end the
 * machine, and thereby free it. */
void machine_cancel(struct machine *machine);

#endif
