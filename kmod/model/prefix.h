/* SPDX-License-Identifier: GPL-2.0-only */
/* Prefixes of clients to what lives at them: the longest one wins. */
#ifndef _PE_PREFIX_H
#define _PE_PREFIX_H

#include <linux/netfilter.h>
#include <linux/rcupdate.h>

#include "table.h"

/* Lengths that a prefix can have, in either family, from 0 on. */
#define PE_PREFIX_LENGTHS	129

/**
 * struct pe_prefix_level - prefixes of one length
 * @table: by their address, whose other bits are 0
 * @mask: the bits of an address that count
 * @length: how many these are
 */
struct pe_prefix_level {
	struct pe_table		*table;
	union nf_inet_addr	mask;
	u8			length;
};

/**
 * struct pe_prefixes - client prefixes of one family
 * @n: lengths in use
 * @drains: how often something drains at one of the prefixes
 * @rcu: freed when no packet reads it
 * @level: of each length in use, the longest first
 *
 * A hash table for each length: what a look-up costs is the number of lengths,
 * which are few in a configuration, and not that of prefixes or of clients
 * (Waldvogel and others, "Scalable High Speed IP Routing Lookups", 1997, whose
 * binary search among the lengths would begin to pay with more of them than
 * anybody names). A trie would look at a cache line for each branching, of which
 * thousands of prefixes make a dozen, and hold no entries in the form that
 * addresses have.
 *
 * A transaction makes another one, which shares the tables of the lengths that
 * it does not touch. Only what drained goes from the tables themselves.
 */
struct pe_prefixes {
	u8			n;
	u32			drains;
	struct rcu_head		rcu;
	struct pe_prefix_level	level[] __counted_by(n);
};

/**
 * pe_prefix_find() - what lives at the prefix that an address is in
 * @level: prefixes of one length
 * @addr: address
 * @ipv4: it is one of IPv4
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: what lives there, or NULL.
 */
static inline struct pe_addr *
pe_prefix_find(const struct pe_prefix_level *level, const void *addr, bool ipv4)
{
	union nf_inet_addr prefix;
	int i;

	if (ipv4) {
		prefix.ip = *(const __be32 *)addr & level->mask.ip;
		return pe_table_find4(level->table, &prefix.ip);
	}
	for (i = 0; i < ARRAY_SIZE(prefix.ip6); i++)
		prefix.ip6[i] = ((const __be32 *)addr)[i] & level->mask.ip6[i];
	return pe_table_find6(level->table, &prefix.in6);
}

void pe_prefix_mask(union nf_inet_addr *mask, u8 proto, u8 length);
bool pe_prefixes_hold(const struct pe_prefixes *prefixes, const void *addr,
		      bool ipv4);
struct pe_table *pe_prefixes_table(const struct pe_prefixes *prefixes,
				   u8 length);
struct pe_prefixes *pe_prefixes_new(void);
void pe_prefixes_add(struct pe_prefixes *prefixes, struct pe_table *table,
		     u8 proto, u8 length);
bool pe_prefixes_have_empty(const struct pe_prefixes *prefixes);
void pe_prefixes_copy_filled(struct pe_prefixes *next,
			     const struct pe_prefixes *old);

/**
 * pe_prefixes_drain() - does something drain at any of the prefixes?
 * @prefixes: prefixes of one family, or NULL for none
 */
static inline bool pe_prefixes_drain(const struct pe_prefixes *prefixes)
{
	return prefixes && READ_ONCE(prefixes->drains);
}

/**
 * pe_prefixes_drained() - at one of them something drains no more
 * @prefixes: prefixes of one family
 *
 * Context: pe_net.lock held.
 */
static inline void pe_prefixes_drained(struct pe_prefixes *prefixes)
{
	WRITE_ONCE(prefixes->drains, prefixes->drains - 1);
}

#endif /* _PE_PREFIX_H */
