// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of an imagined packet, stage by stage. */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <net/dst_metadata.h>

#include "../netns.h"
#include "walk.h"

/* Of TCP's flags, the one that opens a connection has. */
#define PE_WALK_SYN	0x02

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

/**
 * pe_walk_client() - the client's end of the packet
 * @w: the packet
 * @hit: its service and stage
 * @client: what pe_packet_client() finds in a packet
 *
 * Context: process context, pe_net.lock held.
 */
void pe_walk_client(const struct pe_walk *w, const struct pe_hit *hit,
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

/**
 * pe_walk_member() - the device of a step that the packet's flow has
 * @w: the packet
 * @hit: its service and stage
 * @step: the step, whose device is of a pool
 * @client: its client's end
 * @former: as pe_flow_peek() says it
 *
 * Context: process context, pe_net.lock held.
 * Return: the device that the flow keeps to, else the one that it would get;
 * NULL where none is up.
 */
const struct pe_device *pe_walk_member(const struct pe_walk *w,
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

/* Where the service's exit sends the packet; the first one to a neighbour that
 * nobody asked for yet waits for the answer.
 */
static enum pe_drop pe_walk_exit(const struct pe_walk *w,
				 struct pe_walk_at *at)
{
	const struct pe_exit *exit = at->hit.svc->exit;
	struct neighbour *n = NULL;
	enum pe_drop reason;
	struct pe_next next;

	local_bh_disable();
	rcu_read_lock();
	reason = pe_exit_next(w->pn->net, exit, &w->saddr, &w->daddr,
			      w->family, &next);
	if (!reason) {
		strscpy(at->oif, next.dev->name, sizeof(at->oif));
		n = pe_next_neighbour(&next);
		if (IS_ERR(n))
			reason = PE_DROP_NO_NEIGHBOUR;
		else
			at->mac = pe_neighbour_mac(n);
	}
	if (!reason && !at->mac &&
	    !(READ_ONCE(n->nud_state) & NUD_VALID) &&
	    READ_ONCE(n->nud_state) != NUD_NONE)
		reason = PE_DROP_NO_NEIGHBOUR;
	rcu_read_unlock();
	local_bh_enable();
	return reason;
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

/* Where a service has it. */
static u32 pe_walk_verdict_hit(struct pe_walk *w, struct pe_walk_at *at)
{
	const struct pe_stage *stage = at->hit.stage;

	if (at->leaves) {
		at->reason = pe_walk_exit(w, at);
		return at->reason ? PE_ACTION_DROP : PE_ACTION_EXIT;
	}
	at->reason = pe_walk_live(w, &at->hit);
	if (!at->reason && stage->action == PE_ACTION_STEER)
		at->reason = pe_walk_ready(stage->to);
	return at->reason ? PE_ACTION_DROP : stage->action;
}

/* What becomes of the packet here. */
static u32 pe_walk_verdict(struct pe_walk *w, struct pe_walk_at *at,
			   const struct pe_addr *dst)
{
	if (at->reason)
		return PE_ACTION_DROP;
	if (unlikely(pe_walk_checks(w, &at->hit, dst, &at->reason)))
		return at->reason ? PE_ACTION_DROP : PE_ACTION_ACCEPT;
	switch (at->hit.match) {
	case PE_MATCH_EXACT:
	case PE_MATCH_OPEN:
		return pe_walk_verdict_hit(w, at);
	case PE_MATCH_CLAIM:
		at->reason = PE_DROP_WRONG_PLACE;
		return PE_ACTION_DROP;
	case PE_MATCH_FRAGMENT:
		at->reason = PE_DROP_FRAGMENT;
		return PE_ACTION_DROP;
	default:
		if (dst && dst->guards)
			at->reason = PE_DROP_GUARD;
		return at->reason ? PE_ACTION_DROP : PE_ACTION_ACCEPT;
	}
}

/**
 * pe_walk_meet() - what becomes of the packet where it is
 * @w: the packet; rewritten as it leaves from here
 * @at: what becomes of it
 *
 * Nothing is counted, and no flow is remembered.
 *
 * Context: process context, pe_net.lock held.
 */
void pe_walk_meet(struct pe_walk *w, struct pe_walk_at *at)
{
	const struct pe_addr *dst;

	memset(at, 0, sizeof(*at));
	dst = pe_table_find(pe_net_table(w->pn, pe_family_of(w->family)),
			    &w->daddr, w->family);
	pe_walk_locate(w, dst, &at->hit);
	at->reason = pe_walk_gate(w, &at->hit);
	if (!at->reason)
		at->reason = pe_walk_choose(w, &at->hit);
	at->leaves = at->hit.match >= PE_MATCH_OPEN &&
		     pe_walk_leaves(w, &at->hit);
	at->action = pe_walk_verdict(w, at, dst);
	/* What is a check's is no service's. */
	at->known = at->hit.match >= PE_MATCH_OPEN;
	at->leaves &= at->known;
	if (at->known && !at->reason)
		pe_walk_rewrite(w, &at->hit);
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

/**
 * pe_walk_on() - let the device have the packet that it was handed
 * @w: the packet; arrives from there after
 * @at: what pe_walk_meet() said
 *
 * Context: process context, pe_net.lock held.
 * Return: false where its way ends: not steered, or to a server.
 */
bool pe_walk_on(struct pe_walk *w, const struct pe_walk_at *at)
{
	if (at->action != PE_ACTION_STEER ||
	    at->hit.stage->device->kind == PE_DEVICE_KIND_SERVER)
		return false;
	pe_walk_code(w, &at->hit);
	pe_walk_through(w, &at->hit);
	return true;
}

/**
 * pe_walk_answer() - start where the server of a service sends its answers
 * @w: the packet; what it bears for the service's port becomes what the server
 *	makes of that
 * @svc: the service
 *
 * Context: process context, pe_net.lock held.
 */
void pe_walk_answer(struct pe_walk *w, const struct pe_service *svc)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);
	struct pe_hit hit = { svc, svc->seq->back };
	const struct pe_device *dev;
	struct pe_client client;
	u16 port;
	u8 former;

	w->port = w->key.sport;
	pe_walk_leg(w, svc, svc->seq->legs - 1, false);
	if (!server)
		return;
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
}
