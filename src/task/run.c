/* SPDX-License-Identifier: PostgreSQL */
#include "task/run.h"

#include <stdio.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "tree/lockfile.h"
#include "tree/rotate.h"

bool run_lock(const struct run_opts *opts, const struct layout *layout, int *lock_fd,
	      struct error *err)
{
	char holder[200], host[65] = "?", now[CLOCK_TEXT_BYTES];
	bool did_finish, did_clean;
	int fd;

	clock_now(now);
	(void)gethostname(host, sizeof(host) - 1);
	snprintf(holder, sizeof(holder), "metamodel %s, process %ld on %s, since %s",
		 opts->command, (long)getpid(), host, now);
	if (!lockfile_take(layout->lock, holder, &fd, err))
		return false;
	if (!rotate_recover(layout, &did_finish, &did_clean, err)) {
		close(fd);
		return false;
	}
	if (did_finish)
		log_warning(opts->log,
			    "an earlier run died while it swapped its save in; that was "
			    "finished now");
	if (did_clean)
		log_warning(opts->log,
			    "an earlier run died; what it had begun was cleaned up");
	*lock_fd = fd;
	return true;
}

unsigned run_choose_jobs(const struct run_opts *opts, const struct node *node)
{
	uint64_t free_connections = node_facts(node)->free_connections;
	uint64_t most =
		free_connections ? free_connections : 1; /* and hope: it is tried again */
	uint64_t wanted = opts->conf->jobs ? opts->conf->jobs : loop_processors();

	if (wanted > most)
		log_warning(
			opts->log,
			"the server has %llu free connections: running %llu jobs at once "
			"instead of %llu",
			(unsigned long long)free_connections, (unsigned long long)most,
			(unsigned long long)wanted);
	return (unsigned)(wanted < most ? wanted : most);
}

void run_log_command(const struct run_opts *opts, const struct strvec *argv)
{
	AUTO_STRBUF struct strbuf line = { 0 };

	if (opts->log->level < LOG_DEBUG)
		return;
	for (size_t i = 0; i < argv->count; i++) {
		strbuf_add_str(&line, i ? " '" : "'");
		for (const char *p = argv->v[i]; *p; p++)
			strbuf_add_str(&line,
				       *p == '\'' ? "'\\''" : (char[]){ *p, '\0' });
		strbuf_add_char(&line, '\'');
	}
	log_debug(opts->log, "%s", line.buf);
}

void run_on_waiting(const struct run_opts *opts, const struct error *why,
		    uint64_t pause_ms)
{
	log_warning(opts->log, "%s; trying again in %.2f s", why->text,
		    (double)pause_ms / 1000);
}
