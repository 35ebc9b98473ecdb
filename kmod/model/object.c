// SPDX-License-Identifier: GPL-2.0-only
/* Names: found by hash, walked in the order of their creation. */

#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "netns.h"
#include "object.h"

static u32 pe_object_hash_name(const void *data, u32 len, u32 seed)
{
	return jhash(data, strlen(data), seed);
}

static u32 pe_object_hash(const void *data, u32 len, u32 seed)
{
	const struct pe_object *obj = data;

	return jhash(obj->name, strlen(obj->name), seed);
}

static int pe_object_cmp(struct rhashtable_compare_arg *arg, const void *data)
{
	const struct pe_object *obj = data;

	return strcmp(arg->key, obj->name);
}

const struct rhashtable_params pe_object_params = {
	.head_offset		= offsetof(struct pe_object, node),
	.hashfn			= pe_object_hash_name,
	.obj_hashfn		= pe_object_hash,
	.obj_cmpfn		= pe_object_cmp,
	.automatic_shrinking	= true,
};

static struct rhashtable *pe_object_table(struct pe_net *pn, enum pe_noun noun)
{
	return noun == PE_NOUN_DEVICE ? &pn->devices : &pn->services;
}

static struct xarray *pe_object_ids(struct pe_net *pn, enum pe_noun noun)
{
	return noun == PE_NOUN_DEVICE ? &pn->device_ids : &pn->service_ids;
}

/**
 * pe_object_find() - the object of this name
 * @pn: namespace
 * @noun: what it is
 * @name: its name
 *
 * Context: pe_net.lock held.
 * Return: the object or NULL.
 */
struct pe_object *pe_object_find(struct pe_net *pn, enum pe_noun noun,
				 const char *name)
{
	lockdep_assert_held(&pn->lock);
	return rhashtable_lookup_fast(pe_object_table(pn, noun), name,
				      pe_object_params);
}

/**
 * pe_object_new() - an object for a name that has none
 * @pn: namespace
 * @noun: what it is
 * @name: its name
 *
 * Context: process context, pe_net.lock held.
 * Return: the object, without a version, or an error pointer.
 */
struct pe_object *pe_object_new(struct pe_net *pn, enum pe_noun noun,
				const char *name)
{
	size_t len = strlen(name) + 1;
	struct pe_object *obj;
	u32 *next, limit;
	int err;

	lockdep_assert_held(&pn->lock);
	next = noun == PE_NOUN_DEVICE ? &pn->device_next : &pn->service_next;
	limit = noun == PE_NOUN_DEVICE ? PE_DEVICES_LIMIT : PE_SERVICES_LIMIT;
	if (atomic_read(&pe_object_table(pn, noun)->nelems) >= limit)
		return ERR_PTR(-ENOSPC);

	obj = kzalloc(struct_size(obj, name, len), GFP_KERNEL_ACCOUNT);
	if (!obj)
		return ERR_PTR(-ENOMEM);
	memcpy(obj->name, name, len);
	INIT_LIST_HEAD(&obj->touched);

	err = xa_alloc_cyclic(pe_object_ids(pn, noun), &obj->id, obj,
			      XA_LIMIT(1, U32_MAX - 1), next,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0)
		goto free_obj;
	err = rhashtable_insert_fast(pe_object_table(pn, noun), &obj->node,
				     pe_object_params);
	if (err)
		goto erase_id;
	return obj;

erase_id:
	xa_erase(pe_object_ids(pn, noun), obj->id);
free_obj:
	kfree(obj);
	return ERR_PTR(err);
}

/**
 * pe_object_after() - walk the objects in the order of their creation
 * @pn: namespace
 * @noun: which objects
 * @id: in: id of the last one seen, 0 to begin; out: id of the one returned
 *
 * Context: pe_net.lock held; it may be dropped between two calls.
 * Return: the next object with a live version, or NULL.
 */
struct pe_object *pe_object_after(struct pe_net *pn, enum pe_noun noun,
				  unsigned long *id)
{
	struct pe_object *obj;

	lockdep_assert_held(&pn->lock);
	do {
		obj = xa_find_after(pe_object_ids(pn, noun), id, ULONG_MAX,
				    XA_PRESENT);
	} while (obj && !obj->live);
	return obj;
}

/**
 * pe_object_free() - forget a name that stands for nothing any more
 * @pn: namespace
 * @noun: what it was
 * @obj: object without versions
 *
 * Context: pe_net.lock held.
 */
void pe_object_free(struct pe_net *pn, enum pe_noun noun, struct pe_object *obj)
{
	xa_erase(pe_object_ids(pn, noun), obj->id);
	rhashtable_remove_fast(pe_object_table(pn, noun), &obj->node,
			       pe_object_params);
	kfree_rcu(obj, rcu);
}
