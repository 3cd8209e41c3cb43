/* SPDX-License-Identifier: PostgreSQL */
#include "product/product.h"

#include <string.h>

#include "base/str.h"

const struct product product_openresty = { .noun = "account",
					   .title = "Account",
					   .global = PRODUCT_GLOBAL };

void product_model_fall_back(struct product_model *model, struct product_model *base)
{
	bool has_list =
		model->keys[PRODUCT_TENANTS].text || model->keys[PRODUCT_SCHEMAS].text;

	for (int i = 0; i < PRODUCT_KEYS; i++) {
		bool is_list = i == PRODUCT_TENANTS || i == PRODUCT_SCHEMAS ||
			       i == PRODUCT_EXCLUDE;

		if (model->keys[i].text || (is_list && has_list))
			continue;
		model->keys[i] = base->keys[i];
		base->keys[i] = (struct located){ 0 };
	}
}

bool product_model_equals(const struct product_model *a, const struct product_model *b)
{
	for (int i = 0; i < PRODUCT_KEYS; i++) {
		const char *x = a->keys[i].text, *y = b->keys[i].text;

		if (!x != !y || (x && strcmp(x, y) != 0))
			return false;
	}
	return true;
}

static bool refuse(const struct located *at, struct error *err, const char *what)
{
	error_set(err, ERROR_USAGE, "%s", what);
	return located_prefix(at, 0, err);
}

static bool check_list(const struct product_model *m, struct error *err)
{
	const struct located *tenants = &m->keys[PRODUCT_TENANTS];
	const struct located *schemas = &m->keys[PRODUCT_SCHEMAS];
	const struct located *exclude = &m->keys[PRODUCT_EXCLUDE];

	if (tenants->text && schemas->text)
		return refuse(schemas, err, "cannot be used together with tenants");
	if (exclude->text && !schemas->text)
		return refuse(exclude, err, "requires schemas");
	return true;
}

/* A query that was copied from psql ends with a semicolon. */
static void strip_semicolon(char *query)
{
	size_t length = query ? strlen(query) : 0;

	while (length && strchr("; \t\n", query[length - 1]))
		query[--length] = '\0';
}

/* One with an empty value is none: that is how a built-in one is taken away. */
static const struct located *find_command(const struct located *key)
{
	return key->text && *key->text ? key : NULL;
}

bool product_from_model(const struct product_model *m, struct product *out,
			struct error *err)
{
	const struct located *keys = m->keys;

	if (!check_list(m, err))
		return false;
	if (!strstr(keys[PRODUCT_APPLIED].text, "{schema}"))
		return refuse(&keys[PRODUCT_APPLIED], err,
			      "does not contain {schema}: it would be the same for each "
			      "tenant");
	strip_semicolon(keys[PRODUCT_TENANTS].text);
	strip_semicolon(keys[PRODUCT_APPLIED].text);
	*out = (struct product){
		.noun = "tenant",
		.title = "Tenant",
		.global = keys[PRODUCT_GLOBAL_SCHEMA].text,
		.is_model = true,
		.is_whole = !strcmp(keys[PRODUCT_OBJECTS].text, "all"),
		.tenants = keys[PRODUCT_TENANTS].text ? &keys[PRODUCT_TENANTS] : NULL,
		.schemas = keys[PRODUCT_SCHEMAS].text ? &keys[PRODUCT_SCHEMAS] : NULL,
		.exclude = keys[PRODUCT_EXCLUDE].text ? &keys[PRODUCT_EXCLUDE] : NULL,
		.applied = &keys[PRODUCT_APPLIED],
		.is_set = !strcmp(keys[PRODUCT_VERSIONS].text, "set"),
		.reference = strcmp(keys[PRODUCT_REFERENCE].text, "newest")
				     ? &keys[PRODUCT_REFERENCE]
				     : NULL,
		.upgrade = find_command(&keys[PRODUCT_UPGRADE]),
		.upgrade_global = find_command(&keys[PRODUCT_UPGRADE_GLOBAL]),
	};
	return true;
}
