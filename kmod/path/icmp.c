// SPDX-License-Identifier: GPL-2.0-only
/* ICMP errors: those we send, and those about a service's flows. */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/inetdevice.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/addrconf.h>
#include <net/dst_metadata.h>
#include <net/icmp.h>
#include <net/ip6_checksum.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>
#include <net/route.h>

#include "../netns.h"
#include "path.h"

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

/* An error to be sent, in either family's terms. */
struct pe_icmp {
	u8			type;
	u8			code;
	__be32			info;
};

/* icmp_send() wants a route; before routing there is none. */
static bool pe_icmp_route(const struct pe_packet *pkt)
{
	const union nf_inet_addr to = { .ip = ip_hdr(pkt->skb)->saddr };
	struct dst_entry *dst;

	if (skb_valid_dst(pkt->skb))
		return true;
	/* What a tunnel tells of the packet is none either. */
	skb_dst_drop(pkt->skb);
	dst = pe_route_look_up(pkt->pn->net, &to, pkt->family);
	if (!dst)
		return false;
	skb_dst_set(pkt->skb, dst);
	return true;
}

static struct sk_buff *pe_icmp_make_ipv4(const struct pe_packet *pkt,
					 struct net_device *dev,
					 const struct pe_icmp *error)
{
	struct icmphdr *icmp;
	struct sk_buff *skb;
	struct iphdr *iph;
	__be32 own;

	skb = nf_reject_skb_v4_unreach(pkt->pn->net, pkt->skb, dev,
				       NF_INET_PRE_ROUTING, 0);
	if (!skb)
		return NULL;
	skb->protocol = htons(ETH_P_IP);
	iph = ip_hdr(skb);
	own = inet_select_addr(dev, 0, RT_SCOPE_UNIVERSE);
	if (own) {
		iph->saddr = own;
		ip_send_check(iph);
	}
	icmp = (void *)(iph + 1);
	icmp->type = error->type;
	icmp->code = error->code;
	icmp->un.gateway = error->info;
	return skb;
}

static struct sk_buff *pe_icmp_make_ipv6(const struct pe_packet *pkt,
					 struct net_device *dev,
					 const struct pe_icmp *error)
{
	struct ipv6hdr *ip6h;
	struct icmp6hdr *icmp;
	struct sk_buff *skb;
	struct in6_addr own;

	skb = nf_reject_skb_v6_unreach(pkt->pn->net, pkt->skb, dev,
				       NF_INET_PRE_ROUTING, 0);
	if (!skb)
		return NULL;
	skb->protocol = htons(ETH_P_IPV6);
	ip6h = ipv6_hdr(skb);
	if (!ipv6_dev_get_saddr(pkt->pn->net, dev, &ip6h->daddr, 0, &own))
		ip6h->saddr = own;
	icmp = (void *)(ip6h + 1);
	icmp->icmp6_type = error->type;
	icmp->icmp6_code = error->code;
	icmp->icmp6_dataun.un_data32[0] = error->info;
	return skb;
}

/* Of the errors that the engine sends itself the kernel would limit these: what
 * tells a path's MTU must arrive.
 */
static bool pe_icmp_is_limited(u8 family, const struct pe_icmp *error)
{
	return error->type == (family == NFPROTO_IPV4 ? ICMP_TIME_EXCEEDED :
							ICMPV6_TIME_EXCEED);
}

/* What a server sent bears the service's address, which nothing routes to. So
 * the error goes back to where the packet came from, as a packet to the
 * service, and takes the rest of the way by itself.
 */
static void pe_icmp_return(const struct pe_packet *pkt,
			   const struct pe_hit *hit,
			   const struct pe_icmp *error)
{
	const struct pe_port *port = hit->stage->from;
	struct net_device *dev = rcu_dereference(port->iface->dev);
	struct pe_packet reply = { .pn = pkt->pn, .family = pkt->family };
	bool limited = pe_icmp_is_limited(pkt->family, error);

	if (!dev || pkt->error ||
	    (limited && !icmp_global_allow(pkt->pn->net)))
		return;
	if (pkt->family == NFPROTO_IPV4)
		reply.skb = pe_icmp_make_ipv4(pkt, dev, error);
	else
		reply.skb = pe_icmp_make_ipv6(pkt, dev, error);
	if (!reply.skb)
		return;
	if (limited)
		icmp_global_consume(pkt->pn->net);
	reply.l4 = pkt->family == NFPROTO_IPV4 ? sizeof(struct iphdr) :
						 sizeof(struct ipv6hdr);
	pe_icmp_sum(&reply);
	pe_xmit_part(reply.skb);
	if (pe_xmit_writable(reply.skb, dev) ||
	    pe_track_mark(reply.skb, reply.family, hit->svc->seq,
			  hit->stage->from_step, PE_DIRECTION_FORWARD, dev) ||
	    pe_xmit(reply.skb, reply.family, port, dev))
		kfree_skb(reply.skb);
}

/* A device that emits may have given the packet a source of its own, which
 * only it knows a way to.
 */
static bool pe_icmp_is_emitted(const struct pe_hit *hit)
{
	const struct pe_sequence *seq = hit->svc->seq;

	return seq->legs > 1 && pe_sequence_leg(seq, hit->stage->index);
}

static void pe_icmp_error(const struct pe_packet *pkt,
			  const struct pe_hit *hit,
			  const struct pe_icmp *error)
{
	/* Who sends to a client has an address that the kernel knows. */
	if (hit->stage->from &&
	    ((!pe_hit_forward(hit) && !hit->svc->client) ||
	     pe_icmp_is_emitted(hit)))
		pe_icmp_return(pkt, hit, error);
	else if (pkt->family == NFPROTO_IPV6)
		icmpv6_send(pkt->skb, error->type, error->code,
			    ntohl(error->info));
	else if (pe_icmp_route(pkt))
		icmp_send(pkt->skb, error->type, error->code, error->info);
}

/**
 * pe_icmp_expired() - tell the sender that the time to live ran out
 * @pkt: packet, unchanged; it is dropped next
 * @hit: where it is
 */
void pe_icmp_expired(const struct pe_packet *pkt, const struct pe_hit *hit)
{
	const struct pe_icmp ipv4 = { ICMP_TIME_EXCEEDED, ICMP_EXC_TTL };
	const struct pe_icmp ipv6 = { ICMPV6_TIME_EXCEED, ICMPV6_EXC_HOPLIMIT };

	pe_icmp_error(pkt, hit, pkt->family == NFPROTO_IPV4 ? &ipv4 : &ipv6);
}

/**
 * pe_icmp_too_big() - tell the sender how much fits
 * @pkt: packet, unchanged; it is dropped next
 * @hit: where it is
 * @mtu: bytes from the network header on
 */
void pe_icmp_too_big(const struct pe_packet *pkt, const struct pe_hit *hit,
		     unsigned int mtu)
{
	const struct pe_icmp ipv4 = { ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
				      htonl(mtu) };
	const struct pe_icmp ipv6 = { ICMPV6_PKT_TOOBIG, 0,
				      htonl(max_t(u32, mtu, IPV6_MIN_MTU)) };

	pe_icmp_error(pkt, hit, pkt->family == NFPROTO_IPV4 ? &ipv4 : &ipv6);
}

static bool pe_icmp_is_broken(const struct pe_packet *pkt)
{
	if (pkt->family == NFPROTO_IPV4)
		return nf_ip_checksum(pkt->skb, NF_INET_PRE_ROUTING, pkt->l4,
				      IPPROTO_ICMP);
	return nf_ip6_checksum(pkt->skb, NF_INET_PRE_ROUTING, pkt->l4,
			       IPPROTO_ICMPV6);
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

	/* Summed up again, a broken one would be whole. */
	if (pe_icmp_is_broken(pkt))
		return PE_DROP_MALFORMED;
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
