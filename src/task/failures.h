/* SPDX-License-Identifier: PostgreSQL */
/*
 * What is said of the accounts that fail: each reason once, however many have it.
 *
 * The first account with a reason is reported at once and in full, the others are
 * counted. At the end of the run one line says how many they are, and names the first of
 * them; the closing line of the command names them all.
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
 * hint. A reason is the same if it differs only in the account's name. What lists
 * objects of the account (ERROR_DATA of several lines) is always reported in full.
 */
void failures_add(struct failures *failures, const struct log *log, const char *account,
		  const char *step, const struct error *err);

/*
 * The same for those who print themselves. Note why an account failed; true: nobody has
 * been told of it yet.
 */
bool failures_note(struct failures *failures, const char *account, const char *step,
		   const struct error *err);
/* "the same for 3 other accounts: b, c, d", and which it is the same as. NULL: there are
 * none. Ownership: the caller frees. */
char *failures_format_others(const struct failures *failures, size_t index,
			     const char **account);

/* The end of the run: say for how many others each reason holds. Later ones begin
 * anew. */
void failures_flush(struct failures *failures, const struct log *log);

void failures_release(struct failures *failures);

#endif
