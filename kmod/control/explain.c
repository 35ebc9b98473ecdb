// SPDX-License-Identifier: GPL-2.0-only
/* Every stage that a packet would meet, found by what finds it for packets. */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/dst_metadata.h>
#include <net/genetlink.h>

#include "../model/engine.h"
#include "../model/match.h"
#include "../netns.h"
#include "fill.h"
#include "nl-gen.h"
#include "notify.h"
#include "onward.h"
#include "parse.h"
#include "session.h"

/* More than the time to live of a packet, whose way ends before. */
#define PE_EXPLAIN_HOPS	80

/* Of TCP's flags, the one that opens a connection has. */
#define PE_WALK_SYN	0x02

/**
 * struct pe_walk - an imagined packet on its way
 * @pn: namespace
 * @family: NFPROTO_*
 * @saddr: its source address now
 * @daddr: its destination address now
 * @key: the rest of what decides where it goes
 * @proto: IP protocol that the client uses
 * @port: port of the service that the client uses
 * @ports: @proto has ports
 * @mac: the link-layer address that @key points to
 * @iif: interface it arrives by, by name
 * @ttl: how many more times it can be handed on
 * @stage: where it is, with the device that was chosen
 * @gate: list that was asked for it, NULL for none
 * @rule: the first rule of that it matches, or PE_CLASS_NONE
 */
struct pe_walk {
	struct pe_net		*pn;
	u8			family;
	union nf_inet_addr	saddr;
	union nf_inet_addr	daddr;
	struct pe_key		key;
	u8			proto;
	u16			port;
	bool			ports;
	u8			mac[ETH_ALEN];
	const char		*iif;
	u8			ttl;
	struct pe_stage		stage;
	const struct pe_gate	*gate;
	u32			rule;
};

/* Where an exit leads. */
struct pe_walk_next {
	char			name[IFNAMSIZ];
	u64			mac;	/* 0: not known */
};

/* Protocol and port of a leg, at the service's end of the packet. */
static void pe_walk_leg(struct pe_walk *w, const struct pe_service *svc, u8 leg,
			bool forward)
{
	struct pe_traffic traffic;
	u16 port = w->port;

	pe_service_traffic(svc, leg, &traffic);
	w->key.proto = leg ? traffic.proto : w->proto;
	w->key.ports = leg ? traffic.level == PE_LEVEL_PORT : w->ports;
	if (leg)
		port = traffic.range->first;
	if (forward)
		w->key.dport = port;
	else
		w->key.sport = port;
}

/* What a stage does to addresses and ports. */
static void pe_walk_rewrite(struct pe_walk *w, const struct pe_hit *hit)
{
	const struct pe_sequence *seq = hit->svc->seq;
	const struct pe_step *server = pe_sequence_server(seq);
	const struct pe_stage *stage = hit->stage;
	u16 port;

	if (!server)
		return;
	port = pe_stage_server_port(seq, stage);
	if (pe_hit_forward(hit) && stage->to_step == seq->steps - 1) {
		if (pe_device_is_nat(stage->device))
			w->daddr = stage->device->address;
		if (port && w->key.dport == hit->svc->server_port)
			w->key.dport = port;
	} else if (stage->index == seq->forward) {
		if (pe_device_is_nat(server->device))
			w->saddr = hit->svc->vip;
		if (port && w->key.sport == port)
			w->key.sport = hit->svc->server_port;
	}
}

static enum pe_drop pe_walk_ready(const struct pe_port *port)
{
	const struct net_device *dev;
	enum pe_drop reason = PE_DROP_NONE;

	rcu_read_lock();
	dev = rcu_dereference(port->iface->dev);
	if (!dev)
		reason = PE_DROP_NO_INTERFACE;
	else if (!(dev->flags & IFF_UP) || !netif_carrier_ok(dev))
		reason = PE_DROP_INTERFACE_DOWN;
	else if (!READ_ONCE(port->mac) && port->kind != PE_PORT_KIND_VIA)
		reason = PE_DROP_NO_NEIGHBOUR;
	rcu_read_unlock();
	return reason;
}

/* The client's end of the packet, as pe_packet_client() has it. */
static void pe_walk_client(const struct pe_walk *w, const struct pe_hit *hit,
			   struct pe_client *client)
{
	bool forward = pe_hit_forward(hit);

	client->addr = forward ? w->saddr.ip6 : w->daddr.ip6;
	client->ipv4 = w->family == NFPROTO_IPV4;
	client->port = 0;
	if (pe_service_flow_has_port(hit->svc))
		client->port = forward ? w->key.sport : w->key.dport;
}

static u64 pe_walk_half(const __be32 *word)
{
	return (u64)ntohl(word[0]) << 32 | ntohl(word[1]);
}

/* The key of what opens a connection, or of an echo request. */
static void pe_walk_class(const struct pe_walk *w, struct pe_class_key *key)
{
	bool ipv4 = w->family == NFPROTO_IPV4;
	u64 *field = key->field;

	memset(key, 0, sizeof(*key));
	field[PE_CLASS_SOURCE] = ipv4 ? ntohl(w->saddr.ip) :
					pe_walk_half(w->saddr.ip6);
	field[PE_CLASS_DEST] = ipv4 ? ntohl(w->daddr.ip) :
				      pe_walk_half(w->daddr.ip6);
	if (!ipv4) {
		field[PE_CLASS_SOURCE_LOW] = pe_walk_half(w->saddr.ip6 + 2);
		field[PE_CLASS_DEST_LOW] = pe_walk_half(w->daddr.ip6 + 2);
	}
	field[PE_CLASS_PROTO] = w->key.proto;
	field[PE_CLASS_SPORT] = w->ports ? w->key.sport : PE_CLASS_NO_PORT;
	field[PE_CLASS_PORT] = w->ports ? w->key.dport : PE_CLASS_NO_PORT;
	if (w->key.proto == IPPROTO_ICMP)
		field[PE_CLASS_PORT] = ICMP_ECHO << 8;
	else if (w->key.proto == IPPROTO_ICMPV6)
		field[PE_CLASS_PORT] = ICMPV6_ECHO_REQUEST << 8;
	field[PE_CLASS_FLAGS] = w->key.proto == IPPROTO_TCP ?
				PE_WALK_SYN : PE_CLASS_NO_FLAGS;
	field[PE_CLASS_DSCP] = w->key.dscp;
}

/* Is it let in? Nothing is counted. */
static enum pe_drop pe_walk_gate(struct pe_walk *w, const struct pe_hit *hit)
{
	struct pe_class_key key;
	const struct pe_acl *acl;
	bool permit;

	w->gate = NULL;
	if (hit->match < PE_MATCH_OPEN || !(hit->stage->extra & PE_EXTRA_GATE))
		return PE_DROP_NONE;
	acl = hit->svc->gate ? pe_acl_of(hit->svc->gate) : NULL;
	if (!acl)
		return PE_DROP_NONE;
	pe_walk_class(w, &key);
	w->gate = hit->svc->gate;
	w->rule = pe_acl_index(acl, w->family, &key, w->key.dev);
	permit = w->rule == PE_CLASS_NONE ? acl->permit :
		 acl->verdict[w->rule] & PE_ACL_PERMITS;
	return permit ? PE_DROP_NONE : PE_DROP_DENIED;
}

/* What is asked whether there is room: the service, then the engine. */
static int pe_walk_fill_limits(struct sk_buff *skb, const struct pe_walk *w,
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
static int pe_walk_fill_gate(struct sk_buff *skb, const struct pe_walk *w,
			     const struct pe_hit *hit)
{
	if (pe_walk_fill_limits(skb, w, hit))
		return -EMSGSIZE;
	if (!w->gate)
		return 0;
	return nla_put_string(skb, PE_HOP_ACL, w->gate->obj->name) ?:
	       w->rule == PE_CLASS_NONE ? 0 :
	       nla_put_u32(skb, PE_HOP_RULE, w->rule);
}

/* Where the stage leaves something open: what becomes of it now. */
static enum pe_drop pe_walk_choose(struct pe_walk *w, struct pe_hit *hit)
{
	struct pe_skipped skipped;
	struct pe_client client;
	struct pe_flow *flow;
	enum pe_drop reason;

	if (hit->match < PE_MATCH_OPEN ||
	    !(hit->stage->extra & PE_EXTRA_CHOOSE))
		return PE_DROP_NONE;
	pe_walk_client(w, hit, &client);
	w->stage = *hit->stage;
	hit->stage = &w->stage;
	rcu_read_lock();
	flow = pe_service_flow(hit->svc, &client, w->key.proto);
	reason = pe_stage_choose_peek(hit->svc->seq, &w->stage, &client,
				      &skipped, flow);
	rcu_read_unlock();
	return reason;
}

/* The device of a step that the packet's flow has, or would have; @former as
 * pe_flow_peek() says it.
 */
static const struct pe_device *pe_walk_member(const struct pe_walk *w,
					      const struct pe_hit *hit,
					      const struct pe_step *step,
					      const struct pe_client *client,
					      u8 *former)
{
	const struct pe_device *dev;

	rcu_read_lock();
	dev = pe_flow_peek(pe_service_flow(hit->svc, client, w->key.proto),
			   hit->svc->seq, step, former);
	rcu_read_unlock();
	return dev ?: pe_step_pick(step, client);
}

static int pe_walk_fill_taps(struct sk_buff *skb, const struct pe_walk *w,
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
static int pe_walk_fill_route(struct sk_buff *skb, const struct pe_walk *w,
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
static int pe_walk_fill_port(struct sk_buff *skb, const struct pe_port *port)
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

/* Where the service's exit sends the packet; the first one to a neighbour that
 * nobody asked for yet waits for the answer.
 */
static enum pe_drop pe_walk_exit(const struct pe_walk *w,
				 const struct pe_exit *exit,
				 struct pe_walk_next *to)
{
	struct neighbour *n = NULL;
	enum pe_drop reason;
	struct pe_next next;

	local_bh_disable();
	rcu_read_lock();
	reason = pe_exit_next(w->pn->net, exit, &w->saddr, &w->daddr,
			      w->family, &next);
	if (!reason) {
		strscpy(to->name, next.dev->name, sizeof(to->name));
		n = pe_next_neighbour(&next);
		if (IS_ERR(n))
			reason = PE_DROP_NO_NEIGHBOUR;
		else
			to->mac = pe_neighbour_mac(n);
	}
	if (!reason && !to->mac &&
	    !(READ_ONCE(n->nud_state) & NUD_VALID) &&
	    READ_ONCE(n->nud_state) != NUD_NONE)
		reason = PE_DROP_NO_NEIGHBOUR;
	rcu_read_unlock();
	local_bh_enable();
	return reason;
}

static int pe_walk_fill_exit(struct sk_buff *skb, const struct pe_walk_next *to)
{
	u8 mac[ETH_ALEN];

	if (nla_put_string(skb, PE_HOP_OIF, to->name))
		return -EMSGSIZE;
	if (!to->mac)
		return 0;
	pe_mac_put(mac, to->mac);
	return nla_put(skb, PE_HOP_LLADDR, ETH_ALEN, mac);
}

static int pe_walk_fill_code(struct sk_buff *skb, const struct pe_hit *hit)
{
	const struct pe_sequence *seq = hit->svc->seq;
	u32 code = pe_sequence_mark(seq, hit->stage->to_step,
				    hit->stage->direction, false);

	if (!code)
		return 0;
	return nla_put_u32(skb, PE_HOP_TRACK, seq->track.method) ?:
	       nla_put_u32(skb, PE_HOP_CODE, code);
}

static int pe_walk_fill_to(struct sk_buff *skb, const struct pe_walk *w,
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
		return pe_walk_fill_route(skb, w, stage);
	return pe_walk_fill_code(skb, hit) ?:
	       pe_walk_fill_port(skb, stage->to);
}

/* Only the device that emits knows whose address it gives to what it emits. */
static bool pe_walk_is_emitted(const struct pe_hit *hit)
{
	return hit->svc && hit->svc->seq->legs > 1 &&
	       pe_sequence_leg(hit->svc->seq, hit->stage->index);
}

static int pe_walk_fill_source(struct sk_buff *skb, const struct pe_walk *w)
{
	return pe_fill_addr(skb, PE_HOP_SADDR, &w->saddr, w->family) ?:
	       w->key.ports ? nla_put_u16(skb, PE_HOP_SPORT, w->key.sport) : 0;
}

static int pe_walk_fill_target(struct sk_buff *skb, const struct pe_walk *w)
{
	return pe_fill_addr(skb, PE_HOP_DADDR, &w->daddr, w->family) ?:
	       w->key.ports ? nla_put_u16(skb, PE_HOP_DPORT, w->key.dport) : 0;
}

static int pe_walk_fill_packet(struct sk_buff *skb, const struct pe_walk *w,
			       const struct pe_hit *hit)
{
	bool emitted = pe_walk_is_emitted(hit);
	bool forward = !emitted || pe_hit_forward(hit);

	if ((!emitted || !forward) && pe_walk_fill_source(skb, w))
		return -EMSGSIZE;
	if (forward && pe_walk_fill_target(skb, w))
		return -EMSGSIZE;
	if (!hit->svc || hit->svc->seq->legs == 1)
		return 0;
	return nla_put_u8(skb, PE_HOP_PROTO, w->key.proto);
}

static int pe_walk_fill_hit(struct sk_buff *skb, const struct pe_hit *hit)
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

/* Each hand-over takes one off the time to live, and so does the engine for a
 * packet back to a client; one that leaves the sequence forward is the kernel's.
 */
static enum pe_drop pe_walk_live(struct pe_walk *w, const struct pe_hit *hit)
{
	if (hit->stage->action == PE_ACTION_DELIVER && pe_hit_forward(hit))
		return PE_DROP_NONE;
	if (w->ttl <= 1)
		return PE_DROP_TTL;
	w->ttl--;
	return PE_DROP_NONE;
}

/* Does the packet leave by an exit? What is for another client does not. */
static bool pe_walk_leaves(const struct pe_walk *w, const struct pe_hit *hit)
{
	return hit->stage->action == PE_ACTION_DELIVER &&
	       pe_hit_forward(hit) && hit->svc->exit &&
	       !pe_prefixes_hold(pe_net_clients(w->pn,
						pe_family_of(w->family)),
				 &w->daddr, w->family == NFPROTO_IPV4);
}

/* What a former server sends to a flow that keeps to it. */
static bool pe_walk_former(const struct pe_walk *w, const struct pe_addr *src,
			   struct pe_hit *hit)
{
	struct pe_client client;
	struct pe_hit former;
	bool has = false;
	u32 at = 0;

	if (!src || !src->formers)
		return false;
	rcu_read_lock();
	while (!has && pe_match_former(src, &w->key, &at, &former)) {
		pe_walk_client(w, &former, &client);
		has = pe_former_has(&former, hit, &client, w->key.proto);
	}
	rcu_read_unlock();
	if (has)
		*hit = former;
	return has;
}

/* At a service's address, or of a client; not in a version that drains, by which
 * no new packet goes.
 */
static void pe_walk_locate(const struct pe_walk *w, const struct pe_addr *dst,
			   struct pe_hit *hit)
{
	enum pe_family family = pe_family_of(w->family);
	const struct pe_addr *src = pe_table_find(pe_net_table(w->pn, family),
						  &w->saddr, w->family);

	pe_match_both(dst, src, &w->key, hit);
	if (pe_walk_former(w, src, hit) || hit->match != PE_MATCH_NONE)
		return;
	pe_match_clients(pe_net_clients(w->pn, family), &w->saddr, &w->daddr,
			 w->family == NFPROTO_IPV4, &w->key, hit);
	if ((hit->match == PE_MATCH_OPEN &&
	     pe_route_is_own(w->pn->net, &w->daddr, w->family)) ||
	    (hit->svc && dst && dst->guards && pe_hit_forward(hit)))
		hit->match = PE_MATCH_NONE;
}

/* Is it a check's, or the answer to one? Those go no further. */
static bool pe_walk_checks(const struct pe_walk *w, struct pe_hit *hit,
			   const struct pe_addr *dst, enum pe_drop *reason)
{
	const struct pe_addr *src;

	src = pe_table_find(pe_net_table(w->pn, pe_family_of(w->family)),
			    &w->saddr, w->family);
	if (pe_addr_checks(dst)) {
		if (pe_addr_is_vip(src))
			*reason = PE_DROP_CHECK;
	} else if (pe_addr_checks(src) && hit->match != PE_MATCH_OPEN) {
		if (dst)
			*reason = PE_DROP_CHECK;
	} else {
		return false;
	}
	*hit = (struct pe_hit) {};
	return true;
}

/* What becomes of the packet here. */
static u32 pe_walk_verdict(struct pe_walk *w, struct pe_hit *hit,
			   const struct pe_addr *dst,
			   struct pe_walk_next *exit, enum pe_drop *reason)
{
	if (*reason)
		return PE_ACTION_DROP;
	if (unlikely(pe_walk_checks(w, hit, dst, reason)))
		return *reason ? PE_ACTION_DROP : PE_ACTION_ACCEPT;
	switch (hit->match) {
	case PE_MATCH_EXACT:
	case PE_MATCH_OPEN:
		if (pe_walk_leaves(w, hit)) {
			*reason = pe_walk_exit(w, hit->svc->exit, exit);
			return *reason ? PE_ACTION_DROP : PE_ACTION_EXIT;
		}
		*reason = pe_walk_live(w, hit);
		if (!*reason && hit->stage->action == PE_ACTION_STEER)
			*reason = pe_walk_ready(hit->stage->to);
		return *reason ? PE_ACTION_DROP : hit->stage->action;
	case PE_MATCH_CLAIM:
		*reason = PE_DROP_WRONG_PLACE;
		return PE_ACTION_DROP;
	case PE_MATCH_FRAGMENT:
		*reason = PE_DROP_FRAGMENT;
		return PE_ACTION_DROP;
	default:
		if (dst && dst->guards)
			*reason = PE_DROP_GUARD;
		return *reason ? PE_ACTION_DROP : PE_ACTION_ACCEPT;
	}
}

static int pe_walk_hop(struct sk_buff *skb, struct pe_walk *w,
		       struct pe_hit *hit, u32 *action)
{
	struct pe_walk_next exit = {};
	const struct pe_addr *dst;
	enum pe_drop reason;
	struct nlattr *nest;
	bool known, leaves;

	dst = pe_table_find(pe_net_table(w->pn, pe_family_of(w->family)),
			    &w->daddr, w->family);
	pe_walk_locate(w, dst, hit);
	reason = pe_walk_gate(w, hit);
	if (!reason)
		reason = pe_walk_choose(w, hit);
	*action = pe_walk_verdict(w, hit, dst, &exit, &reason);
	known = hit->match >= PE_MATCH_OPEN;
	leaves = known && pe_walk_leaves(w, hit);
	if (known && !reason)
		pe_walk_rewrite(w, hit);

	nest = nla_nest_start(skb, PE_EXPLAIN_HOP);
	if (!nest || nla_put_u32(skb, PE_HOP_ACTION, *action) ||
	    (reason && nla_put_u32(skb, PE_HOP_REASON, reason)) ||
	    (w->iif && nla_put_string(skb, PE_HOP_IIF, w->iif)) ||
	    (hit->match >= PE_MATCH_CLAIM && pe_walk_fill_hit(skb, hit)) ||
	    (known && pe_walk_fill_gate(skb, w, hit)) ||
	    (known && !reason && pe_walk_fill_taps(skb, w, hit)) ||
	    (known && !leaves && pe_walk_fill_to(skb, w, hit, reason)) ||
	    (leaves && !reason && pe_walk_fill_exit(skb, &exit)) ||
	    pe_walk_fill_packet(skb, w, hit))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* A device returns a packet with the code that it was handed with, or the one
 * that follows.
 */
static void pe_walk_code(struct pe_walk *w, const struct pe_hit *hit)
{
	const struct pe_sequence *seq = hit->svc->seq;
	u32 code = pe_sequence_mark(seq, hit->stage->to_step,
				    hit->stage->direction, true);

	w->key.track = PE_TRACK_LINK;
	if (!pe_track_encapsulates(seq->track.method)) {
		w->key.dscp = code;
	} else if (code) {
		w->key.track = seq->track.method;
		w->key.code = code;
	}
}

static void pe_walk_arrive(struct pe_walk *w, const struct pe_port *port)
{
	w->key.dev = rcu_access_pointer(port->iface->dev) ?: PE_DEV_NONE;
	pe_mac_put(w->mac, READ_ONCE(port->mac));
	w->key.mac = w->mac;
	w->key.tunnel = port->tunnel ? &port->tunnel->u.tun_info : NULL;
	w->iif = port->iface->name;
}

/* What the device that the packet was handed to makes of it. */
static void pe_walk_through(struct pe_walk *w, const struct pe_hit *hit)
{
	const struct pe_sequence *seq = hit->svc->seq;
	bool forward = pe_hit_forward(hit);
	u8 leg;

	if (seq->step[hit->stage->to_step].emits) {
		leg = pe_sequence_leg(seq, hit->stage->index);
		pe_walk_leg(w, hit->svc, forward ? leg + 1 : leg - 1, forward);
	}
	pe_walk_arrive(w, pe_device_port(hit->stage->device, forward));
}

static int pe_walk(struct sk_buff *skb, struct pe_walk *w)
{
	struct pe_hit hit;
	u32 action;
	int i, err;

	for (i = 0; i < PE_EXPLAIN_HOPS; i++) {
		err = pe_walk_hop(skb, w, &hit, &action);
		if (err || action != PE_ACTION_STEER ||
		    hit.stage->device->kind == PE_DEVICE_KIND_SERVER)
			return err;
		pe_walk_code(w, &hit);
		pe_walk_through(w, &hit);
	}
	return 0;
}

/* The packet starts where the server of a service sends its answers, and bears
 * what the server makes of the port that the client uses.
 */
static int pe_walk_from_server(struct pe_walk *w, struct genl_info *info,
			       struct pe_refusal *refusal)
{
	const char *name = nla_data(info->attrs[PE_EXPLAIN_SERVICE]);
	const struct pe_device *dev;
	const struct pe_service *svc;
	const struct pe_object *obj;
	const struct pe_step *server;
	struct pe_client client;
	struct pe_hit hit;
	u16 port;
	u8 former;

	obj = pe_object_find(w->pn, PE_NOUN_SERVICE, name);
	if (!obj || !obj->live)
		return pe_refuse(refusal, -ENOENT, 0, 0,
				 "there is no service %s: see what there is with show",
				 name);
	svc = obj->live;
	server = pe_sequence_server(svc->seq);
	w->port = w->key.sport;
	pe_walk_leg(w, svc, svc->seq->legs - 1, false);
	if (!server)
		return 0;
	hit = (struct pe_hit) { svc, svc->seq->back };
	pe_walk_client(w, &hit, &client);
	/* None is up: what the first would send. */
	dev = pe_walk_member(w, &hit, server, &client, &former) ?:
	      server->device;
	port = former ? svc->seq->former[former - 1].port : server->port;
	if (port && w->key.sport == svc->server_port)
		w->key.sport = port;
	if (pe_device_is_nat(dev))
		w->saddr = dev->address;
	else
		pe_walk_arrive(w, &dev->outside);
	return 0;
}

static int pe_walk_parse(struct pe_walk *w, struct genl_info *info,
			 struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;
	u8 family;
	int err;

	if (!a[PE_EXPLAIN_SADDR] || !a[PE_EXPLAIN_DADDR])
		return pe_refuse(refusal, -EINVAL, 0, 0,
				 "a packet has two addresses: give both, from and to");
	err = pe_parse_addr(a[PE_EXPLAIN_SADDR], "the sender", false,
			    &w->saddr, &w->family, info->extack, refusal);
	if (!err)
		err = pe_parse_addr(a[PE_EXPLAIN_DADDR], "the receiver",
				    false, &w->daddr, &family, info->extack,
				    refusal);
	if (err)
		return err;
	if (family != w->family)
		return pe_refuse(refusal, -EINVAL, 0, 0,
				 "one address is IPv4 and the other IPv6: give two of the same family");
	w->key.mac = pe_mac_none;
	if (a[PE_EXPLAIN_PROTO])
		w->key.proto = nla_get_u8(a[PE_EXPLAIN_PROTO]);
	if (a[PE_EXPLAIN_DPORT] || a[PE_EXPLAIN_SPORT])
		w->key.ports = true;
	if (a[PE_EXPLAIN_SPORT])
		w->key.sport = nla_get_u16(a[PE_EXPLAIN_SPORT]);
	if (a[PE_EXPLAIN_DPORT])
		w->key.dport = nla_get_u16(a[PE_EXPLAIN_DPORT]);
	w->proto = w->key.proto;
	w->ports = w->key.ports;
	w->port = w->key.dport;
	return a[PE_EXPLAIN_SERVICE] ? pe_walk_from_server(w, info, refusal) :
				       0;
}

static int pe_explain_reply(struct pe_walk *w, struct genl_info *info,
			    struct pe_refusal *refusal)
{
	struct sk_buff *reply;
	void *header;

	reply = genlmsg_new(NLMSG_GOODSIZE * 4, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	header = genlmsg_put_reply(reply, info, &pe_nl_family, 0,
				   PE_CMD_EXPLAIN);
	if (!header ||
	    nla_put_u32(reply, PE_EXPLAIN_GENERATION, w->pn->generation) ||
	    pe_walk(reply, w)) {
		nlmsg_free(reply);
		return pe_refuse(refusal, -EMSGSIZE, 0, 0,
				 "the packet's way is longer than an answer can be: see whether devices that it comes by have the same address on the link, so that it goes in a circle");
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

static int pe_explain(struct pe_walk *w, struct genl_info *info,
		      struct pe_refusal *refusal)
{
	const struct nlattr *iif = info->attrs[PE_EXPLAIN_IIF];
	struct net_device *dev = NULL;
	int err;

	w->key.dev = PE_DEV_NONE;
	if (iif) {
		dev = dev_get_by_name(w->pn->net, nla_data(iif));
		if (!dev)
			return pe_refuse(refusal, -ENODEV, 0, 0,
					 "there is no interface %s for the packet to arrive by: name another",
					 (const char *)nla_data(iif));
		w->key.dev = dev;
		w->iif = nla_data(iif);
	}
	err = pe_walk_parse(w, info, refusal);
	if (!err)
		err = pe_explain_reply(w, info, refusal);
	dev_put(dev);
	return err;
}

/* PE_CMD_EXPLAIN */
int pe_nl_explain_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pe_walk w = {
		.pn = pe_net(genl_info_net(info)),
		.ttl = IPDEFTTL,
	};
	struct pe_refusal refusal = {};
	int err;

	mutex_lock(&w.pn->lock);
	err = pe_explain(&w, info, &refusal);
	if (err)
		pe_session_refuse(w.pn, err, &refusal, 0, info->extack);
	mutex_unlock(&w.pn->lock);
	return err;
}
