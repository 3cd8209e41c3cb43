/* SPDX-License-Identifier: PostgreSQL */
/*
 * People who look for a save to go back to have a bad day already. So every directory is
 * shown as what it is, and a problem with one save does not hide the others.
 */
#include "task/list/list.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "dump/contents.h"
#include "store/family.h"
#include "store/savedir.h"

enum { ATTEMPTS = 5 }; /* in case runs rename the directories */

/* ---- one directory ---- */

static uint64_t add_capped(uint64_t a, uint64_t b)
{
	return b > INT64_MAX - a ? INT64_MAX : a + b;
}

static void count_entries(struct list_save *out, const struct manifest *manifest)
{
	out->accounts = manifest->entry_count;
	memcpy(out->saved_at, manifest->started, sizeof(out->saved_at));
	for (size_t i = 0; i < manifest->entry_count; i++) {
		const struct manifest_entry *entry = &manifest->entries[i];

		out->size_bytes = add_capped(out->size_bytes, entry->size_bytes);
		out->stale += entry->is_stale && entry->is_failed;
		out->carried += entry->is_stale && !entry->is_failed;
		if (!entry->is_stale && strcmp(entry->saved_at, out->saved_at) > 0)
			memcpy(out->saved_at, entry->saved_at, sizeof(out->saved_at));
	}
}

static void count_files(struct list_save *out, const struct savedir *dir)
{
	struct stat st;

	out->accounts = dir->dumps.count;
	for (size_t i = 0; i < dir->dumps.count; i++)
		if (!fstatat(dir->fd, dir->dumps.v[i], &st, AT_SYMLINK_NOFOLLOW))
			out->size_bytes =
				add_capped(out->size_bytes, (uint64_t)st.st_size);
}

static void describe_kind(struct list_save *out, const struct savedir *dir)
{
	switch (dir->kind) {
	case SAVEDIR_ABSENT:
		out->state = "absent";
		break;
	case SAVEDIR_SAVE:
		out->state = "complete";
		out->has_manifest = true;
		count_entries(out, &dir->manifest);
		return;
	case SAVEDIR_DAMAGED:
		out->state = "damaged";
		out->problem = xstrdup(dir->damage.text);
		break;
	case SAVEDIR_LEGACY:
		out->state = "no manifest";
		out->problem = dir->dumps.count ? xstrdup("it has no " MANIFEST_FILE
							  ": the time of its dumps is "
							  "unknown")
						: xstrdup("it is empty");
		break;
	case SAVEDIR_FOREIGN:
		out->state = "no save";
		out->problem =
			dir->fd < 0 ? xstrdup("it is not a directory")
				    : xstrdup("it has no " MANIFEST_FILE " and no dump");
		return;
	}
	if (dir->fd >= 0)
		count_files(out, dir);
}

/* Describe a directory that is not a save yet, or not any more. */
static void describe_place(struct list_save *out, enum family_place place)
{
	const char *problem = NULL;

	switch (place) {
	case FAMILY_SAVE:
	case FAMILY_OLD:
		return;
	case FAMILY_SWAP:
		out->state = "unfinished";
		problem = "a run is moving it to its name, or died while it did so: the "
			  "next run completes that";
		break;
	case FAMILY_STAGING:
		out->state = "unfinished";
		problem = "a run is making it, or died while it did so: it is not a save";
		break;
	case FAMILY_DROP:
		out->state = "being deleted";
		problem = "a run is deleting it, or died while it did so";
		break;
	}
	free(out->problem);
	out->problem = xstrdup(problem);
}

static bool is_readable(const struct list_save *save)
{
	return strcmp(save->state, "damaged") && strcmp(save->state, "unreadable") &&
	       strcmp(save->state, "no save");
}

/* ---- the dumps of named accounts ---- */

static void note_file(struct list_dump *dump, const struct savedir *dir,
		      const char *account)
{
	AUTO_CLOSE int fd = -1;
	struct error err;
	struct stat st;

	if (savedir_open_dump(dir, account, &fd, &err) && !fstat(fd, &st))
		dump->size_bytes = (uint64_t)st.st_size;
	else
		dump->problem = xstrdup(err.text);
}

static void note_entry(struct list_dump *dump, const struct manifest_entry *entry)
{
	dump->has_facts = true;
	dump->version = entry->version ? xstrdup(entry->version) : NULL;
	memcpy(dump->sha256, entry->sha256, sizeof(dump->sha256));
	memcpy(dump->saved_at, entry->saved_at, sizeof(dump->saved_at));
	dump->is_stale = entry->is_stale && entry->is_failed;
	dump->tables = entry->tables;
	dump->rows = entry->rows;
	dump->size_bytes = entry->size_bytes;
}

static bool has_file(const struct savedir *dir, const char *account)
{
	AUTO_FREE char *file = savedir_file_name(dir, account);

	return strvec_has(&dir->dumps, file);
}

static void note_dumps(struct list *list, const struct conf *conf,
		       const struct savedir *dir)
{
	for (size_t i = 0; i < conf->accounts.count; i++) {
		const char *account = conf->accounts.v[i];
		const struct manifest_entry *entry =
			manifest_find(&dir->manifest, account);
		struct list_dump *dump;

		if (!entry &&
		    (dir->kind == SAVEDIR_SAVE || dir->fd < 0 || !has_file(dir, account)))
			continue;
		list->dumps = xgrow(list->dumps, list->dump_count, sizeof(*list->dumps));
		dump = &list->dumps[list->dump_count++];
		*dump = (struct list_dump){ .account = i, .save = list->save_count - 1 };
		list->is_found[i] = true;
		if (entry)
			note_entry(dump, entry);
		else
			note_file(dump, dir, account);
	}
}

/* ---- are two dumps the same? ---- */

static bool may_be_same(const struct list_dump *a, const struct list_dump *b)
{
	return a->size_bytes == b->size_bytes &&
	       (!a->has_facts || !b->has_facts ||
		(a->tables == b->tables && a->rows == b->rows));
}

static bool open_dump(const struct list_save *save, const char *account, int *fd,
		      struct error *err)
{
	struct savedir dir;
	bool is_ok;

	if (!savedir_open(save->path, &dir, err))
		return false;
	is_ok = savedir_open_dump(&dir, account, fd, err);
	savedir_release(&dir);
	return is_ok;
}

/* Compare the files, which are read only if their hashes do not decide. Returns false if
 * that failed. */
static bool compare(const struct list *list, const char *account, struct list_dump *newer,
		    const struct list_dump *older, bool *is_same)
{
	AUTO_CLOSE int newer_fd = -1, older_fd = -1;
	struct error err;

	*is_same = newer->has_facts && older->has_facts &&
		   !strcmp(newer->sha256, older->sha256);
	if (*is_same || !may_be_same(newer, older))
		return true;
	if (open_dump(&list->saves[newer->save], account, &newer_fd, &err) &&
	    open_dump(&list->saves[older->save], account, &older_fd, &err) &&
	    dumpcontents_equal(newer_fd, older_fd, is_same, &err))
		return true;
	newer->problem = str_format("not compared with the one before it: %s", err.text);
	return false;
}

static int compare_dumps(const void *a, const void *b)
{
	const struct list_dump *x = a, *y = b;

	if (x->account != y->account)
		return x->account < y->account ? -1 : 1;
	return x->save < y->save ? -1 : x->save > y->save;
}

/* Begin with the oldest save. A save without the account ends a row of equal dumps. */
static void find_same(struct list *list, const struct conf *conf)
{
	if (list->dump_count)
		qsort(list->dumps, list->dump_count, sizeof(*list->dumps), compare_dumps);
	for (size_t i = list->dump_count; i-- > 0;) {
		struct list_dump *dump = &list->dumps[i], *older = dump + 1;
		bool has_older = i + 1 < list->dump_count &&
				 older->account == dump->account &&
				 older->save == dump->save + 1;
		bool is_same = false;

		if (has_older && !compare(list, conf->accounts.v[dump->account], dump,
					  older, &is_same))
			continue;
		memcpy(dump->same_since, is_same ? older->same_since : dump->saved_at,
		       sizeof(dump->same_since));
	}
}

/* ---- all of them ---- */

/* The saves are read from the newest on; only the entries of the last one are kept. */
struct reading {
	struct list *list;
	const struct conf *conf;
	struct manifest newer; /* no more than its entries; none at first */
	size_t newer_save;
};

static void count_changed(struct reading *reading, struct manifest *older)
{
	struct list_save *newer = &reading->list->saves[reading->newer_save];
	struct manifest entries = { .entries = older->entries,
				    .entry_count = older->entry_count };

	newer->has_changed = reading->newer.entry_count;
	for (size_t i = 0; i < reading->newer.entry_count; i++) {
		const struct manifest_entry *entry = &reading->newer.entries[i];
		const struct manifest_entry *before =
			manifest_find(older, entry->account);

		newer->changed += !before || strcmp(before->sha256, entry->sha256) != 0;
	}
	manifest_release_entries(&reading->newer);
	reading->newer = entries;
	reading->newer_save = reading->list->save_count - 1;
	older->entries = NULL;
	older->entry_count = 0;
}

static bool is_save(enum family_place place)
{
	return place != FAMILY_STAGING && place != FAMILY_DROP;
}

/* Returns false if the directory has been renamed since it was found. */
static bool read_member(struct reading *reading, const struct family_member *member)
{
	struct list *list = reading->list;
	struct list_save *save;
	struct savedir dir;
	struct stat st = { 0 };
	struct error err;
	bool is_open = savedir_open(member->path, &dir, &err), is_there;

	if (is_open && dir.fd >= 0 && !fstat(dir.fd, &st) &&
	    (st.st_dev != member->stat.st_dev || st.st_ino != member->stat.st_ino)) {
		savedir_release(&dir);
		return false;
	}
	list->saves = xgrow(list->saves, list->save_count, sizeof(*list->saves));
	save = &list->saves[list->save_count++];
	*save = (struct list_save){ .path = xstrdup(member->path) };
	if (!is_open) {
		save->state = "unreadable";
		save->problem = xstrdup(err.text);
		return true;
	}
	describe_kind(save, &dir);
	describe_place(save, member->place);
	if (is_save(member->place))
		note_dumps(list, reading->conf, &dir);
	is_there = dir.kind != SAVEDIR_ABSENT;
	if (is_save(member->place) && save->has_manifest)
		count_changed(reading, &dir.manifest);
	manifest_release_entries(&dir.manifest);
	save->manifest = dir.manifest;
	dir.manifest = (struct manifest){ 0 };
	savedir_release(&dir);
	return is_there;
}

/* metamodel.swap is newer than the save before the exchange, and older after it. */
static void order_family(struct family *family)
{
	struct family_member *first = family->members;
	struct savedir save, swapped;
	struct error ignored;

	if (family->count < 2 || first[0].place != FAMILY_SAVE ||
	    first[1].place != FAMILY_SWAP ||
	    !savedir_open(first[0].path, &save, &ignored))
		return;
	if (savedir_open(first[1].path, &swapped, &ignored)) {
		if (savedir_serial(&swapped) > savedir_serial(&save)) {
			struct family_member moved = first[0];

			first[0] = first[1];
			first[1] = moved;
		}
		savedir_release(&swapped);
	}
	savedir_release(&save);
}

static bool read_family(struct list *list, const struct conf *conf,
			const struct layout *layout)
{
	struct reading reading = { .list = list, .conf = conf };
	struct family family;
	bool is_steady = true;

	family_find(layout, &family);
	order_family(&family);
	list->is_found = xcalloc(conf->accounts.count + 1, sizeof(bool));
	for (size_t i = 0; i < family.count; i++)
		is_steady &= read_member(&reading, &family.members[i]);
	manifest_release_entries(&reading.newer);
	family_release(&family);
	return is_steady;
}

/* Have they a node in common, by its numbers? Also true if that is not known. */
static bool is_of_same_database(const struct manifest *a, const struct manifest *b)
{
	bool is_known = false;

	for (size_t i = 0; i < a->node_count; i++)
		for (size_t k = 0; k < b->node_count; k++) {
			const struct manifest_node *x = &a->nodes[i], *y = &b->nodes[k];

			if (!x->system_identifier || !y->system_identifier)
				continue;
			is_known = true;
			if (!strcmp(x->system_identifier, y->system_identifier) &&
			    x->database_oid == y->database_oid)
				return true;
		}
	return !is_known;
}

static void note_other_databases(struct list *list)
{
	const struct list_save *newest = NULL;

	for (size_t i = 0; i < list->save_count; i++) {
		struct list_save *save = &list->saves[i];

		if (!save->has_manifest)
			continue;
		newest = newest ? newest : save;
		if (!save->problem &&
		    !is_of_same_database(&newest->manifest, &save->manifest))
			save->problem = str_format("it is of another database than %s",
						   newest->path);
	}
}

static void judge(struct list *list, const struct conf *conf)
{
	list->is_whole = true;
	for (size_t i = 0; i < list->save_count; i++)
		list->is_whole &= is_readable(&list->saves[i]);
	for (size_t i = 0; i < list->dump_count; i++)
		list->is_whole &= !list->dumps[i].problem;
	for (size_t i = 0; i < conf->accounts.count; i++)
		list->missing += !list->is_found[i];
	list->is_whole &= !list->missing;
}

bool list_read(const struct conf *conf, struct list *out, struct error *err)
{
	AUTO_FREE char *family = NULL;
	bool is_old = layout_is_old(conf->directory, &family);
	struct layout layout;

	*out = (struct list){ 0 };
	if (!layout_init(&layout, is_old ? family : conf->directory, err))
		return false;
	for (int i = 0; i < ATTEMPTS; i++) {
		list_release(out);
		if (read_family(out, conf, &layout))
			break;
	}
	layout_release(&layout);
	if (!out->save_count) {
		error_set(err, ERROR_DATA, "%s does not exist",
			  is_old ? family : conf->directory);
		return error_hint(err, "name the save with --directory");
	}
	note_other_databases(out);
	find_same(out, conf);
	judge(out, conf);
	return true;
}

void list_release(struct list *list)
{
	for (size_t i = 0; i < list->save_count; i++) {
		free(list->saves[i].path);
		free(list->saves[i].problem);
		manifest_release(&list->saves[i].manifest);
	}
	for (size_t i = 0; i < list->dump_count; i++) {
		free(list->dumps[i].version);
		free(list->dumps[i].problem);
	}
	free(list->saves);
	free(list->dumps);
	free(list->is_found);
	*list = (struct list){ 0 };
}
