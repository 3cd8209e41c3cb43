/* SPDX-License-Identifier: PostgreSQL */
/*
 * Any bytes whatsoever through split_archive(), of relations and of whole schemas: at
 * once, and in pieces as a pipe may hand them out, with the same outcome and the same
 * files, which are complete.
 *
 * The files are made in a directory of its own in $TMPDIR, or in /dev/shm, and removed
 * after each run.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/split.h"
#include "base/str.h"
#include "fuzz.h"

enum { PARTS = 5, PIECES_MAX = 64 };

/* In the order of strcmp(), and what the seeds have. */
static const char *const schemas[PARTS] = { "Quo\"ted \xc3\xbc", "a", "b", "c", "d" };
static const char *const files[PARTS] = { "0.sql", "1.sql", "2.sql", "3.sql", "4.sql" };

struct run {
	struct split_part parts[PARTS];
	bool is_ok;
	bool is_unknown;
	struct error err;
	char *text[PARTS]; /* NULL: no file */
	size_t length[PARTS];
	size_t done;
	size_t total;
};

static int dir_fd = -1;
static char dir_path[4096];
static struct strvec keywords;

static void remove_dir(void)
{
	rmdir(dir_path);
}

static void set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(dir_path, sizeof(dir_path), "%s/fuzz_archive.XXXXXX",
		 tmp && *tmp ? tmp : "/dev/shm");
	require(mkdtemp(dir_path) != NULL);
	dir_fd = open(dir_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	require(dir_fd >= 0);
	atexit(remove_dir);
	strvec_push(&keywords, "order");
	strvec_push(&keywords, "select");
}

static void on_progress(void *owner, size_t done, size_t total)
{
	struct run *run = owner;

	require(done >= run->done && done <= total);
	require(!run->total || run->total == total);
	run->done = done;
	run->total = total;
}

/* ---- the bytes, as a file and as a pipe ---- */

static int as_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("archive", MFD_CLOEXEC);

	require(fd >= 0);
	require(write(fd, data, size) == (ssize_t)size && !lseek(fd, 0, SEEK_SET));
	return fd;
}

/* One read() gets one piece. */
static int as_pieces(const uint8_t *data, size_t size)
{
	size_t piece = size / PIECES_MAX + 1;
	int fd[2];

	require(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fd));
	for (size_t at = 0; at < size; at += piece) {
		size_t n = size - at < piece ? size - at : piece;

		if (send(fd[0], data + at, n, MSG_DONTWAIT) != (ssize_t)n) {
			close(fd[0]); /* it does not fit there */
			close(fd[1]);
			return -1;
		}
	}
	close(fd[0]);
	return fd[1];
}

/* ---- what came out ---- */

/* Read a file that was written, and remove it. */
static void take_file(struct run *run, int i)
{
	int fd = openat(dir_fd, files[i], O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	require(!fstat(fd, &st));
	run->length[i] = (size_t)st.st_size;
	run->text[i] = xcalloc(1, run->length[i] + 1);
	require(read(fd, run->text[i], run->length[i]) == (ssize_t)run->length[i]);
	close(fd);
	unlinkat(dir_fd, files[i], 0);
}

static void require_empty_dir(void)
{
	DIR *dir = opendir(dir_path);
	const struct dirent *entry;

	require(dir != NULL);
	while ((entry = readdir(dir)))
		require(!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."));
	closedir(dir);
}

/* Blank the key, which is another one each time. */
static void blank_key(struct run *run, int i)
{
	const char *key = run->parts[i].file.key;
	char *at = run->text[i];
	int found = 0;

	while (*key && (at = strstr(at, key))) {
		memset(at, '*', PLAIN_KEY_SIZE - 1);
		found++;
	}
	require(!*key || found == 2);
}

static void require_whole(struct run *run, int i)
{
	static const char begin[] = "--\n-- PostgreSQL database dump\n--\n\n",
			  end[] = "--\n-- PostgreSQL database dump complete\n--\n\n";
	const char *key = run->parts[i].file.key, *text = run->text[i];
	char *all = *key ? str_format("%s\\unrestrict %s\n\n", end, key) : xstrdup(end);
	size_t length = run->length[i];

	require(text && strlen(text) <= length); /* data may hold a NUL */
	require(str_has_prefix(text, begin));
	require(length > strlen(all) &&
		!memcmp(text + length - strlen(all), all, strlen(all)));
	free(all);
	if (strlen(text) == length)
		blank_key(run, i);
}

static void require_sense(struct run *run)
{
	require(run->is_ok || run->err.kind == ERROR_DATA);
	require(run->is_ok || *run->err.text);
	require(!run->is_ok || (!run->is_unknown && run->done == run->total));
	for (int i = 0; run->is_ok && i < PARTS; i++)
		if (run->parts[i].outcome == SPLIT_WRITTEN)
			require_whole(run, i);
		else
			require(!run->text[i]);
	require_empty_dir();
}

static void require_equal(const struct run *a, const struct run *b)
{
	require(a->is_ok == b->is_ok && a->is_unknown == b->is_unknown);
	require(a->is_ok || !strcmp(a->err.text, b->err.text));
	for (int i = 0; a->is_ok && i < PARTS; i++) {
		require(a->parts[i].outcome == b->parts[i].outcome);
		require(!a->text[i] == !b->text[i] && a->length[i] == b->length[i]);
		require(!a->text[i] || strlen(a->text[i]) != a->length[i] ||
			!strcmp(a->text[i], b->text[i]));
	}
}

static void run_split(struct run *run, int fd, bool is_whole)
{
	struct split_opts opts = {
		.archive_fd = fd,
		.dir_fd = dir_fd,
		.parts = run->parts,
		.part_count = PARTS,
		.keywords = &keywords,
		.is_whole = is_whole,
		.progress = on_progress,
		.owner = run,
	};

	*run = (struct run){ 0 };
	for (int i = 0; i < PARTS; i++) {
		run->parts[i].schema = schemas[i];
		run->parts[i].file_name = files[i];
	}
	run->is_ok = split_archive(&opts, &run->is_unknown, &run->err);
	close(fd);
	for (int i = 0; i < PARTS; i++)
		take_file(run, i);
	require_sense(run);
}

static void release(struct run *run)
{
	for (int i = 0; i < PARTS; i++) {
		free(run->text[i]);
		run->text[i] = NULL;
	}
}

static void try(const uint8_t *data, size_t size, bool is_whole)
{
	static struct run at_once, pieces;
	int fd;

	run_split(&at_once, as_file(data, size), is_whole);
	fd = as_pieces(data, size);
	if (fd >= 0) {
		run_split(&pieces, fd, is_whole);
		require_equal(&at_once, &pieces);
		release(&pieces);
	}
	release(&at_once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (dir_fd < 0)
		set_up();
	try(data, size, false);
	try(data, size, true);
	return 0;
}

void fuzz_describe(const uint8_t *data, size_t size)
{
	static const char *const outcomes[] = { "absent", "written", "aside", "again" };
	static struct run run;

	run_split(&run, as_file(data, size), false);
	printf("%s%s\n", run.is_unknown ? "unknown, " : "",
	       run.is_ok ? "sound" : run.err.text);
	for (int i = 0; run.is_ok && i < PARTS; i++)
		printf("\t%s: %s, %zu bytes\n", schemas[i],
		       outcomes[run.parts[i].outcome], run.length[i]);
	release(&run);
}
