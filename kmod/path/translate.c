// SPDX-License-Identifier: GPL-2.0-only
/* The short way to a server that is addressed by its own address. */

#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>

#include "../netns.h"
#include "path.h"

/* The transport header of a plain packet, as far as it is read or written. */
struct pe_transport {
	__be16			*port;
	__sum16			*sum;
	bool			udp;
};

static __always_inline bool pe_transport(const struct sk_buff *skb, u8 family,
					 struct pe_transport *t)
{
	unsigned int l4;
	u8 proto;

	l4 = pe_plain_l4(skb, family, &proto);
	if (proto == IPPROTO_TCP) {
		struct tcphdr *th = (void *)skb->data + l4;

		*t = (struct pe_transport) { &th->dest, &th->check, false };
		l4 += sizeof(*th);
	} else {
		struct udphdr *uh = (void *)skb->data + l4;

		*t = (struct pe_transport) { &uh->dest, &uh->check, true };
		l4 += sizeof(*uh);
	}
	return skb_headlen(skb) >= l4;
}

/* What another destination address adds to a sum. */
static __always_inline __wsum pe_translate_addr(struct sk_buff *skb, u8 family,
						const union nf_inet_addr *to)
{
	__wsum diff;

	if (family == NFPROTO_IPV4) {
		struct iphdr *iph = pe_iph(skb);

		diff = csum_sub((__force __wsum)to->ip,
				(__force __wsum)iph->daddr);
		csum_replace_by_diff(&iph->check, diff);
		iph->daddr = to->ip;
	} else {
		struct ipv6hdr *ip6h = pe_ip6h(skb);

		diff = csum_sub(csum_partial(to, sizeof(to->in6), 0),
				csum_partial(&ip6h->daddr, sizeof(to->in6), 0));
		ip6h->daddr = to->in6;
	}
	return diff;
}

static __always_inline void pe_translate_write(struct sk_buff *skb, u8 family,
					       const struct pe_service *svc,
					       const struct pe_device *dev)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);
	struct pe_transport t;
	__wsum diff;

	pe_transport(skb, family, &t);
	diff = pe_translate_addr(skb, family, &dev->address);
	if (server->port && *t.port == htons(svc->server_port)) {
		__be16 port = htons(server->port);

		diff = csum_add(diff, csum_sub((__force __wsum)port,
					       (__force __wsum)*t.port));
		*t.port = port;
	}
	/* UDP without a checksum stays so; one that is 0 is written as -0. */
	if (unlikely(t.udp && !*t.sum))
		return;
	csum_replace_by_diff(t.sum, diff);
	if (unlikely(t.udp && !*t.sum))
		*t.sum = CSUM_MANGLED_0;
}

static noinline void pe_translate_noted(const struct sk_buff *skb, u8 family,
					const struct pe_stage *stage)
{
	struct pe_passing p;

	pe_passing_plain(skb, family, &p);
	pe_note_handed(stage, stage->device, &p);
}

static __always_inline unsigned int
pe_translate(struct pe_net *pn, struct sk_buff *skb, u8 family,
	     const struct pe_service *svc, const struct pe_stage *stage)
{
	struct dst_entry *dst = pe_route_direct(pn->net, stage->device->route,
						family);
	struct pe_transport t;
	struct net_device *dev;
	struct pe_sum size;

	if (unlikely(!dst || pe_ttl(skb, family) <= 1 ||
		     pe_is_odd(skb, family) ||
		     skb->ip_summed == CHECKSUM_PARTIAL ||
		     !pe_mtu_fits_route(skb, family, dst) ||
		     !pe_transport(skb, family, &t)))
		return pe_act_plain(pn, skb, family, svc, stage);

	dev = READ_ONCE(dst->dev);
	if (unlikely(pe_xmit_writable(skb, dev)))
		return pe_drop(pn, skb, PE_DROP_NO_MEMORY);
	if (unlikely(stage->extra & PE_EXTRA_NOTED))
		pe_translate_noted(skb, family, stage);
	pe_translate_write(skb, family, svc, stage->device);
	size = pe_size(skb);
	pe_count(svc->counts, stage->index, size);
	pe_device_count(stage->device->stats, stage->direction, size);
	pe_xmit_hop(skb, family);
	pe_xmit_part(skb);
	if (likely(!pe_xmit_route(skb, family, dst, dev)))
		return NF_STOLEN;
	return pe_drop(pn, skb, PE_DROP_NO_NEIGHBOUR);
}

/**
 * pe_translate_ipv4() - translate a plain packet and hand it to the next hop
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @svc: its service
 * @stage: where it is, with nothing but PE_EXTRA_TRANSLATE to be done
 *
 * Whatever is not that simple is left to pe_act(), before anything is changed.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
unsigned int pe_translate_ipv4(struct pe_net *pn, struct sk_buff *skb,
			       const struct pe_service *svc,
			       const struct pe_stage *stage)
{
	return pe_translate(pn, skb, NFPROTO_IPV4, svc, stage);
}

/**
 * pe_translate_ipv6() - the same for IPv6
 * @pn: namespace
 * @skb: packet for which pe_packet_plain() was true
 * @svc: its service
 * @stage: where it is, with nothing but PE_EXTRA_TRANSLATE to be done
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: verdict.
 */
unsigned int pe_translate_ipv6(struct pe_net *pn, struct sk_buff *skb,
			       const struct pe_service *svc,
			       const struct pe_stage *stage)
{
	return pe_translate(pn, skb, NFPROTO_IPV6, svc, stage);
}
