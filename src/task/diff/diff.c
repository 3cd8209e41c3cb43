/* SPDX-License-Identifier: PostgreSQL */
/*
 * Before a restore, people want to know what it would change; after a bad night, what was
 * different from the night before. Most accounts are the same, and must cost almost
 * nothing: their hashes are equal, or at least the contents of their files.
 */
#include "task/diff/diff.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "dump/contents.h"
#include "store/layout.h"
#include "task/diff/rows.h"
#include "task/stored.h"

/* ---- which saves ---- */

/* Find the two paths. Ownership: the caller frees both. */
static bool find_paths(const struct conf *conf, const char *live, char *paths[DIFF_SIDES],
		       struct error *err)
{
	const struct strvec *saves = &conf->saves;
	struct layout layout;

	if (!layout_init(&layout, conf->directory, err))
		return false;
	if (saves->count)
		paths[DIFF_FROM] = xstrdup(saves->v[0]);
	else
		paths[DIFF_FROM] = live ? xstrdup(layout.dir) : layout_old(&layout, 1);
	if (live)
		paths[DIFF_TO] = xstrdup(live);
	else
		paths[DIFF_TO] = xstrdup(saves->count > 1 ? saves->v[1] : layout.dir);
	layout_release(&layout);
	return true;
}

static bool open_save(struct diff_save *save, const struct log *log, bool *is_whole,
		      struct error *err)
{
	struct error damage;

	if (!savedir_open(save->path, &save->dir, err))
		return false;
	switch (save->dir.kind) {
	case SAVEDIR_ABSENT:
		error_set(err, ERROR_DATA, "%s does not exist", save->path);
		return error_hint(err, "metamodel list shows which saves there are");
	case SAVEDIR_FOREIGN:
		error_set(err, ERROR_DATA, "%s is not a save: it has no " MANIFEST_FILE,
			  save->path);
		return error_hint(err, "metamodel list shows which saves there are");
	case SAVEDIR_DAMAGED:
		damage = save->dir.damage;
		error_prefix(&damage, "%s", save->path);
		log_error(log, &damage);
		*is_whole = false;
		return true;
	case SAVEDIR_LEGACY:
		log_warning(log,
			    "%s has no " MANIFEST_FILE
			    ": whether its dumps are as they were saved is unknown",
			    save->path);
		return true;
	case SAVEDIR_SAVE:
		return true;
	}
	return false;
}

bool diff_open(const struct conf *conf, const char *live, const struct log *log,
	       struct diff *out, struct error *err)
{
	char *paths[DIFF_SIDES];

	*out = (struct diff){ .is_whole = true };
	if (!find_paths(conf, live, paths, err))
		return false;
	for (int side = 0; side < DIFF_SIDES; side++) {
		out->saves[side].path = paths[side];
		out->saves[side].dir.fd = -1;
	}
	for (int side = 0; side < DIFF_SIDES; side++)
		if (!open_save(&out->saves[side], log, &out->is_whole, err)) {
			diff_release(out);
			return false;
		}
	if (live) {
		free(out->saves[DIFF_TO].path);
		out->saves[DIFF_TO].path = xstrdup("the database");
	}
	return true;
}

void diff_release(struct diff *diff)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		savedir_release(&diff->saves[side].dir);
		free(diff->saves[side].path);
	}
}

/* ---- one account in both saves ---- */

struct comparison {
	struct diff *diff;
	const struct log *log;
	const struct diff_hooks *hooks;
	struct diff_account account;
	struct stored_dump dumps[DIFF_SIDES];
	struct diff_objects objects;
};

static const struct manifest_entry *entry_of(const struct diff *diff, int side,
					     const char *name)
{
	return manifest_find(&diff->saves[side].dir.manifest, name);
}

static bool have_same_hash(const struct diff *diff, const char *name)
{
	const struct manifest_entry *from = entry_of(diff, DIFF_FROM, name);
	const struct manifest_entry *to = entry_of(diff, DIFF_TO, name);

	return from && to && !strcmp(from->sha256, to->sha256);
}

/* Also false if they cannot be read: reading the dumps then finds out why. */
static bool have_same_contents(const struct diff *diff, const char *name)
{
	const struct savedir *from = &diff->saves[DIFF_FROM].dir;
	const struct savedir *to = &diff->saves[DIFF_TO].dir;
	AUTO_CLOSE int from_fd = -1, to_fd = -1;
	struct error ignored;
	bool is_equal = false;

	return savedir_open_dump(from, name, &from_fd, &ignored) &&
	       savedir_open_dump(to, name, &to_fd, &ignored) &&
	       dumpcontents_equal(from_fd, to_fd, &is_equal, &ignored) && is_equal;
}

static bool open_dumps(struct comparison *c, struct error *err)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		const struct diff_save *save = &c->diff->saves[side];
		const char *name = c->account.name;
		struct stored_dump *dump = &c->dumps[side];
		AUTO_FREE char *file = savedir_file_name(&save->dir, name);

		if (!stored_dump_open(&save->dir, name,
				      stored_schema_of(&save->dir, name), dump, err))
			return error_prefix(err, "%s/%s", save->path, file);
		c->account.dumps[side] =
			(struct diff_dump){ true, dump->version, dump->facts.tables,
					    dump->facts.rows };
	}
	return true;
}

static bool has_differences(const struct diff_objects *objects)
{
	for (size_t i = 0; i < objects->count; i++)
		if (diff_object_differs(objects->list[i]))
			return true;
	return false;
}

static bool compare_dumps(struct comparison *c, struct error *err)
{
	const struct diff_dumps dumps = {
		.dumps = { &c->dumps[DIFF_FROM], &c->dumps[DIFF_TO] },
		.is_whole = { c->diff->saves[DIFF_FROM].dir.manifest.is_whole,
			      c->diff->saves[DIFF_TO].dir.manifest.is_whole },
		.objects = &c->objects,
	};
	struct diff *diff = c->diff;

	if (!rows_read(&dumps, err) || !rows_compare(&dumps, err))
		return false;
	if (!has_differences(&c->objects)) {
		diff->same++; /* the same rows in another order, or another pg_dump */
		return true;
	}
	diff->changed++;
	c->account.objects = &c->objects;
	c->hooks->on_account(c->hooks->owner, &c->account);
	return !c->hooks->on_row ||
	       rows_hand_out(&dumps, c->hooks->on_row, c->hooks->owner, err);
}

static void tell_problem(struct comparison *c, const struct error *problem)
{
	struct error err = *problem;

	error_prefix(&err, "%s not compared", c->account.name);
	log_error(c->log, &err);
	c->diff->failed++;
	c->account.problem = problem->text;
	c->account.objects = NULL;
	c->hooks->on_account(c->hooks->owner, &c->account);
}

static void compare_account(struct comparison *c)
{
	const char *name = c->account.name;
	struct error err;

	if (have_same_hash(c->diff, name) || have_same_contents(c->diff, name)) {
		c->diff->same++;
		return;
	}
	c->account.change = DIFF_CHANGED;
	for (int side = 0; side < DIFF_SIDES; side++)
		c->dumps[side] = (struct stored_dump){ .fd = -1 };
	if (!open_dumps(c, &err) || !compare_dumps(c, &err))
		tell_problem(c, &err);
	for (int side = 0; side < DIFF_SIDES; side++)
		stored_dump_release(&c->dumps[side]);
	objects_release(&c->objects);
}

/* ---- all accounts ---- */

static void tell_one_sided(struct comparison *c, enum diff_side side)
{
	const struct manifest_entry *entry = entry_of(c->diff, side, c->account.name);

	c->account.change = side == DIFF_TO ? DIFF_CAME : DIFF_WENT;
	if (entry)
		c->account.dumps[side] = (struct diff_dump){ true, entry->version,
							     entry->tables, entry->rows };
	*(side == DIFF_TO ? &c->diff->came : &c->diff->went) += 1;
	c->hooks->on_account(c->hooks->owner, &c->account);
}

static void tell_missing(struct comparison *c, const struct conf *conf)
{
	struct error err;

	error_set(&err, ERROR_DATA, "%s %s is neither in %s nor in %s",
		  conf->product.noun, c->account.name, c->diff->saves[DIFF_FROM].path,
		  c->diff->saves[DIFF_TO].path);
	log_error(c->log, &err);
	c->diff->missing++;
}

static void tell_undumped(struct comparison *c)
{
	c->diff->failed++;
	c->account.change = DIFF_CHANGED;
	c->account.problem = "it could not be dumped";
	c->hooks->on_account(c->hooks->owner, &c->account);
}

/* The wanted names, sorted and without duplicates. */
static void list_names(struct diff_walk *walk)
{
	const struct strvec *accounts = &walk->conf->accounts;

	for (int side = 0; side < DIFF_SIDES && !accounts->count; side++)
		for (size_t i = 0; i < walk->there[side].count; i++)
			strvec_push(&walk->names, walk->there[side].v[i]);
	for (size_t i = 0; i < accounts->count; i++)
		strvec_push(&walk->names, accounts->v[i]);
	for (size_t i = 0; walk->failed && i < walk->failed->count; i++)
		strvec_push(&walk->names, walk->failed->v[i]);
	strvec_sort(&walk->names);
	strvec_unique(&walk->names);
}

void diff_begin(struct diff_walk *walk)
{
	for (int side = 0; side < DIFF_SIDES; side++) {
		savedir_list_accounts(&walk->diff->saves[side].dir, &walk->there[side]);
		strvec_sort(&walk->there[side]);
	}
	list_names(walk);
}

bool diff_next(struct diff_walk *walk)
{
	struct comparison c = { .diff = walk->diff,
				.log = walk->log,
				.hooks = walk->hooks };
	bool is_from, is_to;

	if (walk->next == walk->names.count)
		return false;
	c.account.name = walk->names.v[walk->next++];
	is_from = strvec_has(&walk->there[DIFF_FROM], c.account.name);
	is_to = strvec_has(&walk->there[DIFF_TO], c.account.name);
	if (walk->failed && strvec_has(walk->failed, c.account.name))
		tell_undumped(&c);
	else if (is_from && is_to)
		compare_account(&c);
	else if (is_from || is_to)
		tell_one_sided(&c, is_to ? DIFF_TO : DIFF_FROM);
	else
		tell_missing(&c, walk->conf);
	return true;
}

void diff_end(struct diff_walk *walk)
{
	walk->diff->is_whole &= !walk->diff->failed && !walk->diff->missing;
	for (int side = 0; side < DIFF_SIDES; side++)
		strvec_release(&walk->there[side]);
	strvec_release(&walk->names);
}
