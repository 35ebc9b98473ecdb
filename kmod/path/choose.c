// SPDX-License-Identifier: GPL-2.0-only
/* Which device a packet is handed to, where there is a choice, and what packets
 * tell of devices on the way.
 */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/tcp.h>

#include "../netns.h"
#include "path.h"
#include "tcp.h"

/* The client's address in what an ICMP error quotes; errors about what clients
 * sent go back to them, those about answers are theirs.
 */
static bool pe_client_quoted(const struct pe_packet *pkt, bool forward,
			     union nf_inet_addr *addr)
{
	unsigned int off = pkt->inner;

	memset(addr, 0, sizeof(*addr));
	if (pkt->family == NFPROTO_IPV4) {
		off += forward ? offsetof(struct iphdr, daddr) :
				 offsetof(struct iphdr, saddr);
		return !skb_copy_bits(pkt->skb, off, addr, sizeof(addr->ip));
	}
	off += forward ? offsetof(struct ipv6hdr, daddr) :
			 offsetof(struct ipv6hdr, saddr);
	return !skb_copy_bits(pkt->skb, off, addr, sizeof(addr->in6));
}

/* One of the ports of a plain packet, which was not parsed. */
static u16 pe_packet_port(const struct pe_packet *pkt, unsigned int which)
{
	const __be16 *ports = (const void *)pkt->skb->data + pkt->l4;

	return ntohs(ports[which]);
}

/**
 * pe_packet_client() - the client's end of a packet
 * @pkt: parsed packet
 * @hit: where it is
 * @addr: room for the client's address
 * @client: out: the client's end, which points into packet or @addr
 */
void pe_packet_client(const struct pe_packet *pkt, const struct pe_hit *hit,
		      union nf_inet_addr *addr, struct pe_client *client)
{
	bool forward = pe_hit_forward(hit);

	client->port = 0;
	if (pe_service_flow_has_port(hit->svc)) {
		if (pkt->key.ports)
			client->port = forward ? pkt->key.sport :
						 pkt->key.dport;
		else if (!pkt->key.proto)
			client->port = pe_packet_port(pkt, !forward);
	}
	if (unlikely(pkt->error) && pe_client_quoted(pkt, forward, addr)) {
		client->ipv4 = pkt->family == NFPROTO_IPV4;
		client->addr = addr->ip6;
		return;
	}
	pe_client_outer(pkt->skb, pkt->family, forward, client);
}

/**
 * pe_tcp_opens() - does a segment open a connection?
 * @skb: packet of TCP, data at the network header
 * @l4: offset of the transport header
 */
bool pe_tcp_opens(const struct sk_buff *skb, unsigned int l4)
{
	struct tcphdr _th;
	const struct tcphdr *th = pe_tcp_header(skb, l4, &_th);

	return th && th->syn && !th->ack;
}

/* Is it nothing but an acknowledgment? What else has one is sent again and again
 * as long as nothing comes back.
 */
static bool pe_tcp_acknowledges(const struct sk_buff *skb, unsigned int l4)
{
	struct tcphdr _th;
	const struct tcphdr *th = pe_tcp_header(skb, l4, &_th);

	return th && th->ack && !th->syn && !th->fin && !th->rst &&
	       skb->len == l4 + __tcp_hdrlen(th);
}

/* Does it refuse one? That is a reset with the sequence number 0 (RFC 9293,
 * section 3.10.7.1); others end connections, or are about those that are not
 * the server's, as after one took over from another.
 */
static bool pe_tcp_refuses(const struct sk_buff *skb, unsigned int l4)
{
	struct tcphdr _th;
	const struct tcphdr *th = pe_tcp_header(skb, l4, &_th);

	return th && th->rst && th->ack && !th->seq;
}

static bool pe_tcp_resets(const struct sk_buff *skb, unsigned int l4)
{
	struct tcphdr _th;
	const struct tcphdr *th = pe_tcp_header(skb, l4, &_th);

	return th && th->rst;
}

/* A server is only expected to answer what opens a connection. Where its answer
 * goes another way, the client tells of it: it acknowledges what has come.
 */
static void pe_count_asked_server(const struct pe_stage *stage,
				  struct pe_device_stats __percpu *stats,
				  const struct pe_passing *p)
{
	if (p->proto != IPPROTO_TCP)
		return;
	if (pe_tcp_opens(p->skb, p->l4))
		pe_device_beat(stats, PE_BEAT_ASKED);
	else if (stage->one_way && pe_tcp_acknowledges(p->skb, p->l4))
		pe_device_beat(stats, PE_BEAT_ANSWERED);
}

static void pe_count_asked(const struct pe_stage *stage,
			   const struct pe_device *device,
			   const struct pe_passing *p)
{
	if (device->kind == PE_DEVICE_KIND_SERVER)
		pe_count_asked_server(stage, device->stats, p);
	else
		pe_device_beat(device->stats, PE_BEAT_ASKED);
}

/**
 * pe_note_handed() - a device is handed a packet that something is noted of
 * @stage: stage with any of PE_EXTRA_NOTED
 * @device: device that it leads to
 * @p: the packet
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_note_handed(const struct pe_stage *stage,
		    const struct pe_device *device, const struct pe_passing *p)
{
	if (stage->extra & PE_EXTRA_ASKS)
		pe_count_asked(stage, device, p);
	if (stage->extra & PE_EXTRA_TIMED)
		pe_measure_out(stage, device, p);
}

static bool pe_device_sent(const struct pe_device *dev,
			   const struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ?
		       pe_iph(skb)->saddr == dev->address.ip :
		       ipv6_addr_equal(&pe_ip6h(skb)->saddr,
				       &dev->address.in6);
}

/* The server that a packet comes from, of those with addresses of their own. */
static const struct pe_device *pe_server_by_address(const struct sk_buff *skb,
						    u8 family,
						    const struct pe_step *step)
{
	const struct pe_device *dev;
	u8 i;

	for (i = 0; i < pe_step_devices(step); i++) {
		dev = pe_step_device(step, i);
		if (pe_device_sent(dev, skb, family))
			return dev;
	}
	return NULL;
}

/**
 * pe_stage_sender() - the device that a packet comes from
 * @skb: the packet as it came, data at the network header
 * @family: NFPROTO_*
 * @svc: its service
 * @stage: its stage, which is none of clients
 *
 * Return: the device, or NULL where an error is not a server's own.
 */
const struct pe_device *pe_stage_sender(const struct sk_buff *skb, u8 family,
					const struct pe_service *svc,
					const struct pe_stage *stage)
{
	const struct pe_former *former;

	if (stage->from)
		return stage->from->device;
	former = pe_stage_former(svc->seq, stage);
	if (former)
		return pe_device_sent(former->device, skb, family) ?
			       former->device : NULL;
	return pe_server_by_address(skb, family,
				    &svc->seq->step[stage->from_step]);
}

/* What comes from a member of a pool tells that it works, or that it does not do
 * what it was asked. Of a service that has every port, clients may well ask for
 * one that a server has not: it is none the worse for it.
 */
static void pe_count_answer(const struct pe_service *svc,
			    const struct pe_device *dev,
			    const struct sk_buff *skb, u8 proto,
			    unsigned int l4)
{
	enum pe_beat beat = PE_BEAT_ANSWERED;

	if (dev->kind == PE_DEVICE_KIND_SERVER && proto == IPPROTO_TCP &&
	    pe_tcp_resets(skb, l4)) {
		if (svc->level != PE_LEVEL_PORT || !pe_tcp_refuses(skb, l4))
			return;
		beat = PE_BEAT_REFUSED;
	}
	pe_device_beat(dev->stats, beat);
}

/* That there is no such port, a server says itself; whatever else is wrong,
 * routers may say for it.
 */
static bool pe_error_refuses(const struct pe_packet *pkt)
{
	const u8 *type;
	u8 _type[2];

	type = skb_header_pointer(pkt->skb, pkt->l4, sizeof(_type), _type);
	if (!type)
		return false;
	if (pkt->family == NFPROTO_IPV4)
		return type[0] == ICMP_DEST_UNREACH &&
		       type[1] == ICMP_PORT_UNREACH;
	return type[0] == ICMPV6_DEST_UNREACH &&
	       type[1] == ICMPV6_PORT_UNREACH;
}

static void pe_count_error(const struct pe_service *svc,
			   const struct pe_packet *pkt,
			   const struct pe_device *dev)
{
	if (dev->kind != PE_DEVICE_KIND_SERVER)
		pe_device_beat(dev->stats, PE_BEAT_ANSWERED);
	else if (svc->level == PE_LEVEL_PORT && pe_error_refuses(pkt))
		pe_device_beat(dev->stats, PE_BEAT_REFUSED);
}

/**
 * pe_note_returned() - what a packet tells of the device that it comes from
 * @svc: its service
 * @stage: its stage, with any of PE_EXTRA_NOTES
 * @p: the packet
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_note_returned(const struct pe_service *svc,
		      const struct pe_stage *stage, const struct pe_passing *p)
{
	const struct pe_device *from = pe_stage_sender(p->skb, p->family, svc,
						       stage);

	if (from && stage->extra & PE_EXTRA_RETURNED)
		pe_count_answer(svc, from, p->skb, p->proto, p->l4);
	if (stage->extra & PE_EXTRA_CLOCKED)
		pe_measure_in(from, stage, p);
}

/* The same of an error, which a router may have sent. */
static void pe_note_error(const struct pe_service *svc, struct pe_stage *stage,
			  const struct pe_packet *pkt)
{
	const struct pe_device *from = pe_stage_sender(pkt->skb, pkt->family,
						       svc, stage);

	if (from && stage->extra & PE_EXTRA_RETURNED)
		pe_count_error(svc, pkt, from);
}

/**
 * pe_choose() - settle what a stage leaves open
 * @pkt: parsed packet; remembers @skipped
 * @hit: where it is
 * @stage: in and out: copy of the stage, made to lead to one device
 * @skipped: out: steps that are left out
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, PE_DROP_DENIED, or PE_DROP_NO_DEVICE.
 */
enum pe_drop pe_choose(struct pe_packet *pkt, const struct pe_hit *hit,
		       struct pe_stage *stage, struct pe_skipped *skipped)
{
	struct pe_flow *flow = NULL;
	struct pe_client client;
	union nf_inet_addr addr;
	struct pe_passing p;
	enum pe_drop reason;

	if (stage->extra & PE_EXTRA_GATE) {
		reason = pe_gate(pkt, hit);
		if (reason)
			return reason;
		stage->extra &= ~PE_EXTRA_GATE;
	}
	if (stage->extra & PE_EXTRA_NOTES) {
		if (pkt->error) {
			pe_note_error(hit->svc, stage, pkt);
		} else {
			pe_passing_of(pkt, &p);
			pe_note_returned(hit->svc, stage, &p);
		}
		stage->extra &= ~PE_EXTRA_NOTES;
	}
	if (!(stage->extra & (PE_EXTRA_CHOOSE | PE_EXTRA_STATE)))
		return PE_DROP_NONE;
	pe_packet_client(pkt, hit, &addr, &client);
	if (stage->extra & PE_EXTRA_STATE)
		flow = pe_flow_of(pkt, hit, &client);
	stage->extra &= ~PE_EXTRA_STATE;
	if (!(stage->extra & PE_EXTRA_CHOOSE))
		return PE_DROP_NONE;
	pkt->skipped = skipped;
	return pe_stage_choose_kept(hit->svc->seq, stage, &client, skipped,
				    flow);
}

/* What a plain packet tells of the device that it comes from. */
static __always_inline void pe_plain_noted(const struct sk_buff *skb, u8 family,
					   const struct pe_hit *hit,
					   struct pe_stage *stage)
{
	struct pe_passing p;

	if (!(stage->extra & PE_EXTRA_NOTES))
		return;
	pe_passing_plain(skb, family, &p);
	pe_note_returned(hit->svc, stage, &p);
	stage->extra &= ~PE_EXTRA_NOTES;
}

/* A stage as it came, but for what has been done. */
static noinline bool pe_stage_undo(struct pe_stage *stage,
				   const struct pe_hit *hit, u16 extra)
{
	*stage = *hit->stage;
	stage->extra = extra;
	return false;
}

/**
 * pe_choose_plain() - the same for a plain packet
 * @skb: packet for which pe_packet_plain() was true
 * @family: NFPROTO_*
 * @hit: where it is
 * @stage: in and out: copy of the stage, made to lead to one device
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: false where pe_choose() has to be asked, with @stage as it came but
 * for what has been done.
 */
bool pe_choose_plain(const struct sk_buff *skb, u8 family,
		     const struct pe_hit *hit, struct pe_stage *stage)
{
	struct pe_skipped skipped;
	struct pe_client client;
	u16 extra;

	pe_plain_noted(skb, family, hit, stage);
	if (!(stage->extra & PE_EXTRA_CHOOSE))
		return true;
	pe_plain_client(skb, family, hit->svc, pe_hit_forward(hit), &client);
	extra = stage->extra;
	if (likely(!pe_stage_choose(hit->svc->seq, stage, &client, &skipped) &&
		   !skipped.n))
		return true;
	return pe_stage_undo(stage, hit, extra);
}

/**
 * pe_choose_kept_plain() - the same where flows are remembered
 * @skb: packet for which pe_packet_plain() was true
 * @family: NFPROTO_*
 * @hit: where it is, a stage with PE_EXTRA_STATE
 * @stage: in and out: copy of the stage, made to lead to one device
 * @key: what tells its flow
 * @flow: the flow, or NULL where nothing is remembered of it yet
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: as pe_choose_plain() does.
 */
bool pe_choose_kept_plain(const struct sk_buff *skb, u8 family,
			  const struct pe_hit *hit, struct pe_stage *stage,
			  const struct pe_flow_key *key, struct pe_flow *flow)
{
	struct pe_skipped skipped;
	struct pe_client client;
	unsigned int l4;
	u16 extra;
	u8 proto;

	pe_plain_noted(skb, family, hit, stage);
	l4 = pe_plain_l4(skb, family, &proto);
	flow = pe_flow_meet(skb, family, hit, key, flow, proto, l4);
	stage->extra &= ~PE_EXTRA_STATE;
	if (!(stage->extra & PE_EXTRA_CHOOSE))
		return true;
	/* What there was no room for is not asked for again. */
	extra = stage->extra | (flow ? PE_EXTRA_STATE : 0);
	pe_plain_client(skb, family, hit->svc, pe_hit_forward(hit), &client);
	if (likely(!pe_stage_choose_kept(hit->svc->seq, stage, &client,
					 &skipped, flow) &&
		   !skipped.n))
		return true;
	return pe_stage_undo(stage, hit, extra);
}
