/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/restore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/sql.h"

/* A commit that wrote nothing to the log does not wait for the disk; nor does any commit
 * while synchronous_commit is off. */
const char catalog_flush_sql[] =
	"SELECT pg_catalog.pg_logical_emit_message(true, 'metamodel', 'flush'),"
	" CASE current_setting('synchronous_commit') WHEN 'off'"
	" THEN set_config('synchronous_commit', 'local', true) END";

/* As in restore_begin.sql. */
#define TRANSACTION_MARK "metamodel transaction "

struct planning {
	catalog_plans_fn *done;
	void *owner;
};

struct encoding {
	catalog_names_fn *done;
	void *owner;
};

struct settling {
	catalog_settled_fn *done;
	void *owner;
};

static char *metamodel_of(const char *accounts)
{
	return sql_fill(sql_metamodel,
			(const char *const[]){ ":accounts", accounts, NULL });
}

static char *copy_value(const struct pg_result *result, int row, int column)
{
	const char *value = pgresult_value(result, row, column);

	return value ? xstrdup(value) : NULL;
}

static void on_plans(void *owner, const struct pg_result *result, const struct error *err)
{
	struct planning *p = owner;
	size_t count = err ? 0 : (size_t)pgresult_rows(result);
	struct catalog_plan *plans = err ? NULL : xcalloc(count, sizeof(*plans));

	for (size_t i = 0; i < count; i++) {
		int row = (int)i;

		plans[i].name = copy_value(result, row, 0);
		plans[i].raw_name_hex = copy_value(result, row, 1);
		plans[i].raw_name = catalog_decode_hex(plans[i].raw_name_hex);
		plans[i].has_schema = pgresult_is_true(result, row, 2);
		plans[i].present = copy_value(result, row, 3);
		if (!str_parse_uint(pgresult_value(result, row, 4), 0, UINT64_MAX,
				    &plans[i].tables))
			plans[i].tables = 0;
		plans[i].outsiders = copy_value(result, row, 5);
		plans[i].outsider_ids = copy_value(result, row, 6);
		plans[i].tied_hex = copy_value(result, row, 7);
		plans[i].tied_others_hex = copy_value(result, row, 8);
	}
	p->done(p->owner, plans, count, err);
	free(p);
}

void catalog_plan_restore(struct session *session, const struct strvec *names,
			  catalog_plans_fn *done, void *owner)
{
	struct planning *p = xcalloc(1, sizeof(*p));
	AUTO_FREE char *array = catalog_format_array(names);
	AUTO_FREE char *metamodel = metamodel_of("SELECT unnest($1::text[])");
	AUTO_FREE char *sql = str_format("%s%s", metamodel, sql_restore_plan);
	const char *params[] = { array };

	*p = (struct planning){ .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql, params, 1, on_plans, p);
}

void catalog_plans_free(struct catalog_plan *plans, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(plans[i].name);
		free(plans[i].raw_name);
		free(plans[i].raw_name_hex);
		free(plans[i].present);
		free(plans[i].outsiders);
		free(plans[i].outsider_ids);
		free(plans[i].tied_hex);
		free(plans[i].tied_others_hex);
	}
	free(plans);
}

static char *join_hex(const struct catalog_plan *const *plans, size_t count)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < count; i++)
		strbuf_add_format(&out, "%s%s", i ? "," : "", plans[i]->raw_name_hex);
	return strbuf_detach(&out);
}

char *catalog_restore_begin(const struct catalog_plan *const *plans, size_t count,
			    bool is_cascade, uint64_t lock_wait_ms)
{
	AUTO_FREE char *metamodel = metamodel_of("SELECT unnest(accounts)");
	AUTO_FREE char *wait = str_format("%llu", (unsigned long long)lock_wait_ms);
	AUTO_FREE char *accounts = join_hex(plans, count);
	AUTO_STRBUF struct strbuf outsiders = { 0 };

	strbuf_add_str(&outsiders, "");
	for (size_t i = 0; i < count; i++) {
		const char *ids = is_cascade ? plans[i]->outsider_ids : "";

		strbuf_add_format(&outsiders, "%s%s", *ids && outsiders.length ? "," : "",
				  ids);
	}
	return sql_fill(sql_restore_begin,
			(const char *const[]){ ":accounts_hex", accounts, ":outsiders",
					       outsiders.buf, ":lock_wait_ms", wait,
					       ":metamodel", metamodel, NULL });
}

char *catalog_restore_end(const struct catalog_plan *plan, uint32_t tables,
			  const char *version)
{
	AUTO_FREE char *count = str_format("%u", tables);
	/* only digits and a point: version_is_newer() has checked that */
	const char *const words[] = {
		":account_hex", plan->raw_name_hex,       ":tables", count,
		":version",     version ? version : "-1", NULL
	};

	return sql_fill(sql_restore_end, words);
}

char *catalog_restore_outside(const struct catalog_plan *const *plans, size_t count)
{
	AUTO_FREE char *accounts = join_hex(plans, count);

	return sql_fill(sql_restore_outside,
			(const char *const[]){ ":accounts_hex", accounts, NULL });
}

char *catalog_take_transaction(const char *messages, char **rest)
{
	const char *mark = strstr(messages, TRANSACTION_MARK);
	const char *line = mark, *number;

	if (!mark) {
		*rest = xstrdup(messages);
		return NULL;
	}
	while (line > messages && line[-1] != '\n')
		line--;
	number = mark + strlen(TRANSACTION_MARK);
	mark += strcspn(mark, "\n");
	*rest = str_format("%.*s%s", (int)(line - messages), messages,
			   *mark ? mark + 1 : mark);
	return xstrndup(number, strspn(number, "0123456789"));
}

static enum catalog_outcome outcome_of(const char *status)
{
	if (!status)
		return CATALOG_UNKNOWN;
	if (!strcmp(status, "committed"))
		return CATALOG_COMMITTED;
	return strcmp(status, "aborted") ? CATALOG_RUNNING : CATALOG_ROLLED_BACK;
}

static void on_settled(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct settling *s = owner;
	size_t count = err ? 0 : (size_t)pgresult_rows(result);
	AUTO_FREE enum catalog_outcome *outcomes = xcalloc(count + 1, sizeof(*outcomes));

	for (size_t i = 0; i < count; i++)
		outcomes[i] = outcome_of(pgresult_value(result, (int)i, 0));
	s->done(s->owner, err ? NULL : outcomes, err);
	free(s);
}

void catalog_settle(struct session *session, const struct strvec *transactions,
		    catalog_settled_fn *done, void *owner)
{
	struct settling *s = xcalloc(1, sizeof(*s));
	AUTO_FREE char *array = catalog_format_array(transactions);
	const char *params[] = { array };

	*s = (struct settling){ .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql_restore_settle, params, 1, on_settled, s);
}

static void on_encoded(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct encoding *e = owner;
	AUTO_STRVEC struct strvec raw_names = { 0 };

	for (int i = 0; !err && i < pgresult_rows(result); i++) {
		AUTO_FREE char *raw_name =
			catalog_decode_hex(pgresult_value(result, i, 0));

		strvec_push(&raw_names, raw_name);
	}
	e->done(e->owner, &raw_names, err);
	free(e);
}

void catalog_encode_names(struct session *session, const struct strvec *names,
			  catalog_names_fn *done, void *owner)
{
	struct encoding *e = xcalloc(1, sizeof(*e));
	AUTO_FREE char *array = catalog_format_array(names);
	const char *params[] = { array };

	*e = (struct encoding){ .done = done, .owner = owner };
	pgconn_query(session_conn(session),
		     "SELECT encode(convert_to(name, getdatabaseencoding()), 'hex')"
		     " FROM unnest($1::text[]) WITH ORDINALITY a (name, place)"
		     " ORDER BY place",
		     params, 1, on_encoded, e);
}
