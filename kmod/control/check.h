/* SPDX-License-Identifier: GPL-2.0-only */
/* Sockets that check devices. */
#ifndef _PE_CHECK_H
#define _PE_CHECK_H

#include <linux/types.h>

struct pe_net;

void pe_check_closed(struct pe_net *pn, u32 portid);

#endif /* _PE_CHECK_H */
