// SPDX-License-Identifier: GPL-2.0-only
/* What is told of an imagined packet. */

#include <net/netlink.h>

#include "../model/engine.h"
#include "../netns.h"
#include "fill.h"
#include "onward.h"
#include "walk.h"

/* What is asked whether there is room: the service, then the engine. */
static int pe_fill_walk_limits(struct sk_buff *skb, const struct pe_walk *w,
			       const struct pe_hit *hit)
{
	const struct pe_object *obj = pe_object_find(w->pn, PE_NOUN_ENGINE,
						     PE_ENGINE);
	const struct pe_engine *engine = obj ? obj->live : NULL;

	if (hit->stage->index)
		return 0;
	return pe_fill_rates(skb, PE_HOP_LIMIT, &hit->svc->rates) ?:
	       engine ? pe_fill_rates(skb, PE_HOP_ENGINE_LIMIT,
				      &engine->rates) : 0;
}

/* What asks for the packet: limits, then the list. */
static int pe_fill_walk_gate(struct sk_buff *skb, const struct pe_walk *w,
			     const struct pe_hit *hit)
{
	if (pe_fill_walk_limits(skb, w, hit))
		return -EMSGSIZE;
	if (!w->gate)
		return 0;
	return nla_put_string(skb, PE_HOP_ACL, w->gate->obj->name) ?:
	       w->rule == PE_CLASS_NONE ? 0 :
	       nla_put_u32(skb, PE_HOP_RULE, w->rule);
}

static int pe_fill_walk_taps(struct sk_buff *skb, const struct pe_walk *w,
			     const struct pe_hit *hit)
{
	const struct pe_stage *stage = hit->stage;
	const struct pe_device *tap;
	const struct pe_step *step;
	struct pe_client client;
	u8 i, former;

	pe_walk_client(w, hit, &client);
	for (i = stage->tap_first; i < stage->tap_first + stage->taps; i++) {
		step = &hit->svc->seq->step[i];
		tap = step->pool ? pe_walk_member(w, hit, step, &client,
						  &former) : step->device;
		if (!tap || tap->kind != PE_DEVICE_KIND_TAP ||
		    !pe_health_works(tap->health))
			continue;
		if (nla_put_string(skb, PE_HOP_TAP, tap->obj->name))
			return -EMSGSIZE;
	}
	return 0;
}

/* A server behind its own address is reached by the kernel's route, past its
 * forwarding, where that has no say.
 */
static bool pe_walk_direct(struct pe_onward *on, const struct pe_walk *w,
			   const struct pe_stage *stage)
{
	struct dst_entry *dst;

	if (stage->action != PE_ACTION_TRANSLATE)
		return false;
	local_bh_disable();
	rcu_read_lock();
	dst = pe_route_direct(w->pn->net, stage->device->route, w->family);
	if (dst)
		pe_onward_route(on, dst, &w->daddr, w->family);
	rcu_read_unlock();
	local_bh_enable();
	return dst;
}

/* Where the kernel's route leads. */
static int pe_fill_walk_route(struct sk_buff *skb, const struct pe_walk *w,
			      const struct pe_stage *stage)
{
	struct pe_onward on;

	if (!pe_walk_direct(&on, w, stage)) {
		struct net_device *iif = w->iif ?
			dev_get_by_name(w->pn->net, w->iif) : NULL;

		pe_onward_forwarded(&on, w->pn->net, &w->saddr, &w->daddr,
				    w->family, iif);
		dev_put(iif);
	}
	if ((on.dev[0] && nla_put_string(skb, PE_HOP_OIF, on.dev)) ||
	    (on.mac_known && nla_put(skb, PE_HOP_LLADDR, ETH_ALEN, on.mac)) ||
	    (on.obstacle && nla_put_u32(skb, PE_HOP_OBSTACLE, on.obstacle)))
		return -EMSGSIZE;
	return 0;
}

/* Where the neighbour table does not know the address yet, it asks and keeps
 * the packet.
 */
static int pe_fill_walk_port(struct sk_buff *skb, const struct pe_port *port)
{
	u64 known = READ_ONCE(port->mac);
	u8 mac[ETH_ALEN];

	if (nla_put_string(skb, PE_HOP_OIF, port->iface->name))
		return -EMSGSIZE;
	if (port->kind == PE_PORT_KIND_TUNNEL)
		return 0;
	if (!known)
		return nla_put_u32(skb, PE_HOP_OBSTACLE,
				   PE_OBSTACLE_NO_NEIGHBOUR);
	pe_mac_put(mac, known);
	return nla_put(skb, PE_HOP_LLADDR, ETH_ALEN, mac);
}

static int pe_fill_walk_exit(struct sk_buff *skb, const struct pe_walk_at *at)
{
	u8 mac[ETH_ALEN];

	if (nla_put_string(skb, PE_HOP_OIF, at->oif))
		return -EMSGSIZE;
	if (!at->mac)
		return 0;
	pe_mac_put(mac, at->mac);
	return nla_put(skb, PE_HOP_LLADDR, ETH_ALEN, mac);
}

static int pe_fill_walk_code(struct sk_buff *skb, const struct pe_hit *hit)
{
	const struct pe_sequence *seq = hit->svc->seq;
	u32 code = pe_sequence_mark(seq, hit->stage->to_step,
				    hit->stage->direction, false);

	if (!code)
		return 0;
	return nla_put_u32(skb, PE_HOP_TRACK, seq->track.method) ?:
	       nla_put_u32(skb, PE_HOP_CODE, code);
}

static int pe_fill_walk_to(struct sk_buff *skb, const struct pe_walk *w,
			   const struct pe_hit *hit, enum pe_drop reason)
{
	const struct pe_stage *stage = hit->stage;

	if (stage->device &&
	    (nla_put_string(skb, PE_HOP_DEVICE, stage->device->obj->name) ||
	     nla_put_u32(skb, PE_HOP_STEP, stage->to_step)))
		return -EMSGSIZE;
	if (reason)
		return stage->to ? nla_put_string(skb, PE_HOP_OIF,
						  stage->to->iface->name) : 0;
	if (!stage->to)
		return pe_fill_walk_route(skb, w, stage);
	return pe_fill_walk_code(skb, hit) ?:
	       pe_fill_walk_port(skb, stage->to);
}

/* Only the device that emits knows whose address it gives to what it emits. */
static bool pe_walk_is_emitted(const struct pe_hit *hit)
{
	return hit->svc && hit->svc->seq->legs > 1 &&
	       pe_sequence_leg(hit->svc->seq, hit->stage->index);
}

static int pe_fill_walk_source(struct sk_buff *skb, const struct pe_walk *w)
{
	return pe_fill_addr(skb, PE_HOP_SADDR, &w->saddr, w->family) ?:
	       w->key.ports ? nla_put_u16(skb, PE_HOP_SPORT, w->key.sport) : 0;
}

static int pe_fill_walk_target(struct sk_buff *skb, const struct pe_walk *w)
{
	return pe_fill_addr(skb, PE_HOP_DADDR, &w->daddr, w->family) ?:
	       w->key.ports ? nla_put_u16(skb, PE_HOP_DPORT, w->key.dport) : 0;
}

static int pe_fill_walk_packet(struct sk_buff *skb, const struct pe_walk *w,
			       const struct pe_hit *hit)
{
	bool emitted = pe_walk_is_emitted(hit);
	bool forward = !emitted || pe_hit_forward(hit);

	if ((!emitted || !forward) && pe_fill_walk_source(skb, w))
		return -EMSGSIZE;
	if (forward && pe_fill_walk_target(skb, w))
		return -EMSGSIZE;
	if (!hit->svc || hit->svc->seq->legs == 1)
		return 0;
	return nla_put_u8(skb, PE_HOP_PROTO, w->key.proto);
}

static int pe_fill_walk_hit(struct sk_buff *skb, const struct pe_hit *hit)
{
	const struct pe_port *from = hit->stage->from;

	if (nla_put_u32(skb, PE_HOP_DIRECTION,
			pe_hit_forward(hit) ? PE_DIRECTION_FORWARD :
					      PE_DIRECTION_REVERSE) ||
	    nla_put_string(skb, PE_HOP_SERVICE, hit->svc->obj->name))
		return -EMSGSIZE;
	if (from && hit->match == PE_MATCH_EXACT &&
	    nla_put_string(skb, PE_HOP_FROM, from->device->obj->name))
		return -EMSGSIZE;
	return 0;
}

/**
 * pe_fill_walk() - put what becomes of a packet at one place
 * @skb: message
 * @w: the packet, as it leaves from there
 * @at: what pe_walk_meet() said
 *
 * Context: process context, pe_net.lock held.
 * Return: 0, or -EMSGSIZE.
 */
int pe_fill_walk(struct sk_buff *skb, const struct pe_walk *w,
		 const struct pe_walk_at *at)
{
	const struct pe_hit *hit = &at->hit;
	struct nlattr *nest;

	nest = nla_nest_start(skb, PE_EXPLAIN_HOP);
	if (!nest || nla_put_u32(skb, PE_HOP_ACTION, at->action) ||
	    (at->reason && nla_put_u32(skb, PE_HOP_REASON, at->reason)) ||
	    (w->iif && nla_put_string(skb, PE_HOP_IIF, w->iif)) ||
	    (hit->match >= PE_MATCH_CLAIM && pe_fill_walk_hit(skb, hit)) ||
	    (at->known && pe_fill_walk_gate(skb, w, hit)) ||
	    (at->known && !at->reason && pe_fill_walk_taps(skb, w, hit)) ||
	    (at->known && !at->leaves &&
	     pe_fill_walk_to(skb, w, hit, at->reason)) ||
	    (at->leaves && !at->reason && pe_fill_walk_exit(skb, at)) ||
	    pe_fill_walk_packet(skb, w, hit))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}
