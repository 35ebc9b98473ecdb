/* SPDX-License-Identifier: GPL-2.0-only */
/* What building a classifier works with, for classify_build.c and
 * classify_cut.c alone.
 */
#ifndef _PE_CLASSIFY_BUILD_H
#define _PE_CLASSIFY_BUILD_H

#include "classify.h"
#include "classify_node.h"

/* Values of PE_CLASS_FLAGS, that of no flags included. */
#define PE_CLASS_FLAGS_VALUES	257

/**
 * struct pe_class_end - where the parts of a field change
 * @value: the threshold
 * @item: item * 2, + 1 where it is the item's upper end
 */
struct pe_class_end {
	u64	value;
	u32	item;
};

/**
 * struct pe_class_item - a rule of the list that is worked on
 * @box: it
 * @open: fields whose values in the region it does not match all of, a bit each
 * @from: first part that it is in
 * @to: last one
 */
struct pe_class_item {
	u32	box;
	u32	open;
	u32	from;
	u32	to;
};

/* So many of the largest rules are looked at for hiding others. */
#define PE_CLASS_LARGE	16

/**
 * struct pe_class_large - an item that matches much of the region
 * @item: it
 * @small: how often its part of the region is halved
 */
struct pe_class_large {
	u32	item;
	u32	small;
};

/**
 * struct pe_class_cut - a way to part a list
 * @field: the field
 * @step: each how many-th threshold is one of the node's
 * @parts: into how many
 * @widest: rules in more parts than that are set aside
 * @cost: what a look-up is thought to cost then
 * @poor: it leaves most rules together
 */
struct pe_class_cut {
	u32	field;
	u32	step;
	u32	parts;
	u32	widest;
	u32	cost;
	bool	poor;
};

/**
 * struct pe_class_frame - a list that is being made a node of
 * @low: the region's least value in each field
 * @high: the greatest one
 * @list: rules, by place in pe_class_builder.box
 * @n: how many
 * @room: how many rules, copies of the same included, leaves below may list
 * @left: of its parts' rules, how many are not in leaves yet
 * @listed: how many rules leaves list that are made
 * @opened: it is parted, its parts are next
 * @field: the field that it is parted by
 * @parts: into how many parts
 * @threshold: where each but the first begins, allocated
 * @where: where each leads, in the same allocation; then what is set aside
 * @cost: instructions that the dearest look-up takes there, likewise
 * @next: the part that is made next, @parts for what is set aside
 * @start: where each part's list begins in @entry, allocated
 * @entry: the lists, and after them what is set aside
 * @asides: how many are
 */
struct pe_class_frame {
	u64		low[PE_CLASS_FIELDS];
	u64		high[PE_CLASS_FIELDS];
	const u32	*list;
	u32		n;
	u64		room;
	u32		left;
	u64		listed;
	bool		opened;
	u32		field;
	u32		parts;
	u64		*threshold;
	u32		*where;
	u32		*cost;
	u32		next;
	u32		*start;
	u32		*entry;
	u32		asides;
};

/**
 * struct pe_class_shared - words that more than one place may lead to
 * @at: the first
 * @n: how many, 0 for none
 */
struct pe_class_shared {
	u32	at;
	u32	n;
};

/**
 * struct pe_class_builder - a classifier in the making
 * @box: the rules, by index
 * @n: how many
 * @class: what is there of it
 * @used: words of it
 * @shared: some of them, by hash of what they are
 * @whole: list of all rules
 * @item: the list that is worked on
 * @items: its length
 * @large: the largest of them
 * @larges: how many
 * @end: two arrays of the ends of its items, for sorting
 * @threshold: the values where parts begin
 * @thresholds: how many
 * @hidden: index of the rule that ends the list of each part
 * @skip: for each part a later one that is not hidden yet
 * @size: rules in each part
 * @digit: for sorting
 * @depth: the frame that is worked on
 * @root: result: where to begin
 * @done: there is one
 * @frame: from the whole down
 */
struct pe_class_builder {
	const struct pe_class_box	*box;
	u32				n;
	struct pe_class			*class;
	u32				used;
	struct pe_class_shared		*shared;
	u32				*whole;
	struct pe_class_item		*item;
	u32				items;
	struct pe_class_large		large[PE_CLASS_LARGE];
	u32				larges;
	struct pe_class_end		*end[2];
	u64				*threshold;
	u32				thresholds;
	u32				*hidden;
	u32				*skip;
	u32				*size;
	u32				digit[256];
	u32				depth;
	u32				root;
	bool				done;
	struct pe_class_frame		frame[PE_CLASS_DEPTH];
};

/* Does a rule match a value of the flags? */
static inline bool pe_class_flags_match(const struct pe_class_box *box, u64 flags)
{
	return (flags & box->high[PE_CLASS_FLAGS]) == box->low[PE_CLASS_FLAGS];
}

/**
 * struct pe_class_where - a part of a classifier
 * @where: where it begins
 * @cost: instructions that the dearest look-up takes there
 */
struct pe_class_where {
	u32	where;
	u32	cost;
};

int pe_class_take(struct pe_class_builder *b, u64 words);
u32 pe_class_share(struct pe_class_builder *b, u32 at);
u32 pe_class_index_cost(u64 n);
int pe_class_index(struct pe_class_builder *b,
		   const struct pe_class_frame *frame,
		   struct pe_class_where *out);
int pe_class_leaf(struct pe_class_builder *b,
		  const struct pe_class_frame *frame,
		  struct pe_class_where *out);
int pe_class_leaf_try(struct pe_class_builder *b,
		      const struct pe_class_frame *frame,
		      struct pe_class_where *out);
bool pe_class_covers(const struct pe_class_box *box, u32 field, u64 low,
		     u64 high);
bool pe_class_choose(struct pe_class_builder *b,
		     const struct pe_class_frame *frame,
		     struct pe_class_cut *best);
bool pe_class_is_aside(const struct pe_class_builder *b,
		       const struct pe_class_frame *frame,
		       const struct pe_class_cut *cut,
		       const struct pe_class_item *item);
void pe_class_hide(struct pe_class_builder *b,
		   const struct pe_class_frame *frame,
		   const struct pe_class_cut *cut);
void pe_class_place(struct pe_class_builder *b,
		    const struct pe_class_frame *frame,
		    const struct pe_class_cut *cut, u32 *entry);

#endif /* _PE_CLASSIFY_BUILD_H */
