/* SPDX-License-Identifier: PostgreSQL */
/* What the caller wants from a farm: see farm/farm.h. */
#ifndef FARM_OPTS_H
#define FARM_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"
#include "conf/conf.h"
#include "farm/members.h"
#include "pg/session.h"
#include "proc/loop.h"

struct farm_opts {
	struct loop *loop;
	const struct conf *conf;
	const char *program; /* "metamodel save" */
	enum session_lock lock;
	bool has_snapshot;
	bool is_writer; /* as in struct session_opts */
	/* The accounts wanted, without duplicates; empty: all registered ones and
	 * _global. */
	const struct strvec *names;
	/* If all are wanted, also these, which are no longer registered, provided they
	 * still have a schema, or a place on a farm. May be NULL. */
	const struct strvec *former;
	/* Find out which accounts are registered even if accounts are named, for
	 * farm_is_registered(). */
	bool has_registered;
	/* The steps of tenants will be read: `runs_applied` of catalog_list_tenants(). */
	bool runs_applied;
	/* As in struct session_opts, but called with `person`. */
	bool (*ask_password)(void *person, char **out);
	void (*waiting)(void *person, const struct error *why, uint64_t pause_ms);
	void *person;
	void (*ready)(void *owner, const struct error *err);
	void (*lost)(void *owner, struct farm_node *node, const struct error *err);
	void *owner;
};

#endif
