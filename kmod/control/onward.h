/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's own forwarding would make of a packet. */
#ifndef _PE_ONWARD_H
#define _PE_ONWARD_H

#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <uapi/linux/pe.h>

struct dst_entry;
struct net_device;

/**
 * struct pe_onward - where a packet goes that is left to the kernel
 * @obstacle: what keeps it from getting there
 * @dev: interface it leaves by, by name; empty without a route
 * @mac: link-layer address of the next hop
 * @mac_known: whether there is @mac
 */
struct pe_onward {
	enum pe_obstacle	obstacle;
	char			dev[IFNAMSIZ];
	u8			mac[ETH_ALEN];
	bool			mac_known;
};

void pe_onward_route(struct pe_onward *on, const struct dst_entry *dst,
		     const union nf_inet_addr *to, u8 family);
void pe_onward_forwarded(struct pe_onward *on, struct net *net,
			 const union nf_inet_addr *from,
			 const union nf_inet_addr *to, u8 family,
			 struct net_device *iif);

#endif /* _PE_ONWARD_H */
