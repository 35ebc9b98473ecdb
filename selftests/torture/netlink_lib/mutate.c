// SPDX-License-Identifier: GPL-2.0-only

#include "mutate.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/pe.h>
#include <string.h>

#include "random.h"

/* A mutation of an attribute: the pointer to it, and the message. */
typedef void mutate_fn(struct message *message, struct node **at);

static struct node *node_copy(const struct node *node)
{
	struct node *copy = pool_alloc(sizeof(*copy)), **kid;

	*copy = *node;
	copy->next = NULL;
	for (kid = &copy->kids; *kid; kid = &(*kid)->next)
		*kid = node_copy(*kid);
	return copy;
}

/* A nest loses its kids and becomes plain data. */
static void set_data(struct node *node, const void *data, uint32_t len)
{
	uint8_t *copy = pool_alloc(len);

	if (data)
		memcpy(copy, data, len);
	else
		for (uint32_t i = 0; i < len; i++)
			copy[i] = (uint8_t)random_next();
	node->nest = false;
	node->kids = NULL;
	node->data = copy;
	node->len = len;
}

static void set_len(struct node *node, uint32_t len)
{
	uint8_t *copy = pool_alloc(len);

	if (node->nest) {
		set_data(node, NULL, len);
		return;
	}
	memset(copy, 'x', len);
	memcpy(copy, node->data, len < node->len ? len : node->len);
	node->data = copy;
	node->len = len;
}

static void drop(struct message *message, struct node **at)
{
	(void)message;
	*at = (*at)->next;
}

static void repeat(struct message *message, struct node **at)
{
	static const unsigned int counts[] = { 1, 1, 1, 2, 15, 16, 17, 31, 32, 33, 64 };
	unsigned int count = random_of(counts);
	struct node *node = *at, *copy;

	(void)message;
	while (count--) {
		copy = node_copy(node);
		copy->next = node->next;
		node->next = copy;
	}
}

static void repeat_other(struct message *message, struct node **at)
{
	struct node *copy = node_copy(*at);

	(void)message;
	if (!copy->nest)
		set_data(copy, NULL, copy->len);
	copy->next = (*at)->next;
	(*at)->next = copy;
}

static void swap(struct message *message, struct node **at)
{
	struct node *first = *at, *second = first->next;

	(void)message;
	if (!second)
		return;
	first->next = second->next;
	second->next = first;
	*at = second;
}

static void empty(struct message *message, struct node **at)
{
	(void)message;
	(*at)->kids = NULL;
	(*at)->len = 0;
}

static void shorter(struct message *message, struct node **at)
{
	(void)message;
	if ((*at)->nest || (*at)->len)
		set_len(*at, (*at)->nest ? 3 : (*at)->len - 1);
}

static void longer(struct message *message, struct node **at)
{
	(void)message;
	set_len(*at, (*at)->len + 1);
}

/* One below, at and above what the specification allows, and far from it. */
static void limit(struct message *message, struct node **at)
{
	static const uint32_t far[] = { 1,  2,	3,  4,	 5,   7,   8,	15,   16,   17,
					31, 32, 33, 255, 256, 257, 500, 1000, 4000, 16000 };
	const struct spec_attr *spec = node_spec(*at);
	uint32_t edge = spec ? spec->exact_len + spec->max_len : 0;

	(void)message;
	if (edge && random_below(3))
		set_len(*at, edge - 1 + random_below(4));
	else
		set_len(*at, random_of(far));
}

static void edge_number(struct message *message, struct node **at)
{
	static const uint64_t edges[] = { 0,	      1,	  2,	   3,	       4,
					  0x7f,	      0x80,	  0xff,	   0x100,      0x7fff,
					  0x8000,     0xffff,	  0x10000, 0x7fffffff, 0x80000000,
					  0xffffffff, 1ULL << 32, ~0ULL };
	const struct spec_attr *spec = node_spec(*at);
	uint64_t value = random_of(edges);

	(void)message;
	if (spec && spec->values && random_below(2))
		value = spec->values - 1 + random_below(3);
	if (!(*at)->nest && (*at)->len <= sizeof(value))
		set_data(*at, &value, (*at)->len);
}

static void edge_string(struct message *message, struct node **at)
{
	static const char *const strings[] = { "",	   ".",	  "..",	  "-",	    "_",
					       "a b",	   "a/b", "%s%n", "a\nb",   "\x1b[2J",
					       "\xff\xfe", "'",	  ":",	  "lo",	    "d0",
					       "i0",	   "i0 ", "all",  "nowhere" };
	const char *s = random_of(strings);
	uint32_t len = (uint32_t)strlen(s);

	(void)message;
	set_data(*at, s, len + (random_below(4) ? 1 : 0));
}

/* A string with a zero in it, or none at all. */
static void zeroes(struct message *message, struct node **at)
{
	uint32_t len = (*at)->len ? (*at)->len : 1 + random_below(40);
	uint8_t *copy;

	(void)message;
	set_len(*at, len);
	copy = pool_alloc(len);
	memcpy(copy, (*at)->data, len);
	if (random_below(2))
		memset(copy + random_below(len), 0, 1);
	else
		memset(copy, 'y', len);
	(*at)->data = copy;
}

/* Addresses of no one host. */
static void edge_address(struct message *message, struct node **at)
{
	static const uint8_t four[][4] = {
		{ 0 },
		{ 127, 0, 0, 1 },
		{ 224, 0, 0, 1 },
		{ 255, 255, 255, 255 },
		{ 240, 0, 0, 1 },
		{ 239, 255, 255, 255 },
		{ 10, 0, 0, 1 },
		{ 192, 0, 2, 1 },
	};
	static const uint8_t six[][16] = {
		{ 0 },
		{ [15] = 1 },
		{ 0xff, 2, [15] = 1 },
		{ 0xfe, 0x80, [15] = 1 },
		{ 0xfe, 0xc0 },
		{ 0xfc, [15] = 1 },
		{ [10] = 0xff, 0xff, 192, 0, 2, 1 },
	};

	(void)message;
	if (random_below(2))
		set_data(*at, random_of(four), 4);
	else
		set_data(*at, random_of(six), 16);
}

static void other_type(struct message *message, struct node **at)
{
	uint16_t max = (*at)->set ? (*at)->set->max : 8;
	uint16_t flags = (*at)->type & ~NLA_TYPE_MASK;
	uint16_t type;

	(void)message;
	switch (random_below(8)) {
	case 0:
		type = 0;
		break;
	case 1:
		type = max + 1;
		break;
	case 2:
		type = NLA_TYPE_MASK & (uint16_t)random_next();
		break;
	default:
		type = (uint16_t)(1 + random_below(max));
	}
	(*at)->type = type | flags;
}

static void other_flags(struct message *message, struct node **at)
{
	(void)message;
	(*at)->type ^= random_below(2) ? NLA_F_NESTED : NLA_F_NET_BYTEORDER;
}

static void flatten(struct message *message, struct node **at)
{
	(void)message;
	if ((*at)->nest)
		set_data(*at, NULL, random_below(64));
}

static void lift_kids(struct message *message, struct node **at)
{
	struct node *node = *at, **end = &node->kids;

	(void)message;
	if (!node->kids)
		return;
	while (*end)
		end = &(*end)->next;
	*end = node->next;
	*at = node->kids;
}

/* Nested in itself, from once to deeper than anybody will follow. */
static void wrap(struct message *message, struct node **at)
{
	static const unsigned int depths[] = { 1, 1, 2, 9, 10, 11, 50, 500 };
	unsigned int depth = random_of(depths);
	struct node *outer;

	(void)message;
	while (depth--) {
		outer = pool_alloc(sizeof(*outer));
		outer->set = (*at)->set;
		outer->type = (*at)->type | NLA_F_NESTED;
		outer->nest = true;
		outer->next = (*at)->next;
		outer->kids = *at;
		(*at)->next = NULL;
		*at = outer;
	}
}

static void lie(struct message *message, struct node **at)
{
	static const uint32_t lies[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 20, 1000, 65535 };

	(void)message;
	if (random_below(2))
		(*at)->lie = 1 + random_of(lies);
	else
		(*at)->lie = 1 + (*at)->len + 4 + random_below(9) - 4;
}

static void noise(struct message *message, struct node **at)
{
	(void)message;
	set_data(*at, NULL, random_below(random_below(4) ? 64 : 2000));
}

static void insert(struct message *message, struct node **at)
{
	struct node *list = NULL;

	(void)message;
	node_put(&list, (*at)->set, (uint16_t)(1 + random_below(20)), "abcdefgh", random_below(9));
	list->next = *at;
	*at = list;
}

static void with_zero_mac(struct message *message, struct node **at)
{
	static const uint8_t macs[][6] = { { 0 },
					   { 255, 255, 255, 255, 255, 255 },
					   { 1, 0, 0x5e, 0, 0, 1 },
					   { 2, 0, 0, 0, 0, 1 } };

	(void)message;
	set_data(*at, random_of(macs), 6);
}

/* What follows is about the message, not an attribute of it. */
static void cut(struct message *message, struct node **at)
{
	(void)at;
	message->cut = 1 + random_below(random_below(2) ? 8 : 200);
}

static void tail(struct message *message, struct node **at)
{
	(void)at;
	message->tail = 1 + random_below(random_below(2) ? 8 : 60);
}

static void head(struct message *message, struct node **at)
{
	(void)at;
	switch (random_below(3)) {
	case 0:
		message->version = (uint8_t)random_next();
		break;
	case 1:
		message->reserved = (uint16_t)random_next();
		break;
	default:
		message->cmd = (uint8_t)(random_below(2) ? random_below(spec_ops_count + 2) :
							   random_next());
	}
}

static void flags(struct message *message, struct node **at)
{
	(void)at;
	if (random_below(4) == 0)
		message->no_request = true;
	else if (random_below(2))
		message->flags ^= (uint16_t)(1 << (1 + random_below(15)));
	else
		message->flags = (uint16_t)random_next();
}

static void type(struct message *message, struct node **at)
{
	static const uint16_t types[] = { 1, 2, 3, 4, 15, 16, 0x7fff, 0xffff };

	(void)at;
	message->type = random_of(types);
}

static void framing(struct message *message, struct node **at)
{
	static const uint32_t lies[] = { 0,  1,	     15,	 16,	     17,	19,
					 20, 100000, 0x7fffffff, 0x80000000, 0xffffffff };

	(void)at;
	message->lies = true;
	message->lie = random_of(lies);
}

static const struct {
	const char *name;
	mutate_fn *fn;
	bool whole;
} mutations[] = {
	{ "drop", drop, false },
	{ "repeat", repeat, false },
	{ "repeat with another value", repeat_other, false },
	{ "swap", swap, false },
	{ "empty", empty, false },
	{ "shorter", shorter, false },
	{ "longer", longer, false },
	{ "length at a limit", limit, false },
	{ "number at a limit", edge_number, false },
	{ "odd string", edge_string, false },
	{ "zeroes", zeroes, false },
	{ "odd address", edge_address, false },
	{ "odd link-layer address", with_zero_mac, false },
	{ "other type", other_type, false },
	{ "other flags of an attribute", other_flags, false },
	{ "nest becomes data", flatten, false },
	{ "nest is lifted", lift_kids, false },
	{ "nested in itself", wrap, false },
	{ "length that lies", lie, false },
	{ "noise", noise, false },
	{ "one more", insert, false },
	{ "cut", cut, true },
	{ "bytes behind", tail, true },
	{ "other header", head, true },
	{ "other flags", flags, true },
	{ "other family", type, true },
	{ "size that lies", framing, true },
};

const unsigned int mutations_count = sizeof(mutations) / sizeof(mutations[0]);

/**
 * mutate_name() - what a mutation is called
 * @which: one of mutations_count
 */
const char *mutate_name(unsigned int which)
{
	return mutations[which].name;
}

/**
 * mutate_at() - bend a message in one place
 * @message: the message
 * @which: one of mutations_count
 * @node: which attribute, those in nests counted too
 */
void mutate_at(struct message *message, unsigned int which, unsigned int node)
{
	struct node **at = nodes_at(&message->attrs, &node);

	if (at || mutations[which].whole)
		mutations[which].fn(message, at);
}

/**
 * mutate() - bend a message, mostly in one place
 * @message: the message
 */
void mutate(struct message *message)
{
	unsigned int times = random_below(6) ? 1 : 1 + random_below(4), count;

	while (times--) {
		count = nodes_count(message->attrs);
		mutate_at(message, random_below(mutations_count), random_below(count ? count : 1));
	}
}

/**
 * mutate_bytes() - bend a few bytes behind the header
 * @buf: the message
 * @len: its length
 */
void mutate_bytes(uint8_t *buf, uint32_t len)
{
	unsigned int times = 1 + random_below(4);

	if (len <= NLMSG_HDRLEN)
		return;
	while (times--) {
		uint8_t *at = buf + NLMSG_HDRLEN + random_below(len - NLMSG_HDRLEN);

		if (random_below(2))
			*at = (uint8_t)random_next();
		else
			*at ^= (uint8_t)(1 << random_below(8));
	}
}
