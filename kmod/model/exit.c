// SPDX-License-Identifier: GPL-2.0-only
/* Exits: their lifetime, and the next hop that they have for a packet. */

#include <linux/jhash.h>
#include <linux/slab.h>
#include <net/arp.h>
#include <net/ndisc.h>
#include <net/nexthop.h>
#include <uapi/linux/pe.h>

#include "exit.h"
#include "iface.h"
#include "netns.h"
#include "route.h"

/**
 * pe_exit_new() - an exit that leads nowhere yet
 *
 * Context: process context.
 * Return: the exit with one user, or NULL when memory is short.
 */
struct pe_exit *pe_exit_new(void)
{
	struct pe_exit *exit = kzalloc(sizeof(*exit), GFP_KERNEL_ACCOUNT);

	if (exit)
		exit->users = 1;
	return exit;
}

static void pe_exit_free_rcu(struct rcu_head *head)
{
	struct pe_exit *exit = container_of(head, struct pe_exit, rcu);

	pe_route_free(exit->route);
	kfree(exit);
}

/**
 * pe_exit_put() - one service less
 * @pn: namespace
 * @exit: exit, or NULL
 *
 * Context: process context, pe_net.lock held. Packets may see the exit for a
 * grace period after its last user went.
 */
void pe_exit_put(struct pe_net *pn, struct pe_exit *exit)
{
	if (!exit || --exit->users)
		return;
	pe_iface_put(pn, exit->iface);
	pe_route_forget(exit->route);
	call_rcu(&exit->rcu, pe_exit_free_rcu);
}

static enum pe_drop pe_exit_via(struct net *net, const struct pe_exit *exit,
				struct pe_next *next)
{
	struct dst_entry *dst;

	next->via = exit->via;
	next->via_proto = exit->via_proto;
	if (exit->iface) {
		next->dev = rcu_dereference(exit->iface->dev);
		if (!next->dev)
			return PE_DROP_NO_INTERFACE;
	} else {
		dst = pe_route_link(net, exit->route);
		if (!dst)
			return PE_DROP_NO_ROUTE;
		next->dev = READ_ONCE(dst->dev);
	}
	next->mtu = READ_ONCE(next->dev->mtu);
	return PE_DROP_NONE;
}

/* Not exported, and not to be made by asking for it. */
static struct fib_table *pe_exit_table_ipv4(struct net *net, u32 id)
{
#ifdef CONFIG_IP_MULTIPLE_TABLES
	struct fib_table *table;

	hlist_for_each_entry_rcu(table, &net->ipv4.fib_table_hash
					[id & (FIB_TABLE_HASHSZ - 1)], tb_hlist)
		if (table->tb_id == id)
			return table;
	return NULL;
#else
	return fib_get_table(net, id);
#endif
}

/* One of several next hops by what a flow keeps, addresses: each as often as it
 * weighs. What the look-up found is the first that is alive.
 */
static void pe_exit_select_ipv4(struct fib_result *res,
				const struct flowi4 *fl4)
{
	int hash = jhash_2words((__force u32)fl4->saddr,
				(__force u32)fl4->daddr, 0) >> 1;
	struct fib_nh_common *nhc;
	int i;

	if (res->fi->nh) {
		nexthop_path_fib_result(res, hash);
		return;
	}
	for (i = 0; i < fib_info_num_path(res->fi); i++) {
		nhc = fib_info_nhc(res->fi, i);
		if (nhc->nhc_flags & RTNH_F_DEAD ||
		    hash > atomic_read(&nhc->nhc_upper_bound))
			continue;
		res->nhc = nhc;
		return;
	}
}

static enum pe_drop pe_exit_route_ipv4(struct net *net, u32 id,
				       const union nf_inet_addr *saddr,
				       const union nf_inet_addr *daddr,
				       struct pe_next *next)
{
	struct flowi4 fl4 = { .saddr = saddr->ip, .daddr = daddr->ip };
	struct fib_table *table = pe_exit_table_ipv4(net, id);
	const struct fib_nh_common *nhc;
	struct fib_result res;

	if (!table || fib_table_lookup(table, &fl4, &res, FIB_LOOKUP_NOREF) ||
	    res.type != RTN_UNICAST)
		return PE_DROP_NO_ROUTE;
	if (fib_info_num_path(res.fi) > 1)
		pe_exit_select_ipv4(&res, &fl4);
	nhc = res.nhc;
	if (nhc->nhc_lwtstate || !nhc->nhc_dev)
		return PE_DROP_NO_ROUTE;
	next->dev = nhc->nhc_dev;
	next->via_proto = NFPROTO_IPV4;
	next->via.ip = daddr->ip;
	if (nhc->nhc_gw_family == AF_INET) {
		next->via.ip = nhc->nhc_gw.ipv4;
	} else if (nhc->nhc_gw_family) {
		next->via_proto = NFPROTO_IPV6;
		next->via.in6 = nhc->nhc_gw.ipv6;
	}
	next->mtu = READ_ONCE(next->dev->mtu);
	if (res.fi->fib_mtu)
		next->mtu = min(next->mtu, res.fi->fib_mtu);
	return PE_DROP_NONE;
}

static enum pe_drop pe_exit_route_ipv6(struct net *net, u32 id,
				       const union nf_inet_addr *saddr,
				       const union nf_inet_addr *daddr,
				       struct pe_next *next)
{
	struct flowi6 fl6 = { .saddr = saddr->in6, .daddr = daddr->in6 };
	struct fib6_table *table = fib6_get_table(net, id);
	const struct rt6_info *rt;

	if (!table)
		return PE_DROP_NO_ROUTE;
	/* The route of this CPU, which nobody frees under the RCU read lock. */
	rt = ip6_pol_route(net, table, 0, &fl6, NULL, RT6_LOOKUP_F_DST_NOREF);
	if (rt->dst.error || rt->dst.lwtstate ||
	    rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST | RTF_REJECT))
		return PE_DROP_NO_ROUTE;
	next->dev = READ_ONCE(rt->dst.dev);
	next->via_proto = NFPROTO_IPV6;
	next->via.in6 = *rt6_nexthop(rt, &daddr->in6);
	next->mtu = pe_route_mtu(&rt->dst, NFPROTO_IPV6);
	return PE_DROP_NONE;
}

/**
 * pe_exit_next() - where a packet goes from an exit
 * @net: namespace
 * @exit: the exit
 * @saddr: source address of the packet
 * @daddr: destination address of the packet
 * @proto: NFPROTO_* of the packet
 * @next: out: the next hop
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why it goes nowhere.
 */
enum pe_drop pe_exit_next(struct net *net, const struct pe_exit *exit,
			  const union nf_inet_addr *saddr,
			  const union nf_inet_addr *daddr, u8 proto,
			  struct pe_next *next)
{
	enum pe_drop reason;

	if (!exit->table)
		reason = pe_exit_via(net, exit, next);
	else if (proto == NFPROTO_IPV4)
		reason = pe_exit_route_ipv4(net, exit->table, saddr, daddr,
					    next);
	else
		reason = pe_exit_route_ipv6(net, exit->table, saddr, daddr,
					    next);
	if (reason)
		return reason;
	if (!(next->dev->flags & IFF_UP) || !netif_carrier_ok(next->dev))
		return PE_DROP_INTERFACE_DOWN;
	return PE_DROP_NONE;
}

/**
 * pe_next_neighbour() - what has a next hop's address on its link
 * @next: the next hop
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: the neighbour without a reference, or an error pointer.
 */
struct neighbour *pe_next_neighbour(const struct pe_next *next)
{
	return next->via_proto == NFPROTO_IPV4 ?
		       ip_neigh_gw4(next->dev, next->via.ip) :
		       ip_neigh_gw6(next->dev, &next->via.in6);
}

/**
 * pe_exit_ask() - have the next hop's neighbour asked for before a packet does
 * @pn: namespace
 * @exit: exit that becomes live
 *
 * Context: process context, pe_net.lock held.
 */
void pe_exit_ask(struct pe_net *pn, const struct pe_exit *exit)
{
	const union nf_inet_addr none = {};
	struct neighbour *n;
	struct pe_next next;

	/* What a table says depends on the packet. */
	if (exit->table)
		return;
	local_bh_disable();
	rcu_read_lock();
	if (!pe_exit_next(pn->net, exit, &none, &none, exit->via_proto,
			  &next)) {
		n = pe_next_neighbour(&next);
		if (!IS_ERR(n))
			neigh_event_send(n, NULL);
	}
	rcu_read_unlock();
	local_bh_enable();
}
