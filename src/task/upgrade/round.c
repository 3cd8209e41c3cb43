/* SPDX-License-Identifier: PostgreSQL */
/*
 * Asking hundreds of nodes takes as long as the slowest one. Three steps of an upgrade do
 * that; this file counts the answers for all of them.
 */
#include "task/upgrade/round.h"

bool upgrade_round_start(struct upgrade_round *round, const struct farm *farm)
{
	/* this call itself: the round is not over before all are asked */
	round->pending = 1;
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
