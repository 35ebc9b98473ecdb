/* SPDX-License-Identifier: GPL-2.0-only */
/* Going on when whoever started us is gone. */
#ifndef PECTL_DETACH_H
#define PECTL_DETACH_H

#include <stdbool.h>

bool detach(int *report, int *code);
void detach_report(int report, int code);

#endif
