/* SPDX-License-Identifier: GPL-2.0-only */
/* Where packets go that leave by a VXLAN-GPE interface. */
#ifndef _PE_TUNNEL_H
#define _PE_TUNNEL_H

#include <linux/bits.h>
#include <linux/netfilter.h>
#include <linux/types.h>

struct ip_tunnel_info;
struct metadata_dst;

/* What a port behind a tunnel has for a link-layer address: known, but no
 * packet comes from it.
 */
#define PE_MAC_TUNNEL	BIT_ULL(63)

#define PE_VNI_MAX	0xffffff

struct metadata_dst *pe_tunnel_new(const union nf_inet_addr *remote, u8 family,
				   u32 vni);
void pe_tunnel_free(struct metadata_dst *to);
bool pe_tunnel_is_from(const struct metadata_dst *to,
		       const struct ip_tunnel_info *info);

#endif /* _PE_TUNNEL_H */
