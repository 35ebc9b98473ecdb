// SPDX-License-Identifier: GPL-2.0-only
/* Interfaces by name: found when they appear, forgotten before they go. */

#include <linux/etherdevice.h>
#include <linux/if_arp.h>
#include <linux/netfilter.h>
#include <linux/rculist.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>
#include <net/vxlan.h>

#include "device.h"
#include "iface.h"
#include "netns.h"

/* A hook at an interface. */
struct pe_ingress {
	struct nf_hook_ops	ops;
	struct rcu_head		rcu;	/* who lists hooks reads @ops */
};

static bool pe_iface_usable(const struct pe_iface *iface,
			    const struct net_device *dev)
{
	if (iface->tunnel)
		return dev->type == ARPHRD_NONE && netif_is_vxlan(dev);
	return dev->type == ARPHRD_ETHER && dev->addr_len == ETH_ALEN;
}

/**
 * pe_iface_get() - the interface of this name, for one more user
 * @pn: namespace
 * @name: of the interface, shorter than IFNAMSIZ
 * @tunnel: it has to be one of VXLAN-GPE, not of Ethernet
 *
 * Context: process context, pe_net.lock held.
 * Return: the interface, there or not, or an error pointer.
 */
struct pe_iface *pe_iface_get(struct pe_net *pn, const char *name,
			      bool tunnel)
{
	struct pe_iface *iface;
	struct net_device *dev;

	lockdep_assert_held(&pn->lock);
	/* Only we add and delete, so the list stands still. */
	list_for_each_entry(iface, &pn->ifaces, list) {
		if (iface->tunnel == tunnel && !strcmp(iface->name, name)) {
			iface->users++;
			return iface;
		}
	}
	/* Notifiers walk them all. */
	if (pn->iface_count == PE_IFACES_LIMIT)
		return ERR_PTR(-ENOSPC);
	iface = kzalloc(sizeof(*iface), GFP_KERNEL_ACCOUNT);
	if (!iface)
		return ERR_PTR(-ENOMEM);
	pn->iface_count++;
	strscpy(iface->name, name, sizeof(iface->name));
	iface->users = 1;
	iface->tunnel = tunnel;

	/* An interface is off the namespace's list before its notifier runs:
	 * found under the lock, it is still to be announced gone.
	 */
	spin_lock_bh(&pn->ifaces_lock);
	list_add_tail(&iface->list, &pn->ifaces);
	rcu_read_lock();
	dev = dev_get_by_name_rcu(pn->net, name);
	/* It may have been found by an alternative name. */
	if (dev && pe_iface_usable(iface, dev) && !strcmp(dev->name, name))
		rcu_assign_pointer(iface->dev, dev);
	rcu_read_unlock();
	spin_unlock_bh(&pn->ifaces_lock);
	return iface;
}

/**
 * pe_iface_put() - one user less
 * @pn: namespace
 * @iface: interface, or NULL
 *
 * Context: process context, pe_net.lock held.
 */
void pe_iface_put(struct pe_net *pn, struct pe_iface *iface)
{
	if (!iface || --iface->users)
		return;
	spin_lock_bh(&pn->ifaces_lock);
	list_del(&iface->list);
	spin_unlock_bh(&pn->ifaces_lock);
	pn->iface_count--;
	kfree_rcu(iface, rcu);
}

/* The hook goes with the listeners and with the interface, whichever goes
 * first. The interface cannot go under us: that is announced under RTNL.
 */
static int pe_iface_hook(struct pe_net *pn, struct pe_iface *iface)
{
	struct net_device *dev = rtnl_dereference(iface->dev);
	struct pe_ingress *ingress;
	int err;

	if (!dev || iface->ingress || !iface->listeners)
		return 0;
	ingress = kzalloc(sizeof(*ingress), GFP_KERNEL_ACCOUNT);
	if (!ingress)
		return -ENOMEM;
	ingress->ops = pn->ingress;
	ingress->ops.dev = dev;
	err = nf_register_net_hook(pn->net, &ingress->ops);
	if (err)
		kfree(ingress);
	else
		iface->ingress = ingress;
	return err;
}

static void pe_iface_unhook(struct pe_net *pn, struct pe_iface *iface)
{
	struct pe_ingress *ingress = iface->ingress;

	if (!ingress)
		return;
	iface->ingress = NULL;
	nf_unregister_net_hook(pn->net, &ingress->ops);
	kfree_rcu(ingress, rcu);
}

/**
 * pe_iface_listen() - hear packets that no hook of IP meets, once more
 * @pn: namespace
 * @iface: interface, there or not
 *
 * Context: process context, pe_net.lock held, RTNL not.
 * Return: 0 or a negative errno.
 */
int pe_iface_listen(struct pe_net *pn, struct pe_iface *iface)
{
	int err;

	rtnl_lock();
	iface->listeners++;
	err = pe_iface_hook(pn, iface);
	if (err)
		iface->listeners--;
	rtnl_unlock();
	return err;
}

/**
 * pe_iface_deafen() - one listener less
 * @pn: namespace
 * @iface: interface
 *
 * Context: process context, pe_net.lock held, RTNL not.
 */
void pe_iface_deafen(struct pe_net *pn, struct pe_iface *iface)
{
	rtnl_lock();
	if (!--iface->listeners)
		pe_iface_unhook(pn, iface);
	rtnl_unlock();
}

/**
 * pe_iface_attach() - an interface appeared, or has another name now
 * @pn: namespace
 * @dev: the interface
 *
 * Context: notifier, RTNL held.
 * Return: true when the configuration names the interface and it was not
 * there before.
 */
bool pe_iface_attach(struct pe_net *pn, struct net_device *dev)
{
	struct pe_iface *iface, *here = NULL;
	bool came = false;

	spin_lock_bh(&pn->ifaces_lock);
	list_for_each_entry(iface, &pn->ifaces, list) {
		if (strcmp(iface->name, dev->name) ||
		    !pe_iface_usable(iface, dev))
			continue;
		came = !rcu_access_pointer(iface->dev);
		rcu_assign_pointer(iface->dev, dev);
		/* Who listens goes under RTNL, which keeps the interface. */
		if (iface->listeners)
			here = iface;
	}
	pe_ports_refresh(pn);
	spin_unlock_bh(&pn->ifaces_lock);
	if (here && pe_iface_hook(pn, here))
		netdev_warn(dev, "no memory for a hook: tracked packets from devices here are not met\n");
	return came;
}

/**
 * pe_iface_detach() - an interface goes, or has another name now
 * @pn: namespace
 * @dev: the interface
 * @renamed: it only has another name
 * @name: out: the name it is gone from, IFNAMSIZ bytes
 *
 * Context: notifier, RTNL held.
 * Return: true when the configuration names the interface.
 */
bool pe_iface_detach(struct pe_net *pn, struct net_device *dev, bool renamed,
		     char *name)
{
	struct pe_iface *iface, *here = NULL;
	bool went = false;

	spin_lock_bh(&pn->ifaces_lock);
	list_for_each_entry(iface, &pn->ifaces, list) {
		if (rcu_access_pointer(iface->dev) != dev)
			continue;
		if (renamed && !strcmp(iface->name, dev->name))
			continue;
		RCU_INIT_POINTER(iface->dev, NULL);
		strscpy(name, iface->name, IFNAMSIZ);
		went = true;
		if (iface->listeners)
			here = iface;
	}
	pe_ports_refresh(pn);
	spin_unlock_bh(&pn->ifaces_lock);
	if (here)
		pe_iface_unhook(pn, here);
	return went;
}
