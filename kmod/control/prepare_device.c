// SPDX-License-Identifier: GPL-2.0-only
/* What a commit makes of devices. */

#include "../model/device.h"
#include "prepare.h"

/**
 * pe_prepare_iface() - is an interface there that something is attached to?
 * @p: the commit
 * @iface: the interface, or NULL for none
 * @noun: what @obj is, for a refusal
 * @obj: what is attached
 * @attr: attribute that names the interface
 *
 * Return: 0 or a negative errno.
 */
int pe_prepare_iface(struct pe_prepare *p, const struct pe_iface *iface,
		     const char *noun, const struct pe_object *obj, u16 attr)
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

/**
 * pe_prepare_devices() - devices that are new or changed
 * @p: the commit
 *
 * Return: 0 or a negative errno.
 */
int pe_prepare_devices(struct pe_prepare *p)
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
