/* SPDX-License-Identifier: PostgreSQL */
/*
 * If a save lacked an account only because its dump failed last night, it would be worse
 * than the one before. So the account's last good dump is linked into it. If the newest
 * one is incomplete or not as its manifest says, older saves are tried.
 */
#include "task/save/carry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "task/save/account.h"
#include "task/save/previous.h"
#include "task/stored.h"

/* ---- on a worker thread ---- */

/* Make the entry in the new manifest for a good dump, whose account is already set. */
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

/* May the file become part of the save by a hard link? Old dumps may be readable by
 * others. */
static bool can_link(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && (!(st.st_mode & 077) || !fchmod(fd, 0600));
}

/* Make a hard link, or a copy if links are not supported. */
static bool link_or_copy(const struct save *save, const struct savedir *dir, int fd,
			 const char *account, struct error *err)
{
	AUTO_FREE char *from = savedir_file_name(dir, account);
	AUTO_FREE char *file = layout_file_name(account);
	AUTO_FREE char *to = str_format("%s/%s", save->layout.staging, file);
	AUTO_CLOSE int to_fd = -1;

	if (can_link(fd) && !linkat(dir->fd, from, AT_FDCWD, to, 0))
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

/* The account's schema as its dump spells it, in the encoding of the database; NULL: not
 * known. */
static const char *schema_of(const struct save *save, const char *name)
{
	const struct save_account *account = save_account_find(save, name);
	bool is_ascii = true;

	for (const char *p = name; *p; p++)
		is_ascii = is_ascii && !(*p & 0x80);
	if (is_ascii)
		return name;
	return account && account->listed ? account->listed->raw_name : NULL;
}

/* *out is set on success only. */
static bool carry_from(const struct save *save, const struct savedir *dir,
		       struct manifest_entry *out, bool *is_there, struct error *err)
{
	const char *name = out->account;
	struct stored_dump dump;
	bool is_ok = stored_dump_open(dir, name, schema_of(save, name), &dump, err) &&
		     link_or_copy(save, dir, dump.fd, name, err) &&
		     describe(&dump, farm_node_of(save->nodes.farm, name), out, err);

	/* it may be missing if it was never listed */
	*is_there = dump.fd >= 0 || dump.entry || (!is_ok && err->kind != ERROR_DATA);
	stored_dump_release(&dump);
	return is_ok;
}

static void note_problem(struct save *save, const char *account, size_t generation,
			 const struct error *err)
{
	AUTO_FREE char *name = save_previous_format_name(save, generation);

	strvec_push_format(&save->carry.problems,
			   "[%s carry over] skipped the dump in %s: %s", account, name,
			   err->text);
}

static bool carry_account(struct save *save, const char *account, bool is_failed)
{
	struct manifest_entry entry = { .account = (char *)account };

	for (size_t i = 0; i < save->previous.count; i++) {
		const struct savedir *dir = &save->previous.list[i];
		bool is_there = false;
		struct error err;

		if (dir->fd < 0 || save->previous.is_foreign[i])
			continue;
		if (carry_from(save, dir, &entry, &is_there, &err)) {
			struct manifest_entry *added =
				manifest_add(&save->carry.carried, account);

			entry.account = added->account;
			entry.is_failed |= is_failed;
			*added = entry;
			return true;
		}
		if (is_there)
			note_problem(save, account, i, &err);
	}
	return false;
}

static void carry_all(void *owner)
{
	struct save *save = owner;
	struct save_carry *carry = &save->carry;

	for (size_t i = 0; i < carry->wanted.count; i++) {
		bool is_failed = i < carry->failed_count;

		if (!carry_account(save, carry->wanted.v[i], is_failed) && !is_failed)
			strvec_push(&carry->lost, carry->wanted.v[i]);
	}
	manifest_sort(&carry->carried);
}

/* ---- on the loop's thread ---- */

static void on_carried(void *owner)
{
	struct save *save = owner;
	const struct save_carry *carry = &save->carry;
	struct error err;

	if (save->machine.is_cancelled) {
		machine_move(&save->machine, STEP_FAIL);
		return;
	}
	for (size_t i = 0; i < carry->problems.count; i++) {
		error_set(&err, ERROR_DATA, "%s", carry->problems.v[i]);
		log_error(save->opts.log, &err);
	}
	for (size_t i = 0; i < carry->lost.count; i++) {
		error_set(&err, ERROR_DATA,
			  "[%s carry over] no save holds a good dump of it",
			  carry->lost.v[i]);
		run_hint_command(&save->opts, &err, "dump it", carry->lost.v[i]);
		log_error(save->opts.log, &err);
	}
	machine_move(&save->machine, STEP_NEXT);
}

/* The accounts of the newest save that this run does not dump. */
static void list_others(const struct save *save, struct strvec *out)
{
	AUTO_STRVEC struct strvec there = { 0 };
	AUTO_STRVEC struct strvec ours = { 0 };

	if (!save->previous.count || save->previous.is_foreign[0])
		return;
	savedir_list_accounts(&save->previous.list[0], &there);
	for (size_t i = 0; i < save->accounts.count; i++)
		strvec_push(&ours, save->accounts.list[i].place->name);
	strvec_sort(&ours);
	for (size_t i = 0; i < there.count; i++)
		if (!strvec_has(&ours, there.v[i]))
			strvec_push(out, there.v[i]);
}

/* Accounts come and go, but somebody may have emptied _accounts by mistake. */
static void warn_unregistered(const struct save *save, const struct strvec *names)
{
	for (size_t i = 0; i < names->count; i++)
		log_alert(save->opts.log,
			  "account %s is no longer registered: its last dump stays in "
			  "the old save only",
			  names->v[i]);
}

enum step_result save_carry_enter(void *owner)
{
	struct save *save = owner;
	struct save_carry *carry = &save->carry;
	AUTO_STRVEC struct strvec others = { 0 };

	for (size_t i = 0; i < save->accounts.count; i++)
		if (save->accounts.list[i].state == ACCOUNT_FAILED)
			strvec_push(&carry->wanted, save->accounts.list[i].place->name);
	carry->failed_count = carry->wanted.count;
	list_others(save, &others);
	if (!save->opts.conf->accounts.count)
		warn_unregistered(save, &others);
	else
		for (size_t i = 0; i < others.count; i++)
			strvec_push(&carry->wanted, others.v[i]);
	if (!carry->wanted.count)
		return STEP_NEXT;
	work_start(save->opts.loop, carry_all, on_carried, save);
	return STEP_WAIT;
}

void save_carry_release(struct save *save)
{
	struct save_carry *carry = &save->carry;

	strvec_release(&carry->wanted);
	strvec_release(&carry->problems);
	strvec_release(&carry->lost);
	manifest_release(&carry->carried);
}
