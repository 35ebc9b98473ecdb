// SPDX-License-Identifier: GPL-2.0-only

#include "acl.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

#include "arena.h"
#include "attr.h"

/* Of a message: header, name and what else stands in front of the rules. */
#define PE_ACL_HEAD 160
#define PE_ACL_ROOM 8

const char *const pe_tcp_flags[8] = { "fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr" };

/* Room for one more of what there are @n of. */
static void *pe_acl_grow(struct pe_arena *arena, void *old, uint32_t n, uint32_t *room, size_t size)
{
	void *new;

	if (n < *room)
		return old;
	*room = *room ? *room * 2 : PE_ACL_ROOM;
	new = pe_arena_alloc(arena, *room * size);
	if (n)
		memcpy(new, old, n * size);
	return new;
}

/**
 * pe_acl_add() - one more rule at the end
 * @acl: the list
 * @arena: keeps the rule
 *
 * Return: the rule, empty.
 */
struct pe_rule *pe_acl_add(struct pe_acl *acl, struct pe_arena *arena)
{
	struct pe_rule *rule;

	acl->rules =
		pe_acl_grow(arena, acl->rules, acl->nrules, &acl->rules_room, sizeof(*acl->rules));
	rule = &acl->rules[acl->nrules++];
	memset(rule, 0, sizeof(*rule));
	acl->all = acl->nrules;
	return rule;
}

static void pe_rule_put_ports(struct nlmsghdr *nlh, uint16_t type, const uint16_t *ports,
			      unsigned int n)
{
	struct nlattr *nest;
	unsigned int i;

	for (i = 0; i < n; i++) {
		nest = mnl_attr_nest_start(nlh, type);
		mnl_attr_put_u16(nlh, PE_RANGE_FIRST, ports[2 * i]);
		mnl_attr_put_u16(nlh, PE_RANGE_LAST, ports[2 * i + 1]);
		mnl_attr_nest_end(nlh, nest);
	}
}

/* Attributes of one byte, and where the rule has them. */
static const struct {
	uint16_t attr;
	uint16_t offset;
} pe_rule_bytes[] = {
	{ PE_RULE_FROM_LEN, offsetof(struct pe_rule, from_len) },
	{ PE_RULE_TO_LEN, offsetof(struct pe_rule, to_len) },
	{ PE_RULE_PROTO, offsetof(struct pe_rule, proto) },
	{ PE_RULE_FLAGS_MASK, offsetof(struct pe_rule, mask) },
	{ PE_RULE_FLAGS, offsetof(struct pe_rule, flags) },
	{ PE_RULE_TYPE, offsetof(struct pe_rule, type) },
	{ PE_RULE_CODE, offsetof(struct pe_rule, code) },
	{ PE_RULE_DSCP, offsetof(struct pe_rule, dscp) },
};

static const uint16_t pe_rule_words[] = { PE_RULE_PERMIT, PE_RULE_FRAGMENTS, PE_RULE_COUNT };

#define PE_RULE_BYTES (sizeof(pe_rule_bytes) / sizeof(*pe_rule_bytes))
#define PE_RULE_WORDS (sizeof(pe_rule_words) / sizeof(*pe_rule_words))

static void pe_rule_put(struct nlmsghdr *nlh, const struct pe_rule *rule)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PE_ACL_RULE);
	size_t i;

	if (rule->has & PE_HAS(PE_RULE_FROM))
		pe_attr_put_addr(nlh, PE_RULE_FROM, &rule->from);
	if (rule->has & PE_HAS(PE_RULE_TO))
		pe_attr_put_addr(nlh, PE_RULE_TO, &rule->to);
	for (i = 0; i < PE_RULE_BYTES; i++)
		if (rule->has & PE_HAS(pe_rule_bytes[i].attr))
			mnl_attr_put_u8(nlh, pe_rule_bytes[i].attr,
					*((const uint8_t *)rule + pe_rule_bytes[i].offset));
	for (i = 0; i < PE_RULE_WORDS; i++)
		if (rule->has & PE_HAS(pe_rule_words[i]))
			mnl_attr_put(nlh, pe_rule_words[i], 0, NULL);
	pe_rule_put_ports(nlh, PE_RULE_SPORT, rule->sports, rule->nsports);
	pe_rule_put_ports(nlh, PE_RULE_PORT, rule->ports, rule->nports);
	if (rule->iif)
		mnl_attr_put_strz(nlh, PE_RULE_IIF, rule->iif);
	mnl_attr_nest_end(nlh, nest);
}

/* At most so many bytes of a message. */
static size_t pe_rule_size(const struct pe_rule *rule)
{
	return 4 + 40 + PE_RULE_BYTES * 8 + PE_RULE_WORDS * 4 +
	       20 * (size_t)(rule->nsports + rule->nports) +
	       (rule->iif ? 4 + MNL_ALIGN(strlen(rule->iif) + 1) : 0);
}

/**
 * pe_acl_next() - where the message behind one goes on
 * @acl: the list
 * @first: first rule of the message
 *
 * Return: the first rule of the next message, 0 if there is none.
 */
uint32_t pe_acl_next(const struct pe_acl *acl, uint32_t first)
{
	size_t room = PE_MESSAGE_MAX - PE_ACL_HEAD;

	while (first < acl->nrules && pe_rule_size(&acl->rules[first]) <= room)
		room -= pe_rule_size(&acl->rules[first++]);
	return first < acl->nrules ? first : 0;
}

/**
 * pe_acl_put() - append what a user can say of a list to a message
 * @nlh: the message, with PE_MESSAGE_MAX bytes of room
 * @acl: the list
 * @first: first rule of this message
 */
void pe_acl_put(struct nlmsghdr *nlh, const struct pe_acl *acl, uint32_t first)
{
	uint32_t end = pe_acl_next(acl, first);

	mnl_attr_put_strz(nlh, PE_ACL_NAME, acl->o.name);
	if (first)
		mnl_attr_put_u32(nlh, PE_ACL_FIRST, first);
	else if (acl->permit)
		mnl_attr_put(nlh, PE_ACL_PERMIT, 0, NULL);
	for (end = end ? end : acl->nrules; first < end; first++)
		pe_rule_put(nlh, &acl->rules[first]);
}

static unsigned int pe_rule_count_ports(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *attr;
	unsigned int n = 0;

	mnl_attr_for_each_nested(attr, nest)
		n += mnl_attr_get_type(attr) == type;
	return n;
}

static uint16_t *pe_rule_get_ports(const struct nlattr *nest, uint16_t type, uint8_t *n,
				   struct pe_arena *arena)
{
	const struct nlattr *attr, *inner;
	uint16_t *ports;
	unsigned int i = 0, count = pe_rule_count_ports(nest, type);

	if (count > PE_PORTS_MAX)
		return NULL;
	*n = (uint8_t)count;
	ports = pe_arena_alloc(arena, 2 * count * sizeof(*ports));
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) != type)
			continue;
		mnl_attr_for_each_nested(inner, attr) {
			if (mnl_attr_get_type(inner) == PE_RANGE_FIRST)
				ports[2 * i] = pe_attr_u16(inner);
			else if (mnl_attr_get_type(inner) == PE_RANGE_LAST)
				ports[2 * i + 1] = pe_attr_u16(inner);
		}
		i++;
	}
	return ports;
}

static bool pe_rule_get_attr(struct pe_rule *rule, const struct nlattr *attr,
			     struct pe_arena *arena)
{
	uint16_t type = mnl_attr_get_type(attr);
	size_t i;

	for (i = 0; i < PE_RULE_BYTES; i++)
		if (type == pe_rule_bytes[i].attr)
			*((uint8_t *)rule + pe_rule_bytes[i].offset) = pe_attr_u8(attr);
	switch (type) {
	case PE_RULE_FROM:
		rule->from_len = mnl_attr_get_payload_len(attr) == 4 ? 32 : 128;
		return pe_attr_addr(&rule->from, attr);
	case PE_RULE_TO:
		rule->to_len = mnl_attr_get_payload_len(attr) == 4 ? 32 : 128;
		return pe_attr_addr(&rule->to, attr);
	case PE_RULE_IIF:
		rule->iif = pe_attr_str(attr, arena);
		return rule->iif;
	case PE_RULE_HITS:
		pe_attr_counter(&rule->hits, attr);
		return true;
	}
	return true;
}

static bool pe_rule_get(struct pe_rule *rule, struct pe_arena *arena, const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (!pe_rule_get_attr(rule, attr, arena))
			return false;
		if (mnl_attr_get_type(attr) <= PE_RULE_MAX)
			rule->has |= PE_HAS(mnl_attr_get_type(attr));
	}
	rule->sports = pe_rule_get_ports(nest, PE_RULE_SPORT, &rule->nsports, arena);
	rule->ports = pe_rule_get_ports(nest, PE_RULE_PORT, &rule->nports, arena);
	return rule->sports && rule->ports;
}

static void pe_acl_count_client(struct pe_acl *acl, struct pe_arena *arena,
				const struct pe_acl_client *client)
{
	uint32_t i;

	for (i = 0; i < acl->nclients; i++) {
		if (!pe_addr_equal(&acl->clients[i].address, &client->address))
			continue;
		acl->clients[i].hits.packets += client->hits.packets;
		acl->clients[i].hits.bytes += client->hits.bytes;
		return;
	}
	acl->clients = pe_acl_grow(arena, acl->clients, acl->nclients, &acl->clients_room,
				   sizeof(*acl->clients));
	acl->clients[acl->nclients++] = *client;
}

static bool pe_acl_get_client(struct pe_acl *acl, struct pe_arena *arena, const struct nlattr *nest)
{
	struct pe_acl_client client = { 0 };
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PE_ACL_CLIENT_ADDRESS &&
		    !pe_attr_addr(&client.address, attr))
			return false;
		if (mnl_attr_get_type(attr) == PE_ACL_CLIENT_HITS)
			pe_attr_counter(&client.hits, attr);
	}
	pe_acl_count_client(acl, arena, &client);
	return true;
}

static bool pe_acl_get_attr(struct pe_acl *acl, struct pe_arena *arena, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_ACL_NAME:
		acl->o.name = pe_attr_str(attr, arena);
		return true;
	case PE_ACL_ID:
		acl->id = pe_attr_u32(attr);
		return true;
	case PE_ACL_PERMIT:
		acl->permit = true;
		return true;
	case PE_ACL_RULE:
		return pe_rule_get(pe_acl_add(acl, arena), arena, attr);
	case PE_ACL_COST:
		acl->cost = pe_attr_u32(attr);
		return true;
	case PE_ACL_USERS:
		acl->users = pe_attr_u32(attr);
		return true;
	case PE_ACL_GENERATION:
		acl->generation = pe_attr_u32(attr);
		return true;
	case PE_ACL_UNMATCHED:
		pe_attr_counter(&acl->unmatched, attr);
		return true;
	case PE_ACL_CLIENT:
		return pe_acl_get_client(acl, arena, attr);
	case PE_ACL_OTHER_CLIENTS:
		pe_attr_counter(&acl->others, attr);
		return true;
	}
	return true;
}

/**
 * pe_acl_get() - read a list, or a part of one, from a message
 * @acl: where to store it; cleared first
 * @arena: keeps its parts
 * @nlh: the message
 *
 * Return: 0, or -EBADMSG if that is no list.
 */
int pe_acl_get(struct pe_acl *acl, struct pe_arena *arena, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr, *rules = NULL;

	memset(acl, 0, sizeof(*acl));
	acl->o.kind = PE_OBJECT_ACL;
	acl->default_given = true;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (!pe_acl_get_attr(acl, arena, attr))
			return -EBADMSG;
		if (type <= PE_ACL_MAX)
			acl->has |= PE_HAS(type);
		if (type == PE_ACL_RULES)
			rules = attr;
	}
	if (rules)
		acl->all = pe_attr_u32(rules);
	return acl->o.name ? 0 : -EBADMSG;
}

/**
 * pe_acl_join() - add what another message holds of a list, if it goes on with it
 * @acl: the list
 * @arena: keeps it
 * @more: what the message holds, in memory that lives as long
 */
void pe_acl_join(struct pe_acl *acl, struct pe_arena *arena, const struct pe_acl *more)
{
	uint32_t i, all = acl->all;

	if (!(more->has & PE_HAS(PE_ACL_FIRST)))
		return;
	for (i = 0; i < more->nrules; i++)
		*pe_acl_add(acl, arena) = more->rules[i];
	acl->all = all;
	for (i = 0; i < more->nclients; i++)
		pe_acl_count_client(acl, arena, &more->clients[i]);
}

#define PE_RULE_GIVEN                                                          \
	(PE_HAS(PE_RULE_PERMIT) | PE_HAS(PE_RULE_FROM) | PE_HAS(PE_RULE_TO) |  \
	 PE_HAS(PE_RULE_PROTO) | PE_HAS(PE_RULE_TYPE) | PE_HAS(PE_RULE_CODE) | \
	 PE_HAS(PE_RULE_DSCP) | PE_HAS(PE_RULE_FRAGMENTS) | PE_HAS(PE_RULE_COUNT))

static bool pe_rule_equal(const struct pe_rule *a, const struct pe_rule *b)
{
	if ((a->has ^ b->has) & PE_RULE_GIVEN || a->nsports != b->nsports ||
	    a->nports != b->nports || !a->iif != !b->iif)
		return false;
	if (!pe_addr_equal(&a->from, &b->from) || !pe_addr_equal(&a->to, &b->to) ||
	    a->from_len != b->from_len || a->to_len != b->to_len)
		return false;
	if (a->proto != b->proto || a->mask != b->mask || a->flags != b->flags ||
	    a->type != b->type || a->code != b->code || a->dscp != b->dscp)
		return false;
	return !memcmp(a->sports, b->sports, a->nsports * 4U) &&
	       !memcmp(a->ports, b->ports, a->nports * 4U) && (!a->iif || !strcmp(a->iif, b->iif));
}

/**
 * pe_acl_equal() - compare what a user can say of two lists
 * @a: one
 * @b: the other
 *
 * Return: whether it means the same.
 */
bool pe_acl_equal(const struct pe_acl *a, const struct pe_acl *b)
{
	uint32_t i;

	if (a->permit != b->permit || a->nrules != b->nrules)
		return false;
	for (i = 0; i < a->nrules; i++)
		if (!pe_rule_equal(&a->rules[i], &b->rules[i]))
			return false;
	return true;
}

/* The rules of another list, but for those from one on. */
static void pe_acl_take(struct pe_acl *acl, const struct pe_acl *base, uint32_t at,
			uint32_t without)
{
	struct pe_rule *rules = acl->rules;
	uint32_t n = acl->nrules, rest = base->nrules - at - without;

	acl->rules = pe_arena_alloc(acl->arena, (base->nrules + n + 1) * sizeof(*rules));
	memcpy(acl->rules, base->rules, at * sizeof(*rules));
	if (n)
		memcpy(acl->rules + at, rules, n * sizeof(*rules));
	memcpy(acl->rules + at + n, base->rules + at + without, rest * sizeof(*rules));
	acl->nrules = at + n + rest;
	acl->all = acl->nrules;
	acl->rules_room = acl->nrules;
}

/**
 * pe_acl_merge() - fill what a change does not say
 * @acl: the change
 * @base: the list as it is, in memory that lives as long
 *
 * A rule that is inserted or deleted must have a position that there is.
 */
void pe_acl_merge(struct pe_acl *acl, const struct pe_acl *base)
{
	if (!acl->default_given)
		acl->permit = base->permit;
	if (acl->o.verb == PE_VERB_INSERT) {
		pe_acl_take(acl, base, acl->position - 1, 0);
	} else if (acl->o.verb == PE_VERB_CUT) {
		pe_acl_take(acl, base, acl->position - 1, 1);
	} else if (!acl->nrules) {
		acl->rules = base->rules;
		acl->nrules = base->nrules;
		acl->all = base->nrules;
	}
}

/**
 * pe_acl_where() - where something of a list stands in the source
 * @acl: the list
 * @attr: PE_ACL_...
 * @index: which one of a repeated attribute
 *
 * Return: the place plus one, 0 if it is not known.
 */
uint32_t pe_acl_where(const struct pe_acl *acl, uint16_t attr, unsigned int index)
{
	if (attr == PE_ACL_RULE && index < acl->nrules && acl->rules[index].at)
		return acl->rules[index].at;
	return acl->o.at;
}
