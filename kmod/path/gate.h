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

static __always_inline u8 pe_gate_dscp(const struct sk_buff *skb, u8 family)
{
	return (family == NFPROTO_IPV4 ? pe_iph(skb)->tos :
					 ipv6_get_dsfield(pe_ip6h(skb))) >> 2;
}

/* Addresses, as struct pe_memo has them. */
static __always_inline void pe_gate_words(const struct sk_buff *skb, u8 family,
					  const __be32 *from, u64 *word)
{
	const __be32 *to;

	if (family == NFPROTO_IPV4) {
		word[1] = (u64)ntohl(*from) << 32 | ntohl(pe_iph(skb)->daddr);
		return;
	}
	to = pe_ip6h(skb)->daddr.s6_addr32;
	word[1] = pe_gate_half(from);
	word[2] = pe_gate_half(from + 2);
	word[3] = pe_gate_half(to);
	word[4] = pe_gate_half(to + 2);
}

static __always_inline void pe_tally(const struct pe_tally *tally,
				     struct pe_sum size)
{
	struct pe_tally_cpu *mine = this_cpu_ptr(tally->cpu);

	pe_count_add(&mine->syncp, &mine->count, size);
}

/* Only versions of a service that are not live any more have none. */
static __always_inline const struct pe_acl *
pe_gate_acl(const struct pe_gate *gate)
{
	return rcu_dereference(gate->acl);
}

/* The first rule that a packet with ports matches, which are in the word. */
static __always_inline u32 pe_gate_recall(const struct pe_acl *acl,
					  const struct sk_buff *skb, u8 family,
					  const __be32 *from, u64 first)
{
	const struct pe_class *class = acl->class[pe_family_of(family)];
	u64 word[PE_MEMO_WORDS] __uninitialized;
	bool ipv6 = family == NFPROTO_IPV6;
	struct pe_memo *memo;

	if (unlikely(acl->ifaces))
		first |= (u64)pe_acl_iface(acl, skb->dev) << PE_MEMO_IIF_AT;
	word[0] = first & acl->asked[pe_family_of(family)];
	pe_gate_words(skb, family, from, word);
	if (!acl->memos)
		return pe_memo_find(word, ipv6, class);
	memo = pe_memo_at(acl->memos->cpu[smp_processor_id()], word, ipv6);
	if (likely(pe_memo_is(memo, acl->version, word, ipv6)))
		return memo->index;
	return pe_memo_seek(memo, acl->version, word, ipv6, class);
}

/* What becomes of a packet that matches the rule first. */
static __always_inline enum pe_drop pe_gate_judge(const struct pe_gate *gate,
						  const struct pe_acl *acl,
						  const struct sk_buff *skb,
						  u8 family, const __be32 *from,
						  u32 index)
{
	u8 verdict;

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
	const struct pe_gate *gate = svc->gate;
	const struct pe_acl *acl;
	const __be16 *ports;
	const __be32 *from;
	enum pe_drop reason;
	unsigned int l4;
	u64 first, flags;
	u32 index;
	u8 proto;

	l4 = pe_plain_l4(skb, family, &proto);
	reason = pe_gate_room(pn, svc, skb, proto, l4);
	if (reason || !gate)
		return reason;
	acl = pe_gate_acl(gate);
	if (unlikely(!acl))
		return PE_DROP_DENIED;
	from = family == NFPROTO_IPV4 ? &pe_iph(skb)->saddr :
					pe_ip6h(skb)->saddr.s6_addr32;
	flags = pe_gate_flags(skb, proto, l4);
	if (unlikely(proto == IPPROTO_TCP && flags == PE_CLASS_NO_FLAGS))
		return PE_DROP_MALFORMED;
	ports = (const void *)skb->data + l4;
	first = pe_memo_word(ntohs(ports[0]), ntohs(ports[1]), proto,
			     pe_gate_dscp(skb, family), flags,
			     family == NFPROTO_IPV6);
	index = pe_gate_recall(acl, skb, family, from, first);
	return pe_gate_judge(gate, acl, skb, family, from, index);
}

#endif /* _PE_GATE_H */
