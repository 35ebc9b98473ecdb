// SPDX-License-Identifier: GPL-2.0-only
/* The codes that packets bear: read, put on and taken off. */

#include <linux/if_arp.h>
#include <linux/if_vlan.h>
#include <net/mpls.h>
#include <net/dsfield.h>
#include <net/dst_metadata.h>
#include <net/nsh.h>

#include "../netns.h"
#include "nsh.h"
#include "path.h"

#define PE_DSCP_SHIFT	2

static u8 pe_dscp(const struct sk_buff *skb, u8 family)
{
	u8 field = family == NFPROTO_IPV4 ? ipv4_get_dsfield(pe_iph(skb)) :
					    ipv6_get_dsfield(pe_ip6h(skb));

	return field >> PE_DSCP_SHIFT;
}

/* ECN stays as it is. The headers are writable. */
static void pe_dscp_set(struct sk_buff *skb, u8 family, u8 dscp)
{
	if (family == NFPROTO_IPV4)
		ipv4_change_dsfield(pe_iph(skb), INET_ECN_MASK,
				    dscp << PE_DSCP_SHIFT);
	else
		ipv6_change_dsfield(pe_ip6h(skb), INET_ECN_MASK,
				    dscp << PE_DSCP_SHIFT);
}

/* What the hook at the interface left in front of the network header. */
static void pe_track_key_encapsulated(const struct sk_buff *skb,
				      struct pe_key *key)
{
	const struct vlan_ethhdr *tag = (void *)skb_mac_header(skb);
	const struct mpls_shim_hdr *label = (void *)skb->data - MPLS_HLEN;
	const struct nshhdr *nh = pe_nsh_came(skb);

	if (nh) {
		key->track = PE_TRACK_NSH;
		key->code = ntohl(nh->path_hdr);
		if (skb->dev->type == ARPHRD_NONE) {
			key->tunnel = skb_tunnel_info(skb);
			return;
		}
	} else if (skb->mac_len == VLAN_ETH_HLEN && tag->h_vlan_proto == htons(ETH_P_8021Q) &&
	    tag->h_vlan_encapsulated_proto == PE_INGRESS_TAG) {
		key->track = PE_TRACK_VLAN;
		key->code = ntohs(tag->h_vlan_TCI) & VLAN_VID_MASK;
	} else if (skb->mac_len == ETH_HLEN + MPLS_HLEN &&
		   tag->h_vlan_proto == htons(ETH_P_MPLS_UC)) {
		key->track = PE_TRACK_MPLS;
		key->code = pe_mpls_label(label);
	} else {
		return;
	}
	key->mac = tag->h_source;
}

/**
 * pe_track_key() - where a packet comes from, and what it bears
 * @skb: buffer, data at the network header
 * @family: NFPROTO_*
 * @key: out: link-layer address and codes; zeroed before
 */
void pe_track_key(const struct sk_buff *skb, u8 family, struct pe_key *key)
{
	key->dscp = pe_dscp(skb, family);
	key->mac = pe_mac_none;
	if (likely(skb->mac_len == ETH_HLEN))
		key->mac = skb->data - ETH_HLEN +
			   offsetof(struct ethhdr, h_source);
	else if (skb_mac_header_was_set(skb) &&
		 skb_mac_header(skb) + skb->mac_len == skb->data)
		pe_track_key_encapsulated(skb, key);
}

/* What is already a tunnel's for the segmentation cannot be MPLS's too. */
static enum pe_drop pe_track_push_mpls(struct sk_buff *skb, u8 family,
				       u32 label, const struct net_device *dev)
{
	u32 entry = label << MPLS_LS_LABEL_SHIFT | BIT(MPLS_LS_S_SHIFT) |
		    pe_ttl(skb, family) << MPLS_LS_TTL_SHIFT;

	if (skb_cow(skb, LL_RESERVED_SPACE(dev) + MPLS_HLEN))
		return PE_DROP_NO_MEMORY;
	/* The header of the link is yet to come: there is none to be moved. */
	skb->inner_protocol = 0;
	if (skb_mpls_push(skb, cpu_to_be32(entry), htons(ETH_P_MPLS_UC), 0,
			  false))
		return PE_DROP_ENCAPSULATE;
	return PE_DROP_NONE;
}

/**
 * pe_track_mark() - put on a packet what a device is to return it with
 * @skb: buffer that pe_xmit_writable() prepared, data at the network header;
 *	may move its data
 * @family: NFPROTO_*
 * @seq: sequence of the device
 * @step: step of the device, or PE_NO_STEP
 * @direction: enum pe_direction of the packet
 * @dev: interface that it leaves by, for whose header room stays
 *
 * A tag goes beside the packet, where segmentation finds it.
 *
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_track_mark(struct sk_buff *skb, u8 family,
			   const struct pe_sequence *seq, u8 step,
			   u8 direction, const struct net_device *dev)
{
	u32 code = pe_sequence_mark(seq, step, direction, false);

	if (!code)
		return PE_DROP_NONE;
	switch (seq->track.method) {
	case PE_TRACK_DSCP:
		pe_dscp_set(skb, family, code);
		return PE_DROP_NONE;
	case PE_TRACK_VLAN:
		__vlan_hwaccel_put_tag(skb, htons(ETH_P_8021Q), code);
		return PE_DROP_NONE;
	case PE_TRACK_MPLS:
		return pe_track_push_mpls(skb, family, code, dev);
	case PE_TRACK_NSH:
		return pe_nsh_push(skb, code, dev);
	default:
		return PE_DROP_ENCAPSULATE;
	}
}

/* A header of IPv4 adds nothing to the sum of a whole packet. */
static enum pe_drop pe_dscp_change(struct sk_buff *skb, u8 family, u8 dscp)
{
	bool ipv4 = family == NFPROTO_IPV4;

	if (pe_dscp(skb, family) == dscp)
		return PE_DROP_NONE;
	if (skb_ensure_writable(skb, ipv4 ? sizeof(struct iphdr) :
					    sizeof(struct ipv6hdr)))
		return PE_DROP_NO_MEMORY;
	if (!ipv4 && skb->ip_summed == CHECKSUM_COMPLETE)
		skb->ip_summed = CHECKSUM_NONE;
	pe_dscp_set(skb, family, dscp);
	return PE_DROP_NONE;
}

/**
 * pe_track_unmark() - take off a packet what only devices are to see
 * @pkt: packet; pointers into it are stale afterwards
 * @hit: where it is
 *
 * What it came encapsulated in is off already. The DSCP that it had before is
 * lost, so it gets the service's own, which taps see as well.
 *
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_track_unmark(const struct pe_packet *pkt,
			     const struct pe_hit *hit)
{
	const struct pe_service *svc = hit->svc;

	if (svc->seq->track.method != PE_TRACK_DSCP)
		return PE_DROP_NONE;
	return pe_dscp_change(pkt->skb, pkt->family,
			      svc->quality.dscp[hit->stage->direction]);
}

/**
 * pe_quality() - give a packet the marks that its service says
 * @pkt: packet; pointers into it are stale afterwards
 * @hit: where it is: at a stage with PE_EXTRA_QUALITY
 *
 * Of a service tracked by DSCP, pe_track_unmark() has done what there is to do
 * with that.
 *
 * Return: PE_DROP_NONE, or why not.
 */
enum pe_drop pe_quality(const struct pe_packet *pkt, const struct pe_hit *hit)
{
	const struct pe_quality *quality = &hit->svc->quality;
	u8 direction = hit->stage->direction;
	struct sk_buff *skb = pkt->skb;

	if (quality->has & PE_QUALITY_PRIORITY)
		skb->priority = quality->priority;
	if (quality->has & PE_QUALITY_MARK)
		skb->mark = quality->mark;
	if (!quality->sets[direction] ||
	    hit->svc->seq->track.method == PE_TRACK_DSCP)
		return PE_DROP_NONE;
	return pe_dscp_change(skb, pkt->family, quality->dscp[direction]);
}

/**
 * pe_track_overhead() - what is put around packets to a device
 * @seq: sequence of the device
 * @step: step of the device, or PE_NO_STEP
 * @dev: interface that they leave by
 *
 * Return: bytes that count as the interface's MTU does. A tag does not, as for
 * every interface of Linux, but where two of them would not fit a frame.
 */
unsigned int pe_track_overhead(const struct pe_sequence *seq, u8 step,
			       const struct net_device *dev)
{
	if (!pe_sequence_code(seq, step))
		return 0;
	switch (seq->track.method) {
	case PE_TRACK_VLAN:
		return is_vlan_dev(dev) || netif_is_macsec(dev) ? VLAN_HLEN : 0;
	case PE_TRACK_MPLS:
		return MPLS_HLEN;
	case PE_TRACK_NSH:
		return PE_NSH_LEN;
	default:
		return 0;
	}
}
