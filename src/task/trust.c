/* SPDX-License-Identifier: PostgreSQL */
#include "task/trust.h"

#include <string.h>

#include "base/auto.h"
#include "base/str.h"

enum { LAST_OWNERS = 8 };

/* Caller frees. */
static char *to_hex(const char *text)
{
	struct strbuf out = { 0 };

	strbuf_add_str(&out, "");
	for (; *text; text++)
		strbuf_add_format(&out, "%02x", (unsigned char)*text);
	return strbuf_detach(&out);
}

static bool refuse(const struct catalog_trust *t, const char *what, const char *role,
		   const char *command, struct error *err)
{
	AUTO_STRBUF struct strbuf quoted = { 0 };
	AUTO_STRBUF struct strbuf shown = { 0 };
	AUTO_STRBUF struct strbuf word = { 0 };

	strbuf_add_identifier(&quoted, role, strlen(role));
	strbuf_add_printable(&shown, quoted.buf);
	strbuf_add_shell_word(&word, role);
	error_set(err, ERROR_DATA,
		  "%s role %s, which is not a superuser: what that role defined would "
		  "run as %s",
		  what, shown.buf, t->me);
	return error_hint(err,
			  "%s as the owner (-U %s), or as a member of it; use "
			  "--as-superuser only if you trust what is defined there",
			  command, word.buf);
}

bool trust_check(const struct catalog_trust *t, const char *account, const char *command,
		 struct error *err)
{
	for (size_t i = 0; i < t->accounts.count; i++) {
		AUTO_STRBUF struct strbuf what = { 0 };

		if (strcmp(t->accounts.v[i], account) != 0)
			continue;
		strbuf_add_printable(&what, t->objects.v[i]);
		strbuf_add_str(&what, " belongs to");
		return refuse(t, what.buf, t->roles.v[i], command, err);
	}
	return true;
}

bool trust_check_owners(const struct catalog_trust *t, const struct strvec *owners,
			const char *command, struct error *err)
{
	for (size_t i = 0; i < owners->count; i++) {
		AUTO_FREE char *hex = to_hex(owners->v[i]);

		if (strvec_has(&t->owners, hex))
			return refuse(t, "objects in its dump would belong to",
				      owners->v[i], command, err);
	}
	return true;
}

/* They are usually the same few, which need not be sent for each account. */
void trust_add_owners(const struct strvec *names, struct strvec *out)
{
	for (size_t i = 0; i < names->count; i++) {
		AUTO_FREE char *hex = to_hex(names->v[i]);
		bool is_known = false;

		for (size_t k = 1; k <= LAST_OWNERS && k <= out->count; k++)
			is_known |= !strcmp(out->v[out->count - k], hex);
		if (!is_known)
			strvec_push(out, hex);
	}
}
