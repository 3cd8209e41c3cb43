/* SPDX-License-Identifier: PostgreSQL */
/*
 * The contents of a file when it was checked, piece by piece: the SHA-256 of its
 * beginning up to the end of each piece. When the file is read again, each piece is
 * compared before it is used. It blocks, so use it on threads.
 */
#ifndef DUMP_DIGESTS_H
#define DUMP_DIGESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/error.h"

enum { DUMPDIGESTS_PIECE_BYTES = 256 * 1024, DUMPDIGESTS_DIGEST_BYTES = 32 };

/* All zero initially; the owner releases it. */
struct dumpdigests {
	unsigned char (
		*digests)[DUMPDIGESTS_DIGEST_BYTES]; /* in the order of the pieces */
	size_t count;
};

struct evp_md_ctx_st;

void dumpdigests_release(struct dumpdigests *marks);

/* End a piece after what was digested so far. False: libcrypto failed. */
MUST_CHECK bool dumpdigests_add(struct dumpdigests *marks,
				const struct evp_md_ctx_st *digest);

/* Read one piece from `at`: all of it, or up to the end of the file. */
MUST_CHECK bool dumpdigests_read(int fd, off_t at, char *buffer, size_t *length,
				 struct error *err);

struct dumpdigests_reader;

/* Read the file in `fd` again, from its start; its offset is not touched.
 * Ownership: `marks` and `fd` remain the caller's and must outlive the reader. */
struct dumpdigests_reader *dumpdigests_open(const struct dumpdigests *marks, int fd);
void dumpdigests_close(struct dumpdigests_reader *reader);

/*
 * The next piece; *length is 0 after the last. The bytes belong to the reader, which
 * does not use them again: the caller may change them until the next call.
 * Errors: ERROR_DATA if it differs from what was checked; ERROR_SYSTEM.
 */
MUST_CHECK bool dumpdigests_next(struct dumpdigests_reader *reader, char **data,
				 size_t *length, struct error *err);

#endif
