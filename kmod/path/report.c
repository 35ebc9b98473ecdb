// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of packets, for who watches: out of the way of all others. */

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <linux/percpu.h>

#include "../netns.h"
#include "path.h"

/* What this CPU is acting on; only with bottom halves off. */
static DEFINE_PER_CPU(struct pe_report *, pe_report);

static bool pe_report_is_ip(const struct sk_buff *skb)
{
	return skb->protocol == htons(ETH_P_IP) ||
	       skb->protocol == htons(ETH_P_IPV6);
}

/* Is it an IP packet with its header at hand? */
static bool pe_report_is_whole(const struct sk_buff *skb, u8 family)
{
	return pe_report_is_ip(skb) &&
	       skb_headlen(skb) >= (family == NFPROTO_IPV4 ?
					    sizeof(struct iphdr) :
					    sizeof(struct ipv6hdr));
}

/* @came: what is known of a packet that is not to be understood by itself any
 * more: a later fragment, or one in an encapsulation.
 */
static void pe_report_ends(const struct sk_buff *skb, u8 family,
			   const struct pe_ends *came, struct pe_ends *ends)
{
	__be16 _ports[2];
	const __be16 *ports;
	bool fragment = false;
	unsigned int l4;

	*ends = *came;
	ends->family = family;
	if (!pe_report_is_whole(skb, family))
		return;
	if (family == NFPROTO_IPV4) {
		ends->saddr.ip = pe_iph(skb)->saddr;
		ends->daddr.ip = pe_iph(skb)->daddr;
	} else {
		ends->saddr.in6 = pe_ip6h(skb)->saddr;
		ends->daddr.in6 = pe_ip6h(skb)->daddr;
	}
	l4 = pe_packet_l4(skb, family, 0, &ends->proto, &fragment);
	if (!l4 || fragment || !pe_proto_has_ports(ends->proto))
		return;
	ports = skb_header_pointer(skb, l4, sizeof(_ports), _ports);
	if (!ports)
		return;
	ends->ports = true;
	ends->sport = ntohs(ports[0]);
	ends->dport = ntohs(ports[1]);
}

static int pe_report_quoted(const struct pe_packet *pkt, bool source,
			    union nf_inet_addr *addr)
{
	unsigned int off = pkt->inner;

	if (pkt->family == NFPROTO_IPV4) {
		off += source ? offsetof(struct iphdr, saddr) :
				offsetof(struct iphdr, daddr);
		return skb_copy_bits(pkt->skb, off, addr, sizeof(addr->ip));
	}
	off += source ? offsetof(struct ipv6hdr, saddr) :
			offsetof(struct ipv6hdr, daddr);
	return skb_copy_bits(pkt->skb, off, addr, sizeof(addr->in6));
}

/* An error is of the flow that an answer to what it quotes would be of. */
static void pe_report_flow(struct pe_report *report)
{
	const struct pe_packet *pkt = report->pkt;
	struct pe_ends *flow = &report->flow;

	*flow = report->came;
	if (!pkt->error || pe_report_quoted(pkt, false, &flow->saddr) ||
	    pe_report_quoted(pkt, true, &flow->daddr))
		return;
	flow->proto = pkt->key.proto;
	flow->ports = pkt->key.ports;
	flow->sport = pkt->key.sport;
	flow->dport = pkt->key.dport;
}

/* A tag that the interface has taken off the packet. */
static u8 pe_report_tag(const struct sk_buff *skb, u8 *link)
{
	struct vlan_ethhdr *tag = (void *)link;

	tag->h_vlan_encapsulated_proto = ((struct ethhdr *)link)->h_proto;
	tag->h_vlan_proto = skb->vlan_proto;
	tag->h_vlan_TCI = htons(skb_vlan_tag_get(skb));
	return VLAN_ETH_HLEN;
}

/* What is in front of the network header as it came, tags and labels and all;
 * those that the hook at the interface took off stand there still.
 */
static u8 pe_report_link_in(const struct sk_buff *skb, u8 *link)
{
	struct vlan_ethhdr *tag = (void *)link;
	unsigned int len;

	if (!skb_mac_header_was_set(skb) || skb_mac_header(skb) > skb->data)
		return 0;
	len = skb->data - skb_mac_header(skb);
	if (len < ETH_HLEN || len > PE_SIGHT_ROOM)
		return 0;
	memcpy(link, skb_mac_header(skb), len);
	if (len == VLAN_ETH_HLEN &&
	    tag->h_vlan_encapsulated_proto == PE_INGRESS_TAG)
		tag->h_vlan_encapsulated_proto = skb->protocol;
	if (len == ETH_HLEN && skb_vlan_tag_present(skb))
		return pe_report_tag(skb, link);
	return len;
}

/* The header that it gets on its way out. */
static void pe_report_link_out(struct pe_sight *sight)
{
	struct ethhdr *eth = (void *)sight->link;

	ether_addr_copy(eth->h_dest, sight->lladdr);
	ether_addr_copy(eth->h_source, sight->oif->dev_addr);
	eth->h_proto = sight->skb->protocol;
	sight->link_len = sizeof(*eth);
	if (skb_vlan_tag_present(sight->skb))
		sight->link_len = pe_report_tag(sight->skb, sight->link);
}

static void pe_report_sight(const struct pe_report *report,
			    const struct sk_buff *skb, u8 action,
			    struct pe_sight *sight)
{
	*sight = (struct pe_sight) {
		.pn = report->pkt->pn,
		.skb = skb,
		.hit = report->hit,
		.came = &report->came,
		.now = &report->came,
		.flow = &report->flow,
		.iif = report->iif,
		.source = report->source,
		.action = action,
		.step = PE_NO_STEP,
	};
}

/* Of what leaves: the ends may be others than when it came. */
static bool pe_report_leave(const struct sk_buff *skb, u8 action,
			    struct pe_sight *sight, struct pe_ends *now)
{
	const struct pe_report *report = this_cpu_read(pe_report);

	if (!report)
		return false;
	pe_report_sight(report, skb, action, sight);
	pe_report_ends(skb, report->pkt->family, &report->came, now);
	sight->now = now;
	return true;
}

static void pe_report_init(struct pe_report *report,
			   const struct pe_packet *pkt,
			   const struct pe_hit *hit)
{
	report->pkt = pkt;
	report->hit = hit;
	report->iif = pkt->skb->dev;
	ether_addr_copy(report->source, pkt->key.mac ?: pe_mac_none);
	memset(&report->came, 0, sizeof(report->came));
	pe_report_ends(pkt->skb, pkt->family, &report->came, &report->came);
	pe_report_flow(report);
}

/**
 * pe_report_begin() - a packet of a service is going to be acted on
 * @report: out: what is kept of it
 * @pkt: the packet, parsed
 * @hit: where it is
 *
 * Context: bottom halves off, RCU read lock held, until pe_report_end().
 */
void pe_report_begin(struct pe_report *report, const struct pe_packet *pkt,
		     const struct pe_hit *hit)
{
	struct pe_sight sight;

	pe_report_init(report, pkt, hit);
	report->outer = this_cpu_read(pe_report);
	this_cpu_write(pe_report, report);
	if (hit->match < PE_MATCH_OPEN)
		return;
	pe_report_sight(report, pkt->skb, PE_ACTION_ARRIVE, &sight);
	sight.link_len = pe_report_link_in(pkt->skb, sight.link);
	pe_watchers_tell(&sight);
}

/**
 * pe_report_end() - that was it
 * @report: what pe_report_begin() made
 */
void pe_report_end(struct pe_report *report)
{
	this_cpu_write(pe_report, report->outer);
}

static bool pe_step_has(const struct pe_step *step, const struct pe_device *dev)
{
	u8 i;

	for (i = 0; i < pe_step_devices(step); i++)
		if (pe_step_device(step, i) == dev)
			return true;
	return false;
}

/* The step of a port that a stage hands packets or copies to. */
static u8 pe_report_step(const struct pe_hit *hit, const struct pe_port *port)
{
	const struct pe_stage *stage = hit->stage;
	u8 i;

	if (port == stage->to)
		return stage->to_step;
	for (i = stage->tap_first; i < stage->tap_first + stage->taps; i++)
		if (pe_step_has(&hit->svc->seq->step[i], port->device))
			return i;
	return PE_NO_STEP;
}

void __pe_report_port(const struct sk_buff *skb, const struct pe_port *port,
		      const struct net_device *dev)
{
	struct pe_sight sight;
	struct pe_ends now;

	if (!pe_report_leave(skb, PE_ACTION_STEER, &sight, &now))
		return;
	if (port->device->kind == PE_DEVICE_KIND_TAP)
		sight.action = PE_ACTION_COPY;
	sight.device = port->device;
	sight.step = pe_report_step(sight.hit, port);
	sight.oif = dev;
	pe_mac_put(sight.lladdr, READ_ONCE(port->mac));
	/* A tunnel's interface has no header; without one only IP is known. */
	if (dev->type == ARPHRD_ETHER || !pe_report_is_ip(skb))
		pe_report_link_out(&sight);
	pe_watchers_tell(&sight);
}

void __pe_report_route(const struct sk_buff *skb, const struct dst_entry *dst,
		       struct net_device *dev)
{
	struct pe_sight sight;
	struct pe_ends now;

	if (!pe_report_leave(skb, PE_ACTION_TRANSLATE, &sight, &now))
		return;
	sight.device = sight.hit->stage->device;
	sight.step = sight.hit->stage->to_step;
	sight.oif = dev;
	if (dev->type == ARPHRD_ETHER) {
		pe_xmit_route_lladdr(skb, now.family, dst, dev, sight.lladdr);
		pe_report_link_out(&sight);
	}
	pe_watchers_tell(&sight);
}

void __pe_report_next(const struct sk_buff *skb, const struct pe_next *next)
{
	struct pe_sight sight;
	struct pe_ends now;

	if (!pe_report_leave(skb, PE_ACTION_EXIT, &sight, &now))
		return;
	sight.oif = next->dev;
	if (next->dev->type == ARPHRD_ETHER) {
		pe_xmit_next_lladdr(next, sight.lladdr);
		pe_report_link_out(&sight);
	}
	pe_watchers_tell(&sight);
}

void __pe_report_kernel(const struct sk_buff *skb)
{
	struct pe_sight sight;
	struct pe_ends now;

	if (!pe_report_leave(skb, PE_ACTION_DELIVER, &sight, &now))
		return;
	sight.action = sight.hit->stage->action;
	sight.device = sight.hit->stage->device;
	sight.step = sight.hit->stage->to_step;
	pe_watchers_tell(&sight);
}

/* A packet that nobody acts on, as far as it can be understood. */
static void pe_report_stray(struct pe_net *pn, struct sk_buff *skb, u8 family,
			    u8 action, u8 reason)
{
	struct pe_packet pkt = { .pn = pn, .skb = skb, .family = family };
	struct pe_report report;
	struct pe_sight sight;
	u8 link[PE_SIGHT_ROOM] __aligned(2);

	if (skb->dev->type == ARPHRD_ETHER && pe_report_link_in(skb, link))
		pkt.key.mac = link + ETH_ALEN;
	if (pe_report_is_whole(skb, family))
		pe_packet_parse(&pkt);
	pe_report_init(&report, &pkt, NULL);
	pe_report_sight(&report, skb, action, &sight);
	sight.reason = reason;
	pe_watchers_tell(&sight);
}

void __pe_report_drop(struct pe_net *pn, struct sk_buff *skb,
		      enum pe_drop reason)
{
	const struct pe_report *report = this_cpu_read(pe_report);
	struct pe_sight sight;

	if (!report || report->pkt->skb != skb) {
		pe_report_stray(pn, skb, skb->protocol == htons(ETH_P_IP) ?
						 NFPROTO_IPV4 : NFPROTO_IPV6,
				PE_ACTION_DROP, reason);
		return;
	}
	pe_report_sight(report, skb, PE_ACTION_DROP, &sight);
	sight.reason = reason;
	if (report->hit->match >= PE_MATCH_OPEN) {
		sight.device = report->hit->stage->device;
		sight.step = report->hit->stage->to_step;
	}
	pe_watchers_tell(&sight);
}

void __pe_report_drop_copy(const struct sk_buff *skb, u8 step,
			   const struct pe_device *tap)
{
	struct pe_sight sight;
	struct pe_ends now;

	if (!pe_report_leave(skb, PE_ACTION_DROP, &sight, &now))
		return;
	sight.reason = PE_DROP_TAP_COPY;
	sight.device = tap;
	sight.step = step;
	pe_watchers_tell(&sight);
}

/**
 * pe_report_pass() - a packet went past all services
 * @pn: namespace
 * @skb: the packet
 * @family: NFPROTO_*
 *
 * Context: RCU read lock held.
 */
void pe_report_pass(struct pe_net *pn, struct sk_buff *skb, u8 family)
{
	/* What is forwarded may come from userspace. */
	local_bh_disable();
	pe_report_stray(pn, skb, family, PE_ACTION_ACCEPT, PE_DROP_NONE);
	local_bh_enable();
}
