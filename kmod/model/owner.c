// SPDX-License-Identifier: GPL-2.0-only
/* Owners: names that are there while anything is theirs. */

#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "netns.h"
#include "owner.h"

static u32 pe_owner_hash_name(const void *data, u32 len, u32 seed)
{
	return jhash(data, strlen(data), seed);
}

static u32 pe_owner_hash(const void *data, u32 len, u32 seed)
{
	const struct pe_owner *owner = data;

	return jhash(owner->name, strlen(owner->name), seed);
}

static int pe_owner_cmp(struct rhashtable_compare_arg *arg, const void *data)
{
	const struct pe_owner *owner = data;

	return strcmp(arg->key, owner->name);
}

const struct rhashtable_params pe_owner_params = {
	.head_offset		= offsetof(struct pe_owner, node),
	.hashfn			= pe_owner_hash_name,
	.obj_hashfn		= pe_owner_hash,
	.obj_cmpfn		= pe_owner_cmp,
	.automatic_shrinking	= true,
};

static struct pe_owner *pe_owner_new(struct pe_net *pn, const char *name)
{
	size_t len = strlen(name) + 1;
	struct pe_owner *owner;

	owner = kzalloc(struct_size(owner, name, len), GFP_KERNEL_ACCOUNT);
	if (!owner)
		return NULL;
	memcpy(owner->name, name, len);
	if (!rhashtable_insert_fast(&pn->owners, &owner->node, pe_owner_params))
		return owner;
	kfree(owner);
	return NULL;
}

/**
 * pe_owner_get() - the owner of this name, a new one where there is none
 * @pn: namespace
 * @name: its name
 *
 * Context: process context, pe_net.lock held.
 * Return: the owner with a user more, or NULL when memory is short.
 */
struct pe_owner *pe_owner_get(struct pe_net *pn, const char *name)
{
	struct pe_owner *owner;

	lockdep_assert_held(&pn->lock);
	owner = rhashtable_lookup_fast(&pn->owners, name, pe_owner_params);
	return pe_owner_hold(owner ?: pe_owner_new(pn, name));
}

/**
 * pe_owner_put() - a user less
 * @pn: namespace
 * @owner: the owner, or NULL for nobody
 *
 * Context: pe_net.lock held.
 */
void pe_owner_put(struct pe_net *pn, struct pe_owner *owner)
{
	if (!owner || --owner->users)
		return;
	lockdep_assert_held(&pn->lock);
	rhashtable_remove_fast(&pn->owners, &owner->node, pe_owner_params);
	kfree_rcu(owner, rcu);
}
