/* SPDX-License-Identifier: PostgreSQL */
/* What a command did, for the closing line, --json and the exit status. */
#ifndef TASK_REPORT_H
#define TASK_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"

enum report_result {
	REPORT_DONE,
	REPORT_PARTLY, /* the accounts with an error failed, the others are done */
	REPORT_FAILED, /* nothing was changed; the accounts or `error` say why */
};

struct report_account {
	char *account;       /* "" for a file that belongs to none */
	char *file;          /* its dump; NULL if it does not matter */
	char *node;          /* NULL if it is not known */
	const char *outcome; /* "saved", "stale", "failed", ...; a literal */
	char *error;         /* NULL: none */
	char *version;       /* of its metamodel; NULL: none */
	char *from;          /* the version before an upgrade; NULL: none */
	/* Objects dropped outside the metamodel, one per line; NULL: none. */
	char *destroyed;
	char *state;   /* status: "current", "3 behind", ...; otherwise NULL */
	char *problem; /* status: why it is broken; NULL: it is not */
	char *hint;    /* status: what to do about it; NULL: no advice */
	char *behind;  /* status: the steps it lacks, one per line; NULL: none */
	/* status: differences from its version, one per line; NULL: none */
	char *differences;
	char saved_at[21]; /* status: of its dump; "" if there is none */
	bool is_stale;
	bool is_unchanged; /* its dump is the same file as in the save before */
	bool is_kept;      /* it failed, but an earlier dump of it was carried over */
	uint32_t tables;
	uint64_t rows;
	uint64_t size_bytes;
	uint64_t elapsed_ms;
};

struct report {
	enum report_result result;
	struct error error; /* of the whole run; ERROR_NONE if there is none */
	int signal_number;  /* the signal that ended it, or 0 */
	struct report_account *accounts;
	size_t count;
	char *too_old;              /* what is too old, one per line; NULL: nothing */
	char *advice;               /* the last line: what to do now; NULL: none */
	struct strvec unregistered; /* status: schemas that look like accounts */
	/* Accounts that were not asked for and stay in the save unchanged. */
	size_t others;
};

/* Add an account, all zero except its name. The pointer is valid until another one is
 * added. */
struct report_account *report_add(struct report *report, const char *account);
/* For status: does nothing need to be done? The schema that all tenants share counts as
 * current. */
bool report_is_current(const struct report_account *account);
void report_release(struct report *report);

#endif
