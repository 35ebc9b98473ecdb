// SPDX-License-Identifier: GPL-2.0-only
/* The part of a commit that can fail: names, devices, sequences, addresses.
 * It makes what will be beside what is; packets see nothing of it.
 */

#include <linux/errno.h>

#include "../model/engine.h"
#include "../model/owner.h"
#include "noun.h"
#include "owner.h"
#include "prepare.h"

static void pe_object_touch(struct pe_prepare *p, struct pe_object *obj,
			    u8 noun)
{
	obj->change = p->change;
	if (pe_object_touched(obj))
		return;
	obj->next = obj->live;
	list_add_tail(&obj->touched, &p->txn->touched[noun]);
}

/**
 * pe_object_set() - give an object another version next
 * @p: the commit
 * @obj: the object, of @noun
 * @noun: enum pe_noun
 * @version: the version, or NULL for none; what was to be is let go
 *
 * Context: pe_net.lock held.
 */
void pe_object_set(struct pe_prepare *p, struct pe_object *obj, u8 noun,
		   void *version)
{
	pe_object_touch(p, obj, noun);
	if (obj->next != obj->live)
		pe_noun_ops[noun].put(p->pn, obj->next);
	obj->next = version;
}

/**
 * pe_object_named() - will anything of a noun have a name?
 * @p: the commit
 * @noun: the noun
 * @name: the name
 *
 * Context: pe_net.lock held.
 */
bool pe_object_named(struct pe_prepare *p, enum pe_noun noun, const char *name)
{
	const struct pe_object *obj = pe_object_find(p->pn, noun, name);

	return obj && pe_object_current(obj);
}

static int pe_prepare_new(struct pe_prepare *p, struct pe_change *change)
{
	const struct pe_noun_ops *ops = &pe_noun_ops[change->noun];
	const char *noun = ops->name;
	struct pe_object *obj;
	bool there;
	int err;

	obj = pe_object_find(p->pn, change->noun, change->data);
	err = obj ? pe_owner_may(p->txn, obj, change->noun, p->refusal) : 0;
	if (err)
		return err;
	there = obj && pe_object_current(obj);
	if (there && !(change->flags & NLM_F_REPLACE))
		return pe_refuse(p->refusal, -EEXIST, PE_DEVICE_NAME, 0,
				 "%s %s exists already: use replace or change, or delete it first",
				 noun, change->data);
	if (!there && !(change->flags & NLM_F_CREATE))
		return pe_refuse(p->refusal, -ENOENT, PE_DEVICE_NAME, 0,
				 "there is no %s %s: add it first", noun,
				 change->data);
	if (!obj)
		obj = pe_object_new(p->pn, change->noun, change->data);
	if (obj == ERR_PTR(-ENOSPC))
		return pe_refuse(p->refusal, -ENOSPC, PE_DEVICE_NAME, 0,
				 "%s %s is one too many for this namespace: delete another first",
				 noun, change->data);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	pe_object_set(p, obj, change->noun, change->version);
	ops->own(change->version, obj);
	change->version = NULL;
	return 0;
}

static int pe_prepare_del(struct pe_prepare *p, const struct pe_change *change)
{
	struct pe_object *obj;
	int err;

	obj = pe_object_find(p->pn, change->noun, change->data);
	err = obj ? pe_owner_may(p->txn, obj, change->noun, p->refusal) : 0;
	if (err)
		return err;
	if (!obj || !pe_object_current(obj))
		return pe_refuse(p->refusal, -ENOENT, PE_DEVICE_NAME, 0,
				 "there is no %s %s to delete: see what there is with show",
				 pe_noun_ops[change->noun].name, change->data);
	pe_object_set(p, obj, change->noun, NULL);
	return 0;
}

/* Everything, or everything of the owner that the transaction acts as. */
static void pe_prepare_flush_noun(struct pe_prepare *p, enum pe_noun noun)
{
	struct pe_object *obj;
	unsigned long id = 0;

	list_for_each_entry(obj, &p->txn->touched[noun], touched)
		pe_object_set(p, obj, noun, NULL);
	while ((obj = pe_object_after(p->pn, noun, &id))) {
		if (!p->txn->owner || obj->owner == p->txn->owner)
			pe_object_set(p, obj, noun, NULL);
		cond_resched();
	}
}

static int pe_prepare_changes(struct pe_prepare *p)
{
	struct pe_change *change;
	int err = 0, noun;

	list_for_each_entry(change, &p->txn->changes, list) {
		p->change = change;
		switch (change->op) {
		case PE_OP_NEW:
			err = pe_prepare_new(p, change);
			break;
		case PE_OP_DEL:
			err = pe_prepare_del(p, change);
			break;
		case PE_OP_FLUSH:
			for (noun = PE_NOUNS - 1; noun >= 0; noun--)
				pe_prepare_flush_noun(p, noun);
			break;
		}
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

static int pe_prepare_engine(struct pe_prepare *p)
{
	struct pe_engine *engine, *live;
	struct pe_object *obj;

	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_ENGINE], touched) {
		engine = obj->next;
		live = obj->live;
		p->change = obj->change;
		if (!engine || engine == live)
			continue;
		engine->limit = live ? pe_limit_get(live->limit) :
				       pe_limit_new();
		if (!engine->limit)
			return -ENOMEM;
	}
	return 0;
}

/**
 * pe_txn_prepare() - make what a transaction will make effective
 * @pn: namespace
 * @txn: the transaction
 * @refusal: out: why not
 * @fault: out: change that is at fault when it fails, or NULL
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or a negative errno; the caller undoes or publishes.
 */
int pe_txn_prepare(struct pe_net *pn, struct pe_txn *txn,
		   struct pe_refusal *refusal, const struct pe_change **fault)
{
	struct pe_prepare p = { .pn = pn, .txn = txn, .refusal = refusal };
	int err;

	err = pe_prepare_changes(&p);
	if (!err)
		err = pe_prepare_devices(&p);
	if (!err)
		err = pe_prepare_pools(&p);
	if (!err)
		err = pe_prepare_acls(&p);
	if (!err)
		err = pe_prepare_dependants(&p);
	if (!err)
		err = pe_prepare_services(&p);
	if (!err)
		err = pe_prepare_guards(&p);
	if (!err)
		err = pe_prepare_engine(&p);
	if (!err)
		err = pe_prepare_addrs(&p);
	if (err)
		*fault = p.change;
	return err;
}
