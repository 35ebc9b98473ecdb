/* SPDX-License-Identifier: GPL-2.0-only */
/* How the kernel reaches a server that is addressed by its own address. */
#ifndef _PE_ROUTE_H
#define _PE_ROUTE_H

#include <linux/netfilter.h>
#include <linux/rcupdate.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/route.h>

/**
 * struct pe_way - the kernel's answer when it was last asked
 * @dst: route, a reference is held
 * @cookie: what dst_check() wants
 * @direct: packets can be handed to the next hop as they are; otherwise they
 *	have to go through the kernel's own forwarding
 * @rcu: freed when no packet sees it
 */
struct pe_way {
	struct dst_entry	*dst;
	u32			cookie;
	bool			direct;
	struct rcu_head		rcu;
};

/**
 * struct pe_route - the way to an address
 * @addr: the address
 * @proto: NFPROTO_* of @addr
 * @gone: forgotten: nobody lets go of another answer any more
 * @way: NULL until the first packet asks, and replaced when it holds no more
 *
 * Lives and dies with the version of the device whose address it is.
 */
struct pe_route {
	union nf_inet_addr	addr;
	u8			proto;
	bool			gone;
	struct pe_way __rcu	*way;
};

struct pe_route *pe_route_new(const union nf_inet_addr *addr, u8 proto);
void pe_route_forget(struct pe_route *route);
void pe_route_free(struct pe_route *route);
struct dst_entry *pe_route_ask(struct net *net, struct pe_route *route);
struct dst_entry *pe_route_look_up(struct net *net,
				   const union nf_inet_addr *addr, u8 proto);

bool pe_route_is_own(struct net *net, const void *addr, u8 proto);
struct dst_entry *pe_route_link(struct net *net, struct pe_route *route);

/* With rules, or with routes for some sources only, the way depends on more
 * than the address.
 */
static inline bool pe_route_depends(const struct net *net, u8 proto)
{
	return proto == NFPROTO_IPV4 ? fib4_has_custom_rules(net) :
				       fib6_has_custom_rules(net) ||
					       fib6_routes_require_src(net);
}

/**
 * pe_route_mtu() - bytes that may be forwarded along a route
 * @dst: route
 * @proto: NFPROTO_* of it
 */
static inline unsigned int pe_route_mtu(const struct dst_entry *dst, u8 proto)
{
	return proto == NFPROTO_IPV4 ?
		       ip_dst_mtu_maybe_forward(dst, true) :
		       ip6_dst_mtu_maybe_forward(dst, true);
}

/* dst_check(), without calls for the family that most packets are of. */
static __always_inline bool pe_way_holds(const struct pe_way *way,
					 const struct net *net, u8 proto)
{
	struct dst_entry *dst = way->dst;

	if (proto == NFPROTO_IPV4)
		return READ_ONCE(dst->obsolete) == DST_OBSOLETE_FORCE_CHK &&
		       container_of(dst, struct rtable, dst)->rt_genid ==
			       rt_genid_ipv4(net);
	return dst_check(dst, way->cookie);
}

/**
 * pe_route_direct() - the route to hand a packet to, past the kernel's own
 * @net: namespace
 * @route: the way to a server
 * @proto: NFPROTO_* of its address, perhaps known to the compiler
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: a route without a reference, which holds while the RCU read lock
 * does, or NULL where packets have to be left to the kernel.
 */
static __always_inline struct dst_entry *
pe_route_direct(struct net *net, struct pe_route *route, u8 proto)
{
	const struct pe_way *way = rcu_dereference(route->way);

	if (unlikely(pe_route_depends(net, proto)))
		return NULL;
	if (unlikely(!way || !pe_way_holds(way, net, proto)))
		return pe_route_ask(net, route);
	return likely(way->direct) ? way->dst : NULL;
}

#endif /* _PE_ROUTE_H */
