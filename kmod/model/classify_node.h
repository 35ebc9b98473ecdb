/* SPDX-License-Identifier: GPL-2.0-only */
/* What rules are looked up in, for classify.c and classify_build.c alone. */
#ifndef _PE_CLASSIFY_NODE_H
#define _PE_CLASSIFY_NODE_H

#include "classify.h"

/*
 * Where a look-up goes on, in 32 bits: with PE_CLASS_RULE the other bits are the
 * index of a rule, or PE_CLASS_NONE; with PE_CLASS_LEAF the word of a leaf;
 * without either that of a node.
 */
#define PE_CLASS_RULE	0x80000000
#define PE_CLASS_LEAF	0x40000000
#define PE_CLASS_WHERE	0x3fffffff

/* A node has at most twice as many thresholds less one. */
#define PE_CLASS_LOG	22

/**
 * struct pe_class_node - parts of one field's values
 * @aside: the rules that were too wide for the parts, or 0 for none
 * @first: the first of them
 * @n: how many thresholds there are, at least one
 * @field: the field
 * @log: of the greatest power of two that @n holds
 * @last: that power less one
 * @skip: @n less @last
 * @threshold: where a part begins that is not the first; then follow, in 32 bits
 *	each, where to go on in each part
 */
struct pe_class_node {
	u32	aside;
	u32	first;
	u32	n;
	u16	field;
	u16	log;
	u32	last;
	u32	skip;
	u64	threshold[];
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
 * struct pe_class_leaf - one rule of a leaf; others follow
 * @index: the rule
 * @tests: how many tests it has
 * @more: another rule follows
 * @test: they
 */
struct pe_class_leaf {
	u32			index;
	u16			tests;
	u16			more;
	struct pe_class_test	test[];
};

/* Instructions, about: of a node, of each level of its search, of a leaf's rule
 * and of one test. What is built is chosen by them.
 */
#define PE_CLASS_COST_NODE	22
#define PE_CLASS_COST_LEVEL	4
#define PE_CLASS_COST_RULE	7
#define PE_CLASS_COST_TEST	7

#endif /* _PE_CLASSIFY_NODE_H */
