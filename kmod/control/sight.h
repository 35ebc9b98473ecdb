/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets that watch packets. */
#ifndef _PE_SIGHT_H
#define _PE_SIGHT_H

#include <linux/types.h>

struct pe_net;

void pe_sight_closed(struct pe_net *pn, u32 portid);

#endif /* _PE_SIGHT_H */
