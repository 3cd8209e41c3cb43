/* SPDX-License-Identifier: PostgreSQL */
#include "archive/ids.h"

#include <stdlib.h>

#include "base/str.h"

struct ids_slot {
	uint32_t id; /* 0: free */
	uint32_t value;
};

/* The slot where an id is or belongs. Ids are consecutive, so Fibonacci hashing spreads
 * them. */
static struct ids_slot *slot_of(const struct ids *ids, uint32_t id)
{
	size_t mask = ids->capacity - 1;
	size_t i = (id * UINT32_C(2654435769)) & mask;

	while (ids->slots[i].id && ids->slots[i].id != id)
		i = (i + 1) & mask;
	return &ids->slots[i];
}

static void grow(struct ids *ids)
{
	struct ids old = *ids;

	ids->capacity = old.capacity ? 2 * old.capacity : 256;
	ids->slots = xcalloc(ids->capacity, sizeof(ids->slots[0]));
	for (size_t i = 0; i < old.capacity; i++)
		if (old.slots[i].id)
			*slot_of(ids, old.slots[i].id) = old.slots[i];
	free(old.slots);
}

bool ids_add(struct ids *ids, uint32_t id, uint32_t value)
{
	struct ids_slot *slot;

	if (4 * (ids->count + 1) > 3 * ids->capacity)
		grow(ids);
	slot = slot_of(ids, id);
	if (slot->id)
		return false;
	*slot = (struct ids_slot){ .id = id, .value = value };
	ids->count++;
	return true;
}

const uint32_t *ids_find(const struct ids *ids, uint32_t id)
{
	const struct ids_slot *slot = ids->capacity && id ? slot_of(ids, id) : NULL;

	return slot && slot->id ? &slot->value : NULL;
}

void ids_release(struct ids *ids)
{
	free(ids->slots);
	*ids = (struct ids){ 0 };
}
