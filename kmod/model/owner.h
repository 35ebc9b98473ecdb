/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose an object is. */
#ifndef _PE_OWNER_H
#define _PE_OWNER_H

#include <linux/rhashtable-types.h>
#include <linux/types.h>

struct pe_net;

/**
 * struct pe_owner - a name that objects belong to
 * @node: in pe_net.owners
 * @rcu: the name table's own readers may still see one that is gone
 * @users: objects that are its, and changes and transactions that name it
 * @name: never changes
 *
 * There is one for each name, so that two are the same if their pointers are.
 * Everything under pe_net.lock; packets know nothing of it.
 */
struct pe_owner {
	struct rhash_head	node;
	struct rcu_head		rcu;
	u32			users;
	char			name[];
};

extern const struct rhashtable_params pe_owner_params;

struct pe_owner *pe_owner_get(struct pe_net *pn, const char *name);
void pe_owner_put(struct pe_net *pn, struct pe_owner *owner);

/**
 * pe_owner_hold() - a user more
 * @owner: the owner, or NULL for nobody
 *
 * Context: pe_net.lock held.
 * Return: @owner.
 */
static inline struct pe_owner *pe_owner_hold(struct pe_owner *owner)
{
	if (owner)
		owner->users++;
	return owner;
}

#endif /* _PE_OWNER_H */
