// SPDX-License-Identifier: GPL-2.0-only
/* Notifications: changes of the configuration, and events. */

#include <linux/slab.h>

#include "../model/event.h"
#include "../netns.h"
#include "fill.h"
#include "nl-gen.h"
#include "notify.h"
#include "noun.h"

/* Room for the largest object: a service of 32 steps with its names. */
#define PE_NOTIFY_SIZE	4096

/**
 * pe_notify_object() - an object is new, changed or deleted
 * @pn: namespace
 * @obj: the object; without a live version it was deleted
 * @noun: which of them
 * @replaced: there was a version before
 *
 * A listener that misses it for want of memory learns that it missed one.
 *
 * Context: process context, pe_net.lock held.
 */
void pe_notify_object(struct pe_net *pn, const struct pe_object *obj,
		      enum pe_noun noun, bool replaced)
{
	int flags = !obj->live ? 0 : replaced ? NLM_F_REPLACE : NLM_F_CREATE;
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&pe_nl_family, pn->net, PE_NLGRP_CONFIG))
		return;
	skb = genlmsg_new(PE_NOTIFY_SIZE, GFP_KERNEL);
	if (!skb)
		goto missed;
	header = genlmsg_put(skb, 0, 0, &pe_nl_family, flags,
			     obj->live ? pe_noun_ops[noun].cmd_new :
					 pe_noun_ops[noun].cmd_del);
	if (!header || pe_fill_object(skb, obj, noun, false)) {
		nlmsg_free(skb);
		goto missed;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&pe_nl_family, pn->net, skb, 0,
				PE_NLGRP_CONFIG, GFP_KERNEL);
	return;

missed:
	genl_set_err(&pe_nl_family, pn->net, 0, PE_NLGRP_CONFIG, -ENOBUFS);
}

/**
 * pe_notify_iface() - an interface of the configuration came or went
 * @pn: namespace
 * @name: of the interface
 * @event: what happened
 *
 * Context: process context, RTNL held.
 */
void pe_notify_iface(struct pe_net *pn, const char *name, enum pe_event event)
{
	if (READ_ONCE(pn->dead) || !READ_ONCE(pe_nl_up) ||
	    !genl_has_listeners(&pe_nl_family, pn->net, PE_NLGRP_EVENTS))
		return;
	if (!pe_event_iface(pn, event, name))
		genl_set_err(&pe_nl_family, pn->net, 0, PE_NLGRP_EVENTS,
			     -ENOBUFS);
}

static bool pe_port_is_at(const struct pe_port *port, const char *name)
{
	return port->iface && !strcmp(port->iface->name, name);
}

static int pe_notify_fill_devices(struct sk_buff *skb, struct pe_net *pn,
				  const char *name)
{
	const struct pe_device *dev;
	const struct pe_object *obj;
	unsigned long id = 0;

	while ((obj = pe_object_after(pn, PE_NOUN_DEVICE, &id))) {
		dev = obj->live;
		if ((pe_port_is_at(&dev->outside, name) ||
		     pe_port_is_at(&dev->inside, name)) &&
		    nla_put_string(skb, PE_EV_DEVICE, obj->name))
			return -EMSGSIZE;
	}
	return 0;
}

static int pe_notify_fill_claim(struct sk_buff *skb,
				const struct pe_occurrence *item)
{
	return pe_fill_addr(skb, PE_EV_ADDRESS, &item->addr, item->family) ?:
	       nla_put(skb, PE_EV_LLADDR, sizeof(item->mac), item->mac);
}

static int pe_notify_fill_state(struct sk_buff *skb,
				const struct pe_occurrence *item)
{
	if (nla_put_string(skb, PE_EV_DEVICE, item->name) ||
	    nla_put_u32(skb, PE_EV_STATE, item->state) ||
	    nla_put_u32(skb, PE_EV_CAUSE, item->cause) ||
	    nla_put_u64_64bit(skb, PE_EV_SINCE, item->since, PE_EV_PAD))
		return -EMSGSIZE;
	return item->evidence[0] ? nla_put_string(skb, PE_EV_EVIDENCE,
						  item->evidence) : 0;
}

/* Members that get its packets, as far as the pool is still what it was. */
static int pe_notify_fill_pool(struct sk_buff *skb, struct pe_net *pn,
			       const struct pe_occurrence *item)
{
	const struct pe_object *obj = pe_object_find(pn, PE_NOUN_POOL,
						     item->name);
	const struct pe_pool *pool = obj ? obj->live : NULL;
	u8 i;

	if (nla_put_string(skb, PE_EV_POOL, item->name))
		return -EMSGSIZE;
	/* The set is by the order of the members then. */
	if (pool && pool->generation != item->generation)
		return 0;
	for (i = 0; pool && i < pool->members; i++) {
		if (!(item->best & BIT_ULL(i)))
			continue;
		if (nla_put_string(skb, PE_EV_DEVICE,
				   pool->member[i].device->obj->name))
			return -EMSGSIZE;
		if (pool->policy == PE_POOL_POLICY_FAILOVER)
			break;
	}
	return 0;
}

static bool pe_service_has_step(const struct pe_service *svc, const char *name)
{
	u8 i;

	for (i = 0; i < svc->seq->steps; i++)
		if (!strcmp(pe_step_name(&svc->seq->step[i]), name))
			return true;
	return false;
}

static int pe_notify_fill_services(struct sk_buff *skb, struct pe_net *pn,
				   const char *name)
{
	const struct pe_object *obj;
	unsigned long id = 0;

	while ((obj = pe_object_after(pn, PE_NOUN_SERVICE, &id))) {
		if (pe_service_has_step(obj->live, name) &&
		    nla_put_string(skb, PE_EV_SERVICE, obj->name))
			return -EMSGSIZE;
		cond_resched();
	}
	return 0;
}

static int pe_notify_fill(struct sk_buff *skb, struct pe_net *pn,
			  const struct pe_occurrence *item)
{
	switch (item->kind) {
	case PE_EVENT_DEVICE_STATE:
		return pe_notify_fill_state(skb, item) ?:
		       item->state == PE_DEVICE_STATE_DOWN ?
			       pe_notify_fill_services(skb, pn, item->name) : 0;
	case PE_EVENT_POOL_CHANGED:
		return pe_notify_fill_pool(skb, pn, item);
	case PE_EVENT_POOL_EMPTY:
		return pe_notify_fill_pool(skb, pn, item) ?:
		       pe_notify_fill_services(skb, pn, item->name);
	default:
		break;
	}
	if (nla_put_string(skb, PE_EV_DEV, item->name))
		return -EMSGSIZE;
	return item->family ? pe_notify_fill_claim(skb, item) :
			      pe_notify_fill_devices(skb, pn, item->name);
}

/* All devices, or as many as a message holds: then the listener is told that
 * it missed something.
 */
static void pe_notify_event(struct pe_net *pn,
			    const struct pe_occurrence *item)
{
	struct sk_buff *skb;
	void *header;
	int err;

	skb = genlmsg_new(NLMSG_GOODSIZE * 4, GFP_KERNEL);
	if (!skb)
		goto missed;
	header = genlmsg_put(skb, 0, 0, &pe_nl_family, 0, PE_CMD_EVENT_NTF);
	if (!header || nla_put_u32(skb, PE_EV_KIND, item->kind)) {
		nlmsg_free(skb);
		goto missed;
	}
	err = pe_notify_fill(skb, pn, item);
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&pe_nl_family, pn->net, skb, 0,
				PE_NLGRP_EVENTS, GFP_KERNEL);
	if (!err)
		return;
missed:
	genl_set_err(&pe_nl_family, pn->net, 0, PE_NLGRP_EVENTS, -ENOBUFS);
}

/**
 * pe_notify_work() - tell of what happened
 * @work: pe_net.event_work
 */
void pe_notify_work(struct work_struct *work)
{
	struct pe_net *pn = container_of(work, struct pe_net, event_work);
	struct pe_occurrence *item;

	while ((item = pe_event_next(pn))) {
		mutex_lock(&pn->lock);
		if (READ_ONCE(pe_nl_up))
			pe_notify_event(pn, item);
		mutex_unlock(&pn->lock);
		kfree(item);
	}
	if (pe_event_overrun(pn) && READ_ONCE(pe_nl_up))
		genl_set_err(&pe_nl_family, pn->net, 0, PE_NLGRP_EVENTS,
			     -ENOBUFS);
}

/**
 * pe_notify_drop() - the namespace goes, and with it all who would listen
 * @pn: namespace
 *
 * Context: process context.
 */
void pe_notify_drop(struct pe_net *pn)
{
	struct pe_occurrence *item;

	cancel_work_sync(&pn->event_work);
	while ((item = pe_event_next(pn)))
		kfree(item);
}
