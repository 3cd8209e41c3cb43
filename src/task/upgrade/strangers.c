/* SPDX-License-Identifier: PostgreSQL */
/*
 * If somebody names the wrong database, the upgrade would create _global there: list what
 * others have there, and stop. And if _global did not exist, no account is registered:
 * list the accounts that the upgrade did not find, too.
 */
#include "task/upgrade/strangers.h"

#include "base/auto.h"
#include "product/product.h"

static void on_strangers(void *owner, const struct strvec *found, const struct error *err)
{
	const struct upgrade_strangers *strangers = owner;
	struct error described;

	if (err || !found->count) {
		strangers->done(strangers->owner, err);
		return;
	}
	run_set_no_accounts(strangers->accounts->farm, &described);
	for (size_t i = 0; i < found->count; i++) {
		error_append(&described, i ? "\n" : " and contains objects of others:\n");
		error_append(&described, found->v[i]);
	}
	error_hint(&described,
		   "name the database of an OpenResty server with --dbname. To "
		   "make this one such a database: CREATE SCHEMA " PRODUCT_GLOBAL
		   ", and upgrade again");
	strangers->done(strangers->owner, &described);
}

bool upgrade_strangers_start(struct upgrade_strangers *strangers,
			     const struct upgrade_accounts *accounts,
			     void (*done)(void *owner, const struct error *err),
			     void *owner)
{
	*strangers = (struct upgrade_strangers){ accounts, done, owner };
	if (accounts->farm->has_proxy || !upgrade_accounts_is_global_new(accounts))
		return false;
	catalog_list_strangers(upgrade_accounts_global(accounts)->place->node->session,
			       on_strangers, strangers);
	return true;
}

static void on_lookalikes(void *owner, const struct strvec *names,
			  const struct error *err)
{
	const struct upgrade_strangers *strangers = owner;

	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *statement = catalog_register_statement(names->v[i]);

		log_failure(strangers->accounts->opts->log,
			    "Schema %s looks like an account. To register it: %s",
			    names->v[i], statement);
	}
	strangers->done(strangers->owner, err);
}

bool upgrade_unregistered_start(struct upgrade_strangers *strangers,
				const struct upgrade_accounts *accounts,
				void (*done)(void *owner, const struct error *err),
				void *owner)
{
	*strangers = (struct upgrade_strangers){ accounts, done, owner };
	if (!upgrade_accounts_is_global_new(accounts))
		return false;
	log_failure(accounts->opts->log,
		    "WARNING!!! You need to upgrade every user account in "
		    "your system manually.");
	catalog_list_lookalikes(upgrade_accounts_global(accounts)->place->node->session,
				on_lookalikes, strangers);
	return true;
}
