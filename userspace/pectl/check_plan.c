// SPDX-License-Identifier: GPL-2.0-only

#include "check_plan.h"

#include <arena.h>
#include <changes.h>
#include <netinet/in.h>
#include <pool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "request.h"

/* How well a service suits a check of a device: best is what opens and ends
 * connections, worst what the device keeps or hands to somebody of its own.
 */
enum rank {
	RANK_NONE,
	RANK_KEPT,
	RANK_CLIENT,
	RANK_WHOLE,
	RANK_UDP,
	RANK_TCP,
};

/* Where in the table a device is, or behind its end. */
static uint32_t plan_place(const struct plan *plan, const char *name)
{
	const struct pe_table *devices = &plan->config.tables[PE_OBJECT_DEVICE];
	struct pe_object **found = pe_table_find(devices, name, strlen(name));

	return found ? (uint32_t)(found - devices->items) : devices->count;
}

static const struct pe_device *plan_device(const struct plan *plan, const char *name)
{
	const struct pe_table *devices = &plan->config.tables[PE_OBJECT_DEVICE];
	uint32_t at = plan_place(plan, name);

	return at < devices->count ? (const struct pe_device *)devices->items[at] : NULL;
}

static bool device_is_nat(const struct pe_device *device)
{
	return device->kind == PE_DEVICE_KIND_SERVER && device->mode == PE_SERVER_MODE_NAT;
}

static bool device_is_transparent(const struct pe_device *device)
{
	return device->has & PE_HAS(PE_DEVICE_TRANSPARENT);
}

static bool device_has_inside(const struct pe_device *device)
{
	return device->has & PE_HAS(PE_DEVICE_INSIDE);
}

/* ---- what a device is handed ---- */

/* Devices that emit another protocol or port part the sequence. */
static void leg_traffic(struct leg *leg)
{
	const struct pe_service *svc = leg->service;
	unsigned int i;

	leg->proto = svc->has & PE_HAS(PE_SERVICE_PROTO) ? svc->proto : 0;
	leg->port = svc->nranges ? svc->ranges[0].first : 0;
	for (i = 0; i < leg->step; i++) {
		if (!svc->steps[i].emits)
			continue;
		leg->proto = svc->steps[i].emit_proto;
		leg->port = svc->steps[i].emit_port;
	}
	if (svc->steps[leg->step].port)
		leg->port = svc->steps[leg->step].port;
}

static bool service_tags(const struct pe_service *svc)
{
	return svc->track == PE_TRACK_VLAN || svc->track == PE_TRACK_MPLS ||
	       svc->track == PE_TRACK_NSH;
}

static enum rank leg_rank(const struct leg *leg)
{
	bool inside = leg->device->kind == PE_DEVICE_KIND_INLINE;

	if (inside && service_tags(leg->service))
		return RANK_NONE;
	if (inside && leg->server)
		return RANK_KEPT;
	if (!leg->service->vip.len)
		return RANK_CLIENT;
	if (leg->proto == IPPROTO_TCP && leg->port)
		return RANK_TCP;
	if (leg->proto == IPPROTO_UDP && leg->port)
		return RANK_UDP;
	return RANK_WHOLE;
}

/* Those that a step can hand packets to: one device, or the members of a pool.
 * NULL behind the last.
 */
static const char *step_device(const struct plan *plan, const struct pe_step *step, unsigned int i)
{
	const struct pe_table *pools = &plan->config.tables[PE_OBJECT_POOL];
	struct pe_object **found = pe_table_find(pools, step->device, strlen(step->device));
	const struct pe_pool *pool;

	if (!found)
		return i ? NULL : step->device;
	pool = (const struct pe_pool *)*found;
	return i < pool->nmembers ? pool->members[i].device : NULL;
}

static struct leg leg_of(const struct plan *plan, const struct pe_service *svc, unsigned int step,
			 const char *device)
{
	struct leg leg = {
		.device = plan_device(plan, device),
		.service = svc,
		.step = step,
	};

	if (!leg.device)
		return leg;
	leg.server = leg.device->kind == PE_DEVICE_KIND_SERVER || svc->steps[step].emits;
	leg_traffic(&leg);
	leg.rank = (uint8_t)leg_rank(&leg);
	return leg;
}

/* ---- from a leg to its check ---- */

static void leg_unknown(struct leg *leg, const char *why)
{
	pe_check_find(&leg->check, PE_HEALTH_UNKNOWN, PE_CHECK_CAUSE_NONE, "%s", why);
}

static void leg_down(struct leg *leg, enum pe_check_cause cause, const char *format,
		     const char *what)
{
	pe_check_find(&leg->check, PE_HEALTH_DOWN, cause, format, what);
}

/* An interface and the link-layer address that a port has behind it now. */
static const struct pe_link *leg_end(struct plan *plan, struct leg *leg, const struct pe_port *port,
				     struct pe_check_end *end)
{
	const struct pe_link *link = pe_links_find(&plan->links, port->dev);
	char addr[PE_ADDR_STRLEN];

	snprintf(end->dev, sizeof(end->dev), "%s", port->dev);
	if (port->has & PE_HAS(PE_PORT_REMOTE)) {
		leg_unknown(leg, "it is behind a tunnel, where nothing is checked");
		return NULL;
	}
	if (!link || !link->ethernet) {
		leg_down(leg, PE_CHECK_CAUSE_LINK, "interface %s is not there", port->dev);
		return NULL;
	}
	if (!(link->flags & IFF_UP) || !(link->flags & IFF_RUNNING)) {
		leg_down(leg, PE_CHECK_CAUSE_LINK,
			 link->flags & IFF_UP ? "interface %s has no carrier" :
						"interface %s is down",
			 port->dev);
		return NULL;
	}
	end->ifindex = link->ifindex;
	memcpy(end->own, link->mac, PE_MAC_LEN);
	if (port->has & PE_HAS(PE_PORT_LLADDR)) {
		memcpy(end->mac, port->lladdr, PE_MAC_LEN);
	} else if (port->has & PE_HAS(PE_PORT_RESOLVED)) {
		memcpy(end->mac, port->resolved, PE_MAC_LEN);
	} else if (port->via.len) {
		leg_down(leg, PE_CHECK_CAUSE_NEIGHBOUR, "the link-layer address of %s is not known",
			 pe_addr_format(&port->via, addr));
		return NULL;
	}
	return link;
}

static bool leg_source(struct plan *plan, struct leg *leg, const struct pe_link *link)
{
	if (pe_links_source(&plan->links, link, &leg->check.to, &leg->check.from))
		return true;
	leg_unknown(leg, leg->check.to.len == 4 ? "the router has no IPv4 address to check from" :
						  "the router has no IPv6 address to check from");
	return false;
}

/* What is sent where nothing else was asked for. */
static enum pe_check_kind leg_kind(const struct leg *leg)
{
	if (leg->rank == RANK_CLIENT)
		return leg->proto == IPPROTO_TCP && leg->port ? PE_CHECK_TCP : PE_CHECK_ICMP;
	if (leg->proto == IPPROTO_TCP && leg->port)
		return PE_CHECK_TCP;
	if (leg->proto == IPPROTO_UDP && leg->port && !leg->server)
		return PE_CHECK_UDP;
	return PE_CHECK_ICMP;
}

static bool leg_choose(const struct plan *plan, struct leg *leg)
{
	struct pe_check *check = &leg->check;

	check->kind = plan->what->kind;
	if (check->kind == PE_CHECK_NOTHING)
		check->kind = (uint8_t)leg_kind(leg);
	check->port = check->kind == PE_CHECK_ICMP ? 0 : leg->port;
	if ((check->kind == PE_CHECK_TCP || check->kind == PE_CHECK_HTTP) &&
	    (leg->proto != IPPROTO_TCP || !leg->port)) {
		leg_unknown(leg, "no service of it has a TCP port to check");
		return false;
	}
	if (check->kind == PE_CHECK_HTTP && !device_is_nat(leg->device)) {
		leg_unknown(
			leg,
			"only servers in mode nat are asked for pages: the kernel itself cannot connect to others");
		return false;
	}
	return true;
}

static void leg_routed(struct plan *plan, struct leg *leg)
{
	struct pe_check *check = &leg->check;
	char addr[PE_ADDR_STRLEN];

	check->way = PE_CHECK_ROUTED;
	check->to = leg->device->address;
	check->path = plan->what->page;
	if (leg_choose(plan, leg) && !pe_links_route(&check->to, &check->from))
		leg_down(leg, PE_CHECK_CAUSE_NEIGHBOUR, "there is no route to %s",
			 pe_addr_format(&check->to, addr));
}

static void leg_at(struct plan *plan, struct leg *leg)
{
	struct pe_check *check = &leg->check;
	const struct pe_link *link;

	check->way = PE_CHECK_AT;
	check->to = leg->service->vip;
	if (!leg_choose(plan, leg))
		return;
	link = leg_end(plan, leg, &leg->device->outside, &check->out);
	if (link)
		leg_source(plan, leg, link);
}

/* A bridge hands on the link-layer addresses that the engine gave it. */
static void leg_bridge(struct pe_check *check)
{
	memcpy(check->out.mac, check->in.own, PE_MAC_LEN);
	memcpy(check->in.mac, check->out.own, PE_MAC_LEN);
}

/* What clients send goes anywhere: to the router beyond, for one. */
static bool leg_destination(struct plan *plan, struct leg *leg, const struct pe_link *inside)
{
	leg->check.to = leg->service->vip;
	if (leg->check.to.len)
		return true;
	leg->check.to.len = leg->service->client.len;
	if (pe_links_source(&plan->links, inside, &leg->service->client, &leg->check.to))
		return true;
	leg_unknown(leg, "the router has no address to check to");
	return false;
}

static void leg_through(struct plan *plan, struct leg *leg)
{
	const struct pe_device *device = leg->device;
	bool two = device_has_inside(device);
	struct pe_check *check = &leg->check;
	const struct pe_link *outside, *inside;

	check->way = PE_CHECK_THROUGH;
	if (!leg_choose(plan, leg))
		return;
	outside = leg_end(plan, leg, &device->outside, &check->out);
	if (!outside)
		return;
	inside = leg_end(plan, leg, two ? &device->inside : &device->outside, &check->in);
	if (!inside)
		return;
	if (device_is_transparent(device))
		leg_bridge(check);
	if (leg_destination(plan, leg, inside))
		leg_source(plan, leg, outside);
}

/* Is there a device at all? Who has an address of its own says so. */
static void leg_neighbour(struct plan *plan, struct leg *leg, const char *why)
{
	const struct pe_device *device = leg->device;
	struct pe_check *check = &leg->check;
	const struct pe_link *link;

	check->kind = PE_CHECK_ARP;
	check->way = PE_CHECK_AT;
	check->to = device->outside.via.len ? device->outside.via : device->address;
	if (!check->to.len || !device->outside.dev[0]) {
		leg_unknown(leg, why);
		return;
	}
	link = leg_end(plan, leg, &device->outside, &check->out);
	if (link)
		leg_source(plan, leg, link);
}

/* The group of an IPv6 address that its neighbours ask, or everybody. */
static void leg_ask_whom(struct pe_check *check)
{
	if (check->to.len == 4) {
		memset(check->out.mac, 0xff, PE_MAC_LEN);
		return;
	}
	memcpy(check->out.mac, (const uint8_t[]){ 0x33, 0x33, 0xff }, 3);
	memcpy(check->out.mac + 3, check->to.b + 13, 3);
}

static void leg_plan(struct plan *plan, struct leg *leg)
{
	const struct pe_device *device = leg->device;

	leg->check.timeout = plan->what->timeout;
	if (device->kind == PE_DEVICE_KIND_TAP)
		leg_neighbour(plan, leg, "a tap that has no address of its own answers nothing");
	else if (plan->what->kind == PE_CHECK_ARP)
		leg_neighbour(plan, leg, "it has no address of its own to ask for: no via");
	else if (leg->service && !leg->rank)
		leg_unknown(leg, "its services hand it nothing but tagged packets");
	else if (device_is_nat(device))
		leg_routed(plan, leg);
	else if (!leg->service)
		leg_neighbour(plan, leg, "no service uses it");
	else if (leg->server)
		leg_at(plan, leg);
	else
		leg_through(plan, leg);
	if (leg->check.kind == PE_CHECK_ARP)
		leg_ask_whom(&leg->check);
}

/* ---- what is to be checked ---- */

static void plan_add(struct plan *plan, const struct leg *leg)
{
	plan->legs = pe_xrealloc(plan->legs, (plan->count + 1) * sizeof(*plan->legs));
	plan->legs[plan->count++] = *leg;
}

static void plan_better(const struct plan *plan, struct leg *best, const struct pe_service *svc,
			unsigned int step)
{
	const char *name;
	unsigned int i;

	for (i = 0; (name = step_device(plan, &svc->steps[step], i)); i++) {
		struct leg leg = leg_of(plan, svc, step, name), *old;

		if (!leg.device)
			continue;
		old = &best[plan_place(plan, name)];
		if (!old->service || leg.rank > old->rank)
			*old = leg;
	}
}

/* Each device's best leg in any service; by place in the table. */
static struct leg *plan_best(const struct plan *plan)
{
	const struct pe_table *devices = &plan->config.tables[PE_OBJECT_DEVICE];
	const struct pe_table *services = &plan->config.tables[PE_OBJECT_SERVICE];
	struct leg *best = pe_xrealloc(NULL, (devices->count + 1) * sizeof(*best));
	unsigned int step;
	uint32_t i;

	memset(best, 0, (devices->count + 1) * sizeof(*best));
	for (i = 0; i < services->count; i++) {
		const struct pe_service *svc = (const struct pe_service *)services->items[i];

		for (step = 0; step < svc->nsteps; step++)
			plan_better(plan, best, svc, step);
	}
	for (i = 0; i < devices->count; i++)
		best[i].device = (const struct pe_device *)devices->items[i];
	return best;
}

static struct pe_object **plan_find(const struct plan *plan, const struct pe_object *name)
{
	return pe_table_find(&plan->config.tables[name->kind], name->name, strlen(name->name));
}

static void plan_tell_absent(const struct plan *plan, const struct pe_changes *names)
{
	size_t i;

	for (i = 0; i < names->count; i++)
		if (!plan_find(plan, names->list[i]))
			fprintf(stderr,
				"pectl: error: there is no %s '%s': see what there is with show\n",
				names->list[i]->kind == PE_OBJECT_SERVICE ? "service" : "device",
				names->list[i]->name);
}

static void plan_step_legs(struct plan *plan, const struct pe_service *svc, unsigned int step)
{
	const char *name;
	unsigned int i;

	for (i = 0; (name = step_device(plan, &svc->steps[step], i)); i++) {
		struct leg leg = leg_of(plan, svc, step, name);

		if (leg.device)
			plan_add(plan, &leg);
	}
}

static void plan_service_legs(struct plan *plan, const struct pe_service *svc)
{
	unsigned int step;

	for (step = 0; step < svc->nsteps; step++)
		plan_step_legs(plan, svc, step);
}

static void plan_name(struct plan *plan, const struct pe_object *name, const struct leg *best)
{
	struct pe_object **found = plan_find(plan, name);

	if (!found)
		plan->absent++;
	else if (name->kind == PE_OBJECT_SERVICE)
		plan_service_legs(plan, (const struct pe_service *)*found);
	else
		plan_add(plan, &best[plan_place(plan, name->name)]);
}

static void plan_legs(struct plan *plan)
{
	size_t i;

	for (i = 0; i < plan->count; i++)
		leg_plan(plan, &plan->legs[i]);
}

/**
 * plan_names() - plan to check devices, and all devices of services
 * @plan: has the configuration and the interfaces
 * @names: the devices and services, or none for all devices
 * @told: how many of them it has been told of already that they are not there
 *
 * What is not there is told of, and the others are planned.
 */
void plan_names(struct plan *plan, const struct pe_changes *names, size_t told)
{
	struct leg *best = plan_best(plan);
	size_t i;

	for (i = 0; i < names->count; i++)
		plan_name(plan, names->list[i], best);
	for (i = 0; i < plan->config.tables[PE_OBJECT_DEVICE].count && !names->count; i++)
		plan_add(plan, &best[i]);
	free(best);
	plan_legs(plan);
	if (plan->absent && plan->absent != told)
		plan_tell_absent(plan, names);
}

/**
 * plan_free() - forget what was planned
 * @plan: empty afterwards
 */
void plan_free(struct plan *plan)
{
	free(plan->legs);
	plan->legs = NULL;
	plan->count = 0;
	pe_links_free(&plan->links);
	pe_config_free(&plan->config);
}
