/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling those who listen. */
#ifndef _PE_NOTIFY_H
#define _PE_NOTIFY_H

#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <uapi/linux/pe.h>

#include "../model/object.h"

struct pe_net;

extern struct genl_family pe_nl_family;
extern bool pe_nl_up;

void pe_notify_object(struct pe_net *pn, const struct pe_object *obj,
		      enum pe_noun noun, bool replaced);
void pe_notify_iface(struct pe_net *pn, const char *name, enum pe_event event);
void pe_notify_work(struct work_struct *work);
void pe_notify_drop(struct pe_net *pn);

#endif /* _PE_NOTIFY_H */
