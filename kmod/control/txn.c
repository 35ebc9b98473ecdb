// SPDX-License-Identifier: GPL-2.0-only
/* Transactions: gathered, committed, undone. */

#include <linux/errno.h>
#include <linux/slab.h>

#include "../model/owner.h"
#include "../model/service.h"
#include "../model/table.h"
#include "noun.h"
#include "txn.h"

/* More than all there can be of everything, deleted and created again. */
#define PE_CHANGES_LIMIT	(2 * (PE_SERVICES_LIMIT + PE_POOLS_LIMIT + \
				      PE_DEVICES_LIMIT))

/* Changes come with versions, of which most stay, and all go at once: apart
 * from these they leave no holes between them.
 */
struct pe_chunk {
	struct pe_chunk		*next;
	u32			size;
	u32			used;
	u8			data[] __aligned(sizeof(long));
};

/* Of chunks with their heads; each is twice the one before. */
#define PE_CHUNK_MIN	512
#define PE_CHUNK_MAX	32768

static int pe_txn_grow(struct pe_txn *txn, size_t size)
{
	size_t want = PE_CHUNK_MIN;
	struct pe_chunk *chunk;

	if (txn->chunks)
		want = min_t(size_t, PE_CHUNK_MAX,
			     2 * (sizeof(*chunk) + txn->chunks->size));
	want = max(want, sizeof(*chunk) + size);
	chunk = kmalloc(want, GFP_KERNEL_ACCOUNT);
	if (!chunk)
		return -ENOMEM;
	chunk->next = txn->chunks;
	chunk->size = want - sizeof(*chunk);
	chunk->used = 0;
	txn->chunks = chunk;
	return 0;
}

/**
 * pe_change_new() - an empty change
 * @txn: transaction whose memory it takes
 * @data: bytes of names, with their final zeros
 * @steps: of a service
 *
 * Context: process context, pe_net.lock held.
 * Return: the change, for pe_txn_add() or pe_change_drop() before there is
 * another; or NULL when memory is short.
 */
struct pe_change *pe_change_new(struct pe_txn *txn, size_t data, u8 steps)
{
	size_t at = ALIGN(struct_size((struct pe_change *)NULL, data, data),
			  __alignof__(struct pe_step));
	size_t size = at + steps * sizeof(struct pe_step);
	struct pe_chunk *chunk = txn->chunks;
	struct pe_change *change;

	if (!chunk || chunk->size - chunk->used < size) {
		if (pe_txn_grow(txn, size))
			return NULL;
		chunk = txn->chunks;
	}
	change = memset(chunk->data + chunk->used, 0, size);
	chunk->used += size;
	change->steps = steps;
	change->step = (void *)change + at;
	return change;
}

static void pe_change_put(struct pe_net *pn, struct pe_change *change)
{
	pe_noun_ops[change->noun].put(pn, change->version);
	pe_owner_put(pn, change->owner);
}

/**
 * pe_change_drop() - forget the change that was made last, and its version
 * @pn: namespace
 * @txn: transaction whose memory it has, and that it was not added to
 * @change: the change
 *
 * Context: process context, pe_net.lock held.
 */
void pe_change_drop(struct pe_net *pn, struct pe_txn *txn,
		    struct pe_change *change)
{
	pe_change_put(pn, change);
	txn->chunks->used = (u8 *)change - txn->chunks->data;
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
	int noun;

	memset(txn, 0, sizeof(*txn));
	INIT_LIST_HEAD(&txn->changes);
	for (noun = 0; noun < PE_NOUNS; noun++)
		INIT_LIST_HEAD(&txn->touched[noun]);
	txn->generation = pn->generation;
}

/**
 * pe_txn_release() - forget the changes of a transaction, and whom it acts as
 * @pn: namespace
 * @txn: the transaction
 *
 * Context: process context, pe_net.lock held.
 */
void pe_txn_release(struct pe_net *pn, struct pe_txn *txn)
{
	struct pe_change *change;
	struct pe_chunk *chunk;

	list_for_each_entry(change, &txn->changes, list) {
		pn->staged--;
		pe_change_put(pn, change);
		cond_resched();
	}
	INIT_LIST_HEAD(&txn->changes);
	pe_owner_put(pn, txn->owner);
	txn->owner = NULL;
	while ((chunk = txn->chunks)) {
		txn->chunks = chunk->next;
		kfree(chunk);
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

static void pe_txn_undo_objects(struct pe_net *pn, struct pe_txn *txn,
				enum pe_noun noun)
{
	struct pe_object *obj, *tmp;

	list_for_each_entry_safe(obj, tmp, &txn->touched[noun], touched) {
		list_del_init(&obj->touched);
		if (obj->next != obj->live)
			pe_noun_ops[noun].put(pn, obj->next);
		obj->next = NULL;
		obj->change = NULL;
		if (!obj->live)
			pe_object_free(pn, noun, obj);
		cond_resched();
	}
}

static void pe_txn_undo_clients(struct pe_draft *draft)
{
	int i;

	if (!draft)
		return;
	for (i = 0; i < PE_PREFIX_LENGTHS; i++) {
		if (!draft->table[i])
			continue;
		/* It holds what the other table holds. */
		pe_table_free(pe_prefixes_table(draft->next, i));
		pe_table_free_all(draft->table[i]);
	}
	kvfree(draft->next);
	kfree(draft);
}

static void pe_txn_undo(struct pe_net *pn, struct pe_txn *txn)
{
	int i;

	for (i = 0; i < PE_FAMILIES; i++) {
		pe_table_free_all(txn->addrs[i]);
		txn->addrs[i] = NULL;
		pe_txn_undo_clients(txn->clients[i]);
		txn->clients[i] = NULL;
	}
	for (i = PE_NOUNS - 1; i >= 0; i--)
		pe_txn_undo_objects(pn, txn, i);
	kfree(txn->drain);
	txn->drain = NULL;
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
