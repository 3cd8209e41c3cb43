/* SPDX-License-Identifier: PostgreSQL */
#include "store/layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

static char *parent_of(const char *dir)
{
	const char *slash = strrchr(dir, '/');

	if (!slash)
		return xstrdup(".");
	return slash == dir ? xstrdup("/") : xstrndup(dir, (size_t)(slash - dir));
}

bool layout_init(struct layout *out, const char *dir, struct error *err)
{
	struct stat st;
	char *real = NULL;

	if (!lstat(dir, &st) && S_ISLNK(st.st_mode) && !(real = realpath(dir, NULL)))
		return error_set(err, ERROR_SYSTEM, "%s: %s", dir, strerror(errno));
	out->dir = real ? real : xstrdup(dir);
	out->parent = parent_of(out->dir);
	out->staging = str_format("%s.new", out->dir);
	out->swap = str_format("%s.swap", out->dir);
	out->drop = str_format("%s.drop", out->dir);
	out->lock = str_format("%s" LOCK_SUFFIX, out->dir);
	return true;
}

void layout_release(struct layout *layout)
{
	free(layout->dir);
	free(layout->parent);
	free(layout->staging);
	free(layout->swap);
	free(layout->drop);
	free(layout->lock);
	*layout = (struct layout){ 0 };
}

bool layout_is_old(const char *dir, char **family)
{
	const char *old = NULL, *end;

	for (const char *p = strstr(dir, ".old"); p; p = strstr(p + 1, ".old"))
		old = p;
	if (!old || old == dir || old[-1] == '/')
		return false;
	end = old + strlen(".old");
	if (*end &&
	    (*end != '.' || !end[1] || strspn(end + 1, "0123456789") != strlen(end + 1)))
		return false;
	*family = xstrndup(dir, (size_t)(old - dir));
	return true;
}

char *layout_old(const struct layout *layout, unsigned generation)
{
	return generation == 1 ? str_format("%s.old", layout->dir)
			       : str_format("%s.old.%u", layout->dir, generation);
}

/* Not isalnum(): file names must not depend on the locale. */
char *layout_file_name(const char *account)
{
	char *name = str_percent_encode(account);
	char *file = str_format("%s" DUMP_SUFFIX, name);

	free(name);
	return file;
}

char *layout_account_name(const char *file)
{
	struct strbuf name = { 0 };
	char *account, *again;

	for (const char *p = file; *p && strcmp(p, DUMP_SUFFIX) != 0; p++) {
		unsigned high = *p == '%' ? str_hex_digit(p[1]) : 16;
		unsigned low = high < 16 ? str_hex_digit(p[2]) : 16;

		if (low < 16) {
			strbuf_add_char(&name, (char)(high * 16 + low));
			p += 2;
		} else {
			strbuf_add_char(&name, *p);
		}
	}
	account = strbuf_detach(&name);
	again = layout_file_name(account);
	if (strcmp(again, file) != 0) {
		free(account);
		account = NULL;
	}
	free(again);
	return account;
}

bool layout_is_save_file(const char *name)
{
	return !strcmp(name, MANIFEST_FILE) || str_has_suffix(name, DUMP_SUFFIX) ||
	       str_has_prefix(name, ".nfs");
}
