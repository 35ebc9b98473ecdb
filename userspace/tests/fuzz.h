/* SPDX-License-Identifier: GPL-2.0-only */
/* What programs that are fed with any bytes have in common. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/**
 * fuzz_check() - something that must hold, whatever was fed
 * @ok: whether it does
 * @what: it is otherwise
 */
static inline void fuzz_check(bool ok, const char *what)
{
	if (ok)
		return;
	dprintf(STDERR_FILENO, "fuzz: %s\n", what);
	abort();
}

#endif
