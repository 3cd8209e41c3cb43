/* SPDX-License-Identifier: PostgreSQL */
/*
 * A save is kept for months, on disks that fail and where people can change it. So a dump
 * is trusted only after it was read again, whoever needs it: verify, restore, or a save
 * that carries it over.
 */
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
	struct stored_dump *dump = owner;

	if (version_take(value, &dump->version))
		dump->is_filled_up = strlen(value) > strlen(dump->version);
}

/* Rows of the account that are visible in tables of others: allowed if pg_dump wrote it
 * so, which the manifest says. Otherwise somebody has added them to the dump. */
static bool are_parents_known(const struct stored_dump *dump, struct error *err)
{
	const struct dumpfile_facts *facts = &dump->facts;

	if (!facts->parents || (dump->entry && dump->entry->parents &&
				!strcmp(facts->parents, dump->entry->parents)))
		return true;
	return error_set(err, ERROR_DATA,
			 "line %llu: its rows would become rows of %s, which the save "
			 "does not know",
			 (unsigned long long)facts->parents_line, facts->parents);
}

static bool has_other_facts(const struct stored_dump *dump)
{
	const char *version = dump->version ? dump->version : "";
	/* older manifests have no version if it is padded with blanks */
	const char *expected = dump->entry->version ? dump->entry->version
			       : dump->is_filled_up ? version
						    : "";

	return dump->facts.tables != dump->entry->tables ||
	       dump->facts.rows != dump->entry->rows || strcmp(version, expected) != 0;
}

/* Several faults are all reported: a truncated file also has the wrong size. *err says
 * why a dump is not sound. */
static bool compare(const struct stored_dump *dump, struct error *err)
{
	const struct dumpfile_facts *facts = &dump->facts;
	const struct manifest_entry *entry = dump->entry;
	AUTO_FREE char *unsound = facts->is_sound ? NULL : str_format("; %s", err->text);

	if (entry && facts->size_bytes != entry->size_bytes) {
		error_set(err, ERROR_DATA,
			  "wrong size: %llu bytes, the manifest says %llu",
			  (unsigned long long)facts->size_bytes,
			  (unsigned long long)entry->size_bytes);
		return error_append(err, unsound ? unsound : "");
	}
	if (!facts->is_sound)
		return false;
	if (entry && strcmp(facts->sha256, entry->sha256) != 0)
		return error_set(err, ERROR_DATA,
				 "wrong hash: its SHA-256 does not match the manifest");
	if (entry && has_other_facts(dump))
		return error_set(err, ERROR_DATA,
				 "it does not match the manifest: it holds %u tables, "
				 "%llu rows, version %s",
				 facts->tables, (unsigned long long)facts->rows,
				 dump->version ? dump->version : "nil");
	return are_parents_known(dump, err);
}

bool stored_dump_open(const struct savedir *save, const char *account,
		      const char *expect_schema, struct stored_dump *out,
		      struct error *err)
{
	bool is_whole = save->manifest.is_whole;
	const struct dumpfile_opts opts = {
		.expect_schema = expect_schema,
		.expect_prefix = is_whole ? NULL : STORED_PREFIX,
		.is_whole = is_whole,
		.watch_table = PRODUCT_VERSION_TABLE,
		.watch_column = PRODUCT_VERSION_COLUMN,
		.on_value = is_whole ? NULL : on_version,
		.owner = out,
		.references = expect_schema ? &out->references : NULL,
		.needs = expect_schema ? &out->needs : NULL,
		.marks = &out->marks
	};

	*out = (struct stored_dump){ .fd = -1,
				     .entry = manifest_find(&save->manifest, account) };
	if (!savedir_open_dump(save, account, &out->fd, err))
		return false;
	if (save->kind == SAVEDIR_SAVE && !out->entry)
		return error_set(err, ERROR_DATA, "it is not in the manifest");
	return dumpfile_check(out->fd, &opts, &out->facts, err) && compare(out, err);
}

static bool is_ascii(const char *text)
{
	while (*text && !(*text & 0x80))
		text++;
	return !*text;
}

/* How a dump spells another name depends on its database; without a manifest there are
 * names of files only. */
const char *stored_schema_of(const struct savedir *save, const char *account)
{
	return save->kind == SAVEDIR_SAVE && is_ascii(account) ? account : NULL;
}

void stored_dump_close(struct stored_dump *dump)
{
	if (dump->fd >= 0)
		close(dump->fd);
	dump->fd = -1;
}

void stored_dump_release(struct stored_dump *dump)
{
	stored_dump_close(dump);
	free(dump->version);
	dumpdigests_release(&dump->marks);
	dumpfile_facts_release(&dump->facts);
	strvec_release(&dump->references);
	strvec_release(&dump->needs);
	*dump = (struct stored_dump){ .fd = -1 };
}
