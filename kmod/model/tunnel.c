// SPDX-License-Identifier: GPL-2.0-only
/* Ports behind a VXLAN-GPE interface: a peer's address and a VNI. */

#include <net/dst_metadata.h>
#include <net/ip_tunnels.h>
#include <net/ipv6.h>

#include "compat.h"
#include "tunnel.h"

/**
 * pe_tunnel_new() - what tells a tunnel's interface where a packet is to go
 * @remote: the peer's address
 * @family: NFPROTO_* of it
 * @vni: VXLAN network identifier
 *
 * Source address, UDP port and MTU are the interface's own. IPv6 without a
 * checksum is refused by who did not ask for it, so there is always one.
 *
 * Context: process context.
 * Return: the destination, or NULL when memory is short.
 */
struct metadata_dst *pe_tunnel_new(const union nf_inet_addr *remote, u8 family,
				   u32 vni)
{
	struct ip_tunnel_info *info;
	struct metadata_dst *to;

	to = metadata_dst_alloc(0, METADATA_IP_TUNNEL, GFP_KERNEL_ACCOUNT);
	if (!to)
		return NULL;
	info = &to->u.tun_info;
#ifdef CONFIG_DST_CACHE
	if (dst_cache_init(&info->dst_cache, GFP_KERNEL_ACCOUNT)) {
		metadata_dst_free(to);
		return NULL;
	}
#endif
	info->mode = IP_TUNNEL_INFO_TX;
	info->key.tun_id = key32_to_tunnel_id(cpu_to_be32(vni));
	pe_tunnel_flags(&info->key);
	if (family == NFPROTO_IPV4) {
		info->key.u.ipv4.dst = remote->ip;
	} else {
		info->mode |= IP_TUNNEL_INFO_IPV6;
		info->key.u.ipv6.dst = remote->in6;
	}
	return to;
}

/**
 * pe_tunnel_free() - nothing is sent there any more
 * @to: the destination, or NULL; packets on their way keep it
 */
void pe_tunnel_free(struct metadata_dst *to)
{
	if (to)
		dst_release(&to->dst);
}

/**
 * pe_tunnel_is_from() - did a packet come from the peer that packets go to?
 * @to: where packets are sent
 * @info: how it came; where packets go to, of one that is only imagined
 */
bool pe_tunnel_is_from(const struct metadata_dst *to,
		       const struct ip_tunnel_info *info)
{
	const struct ip_tunnel_info *want = &to->u.tun_info;

	if (info == want)
		return true;
	if (info->mode & IP_TUNNEL_INFO_TX ||
	    info->key.tun_id != want->key.tun_id ||
	    (info->mode ^ want->mode) & IP_TUNNEL_INFO_IPV6)
		return false;
	if (info->mode & IP_TUNNEL_INFO_IPV6)
		return ipv6_addr_equal(&info->key.u.ipv6.src,
				       &want->key.u.ipv6.dst);
	return info->key.u.ipv4.src == want->key.u.ipv4.dst;
}
