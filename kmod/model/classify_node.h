/* SPDX-License-Identifier: GPL-2.0-only */
/* What rules are looked up in, for classify.c and what builds it alone. */
#ifndef _PE_CLASSIFY_NODE_H
#define _PE_CLASSIFY_NODE_H

#include "classify.h"

/* Where a look-up goes on, in 32 bits: what there is, and at which word; with
 * PE_CLASS_RULE, which one, or PE_CLASS_NONE.
 */
#define PE_CLASS_TABLE	0x00000000
#define PE_CLASS_FEW	0x20000000
#define PE_CLASS_SEARCH	0x40000000
#define PE_CLASS_LEAF	0x60000000
#define PE_CLASS_ASIDE	0x80000000
#define PE_CLASS_RULE	0xe0000000
#define PE_CLASS_WHERE	0x1fffffff

/**
 * struct pe_class_table - where values of a field lead, by their upper bits
 * @base: what is less is taken as that
 * @last: index of the last @where, where greater ones lead as well
 * @shift: lower bits that do not count
 * @field: the field
 * @where: where to go on
 */
struct pe_class_table {
	u64	base;
	u32	last;
	u16	shift;
	u16	field;
	u32	where[];
};

/* Thresholds of a search among few or more: a power of two less one. */
#define PE_CLASS_FEW_LEVELS	2
#define PE_CLASS_LEVELS		4
#define PE_CLASS_THRESHOLDS(levels)	((1U << (levels)) - 1)

/**
 * struct pe_class_search - where values of a field lead, by comparing them
 * @field: the field
 * @threshold: where a part of the values begins that is not the first; then
 *	follow, in as many bits, where to go on in each part. What there are too
 *	many is like the last one.
 */
struct pe_class_search {
	u64	field;
	u64	threshold[];
};

/**
 * struct pe_class_aside - rules that were too wide for what follows
 * @first: the first of them
 * @where: where to look for them, later
 * @next: where to go on
 * @reserved: nothing
 */
struct pe_class_aside {
	u32	first;
	u32	where;
	u32	next;
	u32	reserved;
};

/**
 * struct pe_class_test - a field that a rule of a leaf still asks for
 * @field: the field
 * @mask: its bits that count, sign extended
 * @low: least value
 * @length: the greatest one less that
 */
struct pe_class_test {
	u32	field;
	s32	mask;
	u64	low;
	u64	length;
};

/**
 * struct pe_class_leaf - a rule of a leaf, or some rules that follow
 * @index: the rule, or the first of them; PE_CLASS_NONE ends the leaf
 * @tests: how many tests it has
 * @block: what the rules that follow have in common is tested
 * @skip: words from here to what comes after it, or after them
 * @test: the tests
 */
struct pe_class_leaf {
	u32			index;
	u32			tests:7,
				block:1,
				skip:24;
	struct pe_class_test	test[];
};

/* Instructions, about: of a table, of a search among few and of one among more,
 * of what is set aside, of a leaf's rule and of one test. What is built is
 * chosen by them.
 */
#define PE_CLASS_COST_TABLE	17
#define PE_CLASS_COST_FEW	18
#define PE_CLASS_COST_SEARCH	25
#define PE_CLASS_COST_ASIDE	24
#define PE_CLASS_COST_RULE	14
#define PE_CLASS_COST_TEST	8

#endif /* _PE_CLASSIFY_NODE_H */
