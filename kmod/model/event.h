/* SPDX-License-Identifier: GPL-2.0-only */
/* What happened and no command brought about, until those who listen know. */
#ifndef _PE_EVENT_H
#define _PE_EVENT_H

#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/list.h>
#include <linux/netfilter.h>
#include <uapi/linux/pe.h>

struct pe_announce;
struct pe_net;

/**
 * struct pe_occurrence - an event
 * @list: in pe_net.events
 * @kind: what happened
 * @name: interface it happened at
 * @family: NFPROTO_* of @addr, 0 where it is about no address
 * @addr: address that it is about
 * @mac: link-layer address of the other host
 */
struct pe_occurrence {
	struct list_head	list;
	enum pe_event		kind;
	char			name[IFNAMSIZ];
	u8			family;
	u8			mac[ETH_ALEN];
	union nf_inet_addr	addr;
};

bool pe_event_iface(struct pe_net *pn, enum pe_event kind, const char *name);
void pe_event_claim(struct pe_net *pn, const struct pe_announce *a,
		    const u8 *mac);
struct pe_occurrence *pe_event_next(struct pe_net *pn);

#endif /* _PE_EVENT_H */
