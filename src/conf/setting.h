/* SPDX-License-Identifier: PostgreSQL */
/*
 * The table engine: one row for each option feeds the command line, the INI files and
 * --help. Hides getopt.
 *
 * A table has first the options (at most 64, one of them with the letter '?'), then the
 * rows that are only keys of a file, and ends with a row without a name. A value is
 * stored at an offset into a struct of the caller's, called `values` here, which
 * initially holds the defaults.
 *
 * Ownership: the table engine allocates and frees the strings in `values`, so a default
 * cannot be a literal; setting_release() frees them.
 *
 * Errors: always ERROR_USAGE. `values` then holds what was read before the mistake, and
 * has to be released as after success.
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
	SETTING_STOP,   /* bool; ends the reading of the command line: --help */
	SETTING_CHOICE, /* enum or int: the index of a word in `choices`, in any case */
	SETTING_TEXT,   /* struct located; only in a file, may have several lines */
};

/* Which commands accept it on the command line. */
enum setting_scope {
	SETTING_KEY,   /* none: it is a key of a file only */
	SETTING_SOME,  /* those that list it: see struct conf_command */
	SETTING_EVERY, /* all */
};

struct setting {
	const char *name;     /* the long option, and the key in a file */
	char letter;          /* 0 if there is none */
	const char *argument; /* what --help calls the value; NULL for a flag */
	enum setting_type type;
	size_t offset;       /* in `values`, for a value from the command line */
	size_t file_offset;  /* for a value from a file; usually the same */
	const char *section; /* of the files; NULL: on the command line only */
	enum setting_scope scope;
	const char *help;

	unsigned min; /* SETTING_UINT: the least and the greatest value allowed */
	unsigned max;
	/* SETTING_CHOICE: the words; NULL ends them. SETTING_UINT: NULL, or the word for
	 * 0. */
	const char *const *choices;
	/* SETTING_STRING, SETTING_TEXT: what is wrong with the value ("is empty"); NULL
	 * if nothing. */
	const char *(*refuse)(const char *value);
	/* SETTING_TEXT: words, each quoted by itself: base/words.h. */
	bool has_words;
	/* SETTING_STRING: its value if it is given without one; NULL: it needs one. */
	const char *bare;
	/* If the value is more than a plain name, overwrite it in argv and thereby in
	 * /proc. For a flag: see `doubtful` in struct setting_argv. */
	bool may_hide_password;
	bool is_connection; /* it says how to reach a server */
};

/* What the command line contains besides values. All zero is empty. */
struct setting_argv {
	uint64_t given; /* bit N: row N was given */
	bool stopped;   /* by SETTING_STOP */
	struct strvec arguments;
	size_t literal_from; /* index of the first argument after "--" */
	/*
	 * The number, from 1, of an argument directly after a flag with
	 * may_hide_password; 0: none. It may be a password, if the user believed that the
	 * flag takes a value.
	 */
	size_t doubtful;
};

/*
 * Parse a command line as GNU getopt does: names may be abbreviated, options and
 * arguments are in any order.
 * Ownership: the order of argv stays, but passwords in it are overwritten. The caller
 * releases out->arguments, even after failure.
 */
MUST_CHECK bool setting_parse_argv(const struct setting *rows, int argc, char **argv,
				   void *values, struct setting_argv *out,
				   struct error *err);

/* Take an argument as the value of option --name. */
MUST_CHECK bool setting_take_argument(const struct setting *rows, const char *name,
				      const char *value, void *values,
				      struct setting_argv *argv, struct error *err);

/* Is option --name on the command line? */
bool setting_is_given(const struct setting *rows, const struct setting_argv *argv,
		      const char *name);

/*
 * Read one INI file into `values`. A value from the command line stays, but the key in
 * the file is checked all the same. A key without a row is an error in a section that has
 * an option or a SETTING_TEXT among its rows. Other sections belong to somebody else:
 * there, keys without a row are ignored.
 *
 * Lines may have any length, begin with blanks and end in CRLF; a UTF-8 byte order mark
 * is skipped. A line that begins with ; or # is a comment, and so is the rest of a line
 * from " ;" on. A value that begins with " or ' ends at the same sign, after which only
 * blanks or a comment may follow, and everything between the two is taken literally:
 * write a value with " ;", or with blanks at its ends, like that. There are no escapes. A
 * SETTING_TEXT that is not quoted may have more, indented lines, which continue the key
 * above them.
 *
 * Errors: a file that does not exist is one only with `must_exist`.
 */
MUST_CHECK bool setting_read_file(const struct setting *rows, const char *path,
				  bool must_exist, const struct setting_argv *argv,
				  void *values, struct error *err);

/* The same with a built-in text, which is called `path` in errors. */
MUST_CHECK bool setting_read_text(const struct setting *rows, const char *path,
				  const char *text, const struct setting_argv *argv,
				  void *values, struct error *err);

/* Free the strings in `values`; other members stay. */
void setting_release(const struct setting *rows, void *values);

#endif
