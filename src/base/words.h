/* SPDX-License-Identifier: PostgreSQL */
/* A command in the configuration, split into words without a shell. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include "base/compiler.h"
#include "base/strvec.h"

/*
 * Split a text at blanks and line ends. A word that begins with " or ' ends at the same
 * sign, after which a blank or the end must follow, and everything in between is taken
 * literally. Other quotes, and backslashes, are ordinary characters. Returns false if the
 * quote of a word is not closed.
 * Ownership: the words are added to *out, which the caller releases even after failure.
 */
MUST_CHECK bool words_split(const char *text, struct strvec *out);

#endif
