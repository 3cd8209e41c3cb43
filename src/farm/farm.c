/* SPDX-License-Identifier: PostgreSQL */
#include "farm/farm.h"

#include <stdlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "farm/private.h"
#include "farm/backend_pgfarm.h"
#include "farm/backend_pg.h"

/* Fails if no such account exists. Its name may be a password, so the message does not
 * repeat it. */
static bool check_doubtful(const struct farm *f, struct error *err)
{
	const char *name = f->private->opts.conf->doubtful;
	const struct farm_account *a = name ? farm_find(f, name) : NULL;

	if (!a || a->is_registered || (f->has_proxy && a->node))
		return true;
	error_set(err, ERROR_USAGE,
		  "the argument after --password is not a registered account; it is not "
		  "shown, since it may be a password");
	return error_hint(err, "--password takes no value, but prompts for a password; "
			       "put account names before it, or after --");
}

static void on_listed(struct farm *f, const struct error *err)
{
	struct farm_private *p = f->private;
	struct error doubt;

	if (p->is_closing)
		return;
	if (!err && !check_doubtful(f, &doubt))
		err = &doubt;
	p->opts.ready(p->opts.owner, err);
}

static void on_start(void *owner)
{
	struct farm *f = owner;
	struct farm_private *p = f->private;
	struct error err;

	p->later = NULL;
	if (!conninfo_from_conf(p->opts.conf, &p->info, &err))
		on_listed(f, &err);
	else if (f->has_proxy)
		p->proxy = farm_pgfarm_start(f, on_listed);
	else
		p->single = farm_pg_start(f, on_listed);
}

struct farm *farm_start(const struct farm_opts *opts)
{
	struct farm *f = xcalloc(1, sizeof(*f));

	f->private = xcalloc(1, sizeof(*f->private));
	f->private->opts = *opts;
	f->backend = opts->conf->backend == CONF_PGFARM ? "PgFarm" : "Pg";
	f->global = opts->conf->product.global;
	f->has_proxy = opts->conf->backend == CONF_PGFARM;
	f->has_all_nodes = opts->conf->backend == CONF_PG || !opts->names->count;
	f->private->later = timer_start(opts->loop, 0, on_start, f);
	return f;
}

void farm_node_disconnect(struct farm_node *node)
{
	struct session *session = node->session;

	node->session = NULL;
	session_free(session);
}

void farm_disconnect(struct farm *f)
{
	struct farm_private *p = f->private;
	size_t count = f->node_count;
	AUTO_FREE struct session **sessions =
		xcalloc(count + 1, sizeof(struct session *));

	p->is_closing = true;
	if (p->later)
		timer_cancel(p->later);
	p->later = NULL;
	sessions[count] = farm_pgfarm_give_session(p->proxy);
	for (size_t i = 0; i < count; i++) {
		sessions[i] = f->nodes[i]->session;
		f->nodes[i]->session = NULL;
	}
	for (size_t i = 0; i <= count; i++)
		session_free(sessions[i]); /* the last one may free the farm */
}

void farm_free(struct farm *f)
{
	if (!f)
		return;
	farm_disconnect(f);
	farm_pg_free(f->private->single);
	farm_pgfarm_free(f->private->proxy);
	farm_release_members(f);
	conninfo_release(&f->private->info);
	free(f->private);
	free(f);
}
