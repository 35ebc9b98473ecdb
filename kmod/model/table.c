// SPDX-License-Identifier: GPL-2.0-only
/* The address table: filled and changed under the configuration's lock. */

#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "table.h"

/* Fullest a table gets before it doubles, in slots of a bucket's five. */
#define PE_TABLE_FULL	3
#define PE_TABLE_BITS	4

static u32 pe_table_buckets(const struct pe_table *t)
{
	return 1U << (64 - t->shift);
}

static u64 pe_table_hash(const struct pe_table *t, const struct pe_addr *a)
{
	return a->proto == NFPROTO_IPV4 ? pe_table_hash4(t, &a->addr.ip) :
					  pe_table_hash6(t, &a->addr.in6);
}

static u32 pe_table_home(const struct pe_table *t, u64 hash)
{
	return hash >> t->shift;
}

static struct pe_table *pe_table_new(u8 bits)
{
	size_t n = 1UL << bits;
	struct pe_table *t;

	t = kvzalloc(size_add(struct_size(t, bucket, n),
			      array_size(n, sizeof(*t->filter))),
		     GFP_KERNEL_ACCOUNT);
	if (!t)
		return NULL;
	t->filter = (unsigned long *)&t->bucket[n];
	t->shift = 64 - bits;
	t->filter_shift = t->shift - PE_FILTER_BITS;
	get_random_bytes(t->secret, sizeof(t->secret));
	/* Multiply-shift is universal for odd factors only. */
	t->secret[0] |= 1;
	t->secret[1] |= 1;
	return t;
}

/**
 * pe_table_grown() - a larger table with what this one holds
 * @t: table, or NULL for none yet
 * @proto: NFPROTO_* of its addresses
 * @extra: addresses that are to be inserted besides
 *
 * Context: process context, pe_net.lock held.
 * Return: NULL when @t has room, a new table for the caller to publish, or an
 * error pointer.
 */
struct pe_table *pe_table_grown(const struct pe_table *t, u8 proto, u32 extra)
{
	u64 want = (u64)(t ? t->n : 0) + extra;
	struct pe_table *new;
	u8 bits = PE_TABLE_BITS;
	u32 i;
	int j;

	if (t && want <= (u64)pe_table_buckets(t) * PE_TABLE_FULL)
		return NULL;
	while (want > ((u64)PE_TABLE_FULL << bits))
		bits++;
	new = pe_table_new(bits);
	if (!new)
		return ERR_PTR(-ENOMEM);
	for (i = 0; t && i < pe_table_buckets(t); i++) {
		for (j = 0; j < PE_BUCKET_SLOTS; j++) {
			struct pe_addr *a;

			a = rcu_dereference_protected(t->bucket[i].addr[j], 1);
			if (a)
				pe_table_insert(new, a);
		}
		cond_resched();
	}
	if (t && t->open)
		pe_table_open(new, true);
	return new;
}

/**
 * pe_table_insert() - add an address that is not there
 * @t: table with room for it
 * @a: what lives at the address
 *
 * Context: pe_net.lock held; packets may read the table.
 */
void pe_table_insert(struct pe_table *t, struct pe_addr *a)
{
	u64 hash = pe_table_hash(t, a);
	u32 mask = pe_table_buckets(t) - 1;
	u32 at = pe_table_home(t, hash);
	struct pe_bucket *b;
	int i;

	set_bit(hash >> t->filter_shift, t->filter);
	for (;; at = (at + 1) & mask) {
		b = &t->bucket[at];
		for (i = 0; i < PE_BUCKET_SLOTS; i++) {
			if (rcu_access_pointer(b->addr[i]))
				continue;
			/* Who sees the tag too early finds no address yet, who
			 * sees it too late looks at the address itself.
			 */
			WRITE_ONCE(b->tag[i], pe_table_tag(hash));
			rcu_assign_pointer(b->addr[i], a);
			t->n++;
			return;
		}
		WRITE_ONCE(b->passed, b->passed + 1);
	}
}

/**
 * pe_table_find_on() - find an address that is not where it is at home
 * @t: table
 * @hash: of the address
 * @addr: address
 * @ipv4: it is one of IPv4
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: what lives there, or NULL.
 */
struct pe_addr *pe_table_find_on(const struct pe_table *t, u64 hash,
				 const void *addr, bool ipv4)
{
	u32 home = pe_table_home(t, hash), mask = pe_table_buckets(t) - 1;
	u32 at = (home + 1) & mask;
	struct pe_addr *a;

	for (; at != home; at = (at + 1) & mask) {
		const struct pe_bucket *b = &t->bucket[at];

		a = pe_bucket_find(b, pe_table_tag(hash), addr, ipv4);
		if (a || !READ_ONCE(b->passed))
			return a;
	}
	return NULL;
}

/* The filter's bits of those in one bucket that are at home in another. */
static unsigned long pe_bucket_filter(const struct pe_table *t,
				      const struct pe_bucket *b, u32 home)
{
	unsigned long word = 0;
	int i;

	for (i = 0; i < PE_BUCKET_SLOTS; i++) {
		struct pe_addr *a = rcu_dereference_protected(b->addr[i], 1);
		u64 hash;

		if (!a)
			continue;
		hash = pe_table_hash(t, a);
		if (pe_table_home(t, hash) == home)
			word |= BIT_MASK(hash >> t->filter_shift);
	}
	return word;
}

/* An address left that was at home in this bucket, or the filter is to tell
 * again; who found no room is further on.
 */
static void pe_table_filter_again(struct pe_table *t, u32 home)
{
	u32 mask = pe_table_buckets(t) - 1, at = home;
	unsigned long word = 0;

	if (t->open)
		return;
	do {
		word |= pe_bucket_filter(t, &t->bucket[at], home);
		if (!t->bucket[at].passed)
			break;
		at = (at + 1) & mask;
	} while (at != home);
	WRITE_ONCE(t->filter[home], word);
}

/**
 * pe_table_open() - have the filter let everything pass, or tell again
 * @t: table
 * @open: everything
 *
 * Context: process context, pe_net.lock held; packets may read the table.
 */
void pe_table_open(struct pe_table *t, bool open)
{
	u32 i;

	t->open = open;
	for (i = 0; i < pe_table_buckets(t); i++) {
		if (open)
			WRITE_ONCE(t->filter[i], ~0UL);
		else
			pe_table_filter_again(t, i);
		cond_resched();
	}
}

/**
 * pe_table_replace() - another version of what lives at an address, or none
 * @t: table
 * @old: address, found by its value
 * @new: what takes its place, NULL to remove the address
 *
 * Context: pe_net.lock held; packets may read the table.
 * Return: what was there, for the caller to free, or NULL.
 */
struct pe_addr *pe_table_replace(struct pe_table *t, struct pe_addr *old,
				 struct pe_addr *new)
{
	u32 home = pe_table_home(t, pe_table_hash(t, old));
	u32 mask = pe_table_buckets(t) - 1;
	u32 at = home, passed;
	struct pe_addr *a;
	struct pe_bucket *b;
	int i;

	do {
		b = &t->bucket[at];
		for (i = 0; i < PE_BUCKET_SLOTS; i++) {
			a = rcu_dereference_protected(b->addr[i], 1);
			if (a && !memcmp(&a->addr, &old->addr, sizeof(a->addr)))
				goto found;
		}
		at = (at + 1) & mask;
	} while (at != home);
	return NULL;

found:
	rcu_assign_pointer(b->addr[i], new);
	if (new)
		return a;
	t->n--;
	for (passed = home; passed != at; passed = (passed + 1) & mask)
		WRITE_ONCE(t->bucket[passed].passed,
			   t->bucket[passed].passed - 1);
	pe_table_filter_again(t, home);
	return a;
}

/**
 * pe_table_free() - free a table that nobody reads, not what it holds
 * @t: table, or NULL
 */
void pe_table_free(struct pe_table *t)
{
	kvfree(t);
}

/**
 * pe_table_next() - walk a table
 * @t: table that does not change meanwhile, or NULL
 * @at: in and out: 0 to begin with
 *
 * Return: what lives at the next address, or NULL.
 */
struct pe_addr *pe_table_next(const struct pe_table *t, u32 *at)
{
	struct pe_addr *a;

	if (!t)
		return NULL;
	for (; *at / PE_BUCKET_SLOTS < pe_table_buckets(t); ++*at) {
		a = rcu_dereference_protected(t->bucket[*at / PE_BUCKET_SLOTS]
						      .addr[*at % PE_BUCKET_SLOTS],
					      1);
		if (a) {
			++*at;
			return a;
		}
	}
	return NULL;
}

/**
 * pe_table_free_all() - free a table that nobody reads, with what it holds
 * @t: table, or NULL
 *
 * Context: process context.
 */
void pe_table_free_all(struct pe_table *t)
{
	struct pe_addr *a;
	u32 at = 0;

	while ((a = pe_table_next(t, &at)))
		pe_addr_free(a);
	pe_table_free(t);
}
