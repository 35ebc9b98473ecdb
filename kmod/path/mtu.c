// SPDX-License-Identifier: GPL-2.0-only
/* Packets that are too big: answered, or fragmented where that is allowed. */

#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ipv6_stubs.h>
#include <net/route.h>

#include "../netns.h"
#include "path.h"

/* What becomes of the fragments that this CPU is making. */
struct pe_fragmenting {
	const struct pe_hit	*hit;
	const struct pe_port	*port;	/* NULL: the next hop of an exit */
	const struct pe_next	*next;
	struct net_device	*dev;
	u8			family;
	bool			df;
	enum pe_drop		reason;	/* why one could not be sent */
};

static DEFINE_PER_CPU(struct pe_fragmenting, pe_fragmenting);

static bool pe_mtu_may_fragment(const struct pe_packet *pkt)
{
	return pkt->family == NFPROTO_IPV4 && !skb_is_gso(pkt->skb) &&
	       !(ip_hdr(pkt->skb)->frag_off & htons(IP_DF));
}

/* Fragments that fit once fit again, whatever is allowed. */
static bool pe_mtu_may_cut(const struct pe_packet *pkt, unsigned int mtu)
{
	return (pkt->mtu && pkt->mtu <= mtu) || pe_mtu_may_fragment(pkt);
}

/**
 * pe_mtu_big() - what becomes of a packet that does not fit an interface
 * @pkt: packet, unchanged but for @pkt->mtu
 * @hit: where it is
 * @mtu: of the interface
 *
 * Return: PE_DROP_NONE when it is to be fragmented; PE_DROP_MTU after telling
 * the sender.
 */
enum pe_drop pe_mtu_big(struct pe_packet *pkt, const struct pe_hit *hit,
			unsigned int mtu)
{
	if (pe_mtu_may_cut(pkt, mtu)) {
		pkt->mtu = min_not_zero(pkt->mtu, mtu);
		return PE_DROP_NONE;
	}
	pe_icmp_too_big(pkt, hit, mtu);
	return PE_DROP_MTU;
}

static unsigned int pe_mtu_of_route(const struct pe_packet *pkt,
				    const union nf_inet_addr *to)
{
	struct dst_entry *dst;
	unsigned int mtu;

	dst = pe_route_look_up(pkt->pn->net, to, pkt->family);
	if (!dst)
		return UINT_MAX;
	mtu = pe_route_mtu(dst, pkt->family);
	dst_release(dst);
	return mtu;
}

/**
 * pe_mtu_route() - does a packet fit the kernel's route?
 * @pkt: packet, unchanged
 * @hit: where it is
 * @to: address it is going to be routed to
 *
 * The kernel would tell the sender, but it would quote an address that the
 * sender knows nothing of, or write to one that nothing routes to.
 *
 * Return: PE_DROP_NONE, or PE_DROP_MTU after telling the sender.
 */
enum pe_drop pe_mtu_route(const struct pe_packet *pkt,
			  const struct pe_hit *hit,
			  const union nf_inet_addr *to)
{
	unsigned int mtu;

	if (likely(pkt->skb->len <= PE_MTU_SMALL(pkt->family)))
		return PE_DROP_NONE;
	/* Who allows fragments gets them, from the kernel. */
	if (pe_mtu_may_fragment(pkt))
		return PE_DROP_NONE;
	mtu = pe_mtu_of_route(pkt, to);
	if (!pe_mtu_exceeded(pkt->skb, mtu) || pe_mtu_may_cut(pkt, mtu))
		return PE_DROP_NONE;
	pe_icmp_too_big(pkt, hit, mtu);
	return PE_DROP_MTU;
}

static unsigned int pe_mtu_of_dst(const struct dst_entry *dst)
{
	return READ_ONCE(dst->dev->mtu);
}

static struct dst_ops pe_mtu_dst_ops = {
	.family	= AF_UNSPEC,
	.mtu	= pe_mtu_of_dst,
};

static int pe_mtu_fragment_out(struct net *net, struct sock *sk,
			       struct sk_buff *skb)
{
	struct pe_fragmenting *to = this_cpu_ptr(&pe_fragmenting);
	enum pe_drop reason;

	pe_xmit_part(skb);
	reason = pe_xmit_writable(skb, to->dev);
	if (reason)
		goto free;
	/* Buffers that came as fragments leave without it otherwise. */
	if (to->df) {
		ip_hdr(skb)->frag_off |= htons(IP_DF);
		ip_send_check(ip_hdr(skb));
	}
	if (to->hit) {
		reason = pe_track_mark(skb, to->family, to->hit->svc->seq,
				       to->hit->stage->to_step,
				       to->hit->stage->direction, to->dev);
		if (reason)
			goto free;
	}
	if (to->port)
		pe_report_port(skb, to->port, to->dev);
	else
		pe_report_next(skb, to->next);
	reason = to->port ? pe_xmit(skb, to->family, to->port, to->dev) :
			    pe_xmit_next(skb, to->family, to->next);
	if (!reason)
		return 0;
free:
	to->reason = reason;
	kfree_skb(skb);
	return -ENOMEM;
}

static int pe_mtu_fragment_ipv4(struct net *net, struct sk_buff *skb,
				unsigned int mtu, struct net_device *dev)
{
	struct rtable rt = {};
	bool df = this_cpu_ptr(&pe_fragmenting)->df;

	pe_dst_init(&rt.dst, &pe_mtu_dst_ops);
	rt.dst.dev = dev;
	skb_dst_set_noref(skb, &rt.dst);
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
	IPCB(skb)->frag_max_size = mtu;
	IPCB(skb)->flags = df ? IPSKB_FRAG_PMTU : 0;
	/* Those that only the first fragment has are blanked in the others. */
	IPCB(skb)->opt.optlen = ip_hdrlen(skb) - sizeof(struct iphdr);
	return ip_do_fragment(net, NULL, skb, pe_mtu_fragment_out);
}

static int pe_mtu_fragment_ipv6(struct net *net, struct sk_buff *skb,
				unsigned int mtu, struct net_device *dev)
{
	struct rt6_info rt = {};

	pe_dst_init(&rt.dst, &pe_mtu_dst_ops);
	rt.dst.dev = dev;
	skb_dst_set_noref(skb, &rt.dst);
	IP6CB(skb)->frag_max_size = mtu;
	skb->ignore_df = 1;
	return ipv6_stub->ipv6_fragment(net, NULL, skb, pe_mtu_fragment_out);
}

/* The buffer is gone; a copy counts as one, whatever was missing. */
static void pe_mtu_cut_failed(const struct pe_packet *pkt,
			      const struct pe_fragmenting *to, int err)
{
	enum pe_drop reason = to->reason;

	if (to->port && !to->hit)
		reason = PE_DROP_TAP_COPY;
	else if (!reason)
		reason = err == -EMSGSIZE ? PE_DROP_MTU : PE_DROP_NO_MEMORY;
	pe_drop_count(pkt->pn->drops, reason, 1);
}

/* The kernel's functions want a route, of which they read interface and MTU.
 * They get one that ends with the call: fragments don't keep it.
 */
static void pe_mtu_cut(const struct pe_packet *pkt, struct sk_buff *skb,
		       const struct pe_fragmenting *how)
{
	struct pe_fragmenting *to = this_cpu_ptr(&pe_fragmenting);
	unsigned int fits = how->hit ? pe_track_mtu(how->hit, how->dev) :
				       READ_ONCE(how->dev->mtu);
	unsigned int mtu = min(pkt->mtu, fits);
	struct pe_fragmenting outer = *to;
	int err;

	*to = *how;
	to->family = pkt->family;
	if (pkt->family == NFPROTO_IPV4) {
		to->df = ip_hdr(skb)->frag_off & htons(IP_DF);
		err = pe_mtu_fragment_ipv4(pkt->pn->net, skb, mtu, how->dev);
	} else {
		err = pe_mtu_fragment_ipv6(pkt->pn->net, skb, mtu, how->dev);
	}
	if (unlikely(err))
		pe_mtu_cut_failed(pkt, to, err);
	/* Some interfaces take a packet straight back to the engine. */
	*to = outer;
}

/**
 * pe_mtu_fragment() - hand a packet to a port in fragments
 * @pkt: packet with @pkt->mtu; one of IPv6 came in fragments
 * @skb: its buffer or a copy, ready to be sent and not bound to anything;
 *	consumed
 * @hit: stage whose device it goes to, NULL for a copy
 * @port: the port
 * @dev: its interface
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_mtu_fragment(const struct pe_packet *pkt, struct sk_buff *skb,
		     const struct pe_hit *hit, const struct pe_port *port,
		     struct net_device *dev)
{
	const struct pe_fragmenting how = {
		.hit = hit,
		.port = port,
		.dev = dev,
	};

	pe_mtu_cut(pkt, skb, &how);
}

/**
 * pe_mtu_fragment_next() - hand a packet to the next hop of an exit in fragments
 * @pkt: packet with @pkt->mtu, ready to be sent and not bound to anything; one
 *	of IPv6 came in fragments; its buffer is consumed
 * @next: the next hop
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_mtu_fragment_next(const struct pe_packet *pkt,
			  const struct pe_next *next)
{
	const struct pe_fragmenting how = { .next = next, .dev = next->dev };

	pe_mtu_cut(pkt, pkt->skb, &how);
}
