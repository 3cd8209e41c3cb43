/* SPDX-License-Identifier: PostgreSQL */
/*
 * The table engine: one row for each option feeds the command line, the INI files and
 * --help. Hides getopt.
 *
 * A table has the options first (at most 64, one of them with the letter '?'), then the
 * rows that are only keys of a file, then a row without name. A value lives at an offset
 * into a struct of the caller's, here called `values`, which starts as the defaults.
 *
 * Ownership: the strings in `values` are ours from first to last, so a default cannot be
 * a literal; setting_release() frees them.
 *
 * Errors: always ERROR_USAGE. `values` then holds what was read before the mistake and is
 * released as after success.
 */
#ifndef CONF_SETTING_H
#define CONF_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/strvec.h"

enum setting_type {
	SETTING_STRING, /* char *, NULL while unset */
	SETTING_UINT,   /* uint64_t, decimal digits only */
	SETTING_FLAG,   /* bool; in a file yes/no, true/false, on/off, 1/0 in any case */
	SETTING_STOP,   /* bool that ends the reading of the command line: --help */
	SETTING_CHOICE, /* enum or int: the index of a word of `choices`, in any case */
	SETTING_TEXT,   /* struct located, of a file only: it may have several lines */
};

/* Who may give it on the command line. */
enum setting_scope {
	SETTING_KEY,   /* nobody: it is a key of a file only */
	SETTING_SOME,  /* who says that it is for him: see struct conf_command */
	SETTING_EVERY, /* everybody */
};

struct setting {
	const char *name;     /* the long option and the key in a file */
	char letter;          /* 0 if there is none */
	const char *argument; /* what --help calls the value; NULL for a flag */
	enum setting_type type;
	size_t offset;       /* in `values`, for a value from the command line */
	size_t file_offset;  /* for one from a file; mostly the same */
	const char *section; /* of the files; NULL is for the command line only */
	enum setting_scope scope;
	const char *help;

	unsigned min; /* SETTING_UINT: the least value allowed, and the greatest */
	unsigned max;
	/* SETTING_CHOICE: NULL-terminated. SETTING_UINT: NULL, or the word for 0. */
	const char *const *choices;
	/* SETTING_STRING, SETTING_TEXT: what is wrong with the value ("is empty"), NULL if nothing. */
	const char *(*refuse)(const char *value);
	/* SETTING_TEXT: words, each quoted by itself: base/words.h. */
	bool has_words;
	/* SETTING_STRING: what it is when given without a value; NULL: it needs one. */
	const char *bare;
	/* Overwritten in argv, so in /proc too, when it holds more than a plain name. Of
	 * a flag: see `doubtful` of struct setting_argv. */
	bool may_hide_password;
	const char *heading; /* of a group of options in --help, which begins here */
};

/* What the command line said besides values. All zero is empty. */
struct setting_argv {
	uint64_t given; /* bit N: row N was there */
	bool stopped;   /* by SETTING_STOP */
	struct strvec arguments;
	size_t literal_from; /* the arguments from here on stood behind "--" */
	/* The argument right behind a flag that may_hide_password, from 1; 0: none. Who
	 * took the flag for an option with a value wrote a password there. */
	size_t doubtful;
};

/*
 * Parse a command line as GNU getopt does: abbreviated names, options and arguments in
 * any order.
 * Ownership: argv keeps its order, but passwords in it are overwritten. The caller
 * releases out->arguments, after failure too.
 */
MUST_CHECK bool setting_parse_argv(const struct setting *rows, int argc, char **argv,
				   void *values, struct setting_argv *out,
				   struct error *err);

/* Take an argument as if it had been the value of option --name. */
MUST_CHECK bool setting_take_argument(const struct setting *rows, const char *name,
				      const char *value, void *values,
				      struct setting_argv *argv, struct error *err);

/* Was option --name on the command line? */
bool setting_is_given(const struct setting *rows, const struct setting_argv *argv,
		      const char *name);

/*
 * Read one INI file over `values`. What the command line gave stays, but its key is
 * checked all the same. A key without row is an error in a section where some row is an
 * option, too, or a SETTING_TEXT; other sections are someone else's, and what we have no
 * row for is skipped.
 *
 * Lines may be of any length, begin with blanks, and end in CRLF; a UTF-8 byte order mark
 * is skipped. A line that begins with ; or # is a comment, and so is the end of a line
 * from a blank and ; on. A value that begins with " or ' ends with the same sign,
 * followed by nothing but blanks or a comment, and holds everything in between as it is:
 * the way to write a value with " ;" or with blanks at its ends. Nothing escapes
 * anything. A SETTING_TEXT that is not quoted has indented lines, too: they belong to the
 * key above them. One that has_words is not quoted as a whole.
 *
 * Errors: a file that is not there is fine unless `must_exist`.
 */
MUST_CHECK bool setting_read_file(const struct setting *rows, const char *path,
				  bool must_exist, const struct setting_argv *argv,
				  void *values, struct error *err);

/* The same with a text of ours, which is called `path` in errors. */
MUST_CHECK bool setting_read_text(const struct setting *rows, const char *path,
				  const char *text, const struct setting_argv *argv,
				  void *values, struct error *err);

/* Free the strings of `values`; the rest stays. */
void setting_release(const struct setting *rows, void *values);

#endif
