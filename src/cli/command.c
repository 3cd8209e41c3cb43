/* SPDX-License-Identifier: PostgreSQL */
/*
 * The closing lines of all commands are read by the same people: numbers, sizes and
 * failed accounts look the same in each.
 */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"

char *command_list_failed(const struct report *report)
{
	struct strbuf out = { 0 };

	for (size_t i = 0; i < report->count; i++)
		if (report->accounts[i].error && report->accounts[i].account[0])
			strbuf_add_format(&out, "%s%s%s", out.length ? ", " : " Failed: ",
					  report->accounts[i].account,
					  report->accounts[i].is_kept
						  ? " (its last dump is kept)"
						  : "");
	if (out.length)
		strbuf_add_char(&out, '.');
	return strbuf_detach(&out);
}

char *command_format_totals(const struct report *report, const char *outcome,
			    size_t *count)
{
	uint64_t tables = 0, rows = 0, size_bytes = 0;
	AUTO_FREE char *size = NULL, *table_count = NULL, *row_count = NULL;

	*count = 0;
	for (size_t i = 0; i < report->count; i++) {
		if (strcmp(report->accounts[i].outcome, outcome) != 0)
			continue;
		++*count;
		tables += report->accounts[i].tables;
		rows += report->accounts[i].rows;
		size_bytes += report->accounts[i].size_bytes;
	}
	size = command_format_size(size_bytes);
	table_count = command_format_count(tables, "table");
	row_count = command_format_count(rows, "row");
	return str_format("%s, %s, %s", table_count, row_count, size);
}

char *command_format_size(uint64_t size_bytes)
{
	static const char *const units[] = { "bytes", "kB", "MB", "GB", "TB" };
	double size = (double)size_bytes;
	size_t unit = 0;

	for (; size >= 1024 && unit + 1 < ARRAY_SIZE(units); unit++)
		size /= 1024;
	return str_format(unit && size < 100 ? "%.1f %s" : "%.0f %s", size, units[unit]);
}

char *command_format_count(uint64_t count, const char *noun)
{
	return str_format("%llu %s%s", (unsigned long long)count, noun,
			  count == 1 ? "" : "s");
}

/* Always false. */
static bool output_failed(struct error *err)
{
	int errnum = errno;

	/* A write in the middle of a print took its reason with it: the next one, of
	 * output that is torn anyway, has the same. */
	if (!errnum && write(STDOUT_FILENO, "\n", 1) < 0)
		errnum = errno;
	error_set(err, ERROR_SYSTEM, "standard output: write: %s",
		  errnum ? strerror(errnum) : "not everything was written");
	if (errnum == ENOSPC)
		error_hint(err, "free space on that disk");
	return false;
}

bool command_flush(struct error *err)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return true;
	output_failed(err);
	clearerr(stdout); /* it is said now */
	return false;
}

bool command_close_output(struct error *err)
{
	if (!command_flush(err))
		return false;
	errno = 0;
	return !fclose(stdout) || output_failed(err);
}
