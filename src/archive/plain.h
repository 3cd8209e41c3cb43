/* SPDX-License-Identifier: PostgreSQL */
/*
 * The entries of an archive as the plain SQL that pg_dump would have written: byte for
 * byte, but for the key of \restrict.
 *
 * That is what RestoreArchive() of src/bin/pg_dump/pg_backup_archiver.c does, for a
 * schema and what is in it, with the options of a pg_dump --table or --schema. It differs
 * between the versions of pg_dump, of which 12 to 18 are known.
 */
#ifndef ARCHIVE_PLAIN_H
#define ARCHIVE_PLAIN_H

#include <stdbool.h>

#include "archive/archive.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/str.h"
#include "base/strvec.h"

/* A file is written in passes, each in the order of the entries. */
enum plain_pass {
	PLAIN_MAIN,
	PLAIN_ACL,
	PLAIN_REFRESH, /* of materialized views, when everything may be read */
	PLAIN_PASS_COUNT,
};

enum plain_kind {
	PLAIN_SETTING,  /* of all files: plain_set() */
	PLAIN_RELATION, /* a table, view, sequence and so on */
	PLAIN_PART,     /* of the relation that it depends on */
	PLAIN_EXTRA,    /* of whatever it depends on, such as a comment */
	PLAIN_SCHEMA,   /* itself */
	PLAIN_MEMBER,   /* of its schema, and no relation: a type, a function */
	PLAIN_OTHER,    /* of no schema */
	PLAIN_UNKNOWN,
};

enum { PLAIN_KEY_SIZE = 64 }; /* with its NUL */

/* What all files have in common. */
struct plain {
	unsigned major;     /* of the pg_dump */
	bool is_restricted; /* it writes \restrict */
	const struct archive_head *head;
	const struct strvec *keywords;
	char *encoding; /* each as SQL; NULL until it was set */
	char *standard_strings;
	char *search_path;
	struct strvec names; /* of tablespaces and access methods, without order */
};

/* What differs; all zero at first. */
struct plain_file {
	char key[PLAIN_KEY_SIZE];
	unsigned tablespace; /* that is set; of plain.names, from 1; 0: none */
	unsigned access_method;
};

/*
 * `head` and `keywords` must outlive it. `keywords` are the words that the server calls
 * anything but unreserved (pg_get_keywords), sorted: such names are quoted.
 * Errors: ERROR_DATA when the version of pg_dump is not known.
 */
MUST_CHECK bool plain_init(struct plain *plain, const struct archive_head *head,
			   const struct strvec *keywords, struct error *err);
void plain_release(struct plain *plain);

/* What is not in the form that is known of its kind is PLAIN_UNKNOWN, too. */
enum plain_kind plain_kind(const struct archive_entry *entry);
enum plain_pass plain_pass(const struct archive_entry *entry);

/* Take a setting. Errors: ERROR_DATA if it has another form, or is there already. */
MUST_CHECK bool plain_set(struct plain *plain, const struct archive_entry *entry,
			  struct error *err);

/* The beginning of a file, with a key of its own. Errors: ERROR_DATA without the
 * settings; ERROR_SYSTEM. */
MUST_CHECK bool plain_begin(const struct plain *plain, struct plain_file *file,
			    struct strbuf *out, struct error *err);

/*
 * Add an entry. If it has data, then up to where they come; the archive's data end as
 * the file wants it.
 */
void plain_add(struct plain *plain, struct plain_file *file,
	       const struct archive_entry *entry, struct strbuf *out);

void plain_end(const struct plain *plain, const struct plain_file *file,
	       struct strbuf *out);

#endif
