// SPDX-License-Identifier: GPL-2.0-only
/* Transactions: gathered, committed, undone. */

#include <linux/errno.h>
#include <linux/slab.h>

#include "../model/service.h"
#include "../model/table.h"
#include "txn.h"

/* More than all there can be of everything, deleted and created again. */
#define PE_CHANGES_LIMIT	(2 * (PE_SERVICES_LIMIT + PE_DEVICES_LIMIT))

/**
 * pe_change_new() - an empty change
 * @data: bytes of names, with their final zeros
 * @steps: of a service
 *
 * Context: process context.
 * Return: the change, or NULL when memory is short.
 */
struct pe_change *pe_change_new(size_t data, u8 steps)
{
	size_t size = ALIGN(struct_size((struct pe_change *)NULL, data, data),
			    sizeof(u16));
	struct pe_change *change;

	change = kzalloc(size + steps * sizeof(u16), GFP_KERNEL_ACCOUNT);
	if (!change)
		return NULL;
	change->steps = steps;
	change->port = (void *)change + size;
	return change;
}

/**
 * pe_change_free() - forget a change, and the version nobody took
 * @pn: namespace
 * @change: the change, or NULL
 *
 * Context: process context, pe_net.lock held.
 */
void pe_change_free(struct pe_net *pn, struct pe_change *change)
{
	if (!change)
		return;
	if (change->noun == PE_NOUN_DEVICE)
		pe_device_put(pn, change->version);
	else
		pe_service_put(pn, change->version);
	kfree(change);
}

/**
 * pe_txn_init() - begin a transaction
 * @pn: namespace
 * @txn: out: the transaction
 *
 * Context: pe_net.lock held.
 */
void pe_txn_init(struct pe_net *pn, struct pe_txn *txn)
{
	memset(txn, 0, sizeof(*txn));
	INIT_LIST_HEAD(&txn->changes);
	INIT_LIST_HEAD(&txn->devices);
	INIT_LIST_HEAD(&txn->services);
	txn->generation = pn->generation;
}

/**
 * pe_txn_release() - forget the changes of a transaction
 * @pn: namespace
 * @txn: the transaction
 *
 * Context: process context, pe_net.lock held.
 */
void pe_txn_release(struct pe_net *pn, struct pe_txn *txn)
{
	struct pe_change *change, *tmp;

	list_for_each_entry_safe(change, tmp, &txn->changes, list) {
		list_del(&change->list);
		pn->staged--;
		pe_change_free(pn, change);
		cond_resched();
	}
}

/**
 * pe_txn_add() - one more change
 * @pn: namespace
 * @txn: the transaction
 * @change: the change; the transaction's from now on unless refused
 *
 * Return: 0 or -ENOSPC.
 */
int pe_txn_add(struct pe_net *pn, struct pe_txn *txn, struct pe_change *change)
{
	if (pn->staged == PE_CHANGES_LIMIT)
		return -ENOSPC;
	list_add_tail(&change->list, &txn->changes);
	pn->staged++;
	return 0;
}

static void pe_txn_undo_device(struct pe_net *pn, struct pe_object *obj)
{
	if (obj->next != obj->live)
		pe_device_put(pn, obj->next);
}

static void pe_txn_undo_service(struct pe_net *pn, struct pe_object *obj)
{
	if (obj->next != obj->live)
		pe_service_put(pn, obj->next);
}

static void pe_txn_undo_objects(struct pe_net *pn, struct list_head *list,
				enum pe_noun noun,
				void (*undo)(struct pe_net *,
					     struct pe_object *))
{
	struct pe_object *obj, *tmp;

	list_for_each_entry_safe(obj, tmp, list, touched) {
		list_del_init(&obj->touched);
		undo(pn, obj);
		obj->next = NULL;
		obj->change = NULL;
		if (!obj->live)
			pe_object_free(pn, noun, obj);
		cond_resched();
	}
}

static void pe_txn_undo(struct pe_net *pn, struct pe_txn *txn)
{
	struct pe_addr *a;
	u32 at;
	int i;

	for (i = 0; i < PE_FAMILIES; i++) {
		at = 0;
		while ((a = pe_table_next(txn->addrs[i], &at)))
			kvfree(a);
		pe_table_free(txn->addrs[i]);
		txn->addrs[i] = NULL;
	}
	pe_txn_undo_objects(pn, &txn->services, PE_NOUN_SERVICE,
			    pe_txn_undo_service);
	pe_txn_undo_objects(pn, &txn->devices, PE_NOUN_DEVICE,
			    pe_txn_undo_device);
	pe_net_hooks_trim(pn);
}

/**
 * pe_txn_commit() - make all of a transaction effective, or nothing
 * @pn: namespace
 * @txn: the transaction; its changes are spent either way
 * @check: only see whether it could be
 * @refusal: out: why not
 * @fault: out: sequence number of the change that is at fault, 0 for none
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or a negative errno.
 */
int pe_txn_commit(struct pe_net *pn, struct pe_txn *txn, bool check,
		  struct pe_refusal *refusal, u32 *fault)
{
	const struct pe_change *change = NULL;
	int err;

	lockdep_assert_held(&pn->lock);
	*fault = 0;
	if (txn->generation != pn->generation) {
		err = pe_refuse(refusal, -ESTALE, 0, 0,
				"the configuration is at generation %u, another writer changed it since this transaction began at %u: read it again and repeat",
				pn->generation, txn->generation);
		pe_txn_release(pn, txn);
		return err;
	}
	err = pe_txn_prepare(pn, txn, refusal, &change);
	if (change)
		*fault = change->seq;
	if (err || check)
		pe_txn_undo(pn, txn);
	else
		pe_txn_publish(pn, txn);
	pe_txn_release(pn, txn);
	return err;
}
