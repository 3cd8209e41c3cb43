/* SPDX-License-Identifier: PostgreSQL */
/*
 * Convert the entries of an archive to the plain SQL that pg_dump would have written:
 * byte for byte, except for the key of \restrict.
 *
 * RestoreArchive() in src/bin/pg_dump/pg_backup_archiver.c does the same, for a schema
 * and its contents, with the options of a pg_dump --table or --schema. The output
 * differs between the versions of pg_dump; 12 to 18 are known.
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
	PLAIN_REFRESH, /* of materialized views, when everything can be read */
	PLAIN_PASS_COUNT,
};

enum plain_kind {
	PLAIN_SETTING,  /* of all files: plain_set() */
	PLAIN_RELATION, /* a table, view, sequence and so on */
	PLAIN_PART,     /* of the relation that it depends on */
	PLAIN_EXTRA,    /* of whatever it depends on, such as a comment */
	PLAIN_SCHEMA,   /* itself */
	PLAIN_MEMBER,   /* of its schema, and no relation: a type, a function */
	PLAIN_OTHER,    /* not in a schema */
	PLAIN_UNKNOWN,
};

enum { PLAIN_KEY_SIZE = 64 }; /* with its NUL */

/* What all files have in common. */
struct plain {
	unsigned major;     /* of the pg_dump */
	bool is_restricted; /* it writes \restrict */
	const struct archive_head *head;
	const struct strvec *keywords;
	char *encoding; /* each as SQL; NULL until it is set */
	char *standard_strings;
	char *search_path;
	struct strvec names; /* of tablespaces and access methods, without order */
};

/* What differs between files; all zero initially. */
struct plain_file {
	char key[PLAIN_KEY_SIZE];
	unsigned tablespace; /* that is set; of plain.names, from 1; 0: none */
	unsigned access_method;
};

/*
 * `head` and `keywords` must outlive it. `keywords` are the words for which the server's
 * pg_get_keywords() does not say "unreserved", sorted: such names are quoted.
 * Errors: ERROR_DATA if the version of pg_dump is not known.
 */
MUST_CHECK bool plain_init(struct plain *plain, const struct archive_head *head,
			   const struct strvec *keywords, struct error *err);
void plain_release(struct plain *plain);

/* An entry that does not have the known form of its kind is PLAIN_UNKNOWN, too. */
enum plain_kind plain_kind(const struct archive_entry *entry);
enum plain_pass plain_pass(const struct archive_entry *entry);

/*
 * Store a setting.
 * Errors: ERROR_DATA if it has another form, or was set before.
 */
MUST_CHECK bool plain_set(struct plain *plain, const struct archive_entry *entry,
			  struct error *err);

/*
 * Add the beginning of a file, with its own key.
 * Errors: ERROR_DATA if the settings are missing; ERROR_SYSTEM.
 */
MUST_CHECK bool plain_begin(const struct plain *plain, struct plain_file *file,
			    struct strbuf *out, struct error *err);

/*
 * Add an entry. If it has data, add what precedes them; the archive's data already end in
 * the way that the file requires.
 */
void plain_add(struct plain *plain, struct plain_file *file,
	       const struct archive_entry *entry, struct strbuf *out);

void plain_end(const struct plain *plain, const struct plain_file *file,
	       struct strbuf *out);

#endif
