/* SPDX-License-Identifier: PostgreSQL */
/* The forms that dumps of whole schemas have in addition to those in forms.c, or instead
 * of them. */
#include "dump/forms_table.h"

/*
 * Each kind of object is named with its schema. The words do not include what can put
 * something into another schema or change something there: SET SCHEMA, an operator class
 * in a family of another schema, operators of other schemas as commutators, privileges on
 * other schemas.
 */
const struct dumpforms_edge dumpforms_whole[AT_NOWHERE][DUMPFORMS_EDGES_MAX] = {
	/* clang-format off */
	[AT_ALTER] = {
		BY("aggregate",    AT_NAME, SQL_PART, AT_ARGUMENTS),
		BY("collation",    AT_NAME, SQL_PART, AT_OWNER_VERB),
		BY("conversion",   AT_NAME, SQL_PART, AT_OWNER_VERB),
		GO("default",      AT_DEFAULT),
		BY("domain",       AT_NAME, SQL_PART, AT_DOMAIN_VERB),
		BY("function",     AT_NAME, SQL_PART, AT_ARGUMENTS),
		BY("operator",     AT_OPERATOR, SQL_PART, AT_ARGUMENTS_INSIDE),
		BY("procedure",    AT_NAME, SQL_PART, AT_ARGUMENTS),
		GO("publication",  AT_REFUSED),
		BY("schema",       AT_NAME, SQL_SCHEMA, AT_OWNER_VERB),
		GO("text",         AT_ALTER_TEXT),
		BY("type",         AT_NAME, SQL_PART, AT_OWNER_VERB),
	},
	[AT_OWNER_VERB]      = { GO("owner", AT_OWNER) },
	[AT_DOMAIN_VERB]     = { GO("owner", AT_OWNER), GO("add", AT_ADD) },
	[AT_ALTER_TEXT]      = { GO("search", AT_ALTER_SEARCH) },
	[AT_ALTER_SEARCH] = {
		BY("configuration", AT_NAME, SQL_PART, AT_CONFIGURATION_VERB),
		BY("dictionary",   AT_NAME, SQL_PART, AT_OWNER_VERB),
	},
	[AT_CONFIGURATION_VERB] = { GO("owner", AT_OWNER), GO("add", AT_MAPPING) },
	[AT_MAPPING]         = { GO("mapping", AT_OTHER) },
	/* ALTER DEFAULT PRIVILEGES FOR ROLE x IN SCHEMA y GRANT SELECT ON TABLES TO z;
	 * without a schema it would be for all of them */
	[AT_DEFAULT]         = { GO("privileges", AT_DEFAULT_WHERE) },
	[AT_DEFAULT_WHERE]   = { GO("for", AT_DEFAULT_FOR), GO("in", AT_DEFAULT_IN) },
	[AT_DEFAULT_FOR]     = { GO("role", AT_DEFAULT_ROLE) },
	[AT_DEFAULT_IN]      = { BY("schema", AT_NAME, SQL_SCHEMA, AT_DEFAULT_ACTION) },
	[AT_DEFAULT_ACTION]  = { GO("grant", AT_DEFAULT_RIGHT), GO("revoke", AT_DEFAULT_REVOKE) },
	[AT_DEFAULT_REVOKE]  = { GO("grant", AT_DEFAULT_OPTION), GO("", AT_DEFAULT_RIGHT) },
	[AT_DEFAULT_OPTION]  = { GO("option", AT_DEFAULT_OF) },
	[AT_DEFAULT_OF]      = { GO("for", AT_DEFAULT_RIGHT) },
	[AT_DEFAULT_NEXT] = {
		GO("privileges",   AT_DEFAULT_NEXT),
		GO("on",           AT_DEFAULT_KIND),
		GO(",",            AT_DEFAULT_RIGHT),
	},
	[AT_DEFAULT_KIND] = {
		GO("functions",    AT_DEFAULT_TO),
		GO("sequences",    AT_DEFAULT_TO),
		GO("tables",       AT_DEFAULT_TO),
		GO("types",        AT_DEFAULT_TO),
	},
	[AT_DEFAULT_TO]      = { GO("to", AT_DEFAULT_GRANTEE), GO("from", AT_DEFAULT_GRANTEE) },
	[AT_DEFAULT_WITH]    = { GO("with", AT_RIGHT_GRANT), GO(";", AT_START) },
	[AT_CREATE] = {
		BY("aggregate",    AT_NAME, SQL_PART, AT_AGGREGATE),
		BY("collation",    AT_NAME, SQL_PART, AT_DEFINITION),
		BY("conversion",   AT_NAME, SQL_PART, AT_REST),
		GO("default",      AT_CREATE),
		BY("domain",       AT_NAME, SQL_PART, AT_REST),
		BY("function",     AT_NAME, SQL_PART, AT_ROUTINE),
		BY("operator",     AT_OPERATOR, SQL_PART, AT_OPERATOR_KEY),
		BY("procedure",    AT_NAME, SQL_PART, AT_ROUTINE),
		BY("schema",       AT_NAME, SQL_SCHEMA, AT_END),
		GO("text",         AT_CREATE_TEXT),
		BY("type",         AT_NAME, SQL_PART, AT_TYPE),
	},
	[AT_CREATE_TEXT]     = { GO("search", AT_CREATE_SEARCH) },
	[AT_CREATE_SEARCH] = {
		BY("configuration", AT_NAME, SQL_PART, AT_DEFINITION),
		BY("dictionary",   AT_NAME, SQL_PART, AT_DEFINITION),
		BY("parser",       AT_NAME, SQL_PART, AT_DEFINITION),
		BY("template",     AT_NAME, SQL_PART, AT_DEFINITION),
	},
	/* (something) and the end */
	[AT_DEFINITION]        = { GO("(", AT_DEFINITION_INSIDE) },
	[AT_DEFINITION_INSIDE] = { GO(")", AT_END) },
	[AT_AGGREGATE]         = { GO("(", AT_AGGREGATE_INSIDE) },
	[AT_AGGREGATE_INSIDE]  = { GO(")", AT_DEFINITION) },
	/* not directly a "(": that is a type made of C functions */
	[AT_TYPE]              = { GO("as", AT_TYPE_AS), GO(";", AT_START) },
	[AT_TYPE_AS] = {
		GO("enum",         AT_DEFINITION),
		GO("range",        AT_RANGE),
		GO("(",            AT_DEFINITION_INSIDE),
	},
	[AT_RANGE]             = { GO("(", AT_RANGE_KEY) },
	[AT_RANGE_KEY] = {
		GO("canonical",    AT_RANGE_IS),
		GO("collation",    AT_RANGE_IS),
		GO("multirange_type_name", AT_MULTIRANGE_IS),
		GO("subtype",      AT_RANGE_IS),
		GO("subtype_diff", AT_RANGE_IS),
		GO("subtype_opclass", AT_RANGE_IS),
	},
	[AT_RANGE_IS]          = { GO("=", AT_RANGE_VALUE) },
	[AT_RANGE_VALUE]       = { GO(",", AT_RANGE_KEY), GO(")", AT_END) },
	[AT_MULTIRANGE_IS]     = { GO("=", AT_MULTIRANGE) },
	[AT_MULTIRANGE]        = { BY("", AT_NAME, SQL_PART, AT_RANGE_NEXT) },
	[AT_RANGE_NEXT]        = { GO(",", AT_RANGE_KEY), GO(")", AT_END) },
	[AT_ROUTINE]           = { GO("(", AT_ROUTINE_INSIDE) },
	[AT_ROUTINE_INSIDE]    = { GO(")", AT_ROUTINE_OPTION) },
	[AT_ROUTINE_OPTION] = {
		GO("as",           AT_ROUTINE_AS),
		GO("begin",        AT_ATOMIC),
		GO("cost",         AT_ROUTINE_NUMBER),
		GO("immutable",    AT_ROUTINE_OPTION),
		GO("language",     AT_LANGUAGE),
		GO("leakproof",    AT_ROUTINE_OPTION),
		GO("parallel",     AT_PARALLEL),
		GO("return",       AT_RETURN),
		GO("returns",      AT_RETURNS),
		GO("rows",         AT_ROUTINE_NUMBER),
		GO("security",     AT_SECURITY),
		GO("set",          AT_ROUTINE_SET),
		GO("stable",       AT_ROUTINE_OPTION),
		GO("strict",       AT_ROUTINE_OPTION),
		BY("support",      AT_NAME, SQL_TYPE, AT_ROUTINE_OPTION),
		GO("transform",    AT_TRANSFORM),
		GO("window",       AT_ROUTINE_OPTION),
		GO(",",            AT_TRANSFORM),
	},
	[AT_ROUTINE_NUMBER]    = { GO("0", AT_ROUTINE_OPTION) },
	[AT_PARALLEL]          = { GO("restricted", AT_ROUTINE_OPTION), GO("safe", AT_ROUTINE_OPTION) },
	[AT_SECURITY]          = { GO("definer", AT_ROUTINE_OPTION) },
	[AT_RETURNS] = {
		GO("setof",        AT_RETURNS),
		GO("table",        AT_RETURNS_TABLE),
		GO("",             AT_RETURN_TYPE),
	},
	[AT_RETURNS_TABLE]     = { GO("(", AT_ROUTINE_INSIDE) },
	[AT_TRANSFORM]         = { GO("for", AT_TRANSFORM_FOR) },
	[AT_TRANSFORM_FOR]     = { GO("type", AT_RETURN_TYPE) },
	/* what may follow the first word of a type: double precision, a.b[] */
	[AT_TYPE_NEXT] = {
		GO("precision",    AT_TYPE_NEXT),
		GO("time",         AT_TYPE_NEXT),
		GO("varying",      AT_TYPE_NEXT),
		GO("with",         AT_TYPE_NEXT),
		GO("without",      AT_TYPE_NEXT),
		GO("zone",         AT_TYPE_NEXT),
		GO(".",            AT_RETURN_TYPE),
		GO("[",            AT_TYPE_NEXT),
		GO("]",            AT_TYPE_NEXT),
		GO("",             AT_ROUTINE_OPTION),
	},
	[AT_ROUTINE_SET_NAME]  = { GO("to", AT_ROUTINE_SET_VALUE) },
	[AT_ROUTINE_SET_NEXT]  = { GO(",", AT_ROUTINE_SET_VALUE), GO("", AT_ROUTINE_OPTION) },
	[AT_ATOMIC]            = { GO("atomic", AT_BODY) },
	[AT_RETURN]            = { GO(";", AT_START) },
	[AT_OPERATOR_KEY] = {
		GO("commutator",   AT_OTHER_OPERATOR_IS),
		GO("function",     AT_OPERATOR_IS),
		GO("hashes",       AT_OPERATOR_NEXT),
		GO("join",         AT_OPERATOR_IS),
		GO("leftarg",      AT_OPERATOR_IS),
		GO("merges",       AT_OPERATOR_NEXT),
		GO("negator",      AT_OTHER_OPERATOR_IS),
		GO("procedure",    AT_OPERATOR_IS),
		GO("restrict",     AT_OPERATOR_IS),
		GO("rightarg",     AT_OPERATOR_IS),
	},
	[AT_OPERATOR_IS]       = { GO("=", AT_OPERATOR_VALUE) },
	[AT_OPERATOR_VALUE]    = { GO(",", AT_OPERATOR_KEY), GO(")", AT_END) },
	/* If the operator does not exist, the server creates it; if it does, it changes
	 * it. */
	[AT_OTHER_OPERATOR_IS] = { GO("=", AT_OTHER_OPERATOR) },
	[AT_OTHER_OPERATOR]    = { GO("operator", AT_OTHER_OPERATOR_PAREN) },
	[AT_OTHER_OPERATOR_PAREN] = { BY("(", AT_OPERATOR, SQL_PART, AT_OPERATOR_NEXT) },
	[AT_OPERATOR_NEXT]     = { GO(",", AT_OPERATOR_KEY), GO(")", AT_END) },
	/*
	 * A class: CREATE, ALTER and COMMENT in one. As the default for another schema's
	 * type it would affect that schema; in another schema's family it would change
	 * that family.
	 */
	[AT_CLASS] = {
		GO("default",      AT_CLASS_DEFAULT),
		GO("for",          AT_CLASS_FOR),
		GO("using",        AT_METHOD),
	},
	[AT_CLASS_DEFAULT]     = { GO("for", AT_CLASS_DEFAULT_FOR) },
	[AT_CLASS_DEFAULT_FOR] = { BY("type", AT_NAME, SQL_PART, AT_CLASS_USING) },
	[AT_CLASS_FOR]         = { GO("type", AT_CLASS_TYPE) },
	[AT_CLASS_TYPE]        = { GO("using", AT_CLASS_METHOD) },
	[AT_CLASS_USING]       = { GO("using", AT_CLASS_METHOD) },
	[AT_CLASS_FAMILY] = {
		BY("family",       AT_NAME, SQL_PART, AT_CLASS_AS),
		GO("as",           AT_OTHER),
	},
	[AT_CLASS_AS]          = { GO("as", AT_OTHER) },
	/* a family, or an existing class */
	[AT_USING]             = { GO("using", AT_METHOD) },
	[AT_METHOD_NEXT] = {
		GO("add",          AT_OTHER),
		GO("is",           AT_COMMENT),
		GO("owner",        AT_OWNER),
		GO(";",            AT_START),
	},
	[AT_KIND] = {
		BY("aggregate",    AT_NAME, SQL_PART, AT_ARGUMENTS),
		BY("collation",    AT_NAME, SQL_PART, AT_IS),
		BY("constraint",   AT_FIND_ON_DOMAIN, SQL_RELATION, AT_IS),
		BY("conversion",   AT_NAME, SQL_PART, AT_IS),
		BY("domain",       AT_NAME, SQL_PART, AT_IS),
		BY("function",     AT_NAME, SQL_PART, AT_ARGUMENTS),
		BY("operator",     AT_OPERATOR, SQL_PART, AT_ARGUMENTS_INSIDE),
		BY("procedure",    AT_NAME, SQL_PART, AT_ARGUMENTS),
		BY("schema",       AT_NAME, SQL_SCHEMA, AT_IS),
		GO("text",         AT_KIND_TEXT),
		BY("type",         AT_NAME, SQL_PART, AT_IS),
	},
	[AT_FIND_ON_DOMAIN]    = { GO("on", AT_ON_DOMAIN) },
	[AT_KIND_TEXT]         = { GO("search", AT_KIND_SEARCH) },
	[AT_KIND_SEARCH] = {
		BY("configuration", AT_NAME, SQL_PART, AT_IS),
		BY("dictionary",   AT_NAME, SQL_PART, AT_IS),
		BY("parser",       AT_NAME, SQL_PART, AT_IS),
		BY("template",     AT_NAME, SQL_PART, AT_IS),
	},
	/* of a function or an operator, in ALTER, COMMENT and GRANT */
	[AT_ARGUMENTS]         = { GO("(", AT_ARGUMENTS_INSIDE) },
	[AT_ARGUMENTS_INSIDE]  = { GO(")", AT_ARGUMENTS_END) },
	[AT_ARGUMENTS_END] = {
		GO("depends",      AT_REST),
		GO("from",         AT_RIGHT_ROLE),
		GO("is",           AT_COMMENT),
		GO("owner",        AT_OWNER),
		GO("to",           AT_RIGHT_ROLE),
	},
	[AT_RIGHT_KIND] = {
		BY("function",     AT_NAME, SQL_PART, AT_ARGUMENTS),
		BY("procedure",    AT_NAME, SQL_PART, AT_ARGUMENTS),
		BY("schema",       AT_NAME, SQL_SCHEMA, AT_RIGHT_TO),
		BY("type",         AT_NAME, SQL_PART, AT_RIGHT_TO),
	},
	/* clang-format on */
};
