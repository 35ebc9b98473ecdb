// SPDX-License-Identifier: GPL-2.0-only

#include "pool.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

#include "arena.h"
#include "attr.h"

static void pe_member_put(struct nlmsghdr *nlh, const struct pe_member *member)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PE_POOL_MEMBER);

	mnl_attr_put_strz(nlh, PE_MEMBER_DEVICE, member->device);
	if (member->weight != 1)
		mnl_attr_put_u16(nlh, PE_MEMBER_WEIGHT, member->weight);
	mnl_attr_nest_end(nlh, nest);
}

/**
 * pe_pool_put() - append what a user can say of a pool
 * @nlh: the message, with PE_MESSAGE_MAX bytes of room
 * @pool: the pool
 */
void pe_pool_put(struct nlmsghdr *nlh, const struct pe_pool *pool)
{
	unsigned int i;

	mnl_attr_put_strz(nlh, PE_POOL_NAME, pool->o.name);
	if (pool->has & PE_HAS(PE_POOL_POLICY))
		mnl_attr_put_u32(nlh, PE_POOL_POLICY, pool->policy);
	if (pool->key)
		mnl_attr_put_u32(nlh, PE_POOL_KEY, pool->key);
	for (i = 0; i < pool->nmembers; i++)
		pe_member_put(nlh, &pool->members[i]);
	if (pool->has & PE_HAS(PE_POOL_DETECT_PACKETS))
		mnl_attr_put_u32(nlh, PE_POOL_DETECT_PACKETS, pool->detect_packets);
	if (pool->has & PE_HAS(PE_POOL_DETECT_WINDOW))
		mnl_attr_put_u32(nlh, PE_POOL_DETECT_WINDOW, pool->detect_window);
	if (pool->has & PE_HAS(PE_POOL_REVIVE))
		mnl_attr_put_u32(nlh, PE_POOL_REVIVE, pool->revive);
	if (pool->has & PE_HAS(PE_POOL_ONE_WAY))
		mnl_attr_put(nlh, PE_POOL_ONE_WAY, 0, NULL);
}

static bool pe_member_get(struct pe_member *member, struct pe_arena *arena,
			  const struct nlattr *nest)
{
	const struct nlattr *attr;

	memset(member, 0, sizeof(*member));
	member->weight = 1;
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PE_MEMBER_DEVICE)
			member->device = pe_attr_str(attr, arena);
		else if (mnl_attr_get_type(attr) == PE_MEMBER_WEIGHT)
			member->weight = pe_attr_u16(attr);
		else if (mnl_attr_get_type(attr) == PE_MEMBER_SLOTS)
			member->slots = pe_attr_u32(attr);
	}
	return member->device;
}

static void pe_pool_get_attr(struct pe_pool *pool, struct pe_arena *arena,
			     const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_POOL_NAME:
		pool->o.name = pe_attr_str(attr, arena);
		break;
	case PE_POOL_ID:
		pool->id = pe_attr_u32(attr);
		break;
	case PE_POOL_POLICY:
		pool->policy = (uint8_t)pe_attr_u32(attr);
		break;
	case PE_POOL_KEY:
		pool->key = (uint8_t)pe_attr_u32(attr);
		break;
	case PE_POOL_DETECT_PACKETS:
		pool->detect_packets = pe_attr_u32(attr);
		break;
	case PE_POOL_DETECT_WINDOW:
		pool->detect_window = pe_attr_u32(attr);
		break;
	case PE_POOL_REVIVE:
		pool->revive = pe_attr_u32(attr);
		break;
	case PE_POOL_USERS:
		pool->users = pe_attr_u32(attr);
		break;
	case PE_POOL_GENERATION:
		pool->generation = pe_attr_u32(attr);
		break;
	}
}

/**
 * pe_pool_get() - read a pool from a message
 * @pool: where to store it; cleared first
 * @arena: keeps its parts
 * @nlh: the message
 *
 * Return: 0, or -EBADMSG if that is no pool.
 */
int pe_pool_get(struct pe_pool *pool, struct pe_arena *arena, const struct nlmsghdr *nlh)
{
	struct pe_member members[PE_MEMBERS_MAX];
	const struct nlattr *attr;

	memset(pool, 0, sizeof(*pool));
	pool->o.kind = PE_OBJECT_POOL;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		uint16_t type = mnl_attr_get_type(attr);

		pe_pool_get_attr(pool, arena, attr);
		if (type <= PE_POOL_MAX)
			pool->has |= PE_HAS(type);
		if (type != PE_POOL_MEMBER)
			continue;
		if (pool->nmembers == PE_MEMBERS_MAX ||
		    !pe_member_get(&members[pool->nmembers++], arena, attr))
			return -EBADMSG;
	}
	pool->members = pe_arena_memdup(arena, members, pool->nmembers * sizeof(*members));
	return pool->o.name ? 0 : -EBADMSG;
}

static uint32_t pe_pool_detect(const struct pe_pool *pool, int attr, uint32_t given,
			       uint32_t standard)
{
	return pool->has & PE_HAS(attr) ? given : standard;
}

static uint32_t pe_pool_window(const struct pe_pool *pool)
{
	bool one_way = pool->has & PE_HAS(PE_POOL_ONE_WAY);

	return pe_pool_detect(pool, PE_POOL_DETECT_WINDOW, pool->detect_window,
			      one_way ? PE_DETECT_WINDOW_ONE_WAY : PE_DETECT_WINDOW);
}

static bool pe_detects_equal(const struct pe_pool *a, const struct pe_pool *b)
{
	return pe_pool_detect(a, PE_POOL_DETECT_PACKETS, a->detect_packets, PE_DETECT_PACKETS) ==
		       pe_pool_detect(b, PE_POOL_DETECT_PACKETS, b->detect_packets,
				      PE_DETECT_PACKETS) &&
	       pe_pool_window(a) == pe_pool_window(b);
}

/**
 * pe_pool_equal() - compare what a user can say of two pools
 * @a: one
 * @b: the other
 *
 * Return: whether it means the same.
 */
bool pe_pool_equal(const struct pe_pool *a, const struct pe_pool *b)
{
	unsigned int i;

	if (a->policy != b->policy || a->key != b->key || a->nmembers != b->nmembers)
		return false;
	if (((a->has ^ b->has) & (PE_HAS(PE_POOL_REVIVE) | PE_HAS(PE_POOL_ONE_WAY))) ||
	    !pe_detects_equal(a, b) || a->revive != b->revive)
		return false;
	for (i = 0; i < a->nmembers; i++)
		if (a->members[i].weight != b->members[i].weight ||
		    strcmp(a->members[i].device, b->members[i].device) != 0)
			return false;
	return true;
}

/**
 * pe_pool_merge() - fill what a change does not say
 * @pool: the change
 * @base: the pool as it is, in memory that lives as long
 */
void pe_pool_merge(struct pe_pool *pool, const struct pe_pool *base)
{
	uint32_t missing = ~pool->has, has = base->has;

	/* Who says within which time means to detect again. */
	if (pool->has & PE_HAS(PE_POOL_DETECT_WINDOW) && !base->detect_packets)
		has &= ~PE_HAS(PE_POOL_DETECT_PACKETS);
	missing &= has;
	if (missing & PE_HAS(PE_POOL_POLICY))
		pool->policy = base->policy;
	/* The other policy has no key. */
	if (missing & PE_HAS(PE_POOL_KEY) && pool->policy == base->policy)
		pool->key = base->key;
	if (missing & PE_HAS(PE_POOL_DETECT_PACKETS))
		pool->detect_packets = base->detect_packets;
	if (missing & PE_HAS(PE_POOL_DETECT_WINDOW))
		pool->detect_window = base->detect_window;
	if (missing & PE_HAS(PE_POOL_REVIVE))
		pool->revive = base->revive;
	if (!pool->nmembers) {
		pool->members = base->members;
		pool->nmembers = base->nmembers;
	}
	pool->has |= has;
}

/**
 * pe_pool_where() - where something of a pool stands in the source
 * @pool: the pool
 * @attr: PE_POOL_...
 * @index: which one of a repeated attribute
 *
 * Return: the place plus one, 0 if it is not known.
 */
uint32_t pe_pool_where(const struct pe_pool *pool, uint16_t attr, unsigned int index)
{
	if (attr == PE_POOL_MEMBER && index < pool->nmembers && pool->members[index].at)
		return pool->members[index].at;
	if (attr <= PE_POOL_MAX && pool->at[attr])
		return pool->at[attr];
	return pool->o.at;
}
