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

static struct pe_slot pe_table_slot(const struct pe_table *t,
				    const struct pe_addr *a)
{
	return a->proto == NFPROTO_IPV4 ?
		       pe_table_slot4(t, (__force u32)a->addr.ip) :
		       pe_table_slot6(t, &a->addr.in6);
}

static struct pe_table *pe_table_new(u8 bits)
{
	struct pe_table *t;

	t = kvzalloc(struct_size(t, bucket, 1UL << bits), GFP_KERNEL_ACCOUNT);
	if (!t)
		return NULL;
	t->shift = 64 - bits;
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
	struct pe_slot slot = pe_table_slot(t, a);
	u32 mask = pe_table_buckets(t) - 1;
	struct pe_bucket *b;
	int i;

	for (;; slot.index = (slot.index + 1) & mask) {
		b = &t->bucket[slot.index];
		for (i = 0; i < PE_BUCKET_SLOTS; i++) {
			if (rcu_access_pointer(b->addr[i]))
				continue;
			/* Who sees the tag too early finds no address yet, who
			 * sees it too late looks at the address itself.
			 */
			WRITE_ONCE(b->tag[i], slot.tag);
			rcu_assign_pointer(b->addr[i], a);
			t->n++;
			return;
		}
		WRITE_ONCE(b->passed, b->passed + 1);
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
	struct pe_slot slot = pe_table_slot(t, old);
	u32 mask = pe_table_buckets(t) - 1;
	u32 home = slot.index;
	struct pe_addr *a;
	struct pe_bucket *b;
	int i;

	do {
		b = &t->bucket[slot.index];
		for (i = 0; i < PE_BUCKET_SLOTS; i++) {
			a = rcu_dereference_protected(b->addr[i], 1);
			if (a && !memcmp(&a->addr, &old->addr, sizeof(a->addr)))
				goto found;
		}
		slot.index = (slot.index + 1) & mask;
	} while (slot.index != home);
	return NULL;

found:
	rcu_assign_pointer(b->addr[i], new);
	if (new)
		return a;
	t->n--;
	for (; home != slot.index; home = (home + 1) & mask)
		WRITE_ONCE(t->bucket[home].passed,
			   t->bucket[home].passed - 1);
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
