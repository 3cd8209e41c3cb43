/* SPDX-License-Identifier: PostgreSQL */
/* Ask a person for a password. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

enum prompt_result {
	PROMPT_ANSWERED,
	PROMPT_NO_TERMINAL,
	PROMPT_NO_ANSWER,   /* ^D */
	PROMPT_INTERRUPTED, /* ^C */
};

/*
 * Ask on the terminal, without echo. Blocks.
 * Ownership: when answered, the caller wipes and frees *out.
 */
enum prompt_result prompt_password(char **out);

#endif
