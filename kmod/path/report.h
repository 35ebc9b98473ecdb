/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling those who watch what becomes of packets. */
#ifndef _PE_REPORT_H
#define _PE_REPORT_H

#include "../model/watcher.h"
#include "packet.h"

/**
 * struct pe_report - a packet that is being acted on while somebody watches
 * @outer: one that this CPU began before: a virtual interface can hand a
 *	packet on to be received at once
 * @pkt: the packet
 * @hit: where it is
 * @came: its ends as it arrived
 * @flow: ends of the flow that it belongs to
 * @iif: interface it arrived on
 * @source: link-layer address it came from
 *
 * Lives on the stack of who began it.
 */
struct pe_report {
	struct pe_report	*outer;
	const struct pe_packet	*pkt;
	const struct pe_hit	*hit;
	struct pe_ends		came;
	struct pe_ends		flow;
	const struct net_device	*iif;
	u8			source[ETH_ALEN];
};

void pe_report_begin(struct pe_report *report, const struct pe_packet *pkt,
		     const struct pe_hit *hit);
void pe_report_end(struct pe_report *report);
void __pe_report_port(const struct sk_buff *skb, const struct pe_port *port,
		      const struct net_device *dev);
void __pe_report_route(const struct sk_buff *skb, const struct dst_entry *dst,
		       struct net_device *dev);
void __pe_report_next(const struct sk_buff *skb, const struct pe_next *next);
void __pe_report_kernel(const struct sk_buff *skb);
void __pe_report_drop(struct pe_net *pn, struct sk_buff *skb,
		      enum pe_drop reason);
void __pe_report_drop_copy(const struct sk_buff *skb, u8 step,
			   const struct pe_device *tap);
void pe_report_pass(struct pe_net *pn, struct sk_buff *skb, u8 family);

/**
 * pe_report_port() - the packet is handed to a port next
 * @skb: what is handed over: the packet, a copy for a tap, a fragment of one
 * @port: the port
 * @dev: its interface
 *
 * Context: of this and of the others: bottom halves off, RCU read lock held.
 */
static inline void pe_report_port(const struct sk_buff *skb,
				  const struct pe_port *port,
				  const struct net_device *dev)
{
	if (static_branch_unlikely(&pe_watched))
		__pe_report_port(skb, port, dev);
}

/**
 * pe_report_route() - the packet is handed to the next hop of a route next
 * @skb: the packet
 * @dst: the route
 * @dev: its interface
 */
static inline void pe_report_route(const struct sk_buff *skb,
				   const struct dst_entry *dst,
				   struct net_device *dev)
{
	if (static_branch_unlikely(&pe_watched))
		__pe_report_route(skb, dst, dev);
}

/**
 * pe_report_next() - the packet is handed to the next hop of an exit next
 * @skb: the packet, or a fragment of it
 * @next: the next hop
 */
static inline void pe_report_next(const struct sk_buff *skb,
				  const struct pe_next *next)
{
	if (static_branch_unlikely(&pe_watched))
		__pe_report_next(skb, next);
}

/**
 * pe_report_kernel() - the packet is left to the kernel's routing
 * @skb: the packet
 */
static inline void pe_report_kernel(const struct sk_buff *skb)
{
	if (static_branch_unlikely(&pe_watched))
		__pe_report_kernel(skb);
}

/**
 * pe_report_drop() - a packet ends here
 * @pn: namespace
 * @skb: the packet, of a service or not
 * @reason: why
 *
 * Context: bottom halves off, RCU read lock held.
 */
static inline void pe_report_drop(struct pe_net *pn, struct sk_buff *skb,
				  enum pe_drop reason)
{
	if (static_branch_unlikely(&pe_watched))
		__pe_report_drop(pn, skb, reason);
}

/**
 * pe_report_drop_copy() - a copy for a tap could not be made or sent
 * @skb: the packet
 * @step: position of the tap in the sequence
 * @tap: the tap, or NULL where a pool has none that is up
 */
static inline void pe_report_drop_copy(const struct sk_buff *skb, u8 step,
				       const struct pe_device *tap)
{
	if (static_branch_unlikely(&pe_watched))
		__pe_report_drop_copy(skb, step, tap);
}

#endif /* _PE_REPORT_H */
