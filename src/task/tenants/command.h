/* SPDX-License-Identifier: PostgreSQL */
/* The command that upgrades a tenant: its words, its environment, its program. */
#ifndef TASK_TENANTS_COMMAND_H
#define TASK_TENANTS_COMMAND_H

#include "base/compiler.h"
#include "base/located.h"
#include "base/str.h"
#include "base/strvec.h"

/* The part of a word that the tenant's name replaces. */
#define TENANTS_COMMAND_NAME "{tenant}"

/* The environment variable in which the child finds the name. */
#define TENANTS_COMMAND_VARIABLE "METAMODEL_TENANT"

/* All zero is empty. */
struct tenants_command {
	char *program; /* its path */
	struct strvec words;
	/* This process's own, and at its end the tenant filled in last. */
	struct strvec env;
};

/*
 * Find the program of a command: a path, or a name to be found in PATH.
 * Ownership: the caller releases *out, which is empty after a failure.
 * Errors: ERROR_USAGE, with the place in the configuration.
 */
MUST_CHECK bool tenants_command_init(struct tenants_command *out,
				     const struct located *text, struct error *err);
void tenants_command_release(struct tenants_command *command);

/*
 * Make the argv for a tenant, and command->env for it.
 * Errors: ERROR_DATA for a name that would be taken for an option.
 */
MUST_CHECK bool tenants_command_fill(struct tenants_command *command, const char *tenant,
				     struct strvec *argv, struct error *err);

/* Add the command for a tenant as it would be typed in a shell. */
void tenants_command_show(const struct tenants_command *command, const char *tenant,
			  struct strbuf *out);

#endif
