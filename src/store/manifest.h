/* SPDX-License-Identifier: PostgreSQL */
/* manifest.json: what a save holds, and where and when it came from. */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

enum { MANIFEST_FORMAT = 1 };

struct manifest_entry {
	char *account; /* UTF-8; its file is layout_file_name() of it */
	char *node;
	char *version; /* of the metamodel; NULL where there was none ("nil") */
	uint64_t size_bytes;
	uint64_t rows;
	uint32_t tables;
	char *parents; /* as in struct dumpfile_facts; NULL: none */
	char sha256[65];
	char saved_at[21]; /* the moment of its snapshot, 2026-11-22T10:54:37Z */
	bool is_stale;     /* carried over from an earlier save */
	bool is_failed;    /* since it could not be dumped when that was last tried */
};

struct manifest_node {
	char *name;
	char *host;
	char *port;
	/* Which database it was: see struct session_facts. */
	char *system_identifier; /* NULL where it was not known, as in older manifests */
	uint64_t database_oid;   /* 0 there */
	char *server_version;
	char *snapshot;  /* accounts of one node share one moment */
	bool is_carried; /* nothing was dumped there: only dumps carried over are of it */
};

struct manifest {
	uint64_t serial; /* 1 more than any save before it in the same place */
	uint64_t keep;   /* how many old saves its run was told to keep, >= 1 */
	/* What its commit did with the old saves; see store/rotate.h. */
	bool has_plan;     /* false: of a program that had none */
	uint64_t replaced; /* the serial number of the save before; 0: it had none */
	uint64_t window;   /* as far as there were old saves */
	uint64_t *dropped; /* which of them went */
	size_t dropped_count;
	uint64_t failed; /* accounts that could not be dumped */
	char *program;   /* "metamodel 0.1.0" */
	char *pg_dump;   /* what pg_dump --version said */
	char *backend;   /* "Pg" */
	char started[21];
	char finished[21];
	struct manifest_node *nodes;
	size_t node_count;
	struct manifest_entry *entries; /* by the bytes of their names */
	size_t entry_count;
};

/* Add an entry, all zero but for its name. The pointer lives until the next one is added.
 */
struct manifest_entry *manifest_add(struct manifest *manifest, const char *account);
struct manifest_node *manifest_add_node(struct manifest *manifest, const char *name);
/* NULL if there is none. */
const struct manifest_node *manifest_find_node(const struct manifest *manifest,
					       const char *name);

/* Bring the entries into order; needed before manifest_find(). manifest_read() did it. */
void manifest_sort(struct manifest *manifest);
const struct manifest_entry *manifest_find(const struct manifest *manifest,
					   const char *account);

/* Copy everything but the name into `to`, an entry of manifest_add(). */
void manifest_copy_entry(struct manifest_entry *to, const struct manifest_entry *from);
void manifest_copy_node(struct manifest_node *to, const struct manifest_node *from);

/*
 * Read manifest.json of an open directory.
 * Ownership: the caller releases *out.
 * Errors: ERROR_DATA when it is damaged, or of a format this program does not know;
 * ERROR_SYSTEM when it cannot be read. With *is_absent set: there is none.
 */
MUST_CHECK bool manifest_read(int dir_fd, struct manifest *out, bool *is_absent,
			      struct error *err);

/* The same of a text: of `length` bytes, anything. */
MUST_CHECK bool manifest_parse(const char *text, size_t length, struct manifest *out,
			       struct error *err);

/* Write manifest.json, mode 0600, into an open directory where there is none, and sync
 * it. */
MUST_CHECK bool manifest_write(int dir_fd, const struct manifest *manifest,
			       struct error *err);

void manifest_release(struct manifest *manifest);

#endif
