/* SPDX-License-Identifier: PostgreSQL */
/*
 * Is a save of the database that we are connected to? The only place that says so.
 *
 * It goes by the server's system identifier and the database's number, which a copy of
 * the server's files (a standby that was promoted, a clone for staging) keeps, and
 * nothing else does: neither pg_upgrade nor a dump that is loaded elsewhere. Of a farm,
 * one node that both have is enough: nodes come and go, and accounts move between them.
 * Where one of the two is not known, names and hosts have to do.
 */
#ifndef TASK_ORIGIN_H
#define TASK_ORIGIN_H

#include "base/error.h"
#include "farm/farm.h"
#include "store/manifest.h"

enum origin_verdict {
	ORIGIN_UNKNOWN, /* it does not say, or no node can be asked */
	ORIGIN_SAME,
	ORIGIN_MOVED,    /* by its numbers, but it had another host or port */
	ORIGIN_UNPROVEN, /* by names and hosts only */
	ORIGIN_OTHER,
};

struct origin {
	enum origin_verdict verdict;
	/* The nodes that decided it, as people know them; "" where none did. */
	char saved[300];
	char here[300];
	char saved_name[100], here_name[100];
};

/* Compare while the farm is connected. */
void origin_compare(const struct manifest *manifest, const struct farm *farm,
		    struct origin *out);

/*
 * "DIR is a save of database "x", not of "y": it was saved TIME from ...; this is ...".
 * For ORIGIN_OTHER. Returns false, and sets no hint.
 */
bool origin_set_other(const struct origin *origin, const struct manifest *manifest,
		      const char *dir, struct error *err);

/* What to say of a verdict that is not plain: ORIGIN_MOVED, ORIGIN_UNPROVEN; NULL for the
 * others. Ownership: the caller frees. */
char *origin_format_notice(const struct origin *origin, const char *dir);

#endif
