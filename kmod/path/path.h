/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet path's parts, by the file that has them. */
#ifndef _PE_PATH_H
#define _PE_PATH_H

#include <linux/netfilter.h>
#include <net/mpls.h>
#include <uapi/linux/pe.h>

#include "packet.h"
#include "report.h"
#include "xmit.h"

struct pe_announce;

/* steer.c */
extern const struct nf_hook_ops pe_hook_ops[];
unsigned int pe_drop(struct pe_net *pn, struct sk_buff *skb,
		     enum pe_drop reason);

/* defrag.c */
bool pe_defrag_wanted(const struct pe_packet *pkt, const struct pe_addr *dst,
		      const struct pe_addr *src);
unsigned int pe_defrag(struct pe_packet *pkt);

/* act.c */
unsigned int pe_act(struct pe_packet *pkt, const struct pe_hit *hit);
enum pe_drop pe_act_extra(struct pe_packet *pkt, const struct pe_hit *hit,
			  const struct net_device *dev);
unsigned int pe_act_expired(struct pe_packet *pkt, const struct pe_hit *hit);
unsigned int pe_act_routed(struct pe_packet *pkt, const struct pe_hit *hit);
void pe_count_hit(const struct pe_packet *pkt, const struct pe_hit *hit);
unsigned int pe_act_plain(struct pe_net *pn, struct sk_buff *skb, u8 family,
			  const struct pe_service *svc,
			  const struct pe_stage *stage);

/* gate.c */
enum pe_drop pe_gate(const struct pe_packet *pkt, const struct pe_hit *hit);

/* limit.c */
bool pe_limit_lets(struct pe_limit *limit, const struct sk_buff *skb, u8 proto,
		   unsigned int l4);

/**
 * struct pe_passing - a packet, as far as is looked at of it on its way
 * @skb: buffer, data at the network header
 * @family: NFPROTO_*
 * @proto: protocol of the transport header, 0 of later fragments
 * @l4: offset of the transport header
 */
struct pe_passing {
	const struct sk_buff	*skb;
	u8			family;
	u8			proto;
	unsigned int		l4;
};

/* A parsed packet. */
static inline void pe_passing_of(const struct pe_packet *pkt,
				 struct pe_passing *p)
{
	p->skb = pkt->skb;
	p->family = pkt->family;
	p->proto = pkt->key.fragment ? 0 : pkt->proto;
	p->l4 = pkt->l4;
}

/* A packet for which pe_packet_plain() was true. */
static __always_inline void pe_passing_plain(const struct sk_buff *skb,
					     u8 family, struct pe_passing *p)
{
	p->skb = skb;
	p->family = family;
	p->l4 = pe_plain_l4(skb, family, &p->proto);
}

/* measure.c */
void pe_measure_out(const struct pe_stage *stage,
		    const struct pe_device *device, const struct pe_passing *p);
void pe_measure_in(const struct pe_device *dev, const struct pe_stage *stage,
		   const struct pe_passing *p);

/* choose.c */
void pe_packet_client(const struct pe_packet *pkt, const struct pe_hit *hit,
		      union nf_inet_addr *addr, struct pe_client *client);
bool pe_tcp_opens(const struct sk_buff *skb, unsigned int l4);
void pe_note_returned(const struct pe_service *svc,
		      const struct pe_stage *stage, const struct pe_passing *p);
void pe_note_handed(const struct pe_stage *stage,
		    const struct pe_device *device, const struct pe_passing *p);
const struct pe_device *pe_stage_sender(const struct sk_buff *skb, u8 family,
					const struct pe_service *svc,
					const struct pe_stage *stage);
enum pe_drop pe_choose(struct pe_packet *pkt, const struct pe_hit *hit,
		       struct pe_stage *stage, struct pe_skipped *skipped);
bool pe_choose_plain(const struct sk_buff *skb, u8 family,
		     const struct pe_hit *hit, struct pe_stage *stage);
bool pe_choose_kept_plain(const struct sk_buff *skb, u8 family,
			  const struct pe_hit *hit, struct pe_stage *stage,
			  const struct pe_flow_key *key, struct pe_flow *flow);

/**
 * pe_client_outer() - the client's address in a packet that is no error
 * @skb: packet, data at the network header
 * @family: NFPROTO_*
 * @forward: it is the client's, not for it
 * @client: out: the address, which points into the packet; not the port
 */
static __always_inline void pe_client_outer(const struct sk_buff *skb,
					    u8 family, bool forward,
					    struct pe_client *client)
{
	client->ipv4 = family == NFPROTO_IPV4;
	if (client->ipv4)
		client->addr = forward ? &pe_iph(skb)->saddr :
					 &pe_iph(skb)->daddr;
	else
		client->addr = forward ? pe_ip6h(skb)->saddr.s6_addr32 :
					 pe_ip6h(skb)->daddr.s6_addr32;
}

/**
 * pe_plain_client() - the client's end of a plain packet
 * @skb: packet for which pe_packet_plain() was true
 * @family: NFPROTO_*
 * @svc: its service
 * @forward: it is the client's, not for it
 * @client: out: the client's end, which points into the packet
 */
static __always_inline void pe_plain_client(const struct sk_buff *skb,
					    u8 family,
					    const struct pe_service *svc,
					    bool forward,
					    struct pe_client *client)
{
	const __be16 *ports;
	u8 proto;

	client->port = 0;
	if (pe_service_flow_has_port(svc)) {
		ports = (const void *)skb->data +
			pe_plain_l4(skb, family, &proto);
		client->port = ntohs(ports[!forward]);
	}
	pe_client_outer(skb, family, forward, client);
}

/* open.c */
unsigned int pe_open_kept4(struct pe_net *pn, struct sk_buff *skb,
			   const struct pe_service *svc,
			   const struct pe_stage *stage);
unsigned int pe_open_kept6(struct pe_net *pn, struct sk_buff *skb,
			   const struct pe_service *svc,
			   const struct pe_stage *stage);
unsigned int pe_open_choice4(struct pe_net *pn, struct sk_buff *skb,
			     const struct pe_service *svc,
			     const struct pe_stage *stage);
unsigned int pe_open_choice6(struct pe_net *pn, struct sk_buff *skb,
			     const struct pe_service *svc,
			     const struct pe_stage *stage);

/* flow.c */
struct pe_flow *pe_flow_meet(const struct sk_buff *skb, u8 family,
			     const struct pe_hit *hit,
			     const struct pe_flow_key *key,
			     struct pe_flow *flow, u8 proto, unsigned int l4);
struct pe_flow *pe_flow_of(const struct pe_packet *pkt,
			   const struct pe_hit *hit,
			   const struct pe_client *client);
const struct pe_device *pe_flow_tap(const struct pe_packet *pkt,
				    const struct pe_hit *hit,
				    const struct pe_step *step,
				    const struct pe_client *client);

/* ingress.c */

/* Stands in a tag where the protocol of what follows would: nothing has it. */
#define PE_INGRESS_TAG	htons(0)

extern const struct nf_hook_ops pe_ingress_ops;

/* track.c */

/* The label of an entry of a label stack. */
static inline u32 pe_mpls_label(const struct mpls_shim_hdr *entry)
{
	return be32_to_cpu(entry->label_stack_entry) >> MPLS_LS_LABEL_SHIFT;
}

void pe_track_key(const struct sk_buff *skb, u8 family, struct pe_key *key);
enum pe_drop pe_track_mark(struct sk_buff *skb, u8 family,
			   const struct pe_sequence *seq, u8 step,
			   u8 direction, const struct net_device *dev);
enum pe_drop pe_track_unmark(const struct pe_packet *pkt,
			     const struct pe_hit *hit);
enum pe_drop pe_quality(const struct pe_packet *pkt, const struct pe_hit *hit);
unsigned int pe_track_overhead(const struct pe_sequence *seq, u8 step,
			       const struct net_device *dev);

/**
 * pe_track_mtu() - how large a packet may be that is handed on
 * @hit: where it is
 * @dev: interface that it leaves by
 */
static inline unsigned int pe_track_mtu(const struct pe_hit *hit,
					const struct net_device *dev)
{
	unsigned int mtu = READ_ONCE(dev->mtu);

	if (likely(!(hit->stage->extra & PE_EXTRA_TRACK)))
		return mtu;
	return mtu - pe_track_overhead(hit->svc->seq, hit->stage->to_step, dev);
}

/**
 * pe_xmit_stage() - pe_xmit() to where a stage leads, with what the device is
 *	to return packets with
 * @skb: buffer as for pe_xmit()
 * @family: NFPROTO_*
 * @hit: the stage
 * @dev: interface of the stage's port
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
static inline enum pe_drop pe_xmit_stage(struct sk_buff *skb, u8 family,
					 const struct pe_hit *hit,
					 struct net_device *dev)
{
	const struct pe_stage *stage = hit->stage;
	enum pe_drop reason;

	if (unlikely(stage->extra & PE_EXTRA_TRACK)) {
		reason = pe_track_mark(skb, family, hit->svc->seq,
				       stage->to_step, stage->direction, dev);
		if (unlikely(reason))
			return reason;
	}
	pe_report_port(skb, stage->to, dev);
	return pe_xmit(skb, family, stage->to, dev);
}

/* leave.c */
unsigned int pe_leave(struct pe_packet *pkt, const struct pe_hit *hit);

/* announce.c */
extern const struct nf_hook_ops pe_announce_arp_ops;
unsigned int pe_announce_heard(struct pe_net *pn, struct sk_buff *skb);
void pe_announce_send(const struct pe_announce *a, struct net_device *dev);

/* translate.c */
unsigned int pe_translate_ipv4(struct pe_net *pn, struct sk_buff *skb,
			       const struct pe_service *svc,
			       const struct pe_stage *stage);
unsigned int pe_translate_ipv6(struct pe_net *pn, struct sk_buff *skb,
			       const struct pe_service *svc,
			       const struct pe_stage *stage);

/* rewrite.c */
struct pe_rewrite {
	const union nf_inet_addr *addr;	/* NULL: stays */
	u16			port;	/* 0: stays */
	u16			old;	/* port that is replaced */
	bool			source;	/* of the source, not the destination */
};

enum pe_drop pe_rewrite(struct pe_packet *pkt, const struct pe_rewrite *rw);
void pe_rewrite_addr(struct sk_buff *skb, u8 family, unsigned int off,
		     const struct pe_rewrite *rw);
enum pe_drop pe_rewrite_quoted(struct pe_packet *pkt,
			       const struct pe_rewrite *rw);

/* icmp.c */
void pe_icmp_expired(const struct pe_packet *pkt, const struct pe_hit *hit);
void pe_icmp_too_big(const struct pe_packet *pkt, const struct pe_hit *hit,
		     unsigned int mtu);
enum pe_drop pe_icmp_rewrite(struct pe_packet *pkt,
			     const struct pe_rewrite *rw, bool outer);

/* mtu.c */
/**
 * pe_mtu_exceeded() - is a packet, or a segment of it, too big?
 * @skb: buffer, data at the network header
 * @mtu: bytes that fit, from the network header on
 */
static inline bool pe_mtu_exceeded(const struct sk_buff *skb, unsigned int mtu)
{
	if (likely(skb->len <= mtu))
		return false;
	return !skb_is_gso(skb) || !skb_gso_validate_network_len(skb, mtu);
}

/* What fits any route that deserves the name needs no look at it: RFC 1122,
 * section 3.3.3, and RFC 8200, section 5.
 */
#define PE_MTU_SMALL(family)	((family) == NFPROTO_IPV4 ? 576 : IPV6_MIN_MTU)

/**
 * pe_mtu_fits_route() - is a packet, or each segment of it, small enough?
 * @skb: buffer, data at the network header
 * @family: NFPROTO_* of packet and route
 * @dst: route to where it is going
 */
static inline bool pe_mtu_fits_route(const struct sk_buff *skb, u8 family,
				     const struct dst_entry *dst)
{
	if (likely(skb->len <= PE_MTU_SMALL(family) &&
		   skb->len <= READ_ONCE(dst->dev->mtu)))
		return true;
	return !pe_mtu_exceeded(skb, pe_route_mtu(dst, family));
}

enum pe_drop pe_mtu_big(struct pe_packet *pkt, const struct pe_hit *hit,
			unsigned int mtu);
enum pe_drop pe_mtu_route(const struct pe_packet *pkt,
			  const struct pe_hit *hit,
			  const union nf_inet_addr *to);
void pe_mtu_fragment(const struct pe_packet *pkt, struct sk_buff *skb,
		     const struct pe_hit *hit, const struct pe_port *port,
		     struct net_device *dev);
void pe_mtu_fragment_next(const struct pe_packet *pkt,
			  const struct pe_next *next);

/* tap.c */
void pe_tap_copies(const struct pe_packet *pkt, const struct pe_hit *hit);

#endif /* _PE_PATH_H */
