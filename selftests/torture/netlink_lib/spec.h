/* SPDX-License-Identifier: GPL-2.0-only */
/* The netlink family as its specification describes it; spec.py makes the tables. */
#ifndef NETLINK_SPEC_H
#define NETLINK_SPEC_H

#include <stdbool.h>
#include <stdint.h>

enum spec_type {
	SPEC_NONE,
	SPEC_FLAG,
	SPEC_U8,
	SPEC_U16,
	SPEC_U32,
	SPEC_U64,
	SPEC_STRING,
	SPEC_BINARY,
	SPEC_NEST,
	SPEC_PAD,
};

struct spec_set;

/**
 * struct spec_attr - an attribute
 * @name: of it, NULL where the set has none of this number
 * @kind: what it holds
 * @nested: what a nest has in it
 * @max_len: longest string, 0 for any
 * @exact_len: bytes of it, 0 for any
 * @values: how many an enumeration has, 0 for any number
 * @multi: can be there more than once
 */
struct spec_attr {
	const char *name;
	enum spec_type kind;
	const struct spec_set *nested;
	uint32_t max_len;
	uint32_t exact_len;
	uint32_t values;
	bool multi;
};

/**
 * struct spec_set - attributes that stand side by side
 * @name: of the set
 * @attrs: by number
 * @max: highest number
 */
struct spec_set {
	const char *name;
	const struct spec_attr *attrs;
	uint16_t max;
};

/**
 * struct spec_op - an operation
 * @name: of it, NULL where there is none of this number
 * @set: its attributes
 * @request: bits of those that a request can have
 * @reply: bits of those that the answer, or a notification, can have
 * @one: it can be asked for
 * @dump: all can be asked for
 * @admin: it takes CAP_NET_ADMIN
 */
struct spec_op {
	const char *name;
	const struct spec_set *set;
	uint64_t request;
	uint64_t reply;
	bool one;
	bool dump;
	bool admin;
};

extern const struct spec_op spec_ops[];
extern const unsigned int spec_ops_count;

#endif
