// SPDX-License-Identifier: GPL-2.0-only
/* Notifiers: interfaces and neighbours that come, change and go. */

#include <linux/netdevice.h>
#include <linux/notifier.h>
#include <net/ipv6.h>
#include <net/neighbour.h>
#include <net/netevent.h>

#include "control/notify.h"
#include "herald.h"
#include "model/announce.h"
#include "model/device.h"
#include "model/iface.h"
#include "netns.h"
#include "watch.h"

static int pe_watch_netdev(struct notifier_block *nb, unsigned long event,
			   void *data)
{
	struct net_device *dev = netdev_notifier_info_to_dev(data);
	struct pe_net *pn = pe_net(dev_net(dev));
	char name[IFNAMSIZ];

	switch (event) {
	case NETDEV_UNREGISTER:
		pe_herald_leave(pn, dev);
		if (pe_iface_detach(pn, dev, false, name))
			pe_notify_iface(pn, name, PE_EVENT_INTERFACE_GONE);
		break;
	case NETDEV_CHANGENAME:
		if (pe_iface_detach(pn, dev, true, name))
			pe_notify_iface(pn, name, PE_EVENT_INTERFACE_GONE);
		pe_announce_wake(pn);
		fallthrough;
	case NETDEV_REGISTER:
		if (!pe_iface_attach(pn, dev))
			break;
		pe_notify_iface(pn, dev->name, PE_EVENT_INTERFACE_BACK);
		fallthrough;
	case NETDEV_UP:
		pe_ports_ask(pn);
		pe_announce_again(pn, dev);
		break;
	case NETDEV_CHANGEADDR:
		pe_ports_mirror(pn);
		pe_announce_again(pn, dev);
		break;
	case NETDEV_CHANGE:
	case NETDEV_NOTIFY_PEERS:
		pe_announce_again(pn, dev);
		break;
	case NETDEV_CHANGEMTU:
		/* Too small for IPv6, which forgets all about it then. */
		if (dev->mtu < IPV6_MIN_MTU)
			pe_herald_leave(pn, dev);
		pe_announce_wake(pn);
		break;
	}
	return NOTIFY_DONE;
}

static int pe_watch_neighbour(struct notifier_block *nb, unsigned long event,
			      void *data)
{
	struct neighbour *n = data;

	if (event == NETEVENT_NEIGH_UPDATE)
		pe_ports_neighbour(pe_net(dev_net(n->dev)), n);
	return NOTIFY_DONE;
}

static struct notifier_block pe_netdev_notifier = {
	.notifier_call = pe_watch_netdev,
};

static struct notifier_block pe_neighbour_notifier = {
	.notifier_call = pe_watch_neighbour,
};

/**
 * pe_watch_init() - listen to interfaces and neighbours of all namespaces
 *
 * Return: 0 or a negative errno.
 */
int __init pe_watch_init(void)
{
	int err;

	err = register_netdevice_notifier(&pe_netdev_notifier);
	if (err)
		return err;
	err = register_netevent_notifier(&pe_neighbour_notifier);
	if (err)
		unregister_netdevice_notifier(&pe_netdev_notifier);
	return err;
}

/**
 * pe_watch_exit() - listen no more
 */
void pe_watch_exit(void)
{
	unregister_netevent_notifier(&pe_neighbour_notifier);
	unregister_netdevice_notifier(&pe_netdev_notifier);
}
