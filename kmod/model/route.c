// SPDX-License-Identifier: GPL-2.0-only
/* The kernel is asked for a way once, and again when its answer expires. */

#include <linux/if_arp.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/route.h>
#include <net/xfrm.h>

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

/* Packets that see the old way are done with it after a grace period; so long
 * both memory and route stay, for both go by callbacks.
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
 * pe_route_forget() - let go of what the kernel answered, for good
 * @route: the way, or NULL
 *
 * Context: any; packets may still use it.
 */
void pe_route_forget(struct pe_route *route)
{
	if (!route)
		return;
	WRITE_ONCE(route->gone, true);
	/* Pairs with the exchange in pe_route_ask(), which looks afterwards. */
	pe_route_replace(route, NULL);
}

/**
 * pe_route_free() - free a way that was forgotten and that no packet sees
 * @route: the way, or NULL
 *
 * Context: any.
 */
void pe_route_free(struct pe_route *route)
{
	kfree(route);
}

/* IPsec has a say in what the kernel forwards. */
static bool pe_route_is_policed(const struct net *net)
{
#ifdef CONFIG_XFRM
	static const u8 dirs[] = { XFRM_POLICY_FWD, XFRM_POLICY_OUT };
	int i;

	for (i = 0; i < ARRAY_SIZE(dirs); i++)
		if (READ_ONCE(net->xfrm.policy_count[dirs[i]]) ||
		    READ_ONCE(net->xfrm.policy_default[dirs[i]]) !=
			    XFRM_USERPOLICY_ACCEPT)
			return true;
#endif
	return false;
}

/* One of several next hops is chosen by flow, and one of several default
 * routers by whether it answers: that is the kernel's to do.
 */
static bool pe_route_is_direct_ipv4(struct net *net,
				    const union nf_inet_addr *addr,
				    const struct dst_entry *dst)
{
	struct flowi4 fl4 = { .daddr = addr->ip };
	struct fib_result res;
	bool single;

	if (container_of(dst, struct rtable, dst)->rt_type != RTN_UNICAST)
		return false;
	rcu_read_lock();
	single = !fib_lookup(net, &fl4, &res, 0) && res.fi &&
		 fib_info_num_path(res.fi) == 1 &&
		 (res.prefixlen || res.table->tb_num_default <= 1);
	rcu_read_unlock();
	return single;
}

static bool pe_route_is_direct_ipv6(const struct dst_entry *dst)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);
	const struct fib6_info *from;
	bool single;

	if (rt->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST | RTF_REJECT))
		return false;
	rcu_read_lock();
	from = rcu_dereference(rt->from);
	single = from && !from->nh && !from->fib6_nsiblings &&
		 !(from->fib6_flags & RTF_ADDRCONF);
	rcu_read_unlock();
	return single;
}

/* Tunnels may want the route itself with the packet. */
static bool pe_route_is_direct(struct net *net, const struct pe_route *route,
			       const struct dst_entry *dst)
{
	if (dst->lwtstate || dst->dev->type != ARPHRD_ETHER ||
	    pe_route_is_policed(net))
		return false;
	return route->proto == NFPROTO_IPV4 ?
		       pe_route_is_direct_ipv4(net, &route->addr, dst) :
		       pe_route_is_direct_ipv6(dst);
}

/**
 * pe_route_look_up() - the kernel's route to an address
 * @net: namespace
 * @addr: the address
 * @proto: NFPROTO_* of it
 *
 * Context: any.
 * Return: the route with a reference, or NULL where there is none.
 */
struct dst_entry *pe_route_look_up(struct net *net,
				   const union nf_inet_addr *addr, u8 proto)
{
	struct dst_entry *dst = NULL;

	if (proto == NFPROTO_IPV4) {
		struct flowi4 fl4 = { .daddr = addr->ip };
		struct rtable *rt = ip_route_output_key(net, &fl4);

		if (!IS_ERR(rt))
			dst = &rt->dst;
	} else {
		struct flowi6 fl6 = { .daddr = addr->in6 };

		dst = ip6_route_output(net, NULL, &fl6);
		if (dst->error) {
			dst_release(dst);
			dst = NULL;
		}
	}
	return dst;
}

/**
 * pe_route_is_own() - is an address the engine's, or no other host's alone?
 * @net: namespace
 * @addr: the address
 * @proto: NFPROTO_* of it
 *
 * Context: any.
 */
bool pe_route_is_own(struct net *net, const void *addr, u8 proto)
{
	if (proto == NFPROTO_IPV4)
		return inet_addr_type(net, *(const __be32 *)addr) !=
		       RTN_UNICAST;
	return ipv6_chk_addr(net, addr, NULL, 0);
}

static u32 pe_route_cookie(const struct pe_route *route,
			   const struct dst_entry *dst)
{
	if (route->proto == NFPROTO_IPV4)
		return 0;
	return rt6_get_cookie(container_of(dst, struct rt6_info, dst));
}

/**
 * pe_route_ask() - ask the kernel for the way again
 * @net: namespace
 * @route: the way, whose answer is none or out of date
 *
 * Routes seldom change, so this is seldom called, though in the packet path.
 * Where there is no route every packet asks, as it would ask the kernel.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: as pe_route_direct().
 */
struct dst_entry *pe_route_ask(struct net *net, struct pe_route *route)
{
	struct dst_entry *dst;
	struct pe_way *way;

	dst = pe_route_look_up(net, &route->addr, route->proto);
	if (!dst)
		return NULL;
	way = kmalloc(sizeof(*way), GFP_ATOMIC | __GFP_NOWARN);
	if (!way) {
		dst_release(dst);
		return NULL;
	}
	way->dst = dst;
	way->cookie = pe_route_cookie(route, dst);
	way->direct = pe_route_is_direct(net, route, dst);
	dst = way->direct ? dst : NULL;
	pe_route_replace(route, way);
	if (unlikely(READ_ONCE(route->gone)))
		pe_route_replace(route, NULL);
	return dst;
}

static bool pe_route_is_on_link(const struct dst_entry *dst, u8 proto)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);
	const struct rt6_info *rt6 = container_of(dst, struct rt6_info, dst);

	if (proto == NFPROTO_IPV4)
		return rt->rt_type == RTN_UNICAST && !rt->rt_gw_family;
	return !(rt6->rt6i_flags & (RTF_LOCAL | RTF_ANYCAST | RTF_REJECT |
				    RTF_GATEWAY));
}

/**
 * pe_route_link() - the way to an address that must be on one of our links
 * @net: namespace
 * @route: the way to the address
 *
 * Where the link is gone, another route may lead to the address, but not to
 * what is meant by it.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: a route without a reference, which holds while the RCU read lock
 * does, or NULL where the address is on no link.
 */
struct dst_entry *pe_route_link(struct net *net, struct pe_route *route)
{
	const struct pe_way *way = rcu_dereference(route->way);

	if (unlikely(!way || !pe_way_holds(way, net, route->proto))) {
		pe_route_ask(net, route);
		way = rcu_dereference(route->way);
		if (!way || !pe_way_holds(way, net, route->proto))
			return NULL;
	}
	return pe_route_is_on_link(way->dst, route->proto) ? way->dst : NULL;
}
