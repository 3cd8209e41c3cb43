/* SPDX-License-Identifier: PostgreSQL */
/*
 * The facts that differ from product to product: how its tenants are listed, which
 * schemas and tables they have, how their versions are read. They are either OpenResty's,
 * which are built in, or those of a model: the section [model] of a configuration file,
 * or a file of doc/models, which is built in as well and chosen with --model.
 */
#ifndef PRODUCT_PRODUCT_H
#define PRODUCT_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/located.h"

/*
 * OpenResty's names, for what only OpenResty's accounts have. In src/catalog/sql they are
 * written :PRODUCT_GLOBAL and so on; scripts/embed-sql puts them in.
 */

/* The account that comes before all others. */
#define PRODUCT_GLOBAL "_global"

/* The prefix of the relations that belong to an account's metamodel. It must be one
 * letter: catalog_others_pattern() cannot express more. */
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

/* The keys of [model]; metamodel-model(5) explains them. */
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

/* A file of doc/models; `name` is without its ending. */
struct product_builtin {
	const char *name;
	const char *text;
};
extern const struct product_builtin product_builtins[]; /* a NULL name ends them */

struct product {
	const char *noun;   /* what a tenant is called: "account" */
	const char *title;  /* the same at the beginning of a sentence */
	const char *global; /* the schema that comes before all others; "": none */
	/* Everything else comes from queries: `tenants` or `schemas`, `exclude` (which
	 * may be missing) and `applied`. */
	bool is_model;
	const struct located *tenants, *schemas, *exclude, *applied;
	/* A tenant is its whole schema, not only relations with a prefix. */
	bool is_whole;
	bool is_set; /* `applied` returns all steps, not the version */
	/* The schema that counts as current; NULL: the union of all. */
	const struct located *reference;
	/* The command that upgrades one tenant, and the one for the global schema, as
	 * words_split() takes them; NULL: none. */
	const struct located *upgrade, *upgrade_global;
};

/* The built-in one. */
extern const struct product product_openresty;

/*
 * Take from `base` the keys that `model` does not have. Those that list the tenants
 * (`tenants`, `schemas`, `exclude`) are one thing: they are taken only if `model` has no
 * list.
 * Ownership: the keys are moved, not copied.
 */
void product_model_fall_back(struct product_model *model, struct product_model *base);

/* Have both the same keys with the same texts? */
bool product_model_equals(const struct product_model *a, const struct product_model *b);

/*
 * The product that a complete model describes.
 * Ownership: *out borrows from `model`, which must stay where it is.
 * Errors: ERROR_USAGE, with the place of the key.
 */
MUST_CHECK bool product_from_model(const struct product_model *model, struct product *out,
				   struct error *err);

#endif
