// SPDX-License-Identifier: GPL-2.0-only
/* Names: found by hash, walked in the order of their creation. */

#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "health.h"
#include "netns.h"
#include "object.h"
#include "owner.h"

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

static const struct rhashtable_params pe_object_params = {
	.head_offset		= offsetof(struct pe_object, node),
	.hashfn			= pe_object_hash_name,
	.obj_hashfn		= pe_object_hash,
	.obj_cmpfn		= pe_object_cmp,
	.automatic_shrinking	= true,
};

static const u32 pe_object_limit[] = {
	[PE_NOUN_DEVICE]	= PE_DEVICES_LIMIT,
	[PE_NOUN_POOL]		= PE_POOLS_LIMIT,
	[PE_NOUN_ACL]		= PE_ACLS_LIMIT,
	[PE_NOUN_SERVICE]	= PE_SERVICES_LIMIT,
	[PE_NOUN_ENGINE]	= 1,
};

/**
 * pe_objects_init() - there are no objects of this noun yet
 * @objects: out: the noun's objects
 *
 * Return: 0 or a negative errno.
 */
int pe_objects_init(struct pe_objects *objects)
{
	xa_init_flags(&objects->ids, XA_FLAGS_ALLOC);
	return rhashtable_init(&objects->names, &pe_object_params);
}

/**
 * pe_objects_destroy() - there are none any more
 * @objects: the noun's objects, all of which were freed
 */
void pe_objects_destroy(struct pe_objects *objects)
{
	rhashtable_destroy(&objects->names);
	xa_destroy(&objects->ids);
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
	return rhashtable_lookup_fast(&pn->objects[noun].names, name,
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
	struct pe_objects *objects = &pn->objects[noun];
	size_t len = strlen(name) + 1;
	struct pe_object *obj;
	int err;

	lockdep_assert_held(&pn->lock);
	if (atomic_read(&objects->names.nelems) >= pe_object_limit[noun])
		return ERR_PTR(-ENOSPC);

	obj = kzalloc(struct_size(obj, name, len), GFP_KERNEL_ACCOUNT);
	if (!obj)
		return ERR_PTR(-ENOMEM);
	memcpy(obj->name, name, len);
	INIT_LIST_HEAD(&obj->touched);

	err = xa_alloc_cyclic(&objects->ids, &obj->id, obj,
			      XA_LIMIT(1, U32_MAX - 1), &objects->next,
			      GFP_KERNEL_ACCOUNT);
	if (err < 0)
		goto free_obj;
	err = rhashtable_insert_fast(&objects->names, &obj->node,
				     pe_object_params);
	if (err)
		goto erase_id;
	return obj;

erase_id:
	xa_erase(&objects->ids, obj->id);
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
		obj = xa_find_after(&pn->objects[noun].ids, id, ULONG_MAX,
				    XA_PRESENT);
	} while (obj && !obj->live);
	return obj;
}

static void pe_object_free_rcu(struct rcu_head *head)
{
	struct pe_object *obj = container_of(head, struct pe_object, rcu);

	pe_health_free(obj->health);
	kfree(obj);
}

/* It has no name, and no version. */
static void pe_object_free_memory(struct pe_object *obj)
{
	if (obj->health)
		call_rcu(&obj->rcu, pe_object_free_rcu);
	else
		kfree_rcu(obj, rcu);
}

/**
 * pe_object_free() - forget a name that stands for nothing any more
 * @pn: namespace
 * @noun: what it was
 * @obj: object without a live version; freed after its last one
 *
 * Context: pe_net.lock held.
 */
void pe_object_free(struct pe_net *pn, enum pe_noun noun, struct pe_object *obj)
{
	struct pe_objects *objects = &pn->objects[noun];

	xa_erase(&objects->ids, obj->id);
	rhashtable_remove_fast(&objects->names, &obj->node, pe_object_params);
	obj->id = 0;
	pe_owner_put(pn, obj->owner);
	obj->owner = NULL;
	if (!obj->versions)
		pe_object_free_memory(obj);
}

/**
 * pe_object_put() - a version less that points to an object
 * @obj: object, or NULL for a version that never had one
 *
 * Context: pe_net.lock held. Packets may see version and object for a grace
 * period.
 */
void pe_object_put(struct pe_object *obj)
{
	if (obj && !--obj->versions && !obj->id)
		pe_object_free_memory(obj);
}
