/* SPDX-License-Identifier: GPL-2.0-only */
/* Limits: how much of what clients send is let in each second. */
#ifndef _PE_LIMIT_H
#define _PE_LIMIT_H

#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "stats.h"

/* What is limited. */
enum pe_measure {
	PE_MEASURE_PACKETS,
	PE_MEASURE_BYTES,
	PE_MEASURE_FLOWS,
	PE_MEASURES,
};

/* Most that can be let in each second, of anything. */
#define PE_RATE_MAX	1000000000000ULL

/**
 * struct pe_rates - how much is let in each second, as configured
 * @rate: by enum pe_measure; 0 for any
 */
struct pe_rates {
	u64			rate[PE_MEASURES];
};

/**
 * struct pe_limit_cpu - one CPU's part of a limit
 * @left: what it borrowed and did not use yet, by enum pe_measure
 * @dry: jiffy at which there was nothing to be borrowed
 * @syncp: of @dropped
 * @dropped: what was not let in here
 */
struct pe_limit_cpu {
	s64			left[PE_MEASURES];
	unsigned long		dry[PE_MEASURES];
	struct u64_stats_sync	syncp;
	struct pe_count		dropped;
};

/**
 * struct pe_limit - a bucket that fills with time, and what it did not let in
 * @cpu: what each CPU has of it
 * @portion: what a CPU borrows at once, by enum pe_measure; 0 where nothing is
 *	limited
 * @rcu: freed when no packet can see it
 * @users: versions that have it; under pe_net.lock
 * @lock: protects the fields below, with bottom halves off
 * @rates: what is added each second
 * @burst: what it holds
 * @level: what is in it; below zero by what the last ones took too much
 * @filled: jiffy until which it was filled
 *
 * All amounts but @rates are counted in parts of which 1 packet, byte or flow
 * has HZ, so that each jiffy adds the rate.
 *
 * A bucket holds what a tenth of a second adds, and at least one. CPUs borrow
 * from it in portions, of which all CPUs together have at most an eighth of that
 * at hand; where a portion would be less than a packet, what each packet takes.
 * So no packet writes where another CPU does but once a portion, and what is
 * dropped not at all: a CPU that got nothing does not ask again before the next
 * jiffy.
 *
 * Who finds anything in the bucket gets all that it needs, and what was too much
 * is owed by those who come next, so super-packets of any size get through and
 * the rate is exact. In any T seconds, what is let in is at most T times the
 * rate, an eighth of a second's or one, and one packet; when it is lowered, one
 * more for each CPU that has borrowed before.
 */
struct pe_limit {
	struct pe_limit_cpu __percpu *cpu;
	s64			portion[PE_MEASURES];
	struct rcu_head		rcu;
	u32			users;

	spinlock_t		lock; /* next 4 fields */
	struct pe_rates		rates;
	s64			burst[PE_MEASURES];
	s64			level[PE_MEASURES];
	unsigned long		filled;
};

/**
 * pe_rates_any() - is anything limited?
 * @rates: what is configured
 */
static inline bool pe_rates_any(const struct pe_rates *rates)
{
	return rates->rate[PE_MEASURE_PACKETS] ||
	       rates->rate[PE_MEASURE_BYTES] || rates->rate[PE_MEASURE_FLOWS];
}

struct pe_limit *pe_limit_new(void);
struct pe_limit *pe_limit_get(struct pe_limit *limit);
void pe_limit_put(struct pe_limit *limit);
void pe_limit_set(struct pe_limit *limit, const struct pe_rates *rates);
bool pe_limit_borrow(struct pe_limit *limit, const s64 *cost);
void pe_limit_sum(const struct pe_limit *limit, struct pe_sum *sum);

#endif /* _PE_LIMIT_H */
