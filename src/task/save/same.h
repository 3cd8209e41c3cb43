/* SPDX-License-Identifier: PostgreSQL */
/*
 * A dump that is the same as in the newest save becomes a hard link to that one's file: a
 * night on which a hundred of ten thousand accounts changed costs the disk a hundred
 * files. Whatever stands in the way, the new file stays, which is as good.
 *
 * 1. save_same_look() on a worker thread compares the two files.
 * 2. save_same_link() on the loop's thread puts one in the place of the other.
 */
#ifndef TASK_SAVE_SAME_H
#define TASK_SAVE_SAME_H

#include <sys/stat.h>

#include "task/save/state.h"

/* The file in the newest save that is the same. */
struct save_same {
	const struct manifest_entry *entry; /* in the newest save; NULL: it is not */
	struct stat file;
};

/* Compare the new dump in `fd`, a sound one of `size_bytes`. */
void save_same_look(const struct save_account *account, int fd, uint64_t size_bytes,
		    struct save_same *out);

/* False: the new file stays. */
MUST_CHECK bool save_same_link(const struct save_account *account,
			       const struct save_same *same);

#endif
