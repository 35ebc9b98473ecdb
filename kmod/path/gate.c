// SPDX-License-Identifier: GPL-2.0-only
/* What clients send is asked for before anything else is done with it. */

#include <linux/jhash.h>

#include "gate.h"

/* Addresses and DSCP. No rule for IPv4 asks for lower halves. */
static void pe_gate_key_ip(const struct sk_buff *skb, u8 family,
			   const __be32 *from, struct pe_class_key *key)
{
	const __be32 *to;

	key->field[PE_CLASS_DSCP] = pe_gate_dscp(skb, family);
	if (family == NFPROTO_IPV4) {
		key->field[PE_CLASS_SOURCE] = ntohl(*from);
		key->field[PE_CLASS_DEST] = ntohl(pe_iph(skb)->daddr);
		return;
	}
	to = pe_ip6h(skb)->daddr.s6_addr32;
	key->field[PE_CLASS_SOURCE] = pe_gate_half(from);
	key->field[PE_CLASS_SOURCE_LOW] = pe_gate_half(from + 2);
	key->field[PE_CLASS_DEST] = pe_gate_half(to);
	key->field[PE_CLASS_DEST_LOW] = pe_gate_half(to + 2);
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

/**
 * pe_gate_count() - count a packet for the rule that it matches and its client
 * @gate: the list
 * @tally: of the rule
 * @family: NFPROTO_* of the packet
 * @from: address of the client
 * @size: what to count
 */
void pe_gate_count(const struct pe_gate *gate, const struct pe_tally *tally,
		   u8 family, const __be32 *from, struct pe_sum size)
{
	struct pe_acl_clients *clients = gate->clients[smp_processor_id()];
	struct pe_acl_client *client;

	pe_tally(tally, size);
	client = pe_gate_client(clients, gate->seed, family, from);
	pe_count_add(&clients->syncp,
		     client ? &client->count : &clients->others, size);
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

/* Of a packet that has ports of its own. */
static u32 pe_gate_index(const struct pe_packet *pkt, const struct pe_acl *acl,
			 const __be32 *from)
{
	bool ipv6 = pkt->family == NFPROTO_IPV6;
	u64 first;

	first = pe_memo_word(pkt->key.sport, pkt->key.dport, pkt->key.proto,
			     pe_gate_dscp(pkt->skb, pkt->family),
			     pe_gate_flags(pkt->skb, pkt->proto, pkt->l4),
			     ipv6);
	return pe_gate_recall(acl, pkt->skb, pkt->family, from, first);
}

/* Of any other one, which are few. */
static u32 pe_gate_index_any(const struct pe_packet *pkt,
			     const struct pe_acl *acl, const __be32 *from)
{
	struct pe_class_key key __uninitialized;

	pe_gate_key_ip(pkt->skb, pkt->family, from, &key);
	pe_gate_key_ports(pkt, &key);
	return pe_acl_index(acl, pkt->family, &key, pkt->skb->dev);
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
	bool whole = !pkt->error && !pkt->key.fragment;
	const struct pe_acl *acl;
	struct pe_client client;
	union nf_inet_addr addr;
	enum pe_drop reason;
	u32 index;

	reason = pe_gate_room(pkt->pn, svc, pkt->skb, whole ? pkt->proto : 0,
			      pkt->l4);
	if (reason || !svc->gate)
		return reason;
	if (unlikely(pe_gate_hides(pkt)))
		return PE_DROP_MALFORMED;
	acl = pe_gate_acl(svc->gate);
	if (unlikely(!acl))
		return PE_DROP_DENIED;
	pe_packet_client(pkt, hit, &addr, &client);
	if (whole && pkt->key.ports)
		index = pe_gate_index(pkt, acl, client.addr);
	else
		index = pe_gate_index_any(pkt, acl, client.addr);
	return pe_gate_judge(svc->gate, acl, pkt->skb, pkt->family,
			     client.addr, index);
}
