// SPDX-License-Identifier: GPL-2.0-only
/* What clients send is asked for before anything else is done with it. */

#include <linux/jhash.h>
#include <linux/tcp.h>
#include <net/dsfield.h>

#include "../compat.h"
#include "../netns.h"
#include "path.h"

/* Of the TCP header's 13th byte. */
#define PE_TCP_FLAGS_AT	13

static noinline u64 pe_gate_flags_far(const struct sk_buff *skb,
				      unsigned int l4)
{
	const u8 *flags;
	u8 _flags;

	flags = skb_header_pointer(skb, l4 + PE_TCP_FLAGS_AT, sizeof(_flags),
				   &_flags);
	return flags ? *flags : PE_CLASS_NO_FLAGS;
}

static __always_inline u64 pe_gate_flags(const struct sk_buff *skb, u8 proto,
					 unsigned int l4)
{
	if (proto != IPPROTO_TCP)
		return PE_CLASS_NO_FLAGS;
	if (likely(skb_headlen(skb) > l4 + PE_TCP_FLAGS_AT))
		return skb->data[l4 + PE_TCP_FLAGS_AT];
	return pe_gate_flags_far(skb, l4);
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

/* What stands where the ports would. An error has those of what it quotes, so a
 * rule about a flow is about the errors that belong to it as well.
 */
static void pe_gate_key_ports(const struct pe_packet *pkt,
			      struct pe_class_key *key)
{
	const u8 *type;
	u8 _type[2];

	key->field[PE_CLASS_PROTO] = pkt->key.proto;
	key->field[PE_CLASS_FLAGS] = PE_CLASS_NO_FLAGS;
	key->field[PE_CLASS_SPORT] = PE_CLASS_NO_PORT;
	key->field[PE_CLASS_PORT] = PE_CLASS_NO_PORT;
	if (pkt->key.fragment) {
		key->field[PE_CLASS_SPORT] = PE_CLASS_FRAGMENT;
		return;
	}
	if (pkt->key.ports) {
		key->field[PE_CLASS_SPORT] = pkt->key.sport;
		key->field[PE_CLASS_PORT] = pkt->key.dport;
	}
	if (pkt->error)
		return;
	key->field[PE_CLASS_FLAGS] = pe_gate_flags(pkt->skb, pkt->proto,
						   pkt->l4);
	if (pkt->proto != IPPROTO_ICMP && pkt->proto != IPPROTO_ICMPV6)
		return;
	type = skb_header_pointer(pkt->skb, pkt->l4, sizeof(_type), _type);
	if (type)
		key->field[PE_CLASS_PORT] = type[0] << 8 | type[1];
}

static __always_inline void pe_tally(const struct pe_tally *tally,
				     struct pe_sum size)
{
	struct pe_tally_cpu *mine = this_cpu_ptr(tally->cpu);

	u64_stats_update_begin(&mine->syncp);
	u64_stats_add(&mine->count.packets, size.packets);
	u64_stats_add(&mine->count.bytes, size.bytes);
	u64_stats_update_end(&mine->syncp);
}

/* Where this CPU counts a client, or NULL when there is no place. */
static struct pe_acl_client *pe_gate_client(struct pe_acl_clients *clients,
					    u32 seed, u8 family,
					    const __be32 *from)
{
	size_t len = family == NFPROTO_IPV4 ? 1 : 4;
	u32 hash = jhash2((__force const u32 *)from, len, seed);
	struct pe_acl_client *client;
	u32 i;

	for (i = 0; i < PE_ACL_PROBES; i++) {
		client = &clients->client[(hash + i) % PE_ACL_CLIENTS];
		if (!client->family) {
			memcpy(&client->addr, from, len * sizeof(*from));
			/* Pairs with the acquire of who reads counters. */
			smp_store_release(&client->family, family);
			return client;
		}
		if (client->family == family &&
		    !memcmp(&client->addr, from, len * sizeof(*from)))
			return client;
	}
	return NULL;
}

static noinline void pe_gate_count(const struct pe_gate *gate,
				   const struct pe_tally *tally, u8 family,
				   const __be32 *from, struct pe_sum size)
{
	struct pe_acl_clients *clients = gate->clients[smp_processor_id()];
	struct pe_acl_client *client;
	struct pe_count *count;

	pe_tally(tally, size);
	client = pe_gate_client(clients, gate->seed, family, from);
	count = client ? &client->count : &clients->others;
	u64_stats_update_begin(&clients->syncp);
	u64_stats_add(&count->packets, size.packets);
	u64_stats_add(&count->bytes, size.bytes);
	u64_stats_update_end(&clients->syncp);
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

/* Where a later fragment begins, in bytes. */
static unsigned int pe_gate_offset(const struct pe_packet *pkt)
{
	unsigned short offset = 0;
	unsigned int l4 = 0;

	if (pkt->family == NFPROTO_IPV4)
		return (ntohs(pe_iph(pkt->skb)->frag_off) & IP_OFFSET) * 8;
	ipv6_find_hdr(pkt->skb, &l4, -1, &offset, NULL);
	return offset;
}

/* TCP's flags, where they can't be seen, would be those of no rule: nobody cuts
 * a packet there but to get past one (RFC 1858, RFC 3128).
 */
static bool pe_gate_hides(const struct pe_packet *pkt)
{
	if (pkt->key.proto != IPPROTO_TCP || pkt->error)
		return false;
	if (pkt->key.fragment)
		return pe_gate_offset(pkt) <= PE_TCP_FLAGS_AT;
	return pkt->skb->len <= pkt->l4 + PE_TCP_FLAGS_AT;
}

/**
 * pe_gate() - may a client's packet come in?
 * @pkt: parsed packet
 * @hit: where it is: at a stage with PE_EXTRA_GATE
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_gate(const struct pe_packet *pkt, const struct pe_hit *hit)
{
	const struct pe_service *svc = hit->svc;
	struct pe_class_key key __uninitialized;
	bool whole = !pkt->error && !pkt->key.fragment;
	struct pe_client client;
	union nf_inet_addr addr;
	enum pe_drop reason;

	reason = pe_gate_room(pkt->pn, svc, pkt->skb, whole ? pkt->proto : 0,
			      pkt->l4);
	if (reason || !svc->gate)
		return reason;
	if (unlikely(pe_gate_hides(pkt)))
		return PE_DROP_MALFORMED;
	pe_packet_client(pkt, hit, &addr, &client);
	pe_gate_key_ip(pkt->skb, pkt->family, client.addr, &key);
	pe_gate_key_ports(pkt, &key);
	return pe_gate_ask(svc->gate, pkt->skb, pkt->family, client.addr,
			   &key);
}

static __always_inline enum pe_drop
pe_gate_plain_as(const struct pe_net *pn, const struct sk_buff *skb, u8 family,
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

/**
 * pe_gate_plain() - the same for a plain packet
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @family: NFPROTO_*
 * @svc: its service, whose sequence is gated
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_gate_plain(const struct pe_net *pn, const struct sk_buff *skb,
			   u8 family, const struct pe_service *svc)
{
	if (family == NFPROTO_IPV4)
		return pe_gate_plain_as(pn, skb, NFPROTO_IPV4, svc);
	return pe_gate_plain_as(pn, skb, NFPROTO_IPV6, svc);
}
