/* SPDX-License-Identifier: PostgreSQL */
/*
 * fuzz_NAME [-runs=N] FILE...
 *
 * Each of the files as input, and then N that are made of them by small changes: the same
 * ones each time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"

enum { CHANGES_MAX = 4, PIECE_MAX = 32 };

static uint64_t state = 88172645463325252u;

/* xorshift64 (G. Marsaglia, "Xorshift RNGs", 2003) */
static size_t below(size_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (size_t)(state % limit);
}

static void read_file(const char *path, struct strbuf *out)
{
	char chunk[65536];
	FILE *file = fopen(path, "rb");

	if (!file) {
		perror(path);
		exit(1);
	}
	strbuf_add(out, "", 0);
	for (size_t n; (n = fread(chunk, 1, sizeof(chunk), file)) > 0;)
		strbuf_add(out, chunk, n);
	fclose(file);
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
	LLVMFuzzerTestOneInput((const uint8_t *)b.buf, b.length);
	strbuf_release(&b);
}

int main(int argc, char **argv)
{
	size_t runs = 0, count = 0;
	struct strbuf *files = xcalloc((size_t)argc, sizeof(*files));

	for (int i = 1; i < argc; i++) {
		const uint8_t *data;

		if (str_has_prefix(argv[i], "-runs=")) {
			runs = strtoul(argv[i] + strlen("-runs="), NULL, 10);
			continue;
		}
		read_file(argv[i], &files[count]);
		data = (const uint8_t *)files[count].buf;
		LLVMFuzzerTestOneInput(data, files[count].length);
		printf("%s: %zu bytes: ", argv[i], files[count].length);
		fuzz_describe(data, files[count++].length);
	}
	for (size_t i = 0; count && i < runs; i++)
		run_changed(&files[i % count]);
	for (size_t i = 0; i < count; i++)
		strbuf_release(&files[i]);
	free(files);
	return 0;
}
