/* SPDX-License-Identifier: PostgreSQL */
/*
 * Was a save made from the database that the run is connected to? Only this module
 * decides that.
 *
 * It compares the server's system identifier and the database's number. Only a copy of
 * the server's files keeps both (a promoted standby, a clone for staging); pg_upgrade and
 * loading a dump elsewhere do not. For a farm, one node that both have is enough: nodes
 * come and go, and accounts move between them. If one of the two numbers is not known,
 * names and hosts are compared.
 */
#ifndef TASK_ORIGIN_H
#define TASK_ORIGIN_H

#include "base/error.h"
#include "farm/farm.h"
#include "store/manifest.h"

enum origin_verdict {
	ORIGIN_UNKNOWN, /* the save does not say, or no node can be asked */
	ORIGIN_SAME,
	ORIGIN_MOVED,    /* by its numbers, but it had another host or port */
	ORIGIN_UNPROVEN, /* only by names and hosts */
	ORIGIN_OTHER,
};

struct origin {
	enum origin_verdict verdict;
	/* Descriptions of the nodes that decided it; "" if none did. */
	char saved[300];
	char here[300];
	char saved_name[100], here_name[100];
};

/* Compare, while the farm is connected. */
void origin_compare(const struct manifest *manifest, const struct farm *farm,
		    struct origin *out);

/*
 * For ORIGIN_OTHER: "DIR is a save of database "x", not of "y": it was saved TIME from
 * ...; this is ...". Sets no hint. Returns false.
 */
bool origin_set_other(const struct origin *origin, const struct manifest *manifest,
		      const char *dir, struct error *err);

/* A notice about a verdict that is not certain: ORIGIN_MOVED, ORIGIN_UNPROVEN; NULL for
 * the others. Ownership: the caller frees. */
char *origin_format_notice(const struct origin *origin, const char *dir);

#endif
