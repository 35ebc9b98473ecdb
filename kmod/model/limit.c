// SPDX-License-Identifier: GPL-2.0-only
/* Limits: their lifetime, what flows into them, and what CPUs borrow. */

#include <linux/math64.h>
#include <linux/netdevice.h>
#include <linux/slab.h>

#include "limit.h"

/* Parts of a second that a bucket holds, and parts of that which all CPUs may
 * have at hand.
 */
#define PE_LIMIT_BURST	10
#define PE_LIMIT_HAND	8

/**
 * pe_limit_new() - a limit that lets everything in
 *
 * Context: process context.
 * Return: the limit with one user, or NULL when memory is short.
 */
struct pe_limit *pe_limit_new(void)
{
	struct pe_limit *limit = kzalloc(sizeof(*limit), GFP_KERNEL_ACCOUNT);
	struct pe_limit_cpu *one;
	int cpu, i;

	if (!limit)
		return NULL;
	limit->cpu = __netdev_alloc_pcpu_stats(struct pe_limit_cpu,
					       GFP_KERNEL_ACCOUNT |
					       __GFP_NOWARN);
	if (!limit->cpu) {
		kfree(limit);
		return NULL;
	}
	for_each_possible_cpu(cpu) {
		one = per_cpu_ptr(limit->cpu, cpu);
		for (i = 0; i < PE_MEASURES; i++)
			one->dry[i] = jiffies - 1;
	}
	limit->users = 1;
	limit->filled = jiffies;
	spin_lock_init(&limit->lock);
	return limit;
}

/**
 * pe_limit_get() - one version more that has a limit
 * @limit: the limit
 *
 * Context: pe_net.lock held.
 * Return: the limit.
 */
struct pe_limit *pe_limit_get(struct pe_limit *limit)
{
	limit->users++;
	return limit;
}

static void pe_limit_free_rcu(struct rcu_head *head)
{
	struct pe_limit *limit = container_of(head, struct pe_limit, rcu);

	free_percpu(limit->cpu);
	kfree(limit);
}

/**
 * pe_limit_put() - one version less
 * @limit: limit, or NULL
 *
 * Context: pe_net.lock held. Packets may see the limit for a grace period.
 */
void pe_limit_put(struct pe_limit *limit)
{
	if (limit && !--limit->users)
		call_rcu(&limit->rcu, pe_limit_free_rcu);
}

/* What time has added since it was looked at last. */
static void pe_limit_fill(struct pe_limit *limit, unsigned long now)
{
	unsigned long passed = now - limit->filled;
	u64 rate;
	int i;

	/* Another CPU may have seen a later jiffy. */
	if ((long)passed <= 0)
		return;
	limit->filled = now;
	for (i = 0; i < PE_MEASURES; i++) {
		rate = limit->rates.rate[i];
		if (!rate)
			continue;
		if (div64_u64(limit->burst[i] - limit->level[i], rate) < passed)
			limit->level[i] = limit->burst[i];
		else
			limit->level[i] += passed * rate;
	}
}

static void pe_limit_set_one(struct pe_limit *limit, int i, u64 rate)
{
	u64 hands = PE_LIMIT_HAND * num_possible_cpus();

	limit->rates.rate[i] = rate;
	if (!rate) {
		WRITE_ONCE(limit->portion[i], 0);
		return;
	}
	limit->burst[i] = max_t(s64, div_u64(rate * HZ, PE_LIMIT_BURST), HZ);
	limit->level[i] = limit->burst[i];
	WRITE_ONCE(limit->portion[i],
		   max_t(s64, div64_u64(limit->burst[i], hands), 1));
}

/**
 * pe_limit_set() - let in so much from now on
 * @limit: limit, which packets may see
 * @rates: how much
 *
 * What is limited anew, or otherwise than before, begins with a full bucket. What
 * is not limited otherwise goes on.
 *
 * Context: process context, pe_net.lock held.
 */
void pe_limit_set(struct pe_limit *limit, const struct pe_rates *rates)
{
	int i;

	spin_lock_bh(&limit->lock);
	pe_limit_fill(limit, jiffies);
	for (i = 0; i < PE_MEASURES; i++)
		if (limit->rates.rate[i] != rates->rate[i])
			pe_limit_set_one(limit, i, rates->rate[i]);
	spin_unlock_bh(&limit->lock);
}

/* What of a measure is wanted for a packet and not at hand. */
static s64 pe_limit_wants(const struct pe_limit *limit,
			  const struct pe_limit_cpu *mine, int i,
			  const s64 *cost)
{
	return limit->portion[i] ? cost[i] - mine->left[i] : 0;
}

static void pe_limit_borrow_one(struct pe_limit *limit,
				struct pe_limit_cpu *mine, int i, s64 want)
{
	s64 portion = limit->portion[i];

	if (limit->level[i] > portion)
		want = max(want, portion);
	limit->level[i] -= want;
	mine->left[i] += want;
}

/* All or nothing: what is borrowed and then not used would be lost. */
static bool pe_limit_borrow_all(struct pe_limit *limit,
				struct pe_limit_cpu *mine, const s64 *cost,
				unsigned long now)
{
	s64 want;
	int i;

	for (i = 0; i < PE_MEASURES; i++) {
		if (pe_limit_wants(limit, mine, i, cost) <= 0 ||
		    limit->level[i] > 0)
			continue;
		mine->dry[i] = now;
		return false;
	}
	for (i = 0; i < PE_MEASURES; i++) {
		want = pe_limit_wants(limit, mine, i, cost);
		if (want > 0)
			pe_limit_borrow_one(limit, mine, i, want);
	}
	return true;
}

/**
 * pe_limit_borrow() - have enough at hand for a packet
 * @limit: the limit
 * @cost: what the packet takes, by enum pe_measure, in parts
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: false where there is nothing to be had.
 */
bool pe_limit_borrow(struct pe_limit *limit, const s64 *cost)
{
	struct pe_limit_cpu *mine = this_cpu_ptr(limit->cpu);
	unsigned long now = jiffies;
	bool enough;

	spin_lock(&limit->lock);
	pe_limit_fill(limit, now);
	enough = pe_limit_borrow_all(limit, mine, cost, now);
	spin_unlock(&limit->lock);
	return enough;
}

/**
 * pe_limit_sum() - what was not let in
 * @limit: the limit
 * @sum: out: packets and bytes
 */
void pe_limit_sum(const struct pe_limit *limit, struct pe_sum *sum)
{
	int cpu;

	memset(sum, 0, sizeof(*sum));
	for_each_possible_cpu(cpu) {
		const struct pe_limit_cpu *one = per_cpu_ptr(limit->cpu, cpu);

		pe_count_sum(&one->syncp, &one->dropped, sum);
	}
}
