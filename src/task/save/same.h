/* SPDX-License-Identifier: PostgreSQL */
/*
 * A dump that is the same as in the newest save becomes a hard link to its file there: if
 * a hundred of ten thousand accounts have changed, a night costs the disk a hundred
 * files. If anything prevents that, the new file stays, which is just as good.
 *
 * 1. save_same_look() compares the two files on a worker thread.
 * 2. save_same_link() replaces one by the other on the loop's thread.
 */
#ifndef TASK_SAVE_SAME_H
#define TASK_SAVE_SAME_H

#include <sys/stat.h>

#include "task/save/state.h"

/* The same file in the newest save. */
struct save_same {
	const struct manifest_entry *entry; /* in the newest save; NULL: there is none */
	struct stat file;
};

/* Compare the new dump in `fd`, which is sound and has `size_bytes`. */
void save_same_look(const struct save_account *account, int fd, uint64_t size_bytes,
		    struct save_same *out);

/* Returns false if the new file stays. */
MUST_CHECK bool save_same_link(const struct save_account *account,
			       const struct save_same *same);

#endif
