// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the values of one field to parts of them: what a look-up goes through.
 *
 * Parts are found by the upper bits of a value, in a table with about as many
 * places as there are parts. Where a place has several parts, they are in a
 * table of their own, or are told apart by comparing, up to fifteen thresholds
 * in four steps. A table is one only where it is cheaper than comparing, on
 * average over parts, and hardly dearer for any of them: so no choice of
 * thresholds makes a value cost more than a search among them, by more than a
 * few instructions, and most choices much less.
 */

#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "classify_build.h"

/* Places of a table for each threshold, and so many more. */
#define PE_CLASS_PLACES		2
#define PE_CLASS_PLACES_MORE	14

/* Instructions that a table may make the dearest part dearer. */
#define PE_CLASS_DEARER		8

/**
 * struct pe_class_parts - some parts of a field, next to each other
 * @field: the field
 * @n: how many thresholds part them
 * @threshold: where each but the first begins
 * @where: where each leads
 * @cost: the dearest look-up there
 */
struct pe_class_parts {
	u32		field;
	u32		n;
	const u64	*threshold;
	const u32	*where;
	const u32	*cost;
};

/**
 * struct pe_class_shape - of a table
 * @shift: bits of a value that do not count
 * @base: what the first place begins with
 * @last: index of the last place
 * @sum: what looking up one value of each part takes from the table on
 * @worst: the most of them
 */
struct pe_class_shape {
	u32	shift;
	u64	base;
	u64	last;
	u64	sum;
	u32	worst;
};

/**
 * pe_class_index_cost() - instructions for finding a part by comparing
 * @n: thresholds
 */
u32 pe_class_index_cost(u64 n)
{
	if (!n)
		return 0;
	if (n <= PE_CLASS_THRESHOLDS(PE_CLASS_FEW_LEVELS))
		return PE_CLASS_COST_FEW;
	return DIV_ROUND_UP(ilog2(n) + 1, PE_CLASS_LEVELS) *
	       PE_CLASS_COST_SEARCH;
}

static u64 pe_class_place_of(const struct pe_class_shape *shape, u64 value)
{
	return (value - shape->base) >> shape->shift;
}

/* How many thresholds from one on are inside of its place, and not where it
 * begins.
 */
static u32 pe_class_inside(const struct pe_class_parts *parts,
			   const struct pe_class_shape *shape, u32 first,
			   u64 place)
{
	u32 i = first;

	while (i < parts->n &&
	       pe_class_place_of(shape, parts->threshold[i]) == place)
		i++;
	return i - first;
}

/* Does a threshold fall on the beginning of its place? */
static bool pe_class_begins(const struct pe_class_shape *shape, u64 threshold)
{
	return !((threshold - shape->base) & ((1ULL << shape->shift) - 1));
}

static void pe_class_shape(const struct pe_class_parts *parts, u32 shift,
			   struct pe_class_shape *shape)
{
	u64 first = parts->threshold[0];
	u64 size = 1ULL << shift;

	shape->shift = shift;
	/* What is before the first threshold has a place, or part of one. */
	shape->base = (first - 1) & ~(size - 1);
	shape->last = pe_class_place_of(shape, parts->threshold[parts->n - 1]);
}

/* What a table costs, where comparing finds a part in a place. */
static void pe_class_weigh(const struct pe_class_parts *parts,
			   struct pe_class_shape *shape)
{
	u64 place;
	u32 i = 0;
	u32 n, cost;

	shape->sum = PE_CLASS_COST_TABLE;
	shape->worst = 0;
	while (i < parts->n) {
		place = pe_class_place_of(shape, parts->threshold[i]);
		n = pe_class_inside(parts, shape, i, place);
		cost = PE_CLASS_COST_TABLE;
		if (pe_class_begins(shape, parts->threshold[i]))
			cost += pe_class_index_cost(n - 1);
		else
			cost += pe_class_index_cost(n);
		shape->sum += (u64)n * cost;
		shape->worst = max(shape->worst, cost);
		i += n;
	}
}

/* The best table, if any is better than comparing. */
static bool pe_class_table_best(const struct pe_class_parts *parts,
				struct pe_class_shape *best)
{
	u64 span = parts->threshold[parts->n - 1] - parts->threshold[0];
	u64 places = (u64)parts->n * PE_CLASS_PLACES + PE_CLASS_PLACES_MORE;
	u32 search = pe_class_index_cost(parts->n);
	struct pe_class_shape shape;
	u32 shift = 0;
	bool found = false;
	u32 i;

	while (span >> shift >= places)
		shift++;
	best->sum = (u64)(parts->n + 1) * search;
	for (i = 0; i < 3 && shift + i < 64; i++) {
		pe_class_shape(parts, shift + i, &shape);
		pe_class_weigh(parts, &shape);
		if (shape.worst > search + PE_CLASS_DEARER ||
		    shape.sum >= best->sum)
			continue;
		*best = shape;
		found = true;
	}
	return found;
}

/* Some of the parts: of thresholds from one on, and the part before them. */
static struct pe_class_parts pe_class_some(const struct pe_class_parts *parts,
					   u32 first, u32 n)
{
	return (struct pe_class_parts){
		.field = parts->field,
		.n = n,
		.threshold = parts->threshold + first,
		.where = parts->where + first,
		.cost = parts->cost + first,
	};
}

static int pe_class_find_part(struct pe_class_builder *b,
			      const struct pe_class_parts *parts,
			      struct pe_class_where *out);

/* Where each place of a table leads. */
static int pe_class_fill_table(struct pe_class_builder *b,
			       const struct pe_class_parts *parts,
			       const struct pe_class_shape *shape, u32 *where,
			       u32 *worst)
{
	struct pe_class_parts inside;
	struct pe_class_where one;
	u32 i = 0;
	u32 n;
	u64 place;
	int err;

	for (place = 0; place <= shape->last; place++) {
		n = pe_class_inside(parts, shape, i, place);
		/* A part that begins with the place is its first. */
		if (n && pe_class_begins(shape, parts->threshold[i])) {
			i++;
			n--;
		}
		inside = pe_class_some(parts, i, n);
		err = pe_class_find_part(b, &inside, &one);
		if (err)
			return err;
		i += n;
		where[place] = one.where;
		*worst = max(*worst, one.cost);
	}
	return 0;
}

static int pe_class_write_table(struct pe_class_builder *b,
				const struct pe_class_parts *parts,
				const struct pe_class_shape *shape,
				const u32 *where)
{
	u32 n = shape->last + 1;
	struct pe_class_table *table;
	int at;

	at = pe_class_take(b, DIV_ROUND_UP(struct_size(table, where, n),
					   sizeof(u64)));
	if (at < 0)
		return at;
	b->class->word[b->used - 1] = 0;
	table = (void *)&b->class->word[at];
	table->base = shape->base;
	table->last = shape->last;
	table->shift = shape->shift;
	table->field = parts->field;
	memcpy(table->where, where, n * sizeof(*where));
	return pe_class_share(b, at);
}

static int pe_class_make_table(struct pe_class_builder *b,
			       const struct pe_class_parts *parts,
			       const struct pe_class_shape *shape,
			       struct pe_class_where *out)
{
	u32 worst = 0;
	u32 *where;
	int at;

	where = kvmalloc_array(shape->last + 1, sizeof(*where),
			       GFP_KERNEL_ACCOUNT);
	if (!where)
		return -ENOMEM;
	at = pe_class_fill_table(b, parts, shape, where, &worst);
	if (!at)
		at = pe_class_write_table(b, parts, shape, where);
	kvfree(where);
	if (at < 0)
		return at;
	out->where = PE_CLASS_TABLE | at;
	out->cost = PE_CLASS_COST_TABLE + worst;
	return 0;
}

/* Thresholds that part the others evenly: before the part behind each of so many
 * groups. Where there are fewer, a group has one part, the last ones none more.
 */
static u32 pe_class_group(const struct pe_class_parts *parts, u32 all, u32 i)
{
	if (parts->n < all)
		return min(i, parts->n);
	return (u64)i * (parts->n + 1) / all;
}

/* Where each group of a search leads. */
static int pe_class_fill_search(struct pe_class_builder *b,
				const struct pe_class_parts *parts, u32 all,
				u32 *where, u32 *worst)
{
	struct pe_class_parts inside;
	struct pe_class_where one;
	u32 i, from, n;
	int err;

	for (i = 0; i < all; i++) {
		from = pe_class_group(parts, all, i);
		n = 0;
		if (parts->n >= all)
			n = pe_class_group(parts, all, i + 1) - from - 1;
		inside = pe_class_some(parts, from, n);
		err = pe_class_find_part(b, &inside, &one);
		if (err)
			return err;
		where[i] = one.where;
		*worst = max(*worst, one.cost);
	}
	return 0;
}

static int pe_class_write_search(struct pe_class_builder *b,
				 const struct pe_class_parts *parts, u32 all,
				 const u32 *where)
{
	struct pe_class_search *search;
	u32 i, next;
	int at;

	at = pe_class_take(b, 2 * all);
	if (at < 0)
		return at;
	search = (void *)&b->class->word[at];
	search->field = parts->field;
	for (i = 0; i < all; i++) {
		next = max(pe_class_group(parts, all, i + 1), 1U);
		if (i + 1 < all)
			search->threshold[i] = parts->threshold[next - 1];
		search->threshold[all - 1 + i] = where[i];
	}
	return pe_class_share(b, at);
}

static int pe_class_make_search(struct pe_class_builder *b,
				const struct pe_class_parts *parts,
				struct pe_class_where *out)
{
	bool few = parts->n <= PE_CLASS_THRESHOLDS(PE_CLASS_FEW_LEVELS);
	u32 all = 1U << (few ? PE_CLASS_FEW_LEVELS : PE_CLASS_LEVELS);
	u32 where[1U << PE_CLASS_LEVELS];
	u32 worst = 0;
	int at;

	at = pe_class_fill_search(b, parts, all, where, &worst);
	if (!at)
		at = pe_class_write_search(b, parts, all, where);
	if (at < 0)
		return at;
	out->where = at | (few ? PE_CLASS_FEW : PE_CLASS_SEARCH);
	out->cost = (few ? PE_CLASS_COST_FEW : PE_CLASS_COST_SEARCH) + worst;
	return 0;
}

/*
 * What finds the part of a value. Each table has at most an eighth of the
 * thresholds in one place, or comparing would be cheaper, and each search a
 * sixteenth in one part: that bounds how deep this calls itself.
 */
static int pe_class_find_part(struct pe_class_builder *b,
			      const struct pe_class_parts *parts,
			      struct pe_class_where *out)
{
	struct pe_class_shape shape;

	if (!parts->n) {
		out->where = parts->where[0];
		out->cost = parts->cost[0];
		return 0;
	}
	if (parts->n > 1 && pe_class_table_best(parts, &shape))
		return pe_class_make_table(b, parts, &shape, out);
	return pe_class_make_search(b, parts, out);
}

/* Parts next to each other that lead to the same are one. */
static void pe_class_unite(struct pe_class_parts *parts, u64 *threshold,
			   u32 *where, u32 *cost)
{
	u32 n = 0;
	u32 i;

	for (i = 0; i < parts->n; i++) {
		if (where[i + 1] == where[n])
			continue;
		threshold[n++] = threshold[i];
		where[n] = where[i + 1];
		cost[n] = cost[i + 1];
	}
	parts->n = n;
}

/**
 * pe_class_index() - what finds the part of a value, of parts that are made
 * @b: builder
 * @frame: what was parted; its thresholds are no longer what they were
 * @out: out: where to look
 *
 * Return: 0, -ENOMEM or -E2BIG.
 */
int pe_class_index(struct pe_class_builder *b,
		   const struct pe_class_frame *frame,
		   struct pe_class_where *out)
{
	struct pe_class_parts parts = {
		.field = frame->field,
		.n = frame->parts - 1,
		.threshold = frame->threshold,
		.where = frame->where,
		.cost = frame->cost,
	};

	pe_class_unite(&parts, frame->threshold, frame->where, frame->cost);
	return pe_class_find_part(b, &parts, out);
}
