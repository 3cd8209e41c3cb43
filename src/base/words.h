/* SPDX-License-Identifier: PostgreSQL */
/* A command in the configuration as words: without a shell, and so without its surprises. */
#ifndef BASE_WORDS_H
#define BASE_WORDS_H

#include "base/compiler.h"
#include "base/strvec.h"

/*
 * Split a text at blanks and line ends. A word that begins with " or ' ends with the same
 * sign, followed by a blank or the end, and holds everything in between as it is; quotes
 * elsewhere, and backslashes, are ordinary letters.
 * False: the quote of a word is not closed.
 * Ownership: the words are added to *out, which the caller releases, after failure too.
 */
MUST_CHECK bool words_split(const char *text, struct strvec *out);

#endif
