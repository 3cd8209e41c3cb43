/* SPDX-License-Identifier: PostgreSQL */
#include "catalog/steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/accounts.h"
#include "catalog/copies.h"
#include "catalog/grants.h"
#include "catalog/sql.h"
#include "catalog/tenants.h"

/* A table with more rows is not a list of steps, and a longer value is not a step. */
enum { MOST_ROWS = 10000, MOST_BYTES = 200 };

enum { FIRST_SLOTS = 1024 }; /* a power of two */

#define CHECK "SELECT * FROM " TENANTS_QUERY_BEGIN

struct reading {
	struct session *session, *reader;
	const struct product *product;
	char *names; /* as an array */
	bool has_others;
	uint64_t lock_wait_ms;
	struct steps_found found;
	/* By hash: the number of a step in `found.all`, from 1; 0: free. */
	uint32_t *slots;
	size_t slot_count;
	struct copies_list statements;
	size_t *asked;           /* the schema of each statement */
	size_t without;          /* schemas without what the query names */
	struct error last_error; /* of the last of these */
	char *checked;           /* the query for the first schema */
	struct error wrong;      /* why it is wrong */
	steps_done_fn *done;
	void *owner;
};

void steps_release(struct steps_found *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free(f->list[i].schema);
		free(f->list[i].steps);
		free(f->list[i].problem);
	}
	free(f->list);
	strvec_release(&f->all);
	*f = (struct steps_found){ 0 };
}

static void end(struct reading *r, const struct error *err)
{
	if (err)
		steps_release(&r->found);
	session_end_reader(r->session);
	r->done(r->owner, &r->found, err);
	copies_release(&r->statements);
	free(r->asked);
	free(r->checked);
	free(r->slots);
	free(r->names);
	free(r);
}

char *steps_format_query(const struct product *p, const char *schema)
{
	static const char word[] = "{schema}";
	struct strbuf out = { 0 };
	const char *text = p->applied->text, *found;

	for (; (found = strstr(text, word)); text = found + strlen(word)) {
		strbuf_add(&out, text, (size_t)(found - text));
		strbuf_add_identifier(&out, schema, strlen(schema));
	}
	strbuf_add_str(&out, text);
	return strbuf_detach(&out);
}

/* ---- each step once ---- */

static size_t hash(const char *text)
{
	size_t h = 5381;

	while (*text)
		h = h * 33 + (unsigned char)*text++;
	return h;
}

/* The slot of a step, or the free one where it belongs. */
static uint32_t *find_slot(struct reading *r, const char *step)
{
	size_t i = hash(step) & (r->slot_count - 1);

	while (r->slots[i] && strcmp(r->found.all.v[r->slots[i] - 1], step) != 0)
		i = (i + 1) & (r->slot_count - 1);
	return &r->slots[i];
}

static void grow_slots(struct reading *r)
{
	free(r->slots);
	r->slot_count = r->slot_count ? r->slot_count * 2 : FIRST_SLOTS;
	r->slots = xcalloc(r->slot_count, sizeof(*r->slots));
	for (size_t i = 0; i < r->found.all.count; i++)
		*find_slot(r, r->found.all.v[i]) = (uint32_t)i + 1;
}

static uint32_t number_of(struct reading *r, const char *step)
{
	uint32_t *slot;

	if (r->found.all.count * 2 >= r->slot_count)
		grow_slots(r);
	slot = find_slot(r, step);
	if (!*slot) {
		strvec_push(&r->found.all, step);
		*slot = (uint32_t)r->found.all.count;
	}
	return *slot - 1;
}

/* ---- reading ---- */

static void set_problem(struct tenant_steps *t, enum steps_kind kind, const char *problem)
{
	free(t->problem);
	t->kind = kind;
	t->problem = xstrdup(problem);
}

static bool on_row(void *owner, size_t statement, size_t number, const char *line,
		   size_t length)
{
	struct reading *r = owner;
	struct tenant_steps *t = &r->found.list[r->asked[statement]];
	AUTO_FREE char *step = NULL;

	if (number == 1) { /* a second attempt starts anew */
		t->kind = STEPS_READ;
		t->count = 0;
	}
	if (line && memchr(line, '\t', length)) {
		set_problem(t, STEPS_BROKEN, "applied gives more than one column");
		return false;
	}
	if (number > MOST_ROWS) {
		set_problem(t, STEPS_BROKEN, "its steps are more than 10000 rows");
		return false;
	}
	step = line && length <= MOST_BYTES ? catalog_decode_copy(line, length) : NULL;
	if (!step) {
		bool is_null = line && length <= MOST_BYTES;

		set_problem(t, STEPS_BROKEN,
			    is_null ? "one of its steps is NULL"
				    : "one of its steps has more than 200 bytes");
		return false;
	}
	t->steps = xgrow(t->steps, t->count, sizeof(*t->steps));
	t->steps[t->count++] = number_of(r, step);
	return true;
}

/* Does something that the query names not exist: 42P01 a table, 42703 a column, 42883 a
 * function, 3F000 a schema? */
static bool is_nothing(const char *sqlstate)
{
	static const char *const codes[] = { "42P01", "42703", "42883", "3F000" };

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (!strcmp(sqlstate, codes[i]))
			return true;
	return false;
}

/* Should the schema have what the query names? */
static bool is_tenant(const struct reading *r, const struct tenant_steps *t)
{
	return t->is_listed && strcmp(t->schema, r->product->global) != 0;
}

static void on_failed(void *owner, size_t statement, const struct pg_failure *failure,
		      const struct error *err)
{
	struct reading *r = owner;
	struct tenant_steps *t = &r->found.list[r->asked[statement]];
	bool is_none = is_nothing(failure->sqlstate);

	set_problem(t, is_none ? STEPS_NONE : STEPS_BROKEN, err->text);
	t->is_forbidden = !strcmp(failure->sqlstate, CATALOG_FORBIDDEN);
	if (!is_none || !is_tenant(r, t))
		return;
	r->without++;
	r->last_error = *err;
}

/* If the query fails in every tenant's schema, the query itself is wrong. */
static bool is_query_wrong(const struct reading *r)
{
	size_t there = 0;

	for (size_t i = 0; i < r->found.count; i++)
		there += is_tenant(r, &r->found.list[i]) &&
			 r->found.list[i].kind != STEPS_MISSING;
	return there && r->without == there;
}

static void on_read(void *owner, const struct error *err)
{
	struct reading *r = owner;

	if (err || !is_query_wrong(r)) {
		end(r, err);
		return;
	}
	error_append(&r->last_error, "\nIt is the same in every schema.");
	located_prefix(r->product->applied, 0, &r->last_error);
	end(r, &r->last_error);
}

static void read_steps(struct reading *r)
{
	const struct copies_opts opts = { .session = r->session,
					  .reader = r->reader,
					  .runs_code = true,
					  .lock_wait_ms = r->lock_wait_ms,
					  .row = on_row,
					  .failed = on_failed,
					  .done = on_read,
					  .owner = r };

	r->asked = xcalloc(r->found.count + 1, sizeof(*r->asked));
	for (size_t i = 0; i < r->found.count; i++) {
		const struct tenant_steps *t = &r->found.list[i];
		AUTO_FREE char *query = steps_format_query(r->product, t->schema);
		AUTO_FREE char *sql = str_format("COPY " TENANTS_QUERY_BEGIN
						 "%s" TENANTS_QUERY_END " TO STDOUT",
						 query);

		if (t->kind == STEPS_MISSING)
			continue;
		r->asked[r->statements.count] = i;
		copies_add(&r->statements, sql, false);
	}
	copies_read(&opts, &r->statements);
}

/* ---- the query, before it is run ---- */

static bool check_columns(const struct reading *r, const struct pg_result *result,
			  struct error *err)
{
	if (pgresult_columns(result) == 1)
		return true;
	error_set(err, ERROR_USAGE, "it has %d columns instead of one",
		  pgresult_columns(result));
	return located_prefix(r->product->applied, 0, err);
}

static void on_rolled_back(void *owner, const struct pg_result *result,
			   const struct error *err)
{
	struct reading *r = owner;

	(void)result;
	if (r->wrong.kind != ERROR_NONE)
		end(r, &r->wrong);
	else if (err)
		end(r, err);
	else
		read_steps(r);
}

/* If only this schema may be at fault, the query is not. */
static void on_checked(void *owner, const struct pg_result *result,
		       const struct error *err)
{
	struct reading *r = owner;
	const struct pg_failure *failure = pgconn_failure(session_conn(r->reader));
	struct located filled = *r->product->applied;

	filled.text = r->checked;
	if (!err) {
		(void)check_columns(r, result, &r->wrong);
	} else if (!is_nothing(failure->sqlstate) &&
		   strcmp(failure->sqlstate, CATALOG_FORBIDDEN) != 0 &&
		   strcmp(failure->sqlstate, CATALOG_LOCKED) != 0) {
		r->wrong = *err;
		tenants_describe_failure(&filled, strlen(CHECK), failure, &r->wrong);
	}
	if (err && !failure->sqlstate[0])
		end(r, err);
	else
		pgconn_query(session_conn(r->reader), "ROLLBACK", NULL, 0, on_rolled_back,
			     r);
}

/* Prepare the query: that allows one statement only, and does not run it. */
static void on_begun(void *owner, const struct pg_result *result, const struct error *err)
{
	struct reading *r = owner;
	AUTO_FREE char *sql = NULL;

	(void)result;
	if (err) {
		end(r, err);
		return;
	}
	sql = str_format(CHECK "%s" TENANTS_QUERY_END " steps LIMIT 0", r->checked);
	pgconn_query(session_conn(r->reader), sql, NULL, 0, on_checked, r);
}

/* ---- the schemas ---- */

static void on_listed(void *owner, const struct pg_result *result,
		      const struct error *err)
{
	struct reading *r = owner;
	struct steps_found *f = &r->found;

	if (err) {
		end(r, err);
		return;
	}
	f->count = (size_t)pgresult_rows(result);
	f->list = xcalloc(f->count + 1, sizeof(*f->list));
	for (int i = 0; i < (int)f->count; i++) {
		struct tenant_steps *t = &f->list[i];

		t->schema = xstrdup(pgresult_value(result, i, 0));
		t->kind = pgresult_is_true(result, i, 1) ? STEPS_READ : STEPS_MISSING;
		t->is_listed = pgresult_is_true(result, i, 2);
		if (t->kind == STEPS_READ && !r->checked && is_tenant(r, t))
			r->checked = steps_format_query(r->product, t->schema);
	}
	if (r->checked)
		pgconn_script(session_conn(r->reader), "BEGIN READ ONLY; " TENANTS_LIMITS,
			      on_begun, r);
	else
		read_steps(r);
}

static void on_reader_ready(void *owner, const struct error *err)
{
	struct reading *r = owner;
	const char *const params[] = { r->names, r->has_others ? "t" : "f",
				       r->product->global };

	if (err)
		end(r, err);
	else
		pgconn_query(session_conn(r->reader), sql_steps, params, 3, on_listed, r);
}

void steps_read(struct session *session, const struct product *product,
		const struct strvec *schemas, bool has_others, uint64_t lock_wait_ms,
		steps_done_fn *done, void *owner)
{
	struct reading *r = xcalloc(1, sizeof(*r));

	*r = (struct reading){ .session = session,
			       .product = product,
			       .names = catalog_format_array(schemas),
			       .has_others = has_others,
			       .lock_wait_ms = lock_wait_ms,
			       .done = done,
			       .owner = owner };
	r->reader = session_start_reader(session, on_reader_ready, r);
}
