/* SPDX-License-Identifier: PostgreSQL */
/* The statements in src/catalog/sql/, turned into C strings by scripts/embed-sql. */
#ifndef CATALOG_SQL_H
#define CATALOG_SQL_H

#include <stdbool.h>

extern const char sql_extensions[];
extern const char sql_fingerprints[];
extern const char sql_metamodel[];
extern const char sql_members[];
extern const char sql_recheck_then[];
extern const char sql_recheck_now[];
extern const char sql_recheck_whole_now[];
extern const char sql_recheck_whole_then[];
extern const char sql_restore_plan[];
extern const char sql_restore_needs[];
extern const char sql_restore_objects[];
extern const char sql_restore_begin[];
extern const char sql_restore_end[];
extern const char sql_restore_outside[];
extern const char sql_restore_rights[];
extern const char sql_rights_differences[];
extern const char sql_restore_settle[];
extern const char sql_states[];
extern const char sql_steps[];
extern const char sql_structure_columns[];
extern const char sql_structure_digest[];
extern const char sql_lookalikes[];
extern const char sql_strangers[];
extern const char sql_superuser[];
extern const char sql_tenants[];
extern const char sql_tenants_trust[];
extern const char sql_trust[];
extern const char sql_upgrade_begin[];
extern const char sql_upgrade_end[];
extern const char sql_upgrade_path[];
extern const char sql_upgrade_steps[];
extern const char sql_upgrade_tenant_begin[];

/*
 * The text with each `words[2 i]` replaced by `words[2 i + 1]`; NULL ends them.
 * Ownership: the caller frees.
 */
char *sql_fill(const char *text, const char *const *words);

/*
 * Replace :c_is_ours by the condition that the pg_class row c belongs to a tenant, and
 * likewise for t and u. Normally its name decides; with `is_whole` every relation of the
 * schema does, and :then and :now become what else is checked in the schema, see
 * recheck_then.sql.
 * Ownership: the caller frees.
 */
char *sql_fill_ours(const char *text, bool is_whole);

#endif
