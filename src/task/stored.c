/* SPDX-License-Identifier: PostgreSQL */
#include "task/stored.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "product/version.h"
#include "product/product.h"

static void on_version(void *owner, const char *value)
{
	struct stored_dump *d = owner;

	if (version_take(value, &d->version))
		d->is_filled_up = strlen(value) > strlen(d->version);
}

/* Rows of the account that show in tables of others: true where pg_dump wrote so, which
 * the manifest says. Else somebody wants his rows there. */
static bool are_parents_known(const struct stored_dump *d, struct error *err)
{
	const struct dumpfile_facts *f = &d->facts;

	if (!f->parents ||
	    (d->entry && d->entry->parents && !strcmp(f->parents, d->entry->parents)))
		return true;
	return error_set(err, ERROR_DATA,
			 "line %llu: its rows would become rows of %s, which the save "
			 "does not know",
			 (unsigned long long)f->parents_line, f->parents);
}

static bool has_other_facts(const struct stored_dump *d)
{
	const char *version = d->version ? d->version : "";
	/* older manifests have none for a version that blanks fill up */
	const char *expected = d->entry->version ? d->entry->version
			       : d->is_filled_up ? version
						 : "";

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
				 "wrong hash: its SHA-256 does not match the manifest");
	if (e && has_other_facts(d))
		return error_set(err, ERROR_DATA,
				 "it does not match the manifest: it holds %u tables, "
				 "%llu rows, version %s",
				 f->tables, (unsigned long long)f->rows,
				 d->version ? d->version : "nil");
	return are_parents_known(d, err);
}

bool stored_dump_open(const struct savedir *save, const char *account,
		      const char *expect_schema, struct stored_dump *out,
		      struct error *err)
{
	const struct dumpfile_opts opts = { .expect_schema = expect_schema,
					    .expect_prefix = STORED_PREFIX,
					    .watch_table = PRODUCT_VERSION_TABLE,
					    .watch_column = PRODUCT_VERSION_COLUMN,
					    .on_value = on_version,
					    .owner = out,
					    .references = expect_schema ? &out->references
									: NULL,
					    .needs = expect_schema ? &out->needs : NULL,
					    .marks = &out->marks };

	*out = (struct stored_dump){ .fd = -1,
				     .entry = manifest_find(&save->manifest, account) };
	if (!savedir_open_dump(save, account, &out->fd, err))
		return false;
	if (save->kind == SAVEDIR_SAVE && !out->entry)
		return error_set(err, ERROR_DATA, "it is not in the manifest");
	return dumpfile_check(out->fd, &opts, &out->facts, err) && compare(out, err);
}

void stored_dump_close(struct stored_dump *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

void stored_dump_release(struct stored_dump *d)
{
	stored_dump_close(d);
	free(d->version);
	dumpmarks_release(&d->marks);
	dumpfile_facts_release(&d->facts);
	strvec_release(&d->references);
	strvec_release(&d->needs);
	*d = (struct stored_dump){ .fd = -1 };
}
