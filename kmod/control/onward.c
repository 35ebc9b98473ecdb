// SPDX-License-Identifier: GPL-2.0-only
/* The kernel is asked what it would do with a packet, and why not. */

#include <linux/inetdevice.h>
#include <linux/ip.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/addrconf.h>
#include <net/arp.h>
#include <net/ip6_route.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "../model/route.h"
#include "onward.h"

/* What the neighbour table knows without being asked to find out. */
static void pe_onward_neighbour(struct pe_onward *on, struct neigh_table *table,
				const void *key, struct net_device *dev)
{
	struct neighbour *n = neigh_lookup(table, key, dev);

	if (n && READ_ONCE(n->nud_state) & NUD_VALID) {
		neigh_ha_snapshot((char *)on->mac, n, dev);
		on->mac_known = true;
	} else {
		on->obstacle = PE_OBSTACLE_NO_NEIGHBOUR;
	}
	if (n)
		neigh_release(n);
}

static void pe_onward_next_hop(struct pe_onward *on,
			       const struct dst_entry *dst,
			       const union nf_inet_addr *to, u8 family)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);
	const struct rt6_info *rt6 = container_of(dst, struct rt6_info, dst);
	struct net_device *dev = dst->dev;
	struct in6_addr at;

	if (family == NFPROTO_IPV6) {
		at = *rt6_nexthop(rt6, (struct in6_addr *)&to->in6);
		pe_onward_neighbour(on, ipv6_stub->nd_tbl, &at, dev);
	} else if (rt->rt_gw_family == AF_INET6) {
		pe_onward_neighbour(on, ipv6_stub->nd_tbl, &rt->rt_gw6, dev);
	} else {
		pe_onward_neighbour(on, &arp_tbl, rt->rt_gw_family ?
				    &rt->rt_gw4 : &to->ip, dev);
	}
}

/**
 * pe_onward_route() - where a packet goes that takes a route
 * @on: out: where, and what is in its way
 * @dst: the route, NULL where there is none
 * @to: address that the packet is for
 * @family: NFPROTO_* of it
 *
 * Context: any, RCU read lock held.
 */
void pe_onward_route(struct pe_onward *on, const struct dst_entry *dst,
		     const union nf_inet_addr *to, u8 family)
{
	const struct net_device *dev;

	*on = (struct pe_onward) {};
	if (!dst || dst->error) {
		on->obstacle = PE_OBSTACLE_NO_ROUTE;
		return;
	}
	dev = dst->dev;
	strscpy(on->dev, dev->name, sizeof(on->dev));
	if (dev->flags & IFF_LOOPBACK)
		return;
	if (!netif_running(dev) || !netif_carrier_ok(dev))
		on->obstacle = PE_OBSTACLE_INTERFACE_DOWN;
	else if (!(dev->flags & IFF_NOARP) && dev->addr_len == ETH_ALEN)
		pe_onward_next_hop(on, dst, to, family);
}

/* As inet_rtm_getroute() does: a packet that could have come. */
static struct sk_buff *pe_onward_packet(const union nf_inet_addr *from,
					const union nf_inet_addr *to,
					struct net_device *iif)
{
	struct sk_buff *skb;
	struct iphdr *iph;

	skb = alloc_skb(sizeof(*iph) + sizeof(struct udphdr), GFP_ATOMIC);
	if (!skb)
		return NULL;
	skb_reset_mac_header(skb);
	skb_reset_network_header(skb);
	skb->protocol = htons(ETH_P_IP);
	skb->dev = iif;
	iph = skb_put_zero(skb, sizeof(*iph));
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->ttl = IPDEFTTL;
	iph->protocol = IPPROTO_UDP;
	iph->saddr = from->ip;
	iph->daddr = to->ip;
	skb_set_transport_header(skb, skb->len);
	skb_put_zero(skb, sizeof(struct udphdr));
	return skb;
}

static void pe_onward_forwarded_ipv4(struct pe_onward *on,
				     const union nf_inet_addr *from,
				     const union nf_inet_addr *to,
				     struct net_device *iif)
{
	struct in_device *in = __in_dev_get_rcu(iif);
	struct sk_buff *skb;
	int err;

	*on = (struct pe_onward) { .obstacle = PE_OBSTACLE_NO_ROUTE };
	skb = pe_onward_packet(from, to, iif);
	if (!skb)
		return;
	err = ip_route_input_noref(skb, to->ip, from->ip, 0, iif);
	if (err == -EXDEV || err == -EINVAL)
		on->obstacle = PE_OBSTACLE_SOURCE;
	else if (!err)
		pe_onward_route(on, skb_dst(skb), to, NFPROTO_IPV4);
	/* The kernel says so by a route that refuses. */
	if (on->obstacle == PE_OBSTACLE_NO_ROUTE && in && !IN_DEV_FORWARD(in))
		on->obstacle = PE_OBSTACLE_FORWARDING_OFF;
	kfree_skb(skb);
}

static void pe_onward_forwarded_ipv6(struct pe_onward *on, struct net *net,
				     const union nf_inet_addr *from,
				     const union nf_inet_addr *to,
				     struct net_device *iif)
{
	struct flowi6 fl6 = {
		.flowi6_iif = iif->ifindex,
		.daddr = to->in6,
		.saddr = from->in6,
	};
	struct dst_entry *dst;

	dst = ip6_route_input_lookup(net, iif, &fl6, NULL,
				     RT6_LOOKUP_F_HAS_SADDR);
	pe_onward_route(on, dst, to, NFPROTO_IPV6);
	if (!(dst->dev->flags & IFF_LOOPBACK) &&
	    !READ_ONCE(net->ipv6.devconf_all->forwarding))
		on->obstacle = PE_OBSTACLE_FORWARDING_OFF;
	dst_release(dst);
}

/**
 * pe_onward_forwarded() - where the kernel forwards a packet that it has got
 * @on: out: where, and what is in its way
 * @net: namespace
 * @from: address that the packet is from
 * @to: address that it is for
 * @family: NFPROTO_* of them
 * @iif: interface that it came by, or NULL where that is not known
 *
 * Context: process context.
 */
void pe_onward_forwarded(struct pe_onward *on, struct net *net,
			 const union nf_inet_addr *from,
			 const union nf_inet_addr *to, u8 family,
			 struct net_device *iif)
{
	struct dst_entry *dst;

	local_bh_disable();
	rcu_read_lock();
	if (!iif) {
		dst = pe_route_look_up(net, to, family);
		pe_onward_route(on, dst, to, family);
		dst_release(dst);
	} else if (family == NFPROTO_IPV4) {
		pe_onward_forwarded_ipv4(on, from, to, iif);
	} else {
		pe_onward_forwarded_ipv6(on, net, from, to, iif);
	}
	rcu_read_unlock();
	local_bh_enable();
}
