/* SPDX-License-Identifier: PostgreSQL */
/*
 * A command as a sequence of steps, which are entered one after the other. A step is over
 * when `enter` returns, or, if that says STEP_WAIT, when a callback calls machine_move().
 *
 * 1. machine_start(): the loop enters the first step.
 * 2. `end` is called once: after the last step, or after one that failed.
 *
 * Ownership: the machine is a part of its owner, which may be freed within `end`. So
 * machine_move() is the last thing that a callback does.
 */
#ifndef TASK_MACHINE_H
#define TASK_MACHINE_H

#include <stdbool.h>

#include "proc/loop.h"

/* How a step ended: go on to the next, give up, or wait for a callback. */
enum step_result { STEP_NEXT, STEP_FAIL, STEP_WAIT };

struct machine_step {
	const char *name; /* for people */
	enum step_result (*enter)(void *owner);
	/* Have what it waits for come to an end at once, whose callback goes on. NULL: it
	 * lasts an instant, or its callback looks whether the owner is cancelled. */
	void (*cancel)(void *owner);
	bool may_be_left; /* while it waits: whatever calls back ends with the owner */
};

struct machine {
	const struct machine_step *steps;
	unsigned step_count; /* a dry run has less of them */
	unsigned step;       /* entered last; before machine_start() the first */
	bool has_started;
	bool has_failed;
	bool is_cancelled;
	void (*end)(void *owner);
	void *owner;
};

void machine_start(struct machine *machine, struct loop *loop);
void machine_move(struct machine *machine, enum step_result result);

/* From a callback of the loop's own, not of the machine's. May end it, and so free it. */
void machine_cancel(struct machine *machine);

#endif
