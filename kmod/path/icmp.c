// SPDX-License-Identifier: GPL-2.0-only
/* ICMP errors: those we send, and those about a service's flows. */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/icmp.h>
#include <net/ip6_checksum.h>
#include <net/route.h>

#include "../netns.h"
#include "path.h"

/* icmp_send() wants a route; before routing there is none. */
static bool pe_icmp_route(const struct pe_packet *pkt)
{
	struct flowi4 fl4 = { .daddr = ip_hdr(pkt->skb)->saddr };
	struct rtable *rt;

	if (skb_dst(pkt->skb))
		return true;
	rt = ip_route_output_key(pkt->pn->net, &fl4);
	if (IS_ERR(rt))
		return false;
	skb_dst_set(pkt->skb, &rt->dst);
	return true;
}

/**
 * pe_icmp_expired() - tell the sender that the time to live ran out
 * @pkt: packet, unchanged; it is dropped next
 */
void pe_icmp_expired(const struct pe_packet *pkt)
{
	if (pkt->family == NFPROTO_IPV6)
		icmpv6_send(pkt->skb, ICMPV6_TIME_EXCEED,
			    ICMPV6_EXC_HOPLIMIT, 0);
	else if (pe_icmp_route(pkt))
		icmp_send(pkt->skb, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
}

/**
 * pe_icmp_too_big() - tell the sender how much fits
 * @pkt: packet, unchanged; it is dropped next
 * @mtu: bytes from the network header on
 */
void pe_icmp_too_big(const struct pe_packet *pkt, unsigned int mtu)
{
	if (pkt->family == NFPROTO_IPV6)
		icmpv6_send(pkt->skb, ICMPV6_PKT_TOOBIG, 0,
			    max_t(unsigned int, mtu, IPV6_MIN_MTU));
	else if (ip_hdr(pkt->skb)->frag_off & htons(IP_DF) &&
		 pe_icmp_route(pkt))
		icmp_send(pkt->skb, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
			  htonl(mtu));
}

static void pe_icmp_sum(struct pe_packet *pkt)
{
	struct sk_buff *skb = pkt->skb;
	unsigned int len = skb->len - pkt->l4;

	if (pkt->family == NFPROTO_IPV4) {
		struct icmphdr *icmp = (void *)skb->data + pkt->l4;

		icmp->checksum = 0;
		icmp->checksum = csum_fold(skb_checksum(skb, pkt->l4, len, 0));
	} else {
		struct icmp6hdr *icmp = (void *)skb->data + pkt->l4;
		const struct ipv6hdr *ip6h = ipv6_hdr(skb);

		icmp->icmp6_cksum = 0;
		icmp->icmp6_cksum =
			csum_ipv6_magic(&ip6h->saddr, &ip6h->daddr, len,
					IPPROTO_ICMPV6,
					skb_checksum(skb, pkt->l4, len, 0));
	}
	skb->ip_summed = CHECKSUM_NONE;
}

/**
 * pe_icmp_rewrite() - translate an ICMP error as an answer would be
 * @pkt: ICMP error; pointers into it are stale afterwards
 * @rw: what is put into the packets of the flow in this direction
 * @outer: the error itself bears the address too, not just what it quotes
 *
 * RFC 5508, section 4.2: the quoted packet went the other way.
 *
 * Return: PE_DROP_NONE, or why it could not be done.
 */
enum pe_drop pe_icmp_rewrite(struct pe_packet *pkt,
			     const struct pe_rewrite *rw, bool outer)
{
	struct pe_rewrite inner = *rw;
	enum pe_drop reason;

	/* An error is small, and all of it is summed up again. */
	if (skb_ensure_writable(pkt->skb, pkt->skb->len))
		return PE_DROP_NO_MEMORY;
	inner.source = !rw->source;
	reason = pe_rewrite_quoted(pkt, &inner);
	if (reason)
		return reason;
	if (outer && rw->addr)
		pe_rewrite_addr(pkt->skb, pkt->family, 0, rw);
	pe_icmp_sum(pkt);
	return PE_DROP_NONE;
}
