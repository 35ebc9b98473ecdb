/* SPDX-License-Identifier: GPL-2.0-only */
/* Where packets of a service leave its sequence, other than by the kernel's
 * route to where they are going.
 */
#ifndef _PE_EXIT_H
#define _PE_EXIT_H

#include <linux/netfilter.h>
#include <linux/rcupdate.h>

struct dst_entry;
struct neighbour;
struct net;
struct net_device;
struct pe_iface;
struct pe_net;
struct pe_route;
struct sk_buff;
enum pe_drop;

/**
 * struct pe_exit - a next hop or a routing table
 * @iface: interface that @via is at, NULL where the kernel's route tells
 * @route: the way to @via, where @iface is NULL and @table is 0
 * @via: next hop, where @table is 0
 * @via_proto: NFPROTO_* of @via
 * @table: routing table, 0 where there is a next hop
 * @users: versions of services; under pe_net.lock
 * @rcu: freed when no packet can see it
 *
 * Immutable once live, but for what pe_route says.
 */
struct pe_exit {
	struct pe_iface		*iface;
	struct pe_route		*route;
	union nf_inet_addr	via;
	u8			via_proto;
	u32			table;
	u32			users;
	struct rcu_head		rcu;
};

/**
 * struct pe_next - where one packet goes from an exit
 * @dev: interface
 * @via: next hop
 * @via_proto: NFPROTO_* of @via
 * @mtu: bytes that fit, from the network header on
 */
struct pe_next {
	struct net_device	*dev;
	union nf_inet_addr	via;
	u8			via_proto;
	unsigned int		mtu;
};

struct pe_exit *pe_exit_new(void);
void pe_exit_put(struct pe_net *pn, struct pe_exit *exit);
enum pe_drop pe_exit_next(struct net *net, const struct pe_exit *exit,
			  const union nf_inet_addr *saddr,
			  const union nf_inet_addr *daddr, u8 proto,
			  struct pe_next *next);
struct neighbour *pe_next_neighbour(const struct pe_next *next);
void pe_exit_ask(struct pe_net *pn, const struct pe_exit *exit);

#endif /* _PE_EXIT_H */
