/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet as the path has parsed it. */
#ifndef _PE_PACKET_H
#define _PE_PACKET_H

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/ipv6.h>

#include "../model/match.h"

struct pe_net;

/**
 * struct pe_packet - a packet on its way through the engine
 * @pn: namespace
 * @skb: buffer, data at the network header; parsing changes nothing in it
 * @family: NFPROTO_*
 * @proto: protocol of the transport header, IPv6 extensions skipped
 * @l4: offset of the transport header from the network header
 * @link: neighbour discovery or the like, which never leaves a link
 * @error: an ICMP error that belongs to the flow of the packet it quotes
 * @inner: offset of the quoted network header
 * @mtu: fragments of at most this size are to be sent, 0 for the whole
 * @key: what decides where it goes
 */
struct pe_packet {
	struct pe_net		*pn;
	struct sk_buff		*skb;
	u8			family;
	u8			proto;
	bool			link;
	bool			error;
	unsigned int		l4;
	unsigned int		inner;
	unsigned int		mtu;
	struct pe_key		key;
};

bool pe_packet_parse(struct pe_packet *pkt);
bool pe_packet_quotes(const struct pe_packet *pkt, union nf_inet_addr *dst);
bool pe_packet_from(const struct pe_packet *pkt, const struct pe_device *dev);
unsigned int pe_packet_l4(const struct sk_buff *skb, u8 family,
			  unsigned int off, u8 *proto, bool *fragment);

/**
 * pe_proto_has_ports() - do the transport header's first four bytes hold ports?
 * @proto: IP protocol
 */
static inline bool pe_proto_has_ports(u8 proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ||
	       proto == IPPROTO_SCTP || proto == IPPROTO_UDPLITE ||
	       proto == IPPROTO_DCCP;
}

/**
 * pe_packet_is_piece() - is it a fragment, the first or a later one?
 * @pkt: parsed packet
 */
static inline bool pe_packet_is_piece(const struct pe_packet *pkt)
{
	unsigned int off = 0;

	if (pkt->family == NFPROTO_IPV4)
		return ip_is_fragment(ip_hdr(pkt->skb));
	return pkt->l4 != sizeof(struct ipv6hdr) &&
	       ipv6_find_hdr(pkt->skb, &off, NEXTHDR_FRAGMENT, NULL, NULL) >= 0;
}

/**
 * pe_packet_to() - the destination address of a packet
 * @pkt: packet
 * @addr: out: the address
 */
static inline void pe_packet_to(const struct pe_packet *pkt,
				union nf_inet_addr *addr)
{
	if (pkt->family == NFPROTO_IPV4)
		addr->ip = ip_hdr(pkt->skb)->daddr;
	else
		addr->in6 = ipv6_hdr(pkt->skb)->daddr;
}

static inline u8 pe_packet_ttl(const struct pe_packet *pkt)
{
	return pkt->family == NFPROTO_IPV4 ? ip_hdr(pkt->skb)->ttl :
					     ipv6_hdr(pkt->skb)->hop_limit;
}

#endif /* _PE_PACKET_H */
