/* SPDX-License-Identifier: PostgreSQL */
/* The settings at the beginning of a dump, before its first other statement. */
#ifndef DUMP_HEADER_H
#define DUMP_HEADER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The beginning of a sound dump, to be loaded into a server of this major version: what
 * pg_dump sets for newer ones only, to a value that means nothing to older ones, becomes
 * a comment of the same length. Nothing else is changed, and nothing behind the first
 * statement that is not SET.
 */
void dumpheader_adapt(char *data, size_t length, unsigned server_major);

/* Would it do so with this setting? */
bool dumpheader_leaves_out(const char *setting, unsigned server_major);

#endif
