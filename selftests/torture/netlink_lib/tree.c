// SPDX-License-Identifier: GPL-2.0-only

#include "tree.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POOL_SIZE (4 * 1024 * 1024)

static char pool[POOL_SIZE] __attribute__((aligned(16)));
static size_t pool_used;

/**
 * pool_alloc() - zeroed memory for the message that is being made
 * @size: bytes
 */
void *pool_alloc(size_t size)
{
	void *p = pool + pool_used;

	size = (size + 15) & ~(size_t)15;
	if (size > POOL_SIZE - pool_used) {
		fputs("a message of more than the pool\n", stderr);
		abort();
	}
	pool_used += size;
	return memset(p, 0, size);
}

/**
 * pool_reset() - forget the message
 */
void pool_reset(void)
{
	pool_used = 0;
}

/**
 * message_new() - a request without attributes
 * @cmd: command
 * @flags: NLM_F_... beside NLM_F_REQUEST
 */
struct message *message_new(uint8_t cmd, uint16_t flags)
{
	struct message *message = pool_alloc(sizeof(*message));

	message->cmd = cmd;
	message->flags = flags;
	message->version = PE_GENL_VERSION;
	if (cmd < spec_ops_count)
		message->set = spec_ops[cmd].set;
	return message;
}

/**
 * message_attr() - the first attribute of a type, or NULL
 * @message: the request
 * @type: PE_..., without flags
 */
const struct node *message_attr(const struct message *message, uint16_t type)
{
	const struct node *node;

	for (node = message->attrs; node; node = node->next)
		if ((node->type & NLA_TYPE_MASK) == type)
			return node;
	return NULL;
}

/**
 * node_new() - one more attribute
 * @list: behind the last of these
 * @set: that it belongs to
 * @type: of it
 */
struct node *node_new(struct node **list, const struct spec_set *set, uint16_t type)
{
	struct node *node = pool_alloc(sizeof(*node));

	while (*list)
		list = &(*list)->next;
	*list = node;
	node->set = set;
	node->type = type;
	return node;
}

struct node *node_put(struct node **list, const struct spec_set *set, uint16_t type,
		      const void *data, uint32_t len)
{
	struct node *node = node_new(list, set, type);
	uint8_t *copy = pool_alloc(len);

	if (len)
		memcpy(copy, data, len);
	node->data = copy;
	node->len = len;
	return node;
}

struct node *node_put_u16(struct node **list, const struct spec_set *set, uint16_t type,
			  uint16_t value)
{
	return node_put(list, set, type, &value, sizeof(value));
}

struct node *node_put_u32(struct node **list, const struct spec_set *set, uint16_t type,
			  uint32_t value)
{
	return node_put(list, set, type, &value, sizeof(value));
}

struct node *node_put_string(struct node **list, const struct spec_set *set, uint16_t type,
			     const char *s)
{
	return node_put(list, set, type, s, (uint32_t)strlen(s) + 1);
}

struct node *node_nest(struct node **list, const struct spec_set *set, uint16_t type)
{
	struct node *node = node_new(list, set, type | NLA_F_NESTED);

	node->nest = true;
	return node;
}

/**
 * node_spec() - what the specification says of an attribute, or NULL
 * @node: the attribute
 */
const struct spec_attr *node_spec(const struct node *node)
{
	uint16_t type = node->type & NLA_TYPE_MASK;

	if (!node->set || type > node->set->max || !node->set->attrs[type].name)
		return NULL;
	return &node->set->attrs[type];
}

/**
 * nodes_count() - how many attributes, those in nests too
 * @list: the first
 */
unsigned int nodes_count(const struct node *list)
{
	unsigned int n = 0;

	for (; list; list = list->next)
		n += 1 + nodes_count(list->kids);
	return n;
}

/**
 * nodes_at() - where an attribute hangs
 * @list: the first
 * @index: which one, those in nests counted too; what is left of it
 *
 * Return: the pointer to it, or NULL when there are fewer.
 */
struct node **nodes_at(struct node **list, unsigned int *index)
{
	struct node **found;

	for (; *list; list = &(*list)->next) {
		if (!(*index)--)
			return list;
		found = nodes_at(&(*list)->kids, index);
		if (found)
			return found;
	}
	return NULL;
}

static uint32_t nodes_encode(const struct node *node, uint8_t *buf, uint32_t room)
{
	struct nlattr *attr;
	uint32_t used = 0, len;

	for (; node; node = node->next) {
		if (room - used < MNL_ATTR_HDRLEN + MNL_ALIGN(node->len))
			return used;
		attr = (struct nlattr *)(buf + used);
		if (node->nest)
			len = nodes_encode(node->kids, buf + used + MNL_ATTR_HDRLEN,
					   room - used - MNL_ATTR_HDRLEN);
		else
			len = node->len;
		if (len + MNL_ATTR_HDRLEN > UINT16_MAX)
			return used;
		if (!node->nest && len)
			memcpy(buf + used + MNL_ATTR_HDRLEN, node->data, len);
		attr->nla_type = node->type;
		attr->nla_len = (uint16_t)(node->lie ? node->lie - 1 : len + MNL_ATTR_HDRLEN);
		used += MNL_ATTR_HDRLEN + MNL_ALIGN(len);
	}
	return used;
}

/**
 * message_encode() - as it is sent
 * @message: the request
 * @family: number of the family
 * @seq: its sequence number
 * @buf: where, zeroed, with room for MESSAGE_MAX bytes
 *
 * Return: how many bytes.
 */
uint32_t message_encode(const struct message *message, uint16_t family, uint32_t seq, void *buf)
{
	struct nlmsghdr *nlh = buf;
	struct genlmsghdr *genl = (struct genlmsghdr *)(nlh + 1);
	uint32_t len = sizeof(*nlh) + sizeof(*genl);

	nlh->nlmsg_type = message->type ? message->type : family;
	nlh->nlmsg_flags = message->flags | (message->no_request ? 0 : NLM_F_REQUEST);
	nlh->nlmsg_seq = seq;
	genl->cmd = message->cmd;
	genl->version = message->version;
	genl->reserved = message->reserved;
	len += nodes_encode(message->attrs, (uint8_t *)(genl + 1), MESSAGE_MAX - len - 64);
	len += message->tail;
	if (message->cut && len - message->cut >= sizeof(*nlh) && message->cut < len)
		len -= message->cut;
	memset((char *)buf + len, 0, MNL_ALIGN(len) - len);
	nlh->nlmsg_len = message->lies ? message->lie : len;
	return MNL_ALIGN(len);
}
