/* SPDX-License-Identifier: PostgreSQL */
/*
 * The facts that differ from product to product: how its tenants are listed, which
 * schemas and tables they have, how their versions are read. Either OpenResty's, which
 * are built in, or those of the section [model] of a configuration file.
 */
#ifndef PRODUCT_PRODUCT_H
#define PRODUCT_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/located.h"

/*
 * OpenResty's own, for what is done with its accounts only. In src/catalog/sql they are
 * called :PRODUCT_GLOBAL and so on; scripts/embed-sql puts them in.
 */

/* The account that comes before all others. */
#define PRODUCT_GLOBAL "_global"

/* How the names of an account's relations begin that belong to the metamodel. One letter:
 * catalog_others_pattern() can express no more. */
#define PRODUCT_PREFIX "_"

/* The table and column of _global that list the accounts. */
#define PRODUCT_ACCOUNTS_TABLE "_accounts"
#define PRODUCT_ACCOUNTS_COLUMN "name"
#define PRODUCT_ACCOUNTS PRODUCT_GLOBAL "." PRODUCT_ACCOUNTS_TABLE

/* The table and column that hold an account's version, in each account. */
#define PRODUCT_VERSION_TABLE "_general"
#define PRODUCT_VERSION_COLUMN "version"

/* A schema with these two tables looks like an account. */
#define PRODUCT_LOOK_1 "_roles"
#define PRODUCT_LOOK_2 "_models"

/* The keys of [model]; metamodel-model(5) says what each means. */
enum product_key {
	PRODUCT_TENANTS,
	PRODUCT_SCHEMAS,
	PRODUCT_EXCLUDE,
	PRODUCT_GLOBAL_SCHEMA,
	PRODUCT_OBJECTS,
	PRODUCT_APPLIED,
	PRODUCT_VERSIONS,
	PRODUCT_REFERENCE,
	PRODUCT_UPGRADE,
	PRODUCT_UPGRADE_GLOBAL,
	PRODUCT_KEYS
};

struct product_model {
	struct located keys[PRODUCT_KEYS];
};

/* A file of doc/models, without its ending. */
struct product_builtin {
	const char *name;
	const char *text;
};
extern const struct product_builtin product_builtins[]; /* NULL ends them */

struct product {
	const char *noun;   /* what people call a tenant: "account" */
	const char *title;  /* the same at the beginning of a sentence */
	const char *global; /* the schema that comes before all others; "": none */
	/* All else comes from queries: `tenants` or `schemas`, `exclude` (which may be
	 * missing) and `applied`. */
	bool is_model;
	const struct located *tenants, *schemas, *exclude, *applied;
	bool is_whole; /* a tenant is all of its schema, not the relations of a prefix */
	bool is_set;   /* `applied` gives all steps, and not the version */
	const struct located *reference; /* the schema that is current; NULL: the union of
					    all */
	/* The command that upgrades one tenant, and the one for the global schema, as
	 * words_split() takes them; NULL: none. */
	const struct located *upgrade, *upgrade_global;
};

/* The built-in one. */
extern const struct product product_openresty;

/* Take from `base` what `model` does not give. Ownership: moved, not copied. */
void product_model_fall_back(struct product_model *model, struct product_model *base);

/* Do both say the same? */
bool product_model_equals(const struct product_model *a, const struct product_model *b);

/*
 * What a model says that has all keys but those that may be missing.
 * Ownership: *out borrows from `model`, which must stay where it is.
 * Errors: ERROR_USAGE, with the place of the key.
 */
MUST_CHECK bool product_from_model(const struct product_model *model, struct product *out,
				   struct error *err);

#endif
