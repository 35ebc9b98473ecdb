// SPDX-License-Identifier: GPL-2.0-only

#include "service.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "attr.h"

static void pe_range_put(struct nlmsghdr *nlh, const struct pe_range *range, bool dynamic)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PE_SERVICE_PORT);

	mnl_attr_put_u16(nlh, PE_RANGE_FIRST, range->first);
	mnl_attr_put_u16(nlh, PE_RANGE_LAST, range->last);
	if (dynamic)
		mnl_attr_put(nlh, PE_RANGE_DYNAMIC, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
}

static void pe_step_put(struct nlmsghdr *nlh, const struct pe_step *step)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, PE_SERVICE_STEP);

	mnl_attr_put_strz(nlh, PE_STEP_DEVICE, step->device);
	if (step->port)
		mnl_attr_put_u16(nlh, PE_STEP_PORT, step->port);
	if (step->emits)
		mnl_attr_put_u8(nlh, PE_STEP_EMIT_PROTO, step->emit_proto);
	if (step->emit_port)
		mnl_attr_put_u16(nlh, PE_STEP_EMIT_PORT, step->emit_port);
	if (step->open)
		mnl_attr_put(nlh, PE_STEP_OPEN, 0, NULL);
	mnl_attr_nest_end(nlh, nest);
}

static void pe_exit_put(struct nlmsghdr *nlh, const struct pe_service *service)
{
	if (service->has & PE_HAS(PE_SERVICE_EXIT_VIA))
		pe_attr_put_addr(nlh, PE_SERVICE_EXIT_VIA, &service->exit_via);
	if (service->exit_dev)
		mnl_attr_put_strz(nlh, PE_SERVICE_EXIT_DEV, service->exit_dev);
	if (service->has & PE_HAS(PE_SERVICE_EXIT_TABLE))
		mnl_attr_put_u32(nlh, PE_SERVICE_EXIT_TABLE, service->exit_table);
}

static void pe_quality_put(struct nlmsghdr *nlh, const struct pe_service *service)
{
	if (service->has & PE_HAS(PE_SERVICE_DSCP))
		mnl_attr_put_u8(nlh, PE_SERVICE_DSCP, service->dscp);
	if (service->has & PE_HAS(PE_SERVICE_DSCP_FORWARD))
		mnl_attr_put_u8(nlh, PE_SERVICE_DSCP_FORWARD, service->dscp_forward);
	if (service->has & PE_HAS(PE_SERVICE_DSCP_REVERSE))
		mnl_attr_put_u8(nlh, PE_SERVICE_DSCP_REVERSE, service->dscp_reverse);
	if (service->has & PE_HAS(PE_SERVICE_PRIORITY))
		mnl_attr_put_u32(nlh, PE_SERVICE_PRIORITY, service->priority);
	if (service->has & PE_HAS(PE_SERVICE_MARK))
		mnl_attr_put_u32(nlh, PE_SERVICE_MARK, service->mark);
}

/**
 * pe_service_has_state() - does it remember flows?
 * @service: the service
 */
bool pe_service_has_state(const struct pe_service *service)
{
	return service->has & PE_HAS(PE_SERVICE_STATE) && !service->state_off;
}

static void pe_state_put(struct nlmsghdr *nlh, const struct pe_service *service)
{
	struct nlattr *nest;

	if (!pe_service_has_state(service))
		return;
	nest = mnl_attr_nest_start(nlh, PE_SERVICE_STATE);
	if (service->state_flows)
		mnl_attr_put_u32(nlh, PE_STATE_FLOWS, service->state_flows);
	if (service->state_timeout)
		mnl_attr_put_u32(nlh, PE_STATE_TIMEOUT, service->state_timeout);
	mnl_attr_nest_end(nlh, nest);
}

/**
 * pe_service_put() - append what a user can say of a service
 * @nlh: the message, with PE_MESSAGE_MAX bytes of room
 * @service: the service
 */
void pe_service_put(struct nlmsghdr *nlh, const struct pe_service *service)
{
	unsigned int i;

	mnl_attr_put_strz(nlh, PE_SERVICE_NAME, service->o.name);
	if (service->has & PE_HAS(PE_SERVICE_VIP))
		pe_attr_put_addr(nlh, PE_SERVICE_VIP, &service->vip);
	if (service->has & PE_HAS(PE_SERVICE_CLIENT)) {
		pe_attr_put_addr(nlh, PE_SERVICE_CLIENT, &service->client);
		mnl_attr_put_u8(nlh, PE_SERVICE_CLIENT_LEN, service->client_len);
	}
	if (service->has & PE_HAS(PE_SERVICE_PROTO))
		mnl_attr_put_u8(nlh, PE_SERVICE_PROTO, service->proto);
	for (i = 0; i < service->nranges; i++)
		pe_range_put(nlh, &service->ranges[i], false);
	for (i = 0; i < service->ndynamic; i++)
		pe_range_put(nlh, &service->dynamic[i], true);
	if (service->iif)
		mnl_attr_put_strz(nlh, PE_SERVICE_IIF, service->iif);
	if (service->track)
		mnl_attr_put_u32(nlh, PE_SERVICE_TRACK, service->track);
	if (service->track_first)
		mnl_attr_put_u32(nlh, PE_SERVICE_TRACK_FIRST, service->track_first);
	pe_quality_put(nlh, service);
	if (service->announce)
		mnl_attr_put_strz(nlh, PE_SERVICE_ANNOUNCE, service->announce);
	for (i = 0; i < service->nsteps; i++)
		pe_step_put(nlh, &service->steps[i]);
	pe_exit_put(nlh, service);
	if (service->acl)
		mnl_attr_put_strz(nlh, PE_SERVICE_ACL, service->acl);
	if (service->has & PE_HAS(PE_SERVICE_LIMIT))
		pe_limit_put(nlh, PE_SERVICE_LIMIT, &service->limit);
	pe_state_put(nlh, service);
}

/* What is gathered of a service while its message is read. */
struct pe_service_draft {
	struct pe_service *service;
	struct pe_arena *arena;
	struct pe_direction_counters all;
	struct pe_counter limited;
	bool counted;
	uint32_t flows;
	uint64_t flows_made;
	uint64_t flows_over;
	struct pe_range ranges[PE_PORTS_MAX];
	struct pe_range dynamic[PE_PORTS_MAX];
	struct pe_step steps[PE_STEPS_MAX];
	struct pe_step formers[PE_STEPS_MAX];
	struct pe_direction_counters counters[PE_STEPS_MAX];
};

static bool pe_range_get(struct pe_service_draft *draft, const struct nlattr *nest)
{
	struct pe_service *service = draft->service;
	struct pe_range range = { 0 };
	const struct nlattr *attr;
	bool dynamic = false;

	if (service->nranges + service->ndynamic == PE_PORTS_MAX)
		return false;
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PE_RANGE_FIRST)
			range.first = pe_attr_u16(attr);
		else if (mnl_attr_get_type(attr) == PE_RANGE_LAST)
			range.last = pe_attr_u16(attr);
		else if (mnl_attr_get_type(attr) == PE_RANGE_DYNAMIC)
			dynamic = true;
	}
	if (dynamic)
		draft->dynamic[service->ndynamic++] = range;
	else
		draft->ranges[service->nranges++] = range;
	return true;
}

static bool pe_step_get(struct pe_service_draft *draft, const struct nlattr *nest)
{
	struct pe_direction_counters *counters;
	const struct nlattr *attr;
	struct pe_step *step;

	if (draft->service->nsteps == PE_STEPS_MAX)
		return false;
	counters = &draft->counters[draft->service->nsteps];
	memset(counters, 0, sizeof(*counters));
	step = &draft->steps[draft->service->nsteps++];
	memset(step, 0, sizeof(*step));
	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == PE_STEP_DEVICE)
			step->device = pe_attr_str(attr, draft->arena);
		else if (type == PE_STEP_PORT)
			step->port = pe_attr_u16(attr);
		else if (type == PE_STEP_EMIT_PORT)
			step->emit_port = pe_attr_u16(attr);
		else if (type == PE_STEP_EMIT_PROTO)
			step->emit_proto = pe_attr_u8(attr);
		else if (type == PE_STEP_FORWARD)
			pe_attr_counter(&counters->forward, attr);
		else if (type == PE_STEP_REVERSE)
			pe_attr_counter(&counters->reverse, attr);
		else if (type == PE_STEP_SKIPPED)
			pe_attr_counter(&counters->skipped, attr);
		step->open |= type == PE_STEP_OPEN;
		step->emits |= type == PE_STEP_EMIT_PROTO;
	}
	return step->device;
}

static bool pe_former_get(struct pe_service_draft *draft, const struct nlattr *nest)
{
	const struct nlattr *attr;
	struct pe_step *former;

	if (draft->service->nformers == PE_STEPS_MAX)
		return false;
	former = &draft->formers[draft->service->nformers++];
	memset(former, 0, sizeof(*former));
	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PE_STEP_DEVICE)
			former->device = pe_attr_str(attr, draft->arena);
		else if (mnl_attr_get_type(attr) == PE_STEP_PORT)
			former->port = pe_attr_u16(attr);
	}
	return former->device;
}

static bool pe_state_get(struct pe_service_draft *draft, const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest) {
		switch (mnl_attr_get_type(attr)) {
		case PE_STATE_FLOWS:
			draft->service->state_flows = pe_attr_u32(attr);
			break;
		case PE_STATE_TIMEOUT:
			draft->service->state_timeout = pe_attr_u32(attr);
			break;
		case PE_STATE_USED:
			draft->flows = pe_attr_u32(attr);
			break;
		case PE_STATE_MADE:
			draft->flows_made = pe_attr_u64(attr);
			break;
		case PE_STATE_OVER:
			draft->flows_over = pe_attr_u64(attr);
			break;
		case PE_STATE_FORMER:
			if (!pe_former_get(draft, attr))
				return false;
			break;
		}
	}
	return true;
}

static bool pe_service_get_attr(struct pe_service_draft *draft, const struct nlattr *attr)
{
	struct pe_service *service = draft->service;

	switch (mnl_attr_get_type(attr)) {
	case PE_SERVICE_NAME:
		service->o.name = pe_attr_str(attr, draft->arena);
		return true;
	case PE_SERVICE_ID:
		service->id = pe_attr_u32(attr);
		return true;
	case PE_SERVICE_VIP:
		return pe_attr_addr(&service->vip, attr);
	case PE_SERVICE_CLIENT:
		return pe_attr_addr(&service->client, attr);
	case PE_SERVICE_CLIENT_LEN:
		service->client_len = mnl_attr_get_payload_len(attr) ? mnl_attr_get_u8(attr) : 0;
		return true;
	case PE_SERVICE_EXIT_VIA:
		return pe_attr_addr(&service->exit_via, attr);
	case PE_SERVICE_EXIT_DEV:
		service->exit_dev = pe_attr_str(attr, draft->arena);
		return true;
	case PE_SERVICE_ACL:
		service->acl = pe_attr_str(attr, draft->arena);
		return true;
	case PE_SERVICE_STATE:
		return pe_state_get(draft, attr);
	case PE_SERVICE_EXIT_TABLE:
		service->exit_table = pe_attr_u32(attr);
		return true;
	case PE_SERVICE_PROTO:
		service->proto = pe_attr_u8(attr);
		return true;
	case PE_SERVICE_PORT:
		return pe_range_get(draft, attr);
	case PE_SERVICE_IIF:
		service->iif = pe_attr_str(attr, draft->arena);
		return true;
	case PE_SERVICE_ANNOUNCE:
		service->announce = pe_attr_str(attr, draft->arena);
		return true;
	case PE_SERVICE_STEP:
		return pe_step_get(draft, attr);
	case PE_SERVICE_TRACK:
		service->track = pe_attr_u32(attr);
		return true;
	case PE_SERVICE_TRACK_FIRST:
		service->track_first = pe_attr_u32(attr);
		return true;
	case PE_SERVICE_DSCP:
		service->dscp = pe_attr_u8(attr);
		return true;
	case PE_SERVICE_DSCP_FORWARD:
		service->dscp_forward = pe_attr_u8(attr);
		return true;
	case PE_SERVICE_DSCP_REVERSE:
		service->dscp_reverse = pe_attr_u8(attr);
		return true;
	case PE_SERVICE_PRIORITY:
		service->priority = pe_attr_u32(attr);
		return true;
	case PE_SERVICE_MARK:
		service->mark = pe_attr_u32(attr);
		return true;
	case PE_SERVICE_LIMIT:
		pe_limit_get(&service->limit, attr);
		return true;
	case PE_SERVICE_LIMITED:
		pe_attr_counter(&draft->limited, attr);
		return true;
	case PE_SERVICE_FORWARD:
		pe_attr_counter(&draft->all.forward, attr);
		draft->counted = true;
		return true;
	case PE_SERVICE_REVERSE:
		pe_attr_counter(&draft->all.reverse, attr);
		draft->counted = true;
		return true;
	case PE_SERVICE_GENERATION:
		service->generation = pe_attr_u32(attr);
		return true;
	}
	return true;
}

static void pe_service_keep(struct pe_service_draft *draft)
{
	struct pe_service *service = draft->service;
	size_t steps = service->nsteps * sizeof(*draft->counters);

	service->ranges = pe_arena_memdup(draft->arena, draft->ranges,
					  service->nranges * sizeof(*draft->ranges));
	service->dynamic = pe_arena_memdup(draft->arena, draft->dynamic,
					   service->ndynamic * sizeof(*draft->dynamic));
	service->steps = pe_arena_memdup(draft->arena, draft->steps,
					 service->nsteps * sizeof(*draft->steps));
	service->formers = pe_arena_memdup(draft->arena, draft->formers,
					   service->nformers * sizeof(*draft->formers));
	if (!draft->counted)
		return;
	service->stats = pe_arena_alloc(draft->arena, sizeof(*service->stats) + steps);
	service->stats->all = draft->all;
	service->stats->limited = draft->limited;
	service->stats->flows = draft->flows;
	service->stats->flows_made = draft->flows_made;
	service->stats->flows_over = draft->flows_over;
	memcpy(service->stats->steps, draft->counters, steps);
}

/**
 * pe_service_get() - read a service from a message
 * @service: where to store it; cleared first
 * @arena: keeps its parts
 * @nlh: the message
 *
 * Return: 0, or -EBADMSG if that is no service.
 */
int pe_service_get(struct pe_service *service, struct pe_arena *arena, const struct nlmsghdr *nlh)
{
	struct pe_service_draft draft;
	const struct nlattr *attr;

	memset(service, 0, sizeof(*service));
	service->o.kind = PE_OBJECT_SERVICE;
	draft.service = service;
	draft.arena = arena;
	draft.counted = false;
	draft.flows = 0;
	draft.flows_made = 0;
	draft.flows_over = 0;
	memset(&draft.all, 0, sizeof(draft.all));
	memset(&draft.limited, 0, sizeof(draft.limited));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (!pe_service_get_attr(&draft, attr))
			return -EBADMSG;
		if (type <= PE_SERVICE_MAX)
			service->has |= PE_HAS(type);
	}
	pe_service_keep(&draft);
	return service->o.name ? 0 : -EBADMSG;
}

static int pe_range_compare(const void *a, const void *b)
{
	return (int)((const struct pe_range *)a)->first - ((const struct pe_range *)b)->first;
}

/* Sorts the ports and joins what touches, so that equal sets look equal. */
static unsigned int pe_ranges_normal(struct pe_range *to, const struct pe_range *from,
				     unsigned int count)
{
	unsigned int i, n = 0;

	memcpy(to, from, count * sizeof(*to));
	qsort(to, count, sizeof(*to), pe_range_compare);
	for (i = 1; i < count; i++) {
		if (to[i].first > to[n].last + 1)
			to[++n] = to[i];
		else if (to[i].last > to[n].last)
			to[n].last = to[i].last;
	}
	return n + 1;
}

static bool pe_ranges_equal(const struct pe_range *a, unsigned int na, const struct pe_range *b,
			    unsigned int nb)
{
	struct pe_range x[PE_PORTS_MAX], y[PE_PORTS_MAX];
	unsigned int i, n;

	if (!na || !nb)
		return na == nb;
	n = pe_ranges_normal(x, a, na);
	if (n != pe_ranges_normal(y, b, nb))
		return false;
	for (i = 0; i < n; i++)
		if (x[i].first != y[i].first || x[i].last != y[i].last)
			return false;
	return true;
}

static bool pe_step_equal(const struct pe_step *a, const struct pe_step *b)
{
	return a->port == b->port && a->open == b->open && a->emits == b->emits &&
	       a->emit_proto == b->emit_proto && a->emit_port == b->emit_port &&
	       strcmp(a->device, b->device) == 0;
}

static bool pe_steps_equal(const struct pe_service *a, const struct pe_service *b)
{
	unsigned int i;

	if (a->nsteps != b->nsteps)
		return false;
	for (i = 0; i < a->nsteps; i++)
		if (!pe_step_equal(&a->steps[i], &b->steps[i]))
			return false;
	return true;
}

/* Both may be missing. */
static bool pe_names_equal(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool pe_exits_equal(const struct pe_service *a, const struct pe_service *b)
{
	return pe_addr_equal(&a->exit_via, &b->exit_via) && a->exit_table == b->exit_table &&
	       pe_names_equal(a->exit_dev, b->exit_dev);
}

#define PE_QUALITY                                                   \
	(PE_HAS(PE_SERVICE_DSCP) | PE_HAS(PE_SERVICE_DSCP_FORWARD) | \
	 PE_HAS(PE_SERVICE_DSCP_REVERSE) | PE_HAS(PE_SERVICE_PRIORITY) | PE_HAS(PE_SERVICE_MARK))

/* To set something to 0 is not to leave it as it is. */
static bool pe_qualities_equal(const struct pe_service *a, const struct pe_service *b)
{
	return !((a->has ^ b->has) & PE_QUALITY) && a->dscp == b->dscp &&
	       a->dscp_forward == b->dscp_forward && a->dscp_reverse == b->dscp_reverse &&
	       a->priority == b->priority && a->mark == b->mark;
}

static bool pe_states_equal(const struct pe_service *a, const struct pe_service *b)
{
	if (!pe_service_has_state(a) || !pe_service_has_state(b))
		return pe_service_has_state(a) == pe_service_has_state(b);
	return a->state_flows == b->state_flows && a->state_timeout == b->state_timeout;
}

/**
 * pe_service_equal() - compare what a user can say of two services
 * @a: one
 * @b: the other
 *
 * Return: whether it means the same.
 */
bool pe_service_equal(const struct pe_service *a, const struct pe_service *b)
{
	if (!pe_addr_equal(&a->vip, &b->vip) || a->proto != b->proto ||
	    ((a->has ^ b->has) & PE_HAS(PE_SERVICE_PROTO)))
		return false;
	if (a->track != b->track || a->track_first != b->track_first || !pe_qualities_equal(a, b))
		return false;
	if (!pe_addr_equal(&a->client, &b->client) || a->client_len != b->client_len ||
	    !pe_exits_equal(a, b) || !pe_limit_equal(&a->limit, &b->limit) ||
	    !pe_states_equal(a, b))
		return false;
	if (!pe_names_equal(a->iif, b->iif) || !pe_names_equal(a->acl, b->acl) ||
	    !pe_names_equal(a->announce, b->announce))
		return false;
	return pe_ranges_equal(a->ranges, a->nranges, b->ranges, b->nranges) &&
	       pe_ranges_equal(a->dynamic, a->ndynamic, b->dynamic, b->ndynamic) &&
	       pe_steps_equal(a, b);
}

/* Another method has other codes. Gives back what of the service as it is no
 * longer holds.
 */
static uint32_t pe_service_merge_track(struct pe_service *service, const struct pe_service *base)
{
	uint32_t gone = 0;

	if (!(service->has & PE_HAS(PE_SERVICE_TRACK)))
		service->track = base->track;
	if (service->track != base->track)
		gone |= PE_HAS(PE_SERVICE_TRACK_FIRST);
	if (!((service->has | gone) & PE_HAS(PE_SERVICE_TRACK_FIRST)))
		service->track_first = base->track_first;
	return gone;
}

/* A DSCP for both directions takes the place of those for one. */
static uint32_t pe_service_merge_quality(struct pe_service *service, const struct pe_service *base)
{
	uint32_t one = PE_HAS(PE_SERVICE_DSCP_FORWARD) | PE_HAS(PE_SERVICE_DSCP_REVERSE);
	uint32_t gone = service->has & PE_HAS(PE_SERVICE_DSCP) ? one : 0;

	if (!(service->has & PE_HAS(PE_SERVICE_DSCP)))
		service->dscp = base->dscp;
	if (!((service->has | gone) & PE_HAS(PE_SERVICE_DSCP_FORWARD)))
		service->dscp_forward = base->dscp_forward;
	if (!((service->has | gone) & PE_HAS(PE_SERVICE_DSCP_REVERSE)))
		service->dscp_reverse = base->dscp_reverse;
	if (!(service->has & PE_HAS(PE_SERVICE_PRIORITY)))
		service->priority = base->priority;
	if (!(service->has & PE_HAS(PE_SERVICE_MARK)))
		service->mark = base->mark;
	return gone;
}

/**
 * pe_service_merge() - fill what a change does not say
 * @service: the change
 * @base: the service as it is, in memory that lives as long
 */
void pe_service_merge(struct pe_service *service, const struct pe_service *base)
{
	uint32_t keys = PE_HAS(PE_SERVICE_VIP) | PE_HAS(PE_SERVICE_CLIENT) |
			PE_HAS(PE_SERVICE_CLIENT_LEN);
	uint32_t exits = PE_HAS(PE_SERVICE_EXIT_VIA) | PE_HAS(PE_SERVICE_EXIT_DEV) |
			 PE_HAS(PE_SERVICE_EXIT_TABLE);
	uint32_t has = base->has;

	if (service->has & keys) {
		has &= ~keys;
	} else {
		service->vip = base->vip;
		service->client = base->client;
		service->client_len = base->client_len;
	}
	if (service->has & exits) {
		has &= ~exits;
	} else {
		service->exit_via = base->exit_via;
		service->exit_dev = base->exit_dev;
		service->exit_table = base->exit_table;
	}
	if (!(service->has & PE_HAS(PE_SERVICE_PROTO)))
		service->proto = base->proto;
	if (!service->iif)
		service->iif = base->iif;
	if (!service->announce)
		service->announce = base->announce;
	if (!service->acl)
		service->acl = base->acl;
	if (!(service->has & PE_HAS(PE_SERVICE_LIMIT)))
		service->limit = base->limit;
	if (service->has & PE_HAS(PE_SERVICE_STATE)) {
		has &= ~PE_HAS(PE_SERVICE_STATE);
	} else {
		service->state_flows = base->state_flows;
		service->state_timeout = base->state_timeout;
	}
	if (!service->nranges) {
		service->ranges = base->ranges;
		service->nranges = base->nranges;
	}
	if (!service->ndynamic) {
		service->dynamic = base->dynamic;
		service->ndynamic = base->ndynamic;
	}
	if (!service->nsteps) {
		service->steps = base->steps;
		service->nsteps = base->nsteps;
	}
	has &= ~pe_service_merge_track(service, base);
	service->has |= has & ~pe_service_merge_quality(service, base);
}

/**
 * pe_service_where() - where something of a service stands in the source
 * @service: the service
 * @attr: PE_SERVICE_...
 * @index: which one of a repeated attribute
 *
 * Return: the place plus one, 0 if it is not known.
 */
uint32_t pe_service_where(const struct pe_service *service, uint16_t attr, unsigned int index)
{
	if (attr == PE_SERVICE_STEP && index < service->nsteps && service->steps[index].at)
		return service->steps[index].at;
	if (attr == PE_SERVICE_PORT && index < service->nranges && service->ranges[index].at)
		return service->ranges[index].at;
	if (attr == PE_SERVICE_PORT && index >= service->nranges &&
	    index - service->nranges < service->ndynamic &&
	    service->dynamic[index - service->nranges].at)
		return service->dynamic[index - service->nranges].at;
	if (attr <= PE_SERVICE_MAX && service->at[attr])
		return service->at[attr];
	return service->o.at;
}
