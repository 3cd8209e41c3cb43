/* SPDX-License-Identifier: PostgreSQL */
/*
 * When a disk is full, thousands of accounts fail for one reason, and the one that fails
 * for another must not be lost among them. Reasons that differ only in the account's name
 * are the same.
 */
#include "task/failures.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/strvec.h"

enum {
	NAMES_MOST = 5, /* other accounts that are named */
	/* reasons that are remembered: even a large run has only a few */
	REASONS_MOST = 64
};

struct failure {
	char *account; /* the first one with this reason, printable */
	char *step;
	enum error_kind kind;
	char *reason; /* without the account's name */
	size_t others;
	struct strvec first; /* of the other accounts, printable */
};

static bool is_in_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

/* Add `text` with each occurrence of `name` as a word of its own replaced by a control
 * character. */
static void add_without_name(struct strbuf *out, const char *text, const char *name)
{
	size_t length = strlen(name);

	for (const char *p = text; *p;) {
		bool is_name = length && !strncmp(p, name, length) &&
			       (p == text || !is_in_word(p[-1])) &&
			       !is_in_word(p[length]);

		strbuf_add_char(out, is_name ? '\x01' : *p);
		p += is_name ? length : 1;
	}
}

static char *reason_of(const char *account, const struct error *err)
{
	struct strbuf out = { 0 };

	add_without_name(&out, err->text, account);
	strbuf_add_char(&out, '\n');
	add_without_name(&out, err->hint, account);
	return strbuf_detach(&out);
}

static struct failure *find(struct failures *failures, const char *step,
			    const char *reason)
{
	for (size_t i = 0; i < failures->count; i++)
		if (!strcmp(failures->list[i].step, step) &&
		    !strcmp(failures->list[i].reason, reason))
			return &failures->list[i];
	return NULL;
}

static void log_whole(const struct log *log, const char *name, const char *step,
		      const struct error *err)
{
	struct error whole;

	error_set(&whole, err->kind, "[%s %s] %s", name, step, err->text);
	error_hint(&whole, "%s", err->hint);
	log_error(log, &whole);
}

/* Is it a list of what was found in this account? Then every line matters. */
static bool is_list(const struct error *err)
{
	return err->kind == ERROR_DATA && strchr(err->text, '\n');
}

bool failures_note(struct failures *failures, const char *account, const char *step,
		   const struct error *err)
{
	AUTO_STRBUF struct strbuf name = { 0 };
	AUTO_FREE char *reason = reason_of(account, err);
	struct failure *known = is_list(err) ? NULL : find(failures, step, reason);

	strbuf_add_printable(&name, account);
	if (known) {
		known->others++;
		if (known->first.count < NAMES_MOST)
			strvec_push(&known->first, name.buf);
		return false;
	}
	if (is_list(err) || failures->count == REASONS_MOST)
		return true;
	failures->list = xgrow(failures->list, failures->count, sizeof(*failures->list));
	failures->list[failures->count++] =
		(struct failure){ .account = xstrdup(name.buf),
				  .step = xstrdup(step),
				  .kind = err->kind,
				  .reason = xstrdup(reason) };
	return true;
}

void failures_add(struct failures *failures, const struct log *log, const char *account,
		  const char *step, const struct error *err)
{
	AUTO_STRBUF struct strbuf name = { 0 };

	if (!failures_note(failures, account, step, err))
		return;
	strbuf_add_printable(&name, account);
	log_whole(log, name.buf, step, err);
}

char *failures_format_others(const struct failures *failures, size_t index,
			     const char **account)
{
	const struct failure *failure = &failures->list[index];
	AUTO_STRBUF struct strbuf names = { 0 };

	*account = failure->account;
	if (!failure->others)
		return NULL;
	for (size_t i = 0; i < failure->first.count; i++)
		strbuf_add_format(&names, "%s%s", i ? ", " : "", failure->first.v[i]);
	if (failure->others > failure->first.count)
		strbuf_add_format(&names, " and %zu more",
				  failure->others - failure->first.count);
	return str_format("the same for %zu other account%s: %s", failure->others,
			  failure->others == 1 ? "" : "s", names.buf);
}

void failures_flush(struct failures *failures, const struct log *log)
{
	for (size_t i = 0; i < failures->count; i++) {
		const char *account;
		AUTO_FREE char *others = failures_format_others(failures, i, &account);
		struct error err;

		if (!others)
			continue;
		error_set(&err, failures->list[i].kind, "[%s %s] %s", account,
			  failures->list[i].step, others);
		error_hint(&err, "%s", "");
		log_error(log, &err);
	}
	failures_release(failures);
}

void failures_release(struct failures *failures)
{
	for (size_t i = 0; i < failures->count; i++) {
		free(failures->list[i].account);
		free(failures->list[i].step);
		free(failures->list[i].reason);
		strvec_release(&failures->list[i].first);
	}
	free(failures->list);
	*failures = (struct failures){ 0 };
}
