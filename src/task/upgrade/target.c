/* SPDX-License-Identifier: PostgreSQL */
/*
 * The steps are read before anything is locked or connected, so that a mistake in them or
 * in --to costs nothing. All later steps use the end found here.
 */
#include "task/upgrade/target.h"

#include "migrations/folder.h"

bool upgrade_target_load(struct upgrade_target *target, const struct run_opts *opts,
			 struct error *err)
{
	const struct conf *conf = opts->conf;
	struct migrations *all = &target->migrations;
	const struct migration *last;

	if (!migrations_load_for(&conf->product, conf->migrations, all, err))
		return false;
	for (size_t i = 0; i < all->ignored.count; i++)
		log_debug(opts->log, "%s is not a migration and is ignored",
			  all->ignored.v[i]);
	target->end = all->count;
	if (!conf->to)
		return true;
	last = migrations_find(all, conf->to);
	if (!last) {
		error_set(err, ERROR_USAGE, "option --to: there is no %s '%s'",
			  conf->product.is_set ? "step" : "version", conf->to);
		return error_hint(err, "the newest is %s",
				  all->steps[all->count - 1].version);
	}
	target->end = (size_t)(last - all->steps) + 1;
	return true;
}

void upgrade_target_release(struct upgrade_target *target)
{
	migrations_release(&target->migrations);
}

const char *upgrade_target_version(const struct upgrade_target *target)
{
	return target->migrations.steps[target->end - 1].version;
}
