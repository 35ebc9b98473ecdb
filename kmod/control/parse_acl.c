// SPDX-License-Identifier: GPL-2.0-only
/* Access lists as messages describe them: a list may take several. */

#include <linux/in.h>
#include <net/ipv6.h>

#include "../model/acl.h"
#include "../model/prefix.h"
#include "parse.h"
#include "parse_attr.h"

/* Rules of a list, of which each counts memory of the namespace. */
#define PE_ACL_RULES_MAX	1048576

/**
 * struct pe_acl_reader - a message being read
 * @pn: namespace
 * @info: the message
 * @name: of the list
 * @acl: the list
 * @attr: rule that is being read
 * @at: which of the message
 * @tb: what that rule says
 * @refusal: out: why not
 */
struct pe_acl_reader {
	struct pe_net		*pn;
	struct genl_info	*info;
	const char		*name;
	struct pe_acl		*acl;
	const struct nlattr	*attr;
	u32			at;
	struct nlattr		*tb[PE_RULE_MAX + 1];
	struct pe_refusal	*refusal;
};

/* A refusal of the rule that is being read; @what: one sentence about it. */
static int pe_acl_bad(struct pe_acl_reader *r, const char *what)
{
	NL_SET_BAD_ATTR(r->info->extack, r->attr);
	return pe_refuse(r->refusal, -EINVAL, PE_ACL_RULE, r->at,
			 "rule %u of acl %s %s", r->acl->n, r->name, what);
}

static bool pe_acl_is_prefix(const union nf_inet_addr *addr, u8 family, u8 len)
{
	union nf_inet_addr mask;
	int i;

	if (len > (family == NFPROTO_IPV4 ? 32 : 128))
		return false;
	pe_prefix_mask(&mask, family, len);
	for (i = 0; i < ARRAY_SIZE(mask.ip6); i++)
		if (addr->ip6[i] & ~mask.ip6[i])
			return false;
	return true;
}

static int pe_acl_read_prefix(struct pe_acl_reader *r, struct pe_acl_rule *rule,
			      const struct nlattr *attr, const struct nlattr *len,
			      union nf_inet_addr *addr, u8 *length)
{
	u8 family = NFPROTO_IPV4;

	switch (nla_len(attr)) {
	case sizeof(struct in_addr):
		addr->ip = nla_get_in_addr(attr);
		break;
	case sizeof(struct in6_addr):
		addr->in6 = nla_get_in6_addr(attr);
		family = NFPROTO_IPV6;
		break;
	default:
		return pe_acl_bad(r,
				  "has a prefix that is neither IPv4 nor IPv6: give 4 bytes or 16");
	}
	if (rule->family && rule->family != family)
		return pe_acl_bad(r,
				  "has prefixes of IPv4 and IPv6, which no packet has both of: make two rules of it");
	rule->family = family;
	*length = len ? nla_get_u8(len) : family == NFPROTO_IPV4 ? 32 : 128;
	if (!pe_acl_is_prefix(addr, family, *length))
		return pe_acl_bad(r,
				  "has a prefix with bits set behind its length, or too long a one: give the first address of it");
	return 0;
}

static int pe_acl_read_prefixes(struct pe_acl_reader *r,
				struct pe_acl_rule *rule)
{
	struct nlattr **tb = r->tb;
	int err = 0;

	if ((tb[PE_RULE_FROM_LEN] && !tb[PE_RULE_FROM]) ||
	    (tb[PE_RULE_TO_LEN] && !tb[PE_RULE_TO]))
		return pe_acl_bad(r,
				  "has the length of a prefix without the prefix: give both");
	if (tb[PE_RULE_FROM]) {
		rule->has |= PE_ACL_FROM;
		err = pe_acl_read_prefix(r, rule, tb[PE_RULE_FROM],
					 tb[PE_RULE_FROM_LEN], &rule->from,
					 &rule->from_len);
	}
	if (!err && tb[PE_RULE_TO]) {
		rule->has |= PE_ACL_TO;
		err = pe_acl_read_prefix(r, rule, tb[PE_RULE_TO],
					 tb[PE_RULE_TO_LEN], &rule->to,
					 &rule->to_len);
	}
	return err;
}

static int pe_acl_read_ports(struct pe_acl_reader *r, u16 type, u8 *n)
{
	struct nlattr *tb[PE_RANGE_MAX + 1];
	const struct nlattr *attr;
	u16 first, last;
	int err, left;

	nla_for_each_nested(attr, r->attr, left) {
		if (nla_type(attr) != type)
			continue;
		pe_parse_nest(tb, PE_RANGE_MAX, attr);
		if (*n == PE_PORTS_MAX)
			return pe_acl_bad(r,
					  "has more than 16 port ranges: make two rules of it");
		if (!tb[PE_RANGE_FIRST] || tb[PE_RANGE_DYNAMIC])
			return pe_acl_bad(r,
					  "has a port range without a first port, or a dynamic one: give first and last");
		first = nla_get_u16(tb[PE_RANGE_FIRST]);
		last = tb[PE_RANGE_LAST] ? nla_get_u16(tb[PE_RANGE_LAST]) : first;
		if (last < first)
			return pe_acl_bad(r,
					  "has a port range that ends before it begins: give the smaller port first");
		err = pe_acl_add_ports(r->acl, first, last);
		if (err)
			return err;
		++*n;
	}
	return 0;
}

static bool pe_acl_is_icmp(const struct pe_acl_rule *rule)
{
	return rule->has & PE_ACL_PROTO && (rule->proto == IPPROTO_ICMP ||
					    rule->proto == IPPROTO_ICMPV6);
}

static int pe_acl_read_numbers(struct pe_acl_reader *r, struct pe_acl_rule *rule)
{
	struct nlattr **tb = r->tb;

	if (tb[PE_RULE_PROTO]) {
		rule->has |= PE_ACL_PROTO;
		rule->proto = nla_get_u8(tb[PE_RULE_PROTO]);
	}
	if (tb[PE_RULE_TYPE]) {
		rule->has |= PE_ACL_TYPE;
		rule->type = nla_get_u8(tb[PE_RULE_TYPE]);
	}
	if (tb[PE_RULE_CODE]) {
		rule->has |= PE_ACL_CODE;
		rule->code = nla_get_u8(tb[PE_RULE_CODE]);
	}
	if (tb[PE_RULE_DSCP]) {
		rule->has |= PE_ACL_DSCP;
		rule->dscp = nla_get_u8(tb[PE_RULE_DSCP]);
	}
	if (tb[PE_RULE_FLAGS_MASK])
		rule->mask = nla_get_u8(tb[PE_RULE_FLAGS_MASK]);
	if (tb[PE_RULE_FLAGS])
		rule->flags = nla_get_u8(tb[PE_RULE_FLAGS]);
	if (rule->flags & ~rule->mask)
		return pe_acl_bad(r,
				  "has TCP flags outside of their mask: look at them, or leave them out");
	if (rule->has & PE_ACL_CODE && !(rule->has & PE_ACL_TYPE))
		return pe_acl_bad(r,
				  "has a code without a type: give the type");
	return 0;
}

/* What only some protocols have. */
static int pe_acl_check(struct pe_acl_reader *r, const struct pe_acl_rule *rule)
{
	bool ports = rule->has & PE_ACL_PROTO &&
		     pe_proto_can_have_ports(rule->proto);

	if ((rule->sports || rule->dports) && !ports)
		return pe_acl_bad(r,
				  "has ports but no protocol that has ports: say tcp, udp or sctp, or leave the ports out");
	if (rule->mask && !(rule->has & PE_ACL_PROTO &&
			    rule->proto == IPPROTO_TCP))
		return pe_acl_bad(r,
				  "has flags, which only TCP has: say tcp, or leave the flags out");
	if (rule->has & PE_ACL_TYPE && !pe_acl_is_icmp(rule))
		return pe_acl_bad(r,
				  "has a type, which only ICMP has: say icmp or icmpv6, or leave the type out");
	if (rule->has & PE_ACL_FRAGMENTS &&
	    (rule->sports || rule->dports || rule->mask ||
	     rule->has & PE_ACL_TYPE))
		return pe_acl_bad(r,
				  "looks at ports, flags or a type of later fragments, which have none: leave one of them out");
	return 0;
}

static int pe_acl_read_iface(struct pe_acl_reader *r)
{
	const struct nlattr *attr = r->tb[PE_RULE_IIF];
	struct pe_iface *iface;

	if (!attr)
		return 0;
	if (!dev_valid_name(nla_data(attr)))
		return pe_acl_bad(r,
				  "has an interface by no name of one: name one");
	iface = pe_parse_iface(r->pn, attr, false, r->refusal);
	if (IS_ERR(iface))
		return PTR_ERR(iface);
	if (pe_acl_add_iface(r->pn, r->acl, iface))
		return pe_acl_bad(r,
				  "names one interface more than the 32 that a list can name: use several lists");
	return 0;
}

static int pe_acl_read_rule(struct pe_acl_reader *r)
{
	struct pe_acl_rule *rule;
	int err;

	if (r->acl->n == PE_ACL_RULES_MAX)
		return pe_acl_bad(r,
				  "is one too many for one list: use several lists");
	pe_parse_nest(r->tb, PE_RULE_MAX, r->attr);
	if (r->tb[PE_RULE_HITS])
		return pe_acl_bad(r,
				  "has counters, which are only read: leave them out");
	rule = pe_acl_add(r->acl);
	if (!rule)
		return -ENOMEM;
	if (r->tb[PE_RULE_PERMIT])
		rule->has |= PE_ACL_PERMITS;
	if (r->tb[PE_RULE_COUNT])
		rule->has |= PE_ACL_COUNTS;
	if (r->tb[PE_RULE_FRAGMENTS])
		rule->has |= PE_ACL_FRAGMENTS;
	err = pe_acl_read_prefixes(r, rule);
	if (!err)
		err = pe_acl_read_numbers(r, rule);
	if (!err)
		err = pe_acl_read_ports(r, PE_RULE_SPORT, &rule->sports);
	if (!err)
		err = pe_acl_read_ports(r, PE_RULE_PORT, &rule->dports);
	if (!err)
		err = pe_acl_check(r, rule);
	if (!err)
		err = pe_acl_read_iface(r);
	return err;
}

static int pe_acl_read(struct pe_acl_reader *r)
{
	int err = 0;

	while (!err && (r->attr = pe_next(r->info, PE_ACL_RULE, r->attr))) {
		err = pe_acl_read_rule(r);
		r->at++;
	}
	return err;
}

/* More rules of the list that the last message was about, all or none. */
static int pe_parse_acl_more(struct pe_acl_reader *r, struct pe_txn *txn,
			     const struct nlattr *attr)
{
	u32 first = nla_get_u32(attr);
	struct pe_acl_mark mark;
	struct pe_change *last;
	int err;

	last = list_empty(&txn->changes) ? NULL :
	       list_last_entry(&txn->changes, struct pe_change, list);
	r->acl = last ? last->version : NULL;
	if (!last || last->op != PE_OP_NEW || last->noun != PE_NOUN_ACL ||
	    strcmp(last->data, r->name) || r->acl->n != first)
		return pe_bad(r->info->extack, r->refusal, attr, -EINVAL,
			      "rules of acl %s from %u on do not follow those before them: send them in one transaction, one message after the other",
			      r->name, first);
	if (nla_get_flag(r->info->attrs[PE_ACL_PERMIT]))
		return pe_bad(r->info->extack, r->refusal,
			      r->info->attrs[PE_ACL_PERMIT], -EINVAL,
			      "acl %s says what becomes of the rest in a message that is not its first: say it there",
			      r->name);
	if (r->info->attrs[PE_ACL_OWNER])
		return pe_bad(r->info->extack, r->refusal,
			      r->info->attrs[PE_ACL_OWNER], -EINVAL,
			      "acl %s says whose it is in a message that is not its first: say it there",
			      r->name);
	mark = pe_acl_mark(r->acl);
	err = pe_acl_read(r);
	if (err)
		pe_acl_back(r->pn, r->acl, &mark);
	return err;
}

/**
 * pe_parse_acl() - an access list as a message describes it
 * @pn: namespace
 * @txn: transaction that it is for
 * @info: the message
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the change, NULL where it is more of one that the transaction has, or
 *	an error pointer.
 */
struct pe_change *pe_parse_acl(struct pe_net *pn, struct pe_txn *txn,
			       struct genl_info *info,
			       struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_ACL_NAME];
	struct pe_acl_reader r = {
		.pn = pn,
		.info = info,
		.refusal = refusal,
	};
	struct pe_change *change;
	int err;

	err = pe_parse_name(info, attr, PE_ACL_NAME, "acl", refusal);
	if (err)
		return ERR_PTR(err);
	r.name = nla_data(attr);
	if (info->attrs[PE_ACL_FIRST])
		return ERR_PTR(pe_parse_acl_more(&r, txn,
						 info->attrs[PE_ACL_FIRST]));
	change = pe_parse_new(txn, info, r.name, PE_NOUN_ACL, 0, 0);
	if (!change)
		return ERR_PTR(-ENOMEM);
	r.acl = pe_acl_new();
	change->version = r.acl;
	err = -ENOMEM;
	if (r.acl) {
		r.acl->permit = nla_get_flag(info->attrs[PE_ACL_PERMIT]);
		err = pe_acl_read(&r);
	}
	if (err) {
		pe_change_drop(pn, txn, change);
		return ERR_PTR(err);
	}
	return change;
}
