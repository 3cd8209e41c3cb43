/* SPDX-License-Identifier: PostgreSQL */
/*
 * Hundreds of nodes are asked in the time that the slowest one needs. Three steps of an
 * upgrade do that, and none of them should count answers by itself.
 */
#include "task/upgrade/round.h"

bool upgrade_round_start(struct upgrade_round *round, const struct farm *farm)
{
	round->pending = 1; /* this very call: until it has asked all, it is not over */
	for (size_t i = 0; i < farm->node_count; i++) {
		if (farm->nodes[i]->error.kind != ERROR_NONE)
			continue;
		round->pending++;
		round->ask(round->asker, farm->nodes[i]);
	}
	return --round->pending > 0;
}

void upgrade_round_answered(struct upgrade_round *round)
{
	if (--round->pending == 0)
		round->done(round->owner);
}
