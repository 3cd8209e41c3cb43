/* SPDX-License-Identifier: PostgreSQL */
#include "store/marker.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"
#include "store/layout.h"

#define FIRST_LINE \
	"metamodel: a run of this program makes this directory, and may delete it\n"

enum { MAX_BYTES = 1 << 28 };

bool marker_write(int dir_fd, const char *maker, const struct strvec *files,
		  struct error *err)
{
	AUTO_STRBUF struct strbuf text = { 0 };
	AUTO_CLOSE int fd = -1;

	if (marker_is_there(dir_fd) && !marker_remove(dir_fd, err))
		return false;
	fd = openat(dir_fd, MARKER_FILE,
		    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return error_set(err, ERROR_SYSTEM, "create " MARKER_FILE ": %s",
				 strerror(errno));
	strbuf_add_str(&text, FIRST_LINE);
	strbuf_add_format(&text, "%s\n", maker);
	for (size_t i = 0; files && i < files->count; i++)
		strbuf_add_format(&text, "%s\n", files->v[i]);
	if (!fs_write_all(fd, text.buf, text.length, err))
		return error_prefix(err, MARKER_FILE);
	if (fsync(fd) < 0 || fsync(dir_fd) < 0)
		return error_set(err, ERROR_SYSTEM, "fsync " MARKER_FILE ": %s",
				 strerror(errno));
	return true;
}

bool marker_remove(int dir_fd, struct error *err)
{
	if (!unlinkat(dir_fd, MARKER_FILE, 0) || errno == ENOENT)
		return true;
	return error_set(err, ERROR_SYSTEM, "delete " MARKER_FILE ": %s",
			 strerror(errno));
}

bool marker_read(int dir_fd, struct strvec *files)
{
	AUTO_CLOSE int fd = -1;
	AUTO_FREE char *text = NULL;
	char *rest, *line;
	struct error ignored;
	size_t length;

	if (!fs_open_file(dir_fd, MARKER_FILE, &fd, &ignored) ||
	    !fs_read_all(fd, MAX_BYTES, &text, &length, &ignored) ||
	    (!str_has_prefix(text, FIRST_LINE) && !str_has_prefix(FIRST_LINE, text)))
		/* a run that died while it wrote the marker may leave less */
		return false;
	if (!str_has_prefix(text, FIRST_LINE))
		return true;
	rest = text + strlen(FIRST_LINE);
	(void)strsep(&rest, "\n"); /* skip the maker */
	while (files && (line = strsep(&rest, "\n")))
		if (rest && *line) /* the last one may be incomplete */
			strvec_push(files, line);
	return true;
}

bool marker_is_there(int dir_fd)
{
	return marker_read(dir_fd, NULL);
}

bool marker_is_manifest(int dir_fd)
{
	AUTO_CLOSE int fd = -1;
	char text[512];
	struct error ignored;
	ssize_t length;

	if (!fs_open_file(dir_fd, MANIFEST_FILE, &fd, &ignored) ||
	    (length = pread(fd, text, sizeof(text) - 1, 0)) <= 0)
		return false;
	text[length] = '\0';
	return text[strspn(text, " \t\r\n")] == '{' && strstr(text, "\"format\"") &&
	       strstr(text, "\"serial\"");
}
