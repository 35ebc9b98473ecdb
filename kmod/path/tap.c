// SPDX-License-Identifier: GPL-2.0-only
/* Copies for devices that only look. */

#include "../netns.h"
#include "path.h"
#include "trace.h"

static enum pe_drop pe_tap_copy(const struct pe_packet *pkt,
				const struct pe_port *port)
{
	struct net_device *dev;
	struct sk_buff *copy;
	enum pe_drop reason;

	reason = pe_xmit_ready(port, &dev);
	if (reason)
		return reason;
	if (pe_ttl(pkt->skb, pkt->family) <= 1)
		return PE_DROP_TTL;
	if (!pkt->mtu && pe_mtu_exceeded(pkt->skb, READ_ONCE(dev->mtu)))
		return PE_DROP_MTU;
	copy = skb_clone(pkt->skb, GFP_ATOMIC);
	if (!copy)
		return PE_DROP_NO_MEMORY;
	/* Its headers become its own, the payload stays shared. */
	reason = pe_xmit_writable(copy, dev);
	if (reason)
		goto free;
	pe_xmit_part(copy);
	/* A tap that leads back to the engine ends like any loop. */
	pe_xmit_hop(copy, pkt->family);
	if (unlikely(pkt->mtu)) {
		pe_mtu_fragment(pkt, copy, NULL, port, dev);
		return PE_DROP_NONE;
	}
	pe_report_port(copy, port, dev);
	reason = pe_xmit(copy, pkt->family, port, dev);
	if (!reason)
		return PE_DROP_NONE;
free:
	kfree_skb(copy);
	return reason;
}

/* The tap that gets the copy, or NULL while none is up. */
static const struct pe_device *pe_tap_chosen(const struct pe_packet *pkt,
					     const struct pe_hit *hit,
					     const struct pe_step *step)
{
	struct pe_client client;
	union nf_inet_addr addr;

	if (likely(!step->pool))
		return step->device;
	pe_packet_client(pkt, hit, &addr, &client);
	if (unlikely(hit->svc->ledger))
		return pe_flow_tap(pkt, hit, step, &client);
	return pe_pool_pick(step->pool, &client);
}

/**
 * pe_tap_copies() - send a copy to each tap of a stage
 * @pkt: packet; it stays as it is but may be cloned
 * @hit: where it is
 *
 * A copy that fails is counted; the packet goes on.
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_tap_copies(const struct pe_packet *pkt, const struct pe_hit *hit)
{
	const struct pe_stage *stage = hit->stage;
	struct pe_sum size = pe_size(pkt->skb);
	u8 i;

	for (i = stage->tap_first; i < stage->tap_first + stage->taps; i++) {
		const struct pe_step *step = &hit->svc->seq->step[i];
		const struct pe_device *tap;

		/* Among them may be steps that are left out. */
		if (unlikely(step->device->kind != PE_DEVICE_KIND_TAP))
			continue;
		if (unlikely(!step->pool &&
			     !pe_health_works(step->device->health)))
			continue;
		tap = pe_tap_chosen(pkt, hit, step);
		if (unlikely(!tap || pe_tap_copy(pkt, &tap->outside))) {
			pe_drop_count(pkt->pn->drops, PE_DROP_TAP_COPY, 1);
			trace_pe_drop(pkt->skb, PE_DROP_TAP_COPY);
			pe_report_drop_copy(pkt->skb, i, tap);
			continue;
		}
		pe_device_count(tap->stats, stage->direction, size);
	}
}
