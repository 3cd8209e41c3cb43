/* SPDX-License-Identifier: PostgreSQL */
/* The settings at the beginning of a dump, before its first other statement. */
#ifndef DUMP_HEADER_H
#define DUMP_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Adapt the beginning of a sound dump to a server of this major version: a setting that
 * pg_dump makes only for newer servers, to a value that has no meaning for older ones,
 * becomes a comment of the same length. Nothing else is changed, and nothing after the
 * first statement that is not SET.
 */
void dumpheader_adapt(char *data, size_t length, unsigned server_major);

/* Would it do so with this setting? */
bool dumpheader_leaves_out(const char *setting, unsigned server_major);

#endif
