/* SPDX-License-Identifier: PostgreSQL */
/* How the tables of edges are written. Part of dumpforms. */
#ifndef DUMP_FORMS_TABLE_H
#define DUMP_FORMS_TABLE_H

#include "dump/edge.h"

enum { DUMPFORMS_EDGES_MAX = 18 }; /* of a state; the rest have no text */

#define GO(text, to) BY(text, to, SQL_NO_USE, AT_SAME)
#define BY(text, to, use, after)     \
	{                            \
		text, to, use, after \
	}

/* Those of whole schemas, which come before the others. */
extern const struct dumpforms_edge dumpforms_whole[AT_NOWHERE][DUMPFORMS_EDGES_MAX];

#endif
