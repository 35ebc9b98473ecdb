// SPDX-License-Identifier: GPL-2.0-only
/* From an address to a service to a stage. */

#include <net/ipv6.h>

#include "match.h"

/* No port has this address: it is one that is not known. */
const u8 pe_mac_none[ETH_ALEN];

/**
 * pe_addr_search() - first of the entries that could hold a port
 * @a: what lives at an address, with ports that can be searched
 * @proto: IP protocol
 * @port: port in host order
 *
 * Return: index of an entry; those before it end below the port.
 */
u32 pe_addr_search(const struct pe_addr *a, u8 proto, u16 port)
{
	u32 from = 0, to = a->ports;

	while (from < to) {
		u32 mid = (from + to) / 2;
		const struct pe_entry *e = &a->entry[mid];

		if (e->proto < proto || (e->proto == proto && e->last < port))
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* Does the packet bear what it must bear at this stage? */
static bool pe_stage_has_code(const struct pe_sequence *seq,
			      const struct pe_stage *stage,
			      const struct pe_key *key)
{
	u32 code = pe_sequence_mark(seq, stage->from_step, stage->direction,
				    true);

	if (!pe_track_encapsulates(seq->track.method))
		return !code || key->dscp == code;
	return code == key->code;
}

/* What a device complains of itself bears no code, or any DSCP: it goes on from
 * where the device is met last.
 */
static bool pe_stage_may_complain(const struct pe_sequence *seq,
				  const struct pe_stage *stage,
				  const struct pe_key *key)
{
	return key->error && !key->track &&
	       pe_sequence_code(seq, stage->from_step);
}

/* Behind a tunnel no packet has a link-layer address, but it has a sender. */
static bool pe_special_is_from(const struct pe_stage *stage,
			       const struct pe_key *key, bool *by)
{
	if (pe_stage_is_from(stage, key, by))
		return true;
	return key->tunnel && stage->from->kind == PE_PORT_KIND_TUNNEL &&
	       pe_stage_is_by(stage, key) &&
	       pe_tunnel_is_from(stage->from->tunnel, key->tunnel);
}

/* pe_entry_forward() for an entry that is special. Clients are on the first leg
 * alone. What devices of any leg answer by is no place of clients, as in a
 * sequence of one leg.
 */
static enum pe_match pe_special_forward(const struct pe_entry *e,
					const struct pe_key *key,
					const struct pe_stage **stage)
{
	const struct pe_sequence *seq = e->svc->seq;
	const struct pe_leg *leg = &seq->leg[e->special - 1];
	const struct pe_stage *at, *complains = NULL;
	bool by = false;

	*stage = pe_sequence_stage(seq, leg->forward);
	for (at = seq->stage + 1; at < seq->back; at++) {
		if (!pe_special_is_from(at, key, &by) ||
		    !pe_leg_has(leg, at->index))
			continue;
		if (pe_stage_has_code(seq, at, key)) {
			*stage = at;
			return PE_MATCH_EXACT;
		}
		if (pe_stage_may_complain(seq, at, key))
			complains = at;
	}
	if (complains) {
		*stage = complains;
		return PE_MATCH_EXACT;
	}
	if (leg->step != PE_NO_STEP)
		return PE_MATCH_CLAIM;
	if (e->iif && pe_iface_is(e->iif, key->dev))
		return PE_MATCH_OPEN;
	if (by)
		return PE_MATCH_CLAIM;
	return e->iif ? PE_MATCH_NONE : PE_MATCH_OPEN;
}

/* pe_entry_reverse() for an entry that is special. */
static enum pe_match pe_special_reverse(const struct pe_entry *e,
					const struct pe_key *key,
					const struct pe_stage **stage)
{
	const struct pe_sequence *seq = e->svc->seq;
	const struct pe_leg *leg = &seq->leg[e->special - 1];
	const struct pe_stage *at, *complains = NULL;
	enum pe_match match = PE_MATCH_CLAIM;
	bool by = false;

	*stage = pe_sequence_stage(seq, leg->reverse);
	for (at = seq->back; at < seq->end; at++) {
		if (!(e->role & (at < seq->inner ? PE_ROLE_SERVER :
						   PE_ROLE_REVERSE)))
			continue;
		if (!at->from) {
			match = PE_MATCH_OPEN;
		} else if (pe_special_is_from(at, key, &by) &&
			   pe_leg_has(leg, at->index)) {
			if (pe_stage_has_code(seq, at, key)) {
				*stage = at;
				return PE_MATCH_EXACT;
			}
			if (pe_stage_may_complain(seq, at, key))
				complains = at;
		}
	}
	if (complains) {
		*stage = complains;
		return PE_MATCH_EXACT;
	}
	return by ? PE_MATCH_CLAIM : match;
}

static void pe_special_match(const struct pe_entry *e, u8 role,
			     const struct pe_key *key, struct pe_hit *hit)
{
	bool forward = role & PE_ROLE_FORWARD;
	const struct pe_stage *stage;
	enum pe_match match;

	match = forward ? pe_special_forward(e, key, &stage) :
			  pe_special_reverse(e, key, &stage);
	/* Clients, and servers at any place, encapsulate nothing. */
	if (key->track && match == PE_MATCH_OPEN)
		match = PE_MATCH_CLAIM;
	pe_hit_take(hit, forward, e, stage, match);
}

/**
 * pe_match_needs_whole() - does it take more than a fragment to find a service?
 * @a: what lives at the fragment's destination or source
 * @proto: protocol of what the datagram carries, as its fragments show it
 *
 * Return: true where one of the services could be meant that look at what only
 * the first fragment has.
 */
bool pe_match_needs_whole(const struct pe_addr *a, u8 proto)
{
	u32 i;

	for (; a; a = pe_addr_older(a)) {
		/* The protocol itself stands behind more headers. */
		if (ipv6_ext_hdr(proto) && a->n &&
		    a->entry[0].level != PE_LEVEL_ADDRESS)
			return true;
		i = pe_addr_search(a, proto, 0);
		if (i < a->ports && a->entry[i].proto == proto)
			return true;
	}
	return false;
}

/* Without a port, none of the entries that need one can be told to be right:
 * the first of the protocol stands for all.
 */
static u32 pe_match_portless(const struct pe_addr *a,
			     const struct pe_key *key, struct pe_hit *hit)
{
	u32 i = pe_addr_search(a, key->proto, 0);

	if (key->fragment && i < a->ports && a->entry[i].proto == key->proto)
		hit->match = PE_MATCH_FRAGMENT;
	return a->ports;
}

static void pe_match_all(const struct pe_addr *a, u8 role,
			 const struct pe_key *key, struct pe_hit *hit)
{
	u16 port = role & PE_ROLE_FORWARD ? key->dport : key->sport;
	u8 level = PE_LEVEL_ADDRESS;
	u32 i = 0;

	if (unlikely(!key->ports))
		i = pe_match_portless(a, key, hit);
	else if (a->searchable)
		i = pe_addr_search(a, key->proto, port);
	for (; i < a->n; i++) {
		const struct pe_entry *e = &a->entry[i];

		/* What looks closest at the packet has it. */
		if (e->level > level)
			break;
		if (a->searchable && i < a->ports &&
		    (e->proto != key->proto || e->first > port)) {
			i = a->ports - 1;
			continue;
		}
		if (!(e->role & role) || !pe_entry_is(e, key, port))
			continue;
		if (unlikely(key->track) &&
		    key->track != e->svc->seq->track.method)
			continue;
		if (unlikely(e->special))
			pe_special_match(e, role, key, hit);
		else
			pe_entry_match(e, role, key, hit);
		if (hit->match == PE_MATCH_EXACT)
			break;
		/* A server's own port says little of what the service's
		 * address means otherwise.
		 */
		if (hit->match >= PE_MATCH_OPEN ||
		    (hit->match == PE_MATCH_CLAIM &&
		     e->role & PE_ROLE_FORWARD))
			level = e->level;
	}
}

/* Find the service and the stage of a packet among what lives at its
 * destination (PE_ROLE_FORWARD) or its source (PE_ROLE_SOURCE); what is surer
 * than @hit takes its place.
 */
static __always_inline void pe_match(const struct pe_addr *a, u8 role,
				     const struct pe_key *key,
				     struct pe_hit *hit)
{
	if (!key->ports || !pe_match_distinct(a, role, key, hit))
		pe_match_all(a, role, key, hit);
}

/**
 * pe_match_source() - find the service and the stage of a packet by its source
 * @src: what lives there
 * @key: the packet
 * @hit: out: where it is
 *
 * Context: RCU read lock held, or pe_net.lock.
 */
void pe_match_source(const struct pe_addr *src, const struct pe_key *key,
		     struct pe_hit *hit)
{
	*hit = (struct pe_hit) {};
	pe_match(src, PE_ROLE_SOURCE, key, hit);
}

/**
 * pe_match_both() - find the service and the stage of a packet
 * @dst: what lives at its destination, or NULL
 * @src: what lives at its source, or NULL
 * @key: the packet
 * @hit: out: where it is
 *
 * A packet back from a device is surely where it says; so what only might be
 * a client's is looked up by its source too.
 *
 * Context: RCU read lock held, or pe_net.lock.
 */
void pe_match_both(const struct pe_addr *dst, const struct pe_addr *src,
		   const struct pe_key *key, struct pe_hit *hit)
{
	struct pe_hit back;

	*hit = (struct pe_hit) {};
	if (dst)
		pe_match(dst, PE_ROLE_FORWARD, key, hit);
	if (!src || hit->match == PE_MATCH_EXACT)
		return;
	pe_match_source(src, key, &back);
	/* Nobody but its server has a service's address. */
	if (back.match == PE_MATCH_EXACT || back.match == PE_MATCH_CLAIM ||
	    back.match > hit->match)
		*hit = back;
}

/* Can a former server have sent it? */
static bool pe_former_sent(const struct pe_former *former,
			   const struct pe_addr *src, const struct pe_key *key)
{
	bool by;

	if (pe_device_is_nat(former->device))
		return !memcmp(&src->addr, &former->device->address,
			       sizeof(src->addr));
	return pe_stage_is_from(&former->stage, key, &by);
}

/* Does it answer from that port? A port of its own takes the place of the
 * service's, but for those that are negotiated.
 */
static bool pe_former_has_port(const struct pe_former *former,
			       const struct pe_service *svc,
			       const struct pe_key *key)
{
	const struct pe_range *range;
	struct pe_traffic traffic;
	u8 i;

	pe_service_traffic(svc, svc->seq->legs - 1, &traffic);
	if (traffic.level != PE_LEVEL_PORT)
		return true;
	for (i = 0; i < traffic.ranges; i++) {
		range = &traffic.range[i];
		if (former->port && !range->dynamic) {
			if (key->sport == former->port)
				return true;
		} else if (key->sport >= range->first &&
			   key->sport <= range->last) {
			return true;
		}
	}
	return false;
}

/* The entry from @i on that can be for the packet's port, if one is: among many
 * it is searched for. Without a port it is for none of those.
 */
static u32 pe_former_entry(const struct pe_addr *src, const struct pe_key *key,
			   u32 i)
{
	const struct pe_entry *e;

	if (!key->ports)
		return max(i, src->ports);
	if (!src->searchable || i >= src->ports)
		return i;
	if (!i)
		i = pe_addr_search(src, key->proto, key->sport);
	e = &src->entry[i];
	return i < src->ports &&
	       (e->proto != key->proto || e->first > key->sport) ? src->ports :
								   i;
}

/**
 * pe_match_former() - find a former server that can have sent a packet
 * @src: what lives at its source, with @formers
 * @key: the packet
 * @at: in and out: how far they were looked at, at first 0
 * @hit: out: where the packet is, if its flow keeps to the server
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: false where there is none, or no other.
 */
bool pe_match_former(const struct pe_addr *src, const struct pe_key *key,
		     u32 *at, struct pe_hit *hit)
{
	const struct pe_sequence *seq;
	const struct pe_entry *e;
	u32 i;

	/* Servers encapsulate nothing. */
	if (key->track)
		return false;
	for (;;) {
		i = *at % PE_FORMERS_MAX;
		if (!i)
			*at = pe_former_entry(src, key, *at / PE_FORMERS_MAX) *
			      PE_FORMERS_MAX;
		if (*at >= src->n * PE_FORMERS_MAX)
			return false;
		e = &src->entry[(*at)++ / PE_FORMERS_MAX];
		seq = e->svc->seq;
		if (!(e->role & PE_ROLE_FORMER) || i >= seq->formers ||
		    !pe_entry_is(e, key, key->sport) ||
		    !pe_former_has_port(&seq->former[i], e->svc, key) ||
		    !pe_former_sent(&seq->former[i], src, key))
			continue;
		*hit = (struct pe_hit) {
			e->svc, &seq->former[i].stage, PE_MATCH_EXACT
		};
		return true;
	}
}

/* Is it another service's, for all that is known? That has it unless the flow is
 * told by the client's port as well, goes on, and is not one of its own too.
 */
static bool pe_former_yields(const struct pe_flow *flow,
			     const struct pe_service *other,
			     const struct pe_client *client, u8 proto)
{
	struct pe_client there = *client;

	if (!client->port || pe_flow_phase(flow) == PE_FLOW_PHASE_CLOSED)
		return true;
	if (!pe_service_flow_has_port(other))
		there.port = 0;
	return pe_service_flow(other, &there, proto);
}

/**
 * pe_former_has() - does the flow of a packet keep to the server that sent it?
 * @hit: where it is if it does, from pe_match_former()
 * @other: where it is if not
 * @client: the client's end of it
 * @proto: IP protocol of it
 *
 * Context: RCU read lock held.
 */
bool pe_former_has(const struct pe_hit *hit, const struct pe_hit *other,
		   const struct pe_client *client, u8 proto)
{
	const struct pe_sequence *seq = hit->svc->seq;
	struct pe_flow *flow;
	u8 former;

	flow = pe_service_flow(hit->svc, client, proto);
	if (!pe_flow_peek(flow, seq, pe_sequence_server(seq), &former) ||
	    former != hit->stage->former + 1)
		return false;
	if (other->match < PE_MATCH_OPEN)
		return true;
	/* Another device of the service sent it, with the same address. */
	if (other->svc == hit->svc)
		return other->match != PE_MATCH_EXACT ||
		       other->stage->index == seq->forward;
	return !pe_former_yields(flow, other->svc, client, proto);
}

/* Of what drains, a packet is only if it can be nowhere else: from a device of
 * the old version, or an answer of its server.
 */
static bool pe_past_has(const struct pe_hit *past, enum pe_match now)
{
	const struct pe_step *server;

	/* Deleted is stopped. */
	if (!past->svc || !READ_ONCE(past->svc->obj->live))
		return false;
	if (past->match != PE_MATCH_OPEN || pe_hit_forward(past))
		return past->match == PE_MATCH_EXACT;
	server = pe_sequence_server(past->svc->seq);
	return now < PE_MATCH_OPEN && server &&
	       pe_device_is_nat(server->device);
}

static bool pe_match_past_at(const struct pe_addr *a, u8 role,
			     const struct pe_key *key, struct pe_hit *hit)
{
	struct pe_hit past;

	while ((a = pe_addr_older(a))) {
		past = (struct pe_hit) {};
		pe_match_all(a, role, key, &past);
		if (!pe_past_has(&past, hit->match))
			continue;
		*hit = past;
		return true;
	}
	return false;
}

/**
 * pe_match_past() - find the place of a packet in what drains
 * @dst: what lives at its destination, or NULL
 * @src: what lives at its source, or NULL
 * @key: the packet
 * @hit: in: where it is now, from no device of a sequence; out: where it was
 *	when that was changed
 *
 * Context: RCU read lock held.
 * Return: false where it has no place there, and @hit is as it was.
 */
bool pe_match_past(const struct pe_addr *dst, const struct pe_addr *src,
		   const struct pe_key *key, struct pe_hit *hit)
{
	return (dst && pe_match_past_at(dst, PE_ROLE_FORWARD, key, hit)) ||
	       (src && pe_match_past_at(src, PE_ROLE_SOURCE, key, hit));
}

/**
 * pe_match_past_clients() - the same for a packet of clients
 * @clients: prefixes of the family, or NULL for none
 * @saddr: source address of the packet
 * @daddr: destination address of the packet
 * @ipv4: they are of IPv4
 * @key: the packet
 * @hit: as for pe_match_past()
 *
 * Context: RCU read lock held.
 */
void pe_match_past_clients(const struct pe_prefixes *clients, const void *saddr,
			   const void *daddr, bool ipv4,
			   const struct pe_key *key, struct pe_hit *hit)
{
	const struct pe_prefix_level *level;
	u8 i;

	for (i = 0; clients && i < clients->n; i++) {
		level = &clients->level[i];
		if (pe_match_past(pe_prefix_find(level, saddr, ipv4), NULL,
				  key, hit) ||
		    pe_match_past(NULL, pe_prefix_find(level, daddr, ipv4),
				  key, hit))
			return;
	}
}

/* A device that routes may let a packet for another client out where it came
 * in: that is no client's, and would begin again and again.
 */
static bool pe_match_is_turned(const struct pe_hit *hit,
			       const struct pe_key *key)
{
	const struct pe_sequence *seq = hit->svc->seq;
	const struct pe_stage *at = seq->back;
	bool by;

	for (; at < seq->end; at++)
		if (at->from && pe_stage_is_from(at, key, &by))
			return true;
	return false;
}

/* What lives at a prefix; true when that is the packet's service. One that asks
 * for clients by another interface may have devices where another's packets
 * come from: a claim on it does not end the search.
 */
static bool pe_match_prefix(const struct pe_prefix_level *level,
			    const void *addr, bool ipv4, u8 role,
			    const struct pe_key *key, struct pe_hit *hit)
{
	const struct pe_addr *a = pe_prefix_find(level, addr, ipv4);
	struct pe_hit one = {};

	if (!a)
		return false;
	pe_match(a, role, key, &one);
	if (role & PE_ROLE_FORWARD && one.match == PE_MATCH_OPEN &&
	    pe_match_is_turned(&one, key))
		one.match = PE_MATCH_CLAIM;
	if (one.match == PE_MATCH_NONE ||
	    (hit->match == PE_MATCH_CLAIM && one.match != PE_MATCH_EXACT))
		return false;
	*hit = one;
	return one.match != PE_MATCH_CLAIM || !one.svc->iif;
}

/**
 * pe_match_client() - find the service and the stage of a client's packet
 * @clients: prefixes of the family, or NULL for none
 * @addr: address of the client
 * @ipv4: it is one of IPv4
 * @key: the packet, whose source the client is
 * @hit: out: where it is
 *
 * Context: RCU read lock held, or pe_net.lock.
 */
void pe_match_client(const struct pe_prefixes *clients, const void *addr,
		     bool ipv4, const struct pe_key *key, struct pe_hit *hit)
{
	u8 i;

	*hit = (struct pe_hit) {};
	for (i = 0; clients && i < clients->n; i++)
		if (pe_match_prefix(&clients->level[i], addr, ipv4,
				    PE_ROLE_FORWARD, key, hit))
			return;
}

/**
 * pe_match_clients() - find the service and the stage of a packet of clients
 * @clients: prefixes of the family, or NULL for none
 * @saddr: source address of the packet
 * @daddr: destination address of the packet
 * @ipv4: they are of IPv4
 * @key: the packet
 * @hit: out: where it is
 *
 * Source and destination may both be clients'. The longer prefix has the packet
 * then, and of two as long the sender's: addresses and ports alone decide, so
 * it is the same service's wherever the packet comes back from.
 *
 * Context: RCU read lock held, or pe_net.lock.
 */
void pe_match_clients(const struct pe_prefixes *clients, const void *saddr,
		      const void *daddr, bool ipv4, const struct pe_key *key,
		      struct pe_hit *hit)
{
	u8 i;

	*hit = (struct pe_hit) {};
	for (i = 0; clients && i < clients->n; i++)
		if (pe_match_prefix(&clients->level[i], saddr, ipv4,
				    PE_ROLE_FORWARD, key, hit) ||
		    pe_match_prefix(&clients->level[i], daddr, ipv4,
				    PE_ROLE_SOURCE, key, hit))
			return;
}

/**
 * pe_match_clients_need_whole() - the same for a fragment of clients
 * @clients: prefixes of the family, or NULL for none
 * @saddr: source address of the fragment
 * @daddr: destination address of the fragment
 * @ipv4: they are of IPv4
 * @proto: protocol of what the datagram carries, as its fragments show it
 *
 * Context: RCU read lock held.
 * Return: as pe_match_needs_whole().
 */
bool pe_match_clients_need_whole(const struct pe_prefixes *clients,
				 const void *saddr, const void *daddr,
				 bool ipv4, u8 proto)
{
	const struct pe_addr *a;
	u8 i;

	for (i = 0; clients && i < clients->n; i++) {
		a = pe_prefix_find(&clients->level[i], saddr, ipv4);
		if (a && pe_match_needs_whole(a, proto))
			return true;
		a = pe_prefix_find(&clients->level[i], daddr, ipv4);
		if (a && pe_match_needs_whole(a, proto))
			return true;
	}
	return false;
}
