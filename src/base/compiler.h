/* SPDX-License-Identifier: PostgreSQL */
/* Attributes that make the compiler check callers. */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
