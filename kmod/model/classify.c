// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking up the first rule that a packet matches.
 *
 * A list is parted by the values of one field, where rules begin and end; the
 * part that a packet is in has few of the rules, and is parted by another field,
 * until a rule or two are left, whose other fields are compared. Such trees over
 * end points of what rules match are HyperSplit's (Qi, Xu, Yang, Xue, Li, "Packet
 * Classification Algorithms: From Theory to Practice", INFOCOM 2009), with as
 * many parts as the field has. A part is found by the upper bits of the value,
 * in a table of about as many places as there are parts, and by comparing where
 * these do not tell: a table is 17 instructions, whatever there are of parts.
 *
 * What makes trees grow without bound is rules that are wide where others are
 * narrow, which would be copied to every part. They are set aside, as EffiCuts
 * does (Vamanan, Voskuilen, Vijaykumar, SIGCOMM 2010), but at each list and by
 * how many parts they cover, which no width in bits tells: what is set aside is
 * a tree of its own, which is looked through later and not at all where what was
 * found comes before. N rules for a source each and N for a destination each are
 * two look-ups and 2 N entries, not N * N. What an earlier rule hides is left
 * out: one that matches all of the part ends its list, and the largest of others
 * are compared with what follows them.
 *
 * Copies are counted. Each list has room for so many, by its length, and what one
 * part leaves the next ones may take, so that no part of a list, by however bad
 * luck, is left to a search one by one. Where most rules overlap in every field
 * (intervals that hold each other, staircases), parting them coarsely and again
 * makes a segment tree (Bentley, 1977); but mostly they are left in their order
 * with blocks over them, a priority search tree (classify_leaf.c), which takes no
 * copies. Which one is better, trials tell when the list is built.
 *
 * For the worst there can be, no structure of linear size is known to do better
 * than log^(d-1) for d fields: d-dimensional point location is that hard. Such a
 * list is slower and never wrong, and a bound of its cost is known when it is
 * built (&pe_class.cost).
 *
 * Hash tables of tuples (TupleMerge, PartitionSort) would change cheaper than
 * this, which is built anew for each change; but they cost a hash of the key for
 * each table, know no ranges, and an adversary adds tables.
 */

#include <linux/compiler.h>
#include <linux/types.h>

#include "classify.h"
#include "classify_node.h"

/* Where the value of a field leads, by its upper bits. */
static __always_inline u32 pe_class_table(const struct pe_class_table *table,
					  const struct pe_class_key *key)
{
	u64 value = key->field[table->field];
	u64 at = value < table->base ? 0 : value - table->base;

	at >>= table->shift;
	return table->where[at < table->last ? at : table->last];
}

/* What of so many thresholds and one less a value may be among, halved. */
static __always_inline const u64 *pe_class_halve(const u64 *at, u64 value, u32 n)
{
	return at[n - 1] <= value ? at + n : at;
}

/* Likewise by comparing it, so often. */
static __always_inline u32 pe_class_search(const struct pe_class_search *search,
					   const struct pe_class_key *key,
					   u32 levels)
{
	u64 value = key->field[search->field];
	const u64 *at = search->threshold;

	if (levels > 2) {
		at = pe_class_halve(at, value, 8);
		at = pe_class_halve(at, value, 4);
	}
	at = pe_class_halve(at, value, 2);
	at = pe_class_halve(at, value, 1);
	return at[PE_CLASS_THRESHOLDS(levels)];
}

/* Does a packet pass all tests? */
static __always_inline bool pe_class_leaf_is(const struct pe_class_leaf *leaf,
					     const struct pe_class_key *key)
{
	const struct pe_class_test *test = leaf->test;
	const struct pe_class_test *end = test + leaf->tests;

	for (; test < end; test++)
		if ((key->field[test->field] & (s64)test->mask) - test->low >
		    test->length)
			return false;
	return true;
}

/* The first rule of a leaf that matches and comes before what was found. */
static u32 pe_class_leaf_find(const struct pe_class_leaf *leaf,
			      const struct pe_class_key *key, u32 found)
{
	while (leaf->index < found) {
		if (!pe_class_leaf_is(leaf, key)) {
			leaf = (const void *)((const u64 *)leaf + leaf->skip);
			continue;
		}
		if (!leaf->block)
			return leaf->index;
		leaf = (const void *)(leaf->test + leaf->tests);
	}
	return found;
}

/**
 * pe_class_find() - the first rule that a packet matches
 * @class: the rules
 * @key: the packet
 *
 * Context: any; whoever keeps @class.
 * Return: index of the rule, or %PE_CLASS_NONE.
 */
u32 pe_class_find(const struct pe_class *class, const struct pe_class_key *key)
{
	/* Read only where it was written: nobody need clear it for each packet. */
	const struct pe_class_aside *later[PE_CLASS_DEPTH] __uninitialized;
	const struct pe_class_aside *aside;
	u32 found = PE_CLASS_NONE;
	u32 where = class->root;
	const void *at;
	u32 n = 0;

	for (;;) {
		while (where < PE_CLASS_FEW)
			where = pe_class_table((const void *)&class->word[where],
					       key);
		at = &class->word[where & PE_CLASS_WHERE];
		if (where < PE_CLASS_SEARCH) {
			where = pe_class_search(at, key, PE_CLASS_FEW_LEVELS);
			continue;
		}
		if (where >= PE_CLASS_RULE) {
			where &= PE_CLASS_WHERE;
			if (where < found)
				found = where;
		} else if (where < PE_CLASS_LEAF) {
			where = pe_class_search(at, key, PE_CLASS_LEVELS);
			continue;
		} else if (where < PE_CLASS_ASIDE) {
			found = pe_class_leaf_find(at, key, found);
		} else {
			aside = at;
			later[n++] = aside;
			where = aside->next;
			continue;
		}
		do {
			if (!n)
				return found;
			aside = later[--n];
		} while (aside->first >= found);
		where = aside->where;
	}
}
