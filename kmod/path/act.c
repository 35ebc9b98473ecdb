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

/* Past steps without a device: as if these had returned the packet. */
static void pe_count_skipped(const struct pe_packet *pkt,
			     const struct pe_hit *hit, struct pe_sum size)
{
	const struct pe_skipped *skipped = pkt->skipped;
	const struct pe_sequence *seq = hit->svc->seq;
	unsigned int index;
	u8 i;

	for (i = 0; i < skipped->n; i++) {
		index = pe_sequence_open_index(seq, skipped->step[i],
					       hit->stage->direction);
		pe_count(hit->svc->counts, index, size);
		pe_count(hit->svc->counts, skipped->index[i], size);
	}
}

/**
 * pe_count_hit() - count a packet for its stage, and for the device that gets it
 * @pkt: packet
 * @hit: where it is
 */
void pe_count_hit(const struct pe_packet *pkt, const struct pe_hit *hit)
{
	const struct pe_stage *stage = hit->stage;
	struct pe_sum size = pe_size(pkt->skb);
	struct pe_passing p;

	pe_count(hit->svc->counts, stage->index, size);
	if (stage->device)
		pe_device_count(stage->device->stats, stage->direction, size);
	if (unlikely(pkt->skipped))
		pe_count_skipped(pkt, hit, size);
	if (unlikely(stage->extra & PE_EXTRA_NOTED) && !pkt->error) {
		pe_passing_of(pkt, &p);
		pe_note_handed(stage, stage->device, &p);
	}
}

/* What a server just sent is counted for the server as well; an error that some
 * router sent about it, for the first.
 */
static const struct pe_device *pe_act_server(const struct pe_packet *pkt,
					     const struct pe_hit *hit)
{
	const struct pe_sequence *seq = hit->svc->seq;
	const struct pe_former *former = pe_stage_former(seq, hit->stage);

	if (former)
		return former->device;
	return pe_stage_sender(pkt->skb, pkt->family, hit->svc, hit->stage) ?:
	       pe_sequence_server(seq)->device;
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
	u16 port = pe_stage_server_port(hit->svc->seq, hit->stage);
	struct pe_rewrite rw = {};

	if (pe_device_is_nat(hit->stage->device))
		rw.addr = &hit->stage->device->address;
	if (port) {
		rw.port = port;
		rw.old = hit->svc->server_port;
	}
	return pe_apply(pkt, &rw, true);
}

/* The first leg back: the service's own address and port again. */
static enum pe_drop pe_from_server(struct pe_packet *pkt,
				   const struct pe_hit *hit)
{
	const struct pe_step *server = pe_sequence_server(hit->svc->seq);
	u16 port = pe_stage_server_port(hit->svc->seq, hit->stage);
	struct pe_rewrite rw = { .source = true };
	bool outer = true;

	if (pe_device_is_nat(server->device)) {
		rw.addr = &hit->svc->vip;
		/* A router beyond us may complain about what the server sent. */
		outer = !pkt->error ||
			pe_stage_sender(pkt->skb, pkt->family, hit->svc,
					hit->stage);
	}
	if (port) {
		rw.port = hit->svc->server_port;
		rw.old = port;
	}
	return pe_apply(pkt, &rw, outer);
}

/**
 * pe_act_extra() - what a stage has to do besides handing on
 * @pkt: packet
 * @hit: where it is
 * @dev: interface that the packet will leave by, NULL where the kernel routes it
 *	on
 *
 * In the order of the sequence: the taps see what is addressed to the service.
 *
 * Return: PE_DROP_NONE, or why it could not be done.
 */
enum pe_drop pe_act_extra(struct pe_packet *pkt, const struct pe_hit *hit,
			  const struct net_device *dev)
{
	u16 extra = hit->stage->extra;
	const struct pe_device *server = NULL;
	enum pe_drop reason = PE_DROP_NONE;

	if (extra & PE_EXTRA_SENT)
		server = hit->stage->from ? hit->stage->from->device :
					    pe_act_server(pkt, hit);

	if (extra & PE_EXTRA_TRACK)
		reason = pe_track_unmark(pkt, hit);
	if (likely(!reason) && extra & PE_EXTRA_QUALITY)
		reason = pe_quality(pkt, hit);
	if (unlikely(reason))
		return reason;
	if (extra & PE_EXTRA_FROM_SERVER)
		reason = pe_from_server(pkt, hit);
	if (unlikely(reason))
		return reason;
	if (server)
		pe_device_count(server->stats, PE_DIRECTION_REVERSE,
				pe_size(pkt->skb));
	if (extra & PE_EXTRA_TAPS)
		pe_tap_copies(pkt, hit);
	if (dev)
		reason = pe_xmit_writable(pkt->skb, dev);
	if (likely(!reason) && extra & PE_EXTRA_TO_SERVER)
		reason = pe_to_server(pkt, hit);
	return reason;
}

/**
 * pe_act_expired() - the time to live of a packet ran out
 * @pkt: packet, unchanged
 * @hit: where it is
 *
 * The kernel would quote what the sender never sent, or write to the service's
 * address.
 *
 * Return: verdict.
 */
unsigned int pe_act_expired(struct pe_packet *pkt, const struct pe_hit *hit)
{
	pe_icmp_expired(pkt, hit);
	return pe_drop(pkt->pn, pkt->skb, PE_DROP_TTL);
}

/**
 * pe_act_routed() - have the kernel forward a packet to where it is addressed
 * @pkt: packet
 * @hit: where it is
 *
 * Return: verdict.
 */
unsigned int pe_act_routed(struct pe_packet *pkt, const struct pe_hit *hit)
{
	enum pe_drop reason = pe_act_extra(pkt, hit, NULL);

	if (unlikely(reason))
		return pe_drop(pkt->pn, pkt->skb, reason);
	pe_count_hit(pkt, hit);
	pe_report_kernel(pkt->skb);
	return pe_pass(pkt);
}

static unsigned int pe_act_steer(struct pe_packet *pkt,
				 const struct pe_hit *hit)
{
	const struct pe_stage *stage = hit->stage;
	struct sk_buff *skb = pkt->skb;
	u8 family = pkt->family;
	struct net_device *dev;
	enum pe_drop reason;
	unsigned int mtu;

	if (unlikely(pe_ttl(skb, family) <= 1))
		return pe_act_expired(pkt, hit);
	reason = pe_xmit_ready(stage->to, &dev);
	if (likely(!reason)) {
		mtu = pe_track_mtu(hit, dev);
		if (unlikely(pe_mtu_exceeded(skb, mtu)))
			reason = pe_mtu_big(pkt, hit, mtu);
	}
	if (likely(!reason))
		reason = pe_act_extra(pkt, hit, dev);
	if (unlikely(reason))
		return pe_drop(pkt->pn, skb, reason);
	pe_count_hit(pkt, hit);
	pe_xmit_hop(skb, family);
	pe_xmit_part(skb);
	if (unlikely(pkt->mtu)) {
		pe_mtu_fragment(pkt, skb, hit, stage->to, dev);
		return NF_STOLEN;
	}
	reason = pe_xmit_stage(skb, family, hit, dev);
	if (likely(!reason))
		return NF_STOLEN;
	return pe_drop(pkt->pn, skb, reason);
}

/* Is the kernel to forward the packet itself? */
static bool pe_act_is_kernels(const struct pe_packet *pkt,
			      const struct dst_entry *dst)
{
	struct sk_buff *skb = pkt->skb;
	u8 family = pkt->family;

	return !dst || pe_is_odd(skb, family) ||
	       (family == NFPROTO_IPV4 && pe_iph(skb)->ihl != 5) ||
	       pkt->mtu || !pe_mtu_fits_route(skb, family, dst);
}

static unsigned int pe_act_translate(struct pe_packet *pkt,
				     const struct pe_hit *hit)
{
	const struct pe_device *server = hit->stage->device;
	struct sk_buff *skb = pkt->skb;
	u8 family = pkt->family;
	struct net_device *dev;
	struct dst_entry *dst;
	enum pe_drop reason;

	if (unlikely(pe_ttl(skb, family) <= 1))
		return pe_act_expired(pkt, hit);
	dst = pe_route_direct(pkt->pn->net, server->route, family);
	if (unlikely(pe_act_is_kernels(pkt, dst))) {
		reason = pe_mtu_route(pkt, hit, &server->address);
		if (unlikely(reason))
			return pe_drop(pkt->pn, skb, reason);
		return pe_act_routed(pkt, hit);
	}
	dev = READ_ONCE(dst->dev);
	reason = pe_act_extra(pkt, hit, dev);
	if (unlikely(reason))
		return pe_drop(pkt->pn, skb, reason);
	pe_count_hit(pkt, hit);
	pe_xmit_hop(skb, family);
	pe_xmit_part(skb);
	pe_report_route(skb, dst, dev);
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
		if (unlikely(pe_ttl(pkt->skb, pkt->family) <= 1))
			return pe_act_expired(pkt, hit);
		pe_packet_to(pkt, &to);
		reason = pe_mtu_route(pkt, hit, &to);
		if (unlikely(reason))
			return pe_drop(pkt->pn, pkt->skb, reason);
	} else if (hit->svc->exit) {
		return pe_leave(pkt, hit);
	}
	return pe_act_routed(pkt, hit);
}

static unsigned int pe_act_stage(struct pe_packet *pkt,
				 const struct pe_hit *hit)
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

/* Unless there is a reason to drop it. */
static unsigned int pe_act_or_drop(struct pe_packet *pkt,
				   const struct pe_hit *hit,
				   enum pe_drop reason)
{
	if (unlikely(reason))
		return pe_drop(pkt->pn, pkt->skb, reason);
	return pe_act_stage(pkt, hit);
}

static noinline unsigned int pe_act_watched(struct pe_packet *pkt,
					    const struct pe_hit *hit,
					    enum pe_drop reason)
{
	struct pe_report report;
	unsigned int verdict;

	pe_report_begin(&report, pkt, hit);
	verdict = pe_act_or_drop(pkt, hit, reason);
	pe_report_end(&report);
	return verdict;
}

/* Where it is not settled yet what the stage does. */
static noinline unsigned int pe_act_ahead(struct pe_packet *pkt,
					  const struct pe_hit *hit)
{
	struct pe_stage stage = *hit->stage;
	struct pe_hit chosen = { hit->svc, &stage, hit->match };
	struct pe_skipped skipped;
	unsigned int verdict;
	enum pe_drop reason;

	reason = pe_choose(pkt, hit, &stage, &skipped);
	if (static_branch_unlikely(&pe_watched))
		verdict = pe_act_watched(pkt, &chosen, reason);
	else
		verdict = pe_act_or_drop(pkt, &chosen, reason);
	pkt->skipped = NULL;
	return verdict;
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
	if (unlikely(hit->stage->extra & PE_EXTRA_AHEAD))
		return pe_act_ahead(pkt, hit);
	if (static_branch_unlikely(&pe_watched))
		return pe_act_watched(pkt, hit, PE_DROP_NONE);
	return pe_act_stage(pkt, hit);
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

	pkt.l4 = pe_plain_l4(skb, family, &pkt.proto);
	if (unlikely(stage->extra & PE_EXTRA_AHEAD))
		pe_packet_plain(skb, family, &pkt.key);
	return pe_act(&pkt, &hit);
}
