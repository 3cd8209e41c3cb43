/* SPDX-License-Identifier: PostgreSQL */
/*
 * The progress bar under the lines on a terminal:
 *
 *   [========>             ]  82/200  41%  35.1/s  ETA 0:03
 *
 * It belongs to the last line of stderr; who writes there hides it first (progress_hide()
 * and progress_show() fit struct log).
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "conf/conf.h"
#include "proc/loop.h"

struct progress {
	bool is_enabled;
	bool is_drawn;
	size_t done, total;
	uint64_t started_ms, drawn_ms;
	struct loop *loop;
	struct timer *tick; /* so that the ETA goes on when nothing else does */
};

/* auto: when stderr is a terminal that can move its cursor, and not with --quiet. */
void progress_init(struct progress *progress, struct loop *loop, const struct conf *conf);
/* For a task, whose `owner` is the progress. */
void progress_update(void *owner, size_t done, size_t total);
void progress_hide(void *owner);
void progress_show(void *owner);

/* Remove it for good. */
void progress_end(struct progress *progress);

/* The bar as text, at most `width` columns. For tests. */
void progress_format(size_t done, size_t total, uint64_t elapsed_ms, unsigned width,
		     char *out, size_t size_bytes);

#endif
