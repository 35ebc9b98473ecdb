// SPDX-License-Identifier: GPL-2.0-only
/* Devices that work or do not: what is seen of it, and what follows. */

#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "event.h"
#include "health.h"
#include "netns.h"
#include "pool.h"

/* An inline device may have its reasons to let nothing pass: it must have let
 * something pass not long before, in windows; where others do at the moment,
 * that may be longer ago.
 */
#define PE_RECENT_WINDOWS	20
#define PE_RECENT_BESIDE	200

/* What nobody asked again within this time is no evidence any more. An inline
 * device was denying what it did not return, perhaps, and must be judged by what
 * it is handed at the moment: there the time is this many windows, or so long.
 */
#define PE_EVIDENCE_TIME	(10 * HZ)
#define PE_FRESH_WINDOWS	2
#define PE_FRESH_TIME		HZ

/**
 * pe_health_new() - a device that works as far as is known
 *
 * Context: process context.
 * Return: its health, or NULL when memory is short.
 */
struct pe_health *pe_health_new(void)
{
	struct pe_health *health;

	health = kzalloc(sizeof(*health), GFP_KERNEL_ACCOUNT);
	if (!health)
		return NULL;
	health->stats = __netdev_alloc_pcpu_stats(struct pe_device_stats,
						  GFP_KERNEL_ACCOUNT);
	if (!health->stats) {
		kfree(health);
		return NULL;
	}
	health->since = ktime_get_real_ns();
	health->changed = jiffies;
	health->heard = jiffies;
	return health;
}

/**
 * pe_health_free() - no version of the device is left
 * @health: its health
 *
 * Context: any; packets cannot see it any more.
 */
void pe_health_free(struct pe_health *health)
{
	free_percpu(health->stats);
	kfree(health);
}

/**
 * pe_health_set() - a device is in another state from now on
 * @pn: namespace
 * @dev: version of it
 * @state: the state
 * @cause: what brought it about
 * @evidence: what was seen, or an empty string
 *
 * Pools that have it hand its packets to others at once; a work sees to steps
 * that name it themselves, and another tells who listens.
 *
 * Context: process context, pe_net.health_lock held.
 */
void pe_health_set(struct pe_net *pn, struct pe_device *dev,
		   enum pe_device_state state, enum pe_cause cause,
		   const char *evidence)
{
	struct pe_health *health = dev->health;
	bool worked = pe_health_works(health);
	char *p;

	lockdep_assert_held(&pn->health_lock);
	health->cause = cause;
	health->since = ktime_get_real_ns();
	health->changed = jiffies;
	health->heard = jiffies;
	health->proven = false;
	health->waiting = false;
	health->stirred = jiffies;
	if (cause == PE_CAUSE_COMMAND)
		health->drains = state == PE_DEVICE_STATE_DRAIN;
	else if (state == PE_DEVICE_STATE_UP && health->drains)
		state = PE_DEVICE_STATE_DRAIN;
	strscpy(health->evidence, evidence, sizeof(health->evidence));
	for (p = health->evidence; *p; p++)
		if (iscntrl(*p))
			*p = '?';
	pe_device_pulse(dev->stats, &health->base);
	health->seen = health->base;
	WRITE_ONCE(health->state, state);
	pe_event_device(pn, dev->obj, health);
	pe_pools_refresh(pn, dev);
	if (worked != pe_health_works(health))
		schedule_work(&pn->settle_work);
}

/* How long what is not returned counts against a device. */
static unsigned long pe_health_fresh(const struct pe_device *dev,
				     unsigned long window)
{
	if (dev->kind != PE_DEVICE_KIND_INLINE)
		return PE_EVIDENCE_TIME;
	return max_t(unsigned long, PE_FRESH_WINDOWS * window, PE_FRESH_TIME);
}

/**
 * pe_health_hear() - see whether a device has answered since the last time
 * @pool: live pool that it is a member of
 * @dev: device
 *
 * Context: process context, pe_net.health_lock held.
 */
void pe_health_hear(const struct pe_pool *pool, struct pe_device *dev)
{
	unsigned long window = msecs_to_jiffies(pool->detect_window);
	struct pe_health *health = dev->health;
	struct pe_pulse pulse;

	if (time_after(jiffies, health->stirred + pe_health_fresh(dev, window))) {
		health->waiting = false;
		health->base = health->seen;
	}
	pe_device_pulse(dev->stats, &pulse);
	if (memcmp(&pulse, &health->seen, sizeof(pulse))) {
		health->stirred = jiffies;
		health->seen = pulse;
	}
	if (pulse.beat[PE_BEAT_ANSWERED] !=
	    health->base.beat[PE_BEAT_ANSWERED]) {
		health->base = pulse;
		health->heard = jiffies;
		health->proven = true;
		health->waiting = false;
	} else if (!health->waiting &&
		   memcmp(&pulse, &health->base, sizeof(pulse))) {
		health->asked = jiffies;
		health->waiting = true;
	}
}

/**
 * pe_port_is_up() - is the interface there and up that packets reach a port by?
 * @port: the port
 *
 * Context: any.
 * Return: true also where the kernel's route leads to it.
 */
bool pe_port_is_up(const struct pe_port *port)
{
	const struct net_device *dev;
	bool up;

	if (port->kind == PE_PORT_KIND_NONE)
		return true;
	rcu_read_lock();
	dev = rcu_dereference(port->iface->dev);
	up = dev && dev->flags & IFF_UP && netif_carrier_ok(dev);
	rcu_read_unlock();
	return up;
}

/* The port of a device by which it cannot be reached now, or NULL. */
static const struct pe_port *pe_device_cut_off(const struct pe_device *dev)
{
	if (!pe_port_is_up(&dev->outside))
		return &dev->outside;
	return pe_port_is_up(&dev->inside) ? NULL : &dev->inside;
}

/* Did the kernel look for one of its link-layer addresses in vain? */
static bool pe_device_is_lost(const struct pe_device *dev)
{
	return READ_ONCE(dev->outside.lost) || READ_ONCE(dev->inside.lost);
}

static enum pe_cause pe_health_server(const struct pe_pool *pool,
				      const struct pe_pulse *since)
{
	if (since->beat[PE_BEAT_REFUSED] >= pool->detect_packets)
		return PE_CAUSE_REFUSED;
	if (since->beat[PE_BEAT_ASKED] >= pool->detect_packets)
		return PE_CAUSE_UNANSWERED;
	return PE_CAUSE_BEGIN;
}

static enum pe_cause pe_health_inline(const struct pe_pool *pool,
				      const struct pe_health *health,
				      const struct pe_pulse *since,
				      unsigned long window, bool others)
{
	unsigned int windows = others ? PE_RECENT_BESIDE : PE_RECENT_WINDOWS;

	if (since->beat[PE_BEAT_ASKED] < pool->detect_packets)
		return PE_CAUSE_BEGIN;
	if (pool->members == 1)
		return PE_CAUSE_BEGIN;
	/* What it did not return long ago may have been denied. */
	if (time_after(jiffies, health->stirred + PE_FRESH_WINDOWS * window))
		return PE_CAUSE_BEGIN;
	/* One that was found dead before has to show that it is not. */
	if (health->proven ? time_before(health->asked,
					 health->heard + windows * window) :
			     health->cause == PE_CAUSE_REVIVE)
		return PE_CAUSE_SILENCE;
	return PE_CAUSE_BEGIN;
}

/* What there is against a device, PE_CAUSE_BEGIN for nothing. */
static enum pe_cause pe_health_judge(const struct pe_pool *pool,
				     const struct pe_device *dev, bool others,
				     char *evidence, size_t size)
{
	unsigned long window = msecs_to_jiffies(pool->detect_window);
	const struct pe_health *health = dev->health;
	enum pe_cause cause = PE_CAUSE_BEGIN;
	struct pe_pulse since;
	bool refused;
	int i;

	if (!pool->detect_packets || !health->waiting ||
	    time_before(jiffies, health->asked + window))
		return PE_CAUSE_BEGIN;
	pe_device_pulse(dev->stats, &since);
	for (i = 0; i < PE_BEATS; i++)
		since.beat[i] -= health->base.beat[i];
	/* With nothing in its place it may as well go on, but where it never had
	 * an alternate, to say so is all that can be done.
	 */
	if (pool->members > 1 && !pe_pool_has_other(pool, health))
		return PE_CAUSE_BEGIN;
	if (dev->kind == PE_DEVICE_KIND_SERVER)
		cause = pe_health_server(pool, &since);
	else if (dev->kind == PE_DEVICE_KIND_INLINE)
		cause = pe_health_inline(pool, health, &since, window, others);
	refused = cause == PE_CAUSE_REFUSED;
	snprintf(evidence, size, "%llu packets %s in %u ms",
		 since.beat[refused ? PE_BEAT_REFUSED : PE_BEAT_ASKED],
		 refused ? "refused" : "unanswered",
		 jiffies_to_msecs(jiffies - health->asked));
	return cause;
}

/* Something may be wrong with a device that works. */
static bool pe_health_doubt(struct pe_net *pn, const struct pe_pool *pool,
			    struct pe_device *dev, bool others)
{
	const struct pe_port *cut = pe_device_cut_off(dev);
	char evidence[PE_EVIDENCE_MAX + 1] = "";
	enum pe_cause cause;

	if (cut) {
		cause = PE_CAUSE_INTERFACE;
		snprintf(evidence, sizeof(evidence), "%s is down",
			 cut->iface->name);
	} else if (pe_device_is_lost(dev)) {
		cause = PE_CAUSE_NEIGHBOUR;
	} else {
		cause = pe_health_judge(pool, dev, others, evidence,
					sizeof(evidence));
	}
	if (cause == PE_CAUSE_BEGIN)
		return false;
	pe_health_set(pn, dev, PE_DEVICE_STATE_DOWN, cause, evidence);
	return true;
}

/* A device that was found dead may come back by itself. */
static bool pe_health_hope(struct pe_net *pn, const struct pe_pool *pool,
			   struct pe_device *dev)
{
	const struct pe_health *health = dev->health;
	enum pe_cause cause = health->cause;

	if (health->state != PE_DEVICE_STATE_DOWN || !pool->revives ||
	    !pe_health_found(health))
		return false;
	if (pe_device_is_lost(dev))
		pe_ports_ask_soon(pn);
	if (pe_device_cut_off(dev) || pe_device_is_lost(dev))
		return false;
	if (cause != PE_CAUSE_INTERFACE && cause != PE_CAUSE_NEIGHBOUR) {
		if (!pool->revive ||
		    time_before(jiffies, health->changed +
						 msecs_to_jiffies(pool->revive)))
			return false;
		cause = PE_CAUSE_REVIVE;
	}
	pe_health_set(pn, dev, PE_DEVICE_STATE_UP, cause, "");
	return true;
}

/* Was it handed enough while others answered? What it was before may have been
 * denied, as far as anybody knows.
 */
static bool pe_member_is_beside(const struct pe_pool *pool,
				struct pe_member *member, bool others)
{
	u64 asked = member->device->health->seen.beat[PE_BEAT_ASKED];

	if (!others || !member->alone)
		member->alone = asked;
	return asked - member->alone >= pool->detect_packets;
}

/**
 * pe_health_look() - see whether a member of a pool works
 * @pn: namespace
 * @pool: live pool
 * @member: of it, for which pe_health_hear() was called just before
 * @others: another member has answered just now
 *
 * Context: process context, pe_net.health_lock held.
 * Return: true when its state has changed.
 */
bool pe_health_look(struct pe_net *pn, const struct pe_pool *pool,
		    struct pe_member *member, bool others)
{
	struct pe_device *dev = member->device;

	lockdep_assert_held(&pn->health_lock);
	others = pe_member_is_beside(pool, member, others);
	if (pe_health_works(dev->health))
		return pe_health_doubt(pn, pool, dev, others);
	return pe_health_hope(pn, pool, dev);
}
