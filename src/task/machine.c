/* SPDX-License-Identifier: PostgreSQL */
/*
 * A step that waits is ended by a callback, one that does not wait by its return. Both
 * continue here, in a loop, so that many short steps do not grow the stack. The event
 * loop enters the first step, so that a caller has its object before the object can end.
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
