/* SPDX-License-Identifier: PostgreSQL */
#include "task/tenants/look.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "task/steps.h"

void tenants_look_release(struct tenants_look *look)
{
	steps_release(&look->found);
	report_release(&look->states);
	free(look->steps);
	*look = (struct tenants_look){ 0 };
}

/* ---- looking ---- */

static bool describe(struct tenants_look *look, struct error *err)
{
	const struct farm *farm = look->farm;

	look->steps = xcalloc(farm->account_count + 1, sizeof(const void *));
	for (size_t i = 0; i < farm->account_count; i++)
		(void)report_add(&look->states, farm->accounts[i].name);
	for (size_t i = 0; i < look->found.count; i++) {
		const struct farm_account *account =
			farm_find(farm, look->found.list[i].schema);

		if (account)
			look->steps[account - farm->accounts] = &look->found.list[i];
	}
	return steps_describe(farm, &look->opts->conf->product, &look->found,
			      &look->states, err);
}

static void on_read(void *owner, struct steps_found *found, const struct error *err)
{
	struct tenants_look *look = owner;
	struct error wrong;

	look->found = *found;
	if (!err && !describe(look, &wrong))
		err = &wrong;
	look->done(look->owner, err);
}

void tenants_look_start(struct tenants_look *look, const struct run_opts *opts,
			const struct farm *farm,
			void (*done)(void *owner, const struct error *err), void *owner)
{
	const struct conf *conf = opts->conf;
	AUTO_STRVEC struct strvec names = { 0 };

	*look = (struct tenants_look){
		.opts = opts, .farm = farm, .done = done, .owner = owner
	};
	steps_list_schemas(farm, &conf->product, &names);
	steps_read(farm->nodes[0]->session, &conf->product, &names, false,
		   conf_lock_wait_ms(conf), on_read, look);
}

/* ---- comparing ---- */

static int compare(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The steps, sorted and without duplicates; they borrow from `look`. Ownership: the
 * caller frees. */
static const char **sort_steps(const struct tenants_look *look,
			       const struct tenant_steps *t, size_t *count)
{
	const char **sorted = xcalloc(t->count + 1, sizeof(*sorted));

	*count = 0;
	for (size_t i = 0; i < t->count; i++)
		sorted[i] = look->found.all.v[t->steps[i]];
	qsort(sorted, t->count, sizeof(*sorted), compare);
	for (size_t i = 0; i < t->count; i++)
		if (!*count || strcmp(sorted[*count - 1], sorted[i]) != 0)
			sorted[(*count)++] = sorted[i];
	return sorted;
}

bool tenants_look_is_same(const struct tenants_look *before,
			  const struct tenants_look *after, size_t index)
{
	const struct tenant_steps *a = before->steps[index], *b = after->steps[index];
	AUTO_FREE const char **x = NULL, **y = NULL;
	size_t x_count, y_count;
	bool is_same;

	if (!a || !b || a->kind != b->kind)
		return !a && !b;
	x = sort_steps(before, a, &x_count);
	y = sort_steps(after, b, &y_count);
	is_same = x_count == y_count;
	for (size_t i = 0; is_same && i < x_count; i++)
		is_same = !strcmp(x[i], y[i]);
	return is_same;
}
