/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one of the supported kernels has and another has not: Kbuild looks for
 * the feature, never for the kernel's version.
 */
#ifndef _PE_COMPAT_H
#define _PE_COMPAT_H

#ifdef PE_HAVE_LINUX_UNALIGNED
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#ifdef PE_HAVE_NET_GSO
#include <net/gso.h>
#endif

#include <linux/netfilter_bridge.h>
#include <net/dst.h>
#include <net/genetlink.h>
#include <net/ip_tunnels.h>

static inline struct nlattr **pe_dump_attrs(struct netlink_callback *cb)
{
#ifdef PE_HAVE_GENL_INFO_DUMP
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

/* PE_HAVE_DST_INITIAL_REF: dst_init() takes the first reference as argument. */
static inline void pe_dst_init(struct dst_entry *dst, struct dst_ops *ops)
{
#ifdef PE_HAVE_DST_INITIAL_REF
	dst_init(dst, ops, NULL, 1, DST_OBSOLETE_NONE, DST_NOCOUNT);
#else
	dst_init(dst, ops, NULL, DST_OBSOLETE_NONE, DST_NOCOUNT);
#endif
}

/* A tunnel's packets have a key, and a checksum around them. */
static inline void pe_tunnel_flags(struct ip_tunnel_key *key)
{
#ifdef PE_HAVE_TUNNEL_FLAGS_BITS
	__set_bit(IP_TUNNEL_KEY_BIT, key->tun_flags);
	__set_bit(IP_TUNNEL_CSUM_BIT, key->tun_flags);
#else
	key->tun_flags = TUNNEL_KEY | TUNNEL_CSUM;
#endif
}

/* PE_HAVE_SYSCTL_SZ: the entries are counted. Otherwise an empty one ends them;
 * @table has one behind the @n.
 */
static inline struct ctl_table_header *
pe_register_net_sysctl(struct net *net, const char *path,
		       struct ctl_table *table, size_t n)
{
#ifdef PE_HAVE_SYSCTL_SZ
	return register_net_sysctl_sz(net, path, table, n);
#else
	return register_net_sysctl(net, path, table);
#endif
}

/* Without it, no bridge hands packets to the hooks of IP. */
#if !IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
static inline bool nf_bridge_info_exists(const struct sk_buff *skb)
{
	return false;
}
#endif

#endif /* _PE_COMPAT_H */
