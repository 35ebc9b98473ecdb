/* SPDX-License-Identifier: GPL-2.0-only */
/* Which service a packet belongs to, and where in its sequence it is. */
#ifndef _PE_MATCH_H
#define _PE_MATCH_H

#include "service.h"
#include "table.h"

/**
 * struct pe_key - what of a packet decides where it goes
 * @dev: interface of arrival
 * @mac: source link-layer address as pe_mac() makes it
 * @sport: source port in host order
 * @dport: destination port in host order
 * @proto: IP protocol
 * @ports: @sport and @dport are known; not so in a later fragment, or where
 *	the protocol has none
 * @fragment: a later fragment of a datagram
 *
 * For an ICMP error, protocol and ports are those of the packet it is about,
 * with source and destination exchanged: the error belongs where an answer to
 * that packet would.
 */
struct pe_key {
	const struct net_device	*dev;
	u64			mac;
	u16			sport;
	u16			dport;
	u8			proto;
	bool			ports;
	bool			fragment;
};

/* No link-layer address is this, not even one that is not known yet. */
#define PE_MAC_NONE	(~0ULL)

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

void pe_match(const struct pe_addr *a, u8 role, const struct pe_key *key,
	      struct pe_hit *hit);
void pe_locate(const struct pe_addr *dst, const struct pe_addr *src,
	       const struct pe_key *key, struct pe_hit *hit);

/**
 * pe_hit_forward() - is the packet on its way to the server?
 * @hit: where it is
 */
static inline bool pe_hit_forward(const struct pe_hit *hit)
{
	return hit->stage->index < hit->svc->seq->forward;
}

#endif /* _PE_MATCH_H */
