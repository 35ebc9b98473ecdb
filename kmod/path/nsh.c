// SPDX-License-Identifier: GPL-2.0-only
/* The network service header, RFC 8300. */

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/netfilter.h>
#include <net/nsh.h>
#include <net/tun_proto.h>

#include "nsh.h"

/*
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |Ver|O|U|    TTL    |   Length  |U|U|U|U|MD Type| Next Protocol |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |          Service Path Identifier              | Service Index |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ~                        Context Header(s)                      ~
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *
 * What is sent has MD type 1, whose four words of context are 0: every
 * implementation has to know both types, but Open vSwitch's kernel datapath
 * makes no header of type 2 without metadata. Its next protocol is IPv4 or
 * IPv6: what the Ethernet header said is of no use to the device, and a tunnel
 * carries the packet as it is. What comes back can have either type, and an
 * Ethernet header inside.
 */

/* An OAM packet, of which we know nothing; among the flags in front of the TTL. */
#define PE_NSH_O	0x2

static bool pe_nsh_is_valid(const struct nshhdr *nh)
{
	u16 len = nsh_hdr_len(nh);

	if (nsh_get_ver(nh) || nsh_get_flags(nh) & PE_NSH_O)
		return false;
	switch (nh->mdtype & NSH_MDTYPE_MASK) {
	case NSH_M_TYPE1:
		return len == NSH_M_TYPE1_LEN;
	case NSH_M_TYPE2:
		return true;
	default:
		return false;
	}
}

/* RFC 8300, section 2.2: one less, before the packet is looked up; what comes
 * with 0 has 63 left.
 */
static u8 pe_nsh_left(const struct nshhdr *nh)
{
	return nsh_get_ttl(nh) ? nsh_get_ttl(nh) - 1 : PE_NSH_TTL;
}

/* Where the packet begins that the header is in front of, 0 where that is no IP
 * packet.
 */
static unsigned int pe_nsh_inner(const struct sk_buff *skb, unsigned int off,
				 u8 np, u8 *family)
{
	__be16 proto = tun_p_to_eth_p(np);
	const struct ethhdr *eth;
	struct ethhdr _eth;

	if (np == TUN_P_ETHERNET) {
		eth = skb_header_pointer(skb, off, sizeof(_eth), &_eth);
		if (!eth)
			return 0;
		proto = eth->h_proto;
		off += sizeof(*eth);
	}
	switch (proto) {
	case htons(ETH_P_IP):
		*family = NFPROTO_IPV4;
		return off;
	case htons(ETH_P_IPV6):
		*family = NFPROTO_IPV6;
		return off;
	default:
		return 0;
	}
}

/**
 * pe_nsh_read() - what a network service header says
 * @skb: buffer, data at the header; nothing is changed
 * @nsh: out: what it says
 *
 * Return: false where that cannot be told. A header that is told may be one
 * that cannot be taken: see @nsh->reason.
 */
bool pe_nsh_read(const struct sk_buff *skb, struct pe_nsh *nsh)
{
	const struct nshhdr *nh;
	u32 base[NSH_BASE_HDR_LEN / sizeof(u32)];

	nh = skb_header_pointer(skb, 0, NSH_BASE_HDR_LEN, base);
	if (!nh || nsh_hdr_len(nh) < NSH_BASE_HDR_LEN)
		return false;
	nsh->len = pe_nsh_inner(skb, nsh_hdr_len(nh), nh->np, &nsh->family);
	if (!nsh->len)
		return false;
	nsh->code = ntohl(nh->path_hdr);
	nsh->reason = PE_DROP_NONE;
	if (!pe_nsh_is_valid(nh))
		nsh->reason = PE_DROP_MALFORMED;
	else if (!pe_nsh_left(nh))
		nsh->reason = PE_DROP_TTL;
	return true;
}

/**
 * pe_nsh_came() - the header that the hook at the interface took off a packet
 * @skb: buffer, data at the network header
 *
 * It stands between the link-layer header, which a tunnel has not, and the
 * network header.
 *
 * Return: the header, or NULL where the packet came without one.
 */
const struct nshhdr *pe_nsh_came(const struct sk_buff *skb)
{
	const struct ethhdr *eth;

	if (!skb_mac_header_was_set(skb) || skb->mac_len < NSH_BASE_HDR_LEN ||
	    skb_mac_header(skb) + skb->mac_len != skb->data)
		return NULL;
	eth = (void *)skb_mac_header(skb);
	if (skb->dev->type == ARPHRD_NONE)
		return (void *)eth;
	if (skb->mac_len < ETH_HLEN + NSH_BASE_HDR_LEN ||
	    eth->h_proto != htons(ETH_P_NSH))
		return NULL;
	return (void *)(eth + 1);
}

/* A fragment begins anew: what the kernel fragments is cut from what it came
 * with, and loops end by the time to live of IP as well.
 */
static u8 pe_nsh_ttl(const struct sk_buff *skb)
{
	const struct nshhdr *nh = pe_nsh_came(skb);

	return nh ? pe_nsh_left(nh) : PE_NSH_TTL;
}

/**
 * pe_nsh_push() - put a network service header in front of a packet
 * @skb: buffer, data at the IP header; its data may be moved
 * @code: path and index
 * @dev: interface that it will leave by
 *
 * The kernel's module for the header writes it, which knows as well how to
 * segment what is behind it.
 *
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_nsh_push(struct sk_buff *skb, u32 code,
			 const struct net_device *dev)
{
	struct nshhdr nh = {
		.mdtype = NSH_M_TYPE1,
		.path_hdr = htonl(code),
	};

	BUILD_BUG_ON(sizeof(nh) != PE_NSH_LEN);
	nsh_set_flags_ttl_len(&nh, 0, pe_nsh_ttl(skb), sizeof(nh));
	if (skb_cow_head(skb, LL_RESERVED_SPACE(dev) + sizeof(nh)))
		return PE_DROP_NO_MEMORY;
	/* An Ethernet header would be taken along. */
	skb_reset_mac_header(skb);
	skb_reset_mac_len(skb);
	return nsh_push(skb, &nh) ? PE_DROP_ENCAPSULATE : PE_DROP_NONE;
}
