/* SPDX-License-Identifier: GPL-2.0-only */
/* What clients send is asked for: as much of it as is done where packets are
 * steered, for gate.c and steer.c.
 */
#ifndef _PE_GATE_H
#define _PE_GATE_H

#include <net/dsfield.h>

#include "../compat.h"
#include "../netns.h"
#include "path.h"
#include "tcp.h"

void pe_gate_count(const struct pe_gate *gate, const struct pe_tally *tally,
		   u8 family, const __be32 *from, struct pe_sum size);

static __always_inline u64 pe_gate_flags(const struct sk_buff *skb, u8 proto,
					 unsigned int l4)
{
	return proto == IPPROTO_TCP ?
		       pe_tcp_flags(skb, l4, PE_CLASS_NO_FLAGS) :
		       PE_CLASS_NO_FLAGS;
}

static __always_inline u64 pe_gate_half(const __be32 *word)
{
	return get_unaligned_be64(word);
}

/* Addresses and DSCP. No rule for IPv4 asks for lower halves. */
static __always_inline void pe_gate_key_ip(const struct sk_buff *skb, u8 family,
					   const __be32 *from,
					   struct pe_class_key *key)
{
	const __be32 *to;

	if (family == NFPROTO_IPV4) {
		key->field[PE_CLASS_SOURCE] = ntohl(*from);
		key->field[PE_CLASS_DEST] = ntohl(pe_iph(skb)->daddr);
		key->field[PE_CLASS_DSCP] = pe_iph(skb)->tos >> 2;
		return;
	}
	to = pe_ip6h(skb)->daddr.s6_addr32;
	key->field[PE_CLASS_SOURCE] = pe_gate_half(from);
	key->field[PE_CLASS_SOURCE_LOW] = pe_gate_half(from + 2);
	key->field[PE_CLASS_DEST] = pe_gate_half(to);
	key->field[PE_CLASS_DEST_LOW] = pe_gate_half(to + 2);
	key->field[PE_CLASS_DSCP] = ipv6_get_dsfield(pe_ip6h(skb)) >> 2;
}

static __always_inline void pe_tally(const struct pe_tally *tally,
				     struct pe_sum size)
{
	struct pe_tally_cpu *mine = this_cpu_ptr(tally->cpu);

	pe_count_add(&mine->syncp, &mine->count, size);
}

static __always_inline enum pe_drop pe_gate_ask(const struct pe_gate *gate,
						const struct sk_buff *skb,
						u8 family, const __be32 *from,
						struct pe_class_key *key)
{
	const struct pe_acl *acl = rcu_dereference(gate->acl);
	u8 verdict;
	u32 index;

	/* Only versions of a service that are not live any more have that. */
	if (unlikely(!acl))
		return PE_DROP_DENIED;
	index = pe_acl_index(acl, family, key, skb->dev);
	if (index == PE_CLASS_NONE) {
		pe_tally(gate->unmatched, pe_size(skb));
		return acl->permit ? PE_DROP_NONE : PE_DROP_DENIED;
	}
	verdict = acl->verdict[index];
	if (verdict & PE_ACL_COUNTS)
		pe_gate_count(gate, acl->tally[index], family, from,
			      pe_size(skb));
	return verdict & PE_ACL_PERMITS ? PE_DROP_NONE : PE_DROP_DENIED;
}

/* A service that is over its own limit takes nothing from the others. */
static __always_inline enum pe_drop pe_gate_room(const struct pe_net *pn,
						 const struct pe_service *svc,
						 const struct sk_buff *skb,
						 u8 proto, unsigned int l4)
{
	struct pe_limit *all = rcu_dereference(pn->limit);

	if (svc->limit && !pe_limit_lets(svc->limit, skb, proto, l4))
		return PE_DROP_LIMIT;
	if (unlikely(all) && !pe_limit_lets(all, skb, proto, l4))
		return PE_DROP_OVERLOAD;
	return PE_DROP_NONE;
}

/**
 * pe_gate_plain() - may a client's plain packet come in?
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @family: NFPROTO_*
 * @svc: its service, whose sequence is gated
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
static __always_inline enum pe_drop
pe_gate_plain(const struct pe_net *pn, const struct sk_buff *skb, u8 family,
	      const struct pe_service *svc)
{
	struct pe_class_key key __uninitialized;
	const __be16 *ports;
	const __be32 *from;
	enum pe_drop reason;
	unsigned int l4;
	u8 proto;

	l4 = pe_plain_l4(skb, family, &proto);
	reason = pe_gate_room(pn, svc, skb, proto, l4);
	if (reason || !svc->gate)
		return reason;
	from = family == NFPROTO_IPV4 ? &pe_iph(skb)->saddr :
					pe_ip6h(skb)->saddr.s6_addr32;
	pe_gate_key_ip(skb, family, from, &key);
	ports = (const void *)skb->data + l4;
	key.field[PE_CLASS_PROTO] = proto;
	key.field[PE_CLASS_SPORT] = ntohs(ports[0]);
	key.field[PE_CLASS_PORT] = ntohs(ports[1]);
	key.field[PE_CLASS_FLAGS] = pe_gate_flags(skb, proto, l4);
	return pe_gate_ask(svc->gate, skb, family, from, &key);
}

#endif /* _PE_GATE_H */
