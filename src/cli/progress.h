/* SPDX-License-Identifier: PostgreSQL */
/*
 * The progress bar below the messages on a terminal:
 *
 *   [========>             ]  82/200  41%  35.1/s  ETA 0:03
 *
 * It occupies the last line of stderr. Hide it before you write to stderr:
 * progress_hide() and progress_show() fit struct log.
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
	struct timer *tick; /* updates the ETA when nothing else happens */
};

/* The bar is enabled as conf->progress says. CONF_PROGRESS_AUTO: if stderr is a terminal
 * that can move its cursor, and not with --quiet. */
void progress_init(struct progress *progress, struct loop *loop, const struct conf *conf);
/* The progress callback of a task; `owner` is a struct progress. */
void progress_update(void *owner, size_t done, size_t total);
void progress_hide(void *owner);
void progress_show(void *owner);

/* Remove the bar for good. */
void progress_end(struct progress *progress);

/* Write the bar as text of at most `width` columns. Public for tests. */
void progress_format(size_t done, size_t total, uint64_t elapsed_ms, unsigned width,
		     char *out, size_t size_bytes);

#endif
