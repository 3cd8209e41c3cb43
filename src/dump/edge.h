/* SPDX-License-Identifier: PostgreSQL */
/* What the tables of forms are made of: states of a statement, and edges between them. */
#ifndef DUMP_EDGE_H
#define DUMP_EDGE_H

/* What the next token of the statement may be. */
enum dumpforms_state {
	AT_SAME, /* as an edge's `after`: no change */
	AT_START,
	AT_OTHER, /* ignored until the statement ends */
	AT_END,   /* the statement must end here */
	AT_NAME,  /* of the object, or of its schema */
	AT_NAME_DOT,
	AT_ALTER,
	AT_VERB,
	AT_VERB_SET,
	AT_REST, /* of one command */
	AT_REFUSED,
	AT_ADD,
	AT_CONSTRAINT, /* its name */
	AT_CONSTRAINT_KIND,
	AT_COLUMN, /* its name, or its number */
	AT_COLUMN_VERB,
	AT_COLUMN_SET,
	AT_GENERATED,
	AT_IDENTITY_BEGIN,
	AT_IDENTITY, /* which may name its sequence */
	AT_IDENTITY_NAME,
	AT_OWNED,
	AT_OWNED_BY,
	AT_ATTACH,
	AT_ATTACHED,
	AT_BOUND,
	AT_BOUND_IN,
	AT_CONSTANT,
	AT_BOUND_WITH,
	AT_BOUND_OPTIONS,
	AT_PUBLICATION,
	AT_PUBLICATION_ADD,
	AT_CREATE,
	AT_SEQUENCE,
	AT_CREATE_FROZEN,
	AT_FROZEN,
	AT_FROZEN_WITH,
	AT_FROZEN_NO,
	AT_TABLE,
	AT_TABLE_TYPE,
	AT_PARTITION,
	AT_PARTITION_OF,
	AT_COLUMNS,
	AT_TABLE_END,
	AT_INHERITS,
	AT_PARENT,
	AT_PARENT_NEXT,
	AT_PARTITION_BY,
	AT_TABLE_WORD,
	AT_TABLE_WITH,
	AT_TABLE_PAREN,
	AT_TABLE_INSIDE,
	AT_FIND_ON,
	AT_FIND_TO,
	AT_FIND_FROM,
	AT_FIND_KIND, /* after the first ON */
	AT_KIND,
	AT_IS,
	AT_COMMENT,
	AT_OWNER,
	AT_OWNER_ROLE,
	AT_POLICY,
	AT_POLICY_ROLE,
	AT_POLICY_NEXT,
	AT_REVOKE,
	AT_REVOKE_OPTION,
	AT_REVOKE_FOR,
	AT_RIGHT,
	AT_RIGHT_NEXT,
	AT_RIGHT_COLUMN,
	AT_RIGHT_COMMA,
	AT_RIGHT_KIND,
	AT_RIGHT_TO,
	AT_RIGHT_ROLE,
	AT_RIGHT_WITH,
	AT_RIGHT_GRANT,
	AT_RIGHT_OPTION,
	AT_INSERT,
	AT_INSERT_LIST,
	AT_INSERT_COLUMNS,
	AT_INSERT_NOTHING,
	AT_INSERT_SYSTEM,
	AT_VALUES,
	AT_VALUE,
	AT_VALUES_END,
	AT_CONFLICT,
	AT_CONFLICT_DO,
	AT_CONFLICT_NOTHING,
	AT_REFRESH,
	AT_COPY_LIST,
	AT_COPY_COLUMN,
	AT_COPY_COMMA,
	AT_COPY_FROM,
	AT_COPY_OIDS,
	AT_COPY_ONLY_FROM,
	AT_COPY_STDIN,
	AT_COPY_END,
	AT_COPY_DATA,
	AT_RESET,
	AT_RESET_SESSION,
	AT_SET,
	AT_SET_SESSION,
	AT_SESSION_ROLE,
	AT_SET_OTHER,
	AT_SETTING,
	AT_SET_PATH,
	AT_PATH,
	AT_PATH_COMMA,
	AT_PATH_SYSTEM,
	AT_SET_STRINGS,
	AT_STRINGS,
	AT_SET_ENCODING,
	AT_ENCODING,
	AT_SELECT,
	AT_SELECT_DOT,
	AT_FUNCTION,
	AT_CONFIG,
	AT_CONFIG_NAME,
	AT_CONFIG_COMMA,
	AT_CONFIG_VALUE,
	AT_CONFIG_LOCAL,
	AT_SETVAL,
	AT_SETVAL_NAME, /* in a literal */
	AT_SETVAL_COMMA,
	AT_SETVAL_NUMBER,
	AT_SETVAL_CALLED,
	AT_SERIAL_DOT,
	AT_SERIAL,
	AT_SERIAL_PAREN,
	AT_SERIAL_TABLE, /* in a literal */
	AT_SERIAL_COMMA,
	AT_SERIAL_COLUMN,
	AT_SERIAL_END,
	AT_BOOL,
	AT_CLOSE,
	/* only where a dump is of a whole schema */
	AT_ARGUMENTS,
	AT_OWNER_VERB,
	AT_DEFAULT,
	AT_DOMAIN_VERB,
	AT_ARGUMENTS_INSIDE,
	AT_ALTER_TEXT,
	AT_ALTER_SEARCH,
	AT_CONFIGURATION_VERB,
	AT_MAPPING,
	AT_DEFAULT_WHERE,
	AT_DEFAULT_FOR,
	AT_DEFAULT_IN,
	AT_DEFAULT_ROLE,
	AT_DEFAULT_ACTION,
	AT_DEFAULT_RIGHT,
	AT_DEFAULT_REVOKE,
	AT_DEFAULT_OPTION,
	AT_DEFAULT_OF,
	AT_DEFAULT_NEXT,
	AT_DEFAULT_KIND,
	AT_DEFAULT_TO,
	AT_DEFAULT_GRANTEE,
	AT_DEFAULT_WITH,
	AT_AGGREGATE,
	AT_DEFINITION,
	AT_ROUTINE,
	AT_OPERATOR_KEY,
	AT_CREATE_TEXT,
	AT_TYPE,
	AT_CREATE_SEARCH,
	AT_DEFINITION_INSIDE,
	AT_AGGREGATE_INSIDE,
	AT_TYPE_AS,
	AT_RANGE,
	AT_RANGE_KEY,
	AT_RANGE_IS,
	AT_MULTIRANGE_IS,
	AT_RANGE_VALUE,
	AT_MULTIRANGE,
	AT_RANGE_NEXT,
	AT_ROUTINE_INSIDE,
	AT_ROUTINE_OPTION,
	AT_ROUTINE_AS,
	AT_ATOMIC,
	AT_ROUTINE_NUMBER,
	AT_LANGUAGE,
	AT_PARALLEL,
	AT_RETURN,
	AT_RETURNS,
	AT_SECURITY,
	AT_ROUTINE_SET,
	AT_TRANSFORM,
	AT_RETURNS_TABLE,
	AT_RETURN_TYPE,
	AT_TRANSFORM_FOR,
	AT_TYPE_NEXT,
	AT_ROUTINE_SET_NAME,
	AT_ROUTINE_SET_VALUE,
	AT_ROUTINE_SET_NEXT,
	AT_BODY, /* in dump/body.h */
	AT_OTHER_OPERATOR_IS,
	AT_OPERATOR_IS,
	AT_OPERATOR_NEXT,
	AT_OPERATOR_VALUE,
	AT_OTHER_OPERATOR,
	AT_OTHER_OPERATOR_PAREN,
	AT_CLASS,
	AT_CLASS_DEFAULT,
	AT_CLASS_FOR,
	AT_METHOD,
	AT_CLASS_DEFAULT_FOR,
	AT_CLASS_USING,
	AT_CLASS_TYPE,
	AT_CLASS_METHOD,
	AT_CLASS_FAMILY,
	AT_CLASS_AS,
	AT_USING,
	AT_METHOD_NEXT,
	AT_FIND_ON_DOMAIN,
	AT_KIND_TEXT,
	AT_KIND_SEARCH,
	AT_ARGUMENTS_END,
	AT_OPERATOR,      /* its schema, or CLASS or FAMILY */
	AT_OPERATOR_WORD, /* behind one of these two, which may be a schema */
	AT_OPERATOR_DOT,
	AT_OPERATOR_SYMBOL,
	AT_ON_DOMAIN,  /* or on a relation */
	AT_DOMAIN_DOT, /* behind DOMAIN, which may be a schema */
	AT_NOWHERE,    /* no edge fits */
};

/* What a statement does to what it names. */
enum dumpsql_use {
	SQL_NO_USE,
	SQL_TABLE,    /* it creates this table, */
	SQL_VIEW,     /* or a view, */
	SQL_SEQUENCE, /* or a sequence */
	SQL_ROWS,     /* it fills it */
	SQL_RELATION, /* anything else, to a relation */
	SQL_COLUMN,   /* the same to a column; the name has one more part */
	SQL_OWNER,    /* a column is given a sequence: SQL_PART of its table */
	SQL_PART, /* to what has its own name: an index, statistics, a type, a function */
	SQL_PARENT, /* it makes this one show the rows of another */
	SQL_TYPE,   /* it only mentions it, and it is not a relation */
	SQL_HOOK,   /* it makes something run when the relation is filled or changed */
	SQL_SCHEMA, /* it concerns the schema itself, whose name is the name, too */
};

/* Where a keyword, a symbol or ('x) the literal 'x' leads. */
struct dumpforms_edge {
	const char *text;
	enum dumpforms_state to;
	enum dumpsql_use use;       /* of the name to come; SQL_NO_USE: as it was */
	enum dumpforms_state after; /* what follows it; AT_SAME: as it was */
};

#endif
