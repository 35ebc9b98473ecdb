// SPDX-License-Identifier: GPL-2.0-only
/* Messages to versions of pools. */

#include "nl-gen.h"
#include "parse.h"
#include "parse_attr.h"

static int pe_parse_member(struct genl_info *info, const struct nlattr *attr,
			   const char *name, struct pe_member *member,
			   const struct nlattr **device,
			   struct pe_refusal *refusal)
{
	struct nlattr *tb[PE_MEMBER_MAX + 1];

	pe_parse_nest(tb, PE_MEMBER_MAX, attr);
	if (tb[PE_MEMBER_SLOTS])
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a member of pool %s has slots, which are only read: leave them out",
			      name);
	*device = tb[PE_MEMBER_DEVICE];
	if (!*device || !*(char *)nla_data(*device))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a member of pool %s names no device: give it one",
			      name);
	member->weight = tb[PE_MEMBER_WEIGHT] ?
				 nla_get_u16(tb[PE_MEMBER_WEIGHT]) : 1;
	return 0;
}

static int pe_parse_members(struct genl_info *info, const char *name,
			    struct pe_pool *pool, char *at,
			    struct pe_refusal *refusal)
{
	const struct nlattr *attr = NULL, *device;
	u8 i = 0;
	int err, len;

	while ((attr = pe_next(info, PE_POOL_MEMBER, attr))) {
		err = pe_parse_member(info, attr, name, &pool->member[i++],
				      &device, refusal);
		if (err)
			return err;
		len = strlen(nla_data(device)) + 1;
		memcpy(at, nla_data(device), len);
		at += len;
	}
	return 0;
}

/* Longer than anybody waits for an answer; jiffies are safe below. */
#define PE_WINDOW_MAX	3600000

static int pe_parse_detect(struct genl_info *info, const char *name,
			   struct pe_pool *pool, struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;

	pool->detect_packets = PE_DETECT_PACKETS;
	pool->one_way = nla_get_flag(a[PE_POOL_ONE_WAY]);
	pool->detect_window = pool->one_way ? PE_DETECT_WINDOW_ONE_WAY :
					      PE_DETECT_WINDOW;
	if (a[PE_POOL_DETECT_PACKETS])
		pool->detect_packets = nla_get_u32(a[PE_POOL_DETECT_PACKETS]);
	if (a[PE_POOL_DETECT_WINDOW])
		pool->detect_window = nla_get_u32(a[PE_POOL_DETECT_WINDOW]);
	pool->detect_given = a[PE_POOL_DETECT_PACKETS] ||
			     a[PE_POOL_DETECT_WINDOW];
	if (pool->detect_window < 1 || pool->detect_window > PE_WINDOW_MAX)
		return pe_bad(info->extack, refusal, a[PE_POOL_DETECT_WINDOW],
			      -EINVAL,
			      "pool %s finds a member dead after %u ms without an answer: give a window from 1 to %u ms",
			      name, pool->detect_window, PE_WINDOW_MAX);
	pool->revives = a[PE_POOL_REVIVE];
	if (pool->revives)
		pool->revive = nla_get_u32(a[PE_POOL_REVIVE]);
	if (pool->revive > PE_WINDOW_MAX)
		return pe_bad(info->extack, refusal, a[PE_POOL_REVIVE], -EINVAL,
			      "pool %s tries dead members again after %u ms: give at most %u ms",
			      name, pool->revive, PE_WINDOW_MAX);
	return 0;
}

static int pe_parse_pool_attrs(struct genl_info *info, const char *name,
			       struct pe_pool *pool, char *names,
			       struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;
	int err;

	if (!a[PE_POOL_POLICY])
		return pe_refuse(refusal, -EINVAL, PE_POOL_POLICY, 0,
				 "pool %s has no policy: say failover or maglev",
				 name);
	pool->policy = nla_get_u32(a[PE_POOL_POLICY]);
	if (a[PE_POOL_KEY])
		pool->key = nla_get_u32(a[PE_POOL_KEY]);
	if (pool->key && pool->policy == PE_POOL_POLICY_FAILOVER)
		return pe_bad(info->extack, refusal, a[PE_POOL_KEY], -EINVAL,
			      "pool %s has policy failover, where one member gets everything, and a key: leave the key out, or use maglev",
			      name);
	err = pe_parse_members(info, name, pool, names, refusal);
	return err ?: pe_parse_detect(info, name, pool, refusal);
}

/**
 * pe_parse_pool() - a pool as a message describes it
 * @pn: namespace
 * @txn: transaction that it is for
 * @info: the message
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the change or an error pointer.
 */
struct pe_change *pe_parse_pool(struct pe_net *pn, struct pe_txn *txn,
				struct genl_info *info,
				struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_POOL_NAME], *member = NULL;
	struct pe_change *change;
	unsigned int n = 0;
	size_t names = 0;
	const char *name;
	int err;

	err = pe_parse_name(info, attr, PE_POOL_NAME, "pool", refusal);
	if (err)
		return ERR_PTR(err);
	name = nla_data(attr);
	while ((member = pe_next(info, PE_POOL_MEMBER, member))) {
		names += nla_len(member);
		n++;
	}
	if (!n || n > PE_MEMBERS_MAX)
		return ERR_PTR(pe_refuse(refusal, -EINVAL, PE_POOL_MEMBER,
					 n ? PE_MEMBERS_MAX : 0,
					 "pool %s has %u members: give it 1 to %u",
					 name, n, PE_MEMBERS_MAX));
	change = pe_parse_new(txn, info, name, PE_NOUN_POOL, names, 0);
	if (!change)
		return ERR_PTR(-ENOMEM);
	change->version = pe_pool_new(n);
	err = change->version ?
		      pe_parse_pool_attrs(info, name, change->version,
					  change->data + strlen(name) + 1,
					  refusal) : -ENOMEM;
	if (err) {
		pe_change_drop(pn, txn, change);
		return ERR_PTR(err);
	}
	return change;
}
