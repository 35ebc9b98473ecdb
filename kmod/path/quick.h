/* SPDX-License-Identifier: GPL-2.0-only */
/* The last part of the short way: a plain packet is handed on at once. */
#ifndef _PE_QUICK_H
#define _PE_QUICK_H

#include "path.h"

/**
 * pe_is_free() - can a packet be handed on with nothing but another link-layer
 *	header, and what its stage has to do besides?
 * @skb: packet for which pe_packet_plain() was true
 * @family: NFPROTO_*
 * @to: port that it is to be handed to
 * @dev: out: its interface
 *
 * Few belong to a socket or a connection already, and have to be parted from
 * it.
 *
 * Context: RCU read lock held.
 */
static __always_inline bool pe_is_free(const struct sk_buff *skb, u8 family,
				       const struct pe_port *to,
				       struct net_device **dev)
{
	return likely(!pe_xmit_is_bound(skb) &&
		      pe_ttl(skb, family) > 1 &&
		      !pe_xmit_ready(to, dev) &&
		      !pe_mtu_exceeded(skb, READ_ONCE((*dev)->mtu)));
}

/**
 * pe_is_quick() - and is there nothing besides?
 * @skb: packet for which pe_packet_plain() was true
 * @family: NFPROTO_*
 * @stage: where it is
 * @dev: out: interface that it will leave by
 *
 * Context: RCU read lock held.
 */
static __always_inline bool pe_is_quick(const struct sk_buff *skb, u8 family,
					const struct pe_stage *stage,
					struct net_device **dev)
{
	return likely(!stage->extra && pe_is_free(skb, family, stage->to, dev));
}

/**
 * pe_steer_quick() - hand a packet on, and do nothing else
 * @pn: namespace
 * @skb: packet for which pe_is_free() was true
 * @family: NFPROTO_*
 * @svc: its service
 * @stage: where it is
 * @device: where the device stands that gets it
 * @to: where its port stands
 * @dev: interface of the port
 *
 * What stands in the stage is read when it is needed: that is cheaper than to
 * keep it until then.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
static __always_inline unsigned int
pe_steer_quick(struct pe_net *pn, struct sk_buff *skb, u8 family,
	       const struct pe_service *svc, const struct pe_stage *stage,
	       const struct pe_device *const *device,
	       const struct pe_port *const *to, struct net_device *dev)
{
	struct pe_sum size;

	if (unlikely(pe_xmit_writable(skb, dev)))
		return pe_drop(pn, skb, PE_DROP_NO_MEMORY);
	size = pe_size(skb);
	pe_count(svc->counts, stage->index, size);
	pe_device_count((*device)->stats, stage->direction, size);
	pe_xmit_hop(skb, family);
	if (likely(!pe_xmit(skb, family, *to, dev)))
		return NF_STOLEN;
	return pe_drop(pn, skb, PE_DROP_NO_NEIGHBOUR);
}

/**
 * pe_steer_plain() - do with a packet what its stage says, which is more
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @family: NFPROTO_*
 * @svc: its service
 * @stage: where it is
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
static __always_inline unsigned int
pe_steer_plain(struct pe_net *pn, struct sk_buff *skb, u8 family,
	       const struct pe_service *svc, const struct pe_stage *stage)
{
	if ((stage->extra & ~PE_EXTRA_NOTED) != PE_EXTRA_TRANSLATE)
		return pe_act_plain(pn, skb, family, svc, stage);
	if (family == NFPROTO_IPV4)
		return pe_translate_ipv4(pn, skb, svc, stage);
	return pe_translate_ipv6(pn, skb, svc, stage);
}

#endif /* _PE_QUICK_H */
