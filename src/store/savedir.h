/* SPDX-License-Identifier: PostgreSQL */
/*
 * A directory that may be a save: what is in it, and what its manifest says.
 *
 * It is held open, so that what was opened stays what it was while another run swaps the
 * names.
 */
#ifndef STORE_SAVEDIR_H
#define STORE_SAVEDIR_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/strvec.h"
#include "store/manifest.h"

enum savedir_kind {
	SAVEDIR_ABSENT,  /* there is nothing of that name */
	SAVEDIR_SAVE,    /* it has a readable manifest */
	SAVEDIR_DAMAGED, /* it has a manifest that cannot be read; `damage` says why */
	SAVEDIR_LEGACY,  /* no manifest, but dumps, as the Perl scripts wrote it; or empty
			  */
	SAVEDIR_FOREIGN, /* no directory, or something is in it, but no dump */
};

struct savedir {
	enum savedir_kind kind;
	int fd;                   /* of the directory, -1 if there is none */
	struct manifest manifest; /* all zero unless it is a save */
	struct strvec dumps;      /* names of the *.sql files, sorted */
	struct strvec strays;     /* of everything that is not part of a save, sorted */
	struct strvec locks;      /* lock files of ours, which a slip left in it */
	struct error damage;
};

/*
 * Look at `path`.
 * Ownership: the caller releases *out.
 * Errors: ERROR_SYSTEM when it is there but cannot be looked at.
 */
MUST_CHECK bool savedir_open(const char *path, struct savedir *out, struct error *err);

/*
 * Add the names of the accounts it holds to *out, in UTF-8: those of the manifest, or
 * else of its files. The Perl scripts took a name as it is. A file whose name is not
 * UTF-8 is there under a name that cannot be opened.
 */
void savedir_list_accounts(const struct savedir *save, struct strvec *out);

/* The name of an account's dump in it, whether that is there or not. Ownership: the
 * caller frees. */
char *savedir_file_name(const struct savedir *save, const char *account);

/*
 * Open an account's dump for reading.
 * Ownership: the caller closes *fd.
 * Errors: ERROR_DATA, "missing", when there is none; ERROR_SYSTEM, also for what is no
 * file.
 */
MUST_CHECK bool savedir_open_dump(const struct savedir *save, const char *account,
				  int *fd, struct error *err);

/* 0 without a readable manifest. */
uint64_t savedir_serial(const struct savedir *save);
void savedir_release(struct savedir *save);

#endif
