/* SPDX-License-Identifier: GPL-2.0-only */
/* Addresses to what lives at them. */
#ifndef _PE_TABLE_H
#define _PE_TABLE_H

#include <linux/bitops.h>
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

/* Bits of the filter that a bucket has, as a power of two: one word. */
#define PE_FILTER_BITS	(BITS_PER_LONG == 64 ? 6 : 5)

/**
 * struct pe_table - addresses of one family
 * @shift: of a hash, leaves the bucket's index
 * @filter_shift: of a hash, leaves the bit in @filter
 * @open: the filter lets everything pass, for there are clients besides whom
 *	their address alone does not tell
 * @n: addresses in the table
 * @secret: keys the hash, so that nobody outside can tell what collides
 * @filter: a word for each bucket, with a bit set for each address at home
 *	there; behind the buckets
 * @rcu: freed when no packet reads it
 * @bucket: 1 << (64 - @shift) buckets
 *
 * Nearly every packet is no service's, and the filter tells so: it is small
 * enough to stay in the cache where the buckets are not (Bloom, "Space/Time
 * Trade-offs in Hash Coding with Allowable Errors", 1970, with one hash).
 *
 * Addresses come from the configuration, never from packets, so packets can't
 * lengthen a search and multiplications are hash enough: two of them, for one
 * alone keeps rows of addresses in rows (multiply-shift: Dietzfelbinger and
 * others, "A Reliable Randomized Algorithm for the Closest-Pair Problem",
 * 1997). Buckets hold pointers, not nodes, so a larger table is filled beside
 * the one that packets read, and takes its place in one store.
 */
struct pe_table {
	u8			shift;
	u8			filter_shift;
	bool			open;
	u32			n;
	u64			secret[2];
	unsigned long		*filter;
	struct rcu_head		rcu;
	struct pe_bucket	bucket[];
};

static inline u64 pe_table_hash4(const struct pe_table *t, const __be32 *addr)
{
	u64 h = (__force u32)*addr * t->secret[0];

	return (h ^ h >> 32) * t->secret[1];
}

static inline u64 pe_table_hash6(const struct pe_table *t,
				 const struct in6_addr *addr)
{
	u64 hi = get_unaligned((const u64 *)addr);
	u64 lo = get_unaligned((const u64 *)addr + 1);
	u64 h = (hi ^ t->secret[0]) * t->secret[1];

	return (h ^ (h >> 32) ^ lo) * t->secret[0];
}

/* What of a hash the bucket's index and the filter's bit don't tell. */
static inline u32 pe_table_tag(u64 hash)
{
	return hash;
}

/* False when nothing in the table has this hash. */
static inline bool pe_table_may(const struct pe_table *t, u64 hash)
{
	return test_bit(hash >> t->filter_shift, t->filter);
}

/* Is this what lives at the address? One of the two is known to the compiler. */
static __always_inline bool pe_table_is(const struct pe_addr *a,
					const void *addr, bool ipv4)
{
	return ipv4 ? a->addr.ip == *(const __be32 *)addr :
		      ipv6_addr_equal(&a->addr.in6, addr);
}

/* In one bucket. */
static __always_inline struct pe_addr *
pe_bucket_find(const struct pe_bucket *b, u32 tag, const void *addr, bool ipv4)
{
	struct pe_addr *a;
	int i;

#pragma GCC unroll 5
	for (i = 0; i < PE_BUCKET_SLOTS; i++) {
		if (READ_ONCE(b->tag[i]) != tag)
			continue;
		/* Under RCU, or under pe_net.lock. */
		a = rcu_dereference_check(b->addr[i], 1);
		if (a && pe_table_is(a, addr, ipv4))
			return a;
	}
	return NULL;
}

struct pe_addr *pe_table_find_on(const struct pe_table *t, u64 hash,
				 const void *addr, bool ipv4);

/**
 * pe_table_walk() - what lives at an address that the filter let pass
 * @t: table
 * @hash: of the address
 * @addr: address
 * @ipv4: it is one of IPv4, known to the compiler
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: what lives there, or NULL.
 */
static __always_inline struct pe_addr *
pe_table_walk(const struct pe_table *t, u64 hash, const void *addr, bool ipv4)
{
	const struct pe_bucket *b = &t->bucket[hash >> t->shift];
	struct pe_addr *a;

	a = pe_bucket_find(b, pe_table_tag(hash), addr, ipv4);
	if (likely(a) || likely(!READ_ONCE(b->passed)))
		return a;
	return pe_table_find_on(t, hash, addr, ipv4);
}

/**
 * pe_table_find4() - what lives at an IPv4 address
 * @t: table of IPv4
 * @addr: address
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: what lives there, or NULL.
 */
static __always_inline struct pe_addr *pe_table_find4(const struct pe_table *t,
						      const __be32 *addr)
{
	u64 hash = pe_table_hash4(t, addr);

	if (likely(!pe_table_may(t, hash)))
		return NULL;
	return pe_table_walk(t, hash, addr, true);
}

/**
 * pe_table_find6() - what lives at an IPv6 address
 * @t: table of IPv6
 * @addr: address
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: what lives there, or NULL.
 */
static __always_inline struct pe_addr *
pe_table_find6(const struct pe_table *t, const struct in6_addr *addr)
{
	u64 hash = pe_table_hash6(t, addr);

	if (likely(!pe_table_may(t, hash)))
		return NULL;
	return pe_table_walk(t, hash, addr, false);
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
	if (!t)
		return NULL;
	return proto == NFPROTO_IPV4 ? pe_table_find4(t, &addr->ip) :
				       pe_table_find6(t, &addr->in6);
}

struct pe_table *pe_table_grown(const struct pe_table *t, u8 proto, u32 extra);
void pe_table_open(struct pe_table *t, bool open);
void pe_table_insert(struct pe_table *t, struct pe_addr *a);
struct pe_addr *pe_table_replace(struct pe_table *t, struct pe_addr *old,
				 struct pe_addr *new);
struct pe_addr *pe_table_next(const struct pe_table *t, u32 *at);
void pe_table_free(struct pe_table *t);
void pe_table_free_all(struct pe_table *t);

#endif /* _PE_TABLE_H */
