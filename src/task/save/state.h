/* SPDX-License-Identifier: PostgreSQL */
/*
 * What a save knows while it runs. This file has only structs and includes no part of the
 * save, so the parts can read each other's results without knowing each other.
 *
 * Each struct names the file that writes it; all others only read it. Initially
 * everything is zero, except file descriptors, which are -1.
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

/* ---- existing saves ---- */

/* previous.c */
struct save_previous {
	struct savedir *list; /* the present save and the old ones, newest first */
	size_t count;
	bool *is_foreign; /* for each: it was made from another database */
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

/* list.c: what a node says about itself and its accounts */
struct save_listing {
	struct catalog_account *accounts; /* in the order of the farm's */
	size_t count;
	struct capacity capacity; /* all zero if accounts are dumped one at a time */
	unsigned jobs;            /* children at once */
	bool is_pooled;           /* see struct session_facts */
	/* If tenants are whole schemas: what each needs, in the order of the schemas. */
	struct save_extension *extensions;
	size_t extension_count;
};

/* batch.c: the accounts of a node that are to be dumped */
struct save_queue {
	struct save_account **accounts; /* a part of save.batches.queue */
	size_t count;
};

/* setbacks.c: how often pg_dump fails on a node */
struct save_setbacks {
	unsigned in_a_row; /* failed since the last good dump */
	/* The error of all that are not tried any more; or NULL. */
	struct error *given_up;
	bool has_unknown_archives; /* its pg_dump's archives cannot be split */
};

/* nodes.c, except the structs in it */
struct save_node {
	struct save *save;
	struct farm_node *farm_node; /* if it is unusable, its `error` says why */
	const char *failed_step;     /* the step in which it failed; NULL: it is usable */
	const struct pgtool *tool;   /* NULL: the node was unusable */
	struct save_listing listing;
	struct childenv childenv; /* command.c */
	struct work_group group;  /* dump.c, and the worklist */
	struct save_queue queue;
	struct save_setbacks setbacks;
};

/* nodes.c */
struct save_nodes {
	/* Called when the session of a node has ended by itself; set by save.c. */
	void (*lost)(struct save_node *node);
	struct strvec former; /* accounts of the previous save */
	struct farm *farm;
	struct save_node *list; /* as many as the farm's, in its order */
	struct tools *tools;    /* the pg_dumps */
};

/* ---- an account ---- */

enum account_state {
	ACCOUNT_PENDING,
	ACCOUNT_DUMPED,  /* so far: it may still fail */
	ACCOUNT_FAILED,  /* `error` says why */
	ACCOUNT_MISSING, /* a tenant that is listed, but has never had a schema */
	ACCOUNT_STOPPED, /* the run was cancelled before it was dumped */
};
enum { ACCOUNT_STATES = ACCOUNT_STOPPED + 1 };

/* check.c: what its dump contains */
struct save_facts {
	uint64_t size_bytes;
	uint64_t rows;
	uint32_t tables;
	char *parents; /* as in struct dumpfile_facts */
	/* The largest one in it, even if the dump is not good; NULL: none. */
	char *version;
	char sha256[DUMPFILE_SHA256_SIZE];
	bool is_unchanged;     /* its file is that of the newest save */
	bool lacks_relations;  /* it creates fewer than the catalogue has */
	struct strvec created; /* the relations in it, if it lacks any; otherwise empty */
};

/* account.c, except the last three: an account from the list to the manifest */
struct save_account {
	struct save *save;
	const struct farm_account *place;
	struct save_node *node;               /* NULL: it is on no node */
	const struct catalog_account *listed; /* NULL: its node did not say */
	enum account_state state;
	char *error;
	bool is_announced;
	uint64_t elapsed_ms;

	struct save_batch *batch; /* batch.c: the last one it was in; NULL: none */
	struct save_check *check; /* check.c: what a worker found, until it is taken */
	struct save_facts facts;
};

/* account.c */
struct save_accounts {
	struct save_account *list; /* as many as the farm's, in its order */
	size_t count;
	size_t with_state[ACCOUNT_STATES];
	struct failures failures; /* the reasons that were reported */
};

/* ---- dumping ---- */

/*
 * batch.c: accounts of one node that are dumped by one child. A single account is dumped
 * by a pg_dump that writes the file itself, several by one whose archive is split. A
 * batch that failed is divided.
 */
struct save_batch {
	struct save *save;
	struct save_node *node;
	struct save_account **accounts; /* a part of the node's queue */
	size_t count;
	struct work_item item;

	/* stream.c, for batches of many */
	struct save_stream *stream; /* while they are being dumped */
	size_t ahead; /* accounts that are nearly done; for the progress bar only */
};

/* batch.c */
struct save_batches {
	struct save_account **queue; /* all that are to be dumped, node by node */
	struct save_batch **list;
	size_t count;
};

/* stream.c */
struct save_streams {
	size_t running;
	struct timer *look; /* looks how far they are; NULL: none is running */
};

/* dump.c */
struct save_dump {
	/* Called when all dumps of a node have ended; set by save.c. */
	void (*node_ended)(struct save_node *node);
	struct worklist *worklist;
};

/* ---- after dumping ---- */

/* recheck.c */
struct save_recheck {
	size_t pending;  /* nodes; started while others are still dumping */
	bool is_entered; /* all dumps have ended: the step waits for the nodes */
};

/* carry.c: what carrying over found, set on a worker thread */
struct save_carry {
	struct strvec wanted; /* accounts whose last good dump is to be carried over */
	/* The first ones, which failed; the others were not asked for. */
	size_t failed_count;
	struct manifest carried; /* the entries of those that were carried over */
	struct strvec problems;  /* one line for each dump that was skipped */
	struct strvec lost;      /* of `wanted`: not asked for, and without a good dump */
};

/* ---- the run: save.c ---- */

struct save {
	struct run_opts opts;
	struct machine machine;
	struct error error; /* of the whole run; set by the step that failed */
	int signal_number;
	char started[CLOCK_TEXT_BYTES];
	struct layout layout;
	int lock_fd;

	struct save_previous previous;
	struct save_nodes nodes;
	size_t list_pending; /* list.c: answers of nodes to come */
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
