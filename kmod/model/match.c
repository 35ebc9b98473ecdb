// SPDX-License-Identifier: GPL-2.0-only
/* From an address to a service to a stage. */

#include "match.h"

static bool pe_stage_is_from(const struct pe_stage *stage,
			     const struct pe_key *key, bool *iface)
{
	if (!pe_iface_is(stage->from->iface, key->dev))
		return false;
	*iface = true;
	return READ_ONCE(stage->from->mac) == key->mac;
}

/* Addressed to the service: back from one of its devices, or a client's. */
static void pe_match_forward(const struct pe_entry *e,
			     const struct pe_key *key, struct pe_hit *hit)
{
	const struct pe_sequence *seq = e->svc->seq;
	const struct pe_stage *stage = seq->stage;
	enum pe_match match = PE_MATCH_OPEN;
	bool iface = false;
	u8 i;

	for (i = 1; i < seq->forward; i++) {
		if (pe_stage_is_from(&stage[i], key, &iface)) {
			stage += i;
			match = PE_MATCH_EXACT;
			goto out;
		}
	}
	/* Devices of the sequence answer by this interface: only where the
	 * service says so are clients there too.
	 */
	if (e->iif ? !pe_iface_is(e->iif, key->dev) : iface)
		match = iface || !e->iif ? PE_MATCH_CLAIM : PE_MATCH_NONE;
out:
	/* Whose clients come by this interface has them before who asks not. */
	if (match > hit->match ||
	    (match == PE_MATCH_OPEN && match == hit->match && e->iif))
		*hit = (struct pe_hit) { e->svc, stage, match };
}

/* From the service: what its server or a device of it lets out. */
static void pe_match_reverse(const struct pe_entry *e,
			     const struct pe_key *key, struct pe_hit *hit)
{
	const struct pe_sequence *seq = e->svc->seq;
	const struct pe_stage *stage = seq->stage + seq->forward;
	enum pe_match match = PE_MATCH_CLAIM;
	bool iface = false;
	u8 i, last = e->role & PE_ROLE_REVERSE ? seq->reverse : 1;

	for (i = e->role & PE_ROLE_SERVER ? 0 : 1; i < last; i++) {
		if (!stage[i].from) {
			match = PE_MATCH_OPEN;
		} else if (pe_stage_is_from(&stage[i], key, &iface)) {
			stage += i;
			match = PE_MATCH_EXACT;
			goto out;
		}
	}
	/* By an interface of its devices, but from none of them. */
	if (iface)
		match = PE_MATCH_CLAIM;
out:
	if (match > hit->match)
		*hit = (struct pe_hit) { e->svc, stage, match };
}

static bool pe_entry_is(const struct pe_entry *e, const struct pe_key *key,
			u16 port)
{
	if (e->level == PE_LEVEL_ADDRESS)
		return true;
	if (e->proto != key->proto)
		return false;
	if (e->level == PE_LEVEL_PROTO)
		return true;
	return port >= e->first && port <= e->last;
}

/* First of the entries that could hold a port: those before end below it. */
static u32 pe_addr_search(const struct pe_addr *a, u8 proto, u16 port)
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

/**
 * pe_match() - find the service and the stage of a packet
 * @a: what lives at the packet's destination or source address
 * @role: PE_ROLE_FORWARD for the destination, PE_ROLE_SOURCE for the source
 * @key: the packet
 * @hit: in and out: replaced by what is surer
 *
 * Context: RCU read lock held, or pe_net.lock.
 */
void pe_match(const struct pe_addr *a, u8 role, const struct pe_key *key,
	      struct pe_hit *hit)
{
	u16 port = role & PE_ROLE_FORWARD ? key->dport : key->sport;
	u8 level = PE_LEVEL_ADDRESS;
	u32 i = 0;

	if (!key->ports)
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
		if (role & PE_ROLE_FORWARD)
			pe_match_forward(e, key, hit);
		else
			pe_match_reverse(e, key, hit);
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

/**
 * pe_locate() - find the service and the stage of a packet, by both addresses
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
void pe_locate(const struct pe_addr *dst, const struct pe_addr *src,
	       const struct pe_key *key, struct pe_hit *hit)
{
	struct pe_hit back = {};

	memset(hit, 0, sizeof(*hit));
	if (dst)
		pe_match(dst, PE_ROLE_FORWARD, key, hit);
	if (!src || hit->match == PE_MATCH_EXACT)
		return;
	pe_match(src, PE_ROLE_SOURCE, key, &back);
	/* Nobody but its server has a service's address. */
	if (back.match == PE_MATCH_EXACT || back.match == PE_MATCH_CLAIM ||
	    back.match > hit->match)
		*hit = back;
}
