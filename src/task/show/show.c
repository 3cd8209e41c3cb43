/* SPDX-License-Identifier: PostgreSQL */
/*
 * The output may go to psql or to a terminal. A dump that is not as it was saved is fit
 * for neither; whoever wants to look at it can open its file.
 */
#include "task/show/show.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "dump/digests.h"
#include "dump/parts.h"
#include "store/layout.h"
#include "task/stored.h"

enum {
	BUFFER_BYTES = 65536,
	LINE_BYTES = 1 << 20, /* longer lines are written in pieces */
	TABLES = 20,          /* named if another table was asked for */
};

struct show {
	const struct show_opts *opts;
	const char *account;
	const char *table; /* NULL: the whole dump */
	bool is_in_table;
	bool is_found;
	struct strbuf line; /* of the output for a terminal */
	struct strbuf out;
	struct strvec tables; /* some of those with rows */
	const char *encoding;
	bool has_failed;
	struct error error;
};

/* ---- output ---- */

static void flush(struct show *show)
{
	if (!show->has_failed &&
	    !fs_write_all(show->opts->fd, show->out.buf, show->out.length, &show->error))
		show->has_failed = !error_prefix(&show->error, "standard output");
	strbuf_reset(&show->out);
}

/* Tabs stay: they separate the columns of a row. */
static void add_printable(struct show *show)
{
	char *text = show->line.buf, *cell;

	while ((cell = strsep(&text, "\t"))) {
		strbuf_add_printable(&show->out, cell);
		if (text)
			strbuf_add_char(&show->out, '\t');
	}
	strbuf_reset(&show->line);
}

/* A piece of a line ends before a byte that begins a character. */
static void take_byte(struct show *show, char c)
{
	if (show->line.length > LINE_BYTES && (c & 0xC0) != 0x80)
		add_printable(show);
	if (c != '\n') {
		strbuf_add_char(&show->line, c);
		return;
	}
	if (show->line.length)
		add_printable(show);
	strbuf_add_char(&show->out, '\n');
}

static void write_out(struct show *show, const char *data, size_t length)
{
	if (!show->opts->is_terminal)
		strbuf_add(&show->out, data, length);
	for (size_t i = 0; show->opts->is_terminal && i < length; i++)
		take_byte(show, data[i]);
	if (show->out.length > BUFFER_BYTES)
		flush(show);
}

static void write_text(struct show *show, const char *text)
{
	write_out(show, text, strlen(text));
}

/* ---- one table ---- */

static bool is_word(const char *text)
{
	for (; *text; text++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
			    "0123456789_-",
			    *text))
			return false;
	return true;
}

/*
 * If psql cannot begin the COPY, it would take the rows for statements and continue: so
 * tell it to stop at an error.
 */
static void write_settings(struct show *show)
{
	AUTO_FREE char *encoding =
		str_format("SET client_encoding = '%s';\n", show->encoding);

	write_text(show, "\\set ON_ERROR_STOP on\n");
	if (*show->encoding && is_word(show->encoding))
		write_text(show, encoding);
}

static void on_copy(void *owner, const char *schema, const char *name, const char *text)
{
	struct show *show = owner;

	(void)schema;
	if (show->tables.count < TABLES)
		strvec_push(&show->tables, name);
	show->is_in_table = !strcmp(name, show->table);
	if (!show->is_in_table)
		return;
	if (!show->is_found)
		write_settings(show);
	show->is_found = true;
	write_text(show, text);
}

static void on_row(void *owner, const char *data, size_t length, bool is_end)
{
	struct show *show = owner;

	if (!show->is_in_table)
		return;
	write_out(show, data, length);
	if (is_end)
		write_text(show, "\n");
}

static void on_copy_end(void *owner)
{
	struct show *show = owner;

	if (show->is_in_table)
		write_text(show, "\\.\n");
	show->is_in_table = false;
}

/* ---- the dump ---- */

static bool write_parts(struct show *show, const struct stored_dump *dump, bool is_whole,
			struct error *err)
{
	struct dumpdigests_reader *reader = dumpdigests_open(&dump->marks, dump->fd);
	const struct dumpparts_hooks hooks = { .on_copy = on_copy,
					       .on_row = on_row,
					       .on_copy_end = on_copy_end,
					       .owner = show,
					       .is_whole = is_whole };
	AUTO_FREE struct dumpparts *parts = xcalloc(1, sizeof(*parts));
	size_t length = 0;
	bool is_ok;
	char *data;

	dumpparts_init(parts, &hooks);
	while ((is_ok = dumpdigests_next(reader, &data, &length, err)) && length &&
	       !show->has_failed) {
		if (show->table)
			dumpparts_feed(parts, data, length);
		else
			write_out(show, data, length);
	}
	dumpparts_release(parts);
	dumpdigests_close(reader);
	if (!is_ok && (!show->table || show->is_found))
		error_append(err, "; what was written is not complete");
	return is_ok;
}

static bool fail_table(const struct show *show, struct error *err)
{
	AUTO_STRBUF struct strbuf names = { 0 };

	error_set(err, ERROR_DATA, "the dump of %s holds no rows of a table %s",
		  show->account, show->table);
	for (size_t i = 0; i < show->tables.count; i++)
		strbuf_add_format(&names, "%s%s", i ? ", " : "", show->tables.v[i]);
	if (show->tables.count == TABLES)
		strbuf_add_str(&names, ", ...");
	return error_hint(err, "its tables: %s", names.length ? names.buf : "none");
}

static bool write_checked(struct show *show, const struct stored_dump *dump,
			  bool is_whole, struct error *err)
{
	show->encoding = dump->facts.encoding;
	if (!write_parts(show, dump, is_whole, err))
		return false;
	if (show->line.length)
		add_printable(show);
	flush(show);
	if (show->has_failed)
		*err = show->error;
	else if (show->table && !show->is_found)
		return fail_table(show, err);
	return !show->has_failed;
}

/* Log what could not be checked because the manifest is missing or damaged. */
static void tell_unchecked(const struct show_opts *opts, const struct savedir *save,
			   bool *is_checked)
{
	struct error err;

	*is_checked = save->kind != SAVEDIR_DAMAGED;
	if (save->kind == SAVEDIR_LEGACY)
		log_warning(opts->log,
			    "%s has no " MANIFEST_FILE ": it can only be checked whether "
			    "the dump is complete",
			    opts->conf->directory);
	if (*is_checked)
		return;
	err = save->damage;
	error_prefix(&err, "%s", opts->conf->directory);
	error_append(&err, "; it was only checked whether the dump is complete");
	log_error(opts->log, &err);
}

static bool fail_dump(const struct show *show, const struct savedir *save,
		      struct error *err)
{
	const char *dir = show->opts->conf->directory;
	AUTO_FREE char *file = savedir_file_name(save, show->account);
	AUTO_STRBUF struct strbuf word = { 0 };
	AUTO_FREE char *path = str_format("%s/%s", dir, file);

	if (!strvec_has(&save->dumps, file) &&
	    !manifest_find(&save->manifest, show->account)) {
		error_set(err, ERROR_DATA, "%s %s is not in %s",
			  show->opts->conf->product.noun, show->account, dir);
		return error_hint(err, "metamodel list shows in which saves it is");
	}
	error_prefix(err, "%s", path);
	strbuf_add_shell_word(&word, path);
	return error_hint(err, "it was not written; to look at it: less -- %s", word.buf);
}

static bool write_dump(struct show *show, const struct savedir *save, bool *is_checked,
		       struct error *err)
{
	struct stored_dump dump;
	bool is_ok;

	is_ok = stored_dump_open(save, show->account,
				 stored_schema_of(save, show->account), &dump, err);
	if (is_ok) {
		tell_unchecked(show->opts, save, is_checked);
		is_ok = write_checked(show, &dump, save->manifest.is_whole, err);
	} else {
		fail_dump(show, save, err);
	}
	stored_dump_release(&dump);
	return is_ok;
}

static bool check_kind(const struct savedir *save, const char *dir, struct error *err)
{
	if (save->kind != SAVEDIR_ABSENT && save->kind != SAVEDIR_FOREIGN)
		return true;
	if (save->kind == SAVEDIR_ABSENT)
		error_set(err, ERROR_DATA, "%s does not exist", dir);
	else
		error_set(err, ERROR_DATA, "%s is not a save: it has no " MANIFEST_FILE,
			  dir);
	return error_hint(err, "name the save with --directory");
}

bool show_write(const struct show_opts *opts, bool *is_checked, struct error *err)
{
	const char *dir = opts->conf->directory;
	struct show show = { .opts = opts,
			     .account = opts->conf->accounts.v[0],
			     .table = opts->conf->table };
	struct savedir save;
	bool is_ok;

	*is_checked = true;
	if (!savedir_open(dir, &save, err))
		return false;
	is_ok = check_kind(&save, dir, err) && write_dump(&show, &save, is_checked, err);
	savedir_release(&save);
	strvec_release(&show.tables);
	strbuf_release(&show.line);
	strbuf_release(&show.out);
	return is_ok;
}
