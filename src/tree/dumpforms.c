/* SPDX-License-Identifier: PostgreSQL */
#include "tree/dumpforms.h"

#include <string.h>

#include "base/compiler.h"

enum { EDGES_MAX = 16 };

#define GO(text, to) BY(text, to, SQL_NO_USE, AT_SAME)
#define BY(text, to, use, after)     \
	{                            \
		text, to, use, after \
	}

/*
 * Words that may stand in front of others lead back to where they stand: in an order that
 * pg_dump does not write, the server takes them for an error. What can move a relation to
 * another name or schema is not among the verbs of ALTER.
 */
static const struct dumpforms_edge forms[AT_NOWHERE][EDGES_MAX] = {
	/* clang-format off */
	[AT_START] = {
		GO("alter",        AT_ALTER),
		GO("comment",      AT_FIND_KIND),
		BY("copy",         AT_NAME, SQL_ROWS, AT_COPY_LIST),
		GO("create",       AT_CREATE),
		GO("grant",        AT_FIND_KIND),
		GO("insert",       AT_INSERT),
		GO("refresh",      AT_REFRESH),
		GO("reset",        AT_RESET),
		GO("revoke",       AT_FIND_KIND),
		GO("security",     AT_FIND_KIND),
		GO("select",       AT_SELECT),
		GO("set",          AT_SET),
		GO(";",            AT_START),
	},
	[AT_ALTER] = {
		GO("foreign",      AT_ALTER),
		GO("materialized", AT_ALTER),
		BY("table",        AT_NAME, SQL_RELATION, AT_VERB),
		BY("view",         AT_NAME, SQL_RELATION, AT_VERB),
		BY("sequence",     AT_NAME, SQL_RELATION, AT_VERB),
		BY("index",        AT_NAME, SQL_PART, AT_VERB),
		BY("statistics",   AT_NAME, SQL_PART, AT_VERB),
		BY("trigger",      AT_FIND_ON, SQL_RELATION, AT_VERB),
		BY("publication",  AT_PUBLICATION, SQL_RELATION, AT_OTHER),
	},
	[AT_VERB] = {
		GO("add",          AT_OTHER),
		GO("alter",        AT_IDENTITY),
		GO("attach",       AT_ATTACH),
		GO("cluster",      AT_OTHER),
		GO("depends",      AT_OTHER),
		GO("disable",      AT_OTHER),
		GO("enable",       AT_OTHER),
		GO("force",        AT_OTHER),
		GO("owned",        AT_OTHER),
		GO("owner",        AT_OTHER),
		GO("replica",      AT_OTHER),
		GO("set",          AT_VERB_SET),
	},
	[AT_VERB_SET]  = {
		GO("access",       AT_OTHER),
		GO("logged",       AT_OTHER),
		GO("statistics",   AT_OTHER),
		GO("unlogged",     AT_OTHER),
		GO("(",            AT_OTHER),
	},
	/* It is about the partition; the table it becomes one of need not be ours. */
	[AT_ATTACH]          = { BY("partition", AT_NAME, SQL_NO_USE, AT_OTHER) },
	[AT_IDENTITY]        = { GO("sequence",  AT_IDENTITY_NAME) },
	[AT_IDENTITY_NAME]   = { BY("name",      AT_NAME, SQL_SEQUENCE, AT_OTHER) },
	[AT_PUBLICATION]     = { GO("add",       AT_PUBLICATION_ADD) },
	[AT_PUBLICATION_ADD] = { GO("table",     AT_NAME) },
	[AT_CREATE] = {
		GO("constraint",   AT_CREATE),
		GO("foreign",      AT_CREATE),
		GO("materialized", AT_CREATE),
		GO("or",           AT_CREATE),
		GO("replace",      AT_CREATE),
		GO("unique",       AT_CREATE),
		GO("unlogged",     AT_CREATE),
		BY("table",        AT_NAME, SQL_TABLE, AT_OTHER),
		BY("view",         AT_NAME, SQL_VIEW, AT_OTHER),
		BY("sequence",     AT_NAME, SQL_SEQUENCE, AT_OTHER),
		BY("index",        AT_FIND_ON, SQL_RELATION, AT_OTHER),
		BY("policy",       AT_FIND_ON, SQL_RELATION, AT_OTHER),
		BY("trigger",      AT_FIND_ON, SQL_HOOK, AT_OTHER),
		BY("rule",         AT_FIND_TO, SQL_RELATION, AT_OTHER),
		BY("statistics",   AT_FIND_FROM, SQL_RELATION, AT_OTHER),
	},
	[AT_FIND_ON]   = { GO("on",   AT_NAME) },
	[AT_FIND_TO]   = {
		BY("delete",       AT_FIND_TO, SQL_HOOK, AT_SAME),
		BY("insert",       AT_FIND_TO, SQL_HOOK, AT_SAME),
		BY("update",       AT_FIND_TO, SQL_HOOK, AT_SAME),
		GO("to",           AT_NAME),
	},
	[AT_FIND_FROM] = { GO("from", AT_NAME) },
	[AT_FIND_KIND] = { GO("on",   AT_KIND) },
	[AT_KIND] = {
		GO("foreign",      AT_KIND),
		GO("materialized", AT_KIND),
		BY("table",        AT_NAME, SQL_RELATION, AT_OTHER),
		BY("view",         AT_NAME, SQL_RELATION, AT_OTHER),
		BY("sequence",     AT_NAME, SQL_RELATION, AT_OTHER),
		BY("column",       AT_NAME, SQL_COLUMN, AT_OTHER),
		BY("index",        AT_NAME, SQL_PART, AT_OTHER),
		BY("statistics",   AT_NAME, SQL_PART, AT_OTHER),
		BY("constraint",   AT_FIND_ON, SQL_RELATION, AT_OTHER),
		BY("policy",       AT_FIND_ON, SQL_RELATION, AT_OTHER),
		BY("rule",         AT_FIND_ON, SQL_RELATION, AT_OTHER),
		BY("trigger",      AT_FIND_ON, SQL_RELATION, AT_OTHER),
	},
	[AT_INSERT]  = { BY("into", AT_NAME, SQL_ROWS, AT_OTHER) },
	[AT_REFRESH] = {
		GO("materialized", AT_REFRESH),
		BY("view",         AT_NAME, SQL_RELATION, AT_OTHER),
	},
	[AT_COPY_LIST] = {
		GO("(",            AT_COPY_COLUMN),
		GO("from",         AT_COPY_STDIN),
		GO("with",         AT_COPY_OIDS),
	},
	[AT_COPY_COMMA]     = { GO(",", AT_COPY_COLUMN), GO(")", AT_COPY_FROM) },
	[AT_COPY_FROM]      = { GO("from", AT_COPY_STDIN), GO("with", AT_COPY_OIDS) },
	[AT_COPY_OIDS]      = { GO("oids",  AT_COPY_ONLY_FROM) },
	[AT_COPY_ONLY_FROM] = { GO("from",  AT_COPY_STDIN) },
	[AT_COPY_STDIN]     = { GO("stdin", AT_COPY_END) },
	[AT_COPY_END]       = { GO(";",     AT_COPY_DATA) },
	/* around grants by somebody else than the owner; RESET ALL would reset strings */
	[AT_RESET]         = { GO("session",       AT_RESET_SESSION) },
	[AT_RESET_SESSION] = { GO("authorization", AT_END) },
	[AT_SET] = {
		GO("session",      AT_SET),
		GO("local",        AT_SET),
		GO("search_path",  AT_SET_PATH),
		GO("schema",       AT_BAD_SETTING), /* another search_path */
		GO("standard_conforming_strings", AT_SET_STRINGS),
		GO("client_encoding", AT_SET_ENCODING),
		GO("names",        AT_ENCODING),
	},
	[AT_SET_PATH]     = { GO("=", AT_PATH),     GO("to", AT_PATH) },
	[AT_PATH_COMMA]   = { GO(",", AT_PATH_SYSTEM), GO(";", AT_START) },
	[AT_PATH_SYSTEM]  = { GO("pg_catalog", AT_END) },
	[AT_SET_STRINGS]  = { GO("=", AT_STRINGS),  GO("to", AT_STRINGS) },
	[AT_SET_ENCODING] = { GO("=", AT_ENCODING), GO("to", AT_ENCODING) },
	[AT_SELECT]     = { GO("pg_catalog", AT_SELECT_DOT) },
	[AT_SELECT_DOT] = { GO(".",          AT_FUNCTION) },
	[AT_FUNCTION]   = { GO("set_config", AT_CONFIG), GO("setval", AT_SETVAL) },
	/* SELECT pg_catalog.set_config('search_path', '', false); */
	[AT_CONFIG]       = { GO("(",            AT_CONFIG_NAME) },
	[AT_CONFIG_NAME]  = { GO("'search_path", AT_CONFIG_COMMA) },
	[AT_CONFIG_COMMA] = { GO(",",            AT_CONFIG_VALUE) },
	[AT_CONFIG_VALUE] = { GO("'",            AT_CONFIG_LOCAL) },
	[AT_CONFIG_LOCAL] = { GO(",",            AT_BOOL) },
	/* SELECT pg_catalog.setval('acct._x_id_seq', 3, true);
	 * SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence('_x', 'id'), ... */
	[AT_SETVAL]        = { BY("(", AT_SETVAL_NAME, SQL_RELATION, AT_SAME) },
	[AT_SETVAL_NAME]   = { GO("pg_catalog", AT_SERIAL_DOT) },
	[AT_SETVAL_COMMA]  = { GO(",", AT_SETVAL_NUMBER) },
	[AT_SETVAL_NUMBER] = { GO("-", AT_SETVAL_NUMBER), GO("0", AT_SETVAL_CALLED) },
	[AT_SETVAL_CALLED] = { GO(",", AT_BOOL), GO(")", AT_END) },
	[AT_SERIAL_DOT]    = { GO(".", AT_SERIAL) },
	[AT_SERIAL]        = { GO("pg_get_serial_sequence", AT_SERIAL_PAREN) },
	[AT_SERIAL_PAREN]  = { GO("(", AT_SERIAL_TABLE) },
	[AT_SERIAL_COMMA]  = { GO(",", AT_SERIAL_COLUMN) },
	[AT_SERIAL_END]    = { GO(")", AT_SETVAL_COMMA) },
	[AT_BOOL]          = { GO("false", AT_CLOSE), GO("true", AT_CLOSE) },
	[AT_CLOSE]         = { GO(")", AT_END) },
	[AT_END]           = { GO(";", AT_START) },
	/* clang-format on */
};

static bool fits(const struct dumpforms_edge *e, const struct dumplex_token *t)
{
	if (t->kind == TOKEN_LITERAL)
		return *e->text == '\'' && t->is_plain && !strcmp(e->text + 1, t->text);
	return *e->text == *t->text && !strcmp(e->text, t->text);
}

const struct dumpforms_edge *dumpforms_find(enum dumpforms_state from,
					    const struct dumplex_token *t)
{
	if (t->kind != TOKEN_QUOTED)
		for (size_t i = 0; i < EDGES_MAX && forms[from][i].text; i++)
			if (fits(&forms[from][i], t))
				return &forms[from][i];
	return NULL;
}

int dumpforms_waits_at(enum dumpforms_state state)
{
	switch ((int)state) {
	case AT_FIND_ON:
	case AT_FIND_TO:
	case AT_FIND_FROM:
	case AT_FIND_KIND:
	case AT_PUBLICATION:
		return 0;
	case AT_IDENTITY:
		return 1;
	}
	return -1;
}
