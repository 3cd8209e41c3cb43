/* SPDX-License-Identifier: PostgreSQL */
/*
 * A save that cron has not renewed for weeks looks like any other. Whoever asks for its
 * age should also hear about old dumps in it: some may be carried over again and again.
 */
#include "task/age.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"

enum { NAMES = 10 }; /* of dumps named in a message */

static bool is_old(const char *when, uint64_t max_age_s, time_t now)
{
	time_t then = clock_parse(when);

	return now > then && (uint64_t)(now - then) > max_age_s;
}

static void add_age(struct strbuf *out, const char *when, time_t now)
{
	char age[CLOCK_AGE_BYTES];

	clock_format_age(clock_parse(when), now, age);
	strbuf_add_str(out, age);
}

static void add_dumps(struct strbuf *out, const struct manifest *manifest,
		      uint64_t max_age_s, time_t now)
{
	size_t count = 0;

	for (size_t i = 0; i < manifest->entry_count; i++) {
		const struct manifest_entry *entry = &manifest->entries[i];

		if (!is_old(entry->saved_at, max_age_s, now) || ++count > NAMES)
			continue;
		strbuf_add_format(out, "%sthe dump of account ", out->length ? "\n" : "");
		strbuf_add_printable(out, entry->account);
		strbuf_add_format(out, " is too old: it was made at %s, ",
				  entry->saved_at);
		add_age(out, entry->saved_at, now);
	}
	if (count > NAMES)
		strbuf_add_format(out, "\nand %zu more", count - NAMES);
}

char *age_find_old(const struct savedir *save, const char *name, uint64_t max_age_s,
		   time_t now)
{
	const struct manifest *manifest = &save->manifest;
	struct strbuf out = { 0 };

	if (save->kind == SAVEDIR_ABSENT) {
		strbuf_add_format(&out, "%s does not exist: there is no save of any age",
				  name);
	} else if (save->kind != SAVEDIR_SAVE) {
		strbuf_add_format(&out,
				  "%s has no manifest, so the age of the save is unknown",
				  name);
	} else if (is_old(manifest->finished, max_age_s, now)) {
		strbuf_add_format(&out, "%s is too old: it was made at %s, ", name,
				  manifest->finished);
		add_age(&out, manifest->finished, now);
	} else {
		add_dumps(&out, manifest, max_age_s, now);
	}
	return out.length ? strbuf_detach(&out) : NULL;
}
