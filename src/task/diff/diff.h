/* SPDX-License-Identifier: PostgreSQL */
/*
 * `metamodel diff`: what changed from one save to another. If the manifests say that
 * dumps are the same, nothing is read. Needs no database and no lock.
 */
#ifndef TASK_DIFF_DIFF_H
#define TASK_DIFF_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/log.h"
#include "conf/conf.h"
#include "store/savedir.h"
#include "task/diff/objects.h"

enum diff_change { DIFF_CAME, DIFF_WENT, DIFF_CHANGED };

/* The dump of an account in one of the saves. */
struct diff_dump {
	bool has_facts;      /* otherwise it is only known to exist */
	const char *version; /* NULL: none */
	uint32_t tables;
	uint64_t rows;
};

struct diff_account {
	const char *name;
	enum diff_change change;
	struct diff_dump dumps[DIFF_SIDES];
	const struct diff_objects *objects; /* NULL unless it changed and was compared */
	const char *problem; /* why it could not be compared; NULL: it could */
};

struct diff_save {
	char *path; /* or what it is called */
	struct savedir dir;
};

struct diff_hooks {
	/* Called for each account that differs, in the order of the names. */
	void (*on_account)(void *owner, const struct diff_account *account);
	/* Called after that for each row that only one save has; NULL: the rows are not
	 * wanted. */
	void (*on_row)(void *owner, enum diff_side side, const struct diff_object *table,
		       const char *data, size_t length, bool is_cut);
	void *owner;
};

struct diff {
	struct diff_save saves[DIFF_SIDES];
	size_t came, went, changed, same;
	size_t missing; /* named accounts that are in neither save */
	size_t failed;  /* could not be compared */
	bool is_whole;  /* false: failed or missing, or a manifest is damaged */
};

/*
 * Open the saves that conf->saves names; by default the last one and the one before.
 * `live`: compare one save (conf->directory if none is named) with this directory, which
 * is called "the database"; or NULL.
 * Ownership: the caller releases *out, after success only.
 * Errors: ERROR_DATA if one is not a save; ERROR_SYSTEM.
 */
MUST_CHECK bool diff_open(const struct conf *conf, const char *live,
			  const struct log *log, struct diff *out, struct error *err);
void diff_release(struct diff *diff);

/* A comparison, one account at a time. Everything that it points to must outlive it. */
struct diff_walk {
	struct diff *diff;
	const struct conf *conf; /* its accounts; if there are none, all */
	const struct log *log;
	const struct diff_hooks *hooks;
	/* Accounts that are not in the second save because they could not be dumped;
	 * sorted. NULL: none. */
	const struct strvec *failed;

	/* The rest is private. */
	struct strvec there[DIFF_SIDES];
	struct strvec names;
	size_t next;
};

void diff_begin(struct diff_walk *walk);

/* Compare the next account. A failure is logged and counted. Returns false if there are
 * no more accounts. */
bool diff_next(struct diff_walk *walk);
void diff_end(struct diff_walk *walk);

#endif
