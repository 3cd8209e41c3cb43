/* SPDX-License-Identifier: PostgreSQL */
/*
 * What a save knows while it runs. Only structs are here, and no part of the save is
 * included: so the parts can read what others have found without knowing each other.
 *
 * Each struct says which file writes it; all others only read. All zero is the
 * beginning, but for file descriptors, which are -1.
 */
#ifndef TASK_SAVE_STATE_H
#define TASK_SAVE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/strvec.h"
#include "catalog/accounts.h"
#include "dump/check.h"
#include "farm/farm.h"
#include "pg/capacity.h"
#include "pg/childenv.h"
#include "pg/pgtool.h"
#include "store/layout.h"
#include "store/manifest.h"
#include "store/savedir.h"
#include "task/failures.h"
#include "task/machine.h"
#include "task/run.h"
#include "task/worklist.h"

struct save;

/* ---- the saves that are there ---- */

/* previous.c */
struct save_previous {
	struct savedir *list; /* the save and the old ones, newest first */
	size_t count;
	bool *is_foreign; /* of each: it is of another database */
	uint64_t serial;  /* the highest of all */
};

/* staging.c: the directory that becomes the save */
struct save_staging {
	int fd;
	bool is_made;
};

/* ---- a node ---- */

/* An extension that a tenant's objects need. */
struct save_extension {
	char *schema, *name, *version, *place;
};

/* list.c: what a node says of itself and its accounts */
struct save_listing {
	struct catalog_account *accounts; /* in the order of the farm's */
	size_t count;
	struct capacity capacity; /* all zero where one account is dumped at a time */
	unsigned jobs;            /* children at once */
	bool is_pooled;           /* see struct session_facts */
	/* Where tenants are whole schemas: what each needs, in the order of the schemas. */
	struct save_extension *extensions;
	size_t extension_count;
};

/* batch.c: the accounts of a node that are to be dumped */
struct save_queue {
	struct save_account **accounts; /* its part of save.batches.queue */
	size_t count;
};

/* setbacks.c: how well pg_dump does on a node */
struct save_setbacks {
	unsigned in_a_row;         /* failed since the last good dump */
	struct error *given_up;    /* said of all that are not tried any more; or NULL */
	bool has_unknown_archives; /* its pg_dump writes what cannot be split here */
};

/* nodes.c, but for the structs in it */
struct save_node {
	struct save *save;
	struct farm_node *farm_node; /* its `error` says why it cannot be worked with */
	const char *failed_step;     /* in which that was; NULL: it can */
	const struct pgtool *tool;   /* NULL: the node could not be worked with */
	struct save_listing listing;
	struct childenv childenv; /* command.c */
	struct work_group group;  /* dump.c, and the worklist */
	struct save_queue queue;
	struct save_setbacks setbacks;
};

/* nodes.c */
struct save_nodes {
	/* Called when the session of a node has ended by itself; save.c says who is. */
	void (*lost)(struct save_node *node);
	struct strvec former; /* accounts of the save before */
	struct farm *farm;
	struct save_node *list; /* as many as the farm's, in its order */
	struct tools *tools;    /* the pg_dumps */
};

/* ---- an account ---- */

enum account_state {
	ACCOUNT_PENDING,
	ACCOUNT_DUMPED,  /* so far: it may still fail */
	ACCOUNT_FAILED,  /* `error` says why */
	ACCOUNT_MISSING, /* a tenant that is listed, but never had a schema */
	ACCOUNT_STOPPED, /* the run was cancelled before it was dumped */
};
enum { ACCOUNT_STATES = ACCOUNT_STOPPED + 1 };

/* check.c: what its dump holds */
struct save_facts {
	uint64_t size_bytes;
	uint64_t rows;
	uint32_t tables;
	char *parents; /* as in struct dumpfile_facts */
	char *version; /* the largest in it, even if it is no good; NULL: none */
	char sha256[DUMPFILE_SHA256_SIZE];
	bool is_unchanged;     /* its file is that of the newest save */
	bool lacks_relations;  /* it creates fewer than the catalogue has */
	struct strvec created; /* the relations in it, if it lacks any; else empty */
};

/* account.c, but for the last three: an account from the list to the manifest */
struct save_account {
	struct save *save;
	const struct farm_account *place;
	struct save_node *node;               /* NULL: it is on none */
	const struct catalog_account *listed; /* NULL: its node did not tell */
	enum account_state state;
	char *error;
	bool is_announced;
	uint64_t elapsed_ms;

	struct save_batch *batch; /* batch.c: that it was last in; NULL: never */
	struct save_check *check; /* check.c: what a worker found, until it is taken */
	struct save_facts facts;
};

/* account.c */
struct save_accounts {
	struct save_account *list; /* as many as the farm's, in its order */
	size_t count;
	size_t with_state[ACCOUNT_STATES];
	struct failures failures; /* what was said of those that failed */
};

/* ---- the dumping ---- */

/*
 * batch.c: accounts of one node that are dumped by one child. One by a pg_dump that
 * writes the file itself, more by one whose archive is split. One that failed is
 * divided.
 */
struct save_batch {
	struct save *save;
	struct save_node *node;
	struct save_account **accounts; /* its part of the node's queue */
	size_t count;
	struct work_item item;

	/* stream.c, for batches of many */
	struct save_stream *stream; /* while they are dumped */
	size_t ahead; /* of them, as good as done: for the progress bar only */
};

/* batch.c */
struct save_batches {
	struct save_account **queue; /* all that are to be dumped, node after node */
	struct save_batch **list;
	size_t count;
};

/* stream.c */
struct save_streams {
	size_t running;
	struct timer *look; /* at how far they are; NULL: none runs */
};

/* dump.c */
struct save_dump {
	/* Called when all dumps of a node have ended; save.c says who is. */
	void (*node_ended)(struct save_node *node);
	struct worklist *worklist;
};

/* ---- after it ---- */

/* recheck.c */
struct save_recheck {
	size_t pending;  /* nodes, begun while others still dump */
	bool is_entered; /* all dumps have ended: the step waits for them */
};

/* carry.c: what carrying over found, filled by a worker */
struct save_carry {
	struct strvec wanted; /* accounts whose last good dump is to be carried over */
	size_t failed_count; /* the first of them failed; the others were not asked for */
	struct manifest carried; /* the entries of those that could be */
	struct strvec problems;  /* a line for each dump that was passed over */
	struct strvec lost; /* of the wanted: not asked for, and without a good dump */
};

/* ---- the run: save.c ---- */

struct save {
	struct run_opts opts;
	struct machine machine;
	struct error error; /* of the whole run; set by the step that fails */
	int signal_number;
	char started[CLOCK_TEXT_BYTES];
	struct layout layout;
	int lock_fd;

	struct save_previous previous;
	struct save_nodes nodes;
	size_t list_pending; /* list.c: answers of nodes */
	struct save_accounts accounts;
	struct save_staging staging;
	struct save_batches batches;
	struct save_streams streams;
	struct save_dump dump;
	struct save_recheck recheck;
	struct save_carry carry;
	bool is_swapped; /* publish.c: the new save is in its place */
};

#endif
