/* SPDX-License-Identifier: PostgreSQL */
#include "pg/pgresult.h"

#include <stdio.h>
#include <string.h>

#include <libpq-fe.h>

#include "base/auto.h"
#include "base/str.h"

int pgresult_rows(const struct pg_result *result)
{
	return PQntuples(result);
}

int pgresult_columns(const struct pg_result *result)
{
	return PQnfields(result);
}

bool pgresult_is_text(const struct pg_result *result, int column)
{
	enum { NAME = 19, TEXT = 25, VARCHAR = 1043 }; /* in pg_type */
	Oid type = PQftype(result, column);

	return type == NAME || type == TEXT || type == VARCHAR;
}

const char *pgresult_value(const struct pg_result *result, int row, int column)
{
	return PQgetisnull(result, row, column) ? NULL : PQgetvalue(result, row, column);
}

bool pgresult_is_true(const struct pg_result *result, int row, int column)
{
	return PQgetvalue(result, row, column)[0] == 't';
}

uint64_t pgresult_uint(const struct pg_result *result, int row, int column)
{
	uint64_t n = 0;

	return str_parse_uint(PQgetvalue(result, row, column), 0, UINT64_MAX, &n) ? n : 0;
}

/* The line within the code block, from "PL/pgSQL function inline_code_block line 7 at
 * EXECUTE". */
static uint64_t function_line(const PGresult *result)
{
	static const char block[] = "inline_code_block ";
	const char *context = PQresultErrorField(result, PG_DIAG_CONTEXT);
	const char *found = context ? strstr(context, block) : NULL;
	AUTO_FREE char *digits = NULL;
	uint64_t line;

	if (!found)
		return 0;
	found += strlen(block);
	/* skip "line", in the server's language */
	found += strcspn(found, "0123456789\n");
	digits = xstrndup(found, strspn(found, "0123456789"));
	return str_parse_uint(digits, 1, UINT32_MAX, &line) ? line : 0;
}

/* Does the detail show a whole row (SQLSTATE 23502, 23514)? The row may contain a
 * password. */
static bool shows_row(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	return sqlstate && (!strcmp(sqlstate, "23502") || !strcmp(sqlstate, "23514"));
}

static void add_line(struct error *err, const char *name, const char *words)
{
	AUTO_FREE char *line = words ? str_format("\n%s:  %s", name, words) : NULL;

	if (line)
		error_append(err, line);
}

/* Everything here is the server's message; this program's advice is in err->hint. */
static void set_from_result(const PGresult *result, struct error *err)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY);
	const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (!severity || !primary) { /* a message of libpq */
		AUTO_FREE char *text = xstrdup(PQresultErrorMessage(result));
		size_t length = strlen(text);

		while (length > 0 && text[length - 1] == '\n')
			text[--length] = '\0';
		error_set(err, ERROR_SERVER, "%s", length ? text : "unexpected answer");
		return;
	}
	error_set(err, ERROR_SERVER, "%s:  %s", severity, primary);
	if (!shows_row(result))
		add_line(err, "DETAIL",
			 PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
	add_line(err, "HINT", PQresultErrorField(result, PG_DIAG_MESSAGE_HINT));
	add_line(err, "CONTEXT", PQresultErrorField(result, PG_DIAG_CONTEXT));
}

void pgresult_describe_failure(const struct pg_result *result, struct error *err,
			       struct pg_failure *out)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *position = PQresultErrorField(result, PG_DIAG_STATEMENT_POSITION);

	set_from_result(result, err);
	snprintf(out->sqlstate, sizeof(out->sqlstate), "%s", sqlstate ? sqlstate : "");
	if (!position || !str_parse_uint(position, 1, UINT64_MAX, &out->position))
		out->position = 0;
	out->function_line = function_line(result);
}
