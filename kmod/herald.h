/* SPDX-License-Identifier: GPL-2.0-only */
/* Announcements as they begin, go on and end. */
#ifndef _PE_HERALD_H
#define _PE_HERALD_H

#include <linux/workqueue.h>

struct net_device;
struct pe_net;

void pe_herald_leave(struct pe_net *pn, struct net_device *dev);
void pe_herald_work(struct work_struct *work);
void pe_herald_stop(struct pe_net *pn);

#endif /* _PE_HERALD_H */
