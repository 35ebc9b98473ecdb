/* SPDX-License-Identifier: GPL-2.0-only */
/* Everything the kernel counts, as monitoring systems read it. */
#ifndef PECTL_OPENMETRICS_H
#define PECTL_OPENMETRICS_H

#include <stdio.h>

struct pe_config;
struct pe_info;

void openmetrics_print(FILE *out, const struct pe_info *info, const struct pe_config *config);

#endif
