/* SPDX-License-Identifier: PostgreSQL */
/*
 * All pg_dumps of a node must use the same snapshot, write the same encoding, and wait
 * for a lock for the same time. What was measured to be slow in them, or may outlive a
 * killed run, is set here as well.
 */
#include "task/save/command.h"

#include "base/auto.h"
#include "base/str.h"

/*
 * Measured with 10,000 accounts: one of pg_dump's queries is joined in a bad order and
 * takes 81 of 87 s; in the order in which it is written it takes almost no time.
 */
#define CHILD_OPTIONS "-c join_collapse_limit=1"

/* A pg_dump that is waiting for a lock may be killed: its session should not go on
 * waiting. */
#define NOTICE_OUR_END " -c client_connection_check_interval=1000"

bool save_command_set_environment(struct save_node *node, struct error *err)
{
	const struct session *session = node->farm_node->session;
	bool can_check = session_facts(session)->can_check_client;

	return childenv_init(&node->childenv, session_conn(session),
			     can_check ? CHILD_OPTIONS NOTICE_OUR_END : CHILD_OPTIONS,
			     err);
}

/* Push the options that are the same for all pg_dumps of a node. */
static void push_common(const struct save_node *node, struct strvec *argv)
{
	const struct session_facts *facts = session_facts(node->farm_node->session);
	const struct conf *conf = node->save->opts.conf;

	strvec_push(argv, node->tool->path);
	strvec_push(argv, "--no-password");
	strvec_push_format(argv, "--snapshot=%s", facts->snapshot);
	strvec_push_format(argv, "--encoding=%s", facts->encoding);
	if (conf->lock_wait_s)
		strvec_push_format(argv, "--lock-wait-timeout=%llu",
				   (unsigned long long)conf_lock_wait_ms(conf));
	if (node->childenv.dbname)
		strvec_push_format(argv, "--dbname=%s", node->childenv.dbname);
}

static void push_schemas(const struct save_batch *batch, struct strvec *argv)
{
	AUTO_FREE const char **names = xcalloc(batch->count, sizeof(char *));
	AUTO_FREE char *schemas = NULL;

	for (size_t i = 0; i < batch->count; i++)
		names[i] = batch->accounts[i]->listed->raw_name;
	schemas = catalog_schemas_pattern(names, batch->count);
	strvec_push_format(argv, "--schema=%s", schemas);
	if (!batch->save->opts.conf->product.is_whole) {
		AUTO_FREE char *others = catalog_others_pattern(schemas);

		strvec_push_format(argv, "--exclude-table=%s", others);
	}
}

static void push_relations(const struct save_account *account, struct strvec *argv)
{
	AUTO_FREE char *pattern = catalog_dump_pattern(account->listed);

	strvec_push_format(argv, "--table=%s", pattern);
}

void save_command_push(const struct save_batch *batch, struct strvec *argv)
{
	push_common(batch->node, argv);
	if (batch->count > 1) {
		strvec_push(argv, "--format=custom");
		strvec_push(argv, "--compress=0");
	}
	if (batch->count == 1 && !batch->save->opts.conf->product.is_whole)
		push_relations(batch->accounts[0], argv);
	else
		push_schemas(batch, argv);
}
