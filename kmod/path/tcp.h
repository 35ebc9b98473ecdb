/* SPDX-License-Identifier: GPL-2.0-only */
/* What is read of TCP headers. */
#ifndef _PE_TCP_H
#define _PE_TCP_H

#include <linux/skbuff.h>
#include <linux/tcp.h>

/* Where the flags are in a header. */
#define PE_TCP_FLAGS_AT	13

/* Flags of what opens a connection, or ends one. */
#define PE_TCP_EDGES	(TCPHDR_SYN | TCPHDR_FIN | TCPHDR_RST)

unsigned int pe_tcp_flags_far(const struct sk_buff *skb, unsigned int l4,
			      unsigned int none);

/**
 * pe_tcp_header() - a TCP header
 * @skb: packet of TCP, data at the network header
 * @l4: offset of the transport header
 * @buf: where it is copied to, unless it is in one piece
 *
 * Return: the header, or NULL where the packet ends before it does.
 */
static inline const struct tcphdr *pe_tcp_header(const struct sk_buff *skb,
						 unsigned int l4,
						 struct tcphdr *buf)
{
	return skb_header_pointer(skb, l4, sizeof(*buf), buf);
}

/**
 * pe_tcp_flags() - the flags of a TCP header, of which there may be no more
 * @skb: packet of TCP, data at the network header
 * @l4: offset of the transport header
 * @none: what it is where the packet ends before them
 */
static __always_inline unsigned int pe_tcp_flags(const struct sk_buff *skb,
						 unsigned int l4,
						 unsigned int none)
{
	if (likely(skb_headlen(skb) > l4 + PE_TCP_FLAGS_AT))
		return skb->data[l4 + PE_TCP_FLAGS_AT];
	return pe_tcp_flags_far(skb, l4, none);
}

#endif /* _PE_TCP_H */
