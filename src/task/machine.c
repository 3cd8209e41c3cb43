/* SPDX-License-Identifier: PostgreSQL */
#include "task/machine.h"

void machine_move(struct machine *m, enum step_result result)
{
	while (result != STEP_WAIT) {
		m->has_failed = result == STEP_FAIL;
		if (m->has_failed || ++m->step == m->step_count) {
			m->end(m->owner);
			return;
		}
		result = m->steps[m->step].enter(m->owner);
	}
}

static void on_start(void *owner)
{
	struct machine *m = owner;

	m->has_started = true;
	machine_move(m, m->is_cancelled ? STEP_FAIL : m->steps[0].enter(m->owner));
}

void machine_start(struct machine *m, struct loop *loop)
{
	timer_start(loop, 0, on_start, m);
}

void machine_cancel(struct machine *m)
{
	const struct machine_step *step = &m->steps[m->step];

	m->is_cancelled = true;
	if (!m->has_started)
		return;
	if (step->may_be_left)
		machine_move(m, STEP_FAIL);
	else if (step->cancel)
		step->cancel(m->owner);
}
