// SPDX-License-Identifier: GPL-2.0-only
/* What a stage does with a packet: steer, translate or deliver. */

#include <net/netfilter/nf_conntrack.h>

#include "../netns.h"
#include "path.h"

/* The kernel routes it on: neither end's connection tracking sees the whole. */
static unsigned int pe_pass(struct pe_packet *pkt)
{
	nf_reset_ct(pkt->skb);
	nf_ct_set(pkt->skb, NULL, IP_CT_UNTRACKED);
	return NF_ACCEPT;
}

static void pe_count_hit(const struct pe_packet *pkt, const struct pe_hit *hit)
{
	const struct pe_stage *stage = hit->stage;
	struct pe_sum size = pe_size(pkt->skb);

	pe_count(hit->svc->counts, stage->index, size);
	if (stage->device)
		pe_device_count(stage->device->stats, stage->direction, size);
}

/* What a server just sent is counted for the server as well. */
static void pe_count_sent(const struct pe_packet *pkt, const struct pe_hit *hit)
{
	const struct pe_step *server = pe_sequence_server(hit->svc->seq);

	pe_device_count(server->device->stats, PE_DIRECTION_REVERSE,
			pe_size(pkt->skb));
}

static enum pe_drop pe_apply(struct pe_packet *pkt, const struct pe_rewrite *rw,
			     bool outer)
{
	if (pkt->error)
		return pe_icmp_rewrite(pkt, rw, outer);
	return pe_rewrite(pkt, rw);
}

/* The last leg: address and port that the server has, where they differ. */
static enum pe_drop pe_to_server(struct pe_packet *pkt,
				 const struct pe_hit *hit)
{
	const struct pe_step *server = pe_sequence_server(hit->svc->seq);
	struct pe_rewrite rw = {};

	if (pe_device_is_nat(server->device))
		rw.addr = &server->device->address;
	if (server->port) {
		rw.port = server->port;
		rw.old = hit->svc->range[0].first;
	}
	return pe_apply(pkt, &rw, true);
}

/* The first leg back: the service's own address and port again. */
static enum pe_drop pe_from_server(struct pe_packet *pkt,
				   const struct pe_hit *hit)
{
	const struct pe_step *server = pe_sequence_server(hit->svc->seq);
	struct pe_rewrite rw = { .source = true };
	bool outer = true;

	if (pe_device_is_nat(server->device)) {
		rw.addr = &hit->svc->vip;
		/* A router beyond us may complain about what the server sent. */
		outer = !pkt->error || pe_packet_from(pkt, server->device);
	}
	if (server->port) {
		rw.port = hit->svc->range[0].first;
		rw.old = server->port;
	}
	return pe_apply(pkt, &rw, outer);
}

/* What a stage has to do besides handing on, in the order of the sequence:
 * before and after the taps, which see what is addressed to the service.
 */
static enum pe_drop pe_extra_before(struct pe_packet *pkt,
				    const struct pe_hit *hit)
{
	u8 extra = hit->stage->extra;
	enum pe_drop reason;

	if (extra & PE_EXTRA_FROM_SERVER) {
		reason = pe_from_server(pkt, hit);
		if (unlikely(reason))
			return reason;
	}
	if (extra & PE_EXTRA_SENT)
		pe_count_sent(pkt, hit);
	if (extra & PE_EXTRA_TAPS)
		pe_tap_copies(pkt, hit);
	return PE_DROP_NONE;
}

static enum pe_drop pe_extra_after(struct pe_packet *pkt,
				   const struct pe_hit *hit)
{
	if (hit->stage->extra & PE_EXTRA_TO_SERVER)
		return pe_to_server(pkt, hit);
	return PE_DROP_NONE;
}

static unsigned int pe_act_steer(struct pe_packet *pkt,
				 const struct pe_hit *hit)
{
	const struct pe_stage *stage = hit->stage;
	struct sk_buff *skb = pkt->skb;
	u8 family = pkt->family;
	struct net_device *dev;
	enum pe_drop reason;

	if (unlikely(pe_ttl(pkt->skb, pkt->family) <= 1)) {
		pe_icmp_expired(pkt, hit);
		return pe_drop(pkt->pn, pkt->skb, PE_DROP_TTL);
	}
	reason = pe_xmit_ready(stage->to, &dev);
	if (unlikely(reason))
		return pe_drop(pkt->pn, pkt->skb, reason);
	if (unlikely(pe_mtu_exceeded(skb, READ_ONCE(dev->mtu)))) {
		reason = pe_mtu_big(pkt, hit, READ_ONCE(dev->mtu));
		if (reason)
			return pe_drop(pkt->pn, pkt->skb, reason);
	}
	reason = pe_extra_before(pkt, hit);
	if (likely(!reason))
		reason = pe_xmit_writable(skb, dev);
	if (likely(!reason))
		reason = pe_extra_after(pkt, hit);
	if (unlikely(reason))
		return pe_drop(pkt->pn, pkt->skb, reason);
	pe_count_hit(pkt, hit);
	pe_xmit_hop(skb, family);
	pe_xmit_part(skb);
	if (unlikely(pkt->mtu))
		reason = pe_mtu_fragment(pkt, stage->to, dev);
	else
		reason = pe_xmit(skb, family, stage->to, dev);
	if (likely(!reason))
		return NF_STOLEN;
	return pe_drop(pkt->pn, pkt->skb, reason);
}

/* The kernel forwards the packet to the server. */
static unsigned int pe_act_routed(struct pe_packet *pkt,
				  const struct pe_hit *hit)
{
	enum pe_drop reason;

	reason = pe_mtu_route(pkt, hit, &hit->stage->device->address);
	if (likely(!reason))
		reason = pe_extra_before(pkt, hit);
	if (likely(!reason))
		reason = pe_extra_after(pkt, hit);
	if (unlikely(reason))
		return pe_drop(pkt->pn, pkt->skb, reason);
	pe_count_hit(pkt, hit);
	return pe_pass(pkt);
}

static unsigned int pe_act_translate(struct pe_packet *pkt,
				     const struct pe_hit *hit)
{
	struct sk_buff *skb = pkt->skb;
	u8 family = pkt->family;
	struct net_device *dev;
	struct dst_entry *dst;
	enum pe_drop reason;

	/* The kernel would quote what the client never sent. */
	if (unlikely(pe_ttl(pkt->skb, pkt->family) <= 1)) {
		pe_icmp_expired(pkt, hit);
		return pe_drop(pkt->pn, skb, PE_DROP_TTL);
	}
	dst = pe_route_direct(pkt->pn->net, hit->stage->device->route, family);
	if (unlikely(!dst || pe_is_odd(skb, family) ||
		     (family == NFPROTO_IPV4 && pe_iph(skb)->ihl != 5) ||
		     !pe_mtu_fits_route(skb, family, dst)))
		return pe_act_routed(pkt, hit);
	dev = READ_ONCE(dst->dev);
	reason = pe_extra_before(pkt, hit);
	if (likely(!reason))
		reason = pe_xmit_writable(skb, dev);
	if (likely(!reason))
		reason = pe_extra_after(pkt, hit);
	if (unlikely(reason))
		return pe_drop(pkt->pn, skb, reason);
	pe_count_hit(pkt, hit);
	pe_xmit_hop(skb, family);
	pe_xmit_part(skb);
	reason = pe_xmit_route(skb, family, dst, dev);
	if (likely(!reason))
		return NF_STOLEN;
	return pe_drop(pkt->pn, skb, reason);
}

static unsigned int pe_act_deliver(struct pe_packet *pkt,
				   const struct pe_hit *hit)
{
	union nf_inet_addr to;
	enum pe_drop reason;

	if (!pe_hit_forward(hit)) {
		/* The kernel would write to the service's address. */
		if (unlikely(pe_ttl(pkt->skb, pkt->family) <= 1)) {
			pe_icmp_expired(pkt, hit);
			return pe_drop(pkt->pn, pkt->skb, PE_DROP_TTL);
		}
		pe_packet_to(pkt, &to);
		reason = pe_mtu_route(pkt, hit, &to);
		if (unlikely(reason))
			return pe_drop(pkt->pn, pkt->skb, reason);
	}
	reason = pe_extra_before(pkt, hit);
	if (unlikely(reason))
		return pe_drop(pkt->pn, pkt->skb, reason);
	pe_count_hit(pkt, hit);
	return pe_pass(pkt);
}

/**
 * pe_act() - do with a packet what its stage says
 * @pkt: packet
 * @hit: where it is
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
unsigned int pe_act(struct pe_packet *pkt, const struct pe_hit *hit)
{
	switch (hit->stage->action) {
	case PE_ACTION_STEER:
		return pe_act_steer(pkt, hit);
	case PE_ACTION_TRANSLATE:
		return pe_act_translate(pkt, hit);
	default:
		return pe_act_deliver(pkt, hit);
	}
}

/**
 * pe_act_plain() - do with a plain packet what its stage says
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @family: NFPROTO_*
 * @svc: its service
 * @stage: where it is
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
unsigned int pe_act_plain(struct pe_net *pn, struct sk_buff *skb, u8 family,
			  const struct pe_service *svc,
			  const struct pe_stage *stage)
{
	struct pe_hit hit = { svc, stage, PE_MATCH_EXACT };
	struct pe_packet pkt = {
		.pn = pn,
		.skb = skb,
		.family = family,
	};

	if (family == NFPROTO_IPV4) {
		pkt.proto = pe_iph(skb)->protocol;
		pkt.l4 = sizeof(struct iphdr);
	} else {
		pkt.proto = pe_ip6h(skb)->nexthdr;
		pkt.l4 = sizeof(struct ipv6hdr);
	}
	return pe_act(&pkt, &hit);
}
