// SPDX-License-Identifier: GPL-2.0-only
/* Commands about flows that services remember: show them, forget them. */

#include <net/genetlink.h>
#include <net/ipv6.h>
#include <net/sock.h>

#include "../compat.h"
#include "../model/flow.h"
#include "../model/service.h"
#include "../netns.h"
#include "fill.h"
#include "nl-gen.h"
#include "notify.h"
#include "parse_attr.h"
#include "session.h"

/* Buckets after which others have their turn with the configuration. */
#define PE_FLOWS_AT_ONCE	4096

/* Whose flows: those of a service without state are none. */
static int pe_flow_parse_names(struct pe_net *pn, struct nlattr **attrs,
			       struct netlink_ext_ack *extack,
			       struct pe_flow_filter *filter,
			       struct pe_refusal *refusal)
{
	const struct nlattr *service = attrs[PE_FLOW_SERVICE];
	const struct nlattr *device = attrs[PE_FLOW_DEVICE];
	char name[PE_NAME_MAX + 1];
	const struct pe_object *obj;
	const struct pe_service *svc;

	if (service) {
		obj = pe_object_find(pn, PE_NOUN_SERVICE, nla_data(service));
		svc = obj ? obj->live : NULL;
		if (!svc)
			return pe_bad(extack, refusal, service, -ENOENT,
				      "there is no service %s: see what there is with show",
				      (const char *)nla_data(service));
		if (!svc->ledger)
			return pe_bad(extack, refusal, service, -ENOENT,
				      "service %s remembers no flows: say state in it first",
				      (const char *)nla_data(service));
		filter->ledger = svc->ledger;
	}
	if (!device)
		return 0;
	nla_strscpy(name, device, sizeof(name));
	obj = pe_object_find(pn, PE_NOUN_DEVICE, name);
	if (!obj || !obj->live)
		return pe_bad(extack, refusal, device, -ENOENT,
			      "there is no device %s: see what there is with show",
			      name);
	filter->device = obj->id;
	return 0;
}

static int pe_flow_parse_client(struct nlattr **attrs,
				struct netlink_ext_ack *extack,
				struct pe_flow_filter *filter,
				struct pe_refusal *refusal)
{
	const struct nlattr *client = attrs[PE_FLOW_CLIENT];
	const struct nlattr *length = attrs[PE_FLOW_CLIENT_LEN];
	unsigned int bits;

	if (!client && length)
		return pe_bad(extack, refusal, length, -EINVAL,
			      "the length of a prefix of clients is nothing without the prefix: give it with client");
	if (!client)
		return 0;
	switch (nla_len(client)) {
	case sizeof(struct in_addr):
		filter->family = NFPROTO_IPV4;
		break;
	case sizeof(struct in6_addr):
		filter->family = NFPROTO_IPV6;
		break;
	default:
		return pe_bad(extack, refusal, client, -EINVAL,
			      "the client of a flow has %d bytes: give an IPv4 address of 4 or an IPv6 address of 16",
			      nla_len(client));
	}
	bits = nla_len(client) * BITS_PER_BYTE;
	filter->length = length ? nla_get_u8(length) : bits;
	if (filter->length > bits)
		return pe_bad(extack, refusal, length, -EINVAL,
			      "the prefix of clients has %u bits, but an address of its family has %u: give at most that",
			      filter->length, bits);
	memcpy(&filter->addr, nla_data(client), nla_len(client));
	return 0;
}

static int pe_flow_parse(struct pe_net *pn, struct nlattr **attrs,
			 struct netlink_ext_ack *extack,
			 struct pe_flow_filter *filter,
			 struct pe_refusal *refusal)
{
	const struct nlattr *proto = attrs[PE_FLOW_PROTO];

	memset(filter, 0, sizeof(*filter));
	filter->proto = proto ? nla_get_u8(proto) : -1;
	return pe_flow_parse_names(pn, attrs, extack, filter, refusal) ?:
	       pe_flow_parse_client(attrs, extack, filter, refusal);
}

/* A request at work: to show flows, to count them, or to forget them. */
struct pe_flow_call {
	struct pe_net		*pn;
	struct pe_flow_filter	filter;
	bool			remove;
	u32			count;
	struct sk_buff		*skb;
	struct netlink_callback	*cb;
};

static int pe_flow_visit_count(void *arg, struct pe_flow *flow)
{
	struct pe_flow_call *call = arg;

	if (!pe_flow_is(flow, &call->filter))
		return 0;
	call->count++;
	if (call->remove)
		pe_flow_remove(flow);
	return 0;
}

static int pe_flow_reply_count(struct pe_flow_call *call, struct sk_buff *skb,
			       struct genl_info *info)
{
	void *header;

	header = genlmsg_put_reply(skb, info, &pe_nl_family, 0,
				   info->genlhdr->cmd);
	if (!header || nla_put_u32(skb, PE_FLOW_COUNT, call->count)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

/* All the flows that are meant, a part at a time. The configuration may change
 * in between, but for the ledger: it is asked for again. Nothing is forgotten
 * before there is room for the answer.
 */
static int pe_flow_doit(struct genl_info *info, bool remove)
{
	struct pe_flow_call call = {
		.pn = pe_net(genl_info_net(info)),
		.remove = remove,
	};
	struct pe_refusal refusal;
	struct sk_buff *skb;
	u32 hash = 0;
	int err;

	pe_refusal_init(&refusal);
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	do {
		mutex_lock(&call.pn->lock);
		err = skb ? pe_flow_parse(call.pn, info->attrs, info->extack,
					  &call.filter, &refusal) : -ENOMEM;
		if (!err)
			pe_flows_walk(&call.pn->flows, &hash,
				      PE_FLOWS_AT_ONCE, pe_flow_visit_count,
				      &call);
		else
			pe_session_refuse(call.pn, err, &refusal,
					  info->snd_seq, info->extack);
		mutex_unlock(&call.pn->lock);
		cond_resched();
	} while (!err && hash);
	if (!err)
		return pe_flow_reply_count(&call, skb, info);
	nlmsg_free(skb);
	return err;
}

/* PE_CMD_FLOW_GET: how many there are */
int pe_nl_flow_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_flow_doit(info, false);
}

/* PE_CMD_FLOW_FLUSH */
int pe_nl_flow_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_flow_doit(info, true);
}

/* A device that was deleted has no name any more. */
static int pe_flow_fill_devices(struct sk_buff *skb, struct pe_net *pn,
				const struct pe_flow *flow)
{
	const struct pe_object *obj;
	u32 id;
	u8 i;

	for (i = 0; i < PE_FLOW_PINS_MAX; i++) {
		id = READ_ONCE(flow->pin[i]);
		obj = id ? xa_load(&pn->objects[PE_NOUN_DEVICE].ids, id) : NULL;
		if (obj && obj->live &&
		    nla_put_string(skb, PE_FLOW_DEVICE, obj->name))
			return -EMSGSIZE;
	}
	return 0;
}

static int pe_flow_fill_times(struct sk_buff *skb, const struct pe_flow *flow)
{
	u32 idle = pe_flow_idle(flow);
	u32 life = pe_flow_life(flow) * HZ;

	return nla_put_u32(skb, PE_FLOW_PHASE, pe_flow_phase(flow)) ?:
	       nla_put_u32(skb, PE_FLOW_IDLE, jiffies_to_msecs(idle)) ?:
	       nla_put_u32(skb, PE_FLOW_LEFT,
			   idle < life ? jiffies_to_msecs(life - idle) : 0);
}

static int pe_flow_fill(struct sk_buff *skb, struct pe_net *pn,
			const struct pe_flow *flow)
{
	const struct pe_flow_key *key = &flow->key;
	u16 port = pe_flow_key_port(key);
	u8 proto = pe_flow_key_proto(key);

	if (nla_put_string(skb, PE_FLOW_SERVICE, key->ledger->obj->name) ||
	    pe_fill_addr(skb, PE_FLOW_CLIENT, &key->addr,
			 pe_flow_key_family(key)) ||
	    (port && nla_put_u16(skb, PE_FLOW_PORT, port)) ||
	    (proto && nla_put_u8(skb, PE_FLOW_PROTO, proto)))
		return -EMSGSIZE;
	return pe_flow_fill_times(skb, flow) ?:
	       pe_flow_fill_devices(skb, pn, flow);
}

static int pe_flow_visit_fill(void *arg, struct pe_flow *flow)
{
	const struct pe_object *obj = flow->key.ledger->obj;
	struct pe_flow_call *call = arg;
	struct netlink_callback *cb = call->cb;
	void *header;

	/* What is left of a service that is gone is about to go. */
	if (!obj || !obj->live || !pe_flow_is(flow, &call->filter))
		return 0;
	header = genlmsg_put(call->skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &pe_nl_family, NLM_F_MULTI,
			     PE_CMD_FLOW_GET);
	if (!header || pe_flow_fill(call->skb, call->pn, flow))
		return -EMSGSIZE;
	genlmsg_end(call->skb, header);
	return 0;
}

/* Whole buckets, as many as fit in the message. */
static int pe_flow_dump(struct pe_flow_call *call, u32 *hash)
{
	u32 n = PE_FLOWS_AT_ONCE;
	int len, err = 0;

	do {
		len = call->skb->len;
		err = pe_flows_walk(&call->pn->flows, hash, 1,
				    pe_flow_visit_fill, call);
		if (err)
			skb_trim(call->skb, len);
	} while (!err && *hash && --n);
	return err;
}

/* PE_CMD_FLOW_GET of all or some
 *
 * A dump remembers the hash that it goes on at, and nothing that could go away:
 * each flow that is there all the time is shown once.
 */
int pe_nl_flow_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct pe_flow_call call = {
		.pn = pe_net(sock_net(skb->sk)),
		.skb = skb,
		.cb = cb,
	};
	u32 hash = cb->args[0];
	struct pe_refusal refusal;
	int err = 0;

	pe_refusal_init(&refusal);
	/* 1: all is done. */
	while (!err && !cb->args[1]) {
		mutex_lock(&call.pn->lock);
		err = pe_flow_parse(call.pn, pe_dump_attrs(cb), cb->extack,
				    &call.filter, &refusal);
		if (!err) {
			err = pe_flow_dump(&call, &hash);
		} else if (!hash) {
			pe_session_refuse(call.pn, err, &refusal,
					  cb->nlh->nlmsg_seq, cb->extack);
		} else {
			/* What it asked for was deleted meanwhile. */
			err = 0;
			hash = 0;
		}
		mutex_unlock(&call.pn->lock);
		cb->args[0] = hash;
		cb->args[1] = !hash && !err;
		cond_resched();
	}
	return skb->len ?: err;
}
