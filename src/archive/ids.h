/* SPDX-License-Identifier: PostgreSQL */
/* A map from dump ids to numbers. All zero is empty. */
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

/* Add an id, which is never 0. False: the map already contains it. */
MUST_CHECK bool ids_add(struct ids *ids, uint32_t id, uint32_t value);

/* NULL if the map does not contain it. Valid until the next ids_add(). */
const uint32_t *ids_find(const struct ids *ids, uint32_t id);

void ids_release(struct ids *ids);

#endif
