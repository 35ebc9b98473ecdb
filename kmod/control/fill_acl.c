// SPDX-License-Identifier: GPL-2.0-only
/* Access lists as messages tell them, in as many as it takes. */

#include <net/genetlink.h>
#include <net/netlink.h>
#include <uapi/linux/pe.h>

#include "../model/acl.h"
#include "fill.h"

static int pe_fill_acl_ports(struct sk_buff *skb, u16 type,
			     const struct pe_acl_ports *ports, u8 n)
{
	struct nlattr *nest;
	u8 i;

	for (i = 0; i < n; i++) {
		nest = nla_nest_start(skb, type);
		if (!nest || nla_put_u16(skb, PE_RANGE_FIRST, ports[i].first) ||
		    nla_put_u16(skb, PE_RANGE_LAST, ports[i].last))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int pe_fill_acl_prefix(struct sk_buff *skb, u16 type, u16 type_len,
			      const union nf_inet_addr *addr, u8 family, u8 len)
{
	u8 whole = family == NFPROTO_IPV4 ? 32 : 128;

	return pe_fill_addr(skb, type, addr, family) ?:
	       (len != whole ? nla_put_u8(skb, type_len, len) : 0);
}

static int pe_fill_acl_prefixes(struct sk_buff *skb,
				const struct pe_acl_rule *rule)
{
	int err = 0;

	if (rule->has & PE_ACL_FROM)
		err = pe_fill_acl_prefix(skb, PE_RULE_FROM, PE_RULE_FROM_LEN,
					 &rule->from, rule->family,
					 rule->from_len);
	if (!err && rule->has & PE_ACL_TO)
		err = pe_fill_acl_prefix(skb, PE_RULE_TO, PE_RULE_TO_LEN,
					 &rule->to, rule->family, rule->to_len);
	return err;
}

static int pe_fill_acl_numbers(struct sk_buff *skb,
			       const struct pe_acl_rule *rule)
{
	if ((rule->has & PE_ACL_PROTO &&
	     nla_put_u8(skb, PE_RULE_PROTO, rule->proto)) ||
	    (rule->mask && nla_put_u8(skb, PE_RULE_FLAGS_MASK, rule->mask)) ||
	    (rule->flags && nla_put_u8(skb, PE_RULE_FLAGS, rule->flags)) ||
	    (rule->has & PE_ACL_TYPE &&
	     nla_put_u8(skb, PE_RULE_TYPE, rule->type)) ||
	    (rule->has & PE_ACL_CODE &&
	     nla_put_u8(skb, PE_RULE_CODE, rule->code)) ||
	    (rule->has & PE_ACL_DSCP &&
	     nla_put_u8(skb, PE_RULE_DSCP, rule->dscp)))
		return -EMSGSIZE;
	return 0;
}

static int pe_fill_acl_flags(struct sk_buff *skb, const struct pe_acl_rule *rule)
{
	if ((rule->has & PE_ACL_PERMITS && nla_put_flag(skb, PE_RULE_PERMIT)) ||
	    (rule->has & PE_ACL_FRAGMENTS &&
	     nla_put_flag(skb, PE_RULE_FRAGMENTS)) ||
	    (rule->has & PE_ACL_COUNTS && nla_put_flag(skb, PE_RULE_COUNT)))
		return -EMSGSIZE;
	return 0;
}

static int pe_fill_tally(struct sk_buff *skb, u16 type,
			 const struct pe_tally *tally)
{
	struct pe_sum sum;

	pe_tally_sum(tally, &sum);
	return pe_fill_sum(skb, type, &sum);
}

static int pe_fill_acl_rule(struct sk_buff *skb, const struct pe_acl *acl, u32 i,
			    bool stats)
{
	const struct pe_acl_rule *rule = &acl->rule[i];
	const struct pe_acl_ports *ports = &acl->ports[rule->port];
	struct nlattr *nest = nla_nest_start(skb, PE_ACL_RULE);

	if (!nest || pe_fill_acl_prefixes(skb, rule) ||
	    pe_fill_acl_numbers(skb, rule) || pe_fill_acl_flags(skb, rule) ||
	    pe_fill_acl_ports(skb, PE_RULE_SPORT, ports, rule->sports) ||
	    pe_fill_acl_ports(skb, PE_RULE_PORT, ports + rule->sports,
			      rule->dports) ||
	    (rule->iif && nla_put_string(skb, PE_RULE_IIF,
					 acl->iface[rule->iif - 1]->name)) ||
	    (stats && acl->tally && acl->tally[i] &&
	     pe_fill_tally(skb, PE_RULE_HITS, acl->tally[i]))) {
		if (nest)
			nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

/* A client as one CPU counted it; whoever reads adds those of all. */
static int pe_fill_acl_client(struct sk_buff *skb, const struct pe_gate *gate,
			      u32 at)
{
	struct pe_acl_clients *clients = gate->clients[at / PE_ACL_CLIENTS];
	struct pe_acl_client *client;
	struct nlattr *nest;
	struct pe_sum sum;
	u32 family;

	if (!clients)
		return 0;
	client = &clients->client[at % PE_ACL_CLIENTS];
	/* Pairs with the release in path/gate.c: the address is there. */
	family = smp_load_acquire(&client->family);
	if (!family)
		return 0;
	pe_acl_client_sum(clients, &client->count, &sum);
	nest = nla_nest_start(skb, PE_ACL_CLIENT);
	if (!nest || pe_fill_addr(skb, PE_ACL_CLIENT_ADDRESS, &client->addr,
				  family) ||
	    pe_fill_sum(skb, PE_ACL_CLIENT_HITS, &sum)) {
		if (nest)
			nla_nest_cancel(skb, nest);
		return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int pe_fill_acl_others(struct sk_buff *skb, const struct pe_gate *gate)
{
	struct pe_sum all = {}, sum;
	int cpu;

	for_each_possible_cpu(cpu) {
		pe_acl_client_sum(gate->clients[cpu],
				  &gate->clients[cpu]->others, &sum);
		all.packets += sum.packets;
		all.bytes += sum.bytes;
	}
	return all.packets ? pe_fill_sum(skb, PE_ACL_OTHER_CLIENTS, &all) : 0;
}

static int pe_fill_acl_head(struct sk_buff *skb, const struct pe_object *obj,
			    bool stats, u32 at)
{
	const struct pe_acl *acl = obj->live;

	if (nla_put_u32(skb, PE_ACL_ID, obj->id) ||
	    (acl->permit && nla_put_flag(skb, PE_ACL_PERMIT)) ||
	    (at && nla_put_u32(skb, PE_ACL_FIRST, at)) ||
	    nla_put_u32(skb, PE_ACL_RULES, acl->n) ||
	    nla_put_u32(skb, PE_ACL_COST, acl->cost) ||
	    nla_put_u32(skb, PE_ACL_USERS, obj->users) ||
	    nla_put_u32(skb, PE_ACL_GENERATION, acl->generation))
		return -EMSGSIZE;
	if (at || !stats)
		return 0;
	if (acl->gate->clients && pe_fill_acl_others(skb, acl->gate))
		return -EMSGSIZE;
	return pe_fill_tally(skb, PE_ACL_UNMATCHED, acl->gate->unmatched);
}

/* Rules, then the clients of each CPU, from @at on. */
static bool pe_fill_acl_body(struct sk_buff *skb, const struct pe_acl *acl,
			     bool stats, u32 *at)
{
	u32 end = acl->n;

	if (stats && acl->gate->clients)
		end += nr_cpu_ids * PE_ACL_CLIENTS;
	for (; *at < acl->n; ++*at)
		if (pe_fill_acl_rule(skb, acl, *at, stats))
			return false;
	for (; *at < end; ++*at)
		if (pe_fill_acl_client(skb, acl->gate, *at - acl->n))
			return false;
	return true;
}

/**
 * pe_fill_acl_part() - put a list with its name, as far as it fits
 * @skb: message
 * @obj: list with a live version
 * @stats: with its counters
 * @at: in and out: where in the list
 * @all: out: there is no more
 *
 * Context: pe_net.lock held.
 * Return: 0, or -EMSGSIZE if nothing fits.
 */
int pe_fill_acl_part(struct sk_buff *skb, const struct pe_object *obj,
		     bool stats, u32 *at, bool *all)
{
	u32 from = *at;

	if (pe_fill_name(skb, obj, PE_NOUN_ACL) ||
	    pe_fill_acl_head(skb, obj, stats, from))
		return -EMSGSIZE;
	*all = pe_fill_acl_body(skb, obj->live, stats, at);
	return !*all && *at == from ? -EMSGSIZE : 0;
}

/**
 * pe_fill_acl() - put what a list is, but its name, with as many rules as fit
 * @skb: message
 * @obj: list with a live version
 * @stats: with its counters
 *
 * Context: pe_net.lock held.
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_acl(struct sk_buff *skb, const struct pe_object *obj, bool stats)
{
	u32 at = 0;

	if (pe_fill_acl_head(skb, obj, stats, 0))
		return -EMSGSIZE;
	pe_fill_acl_body(skb, obj->live, stats, &at);
	return 0;
}
