// SPDX-License-Identifier: GPL-2.0-only
/* Plain packets at stages that leave open which device has them.
 *
 * Where it is one look that tells, and nothing is to be done but to hand the
 * packet on, nothing of the stage is copied. Everything else is left to what
 * copies it and asks choose.c, before anything is changed.
 */

#include <net/tcp.h>

#include "../model/stage.h"
#include "../netns.h"
#include "path.h"
#include "quick.h"
#include "tcp.h"

/* What is noted of a packet on its way does not keep it from the shortest. */
#define PE_EXTRA_PASSING	(PE_EXTRA_NOTES | PE_EXTRA_NOTED)

/* Is there nothing to do but that, and this? It was let in, if somebody had to
 * be asked.
 */
static __always_inline bool pe_open_is_all(u16 extra, u16 that)
{
	return (extra & ~(PE_EXTRA_PASSING | PE_EXTRA_GATE)) == that;
}

static noinline void pe_open_note_passing(const struct sk_buff *skb, u8 family,
					  const struct pe_service *svc,
					  const struct pe_stage *stage,
					  const struct pe_device *device)
{
	struct pe_passing p;

	pe_passing_plain(skb, family, &p);
	if (stage->extra & PE_EXTRA_NOTES)
		pe_note_returned(svc, stage, &p);
	if (stage->extra & PE_EXTRA_NOTED)
		pe_note_handed(stage, device, &p);
}

/* The flags of a TCP segment, of which there may be no more. */
static __always_inline unsigned int pe_open_flags(const struct sk_buff *skb,
						  u8 family, unsigned int none)
{
	u8 proto;

	return pe_tcp_flags(skb, pe_plain_l4(skb, family, &proto), none);
}

/* May a server be asked to answer? Most packets open no connection. */
static __always_inline bool pe_open_may_ask(const struct sk_buff *skb,
					    u8 family, u8 proto,
					    const struct pe_stage *stage)
{
	return proto == IPPROTO_TCP &&
	       (stage->one_way ||
		pe_open_flags(skb, family, TCPHDR_SYN) & TCPHDR_SYN);
}

static __always_inline void pe_open_note(const struct sk_buff *skb, u8 family,
					 u8 proto, const struct pe_service *svc,
					 const struct pe_stage *stage,
					 const struct pe_device *device)
{
	u16 extra = READ_ONCE(stage->extra) & PE_EXTRA_PASSING;

	if (extra == PE_EXTRA_ASKS && device->kind == PE_DEVICE_KIND_SERVER &&
	    likely(!pe_open_may_ask(skb, family, proto, stage)))
		return;
	if (extra)
		pe_open_note_passing(skb, family, svc, stage, device);
}

/* It is chosen where a plain packet goes, or there was no choice. */
static __always_inline unsigned int
pe_open_chosen(struct pe_net *pn, struct sk_buff *skb, u8 family,
	       const struct pe_service *svc, struct pe_stage *stage)
{
	u16 noted = stage->extra & PE_EXTRA_NOTED;
	struct net_device *dev;
	struct pe_passing p;

	stage->extra &= ~PE_EXTRA_NOTED;
	if (unlikely(!pe_is_quick(skb, family, stage, &dev))) {
		stage->extra |= noted;
		return pe_steer_plain(pn, skb, family, svc, stage);
	}
	if (noted) {
		stage->extra |= noted;
		pe_passing_plain(skb, family, &p);
		pe_note_handed(stage, stage->device, &p);
	}
	return pe_steer_quick(pn, skb, family, svc, stage, &stage->device,
			      &stage->to, dev);
}

/* Where flows are remembered. @flow is NULL where this one is not, yet. */
static noinline unsigned int pe_open_kept_any(struct pe_net *pn,
					      struct sk_buff *skb, u8 family,
					      const struct pe_hit *hit,
					      const struct pe_flow_key *key,
					      struct pe_flow *flow)
{
	struct pe_stage stage = *hit->stage;

	stage.extra &= ~PE_EXTRA_GATE;
	if (unlikely(!pe_choose_kept_plain(skb, family, hit, &stage, key,
					   flow)))
		return pe_act_plain(pn, skb, family, hit->svc, &stage);
	return pe_open_chosen(pn, skb, family, hit->svc, &stage);
}

/* Where none are. */
static noinline unsigned int pe_open_choice_any(struct pe_net *pn,
						struct sk_buff *skb, u8 family,
						const struct pe_service *svc,
						const struct pe_stage *at)
{
	struct pe_hit hit = { svc, at, PE_MATCH_EXACT };
	struct pe_stage stage = *at;

	stage.extra &= ~PE_EXTRA_GATE;
	if (unlikely(!pe_choose_plain(skb, family, &hit, &stage)))
		return pe_act_plain(pn, skb, family, svc, &stage);
	return pe_open_chosen(pn, skb, family, svc, &stage);
}

/* It may be remembered or not: there is more to do than to look. */
static noinline unsigned int pe_open_kept_more(struct pe_net *pn,
					       struct sk_buff *skb, u8 family,
					       const struct pe_service *svc,
					       const struct pe_stage *stage)
{
	struct pe_hit hit = { svc, stage, PE_MATCH_EXACT };
	struct pe_client client;
	struct pe_flow_key key;
	u8 proto;

	pe_plain_l4(skb, family, &proto);
	pe_plain_client(skb, family, svc, pe_hit_forward(&hit), &client);
	pe_service_flow_key(svc, &client, proto, &key);
	return pe_open_kept_any(pn, skb, family, &hit, &key,
				pe_flow_find(&key));
}

/* It was looked for already, by @word, and found to be no simple matter. */
static noinline unsigned int pe_open_kept_odd(struct pe_net *pn,
					      struct sk_buff *skb, u8 family,
					      const struct pe_service *svc,
					      const struct pe_stage *stage,
					      struct pe_flow *flow, u64 word)
{
	struct pe_hit hit = { svc, stage, PE_MATCH_EXACT };
	struct pe_client client;
	struct pe_flow_key key;

	pe_client_outer(skb, family, pe_hit_forward(&hit), &client);
	pe_flow_key_set(&key, svc->ledger, &client, word);
	return pe_open_kept_any(pn, skb, family, &hit, &key, flow);
}

/* Where the first look does not tell. */
static noinline const struct pe_device *
pe_open_peek(struct pe_flow *flow, const struct pe_sequence *seq,
	     const struct pe_step *step)
{
	const struct pe_device *device;
	u8 former;

	device = pe_flow_peek(flow, seq, step, &former);
	return former ? NULL : device;
}

/* Does a segment open a connection, or end one? */
static __always_inline bool pe_open_is_edge(const struct sk_buff *skb,
					    u8 family, u8 proto)
{
	return proto == IPPROTO_TCP &&
	       unlikely(pe_open_flags(skb, family, TCPHDR_SYN) & PE_TCP_EDGES);
}

/* Does a segment tell of what went past this engine? */
static __always_inline bool pe_open_acknowledges(const struct sk_buff *skb,
						 u8 family, u8 proto)
{
	return proto == IPPROTO_TCP &&
	       pe_open_flags(skb, family, 0) & TCPHDR_ACK;
}

/* The flow of a packet, if it is remembered, by the client's end of it, as
 * pe_service_flow_key() has it of a service with one leg.
 * @word: out: what tells it.
 */
static __always_inline struct pe_flow *
pe_open_find(const struct sk_buff *skb, u8 family,
	     const struct pe_service *svc, bool forward, u64 *word)
{
	struct pe_client client;
	u8 proto;

	pe_plain_l4(skb, family, &proto);
	pe_plain_client(skb, family, svc, forward, &client);
	*word = pe_flow_word(svc->ledger, &client, proto);
	return pe_flow_find_by(svc->ledger, client.addr, *word, client.ipv4);
}

/* What is noted of an answer that ends nothing. */
static __always_inline void pe_open_note_answer(const struct sk_buff *skb,
						u8 family,
						const struct pe_service *svc,
						const struct pe_stage *stage,
						u16 extra)
{
	struct pe_passing p;

	if (!(extra & PE_EXTRA_NOTES))
		return;
	if (likely(!(extra & PE_EXTRA_CLOCKED) && stage->from)) {
		pe_device_beat(stage->from->device->stats, PE_BEAT_ANSWERED);
		return;
	}
	pe_passing_plain(skb, family, &p);
	pe_note_returned(svc, stage, &p);
}

/* From a server: that its flow is its own is known, and nothing is chosen. */
static __always_inline unsigned int
pe_open_back(struct pe_net *pn, struct sk_buff *skb, u8 family,
	     const struct pe_service *svc, const struct pe_stage *at)
{
	const struct pe_sequence *seq = svc->seq;
	u16 extra = READ_ONCE(at->extra);
	struct pe_device *device;
	struct pe_stage stage;
	struct pe_flow *flow;
	u64 word;
	u8 proto;

	pe_plain_l4(skb, family, &proto);
	if (unlikely(!seq->server || extra & PE_EXTRA_CHOOSE ||
		     seq->legs != 1 || pe_open_is_edge(skb, family, proto)))
		return pe_open_kept_more(pn, skb, family, svc, at);
	flow = pe_open_find(skb, family, svc, false, &word);
	if (unlikely(!flow || !pe_flow_first(flow, seq,
					     pe_sequence_server(seq), &device)))
		return pe_open_kept_odd(pn, skb, family, svc, at, flow, word);
	pe_flow_see(flow, PE_FLOW_SEEN_REVERSE);
	pe_open_note_answer(skb, family, svc, at, extra);
	stage = *at;
	stage.extra = extra & ~(PE_EXTRA_STATE | PE_EXTRA_NOTES);
	return pe_act_plain(pn, skb, family, svc, &stage);
}

static noinline unsigned int pe_open_back4(struct pe_net *pn,
					   struct sk_buff *skb,
					   const struct pe_service *svc,
					   const struct pe_stage *stage)
{
	return pe_open_back(pn, skb, NFPROTO_IPV4, svc, stage);
}

static noinline unsigned int pe_open_back6(struct pe_net *pn,
					   struct sk_buff *skb,
					   const struct pe_service *svc,
					   const struct pe_stage *stage)
{
	return pe_open_back(pn, skb, NFPROTO_IPV6, svc, stage);
}

/* Which device a packet of a flow goes to, as those before; false where there
 * is more to it.
 */
static __always_inline bool
pe_open_pinned(const struct sk_buff *skb, u8 family, u8 proto,
	       const struct pe_sequence *seq, const struct pe_stage *stage,
	       struct pe_flow *flow, const struct pe_device **device)
{
	const struct pe_step *step;
	struct pe_device *found;

	if (pe_open_is_edge(skb, family, proto))
		return false;
	step = &seq->step[stage->to_step];
	if (unlikely(!pe_step_is_kept(step))) {
		*device = step->device;
		return pe_health_works(step->device->health);
	}
	if (likely(pe_flow_first(flow, seq, step, &found))) {
		*device = found;
		return true;
	}
	*device = pe_open_peek(flow, seq, step);
	return *device;
}

/* Where more is to be done than to hand it to one of several. */
static __always_inline unsigned int
pe_open_kept_other(struct pe_net *pn, struct sk_buff *skb, u8 family,
		   const struct pe_service *svc, const struct pe_stage *stage)
{
	if (stage->index != svc->seq->forward)
		return pe_open_kept_more(pn, skb, family, svc, stage);
	if (family == NFPROTO_IPV4)
		return pe_open_back4(pn, skb, svc, stage);
	return pe_open_back6(pn, skb, svc, stage);
}

/* At a stage where flows are remembered: from the client, for what comes from a
 * server has a choice before it hardly ever.
 */
static __always_inline unsigned int
pe_open_kept(struct pe_net *pn, struct sk_buff *skb, u8 family,
	     const struct pe_service *svc, const struct pe_stage *stage)
{
	const struct pe_sequence *seq = svc->seq;
	u16 extra = READ_ONCE(stage->extra);
	const struct pe_device *device;
	const struct pe_port *to;
	struct net_device *dev;
	struct pe_flow *flow;
	int seen = PE_FLOW_SEEN_FORWARD;
	u64 word;
	u8 proto;

	if (unlikely(!pe_open_is_all(extra, PE_EXTRA_STATE | PE_EXTRA_CHOOSE) ||
		     stage->direction == PE_DIRECTION_REVERSE ||
		     seq->legs != 1))
		return pe_open_kept_other(pn, skb, family, svc, stage);
	pe_plain_l4(skb, family, &proto);
	flow = pe_open_find(skb, family, svc, true, &word);
	if (unlikely(!flow || !pe_open_pinned(skb, family, proto, seq, stage,
					      flow, &device) ||
		     !pe_is_free(skb, family, &device->outside, &dev)))
		return pe_open_kept_odd(pn, skb, family, svc, stage, flow, word);
	if (unlikely(stage->one_way) &&
	    pe_open_acknowledges(skb, family, proto))
		seen = PE_FLOW_SEEN_BOTH;
	pe_flow_see(flow, seen);
	pe_open_note(skb, family, proto, svc, stage, device);
	to = &device->outside;
	return pe_steer_quick(pn, skb, family, svc, stage, &device, &to, dev);
}

/* The device that a packet goes to without memory, or NULL. */
static __always_inline const struct pe_device *
pe_open_picked(const struct sk_buff *skb, u8 family,
	       const struct pe_service *svc, const struct pe_stage *stage)
{
	const struct pe_pool *pool = svc->seq->step[stage->to_step].pool;
	struct pe_hit hit = { svc, stage, PE_MATCH_EXACT };
	struct pe_client client;

	if (unlikely(!pool))
		return NULL;
	pe_plain_client(skb, family, svc, pe_hit_forward(&hit), &client);
	return pe_pool_pick(pool, &client);
}

/* At a stage where none are. */
static __always_inline unsigned int
pe_open_choice(struct pe_net *pn, struct sk_buff *skb, u8 family,
	       const struct pe_service *svc, const struct pe_stage *stage)
{
	const struct pe_device *device = NULL;
	u16 extra = READ_ONCE(stage->extra);
	const struct pe_port *to;
	struct net_device *dev;
	u8 proto;

	if (pe_open_is_all(extra, PE_EXTRA_CHOOSE))
		device = pe_open_picked(skb, family, svc, stage);
	else if (pe_open_is_all(extra, 0))
		device = stage->device;
	if (unlikely(!device))
		return pe_open_choice_any(pn, skb, family, svc, stage);
	to = pe_device_port(device, stage->direction == PE_DIRECTION_REVERSE);
	if (unlikely(!pe_is_free(skb, family, to, &dev)))
		return pe_open_choice_any(pn, skb, family, svc, stage);
	pe_plain_l4(skb, family, &proto);
	pe_open_note(skb, family, proto, svc, stage, device);
	return pe_steer_quick(pn, skb, family, svc, stage, &device, &to, dev);
}

/**
 * pe_open_kept4() - hand a packet of IPv4 to a device that its flow keeps to
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @svc: its service
 * @stage: where it is, a stage with PE_EXTRA_STATE; it was let in
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
unsigned int pe_open_kept4(struct pe_net *pn, struct sk_buff *skb,
			   const struct pe_service *svc,
			   const struct pe_stage *stage)
{
	return pe_open_kept(pn, skb, NFPROTO_IPV4, svc, stage);
}

/**
 * pe_open_kept6() - the same of IPv6
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @svc: its service
 * @stage: where it is, a stage with PE_EXTRA_STATE; it was let in
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
unsigned int pe_open_kept6(struct pe_net *pn, struct sk_buff *skb,
			   const struct pe_service *svc,
			   const struct pe_stage *stage)
{
	return pe_open_kept(pn, skb, NFPROTO_IPV6, svc, stage);
}

/**
 * pe_open_choice4() - hand a packet of IPv4 to a device of which no flow knows
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @svc: its service
 * @stage: where it is, a stage with any of PE_EXTRA_AHEAD but PE_EXTRA_STATE;
 *	it was let in
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
unsigned int pe_open_choice4(struct pe_net *pn, struct sk_buff *skb,
			     const struct pe_service *svc,
			     const struct pe_stage *stage)
{
	return pe_open_choice(pn, skb, NFPROTO_IPV4, svc, stage);
}

/**
 * pe_open_choice6() - the same of IPv6
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @svc: its service
 * @stage: where it is, a stage with any of PE_EXTRA_AHEAD but PE_EXTRA_STATE;
 *	it was let in
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
unsigned int pe_open_choice6(struct pe_net *pn, struct sk_buff *skb,
			     const struct pe_service *svc,
			     const struct pe_stage *stage)
{
	return pe_open_choice(pn, skb, NFPROTO_IPV6, svc, stage);
}
