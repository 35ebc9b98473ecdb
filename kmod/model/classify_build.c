// SPDX-License-Identifier: GPL-2.0-only
/* Building what rules are looked up in: nodes and leaves, from the whole down. */

#include <linux/bitops.h>
#include <linux/err.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "classify_build.h"

/* A list that asks for no more than this at its leaf is one. */
#define PE_CLASS_LEAF_RULES	3
#define PE_CLASS_LEAF_TESTS	6

/* How often a rule may be listed in the end, on average, and what there is room
 * for besides.
 */
#define PE_CLASS_COPIES		32
#define PE_CLASS_COPIES_MORE	16384

#define PE_CLASS_WORDS_MIN	64

/* Nodes and leaves that are remembered: two to the power of this. */
#define PE_CLASS_SHARED_LOG	14

/* Ends of rules in a field: fewer than two to the power of this. */
#define PE_CLASS_ENDS_LOG	22

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
	class->asks = b->class->asks;
	memcpy(class->word, b->class->word, b->used * sizeof(*class->word));
	kvfree(b->class);
	b->class = class;
	return 0;
}

/**
 * pe_class_take() - words for what is looked up
 * @b: builder, whose words may move
 * @words: how many
 *
 * Return: the first of them, -ENOMEM or -E2BIG.
 */
int pe_class_take(struct pe_class_builder *b, u64 words)
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

/**
 * pe_class_share() - have those words once that are there already
 * @b: builder
 * @at: the first of the words that were taken last, and are written
 *
 * What was remembered gives way to what has the same hash: not everything is
 * found that could be. It may be gone by now, but words are as good whatever they
 * were written for.
 *
 * Return: where the same words are.
 */
u32 pe_class_share(struct pe_class_builder *b, u32 at)
{
	const u64 *word = &b->class->word[at];
	u32 n = b->used - at;
	struct pe_class_shared *shared;
	u64 hash = n;
	u32 i;

	for (i = 0; i < n; i++)
		hash = (hash ^ word[i] ^ hash >> 29) * GOLDEN_RATIO_64;
	shared = &b->shared[hash >> (64 - PE_CLASS_SHARED_LOG)];
	if (shared->n == n && shared->at + n <= at &&
	    !memcmp(&b->class->word[shared->at], word, n * sizeof(*word))) {
		b->used = at;
		return shared->at;
	}
	shared->at = at;
	shared->n = n;
	return at;
}

static void pe_class_close(struct pe_class_frame *frame)
{
	kvfree(frame->start);
	kvfree(frame->entry);
	kvfree(frame->threshold);
	frame->start = NULL;
	frame->entry = NULL;
	frame->threshold = NULL;
}

/* A list has become something: tell the one above. */
static void pe_class_result(struct pe_class_builder *b, u32 where, u32 cost,
			    u64 listed)
{
	const struct pe_class_frame *frame = &b->frame[b->depth];
	struct pe_class_frame *above;

	if (!b->depth) {
		b->root = where;
		b->class->cost = cost;
		b->done = true;
		return;
	}
	above = &b->frame[--b->depth];
	above->where[above->next - 1] = where;
	above->cost[above->next - 1] = cost;
	above->left -= frame->n;
	above->room -= min(above->room, listed);
	above->listed += listed;
}

/* How small a rule is in the region: how often its part of it is halved. */
static u32 pe_class_small(const struct pe_class_builder *b,
			  const struct pe_class_frame *frame,
			  const struct pe_class_item *item)
{
	const struct pe_class_box *box = &b->box[item->box];
	u32 small = 0;
	u64 low, high;
	u32 field;

	for (field = 0; field < PE_CLASS_FIELDS; field++) {
		if (!(item->open & BIT(field)))
			continue;
		if (field == PE_CLASS_FLAGS) {
			small += hweight32(box->high[field]);
			continue;
		}
		low = max(box->low[field], frame->low[field]);
		high = min(box->high[field], frame->high[field]);
		small += ilog2(frame->high[field] - frame->low[field] ?: 1) -
			 ilog2(high - low ?: 1);
	}
	return small;
}

/* Does an item match all that another one does in the region? */
static bool pe_class_is_over(const struct pe_class_builder *b,
			     const struct pe_class_frame *frame,
			     const struct pe_class_item *over,
			     const struct pe_class_item *item)
{
	const struct pe_class_box *x = &b->box[over->box];
	const struct pe_class_box *y = &b->box[item->box];
	u32 open = over->open;
	u32 field;

	if (open & ~item->open)
		return false;
	for (; open; open &= open - 1) {
		field = __ffs(open);
		if (field == PE_CLASS_FLAGS) {
			if (x->low[field] != y->low[field] ||
			    x->high[field] != y->high[field])
				return false;
		} else if (x->low[field] > max(y->low[field],
					       frame->low[field]) ||
			   x->high[field] < min(y->high[field],
						frame->high[field])) {
			return false;
		}
	}
	return true;
}

/*
 * Is an item hidden by one of the largest before it? If not, it may be one of
 * these itself.
 */
static bool pe_class_is_hidden(struct pe_class_builder *b,
			       const struct pe_class_frame *frame, u32 i)
{
	u32 small = pe_class_small(b, frame, &b->item[i]);
	u32 worst = 0;
	u32 k;

	for (k = 0; k < b->larges; k++) {
		if (pe_class_is_over(b, frame, &b->item[b->large[k].item],
				     &b->item[i]))
			return true;
		if (b->large[k].small > b->large[worst].small)
			worst = k;
	}
	if (b->larges < PE_CLASS_LARGE)
		worst = b->larges++;
	else if (b->large[worst].small <= small)
		return false;
	b->large[worst].item = i;
	b->large[worst].small = small;
	return false;
}

/* The list's rules, until one matches the whole region, but for what is hidden:
 * how many tests are open.
 */
static u32 pe_class_items(struct pe_class_builder *b,
			  const struct pe_class_frame *frame)
{
	u32 tests = 0;
	u32 n = 0;
	u32 i, field;

	b->larges = 0;
	for (i = 0; i < frame->n; i++) {
		struct pe_class_item *item = &b->item[n];

		item->box = frame->list[i];
		item->open = 0;
		for (field = 0; field < PE_CLASS_FIELDS; field++)
			if (!pe_class_covers(&b->box[item->box], field,
					     frame->low[field],
					     frame->high[field]))
				item->open |= BIT(field);
		if (pe_class_is_hidden(b, frame, n))
			continue;
		tests += hweight32(item->open);
		n++;
		if (!item->open)
			break;
	}
	b->items = n;
	return tests;
}

/* A list that is parted no more. */
static int pe_class_end(struct pe_class_builder *b,
			const struct pe_class_frame *frame)
{
	struct pe_class_where made = { .where = PE_CLASS_RULE | PE_CLASS_NONE };
	int err = 0;

	if (b->items && b->item[0].open)
		err = pe_class_leaf(b, frame, &made);
	else if (b->items)
		made.where = PE_CLASS_RULE | b->box[b->item[0].box].index;
	if (!err)
		pe_class_result(b, made.where, made.cost, b->items);
	return err;
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

/* Room for what becomes of the parts, and of what is set aside. */
static int pe_class_part(struct pe_class_builder *b,
			 struct pe_class_frame *frame, u32 field)
{
	u32 n = frame->parts + 1;

	frame->field = field;
	frame->threshold = kvmalloc_array(n, sizeof(u64) + 2 * sizeof(u32),
					  GFP_KERNEL_ACCOUNT);
	if (!frame->threshold)
		return -ENOMEM;
	frame->where = (u32 *)(frame->threshold + n);
	frame->cost = frame->where + n;
	memcpy(frame->threshold, b->threshold,
	       (frame->parts - 1) * sizeof(u64));
	frame->left = frame->start[frame->parts] + frame->asides;
	frame->listed = 0;
	frame->opened = true;
	return 0;
}

/* All parts are made, and what was set aside: find them. */
static int pe_class_finish(struct pe_class_builder *b,
			   struct pe_class_frame *frame)
{
	u32 end = frame->parts;
	struct pe_class_aside *node;
	struct pe_class_where made;
	int where;

	where = pe_class_index(b, frame, &made);
	if (where)
		return where;
	if (frame->asides) {
		where = pe_class_take(b, sizeof(*node) / sizeof(u64));
		if (where < 0)
			return where;
		node = (void *)&b->class->word[where];
		node->first = b->box[frame->entry[frame->start[end]]].index;
		node->where = frame->where[end];
		node->next = made.where;
		node->reserved = 0;
		made.where = PE_CLASS_ASIDE | pe_class_share(b, where);
		made.cost += frame->cost[end] + PE_CLASS_COST_ASIDE;
	}
	pe_class_close(frame);
	pe_class_result(b, made.where, made.cost, frame->listed);
	return 0;
}

/* Look at a list for the first time: make it a leaf, or a node without parts. */
static int pe_class_open(struct pe_class_builder *b, struct pe_class_frame *frame)
{
	struct pe_class_where made;
	struct pe_class_cut cut;
	int err;
	u32 tests;

	tests = pe_class_items(b, frame);
	if (!b->items || !b->item[0].open ||
	    (b->items <= PE_CLASS_LEAF_RULES && tests <= PE_CLASS_LEAF_TESTS) ||
	    b->depth == PE_CLASS_DEPTH - 1 || !pe_class_choose(b, frame, &cut))
		return pe_class_end(b, frame);
	if (cut.poor) {
		err = pe_class_leaf_try(b, frame, &made);
		if (err > 0)
			pe_class_result(b, made.where, made.cost, b->items);
		if (err)
			return min(err, 0);
	}
	err = pe_class_lists(b, frame, &cut);
	if (err)
		return err;
	pe_class_join(b, frame, &cut);
	return pe_class_part(b, frame, cut.field);
}

/* Go down to the next part of a node, or to what is set aside. */
static void pe_class_down(struct pe_class_builder *b, struct pe_class_frame *frame)
{
	struct pe_class_frame *below = &b->frame[++b->depth];
	u32 part = frame->next++;

	memcpy(below->low, frame->low, sizeof(below->low));
	memcpy(below->high, frame->high, sizeof(below->high));
	below->list = &frame->entry[frame->start[part]];
	below->n = frame->asides;
	below->opened = false;
	if (part < frame->parts)
		below->n = frame->start[part + 1] - frame->start[part];
	below->room = div_u64(frame->room * below->n, max(frame->left, 1U));
	if (part == frame->parts)
		return;
	if (part)
		below->low[frame->field] = frame->threshold[part - 1];
	if (part < frame->parts - 1)
		below->high[frame->field] = frame->threshold[part] - 1;
}

/* One step of building: look at a list, go down from it, or be done with it. */
static int pe_class_step(struct pe_class_builder *b)
{
	struct pe_class_frame *frame = &b->frame[b->depth];

	if (!frame->opened) {
		frame->next = 0;
		frame->asides = 0;
		return pe_class_open(b, frame);
	}
	if (frame->next < frame->parts + !!frame->asides) {
		pe_class_down(b, frame);
		return 0;
	}
	return pe_class_finish(b, frame);
}

/* Room to work in, for as many rules as there are. */
static int pe_class_room(struct pe_class_builder *b)
{
	u64 ends = max_t(u64, b->n * 2ULL, PE_CLASS_FLAGS_VALUES) + 2;

	if (ends > 1U << PE_CLASS_ENDS_LOG)
		return -E2BIG;
	b->item = kvmalloc_array(b->n + 1, sizeof(*b->item), GFP_KERNEL_ACCOUNT);
	b->end[0] = kvmalloc_array(ends, sizeof(*b->end[0]), GFP_KERNEL_ACCOUNT);
	b->end[1] = kvmalloc_array(ends, sizeof(*b->end[1]), GFP_KERNEL_ACCOUNT);
	b->threshold = kvmalloc_array(ends, sizeof(u64), GFP_KERNEL_ACCOUNT);
	b->hidden = kvmalloc_array(ends, sizeof(u32), GFP_KERNEL_ACCOUNT);
	b->skip = kvmalloc_array(ends, sizeof(u32), GFP_KERNEL_ACCOUNT);
	b->size = kvmalloc_array(ends, sizeof(u32), GFP_KERNEL_ACCOUNT);
	b->whole = kvmalloc_array(b->n + 1, sizeof(u32), GFP_KERNEL_ACCOUNT);
	b->shared = kvcalloc(1U << PE_CLASS_SHARED_LOG, sizeof(*b->shared),
			     GFP_KERNEL_ACCOUNT);
	b->class = kvmalloc(struct_size(b->class, word, PE_CLASS_WORDS_MIN),
			    GFP_KERNEL_ACCOUNT);
	if (!b->item || !b->end[0] || !b->end[1] || !b->threshold ||
	    !b->hidden || !b->skip || !b->size || !b->shared || !b->whole ||
	    !b->class)
		return -ENOMEM;
	b->class->words = PE_CLASS_WORDS_MIN;
	b->class->asks = 0;
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
	kvfree(b->shared);
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

/* Fields that a rule does not match everything in. Of no port there is, none that
 * has ports need be asked which it is.
 */
static u32 pe_class_asks(const struct pe_class_box *box,
			 const struct pe_class_box *any)
{
	u32 field, asks = 0;

	for (field = 0; field < PE_CLASS_FIELDS; field++)
		if (box->low[field] != any->low[field] ||
		    box->high[field] != any->high[field])
			asks |= BIT(field);
	if (box->low[PE_CLASS_SPORT] >= PE_CLASS_NO_PORT)
		asks &= ~BIT(PE_CLASS_SPORT);
	return asks;
}

/* All rules, in the region of everything. */
static void pe_class_whole(struct pe_class_builder *b)
{
	struct pe_class_frame *frame = &b->frame[0];
	struct pe_class_box any;
	u32 i;

	pe_class_any(&any);
	for (i = 0; i < b->n; i++) {
		b->whole[i] = i;
		b->class->asks |= pe_class_asks(&b->box[i], &any);
	}
	memset(frame->high, 0xff, sizeof(frame->high));
	frame->high[PE_CLASS_FLAGS] = PE_CLASS_NO_FLAGS;
	frame->list = b->whole;
	frame->n = b->n;
	frame->room = (u64)b->n * PE_CLASS_COPIES + PE_CLASS_COPIES_MORE;
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
	err = pe_class_run(b);
	class = err ? ERR_PTR(err) : b->class;
	if (!err)
		b->class = NULL;
	pe_class_room_free(b);
	return class;
}
