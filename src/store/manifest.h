/* SPDX-License-Identifier: PostgreSQL */
/* manifest.json: the contents of a save, and their origin. */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

enum { MANIFEST_FORMAT = 1 };

/* That has to be there before a dump can be loaded. */
struct manifest_extension {
	char *name;
	char *version;
	char *schema; /* that it is in */
};

struct manifest_entry {
	char *account; /* UTF-8; its file is layout_file_name() of it */
	char *node;
	char *version; /* of the metamodel; NULL if there was none ("nil") */
	uint64_t size_bytes;
	uint64_t rows;
	uint32_t tables;
	char *parents; /* as in struct dumpfile_facts; NULL: none */
	struct manifest_extension *extensions;
	size_t extension_count;
	char sha256[65];
	char saved_at[21]; /* the time of its snapshot, 2026-11-22T10:54:37Z */
	bool is_stale;     /* carried over from an earlier save */
	bool is_failed;    /* because the last attempt to dump it failed */
};

struct manifest_node {
	char *name;
	char *host;
	char *port;
	/* Which database it was: see struct session_facts. */
	char *system_identifier; /* NULL if unknown, as in older manifests */
	uint64_t database_oid;   /* 0 if unknown */
	char *server_version;
	char *snapshot;  /* accounts of one node share one snapshot */
	bool is_carried; /* nothing was dumped from it: only carried-over dumps are */
};

struct manifest {
	uint64_t serial; /* 1 more than any earlier save in the same place */
	uint64_t keep;   /* how many old saves to keep, >= 1 */
	/* What its commit did with the old saves; see store/rotate.h. */
	bool has_plan;     /* false: made by a program without plans */
	uint64_t replaced; /* the serial number of the previous save; 0: it had none */
	uint64_t window;   /* the highest number of an old save */
	uint64_t *dropped; /* which of them were deleted */
	size_t dropped_count;
	uint64_t failed; /* accounts that could not be dumped */
	char *program;   /* "metamodel 0.1.0" */
	char *pg_dump;   /* what pg_dump --version said */
	char *backend;   /* "Pg" */
	bool is_whole; /* its dumps are of whole schemas, not of relations of a prefix */
	char started[21];
	char finished[21];
	struct manifest_node *nodes;
	size_t node_count;
	struct manifest_entry *entries; /* in byte order of their names */
	size_t entry_count;
};

/* Add an entry, all zero except its name. The pointer is valid until the next call. */
struct manifest_entry *manifest_add(struct manifest *manifest, const char *account);
struct manifest_node *manifest_add_node(struct manifest *manifest, const char *name);
void manifest_add_extension(struct manifest_entry *entry, const char *name,
			    const char *version, const char *schema);
/* NULL if there is none. */
const struct manifest_node *manifest_find_node(const struct manifest *manifest,
					       const char *name);

/* Sort the entries; required before manifest_find(). manifest_read() does it itself. */
void manifest_sort(struct manifest *manifest);
const struct manifest_entry *manifest_find(const struct manifest *manifest,
					   const char *account);

/* Copy everything but the name into `to`, an entry of manifest_add(). */
void manifest_copy_entry(struct manifest_entry *to, const struct manifest_entry *from);
void manifest_copy_node(struct manifest_node *to, const struct manifest_node *from);

/*
 * Read manifest.json of an open directory.
 * Ownership: the caller releases *out.
 * Errors: ERROR_DATA if it is damaged, or has a format that this program does not know;
 * ERROR_SYSTEM if it cannot be read. *is_absent: it does not exist.
 */
MUST_CHECK bool manifest_read(int dir_fd, struct manifest *out, bool *is_absent,
			      struct error *err);

/* The same for a text of `length` arbitrary bytes. */
MUST_CHECK bool manifest_parse(const char *text, size_t length, struct manifest *out,
			       struct error *err);

/* Create manifest.json, mode 0600, in an open directory that has none, and sync it. */
MUST_CHECK bool manifest_write(int dir_fd, const struct manifest *manifest,
			       struct error *err);

void manifest_release(struct manifest *manifest);

/* Release the entries only, which may be very many. */
void manifest_release_entries(struct manifest *manifest);

#endif
