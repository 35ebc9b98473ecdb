/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic-netlink family. */
#ifndef _PE_NETLINK_H
#define _PE_NETLINK_H

int pe_nl_init(void);
void pe_nl_exit(void);

#endif /* _PE_NETLINK_H */
