// SPDX-License-Identifier: GPL-2.0-only
/* Every stage that a packet would meet. */

#include <net/genetlink.h>

#include "../netns.h"
#include "fill.h"
#include "nl-gen.h"
#include "notify.h"
#include "parse.h"
#include "session.h"
#include "walk.h"

/* More than the time to live of a packet, whose way ends before. */
#define PE_EXPLAIN_HOPS	80

static int pe_explain_way(struct sk_buff *skb, struct pe_walk *w)
{
	struct pe_walk_at at;
	int i, err;

	for (i = 0; i < PE_EXPLAIN_HOPS; i++) {
		pe_walk_meet(w, &at);
		err = pe_fill_walk(skb, w, &at);
		if (err || !pe_walk_on(w, &at))
			return err;
	}
	return 0;
}

/* The packet starts where the server of a service sends its answers. */
static int pe_explain_from_server(struct pe_walk *w, struct genl_info *info,
				  struct pe_refusal *refusal)
{
	const char *name = nla_data(info->attrs[PE_EXPLAIN_SERVICE]);
	const struct pe_object *obj;

	obj = pe_object_find(w->pn, PE_NOUN_SERVICE, name);
	if (!obj || !obj->live)
		return pe_refuse(refusal, -ENOENT, 0, 0,
				 "there is no service %s: see what there is with show",
				 name);
	pe_walk_answer(w, obj->live);
	return 0;
}

static int pe_explain_parse(struct pe_walk *w, struct genl_info *info,
			    struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;
	u8 family;
	int err;

	if (!a[PE_EXPLAIN_SADDR] || !a[PE_EXPLAIN_DADDR])
		return pe_refuse(refusal, -EINVAL, 0, 0,
				 "a packet has two addresses: give both, from and to");
	err = pe_parse_addr(a[PE_EXPLAIN_SADDR], "the sender", false,
			    &w->saddr, &w->family, info->extack, refusal);
	if (!err)
		err = pe_parse_addr(a[PE_EXPLAIN_DADDR], "the receiver",
				    false, &w->daddr, &family, info->extack,
				    refusal);
	if (err)
		return err;
	if (family != w->family)
		return pe_refuse(refusal, -EINVAL, 0, 0,
				 "one address is IPv4 and the other IPv6: give two of the same family");
	w->key.mac = pe_mac_none;
	if (a[PE_EXPLAIN_PROTO])
		w->key.proto = nla_get_u8(a[PE_EXPLAIN_PROTO]);
	if (a[PE_EXPLAIN_DPORT] || a[PE_EXPLAIN_SPORT])
		w->key.ports = true;
	if (a[PE_EXPLAIN_SPORT])
		w->key.sport = nla_get_u16(a[PE_EXPLAIN_SPORT]);
	if (a[PE_EXPLAIN_DPORT])
		w->key.dport = nla_get_u16(a[PE_EXPLAIN_DPORT]);
	w->proto = w->key.proto;
	w->ports = w->key.ports;
	w->port = w->key.dport;
	return a[PE_EXPLAIN_SERVICE] ? pe_explain_from_server(w, info, refusal) :
				       0;
}

static int pe_explain_reply(struct pe_walk *w, struct genl_info *info,
			    struct pe_refusal *refusal)
{
	struct sk_buff *reply;
	void *header;

	reply = genlmsg_new(NLMSG_GOODSIZE * 4, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	header = genlmsg_put_reply(reply, info, &pe_nl_family, 0,
				   PE_CMD_EXPLAIN);
	if (!header ||
	    nla_put_u32(reply, PE_EXPLAIN_GENERATION, w->pn->generation) ||
	    pe_explain_way(reply, w)) {
		nlmsg_free(reply);
		return pe_refuse(refusal, -EMSGSIZE, 0, 0,
				 "the packet's way is longer than an answer can be: see whether devices that it comes by have the same address on the link, so that it goes in a circle");
	}
	genlmsg_end(reply, header);
	return genlmsg_reply(reply, info);
}

static int pe_explain(struct pe_walk *w, struct genl_info *info,
		      struct pe_refusal *refusal)
{
	const struct nlattr *iif = info->attrs[PE_EXPLAIN_IIF];
	struct net_device *dev = NULL;
	int err;

	w->key.dev = PE_DEV_NONE;
	if (iif) {
		dev = dev_get_by_name(w->pn->net, nla_data(iif));
		if (!dev)
			return pe_refuse(refusal, -ENODEV, 0, 0,
					 "there is no interface %s for the packet to arrive by: name another",
					 (const char *)nla_data(iif));
		w->key.dev = dev;
		w->iif = nla_data(iif);
	}
	err = pe_explain_parse(w, info, refusal);
	if (!err)
		err = pe_explain_reply(w, info, refusal);
	dev_put(dev);
	return err;
}

/* PE_CMD_EXPLAIN */
int pe_nl_explain_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pe_walk w = {
		.pn = pe_net(genl_info_net(info)),
		.ttl = IPDEFTTL,
	};
	struct pe_refusal refusal = {};
	int err;

	mutex_lock(&w.pn->lock);
	err = pe_explain(&w, info, &refusal);
	if (err)
		pe_session_refuse(w.pn, err, &refusal, 0, info->extack);
	mutex_unlock(&w.pn->lock);
	return err;
}
