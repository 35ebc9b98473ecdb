/* SPDX-License-Identifier: GPL-2.0-only */
/* A name of the configuration, and what stands under it now and next. */
#ifndef _PE_OBJECT_H
#define _PE_OBJECT_H

#include <linux/list.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct pe_change;
struct pe_health;
struct pe_owner;

/**
 * struct pe_object - a named thing that is changed by transactions
 * @node: in pe_objects.names
 * @live: version that packets see, NULL when there is none (yet), or none any
 *	more: then packets have nothing of older versions that drain either
 * @next: version that the transaction being committed would make live; means
 *	nothing unless @touched is in a list
 * @touched: in the transaction being committed
 * @rcu: the name table's own readers may still see a deleted one
 * @change: last change of that transaction that named the object, NULL when
 *	only a consequence touched it
 * @health: of a device, whether it works and its counters, to which all versions
 *	point
 * @owner: whose the live version is, NULL for nobody's
 * @id: index in pe_objects.ids, 0 once it was deleted
 * @users: services whose live sequence names it, and pools
 * @former: services that know it as a former server; that keeps nobody from
 *	deleting it
 * @versions: that point here
 * @name: of the object, never changes
 *
 * Has its name from the first transaction that names it until the one that
 * deletes it, and is freed after its last version; everything under
 * pe_net.lock. Packets read @name, and whether there is a @live one.
 */
struct pe_object {
	struct rhash_head	node;
	void			*live;
	void			*next;
	union {
		struct list_head touched;
		struct rcu_head	rcu;
	};
	const struct pe_change	*change;
	struct pe_health	*health;
	struct pe_owner		*owner;
	u32			id;
	u32			users;
	u32			former;
	u32			versions;
	char			name[];
};

struct pe_net;

/* In the order in which they depend on each other. */
enum pe_noun {
	PE_NOUN_DEVICE,
	PE_NOUN_POOL,
	PE_NOUN_ACL,
	PE_NOUN_SERVICE,
	PE_NOUN_ENGINE,
	PE_NOUNS,
};

/**
 * struct pe_objects - all objects of a noun
 * @names: by name
 * @ids: in the order of their creation
 * @next: where the next one's id is looked for
 * @count: those with a live version
 *
 * Everything under pe_net.lock.
 */
struct pe_objects {
	struct rhashtable	names;
	struct xarray		ids;
	u32			next;
	u32			count;
};

int pe_objects_init(struct pe_objects *objects);
void pe_objects_destroy(struct pe_objects *objects);
struct pe_object *pe_object_find(struct pe_net *pn, enum pe_noun noun,
				 const char *name);
struct pe_object *pe_object_new(struct pe_net *pn, enum pe_noun noun,
				const char *name);
struct pe_object *pe_object_after(struct pe_net *pn, enum pe_noun noun,
				  unsigned long *id);
void pe_object_free(struct pe_net *pn, enum pe_noun noun,
		    struct pe_object *obj);
void pe_object_put(struct pe_object *obj);

/**
 * pe_object_get() - a version more that points to an object
 * @obj: object
 *
 * Context: pe_net.lock held.
 * Return: @obj.
 */
static inline struct pe_object *pe_object_get(struct pe_object *obj)
{
	obj->versions++;
	return obj;
}

/**
 * pe_object_touched() - is it part of the transaction being committed?
 * @obj: object
 */
static inline bool pe_object_touched(const struct pe_object *obj)
{
	return !list_empty(&obj->touched);
}

/**
 * pe_object_current() - its version as the transaction being committed has it
 * @obj: object
 *
 * Context: pe_net.lock held.
 */
static inline void *pe_object_current(const struct pe_object *obj)
{
	return pe_object_touched(obj) ? obj->next : obj->live;
}

#endif /* _PE_OBJECT_H */
