/* SPDX-License-Identifier: GPL-2.0-only */
/* Service addresses that the engine answers for on a link. */
#ifndef _PE_ANNOUNCE_H
#define _PE_ANNOUNCE_H

#include <linux/netfilter.h>
#include <linux/rhashtable-types.h>

#include "iface.h"

struct pe_net;

/**
 * struct pe_announce - an address that is announced on an interface
 * @node: in pe_net.announces, by @addr
 * @addr: the address; zero behind one of IPv4
 * @iface: the interface
 * @family: NFPROTO_* of @addr
 * @list: in pe_net.announced
 * @versions: services that point here, live or not; under pe_net.lock
 * @services: live ones; it is answered for while there are any
 * @joined: interface on which its solicited-node group was joined, or NULL;
 *	under RTNL
 * @say: how often more it is to be said who has the address
 * @next: when to say it, in jiffies
 * @claimed: when another host's claim was told of, in jiffies
 * @rcu: freed when no packet can see it
 *
 * All services at an address that name the same interface share one. What
 * nobody points to any more is left and freed by the work, for leaving a group
 * needs RTNL.
 */
struct pe_announce {
	struct rhlist_head	node;
	union nf_inet_addr	addr;
	struct pe_iface		*iface;
	struct list_head	list;
	u32			versions;
	u32			services;
	struct net_device	*joined;
	unsigned long		next;
	unsigned long		claimed;
	u8			family;
	u8			say;
	struct rcu_head		rcu;
};

extern const struct rhashtable_params pe_announce_params;

struct pe_announce *pe_announce_get(struct pe_net *pn, struct pe_iface *iface,
				    const union nf_inet_addr *addr, u8 family);
void pe_announce_put(struct pe_net *pn, struct pe_announce *a);
void pe_announce_begin(struct pe_net *pn, struct pe_announce *a);
void pe_announce_end(struct pe_net *pn, struct pe_announce *a);
void pe_announce_free(struct pe_net *pn, struct pe_announce *a);
struct pe_announce *pe_announce_find(struct pe_net *pn, const void *addr,
				     u8 family, const struct net_device *dev);
void pe_announce_claim(struct pe_net *pn, struct pe_announce *a, const u8 *mac);
void pe_announce_again(struct pe_net *pn, const struct net_device *dev);
int pe_announce_part(struct pe_net *pn, const struct net_device *dev,
		     struct in6_addr *addrs, int n);
void pe_announce_wake(struct pe_net *pn);

#endif /* _PE_ANNOUNCE_H */
