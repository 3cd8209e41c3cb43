/* SPDX-License-Identifier: PostgreSQL */
/* Ask a person for a password. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include <stdbool.h>

/*
 * Ask on the terminal, without echo. Blocks.
 * Ownership: on success the caller wipes and frees *out.
 * False: there is no terminal, or the answer was ^C or ^D.
 */
bool prompt_password(char **out);

#endif
