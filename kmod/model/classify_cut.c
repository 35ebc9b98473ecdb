// SPDX-License-Identifier: GPL-2.0-only
/* Where to part a list of rules: by which field, how finely, what stays out. */

#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "classify_build.h"

/* So many rules of a longer list tell by which field to part it. */
#define PE_CLASS_SAMPLE	1024

/* Copies that one node may make of each rule on average, while there are any. */
#define PE_CLASS_ROOM	32

/* Instructions, about, for finding one of many parts. */
#define PE_CLASS_GUESS	30U

/* A coarse cut makes about so many parts. */
#define PE_CLASS_COARSE	4

/**
 * pe_class_covers() - does a rule match all values that a field has in a region?
 * @box: the rule
 * @field: the field
 * @low: least value in the region
 * @high: greatest one
 */
bool pe_class_covers(const struct pe_class_box *box, u32 field, u64 low,
		     u64 high)
{
	if (field != PE_CLASS_FLAGS)
		return box->low[field] <= low && box->high[field] >= high;
	if (!box->high[field])
		return true;
	for (; low <= high; low++)
		if (!pe_class_flags_match(box, low))
			return false;
	return true;
}

/* What is left is in order of the ends' values; few are cheaper without digits. */
static void pe_class_sort_few(struct pe_class_end *end, u32 n)
{
	struct pe_class_end moved;
	u32 i, j;

	for (i = 1; i < n; i++) {
		moved = end[i];
		for (j = i; j && end[j - 1].value > moved.value; j--)
			end[j] = end[j - 1];
		end[j] = moved;
	}
}

/* One digit of the ends, from an array into the other, in order of before. */
static void pe_class_sort_digit(struct pe_class_builder *b,
				const struct pe_class_end *from,
				struct pe_class_end *to, u32 n, u32 shift)
{
	u32 *digit = b->digit;
	u32 sum = 0;
	u32 i, count;

	memset(digit, 0, sizeof(b->digit));
	for (i = 0; i < n; i++)
		digit[(from[i].value >> shift) & 0xff]++;
	for (i = 0; i < ARRAY_SIZE(b->digit); i++) {
		count = digit[i];
		digit[i] = sum;
		sum += count;
	}
	for (i = 0; i < n; i++)
		to[digit[(from[i].value >> shift) & 0xff]++] = from[i];
}

/* Ends by value. */
static const struct pe_class_end *
pe_class_sort(struct pe_class_builder *b, u32 n)
{
	struct pe_class_end *from = b->end[0];
	struct pe_class_end *to = b->end[1];
	u64 differ = 0;
	u32 i, shift;

	if (n <= 48) {
		pe_class_sort_few(from, n);
		return from;
	}
	for (i = 1; i < n; i++)
		differ |= from[i].value ^ from[0].value;
	for (shift = 0; shift < 64; shift += 8) {
		if (!((differ >> shift) & 0xff))
			continue;
		pe_class_sort_digit(b, from, to, n, shift);
		swap(from, to);
	}
	return from;
}

/* Each value of the flags is a part. */
static void
pe_class_measure_flags(struct pe_class_builder *b, u64 low, u64 high)
{
	u32 i;

	b->thresholds = 0;
	while (low + b->thresholds < high) {
		b->threshold[b->thresholds] = low + b->thresholds + 1;
		b->thresholds++;
	}
	for (i = 0; i < b->items; i++) {
		b->item[i].from = 0;
		b->item[i].to = b->thresholds;
	}
}

/* One more end of an item. */
static void pe_class_add(struct pe_class_builder *b, u32 *n, u64 value, u32 item)
{
	b->end[0][*n].value = value;
	b->end[0][*n].item = item;
	++*n;
}

/* Which parts the ends of the items make of a field, and in which each item is. */
static void pe_class_measure(struct pe_class_builder *b,
			     const struct pe_class_frame *frame, u32 field)
{
	const struct pe_class_end *sorted;
	u64 low = frame->low[field];
	u64 high = frame->high[field];
	u32 n = 0;
	u32 parts = 0;
	u32 i;

	if (field == PE_CLASS_FLAGS) {
		pe_class_measure_flags(b, low, high);
		return;
	}
	for (i = 0; i < b->items; i++) {
		const struct pe_class_box *box = &b->box[b->item[i].box];

		b->item[i].from = 0;
		b->item[i].to = U32_MAX;
		if (box->low[field] > low)
			pe_class_add(b, &n, box->low[field], i * 2);
		if (box->high[field] < high)
			pe_class_add(b, &n, box->high[field] + 1, i * 2 + 1);
	}
	sorted = pe_class_sort(b, n);
	for (i = 0; i < n; i++) {
		if (!parts || sorted[i].value != b->threshold[parts - 1])
			b->threshold[parts++] = sorted[i].value;
		if (sorted[i].item & 1)
			b->item[sorted[i].item / 2].to = parts - 1;
		else
			b->item[sorted[i].item / 2].from = parts;
	}
	b->thresholds = parts;
	for (i = 0; i < b->items; i++)
		if (b->item[i].to == U32_MAX)
			b->item[i].to = parts;
}

/* Does an item match all of the region but for one field? */
static bool pe_class_hides(const struct pe_class_item *item, u32 field)
{
	return !(item->open & ~BIT(field));
}

/* Is an item in a part between its first and last one? */
static bool pe_class_in_part(const struct pe_class_builder *b,
			     const struct pe_class_frame *frame,
			     const struct pe_class_cut *cut,
			     const struct pe_class_item *item, u32 part)
{
	if (cut->field != PE_CLASS_FLAGS)
		return true;
	return pe_class_flags_match(&b->box[item->box],
				    frame->low[PE_CLASS_FLAGS] + part);
}

/* In how many parts of a cut an item is. */
static u32 pe_class_span(const struct pe_class_builder *b,
			 const struct pe_class_frame *frame,
			 const struct pe_class_cut *cut,
			 const struct pe_class_item *item)
{
	u32 n = 0;
	u32 i;

	if (cut->field != PE_CLASS_FLAGS)
		return item->to / cut->step - item->from / cut->step + 1;
	/* Each of many items is compared with all values of the flags. */
	cond_resched();
	for (i = 0; i < cut->parts; i++)
		n += pe_class_in_part(b, frame, cut, item, i);
	return n;
}

/**
 * pe_class_is_aside() - is an item set aside by a cut?
 * @b: builder
 * @frame: the region
 * @cut: the cut
 * @item: the item
 */
bool pe_class_is_aside(const struct pe_class_builder *b,
		       const struct pe_class_frame *frame,
		       const struct pe_class_cut *cut,
		       const struct pe_class_item *item)
{
	return !pe_class_hides(item, cut->field) &&
	       pe_class_span(b, frame, cut, item) > cut->widest;
}

/* What finding one of so many parts costs: few by comparing, many by a table
 * and some comparing.
 */
static u32 pe_class_guess_parts(u64 n)
{
	return min(pe_class_index_cost(n), PE_CLASS_GUESS);
}

/* What a look-up among so many rules may cost. */
static u32 pe_class_guess(u64 n)
{
	if (n <= 1)
		return PE_CLASS_COST_RULE + PE_CLASS_COST_TEST;
	return PE_CLASS_COST_RULE + pe_class_guess_parts(n);
}

/* How many rules the part of a rule has, on average over rules. */
static u64 pe_class_crowd(struct pe_class_builder *b,
			  const struct pe_class_frame *frame,
			  const struct pe_class_cut *cut)
{
	u64 squares = 0;
	u64 sum = 0;
	u32 here = 0;
	u32 i;

	memset(b->size, 0, (cut->parts + 1) * sizeof(*b->size));
	for (i = 0; i < b->items; i++) {
		if (pe_class_hides(&b->item[i], cut->field) ||
		    pe_class_is_aside(b, frame, cut, &b->item[i]))
			continue;
		b->size[b->item[i].from / cut->step]++;
		b->size[b->item[i].to / cut->step + 1]--;
	}
	for (i = 0; i < cut->parts; i++) {
		here += b->size[i];
		sum += here;
		squares += (u64)here * here;
	}
	return sum ? squares / sum : 0;
}

/* Set aside what is so wide that there would be too many copies of the rest. */
static u32 pe_class_widest(struct pe_class_builder *b,
			   const struct pe_class_frame *frame,
			   struct pe_class_cut *cut)
{
	u32 count[33] = {};
	u64 sum[33] = {};
	u64 room = min_t(u64, frame->room, (u64)b->items * PE_CLASS_ROOM);
	u32 asides = 0;
	u32 i, span, log;

	for (i = 0; i < b->items; i++) {
		if (pe_class_hides(&b->item[i], cut->field))
			continue;
		span = pe_class_span(b, frame, cut, &b->item[i]);
		log = span > 1 ? ilog2(span - 1) + 1 : 0;
		count[log]++;
		sum[log] += span;
	}
	for (i = 0; i < ARRAY_SIZE(sum); i++) {
		if (!asides && (!i || sum[i] <= room)) {
			room -= min(room, sum[i]);
			cut->widest = i == 32 ? U32_MAX : 1U << i;
		} else {
			asides += count[i];
		}
	}
	return asides;
}

/* Coarse parts: only what is in all of them is set aside. */
static u32 pe_class_coarse(struct pe_class_builder *b, struct pe_class_cut *cut)
{
	u32 asides = 0;
	u32 i;

	cut->step = max(b->thresholds / PE_CLASS_COARSE, 1U);
	cut->parts = b->thresholds / cut->step + 1;
	cut->widest = U32_MAX;
	for (i = 0; i < b->items; i++)
		asides += !(b->item[i].open & BIT(cut->field)) &&
			  !pe_class_hides(&b->item[i], cut->field);
	return asides;
}

/* How many rules its parts have, and what is set aside. */
static u64 pe_class_spans(const struct pe_class_builder *b,
			  const struct pe_class_frame *frame,
			  const struct pe_class_cut *cut)
{
	u64 sum = 0;
	u32 i;

	for (i = 0; i < b->items; i++)
		sum += pe_class_is_aside(b, frame, cut, &b->item[i]) ?
		       1 : pe_class_span(b, frame, cut, &b->item[i]);
	return sum;
}

/* What a cut is thought to cost, with so many rules set aside. */
static void pe_class_rate(struct pe_class_builder *b,
			  const struct pe_class_frame *frame,
			  struct pe_class_cut *cut, u32 asides)
{
	u64 crowd = cut->field == PE_CLASS_FLAGS ?
		    b->items / 2 : pe_class_crowd(b, frame, cut);

	cut->cost = pe_class_guess_parts(cut->parts) + pe_class_guess(crowd);
	if (asides)
		cut->cost += PE_CLASS_COST_ASIDE + pe_class_guess(asides);
}

/* The better one of a fine and a coarse cut by a field, if there is any. */
static bool pe_class_try(struct pe_class_builder *b,
			 const struct pe_class_frame *frame, u32 field,
			 struct pe_class_cut *cut)
{
	struct pe_class_cut coarse = { .field = field, .poor = true };
	u32 asides;

	pe_class_measure(b, frame, field);
	if (!b->thresholds)
		return false;
	cut->field = field;
	cut->step = 1;
	cut->parts = b->thresholds + 1;
	asides = pe_class_widest(b, frame, cut);
	pe_class_rate(b, frame, cut, asides);
	if (asides == b->items)
		cut->cost = U32_MAX;
	cut->poor = asides * 2 > b->items;
	if (asides * 2 <= b->items || field == PE_CLASS_FLAGS)
		return cut->cost < U32_MAX;
	asides = pe_class_coarse(b, &coarse);
	if (coarse.step == 1 || pe_class_spans(b, frame, &coarse) > frame->room)
		return cut->cost < U32_MAX;
	pe_class_rate(b, frame, &coarse, asides);
	coarse.cost += PE_CLASS_COST_SEARCH;
	if (coarse.cost < cut->cost)
		*cut = coarse;
	return true;
}

/* Only each so many-th rule of a long list. */
static void pe_class_sample(struct pe_class_builder *b, u32 all)
{
	u32 i;

	b->items = min_t(u32, all, PE_CLASS_SAMPLE);
	for (i = 0; i < b->items; i++)
		swap(b->item[i], b->item[(u64)i * all / b->items]);
}

static void pe_class_unsample(struct pe_class_builder *b, u32 all)
{
	u32 i;

	for (i = b->items; i--;)
		swap(b->item[i], b->item[(u64)i * all / b->items]);
	b->items = all;
}

/* The best cut of all fields that the items do not match all of. */
static bool pe_class_best(struct pe_class_builder *b,
			  const struct pe_class_frame *frame,
			  struct pe_class_cut *best)
{
	struct pe_class_cut cut;
	u32 open = 0;
	u32 field, i;

	best->cost = U32_MAX;
	for (i = 0; i < b->items; i++)
		open |= b->item[i].open;
	for (field = 0; field < PE_CLASS_FIELDS; field++)
		if (open & BIT(field) && pe_class_try(b, frame, field, &cut) &&
		    cut.cost < best->cost)
			*best = cut;
	return best->cost < U32_MAX;
}

/**
 * pe_class_choose() - how to part a list
 * @b: builder, with the items; out: measured for the cut's field
 * @frame: their region
 * @best: out: the cut
 *
 * Return: false if nothing parts it.
 */
bool pe_class_choose(struct pe_class_builder *b,
		     const struct pe_class_frame *frame,
		     struct pe_class_cut *best)
{
	u32 all = b->items;
	bool found;

	if (all > PE_CLASS_SAMPLE) {
		pe_class_sample(b, all);
		found = pe_class_best(b, frame, best);
		pe_class_unsample(b, all);
		if (found && pe_class_try(b, frame, best->field, best))
			return true;
	}
	if (!pe_class_best(b, frame, best))
		return false;
	pe_class_measure(b, frame, best->field);
	return true;
}

/* The first part from one on that is not hidden yet. */
static u32 pe_class_shown(struct pe_class_builder *b, u32 part)
{
	u32 end = part;
	u32 next;

	while (b->skip[end] != end)
		end = b->skip[end];
	for (; b->skip[part] != part; part = next) {
		next = b->skip[part];
		b->skip[part] = end;
	}
	return end;
}

/* Which item hides what follows it, of each value of the flags. */
static void pe_class_hide_flags(struct pe_class_builder *b,
				const struct pe_class_frame *frame,
				const struct pe_class_cut *cut)
{
	u32 i, part;

	for (i = b->items; i--;) {
		if (!pe_class_hides(&b->item[i], cut->field))
			continue;
		cond_resched();
		for (part = 0; part < cut->parts; part++)
			if (pe_class_in_part(b, frame, cut, &b->item[i], part))
				b->hidden[part] = i;
	}
}

/* Likewise by ranges: who is first paints parts that nobody painted yet. */
static void pe_class_hide_ranges(struct pe_class_builder *b,
				 const struct pe_class_cut *cut)
{
	u32 i, part, end;

	for (part = 0; part <= cut->parts; part++)
		b->skip[part] = part;
	for (i = 0; i < b->items; i++) {
		const struct pe_class_item *item = &b->item[i];

		if (!pe_class_hides(item, cut->field))
			continue;
		end = item->to == b->thresholds ?
		      cut->parts : (item->to + 1) / cut->step;
		part = DIV_ROUND_UP(item->from, cut->step);
		while ((part = pe_class_shown(b, part)) < end) {
			b->hidden[part] = i;
			b->skip[part] = part + 1;
		}
	}
}

/* One more rule in a part, unless one before it hides it. */
static void pe_class_put(struct pe_class_builder *b, u32 i, u32 part, u32 *entry)
{
	if (b->hidden[part] <= i)
		return;
	if (entry)
		entry[b->size[part]] = b->item[i].box;
	b->size[part]++;
}

/**
 * pe_class_place() - put the rules of a list in their parts
 * @b: builder, with the items, measured; its sizes are added to
 * @frame: their region
 * @cut: how it is parted
 * @entry: where to put them, by size; NULL to count them only
 *
 * An item that hides others in parts that it matches all of is put last in them;
 * of coarse parts, it may be in the first and the last one but in part.
 */
void pe_class_place(struct pe_class_builder *b,
		    const struct pe_class_frame *frame,
		    const struct pe_class_cut *cut, u32 *entry)
{
	u32 i, part, from, to;

	for (i = 0; i < b->items; i++) {
		const struct pe_class_item *item = &b->item[i];

		if (pe_class_is_aside(b, frame, cut, item))
			continue;
		from = item->from / cut->step;
		to = item->to / cut->step;
		if (pe_class_hides(item, cut->field)) {
			if (cut->step == 1)
				continue;
			if (b->hidden[from] != i)
				pe_class_put(b, i, from, entry);
			if (to != from && b->hidden[to] != i)
				pe_class_put(b, i, to, entry);
			continue;
		}
		for (part = from; part <= to; part++)
			if (pe_class_in_part(b, frame, cut, item, part))
				pe_class_put(b, i, part, entry);
		cond_resched();
	}
	for (part = 0; part < cut->parts; part++) {
		i = b->hidden[part];
		if (i == U32_MAX)
			continue;
		if (entry)
			entry[b->size[part]] = b->item[i].box;
		b->size[part]++;
	}
}

/**
 * pe_class_hide() - which item ends the list of each part, by hiding what follows
 * @b: builder, with the items, measured
 * @frame: their region
 * @cut: how it is parted
 */
void pe_class_hide(struct pe_class_builder *b,
		   const struct pe_class_frame *frame,
		   const struct pe_class_cut *cut)
{
	memset32(b->hidden, U32_MAX, cut->parts + 1);
	if (cut->field == PE_CLASS_FLAGS)
		pe_class_hide_flags(b, frame, cut);
	else
		pe_class_hide_ranges(b, cut);
}
