// SPDX-License-Identifier: GPL-2.0-only
/* Devices: their lifetime, and the link-layer addresses of their ports. */

#include <linux/slab.h>
#include <net/arp.h>
#include <net/ndisc.h>
#include <net/neighbour.h>

#include "device.h"
#include "netns.h"
#include "pool.h"

#define PE_ASK_INTERVAL	(HZ / 10)

/**
 * pe_device_new() - a device without ports
 *
 * Context: process context.
 * Return: the device with one user, or NULL when memory is short.
 */
struct pe_device *pe_device_new(void)
{
	struct pe_device *dev;

	dev = kzalloc(sizeof(*dev), GFP_KERNEL_ACCOUNT);
	if (!dev)
		return NULL;
	dev->users = 1;
	dev->outside.device = dev;
	dev->inside.device = dev;
	INIT_LIST_HEAD(&dev->outside.list);
	INIT_LIST_HEAD(&dev->inside.list);
	return dev;
}

static void pe_device_free_rcu(struct rcu_head *head)
{
	struct pe_device *dev = container_of(head, struct pe_device, rcu);

	pe_meter_put(dev->meter);
	pe_route_free(dev->route);
	pe_tunnel_free(dev->outside.tunnel);
	pe_tunnel_free(dev->inside.tunnel);
	kfree(dev);
}

/**
 * pe_device_put() - one user less
 * @pn: namespace
 * @dev: device, or NULL
 *
 * Context: process context, pe_net.lock held. Packets may see the device for
 * a grace period after its last user went.
 */
void pe_device_put(struct pe_net *pn, struct pe_device *dev)
{
	if (!dev || --dev->users)
		return;
	spin_lock_bh(&pn->ifaces_lock);
	list_del_init(&dev->outside.list);
	list_del_init(&dev->inside.list);
	spin_unlock_bh(&pn->ifaces_lock);
	pe_iface_put(pn, dev->outside.iface);
	pe_iface_put(pn, dev->inside.iface);
	pe_route_forget(dev->route);
	pe_object_put(dev->obj);
	call_rcu(&dev->rcu, pe_device_free_rcu);
}

static struct neigh_table *pe_port_neigh_table(const struct pe_port *port)
{
	return port->via_proto == NFPROTO_IPV4 ? &arp_tbl : ipv6_stub->nd_tbl;
}

/**
 * pe_neighbour_mac() - the link-layer address of a neighbour
 * @n: neighbour
 *
 * Return: the address as pe_mac() makes it, 0 while it is not known.
 */
u64 pe_neighbour_mac(struct neighbour *n)
{
	u8 ha[MAX_ADDR_LEN] = {};
	unsigned int seq;
	u8 state;

	do {
		seq = read_seqbegin(&n->ha_lock);
		state = READ_ONCE(n->nud_state);
		memcpy(ha, n->ha, ETH_ALEN);
	} while (read_seqretry(&n->ha_lock, seq));
	return state & NUD_VALID ? pe_mac(ha) : 0;
}

/* A neighbour that is being asked for again is most likely where it was, or lost
 * as it was. True where it was asked for in vain, or its entry is about to be
 * deleted.
 */
static bool pe_port_learn(struct pe_port *port, struct neighbour *n)
{
	bool failed = READ_ONCE(n->nud_state) & NUD_FAILED;
	u64 mac = pe_neighbour_mac(n);

	if (mac) {
		WRITE_ONCE(port->mac, mac);
		WRITE_ONCE(port->lost, false);
	}
	return failed;
}

/* Has an entry failed just now, so that it may be deleted yet? */
static bool pe_port_is_unsure(const struct pe_port *port)
{
	return port->failed && jiffies - port->failed_at < PE_ASK_INTERVAL;
}

/* Was the neighbour asked for in vain? An entry that has failed is asked for anew
 * as soon as there is a packet for it, and is still the same; one that was
 * deleted says nothing. Forgets what has failed.
 */
static bool pe_port_is_lost(struct pe_port *port, struct neighbour *n)
{
	bool failed = pe_port_learn(port, n) ||
		      (port->failed == n && !pe_neighbour_mac(n));

	port->failed = NULL;
	return failed && !READ_ONCE(n->dead);
}

/* Read the neighbour's address, and have it asked for when it is not known, and
 * @again when it was asked for in vain. True where it is too early to tell.
 */
static bool pe_port_resolve(struct pe_net *pn, struct pe_port *port, bool again)
{
	struct neigh_table *table = pe_port_neigh_table(port);
	struct net_device *dev;
	bool unsure = false;
	struct neighbour *n;

	rcu_read_lock();
	dev = rcu_dereference(port->iface->dev);
	if (!dev || !(dev->flags & IFF_UP))
		goto unlock;
	n = neigh_lookup(table, &port->via, dev);
	if (!n) {
		n = neigh_create(table, &port->via, dev);
		again = true;
	}
	if (IS_ERR(n))
		goto unlock;
	/* The notifier reads under the lock too, so the last one is right. */
	spin_lock_bh(&pn->ifaces_lock);
	unsure = pe_port_is_unsure(port);
	if (!unsure && pe_port_is_lost(port, n))
		WRITE_ONCE(port->lost, true);
	spin_unlock_bh(&pn->ifaces_lock);
	if (again)
		neigh_event_send(n, NULL);
	neigh_release(n);
unlock:
	rcu_read_unlock();
	return unsure;
}

static void pe_port_mirror(struct pe_port *port)
{
	struct net_device *dev;

	rcu_read_lock();
	dev = rcu_dereference(port->peer->iface->dev);
	WRITE_ONCE(port->mac, dev ? pe_mac(dev->dev_addr) : 0);
	rcu_read_unlock();
}

/* Are both known by the same address, on interfaces that may differ? */
static bool pe_port_same_via(const struct pe_port *a, const struct pe_port *b)
{
	return a->kind >= PE_PORT_KIND_VIA && a->kind == b->kind &&
	       a->via_proto == b->via_proto && a->vni == b->vni &&
	       !memcmp(&a->via, &b->via, sizeof(a->via));
}

/* What the version before knew of the same address. */
static void pe_port_inherit(struct pe_port *port, const struct pe_port *old)
{
	if (!old || port->kind != PE_PORT_KIND_VIA ||
	    port->iface != old->iface || !pe_port_same_via(port, old))
		return;
	port->mac = READ_ONCE(old->mac);
	port->lost = READ_ONCE(old->lost);
	port->failed = old->failed;
	port->failed_at = old->failed_at;
}

/**
 * pe_device_attach() - a device becomes live: keep its addresses up to date
 * @pn: namespace
 * @dev: device
 * @old: the version that it takes the place of, or NULL
 *
 * Context: process context, pe_net.lock held.
 */
void pe_device_attach(struct pe_net *pn, struct pe_device *dev,
		      const struct pe_device *old)
{
	const struct pe_port *before[] = { old ? &old->outside : NULL,
					   old ? &old->inside : NULL };
	struct pe_port *ports[] = { &dev->outside, &dev->inside };
	int i;

	for (i = 0; i < ARRAY_SIZE(ports); i++) {
		spin_lock_bh(&pn->ifaces_lock);
		pe_port_inherit(ports[i], before[i]);
		if (ports[i]->kind == PE_PORT_KIND_VIA ||
		    ports[i]->kind == PE_PORT_KIND_MIRROR)
			list_add_tail(&ports[i]->list, &pn->ports);
		if (ports[i]->kind == PE_PORT_KIND_MIRROR)
			pe_port_mirror(ports[i]);
		spin_unlock_bh(&pn->ifaces_lock);
		/* Asking calls our own notifier, which takes the lock. */
		if (ports[i]->kind == PE_PORT_KIND_VIA)
			pe_port_resolve(pn, ports[i], true);
	}
}

/**
 * pe_ports_ask_work() - read the addresses of all neighbours
 * @work: pe_net.ask_work
 *
 * They are asked for where somebody said so: pe_ports_ask().
 */
void pe_ports_ask_work(struct work_struct *work)
{
	struct pe_net *pn = container_of(to_delayed_work(work), struct pe_net,
					 ask_work);
	bool again = xchg(&pn->ask_again, 0), lost = false, unsure = false;
	struct pe_port *port;

	mutex_lock(&pn->lock);
	list_for_each_entry(port, &pn->ports, list) {
		if (port->kind == PE_PORT_KIND_VIA) {
			unsure |= pe_port_resolve(pn, port, again);
			lost |= READ_ONCE(port->lost);
		}
		cond_resched();
	}
	if (lost)
		pe_pools_examine(pn);
	/* Somebody else wanted it sooner than it was to be. */
	if (unsure && !pn->dead)
		queue_delayed_work(system_wq, &pn->ask_work, PE_ASK_INTERVAL);
	mutex_unlock(&pn->lock);
}

/**
 * pe_ports_ask() - interfaces came up: ask for what is behind them
 * @pn: namespace
 *
 * Context: any. Those who tell of interfaces must not wait for the lock that
 * keeps the ports.
 */
void pe_ports_ask(struct pe_net *pn)
{
	if (READ_ONCE(pn->dead) || list_empty(&pn->ports))
		return;
	WRITE_ONCE(pn->ask_again, 1);
	mod_delayed_work(system_wq, &pn->ask_work, 0);
}

/**
 * pe_ports_ask_soon() - a packet came from somewhere that we don't know
 * @pn: namespace
 *
 * Context: any. Asks at most ten times a second.
 */
void pe_ports_ask_soon(struct pe_net *pn)
{
	unsigned long asked = READ_ONCE(pn->asked);

	if (list_empty(&pn->ports) ||
	    jiffies - asked < PE_ASK_INTERVAL ||
	    cmpxchg(&pn->asked, asked, jiffies) != asked)
		return;
	pe_ports_ask(pn);
}

/**
 * pe_ports_mirror() - an interface of the engine has another address
 * @pn: namespace
 *
 * Context: notifier, RTNL held.
 */
void pe_ports_mirror(struct pe_net *pn)
{
	spin_lock_bh(&pn->ifaces_lock);
	pe_ports_refresh(pn);
	spin_unlock_bh(&pn->ifaces_lock);
}

/* Nothing more is heard of its neighbours. */
static void pe_port_forget(struct pe_port *port)
{
	WRITE_ONCE(port->mac, 0);
	port->failed = NULL;
}

/**
 * pe_ports_refresh() - interfaces changed: mirrored addresses with them
 * @pn: namespace
 *
 * Context: pe_net.ifaces_lock held.
 */
void pe_ports_refresh(struct pe_net *pn)
{
	struct pe_port *port;

	lockdep_assert_held(&pn->ifaces_lock);
	list_for_each_entry(port, &pn->ports, list) {
		if (port->kind == PE_PORT_KIND_MIRROR)
			pe_port_mirror(port);
		else if (!rcu_access_pointer(port->iface->dev))
			pe_port_forget(port);
	}
}

static bool pe_port_is_via(const struct pe_port *port, struct neighbour *n)
{
	size_t len = port->via_proto == NFPROTO_IPV4 ? 4 : 16;

	return port->kind == PE_PORT_KIND_VIA &&
	       pe_port_neigh_table(port) == n->tbl &&
	       pe_iface_is(port->iface, n->dev) &&
	       !memcmp(&port->via, n->primary_key, len);
}

/* True where the entry has failed. If it is being asked for, it has too, and
 * there was a packet for it before we heard: of nothing else it is told then. Of
 * every one that is deleted it is said so, as long as it is there: so the one that
 * is remembered always is.
 */
static bool pe_port_hears(struct pe_port *port, struct neighbour *n)
{
	bool failed = pe_port_learn(port, n) ||
		      READ_ONCE(n->nud_state) & NUD_INCOMPLETE;

	if (READ_ONCE(n->dead)) {
		if (port->failed == n)
			port->failed = NULL;
	} else if (failed) {
		port->failed = n;
		port->failed_at = jiffies;
	}
	return failed;
}

/**
 * pe_ports_neighbour() - a neighbour has another address, or none
 * @pn: namespace
 * @n: neighbour
 *
 * Context: notifier, any; the neighbour's lock is not held.
 */
void pe_ports_neighbour(struct pe_net *pn, struct neighbour *n)
{
	struct pe_port *port;
	bool failed = false;

	spin_lock_bh(&pn->ifaces_lock);
	list_for_each_entry(port, &pn->ports, list)
		if (pe_port_is_via(port, n))
			failed |= pe_port_hears(port, n);
	spin_unlock_bh(&pn->ifaces_lock);
	/* It fails too when somebody deletes it, as is heard right after; who
	 * deletes all looks again at once, and would not end if it were back.
	 */
	if (failed && !READ_ONCE(pn->dead))
		queue_delayed_work(system_wq, &pn->ask_work, PE_ASK_INTERVAL);
}

/**
 * pe_port_same_place() - would packets from both ports look the same?
 * @a: port
 * @b: port
 *
 * Context: pe_net.lock held.
 * Return: true when interface and link-layer address, as far as they are
 * known, are the same.
 */
bool pe_port_same_place(const struct pe_port *a, const struct pe_port *b)
{
	u64 mac = READ_ONCE(a->mac);

	if (a->iface != b->iface)
		return false;
	if (a == b)
		return true;
	if (pe_port_same_via(a, b))
		return true;
	/* There, no link-layer address tells anything. */
	if (a->kind == PE_PORT_KIND_TUNNEL)
		return false;
	if (a->kind == PE_PORT_KIND_MIRROR && b->kind == PE_PORT_KIND_MIRROR)
		return a->peer->iface == b->peer->iface;
	return mac && mac == READ_ONCE(b->mac);
}
