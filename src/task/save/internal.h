/* SPDX-License-Identifier: PostgreSQL */
/* What the parts of the save share: save.c has the steps, the other save_*.c work. */
#ifndef TASK_SAVE_INTERNAL_H
#define TASK_SAVE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/strvec.h"
#include "farm/farm.h"
#include "catalog/accounts.h"
#include "pg/capacity.h"
#include "pg/childenv.h"
#include "pg/pgtool.h"
#include "task/machine.h"
#include "task/save/save.h"
#include "task/worklist.h"
#include "dump/file.h"
#include "store/layout.h"
#include "store/manifest.h"
#include "store/savedir.h"

enum save_step {
	SAVE_LOCK,
	SAVE_CONNECT,
	SAVE_TOOL,
	SAVE_LIST,
	SAVE_DUMP,
	SAVE_RECHECK,
	SAVE_SYNC,
	SAVE_CARRY,
	SAVE_PUBLISH,
	SAVE_DONE,
};

/* The pg_dump for servers of one major version. */
struct save_tool {
	struct save *save;
	unsigned major;
	struct pgtool_search *search; /* while it is looked for */
	struct pgtool pgtool;
};

/* What there is for each node of the farm. */
struct save_node {
	struct save *save;
	struct farm_node *farm_node; /* its `error` says why it cannot be worked with */
	const char *failed_step;     /* in which that was; NULL: it can */
	struct save_tool *tool;
	struct catalog_account *models; /* its accounts, in the order of the farm's */
	size_t catalog_count;
	struct childenv childenv;
	struct work_group group;
	struct capacity capacity;
	bool is_pooled;      /* see struct session_facts */
	bool has_no_batches; /* its pg_dump writes archives that cannot be split here */
	unsigned failures;   /* of its pg_dumps since the last good dump */
	struct error *given_up; /* said of all that are not tried any more; NULL: none */
	size_t undumped;        /* accounts whose dumps have not ended */
};

/*
 * Accounts of one node that are dumped by one child: one by a pg_dump that writes the
 * file itself, more by one whose archive is split. One that failed is divided.
 */
struct save_batch {
	struct save *save;
	struct save_node *node;
	struct save_account **accounts; /* its own part of save.queue */
	size_t count;
	struct work_item item;
	struct save_stream *stream; /* of many, while they are dumped */
	size_t ahead; /* of them, as good as done: for the progress bar only */
};

static inline struct save_batch *save_batch_of(struct work_item *item)
{
	return (struct save_batch *)((char *)item - offsetof(struct save_batch, item));
}

/* What a worker found out about a dump. */
struct save_check {
	struct dumpfile_facts facts;
	struct error problem;  /* unless it is sound */
	struct strvec created; /* the relations in it */
};

/* One account on its way from the list to its entry in the manifest. */
struct save_account {
	struct save *save;
	const struct farm_account *place;
	struct save_node *node;              /* NULL: it is on none */
	const struct catalog_account *model; /* NULL: its node did not tell */
	struct save_batch *batch;            /* that it was last in; NULL: never */
	bool is_announced;
	bool is_dumped;
	struct save_check *check; /* by a worker, while the dump is checked */
	uint64_t size_bytes;
	uint64_t rows;
	uint32_t tables;
	char *parents; /* as in struct dumpfile_facts */
	struct strvec
		created; /* the relations in the dump, if it lacks any; else empty */
	bool lacks_relations;
	char sha256[DUMPFILE_SHA256_SIZE];
	char *version; /* the largest in the dump; NULL: none */
	char *error;   /* NULL: none */
	uint64_t elapsed_ms;
};

/* What carrying over found, filled by a worker. */
struct save_carry {
	struct strvec wanted; /* accounts whose last good dump is to be carried over */
	size_t failed_count; /* the first of them failed; the others were not asked for */
	struct manifest carried; /* the entries of those that could be */
	struct strvec problems;  /* one line for each dump that was passed over or is not
				    there */
	struct strvec
		lost; /* of the wanted: those that were not asked for and have no dump */
};

struct save {
	struct run_opts opts;
	struct machine machine;
	struct error error; /* of the whole run */
	int signal_number;
	bool has_changed; /* the swap took place */

	struct layout layout;
	int lock_fd;
	bool has_staging;
	int staging_fd;
	struct savedir *previous; /* the save and the old ones, newest first */
	size_t previous_count;
	bool *is_foreign; /* of each: it is of another database */
	uint64_t serial;
	char started[CLOCK_TEXT_BYTES];

	struct strvec former; /* accounts of the save before */
	struct farm *farm;
	struct save_node *nodes; /* of the farm, in its order */
	struct save_tool *tools; /* one for each major version */
	size_t tool_count;
	size_t asking; /* answers that are waited for, in whatever step */

	struct save_account *accounts; /* of the farm, in its order */
	size_t account_count;
	size_t finished; /* accounts that are dumped or failed */
	size_t dumped;

	struct worklist *worklist;
	struct save_account **queue; /* those to be dumped, node after node */
	struct save_batch **batches;
	size_t batch_count;
	struct strvec argv; /* of the child that is being started */
	size_t streams;     /* under way */
	struct timer *look; /* at how far they are */

	struct save_carry carry;
	uint64_t started_ms;
	struct failures failures;
};

/* save.c */
/* NULL if this run does not know it. */
struct save_account *save_find_account(const struct save *save, const char *name);
/* Note why an account failed, and say so. The first reason stays. */
void save_account_failed(struct save_account *account, const char *step,
			 const struct error *err);

/*
 * save_nodes.c: every node is asked something, all side by side. One that fails takes its
 * accounts with it, and the run goes on as long as there is another.
 */
static inline bool save_node_is_usable(const struct save_node *node)
{
	return node->farm_node->error.kind == ERROR_NONE;
}
/* The first reason stays. */
void save_node_failed(struct save_node *node, const struct error *err);
/* All nodes have answered. Without any to go on with, this is the end. */
enum step_result save_end_asking(struct save *save, const char *step);
enum step_result save_connect_enter(void *owner);
enum step_result save_tool_enter(void *owner);
void save_tool_cancel(void *owner);
/* Its dumps have ended: recheck them. The step of that name waits for all nodes. */
void save_recheck_start(struct save_node *node);
enum step_result save_recheck_enter(void *owner);
/* The dump is no good after all. */
void save_recheck_failed(struct save_account *account, const struct error *err);
void save_nodes_release(struct save *save);

/* save_missing.c: what the catalogue has and a dump has not. On a worker thread. */
void save_note_created(struct save_account *account);
/* Then on the loop's, when all dumps of the node have ended: name it. False: there is
 * nothing to be asked; otherwise `done` is called once. */
bool save_name_missing(struct save_node *node,
		       void (*done)(void *owner, const struct error *err));

/* save_list.c */
enum step_result save_list_enter(void *owner);

/* save_dump.c: the batches are worked on. */
enum step_result save_dump_enter(void *owner);
/* Its file is of no worth: delete it. */
void save_discard_dump(struct save_account *account);
/* What to do about an error that has no hint, if that is known. */
void save_add_hint(struct error *err);
/* The account's dump failed for good. */
void save_dump_failed(struct save_account *account, const struct error *err);
void save_show_progress(struct save *save);
/* What the children of a node have in common, then what is for this one. */
void save_start_argv(struct save *save, const struct save_node *node);
void save_announce(struct save_account *account);
/* For a worker thread: check a dump that was written. */
void save_check_dump(struct save_account *account);
/* Then on the loop's, its result: false, and why, if it is no dump. */
bool save_end_check(struct save_account *account, struct error *err);

/* save_batch.c: which accounts are dumped together. */
void save_make_batches(struct save *save);
/* Divide it, or give each account a batch of its own; they are worked on from now on. */
void save_divide_batch(struct save_batch *batch);
/* Those behind the first `kept` leave the batch, which is not worked on any more, and are
 * one of their own. */
void save_cut_batch(struct save_batch *batch, size_t kept);
void save_dump_alone(struct save_account *account);
void save_batches_release(struct save *save);

/* save_stream.c: a batch of many. The calls are those of the worklist. */
bool save_stream_prepare(struct save_batch *batch, struct child_opts *child,
			 struct error *err);
void save_stream_started(struct save_batch *batch);
void save_stream_finished(struct save_batch *batch, const struct child_result *result);
void save_stream_free(struct save_stream *stream);

/* save_sync.c */
enum step_result save_sync_enter(void *owner);

/* save_history.c: note in the manifest which old saves go, and why this one may. */
void save_plan_history(const struct save *save, struct manifest *manifest);

/* save_carry.c */
enum step_result save_carry_enter(void *owner);
void save_carry_release(struct save_carry *carry);

#endif
