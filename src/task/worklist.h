/* SPDX-License-Identifier: PostgreSQL */
/*
 * Items that are worked on by children, so many at once, some of them more than once.
 *
 * 1. worklist_start() takes items in the order of their array as places get free:
 *    `prepare` fills in the child, or refuses with an error: then `failed` is called.
 * 2. When the child has ended, `finished` is called. It leads, at once or later, to
 *    exactly one of worklist_end() and worklist_retry().
 * 3. worklist_close() ends what runs of one group and fails what waits of it;
 *    worklist_cancel() ends all that runs and forgets what waits.
 * 4. `done` is called once, from the loop, when every item has ended, or after
 *    worklist_cancel() when none is being worked on any more.
 *
 * Ownership: items and groups are the owner's, and must outlive the list.
 */
#ifndef TASK_WORKLIST_H
#define TASK_WORKLIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "proc/child.h"
#include "proc/loop.h"

struct worklist;

enum work_state { WORK_QUEUED, WORK_RUNNING, WORK_PAUSED, WORK_ENDED };

/* Items that share a bound of their own: those of one node. All zero but `jobs` at
 * first. */
struct work_group {
	unsigned jobs; /* children at once */

	/* The rest is the worklist's own. */
	unsigned running;
	size_t next;           /* the first item that was never looked at */
	struct work_item *due; /* those whose pause is over */
	bool is_closed;
};

/* A member of what is worked on; all zero but `group` at first. Ended items are passed
 * over. */
struct work_item {
	struct work_group *group;
	struct worklist *list;
	enum work_state state;
	unsigned attempts;   /* begun */
	struct timer *pause; /* before the next one */
	struct work_item *next_due;
};

struct worklist_opts {
	struct loop *loop;
	unsigned jobs;                    /* children at once, of all groups */
	struct work_group *const *groups; /* they take turns */
	size_t group_count;
	size_t count;
	struct work_item *(*item)(void *owner, size_t index);
	/* `env` of *child must live until the next callback. What *child owns is released
	 * after a failure, too. */
	bool (*prepare)(void *owner, struct work_item *item, struct child_opts *child,
			struct error *err);
	/* Its child runs. May be NULL. */
	void (*started)(void *owner, struct work_item *item);
	void (*finished)(void *owner, struct work_item *item,
			 const struct child_result *result);
	/* It ended without a child: could not start, or closed. The item has ended. */
	void (*failed)(void *owner, struct work_item *item, const struct error *err);
	void (*done)(void *owner);
	void *owner;
};

struct worklist *worklist_start(const struct worklist_opts *opts);

/* The item is done with, well or not. */
void worklist_end(struct work_item *item);

/* Work on it again, after a pause that grows. False: not any more; it is still to be
 * ended. */
bool worklist_retry(struct work_item *item);

/*
 * There is one item more, the last of what `item` gives; it is the next of its group to
 * be worked on. Only while another one is being worked on. False: not any more; the list
 * does not know it.
 */
bool worklist_add(struct worklist *list, struct work_item *item);

/* End the item's child, if one runs: `finished` follows. */
void worklist_stop(struct work_item *item);

void worklist_close(struct worklist *list, struct work_group *group,
		    const struct error *why);

/* A second call kills what the first one only asked to end. */
void worklist_cancel(struct worklist *list);

/* Only when nothing is worked on, as in `done`. NULL is fine. */
void worklist_free(struct worklist *list);

#endif
