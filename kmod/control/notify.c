// SPDX-License-Identifier: GPL-2.0-only
/* Notifications: changes of the configuration, and events. */

#include "../netns.h"
#include "fill.h"
#include "nl-gen.h"
#include "notify.h"

/* Room for the largest object: a service of 32 steps with its names. */
#define PE_NOTIFY_SIZE	4096

static u8 pe_notify_cmd(enum pe_noun noun, bool there)
{
	if (noun == PE_NOUN_DEVICE)
		return there ? PE_CMD_DEVICE_NEW : PE_CMD_DEVICE_DEL;
	return there ? PE_CMD_SERVICE_NEW : PE_CMD_SERVICE_DEL;
}

/**
 * pe_notify_object() - a device or service is new, changed or deleted
 * @pn: namespace
 * @obj: the object; without a live version it was deleted
 * @noun: which of them
 *
 * A listener that misses it for want of memory learns that it missed one.
 *
 * Context: process context, pe_net.lock held.
 */
void pe_notify_object(struct pe_net *pn, const struct pe_object *obj,
		      enum pe_noun noun)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&pe_nl_family, pn->net, PE_NLGRP_CONFIG))
		return;
	skb = genlmsg_new(PE_NOTIFY_SIZE, GFP_KERNEL);
	if (!skb)
		goto missed;
	header = genlmsg_put(skb, 0, 0, &pe_nl_family, 0,
			     pe_notify_cmd(noun, obj->live));
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
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&pe_nl_family, pn->net, PE_NLGRP_EVENTS))
		return;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		goto missed;
	header = genlmsg_put(skb, 0, 0, &pe_nl_family, 0, PE_CMD_EVENT_NTF);
	if (!header || nla_put_u32(skb, PE_EV_KIND, event) ||
	    nla_put_string(skb, PE_EV_DEV, name)) {
		nlmsg_free(skb);
		goto missed;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&pe_nl_family, pn->net, skb, 0,
				PE_NLGRP_EVENTS, GFP_KERNEL);
	return;

missed:
	genl_set_err(&pe_nl_family, pn->net, 0, PE_NLGRP_EVENTS, -ENOBUFS);
}
