// SPDX-License-Identifier: GPL-2.0-only
/* What is announced where: kept for services, found by packets. */

#include <linux/rhashtable.h>
#include <linux/rtnetlink.h>
#include <linux/slab.h>

#include "announce.h"
#include "event.h"
#include "netns.h"

/* How often it is said who has an address: one of the messages may be lost
 * (RFC 5227, section 2.3; RFC 4861, section 7.2.6).
 */
#define PE_ANNOUNCE_TIMES	3

/* Between two times that the same claim is told of. */
#define PE_CLAIM_INTERVAL	(10 * HZ)

const struct rhashtable_params pe_announce_params = {
	.head_offset		= offsetof(struct pe_announce, node),
	.key_offset		= offsetof(struct pe_announce, addr),
	.key_len		= sizeof_field(struct pe_announce, addr),
	.automatic_shrinking	= true,
};

static struct pe_announce *pe_announce_new(struct pe_net *pn,
					   struct pe_iface *iface,
					   const union nf_inet_addr *addr,
					   u8 family)
{
	struct pe_announce *a;
	int err;

	if (pn->announce_count == PE_ANNOUNCES_LIMIT)
		return ERR_PTR(-ENOSPC);
	a = kzalloc(sizeof(*a), GFP_KERNEL_ACCOUNT);
	if (!a)
		return ERR_PTR(-ENOMEM);
	a->addr = *addr;
	a->family = family;
	a->iface = iface;
	a->claimed = jiffies - PE_CLAIM_INTERVAL;
	err = rhltable_insert(&pn->announces, &a->node, pe_announce_params);
	if (err) {
		kfree(a);
		return ERR_PTR(err);
	}
	iface->users++;
	pn->announce_count++;
	spin_lock_bh(&pn->ifaces_lock);
	list_add_tail(&a->list, &pn->announced);
	spin_unlock_bh(&pn->ifaces_lock);
	return a;
}

/**
 * pe_announce_get() - an address on an interface, for one more service
 * @pn: namespace
 * @iface: the interface
 * @addr: the address
 * @family: NFPROTO_* of it
 *
 * Nobody is answered before pe_announce_begin().
 *
 * Context: process context, pe_net.lock held.
 * Return: the announcement or an error pointer.
 */
struct pe_announce *pe_announce_get(struct pe_net *pn, struct pe_iface *iface,
				    const union nf_inet_addr *addr, u8 family)
{
	struct rhlist_head *found, *pos;
	struct pe_announce *a;

	lockdep_assert_held(&pn->lock);
	rcu_read_lock();
	found = rhltable_lookup(&pn->announces, addr, pe_announce_params);
	rhl_for_each_entry_rcu(a, pos, found, node) {
		if (a->iface == iface && a->family == family) {
			rcu_read_unlock();
			a->versions++;
			return a;
		}
	}
	rcu_read_unlock();
	a = pe_announce_new(pn, iface, addr, family);
	if (!IS_ERR(a))
		a->versions = 1;
	return a;
}

/**
 * pe_announce_put() - one service less
 * @pn: namespace
 * @a: what it pointed to, or NULL
 *
 * Context: process context, pe_net.lock held.
 */
void pe_announce_put(struct pe_net *pn, struct pe_announce *a)
{
	lockdep_assert_held(&pn->lock);
	if (a && !--a->versions)
		pe_announce_wake(pn);
}

/**
 * pe_announce_free() - nobody points here, and no group is joined
 * @pn: namespace
 * @a: the announcement
 *
 * Context: process context, pe_net.lock held.
 */
void pe_announce_free(struct pe_net *pn, struct pe_announce *a)
{
	lockdep_assert_held(&pn->lock);
	rhltable_remove(&pn->announces, &a->node, pe_announce_params);
	spin_lock_bh(&pn->ifaces_lock);
	list_del(&a->list);
	spin_unlock_bh(&pn->ifaces_lock);
	pn->announce_count--;
	pe_iface_put(pn, a->iface);
	kfree_rcu(a, rcu);
}

static void pe_announce_say(struct pe_announce *a)
{
	a->say = PE_ANNOUNCE_TIMES;
	a->next = jiffies;
}

/**
 * pe_announce_begin() - a live service more that wants the address announced
 * @pn: namespace
 * @a: the announcement, or NULL
 *
 * Context: process context, pe_net.lock held.
 */
void pe_announce_begin(struct pe_net *pn, struct pe_announce *a)
{
	if (!a)
		return;
	WRITE_ONCE(a->services, a->services + 1);
	if (a->services > 1)
		return;
	pn->announcing[pe_family_of(a->family)]++;
	spin_lock_bh(&pn->ifaces_lock);
	pe_announce_say(a);
	spin_unlock_bh(&pn->ifaces_lock);
	pe_announce_wake(pn);
}

/**
 * pe_announce_end() - a live service less that wants the address announced
 * @pn: namespace
 * @a: the announcement, or NULL
 *
 * Context: process context, pe_net.lock held.
 */
void pe_announce_end(struct pe_net *pn, struct pe_announce *a)
{
	if (!a)
		return;
	WRITE_ONCE(a->services, a->services - 1);
	if (a->services)
		return;
	pn->announcing[pe_family_of(a->family)]--;
	pe_announce_wake(pn);
}

/**
 * pe_announce_find() - is an address to be answered for?
 * @pn: namespace
 * @addr: the address
 * @family: NFPROTO_* of it
 * @dev: interface that somebody asks on
 *
 * Context: RCU read lock held.
 * Return: the announcement, or NULL.
 */
struct pe_announce *pe_announce_find(struct pe_net *pn, const void *addr,
				     u8 family, const struct net_device *dev)
{
	struct rhlist_head *found, *pos;
	union nf_inet_addr key = {};
	struct pe_announce *a;

	memcpy(&key, addr, family == NFPROTO_IPV4 ? sizeof(key.ip) :
						    sizeof(key.in6));
	found = rhltable_lookup(&pn->announces, &key, pe_announce_params);
	rhl_for_each_entry_rcu(a, pos, found, node)
		if (a->family == family && pe_iface_is(a->iface, dev) &&
		    READ_ONCE(a->services))
			return a;
	return NULL;
}

/**
 * pe_announce_claim() - another host says that it has an announced address
 * @pn: namespace
 * @a: the announcement
 * @mac: link-layer address of the other host
 *
 * It is told of, once in a while, and not argued about, for it may be another
 * engine that takes over: what was to be said of the address is not.
 *
 * Context: any.
 */
void pe_announce_claim(struct pe_net *pn, struct pe_announce *a, const u8 *mac)
{
	unsigned long last = READ_ONCE(a->claimed);

	spin_lock_bh(&pn->ifaces_lock);
	a->say = 0;
	spin_unlock_bh(&pn->ifaces_lock);
	if (jiffies - last < PE_CLAIM_INTERVAL ||
	    cmpxchg(&a->claimed, last, jiffies) != last)
		return;
	if (a->family == NFPROTO_IPV4)
		net_warn_ratelimited("pe: %pM claims %pI4, which is announced on %s\n",
				     mac, &a->addr.ip, a->iface->name);
	else
		net_warn_ratelimited("pe: %pM claims %pI6c, which is announced on %s\n",
				     mac, &a->addr.in6, a->iface->name);
	pe_event_claim(pn, a, mac);
}

/**
 * pe_announce_again() - an interface came up or has another address: who asked
 * before is to know
 * @pn: namespace
 * @dev: the interface
 *
 * Context: notifier, RTNL held.
 */
void pe_announce_again(struct pe_net *pn, const struct net_device *dev)
{
	struct pe_announce *a;

	spin_lock_bh(&pn->ifaces_lock);
	list_for_each_entry(a, &pn->announced, list)
		if (pe_iface_is(a->iface, dev))
			pe_announce_say(a);
	spin_unlock_bh(&pn->ifaces_lock);
	pe_announce_wake(pn);
}

/**
 * pe_announce_part() - part announcements from an interface that goes
 * @pn: namespace
 * @dev: the interface
 * @addrs: out: addresses whose groups are joined there, for the caller to leave
 * @n: room in @addrs
 *
 * Context: notifier, RTNL held.
 * Return: how many, @n if there may be more.
 */
int pe_announce_part(struct pe_net *pn, const struct net_device *dev,
		     struct in6_addr *addrs, int n)
{
	struct pe_announce *a;
	int i = 0;

	ASSERT_RTNL();
	spin_lock_bh(&pn->ifaces_lock);
	list_for_each_entry(a, &pn->announced, list) {
		if (i == n)
			break;
		if (a->joined != dev)
			continue;
		a->joined = NULL;
		addrs[i++] = a->addr.in6;
	}
	spin_unlock_bh(&pn->ifaces_lock);
	return i;
}

/**
 * pe_announce_wake() - have the work look what there is to do
 * @pn: namespace
 *
 * Context: any.
 */
void pe_announce_wake(struct pe_net *pn)
{
	if (!READ_ONCE(pn->dead) && !list_empty(&pn->announced))
		mod_delayed_work(system_wq, &pn->announce_work, 0);
}
