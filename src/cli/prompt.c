/* SPDX-License-Identifier: PostgreSQL */
#include "cli/prompt.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"

enum { PASSWORD_MAX = 1024 };

static bool put(int fd, const char *text)
{
	struct error ignored;

	return fs_write_all(fd, text, strlen(text), &ignored);
}

/*
 * Read byte by byte with the terminal's signals disabled: ^C arrives here as a byte, so
 * the terminal is never left without echo.
 */
static enum prompt_result read_line(int fd, struct strbuf *line)
{
	char c;

	while (line->length < PASSWORD_MAX && read(fd, &c, 1) == 1) {
		if (c == '\n' || c == '\r')
			return PROMPT_ANSWERED;
		if (c == 3 || c == 4) /* ^C, ^D */
			return c == 3 ? PROMPT_INTERRUPTED : PROMPT_NO_ANSWER;
		if (c == 0x7f || c == '\b') {
			if (line->length)
				line->buf[--line->length] = '\0';
		} else {
			strbuf_add_char(line, c);
		}
	}
	return PROMPT_NO_ANSWER;
}

enum prompt_result prompt_password(char **out)
{
	AUTO_CLOSE int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	struct termios before, quiet;
	struct strbuf line = { 0 };
	enum prompt_result result = PROMPT_NO_TERMINAL;

	if (fd < 0 || tcgetattr(fd, &before) < 0)
		return PROMPT_NO_TERMINAL;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	if (tcsetattr(fd, TCSAFLUSH, &quiet) < 0)
		return PROMPT_NO_TERMINAL;
	if (put(fd, "Password: "))
		result = read_line(fd, &line);
	tcsetattr(fd, TCSAFLUSH, &before);
	(void)put(fd, "\n");
	if (result == PROMPT_ANSWERED)
		*out = strbuf_detach(&line);
	else if (line.buf)
		explicit_bzero(line.buf, line.capacity);
	strbuf_release(&line);
	return result;
}
