// SPDX-License-Identifier: GPL-2.0-only
/* Servers addressed by their own address: will the way there take a packet? */

#include <net/ip.h>
#include <net/ip6_route.h>
#include <net/route.h>

#include "../netns.h"
#include "path.h"

/* No link of IPv6 takes less; what fits it needs no look at the route. */
#define PE_NAT_SMALL	IPV6_MIN_MTU

static unsigned int pe_nat_mtu(const struct pe_packet *pkt,
			       const union nf_inet_addr *to)
{
	struct net *net = pkt->pn->net;
	unsigned int mtu = UINT_MAX;

	if (pkt->family == NFPROTO_IPV4) {
		struct flowi4 fl4 = { .daddr = to->ip };
		struct rtable *rt = ip_route_output_key(net, &fl4);

		if (IS_ERR(rt))
			return mtu;
		mtu = dst_mtu(&rt->dst);
		ip_rt_put(rt);
	} else {
		struct flowi6 fl6 = { .daddr = to->in6 };
		struct dst_entry *dst = ip6_route_output(net, NULL, &fl6);

		if (!dst->error)
			mtu = dst_mtu(dst);
		dst_release(dst);
	}
	return mtu;
}

/**
 * pe_nat_fits() - does a packet fit the route to a server?
 * @pkt: packet, unchanged
 * @to: the server's own address
 *
 * The kernel would tell the sender, but quote the translated packet, which
 * the sender knows nothing of.
 *
 * Return: PE_DROP_NONE, or PE_DROP_MTU after telling the sender.
 */
enum pe_drop pe_nat_fits(const struct pe_packet *pkt,
			 const union nf_inet_addr *to)
{
	const struct sk_buff *skb = pkt->skb;
	unsigned int mtu;

	if (likely(skb->len <= PE_NAT_SMALL))
		return PE_DROP_NONE;
	/* Who allows fragments gets them, from the kernel. */
	if (pkt->family == NFPROTO_IPV4 &&
	    !(ip_hdr(skb)->frag_off & htons(IP_DF)))
		return PE_DROP_NONE;
	mtu = pe_nat_mtu(pkt, to);
	if (skb->len <= mtu ||
	    (skb_is_gso(skb) && skb_gso_validate_network_len(skb, mtu)))
		return PE_DROP_NONE;
	pe_icmp_too_big(pkt, mtu);
	return PE_DROP_MTU;
}
