// SPDX-License-Identifier: GPL-2.0-only
/* Building what rules are looked up in: nodes and leaves, from the whole down. */

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "classify_build.h"

/* A list that asks for no more than this at its leaf is one. */
#define PE_CLASS_LEAF_RULES	3
#define PE_CLASS_LEAF_TESTS	6

/* How often on average a rule may be listed besides once at each level. */
#define PE_CLASS_COPIES	24

#define PE_CLASS_WORDS_MIN	64

/**
 * pe_class_any() - what matches everything
 * @box: out: it, without an index
 */
void pe_class_any(struct pe_class_box *box)
{
	memset(box->low, 0, sizeof(box->low));
	memset(box->high, 0xff, sizeof(box->high));
	box->high[PE_CLASS_FLAGS] = 0;
}

/* Another array for the words, with what is there of it. */
static int pe_class_resize(struct pe_class_builder *b, u32 words)
{
	struct pe_class *class;

	class = kvmalloc(struct_size(class, word, words), GFP_KERNEL_ACCOUNT);
	if (!class)
		return -ENOMEM;
	class->words = words;
	class->cost = b->class->cost;
	memcpy(class->word, b->class->word, b->used * sizeof(*class->word));
	kvfree(b->class);
	b->class = class;
	return 0;
}

/* Words for a node or leaf: where they are, or an error. */
static int pe_class_take(struct pe_class_builder *b, u64 words)
{
	u64 room = b->class->words;
	u32 where = b->used;

	if (b->used + words > PE_CLASS_WHERE)
		return -E2BIG;
	while (room < b->used + words)
		room += room / 2;
	/* Nothing larger can be allocated. */
	if (room > INT_MAX / sizeof(*b->class->word) - 1)
		return -E2BIG;
	if (room > b->class->words && pe_class_resize(b, room))
		return -ENOMEM;
	b->used += words;
	return where;
}

static void pe_class_close(struct pe_class_frame *frame)
{
	kvfree(frame->start);
	kvfree(frame->entry);
	frame->start = NULL;
	frame->entry = NULL;
}

/* A list has become something: tell the node above. */
static void pe_class_result(struct pe_class_builder *b, u32 where, u32 cost)
{
	struct pe_class_frame *above;
	struct pe_class_node *node;

	if (!b->depth) {
		b->root = where;
		b->class->cost = cost;
		b->done = true;
		return;
	}
	above = &b->frame[--b->depth];
	node = (void *)&b->class->word[above->node];
	if (above->next <= above->parts) {
		((u32 *)(node->threshold + node->n))[above->next - 1] = where;
		above->worst = max(above->worst, cost);
	} else {
		node->aside = where;
		above->worst += cost;
	}
}

/* The list's rules, until one matches the whole region: how many tests are open. */
static u32 pe_class_items(struct pe_class_builder *b,
			  const struct pe_class_frame *frame)
{
	u32 tests = 0;
	u32 i, field;

	for (i = 0; i < frame->n; i++) {
		struct pe_class_item *item = &b->item[i];

		item->box = frame->list[i];
		item->open = 0;
		for (field = 0; field < PE_CLASS_FIELDS; field++)
			if (!pe_class_covers(&b->box[item->box], field,
					     frame->low[field],
					     frame->high[field]))
				item->open |= BIT(field);
		tests += hweight32(item->open);
		if (!item->open) {
			i++;
			break;
		}
	}
	b->items = i;
	return tests;
}

/* Write down what a rule of a leaf asks for. */
static void pe_class_leaf_rule(const struct pe_class_builder *b,
			       const struct pe_class_item *item,
			       struct pe_class_leaf *leaf)
{
	const struct pe_class_box *box = &b->box[item->box];
	struct pe_class_test *test = leaf->test;
	u32 field;

	leaf->index = box->index;
	leaf->tests = hweight32(item->open);
	for (field = 0; field < PE_CLASS_FIELDS; field++) {
		if (!(item->open & BIT(field)))
			continue;
		test->field = field;
		test->low = box->low[field];
		if (field == PE_CLASS_FLAGS) {
			test->mask = box->high[field];
			test->length = 0;
		} else {
			test->mask = -1;
			test->length = box->high[field] - box->low[field];
		}
		test++;
	}
}

/* A list that is looked through one by one. */
static int pe_class_leaf(struct pe_class_builder *b, u32 tests)
{
	struct pe_class_leaf *leaf;
	int where;
	u32 i;

	if (!b->items) {
		pe_class_result(b, PE_CLASS_RULE | PE_CLASS_NONE, 0);
		return 0;
	}
	if (!b->item[0].open) {
		pe_class_result(b, PE_CLASS_RULE |
				b->box[b->item[0].box].index, 0);
		return 0;
	}
	where = pe_class_take(b, (sizeof(struct pe_class_leaf) * b->items +
				  sizeof(struct pe_class_test) * tests) /
				 sizeof(u64));
	if (where < 0)
		return where;
	leaf = (void *)&b->class->word[where];
	for (i = 0; i < b->items; i++) {
		pe_class_leaf_rule(b, &b->item[i], leaf);
		leaf->more = i + 1 < b->items;
		leaf = (void *)(leaf->test + leaf->tests);
	}
	pe_class_result(b, PE_CLASS_LEAF | where,
			b->items * PE_CLASS_COST_RULE +
			tests * PE_CLASS_COST_TEST);
	return 0;
}

/* The lists of the parts one after another, and then what is set aside. */
static int pe_class_lists(struct pe_class_builder *b,
			  struct pe_class_frame *frame,
			  const struct pe_class_cut *cut)
{
	u64 sum = 0;
	u32 i, n;

	pe_class_hide(b, frame, cut);
	memset(b->size, 0, cut->parts * sizeof(*b->size));
	pe_class_place(b, frame, cut, NULL);
	frame->start = kvmalloc_array(cut->parts + 1, sizeof(u32),
				      GFP_KERNEL_ACCOUNT);
	if (!frame->start)
		return -ENOMEM;
	for (i = 0; i < cut->parts; i++) {
		frame->start[i] = sum;
		sum += b->size[i];
		b->size[i] = frame->start[i];
	}
	frame->start[i] = sum;
	if (sum + b->items > U32_MAX)
		return -E2BIG;
	frame->entry = kvmalloc_array(sum + b->items, sizeof(u32),
				      GFP_KERNEL_ACCOUNT);
	if (!frame->entry)
		return -ENOMEM;
	pe_class_place(b, frame, cut, frame->entry);
	for (i = 0, n = 0; i < b->items; i++)
		if (pe_class_is_aside(b, frame, cut, &b->item[i]))
			frame->entry[sum + n++] = b->item[i].box;
	frame->asides = n;
	if (sum > b->items)
		b->copies -= min_t(u64, b->copies, sum - b->items);
	return 0;
}

/*
 * Parts next to each other with the same rules are one; two are left at least.
 * The lists that are left move together, and what is set aside after them.
 */
static void pe_class_join(struct pe_class_builder *b,
			  struct pe_class_frame *frame,
			  const struct pe_class_cut *cut)
{
	u32 *entry = frame->entry;
	u32 *start = frame->start;
	u32 used = start[1];
	u32 parts = 1;
	u32 i, n, from;

	for (i = 1; i < cut->parts; i++) {
		from = start[i];
		n = start[i + 1] - from;
		if (n == used - start[parts - 1] &&
		    !memcmp(&entry[from], &entry[used - n], n * sizeof(u32)) &&
		    (parts > 1 || i + 1 < cut->parts))
			continue;
		b->threshold[parts - 1] = b->threshold[i * cut->step - 1];
		start[parts++] = used;
		memmove(&entry[used], &entry[from], n * sizeof(u32));
		used += n;
	}
	memmove(&entry[used], &entry[start[cut->parts]],
		frame->asides * sizeof(u32));
	start[parts] = used;
	frame->parts = parts;
}

/* The node itself; its parts follow when they are made. */
static int pe_class_node(struct pe_class_builder *b,
			 struct pe_class_frame *frame, u32 field)
{
	struct pe_class_node *node;
	u32 n = frame->parts - 1;
	int where;

	where = pe_class_take(b, sizeof(*node) / sizeof(u64) + n +
				 DIV_ROUND_UP(frame->parts, 2));
	if (where < 0)
		return where;
	node = (void *)&b->class->word[where];
	node->aside = 0;
	node->first = 0;
	if (frame->asides)
		node->first = b->box[frame->entry[frame->start[n + 1]]].index;
	node->n = n;
	node->field = field;
	node->log = ilog2(n);
	node->last = (1U << node->log) - 1;
	node->skip = n - node->last;
	memcpy(node->threshold, b->threshold, n * sizeof(u64));
	frame->node = where;
	return 0;
}

/* Look at a list for the first time: make it a leaf, or a node without parts. */
static int pe_class_open(struct pe_class_builder *b, struct pe_class_frame *frame)
{
	struct pe_class_cut cut;
	int err;
	u32 tests;

	tests = pe_class_items(b, frame);
	if (!b->items || !b->item[0].open ||
	    (b->items <= PE_CLASS_LEAF_RULES && tests <= PE_CLASS_LEAF_TESTS) ||
	    b->depth == PE_CLASS_DEPTH - 1 || !pe_class_choose(b, frame, &cut))
		return pe_class_leaf(b, tests);
	err = pe_class_lists(b, frame, &cut);
	if (err)
		return err;
	pe_class_join(b, frame, &cut);
	err = pe_class_node(b, frame, cut.field);
	frame->opened = true;
	return err;
}

/* Go down to the next part of a node, or to what is set aside. */
static void pe_class_down(struct pe_class_builder *b, struct pe_class_frame *frame)
{
	const struct pe_class_node *node = (void *)&b->class->word[frame->node];
	struct pe_class_frame *below = &b->frame[++b->depth];
	u32 part = frame->next++;

	memcpy(below->low, frame->low, sizeof(below->low));
	memcpy(below->high, frame->high, sizeof(below->high));
	below->list = &frame->entry[frame->start[part]];
	below->n = frame->asides;
	below->opened = false;
	if (part == frame->parts)
		return;
	below->n = frame->start[part + 1] - frame->start[part];
	if (part)
		below->low[node->field] = node->threshold[part - 1];
	if (part < node->n)
		below->high[node->field] = node->threshold[part] - 1;
}

/* One step of building: look at a list, go down from it, or be done with it. */
static int pe_class_step(struct pe_class_builder *b)
{
	struct pe_class_frame *frame = &b->frame[b->depth];
	const struct pe_class_node *node;

	if (!frame->opened) {
		frame->next = 0;
		frame->asides = 0;
		frame->worst = 0;
		return pe_class_open(b, frame);
	}
	if (frame->next < frame->parts + !!frame->asides) {
		pe_class_down(b, frame);
		return 0;
	}
	node = (void *)&b->class->word[frame->node];
	pe_class_close(frame);
	pe_class_result(b, frame->node, frame->worst + PE_CLASS_COST_NODE +
			node->log * PE_CLASS_COST_LEVEL);
	return 0;
}

/* Room to work in, for as many rules as there are. */
static int pe_class_room(struct pe_class_builder *b)
{
	u64 ends = max_t(u64, b->n * 2ULL, PE_CLASS_FLAGS_VALUES) + 2;

	if (ends > 1U << PE_CLASS_LOG)
		return -E2BIG;
	b->item = kvmalloc_array(b->n + 1, sizeof(*b->item), GFP_KERNEL_ACCOUNT);
	b->end[0] = kvmalloc_array(ends, sizeof(*b->end[0]), GFP_KERNEL_ACCOUNT);
	b->end[1] = kvmalloc_array(ends, sizeof(*b->end[1]), GFP_KERNEL_ACCOUNT);
	b->threshold = kvmalloc_array(ends, sizeof(u64), GFP_KERNEL_ACCOUNT);
	b->hidden = kvmalloc_array(ends, sizeof(u32), GFP_KERNEL_ACCOUNT);
	b->skip = kvmalloc_array(ends, sizeof(u32), GFP_KERNEL_ACCOUNT);
	b->size = kvmalloc_array(ends, sizeof(u32), GFP_KERNEL_ACCOUNT);
	b->whole = kvmalloc_array(b->n + 1, sizeof(u32), GFP_KERNEL_ACCOUNT);
	b->class = kvmalloc(struct_size(b->class, word, PE_CLASS_WORDS_MIN),
			    GFP_KERNEL_ACCOUNT);
	if (!b->item || !b->end[0] || !b->end[1] || !b->threshold ||
	    !b->hidden || !b->skip || !b->size || !b->whole || !b->class)
		return -ENOMEM;
	b->class->words = PE_CLASS_WORDS_MIN;
	/* Word 0 is nobody's: nothing set aside has it. */
	b->used = 1;
	b->class->word[0] = 0;
	return 0;
}

static void pe_class_room_free(struct pe_class_builder *b)
{
	u32 i;

	for (i = 0; i <= b->depth; i++)
		pe_class_close(&b->frame[i]);
	kvfree(b->whole);
	kvfree(b->item);
	kvfree(b->end[0]);
	kvfree(b->end[1]);
	kvfree(b->threshold);
	kvfree(b->hidden);
	kvfree(b->skip);
	kvfree(b->size);
	kvfree(b->class);
	kvfree(b);
}

/* All rules, in the region of everything. */
static void pe_class_whole(struct pe_class_builder *b)
{
	struct pe_class_frame *frame = &b->frame[0];
	u32 i;

	for (i = 0; i < b->n; i++)
		b->whole[i] = i;
	memset(frame->high, 0xff, sizeof(frame->high));
	frame->high[PE_CLASS_FLAGS] = PE_CLASS_NO_FLAGS;
	frame->list = b->whole;
	frame->n = b->n;
}

/* Step until everything is made. */
static int pe_class_run(struct pe_class_builder *b)
{
	int err;

	err = pe_class_room(b);
	if (err)
		return err;
	pe_class_whole(b);
	while (!b->done) {
		err = pe_class_step(b);
		if (err)
			return err;
		cond_resched();
	}
	err = pe_class_resize(b, b->used);
	if (err)
		return err;
	b->class->root = b->root;
	return 0;
}

/**
 * pe_class_build() - make rules ready to be looked up
 * @box: the rules, by index; nobody needs them afterwards
 * @n: how many
 *
 * Context: process context; sleeps, and takes some microseconds for a rule.
 * Return: them, to be freed with kvfree(), or an error: -ENOMEM, or -E2BIG for
 *	more rules than can be.
 */
struct pe_class *pe_class_build(const struct pe_class_box *box, u32 n)
{
	struct pe_class_builder *b;
	struct pe_class *class;
	int err;

	b = kvzalloc(sizeof(*b), GFP_KERNEL_ACCOUNT);
	if (!b)
		return ERR_PTR(-ENOMEM);
	b->box = box;
	b->n = n;
	b->copies = (u64)n * PE_CLASS_COPIES + 4096;
	err = pe_class_run(b);
	class = err ? ERR_PTR(err) : b->class;
	if (!err)
		b->class = NULL;
	pe_class_room_free(b);
	return class;
}
