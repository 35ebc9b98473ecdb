// SPDX-License-Identifier: GPL-2.0-only
/* Events, queued where nobody can wait until they are told. */

#include <linux/etherdevice.h>
#include <linux/slab.h>

#include "announce.h"
#include "event.h"
#include "health.h"
#include "netns.h"
#include "pool.h"

static void pe_event_queue(struct pe_net *pn, struct pe_occurrence *item)
{
	spin_lock_bh(&pn->ifaces_lock);
	if (pn->event_count < PE_EVENTS_LIMIT) {
		list_add_tail(&item->list, &pn->events);
		pn->event_count++;
		item = NULL;
	} else {
		pn->event_missed = true;
	}
	spin_unlock_bh(&pn->ifaces_lock);
	kfree(item);
	schedule_work(&pn->event_work);
}

/**
 * pe_event_iface() - an interface of the configuration came or went
 * @pn: namespace
 * @kind: what happened
 * @name: of the interface
 *
 * Context: process context, RTNL held: who tells of interfaces must not wait
 * for the lock that keeps the devices attached to them, so a work does the
 * rest.
 * Return: false when memory is short.
 */
bool pe_event_iface(struct pe_net *pn, enum pe_event kind, const char *name)
{
	struct pe_occurrence *item = kzalloc(sizeof(*item), GFP_KERNEL);

	if (!item)
		return false;
	item->kind = kind;
	strscpy(item->name, name, sizeof(item->name));
	pe_event_queue(pn, item);
	return true;
}

/**
 * pe_event_claim() - another host says that it has an announced address
 * @pn: namespace
 * @a: the announcement
 * @mac: link-layer address of the other host
 *
 * Context: any. Without memory only the kernel's log tells.
 */
void pe_event_claim(struct pe_net *pn, const struct pe_announce *a,
		    const u8 *mac)
{
	struct pe_occurrence *item = kzalloc(sizeof(*item), GFP_ATOMIC);

	if (!item)
		return;
	item->kind = PE_EVENT_ADDRESS_CLAIMED;
	strscpy(item->name, a->iface->name, sizeof(item->name));
	item->family = a->family;
	item->addr = a->addr;
	ether_addr_copy(item->mac, mac);
	pe_event_queue(pn, item);
}

/**
 * pe_event_device() - a device is in another state
 * @pn: namespace
 * @obj: name of the device
 * @health: its state
 *
 * Context: process context. Without memory only show tells.
 */
void pe_event_device(struct pe_net *pn, const struct pe_object *obj,
		     const struct pe_health *health)
{
	struct pe_occurrence *item = kzalloc(sizeof(*item), GFP_KERNEL_ACCOUNT);

	if (!item)
		return;
	item->kind = PE_EVENT_DEVICE_STATE;
	strscpy(item->name, obj->name, sizeof(item->name));
	item->state = health->state;
	item->cause = health->cause;
	item->since = health->since;
	strscpy(item->evidence, health->evidence, sizeof(item->evidence));
	pe_event_queue(pn, item);
}

/**
 * pe_event_pool() - other members get a pool's packets, or none does
 * @pn: namespace
 * @pool: the pool
 *
 * Context: process context, pe_net.health_lock held. Without memory only show
 * tells.
 */
void pe_event_pool(struct pe_net *pn, const struct pe_pool *pool)
{
	struct pe_occurrence *item = kzalloc(sizeof(*item), GFP_KERNEL_ACCOUNT);

	if (!item)
		return;
	item->kind = pool->best ? PE_EVENT_POOL_CHANGED : PE_EVENT_POOL_EMPTY;
	strscpy(item->name, pool->obj->name, sizeof(item->name));
	item->best = pool->best;
	item->generation = pool->generation;
	pe_event_queue(pn, item);
}

/**
 * pe_event_overrun() - were there more events than there is room for?
 * @pn: namespace
 *
 * Return: true once after it happened.
 */
bool pe_event_overrun(struct pe_net *pn)
{
	bool missed;

	spin_lock_bh(&pn->ifaces_lock);
	missed = pn->event_missed;
	pn->event_missed = false;
	spin_unlock_bh(&pn->ifaces_lock);
	return missed;
}

/**
 * pe_event_next() - take an event off the queue
 * @pn: namespace
 *
 * Return: the oldest one, which the caller frees, or NULL.
 */
struct pe_occurrence *pe_event_next(struct pe_net *pn)
{
	struct pe_occurrence *item;

	spin_lock_bh(&pn->ifaces_lock);
	item = list_first_entry_or_null(&pn->events, struct pe_occurrence,
					list);
	if (item) {
		list_del(&item->list);
		pn->event_count--;
	}
	spin_unlock_bh(&pn->ifaces_lock);
	return item;
}
