/* SPDX-License-Identifier: PostgreSQL */
#include "farm/nodes.h"

#include "farm/private.h"

static void on_waiting(void *owner, const struct error *why, uint64_t pause_ms)
{
	const struct farm_node *node = owner;
	const struct farm_opts *opts = &node->farm->private->opts;

	if (opts->waiting)
		opts->waiting(opts->person, why, pause_ms);
}

static bool ask_password(void *owner, char **out)
{
	const struct farm_node *node = owner;
	const struct farm_opts *opts = &node->farm->private->opts;

	return opts->ask_password(opts->person, out);
}

static void on_lost(void *owner, const struct error *err)
{
	struct farm_node *node = owner;
	const struct farm_opts *opts = &node->farm->private->opts;

	node->is_lost = true;
	farm_node_failed(node, err);
	opts->lost(opts->owner, node, &node->error);
}

uint64_t farm_answer_ms(const struct farm *f)
{
	const struct conf *conf = f->private->opts.conf;

	if (!conf->timeout_s || !conf->lock_wait_s)
		return 0;
	return conf_timeout_ms(conf) + conf_lock_wait_ms(conf);
}

void farm_connect_node(struct farm_node *node, const struct conninfo *info,
		       void (*on_ready)(void *owner, const struct error *err))
{
	const struct farm *f = node->farm;
	const struct farm_opts *wanted = &f->private->opts;
	const struct session_opts opts = {
		.loop = wanted->loop,
		.info = info,
		.timeout_s = f->has_proxy ? FARM_TIMEOUT_S : 0,
		.answer_ms = farm_answer_ms(f),
		.program = wanted->program,
		.lock = wanted->lock,
		.has_snapshot = wanted->has_snapshot,
		.has_identity = true,
		.is_writer = wanted->is_writer,
		.lock_wait_ms = conf_lock_wait_ms(wanted->conf),
		.ask_password = ask_password,
		.waiting = on_waiting,
		.ready = on_ready,
		.lost = on_lost,
		.owner = node,
	};

	node->session = session_start(&opts);
}
