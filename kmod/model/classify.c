// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looking up the first rule that a packet matches.
 *
 * A node parts the values of one field by thresholds and sends the packet on by
 * a binary search among them, so that a list of source prefixes is one search
 * and a rule's other fields are compared at the leaf that is left. Such trees
 * over end points of what rules match are HyperSplit's (Qi, Xu, Yang, Xue, Li,
 * "Packet Classification Algorithms: From Theory to Practice", INFOCOM 2009),
 * with as many parts to a node as the field has; a search over an array takes
 * three instructions where a node of a binary tree takes a dozen.
 *
 * What makes trees grow without bound is rules that are wide where others are
 * narrow, which would be copied to every part. They are set aside, as EffiCuts
 * does (Vamanan, Voskuilen, Vijaykumar, SIGCOMM 2010), but at each node and by
 * how many parts they cover, which no width in bits tells: the node's `aside` is
 * a tree of its own, which is looked through later and not at all where what was
 * found comes before. N rules for a source each and N for a destination each are
 * two searches and 2 N entries, not N * N. What hides a rule in a part, an
 * earlier one that matches all of it, ends the part's list.
 *
 * Where most rules overlap in every field (intervals that hold each other,
 * staircases) a field is parted coarsely and again, and what covers a whole part
 * is set aside there, free of the field: that is a segment tree (Bentley, 1977).
 * It bounds what nothing else does: with N rules that overlap so in d fields a
 * look-up is about (log4 N)^(d-1) searches and memory N * (4 log4 N)^(d-1),
 * until the bound of copies below is met; then the rules that are left stand in
 * a leaf one by one. No structure of linear size is known to do better than
 * log^(d-1): d-dimensional point location is that hard. Such a list is slower
 * and never wrong, and its cost is known when it is built (&pe_class.cost).
 *
 * Hash tables of tuples (TupleMerge, PartitionSort) would change cheaper than
 * this, which is built anew for each change; but they cost a hash of the key for
 * each table, know no ranges, and an adversary adds tables.
 */

#include <linux/compiler.h>
#include <linux/types.h>

#include "classify.h"
#include "classify_node.h"

/* What of so many thresholds and one less a value may be among, halved. */
static __always_inline const u64 *pe_class_halve(const u64 *at, u64 value, u32 n)
{
	return at[n - 1] <= value ? at + n : at;
}

/*
 * How many thresholds are not greater than a value. The first comparison leaves
 * a power of two less one of them, the others halve that, without a loop: two or
 * three instructions each.
 */
static __always_inline u32 pe_class_search(const struct pe_class_node *node,
					   u64 value)
{
	const u64 *at = node->threshold;
	u32 log;

	if (at[node->last] <= value)
		at += node->skip;
	for (log = node->log; unlikely(log > 16); log--)
		at = pe_class_halve(at, value, 1U << (log - 1));
	switch (log) {
	case 16:
		at = pe_class_halve(at, value, 1U << 15);
		fallthrough;
	case 15:
		at = pe_class_halve(at, value, 1U << 14);
		fallthrough;
	case 14:
		at = pe_class_halve(at, value, 1U << 13);
		fallthrough;
	case 13:
		at = pe_class_halve(at, value, 1U << 12);
		fallthrough;
	case 12:
		at = pe_class_halve(at, value, 1U << 11);
		fallthrough;
	case 11:
		at = pe_class_halve(at, value, 1U << 10);
		fallthrough;
	case 10:
		at = pe_class_halve(at, value, 1U << 9);
		fallthrough;
	case 9:
		at = pe_class_halve(at, value, 1U << 8);
		fallthrough;
	case 8:
		at = pe_class_halve(at, value, 1U << 7);
		fallthrough;
	case 7:
		at = pe_class_halve(at, value, 1U << 6);
		fallthrough;
	case 6:
		at = pe_class_halve(at, value, 1U << 5);
		fallthrough;
	case 5:
		at = pe_class_halve(at, value, 1U << 4);
		fallthrough;
	case 4:
		at = pe_class_halve(at, value, 1U << 3);
		fallthrough;
	case 3:
		at = pe_class_halve(at, value, 1U << 2);
		fallthrough;
	case 2:
		at = pe_class_halve(at, value, 1U << 1);
		fallthrough;
	case 1:
		at = pe_class_halve(at, value, 1U << 0);
		fallthrough;
	default:
		break;
	}
	return at - node->threshold;
}

/* The first rule of a leaf that matches and comes before what was found. */
static u32 pe_class_leaf_find(const struct pe_class_leaf *leaf,
			      const struct pe_class_key *key, u32 found)
{
	const struct pe_class_test *test, *end;

	while (leaf->index < found) {
		end = leaf->test + leaf->tests;
		for (test = leaf->test; test < end; test++)
			if ((key->field[test->field] & (s64)test->mask) -
			    test->low > test->length)
				break;
		if (test == end)
			return leaf->index;
		if (!leaf->more)
			break;
		leaf = (const void *)end;
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
	const struct pe_class_node *later[PE_CLASS_DEPTH] __uninitialized;
	const struct pe_class_node *node;
	u32 found = PE_CLASS_NONE;
	u32 where = class->root;
	u32 n = 0;

	for (;;) {
		while (!(where & (PE_CLASS_RULE | PE_CLASS_LEAF))) {
			node = (const void *)&class->word[where];
			if (node->aside)
				later[n++] = node;
			where = ((const u32 *)(node->threshold + node->n))
				[pe_class_search(node, key->field[node->field])];
		}
		if (where & PE_CLASS_RULE) {
			where &= PE_CLASS_NONE;
			if (where < found)
				found = where;
		} else {
			where &= PE_CLASS_WHERE;
			found = pe_class_leaf_find((const void *)
						   &class->word[where],
						   key, found);
		}
		do {
			if (!n)
				return found;
			node = later[--n];
		} while (node->first >= found);
		where = node->aside;
	}
}
