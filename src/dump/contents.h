/* SPDX-License-Identifier: PostgreSQL */
/*
 * The contents of a dump: all of it but the lines \restrict and \unrestrict. pg_dump
 * chooses another key for them each time, so that no two dumps of the same tables are
 * the same file. It blocks.
 */
#ifndef DUMP_CONTENTS_H
#define DUMP_CONTENTS_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"

/*
 * Do two dumps, regular files open for reading, have the same contents? Reads no further
 * than the first difference; the offsets of the files are not touched.
 * Errors: ERROR_SYSTEM if one cannot be read.
 */
MUST_CHECK bool dumpcontents_equal(int a_fd, int b_fd, bool *is_equal, struct error *err);

#endif
