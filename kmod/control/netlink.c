// SPDX-License-Identifier: GPL-2.0-only
/* The family's handlers: each takes the namespace's lock, parses, hands on. */

#include <linux/module.h>
#include <net/genetlink.h>
#include <net/sock.h>

#include "../compat.h"
#include "../model/owner.h"
#include "../netns.h"
#include "fill.h"
#include "netlink.h"
#include "nl-gen.h"
#include "notify.h"
#include "noun.h"
#include "owner.h"
#include "parse.h"
#include "session.h"

/* A handler at work. */
struct pe_call {
	struct pe_net		*pn;
	struct genl_info	*info;
	struct pe_refusal	refusal;
	u32			fault;
	struct pe_txn		*txn;	/* of a change: what it is for */
	struct pe_txn		alone;
};

static void pe_call_begin(struct pe_call *call, struct genl_info *info)
{
	call->pn = pe_net(genl_info_net(info));
	call->info = info;
	call->fault = 0;
	pe_refusal_init(&call->refusal);
	mutex_lock(&call->pn->lock);
}

static int pe_call_end(struct pe_call *call, int err)
{
	if (err)
		pe_session_refuse(call->pn, err, &call->refusal, call->fault,
				  call->info->extack);
	mutex_unlock(&call->pn->lock);
	return err;
}

static int pe_call_expects(struct pe_call *call, const struct nlattr *attr)
{
	u32 want;

	if (!attr)
		return 0;
	want = nla_get_u32(attr);
	if (want == call->pn->generation)
		return 0;
	NL_SET_BAD_ATTR(call->info->extack, attr);
	return pe_refuse(&call->refusal, -ESTALE, 0, 0,
			 "the configuration is at generation %u, not at %u as expected: read it again and repeat",
			 call->pn->generation, want);
}

/* For the socket's transaction, or a transaction of its own, which acts as the
 * owner that the message names.
 */
static int pe_call_begin_change(struct pe_call *call, struct genl_info *info,
				const struct nlattr *as)
{
	struct pe_session *session;

	pe_call_begin(call, info);
	session = pe_session_find(call->pn, info->snd_portid);
	if (session && session->open) {
		call->txn = &session->txn;
		return pe_owner_same(info, as, call->txn, &call->refusal);
	}
	call->txn = &call->alone;
	pe_txn_init(call->pn, call->txn);
	return pe_owner_parse(call->pn, info, as, &call->txn->owner,
			      &call->refusal);
}

/* Nothing comes of it, if it is no socket's. */
static void pe_call_forget(struct pe_call *call)
{
	if (call->txn == &call->alone)
		pe_txn_release(call->pn, call->txn);
}

static int pe_call_submit(struct pe_call *call, struct pe_change *change)
{
	bool alone = call->txn == &call->alone;
	int err;

	if (IS_ERR(change)) {
		call->fault = call->info->snd_seq;
		err = PTR_ERR(change);
		goto out;
	}
	/* It is part of one that is there already. */
	if (!change)
		return 0;
	err = pe_txn_add(call->pn, call->txn, change);
	if (err) {
		pe_change_drop(call->pn, call->txn, change);
		pe_refuse(&call->refusal, err, 0, 0,
			  "the transaction has too many changes: commit what it has and begin another");
		goto out;
	}
	if (!alone)
		return 0;
	return pe_txn_commit(call->pn, call->txn, false, &call->refusal,
			     &call->fault);
out:
	pe_call_forget(call);
	return err;
}

static int pe_call_reply_generation(struct pe_call *call)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, call->info, &pe_nl_family, 0,
				   call->info->genlhdr->cmd);
	if (!header ||
	    nla_put_u32(skb, PE_TXN_GENERATION, call->pn->generation)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, call->info);
}

/* PE_CMD_TXN_BEGIN */
int pe_nl_txn_begin_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pe_session *session;
	struct pe_owner *owner;
	struct pe_call call;
	int err;

	pe_call_begin(&call, info);
	err = pe_call_expects(&call, info->attrs[PE_TXN_GENERATION]);
	if (err)
		goto out;
	session = pe_session_get(call.pn, info->snd_portid);
	if (IS_ERR(session)) {
		err = PTR_ERR(session);
		if (err == -ENOSPC)
			pe_refuse(&call.refusal, err, 0, 0,
				  "too many sockets have a transaction: close some and repeat");
		goto out;
	}
	if (session->open) {
		err = pe_refuse(&call.refusal, -EBUSY, 0, 0,
				"this socket has begun a transaction already: commit or abort it first");
		goto out;
	}
	err = pe_owner_parse(call.pn, info, info->attrs[PE_TXN_OWNER], &owner,
			     &call.refusal);
	if (err)
		goto out;
	err = pe_call_reply_generation(&call);
	if (err)
		pe_owner_put(call.pn, owner);
	else
		pe_session_begin(call.pn, session, owner);
out:
	return pe_call_end(&call, err);
}

static struct pe_session *pe_call_session(struct pe_call *call)
{
	struct pe_session *session;

	session = pe_session_find(call->pn, call->info->snd_portid);
	if (session && session->open)
		return session;
	pe_refuse(&call->refusal, -ENOENT, 0, 0,
		  "this socket has no transaction: begin one first");
	return NULL;
}

/* PE_CMD_TXN_COMMIT */
int pe_nl_txn_commit_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pe_session *session;
	struct pe_call call;
	int err;

	pe_call_begin(&call, info);
	session = pe_call_session(&call);
	if (!session) {
		err = -ENOENT;
		goto out;
	}
	err = pe_call_expects(&call, info->attrs[PE_TXN_GENERATION]);
	if (!err)
		err = pe_txn_commit(call.pn, &session->txn,
				    nla_get_flag(info->attrs[PE_TXN_CHECK]),
				    &call.refusal, &call.fault);
	pe_session_end(call.pn, session);
	/* It is done, whether or not there is memory left to say so. */
	if (!err)
		pe_call_reply_generation(&call);
out:
	return pe_call_end(&call, err);
}

/* PE_CMD_TXN_ABORT */
int pe_nl_txn_abort_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pe_session *session;
	struct pe_call call;
	int err;

	pe_call_begin(&call, info);
	err = pe_call_expects(&call, info->attrs[PE_TXN_GENERATION]);
	if (err)
		goto out;
	session = pe_call_session(&call);
	if (session)
		pe_session_end(call.pn, session);
	else
		err = -ENOENT;
out:
	return pe_call_end(&call, err);
}

/* PE_CMD_FLUSH */
int pe_nl_flush_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct pe_change *change;
	struct pe_call call;
	int err;

	err = pe_call_begin_change(&call, info, info->attrs[PE_TXN_OWNER]);
	if (!err)
		err = pe_call_expects(&call, info->attrs[PE_TXN_GENERATION]);
	if (err) {
		pe_call_forget(&call);
		goto out;
	}
	change = pe_change_new(call.txn, 0, 0);
	if (change) {
		change->op = PE_OP_FLUSH;
		change->seq = info->snd_seq;
	}
	err = pe_call_submit(&call, change ?: ERR_PTR(-ENOMEM));
out:
	return pe_call_end(&call, err);
}

static struct pe_change *pe_call_parse(struct pe_call *call, enum pe_noun noun)
{
	struct pe_change *change;
	int err;

	change = pe_noun_ops[noun].parse(call->pn, call->txn, call->info,
					 &call->refusal);
	if (IS_ERR_OR_NULL(change))
		return change;
	err = pe_owner_of_change(call->pn, call->info, call->txn, change,
				 &call->refusal);
	if (!err)
		return change;
	pe_change_drop(call->pn, call->txn, change);
	return ERR_PTR(err);
}

static int pe_nl_new(struct genl_info *info, enum pe_noun noun)
{
	struct pe_change *change;
	struct pe_call call;
	int err;

	err = pe_call_begin_change(&call, info,
				   info->attrs[pe_noun_ops[noun].acts_as]);
	change = err ? ERR_PTR(err) : pe_call_parse(&call, noun);
	return pe_call_end(&call, pe_call_submit(&call, change));
}

static int pe_nl_del(struct genl_info *info, enum pe_noun noun)
{
	struct pe_change *change;
	struct pe_call call;
	int err;

	err = pe_call_begin_change(&call, info,
				   info->attrs[pe_noun_ops[noun].acts_as]);
	change = err ? ERR_PTR(err) :
		       pe_parse_delete(call.txn, info, noun, &call.refusal);
	return pe_call_end(&call, pe_call_submit(&call, change));
}

/* PE_CMD_DEVICE_NEW */
int pe_nl_device_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_new(info, PE_NOUN_DEVICE);
}

/* PE_CMD_DEVICE_DEL */
int pe_nl_device_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_del(info, PE_NOUN_DEVICE);
}

/* PE_CMD_POOL_NEW */
int pe_nl_pool_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_new(info, PE_NOUN_POOL);
}

/* PE_CMD_POOL_DEL */
int pe_nl_pool_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_del(info, PE_NOUN_POOL);
}

/* PE_CMD_ACL_NEW */
int pe_nl_acl_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_new(info, PE_NOUN_ACL);
}

/* PE_CMD_ACL_DEL */
int pe_nl_acl_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_del(info, PE_NOUN_ACL);
}

/* PE_CMD_SERVICE_NEW */
int pe_nl_service_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_new(info, PE_NOUN_SERVICE);
}

/* PE_CMD_SERVICE_DEL */
int pe_nl_service_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_del(info, PE_NOUN_SERVICE);
}

/* PE_CMD_ENGINE_NEW */
int pe_nl_engine_new_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_new(info, PE_NOUN_ENGINE);
}

/* PE_CMD_ENGINE_DEL */
int pe_nl_engine_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_del(info, PE_NOUN_ENGINE);
}

static int pe_call_reply_object(struct pe_call *call,
				const struct pe_object *obj, enum pe_noun noun,
				bool stats)
{
	struct sk_buff *skb;
	void *header;

	skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, call->info, &pe_nl_family, 0,
				   pe_noun_ops[noun].cmd_new);
	if (!header || pe_fill_object(skb, obj, noun, stats)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, call->info);
}

/* What a message names, or NULL with a refusal. */
static const struct pe_object *pe_call_find(struct pe_call *call,
					    enum pe_noun noun,
					    const struct nlattr *name)
{
	const struct pe_object *obj;

	obj = pe_object_find(call->pn, noun, nla_data(name));
	if (obj && obj->live)
		return obj;
	NL_SET_BAD_ATTR(call->info->extack, name);
	pe_refuse(&call->refusal, -ENOENT, 0, 0,
		  "there is no %s %s: see what there is with show",
		  pe_noun_ops[noun].name, (const char *)nla_data(name));
	return NULL;
}

static int pe_nl_get(struct genl_info *info, enum pe_noun noun)
{
	const struct nlattr *name = info->attrs[PE_DEVICE_NAME];
	const struct pe_object *obj;
	struct pe_call call;
	int err;

	pe_call_begin(&call, info);
	if (!name) {
		err = pe_refuse(&call.refusal, -EINVAL, 0, 0,
				"no name was given: give one, or dump all");
		goto out;
	}
	obj = pe_call_find(&call, noun, name);
	if (!obj) {
		err = -ENOENT;
		goto out;
	}
	err = pe_call_reply_object(&call, obj, noun,
				   nla_get_flag(info->attrs[pe_noun_ops[noun].stats]));
out:
	return pe_call_end(&call, err);
}

/* PE_CMD_DEVICE_GET of one */
int pe_nl_device_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_get(info, PE_NOUN_DEVICE);
}

/* PE_CMD_ACL_GET of one */
int pe_nl_acl_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_get(info, PE_NOUN_ACL);
}

/* PE_CMD_POOL_GET of one */
int pe_nl_pool_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_get(info, PE_NOUN_POOL);
}

/* PE_CMD_SERVICE_GET of one */
int pe_nl_service_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_get(info, PE_NOUN_SERVICE);
}

/* PE_CMD_ENGINE_GET of one */
int pe_nl_engine_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return pe_nl_get(info, PE_NOUN_ENGINE);
}

static int pe_nl_dump_object(struct sk_buff *skb, struct netlink_callback *cb,
			     const struct pe_object *obj, enum pe_noun noun,
			     bool stats)
{
	void *header;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
			     cb->nlh->nlmsg_seq, &pe_nl_family, NLM_F_MULTI,
			     pe_noun_ops[noun].cmd_new);
	if (!header)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, header);
	if (pe_fill_object(skb, obj, noun, stats)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/* The id of the last object that went out is all that a dump remembers: what
 * is deleted meanwhile is missed by nobody, and the generation tells that the
 * dump is not of one piece.
 */
static int pe_nl_dump(struct sk_buff *skb, struct netlink_callback *cb,
		      enum pe_noun noun)
{
	bool with = nla_get_flag(pe_dump_attrs(cb)[pe_noun_ops[noun].stats]);
	struct pe_net *pn = pe_net(sock_net(skb->sk));
	unsigned long id = cb->args[0];
	const struct pe_object *obj;
	int err = 0;

	mutex_lock(&pn->lock);
	cb->seq = pn->generation;
	while ((obj = pe_object_after(pn, noun, &id))) {
		err = pe_nl_dump_object(skb, cb, obj, noun, with);
		if (err)
			break;
		cb->args[0] = id;
	}
	mutex_unlock(&pn->lock);
	return skb->len ?: err;
}

/* PE_CMD_DEVICE_GET of all */
int pe_nl_device_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return pe_nl_dump(skb, cb, PE_NOUN_DEVICE);
}

/* As much of a list as fits; the rest is in the messages that follow. */
static int pe_nl_dump_acl(struct sk_buff *skb, struct netlink_callback *cb,
			  const struct pe_object *obj, bool stats)
{
	u32 at = cb->args[1];
	bool all = false;
	void *header;

	while (!all) {
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &pe_nl_family,
				     NLM_F_MULTI, PE_CMD_ACL_NEW);
		if (!header)
			return -EMSGSIZE;
		genl_dump_check_consistent(cb, header);
		if (pe_fill_acl_part(skb, obj, stats, &at, &all)) {
			genlmsg_cancel(skb, header);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, header);
		cb->args[1] = at;
	}
	cb->args[1] = 0;
	return 0;
}

/* PE_CMD_ACL_GET of all, or of one in as many messages as it takes */
int pe_nl_acl_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct nlattr *name = pe_dump_attrs(cb)[PE_ACL_NAME];
	bool stats = nla_get_flag(pe_dump_attrs(cb)[PE_ACL_STATS]);
	struct pe_net *pn = pe_net(sock_net(skb->sk));
	unsigned long id = cb->args[0];
	const struct pe_object *obj;
	int err = 0;

	mutex_lock(&pn->lock);
	cb->seq = pn->generation;
	while ((obj = pe_object_after(pn, PE_NOUN_ACL, &id))) {
		if (!name || !nla_strcmp(name, obj->name))
			err = pe_nl_dump_acl(skb, cb, obj, stats);
		if (err)
			break;
		cb->args[0] = id;
	}
	mutex_unlock(&pn->lock);
	return skb->len ?: err;
}

/* PE_CMD_POOL_GET of all */
int pe_nl_pool_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return pe_nl_dump(skb, cb, PE_NOUN_POOL);
}

/* PE_CMD_SERVICE_GET of all */
int pe_nl_service_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return pe_nl_dump(skb, cb, PE_NOUN_SERVICE);
}

/* PE_CMD_ENGINE_GET of all */
int pe_nl_engine_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return pe_nl_dump(skb, cb, PE_NOUN_ENGINE);
}

/* What a check found out may not undo what somebody commanded, and a device
 * that was found dead comes back by itself where its pool says so.
 */
static int pe_call_check_state(struct pe_call *call,
			       const struct pe_device *dev, u32 state)
{
	const struct pe_health *health = dev->health;
	const char *name = dev->obj->name;

	if (state != PE_DEVICE_STATE_UP && state != PE_DEVICE_STATE_DOWN)
		return pe_refuse(&call->refusal, -EINVAL, PE_DEVICE_STATE, 0,
				 "a check cannot tell whether device %s drains or is in maintenance: it says up or down",
				 name);
	if (health->state == PE_DEVICE_STATE_MAINTENANCE ||
	    (health->state == PE_DEVICE_STATE_DOWN && !pe_health_found(health)))
		return pe_refuse(&call->refusal, -EBUSY, PE_DEVICE_STATE, 0,
				 "device %s is %s by command, over which a check has no say: let another command end that",
				 name,
				 health->state == PE_DEVICE_STATE_DOWN ?
					 "down" : "in maintenance");
	if (state == PE_DEVICE_STATE_UP &&
	    health->state == PE_DEVICE_STATE_DOWN &&
	    !pe_pools_revive(call->pn, dev))
		return pe_refuse(&call->refusal, -EPERM, PE_DEVICE_STATE, 0,
				 "device %s was found dead and comes back when a command says so, for no pool of it revives: set it up, or say revive in its pool",
				 name);
	return 0;
}

/* A check may say again what is known. */
static bool pe_state_stays(const struct pe_health *health, u32 state, u32 cause)
{
	if (cause != PE_CAUSE_CHECK)
		return false;
	return state == PE_DEVICE_STATE_UP ? pe_health_works(health) :
					     health->state == state;
}

static int pe_call_state(struct pe_call *call, struct pe_device *dev)
{
	const struct nlattr *evidence = call->info->attrs[PE_DEVICE_EVIDENCE];
	const struct nlattr *cause = call->info->attrs[PE_DEVICE_CAUSE];
	u32 state = nla_get_u32(call->info->attrs[PE_DEVICE_STATE]);
	u32 why = cause ? nla_get_u32(cause) : PE_CAUSE_COMMAND;
	int err = 0;

	if (why != PE_CAUSE_COMMAND && why != PE_CAUSE_CHECK)
		return pe_refuse(&call->refusal, -EINVAL, PE_DEVICE_CAUSE, 0,
				 "the state of device %s is found out by the engine for that cause: say command or check",
				 dev->obj->name);
	mutex_lock(&call->pn->health_lock);
	if (why == PE_CAUSE_CHECK)
		err = pe_call_check_state(call, dev, state);
	if (!err && !pe_state_stays(dev->health, state, why))
		pe_health_set(call->pn, dev, state, why,
			      evidence ? nla_data(evidence) : "");
	mutex_unlock(&call->pn->health_lock);
	/* What was commanded holds when the answer comes. */
	if (!err)
		pe_sequences_refresh(call->pn);
	return err;
}

/* PE_CMD_DEVICE_STATE: at once, but as whom the socket's transaction acts */
int pe_nl_device_state_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *name = info->attrs[PE_DEVICE_NAME];
	const struct pe_object *obj;
	struct pe_call call;
	int err;

	err = pe_call_begin_change(&call, info, info->attrs[PE_DEVICE_ACTS_AS]);
	if (err)
		goto out;
	if (!name) {
		err = pe_refuse(&call.refusal, -EINVAL, 0, 0,
				"no device was given: name the one whose state it is");
		goto out;
	}
	obj = pe_call_find(&call, PE_NOUN_DEVICE, name);
	if (!obj) {
		err = -ENOENT;
		goto out;
	}
	if (!info->attrs[PE_DEVICE_STATE]) {
		err = pe_refuse(&call.refusal, -EINVAL, 0, 0,
				"device %s was given no state: give one",
				obj->name);
		goto out;
	}
	err = pe_owner_may(call.txn, obj, PE_NOUN_DEVICE, &call.refusal);
	if (err)
		NL_SET_BAD_ATTR(info->extack, name);
	else
		err = pe_call_state(&call, obj->live);
out:
	pe_call_forget(&call);
	return pe_call_end(&call, err);
}

static int pe_fill_info(struct sk_buff *skb, struct pe_net *pn, bool stats)
{
	if (nla_put_u32(skb, PE_INFO_GENERATION, pn->generation) ||
	    nla_put_u32(skb, PE_INFO_DEVICES, pn->objects[PE_NOUN_DEVICE].count) ||
	    nla_put_u32(skb, PE_INFO_SERVICES, pn->objects[PE_NOUN_SERVICE].count) ||
	    nla_put_u32(skb, PE_INFO_ADDRESSES, pn->address_count) ||
	    nla_put_u32(skb, PE_INFO_DEVICES_MAX, PE_DEVICES_LIMIT) ||
	    nla_put_u32(skb, PE_INFO_SERVICES_MAX, PE_SERVICES_LIMIT) ||
	    nla_put_u32(skb, PE_INFO_POOLS, pn->objects[PE_NOUN_POOL].count) ||
	    nla_put_u32(skb, PE_INFO_POOLS_MAX, PE_POOLS_LIMIT) ||
	    nla_put_u32(skb, PE_INFO_ACLS, pn->objects[PE_NOUN_ACL].count) ||
	    nla_put_u32(skb, PE_INFO_ACLS_MAX, PE_ACLS_LIMIT) ||
	    nla_put_u32(skb, PE_INFO_FLOWS, atomic_read(&pn->flows.count)) ||
	    nla_put_u32(skb, PE_INFO_FLOWS_MAX, READ_ONCE(pn->flows.limit)) ||
	    nla_put_string(skb, PE_INFO_VERSION, PE_VERSION))
		return -EMSGSIZE;
	return stats ? pe_fill_drops(skb, pn) ?:
		       pe_fill_flow_counts(skb, pn) : 0;
}

/* PE_CMD_INFO_GET */
int pe_nl_info_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct pe_call call;
	int err = -ENOMEM;
	void *header;

	pe_call_begin(&call, info);
	reply = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!reply)
		goto out;
	header = genlmsg_put_reply(reply, info, &pe_nl_family, 0,
				   PE_CMD_INFO_GET);
	if (!header ||
	    pe_fill_info(reply, call.pn,
			 nla_get_flag(info->attrs[PE_INFO_STATS]))) {
		nlmsg_free(reply);
		err = -EMSGSIZE;
		goto out;
	}
	genlmsg_end(reply, header);
	err = genlmsg_reply(reply, info);
out:
	return pe_call_end(&call, err);
}

static const struct genl_multicast_group pe_nl_groups[] = {
	[PE_NLGRP_CONFIG] = { .name = PE_MCGRP_CONFIG },
	[PE_NLGRP_EVENTS] = { .name = PE_MCGRP_EVENTS },
};

struct genl_family pe_nl_family __ro_after_init = {
	.name		= PE_GENL_NAME,
	.version	= PE_GENL_VERSION,
	.netnsok	= true,
	/* A large commit is nobody else's business: pe_net.lock is enough. */
	.parallel_ops	= true,
	.module		= THIS_MODULE,
	.ops		= pe_nl_ops,
	.n_ops		= ARRAY_SIZE(pe_nl_ops),
	.resv_start_op	= __PE_CMD_MAX,
	.mcgrps		= pe_nl_groups,
	.n_mcgrps	= ARRAY_SIZE(pe_nl_groups),
};

/* There are groups to send to. */
bool pe_nl_up;

/**
 * pe_nl_init() - become visible to userspace
 *
 * Return: 0 or a negative errno.
 */
int __init pe_nl_init(void)
{
	int err = genl_register_family(&pe_nl_family);

	pe_nl_up = !err;
	return err;
}

/**
 * pe_nl_exit() - take no more commands
 */
void pe_nl_exit(void)
{
	WRITE_ONCE(pe_nl_up, false);
	genl_unregister_family(&pe_nl_family);
}
