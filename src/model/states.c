/* SPDX-License-Identifier: PostgreSQL */
#include "model/states.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "model/model.h"
#include "model/sql.h"
#include "model/version.h"

/* The tables of one query: few enough for the server's lock table, which has room for
 * some 6,400 by default; many enough that the round trips do not count. */
enum { BATCH = 250 };

/* How long a query for many accounts waits for a lock: the one that is locked is found
 * by halving, and waited for at the end. */
#define SHORT_WAIT "100"

/* Some of the accounts that have a table to ask: `count` of `indices`. */
struct range {
	size_t first, count;
};

struct reading {
	struct node *node;
	struct model_states states;
	char *lock_wait;
	size_t *indices; /* accounts with a version to read */
	size_t index_count;
	struct range *queue; /* a stack */
	size_t queue_count;
	size_t *locked; /* accounts whose table was locked */
	size_t locked_count;
	bool is_patient; /* the locked ones' turn */
	model_states_fn *done;
	void *owner;
};

void model_states_release(struct model_states *s)
{
	for (size_t i = 0; i < s->count; i++) {
		free(s->list[i].name);
		free(s->list[i].version);
		free(s->list[i].problem);
	}
	free(s->list);
	*s = (struct model_states){ 0 };
}

static void end(struct reading *r, const struct error *err)
{
	struct error named;

	if (err) {
		named = *err;
		error_prefix(&named, "list the accounts");
		model_states_release(&r->states);
	}
	r->done(r->owner, &r->states, err ? &named : NULL);
	free(r->lock_wait);
	free(r->indices);
	free(r->queue);
	free(r->locked);
	free(r);
}

static void push(struct reading *r, size_t first, size_t count)
{
	r->queue = xrealloc(r->queue, (r->queue_count + 1) * sizeof(*r->queue));
	r->queue[r->queue_count++] = (struct range){ first, count };
}

/* ---- versions ---- */

static void read_next(struct reading *r);

/* The rows of _general come one by one; the largest version counts. */
static void take_row(struct model_state *s, const char *version)
{
	uint64_t number;

	s->has_row = true;
	if (!version_parse(version, &number)) {
		if (s->kind == MODEL_VERSION)
			return;
		free(s->problem);
		s->problem = version ? str_format("its _general.version is '%s', which "
						  "is no version",
						  version)
				     : xstrdup("its _general.version is NULL");
		return;
	}
	if (s->kind == MODEL_VERSION && number <= s->number)
		return;
	free(s->version);
	free(s->problem);
	s->problem = NULL;
	s->kind = MODEL_VERSION;
	s->version = xstrdup(version);
	s->number = number;
}

static void set_unreadable(struct model_state *s, const char *problem)
{
	free(s->problem);
	s->kind = MODEL_UNREADABLE;
	s->problem = xstrdup(problem);
}

/* One account of the range cannot be read: which one? */
static void narrow_down(struct reading *r, struct range range, const struct error *err)
{
	bool is_locked = !strcmp(pgconn_failure(node_conn(r->node))->sqlstate, "55P03");
	size_t half = range.count / 2;

	if (half) {
		push(r, range.first + half, range.count - half);
		push(r, range.first, half);
	} else if (is_locked && !r->is_patient) {
		r->locked[r->locked_count++] = r->indices[range.first];
	} else {
		set_unreadable(&r->states.list[r->indices[range.first]], err->text);
	}
}

static void on_versions(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct reading *r = owner;
	struct range range = r->queue[--r->queue_count];

	if (err && !pgconn_failure(node_conn(r->node))->sqlstate[0]) {
		end(r, err); /* no answer at all */
		return;
	}
	if (err)
		narrow_down(r, range, err);
	for (int i = 0; !err && i < pgresult_rows(result); i++)
		take_row(&r->states.list[pgresult_uint(result, i, 0)],
			 pgresult_value(result, i, 1));
	read_next(r);
}

static void read_range(struct reading *r, struct range range)
{
	AUTO_STRBUF struct strbuf sql = { 0 };

	for (size_t i = range.first; i < range.first + range.count; i++) {
		const char *name = r->states.list[r->indices[i]].name;

		strbuf_add_format(&sql, "%sSELECT %zu, version::text FROM ",
				  i > range.first ? " UNION ALL " : "", r->indices[i]);
		strbuf_add_identifier(&sql, name, strlen(name));
		strbuf_add_str(&sql, "." MODEL_VERSION_TABLE);
	}
	pgconn_query(node_conn(r->node), sql.buf, NULL, 0, on_versions, r);
}

static void on_wait_set(void *owner, const struct pg_result *result,
			const struct error *err)
{
	struct reading *r = owner;

	(void)result;
	if (err)
		end(r, err);
	else
		read_next(r);
}

static void set_wait(struct reading *r, const char *wait_ms)
{
	const char *params[] = { wait_ms };

	pgconn_query(node_conn(r->node), "SELECT set_config('lock_timeout', $1, false)",
		     params, 1, on_wait_set, r);
}

static void read_next(struct reading *r)
{
	if (r->queue_count) {
		read_range(r, r->queue[r->queue_count - 1]);
	} else if (!r->is_patient) {
		r->is_patient = true;
		for (size_t i = 0; i < r->locked_count; i++) {
			r->indices[i] = r->locked[i];
			push(r, i, 1);
		}
		set_wait(r, r->lock_wait);
	} else {
		end(r, NULL);
	}
}

/* ---- accounts ---- */

static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct reading *r = owner;
	size_t count;

	if (err) {
		end(r, err);
		return;
	}
	count = (size_t)pgresult_rows(result);
	r->states.list = xcalloc(count, sizeof(*r->states.list));
	r->states.count = count;
	r->indices = xcalloc(count, sizeof(*r->indices));
	r->locked = xcalloc(count, sizeof(*r->locked));
	for (size_t i = 0; i < count; i++) {
		struct model_state *s = &r->states.list[i];
		bool has_general = pgresult_is_true(result, (int)i, 3);
		bool has_column = pgresult_is_true(result, (int)i, 4);

		s->name = xstrdup(pgresult_value(result, (int)i, 0));
		s->has_schema = pgresult_is_true(result, (int)i, 1);
		s->looks_like_account = pgresult_is_true(result, (int)i, 2);
		s->kind = has_general ? MODEL_BROKEN : MODEL_NO_VERSION;
		if (has_column)
			r->indices[r->index_count++] = i;
		if (has_general)
			s->problem = xstrdup(has_column ? "its _general has no row"
							: "its _general has no column "
							  "version");
	}
	for (size_t first = 0; first < r->index_count; first += BATCH)
		push(r, first,
		     r->index_count - first < BATCH ? r->index_count - first : BATCH);
	set_wait(r, SHORT_WAIT);
}

void model_read_states(struct node *node, const struct strvec *names,
		       uint64_t lock_wait_ms, model_states_fn *done, void *owner)
{
	struct reading *r = xcalloc(1, sizeof(*r));
	AUTO_FREE char *array = model_format_array(names);

	r->node = node;
	r->lock_wait = str_format("%llu", (unsigned long long)lock_wait_ms);
	r->done = done;
	r->owner = owner;
	pgconn_query(node_conn(node), sql_states, (const char *const[]){ array }, 1,
		     on_listed, r);
}

/* ---- statements for people ---- */

static void add_literal(struct strbuf *out, const char *text)
{
	if (strchr(text, '\\'))
		strbuf_add_char(out, 'E'); /* whatever standard_conforming_strings says */
	strbuf_add_char(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			strbuf_add_char(out, *text);
		strbuf_add_char(out, *text);
	}
	strbuf_add_char(out, '\'');
}

char *model_set_version_statement(const struct model_state *s, const char *version)
{
	struct strbuf out = { 0 };

	strbuf_add_str(&out, s->has_row ? "UPDATE " : "INSERT INTO ");
	strbuf_add_identifier(&out, s->name, strlen(s->name));
	strbuf_add_format(&out,
			  s->has_row ? "._general SET version = '%s'"
				     : "._general (version) VALUES ('%s')",
			  version);
	return strbuf_detach(&out);
}

char *model_register_statement(const char *account)
{
	struct strbuf out = { 0 };

	strbuf_add_str(&out, "INSERT INTO _global._accounts (name) VALUES (");
	add_literal(&out, account);
	strbuf_add_str(&out, ");");
	return strbuf_detach(&out);
}

/* ---- look-alikes ---- */

struct lookalikes {
	model_lookalikes_fn *done;
	void *owner;
};

static void on_lookalikes(void *owner, const struct pg_result *result,
			  const struct error *err)
{
	struct lookalikes *l = owner;
	AUTO_STRVEC struct strvec names = { 0 };

	for (int i = 0; !err && i < pgresult_rows(result); i++)
		strvec_push(&names, pgresult_value(result, i, 0));
	l->done(l->owner, &names, err);
	free(l);
}

void model_list_lookalikes(struct node *node, model_lookalikes_fn *done, void *owner)
{
	struct lookalikes *l = xcalloc(1, sizeof(*l));

	*l = (struct lookalikes){ .done = done, .owner = owner };
	pgconn_query(node_conn(node), sql_lookalikes, NULL, 0, on_lookalikes, l);
}
