/* SPDX-License-Identifier: GPL-2.0-only */
/* Which of many rules is the first that a packet matches. */
#ifndef _PE_CLASSIFY_H
#define _PE_CLASSIFY_H

#include <linux/types.h>

/**
 * enum pe_class_field - what of a packet rules look at, each a number
 * @PE_CLASS_SOURCE: source address, of IPv6 the upper half
 * @PE_CLASS_SOURCE_LOW: lower half of it, 0 for IPv4
 * @PE_CLASS_DEST: destination address, likewise
 * @PE_CLASS_DEST_LOW: lower half of it
 * @PE_CLASS_SPORT: source port, or %PE_CLASS_NO_PORT
 * @PE_CLASS_PORT: destination port, ICMP's type * 256 + code, or %PE_CLASS_NO_PORT
 * @PE_CLASS_PROTO: protocol
 * @PE_CLASS_FLAGS: those of TCP, or %PE_CLASS_NO_FLAGS
 * @PE_CLASS_DSCP: that of the IP header
 * @PE_CLASS_IIF: interface of arrival, as whoever writes the rules numbers them
 * @PE_CLASS_FIELDS: how many there are
 */
enum pe_class_field {
	PE_CLASS_SOURCE,
	PE_CLASS_SOURCE_LOW,
	PE_CLASS_DEST,
	PE_CLASS_DEST_LOW,
	PE_CLASS_SPORT,
	PE_CLASS_PORT,
	PE_CLASS_PROTO,
	PE_CLASS_FLAGS,
	PE_CLASS_DSCP,
	PE_CLASS_IIF,
	PE_CLASS_FIELDS
};

/* What is beyond every port and every flag: a later fragment has neither, nor
 * does a protocol without them.
 */
#define PE_CLASS_NO_PORT	0x10000
#define PE_CLASS_FRAGMENT	0x10001
#define PE_CLASS_NO_FLAGS	0x100

/* No rule: greater than any index. */
#define PE_CLASS_NONE		0x1fffffff

/* Nodes on a way from the root, and so pieces that are looked through later. */
#define PE_CLASS_DEPTH		40

/**
 * struct pe_class_key - what a packet has in the fields
 * @field: in host byte order, by &enum pe_class_field
 */
struct pe_class_key {
	u64	field[PE_CLASS_FIELDS];
};

/**
 * struct pe_class_box - what one rule matches
 * @low: least value of each field; of %PE_CLASS_FLAGS the value under the mask
 * @high: greatest one; of %PE_CLASS_FLAGS the mask, 0 for any or none, or else
 *	with %PE_CLASS_NO_FLAGS in it
 * @index: place of the rule, less than %PE_CLASS_NONE
 */
struct pe_class_box {
	u64	low[PE_CLASS_FIELDS];
	u64	high[PE_CLASS_FIELDS];
	u32	index;
};

/**
 * struct pe_class - rules as they are looked up: immutable
 * @root: where a look-up begins, see classify.c
 * @words: how many @word has
 * @cost: instructions that the dearest look-up takes, as the builder counts
 * @asks: set of enum pe_class_field that rules ask packets with ports for
 * @word: nodes and leaves, found by their place here
 */
struct pe_class {
	u32	root;
	u32	words;
	u32	cost;
	u32	asks;
	u64	word[];
};

void pe_class_any(struct pe_class_box *box);
u32 pe_class_find(const struct pe_class *class, const struct pe_class_key *key);
struct pe_class *pe_class_build(const struct pe_class_box *box, u32 n);

#endif /* _PE_CLASSIFY_H */
