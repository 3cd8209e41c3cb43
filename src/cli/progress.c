/* SPDX-License-Identifier: PostgreSQL */
#include "cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fs.h"

enum { REDRAW_MS = 100, TICK_MS = 500, WIDTH_DEFAULT = 80, BAR_MOST = 50, BAR_LEAST = 5 };

void progress_init(struct progress *progress, struct loop *loop, const struct conf *conf)
{
	const char *term = getenv("TERM");

	*progress = (struct progress){ .loop = loop };
	if (conf->progress == CONF_PROGRESS_AUTO)
		progress->is_enabled = !conf->quiet && isatty(STDERR_FILENO) && term &&
				       strcmp(term, "dumb") != 0;
	else
		progress->is_enabled = conf->progress == CONF_PROGRESS_ALWAYS;
}

static unsigned terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return WIDTH_DEFAULT;
	return size.ws_col;
}

void progress_format(size_t done, size_t total, uint64_t elapsed_ms, unsigned width,
		     char *out, size_t size_bytes)
{
	double rate = elapsed_ms ? (double)done * 1000 / (double)elapsed_ms : 0;
	char numbers[160], eta[32] = "-:--";
	unsigned bar, filled;
	int used;

	if (rate > 0) {
		uint64_t left_s = (uint64_t)((double)(total - done) / rate + 0.5);

		if (left_s < 3600)
			snprintf(eta, sizeof(eta), "%u:%02u", (unsigned)(left_s / 60),
				 (unsigned)(left_s % 60));
		else
			snprintf(eta, sizeof(eta), "%lluh%02um",
				 (unsigned long long)left_s / 3600,
				 (unsigned)(left_s % 3600 / 60));
	}
	used = snprintf(numbers, sizeof(numbers), "%zu/%zu %3u%%  %.1f/s  ETA %s", done,
			total, total ? (unsigned)(done * 100 / total) : 100, rate, eta);
	if (width < (unsigned)used + BAR_LEAST + 3) { /* no room for a bar */
		snprintf(out, size_bytes, "%.*s", (int)width, numbers);
		return;
	}
	bar = width - (unsigned)used - 3;
	bar = bar > BAR_MOST ? BAR_MOST : bar;
	filled = total ? (unsigned)(done * bar / total) : bar;
	snprintf(out, size_bytes, "[%.*s%s%*s] %s", (int)filled,
		 "==================================================",
		 filled < bar ? ">" : "", filled < bar ? (int)(bar - filled - 1) : 0, "",
		 numbers);
}

static void put(const char *text)
{
	struct error ignored; /* a bar that cannot be drawn is no failure */

	if (!fs_write_all(STDERR_FILENO, text, strlen(text), &ignored))
		return;
}

void progress_hide(void *owner)
{
	struct progress *progress = owner;

	if (progress->is_drawn)
		put("\r\033[K");
	progress->is_drawn = false;
}

void progress_show(void *owner)
{
	struct progress *progress = owner;
	unsigned width = terminal_width();
	char bar[256], line[300];

	if (!progress->is_enabled || !progress->total)
		return;
	progress->drawn_ms = loop_now_ms();
	/* leave room for the cursor and the ^C that a terminal echoes */
	progress_format(progress->done, progress->total,
			progress->drawn_ms - progress->started_ms,
			width > 3 ? width - 3 : 1, bar, sizeof(bar));
	snprintf(line, sizeof(line), "\r%s\033[K", bar);
	put(line);
	progress->is_drawn = true;
}

static void on_tick(void *owner)
{
	struct progress *progress = owner;

	progress_show(progress);
	progress->tick = timer_start(progress->loop, TICK_MS, on_tick, progress);
}

void progress_update(void *owner, size_t done, size_t total)
{
	struct progress *progress = owner;

	if (!progress->is_enabled)
		return;
	if (!progress->total) {
		progress->started_ms = loop_now_ms();
		progress->tick = timer_start(progress->loop, TICK_MS, on_tick, progress);
	}
	progress->done = done;
	progress->total = total;
	if (done == total || loop_now_ms() - progress->drawn_ms >= REDRAW_MS)
		progress_show(progress);
}

void progress_end(struct progress *progress)
{
	progress_hide(progress);
	if (progress->tick)
		timer_cancel(progress->tick);
	progress->tick = NULL;
	progress->is_enabled = false;
}
