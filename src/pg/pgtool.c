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

/* Where packages install the programs of a major version. */
static const char *const bindirs[] = {
	"/usr/lib/postgresql/%u/bin", /* Debian */
	"/usr/pgsql-%u/bin", /* postgresql.org's packages for Red Hat and others */
	"/usr/lib/postgresql%u/bin", /* SUSE */
	"/usr/libexec/postgresql%u", /* Alpine */
	"/usr/edb/as%u/bin",         /* EnterpriseDB */
};

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
	struct pgtool newer;  /* the nearest newer one; no path: none so far */
	struct error why_not; /* why the first candidate failed */
	struct strbuf older;  /* older ones, with their versions */
	pgtool_done_fn *done;
	void *owner;
};

static void try_next(struct pgtool_search *search);

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

static void add_candidate(struct pgtool_search *search, const char *path)
{
	if (!is_program(path) || is_debian_wrapper(path))
		return;
	for (size_t i = 0; i < search->candidates.count; i++)
		if (!strcmp(search->candidates.v[i], path))
			return;
	strvec_push(&search->candidates, path);
}

static void add_from_path(struct pgtool_search *search)
{
	const char *path = getenv("PATH");

	for (const char *p = path; p && *p;) {
		size_t length = strcspn(p, ":");
		AUTO_FREE char *file =
			length ? str_format("%.*s/%s", (int)length, p, search->name)
			       : str_format("./%s", search->name);

		add_candidate(search, file);
		p += length + (p[length] == ':');
	}
}

/* `format` is one of bindirs[], which contain one %u each. */
static char *format_bindir(const char *format, unsigned major)
{
	const char *at = strstr(format, "%u");

	return str_format("%.*s%u%s", (int)(at - format), format, major, at + 2);
}

static void add_from_packages(struct pgtool_search *search, unsigned major)
{
	for (size_t i = 0; i < ARRAY_SIZE(bindirs); i++) {
		AUTO_FREE char *dir = format_bindir(bindirs[i], major);
		AUTO_FREE char *path = str_format("%s/%s", dir, search->name);

		add_candidate(search, path);
	}
}

static void list_candidates(struct pgtool_search *search, const char *bindir)
{
	if (bindir) {
		strvec_push_format(&search->candidates, "%s/%s", bindir, search->name);
		return;
	}
	add_from_path(search);
	for (unsigned major = search->server_major; major <= MAJOR_MAX; major++)
		add_from_packages(search, major);
}

static void search_end(struct pgtool_search *search, const struct pgtool *tool,
		       const struct error *err)
{
	search->done(search->owner, tool, err);
	pgtool_release(&search->newer);
	strbuf_release(&search->older);
	strvec_release(&search->candidates);
	free(search);
}

static void on_nothing_left(void *owner)
{
	struct pgtool_search *search = owner;
	struct error err = search->why_not;

	if (search->newer.path && !search->is_cancelled) {
		search_end(search, &search->newer, NULL);
		return;
	}
	if (search->older.length)
		error_set(&err, ERROR_CHILD, "%s", search->older.buf);
	else if (err.kind == ERROR_NONE)
		error_set(&err, ERROR_CHILD,
			  "no %s in PATH or /usr/lib/postgresql/*/bin that serves a "
			  "server of version %u",
			  search->name, search->server_major);
	if (!err.hint[0])
		error_hint(&err,
			   "install postgresql-client-%u, or name its directory with "
			   "--pg-bindir",
			   search->server_major);
	search_end(search, NULL, &err);
}

static void go_on(struct pgtool_search *search)
{
	search->at++;
	try_next(search);
}

/* An error with a hint, such as too many open files, is not the program's fault: another
 * one would fail as well. */
static void reject(struct pgtool_search *search, const struct error *why)
{
	if (search->why_not.kind == ERROR_NONE || why->hint[0])
		search->why_not = *why;
	if (why->hint[0])
		search->at = search->candidates.count - 1;
	go_on(search);
}

/* Find the version in "pg_dump (PostgreSQL) 15.20 (Debian ...)". A vendor may use another
 * name and more numbers: "pg_dump (EnterpriseDB) 15.4.0". 0.0 if there is none. */
static void parse_version(const char *text, struct pgtool *tool)
{
	const char *p = strchr(text, ')');

	p = p ? p + 1 : text + strcspn(text, " ");
	if (sscanf(p, " %2u.%3u", &tool->major, &tool->minor) < 1)
		tool->major = 0; /* a beta version has no minor one */
}

static bool read_version(struct pgtool_search *search, const struct child_result *result,
			 struct pgtool *tool, struct error *err)
{
	size_t length;

	if (!child_succeeded(result, tool->path, err))
		return false;
	if (lseek(search->stdout_fd, 0, SEEK_SET) < 0 ||
	    !fs_read_all(search->stdout_fd, 65536, &tool->version_text, &length, err))
		return error_prefix(err, "%s --version", tool->path);
	tool->version_text[strcspn(tool->version_text, "\n")] = '\0';
	parse_version(tool->version_text, tool);
	if (!tool->major)
		return error_set(err, ERROR_CHILD,
				 "%s --version prints '%.100s', which is not a version "
				 "of PostgreSQL",
				 tool->path, tool->version_text);
	return true;
}

static void note_older(struct pgtool_search *search, const struct pgtool *tool)
{
	strbuf_add_format(&search->older,
			  "%s%s is version %u, older than the server (%u)",
			  search->older.length ? "; " : "", tool->path, tool->major,
			  search->server_major);
}

/* The tool has another major version than the server: note it in case there is no tool of
 * the same version. */
static void keep(struct pgtool_search *search, const struct pgtool *tool)
{
	if (tool->major < search->server_major) {
		note_older(search, tool);
	} else if (!search->newer.path || tool->major < search->newer.major) {
		pgtool_release(&search->newer);
		pgtool_copy(&search->newer, tool);
	}
	go_on(search);
}

static void on_version(void *owner, const struct child_result *result)
{
	struct pgtool_search *search = owner;
	struct pgtool tool = { .path = search->candidates.v[search->at] };
	struct error err;
	bool is_known = read_version(search, result, &tool, &err);

	close(search->stdout_fd);
	search->child = NULL;
	if (search->is_cancelled)
		search_end(search, NULL, &err);
	else if (!is_known)
		reject(search, &err);
	else if (tool.major == search->server_major)
		search_end(search, &tool, NULL);
	else
		keep(search, &tool);
	free(tool.version_text);
}

static void try_next(struct pgtool_search *search)
{
	struct child_opts opts;
	struct error err;

	if (search->at >= search->candidates.count) {
		timer_start(search->loop, 0, on_nothing_left, search);
		return;
	}
	search->stdout_fd = memfd_create("version", MFD_CLOEXEC);
	if (search->stdout_fd < 0) {
		loop_set_error(&err, -errno, "memfd_create");
		reject(search, &err);
		return;
	}
	child_opts_init(&opts);
	strvec_push(&opts.argv, search->candidates.v[search->at]);
	strvec_push(&opts.argv, "--version");
	opts.stdout_fd = search->stdout_fd;
	opts.timeout_ms = VERSION_TIMEOUT_MS;
	opts.done = on_version;
	opts.owner = search;
	if (child_start(search->loop, &opts, &search->child, &err))
		return;
	close(search->stdout_fd);
	reject(search, &err);
}

struct pgtool_search *pgtool_find(struct loop *loop, const char *name, const char *bindir,
				  unsigned server_major, pgtool_done_fn *done,
				  void *owner)
{
	struct pgtool_search *search = xcalloc(1, sizeof(*search));

	*search = (struct pgtool_search){ .loop = loop,
					  .name = name,
					  .server_major = server_major,
					  .done = done,
					  .owner = owner };
	list_candidates(search, bindir);
	try_next(search);
	return search;
}

void pgtool_cancel(struct pgtool_search *search)
{
	search->is_cancelled = true;
	if (search->child)
		child_cancel(search->child);
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
