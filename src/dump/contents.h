/* SPDX-License-Identifier: PostgreSQL */
/*
 * The contents of a dump: everything except the lines \restrict and \unrestrict. pg_dump
 * chooses another key for them each time, so two dumps of the same tables are never the
 * same file. Blocks.
 */
#ifndef DUMP_CONTENTS_H
#define DUMP_CONTENTS_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"

/*
 * Have two dumps, regular files open for reading, the same contents? Reads only up to the
 * first difference; the offsets of the files stay as they are.
 * Errors: ERROR_SYSTEM if one cannot be read.
 */
MUST_CHECK bool dumpcontents_equal(int a_fd, int b_fd, bool *is_equal, struct error *err);

#endif
