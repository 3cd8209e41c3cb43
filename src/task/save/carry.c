/* SPDX-License-Identifier: PostgreSQL */
/*
 * Carrying over: what could not be dumped, or was not asked for, keeps its last good
 * dump. Good is a dump that is whole and is what its manifest says; where the newest one
 * is not, the older saves are asked. All of it runs on one worker thread.
 */
#include "task/save/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "task/stored.h"

/* The entry in the new manifest for a good dump; its account is set. */
static bool describe(const struct stored_dump *dump, const struct farm_node *node,
		     struct manifest_entry *out, struct error *err)
{
	struct stat st;

	if (dump->entry) {
		manifest_copy_entry(out, dump->entry);
	} else if (fstat(dump->fd, &st) < 0) {
		return error_set(err, ERROR_SYSTEM, "%s", strerror(errno));
	} else {
		out->node = node ? xstrdup(node->name) : NULL;
		out->version = dump->version ? xstrdup(dump->version) : NULL;
		out->size_bytes = dump->facts.size_bytes;
		out->rows = dump->facts.rows;
		out->tables = dump->facts.tables;
		memcpy(out->sha256, dump->facts.sha256, sizeof(out->sha256));
		clock_format(st.st_mtime, out->saved_at);
	}
	out->is_stale = true;
	return true;
}

/* May it become part of a save as it is, by a hard link? Dumps of old may be open to
 * others. */
static bool can_link(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (!(st.st_mode & 077) || !fchmod(fd, 0600));
}

/* A hard link, or a copy where there are none. */
static bool link_or_copy(const struct save *s, const struct savedir *save, int fd,
			 const char *account, struct error *err)
{
	AUTO_FREE char *from = savedir_file_name(save, account);
	AUTO_FREE char *file = layout_file_name(account);
	AUTO_FREE char *to = str_format("%s/%s", s->layout.staging, file);
	AUTO_CLOSE int to_fd = -1;

	if (can_link(fd) && !linkat(save->fd, from, AT_FDCWD, to, 0))
		return true;
	to_fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (to_fd < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return error_set(err, ERROR_SYSTEM, "create %s: %s", to, strerror(errno));
	if (fs_copy(fd, to_fd, err) &&
	    (!fsync(to_fd) || error_set(err, ERROR_SYSTEM, "fsync: %s", strerror(errno))))
		return true;
	unlink(to);
	return error_prefix(err, "%s", to);
}

/* The account's schema as its dump has it, in the encoding of the database; NULL: not
 * known. */
static const char *schema_of(const struct save *s, const char *account)
{
	const struct save_account *a = save_find_account(s, account);
	bool is_ascii = true;

	for (const char *p = account; *p; p++)
		is_ascii = is_ascii && !(*p & 0x80);
	if (is_ascii)
		return account;
	return a && a->model ? a->model->raw_name : NULL;
}

/* *out is filled on success only. */
static bool carry_from(struct save *s, const struct savedir *save,
		       struct manifest_entry *out, bool *is_there, struct error *err)
{
	struct stored_dump dump;
	bool is_ok = stored_dump_open(save, out->account, schema_of(s, out->account),
				      &dump, err) &&
		     link_or_copy(s, save, dump.fd, out->account, err) &&
		     describe(&dump, farm_node_of(s->farm, out->account), out, err);

	/* missing is no wonder where it was never listed */
	*is_there = dump.fd >= 0 || dump.entry || (!is_ok && err->kind != ERROR_DATA);
	stored_dump_release(&dump);
	return is_ok;
}

/* "metamodel", "metamodel.old", ... as the user calls them. Ownership: the caller frees.
 */
static char *name_of_save(const struct save *s, size_t generation)
{
	struct layout named = { .dir = s->opts.conf->directory };

	return generation ? layout_old(&named, (unsigned)generation) : xstrdup(named.dir);
}

static bool carry_account(struct save *s, const char *account, bool is_failed)
{
	struct manifest_entry entry = { .account = (char *)account };
	struct save_carry *c = &s->carry;

	for (size_t i = 0; i < s->previous_count; i++) {
		const struct savedir *save = &s->previous[i];
		bool is_there = false;
		struct error err;

		if (save->fd < 0 || s->is_foreign[i])
			continue;
		if (carry_from(s, save, &entry, &is_there, &err)) {
			struct manifest_entry *added = manifest_add(&c->carried, account);

			entry.account = added->account;
			entry.is_failed |= is_failed;
			*added = entry;
			return true;
		}
		if (is_there) {
			AUTO_FREE char *name = name_of_save(s, i);

			strvec_push_format(&c->problems,
					   "[%s carry over] the dump in %s was passed "
					   "over: %s",
					   account, name, err.text);
		}
	}
	return false;
}

static void carry_all(void *owner)
{
	struct save *s = owner;
	struct save_carry *c = &s->carry;

	for (size_t i = 0; i < c->wanted.count; i++)
		if (!carry_account(s, c->wanted.v[i], i < c->failed_count) &&
		    i >= c->failed_count)
			strvec_push(&c->lost, c->wanted.v[i]);
	manifest_sort(&c->carried);
}

static void on_carried(void *owner)
{
	struct save *s = owner;

	if (s->machine.is_cancelled) {
		machine_move(&s->machine, STEP_FAIL);
		return;
	}
	for (size_t i = 0; i < s->carry.problems.count; i++) {
		struct error err;

		error_set(&err, ERROR_DATA, "%s", s->carry.problems.v[i]);
		log_error(s->opts.log, &err);
	}
	for (size_t i = 0; i < s->carry.lost.count; i++) {
		struct error err;

		error_set(&err, ERROR_DATA,
			  "[%s carry over] no save holds a good dump of it",
			  s->carry.lost.v[i]);
		run_hint_command(&s->opts, &err, "dump it", s->carry.lost.v[i]);
		log_error(s->opts.log, &err);
	}
	machine_move(&s->machine, STEP_NEXT);
}

/* The accounts of the newest save that this run does not dump. */
static void list_others(const struct save *s, struct strvec *out)
{
	AUTO_STRVEC struct strvec there = { 0 };
	AUTO_STRVEC struct strvec ours = { 0 };

	if (!s->previous_count || s->is_foreign[0])
		return;
	savedir_list_accounts(&s->previous[0], &there);
	for (size_t i = 0; i < s->account_count; i++)
		strvec_push(&ours, s->accounts[i].place->name);
	strvec_sort(&ours);
	for (size_t i = 0; i < there.count; i++)
		if (!strvec_has(&ours, there.v[i]))
			strvec_push(out, there.v[i]);
}

/* Accounts come and go; but somebody may have emptied _accounts by mistake. */
static void warn_unregistered(const struct save *s, const struct strvec *names)
{
	for (size_t i = 0; i < names->count; i++)
		log_alert(s->opts.log,
			  "account %s is no longer registered: its last dump stays in "
			  "the old save only",
			  names->v[i]);
}

enum step_result save_carry_enter(void *owner)
{
	struct save *s = owner;
	AUTO_STRVEC struct strvec others = { 0 };
	struct save_carry *c = &s->carry;

	for (size_t i = 0; i < s->account_count; i++)
		if (s->accounts[i].error)
			strvec_push(&c->wanted, s->accounts[i].place->name);
	c->failed_count = c->wanted.count;
	list_others(s, &others);
	if (!s->opts.conf->accounts.count)
		warn_unregistered(s, &others);
	else
		for (size_t i = 0; i < others.count; i++)
			strvec_push(&c->wanted, others.v[i]);
	if (!c->wanted.count)
		return STEP_NEXT;
	work_start(s->opts.loop, carry_all, on_carried, s);
	return STEP_WAIT;
}

void save_carry_release(struct save_carry *c)
{
	strvec_release(&c->wanted);
	strvec_release(&c->problems);
	strvec_release(&c->lost);
	manifest_release(&c->carried);
}
