// SPDX-License-Identifier: GPL-2.0-only
/* Draining: a service that is replaced goes on for what is inside its devices.
 *
 * What lived at an address stands behind what lives there now (pe_addr.past),
 * and packets look there only for what has no place in the new version. So the
 * versions before one are kept for a while, whole: their sequences, devices,
 * exits and counters.
 */

#include <linux/mm.h>
#include <linux/slab.h>

#include "drain.h"
#include "netns.h"
#include "prefix.h"
#include "service.h"

/**
 * pe_drain_new() - nothing drains yet
 *
 * Context: process context.
 * Return: for a transaction, or NULL when memory is short.
 */
struct pe_drain *pe_drain_new(void)
{
	struct pe_drain *drain = kzalloc(sizeof(*drain), GFP_KERNEL_ACCOUNT);

	if (drain)
		INIT_LIST_HEAD(&drain->services);
	return drain;
}

/**
 * pe_drain_addr() - what lived at an address is seen by packets from now on
 * @drain: what the transaction replaces
 * @past: what lived there
 *
 * Context: pe_net.lock held.
 */
void pe_drain_addr(struct pe_drain *drain, struct pe_addr *past)
{
	past->size = 0;
	past->next = drain->addrs;
	drain->addrs = past;
}

/**
 * pe_drain_service() - a version that is no longer live drains
 * @drain: what the transaction replaces
 * @svc: the version
 *
 * Context: pe_net.lock held.
 */
void pe_drain_service(struct pe_drain *drain, struct pe_service *svc)
{
	list_add_tail(&svc->draining, &drain->services);
	drain->n++;
}

/**
 * pe_drain_begin() - what a transaction replaced ends in a while
 * @pn: namespace
 * @drain: what it replaced
 *
 * With more versions than there can be services, the oldest end at once: who
 * changes everything over and over gets no more memory than that.
 *
 * Context: process context, pe_net.lock held.
 */
void pe_drain_begin(struct pe_net *pn, struct pe_drain *drain)
{
	lockdep_assert_held(&pn->lock);
	pn->draining += drain->n;
	drain->until = jiffies + PE_DRAIN_TIME;
	list_add_tail(&drain->list, &pn->drains);
	if (pn->draining > PE_SERVICES_LIMIT)
		mod_delayed_work(system_wq, &pn->drain_work, 0);
	else
		schedule_delayed_work(&pn->drain_work, PE_DRAIN_TIME);
}

static struct pe_table *pe_drain_table(struct pe_net *pn,
				       const struct pe_addr *past)
{
	enum pe_family family = pe_family_of(past->proto);

	if (past->length == PE_ADDR_WHOLE)
		return pe_net_table(pn, family);
	return pe_prefixes_table(pe_net_clients(pn, family), past->length);
}

/* Packets find it no more, if they still did: pe_addr_forget(). An address where
 * nothing else was left goes.
 */
static void pe_drain_unlink(struct pe_net *pn, struct pe_addr *past)
{
	struct pe_table *table = pe_drain_table(pn, past);
	struct pe_addr *a = pe_table_find(table, &past->addr, past->proto);
	struct pe_addr *at = a;

	if (past->length != PE_ADDR_WHOLE)
		pe_prefixes_drained(pe_net_clients(pn, pe_family_of(past->proto)));
	while (at && pe_addr_older(at) != past)
		at = pe_addr_older(at);
	if (!at)
		return;
	rcu_assign_pointer(at->past, pe_addr_older(past));
	if (pe_addr_older(a))
		return;
	WRITE_ONCE(a->lookup, a->lookup & ~PE_LOOKUP_PAST);
	if (pe_addr_counts(a))
		return;
	pn->address_count--;
	if (!pe_addr_is_empty(a))
		return;
	pe_table_replace(table, a, NULL);
	pe_addr_free_rcu(a);
}

/* Lengths of which no prefix is left cost a look-up each. Where memory is short
 * they stay until a transaction touches them.
 */
static void pe_drain_trim(struct pe_net *pn, enum pe_family family)
{
	struct pe_prefixes *old = pe_net_clients(pn, family), *next;
	u8 i;

	if (!pe_prefixes_have_empty(old))
		return;
	next = pe_prefixes_new();
	if (!next)
		return;
	pe_prefixes_copy_filled(next, old);
	rcu_assign_pointer(pn->clients[family], next->n ? next : NULL);
	if (!next->n) {
		kvfree(next);
		pe_table_open(pe_net_table(pn, family), false);
	}
	for (i = 0; i < old->n; i++)
		if (!old->level[i].table->n)
			kvfree_rcu(old->level[i].table, rcu);
	kvfree_rcu(old, rcu);
}

static bool pe_drain_is_over(const struct pe_net *pn,
			     const struct pe_drain *drain)
{
	return time_after_eq(jiffies, drain->until) ||
	       pn->draining > PE_SERVICES_LIMIT;
}

/* Have packets find no more what is over. */
static void pe_drain_end(struct pe_net *pn, struct list_head *over)
{
	struct pe_drain *drain, *tmp;
	struct pe_addr *past;
	int i;

	list_for_each_entry_safe(drain, tmp, &pn->drains, list) {
		if (!pe_drain_is_over(pn, drain))
			break;
		for (past = drain->addrs; past; past = past->next) {
			pe_drain_unlink(pn, past);
			cond_resched();
		}
		pn->draining -= drain->n;
		list_move_tail(&drain->list, over);
	}
	for (i = 0; i < PE_FAMILIES; i++)
		pe_drain_trim(pn, i);
	pe_net_hooks_trim(pn);
}

/* No packet can see it any more. */
static void pe_drain_free(struct pe_net *pn, struct pe_drain *drain)
{
	struct pe_service *svc, *tmp;
	struct pe_addr *past;

	list_for_each_entry_safe(svc, tmp, &drain->services, draining) {
		list_del(&svc->draining);
		pe_service_drained(svc);
		pe_service_put(pn, svc);
		cond_resched();
	}
	while ((past = drain->addrs)) {
		drain->addrs = past->next;
		kvfree(past);
		cond_resched();
	}
	list_del(&drain->list);
	kfree(drain);
}

/**
 * pe_drain_work() - end what drained long enough
 * @work: pe_net.drain_work
 *
 * Nobody has to wait with a change for the grace period in between.
 */
void pe_drain_work(struct work_struct *work)
{
	struct pe_net *pn = container_of(to_delayed_work(work), struct pe_net,
					 drain_work);
	struct pe_drain *drain, *tmp;
	LIST_HEAD(over);

	mutex_lock(&pn->lock);
	pe_drain_end(pn, &over);
	mutex_unlock(&pn->lock);
	if (!list_empty(&over))
		synchronize_rcu();
	mutex_lock(&pn->lock);
	list_for_each_entry_safe(drain, tmp, &over, list)
		pe_drain_free(pn, drain);
	drain = list_first_entry_or_null(&pn->drains, struct pe_drain, list);
	if (drain)
		schedule_delayed_work(&pn->drain_work,
				      max_t(long, drain->until - jiffies, 0));
	mutex_unlock(&pn->lock);
}

/**
 * pe_drain_free_all() - the namespace goes
 * @pn: namespace, whose addresses are freed
 *
 * Context: process context, pe_net.lock held; the work is cancelled.
 */
void pe_drain_free_all(struct pe_net *pn)
{
	struct pe_drain *drain, *tmp;

	lockdep_assert_held(&pn->lock);
	list_for_each_entry_safe(drain, tmp, &pn->drains, list)
		pe_drain_free(pn, drain);
}
