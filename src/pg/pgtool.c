/* SPDX-License-Identifier: PostgreSQL */
#include "pg/pgtool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/strvec.h"
#include "proc/child.h"

#define DEBIAN_ROOT "/usr/lib/postgresql"

enum { VERSION_TIMEOUT_MS = 30000, MAJOR_MAX = 99 };

struct pgtool_search {
	struct loop *loop;
	const char *name;
	unsigned server_major;
	struct strvec candidates; /* paths, best first */
	size_t at;
	struct child *child; /* NULL while none runs */
	bool is_cancelled;
	int stdout_fd;
	struct error why_not; /* of the best candidate that did not serve */
	bool has_why_not;
	pgtool_done_fn *done;
	void *owner;
};

static void try_next(struct pgtool_search *s);

static bool is_program(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode) && !access(path, X_OK);
}

static bool is_debian_wrapper(const char *path)
{
	AUTO_FREE char *real = realpath(path, NULL);

	return real && str_has_suffix(real, "/pg_wrapper");
}

/* The first program of that name in PATH, freed by the caller, or NULL. */
static char *find_in_path(const char *name)
{
	const char *path = getenv("PATH");

	for (const char *p = path; p && *p;) {
		size_t length = strcspn(p, ":");
		char *file = length ? str_format("%.*s/%s", (int)length, p, name)
				    : str_format("./%s", name);

		if (is_program(file))
			return file;
		free(file);
		p += length + (p[length] == ':');
	}
	return NULL;
}

static void add_debian(struct pgtool_search *s, unsigned major)
{
	AUTO_FREE char *path = str_format(DEBIAN_ROOT "/%u/bin/%s", major, s->name);

	if (is_program(path))
		strvec_push(&s->candidates, path);
}

static void list_candidates(struct pgtool_search *s, const char *bindir)
{
	AUTO_FREE char *in_path = bindir ? NULL : find_in_path(s->name);

	if (bindir) {
		strvec_push_format(&s->candidates, "%s/%s", bindir, s->name);
		return;
	}
	if (in_path && !is_debian_wrapper(in_path))
		strvec_push(&s->candidates, in_path);
	for (unsigned major = s->server_major; major <= MAJOR_MAX; major++)
		add_debian(s, major);
}

static void search_end(struct pgtool_search *s, const struct pgtool *tool,
		       const struct error *err)
{
	s->done(s->owner, tool, err);
	strvec_release(&s->candidates);
	free(s);
}

static void on_nothing_left(void *owner)
{
	struct pgtool_search *s = owner;
	struct error err;

	if (s->has_why_not)
		err = s->why_not;
	else
		error_set(&err, ERROR_CHILD,
			  "no %s in PATH or " DEBIAN_ROOT "/*/bin that serves a "
			  "server of version %u",
			  s->name, s->server_major);
	error_hint(&err,
		   "install postgresql-client-%u, or name its directory with --pg-bindir",
		   s->server_major);
	search_end(s, NULL, &err);
}

static void reject(struct pgtool_search *s, const struct error *why)
{
	if (!s->has_why_not)
		s->why_not = *why;
	s->has_why_not = true;
	s->at++;
	try_next(s);
}

/* The version in "pg_dump (PostgreSQL) 15.20 (Debian ...)"; 0.0 if there is none. */
static void parse_version(const char *text, struct pgtool *tool)
{
	const char *p = strstr(text, "(PostgreSQL) ");

	if (p && sscanf(p, "(PostgreSQL) %2u.%3u", &tool->major, &tool->minor) < 1)
		tool->major = 0; /* a beta version has no minor one */
}

static bool read_version(struct pgtool_search *s, const struct child_result *result,
			 struct pgtool *tool, struct error *err)
{
	size_t length;

	if (!child_succeeded(result, tool->path, err))
		return false;
	if (lseek(s->stdout_fd, 0, SEEK_SET) < 0 ||
	    !fs_read_all(s->stdout_fd, 65536, &tool->version_text, &length, err))
		return error_prefix(err, "%s --version", tool->path);
	tool->version_text[strcspn(tool->version_text, "\n")] = '\0';
	parse_version(tool->version_text, tool);
	if (!tool->major)
		return error_set(err, ERROR_CHILD,
				 "%s --version says '%.100s', which is no "
				 "version of PostgreSQL",
				 tool->path, tool->version_text);
	if (tool->major < s->server_major)
		return error_set(err, ERROR_CHILD,
				 "%s is version %u, older than the server (%u)",
				 tool->path, tool->major, s->server_major);
	return true;
}

static void on_version(void *owner, const struct child_result *result)
{
	struct pgtool_search *s = owner;
	struct pgtool tool = { .path = s->candidates.v[s->at] };
	struct error err;
	bool serves = read_version(s, result, &tool, &err);

	close(s->stdout_fd);
	s->child = NULL;
	if (s->is_cancelled)
		search_end(s, NULL, &err);
	else if (serves)
		search_end(s, &tool, NULL);
	else
		reject(s, &err);
	free(tool.version_text);
}

static void try_next(struct pgtool_search *s)
{
	const char *const *path = strvec_argv(&s->candidates) + s->at;
	const char *argv[] = { *path, "--version", NULL };
	struct child_opts opts = { .argv = argv,
				   .timeout_ms = VERSION_TIMEOUT_MS,
				   .done = on_version,
				   .owner = s };
	struct error err;

	if (s->at == s->candidates.count) {
		timer_start(s->loop, 0, on_nothing_left, s);
		return;
	}
	s->stdout_fd = memfd_create("version", MFD_CLOEXEC);
	opts.stdout_fd = s->stdout_fd;
	if (s->stdout_fd >= 0 && child_start(s->loop, &opts, &s->child, &err))
		return;
	if (s->stdout_fd < 0)
		error_set(&err, ERROR_SYSTEM, "memfd_create: %s", strerror(errno));
	else
		close(s->stdout_fd);
	reject(s, &err);
}

struct pgtool_search *pgtool_find(struct loop *loop, const char *name, const char *bindir,
				  unsigned server_major, pgtool_done_fn *done,
				  void *owner)
{
	struct pgtool_search *s = xcalloc(1, sizeof(*s));

	*s = (struct pgtool_search){ .loop = loop,
				     .name = name,
				     .server_major = server_major,
				     .done = done,
				     .owner = owner };
	list_candidates(s, bindir);
	try_next(s);
	return s;
}

void pgtool_cancel(struct pgtool_search *s)
{
	s->is_cancelled = true;
	if (s->child)
		child_cancel(s->child);
}

void pgtool_copy(struct pgtool *out, const struct pgtool *tool)
{
	*out = (struct pgtool){ .path = xstrdup(tool->path),
				.version_text = xstrdup(tool->version_text),
				.major = tool->major,
				.minor = tool->minor };
}

void pgtool_release(struct pgtool *tool)
{
	free(tool->path);
	free(tool->version_text);
	*tool = (struct pgtool){ 0 };
}
