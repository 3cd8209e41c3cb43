/* SPDX-License-Identifier: PostgreSQL */
/* The statements in src/model/sql/, made C strings by scripts/embed-sql. */
#ifndef MODEL_SQL_H
#define MODEL_SQL_H

extern const char sql_metamodel[];
extern const char sql_restore_plan[];
extern const char sql_restore_begin[];
extern const char sql_restore_end[];

#endif
