/* SPDX-License-Identifier: PostgreSQL */
/*
 * A directory that may be a save: its contents and its manifest.
 *
 * It is kept open, so that it remains the same directory while another run swaps the
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
	SAVEDIR_ABSENT,  /* it does not exist */
	SAVEDIR_SAVE,    /* it has a readable manifest */
	SAVEDIR_DAMAGED, /* its manifest cannot be read; `damage` says why */
	SAVEDIR_LEGACY,  /* no manifest, but dumps, as the Perl scripts made it; or empty
			  */
	SAVEDIR_FOREIGN, /* not a directory, or not empty and without a dump */
};

struct savedir {
	enum savedir_kind kind;
	int fd;                   /* of the directory, -1 if there is none */
	struct manifest manifest; /* all zero unless it is a save */
	struct strvec dumps;      /* names of the *.sql files, sorted */
	struct strvec strays;     /* of everything that is not part of a save, sorted */
	struct strvec locks;      /* lock files of this program, left by mistake */
	struct error damage;
};

/*
 * Look at `path`.
 * Ownership: the caller releases *out.
 * Errors: ERROR_SYSTEM if it exists but cannot be read.
 */
MUST_CHECK bool savedir_open(const char *path, struct savedir *out, struct error *err);

/*
 * Add the names of its accounts to *out, in UTF-8: those in the manifest, or else those
 * of its files. The Perl scripts used a name as it is. A file whose name is not UTF-8
 * appears under a name that cannot be opened.
 */
void savedir_list_accounts(const struct savedir *save, struct strvec *out);

/* The file name of an account's dump, whether the file exists or not. Ownership: the
 * caller frees. */
char *savedir_file_name(const struct savedir *save, const char *account);

/*
 * Open an account's dump for reading.
 * Ownership: the caller closes *fd.
 * Errors: ERROR_DATA, "missing", if there is none; ERROR_SYSTEM, also if it is not a
 * regular file.
 */
MUST_CHECK bool savedir_open_dump(const struct savedir *save, const char *account,
				  int *fd, struct error *err);

/* 0 without a readable manifest. */
uint64_t savedir_serial(const struct savedir *save);
void savedir_release(struct savedir *save);

#endif
