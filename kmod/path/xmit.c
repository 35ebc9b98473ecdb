// SPDX-License-Identifier: GPL-2.0-only
/* Handing a packet to a port: straight to the interface, past routing. */

#include <linux/etherdevice.h>
#include <net/arp.h>
#include <net/ip.h>
#include <net/ndisc.h>
#include <net/route.h>

#include "path.h"

/**
 * pe_xmit_ready() - can packets be handed to this port now?
 * @port: the port
 * @dev: out: its interface
 *
 * Context: RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_xmit_ready(const struct pe_port *port,
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
 * @skb: buffer; may move its data
 * @dev: interface it will leave by
 *
 * Return: PE_DROP_NONE or PE_DROP_NO_MEMORY.
 */
enum pe_drop pe_xmit_writable(struct sk_buff *skb,
			      const struct net_device *dev)
{
	unsigned int hlen = skb->protocol == htons(ETH_P_IP) ?
				    sizeof(struct iphdr) :
				    sizeof(struct ipv6hdr);

	if (unlikely(skb_cow(skb, LL_RESERVED_SPACE(dev)) ||
		     !pskb_may_pull(skb, hlen)))
		return PE_DROP_NO_MEMORY;
	return PE_DROP_NONE;
}

/**
 * pe_xmit_hop() - one hand-over less that the packet has left
 * @pkt: packet whose headers are writable and whose time to live is above 1
 */
void pe_xmit_hop(struct pe_packet *pkt)
{
	if (pkt->family == NFPROTO_IPV4)
		ip_decrease_ttl(ip_hdr(pkt->skb));
	else
		ipv6_hdr(pkt->skb)->hop_limit--;
}

/* The neighbour table knows, or finds out while it keeps the packet. */
static enum pe_drop pe_xmit_via(struct sk_buff *skb, u8 family,
				const struct pe_port *port,
				struct net_device *dev)
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
 * pe_xmit() - hand a packet to a port
 * @skb: buffer that pe_xmit_writable() prepared; consumed unless refused
 * @family: NFPROTO_*
 * @port: the port
 * @dev: its interface
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_xmit(struct sk_buff *skb, u8 family,
		     const struct pe_port *port, struct net_device *dev)
{
	struct ethhdr *eth;

	skb_forward_csum(skb);
	skb_clear_tstamp(skb);
	skb_dst_drop(skb);
	skb->dev = dev;
	if (port->kind == PE_PORT_KIND_VIA)
		return pe_xmit_via(skb, family, port, dev);

	eth = skb_push(skb, ETH_HLEN);
	skb_reset_mac_header(skb);
	pe_mac_put(eth->h_dest, READ_ONCE(port->mac));
	ether_addr_copy(eth->h_source, dev->dev_addr);
	eth->h_proto = skb->protocol;
	dev_queue_xmit(skb);
	return PE_DROP_NONE;
}
