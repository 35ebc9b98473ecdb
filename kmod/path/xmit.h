/* SPDX-License-Identifier: GPL-2.0-only */
/* Handing a packet to a port: what every packet goes through. */
#ifndef _PE_XMIT_H
#define _PE_XMIT_H

#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <uapi/linux/pe.h>

#include "../model/exit.h"
#include "packet.h"

enum pe_drop pe_xmit_via(struct sk_buff *skb, u8 family,
			 const struct pe_port *port, struct net_device *dev);
void pe_xmit_next_lladdr(const struct pe_next *next, u8 *lladdr);
enum pe_drop pe_xmit_next(struct sk_buff *skb, u8 family,
			  const struct pe_next *next);
enum pe_drop pe_xmit_route(struct sk_buff *skb, u8 family,
			   const struct dst_entry *dst, struct net_device *dev);

void pe_xmit_route_lladdr(const struct sk_buff *skb, u8 family,
			  const struct dst_entry *dst, struct net_device *dev,
			  u8 *lladdr);

/**
 * pe_xmit_ready() - can packets be handed to this port now?
 * @port: the port
 * @dev: out: its interface
 *
 * Context: RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
static __always_inline enum pe_drop pe_xmit_ready(const struct pe_port *port,
						  struct net_device **dev)
{
	*dev = rcu_dereference(port->iface->dev);
	if (unlikely(!*dev))
		return PE_DROP_NO_INTERFACE;
	if (unlikely(!((*dev)->flags & IFF_UP) || !netif_carrier_ok(*dev)))
		return PE_DROP_INTERFACE_DOWN;
	if (unlikely(!READ_ONCE(port->mac) && port->kind != PE_PORT_KIND_VIA))
		return PE_DROP_NO_NEIGHBOUR;
	return PE_DROP_NONE;
}

/**
 * pe_xmit_writable() - make room for a link-layer header, and headers our own
 * @skb: buffer whose network header is linear, as the kernel's receive paths
 *	leave it; may move its data
 * @dev: interface it will leave by
 *
 * Return: PE_DROP_NONE or PE_DROP_NO_MEMORY.
 */
static __always_inline enum pe_drop
pe_xmit_writable(struct sk_buff *skb, const struct net_device *dev)
{
	if (unlikely(skb_cow(skb, LL_RESERVED_SPACE(dev))))
		return PE_DROP_NO_MEMORY;
	return PE_DROP_NONE;
}

/**
 * pe_xmit_hop() - one hand-over less that the packet has left
 * @skb: packet whose headers are writable and whose time to live is above 1
 * @family: NFPROTO_*
 */
static __always_inline void pe_xmit_hop(struct sk_buff *skb, u8 family)
{
	if (family == NFPROTO_IPV4)
		ip_decrease_ttl(pe_iph(skb));
	else
		pe_ip6h(skb)->hop_limit--;
}

/* What a packet knows of how it came means nothing where it goes. */
static __always_inline void pe_xmit_clean(struct sk_buff *skb,
					  struct net_device *dev)
{
	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	skb->dev = dev;
}

/**
 * pe_xmit_is_bound() - does a packet belong to a socket, connection or route?
 * @skb: buffer
 */
static __always_inline bool pe_xmit_is_bound(const struct sk_buff *skb)
{
	return (unsigned long)skb->sk | skb->_nfct | skb->_skb_refdst;
}

/**
 * pe_xmit_part() - part a packet from what it belongs to, which few do
 * @skb: buffer
 */
static __always_inline void pe_xmit_part(struct sk_buff *skb)
{
	if (likely(!pe_xmit_is_bound(skb)))
		return;
	skb_orphan(skb);
	nf_reset_ct(skb);
	skb_dst_drop(skb);
}

/**
 * pe_xmit() - hand a packet to a port
 * @skb: buffer that pe_xmit_writable() prepared, not bound to anything;
 *	consumed unless refused
 * @family: NFPROTO_*
 * @port: the port
 * @dev: its interface
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
static __always_inline enum pe_drop pe_xmit(struct sk_buff *skb, u8 family,
					    const struct pe_port *port,
					    struct net_device *dev)
{
	struct ethhdr *eth;

	pe_xmit_clean(skb, dev);
	if (port->kind >= PE_PORT_KIND_VIA)
		return pe_xmit_via(skb, family, port, dev);

	eth = __skb_push(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	pe_mac_put(eth->h_dest, READ_ONCE(port->mac));
	ether_addr_copy(eth->h_source, dev->dev_addr);
	eth->h_proto = skb->protocol;
	dev_queue_xmit(skb);
	return PE_DROP_NONE;
}

#endif /* _PE_XMIT_H */
