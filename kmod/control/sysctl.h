/* SPDX-License-Identifier: GPL-2.0-only */
/* What is set by sysctl. */
#ifndef _PE_SYSCTL_H
#define _PE_SYSCTL_H

struct pe_net;

int pe_sysctl_begin(struct pe_net *pn);
void pe_sysctl_end(struct pe_net *pn);

#endif /* _PE_SYSCTL_H */
