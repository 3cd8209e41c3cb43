/* SPDX-License-Identifier: PostgreSQL */
/*
 * A step that waits is ended by a callback, one that does not by its return: both go on
 * here, in a loop, so that a run of many short steps does not grow the stack. The first
 * one is entered by the loop, so that a caller has what it started before it ends.
 */
#include "task/machine.h"

void machine_move(struct machine *machine, enum step_result result)
{
	while (result != STEP_WAIT) {
		machine->has_failed = result == STEP_FAIL;
		if (machine->has_failed || ++machine->step == machine->step_count) {
			machine->end(machine->owner);
			return;
		}
		result = machine->steps[machine->step].enter(machine->owner);
	}
}

static void on_start(void *owner)
{
	struct machine *machine = owner;

	machine->has_started = true;
	machine_move(machine, machine->is_cancelled
				      ? STEP_FAIL
				      : machine->steps[0].enter(machine->owner));
}

void machine_start(struct machine *machine, struct loop *loop)
{
	timer_start(loop, 0, on_start, machine);
}

void machine_cancel(struct machine *machine)
{
	const struct machine_step *step = &machine->steps[machine->step];

	machine->is_cancelled = true;
	if (!machine->has_started)
		return;
	if (step->may_be_left)
		machine_move(machine, STEP_FAIL);
	else if (step->cancel)
		step->cancel(machine->owner);
}
