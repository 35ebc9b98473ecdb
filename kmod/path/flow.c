// SPDX-License-Identifier: GPL-2.0-only
/* Flows of services with state: found or made when a packet comes by. */

#include <net/tcp.h>

#include "../netns.h"
#include "path.h"
#include "tcp.h"

/* Where all connections of a client are one flow, none of them ends it. */
static int pe_flow_ends(const struct pe_hit *hit, u8 flags)
{
	if (!(flags & TCPHDR_FIN) || !pe_service_flow_has_port(hit->svc))
		return 0;
	return pe_hit_forward(hit) ? PE_FLOW_FIN_CLIENT : PE_FLOW_FIN_SERVER;
}

/* @first: nothing was remembered of it: what makes a flow proves nothing. */
static int pe_flow_seen(const struct pe_hit *hit, u8 flags, bool first)
{
	bool forward = pe_hit_forward(hit);
	int seen = forward ? PE_FLOW_SEEN_FORWARD : PE_FLOW_SEEN_REVERSE;

	if (unlikely(flags & PE_TCP_EDGES))
		return seen | pe_flow_ends(hit, flags);
	/* What went past this engine is acknowledged. */
	if (unlikely(hit->stage->one_way) && forward && !first &&
	    flags & TCPHDR_ACK)
		seen |= PE_FLOW_SEEN_REVERSE;
	return seen;
}

/* The client's port is used again. Where another connection, to another port or
 * address, may be of the flow too, that goes on where it is.
 */
static void pe_flow_again(const struct pe_service *svc, struct pe_flow *flow)
{
	if (svc->client || svc->ranges != 1 ||
	    svc->range[0].first != svc->range[0].last)
		atomic_andnot(PE_FLOW_FIN_BOTH | PE_FLOW_RESET, &flow->seen);
	else
		pe_flow_reopen(flow);
}

/* What a server sends is of a flow that is the server's, whatever is or is not
 * remembered of it: so a service that begins to remember, or has forgotten,
 * finds out. Of a former one nothing is the service's but what is remembered.
 */
static void pe_flow_learn(struct pe_flow *flow, const struct sk_buff *skb,
			  u8 family, const struct pe_hit *hit)
{
	const struct pe_sequence *seq = hit->svc->seq;
	const struct pe_step *server = pe_sequence_server(seq);
	const struct pe_device *dev;
	u8 former;

	if (!server || likely(pe_flow_peek(flow, seq, server, &former)) ||
	    pe_stage_former(seq, hit->stage))
		return;
	/* To a version that drains, what is chosen now is unknown. */
	if (READ_ONCE(hit->svc->obj->live) != hit->svc)
		return;
	dev = pe_stage_sender(skb, family, hit->svc, hit->stage);
	if (dev && pe_health_works(dev->health))
		pe_flow_pin(flow, seq, server, dev);
}

/**
 * pe_flow_meet() - the flow of a packet, remembered from now on
 * @skb: packet, data at the network header
 * @family: NFPROTO_*
 * @hit: where it is, a stage with PE_EXTRA_STATE
 * @key: what tells it
 * @flow: the flow, or NULL where nothing is remembered of it yet
 * @proto: the packet's protocol
 * @l4: offset of its transport header, 0 where it has none
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: the flow, or NULL where there is no room for it.
 */
struct pe_flow *pe_flow_meet(const struct sk_buff *skb, u8 family,
			     const struct pe_hit *hit,
			     const struct pe_flow_key *key,
			     struct pe_flow *flow, u8 proto, unsigned int l4)
{
	u8 flags = l4 && proto == IPPROTO_TCP ? pe_tcp_flags(skb, l4, 0) : 0;
	bool first = !flow;

	if (unlikely(first)) {
		/* What ends a flow begins none. */
		if (flags & TCPHDR_RST)
			return NULL;
		flow = pe_flow_make(key);
		if (!flow)
			return NULL;
	} else if (unlikely((flags & (TCPHDR_SYN | TCPHDR_ACK)) == TCPHDR_SYN) &&
		   pe_flow_phase(flow) == PE_FLOW_PHASE_CLOSED) {
		pe_flow_again(hit->svc, flow);
	}
	if (unlikely(flags & TCPHDR_RST && pe_service_flow_has_port(hit->svc)))
		pe_flow_reset(flow);
	else
		pe_flow_see(flow, pe_flow_seen(hit, flags, first));
	if (hit->stage->index == hit->svc->seq->forward)
		pe_flow_learn(flow, skb, family, hit);
	return flow;
}

/**
 * pe_flow_of() - the flow of a parsed packet
 * @pkt: packet
 * @hit: where it is, a stage with PE_EXTRA_STATE
 * @client: the client's end of it
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: the flow, or NULL where nothing is remembered of it. An error about
 * a flow is none of its packets, and has it remembered no longer.
 */
struct pe_flow *pe_flow_of(const struct pe_packet *pkt,
			   const struct pe_hit *hit,
			   const struct pe_client *client)
{
	u8 proto = pkt->key.proto ?: pkt->proto;
	struct pe_flow_key key;
	struct pe_flow *flow;

	pe_service_flow_key(hit->svc, client, proto, &key);
	flow = pe_flow_find(&key);
	if (unlikely(pkt->error))
		return flow;
	return pe_flow_meet(pkt->skb, pkt->family, hit, &key, flow, proto,
			    pkt->key.fragment ? 0 : pkt->l4);
}

/**
 * pe_flow_tap() - the tap of a pool that gets a copy of a packet
 * @pkt: packet
 * @hit: where it is, of a service with state
 * @step: the pool's step
 * @client: the client's end of the packet
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: the tap, or NULL while none is up.
 */
const struct pe_device *pe_flow_tap(const struct pe_packet *pkt,
				    const struct pe_hit *hit,
				    const struct pe_step *step,
				    const struct pe_client *client)
{
	struct pe_flow *flow;
	u8 former;

	flow = pe_service_flow(hit->svc, client, pkt->key.proto ?: pkt->proto);
	return pe_flow_device(flow, hit->svc->seq, step, client, &former);
}
