/* SPDX-License-Identifier: GPL-2.0-only */
/* Going back to a revision. */
#ifndef PECTL_ROLLBACK_H
#define PECTL_ROLLBACK_H

#include <stdint.h>

struct apply;

int rollback_to(struct apply *apply, uint32_t number);

#endif
