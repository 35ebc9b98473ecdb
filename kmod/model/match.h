/* SPDX-License-Identifier: GPL-2.0-only */
/* Which service a packet belongs to, and where in its sequence it is. */
#ifndef _PE_MATCH_H
#define _PE_MATCH_H

#include "prefix.h"
#include "service.h"
#include "table.h"

/**
 * struct pe_key - what of a packet decides where it goes
 * @dev: interface of arrival, or PE_DEV_NONE
 * @mac: source link-layer address, six bytes, or pe_mac_none
 * @sport: source port in host order
 * @dport: destination port in host order
 * @proto: IP protocol
 * @ports: @sport and @dport are known; not so in a later fragment, or where
 *	the protocol has none
 * @fragment: a later fragment of a datagram
 * @error: an ICMP error about a packet of the flow
 * @track: how it came encapsulated, an enum pe_track; PE_TRACK_LINK: not at all
 * @dscp: code point that it came with
 * @code: what it came encapsulated with
 * @tunnel: how it came by a VXLAN-GPE interface, NULL by any other
 *
 * For an ICMP error, protocol and ports are those of the packet it is about,
 * with source and destination exchanged: the error belongs where an answer to
 * that packet would.
 */
struct pe_key {
	const struct net_device	*dev;
	const u8		*mac;
	u16			sport;
	u16			dport;
	u8			proto;
	bool			ports;
	bool			fragment;
	bool			error;
	u8			track;
	u8			dscp;
	u32			code;
	const struct ip_tunnel_info *tunnel;
};

extern const u8 pe_mac_none[];

/* How sure it is that a packet belongs to a stage; more is surer. */
enum pe_match {
	PE_MATCH_NONE,		/* no service's */
	PE_MATCH_FRAGMENT,	/* may be a service's, has no ports to tell */
	PE_MATCH_CLAIM,		/* a service's, but from the wrong place */
	PE_MATCH_OPEN,		/* a service's, where any place is right */
	PE_MATCH_EXACT,		/* a service's, from a device of it */
};

/* Where a packet is: stage of a service. */
struct pe_hit {
	const struct pe_service	*svc;
	const struct pe_stage	*stage;
	enum pe_match		match;
};

u32 pe_addr_search(const struct pe_addr *a, u8 proto, u16 port);
bool pe_match_needs_whole(const struct pe_addr *a, u8 proto);
void pe_match_source(const struct pe_addr *src, const struct pe_key *key,
		     struct pe_hit *hit);
bool pe_match_past(const struct pe_addr *dst, const struct pe_addr *src,
		   const struct pe_key *key, struct pe_hit *hit);
void pe_match_past_clients(const struct pe_prefixes *clients, const void *saddr,
			   const void *daddr, bool ipv4,
			   const struct pe_key *key, struct pe_hit *hit);
bool pe_match_former(const struct pe_addr *src, const struct pe_key *key,
		     u32 *at, struct pe_hit *hit);
bool pe_former_has(const struct pe_hit *hit, const struct pe_hit *other,
		   const struct pe_client *client, u8 proto);
void pe_match_both(const struct pe_addr *dst, const struct pe_addr *src,
		   const struct pe_key *key, struct pe_hit *hit);
bool pe_match_clients_need_whole(const struct pe_prefixes *clients,
				 const void *saddr, const void *daddr,
				 bool ipv4, u8 proto);
void pe_match_client(const struct pe_prefixes *clients, const void *addr,
		     bool ipv4, const struct pe_key *key, struct pe_hit *hit);
void pe_match_clients(const struct pe_prefixes *clients, const void *saddr,
		      const void *daddr, bool ipv4, const struct pe_key *key,
		      struct pe_hit *hit);

/**
 * pe_hit_forward() - is the packet on its way to the server?
 * @hit: where it is
 */
static inline bool pe_hit_forward(const struct pe_hit *hit)
{
	return hit->stage->direction == PE_DIRECTION_FORWARD;
}

static __always_inline bool pe_stage_is_by(const struct pe_stage *stage,
					   const struct pe_key *key)
{
	return pe_iface_is(stage->from->iface, key->dev);
}

/* A port whose link-layer address is not known has 0 there. */
static __always_inline bool pe_stage_has_mac(const struct pe_stage *stage,
					     const struct pe_key *key)
{
	u64 mac = READ_ONCE(stage->from->mac);

	return mac && mac == pe_mac(key->mac);
}

static __always_inline bool pe_stage_is_from(const struct pe_stage *stage,
					     const struct pe_key *key,
					     bool *iface)
{
	if (!pe_stage_is_by(stage, key))
		return false;
	*iface = true;
	return pe_stage_has_mac(stage, key);
}

/* Addressed to the service: back from one of its devices, or a client's. Where
 * devices of the sequence answer by this interface, clients are there too only
 * if the service says so.
 */
static __always_inline enum pe_match
pe_entry_forward(const struct pe_entry *e, const struct pe_key *key,
		 const struct pe_stage **stage)
{
	const struct pe_sequence *seq = e->svc->seq;
	const struct pe_stage *at = seq->stage, *end = seq->back;

	*stage = at;
	while (++at < end)
		if (pe_stage_is_by(at, key))
			goto by;
	if (unlikely(e->iif) && !pe_iface_is(e->iif, key->dev))
		return PE_MATCH_NONE;
	return PE_MATCH_OPEN;

by:
	do {
		if (pe_stage_has_mac(at, key) && pe_stage_is_by(at, key)) {
			*stage = at;
			return PE_MATCH_EXACT;
		}
	} while (++at < end);
	if (e->iif && pe_iface_is(e->iif, key->dev))
		return PE_MATCH_OPEN;
	return PE_MATCH_CLAIM;
}

/* From the service: what its server or a device of it lets out. */
static __always_inline enum pe_match
pe_entry_reverse(const struct pe_entry *e, const struct pe_key *key,
		 const struct pe_stage **stage)
{
	const struct pe_sequence *seq = e->svc->seq;
	const struct pe_stage *at = seq->back;
	const struct pe_stage *end = seq->inner;
	enum pe_match match = PE_MATCH_CLAIM;
	bool iface = false;

	*stage = at;
	if (!(e->role & PE_ROLE_SERVER))
		at = end;
	if (e->role & PE_ROLE_REVERSE)
		end = seq->end;
	for (; at < end; at++) {
		if (!at->from) {
			match = PE_MATCH_OPEN;
		} else if (pe_stage_is_from(at, key, &iface)) {
			*stage = at;
			return PE_MATCH_EXACT;
		}
	}
	/* By an interface of its devices, but from none of them. */
	return iface ? PE_MATCH_CLAIM : match;
}

static __always_inline void pe_hit_take(struct pe_hit *hit, bool forward,
					const struct pe_entry *e,
					const struct pe_stage *stage,
					enum pe_match match)
{
	/* Whose clients come by this interface has them before who asks not. */
	if (match > hit->match ||
	    (forward && match == PE_MATCH_OPEN && match == hit->match &&
	     e->iif))
		*hit = (struct pe_hit) { e->svc, stage, match };
}

/* The stage of a packet that is for the entry, which is not special. */
static __always_inline void pe_entry_match(const struct pe_entry *e, u8 role,
					   const struct pe_key *key,
					   struct pe_hit *hit)
{
	bool forward = role & PE_ROLE_FORWARD;
	const struct pe_stage *stage;
	enum pe_match match;

	match = forward ? pe_entry_forward(e, key, &stage) :
			  pe_entry_reverse(e, key, &stage);
	pe_hit_take(hit, forward, e, stage, match);
}

static __always_inline bool pe_entry_is(const struct pe_entry *e,
					const struct pe_key *key, u16 port)
{
	if (unlikely(e->level != PE_LEVEL_PORT))
		return e->level == PE_LEVEL_ADDRESS || e->proto == key->proto;
	return e->proto == key->proto && port >= e->first && port <= e->last;
}

/**
 * pe_match_distinct() - find the stage of a packet that one service can be for
 * @a: what lives at the packet's destination or source
 * @role: PE_ROLE_FORWARD for the destination, PE_ROLE_SOURCE for the source
 * @key: the packet, with ports
 * @hit: in and out: replaced by what is surer
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: false where several entries may be for the packet.
 */
static __always_inline bool pe_match_distinct(const struct pe_addr *a, u8 role,
					      const struct pe_key *key,
					      struct pe_hit *hit)
{
	u16 port = role & PE_ROLE_FORWARD ? key->dport : key->sport;
	const struct pe_entry *e = a->entry, *end = e + a->n;
	u8 lookup = READ_ONCE(a->lookup);

	if (unlikely(lookup != PE_LOOKUP_FEW)) {
		/* PE_LOOKUP_ALL, or something drains there. */
		if (lookup != PE_LOOKUP_SEARCH)
			return false;
		e += pe_addr_search(a, key->proto, port);
		/* No other port can be the packet's. */
		if (e < a->entry + a->ports && !pe_entry_is(e, key, port))
			e = a->entry + a->ports;
	}
	for (; e < end; e++) {
		if (!pe_entry_is(e, key, port))
			continue;
		if (e->role & role)
			pe_entry_match(e, role, key, hit);
		break;
	}
	return true;
}

#endif /* _PE_MATCH_H */
