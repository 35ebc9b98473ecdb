// SPDX-License-Identifier: GPL-2.0-only
/* Handing a packet to what the neighbour table has the address of. */

#include <net/arp.h>
#include <net/ndisc.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "xmit.h"

/**
 * pe_xmit_via() - hand a packet to a port whose address is a neighbour's
 * @skb: buffer with @skb->dev; consumed unless refused
 * @family: NFPROTO_*
 * @port: the port
 * @dev: its interface
 *
 * The neighbour table knows, or finds out while it keeps the packet.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_xmit_via(struct sk_buff *skb, u8 family,
			 const struct pe_port *port, struct net_device *dev)
{
	struct neighbour *n;

	if (port->via_proto == NFPROTO_IPV4)
		n = ip_neigh_gw4(dev, port->via.ip);
	else
		n = ip_neigh_gw6(dev, &port->via.in6);
	if (IS_ERR(n))
		return PE_DROP_NO_NEIGHBOUR;
	/* A cached header is of the neighbour's own family. */
	neigh_output(n, skb, family != port->via_proto);
	return PE_DROP_NONE;
}

/**
 * pe_xmit_route() - hand a packet to the next hop of a route
 * @skb: buffer that pe_xmit_writable() prepared; consumed unless refused
 * @family: NFPROTO_* of packet and route
 * @dst: the route
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_xmit_route(struct sk_buff *skb, u8 family,
			   struct dst_entry *dst)
{
	bool is_v6gw = family == NFPROTO_IPV6;
	struct neighbour *n;

	pe_xmit_clean(skb, dst->dev);
	if (family == NFPROTO_IPV4)
		n = ip_neigh_for_gw((struct rtable *)dst, skb, &is_v6gw);
	else
		n = ip_neigh_gw6(dst->dev,
				 rt6_nexthop((struct rt6_info *)dst,
					     &pe_ip6h(skb)->daddr));
	if (IS_ERR(n))
		return PE_DROP_NO_NEIGHBOUR;
	/* A cached header is of the neighbour's own family. */
	neigh_output(n, skb, family == NFPROTO_IPV4 && is_v6gw);
	return PE_DROP_NONE;
}
