// SPDX-License-Identifier: GPL-2.0-only
/* Parsing: protocol, ports, and what an ICMP error is about. */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/icmp.h>
#include <net/ipv6.h>
#include <net/ndisc.h>

#include "../netns.h"
#include "packet.h"
#include "tcp.h"

static unsigned int pe_packet_l4_ipv4(const struct sk_buff *skb,
				      unsigned int off, u8 *proto,
				      bool *fragment)
{
	const struct iphdr *iph;
	struct iphdr _iph;

	iph = skb_header_pointer(skb, off, sizeof(_iph), &_iph);
	if (!iph || iph->version != 4 || iph->ihl < 5)
		return 0;
	*proto = iph->protocol;
	*fragment = iph->frag_off & htons(IP_OFFSET);
	return off + iph->ihl * 4;
}

/* Bytes of an extension header, which come in eights but for one's fours. */
static unsigned int pe_packet_ext_len(u8 proto, const struct ipv6_opt_hdr *ext)
{
	switch (proto) {
	case NEXTHDR_FRAGMENT:
		return sizeof(struct frag_hdr);
	case NEXTHDR_AUTH:
		return ipv6_authlen(ext);
	default:
		return ipv6_optlen(ext);
	}
}

/* What follows the header of a later fragment is data. That nothing follows is
 * a protocol too, where ipv6_skip_exthdr() would give up.
 */
static unsigned int pe_packet_l4_ipv6(const struct sk_buff *skb,
				      unsigned int off, u8 *proto,
				      bool *fragment)
{
	const struct ipv6hdr *ip6h;
	struct ipv6hdr _ip6h;

	ip6h = skb_header_pointer(skb, off, sizeof(_ip6h), &_ip6h);
	if (!ip6h || ip6h->version != 6)
		return 0;
	*proto = ip6h->nexthdr;
	*fragment = false;
	off += sizeof(_ip6h);
	while (ipv6_ext_hdr(*proto) && *proto != NEXTHDR_NONE && !*fragment) {
		const struct frag_hdr *ext;
		struct frag_hdr _ext;

		/* None is shorter than that of a fragment. */
		ext = skb_header_pointer(skb, off, sizeof(_ext), &_ext);
		if (!ext)
			return 0;
		*fragment = *proto == NEXTHDR_FRAGMENT &&
			    ext->frag_off & htons(IP6_OFFSET);
		off += pe_packet_ext_len(*proto, (const void *)ext);
		*proto = ext->nexthdr;
	}
	return off;
}

/**
 * pe_packet_l4() - find the transport header
 * @skb: buffer
 * @family: NFPROTO_* of the network header
 * @off: offset of the network header from skb->data
 * @proto: out: protocol of the transport header
 * @fragment: out: a later fragment, which has no transport header
 *
 * Return: offset of the transport header from skb->data, 0 when the headers
 * end too early.
 */
unsigned int pe_packet_l4(const struct sk_buff *skb, u8 family,
			  unsigned int off, u8 *proto, bool *fragment)
{
	return family == NFPROTO_IPV4 ?
		       pe_packet_l4_ipv4(skb, off, proto, fragment) :
		       pe_packet_l4_ipv6(skb, off, proto, fragment);
}

/**
 * pe_tcp_flags_far() - flags of TCP that may not be in the buffer's head
 * @skb: packet of TCP, data at the network header
 * @l4: offset of the transport header
 * @none: what it is where the packet ends before them
 */
unsigned int pe_tcp_flags_far(const struct sk_buff *skb, unsigned int l4,
			      unsigned int none)
{
	const u8 *flags;
	u8 _flags;

	flags = skb_header_pointer(skb, l4 + PE_TCP_FLAGS_AT, sizeof(_flags),
				   &_flags);
	return flags ? *flags : none;
}

/**
 * pe_packet_piece() - is it a fragment, and of what?
 * @pkt: packet with its transport header found
 *
 * Return: the protocol that all fragments of the datagram show, which in IPv6
 * may be that of an extension header; -1 when it is whole.
 */
int pe_packet_piece(const struct pe_packet *pkt)
{
	const struct frag_hdr *fh;
	unsigned int off = 0;
	struct frag_hdr _fh;

	if (pkt->family == NFPROTO_IPV4)
		return ip_is_fragment(pe_iph(pkt->skb)) ? pkt->proto : -1;
	if (likely(pkt->l4 == sizeof(struct ipv6hdr)) ||
	    ipv6_find_hdr(pkt->skb, &off, NEXTHDR_FRAGMENT, NULL, NULL) < 0)
		return -1;
	fh = skb_header_pointer(pkt->skb, off, sizeof(_fh), &_fh);
	/* One that is all of a datagram is like any packet: RFC 6946. */
	if (!fh || !(fh->frag_off & htons(IP6_OFFSET | IP6_MF)))
		return -1;
	return fh->nexthdr;
}

static bool pe_packet_ports(const struct sk_buff *skb, unsigned int off,
			    u16 *sport, u16 *dport)
{
	__be16 _ports[2];
	const __be16 *ports;

	ports = skb_header_pointer(skb, off, sizeof(_ports), _ports);
	if (!ports)
		return false;
	*sport = ntohs(ports[0]);
	*dport = ntohs(ports[1]);
	return true;
}

/* The packet that an error quotes: the error goes where an answer would. */
static void pe_packet_quoted(struct pe_packet *pkt)
{
	unsigned int inner = pkt->l4 + sizeof(struct icmphdr), l4;
	struct pe_key *key = &pkt->key;
	bool fragment;
	u8 proto;

	BUILD_BUG_ON(sizeof(struct icmphdr) != sizeof(struct icmp6hdr));
	l4 = pe_packet_l4(pkt->skb, pkt->family, inner, &proto, &fragment);
	if (!l4)
		return;
	pkt->error = true;
	key->error = true;
	pkt->inner = inner;
	key->proto = proto;
	key->fragment = fragment;
	if (!fragment && pe_proto_has_ports(proto))
		key->ports = pe_packet_ports(pkt->skb, l4, &key->dport,
					     &key->sport);
}

/* Neighbours' talk of a type, by the hop limit that proves it: RFC 4861,
 * section 6.1, and RFC 3810, section 5. From any further it is a packet.
 */
static bool pe_icmpv6_is_link(u8 type, u8 hops)
{
	if (type >= NDISC_ROUTER_SOLICITATION && type <= NDISC_REDIRECT)
		return hops == 255;
	if ((type >= ICMPV6_MGM_QUERY && type <= ICMPV6_MGM_REDUCTION) ||
	    type == ICMPV6_MLD2_REPORT)
		return hops == 1;
	return false;
}

static void pe_packet_icmp(struct pe_packet *pkt)
{
	const u8 *type;
	u8 _type;

	type = skb_header_pointer(pkt->skb, pkt->l4, sizeof(_type), &_type);
	if (!type)
		return;
	if (pkt->family == NFPROTO_IPV6) {
		pkt->link |= pe_icmpv6_is_link(*type, pe_ttl(pkt->skb,
							       NFPROTO_IPV6));
		if (*type & ICMPV6_INFOMSG_MASK)
			return;
	} else if (!icmp_is_err(*type)) {
		return;
	}
	/* Its sum could not be mended, and none is that long. */
	if (!pe_packet_is_piece(pkt))
		pe_packet_quoted(pkt);
}

/**
 * pe_packet_parse() - find out what decides where a packet goes
 * @pkt: in: namespace, buffer, family, interface and link-layer address;
 *	out: the rest
 *
 * Return: false when the headers contradict each other or end too early.
 */
bool pe_packet_parse(struct pe_packet *pkt)
{
	struct pe_key *key = &pkt->key;

	pkt->l4 = pe_packet_l4(pkt->skb, pkt->family, 0, &pkt->proto,
			       &key->fragment);
	if (!pkt->l4)
		return false;
	key->proto = pkt->proto;
	pkt->link = pkt->family == NFPROTO_IPV6 &&
		    ipv6_addr_type(&ipv6_hdr(pkt->skb)->daddr) &
			    (IPV6_ADDR_LINKLOCAL | IPV6_ADDR_MULTICAST);
	if (key->fragment)
		return true;
	if (pe_proto_has_ports(pkt->proto)) {
		key->ports = pe_packet_ports(pkt->skb, pkt->l4, &key->sport,
					     &key->dport);
		return key->ports;
	}
	if (pkt->proto == (pkt->family == NFPROTO_IPV4 ? IPPROTO_ICMP :
							  IPPROTO_ICMPV6))
		pe_packet_icmp(pkt);
	return true;
}

/**
 * pe_packet_quotes() - where the packet went that an ICMP error is about
 * @pkt: parsed packet, an error
 * @dst: out: destination address of the quoted packet; zeroed by the caller
 *
 * Return: false when the quote ends too early.
 */
bool pe_packet_quotes(const struct pe_packet *pkt, union nf_inet_addr *dst)
{
	bool ipv4 = pkt->family == NFPROTO_IPV4;
	unsigned int off = pkt->inner;

	off += ipv4 ? offsetof(struct iphdr, daddr) :
		      offsetof(struct ipv6hdr, daddr);
	return !skb_copy_bits(pkt->skb, off, dst,
			      ipv4 ? sizeof(dst->ip) : sizeof(dst->in6));
}
