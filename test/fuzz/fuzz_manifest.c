/* SPDX-License-Identifier: PostgreSQL */
/*
 * Any bytes whatsoever as manifest.json: a clear error, or accounts in order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "fuzz.h"
#include "store/manifest.h"

static void require_order(const struct manifest *m)
{
	for (size_t i = 0; i < m->entry_count; i++) {
		const struct manifest_entry *e = &m->entries[i];

		require(e->account[0] && strlen(e->sha256) == 64 &&
			e->saved_at[19] == 'Z');
		require(i == 0 || strcmp(e[-1].account, e->account) < 0);
		require(manifest_find(m, e->account) == e);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char name[] = "manifest.json: ";
	char *text = malloc(size ? size : 1); /* ASan sees a byte read behind its end */
	struct manifest m = { 0 };
	struct error err = { .kind = ERROR_NONE };

	require(text != NULL);
	if (size)
		memcpy(text, data, size);
	if (manifest_parse(text, size, &m, &err))
		require_order(&m);
	else
		require(err.kind == ERROR_DATA && !strncmp(err.text, name, strlen(name)));
	manifest_release(&m);
	free(text);
	return 0;
}

void fuzz_describe(const uint8_t *data, size_t size)
{
	struct manifest m = { 0 };
	struct error err = { .kind = ERROR_NONE };

	if (manifest_parse((const char *)data, size, &m, &err))
		printf("%zu accounts\n", m.entry_count);
	else
		printf("%s\n", err.text);
	manifest_release(&m);
}
