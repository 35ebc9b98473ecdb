// SPDX-License-Identifier: GPL-2.0-only
/* The work that says who has an announced address, and that keeps the groups
 * which the questions for it are sent to.
 */

#include <linux/igmp.h>
#include <linux/rtnetlink.h>
#include <net/addrconf.h>

#include "herald.h"
#include "model/announce.h"
#include "netns.h"
#include "path/path.h"

/* Messages and groups before others may have the locks. */
#define PE_HERALD_BURST		256

#define PE_HERALD_INTERVAL	HZ
#define PE_HERALD_NEVER		LONG_MAX

/* Groups to leave in one go. */
#define PE_HERALD_GROUPS	16

/**
 * pe_herald_leave() - an interface goes, or forgets all about IPv6
 * @pn: namespace
 * @dev: the interface
 *
 * IPv6 may have forgotten already. It has not where it is us who stop to listen,
 * for then the kernel tells us that all interfaces go.
 *
 * Context: notifier, RTNL held.
 */
void pe_herald_leave(struct pe_net *pn, struct net_device *dev)
{
	struct in6_addr addrs[PE_HERALD_GROUPS], group;
	int n, i;

	do {
		n = pe_announce_part(pn, dev, addrs, PE_HERALD_GROUPS);
		for (i = 0; i < n; i++) {
			addrconf_addr_solict_mult(&addrs[i], &group);
			ipv6_dev_mc_dec(dev, &group);
		}
	} while (n == PE_HERALD_GROUPS);
}

/* Be in the group on this interface and on no other, NULL for none. Return: was
 * that done now? What fails is not, and keeps nothing else from being done.
 */
static bool pe_herald_group(struct pe_announce *a, struct net_device *dev)
{
	struct in6_addr group;

	if (a->joined == dev)
		return false;
	addrconf_addr_solict_mult(&a->addr.in6, &group);
	if (a->joined) {
		ipv6_dev_mc_dec(a->joined, &group);
		a->joined = NULL;
	}
	/* Without IPv6 on the interface nobody asks. */
	if (dev && !ipv6_dev_mc_inc(dev, &group))
		a->joined = dev;
	return a->joined == dev;
}

/* Is it time to say it? Otherwise it will be within @wait. */
static bool pe_herald_is_due(struct pe_net *pn, struct pe_announce *a,
			     const struct net_device *dev, long *wait)
{
	bool due = false;

	spin_lock_bh(&pn->ifaces_lock);
	/* When the link is up, it is to be said again. */
	if (!(dev->flags & IFF_UP) || !netif_carrier_ok(dev))
		a->say = 0;
	if (a->say && time_after_eq(jiffies, a->next)) {
		a->say--;
		a->next = jiffies + PE_HERALD_INTERVAL;
		due = true;
	}
	if (a->say)
		*wait = min(*wait, (long)(a->next - jiffies));
	spin_unlock_bh(&pn->ifaces_lock);
	return due;
}

/* Return: jiffies until there is more to do, PE_HERALD_NEVER for nothing. */
static long pe_herald_round(struct pe_net *pn)
{
	long wait = PE_HERALD_NEVER;
	struct pe_announce *a, *tmp;
	struct net_device *dev;
	int done = 0;
	bool did;

	list_for_each_entry_safe(a, tmp, &pn->announced, list) {
		cond_resched();
		dev = a->services ? rtnl_dereference(a->iface->dev) : NULL;
		did = a->family == NFPROTO_IPV6 && pe_herald_group(a, dev);
		if (!a->versions) {
			pe_announce_free(pn, a);
		} else if (dev && pe_herald_is_due(pn, a, dev, &wait)) {
			pe_announce_send(a, dev);
			did = true;
		}
		if (did && ++done == PE_HERALD_BURST)
			return 1;
	}
	return wait;
}

/**
 * pe_herald_work() - do what announcements want done
 * @work: pe_net.announce_work
 */
void pe_herald_work(struct work_struct *work)
{
	struct pe_net *pn = container_of(to_delayed_work(work), struct pe_net,
					 announce_work);
	long wait;

	mutex_lock(&pn->lock);
	rtnl_lock();
	wait = pe_herald_round(pn);
	rtnl_unlock();
	mutex_unlock(&pn->lock);
	if (!READ_ONCE(pn->dead) && wait != PE_HERALD_NEVER)
		queue_delayed_work(system_wq, &pn->announce_work,
				   max(wait, 0L));
}

/**
 * pe_herald_stop() - the namespace or the module goes: leave every group
 * @pn: namespace
 *
 * Context: process context, nothing is answered any more.
 */
void pe_herald_stop(struct pe_net *pn)
{
	struct pe_announce *a;

	cancel_delayed_work_sync(&pn->announce_work);
	mutex_lock(&pn->lock);
	rtnl_lock();
	list_for_each_entry(a, &pn->announced, list) {
		if (a->family == NFPROTO_IPV6)
			pe_herald_group(a, NULL);
		cond_resched();
	}
	rtnl_unlock();
	mutex_unlock(&pn->lock);
}
