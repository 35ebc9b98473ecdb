// SPDX-License-Identifier: GPL-2.0-only
/* Fragments of what only ports can tell: kept until the datagram is whole. */

#include <linux/jhash.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <net/netns/hash.h>

#include "../netns.h"
#include "path.h"

/* Of the users of the kernel's reassembly we are those with this bit: those of
 * connection tracking count up from 0, by zones.
 */
#define PE_DEFRAG_USER	BIT(31)

/* Where the fragment comes from is part of what it is put together by: a
 * datagram comes by one way to each of its stages, and a late copy of one that
 * is a stage further already must not meet it.
 */
static u32 pe_defrag_user(const struct pe_packet *pkt)
{
	const struct pe_key *key = &pkt->key;
	u64 mac = pe_mac(key->mac);

	return PE_DEFRAG_USER |
	       jhash_3words(mac, mac >> 32 | (u32)key->dscp << 16,
			    key->dev->ifindex,
			    net_hash_mix(pkt->pn->net) ^ key->code);
}

static bool pe_defrag_clients(const struct pe_packet *pkt,
			      const struct pe_prefixes *clients, u8 proto)
{
	const struct sk_buff *skb = pkt->skb;

	if (pkt->family == NFPROTO_IPV4)
		return pe_match_clients_need_whole(clients, &ip_hdr(skb)->saddr,
						   &ip_hdr(skb)->daddr, true,
						   proto);
	return pe_match_clients_need_whole(clients, &ipv6_hdr(skb)->saddr,
					   &ipv6_hdr(skb)->daddr, false, proto);
}

/**
 * pe_defrag_wanted() - can the fragment be steered only as part of the whole?
 * @pkt: parsed packet
 * @dst: what lives at its destination, or NULL
 * @src: what lives at its source, or NULL
 *
 * Return: false also for what is no fragment, and where no port is needed: such
 * fragments go one by one.
 */
bool pe_defrag_wanted(const struct pe_packet *pkt, const struct pe_addr *dst,
		      const struct pe_addr *src)
{
	enum pe_family family = pe_family_of(pkt->family);
	const struct pe_prefixes *clients =
		rcu_dereference(pkt->pn->clients[family]);
	int proto;

	if (!dst && !src && !clients)
		return false;
	proto = pe_packet_piece(pkt);
	return proto >= 0 && ((dst && pe_match_needs_whole(dst, proto)) ||
			      (src && pe_match_needs_whole(src, proto)) ||
			      pe_defrag_clients(pkt, clients, proto));
}

/* Cut again, the fragments get other headers in place: what somebody listening
 * still has of them is to stay as it came.
 */
static bool pe_defrag_unclone(struct sk_buff *skb)
{
	struct sk_buff *frag;

	skb_walk_frags(skb, frag)
		if (skb_unclone(frag, GFP_ATOMIC))
			return false;
	return true;
}

/* ip_defrag() frees what it refuses, with a reason of the kernel's own. */
static unsigned int pe_defrag_ipv4(struct pe_packet *pkt, u32 user)
{
	struct sk_buff *skb = pkt->skb;
	int err;

	err = ip_defrag(pkt->pn->net, skb, user);
	if (err) {
		if (err != -EINPROGRESS)
			pe_drop_count(pkt->pn->drops, PE_DROP_FRAGMENT,
				      1);
		return NF_STOLEN;
	}
	/* DF, where it is set, was that of fragments. */
	skb->ignore_df = 1;
	pkt->mtu = IPCB(skb)->frag_max_size;
	return NF_ACCEPT;
}

/* What nf_ct_frag6_gather() can't make anything of it leaves as it is. */
static unsigned int pe_defrag_ipv6(struct pe_packet *pkt, u32 user)
{
	struct sk_buff *skb = pkt->skb;
	int err;

	err = nf_ct_frag6_gather(pkt->pn->net, skb, user);
	if (err == -EINPROGRESS)
		return NF_STOLEN;
	if (err || !(IP6CB(skb)->flags & IP6SKB_FRAGMENTED))
		return pe_drop(pkt->pn, skb, PE_DROP_FRAGMENT);
	pkt->mtu = IP6CB(skb)->frag_max_size;
	return NF_ACCEPT;
}

/**
 * pe_defrag() - keep a fragment until the datagram is whole
 * @pkt: parsed fragment; out: the datagram, where it is whole, with @pkt->mtu,
 *	not parsed; pointers into it are stale
 *
 * The kernel keeps it, within its limits for fragments and until its time is
 * up. The datagram has the link-layer header of its first fragment.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: NF_ACCEPT when the datagram is whole, otherwise what became of the
 * fragment.
 */
unsigned int pe_defrag(struct pe_packet *pkt)
{
	u32 user = pe_defrag_user(pkt);
	unsigned int verdict;

	verdict = pkt->family == NFPROTO_IPV4 ? pe_defrag_ipv4(pkt, user) :
						pe_defrag_ipv6(pkt, user);
	if (verdict == NF_ACCEPT && !pe_defrag_unclone(pkt->skb))
		return pe_drop(pkt->pn, pkt->skb, PE_DROP_NO_MEMORY);
	return verdict;
}
