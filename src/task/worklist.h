/* SPDX-License-Identifier: PostgreSQL */
/*
 * Items that are worked on by children, a limited number at once, some of them more than
 * once.
 *
 * 1. worklist_start() takes items in the order of their array as slots become free:
 *    `prepare` fills in the child, or refuses with an error; then `failed` is called.
 * 2. When the child has ended, `finished` is called. It must lead, at once or later, to
 *    exactly one of worklist_end() and worklist_retry().
 * 3. worklist_close() cancels what is running of one group and fails what is waiting;
 *    worklist_cancel() cancels everything that is running and forgets what is waiting.
 * 4. `done` is called once, from the loop, when every item has ended, or after
 *    worklist_cancel() when none is being worked on any more.
 *
 * Ownership: items and groups belong to the owner and must outlive the list.
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

/* Items with a limit of their own: those of one node. Initially all zero except
 * `jobs`. */
struct work_group {
	unsigned jobs; /* children at once */

	/* The rest is private to the worklist. */
	unsigned running;
	size_t next;           /* the first item that was never looked at */
	struct work_item *due; /* those whose pause is over */
	bool is_closed;
};

/* Embedded in what is worked on; initially all zero except `group`. Items that have
 * already ended are skipped. */
struct work_item {
	struct work_group *group;
	struct worklist *list;
	enum work_state state;
	unsigned attempts;   /* begun so far */
	struct timer *pause; /* before the next attempt */
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
	 * even after a failure. */
	bool (*prepare)(void *owner, struct work_item *item, struct child_opts *child,
			struct error *err);
	/* The child is running. May be NULL. */
	void (*started)(void *owner, struct work_item *item);
	void (*finished)(void *owner, struct work_item *item,
			 const struct child_result *result);
	/* The item has ended without a child: it could not start, or the group was
	 * closed. */
	void (*failed)(void *owner, struct work_item *item, const struct error *err);
	void (*done)(void *owner);
	void *owner;
};

struct worklist *worklist_start(const struct worklist_opts *opts);

/* The item has ended, successfully or not. */
void worklist_end(struct work_item *item);

/* Work on it again, after a pause that grows each time. Returns false if nothing new is
 * begun any more; then it still has to be ended. */
bool worklist_retry(struct work_item *item);

/*
 * Add an item that continues the work of `item`; it is the next one of its group. Only
 * while another item is being worked on. Returns false if nothing new is begun any more;
 * the list then ignores it.
 */
bool worklist_add(struct worklist *list, struct work_item *item);

/* Cancel the item's child if it is running; `finished` is still called. */
void worklist_stop(struct work_item *item);

void worklist_close(struct worklist *list, struct work_group *group,
		    const struct error *why);

/* A second call sends SIGKILL. */
void worklist_cancel(struct worklist *list);

/* Only while nothing is being worked on, for example in `done`. NULL is allowed. */
void worklist_free(struct worklist *list);

#endif
