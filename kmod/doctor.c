// SPDX-License-Identifier: GPL-2.0-only
/* The doctor: sees regularly whether the members of pools work. */

#include <linux/jiffies.h>
#include <linux/workqueue.h>

#include "doctor.h"
#include "model/pool.h"
#include "netns.h"

/* Looks in a pool's window, and the longest time between two looks. */
#define PE_DOCTOR_LOOKS	4
#define PE_DOCTOR_PAUSE	(HZ / 10)

static bool pe_doctor_heard(const struct pe_pool *pool,
			    const struct pe_health *health)
{
	unsigned long window = msecs_to_jiffies(pool->detect_window);

	return health->proven && time_before(jiffies, health->heard + window);
}

/* How many members have answered just now. A device of several pools is heard
 * once in a round.
 */
static unsigned int pe_doctor_hear(const struct pe_pool *pool, u32 round)
{
	unsigned int heard = 0;
	u8 i;

	if (!pool->detect_packets)
		return 0;
	for (i = 0; i < pool->members; i++) {
		struct pe_device *dev = pool->member[i].device;

		if (dev->health->visit != round)
			pe_health_hear(pool, dev);
		dev->health->visit = round;
		heard += pe_doctor_heard(pool, dev->health);
	}
	return heard;
}

static void pe_doctor_visit(struct pe_net *pn, struct pe_pool *pool)
{
	unsigned int heard = pe_doctor_hear(pool, pn->rounds), self;
	u8 i;

	for (i = 0; i < pool->members; i++) {
		struct pe_member *member = &pool->member[i];

		self = pe_doctor_heard(pool, member->device->health);
		pe_health_look(pn, pool, member, heard > self);
	}
}

static unsigned long pe_doctor_pause(const struct pe_pool *pool)
{
	unsigned long window = msecs_to_jiffies(pool->detect_window);

	if (!pool->detect_packets)
		return PE_DOCTOR_PAUSE;
	return clamp_t(unsigned long, window / PE_DOCTOR_LOOKS, 1,
		       PE_DOCTOR_PAUSE);
}

/**
 * pe_doctor_work() - look at all members of all pools, and come again
 * @work: pe_net.doctor_work
 *
 * Does not wait for pe_net.lock, which a large transaction holds for long.
 */
void pe_doctor_work(struct work_struct *work)
{
	struct pe_net *pn = container_of(to_delayed_work(work), struct pe_net,
					 doctor_work);
	unsigned long pause = PE_DOCTOR_PAUSE;
	struct pe_pool *pool;
	bool again = false;

	mutex_lock(&pn->health_lock);
	pn->rounds++;
	list_for_each_entry(pool, &pn->pools, list) {
		pe_doctor_visit(pn, pool);
		pause = min(pause, pe_doctor_pause(pool));
		again = true;
		cond_resched();
	}
	mutex_unlock(&pn->health_lock);
	if (again && !READ_ONCE(pn->dead))
		queue_delayed_work(system_unbound_wq, &pn->doctor_work, pause);
}
