/* SPDX-License-Identifier: GPL-2.0-only */
/* A message as a tree of attributes, which can be bent before it is sent. */
#ifndef NETLINK_TREE_H
#define NETLINK_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "spec.h"

#define MESSAGE_MAX (60 * 1024)

/**
 * struct node - an attribute
 * @next: beside it
 * @kids: in it, if it is a nest
 * @set: that it belongs to
 * @data: in it, if it is none
 * @len: how many bytes
 * @lie: length that its header tells instead of the right one, 0 for none
 * @type: with flags
 * @nest: whether it has kids instead of data
 */
struct node {
	struct node *next;
	struct node *kids;
	const struct spec_set *set;
	const uint8_t *data;
	uint32_t len;
	uint32_t lie;
	uint16_t type;
	bool nest;
};

/**
 * struct message - a request
 * @attrs: its attributes
 * @set: that they are of
 * @type: of the netlink message, 0 for the family's
 * @flags: of it, beside NLM_F_REQUEST
 * @no_request: NLM_F_REQUEST is left out
 * @cmd: command
 * @version: of the family
 * @reserved: what should be zero
 * @cut: bytes left out at the end
 * @tail: bytes too many at the end
 * @lie: length that the header tells instead of the right one, if @lies
 * @lies: whether it does
 */
struct message {
	struct node *attrs;
	const struct spec_set *set;
	uint16_t type;
	uint16_t flags;
	bool no_request;
	uint8_t cmd;
	uint8_t version;
	uint16_t reserved;
	uint32_t cut;
	uint32_t tail;
	uint32_t lie;
	bool lies;
};

/* Memory of the message that is being made. */
void *pool_alloc(size_t size);
void pool_reset(void);

struct message *message_new(uint8_t cmd, uint16_t flags);
uint32_t message_encode(const struct message *message, uint16_t family, uint32_t seq, void *buf);
const struct node *message_attr(const struct message *message, uint16_t type);

struct node *node_new(struct node **list, const struct spec_set *set, uint16_t type);
struct node *node_put(struct node **list, const struct spec_set *set, uint16_t type,
		      const void *data, uint32_t len);
struct node *node_put_u16(struct node **list, const struct spec_set *set, uint16_t type,
			  uint16_t value);
struct node *node_put_u32(struct node **list, const struct spec_set *set, uint16_t type,
			  uint32_t value);
struct node *node_put_string(struct node **list, const struct spec_set *set, uint16_t type,
			     const char *s);
struct node *node_nest(struct node **list, const struct spec_set *set, uint16_t type);

const struct spec_attr *node_spec(const struct node *node);
unsigned int nodes_count(const struct node *list);
struct node **nodes_at(struct node **list, unsigned int *index);

#endif
