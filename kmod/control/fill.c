// SPDX-License-Identifier: GPL-2.0-only
/* One fill function for each noun: answers, dumps and notifications alike. */

#include <net/genetlink.h>
#include <net/netlink.h>
#include <uapi/linux/pe.h>

#include "../model/engine.h"
#include "../model/owner.h"
#include "fill.h"
#include "noun.h"

/**
 * pe_fill_addr() - put an address
 * @skb: message
 * @type: attribute
 * @addr: the address
 * @family: NFPROTO_* of it
 *
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_addr(struct sk_buff *skb, u16 type, const union nf_inet_addr *addr,
		 u8 family)
{
	return family == NFPROTO_IPV4 ?
		       nla_put_in_addr(skb, type, addr->ip) :
		       nla_put_in6_addr(skb, type, &addr->in6);
}

int pe_fill_sum(struct sk_buff *skb, u16 type, const struct pe_sum *sum)
{
	struct nlattr *nest = nla_nest_start(skb, type);

	if (!nest ||
	    nla_put_u64_64bit(skb, PE_COUNTER_PACKETS, sum->packets,
			      PE_COUNTER_PAD) ||
	    nla_put_u64_64bit(skb, PE_COUNTER_BYTES, sum->bytes,
			      PE_COUNTER_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * pe_fill_rates() - put how much is let in each second
 * @skb: message
 * @type: attribute
 * @rates: how much; nothing is put where anything is
 *
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_rates(struct sk_buff *skb, u16 type, const struct pe_rates *rates)
{
	static const u16 attrs[] = {
		[PE_MEASURE_PACKETS]	= PE_LIMIT_PACKETS,
		[PE_MEASURE_BYTES]	= PE_LIMIT_BYTES,
		[PE_MEASURE_FLOWS]	= PE_LIMIT_FLOWS,
	};
	struct nlattr *nest;
	int i;

	if (!pe_rates_any(rates))
		return 0;
	nest = nla_nest_start(skb, type);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < PE_MEASURES; i++)
		if (rates->rate[i] &&
		    nla_put_u64_64bit(skb, attrs[i], rates->rate[i],
				      PE_LIMIT_PAD))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int pe_fill_mac(struct sk_buff *skb, u16 type, u64 mac)
{
	u8 addr[ETH_ALEN];

	pe_mac_put(addr, mac);
	return nla_put(skb, type, ETH_ALEN, addr);
}

static int pe_fill_port_addr(struct sk_buff *skb, const struct pe_port *port)
{
	u64 mac = READ_ONCE(port->mac);

	if (port->kind == PE_PORT_KIND_TUNNEL)
		return pe_fill_addr(skb, PE_PORT_REMOTE, &port->via,
				    port->via_proto) ?:
		       nla_put_u32(skb, PE_PORT_VNI, port->vni);
	if (port->kind == PE_PORT_KIND_FIXED)
		return pe_fill_mac(skb, PE_PORT_LLADDR, mac);
	if (port->kind == PE_PORT_KIND_VIA &&
	    pe_fill_addr(skb, PE_PORT_VIA, &port->via, port->via_proto))
		return -EMSGSIZE;
	return mac ? pe_fill_mac(skb, PE_PORT_RESOLVED, mac) : 0;
}

static int pe_fill_port(struct sk_buff *skb, u16 type,
			const struct pe_port *port)
{
	const struct net_device *dev;
	struct nlattr *nest;
	int ifindex;

	if (port->kind == PE_PORT_KIND_NONE)
		return 0;
	rcu_read_lock();
	dev = rcu_dereference(port->iface->dev);
	ifindex = dev ? dev->ifindex : 0;
	rcu_read_unlock();
	nest = nla_nest_start(skb, type);
	if (!nest || nla_put_string(skb, PE_PORT_DEV, port->iface->name) ||
	    nla_put_u32(skb, PE_PORT_IFINDEX, ifindex) ||
	    pe_fill_port_addr(skb, port))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int pe_fill_device_sums(struct sk_buff *skb, const struct pe_device *dev)
{
	struct pe_sum sum = {};

	pe_device_sum(dev->stats, PE_DIRECTION_FORWARD, &sum);
	if (pe_fill_sum(skb, PE_DEVICE_FORWARD, &sum))
		return -EMSGSIZE;
	memset(&sum, 0, sizeof(sum));
	pe_device_sum(dev->stats, PE_DIRECTION_REVERSE, &sum);
	return pe_fill_sum(skb, PE_DEVICE_REVERSE, &sum);
}

static int pe_fill_latency(struct sk_buff *skb, const struct pe_device *dev,
			   unsigned int which)
{
	bool server = dev->kind == PE_DEVICE_KIND_SERVER;
	u32 of = (server ? PE_LATENCY_OF_CONNECT : PE_LATENCY_OF_FORWARD) +
		 which;
	struct pe_times times;
	struct nlattr *nest;

	pe_meter_read(dev->meter, which, &times);
	nest = nla_nest_start(skb, PE_DEVICE_LATENCY);
	if (!nest || nla_put_u32(skb, PE_LATENCY_OF, of) ||
	    nla_put(skb, PE_LATENCY_BUCKET, sizeof(times.bucket),
		    times.bucket) ||
	    nla_put_u64_64bit(skb, PE_LATENCY_SUM, times.sum, PE_LATENCY_PAD) ||
	    nla_put_u64_64bit(skb, PE_LATENCY_LOST, times.lost,
			      PE_LATENCY_PAD) ||
	    nla_put_u32(skb, PE_LATENCY_WAITING, times.waiting))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int pe_fill_device_stats(struct sk_buff *skb,
				const struct pe_device *dev)
{
	unsigned int i;
	int err;

	err = pe_fill_device_sums(skb, dev);
	for (i = 0; !err && dev->meter && i < PE_METERED; i++)
		err = pe_fill_latency(skb, dev, i);
	return err;
}

/* The doctor may write meanwhile; the event that follows tells it right. */
static int pe_fill_health(struct sk_buff *skb, const struct pe_health *health)
{
	char evidence[sizeof(health->evidence)];

	memcpy(evidence, health->evidence, sizeof(evidence));
	evidence[sizeof(evidence) - 1] = '\0';
	if (nla_put_u32(skb, PE_DEVICE_STATE, health->state) ||
	    nla_put_u32(skb, PE_DEVICE_CAUSE, health->cause) ||
	    nla_put_u64_64bit(skb, PE_DEVICE_SINCE, health->since,
			      PE_DEVICE_PAD))
		return -EMSGSIZE;
	if (!evidence[0])
		return 0;
	return nla_put_string(skb, PE_DEVICE_EVIDENCE, evidence);
}

/**
 * pe_fill_device() - put what a device is, but its name
 * @skb: message
 * @obj: device with a live version
 * @stats: with its counters
 *
 * Context: pe_net.lock held.
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_device(struct sk_buff *skb, const struct pe_object *obj, bool stats)
{
	const struct pe_device *dev = obj->live;

	if (nla_put_u32(skb, PE_DEVICE_ID, obj->id) ||
	    nla_put_u32(skb, PE_DEVICE_KIND, dev->kind) ||
	    nla_put_u32(skb, PE_DEVICE_USERS, obj->users) ||
	    nla_put_u32(skb, PE_DEVICE_GENERATION, dev->generation))
		return -EMSGSIZE;
	if (dev->kind == PE_DEVICE_KIND_SERVER &&
	    nla_put_u32(skb, PE_DEVICE_MODE, dev->mode))
		return -EMSGSIZE;
	if (dev->proto && !dev->address_is_via &&
	    pe_fill_addr(skb, PE_DEVICE_ADDRESS, &dev->address, dev->proto))
		return -EMSGSIZE;
	if ((dev->transparent && nla_put_flag(skb, PE_DEVICE_TRANSPARENT)) ||
	    (dev->guard && nla_put_flag(skb, PE_DEVICE_GUARD)) ||
	    (dev->measure && nla_put_flag(skb, PE_DEVICE_MEASURE)))
		return -EMSGSIZE;
	if (pe_fill_port(skb, PE_DEVICE_OUTSIDE, &dev->outside) ||
	    pe_fill_port(skb, PE_DEVICE_INSIDE, &dev->inside) ||
	    pe_fill_health(skb, dev->health))
		return -EMSGSIZE;
	return stats ? pe_fill_device_stats(skb, dev) : 0;
}

static int pe_fill_member(struct sk_buff *skb, const struct pe_pool *pool, u8 i,
			  bool stats)
{
	const struct pe_member *member = &pool->member[i];
	struct nlattr *nest = nla_nest_start(skb, PE_POOL_MEMBER);

	if (!nest ||
	    nla_put_string(skb, PE_MEMBER_DEVICE, member->device->obj->name) ||
	    (member->weight != 1 &&
	     nla_put_u16(skb, PE_MEMBER_WEIGHT, member->weight)) ||
	    (stats && nla_put_u32(skb, PE_MEMBER_SLOTS,
				  pe_pool_share(pool, i))))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int pe_fill_detect(struct sk_buff *skb, const struct pe_pool *pool)
{
	if (pool->detect_given &&
	    (nla_put_u32(skb, PE_POOL_DETECT_PACKETS, pool->detect_packets) ||
	     nla_put_u32(skb, PE_POOL_DETECT_WINDOW, pool->detect_window)))
		return -EMSGSIZE;
	if (pool->one_way && nla_put_flag(skb, PE_POOL_ONE_WAY))
		return -EMSGSIZE;
	return pool->revives ? nla_put_u32(skb, PE_POOL_REVIVE, pool->revive) :
			       0;
}

/**
 * pe_fill_pool() - put what a pool is, but its name
 * @skb: message
 * @obj: pool with a live version
 * @stats: with the shares of its members
 *
 * Context: pe_net.lock held.
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_pool(struct sk_buff *skb, const struct pe_object *obj, bool stats)
{
	const struct pe_pool *pool = obj->live;
	u8 i;

	if (nla_put_u32(skb, PE_POOL_ID, obj->id) ||
	    nla_put_u32(skb, PE_POOL_POLICY, pool->policy) ||
	    (pool->key && nla_put_u32(skb, PE_POOL_KEY, pool->key)) ||
	    nla_put_u32(skb, PE_POOL_USERS, obj->users) ||
	    nla_put_u32(skb, PE_POOL_GENERATION, pool->generation) ||
	    pe_fill_detect(skb, pool))
		return -EMSGSIZE;
	for (i = 0; i < pool->members; i++)
		if (pe_fill_member(skb, pool, i, stats))
			return -EMSGSIZE;
	return 0;
}

static int pe_fill_ranges(struct sk_buff *skb, const struct pe_service *svc)
{
	struct nlattr *nest;
	u8 i;

	for (i = 0; i < svc->ranges; i++) {
		nest = nla_nest_start(skb, PE_SERVICE_PORT);
		if (!nest ||
		    nla_put_u16(skb, PE_RANGE_FIRST, svc->range[i].first) ||
		    nla_put_u16(skb, PE_RANGE_LAST, svc->range[i].last) ||
		    (svc->range[i].dynamic &&
		     nla_put_flag(skb, PE_RANGE_DYNAMIC)))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int pe_fill_step(struct sk_buff *skb, const struct pe_service *svc,
			u8 i, bool stats)
{
	const struct pe_step *step = &svc->seq->step[i];
	struct nlattr *nest = nla_nest_start(skb, PE_SERVICE_STEP);
	struct pe_sum sum;

	if (!nest ||
	    nla_put_string(skb, PE_STEP_DEVICE, pe_step_name(step)) ||
	    (step->open && nla_put_flag(skb, PE_STEP_OPEN)) ||
	    (step->port && nla_put_u16(skb, PE_STEP_PORT, step->port)) ||
	    (step->emits &&
	     nla_put_u8(skb, PE_STEP_EMIT_PROTO, step->emit_proto)) ||
	    (step->emit_port &&
	     nla_put_u16(skb, PE_STEP_EMIT_PORT, step->emit_port)))
		return -EMSGSIZE;
	if (stats) {
		pe_service_step_sum(svc, i, PE_DIRECTION_FORWARD, &sum);
		if (pe_fill_sum(skb, PE_STEP_FORWARD, &sum))
			return -EMSGSIZE;
		pe_service_step_sum(svc, i, PE_DIRECTION_REVERSE, &sum);
		if (pe_fill_sum(skb, PE_STEP_REVERSE, &sum))
			return -EMSGSIZE;
	}
	if (stats && step->open) {
		pe_service_skipped_sum(svc, i, &sum);
		if (pe_fill_sum(skb, PE_STEP_SKIPPED, &sum))
			return -EMSGSIZE;
	}
	nla_nest_end(skb, nest);
	return 0;
}

static int pe_fill_track(struct sk_buff *skb, const struct pe_service *svc)
{
	if (svc->track.method &&
	    nla_put_u32(skb, PE_SERVICE_TRACK, svc->track.method))
		return -EMSGSIZE;
	if (svc->track.first &&
	    nla_put_u32(skb, PE_SERVICE_TRACK_FIRST, svc->track.first))
		return -EMSGSIZE;
	return 0;
}

static int pe_fill_quality(struct sk_buff *skb,
			   const struct pe_quality *quality)
{
	u8 has = quality->has;

	if ((has & PE_QUALITY_DSCP &&
	     nla_put_u8(skb, PE_SERVICE_DSCP, quality->all)) ||
	    (has & PE_QUALITY_FORWARD &&
	     nla_put_u8(skb, PE_SERVICE_DSCP_FORWARD,
			quality->dscp[PE_DIRECTION_FORWARD])) ||
	    (has & PE_QUALITY_REVERSE &&
	     nla_put_u8(skb, PE_SERVICE_DSCP_REVERSE,
			quality->dscp[PE_DIRECTION_REVERSE])) ||
	    (has & PE_QUALITY_PRIORITY &&
	     nla_put_u32(skb, PE_SERVICE_PRIORITY, quality->priority)) ||
	    (has & PE_QUALITY_MARK &&
	     nla_put_u32(skb, PE_SERVICE_MARK, quality->mark)))
		return -EMSGSIZE;
	return 0;
}

static int pe_fill_service_sums(struct sk_buff *skb,
				const struct pe_service *svc)
{
	struct pe_sum sum;

	pe_service_sum(svc, PE_DIRECTION_FORWARD, &sum);
	if (pe_fill_sum(skb, PE_SERVICE_FORWARD, &sum))
		return -EMSGSIZE;
	pe_service_sum(svc, PE_DIRECTION_REVERSE, &sum);
	if (pe_fill_sum(skb, PE_SERVICE_REVERSE, &sum))
		return -EMSGSIZE;
	if (!svc->limit)
		return 0;
	pe_limit_sum(svc->limit, &sum);
	return pe_fill_sum(skb, PE_SERVICE_LIMITED, &sum);
}

static int pe_fill_key(struct sk_buff *skb, const struct pe_service *svc)
{
	if (!svc->client)
		return pe_fill_addr(skb, PE_SERVICE_VIP, &svc->vip,
				    svc->family);
	return pe_fill_addr(skb, PE_SERVICE_CLIENT, &svc->vip, svc->family) ?:
	       nla_put_u8(skb, PE_SERVICE_CLIENT_LEN, svc->length);
}

static int pe_fill_exit(struct sk_buff *skb, const struct pe_exit *exit)
{
	if (!exit)
		return 0;
	if (exit->table)
		return nla_put_u32(skb, PE_SERVICE_EXIT_TABLE, exit->table);
	return pe_fill_addr(skb, PE_SERVICE_EXIT_VIA, &exit->via,
			    exit->via_proto) ?:
	       (exit->iface ? nla_put_string(skb, PE_SERVICE_EXIT_DEV,
					     exit->iface->name) : 0);
}

static int pe_fill_former(struct sk_buff *skb, const struct pe_former *former)
{
	struct nlattr *nest = nla_nest_start(skb, PE_STATE_FORMER);

	if (!nest ||
	    nla_put_string(skb, PE_STEP_DEVICE, former->device->obj->name) ||
	    (former->port && nla_put_u16(skb, PE_STEP_PORT, former->port)))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int pe_fill_state(struct sk_buff *skb, const struct pe_service *svc,
			 bool stats)
{
	const struct pe_ledger *ledger = svc->ledger;
	struct nlattr *nest;
	u8 i;

	if (!svc->stateful)
		return 0;
	nest = nla_nest_start(skb, PE_SERVICE_STATE);
	if (!nest ||
	    (svc->state_flows &&
	     nla_put_u32(skb, PE_STATE_FLOWS, svc->state_flows)) ||
	    (svc->state_life &&
	     nla_put_u32(skb, PE_STATE_TIMEOUT, svc->state_life)))
		return -EMSGSIZE;
	if (stats &&
	    (nla_put_u32(skb, PE_STATE_USED, atomic_read(&ledger->used)) ||
	     nla_put_u64_64bit(skb, PE_STATE_MADE,
			       pe_flow_sum(ledger->stats, PE_FLOW_MADE),
			       PE_STATE_PAD) ||
	     nla_put_u64_64bit(skb, PE_STATE_OVER,
			       pe_flow_sum(ledger->stats, PE_FLOW_OVER),
			       PE_STATE_PAD)))
		return -EMSGSIZE;
	for (i = 0; i < svc->seq->formers; i++)
		if (pe_fill_former(skb, &svc->seq->former[i]))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/**
 * pe_fill_service() - put what a service is, but its name
 * @skb: message
 * @obj: service with a live version
 * @stats: with its counters
 *
 * Context: pe_net.lock held.
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_service(struct sk_buff *skb, const struct pe_object *obj,
		    bool stats)
{
	struct pe_service *svc = obj->live;
	u8 i;

	if (stats)
		pe_service_gather(svc);
	if (nla_put_u32(skb, PE_SERVICE_ID, obj->id) ||
	    pe_fill_key(skb, svc) ||
	    nla_put_u32(skb, PE_SERVICE_GENERATION, svc->generation))
		return -EMSGSIZE;
	if (svc->level != PE_LEVEL_ADDRESS &&
	    nla_put_u8(skb, PE_SERVICE_PROTO, svc->proto))
		return -EMSGSIZE;
	if (pe_fill_ranges(skb, svc))
		return -EMSGSIZE;
	if (svc->iif && nla_put_string(skb, PE_SERVICE_IIF, svc->iif->name))
		return -EMSGSIZE;
	if (pe_fill_track(skb, svc) || pe_fill_quality(skb, &svc->quality))
		return -EMSGSIZE;
	if (svc->announce && nla_put_string(skb, PE_SERVICE_ANNOUNCE,
					    svc->announce->iface->name))
		return -EMSGSIZE;
	for (i = 0; i < svc->seq->steps; i++)
		if (pe_fill_step(skb, svc, i, stats))
			return -EMSGSIZE;
	if (pe_fill_exit(skb, svc->exit))
		return -EMSGSIZE;
	if (pe_fill_rates(skb, PE_SERVICE_LIMIT, &svc->rates))
		return -EMSGSIZE;
	if (svc->acl_given && nla_put_string(skb, PE_SERVICE_ACL,
					     svc->gate->obj->name))
		return -EMSGSIZE;
	if (pe_fill_state(skb, svc, stats))
		return -EMSGSIZE;
	return stats ? pe_fill_service_sums(skb, svc) : 0;
}

/**
 * pe_fill_engine() - put what is said of the engine, but its name
 * @skb: message
 * @obj: the engine, with a live version
 * @stats: with its counters
 *
 * Context: pe_net.lock held.
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_engine(struct sk_buff *skb, const struct pe_object *obj, bool stats)
{
	const struct pe_engine *engine = obj->live;
	struct pe_sum sum;

	if (nla_put_u32(skb, PE_ENGINE_ID, obj->id) ||
	    nla_put_u32(skb, PE_ENGINE_GENERATION, engine->generation) ||
	    pe_fill_rates(skb, PE_ENGINE_LIMIT, &engine->rates))
		return -EMSGSIZE;
	if (!stats)
		return 0;
	pe_limit_sum(engine->limit, &sum);
	return pe_fill_sum(skb, PE_ENGINE_LIMITED, &sum);
}

/**
 * pe_fill_name() - put the name of an object, and whose it is
 * @skb: message
 * @obj: the object
 * @noun: what it is
 *
 * Context: pe_net.lock held.
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_name(struct sk_buff *skb, const struct pe_object *obj,
		 enum pe_noun noun)
{
	BUILD_BUG_ON((int)PE_DEVICE_NAME != (int)PE_SERVICE_NAME);
	if (nla_put_string(skb, PE_DEVICE_NAME, obj->name))
		return -EMSGSIZE;
	return obj->owner ? nla_put_string(skb, pe_noun_ops[noun].owner,
					   obj->owner->name) : 0;
}

/**
 * pe_fill_object() - put a device or service
 * @skb: message
 * @obj: the device or service; only its name and whose it was when it has no
 *	live version
 * @noun: which of them
 * @stats: with counters
 *
 * Context: pe_net.lock held.
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_object(struct sk_buff *skb, const struct pe_object *obj,
		   enum pe_noun noun, bool stats)
{
	if (pe_fill_name(skb, obj, noun))
		return -EMSGSIZE;
	if (!obj->live)
		return 0;
	return pe_noun_ops[noun].fill(skb, obj, stats);
}

/**
 * pe_fill_drops() - put the drop counters of a namespace
 * @skb: message
 * @pn: namespace
 *
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_drops(struct sk_buff *skb, struct pe_net *pn)
{
	struct nlattr *nest;
	u32 reason;

	for (reason = PE_DROP_NONE + 1; reason < PE_DROPS; reason++) {
		nest = nla_nest_start(skb, PE_INFO_DROP);
		if (!nest || nla_put_u32(skb, PE_DROPS_REASON, reason) ||
		    nla_put_u64_64bit(skb, PE_DROPS_PACKETS,
				      pe_drops_sum(pn->drops, reason),
				      PE_DROPS_PAD))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

/**
 * pe_fill_flow_counts() - put what a namespace counted of flows
 * @skb: message
 * @pn: namespace
 *
 * Return: 0 or -EMSGSIZE.
 */
int pe_fill_flow_counts(struct sk_buff *skb, struct pe_net *pn)
{
	static const u8 types[PE_FLOW_COUNTS] = {
		[PE_FLOW_MADE]		= PE_FLOW_COUNTS_MADE,
		[PE_FLOW_OVER]		= PE_FLOW_COUNTS_OVER,
		[PE_FLOW_EVICTED]	= PE_FLOW_COUNTS_EVICTED,
		[PE_FLOW_FAILED]	= PE_FLOW_COUNTS_FAILED,
	};
	struct nlattr *nest;
	int i;

	nest = nla_nest_start(skb, PE_INFO_FLOW_COUNTS);
	if (!nest)
		return -EMSGSIZE;
	for (i = 0; i < PE_FLOW_COUNTS; i++)
		if (nla_put_u64_64bit(skb, types[i],
				      pe_flow_sum(pn->flows.stats, i),
				      PE_FLOW_COUNTS_PAD))
			return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}
