// SPDX-License-Identifier: GPL-2.0-only
/* The kernel is asked for a way once, and again when its answer expires. */

#include <linux/slab.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "route.h"

/**
 * pe_route_new() - the way to an address, not asked for yet
 * @addr: the address
 * @proto: NFPROTO_* of @addr
 *
 * Context: process context.
 * Return: the route, or NULL when memory is short.
 */
struct pe_route *pe_route_new(const union nf_inet_addr *addr, u8 proto)
{
	struct pe_route *route;

	route = kzalloc(sizeof(*route), GFP_KERNEL_ACCOUNT);
	if (!route)
		return NULL;
	route->addr = *addr;
	route->proto = proto;
	return route;
}

/* Packets that see the old way are done with it after a grace period, and so
 * long the route itself stays, too: its memory goes by a callback.
 */
static void pe_route_replace(struct pe_route *route, struct pe_way *way)
{
	struct pe_way *old;

	old = unrcu_pointer(xchg(&route->way, RCU_INITIALIZER(way)));
	if (!old)
		return;
	dst_release(old->dst);
	kfree_rcu(old, rcu);
}

/**
 * pe_route_forget() - let go of what the kernel answered
 * @route: the way, or NULL
 *
 * Context: any; packets may still use it.
 */
void pe_route_forget(struct pe_route *route)
{
	if (route)
		pe_route_replace(route, NULL);
}

/**
 * pe_route_free() - free a way that no packet sees any more
 * @route: the way, or NULL
 *
 * Context: any.
 */
void pe_route_free(struct pe_route *route)
{
	/* A packet may have asked after it was forgotten. */
	pe_route_forget(route);
	kfree(route);
}

/* IPsec has a say in what the kernel forwards. */
static bool pe_route_is_policed(const struct net *net)
{
#ifdef CONFIG_XFRM
	return net->xfrm.policy_count[XFRM_POLICY_FWD] ||
	       net->xfrm.policy_count[XFRM_POLICY_OUT];
#else
	return false;
#endif
}

/* One of several next hops is chosen by flow, which is the kernel's to do. */
static bool pe_route_is_single_ipv4(struct net *net, struct flowi4 *fl4)
{
	struct fib_result res;
	bool single;

	rcu_read_lock();
	single = !fib_lookup(net, fl4, &res, 0) && res.fi &&
		 fib_info_num_path(res.fi) == 1;
	rcu_read_unlock();
	return single;
}

static struct dst_entry *pe_route_look_up_ipv4(struct net *net,
					       const struct pe_route *route,
					       bool *direct)
{
	struct flowi4 fl4 = { .daddr = route->addr.ip };
	struct flowi4 again = fl4;
	struct rtable *rt;

	rt = ip_route_output_key(net, &fl4);
	if (IS_ERR(rt))
		return NULL;
	*direct = rt->rt_type == RTN_UNICAST &&
		  pe_route_is_single_ipv4(net, &again);
	return &rt->dst;
}

static bool pe_route_is_single_ipv6(const struct rt6_info *rt)
{
	const struct fib6_info *from;
	bool single;

	rcu_read_lock();
	from = rcu_dereference(rt->from);
	single = from && !from->nh && !from->fib6_nsiblings;
	rcu_read_unlock();
	return single;
}

static struct dst_entry *pe_route_look_up_ipv6(struct net *net,
					       const struct pe_route *route,
					       bool *direct)
{
	struct flowi6 fl6 = { .daddr = route->addr.in6 };
	struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);
	const struct rt6_info *rt = (struct rt6_info *)dst;

	if (dst->error) {
		dst_release(dst);
		return NULL;
	}
	*direct = !(rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST | RTF_REJECT)) &&
		  pe_route_is_single_ipv6(rt);
	return dst;
}

static u32 pe_route_cookie(const struct pe_route *route,
			   const struct dst_entry *dst)
{
	if (route->proto == NFPROTO_IPV4)
		return 0;
	return rt6_get_cookie((const struct rt6_info *)dst);
}

/**
 * pe_route_ask() - ask the kernel for the way again
 * @net: namespace
 * @route: the way, whose answer is none or out of date
 *
 * Routes seldom change, so this is seldom called, though in the packet path.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: as pe_route_direct().
 */
struct dst_entry *pe_route_ask(struct net *net, struct pe_route *route)
{
	struct dst_entry *dst;
	struct pe_way *way;
	bool direct = false;

	dst = route->proto == NFPROTO_IPV4 ?
		      pe_route_look_up_ipv4(net, route, &direct) :
		      pe_route_look_up_ipv6(net, route, &direct);
	if (!dst)
		return NULL;
	way = kmalloc(sizeof(*way), GFP_ATOMIC | __GFP_NOWARN);
	if (!way) {
		dst_release(dst);
		return NULL;
	}
	way->dst = dst;
	way->cookie = pe_route_cookie(route, dst);
	way->direct = direct && !dst->lwtstate && !pe_route_is_policed(net);
	pe_route_replace(route, way);
	return way->direct ? dst : NULL;
}
