/* SPDX-License-Identifier: GPL-2.0-only */
/* An imagined packet on its way, found by what finds it for packets. */
#ifndef _PE_WALK_H
#define _PE_WALK_H

#include <linux/if.h>
#include <linux/if_ether.h>

#include "../model/match.h"
#include "../model/sequence.h"

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

/**
 * struct pe_walk_at - what becomes of the packet where it is
 * @hit: service and stage, as for a packet
 * @action: what the engine does, enum pe_action
 * @reason: why it drops it, PE_DROP_NONE where it does not
 * @known: @hit has a service and a stage
 * @leaves: the packet leaves by the service's exit
 * @oif: interface that it then leaves by, by name
 * @mac: next hop there, 0 while that is not known
 */
struct pe_walk_at {
	struct pe_hit		hit;
	u32			action;
	enum pe_drop		reason;
	bool			known;
	bool			leaves;
	char			oif[IFNAMSIZ];
	u64			mac;
};

void pe_walk_answer(struct pe_walk *w, const struct pe_service *svc);
void pe_walk_meet(struct pe_walk *w, struct pe_walk_at *at);
bool pe_walk_on(struct pe_walk *w, const struct pe_walk_at *at);
void pe_walk_client(const struct pe_walk *w, const struct pe_hit *hit,
		    struct pe_client *client);
const struct pe_device *pe_walk_member(const struct pe_walk *w,
				       const struct pe_hit *hit,
				       const struct pe_step *step,
				       const struct pe_client *client,
				       u8 *former);

#endif /* _PE_WALK_H */
