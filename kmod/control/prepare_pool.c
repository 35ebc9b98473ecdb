// SPDX-License-Identifier: GPL-2.0-only
/* What a commit makes of pools. */

#include "../model/pool.h"
#include "prepare.h"

/* The change that touches a member of the pool, or NULL. */
static const struct pe_change *pe_pool_touched(const struct pe_pool *pool)
{
	u8 i;

	for (i = 0; i < pool->members; i++)
		if (pe_object_touched(pool->member[i].device->obj))
			return pool->member[i].device->obj->change;
	return NULL;
}

/* Would what both return look the same? Servers in mode nat are told apart by
 * their addresses.
 */
static bool pe_device_same_place(const struct pe_device *a,
				 const struct pe_device *b)
{
	if (pe_device_is_nat(a))
		return !memcmp(&a->address, &b->address, sizeof(a->address));
	return pe_port_same_place(pe_device_port(a, false),
				  pe_device_port(b, false)) ||
	       pe_port_same_place(pe_device_port(a, true),
				  pe_device_port(b, true));
}

/* Kinds and modes of a pool's members must be the same. */
static int pe_prepare_alike(struct pe_prepare *p, const struct pe_pool *pool,
			    u8 i)
{
	const struct pe_device *one = pool->member[0].device;
	const struct pe_device *dev = pool->member[i].device;
	u8 j;

	if (dev->kind != one->kind ||
	    pe_device_is_nat(dev) != pe_device_is_nat(one))
		return pe_refuse(p->refusal, -EINVAL, PE_POOL_MEMBER, i,
				 "devices %s and %s of pool %s cannot stand in for each other, they differ in kind or mode: put them into pools of their own",
				 one->obj->name, dev->obj->name,
				 pool->obj->name);
	if (pool->one_way && dev->kind != PE_DEVICE_KIND_SERVER)
		return pe_refuse(p->refusal, -EINVAL, PE_POOL_ONE_WAY, 0,
				 "pool %s is oneway, which is about what servers answer, and device %s is none: leave oneway out",
				 pool->obj->name, dev->obj->name);
	if (pe_device_is_tunnelled(dev) != pe_device_is_tunnelled(one))
		return pe_refuse(p->refusal, -EINVAL, PE_POOL_MEMBER, i,
				 "devices %s and %s of pool %s cannot stand in for each other, only one is behind a tunnel: put them into pools of their own",
				 one->obj->name, dev->obj->name,
				 pool->obj->name);
	for (j = 0; j < i; j++)
		if (pool->member[j].device->obj == dev->obj)
			return pe_refuse(p->refusal, -EINVAL, PE_POOL_MEMBER, i,
					 "device %s is in pool %s twice: name it once, with a weight where it is to have more",
					 dev->obj->name, pool->obj->name);
	for (j = 0; j < i; j++)
		if (pe_device_same_place(pool->member[j].device, dev))
			return pe_refuse(p->refusal, -EINVAL, PE_POOL_MEMBER, i,
					 "devices %s and %s of pool %s are at the same interface and address, so what they return could not be told apart: give one of them another",
					 pool->member[j].device->obj->name,
					 dev->obj->name, pool->obj->name);
	return 0;
}

static int pe_prepare_member(struct pe_prepare *p, struct pe_pool *pool, u8 i,
			     const char *name)
{
	struct pe_object *obj = pe_object_find(p->pn, PE_NOUN_DEVICE, name);
	struct pe_device *dev = obj ? pe_object_current(obj) : NULL;

	if (!dev && obj && obj->live)
		return pe_refuse(p->refusal, -EBUSY, PE_POOL_MEMBER, i,
				 "device %s is in use as a member of pool %s: take it out of the pool first",
				 name, pool->obj->name);
	if (!dev)
		return pe_refuse(p->refusal, -ENOENT, PE_POOL_MEMBER, i,
				 "there is no device %s for pool %s: add it first",
				 name, pool->obj->name);
	pool->member[i].device = dev;
	dev->users++;
	return pe_prepare_alike(p, pool, i);
}

/* Members by name where the pool is asked for, else those it has. */
static int pe_prepare_pool(struct pe_prepare *p, struct pe_object *obj)
{
	const struct pe_pool *live = obj->live;
	struct pe_pool *pool = obj->next;
	const char *name = obj->name;
	bool asked;
	int err;
	u8 i;

	p->change = obj->change;
	if (!pool || pool == live)
		return 0;
	asked = p->change->noun == PE_NOUN_POOL;
	if (asked && pe_object_named(p, PE_NOUN_DEVICE, name))
		return pe_refuse(p->refusal, -EEXIST, PE_POOL_NAME, 0,
				 "pool %s has the name of a device, which steps could mean as well: give it another",
				 name);
	if (asked)
		name = p->change->data;
	for (i = 0; i < pool->members; i++) {
		name = asked ? name + strlen(name) + 1 :
			       live->member[i].device->obj->name;
		/* Of members that change, the last one is who does not fit. */
		if (!asked && pe_object_touched(live->member[i].device->obj))
			p->change = live->member[i].device->obj->change;
		err = pe_prepare_member(p, pool, i, name);
		if (err && !asked)
			p->refusal->attr = 0;
		if (err)
			return err;
	}
	return pe_pool_build(pool);
}

/* Pools that stay as they are, but whose members don't. */
static int pe_prepare_pool_dependants(struct pe_prepare *p)
{
	const struct pe_change *change;
	struct pe_pool *pool;
	struct pe_object *obj;
	unsigned long id = 0;

	while ((obj = pe_object_after(p->pn, PE_NOUN_POOL, &id))) {
		cond_resched();
		if (pe_object_touched(obj))
			continue;
		change = pe_pool_touched(obj->live);
		if (!change)
			continue;
		pool = pe_pool_copy(p->pn, obj->live);
		if (!pool)
			return -ENOMEM;
		p->change = change;
		pe_object_set(p, obj, PE_NOUN_POOL, pool);
	}
	return 0;
}

/**
 * pe_prepare_pools() - pools that are new or changed, or whose members are
 * @p: the commit
 *
 * Context: after devices.
 * Return: 0 or a negative errno.
 */
int pe_prepare_pools(struct pe_prepare *p)
{
	struct pe_object *obj;
	int err = 0;

	if (!list_empty(&p->txn->touched[PE_NOUN_DEVICE]))
		err = pe_prepare_pool_dependants(p);
	if (err)
		return err;
	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_POOL], touched) {
		err = pe_prepare_pool(p, obj);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}
