/* SPDX-License-Identifier: PostgreSQL */
/*
 * A file that two saves share must be beyond doubt. So the old file is read again each
 * night, and must be what its manifest says, belong to this user and be closed to
 * everybody else.
 */
#include "task/save/same.h"

#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "dump/check.h"
#include "dump/contents.h"
#include "task/save/staging.h"

static const struct savedir *newest_of(const struct save *save)
{
	const struct save_previous *previous = &save->previous;

	return previous->count && !previous->is_foreign[0] ? previous->list : NULL;
}

/* May the file become part of the new save as it is? */
static bool is_ours(const struct stat *file)
{
	return file->st_uid == geteuid() && (file->st_mode & 07777) == 0600;
}

static bool has_contents(int fd, int other_fd)
{
	struct error ignored;
	bool is_equal;

	return dumpcontents_equal(fd, other_fd, &is_equal, &ignored) && is_equal;
}

static bool has_sha256(int fd, const char *sha256)
{
	const struct dumpfile_opts opts = { 0 };
	struct dumpfile_facts facts;
	struct error ignored;
	bool has_it;

	if (!dumpfile_check(fd, &opts, &facts, &ignored))
		return false;
	has_it = !strcmp(facts.sha256, sha256);
	dumpfile_facts_release(&facts);
	return has_it;
}

void save_same_look(const struct save_account *account, int fd, uint64_t size_bytes,
		    struct save_same *out)
{
	const struct savedir *newest = newest_of(account->save);
	const char *name = account->place->name;
	const struct manifest_entry *entry =
		newest ? manifest_find(&newest->manifest, name) : NULL;
	AUTO_CLOSE int old_fd = -1;
	struct error ignored;

	*out = (struct save_same){ 0 };
	if (entry && entry->size_bytes == size_bytes &&
	    savedir_open_dump(newest, name, &old_fd, &ignored) &&
	    !fstat(old_fd, &out->file) && is_ours(&out->file) &&
	    has_contents(fd, old_fd) && has_sha256(old_fd, entry->sha256))
		out->entry = entry;
}

bool save_same_link(const struct save_account *account, const struct save_same *same)
{
	const struct savedir *newest = newest_of(account->save);
	AUTO_FREE char *file = savedir_file_name(newest, account->place->name);

	return save_staging_link(account, newest->fd, file, &same->file);
}
