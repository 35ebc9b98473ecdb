// SPDX-License-Identifier: GPL-2.0-only
/* The part of a commit that can fail: names, devices, sequences, addresses.
 * It makes what will be beside what is; packets see nothing of it.
 */

#include <linux/errno.h>
#include <linux/inetdevice.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/addrconf.h>
#include <net/route.h>

#include "../model/engine.h"
#include "../model/former.h"
#include "../model/owner.h"
#include "../model/service.h"
#include "../model/table.h"
#include "noun.h"
#include "owner.h"
#include "txn.h"

/* What a commit is at: whom to blame when it fails. */
struct pe_prepare {
	struct pe_net		*pn;
	struct pe_txn		*txn;
	struct pe_refusal	*refusal;
	const struct pe_change	*change;
};

static void pe_object_touch(struct pe_prepare *p, struct pe_object *obj,
			    u8 noun)
{
	obj->change = p->change;
	if (pe_object_touched(obj))
		return;
	obj->next = obj->live;
	list_add_tail(&obj->touched, &p->txn->touched[noun]);
}

/* Another version next, instead of the one that was to be. */
static void pe_object_set(struct pe_prepare *p, struct pe_object *obj, u8 noun,
			  void *version)
{
	pe_object_touch(p, obj, noun);
	if (obj->next != obj->live)
		pe_noun_ops[noun].put(p->pn, obj->next);
	obj->next = version;
}

/* Will anything of this noun have the name? */
static bool pe_object_named(struct pe_prepare *p, enum pe_noun noun,
			    const char *name)
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

static int pe_prepare_iface(struct pe_prepare *p, const struct pe_iface *iface,
			    const char *noun, const struct pe_object *obj,
			    u16 attr)
{
	if (!iface || rcu_access_pointer(iface->dev))
		return 0;
	if (iface->tunnel)
		return pe_refuse(p->refusal, -ENODEV, attr, 0,
				 "interface %s of %s %s is not there or is no VXLAN in GPE mode, which remote needs: create it (ip link add type vxlan external gpe) or name another",
				 iface->name, noun, obj->name);
	return pe_refuse(p->refusal, -ENODEV, attr, 0,
			 "interface %s of %s %s is not there or is no Ethernet: create it or name another",
			 iface->name, noun, obj->name);
}

/* Handed to itself by a switch that returns frames, or lost. */
static bool pe_port_is_engine(const struct pe_port *port)
{
	const struct net_device *dev;
	bool is;

	if (port->kind != PE_PORT_KIND_FIXED)
		return false;
	rcu_read_lock();
	dev = rcu_dereference(port->iface->dev);
	is = dev && port->mac == pe_mac(dev->dev_addr);
	rcu_read_unlock();
	return is;
}

static int pe_prepare_attached(struct pe_prepare *p,
			       const struct pe_port *port,
			       const struct pe_object *obj, u16 attr)
{
	int err;

	err = pe_prepare_iface(p, port->iface, "device", obj, attr);
	if (err || !pe_port_is_engine(port))
		return err;
	return pe_refuse(p->refusal, -EINVAL, attr, 0,
			 "the lladdr of device %s is interface %s's own, by which packets would be handed to the router itself: give that of the device",
			 obj->name, port->iface->name);
}

/* What the version before has measured, unless it was another kind of device. */
static int pe_prepare_meter(const struct pe_object *obj, struct pe_device *dev)
{
	const struct pe_device *live = obj->live;

	if (!dev->measure || dev->meter)
		return 0;
	if (live && live->meter && live->kind == dev->kind)
		dev->meter = pe_meter_get(live->meter);
	else
		dev->meter = pe_meter_new(dev->kind);
	return dev->meter ? 0 : -ENOMEM;
}

static int pe_prepare_device(struct pe_prepare *p, struct pe_object *obj)
{
	struct pe_device *dev = obj->next;
	int err;

	p->change = obj->change;
	if (!dev || dev == obj->live)
		return 0;
	if (!obj->live && pe_object_named(p, PE_NOUN_POOL, obj->name))
		return pe_refuse(p->refusal, -EEXIST, PE_DEVICE_NAME, 0,
				 "device %s has the name of a pool, which steps could mean as well: give it another",
				 obj->name);
	err = pe_prepare_attached(p, &dev->outside, obj, PE_DEVICE_OUTSIDE);
	if (!err)
		err = pe_prepare_attached(p, &dev->inside, obj, PE_DEVICE_INSIDE);
	if (err)
		return err;
	if (!obj->health)
		obj->health = pe_health_new();
	if (!obj->health)
		return -ENOMEM;
	/* To be seen by those that are made before it is live. */
	dev->health = obj->health;
	dev->stats = obj->health->stats;
	return pe_prepare_meter(obj, dev);
}

static int pe_prepare_devices(struct pe_prepare *p)
{
	struct pe_object *obj;
	int err;

	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_DEVICE], touched) {
		err = pe_prepare_device(p, obj);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

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

static int pe_prepare_pools(struct pe_prepare *p)
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

static int pe_prepare_acl(struct pe_prepare *p, struct pe_object *obj)
{
	const struct pe_acl *live = obj->live;
	struct pe_acl *acl = obj->next;
	int err = 0;
	u32 i;

	p->change = obj->change;
	if (!acl || acl == live)
		return 0;
	for (i = 0; !err && i < acl->ifaces; i++)
		err = pe_prepare_iface(p, acl->iface[i], "acl", obj, 0);
	if (!err)
		err = pe_acl_build(acl, live ? live->gate : NULL);
	if (err == -E2BIG)
		return pe_refuse(p->refusal, -E2BIG, PE_ACL_NAME, 0,
				 "acl %s has more rules, or pairs of port ranges in them, than can be looked up: make it shorter",
				 obj->name);
	return err;
}

/* The service that has a list's name gets it, or loses it. */
static int pe_prepare_acl_namesake(struct pe_prepare *p,
				   const struct pe_object *acl)
{
	struct pe_object *obj = pe_object_find(p->pn, PE_NOUN_SERVICE,
					       acl->name);
	struct pe_service *svc = obj ? obj->live : NULL;

	if (!svc || svc->acl_given || pe_object_touched(obj))
		return 0;
	p->change = acl->change;
	if (p->txn->owner && obj->owner != p->txn->owner)
		return pe_refuse(p->refusal, -EACCES, PE_ACL_NAME, 0,
				 "acl %s has the name of a service that is not %s's, which would be asked for that: use another name",
				 acl->name, p->txn->owner->name);
	svc = pe_service_copy(p->pn, svc);
	if (!svc)
		return -ENOMEM;
	pe_object_set(p, obj, PE_NOUN_SERVICE, svc);
	return 0;
}

/* A service that nobody touches and that names a list which is being deleted. */
static int pe_prepare_acl_missed(struct pe_prepare *p)
{
	const struct pe_service *svc;
	struct pe_object *obj;
	unsigned long id = 0;

	while ((obj = pe_object_after(p->pn, PE_NOUN_SERVICE, &id))) {
		cond_resched();
		svc = obj->live;
		if (pe_object_touched(obj) || !svc->acl_given ||
		    pe_object_current(svc->gate->obj))
			continue;
		p->change = svc->gate->obj->change;
		return pe_refuse(p->refusal, -EBUSY, 0, 0,
				 "acl %s is in use by service %s: take it out of the service first",
				 svc->gate->obj->name, obj->name);
	}
	return 0;
}

static int pe_prepare_acls(struct pe_prepare *p)
{
	struct pe_object *obj;
	bool used = false;
	int err = 0;

	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_ACL], touched) {
		err = pe_prepare_acl(p, obj);
		if (!err && !obj->next != !obj->live)
			err = pe_prepare_acl_namesake(p, obj);
		if (err)
			return err;
		used |= !obj->next && obj->users;
		cond_resched();
	}
	return used ? pe_prepare_acl_missed(p) : 0;
}

/* The list that a service names, or that has its name. */
static int pe_prepare_gate(struct pe_prepare *p, struct pe_service *svc,
			   bool asked)
{
	const struct pe_object *obj = svc->obj;
	const struct pe_service *live = obj->live;
	const char *name = obj->name;
	struct pe_acl *acl;
	u8 i;

	if (svc->acl_given && asked) {
		name = p->change->data;
		for (i = 0; i <= p->change->steps; i++)
			name += strlen(name) + 1;
	} else if (svc->acl_given) {
		name = live->gate->obj->name;
	}
	obj = pe_object_find(p->pn, PE_NOUN_ACL, name);
	acl = obj ? pe_object_current(obj) : NULL;
	if (acl) {
		svc->gate = acl->gate;
		svc->gate->users++;
	} else if (svc->acl_given) {
		return pe_refuse(p->refusal, -ENOENT, PE_SERVICE_ACL, 0,
				 "there is no acl %s for service %s: add it first",
				 name, svc->obj->name);
	}
	return 0;
}

/* Who has one already goes on with it, whatever else changes. */
static int pe_prepare_limit(struct pe_service *svc)
{
	const struct pe_service *live = svc->obj->live;

	if (!pe_rates_any(&svc->rates))
		return 0;
	svc->limit = live && live->limit ? pe_limit_get(live->limit) :
					   pe_limit_new();
	return svc->limit ? 0 : -ENOMEM;
}

/* The change that touches a device of the sequence, or NULL. */
static const struct pe_change *
pe_sequence_touched(const struct pe_sequence *seq)
{
	const struct pe_object *obj;
	u8 i;

	for (i = 0; i < seq->steps; i++)
		if (pe_object_touched(pe_step_object(&seq->step[i])))
			return pe_step_object(&seq->step[i])->change;
	for (i = 0; i < seq->formers; i++) {
		obj = seq->former[i].device->obj;
		if (pe_object_touched(obj))
			return obj->change;
	}
	return NULL;
}

/* Services that stay as they are, but whose devices don't. */
static int pe_prepare_dependants(struct pe_prepare *p)
{
	const struct pe_change *change;
	struct pe_service *svc;
	struct pe_object *obj;
	unsigned long id = 0;
	bool used = false;

	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_DEVICE], touched)
		used |= (obj->users || obj->former) && obj->next != obj->live;
	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_POOL], touched)
		used |= obj->users && obj->next != obj->live;
	if (!used)
		return 0;
	while ((obj = pe_object_after(p->pn, PE_NOUN_SERVICE, &id))) {
		cond_resched();
		if (pe_object_touched(obj))
			continue;
		svc = obj->live;
		change = pe_sequence_touched(svc->seq);
		if (!change)
			continue;
		svc = pe_service_copy(p->pn, svc);
		if (!svc)
			return -ENOMEM;
		p->change = change;
		pe_object_set(p, obj, PE_NOUN_SERVICE, svc);
	}
	return 0;
}

static int pe_prepare_step(struct pe_prepare *p, const struct pe_object *svc,
			   const char *name, u8 i, struct pe_step *step)
{
	struct pe_object *pool, *obj;

	pool = pe_object_find(p->pn, PE_NOUN_POOL, name);
	step->pool = pool ? pe_object_current(pool) : NULL;
	if (step->pool) {
		step->device = step->pool->member[0].device;
		return 0;
	}
	obj = pe_object_find(p->pn, PE_NOUN_DEVICE, name);
	step->device = obj ? pe_object_current(obj) : NULL;
	if (step->device)
		return 0;
	obj = obj && obj->live && obj->users ? obj : pool;
	if (obj && obj->live && obj->users)
		return pe_refuse(p->refusal, -EBUSY, PE_SERVICE_STEP, i,
				 "%s %s is in use as step %u of service %s: take it out of the sequence first",
				 obj == pool ? "pool" : "device", name, i + 1,
				 svc->name);
	return pe_refuse(p->refusal, -ENOENT, PE_SERVICE_STEP, i,
			 "there is no device %s for step %u of service %s: add it first",
			 name, i + 1, svc->name);
}

/* Steps by name where the service is asked for, else those it has. */
static int pe_prepare_steps(struct pe_prepare *p, const struct pe_object *obj,
			    bool asked, struct pe_step *step, u8 *n)
{
	const struct pe_change *change = obj->change;
	const struct pe_service *live = obj->live;
	const char *name = change->data;
	int err;
	u8 i;

	*n = asked ? change->steps : live->seq->steps;
	for (i = 0; i < *n; i++) {
		if (asked) {
			name += strlen(name) + 1;
			step[i] = change->step[i];
		} else {
			step[i] = live->seq->step[i];
			name = pe_step_name(&step[i]);
		}
		err = pe_prepare_step(p, obj, name, i, &step[i]);
		if (err)
			return err;
	}
	return 0;
}

/* Only one port can become another; dynamic ones stay as they are. */
static int pe_prepare_port(struct pe_prepare *p, const struct pe_service *svc,
			   const struct pe_step *server, u8 at)
{
	const char *name = svc->obj->name, *device = pe_step_name(server);
	const struct pe_range *range;
	struct pe_traffic traffic;
	u8 i;

	pe_service_traffic(svc, svc->seq->legs - 1, &traffic);
	range = traffic.range;
	if (traffic.level != PE_LEVEL_PORT || range->first != range->last ||
	    (traffic.ranges > 1 && !range[1].dynamic))
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s translates to port %u of %s and so must have exactly one port itself: give it one, or leave the translation out",
				 name, server->port, device);
	for (i = 1; i < traffic.ranges; i++)
		if (server->port >= range[i].first &&
		    server->port <= range[i].last)
			return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP,
					 at,
					 "port %u of %s, which service %s translates to, is one of its dynamic ports %u-%u, so answers could not be told apart: use another",
					 server->port, device, name,
					 range[i].first, range[i].last);
	return 0;
}

/* One of the servers that a service is translated to. */
static int pe_prepare_nat(struct pe_prepare *p, const struct pe_service *svc,
			  const struct pe_device *dev)
{
	const char *name = svc->obj->name;
	u8 at = svc->seq->steps - 1;

	if (dev->proto != svc->family)
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s and server %s, whose address it is translated to, are not both IPv4 or both IPv6: use a server of the same family",
				 name, dev->obj->name);
	if (!memcmp(&dev->address, &svc->vip, sizeof(svc->vip)))
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s has the own address of server %s: give the service another, or use mode loopback",
				 name, dev->obj->name);
	return 0;
}

static int pe_prepare_server(struct pe_prepare *p, const struct pe_service *svc)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);
	int err = 0;
	u8 i;

	if (!server)
		return 0;
	if (server->port)
		err = pe_prepare_port(p, svc, server, svc->seq->steps - 1);
	if (!pe_device_is_nat(server->device))
		return err;
	for (i = 0; i < pe_step_devices(server) && !err; i++)
		err = pe_prepare_nat(p, svc, pe_step_device(server, i));
	return err;
}

static bool pe_prepare_is_local(const struct pe_prepare *p,
				const struct pe_service *svc)
{
	if (svc->family == NFPROTO_IPV4)
		return inet_addr_type(p->pn->net, svc->vip.ip) == RTN_LOCAL;
	/* Tentative ones too, as there are none in IPv4. */
	return ipv6_chk_addr_and_flags(p->pn->net, &svc->vip.in6, NULL, true, 0,
				       0);
}

/* Can there be ARP and neighbour discovery on the interface? */
static bool pe_prepare_has_arp(const struct pe_iface *iface)
{
	const struct net_device *dev;
	bool has;

	rcu_read_lock();
	dev = rcu_dereference(iface->dev);
	has = dev && !(dev->flags & IFF_NOARP);
	rcu_read_unlock();
	return has;
}

static int pe_prepare_announce(struct pe_prepare *p,
			       const struct pe_service *svc)
{
	const struct pe_iface *iface = svc->announce->iface;
	const char *name = svc->obj->name;
	int err;

	err = pe_prepare_iface(p, iface, "service", svc->obj,
			       PE_SERVICE_ANNOUNCE);
	if (err)
		return err;
	if (!pe_prepare_has_arp(iface))
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_ANNOUNCE, 0,
				 "nobody on interface %s asks who has the address of service %s, for ARP is off there: turn it on, or leave announce out",
				 iface->name, name);
	if (svc->family == NFPROTO_IPV4 &&
	    !IS_ENABLED(CONFIG_NETFILTER_FAMILY_ARP))
		return pe_refuse(p->refusal, -EOPNOTSUPP, PE_SERVICE_ANNOUNCE, 0,
				 "service %s cannot be announced, for this kernel shows ARP to no module: have its address routed here instead",
				 name);
	if (pe_prepare_is_local(p, svc))
		return pe_refuse(p->refusal, -EADDRINUSE, PE_SERVICE_ANNOUNCE, 0,
				 "the address of service %s is the router's own, for which the kernel answers: take it off its interface, or leave announce out",
				 name);
	return 0;
}

/* Who asks on an interface by which devices of the sequence return packets is
 * a client only where the service says so.
 */
static int pe_prepare_asked(struct pe_prepare *p, const struct pe_service *svc)
{
	const struct pe_sequence *seq = svc->seq;
	const struct pe_iface *iface;
	const struct pe_stage *at;

	if (!svc->announce || svc->iif)
		return 0;
	iface = svc->announce->iface;
	for (at = seq->stage + 1; at < seq->back; at++)
		if (at->from->iface == iface)
			return pe_refuse(p->refusal, -EINVAL,
					 PE_SERVICE_ANNOUNCE, 0,
					 "service %s is announced on %s, by which its device %s returns packets, so no client is known there: say iif %s as well, or announce it elsewhere",
					 svc->obj->name, iface->name,
					 at->from->device->obj->name,
					 iface->name);
	return 0;
}

/* What devices return in a capsule, only a hook at the interface meets. */
static int pe_prepare_track(struct pe_prepare *p, const struct pe_service *svc)
{
	u8 method = svc->track.method;

	if (IS_ENABLED(CONFIG_NETFILTER_INGRESS) ||
	    !pe_track_encapsulates(method))
		return 0;
	return pe_refuse(p->refusal, -EOPNOTSUPP, PE_SERVICE_TRACK, 0,
			 "service %s cannot be tracked by %s, for this kernel shows no module what comes by an interface: use another method",
			 svc->obj->name, pe_track_name(method));
}

/* What names clients, or an exit, is for what leaves the sequence again. */
static int pe_prepare_open_end(struct pe_prepare *p,
			       const struct pe_service *svc)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);
	const char *name = svc->obj->name;
	u8 at = svc->seq->steps - 1;

	if (svc->client && svc->seq->legs > 1)
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP,
				 svc->seq->leg[1].step,
				 "step %u of service %s emits another protocol or port, which may be those of what its clients send elsewhere: leave emits out, or give the service a vip",
				 svc->seq->leg[1].step + 1, name);
	if (server && svc->client)
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s is for what clients send anywhere, but step %u (%s) is a server, where it would end: leave it out, or give the service a vip",
				 name, at + 1, pe_step_name(server));
	if (server && svc->exit)
		return pe_refuse(p->refusal, -EINVAL, PE_SERVICE_STEP, at,
				 "service %s has an exit, but nothing leaves a sequence that step %u (%s), a server, ends: leave out one of them",
				 name, at + 1, pe_step_name(server));
	return 0;
}

static int pe_prepare_version(struct pe_prepare *p, struct pe_object *obj,
			      bool asked)
{
	struct pe_step step[PE_STEPS_MAX];
	struct pe_service *svc = obj->next;
	struct pe_sequence_key key;
	struct pe_sequence *seq;
	int err;
	u8 n;

	if (asked) {
		err = pe_prepare_iface(p, svc->iif, "service", obj,
				       PE_SERVICE_IIF);
		if (!err && svc->announce)
			err = pe_prepare_announce(p, svc);
		if (!err && svc->exit)
			err = pe_prepare_iface(p, svc->exit->iface, "service",
					       obj, PE_SERVICE_EXIT_DEV);
		if (!err)
			err = pe_prepare_track(p, svc);
		if (err)
			return err;
	}
	err = pe_prepare_steps(p, obj, asked, step, &n);
	if (err)
		return err;
	err = pe_prepare_gate(p, svc, asked);
	if (!err)
		err = pe_prepare_limit(svc);
	if (err)
		return err;
	key = (struct pe_sequence_key) {
		.step = step,
		.steps = n,
		.track = svc->track,
		.gated = pe_service_gated(svc),
		.marked = svc->quality.has,
		.stateful = svc->stateful,
	};
	pe_formers_choose(&key.formers, svc, obj->live, step, n);
	seq = pe_sequence_get(p->pn, obj->name, &key, p->refusal);
	if (IS_ERR(seq))
		return PTR_ERR(seq);
	pe_service_set_sequence(svc, seq);
	err = pe_service_remember(p->pn, svc, obj->live);
	if (!err)
		err = pe_prepare_open_end(p, svc);
	if (!err)
		err = pe_prepare_server(p, svc);
	if (!err)
		err = pe_service_check_legs(svc, p->refusal);
	if (!err)
		err = pe_prepare_asked(p, svc);
	if (err)
		return err;
	return pe_service_inherit(p->pn, svc, obj->live);
}

static int pe_prepare_service(struct pe_prepare *p, struct pe_object *obj)
{
	bool asked;
	int err;

	p->change = obj->change;
	if (!obj->next || obj->next == obj->live)
		return 0;
	asked = p->change->noun == PE_NOUN_SERVICE;
	err = pe_prepare_version(p, obj, asked);
	/* The attribute is the service's, the change a device's. */
	if (err && !asked)
		p->refusal->attr = 0;
	return err;
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

/* Where addresses or prefixes of this length are kept that change. */
static struct pe_table **pe_prepare_table(struct pe_prepare *p,
					  enum pe_family family, u8 length)
{
	struct pe_txn *txn = p->txn;

	if (length == PE_ADDR_WHOLE)
		return &txn->addrs[family];
	if (!txn->clients[family])
		txn->clients[family] = kzalloc(sizeof(*txn->clients[family]),
					       GFP_KERNEL_ACCOUNT);
	if (!txn->clients[family])
		return NULL;
	return &txn->clients[family]->table[length];
}

/* Those that packets see. */
static const struct pe_table *pe_prepare_live(struct pe_prepare *p,
					      enum pe_family family, u8 length)
{
	if (length == PE_ADDR_WHOLE)
		return pe_net_table(p->pn, family);
	return pe_prefixes_table(pe_net_clients(p->pn, family), length);
}

/* The address as it will be; what lives there now is copied to be changed. */
static struct pe_addr *pe_prepare_addr(struct pe_prepare *p,
				       const union nf_inet_addr *addr, u8 proto,
				       u8 length, u32 room)
{
	enum pe_family family = pe_family_of(proto);
	struct pe_table **table = pe_prepare_table(p, family, length);
	const struct pe_addr *live;
	struct pe_table *grown;
	struct pe_addr *a, *old;

	if (!table)
		return NULL;
	old = pe_table_find(*table, addr, proto);
	if (old && old->size - old->n >= room)
		return old;
	if (old) {
		a = pe_addr_copy(old, old->n + max(old->n, room));
		if (!a)
			return NULL;
		pe_table_replace(*table, old, a);
		kvfree(old);
		return a;
	}
	live = pe_table_find(pe_prepare_live(p, family, length), addr, proto);
	grown = pe_table_grown(*table, proto, 1);
	if (IS_ERR(grown))
		return NULL;
	if (grown) {
		pe_table_free(*table);
		*table = grown;
	}
	a = live ? pe_addr_copy(live, live->n + room) :
		   pe_addr_new(addr, proto, length, room);
	if (a)
		pe_table_insert(*table, a);
	return a;
}

static int pe_prepare_entry_old(void *arg, const union nf_inet_addr *addr,
				u8 family, const struct pe_entry *entry)
{
	return pe_prepare_addr(arg, addr, family, entry->svc->length, 0) ?
		       0 : -ENOMEM;
}

/* The old one's stay behind what will live there. */
static int pe_prepare_entry_past(void *arg, const union nf_inet_addr *addr,
				 u8 family, const struct pe_entry *entry)
{
	struct pe_addr *a = pe_prepare_addr(arg, addr, family,
					    entry->svc->length, 0);

	return a && pe_addr_drain(a, entry) ? 0 : -ENOMEM;
}

static int pe_prepare_entry_new(void *arg, const union nf_inet_addr *addr,
				u8 family, const struct pe_entry *entry)
{
	struct pe_addr *a = pe_prepare_addr(arg, addr, family,
					    entry->svc->length, 1);

	if (!a)
		return -ENOMEM;
	pe_addr_add(a, entry);
	return 0;
}

/* Where the old version stands. Its entries go when the address is settled. */
static int pe_prepare_old_addrs(struct pe_prepare *p, struct pe_object *obj)
{
	struct pe_txn *txn = p->txn;

	if (!pe_service_drains(obj->next, obj->live))
		return pe_service_entries(obj->live, pe_prepare_entry_old, p);
	if (!txn->drain)
		txn->drain = pe_drain_new();
	if (!txn->drain)
		return -ENOMEM;
	return pe_service_entries(obj->live, pe_prepare_entry_past, p);
}

/* Where the old version stood and the new one will stand. */
static int pe_prepare_service_addrs(struct pe_prepare *p,
				    struct pe_object *obj)
{
	int err = 0;

	p->change = obj->change;
	if (obj->next == obj->live)
		return 0;
	if (obj->live)
		err = pe_prepare_old_addrs(p, obj);
	if (!err && obj->next)
		err = pe_service_entries(obj->next, pe_prepare_entry_new, p);
	return err;
}

static int pe_prepare_guard(struct pe_prepare *p, const struct pe_device *dev,
			    int by)
{
	struct pe_addr *a;

	if (!dev || !dev->guard)
		return 0;
	a = pe_prepare_addr(p, &dev->address, dev->proto, PE_ADDR_WHOLE, 0);
	if (!a)
		return -ENOMEM;
	a->guards += by;
	return 0;
}

static int pe_prepare_services(struct pe_prepare *p)
{
	struct pe_object *obj;
	int err;

	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_SERVICE], touched) {
		err = pe_prepare_service(p, obj);
		if (!err)
			err = pe_prepare_service_addrs(p, obj);
		if (err)
			return err;
		cond_resched();
	}
	list_for_each_entry(obj, &p->txn->touched[PE_NOUN_DEVICE], touched) {
		if (obj->next == obj->live)
			continue;
		p->change = obj->change;
		err = pe_prepare_guard(p, obj->next, 1);
		if (!err)
			err = pe_prepare_guard(p, obj->live, -1);
		if (err)
			return err;
	}
	return 0;
}

/* The one of two services that collide which this transaction touches. */
static void pe_prepare_blame(struct pe_prepare *p)
{
	const struct pe_service *svc = p->refusal->subject;

	p->change = NULL;
	if (svc && pe_object_touched(svc->obj)) {
		p->change = svc->obj->change;
		return;
	}
	svc = p->refusal->other;
	if (svc && pe_object_touched(svc->obj))
		p->change = svc->obj->change;
	p->refusal->attr = 0;
}

static int pe_prepare_settle_table(struct pe_prepare *p,
				   struct pe_table *table)
{
	struct pe_addr *a, *fit;
	u32 at = 0;
	int err;

	while ((a = pe_table_next(table, &at))) {
		err = pe_addr_settle(a, p->refusal);
		if (err) {
			pe_prepare_blame(p);
			return err;
		}
		cond_resched();
		if (a->n == a->size)
			continue;
		fit = pe_addr_copy(a, a->n);
		if (!fit)
			return -ENOMEM;
		fit->searchable = a->searchable;
		fit->lookup = a->lookup;
		fit->codes = a->codes;
		fit->formers = a->formers;
		pe_table_replace(table, a, fit);
		kvfree(a);
	}
	return 0;
}

static int pe_prepare_settle(struct pe_prepare *p, enum pe_family family)
{
	const struct pe_draft *draft = p->txn->clients[family];
	int err, i;

	err = pe_prepare_settle_table(p, p->txn->addrs[family]);
	for (i = 0; draft && !err && i < PE_PREFIX_LENGTHS; i++)
		err = pe_prepare_settle_table(p, draft->table[i]);
	return err;
}

/* The prefixes of one length as they will be: those that stay and those that
 * are new. NULL when there are none.
 */
static struct pe_table *pe_prepare_prefixes(const struct pe_table *live,
					    const struct pe_table *changed,
					    u8 proto)
{
	u32 n = changed->n + (live ? live->n : 0), at = 0;
	struct pe_table *table;
	struct pe_addr *a;

	table = pe_table_grown(NULL, proto, n);
	if (IS_ERR(table))
		return table;
	while ((a = pe_table_next(changed, &at)))
		if (!pe_addr_is_empty(a))
			pe_table_insert(table, a);
	for (at = 0; (a = pe_table_next(live, &at)); cond_resched())
		if (!pe_table_find(changed, &a->addr, proto))
			pe_table_insert(table, a);
	if (table->n)
		return table;
	pe_table_free(table);
	return NULL;
}

/* How often something drains at prefixes that change, because they do. */
static u32 pe_prepare_prefixes_fresh(const struct pe_table *changed)
{
	struct pe_addr *a;
	u32 at = 0, n = 0;

	while ((a = pe_table_next(changed, &at)))
		n += !!pe_addr_fresh(a);
	return n;
}

static int pe_prepare_clients(struct pe_prepare *p, enum pe_family family)
{
	u8 proto = family == PE_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	struct pe_draft *draft = p->txn->clients[family];
	const struct pe_prefixes *old = pe_net_clients(p->pn, family);
	struct pe_table *table;
	int i;

	if (!draft)
		return 0;
	draft->next = pe_prefixes_new();
	if (!draft->next)
		return -ENOMEM;
	draft->next->drains = old ? old->drains : 0;
	for (i = PE_PREFIX_LENGTHS - 1; i >= 0; i--) {
		draft->next->drains +=
			pe_prepare_prefixes_fresh(draft->table[i]);
		table = pe_prefixes_table(old, i);
		if (draft->table[i])
			table = pe_prepare_prefixes(table, draft->table[i],
						    proto);
		if (IS_ERR(table))
			return PTR_ERR(table);
		if (table)
			pe_prefixes_add(draft->next, table, proto, i);
	}
	return 0;
}

/* Room for new addresses, in a table that packets may read from now on. */
static int pe_prepare_room(struct pe_prepare *p, enum pe_family family)
{
	u8 proto = family == PE_IPV4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	const struct pe_table *addrs = p->txn->addrs[family];
	struct pe_table *old, *grown;

	/* Without a table the hook would look no further. */
	if (!addrs && !p->txn->clients[family])
		return 0;
	old = pe_net_table(p->pn, family);
	grown = pe_table_grown(old, proto, addrs ? addrs->n : 0);
	if (IS_ERR_OR_NULL(grown))
		return PTR_ERR_OR_ZERO(grown);
	rcu_assign_pointer(p->pn->table[family], grown);
	if (old)
		kvfree_rcu(old, rcu);
	return 0;
}

static bool pe_prepare_guarding(const struct pe_txn *txn)
{
	const struct pe_addr *a;
	u32 at;
	int i;

	for (i = 0; i < PE_FAMILIES; i++) {
		at = 0;
		while ((a = pe_table_next(txn->addrs[i], &at)))
			if (a->guards)
				return true;
	}
	return false;
}

/* Is there an IPv4 address among what the transaction has announced? */
static bool pe_prepare_arp(const struct pe_txn *txn)
{
	const struct pe_service *svc;
	const struct pe_object *obj;

	list_for_each_entry(obj, &txn->touched[PE_NOUN_SERVICE], touched) {
		svc = obj->next;
		if (svc && svc->announce && svc->family == NFPROTO_IPV4)
			return true;
	}
	return false;
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
	int err, i;

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
		err = pe_prepare_engine(&p);
	for (i = 0; !err && i < PE_FAMILIES; i++)
		err = pe_prepare_settle(&p, i);
	for (i = 0; !err && i < PE_FAMILIES; i++)
		err = pe_prepare_clients(&p, i);
	for (i = 0; !err && i < PE_FAMILIES; i++)
		err = pe_prepare_room(&p, i);
	if (!err && (txn->addrs[PE_IPV4] || txn->addrs[PE_IPV6] ||
		     txn->clients[PE_IPV4] || txn->clients[PE_IPV6]))
		err = pe_net_hooks(pn, pe_prepare_guarding(txn),
				   pe_prepare_arp(txn));
	if (err)
		*fault = p.change;
	return err;
}
