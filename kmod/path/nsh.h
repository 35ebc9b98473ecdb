/* SPDX-License-Identifier: GPL-2.0-only */
/* The network service header that tracked packets bear. */
#ifndef _PE_NSH_H
#define _PE_NSH_H

#include <linux/skbuff.h>
#include <uapi/linux/pe.h>

struct nshhdr;

/* Bytes that pe_nsh_push() puts in front of a packet. */
#define PE_NSH_LEN	24

/* RFC 8300, section 2.2: time to live where nothing else is said. */
#define PE_NSH_TTL	63

/**
 * struct pe_nsh - what a network service header says
 * @code: service path identifier and service index, as they stand there
 * @len: bytes in front of the packet behind it
 * @family: NFPROTO_* of that packet
 * @reason: why it cannot be taken, enum pe_drop
 */
struct pe_nsh {
	u32			code;
	unsigned int		len;
	u8			family;
	u8			reason;
};

bool pe_nsh_read(const struct sk_buff *skb, struct pe_nsh *nsh);
const struct nshhdr *pe_nsh_came(const struct sk_buff *skb);
enum pe_drop pe_nsh_push(struct sk_buff *skb, u32 code,
			 const struct net_device *dev);

#endif /* _PE_NSH_H */
