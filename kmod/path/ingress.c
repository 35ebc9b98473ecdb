// SPDX-License-Identifier: GPL-2.0-only
/* What devices return that is no IP packet, met at the interface.
 *
 * No hook of IP meets a packet in a VLAN that the interface has not, or behind
 * a label. This one takes the encapsulation off those that are a service's and
 * lets them go up the stack as IP packets. It leaves what it took off in front
 * of the network header, as part of a longer link-layer header: there
 * PREROUTING finds it (pe_track_key()), where these packets are steered like
 * all others, once and only there, after IP has looked at the header.
 */

#include <linux/if_vlan.h>
#include <net/mpls.h>

#include "../netns.h"
#include "nsh.h"
#include "path.h"

/**
 * struct pe_capsule - what a packet came in
 * @method: enum pe_track
 * @family: NFPROTO_* of the packet in it
 * @len: bytes between the link-layer header and the network header
 * @code: the code
 * @reason: why it cannot be taken, enum pe_drop
 */
struct pe_capsule {
	u8			method;
	u8			family;
	u8			reason;
	unsigned int		len;
	u32			code;
};

static bool pe_capsule_vlan(const struct sk_buff *skb, struct pe_capsule *c)
{
	if (skb->vlan_proto != htons(ETH_P_8021Q))
		return false;
	switch (skb->protocol) {
	case htons(ETH_P_IP):
		c->family = NFPROTO_IPV4;
		break;
	case htons(ETH_P_IPV6):
		c->family = NFPROTO_IPV6;
		break;
	default:
		return false;
	}
	c->method = PE_TRACK_VLAN;
	c->code = skb_vlan_tag_get_id(skb);
	return true;
}

/* A label doesn't tell of what: the packet's version does. */
static bool pe_capsule_mpls(const struct sk_buff *skb, struct pe_capsule *c)
{
	struct {
		struct mpls_shim_hdr	label;
		u8			version;
	} __packed _head;
	const typeof(_head) *head;

	head = skb_header_pointer(skb, 0, sizeof(_head), &_head);
	if (!head || !(be32_to_cpu(head->label.label_stack_entry) &
		       MPLS_LS_S_MASK))
		return false;
	switch (head->version >> 4) {
	case 4:
		c->family = NFPROTO_IPV4;
		break;
	case 6:
		c->family = NFPROTO_IPV6;
		break;
	default:
		return false;
	}
	c->method = PE_TRACK_MPLS;
	c->len = MPLS_HLEN;
	c->code = pe_mpls_label(&head->label);
	return true;
}

static bool pe_capsule_nsh(const struct sk_buff *skb, struct pe_capsule *c)
{
	struct pe_nsh nsh;

	if (!pe_nsh_read(skb, &nsh))
		return false;
	*c = (struct pe_capsule) {
		.method = PE_TRACK_NSH,
		.family = nsh.family,
		.len = nsh.len,
		.code = nsh.code,
		.reason = nsh.reason,
	};
	return true;
}

static bool pe_capsule(const struct sk_buff *skb, struct pe_capsule *c)
{
	if (skb_vlan_tag_present(skb))
		return pe_capsule_vlan(skb, c);
	switch (skb->protocol) {
	case htons(ETH_P_MPLS_UC):
		return pe_capsule_mpls(skb, c);
	case htons(ETH_P_NSH):
		return pe_capsule_nsh(skb, c);
	default:
		return false;
	}
}

/* Is this code one of a service that the packet is addressed to or from? */
static bool pe_capsule_is_services(struct pe_net *pn, const struct sk_buff *skb,
				   const struct pe_capsule *c)
{
	const struct pe_table *table =
		rcu_dereference(pn->table[pe_family_of(c->family)]);
	bool ipv4 = c->family == NFPROTO_IPV4;
	unsigned int size = ipv4 ? sizeof(struct in_addr) :
				   sizeof(struct in6_addr);
	union nf_inet_addr src = {}, dst = {};

	if (skb_copy_bits(skb, c->len + (ipv4 ? offsetof(struct iphdr, saddr) :
						offsetof(struct ipv6hdr, saddr)),
			  &src, size) ||
	    skb_copy_bits(skb, c->len + (ipv4 ? offsetof(struct iphdr, daddr) :
						offsetof(struct ipv6hdr, daddr)),
			  &dst, size))
		return false;
	return pe_addr_has_code(pe_table_find(table, &dst, c->family),
				c->method, c->code) ||
	       pe_addr_has_code(pe_table_find(table, &src, c->family),
				c->method, c->code);
}

/* The tag goes from beside the packet to where it was on the wire. What it
 * stands before is told by skb->protocol; PE_INGRESS_TAG instead tells it from
 * what the kernel may leave there.
 */
static enum pe_drop pe_capsule_open_vlan(struct sk_buff *skb)
{
	struct vlan_ethhdr *eth;

	if (skb_cow(skb, VLAN_ETH_HLEN))
		return PE_DROP_NO_MEMORY;
	eth = (void *)skb->data - VLAN_ETH_HLEN;
	memmove(eth, skb_mac_header(skb), 2 * ETH_ALEN);
	eth->h_vlan_proto = htons(ETH_P_8021Q);
	eth->h_vlan_TCI = htons(skb_vlan_tag_get(skb));
	eth->h_vlan_encapsulated_proto = PE_INGRESS_TAG;
	skb_set_mac_header(skb, -VLAN_ETH_HLEN);
	__vlan_hwaccel_clear_tag(skb);
	return PE_DROP_NONE;
}

static enum pe_drop pe_capsule_open(struct sk_buff *skb,
				    const struct pe_capsule *c)
{
	enum pe_drop reason = c->reason;

	if (reason)
		return reason;
	if (c->method == PE_TRACK_VLAN)
		reason = pe_capsule_open_vlan(skb);
	else if (!pskb_may_pull(skb, c->len))
		reason = PE_DROP_NO_MEMORY;
	if (reason)
		return reason;
	skb_pull_rcsum(skb, c->len);
	skb_reset_network_header(skb);
	skb_reset_transport_header(skb);
	skb_reset_mac_len(skb);
	skb->protocol = c->family == NFPROTO_IPV4 ? htons(ETH_P_IP) :
						    htons(ETH_P_IPV6);
	/* Of a label's segmentation. */
	skb->inner_protocol = 0;
	return PE_DROP_NONE;
}

/* A link-layer header of Ethernet, or none: in front of network service headers
 * that came by a tunnel.
 */
static bool pe_ingress_has_link(const struct sk_buff *skb)
{
	return skb->mac_len == ETH_HLEN ||
	       (!skb->mac_len && skb->protocol == htons(ETH_P_NSH));
}

static unsigned int pe_ingress(void *priv, struct sk_buff *skb,
			       const struct nf_hook_state *state)
{
	struct pe_capsule capsule = {};
	struct pe_net *pn = priv;
	enum pe_drop reason;

	if (likely(!skb_vlan_tag_present(skb) &&
		   (skb->protocol == htons(ETH_P_IP) ||
		    skb->protocol == htons(ETH_P_IPV6))))
		return NF_ACCEPT;
	/* What a bridge takes from a port of its own is not the router's. */
	if (skb->pkt_type != PACKET_HOST || netif_is_bridge_port(skb->dev) ||
	    !pe_ingress_has_link(skb) ||
	    !pe_capsule(skb, &capsule) ||
	    !pe_capsule_is_services(pn, skb, &capsule))
		return NF_ACCEPT;
	reason = pe_capsule_open(skb, &capsule);
	return unlikely(reason) ? pe_drop(pn, skb, reason) : NF_ACCEPT;
}

/* Behind the operator's own filters, which see packets as they came. */
const struct nf_hook_ops pe_ingress_ops = {
	.hook		= pe_ingress,
	.pf		= NFPROTO_NETDEV,
	.hooknum	= NF_NETDEV_INGRESS,
	.priority	= INT_MAX,
};
