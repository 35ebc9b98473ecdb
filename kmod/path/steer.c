// SPDX-License-Identifier: GPL-2.0-only
/* The hooks: look up, act, say what became of the packet. */

#include <linux/if_arp.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/addrconf.h>
#include <net/ip_fib.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/route.h>

#include "../compat.h"
#include "../netns.h"
#include "path.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static unsigned int pe_drop(const struct pe_packet *pkt, enum pe_drop reason)
{
	pe_drop_count(pkt->pn->drops, reason);
	trace_pe_drop(pkt->skb, reason);
	return NF_DROP;
}

/* The kernel routes it on: neither end's connection tracking sees the whole. */
static unsigned int pe_pass(struct pe_packet *pkt)
{
	nf_reset_ct(pkt->skb);
	nf_ct_set(pkt->skb, NULL, IP_CT_UNTRACKED);
	return NF_ACCEPT;
}

static void pe_count_hit(const struct pe_packet *pkt, const struct pe_hit *hit)
{
	const struct pe_device *dev = hit->stage->device;
	unsigned int packets, bytes;

	pe_size(pkt->skb, &packets, &bytes);
	pe_count(hit->svc->counts, hit->stage->index, packets, bytes);
	if (dev)
		pe_device_count(dev->stats,
				pe_hit_forward(hit) ? PE_DIRECTION_FORWARD :
						      PE_DIRECTION_REVERSE,
				packets, bytes);
}

/* What a server just sent is counted for the server as well. */
static void pe_count_sent(const struct pe_packet *pkt, const struct pe_hit *hit)
{
	const struct pe_step *server = pe_sequence_server(hit->svc->seq);
	unsigned int packets, bytes;

	if (!server)
		return;
	pe_size(pkt->skb, &packets, &bytes);
	pe_device_count(server->device->stats, PE_DIRECTION_REVERSE, packets,
			bytes);
}

static enum pe_drop pe_apply(struct pe_packet *pkt, const struct pe_rewrite *rw,
			     bool outer)
{
	if (pkt->error)
		return pe_icmp_rewrite(pkt, rw, outer);
	return pe_rewrite(pkt, rw);
}

/* The last leg: address and port that the server has, where they differ. */
static enum pe_drop pe_to_server(struct pe_packet *pkt,
				 const struct pe_hit *hit)
{
	const struct pe_step *server = pe_sequence_server(hit->svc->seq);
	struct pe_rewrite rw = {};

	if (!server || hit->stage->to_step != hit->svc->seq->steps - 1)
		return PE_DROP_NONE;
	if (pe_device_is_nat(server->device))
		rw.addr = &server->device->address;
	if (server->port) {
		rw.port = server->port;
		rw.old = hit->svc->range[0].first;
	}
	if (!rw.addr && !rw.port)
		return PE_DROP_NONE;
	return pe_apply(pkt, &rw, true);
}

/* The first leg back: the service's own address and port again. */
static enum pe_drop pe_from_server(struct pe_packet *pkt,
				   const struct pe_hit *hit)
{
	const struct pe_step *server = pe_sequence_server(hit->svc->seq);
	struct pe_rewrite rw = { .source = true };
	bool outer = true;

	if (!server)
		return PE_DROP_NONE;
	if (pe_device_is_nat(server->device)) {
		rw.addr = &hit->svc->vip;
		/* A router beyond us may complain about what the server sent. */
		outer = !pkt->error || pe_packet_from(pkt, server->device);
	}
	if (server->port) {
		rw.port = hit->svc->range[0].first;
		rw.old = server->port;
	}
	if (!rw.addr && !rw.port)
		return PE_DROP_NONE;
	return pe_apply(pkt, &rw, outer);
}

static unsigned int pe_act_steer(struct pe_packet *pkt,
				 const struct pe_hit *hit)
{
	const struct pe_stage *stage = hit->stage;
	struct net_device *dev;
	enum pe_drop reason;

	if (unlikely(pe_packet_ttl(pkt) <= 1)) {
		pe_icmp_expired(pkt, hit);
		return pe_drop(pkt, PE_DROP_TTL);
	}
	reason = pe_xmit_ready(stage->to, &dev);
	if (likely(!reason))
		reason = pe_mtu_port(pkt, hit, READ_ONCE(dev->mtu));
	if (unlikely(reason))
		return pe_drop(pkt, reason);
	if (stage->index == hit->svc->seq->forward) {
		reason = pe_from_server(pkt, hit);
		if (unlikely(reason))
			return pe_drop(pkt, reason);
		pe_count_sent(pkt, hit);
	}
	if (stage->taps)
		pe_tap_copies(pkt, hit);
	reason = pe_xmit_writable(pkt->skb, dev);
	if (unlikely(reason))
		return pe_drop(pkt, reason);
	if (stage->index < hit->svc->seq->forward) {
		reason = pe_to_server(pkt, hit);
		if (unlikely(reason))
			return pe_drop(pkt, reason);
	}
	pe_count_hit(pkt, hit);
	pe_xmit_hop(pkt);
	if (unlikely(pkt->mtu))
		reason = pe_mtu_fragment(pkt, stage->to, dev);
	else
		reason = pe_xmit(pkt->skb, pkt->family, stage->to, dev);
	if (likely(!reason))
		return NF_STOLEN;
	return pe_drop(pkt, reason);
}

static unsigned int pe_act_translate(struct pe_packet *pkt,
				     const struct pe_hit *hit)
{
	const struct pe_device *server = hit->stage->device;
	enum pe_drop reason;

	/* The kernel would quote what the client never sent. */
	if (unlikely(pe_packet_ttl(pkt) <= 1)) {
		pe_icmp_expired(pkt, hit);
		return pe_drop(pkt, PE_DROP_TTL);
	}
	reason = pe_mtu_route(pkt, hit, &server->address);
	if (unlikely(reason))
		return pe_drop(pkt, reason);
	if (hit->stage->taps)
		pe_tap_copies(pkt, hit);
	reason = pe_to_server(pkt, hit);
	if (unlikely(reason))
		return pe_drop(pkt, reason);
	pe_count_hit(pkt, hit);
	return pe_pass(pkt);
}

static unsigned int pe_act_deliver(struct pe_packet *pkt,
				   const struct pe_hit *hit)
{
	union nf_inet_addr to;
	enum pe_drop reason;

	if (!pe_hit_forward(hit)) {
		/* The kernel would write to the service's address. */
		if (unlikely(pe_packet_ttl(pkt) <= 1)) {
			pe_icmp_expired(pkt, hit);
			return pe_drop(pkt, PE_DROP_TTL);
		}
		pe_packet_to(pkt, &to);
		reason = pe_mtu_route(pkt, hit, &to);
		if (unlikely(reason))
			return pe_drop(pkt, reason);
	}
	if (hit->stage->index == hit->svc->seq->forward) {
		reason = pe_from_server(pkt, hit);
		if (unlikely(reason))
			return pe_drop(pkt, reason);
		pe_count_sent(pkt, hit);
	}
	if (hit->stage->taps)
		pe_tap_copies(pkt, hit);
	pe_count_hit(pkt, hit);
	return pe_pass(pkt);
}

static unsigned int pe_act(struct pe_packet *pkt, const struct pe_hit *hit)
{
	switch (hit->stage->action) {
	case PE_ACTION_STEER:
		return pe_act_steer(pkt, hit);
	case PE_ACTION_TRANSLATE:
		return pe_act_translate(pkt, hit);
	default:
		return pe_act_deliver(pkt, hit);
	}
}

/* An error about what a service's client sent, from anywhere on its way. */
static unsigned int pe_steer_quoted(struct pe_packet *pkt)
{
	enum pe_family family = pe_family_of(pkt->family);
	union nf_inet_addr about = {};
	const struct pe_addr *src;
	struct pe_hit hit = {};

	if (!pkt->error || !pe_packet_quotes(pkt, &about))
		return NF_ACCEPT;
	src = pe_table_find(rcu_dereference(pkt->pn->table[family]), &about,
			    pkt->family);
	if (!src)
		return NF_ACCEPT;
	pe_match(src, PE_ROLE_SOURCE, &pkt->key, &hit);
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

	if (pe_hit_forward(hit) || hit->svc->level == PE_LEVEL_PORT)
		return false;
	if (pkt->family == NFPROTO_IPV4)
		return inet_addr_type(net, ip_hdr(pkt->skb)->daddr) ==
		       RTN_LOCAL;
	return ipv6_chk_addr(net, &ipv6_hdr(pkt->skb)->daddr, NULL, 0);
}

/**
 * pe_steer() - a packet whose destination or source may be a service's
 * @pkt: packet, not parsed yet
 * @dst: what lives at its destination, or NULL
 * @src: what lives at its source, or NULL
 */
static unsigned int pe_steer(struct pe_packet *pkt, const struct pe_addr *dst,
			     const struct pe_addr *src)
{
	struct pe_hit hit;

	if (!pe_packet_parse(pkt))
		return dst || src ? pe_drop(pkt, PE_DROP_MALFORMED) :
				    NF_ACCEPT;
	if (unlikely(pkt->link))
		return NF_ACCEPT;
	pe_locate(dst, src, &pkt->key, &hit);
	switch (hit.match) {
	case PE_MATCH_OPEN:
		if (unlikely(pe_is_servers_own(pkt, &hit)))
			return NF_ACCEPT;
		fallthrough;
	case PE_MATCH_EXACT:
		return pe_act(pkt, &hit);
	case PE_MATCH_CLAIM:
		/* Or its device has an address that we don't know yet. */
		pe_ports_ask_soon(pkt->pn);
		return pe_drop(pkt, PE_DROP_WRONG_PLACE);
	case PE_MATCH_FRAGMENT:
		return pe_drop(pkt, PE_DROP_FRAGMENT);
	default:
		if (dst && dst->guards)
			return pe_drop(pkt, PE_DROP_GUARD);
		return pe_steer_quoted(pkt);
	}
}

static u64 pe_source_mac(const struct sk_buff *skb)
{
	if (unlikely(skb->dev->type != ARPHRD_ETHER ||
		     !skb_mac_header_was_set(skb)))
		return PE_MAC_NONE;
	/* 0 is an address that is not known. */
	return pe_mac(eth_hdr(skb)->h_source) ?: PE_MAC_NONE;
}

/* The kernel forwards nothing that was not sent to it. What a bridge carries
 * past is no packet of the router's, and a VRF shows what we saw already.
 */
static bool pe_is_not_ours(const struct sk_buff *skb)
{
	return skb->pkt_type != PACKET_HOST || nf_bridge_info_exists(skb) ||
	       netif_is_l3_master(skb->dev);
}

static noinline unsigned int pe_steer_skb(struct pe_net *pn,
					  struct sk_buff *skb, u8 family,
					  const struct pe_addr *dst,
					  const struct pe_addr *src)
{
	struct pe_packet pkt = {
		.pn = pn,
		.skb = skb,
		.family = family,
		.key.dev = skb->dev,
		.key.mac = pe_source_mac(skb),
	};

	unsigned int verdict;

	if (unlikely(pe_is_not_ours(skb)))
		return NF_ACCEPT;
	/* A hook before us may have kept the packet for userspace. */
	local_bh_disable();
	verdict = pe_steer(&pkt, dst, src);
	local_bh_enable();
	return verdict;
}

static unsigned int pe_hook_ipv4(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	const struct iphdr *iph = ip_hdr(skb);
	const struct pe_addr *dst, *src;
	const struct pe_table *table;
	struct pe_net *pn = priv;

	table = rcu_dereference(pn->table[PE_IPV4]);
	dst = pe_table_find4(table, iph->daddr);
	src = pe_table_find4(table, iph->saddr);
	if (dst || src || unlikely(iph->protocol == IPPROTO_ICMP))
		return pe_steer_skb(pn, skb, NFPROTO_IPV4, dst, src);
	return NF_ACCEPT;
}

static unsigned int pe_hook_ipv6(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	const struct ipv6hdr *ip6h = ipv6_hdr(skb);
	const struct pe_addr *dst, *src;
	const struct pe_table *table;
	struct pe_net *pn = priv;

	table = rcu_dereference(pn->table[PE_IPV6]);
	dst = pe_table_find6(table, &ip6h->daddr);
	src = pe_table_find6(table, &ip6h->saddr);
	if (dst || src || unlikely(ip6h->nexthdr == IPPROTO_ICMPV6))
		return pe_steer_skb(pn, skb, NFPROTO_IPV6, dst, src);
	return NF_ACCEPT;
}

/* What was addressed to a guarded device only after PREROUTING. */
static unsigned int pe_guard(struct pe_net *pn, struct sk_buff *skb,
			     const struct pe_addr *dst, u8 family)
{
	struct pe_packet pkt = { .pn = pn, .skb = skb, .family = family };
	enum ip_conntrack_info ctinfo;

	if (likely(!dst || !dst->guards))
		return NF_ACCEPT;
	nf_ct_get(skb, &ctinfo);
	if (ctinfo == IP_CT_UNTRACKED)
		return NF_ACCEPT;
	return pe_drop(&pkt, PE_DROP_GUARD);
}

static unsigned int pe_guard_ipv4(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	struct pe_net *pn = priv;

	return pe_guard(pn, skb,
			pe_table_find4(rcu_dereference(pn->table[PE_IPV4]),
				       ip_hdr(skb)->daddr), NFPROTO_IPV4);
}

static unsigned int pe_guard_ipv6(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	struct pe_net *pn = priv;

	return pe_guard(pn, skb,
			pe_table_find6(rcu_dereference(pn->table[PE_IPV6]),
				       &ipv6_hdr(skb)->daddr), NFPROTO_IPV6);
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
};
