/* SPDX-License-Identifier: PostgreSQL */
#include "conf/setting.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/located.h"
#include "base/str.h"
#include "base/typo.h"
#include "conf/ini.h"

#define LONG_BASE 256  /* getopt's code for the long name of row N is LONG_BASE + N */
#define MAX_OPTIONS 64 /* the bits of setting_argv.given */
#define MAX_FILE_BYTES (1024 * 1024)

static bool find_word(const char *const *words, const char *word, uint64_t *index)
{
	for (size_t i = 0; words[i]; i++)
		if (!strcasecmp(words[i], word)) {
			*index = i;
			return true;
		}
	return false;
}

static bool refuse_choice(const struct setting *row, const char *value, struct error *err)
{
	AUTO_STRBUF struct strbuf words = { 0 };

	for (size_t i = 0; row->choices[i]; i++)
		strbuf_add_format(&words, "%s%s", i ? ", " : "", row->choices[i]);
	return error_set(err, ERROR_USAGE, "invalid value '%s': expected one of %s",
			 value, words.buf);
}

static bool refuse_number(const struct setting *row, const char *value, struct error *err)
{
	if (row->choices)
		return error_set(err, ERROR_USAGE,
				 "'%s' is neither %s nor a number from %u to %u", value,
				 row->choices[0], row->min, row->max);
	return error_set(err, ERROR_USAGE, "'%s' is not a number from %u to %u", value,
			 row->min, row->max);
}

/* Words for no and yes, in turn. */
static const char *const truths[] = { "no", "yes", "false", "true", "off",
				      "on", "0",   "1",     NULL };

/* Check a value and store it in `place`, unless that is NULL. A flag without a value is
 * on. */
static bool set_value(const struct setting *row, const char *value, void *place,
		      struct error *err)
{
	const char *why = row->refuse ? row->refuse(value) : NULL;
	uint64_t number = 1;

	switch (row->type) {
	case SETTING_STRING:
		if (why)
			return error_set(err, ERROR_USAGE, "'%s' %s", value, why);
		if (place) {
			free(*(char **)place);
			*(char **)place = xstrdup(value);
		}
		return true;
	case SETTING_UINT:
		if (!(row->choices && find_word(row->choices, value, &number)) &&
		    !str_parse_uint(value, row->min, row->max, &number))
			return refuse_number(row, value, err);
		if (place)
			*(uint64_t *)place = number;
		return true;
	case SETTING_FLAG:
	case SETTING_STOP:
		/* Do not quote the value: `password = secret` may be written as an
		 * option's value. */
		if (value && !find_word(truths, value, &number))
			return error_set(err, ERROR_USAGE, "expected yes or no");
		if (place)
			*(bool *)place = number % 2;
		return true;
	case SETTING_CHOICE:
		if (!find_word(row->choices, value, &number))
			return refuse_choice(row, value, err);
		if (place)
			*(int *)place = (int)number;
		return true;
	case SETTING_TEXT:
		if (why)
			return error_set(err, ERROR_USAGE, "'%s' %s", value, why);
		located_release(place);
		*(struct located *)place = (struct located){ .text = xstrdup(value) };
		return true;
	}
	return false;
}

void setting_release(const struct setting *rows, void *values)
{
	for (; rows->name; rows++)
		if (rows->type == SETTING_STRING) {
			char **from_argv = (char **)((char *)values + rows->offset);
			char **from_file = (char **)((char *)values + rows->file_offset);

			free(*from_argv);
			*from_argv = NULL;
			free(*from_file);
			*from_file = NULL;
		} else if (rows->type == SETTING_TEXT) {
			located_release((void *)((char *)values + rows->offset));
		}
}

static uint64_t bit_of(const struct setting *rows, const struct setting *row)
{
	assert(row - rows < MAX_OPTIONS);
	return UINT64_C(1) << (row - rows);
}

static const struct setting *option_named(const struct setting *rows, const char *name)
{
	while (rows->scope && strcmp(rows->name, name))
		rows++;
	assert(rows->scope);
	return rows;
}

static const struct setting *option_of_code(const struct setting *rows, int code)
{
	if (code >= LONG_BASE)
		return rows + (code - LONG_BASE);
	for (; rows->letter != code; rows++)
		assert(rows->name);
	return rows;
}

/* Ownership: the caller frees the table and releases `letters`. */
static struct option *new_getopt_table(const struct setting *rows, struct strbuf *letters)
{
	struct option *table = xcalloc(MAX_OPTIONS + 1, sizeof(*table));

	/* "-": report arguments in order; ":": report a missing value as ':'. */
	strbuf_add_str(letters, "-:");
	for (int i = 0; rows[i].scope; i++) {
		assert(i < MAX_OPTIONS);
		table[i].name = rows[i].name;
		table[i].has_arg = !rows[i].argument ? no_argument
				   : rows[i].bare    ? optional_argument
						     : required_argument;
		table[i].val = LONG_BASE + i;
		/* getopt also returns '?' for an unknown letter; -? is recognized
		 * there. */
		if (rows[i].letter && rows[i].letter != '?')
			strbuf_add_format(letters, "%c%s", rows[i].letter,
					  rows[i].argument ? ":" : "");
	}
	return table;
}

/* Say why getopt returned `code`; `arg` contains the name if it is a long one. */
static bool refuse_option(const struct setting *rows, int code, const char *arg,
			  struct error *err)
{
	AUTO_STRBUF struct strbuf fits = { 0 };
	struct typo typo = { 0 };
	int length;

	if (code == ':' || optopt >= LONG_BASE)
		return error_set(err, ERROR_USAGE, "option --%s %s a value",
				 option_of_code(rows, optopt)->name,
				 code == ':' ? "needs" : "does not take");
	if (optopt)
		return error_set(err, ERROR_USAGE, "unknown option -%c", optopt);
	arg += strlen("--");
	/* do not repeat the value, which may be a password */
	length = (int)strcspn(arg, "=");
	typo = (struct typo){ .word = arg, .length = (size_t)length };
	for (; rows->scope; rows++) {
		if (!strncmp(rows->name, arg, (size_t)length))
			strbuf_add_format(&fits, "%s--%s", fits.length ? ", " : "",
					  rows->name);
		typo_offer(&typo, rows->name);
	}
	if (fits.length)
		return error_set(err, ERROR_USAGE, "option --%.*s is ambiguous: %s",
				 length, arg, fits.buf);
	error_set(err, ERROR_USAGE, "unknown option --%.*s", length, arg);
	return typo.best && error_hint(err, "Did you mean '--%s'?", typo.best);
}

bool setting_is_given(const struct setting *rows, const struct setting_argv *argv,
		      const char *name)
{
	return argv->given & bit_of(rows, option_named(rows, name));
}

bool setting_take_argument(const struct setting *rows, const char *name,
			   const char *value, void *values, struct setting_argv *argv,
			   struct error *err)
{
	const struct setting *row = option_named(rows, name);

	if (!set_value(row, value, (char *)values + row->offset, err))
		return false;
	argv->given |= bit_of(rows, row);
	argv->stopped |= row->type == SETTING_STOP;
	return true;
}

static bool take_option(const struct setting *rows, int code, const char *arg,
			void *values, struct setting_argv *out, struct error *err)
{
	const struct setting *row;

	if (code == ':' || (code == '?' && optopt != '?'))
		return refuse_option(rows, code, arg, err);
	row = option_of_code(rows, code);
	if (!setting_take_argument(rows, row->name, optarg ? optarg : row->bare, values,
				   out, err))
		return error_prefix(err, "option --%s", row->name);
	if (row->may_hide_password && optarg &&
	    (strchr(optarg, '=') || strstr(optarg, "://")))
		memset(optarg, 'x', strlen(optarg));
	return true;
}

static bool hides_password(const struct setting *rows, int code)
{
	const struct setting *row = option_of_code(rows, code);

	return !row->argument && row->may_hide_password;
}

bool setting_parse_argv(const struct setting *rows, int argc, char **argv, void *values,
			struct setting_argv *out, struct error *err)
{
	AUTO_STRBUF struct strbuf letters = { 0 };
	AUTO_FREE struct option *table = new_getopt_table(rows, &letters);
	bool is_doubtful = false;
	int code;

	opterr = 0;
	optind = 0; /* makes glibc forget an earlier command line */
	while (!out->stopped &&
	       (code = getopt_long(argc, argv, letters.buf, table, NULL)) != -1)
		if (code == 1) {
			strvec_push(&out->arguments, optarg);
			if (is_doubtful)
				out->doubtful = out->arguments.count;
			is_doubtful = false;
		} else {
			if (!take_option(rows, code, argv[optind - 1], values, out, err))
				return false;
			is_doubtful = hides_password(rows, code);
		}
	out->literal_from = out->arguments.count;
	while (optind < argc)
		strvec_push(&out->arguments, argv[optind++]);
	return true;
}

/* A file that is being read. */
struct source {
	const struct setting *rows;
	const struct setting_argv *argv;
	void *values;
	const char *path;
	struct ini ini;
	struct error *err;
};

static bool file_error(const struct source *s, const char *what)
{
	return error_set(s->err, ERROR_USAGE, "%s:%d: %s", s->path, s->ini.line, what);
}

static bool hint_keys(const struct source *s, const char *section)
{
	AUTO_STRBUF struct strbuf keys = { 0 };

	for (const struct setting *row = s->rows; row->name; row++)
		if (row->section && !strcmp(row->section, section) && !row->scope)
			strbuf_add_format(&keys, "%s%s", keys.length ? ", " : "",
					  row->name);
	if (keys.length)
		return error_hint(s->err, "The keys of [%s] are %s", section, keys.buf);
	return error_hint(s->err, "The keys of [%s] are the long options", section);
}

static bool refuse_key(const struct source *s, const char *section)
{
	const char *key = s->ini.key;
	struct typo typo = { .word = key, .length = strlen(key) };

	error_set(s->err, ERROR_USAGE, "%s:%d: unknown key '%s' in [%s]", s->path,
		  s->ini.line, key, section);
	for (const struct setting *row = s->rows; row->name; row++) {
		if (!row->section && !strcmp(key, row->name)) /* such as --help */
			return error_hint(s->err, "--%s cannot be set in a file", key);
		if (row->section && !strcmp(row->section, section))
			typo_offer(&typo, row->name);
	}
	if (typo.best)
		return error_hint(s->err, "Did you mean '%s'?", typo.best);
	return hint_keys(s, section);
}

/* Is the section one in which every key must have a row, such as [model]? */
static bool is_closed(const struct setting *row)
{
	return row->scope || row->type == SETTING_TEXT;
}

/* Take the value of the key that was found, whose row is `row`. */
static bool take_value(struct source *s, const struct setting *row)
{
	bool is_text = row->type == SETTING_TEXT;
	int line = s->ini.line;
	AUTO_FREE char *text = is_text ? ini_take_text(&s->ini, row->has_words) : NULL;
	const char *value = is_text ? text : ini_take_value(&s->ini);
	void *place = (char *)s->values + row->file_offset;

	if (!value)
		return file_error(s, "the value begins with a quote that is not closed");
	if (row->scope && row->offset == row->file_offset &&
	    (s->argv->given & bit_of(s->rows, row)))
		place = NULL; /* the command line overrides it */
	if (!set_value(row, value, place, s->err))
		return error_prefix(s->err, "%s:%d: %s", s->path, line, row->name);
	if (is_text) {
		struct located *at = place;

		at->path = xstrdup(s->path);
		at->line = line;
		at->key = row->name;
	}
	return true;
}

static bool take_key(struct source *s)
{
	const char *ours = NULL; /* NULL in the sections of others */

	for (const struct setting *row = s->rows; row->name; row++) {
		if (!row->section || strcasecmp(s->ini.section, row->section) != 0)
			continue;
		if (!strcmp(row->name, s->ini.key))
			return take_value(s, row);
		ours = is_closed(row) ? row->section : ours;
	}
	return !ours || refuse_key(s, ours);
}

static bool read_keys(struct source *s)
{
	for (;;)
		switch (ini_next(&s->ini)) {
		case INI_KEY:
			if (!take_key(s))
				return false;
			break;
		case INI_END:
			return true;
		case INI_BAD:
			return file_error(s, "expected [section] or key = value");
		}
}

/* `text` is modified. */
static bool read_text(const struct setting *rows, const char *path, char *text,
		      const struct setting_argv *argv, void *values, struct error *err)
{
	struct source s = { rows, argv, values, path, { .section = "" }, err };

	s.ini.next = text + (str_has_prefix(text, "\xef\xbb\xbf") ? 3 : 0);
	return read_keys(&s);
}

bool setting_read_text(const struct setting *rows, const char *path, const char *text,
		       const struct setting_argv *argv, void *values, struct error *err)
{
	AUTO_FREE char *copy = xstrdup(text);

	return read_text(rows, path, copy, argv, values, err);
}

bool setting_read_file(const struct setting *rows, const char *path, bool must_exist,
		       const struct setting_argv *argv, void *values, struct error *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO_FREE char *text = NULL;
	size_t length;

	if (fd < 0)
		return (errno == ENOENT && !must_exist) ||
		       error_set(err, ERROR_USAGE, "%s: %s", path, strerror(errno));
	if (!fs_read_all(fd, MAX_FILE_BYTES, &text, &length, err)) {
		err->kind = ERROR_USAGE;
		return error_prefix(err, "%s", path);
	}
	if (strlen(text) != length)
		return error_set(err, ERROR_USAGE,
				 "%s: contains a NUL byte, so it is not a text file",
				 path);
	return read_text(rows, path, text, argv, values, err);
}
