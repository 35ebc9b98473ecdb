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
struct pe_health;
struct pe_net;
struct pe_object;
struct pe_pool;

/**
 * struct pe_occurrence - an event
 * @list: in pe_net.events
 * @kind: what happened
 * @name: interface it happened at, or device or pool that it happened to
 * @family: NFPROTO_* of @addr, 0 where it is about no address
 * @addr: address that it is about
 * @mac: link-layer address of the other host
 * @state: enum pe_device_state, of a device
 * @cause: enum pe_cause of it
 * @since: when it began, in nanoseconds since 1970
 * @best: members that get a pool's packets, as a set
 * @generation: of the pool
 * @evidence: what was seen of a device
 */
struct pe_occurrence {
	struct list_head	list;
	enum pe_event		kind;
	char			name[PE_NAME_MAX + 1];
	u8			family;
	u8			mac[ETH_ALEN];
	union nf_inet_addr	addr;
	u8			state;
	u8			cause;
	u64			since;
	u64			best;
	u32			generation;
	char			evidence[PE_EVIDENCE_MAX + 1];
};

bool pe_event_iface(struct pe_net *pn, enum pe_event kind, const char *name);
void pe_event_claim(struct pe_net *pn, const struct pe_announce *a,
		    const u8 *mac);
void pe_event_device(struct pe_net *pn, const struct pe_object *obj,
		     const struct pe_health *health);
void pe_event_pool(struct pe_net *pn, const struct pe_pool *pool);
bool pe_event_overrun(struct pe_net *pn);
struct pe_occurrence *pe_event_next(struct pe_net *pn);

#endif /* _PE_EVENT_H */
