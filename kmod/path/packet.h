/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet as the path has parsed it. */
#ifndef _PE_PACKET_H
#define _PE_PACKET_H

#include <linux/in.h>
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
 * @mtu: fragments of at most this size are to be sent, 0 for the whole; that
 *	of the largest where it came in fragments
 * @skipped: steps that it goes past, NULL for none
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
	const struct pe_skipped	*skipped;
	struct pe_key		key;
};

bool pe_packet_parse(struct pe_packet *pkt);
int pe_packet_piece(const struct pe_packet *pkt);
bool pe_packet_quotes(const struct pe_packet *pkt, union nf_inet_addr *dst);
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
	return pe_packet_piece(pkt) >= 0;
}

/* In the engine's hooks data is at the network header, which is one load less
 * than ip_hdr() needs.
 */
static __always_inline struct iphdr *pe_iph(const struct sk_buff *skb)
{
	return (struct iphdr *)skb->data;
}

static __always_inline struct ipv6hdr *pe_ip6h(const struct sk_buff *skb)
{
	return (struct ipv6hdr *)skb->data;
}

/* Time to live or hop limit. */
static __always_inline u8 pe_ttl(const struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ? pe_iph(skb)->ttl :
					pe_ip6h(skb)->hop_limit;
}

/**
 * pe_is_odd() - is there more to say about forwarding a packet than where to?
 * @skb: buffer, data at the network header
 * @family: NFPROTO_*
 *
 * Return: true for sources that no router forwards, and a few more: the kernel
 * tells them apart.
 */
static __always_inline bool pe_is_odd(const struct sk_buff *skb, u8 family)
{
	int type;

	if (family == NFPROTO_IPV4) {
		u8 first = *(const u8 *)&pe_iph(skb)->saddr;

		return first == 0 || first == IN_LOOPBACKNET || first >= 224;
	}
	type = ipv6_addr_type(&pe_ip6h(skb)->saddr);
	return !(type & IPV6_ADDR_UNICAST) ||
	       type & (IPV6_ADDR_LOOPBACK | IPV6_ADDR_LINKLOCAL);
}

/**
 * pe_plain_l4() - the transport header right behind a network header
 * @skb: buffer, data at the network header
 * @family: NFPROTO_*
 * @proto: out: its protocol
 *
 * Return: offset from the network header, where nothing stands between.
 */
static __always_inline unsigned int pe_plain_l4(const struct sk_buff *skb,
						u8 family, u8 *proto)
{
	if (family == NFPROTO_IPV4) {
		*proto = pe_iph(skb)->protocol;
		return sizeof(struct iphdr);
	}
	*proto = pe_ip6h(skb)->nexthdr;
	return sizeof(struct ipv6hdr);
}

/* Version 4, and five words of header: no options. */
#define PE_IPV4_PLAIN	0x45

/**
 * pe_packet_plain() - the key of a packet that is as simple as most are
 * @skb: buffer, data at the network header
 * @family: NFPROTO_*
 * @key: out: protocol and ports
 *
 * Return: true for TCP and UDP right behind a header without options, in one
 * piece; false for what pe_packet_parse() has to look at.
 */
static __always_inline bool pe_packet_plain(const struct sk_buff *skb,
					    u8 family, struct pe_key *key)
{
	const __be16 *ports;
	unsigned int l4;

	if (family == NFPROTO_IPV4) {
		if (unlikely(*skb->data != PE_IPV4_PLAIN ||
			     ip_is_fragment(pe_iph(skb))))
			return false;
	} else {
		/* Link-local and multicast addresses begin like that. */
		if (unlikely(pe_ip6h(skb)->daddr.s6_addr[0] >= 0xfe))
			return false;
	}
	l4 = pe_plain_l4(skb, family, &key->proto);
	switch (key->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		break;
	default:
		return false;
	}
	if (unlikely(skb_headlen(skb) < l4 + 2 * sizeof(*ports)))
		return false;
	ports = (const void *)skb->data + l4;
	key->ports = true;
	key->sport = ntohs(ports[0]);
	key->dport = ntohs(ports[1]);
	return true;
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

#endif /* _PE_PACKET_H */
