/* SPDX-License-Identifier: PostgreSQL */
/* What is known of dump ids: a map from each to one number. All zero is empty. */
#ifndef ARCHIVE_IDS_H
#define ARCHIVE_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct ids {
	struct ids_slot *slots;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

/* False: the id, which is never 0, is in there already. */
MUST_CHECK bool ids_add(struct ids *ids, uint32_t id, uint32_t value);

/* NULL: it is not in there. Valid until the next ids_add(). */
const uint32_t *ids_find(const struct ids *ids, uint32_t id);

void ids_release(struct ids *ids);

#endif
