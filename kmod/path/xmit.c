// SPDX-License-Identifier: GPL-2.0-only
/* Handing a packet to what the neighbour table has the address of. */

#include <net/mpls.h>
#include <net/arp.h>
#include <net/dst_metadata.h>
#include <net/ndisc.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "xmit.h"

/* While a neighbour is asked for, the kernel keeps packets for it, and to make
 * room loses older ones without a word: who comes last is told instead. Whoever
 * was asked for in vain before is not waited for. One packet more or less may fit
 * in, for there is no lock here.
 */
static noinline enum pe_drop pe_xmit_wait(struct sk_buff *skb,
					  struct neighbour *n, bool other,
					  bool lost)
{
	unsigned int queued = READ_ONCE(n->arp_queue_len_bytes);

	/* An empty queue takes everything. */
	if (lost || (queued && queued + skb->truesize >
				       NEIGH_VAR(n->parms, QUEUE_LEN_BYTES))) {
		neigh_event_send(n, NULL);
		return PE_DROP_NO_NEIGHBOUR;
	}
	neigh_output(n, skb, other);
	return PE_DROP_NONE;
}

/* @other: a cached header, which is of the neighbour's own family, does not fit. */
static __always_inline enum pe_drop pe_xmit_neighbour(struct sk_buff *skb,
						      struct neighbour *n,
						      bool other, bool lost)
{
	if (IS_ERR(n))
		return PE_DROP_NO_NEIGHBOUR;
	if (unlikely(!(READ_ONCE(n->nud_state) & NUD_VALID)))
		return pe_xmit_wait(skb, n, other, lost);
	neigh_output(n, skb, other);
	return PE_DROP_NONE;
}

/* The tunnel's interface puts the headers in front of the packet. */
static enum pe_drop pe_xmit_tunnel(struct sk_buff *skb,
				   const struct pe_port *port)
{
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	skb_dst_set_noref(skb, &port->tunnel->dst);
	dev_queue_xmit(skb);
	return PE_DROP_NONE;
}

/**
 * pe_xmit_via() - hand a packet to a port that has no address of its own
 * @skb: buffer with @skb->dev; consumed unless refused
 * @family: NFPROTO_*
 * @port: the port
 * @dev: its interface
 *
 * The neighbour table knows it, or finds out while it keeps the packet; or
 * the port is behind a tunnel.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_xmit_via(struct sk_buff *skb, u8 family,
			 const struct pe_port *port, struct net_device *dev)
{
	struct neighbour *n;
	bool other;

	if (port->kind == PE_PORT_KIND_TUNNEL)
		return pe_xmit_tunnel(skb, port);
	if (port->via_proto == NFPROTO_IPV4)
		n = ip_neigh_gw4(dev, port->via.ip);
	else
		n = ip_neigh_gw6(dev, &port->via.in6);
	other = family != port->via_proto || eth_p_mpls(skb->protocol) ||
		skb->protocol == htons(ETH_P_NSH);
	return pe_xmit_neighbour(skb, n, other, READ_ONCE(port->lost));
}

static __always_inline struct neighbour *
pe_next_hop_ipv4(const struct sk_buff *skb, const struct dst_entry *dst,
		 struct net_device *dev, bool *other)
{
	const struct rtable *rt = container_of(dst, struct rtable, dst);

	*other = rt->rt_gw_family == AF_INET6;
	if (*other)
		return ip_neigh_gw6(dev, &rt->rt_gw6);
	return ip_neigh_gw4(dev, rt->rt_gw_family ? rt->rt_gw4 :
						    pe_iph(skb)->daddr);
}

static __always_inline struct neighbour *
pe_next_hop_ipv6(const struct sk_buff *skb, const struct dst_entry *dst,
		 struct net_device *dev)
{
	const struct rt6_info *rt = container_of(dst, struct rt6_info, dst);

	return ip_neigh_gw6(dev, rt6_nexthop(rt, &pe_ip6h(skb)->daddr));
}

static __always_inline struct neighbour *
pe_next_hop(const struct sk_buff *skb, u8 family, const struct dst_entry *dst,
	    struct net_device *dev, bool *other)
{
	*other = false;
	return family == NFPROTO_IPV4 ?
		       pe_next_hop_ipv4(skb, dst, dev, other) :
		       pe_next_hop_ipv6(skb, dst, dev);
}

/**
 * pe_xmit_route_lladdr() - where pe_xmit_route() is going to send a packet
 * @skb: the packet
 * @family: NFPROTO_* of packet and route
 * @dst: the route
 * @dev: its interface, an Ethernet
 * @lladdr: out: the next hop's address, as it was while that is not known
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_xmit_route_lladdr(const struct sk_buff *skb, u8 family,
			  const struct dst_entry *dst, struct net_device *dev,
			  u8 *lladdr)
{
	struct neighbour *n;
	bool other;

	n = pe_next_hop(skb, family, dst, dev, &other);
	if (!IS_ERR(n) && READ_ONCE(n->nud_state) & NUD_VALID)
		neigh_ha_snapshot(lladdr, n, dev);
}

/**
 * pe_xmit_route() - hand a packet to the next hop of a route
 * @skb: buffer that pe_xmit_writable() prepared; consumed unless refused
 * @family: NFPROTO_* of packet and route
 * @dst: the route
 * @dev: its interface, which can change under us
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_xmit_route(struct sk_buff *skb, u8 family,
			   const struct dst_entry *dst, struct net_device *dev)
{
	struct neighbour *n;
	bool other;

	pe_xmit_clean(skb, dev);
	n = pe_next_hop(skb, family, dst, dev, &other);
	return pe_xmit_neighbour(skb, n, other, false);
}

/**
 * pe_xmit_next_lladdr() - where pe_xmit_next() is going to send a packet
 * @next: the next hop, on an Ethernet
 * @lladdr: out: its address, as it was while that is not known
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_xmit_next_lladdr(const struct pe_next *next, u8 *lladdr)
{
	struct neighbour *n = pe_next_neighbour(next);

	if (!IS_ERR(n) && READ_ONCE(n->nud_state) & NUD_VALID)
		neigh_ha_snapshot(lladdr, n, next->dev);
}

/**
 * pe_xmit_next() - hand a packet to the next hop of an exit
 * @skb: buffer that pe_xmit_writable() prepared; consumed unless refused
 * @family: NFPROTO_* of the packet
 * @next: the next hop
 *
 * While the neighbour is not known one packet waits for it. The kernel would
 * keep a hundred and lose them without a word.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_xmit_next(struct sk_buff *skb, u8 family,
			  const struct pe_next *next)
{
	struct neighbour *n = pe_next_neighbour(next);
	u8 state;

	if (IS_ERR(n))
		return PE_DROP_NO_NEIGHBOUR;
	state = READ_ONCE(n->nud_state);
	if (unlikely(!(state & NUD_VALID) && state != NUD_NONE)) {
		neigh_event_send(n, NULL);
		return PE_DROP_NO_NEIGHBOUR;
	}
	pe_xmit_clean(skb, next->dev);
	/* A cached header is of the neighbour's own family. */
	neigh_output(n, skb, family != next->via_proto);
	return PE_DROP_NONE;
}
