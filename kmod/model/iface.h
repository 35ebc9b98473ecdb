/* SPDX-License-Identifier: GPL-2.0-only */
/* An interface by name, whether it is there or not. */
#ifndef _PE_IFACE_H
#define _PE_IFACE_H

#include <linux/err.h>
#include <linux/if.h>
#include <linux/list.h>
#include <linux/netdevice.h>

struct pe_ingress;
struct pe_net;

/**
 * struct pe_iface - an interface that the configuration names
 * @dev: the interface now, NULL while there is none of that name; no
 *	reference is held, the notifier clears it before the interface goes
 *	and a grace period passes in between
 * @list: in pe_net.ifaces
 * @users: ports and services that point here; under pe_net.lock
 * @listeners: sequences, a time for each port of theirs, whose devices return
 *	packets here that no hook of IP meets; under RTNL
 * @ingress: the hook that meets them, NULL without @listeners or @dev; under
 *	RTNL
 * @rcu: readers may still hold a port that points here
 * @tunnel: only a VXLAN-GPE interface will do, which has no link-layer
 *	addresses; else only one of Ethernet
 * @name: never changes; an interface renamed away from it is gone
 */
struct pe_iface {
	struct net_device __rcu	*dev;
	struct list_head	list;
	u32			users;
	u32			listeners;
	struct pe_ingress	*ingress;
	struct rcu_head		rcu;
	bool			tunnel;
	char			name[IFNAMSIZ];
};

/* Where it is not known what a packet came in by: no interface is this. */
#define PE_DEV_NONE	((const struct net_device *)ERR_PTR(-ENODEV))

/**
 * pe_iface_is() - is this the interface that a packet came in by?
 * @iface: interface of the configuration
 * @dev: interface of arrival, or PE_DEV_NONE
 *
 * Context: RCU read lock held.
 */
static inline bool pe_iface_is(const struct pe_iface *iface,
			       const struct net_device *dev)
{
	return rcu_access_pointer(iface->dev) == dev;
}

struct pe_iface *pe_iface_get(struct pe_net *pn, const char *name,
			      bool tunnel);
void pe_iface_put(struct pe_net *pn, struct pe_iface *iface);
int pe_iface_listen(struct pe_net *pn, struct pe_iface *iface);
void pe_iface_deafen(struct pe_net *pn, struct pe_iface *iface);
bool pe_iface_attach(struct pe_net *pn, struct net_device *dev);
bool pe_iface_detach(struct pe_net *pn, struct net_device *dev, bool renamed,
		     char *name);

#endif /* _PE_IFACE_H */
