/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/sql.h"
#include "pg/pattern.h"
#include "product/product.h"

struct listing {
	catalog_accounts_fn *done;
	void *owner;
};

/*
 * $1: the names. A relation belongs to the metamodel if pg_dump's pattern "account"._*
 * finds it. Where a tenant is its whole schema, every relation counts.
 */
static const char accounts_sql[] =
	"WITH apart AS (" /* identity sequences go with their tables */
	" SELECT q.seqrelid FROM pg_sequence q JOIN pg_depend i ON i.classid ="
	"  'pg_class'::regclass AND i.objid = q.seqrelid AND i.deptype = 'i'"
	"  AND i.refclassid = 'pg_class'::regclass"
	" JOIN pg_class t ON t.oid = i.refobjid AND NOT :t_is_ours),"
	" relation AS ("
	" SELECT relnamespace, count(*) AS relations,"
	"  count(*) FILTER (WHERE p.seqrelid IS NULL) AS dumped,"
	"  bool_or(relname = '" PRODUCT_LOOK_1 "') AND bool_or(relname = '" PRODUCT_LOOK_2
	"') AS looks"
	" FROM pg_class c LEFT JOIN apart p ON p.seqrelid = c.oid"
	" WHERE :c_is_ours"
	"  AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S') GROUP BY relnamespace)"
	" SELECT a.name, encode(convert_to(a.name, getdatabaseencoding()), 'hex'),"
	"  n.oid IS NOT NULL, coalesce(l.looks, false), coalesce(l.relations, 0),"
	"  coalesce(l.dumped, 0)"
	" FROM unnest($1::text[]) WITH ORDINALITY a (name, place)"
	" LEFT JOIN pg_namespace n ON n.nspname = a.name"
	" LEFT JOIN relation l ON l.relnamespace = n.oid"
	" ORDER BY a.place";

char *catalog_format_array(const struct strvec *names)
{
	struct strbuf out = { 0 };

	strbuf_add_char(&out, '{');
	for (size_t i = 0; i < names->count; i++) {
		strbuf_add_str(&out, i ? ",\"" : "\"");
		for (const char *p = names->v[i]; *p; p++) {
			if (*p == '"' || *p == '\\')
				strbuf_add_char(&out, '\\');
			strbuf_add_char(&out, *p);
		}
		strbuf_add_char(&out, '"');
	}
	strbuf_add_char(&out, '}');
	return strbuf_detach(&out);
}

char *catalog_decode_hex(const char *hex)
{
	size_t length = strlen(hex) / 2;
	char *out = xcalloc(1, length + 1);

	for (size_t i = 0; i < length; i++)
		out[i] = (char)(str_hex_digit(hex[2 * i]) * 16 +
				str_hex_digit(hex[2 * i + 1]));
	return out;
}

char *catalog_decode_copy(const char *line, size_t length)
{
	static const char codes[] = "bfnrtv", bytes[] = "\b\f\n\r\t\v";
	struct strbuf out = { 0 };

	if (length == 2 && !memcmp(line, "\\N", 2))
		return NULL;
	strbuf_add_str(&out, "");
	for (size_t i = 0; i < length; i++) {
		const char *code = NULL;

		if (line[i] == '\\' && i + 1 < length)
			code = strchr(codes, line[++i]);
		strbuf_add_char(&out, code ? bytes[code - codes] : line[i]);
	}
	return strbuf_detach(&out);
}

static void on_accounts(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct listing *l = owner;
	size_t count = err ? 0 : (size_t)pgresult_rows(result);
	struct catalog_account *accounts = err ? NULL : xcalloc(count, sizeof(*accounts));

	for (size_t i = 0; i < count; i++) {
		struct catalog_account *a = &accounts[i];
		int row = (int)i;

		a->name = xstrdup(pgresult_value(result, row, 0));
		a->raw_name = catalog_decode_hex(pgresult_value(result, row, 1));
		a->has_schema = pgresult_is_true(result, row, 2);
		a->looks_like_account = pgresult_is_true(result, row, 3);
		a->relations = (uint32_t)pgresult_uint(result, row, 4);
		a->dumped_relations = (uint32_t)pgresult_uint(result, row, 5);
	}
	if (err) {
		struct error named = *err;

		error_prefix(&named, "list the accounts");
		l->done(l->owner, NULL, 0, &named);
	} else {
		l->done(l->owner, accounts, count, NULL);
	}
	free(l);
}

void catalog_list_accounts(struct session *session, const struct strvec *names,
			   bool is_whole, catalog_accounts_fn *done, void *owner)
{
	AUTO_FREE char *array = catalog_format_array(names);
	AUTO_FREE char *sql = sql_fill_ours(accounts_sql, is_whole);
	struct listing *l = xcalloc(1, sizeof(*l));

	*l = (struct listing){ .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql, (const char *const[]){ array }, 1,
		     on_accounts, l);
}

void catalog_accounts_free(struct catalog_account *accounts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(accounts[i].name);
		free(accounts[i].raw_name);
	}
	free(accounts);
}

bool catalog_can_dump(const struct catalog_account *a, bool is_whole, struct error *err)
{
	if (is_whole)
		return a->has_schema || error_set(err, ERROR_DATA, "it has no schema");
	if (!a->has_schema) {
		error_set(err, ERROR_DATA,
			  "the account is registered, but has no schema");
		return error_hint(err,
				  "restore it, or delete its row in " PRODUCT_ACCOUNTS);
	}
	if (!a->relations) {
		error_set(err, ERROR_DATA,
			  "its schema holds no relation whose name begins with _");
		return error_hint(err,
				  "restore it, or delete its row in " PRODUCT_ACCOUNTS);
	}
	return true;
}

char *catalog_dump_pattern(const struct catalog_account *a)
{
	struct strbuf out = { 0 };

	strbuf_add_identifier(&out, a->raw_name, strlen(a->raw_name));
	strbuf_add_str(&out, "." PRODUCT_PREFIX "*");
	return strbuf_detach(&out);
}

char *catalog_schemas_pattern(const char *const *raw_names, size_t count)
{
	struct strbuf out = { 0 };

	pattern_add_names(&out, raw_names, count);
	return strbuf_detach(&out);
}

char *catalog_others_pattern(const char *schemas)
{
	return str_format("%s.[^" PRODUCT_PREFIX "]*", schemas);
}

struct member_listing {
	catalog_member_fn *member;
	void (*done)(void *owner, const struct error *err);
	void *owner;
};

static void on_members(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct member_listing *l = owner;

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		l->member(l->owner, &(struct catalog_member){
					    .account = pgresult_value(result, i, 0),
					    .raw_name_hex = pgresult_value(result, i, 1),
					    .name = pgresult_value(result, i, 2),
					    .extension = pgresult_value(result, i, 3),
					    .remedy = pgresult_value(result, i, 4),
				    });
	l->done(l->owner, err);
	free(l);
}

void catalog_list_members(struct session *session, const struct strvec *names,
			  bool is_whole, catalog_member_fn *member,
			  void (*done)(void *owner, const struct error *err), void *owner)
{
	AUTO_FREE char *array = catalog_format_array(names);
	AUTO_FREE char *sql = sql_fill_ours(sql_members, is_whole);
	struct member_listing *l = xcalloc(1, sizeof(*l));

	*l = (struct member_listing){ .member = member, .done = done, .owner = owner };
	pgconn_query(session_conn(session), sql, (const char *const[]){ array }, 1,
		     on_members, l);
}
