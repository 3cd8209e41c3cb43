/* SPDX-License-Identifier: PostgreSQL */
#include "conf/model.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "conf/options.h"
#include "conf/setting.h"

static bool read_builtin(const char *name, struct values *out, struct error *err)
{
	const struct product_builtin *b = product_builtins;
	AUTO_FREE char *path = str_format("--model %s", name);

	while (strcmp(b->name, name) != 0) /* checked when it was read */
		b++;
	return setting_read_text(option_rows, path, b->text, &(struct setting_argv){ 0 },
				 out, err);
}

static bool check_backend(const struct conf *conf, struct error *err)
{
	return !conf->product.is_model || conf->backend == CONF_PG ||
	       error_set(err, ERROR_USAGE,
			 "[model] works only with backend Pg, not with PgFarm");
}

static bool check_command(const struct conf *conf, struct error *err)
{
	const struct product *product = &conf->product;
	const struct located *objects = &conf->model.keys[PRODUCT_OBJECTS];

	if (product->is_model && !product->is_whole && conf->command->needs_whole) {
		error_set(err, ERROR_USAGE,
			  "metamodel %s requires objects = all, except for OpenResty",
			  conf->command->name);
		return located_prefix(objects, 0, err);
	}
	return !product->is_model || conf->command->takes_models ||
	       error_set(err, ERROR_USAGE,
			 "metamodel %s works only on accounts of OpenResty so far, not "
			 "on tenants of other products",
			 conf->command->name);
}

bool model_settle(struct conf *conf, struct error *err)
{
	const char *name = conf->model_name ? conf->model_name : "openresty";
	struct values openresty = { 0 }, base = { 0 };
	bool ok = read_builtin("openresty", &openresty, err) &&
		  read_builtin(name, &base, err);

	if (ok) {
		product_model_fall_back(&conf->model, &base.conf.model);
		conf->product = product_openresty;
		if (!product_model_equals(&conf->model, &openresty.conf.model))
			ok = product_from_model(&conf->model, &conf->product, err) &&
			     check_command(conf, err) && check_backend(conf, err);
	}
	setting_release(option_rows, &openresty);
	setting_release(option_rows, &base);
	return ok;
}
