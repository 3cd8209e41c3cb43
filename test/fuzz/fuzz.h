/* SPDX-License-Identifier: PostgreSQL */
/*
 * What each fuzzer has. With libFuzzer it looks for inputs of its own:
 *
 *	clang -fsanitize=fuzzer,address,undefined ... fuzz_NAME.c ...
 *
 * With standalone.c, which the tests use, it says what it makes of the files named, and
 * tries what they become by small changes.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Unlike assert(), whatever the build. */
#define require(claim)                                                           \
	((claim) ? (void)0                                                       \
		 : (fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, \
			    #claim),                                             \
		    abort()))

/* abort(), unless all that is promised is true with these bytes as input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Print what they are, in a line. */
void fuzz_describe(const uint8_t *data, size_t size);

#endif
