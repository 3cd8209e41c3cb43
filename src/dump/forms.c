/* SPDX-License-Identifier: PostgreSQL */
#include "dump/forms.h"

#include <string.h>

#include "dump/forms_table.h"

/*
 * Optional words lead back to the state before them. That also accepts them in orders
 * that pg_dump does not write, but then the server reports a syntax error. The verbs of
 * ALTER do not include those that move a relation to another name or schema.
 */
static const struct dumpforms_edge forms[AT_NOWHERE][DUMPFORMS_EDGES_MAX] = {
	/* clang-format off */
	[AT_START] = {
		GO("alter",        AT_ALTER),
		GO("comment",      AT_FIND_KIND),
		BY("copy",         AT_NAME, SQL_ROWS, AT_COPY_LIST),
		GO("create",       AT_CREATE),
		GO("grant",        AT_RIGHT),
		GO("insert",       AT_INSERT),
		GO("refresh",      AT_REFRESH),
		GO("reset",        AT_RESET),
		GO("revoke",       AT_REVOKE),
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
		BY("publication",  AT_PUBLICATION, SQL_RELATION, AT_REST),
	},
	[AT_VERB] = {
		GO("add",          AT_ADD),
		GO("alter",        AT_COLUMN),
		GO("attach",       AT_ATTACH),
		GO("cluster",      AT_REST),
		GO("depends",      AT_REST),
		GO("disable",      AT_REST),
		GO("enable",       AT_REST),
		GO("force",        AT_REST),
		GO("owned",        AT_OWNED),
		GO("owner",        AT_OWNER),
		GO("replica",      AT_REST),
		GO("set",          AT_VERB_SET),
	},
	[AT_VERB_SET]  = {
		GO("access",       AT_REST),
		GO("logged",       AT_REST),
		GO("statistics",   AT_REST),
		GO("unlogged",     AT_REST),
		GO("(",            AT_REST),
	},
	/* to the end of the statement; after a comma another command would begin */
	[AT_REST] = { GO(",", AT_REFUSED), GO(";", AT_START) },
	[AT_ADD]  = { GO("constraint", AT_CONSTRAINT) },
	[AT_CONSTRAINT_KIND] = {
		GO("check",        AT_REST),
		GO("exclude",      AT_REST),
		GO("foreign",      AT_REST),
		GO("not",          AT_REST),
		GO("primary",      AT_REST),
		GO("unique",       AT_REST),
	},
	[AT_COLUMN]      = { GO("column", AT_COLUMN), GO("0", AT_COLUMN_VERB) },
	[AT_COLUMN_VERB] = {
		GO("add",          AT_GENERATED),
		GO("options",      AT_REST),
		GO("set",          AT_COLUMN_SET),
	},
	[AT_COLUMN_SET] = {
		GO("compression",  AT_REST),
		GO("default",      AT_REST),
		GO("not",          AT_REST),
		GO("statistics",   AT_REST),
		GO("storage",      AT_REST),
		GO("(",            AT_REST),
	},
	[AT_GENERATED]       = { GO("generated", AT_IDENTITY_BEGIN) },
	[AT_IDENTITY_BEGIN]  = {
		GO("(",            AT_IDENTITY),
		GO(",",            AT_REFUSED),
		GO(";",            AT_START),
	},
	[AT_IDENTITY]        = { GO("sequence",  AT_IDENTITY_NAME), GO(")", AT_REST) },
	[AT_IDENTITY_NAME]   = { BY("name",      AT_NAME, SQL_SEQUENCE, AT_REST) },
	[AT_OWNER]           = { GO("to", AT_OWNER_ROLE) },
	[AT_OWNED]           = { GO("by", AT_OWNED_BY) },
	[AT_OWNED_BY]        = { GO("none", AT_END), BY("", AT_NAME, SQL_OWNER, AT_END) },
	/* The statement is about the partition, but the table that it becomes a part of
	 * gets its rows. */
	[AT_ATTACH]          = { BY("partition", AT_NAME, SQL_NO_USE, AT_ATTACHED) },
	[AT_ATTACHED]        = {
		GO("default",      AT_END),
		GO("for",          AT_BOUND),
		GO(";",            AT_START),
	},
	/* the bound of a partition: only constants, since it is evaluated at once */
	[AT_BOUND] = {
		GO("values",       AT_BOUND),
		GO("in",           AT_BOUND_IN),
		GO("from",         AT_BOUND_IN),
		GO("to",           AT_BOUND_IN),
		GO("partition",    AT_PARTITION_BY),
		GO("server",       AT_TABLE_WORD),
		GO("tablespace",   AT_TABLE_WORD),
		GO("using",        AT_TABLE_WORD),
		GO("options",      AT_TABLE_PAREN),
		GO("with",         AT_BOUND_WITH),
		GO(";",            AT_START),
	},
	[AT_BOUND_IN]      = { GO("(", AT_CONSTANT) },
	[AT_CONSTANT] = {
		GO("maxvalue",     AT_CONSTANT),
		GO("minvalue",     AT_CONSTANT),
		GO("null",         AT_CONSTANT),
		GO("true",         AT_CONSTANT),
		GO("false",        AT_CONSTANT),
		GO("unbounded",    AT_CONSTANT),
		GO("0",            AT_CONSTANT),
		GO("-",            AT_CONSTANT),
		GO("+",            AT_CONSTANT),
		GO(".",            AT_CONSTANT),
		GO(",",            AT_CONSTANT),
		GO(")",            AT_BOUND),
	},
	[AT_BOUND_WITH]    = { GO("(", AT_BOUND_OPTIONS) },
	[AT_BOUND_OPTIONS] = { GO(")", AT_BOUND) },
	[AT_PUBLICATION]     = { GO("add",       AT_PUBLICATION_ADD) },
	[AT_PUBLICATION_ADD] = { GO("table",     AT_NAME) },
	[AT_CREATE] = {
		GO("constraint",   AT_CREATE),
		GO("foreign",      AT_CREATE),
		GO("materialized", AT_CREATE_FROZEN),
		GO("or",           AT_CREATE),
		GO("replace",      AT_CREATE),
		GO("unique",       AT_CREATE),
		GO("unlogged",     AT_CREATE),
		BY("table",        AT_NAME, SQL_TABLE, AT_TABLE),
		BY("view",         AT_NAME, SQL_VIEW, AT_OTHER),
		BY("sequence",     AT_NAME, SQL_SEQUENCE, AT_SEQUENCE),
		BY("index",        AT_FIND_ON, SQL_RELATION, AT_OTHER),
		BY("policy",       AT_FIND_ON, SQL_RELATION, AT_POLICY),
		BY("trigger",      AT_FIND_ON, SQL_HOOK, AT_OTHER),
		BY("rule",         AT_FIND_TO, SQL_RELATION, AT_OTHER),
		BY("statistics",   AT_NAME, SQL_PART, AT_FIND_FROM),
	},
	/* not IF NOT EXISTS, whose IF would be taken for the name */
	[AT_SEQUENCE] = {
		GO("not",          AT_REFUSED),
		GO("owned",        AT_REFUSED),
		GO(",",            AT_REFUSED),
		GO(";",            AT_START),
	},
	[AT_CREATE_FROZEN] = { BY("view", AT_NAME, SQL_VIEW, AT_FROZEN) },
	/* pg_dump fills it later, when it has its owner; here the restoring role would
	 * run the query */
	[AT_FROZEN]         = { GO("with", AT_FROZEN_WITH) },
	[AT_FROZEN_WITH]    = { GO("no",   AT_FROZEN_NO) },
	[AT_FROZEN_NO]      = { GO("data", AT_END) },
	/* no AS, whose query would run at once */
	[AT_TABLE] = {
		GO("of",           AT_TABLE_TYPE),
		GO("partition",    AT_PARTITION),
		GO("(",            AT_COLUMNS),
	},
	[AT_TABLE_TYPE]     = { BY("", AT_NAME, SQL_TYPE, AT_TABLE_END) },
	[AT_PARTITION]      = { GO("of", AT_PARTITION_OF) },
	[AT_PARTITION_OF]   = { BY("", AT_NAME, SQL_PARENT, AT_TABLE_END) },
	[AT_COLUMNS] = {
		GO("like",         AT_REFUSED),
		GO(")",            AT_TABLE_END),
	},
	[AT_TABLE_END] = {
		GO("default",      AT_BOUND),
		GO("for",          AT_BOUND),
		GO("inherits",     AT_INHERITS),
		GO("options",      AT_TABLE_PAREN),
		GO("partition",    AT_PARTITION_BY),
		GO("server",       AT_TABLE_WORD),
		GO("tablespace",   AT_TABLE_WORD),
		GO("using",        AT_TABLE_WORD),
		GO("with",         AT_TABLE_WITH),
		GO("without",      AT_TABLE_WITH),
		GO("(",            AT_COLUMNS),
		GO(";",            AT_START),
	},
	[AT_INHERITS]       = { GO("(", AT_PARENT) },
	[AT_PARENT]         = { BY("", AT_NAME, SQL_PARENT, AT_PARENT_NEXT) },
	[AT_PARENT_NEXT]    = { GO(",", AT_PARENT), GO(")", AT_TABLE_END) },
	[AT_PARTITION_BY]   = { GO("by", AT_PARTITION_BY), GO("range", AT_TABLE_PAREN),
				GO("list", AT_TABLE_PAREN), GO("hash", AT_TABLE_PAREN) },
	[AT_TABLE_WITH]     = { GO("oids", AT_TABLE_END), GO("(", AT_TABLE_INSIDE) },
	[AT_TABLE_PAREN]    = { GO("(", AT_TABLE_INSIDE) },
	[AT_TABLE_INSIDE]   = { GO(")", AT_TABLE_END) },
	[AT_POLICY] = {
		GO("to",           AT_POLICY_ROLE),
		GO("using",        AT_OTHER),
		GO("with",         AT_OTHER),
		GO(";",            AT_START),
	},
	[AT_POLICY_NEXT] = {
		GO(",",            AT_POLICY_ROLE),
		GO("using",        AT_OTHER),
		GO("with",         AT_OTHER),
		GO(";",            AT_START),
	},
	[AT_FIND_ON]   = { GO("on",   AT_NAME) },
	[AT_FIND_TO]   = {
		BY("delete",       AT_FIND_TO, SQL_HOOK, AT_SAME),
		BY("insert",       AT_FIND_TO, SQL_HOOK, AT_SAME),
		BY("update",       AT_FIND_TO, SQL_HOOK, AT_SAME),
		GO("to",           AT_NAME),
	},
	[AT_FIND_FROM] = { BY("from", AT_NAME, SQL_RELATION, AT_OTHER) },
	[AT_FIND_KIND] = { GO("on",   AT_KIND) },
	[AT_KIND] = {
		GO("foreign",      AT_KIND),
		GO("materialized", AT_KIND),
		BY("table",        AT_NAME, SQL_RELATION, AT_IS),
		BY("view",         AT_NAME, SQL_RELATION, AT_IS),
		BY("sequence",     AT_NAME, SQL_RELATION, AT_IS),
		BY("column",       AT_NAME, SQL_COLUMN, AT_IS),
		BY("index",        AT_NAME, SQL_PART, AT_IS),
		BY("statistics",   AT_NAME, SQL_PART, AT_IS),
		BY("constraint",   AT_FIND_ON, SQL_RELATION, AT_IS),
		BY("policy",       AT_FIND_ON, SQL_RELATION, AT_IS),
		BY("rule",         AT_FIND_ON, SQL_RELATION, AT_IS),
		BY("trigger",      AT_FIND_ON, SQL_RELATION, AT_IS),
	},
	[AT_IS]        = { GO("is", AT_COMMENT) },
	[AT_COMMENT]   = { GO("null", AT_END) }, /* or a literal */
	/* GRANT SELECT (a, b), UPDATE (c) ON TABLE x TO PUBLIC WITH GRANT OPTION;
	 * REVOKE GRANT OPTION FOR ALL ON SEQUENCE x FROM y; */
	[AT_REVOKE]         = { GO("grant",  AT_REVOKE_OPTION), GO("", AT_RIGHT) },
	[AT_REVOKE_OPTION]  = { GO("option", AT_REVOKE_FOR) },
	[AT_REVOKE_FOR]     = { GO("for",    AT_RIGHT) },
	[AT_RIGHT_NEXT] = {
		GO("privileges",   AT_RIGHT_NEXT),
		GO("on",           AT_RIGHT_KIND),
		GO("(",            AT_RIGHT_COLUMN),
		GO(",",            AT_RIGHT),
	},
	[AT_RIGHT_COMMA]    = { GO(",", AT_RIGHT_COLUMN), GO(")", AT_RIGHT_NEXT) },
	[AT_RIGHT_KIND] = {
		BY("table",        AT_NAME, SQL_RELATION, AT_RIGHT_TO),
		BY("sequence",     AT_NAME, SQL_RELATION, AT_RIGHT_TO),
	},
	[AT_RIGHT_TO]       = { GO("to", AT_RIGHT_ROLE), GO("from", AT_RIGHT_ROLE) },
	[AT_RIGHT_ROLE]     = { GO("group", AT_RIGHT_ROLE) },
	[AT_RIGHT_WITH]     = { GO("with",   AT_RIGHT_GRANT), GO(";", AT_START) },
	[AT_RIGHT_GRANT]    = { GO("grant",  AT_RIGHT_OPTION) },
	[AT_RIGHT_OPTION]   = { GO("option", AT_END) },
	/* Constants only: a query or a function would run at once. */
	[AT_INSERT]  = { BY("into", AT_NAME, SQL_ROWS, AT_INSERT_LIST) },
	[AT_INSERT_LIST] = {
		GO("default",      AT_INSERT_NOTHING),
		GO("overriding",   AT_INSERT_SYSTEM),
		GO("values",       AT_VALUES),
		GO("(",            AT_INSERT_COLUMNS),
	},
	[AT_INSERT_COLUMNS] = { GO(")", AT_INSERT_LIST) },
	[AT_INSERT_NOTHING] = { GO("values", AT_VALUES_END) },
	[AT_INSERT_SYSTEM]  = { GO("system", AT_INSERT_SYSTEM), GO("value", AT_INSERT_LIST) },
	[AT_VALUES]         = { GO("(", AT_VALUE) },
	[AT_VALUE] = {
		GO("default",      AT_VALUE),
		GO("false",        AT_VALUE),
		GO("null",         AT_VALUE),
		GO("true",         AT_VALUE),
		GO("0",            AT_VALUE),
		GO("-",            AT_VALUE),
		GO("+",            AT_VALUE),
		GO(".",            AT_VALUE),
		GO(",",            AT_VALUE),
		GO(")",            AT_VALUES_END),
	},
	[AT_VALUES_END] = {
		GO("on",           AT_CONFLICT),
		GO(",",            AT_VALUES),
		GO(";",            AT_START),
	},
	[AT_CONFLICT]         = { GO("conflict", AT_CONFLICT_DO) },
	[AT_CONFLICT_DO]      = { GO("do",       AT_CONFLICT_NOTHING) },
	[AT_CONFLICT_NOTHING] = { GO("nothing",  AT_END) },
	[AT_REFRESH] = {
		GO("materialized", AT_REFRESH),
		BY("view",         AT_NAME, SQL_RELATION, AT_END),
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
	/* around grants by a role other than the owner; RESET ALL would also reset how
	 * strings are read */
	[AT_RESET]         = { GO("session",       AT_RESET_SESSION) },
	[AT_RESET_SESSION] = { GO("authorization", AT_END) },
	/* is_harmless_setting() lists the other settings of pg_dump */
	[AT_SET] = {
		GO("session",      AT_SET_SESSION),
		GO("local",        AT_SET),
		GO("search_path",  AT_SET_PATH),
		GO("standard_conforming_strings", AT_SET_STRINGS),
		GO("client_encoding", AT_SET_ENCODING),
		GO("names",        AT_ENCODING),
	},
	[AT_SET_SESSION]  = { GO("authorization", AT_SESSION_ROLE), GO("", AT_SET) },
	[AT_SET_OTHER]    = { GO("=", AT_SETTING),  GO("to", AT_SETTING) },
	[AT_SETTING]      = { GO("-", AT_SETTING),  GO("0", AT_END) },
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

/* "" fits any token that fits no edge before it; the token is then taken again in the
 * next state. */
static bool fits(const struct dumpforms_edge *e, const struct dumplex_token *t)
{
	if (!*e->text)
		return true;
	if (t->kind == TOKEN_LITERAL)
		return *e->text == '\'' && t->is_plain && !strcmp(e->text + 1, t->text);
	return *e->text == *t->text && !strcmp(e->text, t->text);
}

static const struct dumpforms_edge *find_among(const struct dumpforms_edge *edges,
					       const struct dumplex_token *t)
{
	for (size_t i = 0; i < DUMPFORMS_EDGES_MAX && edges[i].text; i++)
		if (fits(&edges[i], t) && (t->kind != TOKEN_QUOTED || !*edges[i].text))
			return &edges[i];
	return NULL;
}

const struct dumpforms_edge *dumpforms_find(bool is_whole, enum dumpforms_state from,
					    const struct dumplex_token *t)
{
	const struct dumpforms_edge *edge =
		is_whole ? find_among(dumpforms_whole[from], t) : NULL;

	return edge ? edge : find_among(forms[from], t);
}

int dumpforms_waits_at(enum dumpforms_state state)
{
	switch ((int)state) {
	case AT_FIND_ON:
	case AT_FIND_TO:
	case AT_FIND_FROM:
	case AT_FIND_KIND:
	case AT_PUBLICATION:
	case AT_POLICY:
	case AT_REST:
	case AT_SEQUENCE:
	case AT_IDENTITY_BEGIN:
	case AT_FROZEN:
	case AT_CLASS_TYPE:
	case AT_FIND_ON_DOMAIN:
	case AT_RETURN:
		return 0;
	case AT_IDENTITY:
	case AT_COLUMNS:
	case AT_TABLE_INSIDE:
	case AT_BOUND_OPTIONS:
	case AT_INSERT_COLUMNS:
	case AT_AGGREGATE_INSIDE:
	case AT_ARGUMENTS_INSIDE:
	case AT_DEFINITION_INSIDE:
	case AT_OPERATOR_VALUE:
	case AT_RANGE_VALUE:
	case AT_ROUTINE_INSIDE:
		return 1;
	}
	return -1;
}
