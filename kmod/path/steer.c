// SPDX-License-Identifier: GPL-2.0-only
/* The hooks: look up, act, say what became of the packet. */

#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/addrconf.h>
#include <net/ip_fib.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>

#include "../compat.h"
#include "../netns.h"
#include "gate.h"
#include "path.h"
#include "quick.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/**
 * pe_drop() - count and trace a packet that ends here
 * @pn: namespace
 * @skb: the packet
 * @reason: why
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: NF_DROP.
 */
noinline unsigned int pe_drop(struct pe_net *pn, struct sk_buff *skb,
			      enum pe_drop reason)
{
	pe_drop_count(pn->drops, reason, pe_size(skb).packets);
	trace_pe_drop(skb, reason);
	pe_report_drop(pn, skb, reason);
	return NF_DROP;
}

/* It bears a service's address, which who watches that service wants to know. */
static unsigned int pe_drop_claim(const struct pe_packet *pkt,
				  const struct pe_hit *hit,
				  enum pe_drop reason)
{
	struct pe_report report;
	unsigned int verdict;

	if (!static_branch_unlikely(&pe_watched))
		return pe_drop(pkt->pn, pkt->skb, reason);
	pe_report_begin(&report, pkt, hit);
	verdict = pe_drop(pkt->pn, pkt->skb, reason);
	pe_report_end(&report);
	return verdict;
}

static const struct pe_prefixes *pe_clients_of(const struct pe_net *pn,
					       u8 family)
{
	return rcu_dereference(pn->clients[pe_family_of(family)]);
}

static const void *pe_saddr(const struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ? (const void *)&pe_iph(skb)->saddr :
					&pe_ip6h(skb)->saddr;
}

static const void *pe_daddr(const struct sk_buff *skb, u8 family)
{
	return family == NFPROTO_IPV4 ? (const void *)&pe_iph(skb)->daddr :
					&pe_ip6h(skb)->daddr;
}

/* What of a client's packets no appliance is to see: those with the engine
 * itself, and those that no router forwards.
 */
static bool pe_is_kernels(const struct pe_net *pn, const struct sk_buff *skb,
			  u8 family)
{
	return pe_is_odd(skb, family) ||
	       pe_route_is_own(pn->net, pe_daddr(skb, family), family);
}

/* Where a packet of a client is, which is no service address's. */
static void pe_locate_client(const struct pe_net *pn,
			     const struct sk_buff *skb, u8 family,
			     const struct pe_key *key, struct pe_hit *hit)
{
	const struct pe_prefixes *clients = pe_clients_of(pn, family);
	bool ipv4 = family == NFPROTO_IPV4;

	if (ipv4)
		pe_match_clients(clients, &pe_iph(skb)->saddr,
				 &pe_iph(skb)->daddr, true, key, hit);
	else
		pe_match_clients(clients, &pe_ip6h(skb)->saddr,
				 &pe_ip6h(skb)->daddr, false, key, hit);
	if (hit->match == PE_MATCH_OPEN && pe_is_kernels(pn, skb, family))
		hit->match = PE_MATCH_NONE;
}

/* What has no place now may have had one until a change not long ago. */
static void pe_locate_past(const struct pe_packet *pkt,
			   const struct pe_addr *dst,
			   const struct pe_addr *src, struct pe_hit *hit)
{
	const struct pe_prefixes *clients = pe_clients_of(pkt->pn, pkt->family);

	if (hit->match == PE_MATCH_EXACT ||
	    pe_match_past(dst, src, &pkt->key, hit) ||
	    likely(!pe_prefixes_drain(clients)))
		return;
	pe_match_past_clients(clients, pe_saddr(pkt->skb, pkt->family),
			      pe_daddr(pkt->skb, pkt->family),
			      pkt->family == NFPROTO_IPV4, &pkt->key, hit);
}

/* What a former server sends is its service's where a flow keeps to it. */
static void pe_locate_former(const struct pe_packet *pkt,
			     const struct pe_addr *src, struct pe_hit *hit)
{
	union nf_inet_addr addr;
	struct pe_client client;
	struct pe_hit former;
	u32 at = 0;

	if (likely(!src || !src->formers))
		return;
	while (pe_match_former(src, &pkt->key, &at, &former)) {
		pe_packet_client(pkt, &former, &addr, &client);
		if (!pe_former_has(&former, hit, &client,
				   pkt->key.proto ?: pkt->proto))
			continue;
		*hit = former;
		return;
	}
}

/* Does what is no service address's come from a client, or go to one? */
static bool pe_is_clients(const struct pe_net *pn, const struct sk_buff *skb,
			  u8 family)
{
	const struct pe_prefixes *clients = pe_clients_of(pn, family);

	if (family == NFPROTO_IPV4)
		return pe_prefixes_hold(clients, &pe_iph(skb)->saddr, true) ||
		       pe_prefixes_hold(clients, &pe_iph(skb)->daddr, true);
	return pe_prefixes_hold(clients, &pe_ip6h(skb)->saddr, false) ||
	       pe_prefixes_hold(clients, &pe_ip6h(skb)->daddr, false);
}

/* What lives where a packet went that an error is about. */
static const struct pe_addr *pe_quoted(const struct pe_packet *pkt)
{
	enum pe_family family = pe_family_of(pkt->family);
	union nf_inet_addr about = {};

	if (!pkt->error || !pe_packet_quotes(pkt, &about))
		return NULL;
	return pe_table_find(rcu_dereference(pkt->pn->table[family]), &about,
			     pkt->family);
}

/* An error about what was sent to a client, from anywhere on its way. */
static unsigned int pe_steer_quoted_client(struct pe_packet *pkt)
{
	union nf_inet_addr about = {};
	struct pe_hit hit;

	if (!pkt->error || !pe_packet_quotes(pkt, &about))
		return NF_ACCEPT;
	pe_match_client(pe_clients_of(pkt->pn, pkt->family), &about,
			pkt->family == NFPROTO_IPV4, &pkt->key, &hit);
	if (hit.match != PE_MATCH_EXACT)
		pe_match_past_clients(pe_clients_of(pkt->pn, pkt->family),
				      &about, pe_daddr(pkt->skb, pkt->family),
				      pkt->family == NFPROTO_IPV4, &pkt->key,
				      &hit);
	if (hit.match < PE_MATCH_OPEN ||
	    (hit.match == PE_MATCH_OPEN &&
	     pe_is_kernels(pkt->pn, pkt->skb, pkt->family)))
		return NF_ACCEPT;
	return pe_act(pkt, &hit);
}

/* An error about what a service's client sent, from anywhere on its way. */
static unsigned int pe_steer_quoted(struct pe_packet *pkt)
{
	const struct pe_addr *src = pe_quoted(pkt);
	struct pe_hit hit;

	if (!src)
		return pe_steer_quoted_client(pkt);
	pe_match_source(src, &pkt->key, &hit);
	pe_locate_former(pkt, src, &hit);
	if (hit.match != PE_MATCH_EXACT)
		pe_match_past(NULL, src, &pkt->key, &hit);
	if (hit.match < PE_MATCH_OPEN)
		return NF_ACCEPT;
	return pe_act(pkt, &hit);
}

/* A server behind its own address may speak to the engine itself, which is no
 * client: only where no port tells, the engine's addresses do.
 */
static bool pe_is_servers_own(const struct pe_packet *pkt,
			      const struct pe_hit *hit)
{
	struct net *net = pkt->pn->net;

	if (pe_hit_forward(hit) || hit->svc->server_level == PE_LEVEL_PORT)
		return false;
	if (pkt->family == NFPROTO_IPV4)
		return inet_addr_type(net, ip_hdr(pkt->skb)->daddr) ==
		       RTN_LOCAL;
	return ipv6_chk_addr(net, &ipv6_hdr(pkt->skb)->daddr, NULL, 0);
}

/* Of an Ethernet header, which ends where the network header begins. */
static __always_inline const u8 *pe_source_mac(const struct sk_buff *skb)
{
	return skb->data - ETH_HLEN + offsetof(struct ethhdr, h_source);
}

/* The kernel forwards nothing that was not sent to it. What a bridge carries
 * past is no packet of the router's, and a VRF shows what we saw already.
 */
static bool pe_is_not_ours(const struct sk_buff *skb)
{
	return skb->pkt_type != PACKET_HOST || nf_bridge_info_exists(skb) ||
	       netif_is_l3_master(skb->dev);
}

/* Of what pe_is_not_ours() finds, and of little else, this is true; besides of
 * what came without an Ethernet header.
 */
static __always_inline bool pe_is_special(const struct sk_buff *skb)
{
#ifdef CONFIG_SKB_EXTENSIONS
	if (skb->active_extensions)
		return true;
#endif
	return skb->pkt_type != PACKET_HOST || skb->mac_len != ETH_HLEN ||
	       netif_is_l3_master(skb->dev);
}

/* Steer a datagram instead of its fragments: with the last of them it is whole.
 * It has the addresses and the link-layer header that they have.
 */
static unsigned int pe_steer_whole(struct pe_packet *pkt)
{
	unsigned int verdict = pe_defrag(pkt);

	if (verdict != NF_ACCEPT)
		return verdict;
	pe_track_key(pkt->skb, pkt->family, &pkt->key);
	if (!pe_packet_parse(pkt))
		return pe_drop(pkt->pn, pkt->skb, PE_DROP_MALFORMED);
	return NF_ACCEPT;
}

/* To where checks are sent from: what answers one at a service's address is not
 * for the kernel, which did not ask.
 */
static unsigned int pe_steer_answer(struct pe_net *pn, struct sk_buff *skb,
				    const struct pe_addr *src)
{
	return pe_addr_is_vip(src) ? pe_drop(pn, skb, PE_DROP_CHECK) :
				     NF_ACCEPT;
}

/* What is no packet of the router's may be a question of the link's. */
static unsigned int pe_steer_link(struct pe_net *pn, struct sk_buff *skb,
				  u8 family)
{
	return family == NFPROTO_IPV6 ? pe_announce_heard(pn, skb) : NF_ACCEPT;
}

/* A packet of any kind whose destination or source may be a service's. */
static noinline unsigned int pe_steer_any(struct pe_net *pn,
					  struct sk_buff *skb, u8 family,
					  const struct pe_addr *dst,
					  const struct pe_addr *src)
{
	struct pe_packet pkt = {
		.pn = pn,
		.skb = skb,
		.family = family,
		.key.dev = skb->dev,
	};
	unsigned int verdict;
	struct pe_hit hit;

	if (pe_is_not_ours(skb))
		return pe_steer_link(pn, skb, family);
	if (unlikely(pe_addr_checks(dst)))
		return pe_steer_answer(pn, skb, src);
	pe_track_key(skb, family, &pkt.key);
	if (!pe_packet_parse(&pkt))
		return dst || src || pe_is_clients(pn, skb, family) ?
			       pe_drop(pn, skb, PE_DROP_MALFORMED) :
			       NF_ACCEPT;
	if (pkt.link)
		return pe_steer_link(pn, skb, family);
	if (unlikely(pe_defrag_wanted(&pkt, dst, src))) {
		verdict = pe_steer_whole(&pkt);
		if (verdict != NF_ACCEPT)
			return verdict;
	}
	/* A server of several services may tell of one by its own address, at
	 * which it is another's.
	 */
	if (unlikely(pkt.error && src))
		src = pe_quoted(&pkt) ?: src;
	pe_match_both(dst, src, &pkt.key, &hit);
	pe_locate_former(&pkt, src, &hit);
	if (hit.match == PE_MATCH_NONE)
		pe_locate_client(pn, skb, family, &pkt.key, &hit);
	pe_locate_past(&pkt, dst, src, &hit);
	/* Only answers to what a guarded device asked for itself reach it. */
	if (dst && dst->guards && hit.svc && hit.svc->client &&
	    pe_hit_forward(&hit))
		hit.match = PE_MATCH_NONE;
	/* Back from the device that a check was sent through: so far only. */
	if (unlikely(pe_addr_checks(src)) && hit.match != PE_MATCH_OPEN)
		return dst ? pe_drop(pn, skb, PE_DROP_CHECK) : NF_ACCEPT;
	switch (hit.match) {
	case PE_MATCH_OPEN:
		if (pe_is_servers_own(&pkt, &hit))
			return NF_ACCEPT;
		fallthrough;
	case PE_MATCH_EXACT:
		return pe_act(&pkt, &hit);
	case PE_MATCH_CLAIM:
		/* Or its device has an address that we don't know yet. */
		pe_ports_ask_soon(pn);
		return pe_drop_claim(&pkt, &hit, PE_DROP_WRONG_PLACE);
	case PE_MATCH_FRAGMENT:
		return pe_drop(pn, skb, PE_DROP_FRAGMENT);
	default:
		/* Let in by its code, which none of the services expects. */
		if (pkt.key.track)
			return pe_drop(pn, skb, PE_DROP_WRONG_PLACE);
		if (dst && dst->guards)
			return pe_drop(pn, skb, PE_DROP_GUARD);
		return pe_steer_quoted(&pkt);
	}
}

/* ICMP, or what it may stand behind: extension headers all have this bit, but
 * for the first of them.
 */
static __always_inline bool pe_may_be_icmpv6(u8 nexthdr)
{
	return nexthdr & 0x20 || nexthdr == NEXTHDR_HOP;
}

static __always_inline bool pe_may_be_icmp(const struct sk_buff *skb,
					   u8 family)
{
	return family == NFPROTO_IPV4 ?
		       pe_iph(skb)->protocol == IPPROTO_ICMP :
		       pe_may_be_icmpv6(pe_ip6h(skb)->nexthdr);
}

/* Where a packet is, as far as one of its addresses tells by itself. */
static __always_inline void pe_locate(const struct sk_buff *skb, u8 family,
				      const struct pe_addr *dst,
				      const struct pe_addr *src,
				      struct pe_hit *hit)
{
	struct pe_key key = {
		.dev = skb->dev,
		.mac = pe_source_mac(skb),
	};

	if (unlikely(!pe_packet_plain(skb, family, &key)))
		return;
	if (!src && likely(dst))
		pe_match_distinct(dst, PE_ROLE_FORWARD, &key, hit);
	else if (!dst && likely(src))
		pe_match_distinct(src, PE_ROLE_SOURCE, &key, hit);
}

/* A server may be at any place, but not everything there is one. */
static __always_inline bool pe_is_sure(const struct pe_hit *hit)
{
	return hit->match == PE_MATCH_EXACT ||
	       (hit->match == PE_MATCH_OPEN && pe_hit_forward(hit));
}

/* A plain packet, surely at a stage that leaves open which device has it. It was
 * let in, if somebody had to be asked.
 */
static __always_inline unsigned int
pe_steer_open(struct pe_net *pn, struct sk_buff *skb, u8 family,
	      const struct pe_service *svc, const struct pe_stage *stage)
{
	if (family == NFPROTO_IPV4)
		return stage->extra & PE_EXTRA_STATE ?
			       pe_open_kept4(pn, skb, svc, stage) :
			       pe_open_choice4(pn, skb, svc, stage);
	return stage->extra & PE_EXTRA_STATE ?
		       pe_open_kept6(pn, skb, svc, stage) :
		       pe_open_choice6(pn, skb, svc, stage);
}

/* A plain packet, surely at a stage, if it may come in. */
static __always_inline unsigned int
pe_steer_asked(struct pe_net *pn, struct sk_buff *skb, u8 family,
	       const struct pe_service *svc, const struct pe_stage *stage)
{
	struct net_device *dev;
	enum pe_drop reason;

	reason = pe_gate_plain(pn, skb, family, svc);
	if (reason)
		return pe_drop(pn, skb, reason);
	if (likely(stage->extra == PE_EXTRA_GATE &&
		   pe_is_free(skb, family, stage->to, &dev)))
		return pe_steer_quick(pn, skb, family, svc, stage,
				      &stage->device, &stage->to, dev);
	return pe_steer_open(pn, skb, family, svc, stage);
}

static noinline unsigned int pe_steer_gate4(struct pe_net *pn,
					    struct sk_buff *skb,
					    const struct pe_service *svc,
					    const struct pe_stage *stage)
{
	return pe_steer_asked(pn, skb, NFPROTO_IPV4, svc, stage);
}

static noinline unsigned int pe_steer_gate6(struct pe_net *pn,
					    struct sk_buff *skb,
					    const struct pe_service *svc,
					    const struct pe_stage *stage)
{
	return pe_steer_asked(pn, skb, NFPROTO_IPV6, svc, stage);
}

/* Surely at a stage; what needs nothing but to be handed on goes at once. */
static __always_inline unsigned int
pe_steer_sure(struct pe_net *pn, struct sk_buff *skb, u8 family,
	      const struct pe_hit *hit)
{
	const struct pe_stage *stage = hit->stage;
	struct net_device *dev;

	if (likely(pe_is_quick(skb, family, stage, &dev)))
		return pe_steer_quick(pn, skb, family, hit->svc, stage,
				      &stage->device, &stage->to, dev);
	if (unlikely(stage->extra & PE_EXTRA_GATE))
		return family == NFPROTO_IPV4 ?
			       pe_steer_gate4(pn, skb, hit->svc, stage) :
			       pe_steer_gate6(pn, skb, hit->svc, stage);
	if (unlikely(stage->extra & PE_EXTRA_AHEAD))
		return pe_steer_open(pn, skb, family, hit->svc, stage);
	return pe_steer_plain(pn, skb, family, hit->svc, stage);
}

/* Neither destination nor source is a service's: it may be a client's. */
static noinline unsigned int pe_steer_client(struct pe_net *pn,
					     struct sk_buff *skb, u8 family)
{
	const struct pe_prefixes *clients = pe_clients_of(pn, family);
	struct pe_key key = { .dev = skb->dev };
	struct pe_hit hit;

	if (likely(!clients))
		return NF_ACCEPT;
	if (unlikely(pe_is_special(skb) || pe_prefixes_drain(clients) ||
		     !pe_packet_plain(skb, family, &key)))
		return pe_steer_any(pn, skb, family, NULL, NULL);
	pe_track_key(skb, family, &key);
	pe_locate_client(pn, skb, family, &key, &hit);
	if (hit.match == PE_MATCH_NONE)
		return NF_ACCEPT;
	if (unlikely(hit.match < PE_MATCH_OPEN))
		return pe_steer_any(pn, skb, family, NULL, NULL);
	return pe_steer_sure(pn, skb, family, &hit);
}

/* Most packets are plain, surely of one stage, and need nothing but to be
 * handed on. They take this way, which is short because it looks at all of
 * that before it changes anything: whatever is different goes the long way,
 * pe_steer_any() or pe_steer_plain(), to the same end. The compiler makes one
 * for each family.
 */
static __always_inline unsigned int pe_steer(struct pe_net *pn,
					     struct sk_buff *skb, u8 family,
					     const struct pe_addr *dst,
					     const struct pe_addr *src)
{
	struct pe_hit hit = {};

	if (static_branch_unlikely(&pe_watched) && pe_watchers_any(pn))
		return pe_steer_any(pn, skb, family, dst, src);
	/* The filter errs now and then, or lets everything pass. */
	if (unlikely(!dst && !src && !pe_may_be_icmp(skb, family)))
		return pe_steer_client(pn, skb, family);
	if (unlikely(pe_is_special(skb)))
		return pe_steer_any(pn, skb, family, dst, src);
	pe_locate(skb, family, dst, src, &hit);
	if (unlikely(!pe_is_sure(&hit)))
		return pe_steer_any(pn, skb, family, dst, src);
	return pe_steer_sure(pn, skb, family, &hit);
}

static unsigned int pe_steer_late(struct pe_net *pn, struct sk_buff *skb,
				  const struct pe_table *table, u64 hash,
				  u8 family);

/* @hash is that of the destination, which the filter may have let pass. */
static noinline unsigned int pe_steer_ipv4(struct pe_net *pn,
					   struct sk_buff *skb,
					   const struct pe_table *table,
					   u64 hash)
{
	const struct iphdr *iph = pe_iph(skb);

	if (unlikely(!softirq_count()))
		return pe_steer_late(pn, skb, table, hash, NFPROTO_IPV4);
	return pe_steer(pn, skb, NFPROTO_IPV4,
			pe_table_walk(table, hash, &iph->daddr, true),
			pe_table_find4(table, &iph->saddr));
}

static noinline unsigned int pe_steer_ipv6(struct pe_net *pn,
					   struct sk_buff *skb,
					   const struct pe_table *table,
					   u64 hash)
{
	const struct ipv6hdr *ip6h = pe_ip6h(skb);

	if (unlikely(!softirq_count()))
		return pe_steer_late(pn, skb, table, hash, NFPROTO_IPV6);
	return pe_steer(pn, skb, NFPROTO_IPV6,
			pe_table_walk(table, hash, &ip6h->daddr, false),
			pe_table_find6(table, &ip6h->saddr));
}

/* A hook before us kept the packet for userspace, which gives it back in
 * process context.
 */
static unsigned int pe_steer_late(struct pe_net *pn, struct sk_buff *skb,
				  const struct pe_table *table, u64 hash,
				  u8 family)
{
	unsigned int verdict;

	local_bh_disable();
	if (family == NFPROTO_IPV4)
		verdict = pe_steer_ipv4(pn, skb, table, hash);
	else
		verdict = pe_steer_ipv6(pn, skb, table, hash);
	local_bh_enable();
	return verdict;
}

/* Nearly every packet is no service's and goes on from here. ICMP may be an
 * error about a packet to a service.
 */
static unsigned int pe_hook_ipv4(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	const struct iphdr *iph = pe_iph(skb);
	const struct pe_table *table;
	struct pe_net *pn = priv;
	u64 hash;

	table = rcu_dereference(pn->table[PE_IPV4]);
	if (!table)
		return NF_ACCEPT;
	hash = pe_table_hash4(table, &iph->daddr);
	if (likely(!pe_table_may(table, hash) &&
		   !pe_table_may(table, pe_table_hash4(table, &iph->saddr)) &&
		   iph->protocol != IPPROTO_ICMP))
		return NF_ACCEPT;
	return pe_steer_ipv4(pn, skb, table, hash);
}

static unsigned int pe_hook_ipv6(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	const struct ipv6hdr *ip6h = pe_ip6h(skb);
	const struct pe_table *table;
	struct pe_net *pn = priv;
	u64 hash;

	table = rcu_dereference(pn->table[PE_IPV6]);
	if (!table)
		return NF_ACCEPT;
	hash = pe_table_hash6(table, &ip6h->daddr);
	if (likely(!pe_table_may(table, hash) &&
		   !pe_table_may(table, pe_table_hash6(table, &ip6h->saddr)) &&
		   (ip6h->nexthdr == IPPROTO_UDP ||
		    ip6h->nexthdr == IPPROTO_TCP ||
		    !pe_may_be_icmpv6(ip6h->nexthdr))))
		return NF_ACCEPT;
	return pe_steer_ipv6(pn, skb, table, hash);
}

/* What was addressed to a guarded device only after PREROUTING. */
static unsigned int pe_guard(struct pe_net *pn, struct sk_buff *skb,
			     const void *daddr, u8 family)
{
	const struct pe_table *table =
		rcu_dereference(pn->table[pe_family_of(family)]);
	const struct pe_addr *dst = pe_table_find(table, daddr, family);
	enum ip_conntrack_info ctinfo;
	unsigned int verdict;

	if (likely(!dst || !dst->guards))
		return NF_ACCEPT;
	nf_ct_get(skb, &ctinfo);
	if (ctinfo == IP_CT_UNTRACKED)
		return NF_ACCEPT;
	/* It may come from a queue, where userspace held it. */
	local_bh_disable();
	verdict = pe_drop(pn, skb, PE_DROP_GUARD);
	local_bh_enable();
	return verdict;
}

static unsigned int pe_guard_ipv4(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	return pe_guard(priv, skb, &ip_hdr(skb)->daddr, NFPROTO_IPV4);
}

static unsigned int pe_guard_ipv6(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	return pe_guard(priv, skb, &ipv6_hdr(skb)->daddr, NFPROTO_IPV6);
}

/* While somebody watches addresses that may be no service's. What a service
 * delivers is told of already.
 */
static unsigned int pe_pass(struct pe_net *pn, struct sk_buff *skb, u8 family)
{
	enum ip_conntrack_info ctinfo;

	nf_ct_get(skb, &ctinfo);
	if (ctinfo != IP_CT_UNTRACKED && !pe_is_not_ours(skb))
		pe_report_pass(pn, skb, family);
	return NF_ACCEPT;
}

static unsigned int pe_pass_ipv4(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	return pe_pass(priv, skb, NFPROTO_IPV4);
}

static unsigned int pe_pass_ipv6(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	return pe_pass(priv, skb, NFPROTO_IPV6);
}

/* Templates; pe_net.hooks are copies with the namespace as @priv. First of
 * all hooks: what is steered never meets defragmentation or connection
 * tracking.
 */
const struct nf_hook_ops pe_hook_ops[PE_HOOKS] = {
	{
		.hook		= pe_hook_ipv4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NF_IP_PRI_RAW_BEFORE_DEFRAG,
	},
	{
		.hook		= pe_hook_ipv6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NF_IP6_PRI_RAW_BEFORE_DEFRAG,
	},
	{
		.hook		= pe_guard_ipv4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_FORWARD,
		.priority	= NF_IP_PRI_FIRST,
	},
	{
		.hook		= pe_guard_ipv6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_FORWARD,
		.priority	= NF_IP6_PRI_FIRST,
	},
	{
		.hook		= pe_pass_ipv4,
		.pf		= NFPROTO_IPV4,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NF_IP_PRI_RAW_BEFORE_DEFRAG + 1,
	},
	{
		.hook		= pe_pass_ipv6,
		.pf		= NFPROTO_IPV6,
		.hooknum	= NF_INET_PRE_ROUTING,
		.priority	= NF_IP6_PRI_RAW_BEFORE_DEFRAG + 1,
	},
};
