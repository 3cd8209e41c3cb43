/* SPDX-License-Identifier: PostgreSQL */
/*
 * No shell is used, so nothing in a tenant's name can become a command, a second word or
 * a file name. Only a name that begins with a dash remains a danger; it is refused where
 * it would begin a word.
 */
#include "task/tenants/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/words.h"
#include "task/program.h"

/* ---- its environment ---- */

static void copy_environment(struct strvec *out)
{
	for (char **entry = environ; *entry; entry++)
		if (!str_has_prefix(*entry, TENANTS_COMMAND_VARIABLE "="))
			strvec_push(out, *entry);
	strvec_push(out, TENANTS_COMMAND_VARIABLE "=");
}

bool tenants_command_init(struct tenants_command *out, const struct located *text,
			  struct error *err)
{
	*out = (struct tenants_command){ 0 };
	/* its quotes were checked when it was read */
	if (!words_split(text->text, &out->words) || !out->words.count ||
	    !out->words.v[0][0]) {
		tenants_command_release(out);
		error_set(err, ERROR_USAGE, "names no program");
		return located_prefix(text, 0, err);
	}
	if (!program_find(text, out->words.v[0], &out->program, err)) {
		tenants_command_release(out);
		return false;
	}
	copy_environment(&out->env);
	return true;
}

void tenants_command_release(struct tenants_command *command)
{
	free(command->program);
	strvec_release(&command->words);
	strvec_release(&command->env);
	*command = (struct tenants_command){ 0 };
}

/* ---- for one tenant ---- */

/* Caller frees. */
static char *fill_word(const char *word, const char *tenant)
{
	struct strbuf out = { 0 };
	const char *found;

	strbuf_add_str(&out, "");
	for (; (found = strstr(word, TENANTS_COMMAND_NAME));
	     word = found + strlen(TENANTS_COMMAND_NAME)) {
		strbuf_add(&out, word, (size_t)(found - word));
		strbuf_add_str(&out, tenant);
	}
	strbuf_add_str(&out, word);
	return strbuf_detach(&out);
}

bool tenants_command_fill(struct tenants_command *command, const char *tenant,
			  struct strvec *argv, struct error *err)
{
	strvec_push(argv, command->program);
	for (size_t i = 1; i < command->words.count; i++) {
		const char *word = command->words.v[i];
		AUTO_FREE char *filled = fill_word(word, tenant);

		if (tenant[0] == '-' && str_has_prefix(word, TENANTS_COMMAND_NAME)) {
			error_set(err, ERROR_DATA,
				  "its name would be taken as an option of %s",
				  command->program);
			return error_hint(err, "write it as --option={tenant} in the "
					       "configuration, if the command can");
		}
		strvec_push(argv, filled);
	}
	strvec_pop(&command->env);
	strvec_push_format(&command->env, TENANTS_COMMAND_VARIABLE "=%s", tenant);
	return true;
}

void tenants_command_show(const struct tenants_command *command, const char *tenant,
			  struct strbuf *out)
{
	strbuf_add_str(out, TENANTS_COMMAND_VARIABLE "=");
	strbuf_add_shell_word(out, tenant);
	strbuf_add_char(out, ' ');
	strbuf_add_shell_word(out, command->program);
	for (size_t i = 1; i < command->words.count; i++) {
		AUTO_FREE char *filled = fill_word(command->words.v[i], tenant);

		strbuf_add_char(out, ' ');
		strbuf_add_shell_word(out, filled);
	}
}
