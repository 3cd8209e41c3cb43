/* SPDX-License-Identifier: PostgreSQL */
#include "task/hook/hook.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "base/words.h"
#include "proc/child.h"
#include "task/program.h"

struct hook {
	struct hook_opts opts;
	struct child *child;
	char *program; /* its path */
};

/* Ownership: *program is the caller's, who frees it, and so are the words, also after a
 * failure. */
static bool read_command(const struct located *command, struct strvec *words,
			 char **program, struct error *err)
{
	/* its quotes were checked when it was read */
	if (words_split(command->text, words) && words->count && words->v[0][0])
		return program_find(command, words->v[0], program, err);
	error_set(err, ERROR_USAGE, "names no program");
	return located_prefix(command, 0, err);
}

bool hook_check(const struct located *command, struct error *err)
{
	AUTO_STRVEC struct strvec words = { 0 };
	AUTO_FREE char *program = NULL;

	return read_command(command, &words, &program, err);
}

/* ---- its environment ---- */

/* Is it one of those that the hook gets with another value? */
static bool is_replaced(const char *entry, const struct strvec *variables)
{
	size_t length = strcspn(entry, "=") + 1;

	for (size_t i = 0; i < variables->count; i++)
		if (!strncmp(entry, variables->v[i], length))
			return true;
	return false;
}

static void make_environment(const struct strvec *variables, struct strvec *out)
{
	for (char **entry = environ; *entry; entry++)
		if (!is_replaced(*entry, variables))
			strvec_push(out, *entry);
	for (size_t i = 0; i < variables->count; i++)
		strvec_push(out, variables->v[i]);
}

/* ---- its run ---- */

static void log_output(const struct hook *hook, const char *messages)
{
	while (*messages) {
		size_t length = strcspn(messages, "\n");

		log_info(hook->opts.log, "[%s] %.*s", hook->opts.name, (int)length,
			 messages);
		messages += length + (messages[length] == '\n');
	}
}

static void on_done(void *owner, const struct child_result *result)
{
	struct hook *hook = owner;
	struct hook_opts opts = hook->opts;
	struct error err;
	bool is_ok = child_succeeded(result, hook->program, &err);

	if (is_ok)
		log_output(hook, result->messages);
	else
		error_prefix(&err, "hook %s", opts.name);
	free(hook->program);
	free(hook);
	opts.done(opts.owner, is_ok ? NULL : &err);
}

static bool start_child(struct hook *hook, struct strvec *words, struct error *err)
{
	AUTO_STRVEC struct strvec env = { 0 };
	struct child_opts child;

	child_opts_init(&child);
	strvec_push(&child.argv, hook->program);
	for (size_t i = 1; i < words->count; i++)
		strvec_push(&child.argv, words->v[i]);
	make_environment(hook->opts.variables, &env);
	child.env = strvec_argv(&env);
	child.keeps_stdout = true;
	child.timeout_ms = hook->opts.timeout_ms;
	child.done = on_done;
	child.owner = hook;
	return child_start(hook->opts.loop, &child, &hook->child, err) ||
	       error_prefix(err, "hook %s", hook->opts.name);
}

bool hook_start(const struct hook_opts *opts, struct hook **out, struct error *err)
{
	AUTO_STRVEC struct strvec words = { 0 };
	struct hook *hook = xcalloc(1, sizeof(*hook));

	hook->opts = *opts;
	if (!read_command(opts->command, &words, &hook->program, err) ||
	    !start_child(hook, &words, err)) {
		free(hook->program);
		free(hook);
		return false;
	}
	log_debug(opts->log, "hook %s: %s", opts->name, hook->program);
	*out = hook;
	return true;
}

void hook_cancel(struct hook *hook)
{
	child_cancel(hook->child);
}
