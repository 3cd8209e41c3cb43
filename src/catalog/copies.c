/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/copies.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

/*
 * The statements of one script: few enough for the server's lock table, which has room
 * for about 6,400 by default, and enough that round trips do not count. After a failure,
 * for which the server logs the whole script, the next script has one statement, and
 * later ones have more again.
 */
enum { MOST_BATCH = 250, BATCH_GROWTH = 4 };

/* How long each table in a script is waited for, and may take. A slower one is tried
 * again at the end. */
enum { SHORT_WAIT_MS = 100, SHORT_TIME_MS = 300 };

/*
 * The time for all slow statements together, in addition to `lock_wait_ms`. When it is
 * used up, each remaining one still gets the least.
 */
enum { LONG_TIME_MS = 10000, LEAST_WAIT_MS = 10, LEAST_TIME_MS = 100 };

/* The number of statements in format_settings(). */
enum { SETTINGS = 4 };

struct copies_statement {
	char *sql;
	bool is_locked;
};

/* Numbers of statements that are still to be read. */
struct queue {
	size_t *list;
	size_t count;
	size_t first, batch; /* those that are being read */
};

struct reading {
	struct copies_opts opts;
	const struct copies_list *statements;
	struct queue fast;
	struct queue slow; /* those that are locked or took too long */
	size_t copy, rows; /* rows received of statement `copy` in the batch */
	size_t next_batch;
	uint64_t patient_since_ms;
	bool is_patient;  /* the slow ones are being read */
	bool is_too_much; /* a statement sends too much: give up the session */
};

void copies_add(struct copies_list *l, const char *sql, bool is_locked)
{
	l->list = xgrow(l->list, l->count, sizeof(*l->list));
	l->list[l->count++] = (struct copies_statement){ xstrdup(sql), is_locked };
}

void copies_release(struct copies_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->list[i].sql);
	free(l->list);
	*l = (struct copies_list){ 0 };
}

static void add(struct queue *q, size_t statement)
{
	q->list = xgrow(q->list, q->count, sizeof(*q->list));
	q->list[q->count++] = statement;
}

static void end(struct reading *r, const struct error *err)
{
	r->opts.done(r->opts.owner, err);
	free(r->fast.list);
	free(r->slow.list);
	free(r);
}

static struct queue *current(struct reading *r)
{
	return r->is_patient ? &r->slow : &r->fast;
}

static bool on_row(void *owner, size_t copy, const char *line, size_t length)
{
	struct reading *r = owner;
	struct queue *q = current(r);

	if (copy != r->copy)
		r->rows = 0;
	r->copy = copy;
	r->is_too_much = !r->opts.row(r->opts.owner, q->list[q->first + copy], ++r->rows,
				      line, length);
	return !r->is_too_much;
}

/* A statement failed, so those after it in the script were not run. */
static void take_failure(struct reading *r, size_t statement, const struct error *err)
{
	const struct pg_failure *failure = pgconn_failure(session_conn(r->opts.reader));
	bool is_slow = !strcmp(failure->sqlstate, SQLSTATE_LOCK_NOT_AVAILABLE) ||
		       !strcmp(failure->sqlstate, SQLSTATE_QUERY_CANCELED);

	if (is_slow && !r->is_patient)
		add(&r->slow, statement);
	else
		r->opts.failed(r->opts.owner, statement, failure, err);
}

static void read_next(struct reading *r);

static void on_renewed(void *owner, const struct error *err)
{
	struct reading *r = owner;

	if (err)
		end(r, err);
	else
		read_next(r);
}

/* The session was given up because a statement sent too much. */
static void renew_reader(struct reading *r)
{
	session_end_reader(r->opts.session);
	r->opts.reader = session_start_reader(r->opts.session, on_renewed, r);
}

static void on_read(void *owner, const struct pg_result *result, const struct error *err)
{
	struct reading *r = owner;
	struct queue *q = current(r);
	const struct pg_failure *failure = pgconn_failure(session_conn(r->opts.reader));
	size_t before = r->opts.runs_code ? 1 : 1 + SETTINGS;
	size_t each = r->opts.runs_code ? SETTINGS + 1 : 1;
	size_t read = (failure->statements - before) / each;

	(void)result;
	r->next_batch = err ? 1 : r->next_batch * BATCH_GROWTH;
	if (r->next_batch > MOST_BATCH)
		r->next_batch = MOST_BATCH;
	if (!err) {
		q->first += q->batch;
	} else if (r->is_too_much) {
		q->first += r->copy + 1;
		renew_reader(r);
		return;
	} else if (!failure->sqlstate[0] || failure->statements < before) {
		end(r, err); /* no answer at all */
		return;
	} else if (read >= q->batch) {
		q->first += q->batch; /* it was cancelled after everything was read */
	} else {
		take_failure(r, q->list[q->first + read], err);
		q->first += read + 1;
	}
	read_next(r);
}

/* How long each of the next statements may wait for a lock, and may take; 0: no limit. */
static void choose_limits(const struct reading *r, uint64_t *wait_ms, uint64_t *time_ms)
{
	uint64_t lock_wait_ms = r->opts.lock_wait_ms, waited_ms;

	*wait_ms = SHORT_WAIT_MS;
	*time_ms = SHORT_TIME_MS;
	if (!r->is_patient)
		return;
	waited_ms = loop_now_ms() - r->patient_since_ms;
	*wait_ms = !lock_wait_ms                              ? 0
		   : waited_ms + LEAST_WAIT_MS < lock_wait_ms ? lock_wait_ms - waited_ms
							      : LEAST_WAIT_MS;
	*time_ms = lock_wait_ms + LONG_TIME_MS;
	*time_ms = !*wait_ms                              ? 0
		   : waited_ms + LEAST_TIME_MS < *time_ms ? *time_ms - waited_ms
							  : LEAST_TIME_MS;
}

/* Ownership: the caller frees. */
static char *format_settings(const struct reading *r)
{
	uint64_t wait_ms, time_ms;

	choose_limits(r, &wait_ms, &time_ms);
	return str_format("; SET LOCAL search_path = pg_catalog;"
			  " SET LOCAL row_security = off;"
			  " SET LOCAL lock_timeout = %llu;"
			  " SET LOCAL statement_timeout = %llu",
			  (unsigned long long)wait_ms, (unsigned long long)time_ms);
}

static void read_batch(struct reading *r, struct queue *q)
{
	AUTO_STRBUF struct strbuf sql = { 0 };
	AUTO_FREE char *settings = format_settings(r);
	size_t left = q->count - q->first;

	q->batch = r->is_patient ? 1 : left < r->next_batch ? left : r->next_batch;
	r->rows = r->copy = 0;
	r->is_too_much = false;
	strbuf_add_str(&sql, "SET TRANSACTION READ ONLY");
	if (!r->opts.runs_code)
		strbuf_add_str(&sql, settings);
	for (size_t i = q->first; i < q->first + q->batch; i++)
		strbuf_add_format(&sql, "%s; %s", r->opts.runs_code ? settings : "",
				  r->statements->list[q->list[i]].sql);
	pgconn_copy(session_conn(r->opts.reader), sql.buf, on_row, on_read, r);
}

static void read_next(struct reading *r)
{
	struct queue *q = current(r);

	if (q->first < q->count) {
		read_batch(r, q);
	} else if (r->is_patient) {
		end(r, NULL);
	} else {
		r->is_patient = true;
		r->patient_since_ms = loop_now_ms();
		read_next(r);
	}
}

void copies_read(const struct copies_opts *opts, const struct copies_list *list)
{
	struct reading *r = xcalloc(1, sizeof(*r));

	*r = (struct reading){ .opts = *opts,
			       .statements = list,
			       .next_batch = MOST_BATCH };
	for (size_t i = 0; i < list->count; i++)
		add(list->list[i].is_locked ? &r->slow : &r->fast, i);
	read_next(r);
}
