/* SPDX-License-Identifier: PostgreSQL */
/*
 * How failed accounts are reported: each reason once, however many accounts have it.
 *
 * The first account with a reason is reported at once and in full, the others are
 * counted. At the end of the run one line says how many they are and names the first of
 * them; the command's closing line names them all.
 */
#ifndef TASK_FAILURES_H
#define TASK_FAILURES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/log.h"
#include "base/str.h"

struct failure;

/* All zero is empty. */
struct failures {
	struct failure *list;
	size_t count;
};

/*
 * Report that `account` failed in `step`: "[ACCOUNT STEP] text", its details and the
 * hint. Reasons that differ only in the account's name are the same. A list of objects of
 * the account (ERROR_DATA with several lines) is always reported in full.
 */
void failures_add(struct failures *failures, const struct log *log, const char *account,
		  const char *step, const struct error *err);

/*
 * The same for callers that print the reason themselves. Notes why an account failed;
 * returns true if this reason has not been reported yet.
 */
bool failures_note(struct failures *failures, const char *account, const char *step,
		   const struct error *err);
/*
 * "the same for 3 other accounts: b, c, d", and what it is the same as. NULL: there are
 * none.
 * Ownership: the caller frees.
 */
char *failures_format_others(const struct failures *failures, size_t index,
			     const char **account);

/* At the end of the run: report how many other accounts each reason has. Then start
 * anew. */
void failures_flush(struct failures *failures, const struct log *log);

void failures_release(struct failures *failures);

#endif
