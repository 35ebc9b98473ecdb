// SPDX-License-Identifier: GPL-2.0-only
/*
 * Leaves: rules that are looked through in their order.
 *
 * Where there are many, each four follow a test of the least box that holds them,
 * each four of those another one, and so on: what a packet is not in is skipped.
 * That takes memory in proportion to the rules, whatever they are like, and is for
 * those that no cut parts well: they have a point in common, as intervals that
 * hold each other have. Of these the bounds of a few that follow each other say
 * much, so that a packet passes few tests for nothing; it is a priority search
 * tree then (McCreight, 1985), by rules' places instead of a field.
 */

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/string.h>

#include "classify_build.h"

/* A block has four of the next lower ones; the lowest, rules. */
#define PE_CLASS_BLOCK_LOG	2
#define PE_CLASS_BLOCK_LEVELS	8

/* As many rules are looked through without blocks. */
#define PE_CLASS_BLOCK_LEAST	6

/**
 * struct pe_class_blocks - blocks of a leaf that are being written
 * @at: word of the one of each level, 0 for none
 * @end: item behind it
 */
struct pe_class_blocks {
	u32	at[PE_CLASS_BLOCK_LEVELS];
	u32	end[PE_CLASS_BLOCK_LEVELS];
};

/* Room for one more of a leaf, with so many tests. */
static int pe_class_leaf_take(struct pe_class_builder *b, u32 index, u32 tests)
{
	struct pe_class_leaf *leaf;
	int at;

	at = pe_class_take(b, (sizeof(*leaf) + tests * sizeof(*leaf->test)) /
			      sizeof(u64));
	if (at < 0)
		return at;
	leaf = (void *)&b->class->word[at];
	leaf->index = index;
	leaf->tests = tests;
	leaf->block = 0;
	leaf->skip = b->used - at;
	return at;
}

static void pe_class_leaf_test(struct pe_class_test *test, u32 field, u64 low,
			       u64 high)
{
	test->field = field;
	test->mask = -1;
	test->low = low;
	test->length = high - low;
}

/* Write down what a rule of a leaf asks for. */
static int pe_class_leaf_rule(struct pe_class_builder *b,
			      const struct pe_class_item *item)
{
	const struct pe_class_box *box = &b->box[item->box];
	struct pe_class_test *test;
	u32 field;
	int at;

	at = pe_class_leaf_take(b, box->index, hweight32(item->open));
	if (at < 0)
		return at;
	test = ((struct pe_class_leaf *)&b->class->word[at])->test;
	for (field = 0; field < PE_CLASS_FIELDS; field++) {
		if (!(item->open & BIT(field)))
			continue;
		pe_class_leaf_test(test, field, box->low[field],
				   box->high[field]);
		if (field == PE_CLASS_FLAGS) {
			test->mask = box->high[field];
			test->length = 0;
		}
		test++;
	}
	return 0;
}

/* What items from one on to another have in common, in a field: false if that is
 * nothing that a packet in the region might not have.
 */
static bool pe_class_leaf_common(const struct pe_class_builder *b,
				 const struct pe_class_frame *frame, u32 field,
				 u32 i, u32 end, u64 *low, u64 *high)
{
	const struct pe_class_box *box;

	*low = U64_MAX;
	*high = 0;
	if (field == PE_CLASS_FLAGS)
		return false;
	for (; i < end; i++) {
		box = &b->box[b->item[i].box];
		*low = min(*low, box->low[field]);
		*high = max(*high, box->high[field]);
	}
	return *low > frame->low[field] || *high < frame->high[field];
}

/* Begin a block of items from one on to another. */
static int pe_class_leaf_block(struct pe_class_builder *b,
			       const struct pe_class_frame *frame, u32 i,
			       u32 end)
{
	u64 low[PE_CLASS_FIELDS], high[PE_CLASS_FIELDS];
	struct pe_class_leaf *leaf;
	u32 open = 0;
	u32 field, n;
	int at;

	for (field = 0; field < PE_CLASS_FIELDS; field++)
		if (pe_class_leaf_common(b, frame, field, i, end, &low[field],
					 &high[field]))
			open |= BIT(field);
	if (!open)
		return 0;
	at = pe_class_leaf_take(b, b->box[b->item[i].box].index,
				hweight32(open));
	if (at < 0)
		return at;
	leaf = (void *)&b->class->word[at];
	leaf->block = 1;
	for (field = 0, n = 0; field < PE_CLASS_FIELDS; field++)
		if (open & BIT(field))
			pe_class_leaf_test(&leaf->test[n++], field, low[field],
					   high[field]);
	return at;
}

/* Begin the blocks that begin with an item. */
static int pe_class_leaf_begin(struct pe_class_builder *b,
			       const struct pe_class_frame *frame, u32 i,
			       struct pe_class_blocks *blocks)
{
	u32 level, size, end;
	int at;

	for (level = PE_CLASS_BLOCK_LEVELS; level--;) {
		size = 1U << (level + 1) * PE_CLASS_BLOCK_LOG;
		end = min(i + size, b->items);
		if (i % size || end - i <= size >> PE_CLASS_BLOCK_LOG ||
		    b->items < PE_CLASS_BLOCK_LEAST)
			continue;
		at = pe_class_leaf_block(b, frame, i, end);
		if (at < 0)
			return at;
		blocks->at[level] = at;
		blocks->end[level] = end;
	}
	return 0;
}

/* End the blocks that an item is behind. */
static void pe_class_leaf_end(struct pe_class_builder *b, u32 i,
			      struct pe_class_blocks *blocks)
{
	struct pe_class_leaf *leaf;
	u32 level;

	for (level = 0; level < PE_CLASS_BLOCK_LEVELS; level++) {
		if (!blocks->at[level] || blocks->end[level] != i)
			continue;
		leaf = (void *)&b->class->word[blocks->at[level]];
		leaf->skip = b->used - blocks->at[level];
		blocks->at[level] = 0;
	}
}

/**
 * pe_class_leaf() - make what looks through the items one by one
 * @b: builder, with the items, of which the first one is open
 * @frame: their region
 * @out: out: where to look
 *
 * Return: 0, -ENOMEM or -E2BIG.
 */
int pe_class_leaf(struct pe_class_builder *b,
		  const struct pe_class_frame *frame,
		  struct pe_class_where *out)
{
	struct pe_class_blocks blocks = {};
	u32 begin = b->used;
	u32 i;
	int err;

	out->cost = PE_CLASS_COST_RULE;
	for (i = 0; i < b->items; i++) {
		pe_class_leaf_end(b, i, &blocks);
		err = pe_class_leaf_begin(b, frame, i, &blocks);
		if (!err)
			err = pe_class_leaf_rule(b, &b->item[i]);
		if (err)
			return err;
		out->cost += PE_CLASS_COST_RULE +
			     hweight32(b->item[i].open) * PE_CLASS_COST_TEST;
	}
	pe_class_leaf_end(b, i, &blocks);
	err = pe_class_leaf_take(b, PE_CLASS_NONE, 0);
	if (err < 0)
		return err;
	out->where = PE_CLASS_LEAF | pe_class_share(b, begin);
	return 0;
}

/* ---- is a leaf good enough? ---- */

/* Look-ups that tell: as many as there are rules, from few to many. */
#define PE_CLASS_TRIALS_LEAST	32
#define PE_CLASS_TRIALS_MOST	1024

/* Instructions a look-up, for each doubling of the rules. */
#define PE_CLASS_TRIAL_COST	32

/* Numbers without order, but the same each time: a list is always built alike. */
static u64 pe_class_random(u64 *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state >> 16;
}

/* A packet somewhere about the rules: at a corner of one, in each field. */
static void pe_class_trial_key(const struct pe_class_builder *b, u64 *state,
			       struct pe_class_key *key)
{
	const struct pe_class_box *box;
	u32 field;
	u64 value;

	for (field = 0; field < PE_CLASS_FIELDS; field++) {
		value = pe_class_random(state);
		box = &b->box[b->item[value % b->items].box];
		value = pe_class_random(state);
		if (field == PE_CLASS_FLAGS || value & 1)
			key->field[field] = box->low[field];
		else if (value & 2)
			key->field[field] = box->high[field];
		else
			key->field[field] = box->low[field] / 2 +
					    box->high[field] / 2;
	}
}

/* What looking it up in a leaf costs. */
static u32 pe_class_trial(const struct pe_class_leaf *leaf,
			  const struct pe_class_key *key)
{
	const struct pe_class_test *test;
	u32 cost = PE_CLASS_COST_RULE;
	u32 i;

	while (leaf->index != PE_CLASS_NONE) {
		cost += PE_CLASS_COST_RULE;
		for (i = 0; i < leaf->tests; i++) {
			test = &leaf->test[i];
			cost += PE_CLASS_COST_TEST;
			if ((key->field[test->field] & (s64)test->mask) -
			    test->low > test->length)
				break;
		}
		if (i < leaf->tests)
			leaf = (const void *)((const u64 *)leaf + leaf->skip);
		else if (leaf->block)
			leaf = (const void *)(leaf->test + leaf->tests);
		else
			break;
	}
	return cost;
}

/**
 * pe_class_leaf_try() - make a leaf of many items, if looking it up is cheap
 * @b: builder, with the items, of which the first one is open
 * @frame: their region
 * @out: out: where to look
 *
 * Return: 1, 0 where it is too dear, -ENOMEM or -E2BIG.
 */
int pe_class_leaf_try(struct pe_class_builder *b,
		      const struct pe_class_frame *frame,
		      struct pe_class_where *out)
{
	u32 limit = PE_CLASS_TRIAL_COST * (ilog2(b->items) + 1);
	u64 state = 88172645463325252ULL;
	const struct pe_class_leaf *leaf;
	struct pe_class_key key;
	u32 trials = clamp_t(u32, b->items, PE_CLASS_TRIALS_LEAST,
			     PE_CLASS_TRIALS_MOST);
	u32 begin = b->used;
	u32 i, cost, sum = 0;
	int err;

	err = pe_class_leaf(b, frame, out);
	if (err)
		return err;
	leaf = (void *)&b->class->word[out->where & PE_CLASS_WHERE];
	for (i = 0; i < trials; i++) {
		pe_class_trial_key(b, &state, &key);
		cost = pe_class_trial(leaf, &key);
		sum += cost;
		if (cost > 3 * limit || sum > trials * limit) {
			b->used = begin;
			return 0;
		}
	}
	return 1;
}
