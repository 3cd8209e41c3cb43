/* SPDX-License-Identifier: PostgreSQL */
/*
 * A model's tenants have no number that says how far they are, only lists of applied
 * steps. So each is compared with the reference schema, or else with all tenants.
 */
#include "task/steps.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "product/version.h"

void steps_list_schemas(const struct farm *farm, const struct product *p,
			struct strvec *out)
{
	for (size_t i = 0; i < farm->account_count; i++)
		strvec_push(out, farm->accounts[i].name);
	for (size_t i = 0; i < farm->registered.count; i++)
		strvec_push(out, farm->registered.v[i]);
	if (p->reference)
		strvec_push(out, p->reference->text);
	strvec_sort(out);
	strvec_unique(out);
}

/* What tenants are compared with. */
struct reference {
	const struct product *product;
	const struct steps_found *found;
	bool *is_in; /* for each step in found->all */
	/* those that are in: in the order found, or from the oldest version on */
	uint32_t *steps;
	size_t count;
};

static void add_steps(struct reference *r, const struct tenant_steps *t)
{
	for (size_t i = 0; i < t->count; i++)
		r->is_in[t->steps[i]] = true;
}

static int compare_versions(const void *a, const void *b, void *found)
{
	const struct strvec *all = &((const struct steps_found *)found)->all;
	const char *x = all->v[*(const uint32_t *)a], *y = all->v[*(const uint32_t *)b];

	return version_is_newer(x, y) - version_is_newer(y, x);
}

/* Sort the steps as they are shown: in the order found, or by version. */
static void order_steps(struct reference *r)
{
	uint64_t ignored;

	for (size_t i = 0; i < r->found->all.count; i++)
		if (r->is_in[i] &&
		    (r->product->is_set || version_parse(r->found->all.v[i], &ignored)))
			r->steps[r->count++] = (uint32_t)i;
	if (!r->product->is_set)
		qsort_r(r->steps, r->count, sizeof(*r->steps), compare_versions,
			(void *)r->found);
}

static bool find_reference(struct reference *r, const struct farm *farm,
			   struct error *err)
{
	const struct located *named = r->product->reference;
	bool is_there = !named;

	r->is_in = xcalloc(r->found->all.count + 1, sizeof(*r->is_in));
	r->steps = xcalloc(r->found->all.count + 1, sizeof(*r->steps));
	for (size_t i = 0; i < r->found->count; i++) {
		const struct tenant_steps *t = &r->found->list[i];
		bool is_named = named && !strcmp(t->schema, named->text);

		if (t->kind == STEPS_READ &&
		    (named ? is_named : farm_is_registered(farm, t->schema)))
			add_steps(r, t);
		is_there |= is_named && t->kind == STEPS_READ && t->count;
	}
	order_steps(r);
	if (is_there)
		return true;
	error_set(err, ERROR_USAGE, "schema %s has no steps to compare with",
		  named->text);
	return located_prefix(named, 0, err);
}

static void release(struct reference *r)
{
	free(r->is_in);
	free(r->steps);
}

/* ---- one tenant ---- */

const char *steps_find_version(const struct steps_found *found,
			       const struct tenant_steps *t, const char **bad)
{
	const char *newest = NULL;
	uint64_t ignored;

	*bad = NULL;
	for (size_t i = 0; i < t->count; i++) {
		const char *step = found->all.v[t->steps[i]];

		if (!version_parse(step, &ignored))
			*bad = step;
		else if (version_is_newer(step, newest))
			newest = step;
	}
	return newest;
}

static void set_state(struct report_account *out, size_t behind, bool is_newer)
{
	out->state = behind ? str_format("%zu behind", behind)
			    : xstrdup(is_newer ? "newer" : "current");
}

/* The text may contain anything: a tenant has written it. */
static void add_line(struct strbuf *lines, const char *line)
{
	if (lines->length)
		strbuf_add_char(lines, '\n');
	for (; *line; line++)
		strbuf_add_char(lines, *line == '\n' ? ' ' : *line);
}

static void describe_version(const struct reference *r, const struct tenant_steps *t,
			     struct report_account *out)
{
	const char *bad, *version = steps_find_version(r->found, t, &bad), *last = NULL;
	struct strbuf lines = { 0 };
	size_t behind = 0;

	if (!version) {
		out->state = xstrdup(bad ? "broken" : "unversioned");
		if (bad) {
			out->problem = str_format(
				"its version is '%s', which is not a number", bad);
			out->hint = xstrdup("versions = set takes any text");
		}
		return;
	}
	for (size_t i = 0; i < r->count; i++) {
		const char *step = r->found->all.v[r->steps[i]];

		if (!version_is_newer(step, version) ||
		    (last && !version_is_newer(step, last)))
			continue; /* the same version, written differently */
		add_line(&lines, step);
		last = step;
		behind++;
	}
	last = r->count ? r->found->all.v[r->steps[r->count - 1]] : NULL;
	out->version = xstrdup(version);
	set_state(out, behind, version_is_newer(version, last));
	out->behind = behind ? strbuf_detach(&lines) : NULL;
}

bool *steps_mark(const struct steps_found *found, const struct tenant_steps *t,
		 size_t *count)
{
	bool *has = xcalloc(found->all.count + 1, sizeof(*has));

	*count = 0;
	for (size_t i = 0; i < t->count; i++) {
		*count += !has[t->steps[i]];
		has[t->steps[i]] = true;
	}
	return has;
}

static void describe_set(const struct reference *r, const struct tenant_steps *t,
			 struct report_account *out)
{
	size_t behind = 0, count;
	AUTO_FREE bool *has = steps_mark(r->found, t, &count);
	struct strbuf lines = { 0 };
	bool is_newer = false;

	for (size_t i = 0; i < t->count; i++)
		is_newer |= !r->is_in[t->steps[i]];
	for (size_t i = 0; i < r->count; i++) {
		if (has[r->steps[i]])
			continue;
		add_line(&lines, r->found->all.v[r->steps[i]]);
		behind++;
	}
	if (count)
		out->version = count == 1 ? xstrdup(r->found->all.v[t->steps[0]])
					  : str_format("%zu steps", count);
	set_state(out, behind, is_newer);
	out->behind = behind ? strbuf_detach(&lines) : NULL;
}

static void describe(const struct reference *r, const struct tenant_steps *t,
		     bool is_global, struct report_account *out)
{
	if (t->kind == STEPS_MISSING) {
		out->state = xstrdup("missing");
	} else if (is_global) {
		out->state = xstrdup("shared");
	} else if (t->kind == STEPS_READ) {
		(r->product->is_set ? describe_set : describe_version)(r, t, out);
	} else {
		out->state = xstrdup(t->kind == STEPS_NONE ? "unversioned" : "broken");
		out->problem = xstrdup(t->problem);
	}
}

bool steps_describe(const struct farm *farm, const struct product *product,
		    const struct steps_found *found, struct report *report,
		    struct error *err)
{
	struct reference r = { .product = product, .found = found };
	bool is_ok = find_reference(&r, farm, err);

	for (size_t i = 0; is_ok && i < found->count; i++) {
		const struct tenant_steps *t = &found->list[i];
		const struct farm_account *a = farm_find(farm, t->schema);
		bool has_steps = t->kind == STEPS_READ && t->count;
		bool is_template = product->reference &&
				   !strcmp(t->schema, product->reference->text);

		if (a && (a->is_registered || has_steps))
			describe(&r, t, a->is_global,
				 &report->accounts[a - farm->accounts]);
		else if (!t->is_listed && has_steps && !is_template)
			strvec_push(&report->unregistered, t->schema);
	}
	release(&r);
	return is_ok;
}
