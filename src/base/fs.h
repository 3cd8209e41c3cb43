/* SPDX-License-Identifier: PostgreSQL */
/*
 * Files: complete reads and writes that report every failure, and making files durable.
 *
 * Errors: ERROR_SYSTEM with the system's message; the caller adds the path where the
 * function does not know it.
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Open a regular file for reading: no symbolic link, and no pipe that could block.
 * Ownership: the caller closes *fd.
 * Errors: errno is set, too.
 */
MUST_CHECK bool fs_open_file(int dir_fd, const char *name, int *fd, struct error *err);

/*
 * Read `fd` to its end.
 * Ownership: on success the caller frees *out, which is NUL-terminated after *length
 * bytes.
 * Errors: also ERROR_DATA if there are more than `max_bytes`.
 */
MUST_CHECK bool fs_read_all(int fd, size_t max_bytes, char **out, size_t *length,
			    struct error *err);

MUST_CHECK bool fs_write_all(int fd, const void *data, size_t length, struct error *err);

/* Copy the rest of `from` to `to`. */
MUST_CHECK bool fs_copy(int from, int to, struct error *err);

/* fsync a directory, so that the names in it survive a power failure. */
MUST_CHECK bool fs_sync_dir(const char *path, struct error *err);

#endif
