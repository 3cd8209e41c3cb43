/* SPDX-License-Identifier: PostgreSQL */
#include "task/stored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"
#include "model/version.h"

static void on_version(void *owner, const char *value)
{
	struct stored_dump *d = owner;

	if (!version_is_newer(value, d->version))
		return;
	free(d->version);
	d->version = xstrdup(value);
}

static bool has_other_facts(const struct stored_dump *d)
{
	const char *version = d->version ? d->version : "";
	const char *expected = d->entry->version ? d->entry->version : "";

	return d->facts.tables != d->entry->tables || d->facts.rows != d->entry->rows ||
	       strcmp(version, expected) != 0;
}

/* Of several faults all are told: a cut file has the wrong size, too. *err says why a
 * dump is not sound. */
static bool compare(const struct stored_dump *d, struct error *err)
{
	const struct dumpfile_facts *f = &d->facts;
	const struct manifest_entry *e = d->entry;
	AUTO_FREE char *unsound = f->is_sound ? NULL : str_format("; %s", err->text);

	if (e && f->size_bytes != e->size_bytes) {
		error_set(err, ERROR_DATA,
			  "wrong size: %llu bytes, the manifest says %llu",
			  (unsigned long long)f->size_bytes,
			  (unsigned long long)e->size_bytes);
		return error_append(err, unsound ? unsound : "");
	}
	if (!f->is_sound)
		return false;
	if (e && strcmp(f->sha256, e->sha256) != 0)
		return error_set(err, ERROR_DATA,
				 "wrong hash: its SHA-256 is not that of the manifest");
	if (e && has_other_facts(d))
		return error_set(err, ERROR_DATA,
				 "the manifest is wrong about it: it holds %u tables, "
				 "%llu rows, version %s",
				 f->tables, (unsigned long long)f->rows,
				 d->version ? d->version : "nil");
	return true;
}

bool stored_dump_open(const struct savedir *save, const char *account,
		      const char *expect_schema, struct stored_dump *out,
		      struct error *err)
{
	const struct dumpfile_opts opts = { .expect_schema = expect_schema,
					    .expect_prefix = STORED_PREFIX,
					    .watch_table = MODEL_VERSION_TABLE,
					    .watch_column = MODEL_VERSION_COLUMN,
					    .on_value = on_version,
					    .owner = out };

	*out = (struct stored_dump){ .fd = -1,
				     .entry = manifest_find(&save->manifest, account) };
	if (!savedir_open_dump(save, account, &out->fd, err))
		return false;
	if (save->kind == SAVEDIR_SAVE && !out->entry)
		return error_set(err, ERROR_DATA, "it is not in the manifest");
	if (fstat(out->fd, &out->stat) < 0)
		return error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
	return dumpfile_check(out->fd, &opts, &out->facts, err) && compare(out, err);
}

void stored_dump_close(struct stored_dump *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

bool stored_dump_is_same(const struct stored_dump *d)
{
	const struct dumpfile_opts opts = { 0 };
	struct dumpfile_facts now_facts;
	struct error ignored;
	struct stat now;

	if (fstat(d->fd, &now) < 0 || now.st_dev != d->stat.st_dev ||
	    now.st_ino != d->stat.st_ino || now.st_size != d->stat.st_size)
		return false;
	if (now.st_ctim.tv_sec == d->stat.st_ctim.tv_sec &&
	    now.st_ctim.tv_nsec == d->stat.st_ctim.tv_nsec)
		return true;
	/* a link to it was made, say: does it still hold the same? */
	return dumpfile_check(d->fd, &opts, &now_facts, &ignored) &&
	       !strcmp(now_facts.sha256, d->facts.sha256);
}

bool stored_dump_reopen(const struct savedir *save, const char *account,
			struct stored_dump *d, struct error *err)
{
	if (!savedir_open_dump(save, account, &d->fd, err))
		return false;
	if (stored_dump_is_same(d))
		return true;
	stored_dump_close(d);
	return error_set(err, ERROR_DATA, "the dump was changed since it was checked");
}

void stored_dump_release(struct stored_dump *d)
{
	stored_dump_close(d);
	free(d->version);
	*d = (struct stored_dump){ .fd = -1 };
}
