/* SPDX-License-Identifier: PostgreSQL */
/*
 * What metamodel was asked to do: the command line over the server's INI files.
 *
 * Files: DIR/openresty.conf, then DIR/site_openresty.conf over it, key by key; -c FILE
 * takes the place of the second. Both may be missing, FILE may not. Three sections count:
 * - [backend] is the server's: type, host, port, user, password and database are read,
 *   its other keys and all other sections are not ours.
 * - [metamodel] has a key for each long option but --help, --version and --config, with
 *   the values of the command line. Another key is an error.
 * - [model] says what the tenants of another product are: product/product.h. An indented
 *   line there belongs to the key above it.
 *
 * setting_read_file() says how lines are read; note there how a password with " ;" in it
 * has to be quoted. An empty value is a value: the site file takes the default file's
 * password away with `password =`.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "conf/values.h"

/*
 * Read the command line and the files. `commands` ends with NULL.
 * Ownership: the commands must outlive *conf. *conf is overwritten, not released first.
 * After success conf_release() frees it. argv keeps its order, but a -d that may hold a
 * password is overwritten with x's, so that /proc does not show it.
 * Errors: ERROR_USAGE only.
 */
MUST_CHECK bool conf_load(const struct conf_command *const *commands, int argc,
			  char **argv, struct conf *conf, struct error *err);

/* The same with the two default files in `config_dir`; conf_load() takes CONF_DIR. */
MUST_CHECK bool conf_load_from(const char *config_dir,
			       const struct conf_command *const *commands, int argc,
			       char **argv, struct conf *conf, struct error *err);

/*
 * The same for one database, reached by this connection string alone, and for all
 * accounts.
 * Ownership: it borrows what both have; it is not to be released.
 */
struct conf conf_at(const struct conf *conf, char *dbname);

/* timeout_s and lock_wait_s in milliseconds, with the same meaning of 0. */
uint64_t conf_timeout_ms(const struct conf *conf);
uint64_t conf_lock_wait_ms(const struct conf *conf);

/* Free what it holds; it is all zero then. */
void conf_release(struct conf *conf);

/* The whole of --help, with the commands in this order. */
void conf_print_help(const struct conf_command *const *commands, FILE *out);

#endif
