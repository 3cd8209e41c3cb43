/* SPDX-License-Identifier: PostgreSQL */
#include "task/tenants/marks.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "catalog/fingerprints.h"

static size_t index_of(const struct tenants_marks *marks, const char *schema)
{
	const struct farm *farm = marks->tenants->farm;

	return (size_t)(farm_find(farm, schema) - farm->accounts);
}

static void on_before(void *owner, const char *schema, const char *fingerprint)
{
	struct tenants_marks *marks = owner;

	marks->before[index_of(marks, schema)] = xstrdup(fingerprint);
}

static void on_after(void *owner, const char *schema, const char *fingerprint)
{
	struct tenants_marks *marks = owner;

	marks->after[index_of(marks, schema)] = xstrdup(fingerprint);
}

static void on_all_before(void *owner, const struct error *err)
{
	struct tenants_marks *marks = owner;

	marks->done(marks->owner, err);
}

void tenants_marks_start(struct tenants_marks *marks, struct tenants *tenants,
			 void (*done)(void *owner, const struct error *err), void *owner)
{
	AUTO_STRVEC struct strvec names = { 0 };

	*marks = (struct tenants_marks){
		.tenants = tenants,
		.done = done,
		.owner = owner,
		.before = xcalloc(tenants->count + 1, sizeof(char *)),
		.after = xcalloc(tenants->count + 1, sizeof(char *)),
	};
	for (size_t i = 0; i < tenants->count; i++)
		strvec_push(&names, tenants->list[i].place->name);
	catalog_read_fingerprints(tenants->farm->nodes[0]->session, &names, on_before,
				  on_all_before, marks);
}

/* ---- afterwards ---- */

/* Has its command failed, and was it not compared yet? */
static bool is_open(const struct tenant *tenant)
{
	return tenant->has_run && tenant->error && !tenant->is_compared;
}

static void compare(struct tenants_marks *marks, struct tenant *tenant)
{
	size_t i = (size_t)(tenant - marks->tenants->list);
	const char *before = marks->before[i], *after = marks->after[i];

	tenant->is_compared = true;
	tenant->is_touched =
		!before || !after ? before || after : strcmp(before, after) != 0;
}

static void on_all_after(void *owner, const struct error *err)
{
	struct tenants_marks *marks = owner;
	struct tenants *tenants = marks->tenants;

	for (size_t i = 0; !err && i < tenants->count; i++)
		if (is_open(&tenants->list[i]))
			compare(marks, &tenants->list[i]);
	marks->done(marks->owner, err);
}

bool tenants_marks_compare(struct tenants_marks *marks,
			   void (*done)(void *owner, const struct error *err),
			   void *owner)
{
	const struct tenants *tenants = marks->tenants;
	AUTO_STRVEC struct strvec names = { 0 };

	for (size_t i = 0; i < tenants->count; i++)
		if (is_open(&tenants->list[i]))
			strvec_push(&names, tenants->list[i].place->name);
	if (!names.count)
		return false;
	marks->done = done;
	marks->owner = owner;
	catalog_read_fingerprints(tenants->farm->nodes[0]->session, &names, on_after,
				  on_all_after, marks);
	return true;
}

void tenants_marks_release(struct tenants_marks *marks)
{
	for (size_t i = 0; marks->before && i < marks->tenants->count; i++) {
		free(marks->before[i]);
		free(marks->after[i]);
	}
	free(marks->before);
	free(marks->after);
	*marks = (struct tenants_marks){ 0 };
}
