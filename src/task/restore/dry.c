/* SPDX-License-Identifier: PostgreSQL */
/* People can see what a restore would change before they run it. A line shows only what
 * differs; for the present versions the servers are asked once more. */
#include "task/restore/dry.h"

#include <inttypes.h>
#include <string.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/str.h"
#include "task/restore/account.h"
#include "task/restore/nodes.h"

/* ---- present: the present versions ---- */

static void on_states(void *owner, struct catalog_states *states, const struct error *err)
{
	struct restore_node *node = owner;
	struct restore *restore = node->restore;

	node->states = *states;
	if (err && !restore->machine.is_cancelled && restore_node_is_usable(node))
		log_warning(restore->opts.log, "the present versions are not known: %s",
			    err->text);
	for (size_t i = 0; i < node->states.count; i++) {
		const struct catalog_state *state = &node->states.list[i];

		restore_account_require(restore, state->name)->state = state;
	}
	restore_nodes_answered(node);
}

static bool ask(struct restore_node *node)
{
	const struct restore_account *account = NULL;
	AUTO_STRVEC struct strvec names = { 0 };

	while ((account = restore_account_next(node, account)))
		if (account->plan->has_schema)
			strvec_push(&names, account->plan->name);
	if (names.count)
		catalog_read_states(node->farm_node->session, &names,
				    conf_lock_wait_ms(node->restore->opts.conf),
				    on_states, node);
	return names.count > 0;
}

enum step_result restore_dry_enter(void *owner)
{
	static const struct restore_question question = { .ask = ask };
	struct restore *restore = owner;

	return restore->opts.conf->dry_run ? restore_nodes_ask(restore, &question)
					   : STEP_NEXT;
}

/* ---- the line of an account ---- */

static const char *version_now(const struct restore_account *account)
{
	if (!account->state)
		return "?";
	switch (account->state->kind) {
	case CATALOG_NO_VERSION:
		return "nil";
	case CATALOG_VERSION:
		return account->state->version;
	case CATALOG_BROKEN:
	case CATALOG_UNREADABLE:
		break;
	}
	return "?";
}

static void add_tables(const struct restore_account *account, struct strbuf *out)
{
	uint64_t now = account->plan->has_schema ? account->plan->tables
						 : account->dump.facts.tables;

	strbuf_add_format(out, "%" PRIu64 " table%s", now, now == 1 ? "" : "s");
	if (now != account->dump.facts.tables)
		strbuf_add_format(out, " -> %" PRIu32, account->dump.facts.tables);
}

static void add_version(const struct restore_account *account, struct strbuf *out)
{
	const char *saved = account->dump.version ? account->dump.version : "nil";
	const char *now = account->plan->has_schema ? version_now(account) : saved;

	strbuf_add_format(out, ", version %s", now);
	if (strcmp(now, saved) != 0)
		strbuf_add_format(out, " -> %s", saved);
}

static void add_age(const struct manifest_entry *entry, struct strbuf *out)
{
	char age[CLOCK_AGE_BYTES];

	if (!entry)
		return;
	clock_format_age(clock_parse(entry->saved_at), time(NULL), age);
	strbuf_add_format(out, ", saved %s", age);
	if (entry->is_stale && entry->is_failed)
		strbuf_add_str(out, " (stale: a later save of it failed)");
}

static void add_destroyed(const struct catalog_plan *plan, struct strbuf *out)
{
	size_t count = 0;

	for (const char *line = plan->outsiders; line; line = strchr(line + 1, '\n'))
		count++;
	if (count)
		strbuf_add_format(out, ", destroys %zu object%s outside the metamodel",
				  count, count == 1 ? "" : "s");
}

static void tell_details(const struct restore_account *account)
{
	const struct restore *restore = account->restore;
	const struct catalog_plan *plan = account->plan;
	AUTO_FREE char *file = savedir_file_name(&restore->source.save, plan->name);

	if (account->state && account->state->problem)
		log_info(restore->opts.log, "    %s", account->state->problem);
	if (plan->present)
		log_info(restore->opts.log, "    would be dropped: %s", plan->present);
	for (const char *line = plan->outsiders; line && *line;) {
		size_t length = strcspn(line, "\n");

		log_info(restore->opts.log, "    would be destroyed: %.*s", (int)length,
			 line);
		line += length + (line[length] == '\n');
	}
	log_info(restore->opts.log, "    would be loaded: %s/%s",
		 restore->opts.conf->directory, file);
}

void restore_dry_tell(const struct restore_account *account)
{
	const struct log *log = account->restore->opts.log;
	AUTO_STRBUF struct strbuf line = { 0 };

	strbuf_add_format(&line, "%s", account->plan->name);
	if (account->restore->farm->has_proxy)
		strbuf_add_format(&line, " on node %s", account->node->farm_node->name);
	strbuf_add_str(&line, account->plan->has_schema ? ": " : ": would be added: ");
	add_tables(account, &line);
	add_version(account, &line);
	add_age(account->dump.entry, &line);
	add_destroyed(account->plan, &line);
	log_info(log, "%s", line.buf);
	if (log->level >= LOG_DEBUG)
		tell_details(account);
}
