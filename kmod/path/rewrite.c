// SPDX-License-Identifier: GPL-2.0-only
/* Other addresses and ports in a packet, and checksums that still hold. */

#include <linux/dccp.h>
#include <linux/icmpv6.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/sctp/checksum.h>

#include "path.h"

static void pe_csum_addr(struct sk_buff *skb, u8 family, __sum16 *sum,
			 const union nf_inet_addr *old,
			 const union nf_inet_addr *new)
{
	if (family == NFPROTO_IPV4)
		inet_proto_csum_replace4(sum, skb, old->ip, new->ip, true);
	else
		inet_proto_csum_replace16(sum, skb, old->ip6, new->ip6, true);
}

/**
 * pe_rewrite_addr() - another source or destination address
 * @skb: buffer whose network header is writable
 * @family: NFPROTO_*
 * @off: offset of the network header
 * @rw: what to put where; @rw->addr is not NULL
 */
void pe_rewrite_addr(struct sk_buff *skb, u8 family, unsigned int off,
		     const struct pe_rewrite *rw)
{
	void *header = skb->data + off;

	if (family == NFPROTO_IPV4) {
		struct iphdr *iph = header;
		__be32 *addr = rw->source ? &iph->saddr : &iph->daddr;

		csum_replace4(&iph->check, *addr, rw->addr->ip);
		*addr = rw->addr->ip;
	} else {
		struct ipv6hdr *ip6h = header;

		if (rw->source)
			ip6h->saddr = rw->addr->in6;
		else
			ip6h->daddr = rw->addr->in6;
	}
}

/* Where a protocol keeps its checksum and its ports, from its header on. */
struct pe_layout {
	u8			sum;	/* 0: none, or none that we could mend */
	u8			len;	/* bytes that a rewrite reads or writes */
	bool			ports;
};

static struct pe_layout pe_rewrite_layout(u8 proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return (struct pe_layout) { offsetof(struct tcphdr, check),
					    sizeof(struct tcphdr), true };
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return (struct pe_layout) { offsetof(struct udphdr, check),
					    sizeof(struct udphdr), true };
	case IPPROTO_DCCP:
		return (struct pe_layout) { offsetof(struct dccp_hdr,
						     dccph_checksum),
					    8, true };
	case IPPROTO_SCTP:
		return (struct pe_layout) { 0, sizeof(struct sctphdr), true };
	case IPPROTO_ICMPV6:
		return (struct pe_layout) { offsetof(struct icmp6hdr,
						     icmp6_cksum),
					    sizeof(struct icmp6hdr), false };
	default:
		return (struct pe_layout) {};
	}
}

static __be16 *pe_rewrite_port_at(void *header, const struct pe_rewrite *rw)
{
	return (__be16 *)header + !rw->source;
}

static bool pe_rewrite_has_port(const __be16 *port, const struct pe_rewrite *rw)
{
	return rw->port && *port == htons(rw->old);
}

/* Transport checksum of a packet itself, whose sum hardware may finish. */
static void pe_rewrite_l4(struct pe_packet *pkt, const struct pe_layout *layout,
			  const union nf_inet_addr *old,
			  const struct pe_rewrite *rw)
{
	void *header = pkt->skb->data + pkt->l4;
	__sum16 *sum = layout->sum ? header + layout->sum : NULL;
	__be16 *port = pe_rewrite_port_at(header, rw);
	bool udp = pkt->proto == IPPROTO_UDP;

	if (udp && !*sum && pkt->skb->ip_summed != CHECKSUM_PARTIAL)
		sum = NULL;
	if (sum && rw->addr)
		pe_csum_addr(pkt->skb, pkt->family, sum, old, rw->addr);
	if (layout->ports && pe_rewrite_has_port(port, rw)) {
		if (sum)
			inet_proto_csum_replace2(sum, pkt->skb, *port,
						 htons(rw->port), false);
		*port = htons(rw->port);
	}
	if (udp && sum && !*sum)
		*sum = CSUM_MANGLED_0;
}

/* SCTP sums up everything, so everything is summed up again. */
static void pe_rewrite_sctp(struct pe_packet *pkt)
{
	struct sk_buff *skb = pkt->skb;
	struct sctphdr *sh = (void *)skb->data + pkt->l4;

	if (skb->ip_summed == CHECKSUM_PARTIAL)
		return;
	sh->checksum = sctp_compute_cksum(skb, pkt->l4);
	skb->ip_summed = CHECKSUM_NONE;
}

static void pe_rewrite_old(const struct pe_packet *pkt, bool source,
			   union nf_inet_addr *old)
{
	memset(old, 0, sizeof(*old));
	if (pkt->family == NFPROTO_IPV4)
		old->ip = source ? ip_hdr(pkt->skb)->saddr :
				   ip_hdr(pkt->skb)->daddr;
	else
		old->in6 = source ? ipv6_hdr(pkt->skb)->saddr :
				    ipv6_hdr(pkt->skb)->daddr;
}

/**
 * pe_rewrite() - another address or port in a packet, or both
 * @pkt: packet that is no ICMP error about another; pointers into it are
 *	stale afterwards
 * @rw: what to put where
 *
 * Return: PE_DROP_NONE, or why it could not be done; nothing was changed.
 */
enum pe_drop pe_rewrite(struct pe_packet *pkt, const struct pe_rewrite *rw)
{
	struct pe_layout layout = pe_rewrite_layout(pkt->proto);
	struct sk_buff *skb = pkt->skb;
	union nf_inet_addr old;
	/* No addresses are part of its sum. */
	bool sctp = pkt->proto == IPPROTO_SCTP && rw->port;

	if (pkt->key.fragment)
		layout = (struct pe_layout) {};
	if (pkt->l4 + layout.len > skb->len)
		return PE_DROP_MALFORMED;
	if (sctp && pe_packet_is_piece(pkt))
		return PE_DROP_FRAGMENT;
	if (skb_ensure_writable(skb, pkt->l4 + layout.len))
		return PE_DROP_NO_MEMORY;

	pe_rewrite_old(pkt, rw->source, &old);
	if (layout.len)
		pe_rewrite_l4(pkt, &layout, &old, rw);
	if (rw->addr)
		pe_rewrite_addr(skb, pkt->family, 0, rw);
	if (sctp)
		pe_rewrite_sctp(pkt);
	return PE_DROP_NONE;
}

static void pe_quoted_sum_addr(__sum16 *sum, u8 family,
			       const union nf_inet_addr *old,
			       const union nf_inet_addr *new)
{
	int i;

	if (family == NFPROTO_IPV4) {
		csum_replace4(sum, old->ip, new->ip);
		return;
	}
	for (i = 0; i < 4; i++)
		csum_replace4(sum, old->ip6[i], new->ip6[i]);
}

/* As much of the transport header as is quoted. */
static void pe_quoted_l4(struct pe_packet *pkt, unsigned int l4, u8 proto,
			 const union nf_inet_addr *old,
			 const struct pe_rewrite *rw)
{
	struct pe_layout layout = pe_rewrite_layout(proto);
	unsigned int left = pkt->skb->len - l4;
	void *header = pkt->skb->data + l4;
	__be16 *port = pe_rewrite_port_at(header, rw);
	__sum16 *sum = NULL;

	if (layout.sum && left >= layout.sum + sizeof(*sum))
		sum = header + layout.sum;
	if (sum && proto == IPPROTO_UDP && !*sum)
		sum = NULL;
	if (sum && rw->addr)
		pe_quoted_sum_addr(sum, pkt->family, old, rw->addr);
	if (layout.ports && left >= 2 * sizeof(*port) &&
	    pe_rewrite_has_port(port, rw)) {
		if (sum)
			csum_replace2(sum, *port, htons(rw->port));
		*port = htons(rw->port);
	}
}

/**
 * pe_rewrite_quoted() - another address or port in what an ICMP error quotes
 * @pkt: ICMP error, all of whose bytes up to the quoted transport header are
 *	writable
 * @rw: what to put where, seen from the quoted packet
 *
 * The error's own checksum is left to the caller.
 *
 * Return: PE_DROP_NONE or PE_DROP_MALFORMED.
 */
enum pe_drop pe_rewrite_quoted(struct pe_packet *pkt,
			       const struct pe_rewrite *rw)
{
	union nf_inet_addr old = {};
	bool fragment;
	unsigned int l4, off;
	u8 proto;

	l4 = pe_packet_l4(pkt->skb, pkt->family, pkt->inner, &proto,
			  &fragment);
	if (!l4 || l4 > pkt->skb->len)
		return PE_DROP_MALFORMED;
	off = pkt->inner;
	if (pkt->family == NFPROTO_IPV4)
		off += rw->source ? offsetof(struct iphdr, saddr) :
				    offsetof(struct iphdr, daddr);
	else
		off += rw->source ? offsetof(struct ipv6hdr, saddr) :
				    offsetof(struct ipv6hdr, daddr);
	memcpy(&old, pkt->skb->data + off,
	       pkt->family == NFPROTO_IPV4 ? sizeof(old.ip) : sizeof(old.in6));
	if (!fragment)
		pe_quoted_l4(pkt, l4, proto, &old, rw);
	if (rw->addr)
		pe_rewrite_addr(pkt->skb, pkt->family, pkt->inner, rw);
	return PE_DROP_NONE;
}
