/* SPDX-License-Identifier: GPL-2.0-only */
/* The packet path's parts, by the file that has them. */
#ifndef _PE_PATH_H
#define _PE_PATH_H

#include <linux/netfilter.h>
#include <uapi/linux/pe.h>

#include "packet.h"

/* steer.c */
extern const struct nf_hook_ops pe_hook_ops[];

/* xmit.c */
enum pe_drop pe_xmit_ready(const struct pe_port *port,
			   struct net_device **dev);
enum pe_drop pe_xmit_writable(struct sk_buff *skb,
			      const struct net_device *dev);
void pe_xmit_hop(struct pe_packet *pkt);
enum pe_drop pe_xmit(struct sk_buff *skb, u8 family,
		     const struct pe_port *port, struct net_device *dev);

/* rewrite.c */
struct pe_rewrite {
	const union nf_inet_addr *addr;	/* NULL: stays */
	u16			port;	/* 0: stays */
	u16			old;	/* port that is replaced */
	bool			source;	/* of the source, not the destination */
};

enum pe_drop pe_rewrite(struct pe_packet *pkt, const struct pe_rewrite *rw);
void pe_rewrite_addr(struct sk_buff *skb, u8 family, unsigned int off,
		     const struct pe_rewrite *rw);
enum pe_drop pe_rewrite_quoted(struct pe_packet *pkt,
			       const struct pe_rewrite *rw);

/* icmp.c */
void pe_icmp_expired(const struct pe_packet *pkt, const struct pe_hit *hit);
void pe_icmp_too_big(const struct pe_packet *pkt, const struct pe_hit *hit,
		     unsigned int mtu);
enum pe_drop pe_icmp_rewrite(struct pe_packet *pkt,
			     const struct pe_rewrite *rw, bool outer);

/* mtu.c */
bool pe_mtu_exceeded(const struct sk_buff *skb, unsigned int mtu);
enum pe_drop pe_mtu_port(struct pe_packet *pkt, const struct pe_hit *hit,
			 unsigned int mtu);
enum pe_drop pe_mtu_route(const struct pe_packet *pkt,
			  const struct pe_hit *hit,
			  const union nf_inet_addr *to);
enum pe_drop pe_mtu_fragment(struct pe_packet *pkt, const struct pe_port *port,
			     struct net_device *dev);

/* tap.c */
void pe_tap_copies(const struct pe_packet *pkt, const struct pe_hit *hit);

#endif /* _PE_PATH_H */
