/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling those who listen. */
#ifndef _PE_NOTIFY_H
#define _PE_NOTIFY_H

#include <net/genetlink.h>
#include <uapi/linux/pe.h>

#include "../model/object.h"

struct pe_net;

extern struct genl_family pe_nl_family;

void pe_notify_object(struct pe_net *pn, const struct pe_object *obj,
		      enum pe_noun noun);
void pe_notify_iface(struct pe_net *pn, const char *name, enum pe_event event);

#endif /* _PE_NOTIFY_H */
