// SPDX-License-Identifier: GPL-2.0-only
/* Messages to versions of services: all but whose packets they get. */

#include <linux/slab.h>

#include "../model/service.h"
#include "nl-gen.h"
#include "parse.h"
#include "parse_attr.h"

/* How much there is of what a service has more than one of. */
struct pe_parts {
	unsigned int		ranges;
	unsigned int		steps;
	size_t			names;	/* bytes that hold those of all steps */
};

static void pe_count_parts(const struct genl_info *info, struct pe_parts *parts)
{
	const struct nlattr *attr;
	int left;

	memset(parts, 0, sizeof(*parts));
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, left) {
		switch (nla_type(attr)) {
		case PE_SERVICE_PORT:
			parts->ranges++;
			break;
		case PE_SERVICE_STEP:
			parts->steps++;
			parts->names += nla_len(attr);
			break;
		case PE_SERVICE_ACL:
			parts->names += PE_NAME_MAX + 1;
			break;
		}
	}
}

/* Each step gets the next code, whether its device bears it or not. */
static int pe_parse_track_first(struct genl_info *info,
				const struct nlattr *attr, const char *name,
				struct pe_service *svc, unsigned int steps,
				struct pe_refusal *refusal)
{
	u32 min = pe_track_min(svc->track.method);
	u32 max = pe_track_max(svc->track.method);
	u32 first = nla_get_u32(attr);

	if (svc->track.method == PE_TRACK_NSH) {
		svc->track.first = first;
		if (first >= min && first <= max)
			return 0;
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s has no service path %u: give one from %u to %u, the way back takes that plus %u",
			      name, first, min, max, max + 1);
	}
	if (!max)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s is tracked by the link, which has no codes: leave the first one out",
			      name);
	if (first < min || first > max || max - first < steps - 1)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "%u steps of service %s have no codes from %u on with track %s: give a first one from %u to %u",
			      steps, name, first,
			      pe_track_name(svc->track.method), min,
			      max - (steps - 1));
	svc->track.first = first;
	return 0;
}

static int pe_parse_dscp(struct genl_info *info, u16 type, const char *name,
			 struct pe_service *svc, u8 *dscp,
			 struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[type];

	*dscp = nla_get_u8(attr);
	if (*dscp <= PE_DSCP_MAX)
		return 0;
	return pe_bad(info->extack, refusal, attr, -EINVAL,
		      "%u is no DSCP for packets of service %s: give one from 0 to %u",
		      *dscp, name, PE_DSCP_MAX);
}

/* Of one direction alone comes before that of both. */
static int pe_parse_dscps(struct genl_info *info, const char *name,
			  struct pe_service *svc, struct pe_refusal *refusal)
{
	static const u16 types[] = {
		[PE_DIRECTION_FORWARD]	= PE_SERVICE_DSCP_FORWARD,
		[PE_DIRECTION_REVERSE]	= PE_SERVICE_DSCP_REVERSE,
	};
	struct pe_quality *quality = &svc->quality;
	int err = 0, i;

	if (info->attrs[PE_SERVICE_DSCP]) {
		quality->has |= PE_QUALITY_DSCP;
		err = pe_parse_dscp(info, PE_SERVICE_DSCP, name, svc,
				    &quality->all, refusal);
	}
	for (i = 0; !err && i < PE_DIRECTIONS; i++) {
		quality->dscp[i] = quality->all;
		quality->sets[i] = quality->has & PE_QUALITY_DSCP;
		if (!info->attrs[types[i]])
			continue;
		err = pe_parse_dscp(info, types[i], name, svc,
				    &quality->dscp[i], refusal);
		quality->sets[i] = true;
	}
	if (info->attrs[PE_SERVICE_DSCP_FORWARD])
		quality->has |= PE_QUALITY_FORWARD;
	if (info->attrs[PE_SERVICE_DSCP_REVERSE])
		quality->has |= PE_QUALITY_REVERSE;
	return err;
}

static int pe_parse_quality(struct genl_info *info, const char *name,
			    struct pe_service *svc, struct pe_refusal *refusal)
{
	const struct nlattr *priority = info->attrs[PE_SERVICE_PRIORITY];
	const struct nlattr *mark = info->attrs[PE_SERVICE_MARK];
	struct pe_quality *quality = &svc->quality;

	if (priority) {
		quality->has |= PE_QUALITY_PRIORITY;
		quality->priority = nla_get_u32(priority);
	}
	if (mark) {
		quality->has |= PE_QUALITY_MARK;
		quality->mark = nla_get_u32(mark);
	}
	return pe_parse_dscps(info, name, svc, refusal);
}

static int pe_parse_track(struct genl_info *info, const char *name,
			  struct pe_service *svc, unsigned int steps,
			  struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;
	int err = 0;

	if (a[PE_SERVICE_TRACK])
		svc->track.method = nla_get_u32(a[PE_SERVICE_TRACK]);
	if (svc->track.method && svc->client)
		return pe_bad(info->extack, refusal, a[PE_SERVICE_TRACK],
			      -EOPNOTSUPP,
			      "service %s is that of clients, whose packets are told by the link alone: leave track %s out",
			      name, pe_track_name(svc->track.method));
	if (a[PE_SERVICE_TRACK_FIRST])
		err = pe_parse_track_first(info, a[PE_SERVICE_TRACK_FIRST],
					   name, svc, steps, refusal);
	return err;
}

static int pe_parse_announce(struct pe_net *pn, struct genl_info *info,
			     const char *name, struct pe_service *svc,
			     struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_SERVICE_ANNOUNCE];
	struct pe_announce *announce;
	struct pe_iface *iface;

	if (!attr)
		return 0;
	if (svc->client)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s has clients instead of an address that could be announced: leave announce out, or give it a vip",
			      name);
	if (!dev_valid_name(nla_data(attr)))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "'%s' is no interface that service %s could be announced on: name one",
			      (const char *)nla_data(attr), name);
	iface = pe_parse_iface(pn, attr, false, refusal);
	if (IS_ERR(iface))
		return PTR_ERR(iface);
	if (svc->iif && svc->iif != iface) {
		pe_iface_put(pn, iface);
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s is announced on %s but takes clients by %s only: name the same interface",
			      name, (const char *)nla_data(attr),
			      svc->iif->name);
	}
	announce = pe_announce_get(pn, iface, &svc->vip, svc->family);
	pe_iface_put(pn, iface);
	if (announce == ERR_PTR(-ENOSPC))
		return pe_bad(info->extack, refusal, attr, -ENOSPC,
			      "the address of service %s is one too many to be announced in this namespace: have it routed here instead",
			      name);
	if (IS_ERR(announce))
		return PTR_ERR(announce);
	svc->announce = announce;
	return 0;
}

static int pe_parse_exit_table(struct genl_info *info, const char *name,
			       struct pe_exit *exit, struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_SERVICE_EXIT_TABLE];

	exit->table = nla_get_u32(attr);
	if (!exit->table || exit->table == RT_TABLE_LOCAL)
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "routing table %u leads service %s nowhere: give another one, from 1 to 4294967295",
			      exit->table, name);
	return 0;
}

static int pe_parse_exit_via(struct pe_net *pn, struct genl_info *info,
			     const char *name, struct pe_exit *exit,
			     struct pe_refusal *refusal)
{
	const struct nlattr *via = info->attrs[PE_SERVICE_EXIT_VIA];
	const struct nlattr *dev = info->attrs[PE_SERVICE_EXIT_DEV];
	char what[sizeof("the exit of service ") + PE_NAME_MAX];
	struct pe_iface *iface;
	int err;

	snprintf(what, sizeof(what), "the exit of service %s", name);
	err = pe_parse_addr(via, what, dev, &exit->via, &exit->via_proto,
			    info->extack, refusal);
	if (err)
		return err;
	if (!dev) {
		exit->route = pe_route_new(&exit->via, exit->via_proto);
		return exit->route ? 0 : -ENOMEM;
	}
	if (!dev_valid_name(nla_data(dev)))
		return pe_bad(info->extack, refusal, dev, -EINVAL,
			      "'%s' is no interface that the exit of service %s could be at: name one",
			      (const char *)nla_data(dev), name);
	iface = pe_parse_iface(pn, dev, false, refusal);
	if (IS_ERR(iface))
		return PTR_ERR(iface);
	exit->iface = iface;
	return 0;
}

static int pe_parse_exit(struct pe_net *pn, struct genl_info *info,
			 const char *name, struct pe_service *svc,
			 struct pe_refusal *refusal)
{
	struct nlattr **a = info->attrs;

	if (a[PE_SERVICE_EXIT_VIA] && a[PE_SERVICE_EXIT_TABLE])
		return pe_bad(info->extack, refusal, a[PE_SERVICE_EXIT_TABLE],
			      -EINVAL,
			      "the exit of service %s has both via and table: give one of them",
			      name);
	if (a[PE_SERVICE_EXIT_DEV] && !a[PE_SERVICE_EXIT_VIA])
		return pe_bad(info->extack, refusal, a[PE_SERVICE_EXIT_DEV],
			      -EINVAL,
			      "the exit of service %s has an interface but no next hop there: give it with via",
			      name);
	if (!a[PE_SERVICE_EXIT_VIA] && !a[PE_SERVICE_EXIT_TABLE])
		return 0;
	svc->exit = pe_exit_new();
	if (!svc->exit)
		return -ENOMEM;
	if (a[PE_SERVICE_EXIT_TABLE])
		return pe_parse_exit_table(info, name, svc->exit, refusal);
	return pe_parse_exit_via(pn, info, name, svc->exit, refusal);
}

static int pe_parse_step(struct genl_info *info, const struct nlattr *attr,
			 const char *name, struct nlattr **tb,
			 struct pe_refusal *refusal)
{
	pe_parse_nest(tb, PE_STEP_MAX, attr);
	if (tb[PE_STEP_FORWARD] || tb[PE_STEP_REVERSE] || tb[PE_STEP_SKIPPED])
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a step of service %s has counters, which are only read: leave them out",
			      name);
	if (!tb[PE_STEP_DEVICE] || !*(char *)nla_data(tb[PE_STEP_DEVICE]))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a step of service %s names no device: give it one",
			      name);
	if (tb[PE_STEP_PORT] && !nla_get_u16(tb[PE_STEP_PORT]))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "a step of service %s translates to port 0: give a port from 1 to 65535",
			      name);
	return 0;
}

/* What the device of step @i returns, where that is another protocol or port. */
static int pe_parse_emits(const char *name, struct nlattr **tb, u32 i,
			  struct pe_step *step, struct pe_refusal *refusal)
{
	const char *device = nla_data(tb[PE_STEP_DEVICE]);

	if (!tb[PE_STEP_EMIT_PROTO]) {
		if (!tb[PE_STEP_EMIT_PORT])
			return 0;
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
				 "step %u (%s) of service %s emits a port and no protocol: say which",
				 i + 1, device, name);
	}
	step->emits = true;
	step->emit_proto = nla_get_u8(tb[PE_STEP_EMIT_PROTO]);
	if (!tb[PE_STEP_EMIT_PORT])
		return 0;
	step->emit_port = nla_get_u16(tb[PE_STEP_EMIT_PORT]);
	if (!step->emit_port)
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
				 "step %u (%s) of service %s emits port 0: give a port from 1 to 65535",
				 i + 1, device, name);
	if (!pe_proto_can_have_ports(step->emit_proto))
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
				 "step %u (%s) of service %s emits port %u of protocol %u, which has no ports: say tcp, udp, sctp, udplite or dccp, or leave the port out",
				 i + 1, device, name, step->emit_port,
				 step->emit_proto);
	return 0;
}

static struct pe_change *pe_parse_steps(struct pe_net *pn, struct pe_txn *txn,
					struct genl_info *info,
					const char *name,
					const struct pe_parts *parts,
					struct pe_refusal *refusal)
{
	unsigned int n = parts->steps, i = 0;
	struct nlattr *tb[PE_STEP_MAX + 1];
	const struct nlattr *attr = NULL;
	struct pe_change *change;
	int err, len;
	char *at;

	if (!n || n > PE_STEPS_MAX)
		return ERR_PTR(pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP,
					 n ? PE_STEPS_MAX : 0,
					 "the sequence of service %s has %u steps: give it 1 to %u",
					 name, n, PE_STEPS_MAX));
	change = pe_parse_new(txn, info, name, PE_NOUN_SERVICE, parts->names, n);
	if (!change)
		return ERR_PTR(-ENOMEM);
	at = change->data + strlen(name) + 1;
	while ((attr = pe_next(info, PE_SERVICE_STEP, attr))) {
		err = pe_parse_step(info, attr, name, tb, refusal);
		if (!err)
			err = pe_parse_emits(name, tb, i, &change->step[i],
					     refusal);
		if (err) {
			NL_SET_BAD_ATTR(info->extack, attr);
			pe_change_drop(pn, txn, change);
			return ERR_PTR(err);
		}
		len = strlen(nla_data(tb[PE_STEP_DEVICE])) + 1;
		memcpy(at, nla_data(tb[PE_STEP_DEVICE]), len);
		at += len;
		if (tb[PE_STEP_PORT])
			change->step[i].port = nla_get_u16(tb[PE_STEP_PORT]);
		change->step[i].open = nla_get_flag(tb[PE_STEP_OPEN]);
		i++;
	}
	if (info->attrs[PE_SERVICE_ACL])
		nla_strscpy(at, info->attrs[PE_SERVICE_ACL], PE_NAME_MAX + 1);
	return change;
}

/* What it remembers of flows. */
static int pe_parse_state(struct genl_info *info, const char *name,
			  struct pe_service *svc, struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_SERVICE_STATE];
	struct nlattr *tb[PE_STATE_MAX + 1];

	if (!attr)
		return 0;
	pe_parse_nest(tb, PE_STATE_MAX, attr);
	if (tb[PE_STATE_USED] || tb[PE_STATE_MADE] || tb[PE_STATE_OVER] ||
	    tb[PE_STATE_FORMER])
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "the state of service %s has counters or former servers, which are only read: leave them out",
			      name);
	svc->stateful = true;
	if (tb[PE_STATE_FLOWS])
		svc->state_flows = nla_get_u32(tb[PE_STATE_FLOWS]);
	if (tb[PE_STATE_TIMEOUT])
		svc->state_life = nla_get_u32(tb[PE_STATE_TIMEOUT]);
	if (svc->state_flows > PE_FLOWS_LIMIT ||
	    (tb[PE_STATE_FLOWS] && !svc->state_flows))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s cannot remember %u flows: give from 1 to %u",
			      name, svc->state_flows, PE_FLOWS_LIMIT);
	if (svc->state_life > PE_FLOW_TIMEOUT_MAX ||
	    (tb[PE_STATE_TIMEOUT] && !svc->state_life))
		return pe_bad(info->extack, refusal, attr, -EINVAL,
			      "service %s cannot remember flows for %u seconds: give from 1 to %u",
			      name, svc->state_life, PE_FLOW_TIMEOUT_MAX);
	return 0;
}

/**
 * pe_parse_service() - a service as a message describes it
 * @pn: namespace
 * @txn: transaction that it is for
 * @info: the message
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the change or an error pointer.
 */
struct pe_change *pe_parse_service(struct pe_net *pn, struct pe_txn *txn,
				   struct genl_info *info,
				   struct pe_refusal *refusal)
{
	const struct nlattr *attr = info->attrs[PE_SERVICE_NAME];
	struct pe_change *change;
	struct pe_service *svc;
	struct pe_parts parts;
	const char *name;
	int err;

	err = pe_parse_name(info, attr, PE_SERVICE_NAME, "service", refusal);
	if (err)
		return ERR_PTR(err);
	name = nla_data(attr);
	pe_count_parts(info, &parts);
	if (parts.ranges > PE_PORTS_MAX)
		return ERR_PTR(pe_refuse(refusal, -EINVAL, PE_SERVICE_PORT,
					 PE_PORTS_MAX,
					 "service %s has %u port ranges: give it at most %u",
					 name, parts.ranges, PE_PORTS_MAX));
	change = pe_parse_steps(pn, txn, info, name, &parts, refusal);
	if (IS_ERR(change))
		return change;
	svc = pe_service_new(parts.ranges);
	change->version = svc;
	err = svc ? pe_parse_what(info, name, svc, refusal) : -ENOMEM;
	if (!err)
		err = pe_parse_iif(pn, info, name, svc, refusal);
	if (!err)
		err = pe_parse_track(info, name, svc, parts.steps, refusal);
	if (!err)
		err = pe_parse_quality(info, name, svc, refusal);
	if (!err)
		err = pe_parse_announce(pn, info, name, svc, refusal);
	if (!err)
		err = pe_parse_exit(pn, info, name, svc, refusal);
	if (!err)
		err = pe_parse_limit(info, info->attrs[PE_SERVICE_LIMIT],
				     "service ", name, &svc->rates, refusal);
	if (!err)
		err = pe_parse_state(info, name, svc, refusal);
	if (!err && info->attrs[PE_SERVICE_ACL]) {
		svc->acl_given = true;
		err = pe_parse_name(info, info->attrs[PE_SERVICE_ACL],
				    PE_SERVICE_ACL, "acl", refusal);
	}
	if (err) {
		pe_change_drop(pn, txn, change);
		return ERR_PTR(err);
	}
	return change;
}
