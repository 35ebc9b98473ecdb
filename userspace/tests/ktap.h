/* SPDX-License-Identifier: GPL-2.0-only */
/* Results of tests in KTAP. */
#ifndef TESTS_KTAP_H
#define TESTS_KTAP_H

#include <stdbool.h>

void ktap_start(void);
bool ktap_result(bool ok, const char *name, ...) __attribute__((format(printf, 2, 3)));
void ktap_comment(const char *what, const char *text);
bool ktap_same(const char *name, const char *seen, const char *wanted);
int ktap_end(void);

#endif
