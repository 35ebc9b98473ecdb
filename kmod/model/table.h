/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses to what lives at them. */
#ifndef _PE_TABLE_H
#define _PE_TABLE_H

#include <linux/cache.h>
#include <linux/netfilter.h>
#include <linux/rcupdate.h>

#include <net/ipv6.h>

#include "addr.h"
#include "compat.h"

/* Slots of a bucket: what fits in a cache line with their tags. */
#define PE_BUCKET_SLOTS	5

/**
 * struct pe_bucket - one cache line of a table
 * @tag: of each slot's address; tells nearly every other address apart
 * @passed: addresses that found the bucket full and went to a later one
 * @addr: what lives at the address, NULL where the slot is free
 */
struct pe_bucket {
	u32			tag[PE_BUCKET_SLOTS];
	u32			passed;
	struct pe_addr __rcu	*addr[PE_BUCKET_SLOTS];
} __aligned(64);

/**
 * struct pe_table - addresses of one family
 * @shift: of a hash, leaves the bucket's index
 * @n: addresses in the table
 * @secret: keys the hash, so that nobody outside can tell what collides
 * @rcu: freed when no packet reads it
 * @bucket: 1 << (64 - @shift) buckets
 *
 * Addresses come from the configuration, never from packets, so packets can't
 * lengthen a search and a multiplication is hash enough: multiply-shift for
 * IPv4 (Dietzfelbinger and others, "A Reliable Randomized Algorithm for the
 * Closest-Pair Problem", 1997), the high half of a product of both halves for
 * IPv6. Buckets hold pointers, not nodes, so a larger table is filled beside
 * the one that packets read, and takes its place in one store.
 */
struct pe_table {
	u8			shift;
	u32			n;
	u64			secret[2];
	struct rcu_head		rcu;
	struct pe_bucket	bucket[];
};

/* Where an address belongs: a bucket's index and a tag. */
struct pe_slot {
	u32			index;
	u32			tag;
};

static inline struct pe_slot pe_table_slot4(const struct pe_table *t, u32 addr)
{
	return (struct pe_slot) {
		.index = (addr * t->secret[0]) >> t->shift,
		.tag = addr,
	};
}

static inline struct pe_slot pe_table_slot6(const struct pe_table *t,
					    const struct in6_addr *addr)
{
	u64 hi = get_unaligned((const u64 *)addr);
	u64 lo = get_unaligned((const u64 *)addr + 1);
	u64 h = (hi ^ t->secret[0]) * t->secret[1];

	h = (h ^ (h >> 32) ^ lo) * t->secret[0];
	return (struct pe_slot) {
		.index = h >> t->shift,
		.tag = h,
	};
}

/* Is this what lives at the address? One of the two is known to the compiler. */
static __always_inline bool pe_table_is(const struct pe_addr *a,
					const void *addr, bool ipv4)
{
	return ipv4 ? a->addr.ip == *(const __be32 *)addr :
		      ipv6_addr_equal(&a->addr.in6, addr);
}

static __always_inline struct pe_addr *
pe_table_walk(const struct pe_table *t, struct pe_slot slot, const void *addr,
	      bool ipv4)
{
	u32 mask = ~0ULL >> t->shift, at = slot.index;
	const struct pe_bucket *b;
	struct pe_addr *a;
	int i;

	do {
		b = &t->bucket[at];
		for (i = 0; i < PE_BUCKET_SLOTS; i++) {
			if (READ_ONCE(b->tag[i]) != slot.tag)
				continue;
			/* Under RCU, or under pe_net.lock. */
			a = rcu_dereference_check(b->addr[i], 1);
			if (a && pe_table_is(a, addr, ipv4))
				return a;
		}
		if (likely(!READ_ONCE(b->passed)))
			return NULL;
		at = (at + 1) & mask;
	} while (at != slot.index);
	return NULL;
}

/**
 * pe_table_find4() - what lives at an IPv4 address
 * @t: table of IPv4, or NULL
 * @addr: address
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: what lives there, or NULL.
 */
static inline struct pe_addr *pe_table_find4(const struct pe_table *t,
					     __be32 addr)
{
	if (!t)
		return NULL;
	return pe_table_walk(t, pe_table_slot4(t, (__force u32)addr), &addr,
			     true);
}

/**
 * pe_table_find6() - what lives at an IPv6 address
 * @t: table of IPv6, or NULL
 * @addr: address
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: what lives there, or NULL.
 */
static inline struct pe_addr *pe_table_find6(const struct pe_table *t,
					     const struct in6_addr *addr)
{
	if (!t)
		return NULL;
	return pe_table_walk(t, pe_table_slot6(t, addr), addr, false);
}

/**
 * pe_table_find() - what lives at an address
 * @t: table of its family, or NULL
 * @addr: address
 * @proto: NFPROTO_* of it
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: what lives there, or NULL.
 */
static inline struct pe_addr *pe_table_find(const struct pe_table *t,
					    const union nf_inet_addr *addr,
					    u8 proto)
{
	return proto == NFPROTO_IPV4 ? pe_table_find4(t, addr->ip) :
				       pe_table_find6(t, &addr->in6);
}

struct pe_table *pe_table_grown(const struct pe_table *t, u8 proto, u32 extra);
void pe_table_insert(struct pe_table *t, struct pe_addr *a);
struct pe_addr *pe_table_replace(struct pe_table *t, struct pe_addr *old,
				 struct pe_addr *new);
struct pe_addr *pe_table_next(const struct pe_table *t, u32 *at);
void pe_table_free(struct pe_table *t);

#endif /* _PE_TABLE_H */
