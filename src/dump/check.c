/* SPDX-License-Identifier: PostgreSQL */
#include "dump/check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/strvec.h"
#include "dump/rights.h"

enum {
	NAMES_MAX = 10000, /* of each list below */
	LAST_NEEDS = 8,    /* usually the same few names: each is listed once at once */
};

struct check {
	const struct dumpfile_opts *opts;
	struct dumpscan scan;
	struct strvec sequences; /* that it creates under their own names */
	struct strvec views;     /* that it creates */
	char *schema;            /* of its first statement */
	struct strbuf parents;
	uint64_t parents_line;
	struct dumprights rights;
	struct strvec roles; /* that it names */
	struct strvec owners;
	struct strvec sessions;
	bool has_hook; /* it has a rule or a trigger */
	bool has_relation;
	bool has_schema;   /* the schema itself */
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

/* pg_dump fills only tables, and creates rules and triggers after that. */
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
			  "line %" PRIu64 ": loads rows into %s, where a view, rule or "
			  "trigger may redirect them",
			  line, name);
	else if (!is_other_account || (use != SQL_TABLE && use != SQL_ROWS))
		error_set(&c->stranger, ERROR_DATA,
			  "line %" PRIu64 ": %s%s%s: not part of this account's %s", line,
			  schema, *schema ? "." : "", name,
			  c->opts->is_whole ? "schema" : "metamodel");
	else if (*schema)
		error_set(&c->stranger, ERROR_DATA,
			  "holds table %s.%s of another account (line %" PRIu64 ")",
			  schema, name, line);
	else
		error_set(&c->stranger, ERROR_DATA,
			  "holds table %s of no account (line %" PRIu64 ")", name, line);
	for (char *p = c->stranger.text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?'; /* keep it on one line */
}

/* Rows of the dump become rows of this parent table. */
static void note_parent(struct check *c, const char *schema, const char *name)
{
	AUTO_FREE char *schema_part = str_percent_encode(schema);
	AUTO_FREE char *name_part = str_percent_encode(name);

	if (!c->parents_line)
		c->parents_line = dumpscan_line(&c->scan);
	if (c->parents.length < DUMPRIGHTS_MAX)
		strbuf_add_format(&c->parents, "%s%s.%s", c->parents.length ? "," : "",
				  schema_part, name_part);
}

static void note_role(struct strvec *roles, const char *role)
{
	if (roles->count < NAMES_MAX && !has(roles, role))
		strvec_push(roles, role);
}

static void on_right(void *owner, enum dumpsql_right part, const char *text)
{
	struct check *c = owner;

	dumprights_take(&c->rights, part, text);
	if (part == RIGHT_ROLE || part == RIGHT_SESSION || part == RIGHT_OTHER_ROLE ||
	    part == RIGHT_OWNER)
		note_role(&c->roles, text);
	if (part == RIGHT_OWNER)
		note_role(&c->owners, text);
	if (part == RIGHT_SESSION)
		note_role(&c->sessions, text);
	if (!c->rights.is_full || c->has_stranger)
		return;
	c->has_stranger = true;
	error_set(&c->stranger, ERROR_DATA,
		  "line %" PRIu64 ": more privileges are granted than can be compared",
		  dumpscan_line(&c->scan));
}

/* If the account's name as the dump spells it is not known, everything must be about one
 * schema. */
static bool is_other_schema(struct check *c, enum dumpsql_use use, const char *schema)
{
	const char *expected = c->opts->expect_schema;

	if (!expected && !c->opts->expect_prefix && !c->opts->is_whole)
		return false;
	if (!expected && !c->schema && use != SQL_PARENT)
		c->schema = xstrdup(schema);
	if (!expected)
		expected = c->schema;
	return !expected || strcmp(schema, expected) != 0;
}

static void note_created(struct check *c, const char *name, bool is_other)
{
	const char *prefix = c->opts->expect_prefix;

	if (c->opts->created && !is_other && (!prefix || str_has_prefix(name, prefix)))
		strvec_push(c->opts->created, name);
}

static void note_need(struct strvec *needs, enum dumpneeds_kind kind, const char *schema,
		      const char *name)
{
	const char *last;
	size_t i;

	if (needs->count >= NAMES_MAX)
		return;
	dumpneeds_push(needs, kind, schema, name);
	last = needs->v[needs->count - 1];
	for (i = 2; i <= LAST_NEEDS && i <= needs->count; i++)
		if (!strcmp(needs->v[needs->count - i], last))
			break;
	if (i <= LAST_NEEDS && i <= needs->count)
		strvec_pop(needs);
}

/* Does the dump itself create the relation, and with it the type of its rows? */
static bool is_created(const struct check *c, const char *schema, const char *name)
{
	const char *expected = c->opts->expect_schema, *prefix = c->opts->expect_prefix;

	return expected && !strcmp(schema, expected) &&
	       (!prefix || str_has_prefix(name, prefix) || has(&c->sequences, name));
}

static void on_need(void *owner, enum dumpneeds_kind kind, const char *schema,
		    const char *name)
{
	const struct check *c = owner;
	bool may_be_created =
		c->opts->is_whole || dumpneeds_is_relation(kind) || kind == NEED_TYPE;

	if (!may_be_created || !is_created(c, schema, name))
		note_need(c->opts->needs, kind, schema, name);
}

static void on_target(void *owner, enum dumpsql_use use, const char *schema,
		      const char *name)
{
	struct check *c = owner;
	bool is_other;

	if (use == SQL_TYPE)
		return;
	is_other = is_other_schema(c, use, schema);
	if (use == SQL_PARENT && is_other && strcmp(schema, "public") != 0)
		note_parent(c, schema, name);
	if (use == SQL_PARENT && c->opts->needs && *schema)
		on_need(c, NEED_PARENT, schema, name);
	if (use == SQL_PARENT)
		return;
	c->has_schema |= use == SQL_SCHEMA;
	if (use == SQL_SCHEMA || use == SQL_PART)
		dumprights_pass_over(&c->rights);
	else
		dumprights_take_target(&c->rights, name);
	if (use == SQL_TABLE || use == SQL_VIEW || use == SQL_SEQUENCE) {
		c->has_relation = true;
		note_created(c, name, is_other);
	}
	if (use == SQL_HOOK || c->views.count == NAMES_MAX)
		c->has_hook = true;
	else if (use == SQL_VIEW)
		strvec_push(&c->views, name);
	if (!c->has_stranger && (is_other || !is_expected_name(c, use, name) ||
				 (use == SQL_ROWS && is_indirect(c, name))))
		note_stranger(c, use, schema, name, is_other);
}

static void on_reference(void *owner, const char *schema, const char *name)
{
	struct check *c = owner;
	struct strvec *references = c->opts->references;
	const char *expected = c->opts->expect_schema, *prefix = c->opts->expect_prefix;

	if ((expected && !strcmp(schema, expected)) ||
	    (prefix && !str_has_prefix(name, prefix)))
		return;
	if (references->count < NAMES_MAX && !has(references, schema))
		strvec_push(references, schema);
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

static bool read_all(int fd, struct check *c, EVP_MD_CTX *digest, struct error *err)
{
	AUTO_FREE char *buffer = xcalloc(1, DUMPDIGESTS_PIECE_BYTES);
	struct dumpdigests *marks = c->opts->marks;
	size_t length;

	/* only a hint to the system */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	for (off_t at = 0;; at += (off_t)length) {
		if (!dumpdigests_read(fd, at, buffer, &length, err))
			return false;
		if (!length)
			return true;
		dumpscan_feed(&c->scan, buffer, length);
		if (!EVP_DigestUpdate(digest, buffer, length) ||
		    (marks && !dumpdigests_add(marks, digest)))
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
	else if (!c->has_relation && !c->has_schema)
		error_set(err, ERROR_DATA, "holds no table");
	return !c->has_stranger && (c->has_relation || c->has_schema);
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
		.parents_line = c->parents_line,
		.has_session = c->rights.has_session,
	};
	snprintf(out->encoding, sizeof(out->encoding), "%.31s", c->scan.sql.encoding);
	out->roles = c->roles;
	c->roles = (struct strvec){ 0 };
	out->owners = c->owners;
	c->owners = (struct strvec){ 0 };
	out->sessions = c->sessions;
	c->sessions = (struct strvec){ 0 };
	if (c->parents.length)
		out->parents = strbuf_detach(&c->parents);
	if (c->rights.list.length)
		out->rights = strbuf_detach(&c->rights.list);
	format_hex(hash, (DUMPFILE_SHA256_SIZE - 1) / 2, out->sha256);
}

static bool read_and_digest(int fd, struct check *c, unsigned char *hash,
			    struct error *err)
{
	EVP_MD_CTX *digest = EVP_MD_CTX_new();
	bool ok = (digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL)) ||
		  fail_digest(err);

	ok = ok && read_all(fd, c, digest, err);
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
		.is_whole = opts->is_whole,
		.watch_table = opts->watch_table,
		.watch_column = opts->watch_column,
		.on_target = on_target,
		.on_value = opts->on_value ? on_value : NULL,
		.on_right = on_right,
		.on_reference = opts->references ? on_reference : NULL,
		.on_need = opts->needs ? on_need : NULL,
		.owner = check,
	};

	check->opts = opts;
	dumpscan_init(&check->scan, &hooks);
	is_read = read_and_digest(fd, check, hash, err);
	if (is_read)
		fill_facts(check, hash, out, err);
	if (opts->needs) {
		strvec_sort(opts->needs);
		strvec_unique(opts->needs);
	}
	strvec_release(&check->sequences);
	strvec_release(&check->views);
	strbuf_release(&check->parents);
	free(check->schema);
	dumprights_release(&check->rights);
	strvec_release(&check->roles);
	strvec_release(&check->owners);
	strvec_release(&check->sessions);
	return is_read;
}

void dumpfile_facts_release(struct dumpfile_facts *facts)
{
	free(facts->parents);
	free(facts->rights);
	strvec_release(&facts->roles);
	strvec_release(&facts->owners);
	strvec_release(&facts->sessions);
	facts->parents = facts->rights = NULL;
}
