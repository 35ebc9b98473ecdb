// SPDX-License-Identifier: GPL-2.0-only
/* Answering for announced addresses: ARP and neighbour discovery. */

#include <linux/if_arp.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_ipv6.h>
#include <net/addrconf.h>
#include <net/arp.h>
#include <net/ip6_checksum.h>
#include <net/ndisc.h>

#include "../compat.h"
#include "../model/announce.h"
#include "../netns.h"
#include "path.h"

/* An ARP message between Ethernet and IPv4, as on the wire. */
struct pe_arp {
	struct arphdr		head;
	u8			sha[ETH_ALEN];
	__be32			sip;
	u8			tha[ETH_ALEN];
	__be32			tip;
} __packed;

/* The kernel has seen to the lengths of the addresses. */
static const struct pe_arp *pe_arp_of(const struct sk_buff *skb)
{
	const struct pe_arp *arp = (const void *)arp_hdr(skb);

	if (skb->dev->addr_len != ETH_ALEN ||
	    arp->head.ar_pro != htons(ETH_P_IP) ||
	    (arp->head.ar_hrd != htons(ARPHRD_ETHER) &&
	     arp->head.ar_hrd != htons(ARPHRD_IEEE802)) ||
	    !is_valid_ether_addr(arp->sha))
		return NULL;
	return arp;
}

/* The kernel sees the message as well, and learns from it what it ever does.
 * It knows nothing of the address, so the answer is ours alone.
 */
static unsigned int pe_announce_arp(void *priv, struct sk_buff *skb,
				    const struct nf_hook_state *state)
{
	const struct pe_arp *arp = pe_arp_of(skb);
	struct net_device *dev = skb->dev;
	struct pe_net *pn = priv;
	struct pe_announce *a;
	__be32 sip, tip;

	if (!arp || ether_addr_equal(arp->sha, dev->dev_addr))
		return NF_ACCEPT;
	sip = get_unaligned(&arp->sip);
	tip = get_unaligned(&arp->tip);
	a = pe_announce_find(pn, &sip, NFPROTO_IPV4, dev);
	if (unlikely(a))
		pe_announce_claim(pn, a, arp->sha);
	else if (arp->head.ar_op == htons(ARPOP_REQUEST) &&
		 pe_announce_find(pn, &tip, NFPROTO_IPV4, dev))
		arp_send(ARPOP_REPLY, ETH_P_ARP, sip, dev, tip, arp->sha,
			 dev->dev_addr, arp->sha);
	return NF_ACCEPT;
}

/* Template; pe_net has a copy with the namespace as @priv. */
const struct nf_hook_ops pe_announce_arp_ops = {
	.hook		= pe_announce_arp,
	.pf		= NFPROTO_ARP,
	.hooknum	= NF_ARP_IN,
	.priority	= 0,
};

/* An option that holds a link-layer address of Ethernet. */
struct pe_nd_lladdr {
	u8			type;
	u8			len;	/* in eights of bytes */
	u8			mac[ETH_ALEN];
};

/* A message of neighbour discovery about a target, without options. */
struct pe_nd {
	struct icmp6hdr		icmp;
	struct in6_addr		target;
};

/* An advertisement. */
struct pe_nd_na {
	struct pe_nd		nd;
	struct pe_nd_lladdr	lladdr;
};

/* The address that the option of this type holds. RFC 4861, section 7.1: a
 * message with an option of no length is none.
 */
static bool pe_nd_option(const struct sk_buff *skb, u8 type, u8 *mac)
{
	unsigned int off = sizeof(struct ipv6hdr) + sizeof(struct pe_nd);
	const struct pe_nd_lladdr *opt;
	struct pe_nd_lladdr _opt;

	eth_zero_addr(mac);
	for (; off < skb->len; off += opt->len * 8) {
		opt = skb_header_pointer(skb, off, sizeof(_opt), &_opt);
		if (!opt || !opt->len || off + opt->len * 8 > skb->len)
			return false;
		if (opt->type != type)
			continue;
		if (opt->len != sizeof(_opt) / 8)
			return false;
		ether_addr_copy(mac, opt->mac);
	}
	return true;
}

static void pe_nd_fill(struct pe_nd_na *na, const struct ipv6hdr *ip6h,
		       const u8 *mac, bool solicited)
{
	*na = (struct pe_nd_na) {
		.nd.icmp.icmp6_type = NDISC_NEIGHBOUR_ADVERTISEMENT,
		.nd.icmp.icmp6_solicited = solicited,
		.nd.icmp.icmp6_override = 1,
		.nd.target = ip6h->saddr,
		.lladdr.type = ND_OPT_TARGET_LL_ADDR,
		.lladdr.len = sizeof(na->lladdr) / 8,
	};
	ether_addr_copy(na->lladdr.mac, mac);
	na->nd.icmp.icmp6_cksum =
		csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, sizeof(*na),
				IPPROTO_ICMPV6,
				csum_partial(na, sizeof(*na), 0));
}

/* From the address itself, which the engine needs no other for; straight to
 * who asked, who may be no neighbour as the kernel's routes have it.
 */
static void pe_nd_advertise(struct net_device *dev, const struct in6_addr *addr,
			    const struct in6_addr *to, const u8 *mac,
			    bool solicited)
{
	int room = LL_RESERVED_SPACE(dev);
	struct ipv6hdr *ip6h;
	struct sk_buff *skb;
	struct pe_nd_na *na;

	skb = alloc_skb(room + sizeof(*ip6h) + sizeof(*na) +
			dev->needed_tailroom, GFP_ATOMIC);
	if (!skb)
		return;
	skb_reserve(skb, room);
	skb_reset_network_header(skb);
	ip6h = skb_put(skb, sizeof(*ip6h));
	ip6_flow_hdr(ip6h, 0, 0);
	ip6h->payload_len = htons(sizeof(*na));
	ip6h->nexthdr = IPPROTO_ICMPV6;
	ip6h->hop_limit = 255;
	ip6h->saddr = *addr;
	ip6h->daddr = *to;
	skb_set_transport_header(skb, sizeof(*ip6h));
	na = skb_put(skb, sizeof(*na));
	pe_nd_fill(na, ip6h, dev->dev_addr, solicited);
	skb->protocol = htons(ETH_P_IPV6);
	skb->priority = TC_PRIO_CONTROL;
	skb->dev = dev;
	if (dev_hard_header(skb, dev, ETH_P_IPV6, mac, dev->dev_addr,
			    skb->len) < 0)
		kfree_skb(skb);
	else
		dev_queue_xmit(skb);
}

static void pe_nd_advertise_all(struct net_device *dev,
				const struct in6_addr *addr)
{
	u8 mac[ETH_ALEN];

	ipv6_eth_mc_map(&in6addr_linklocal_allnodes, mac);
	pe_nd_advertise(dev, addr, &in6addr_linklocal_allnodes, mac, false);
}

/* RFC 4861, section 7.2.4; who asks for itself (RFC 4862, section 5.4.3) has
 * no address yet to be answered at.
 */
static bool pe_nd_answer(struct sk_buff *skb, const struct in6_addr *target)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	u8 mac[ETH_ALEN];

	if (!pe_nd_option(skb, ND_OPT_SOURCE_LL_ADDR, mac))
		return false;
	if (ipv6_addr_any(&ip6h->saddr)) {
		if (!ipv6_addr_is_solict_mult(&ip6h->daddr) ||
		    !is_zero_ether_addr(mac))
			return false;
		pe_nd_advertise_all(skb->dev, target);
		return true;
	}
	if (!(ipv6_addr_type(&ip6h->saddr) & IPV6_ADDR_UNICAST))
		return false;
	if (is_zero_ether_addr(mac))
		ether_addr_copy(mac, eth_hdr(skb)->h_source);
	if (!is_valid_ether_addr(mac))
		return false;
	pe_nd_advertise(skb->dev, target, &ip6h->saddr, mac, true);
	return true;
}

static bool pe_nd_is_claim(const struct sk_buff *skb, const struct pe_nd *nd,
			   u8 *mac)
{
	return !(ipv6_addr_is_multicast(&ipv6_hdr(skb)->daddr) &&
		 nd->icmp.icmp6_solicited) &&
	       pe_nd_option(skb, ND_OPT_TARGET_LL_ADDR, mac) &&
	       is_valid_ether_addr(mac) &&
	       !ether_addr_equal(mac, skb->dev->dev_addr);
}

/* What every message of neighbour discovery must be, and one with a target. */
static bool pe_nd_read(const struct sk_buff *skb, struct pe_nd *nd)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);

	return ip6h->nexthdr == IPPROTO_ICMPV6 && ip6h->hop_limit == 255 &&
	       !skb_copy_bits(skb, sizeof(*ip6h), nd, sizeof(*nd)) &&
	       !nd->icmp.icmp6_code &&
	       (nd->icmp.icmp6_type == NDISC_NEIGHBOUR_SOLICITATION ||
		nd->icmp.icmp6_type == NDISC_NEIGHBOUR_ADVERTISEMENT) &&
	       !ipv6_addr_is_multicast(&nd->target);
}

/**
 * pe_announce_heard() - a message of the link, which may be about an address
 * that is announced there
 * @pn: namespace
 * @skb: packet of IPv6
 *
 * Return: NF_STOLEN where it was answered, NF_ACCEPT for what is the kernel's.
 */
unsigned int pe_announce_heard(struct pe_net *pn, struct sk_buff *skb)
{
	struct pe_announce *a;
	u8 mac[ETH_ALEN];
	struct pe_nd nd;

	if (!READ_ONCE(pn->announcing[PE_IPV6]) ||
	    skb->mac_len != ETH_HLEN || nf_bridge_info_exists(skb) ||
	    !pe_nd_read(skb, &nd))
		return NF_ACCEPT;
	a = pe_announce_find(pn, &nd.target, NFPROTO_IPV6, skb->dev);
	if (!a || nf_ip6_checksum(skb, NF_INET_PRE_ROUTING,
				  sizeof(struct ipv6hdr), IPPROTO_ICMPV6))
		return NF_ACCEPT;
	if (nd.icmp.icmp6_type == NDISC_NEIGHBOUR_ADVERTISEMENT) {
		if (pe_nd_is_claim(skb, &nd, mac))
			pe_announce_claim(pn, a, mac);
		return NF_ACCEPT;
	}
	if (!pe_nd_answer(skb, &nd.target))
		return NF_ACCEPT;
	consume_skb(skb);
	return NF_STOLEN;
}

/**
 * pe_announce_send() - say that the engine has an address
 * @a: the address
 * @dev: its interface
 *
 * Context: RTNL held.
 */
void pe_announce_send(const struct pe_announce *a, struct net_device *dev)
{
	if (a->family == NFPROTO_IPV4)
		arp_send(ARPOP_REQUEST, ETH_P_ARP, a->addr.ip, dev, a->addr.ip,
			 NULL, dev->dev_addr, NULL);
	else
		pe_nd_advertise_all(dev, &a->addr.in6);
}
