/* SPDX-License-Identifier: PostgreSQL */
/*
 * One bad account costs one pg_dump for each halving of its batch. If a disk is full or a
 * role lacks privileges, each of thousands of accounts would cost one that can only fail:
 * then it is better to stop, and to say so.
 */
#include "task/save/setbacks.h"

#include <stdlib.h>

#include "base/str.h"

enum { SETBACKS_MAX = 64 };

bool save_setbacks_add(struct save_node *node)
{
	return ++node->setbacks.in_a_row > SETBACKS_MAX;
}

void save_setbacks_clear(struct save_node *node)
{
	node->setbacks.in_a_row = 0;
	free(node->setbacks.given_up);
	node->setbacks.given_up = NULL;
}

const struct error *save_setbacks_give_up(struct save_node *node,
					  const struct error *last)
{
	struct save_setbacks *setbacks = &node->setbacks;

	if (setbacks->given_up)
		return setbacks->given_up;
	setbacks->given_up = xcalloc(1, sizeof(*setbacks->given_up));
	*setbacks->given_up = *last;
	error_prefix(setbacks->given_up,
		     "not tried by itself, after %u pg_dumps in a row had failed, the "
		     "last with",
		     setbacks->in_a_row);
	return setbacks->given_up;
}

void save_setbacks_set_unknown(struct save_node *node, const struct error *why)
{
	if (!node->setbacks.has_unknown_archives)
		log_warning(node->save->opts.log,
			    "%s: dumping each account with a pg_dump of its own, which "
			    "takes longer",
			    why->text);
	node->setbacks.has_unknown_archives = true;
}

void save_setbacks_release(struct save_setbacks *setbacks)
{
	free(setbacks->given_up);
}
