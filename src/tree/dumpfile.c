/* SPDX-License-Identifier: PostgreSQL */
#include "tree/dumpfile.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/strvec.h"

enum {
	BUFFER_BYTES = 256 * 1024,
	NAMES_MAX = 10000, /* of each list below */
};

struct check {
	const struct dumpfile_opts *opts;
	struct dumpscan scan;
	struct strvec sequences; /* that it creates under names of their own */
	struct strvec views;     /* that it creates */
	bool has_hook;           /* it has a rule or a trigger */
	bool has_relation;
	bool has_stranger; /* it is about something that is not the account's */
	struct error stranger;
};

static bool has(const struct strvec *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (!strcmp(names->v[i], name))
			return true;
	return false;
}

/* A sequence that a table owns may have any name, and so may an index. */
static bool is_expected_name(struct check *c, enum dumpsql_use use, const char *name)
{
	const char *prefix = c->opts->expect_prefix;

	if (!prefix || use == SQL_PART || str_has_prefix(name, prefix))
		return true;
	if (use == SQL_SEQUENCE && c->sequences.count < NAMES_MAX) {
		strvec_push(&c->sequences, name);
		return true;
	}
	return use == SQL_RELATION && has(&c->sequences, name);
}

/* pg_dump fills tables only, and makes rules and triggers afterwards. */
static bool is_indirect(const struct check *c, const char *name)
{
	return c->has_hook || has(&c->views, name);
}

static void note_stranger(struct check *c, enum dumpsql_use use, const char *schema,
			  const char *name, bool is_other_account)
{
	uint64_t line = dumpscan_line(&c->scan);

	c->has_stranger = true;
	if (use == SQL_ROWS && is_indirect(c, name))
		error_set(&c->stranger, ERROR_DATA,
			  "line %" PRIu64 ": fills %s, from where a view, a rule or a "
			  "trigger may lead elsewhere",
			  line, name);
	else if (!is_other_account || (use != SQL_TABLE && use != SQL_ROWS))
		error_set(&c->stranger, ERROR_DATA,
			  "line %" PRIu64 ": %s%s%s: not of this account's metamodel",
			  line, schema, *schema ? "." : "", name);
	else if (*schema)
		error_set(&c->stranger, ERROR_DATA,
			  "holds table %s.%s of another account (line %" PRIu64 ")",
			  schema, name, line);
	else
		error_set(&c->stranger, ERROR_DATA,
			  "holds table %s of no account (line %" PRIu64 ")", name, line);
	for (char *p = c->stranger.text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?'; /* it stays one line */
}

static void on_target(void *owner, enum dumpsql_use use, const char *schema,
		      const char *name)
{
	struct check *c = owner;
	const char *expected = c->opts->expect_schema;
	bool is_other = expected && strcmp(schema, expected) != 0;

	c->has_relation = c->has_relation || use == SQL_TABLE || use == SQL_VIEW ||
			  use == SQL_SEQUENCE;
	if (use == SQL_HOOK || c->views.count == NAMES_MAX)
		c->has_hook = true;
	else if (use == SQL_VIEW)
		strvec_push(&c->views, name);
	if (!c->has_stranger && (is_other || !is_expected_name(c, use, name) ||
				 (use == SQL_ROWS && is_indirect(c, name))))
		note_stranger(c, use, schema, name, is_other);
}

static void on_value(void *owner, const char *value)
{
	const struct check *c = owner;

	c->opts->on_value(c->opts->owner, value);
}

static bool fail_digest(struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "libcrypto: SHA-256 failed");
}

static bool read_all(int fd, struct dumpscan *scan, EVP_MD_CTX *digest, struct error *err)
{
	AUTO_FREE char *buffer = xcalloc(1, BUFFER_BYTES);
	off_t at = 0;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* only a hint */
	for (;;) {
		ssize_t n = pread(fd, buffer, BUFFER_BYTES, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(err, ERROR_SYSTEM, "read: %s", strerror(errno));
		if (n == 0)
			return true;
		at += n;
		dumpscan_feed(scan, buffer, (size_t)n);
		if (!EVP_DigestUpdate(digest, buffer, (size_t)n))
			return fail_digest(err);
	}
}

static void format_hex(const unsigned char *bytes, size_t length, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		*out++ = digits[bytes[i] >> 4];
		*out++ = digits[bytes[i] & 15];
	}
	*out = '\0';
}

static bool is_sound(struct check *c, struct error *err)
{
	if (!dumpscan_finish(&c->scan, err))
		return false;
	if (c->has_stranger)
		*err = c->stranger;
	else if (!c->has_relation)
		error_set(err, ERROR_DATA, "holds no table");
	return !c->has_stranger && c->has_relation;
}

static void fill_facts(struct check *c, const unsigned char *hash,
		       struct dumpfile_facts *out, struct error *err)
{
	bool is_good = is_sound(c, err); /* completes the result */

	*out = (struct dumpfile_facts){
		.size_bytes = c->scan.result.bytes,
		.is_sound = is_good,
		.rows = c->scan.result.rows,
		.tables = c->scan.result.tables,
		.ambiguous_line = c->scan.result.ambiguous_line,
		.is_restricted = c->scan.key[0] != 0,
	};
	format_hex(hash, (DUMPFILE_SHA256_SIZE - 1) / 2, out->sha256);
}

static bool read_and_digest(int fd, struct dumpscan *scan, unsigned char *hash,
			    struct error *err)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	bool ok = (digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL)) ||
		  fail_digest(err);

	ok = ok && read_all(fd, scan, digest, err);
	ok = ok && (EVP_DigestFinal_ex(digest, hash, NULL) || fail_digest(err));
	EVP_MD_CTX_free(digest);
	return ok;
}

bool dumpfile_check(int fd, const struct dumpfile_opts *opts, struct dumpfile_facts *out,
		    struct error *err)
{
	AUTO_FREE struct check *check = xcalloc(1, sizeof(*check));
	unsigned char hash[EVP_MAX_MD_SIZE];
	bool is_read;
	struct dumpscan_hooks hooks = {
		.watch_table = opts->watch_table,
		.watch_column = opts->watch_column,
		.on_target = on_target,
		.on_value = opts->on_value ? on_value : NULL,
		.owner = check,
	};

	check->opts = opts;
	dumpscan_init(&check->scan, &hooks);
	is_read = read_and_digest(fd, &check->scan, hash, err);
	if (is_read)
		fill_facts(check, hash, out, err);
	strvec_release(&check->sequences);
	strvec_release(&check->views);
	return is_read;
}
