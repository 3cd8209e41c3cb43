/* SPDX-License-Identifier: PostgreSQL */
/* Which product the tenants belong to: --model and [model]. Part of conf. */
#ifndef CONF_MODEL_H
#define CONF_MODEL_H

#include "base/compiler.h"
#include "base/error.h"
#include "conf/values.h"

/*
 * Fill conf->product from [model], which is in conf->model, and take the keys missing
 * there from the built-in model that conf->model_name names. *conf must stay where it is.
 * Errors: ERROR_USAGE.
 */
MUST_CHECK bool model_settle(struct conf *conf, struct error *err);

#endif
