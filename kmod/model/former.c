// SPDX-License-Identifier: GPL-2.0-only
/* Servers that a service with state had before.
 *
 * A version that names another server, or another port of it, knows the ones
 * before as well, the latest first. Only flows that keep to one of them are
 * handed to it, and only what it sends of these is the service's. So nothing
 * that is configured can collide with them.
 */

#include <linux/bitops.h>

#include "former.h"
#include "netns.h"
#include "service.h"

/* Buckets that are looked at while others wait for the lock. */
#define PE_SEARCH_AT_ONCE	4096

/* Can a service translate to this port? Only one port can become another. */
static bool pe_former_port_fits(const struct pe_service *svc,
				const struct pe_step *steps, u8 n, u16 port)
{
	u8 i;

	if (!port || port == steps[n - 1].port)
		return true;
	for (i = 0; i < n; i++)
		if (steps[i].emits)
			return false;
	if (svc->level != PE_LEVEL_PORT ||
	    svc->range[0].first != svc->range[0].last)
		return false;
	for (i = 1; i < svc->ranges; i++)
		if (!svc->range[i].dynamic ||
		    (port >= svc->range[i].first && port <= svc->range[i].last))
			return false;
	return true;
}

/* Is it reached as those are that the service has now? */
static bool pe_former_alike(const struct pe_service *svc,
			    const struct pe_device *dev,
			    const struct pe_device *server)
{
	if (dev->kind != PE_DEVICE_KIND_SERVER ||
	    pe_device_is_nat(dev) != pe_device_is_nat(server) ||
	    pe_device_is_tunnelled(dev) || pe_device_is_tunnelled(server))
		return false;
	return !pe_device_is_nat(dev) ||
	       (dev->proto == svc->family &&
		memcmp(&dev->address, &svc->vip, sizeof(svc->vip)));
}

/* Would what it sends be taken for what this device does? */
static bool pe_former_is_hidden(const struct pe_device *dev,
				const struct pe_device *other)
{
	return pe_port_same_place(&dev->outside, pe_device_port(other, false)) ||
	       pe_port_same_place(&dev->outside, pe_device_port(other, true));
}

/* By a device in front of the server, whose answers take another way. */
static bool pe_former_has_place(const struct pe_device *dev,
				const struct pe_step *steps, u8 n)
{
	u8 i, j;

	if (pe_device_is_nat(dev))
		return true;
	for (i = 0; i + 1 < n; i++)
		for (j = 0; j < pe_step_devices(&steps[i]); j++)
			if (pe_former_is_hidden(dev,
						pe_step_device(&steps[i], j)))
				return false;
	return true;
}

static bool pe_former_same(const struct pe_device *a, u16 a_port,
			   const struct pe_device *b, u16 b_port)
{
	if (a_port != b_port)
		return false;
	return a == b || (pe_device_is_nat(a) && pe_device_is_nat(b) &&
			  !memcmp(&a->address, &b->address,
				  sizeof(a->address)));
}

/* Does the service have it still, or is it among those before? */
static bool pe_former_is_known(const struct pe_formers *formers,
			       const struct pe_step *server,
			       const struct pe_device *dev, u16 port)
{
	u8 i;

	for (i = 0; i < pe_step_devices(server); i++)
		if (pe_former_same(pe_step_device(server, i), server->port, dev,
				   port))
			return true;
	for (i = 0; i < formers->n; i++)
		if (pe_former_same(formers->device[i], formers->port[i], dev,
				   port))
			return true;
	return false;
}

static void pe_former_add(struct pe_formers *formers,
			  const struct pe_service *svc,
			  const struct pe_step *steps, u8 n,
			  const struct pe_object *obj, u16 port)
{
	const struct pe_step *server = &steps[n - 1];
	struct pe_device *dev = pe_object_current(obj);

	if (formers->n == PE_FORMERS_MAX || !dev ||
	    !pe_former_alike(svc, dev, server->device) ||
	    !pe_former_port_fits(svc, steps, n, port) ||
	    !pe_former_has_place(dev, steps, n) ||
	    pe_former_is_known(formers, server, dev, port))
		return;
	formers->device[formers->n] = dev;
	formers->port[formers->n++] = port;
}

/**
 * pe_formers_choose() - which former servers flows of a version may keep to
 * @formers: out: those, the latest first
 * @svc: version that is being made
 * @old: live version that it is to replace, or NULL
 * @steps: steps that it will have
 * @n: how many
 *
 * Members that a pool had are let go when the pool is.
 *
 * Context: pe_net.lock held; versions of devices that the transaction makes
 * have been made.
 */
void pe_formers_choose(struct pe_formers *formers, const struct pe_service *svc,
		       const struct pe_service *old, const struct pe_step *steps,
		       u8 n)
{
	const struct pe_step *server;
	const struct pe_former *f;
	u8 i;

	formers->n = 0;
	if (!svc->stateful || !old || !old->ledger ||
	    steps[n - 1].device->kind != PE_DEVICE_KIND_SERVER)
		return;
	server = pe_sequence_server(old->seq);
	if (server && !server->pool)
		pe_former_add(formers, svc, steps, n, server->device->obj,
			      server->port);
	for (i = 0; i < old->seq->formers; i++) {
		f = &old->seq->former[i];
		if (!(svc->forget & BIT(i)))
			pe_former_add(formers, svc, steps, n, f->device->obj,
				      f->port);
	}
}

/* Former servers that nobody was found to keep to yet, of services whose older
 * versions no packet sees any more: to those, the server is none.
 */
static u32 pe_search_begin(struct pe_net *pn)
{
	const struct pe_service *svc;
	const struct pe_object *obj;
	unsigned long id = 0;
	u32 sought = 0;

	while ((obj = pe_object_after(pn, PE_NOUN_SERVICE, &id))) {
		cond_resched();
		svc = obj->live;
		if (!svc->ledger)
			continue;
		svc->ledger->sought = svc->older ? 0 :
						   BIT(svc->seq->formers) - 1;
		sought += hweight8(svc->ledger->sought);
	}
	return sought;
}

/* One that is found is sought no more, and nothing is when all were found. */
static int pe_search_visit(void *arg, struct pe_flow *flow)
{
	struct pe_ledger *ledger = flow->key.ledger;
	const struct pe_service *svc = ledger->obj ? ledger->obj->live : NULL;
	u32 *sought = arg;
	u8 i;

	/* What is left of a service that is gone is about to go. */
	if (!svc || svc->ledger != ledger || !ledger->sought)
		return 0;
	for (i = 0; i < svc->seq->formers; i++) {
		if (!(ledger->sought & BIT(i)) ||
		    !pe_flow_has_former(flow, &svc->seq->former[i]))
			continue;
		ledger->sought &= ~BIT(i);
		--*sought;
	}
	return !*sought;
}

/**
 * pe_formers_search() - which former servers does no flow keep to any more?
 * @pn: namespace
 *
 * They are in pe_ledger.sought afterwards, of services that were not changed
 * meanwhile. Others may have the lock in between.
 *
 * Context: process context.
 */
void pe_formers_search(struct pe_net *pn)
{
	u32 sought, hash = 0;
	int err;

	mutex_lock(&pn->lock);
	sought = pe_search_begin(pn);
	err = !sought;
	mutex_unlock(&pn->lock);
	while (!err) {
		mutex_lock(&pn->lock);
		err = pe_flows_walk(&pn->flows, &hash, PE_SEARCH_AT_ONCE,
				    pe_search_visit, &sought);
		mutex_unlock(&pn->lock);
		cond_resched();
		if (!hash)
			break;
	}
}
