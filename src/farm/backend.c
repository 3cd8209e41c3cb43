/* SPDX-License-Identifier: PostgreSQL */
#include "farm/backend.h"

#include <string.h>

#include "pg/pgresult.h"
#include "product/product.h"

const char farm_schemas_sql[] =
	"SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[])";

void farm_hint_place(const struct conf *conf, struct error *err)
{
	static const char *const words[] = {
		"No such file",        "refused",          "could not translate",
		"FATAL:  role",        "FATAL:  database", "no pg_hba.conf entry",
		"Peer authentication",
	};
	const struct strvec *files = &conf->looked_at;
	bool is_place = false;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		is_place |= strstr(err->text, words[i]) != NULL;
	if (err->hint[0] || !is_place)
		return;
	error_hint(err,
		   "specify the server and the user with -h, -p, -U and -d, the "
		   "environment (PGHOST and so on), or [backend] in one of these "
		   "configuration files: %s and %s",
		   files->count > 0 ? files->v[0] : "none",
		   files->count > 1 ? files->v[1] : "none");
}

void farm_hint_list(const char *sqlstate, struct error *err)
{
	error_prefix(err, "list the accounts");
	if (!strcmp(sqlstate, SQLSTATE_LOCK_NOT_AVAILABLE))
		error_hint(err,
			   "another session holds a lock on " PRODUCT_ACCOUNTS " (see "
			   "pg_locks): raise --lock-wait, or try at another time");
}
