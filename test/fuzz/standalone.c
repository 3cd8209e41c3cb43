/* SPDX-License-Identifier: PostgreSQL */
/*
 * fuzz_NAME [-runs=N] [-last=PATH] FILE...
 *
 * Each of the files as input, and then N that small changes make of each: the same ones
 * each time. Each input is first written to PATH, where the one that failed is then.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"
#include "fuzz.h"

enum { CHANGES_MAX = 4, PIECE_MAX = 32, FILE_BYTES_MAX = 1 << 26 };

static const char *last_path;
static uint64_t state;

/* xorshift64 (G. Marsaglia, "Xorshift RNGs", 2003) */
static size_t below(size_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % limit);
}

static void run(const struct strbuf *input)
{
	FILE *file = last_path ? fopen(last_path, "wb") : NULL;

	if (last_path &&
	    (!file || fwrite(input->buf, 1, input->length, file) != input->length ||
	     fclose(file))) {
		perror(last_path);
		exit(1);
	}
	LLVMFuzzerTestOneInput((const uint8_t *)input->buf, input->length);
}

/* A byte, a bit, a piece that is missing or there twice, or the end is. */
static void change(struct strbuf *b)
{
	size_t at = below(b->length + 1), rest = b->length - at;
	size_t n = below((rest < PIECE_MAX ? rest : PIECE_MAX) + 1);
	char piece[PIECE_MAX];

	if (!rest)
		return;
	memcpy(piece, b->buf + at, n);
	switch (below(5)) {
	case 0:
		b->buf[at] = (char)below(256);
		break;
	case 1:
		b->buf[at] = (char)(b->buf[at] ^ 1 << below(8));
		break;
	case 2:
		memmove(b->buf + at, b->buf + at + n, rest - n);
		b->length -= n;
		break;
	case 3:
		strbuf_add(b, piece, n);
		memmove(b->buf + at + n, b->buf + at, rest);
		break;
	case 4:
		b->length = at;
		break;
	}
}

static void run_changed(const struct strbuf *file)
{
	struct strbuf b = { 0 };

	strbuf_add(&b, file->buf, file->length);
	for (size_t changes = 1 + below(CHANGES_MAX); changes; changes--)
		change(&b);
	run(&b);
	strbuf_release(&b);
}

static void run_file(const char *path, uint64_t runs)
{
	struct strbuf file = { 0 };
	struct error err;
	int fd;

	if (!fs_open_file(AT_FDCWD, path, &fd, &err) ||
	    !fs_read_all(fd, FILE_BYTES_MAX, &file.buf, &file.length, &err)) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		exit(1);
	}
	close(fd);
	run(&file);
	printf("%s: %zu bytes: ", path, file.length);
	fuzz_describe((const uint8_t *)file.buf, file.length);
	fflush(stdout);
	state = 88172645463325252u;
	for (uint64_t i = 0; i < runs; i++)
		run_changed(&file);
	strbuf_release(&file);
}

int main(int argc, char **argv)
{
	uint64_t runs = 0;

	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];

		if (str_has_prefix(word, "-last=")) {
			last_path = word + strlen("-last=");
		} else if (!str_has_prefix(word, "-runs=")) {
			run_file(word, runs);
		} else if (!str_parse_uint(word + strlen("-runs="), 0, UINT32_MAX,
					   &runs)) {
			fprintf(stderr, "%s: no number\n", word);
			return 2;
		}
	}
	return 0;
}
