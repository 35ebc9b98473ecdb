/* SPDX-License-Identifier: GPL-2.0-only */
/* What came of checks. */
#ifndef PECTL_CHECK_PRINT_H
#define PECTL_CHECK_PRINT_H

#include <stdbool.h>

struct leg;
struct plan;
struct printer;

void print_leg(struct printer *p, const struct leg *leg, bool steps);
void print_legs(struct printer *p, const struct plan *plan, bool steps);

#endif
