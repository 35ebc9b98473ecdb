// SPDX-License-Identifier: GPL-2.0-only
/* The part of a commit that cannot fail: what was prepared becomes what is. */

#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "../model/engine.h"
#include "../model/owner.h"
#include "../model/service.h"
#include "../model/table.h"
#include "notify.h"
#include "noun.h"
#include "retire.h"
#include "txn.h"

static void pe_publish_device(struct pe_net *pn, struct pe_object *obj)
{
	struct pe_device *new = obj->next;

	if (!new)
		return;
	new->generation = pn->generation;
	pe_device_attach(pn, new, obj->live);
}

static void pe_publish_members(const struct pe_pool *pool, int by)
{
	u8 i;

	for (i = 0; pool && i < pool->members; i++)
		pool->member[i].device->obj->users += by;
}

static void pe_publish_pool(struct pe_net *pn, struct pe_object *obj)
{
	struct pe_pool *old = obj->live, *new = obj->next;

	pe_publish_members(old, -1);
	pe_publish_members(new, 1);
	if (!new)
		return;
	new->generation = pn->generation;
	pe_pool_attach(pn, new);
}

/* The first time that the service's sequence names this device. */
static bool pe_step_is_first(const struct pe_sequence *seq, u8 at)
{
	u8 i;

	for (i = 0; i < at; i++)
		if (pe_step_object(&seq->step[i]) ==
		    pe_step_object(&seq->step[at]))
			return false;
	return true;
}

static void pe_publish_users(const struct pe_service *svc, int by)
{
	u8 i;

	for (i = 0; svc && i < svc->seq->steps; i++)
		if (pe_step_is_first(svc->seq, i))
			pe_step_object(&svc->seq->step[i])->users += by;
	for (i = 0; svc && i < svc->seq->formers; i++)
		svc->seq->former[i].device->obj->former += by;
	if (svc && svc->gate)
		svc->gate->obj->users += by;
}

/* Packets meet the new rules from here on, wherever the list is asked. */
static void pe_publish_acl(struct pe_net *pn, struct pe_object *obj)
{
	struct pe_acl *new = obj->next;

	if (!new)
		return;
	new->generation = pn->generation;
	rcu_assign_pointer(new->gate->acl, new);
}

/* Lists that are deleted, once no packet is at a service that had one: a gate
 * without a list lets nothing in.
 */
static void pe_publish_acls_gone(struct pe_txn *txn)
{
	struct pe_object *obj;
	struct pe_acl *old;
	bool waited = false;

	list_for_each_entry(obj, &txn->touched[PE_NOUN_ACL], touched) {
		old = obj->live;
		if (!old || obj->next)
			continue;
		if (!waited)
			synchronize_rcu();
		waited = true;
		rcu_assign_pointer(old->gate->acl, NULL);
	}
}

/* Former servers are let go when no flow keeps to them any more. */
static void pe_publish_formers(struct pe_net *pn, const struct pe_service *svc,
			       int by)
{
	if (!svc || !svc->seq->formers)
		return;
	pn->formers += by;
	if (by > 0)
		pe_retire_soon(pn);
}

static void pe_publish_service(struct pe_net *pn, const struct pe_txn *txn,
			       struct pe_object *obj)
{
	struct pe_service *old = obj->live, *new = obj->next;

	if (new)
		new->generation = txn->quiet ? old->generation :
					       pn->generation;
	pe_publish_formers(pn, old, -1);
	pe_publish_formers(pn, new, 1);
	pe_publish_users(old, -1);
	pe_publish_users(new, 1);
	if (new)
		pe_service_set_state(new);
	if (new && new->exit)
		pe_exit_ask(pn, new->exit);
	if (new && new->limit)
		pe_limit_set(new->limit, &new->rates);
}

static void pe_publish_engine(struct pe_net *pn, struct pe_object *obj)
{
	struct pe_engine *new = obj->next;

	if (new)
		new->generation = pn->generation;
	pe_engine_attach(pn, new);
}

/* What lived there before the transaction drains. */
static void pe_publish_past(struct pe_txn *txn, struct pe_addr *a)
{
	struct pe_addr *past = pe_addr_fresh(a);

	if (!past)
		return;
	pe_drain_addr(txn->drain, past);
	pe_addr_forget(a);
}

static void pe_publish_addr(struct pe_net *pn, struct pe_table *table,
			    struct pe_addr *a)
{
	bool empty = pe_addr_is_empty(a);
	struct pe_addr *old;

	old = pe_table_find(table, &a->addr, a->proto);
	if (old)
		pe_table_replace(table, old, empty ? NULL : a);
	else if (!empty)
		pe_table_insert(table, a);
	pn->address_count += pe_addr_counts(a) - pe_addr_counts(old);
	pn->guard_count += !!a->guards - (old && old->guards);
	pe_addr_free_rcu(old);
	if (empty)
		kvfree(a);
}

static void pe_publish_prefixes(struct pe_net *pn, struct pe_txn *txn,
				struct pe_table *old, struct pe_table *changed)
{
	struct pe_addr *a, *was;
	u32 at = 0;

	while ((a = pe_table_next(changed, &at))) {
		was = pe_table_find(old, &a->addr, a->proto);
		pn->address_count += !pe_addr_is_empty(a) - !!was;
		pe_addr_free_rcu(was);
		pe_publish_past(txn, a);
		if (pe_addr_is_empty(a))
			kvfree(a);
		cond_resched();
	}
	pe_table_free(changed);
	if (old)
		kvfree_rcu(old, rcu);
}

/* All prefixes in one store. The filter in front of the addresses lets all pass
 * before: who meets the first packets would miss them when they come back.
 */
static void pe_publish_clients(struct pe_net *pn, struct pe_txn *txn,
			       enum pe_family family)
{
	struct pe_prefixes *old = pe_net_clients(pn, family), *next;
	struct pe_draft *draft = txn->clients[family];
	struct pe_table *table = pe_net_table(pn, family);
	int i;

	if (!draft)
		return;
	next = draft->next->n ? draft->next : NULL;
	if (next && !table->open)
		pe_table_open(table, true);
	rcu_assign_pointer(pn->clients[family], next);
	if (!next)
		kvfree(draft->next);
	if (!next && table->open)
		pe_table_open(table, false);
	for (i = 0; i < PE_PREFIX_LENGTHS; i++)
		if (draft->table[i])
			pe_publish_prefixes(pn, txn, pe_prefixes_table(old, i),
					    draft->table[i]);
	if (old)
		kvfree_rcu(old, rcu);
	kfree(draft);
	txn->clients[family] = NULL;
}

static void pe_publish_table(struct pe_net *pn, struct pe_txn *txn,
			     enum pe_family family, bool servers)
{
	struct pe_addr *a;
	u32 at = 0;

	while ((a = pe_table_next(txn->addrs[family], &at))) {
		cond_resched();
		if ((a->n && !pe_addr_is_vip(a)) == servers)
			pe_publish_addr(pn, pe_net_table(pn, family), a);
	}
}

/* First those that servers answer from: nobody is to ask a server whose answers
 * are not known yet.
 */
static void pe_publish_addrs(struct pe_net *pn, struct pe_txn *txn)
{
	struct pe_addr *a;
	u32 at;
	int i;

	for (i = 0; i < PE_FAMILIES; i++) {
		at = 0;
		while ((a = pe_table_next(txn->addrs[i], &at))) {
			pe_publish_past(txn, a);
			cond_resched();
		}
		pe_publish_table(pn, txn, i, true);
		pe_publish_table(pn, txn, i, false);
		pe_table_free(txn->addrs[i]);
		txn->addrs[i] = NULL;
		pe_publish_clients(pn, txn, i);
	}
}

static void pe_publish_announce(struct pe_net *pn,
				const struct pe_service *old,
				const struct pe_service *new)
{
	if (new)
		pe_announce_begin(pn, new->announce);
	if (old)
		pe_announce_end(pn, old->announce);
}

/* Of a service that is replaced, what packets may still be on their way by
 * stays for a while, and counts go on.
 */
static void pe_publish_replaced(struct pe_net *pn, struct pe_txn *txn,
				struct pe_service *svc, struct pe_service *old)
{
	if (svc && old)
		pe_service_succeed(svc, old);
	if (pe_service_drains(svc, old))
		pe_drain_service(txn->drain, old);
	else
		pe_service_put(pn, old);
}

/* Whose it is a change says that is about it, and no consequence of others. */
static void pe_publish_owner(struct pe_net *pn, struct pe_object *obj,
			     enum pe_noun noun)
{
	const struct pe_change *change = obj->change;

	if (!obj->next || change->op != PE_OP_NEW || change->noun != noun)
		return;
	pe_owner_put(pn, obj->owner);
	obj->owner = pe_owner_hold(change->owner);
}

/* What is replaced goes; what is deleted is told of, then goes with its name. */
static void pe_publish_object(struct pe_net *pn, struct pe_txn *txn,
			      struct pe_object *obj, enum pe_noun noun)
{
	void *old = obj->live;
	bool changed = obj->next != old;

	/* What both announce is not announced anew. */
	if (changed && noun == PE_NOUN_SERVICE)
		pe_publish_announce(pn, old, obj->next);
	pe_publish_owner(pn, obj, noun);
	list_del_init(&obj->touched);
	/* Packets ask whether there is one. */
	WRITE_ONCE(obj->live, obj->next);
	obj->next = NULL;
	obj->change = NULL;
	if (changed && (old || obj->live) && !txn->quiet)
		pe_notify_object(pn, obj, noun, old);
	if (changed && old && noun == PE_NOUN_POOL)
		pe_pool_detach(pn, old);
	pn->objects[noun].count += !!obj->live - !!old;
	if (changed && noun == PE_NOUN_SERVICE)
		pe_publish_replaced(pn, txn, obj->live, old);
	else if (changed)
		pe_noun_ops[noun].put(pn, old);
	if (!obj->live)
		pe_object_free(pn, noun, obj);
}

/**
 * pe_txn_publish() - make what was prepared effective
 * @pn: namespace
 * @txn: transaction that pe_txn_prepare() prepared
 *
 * A packet meets the old version of a service or the new one, whole.
 *
 * Context: process context, pe_net.lock held.
 */
void pe_txn_publish(struct pe_net *pn, struct pe_txn *txn)
{
	struct pe_object *obj, *tmp;
	int noun;

	if (!txn->quiet && !++pn->generation)
		pn->generation = 1;
	list_for_each_entry(obj, &txn->touched[PE_NOUN_DEVICE], touched)
		if (obj->next != obj->live)
			pe_publish_device(pn, obj);
	list_for_each_entry(obj, &txn->touched[PE_NOUN_POOL], touched)
		if (obj->next != obj->live)
			pe_publish_pool(pn, obj);
	list_for_each_entry(obj, &txn->touched[PE_NOUN_ACL], touched)
		if (obj->next != obj->live)
			pe_publish_acl(pn, obj);
	list_for_each_entry(obj, &txn->touched[PE_NOUN_SERVICE], touched) {
		if (obj->next != obj->live)
			pe_publish_service(pn, txn, obj);
		cond_resched();
	}
	list_for_each_entry(obj, &txn->touched[PE_NOUN_ENGINE], touched)
		if (obj->next != obj->live)
			pe_publish_engine(pn, obj);
	pe_publish_addrs(pn, txn);
	pe_publish_acls_gone(txn);
	for (noun = PE_NOUNS - 1; noun >= 0; noun--) {
		list_for_each_entry_safe(obj, tmp, &txn->touched[noun],
					 touched) {
			pe_publish_object(pn, txn, obj, noun);
			cond_resched();
		}
	}
	if (txn->drain)
		pe_drain_begin(pn, txn->drain);
	txn->drain = NULL;
	pe_net_hooks_trim(pn);
}
