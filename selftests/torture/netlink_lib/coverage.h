/* SPDX-License-Identifier: GPL-2.0-only */
/* Which of the module's instrumented places a run came by. */
#ifndef NETLINK_COVERAGE_H
#define NETLINK_COVERAGE_H

#include <stdbool.h>

bool coverage_open(void);
void coverage_start(void);
void coverage_take(void);
bool coverage_write(const char *path);

#endif
