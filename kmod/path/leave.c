// SPDX-License-Identifier: GPL-2.0-only
/* Packets that leave a sequence by an exit of the service's own. */

#include "../netns.h"
#include "path.h"

static void pe_leave_addresses(const struct pe_packet *pkt,
			       union nf_inet_addr *saddr,
			       union nf_inet_addr *daddr)
{
	if (pkt->family == NFPROTO_IPV4)
		saddr->ip = pe_iph(pkt->skb)->saddr;
	else
		saddr->in6 = pe_ip6h(pkt->skb)->saddr;
	pe_packet_to(pkt, daddr);
}

static enum pe_drop pe_leave_fits(struct pe_packet *pkt,
				  const struct pe_hit *hit,
				  const struct pe_next *next)
{
	if (likely(!pe_mtu_exceeded(pkt->skb, next->mtu)))
		return PE_DROP_NONE;
	return pe_mtu_big(pkt, hit, next->mtu);
}

/**
 * pe_leave() - send a packet that leaves its sequence to the service's exit
 * @pkt: packet, at the last stage on the way forward
 * @hit: where it is
 *
 * What is for another client is not the provider's, who would send it back: the
 * kernel routes it.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
unsigned int pe_leave(struct pe_packet *pkt, const struct pe_hit *hit)
{
	bool ipv4 = pkt->family == NFPROTO_IPV4;
	struct sk_buff *skb = pkt->skb;
	union nf_inet_addr saddr, daddr;
	struct pe_next next;
	enum pe_drop reason;

	pe_leave_addresses(pkt, &saddr, &daddr);
	if (pe_prefixes_hold(rcu_dereference(pkt->pn->clients[pe_family_of(pkt->family)]),
			     &daddr, ipv4))
		return pe_act_routed(pkt, hit);
	if (unlikely(pe_ttl(skb, pkt->family) <= 1))
		return pe_act_expired(pkt, hit);
	reason = pe_exit_next(pkt->pn->net, hit->svc->exit, &saddr, &daddr,
			      pkt->family, &next);
	if (likely(!reason))
		reason = pe_leave_fits(pkt, hit, &next);
	if (likely(!reason))
		reason = pe_act_extra(pkt, hit, next.dev);
	if (unlikely(reason))
		return pe_drop(pkt->pn, skb, reason);
	pe_count_hit(pkt, hit);
	pe_xmit_hop(skb, pkt->family);
	pe_xmit_part(skb);
	if (unlikely(pkt->mtu)) {
		pe_mtu_fragment_next(pkt, &next);
		return NF_STOLEN;
	}
	pe_report_next(skb, &next);
	reason = pe_xmit_next(skb, pkt->family, &next);
	if (likely(!reason))
		return NF_STOLEN;
	return pe_drop(pkt->pn, skb, reason);
}
