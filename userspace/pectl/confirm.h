/* SPDX-License-Identifier: GPL-2.0-only */
/* What is undone unless somebody confirms it. */
#ifndef PECTL_CONFIRM_H
#define PECTL_CONFIRM_H

struct apply;

int confirm_run(struct apply *apply, int (*act)(struct apply *apply));

#endif
