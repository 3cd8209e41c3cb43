/* SPDX-License-Identifier: PostgreSQL */
/*
 * What metamodel was asked to do: the command line, and for what it does not say the
 * server's INI files.
 *
 * Files: DIR/openresty.conf, then DIR/site_openresty.conf, which overrides it key by key.
 * -c FILE replaces the second. Either may be missing, but FILE must exist. Four sections
 * count:
 *
 * - [backend] is the server's own. The keys type, host, port, user, password and database
 *   are read; its other keys, and all other sections, are ignored.
 * - [metamodel] has a key for each long option except --help, --version and --config,
 *   with the same values as on the command line. Any other key is an error.
 * - [model] describes the tenants of another product: see product/product.h. An indented
 *   line there continues the key above it.
 * - [hooks] names the commands that `save` runs before and after: see task/hook/hook.h.
 *
 * setting_read_file() says how lines are read, and how a password that contains " ;" must
 * be quoted. An empty value is a value: with `password =`, the site file removes the
 * password of the default file.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>

#include "base/error.h"
#include "conf/values.h"

/*
 * Read the command line and the files. A NULL ends `commands`.
 * Ownership: the commands must outlive *conf. *conf is overwritten, not released first;
 * after success the caller frees it with conf_release(). The order of argv stays, but a
 * -d that may contain a password is overwritten with x's, so that /proc does not show it.
 * Errors: ERROR_USAGE only.
 */
MUST_CHECK bool conf_load(const struct conf_command *const *commands, int argc,
			  char **argv, struct conf *conf, struct error *err);

/* The same with the two default files in `config_dir`; conf_load() uses CONF_DIR. */
MUST_CHECK bool conf_load_from(const char *config_dir,
			       const struct conf_command *const *commands, int argc,
			       char **argv, struct conf *conf, struct error *err);

/*
 * The same configuration for one database, which only this connection string names, and
 * for all its accounts.
 * Ownership: the result borrows from `conf` and `dbname`; do not release it.
 */
struct conf conf_at(const struct conf *conf, char *dbname);

/* These settings in milliseconds; 0 means the same as there. */
uint64_t conf_hook_timeout_ms(const struct conf *conf);
uint64_t conf_timeout_ms(const struct conf *conf);
uint64_t conf_lock_wait_ms(const struct conf *conf);

/* Free what it holds, and make it all zero. */
void conf_release(struct conf *conf);

/*
 * The command of this name.
 * Errors: ERROR_USAGE with NULL, and the name that was probably meant as a hint.
 */
const struct conf_command *
conf_require_command(const struct conf_command *const *commands, const char *name,
		     struct error *err);

#endif
