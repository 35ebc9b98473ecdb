/* SPDX-License-Identifier: GPL-2.0-only */
/* Counting packets without writing where another CPU does. */
#ifndef _PE_STATS_H
#define _PE_STATS_H

#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/skbuff.h>
#include <linux/u64_stats_sync.h>
#include <uapi/linux/pe.h>

struct pe_net;

#define PE_DIRECTIONS	2
#define PE_DROPS	(PE_DROP_OVERLOAD + 1)

/* Packets after which a service is worth counters of each CPU's own. */
#define PE_HOT_PACKETS	1024

struct pe_count {
	u64_stats_t		packets;
	u64_stats_t		bytes;
};

/* A sum, for those who read counters. */
struct pe_sum {
	u64			packets;
	u64			bytes;
};

struct pe_cell {
	atomic64_t		packets;
	atomic64_t		bytes;
};

/* What is counted of a device's answers; enough to see whether it works. */
enum pe_beat {
	PE_BEAT_ASKED,
	PE_BEAT_ANSWERED,
	PE_BEAT_REFUSED,
	PE_BEATS,
};

/**
 * struct pe_pulse - what was asked of a device and what it answered, ever
 * @beat: by enum pe_beat: packets that a working device answers, which are
 *	those that an inline device is handed and those that open a connection to
 *	a server; packets that came back; answers that say that it does not do
 *	what it was asked
 */
struct pe_pulse {
	u64			beat[PE_BEATS];
};

/* One CPU's counters of a device. */
struct pe_device_stats {
	struct u64_stats_sync	syncp;
	struct pe_count		dir[PE_DIRECTIONS];
	u64_stats_t		beat[PE_BEATS];
};

/* One CPU's dropped packets. */
struct pe_drops {
	struct u64_stats_sync	syncp;
	u64_stats_t		packets[PE_DROPS];
};

/* One CPU's counters of a hot service. */
struct pe_counts_cpu {
	struct u64_stats_sync	syncp;
	struct pe_count		stage[];
};

/* In pe_before.step, behind the directions. */
#define PE_BEFORE_SKIPPED	PE_DIRECTIONS

/**
 * struct pe_before - what versions of a service with other stages counted
 * @steps: of the version that counts now
 * @total: what came from clients, and what went back to them
 * @step: what the same devices were handed, in both directions, and what went
 *	past them in either
 *
 * Under pe_net.lock.
 */
struct pe_before {
	u8			steps;
	struct pe_sum		total[PE_DIRECTIONS];
	struct pe_sum		step[][PE_DIRECTIONS + 1];
};

/**
 * struct pe_counts - counters of a service, one for each stage
 * @cpu: per CPU, NULL until the service is hot; once set it stays
 * @pn: namespace, whose work spreads hot counters
 * @hot: in pe_net.hot, once
 * @ref: versions of the service, and @hot while it is queued
 * @queued: bit 0, @hot was queued before
 * @n: stages
 * @before: what was counted before, NULL where no version was before
 * @shared: what was counted while @cpu was NULL, less what was taken since
 *
 * Services number in millions and most are idle, so a counter for each CPU is
 * given only to those with traffic: memory is 16 bytes a stage for the others.
 */
struct pe_counts {
	struct pe_counts_cpu __percpu *cpu;
	struct pe_net		*pn;
	struct llist_node	hot;
	refcount_t		ref;
	u16			n;
	unsigned long		queued;
	struct pe_before	*before;
	struct pe_cell		shared[];
};

struct pe_counts *pe_counts_new(struct pe_net *pn, unsigned int n);
void pe_counts_put(struct pe_counts *counts);
void pe_counts_sum(const struct pe_counts *counts, unsigned int stage,
		   struct pe_sum *sum);
void pe_counts_take(struct pe_counts *counts, unsigned int stage,
		    struct pe_sum *sum);
void pe_counts_cold(struct pe_counts *counts, unsigned int stage,
		    struct pe_sum size);
void pe_counts_spread(struct work_struct *work);
struct pe_before *pe_before_new(u8 steps);
void pe_before_clear(struct pe_before *before);
struct pe_sum pe_gso_size(const struct sk_buff *skb);
void pe_device_sum(struct pe_device_stats __percpu *stats, unsigned int dir,
		   struct pe_sum *sum);
void pe_device_pulse(struct pe_device_stats __percpu *stats,
		     struct pe_pulse *pulse);
u64 pe_drops_sum(struct pe_drops __percpu *drops, enum pe_drop reason);

/**
 * pe_sum_add() - one sum more
 * @sum: sum
 * @more: what is added to it
 */
static inline void pe_sum_add(struct pe_sum *sum, const struct pe_sum *more)
{
	sum->packets += more->packets;
	sum->bytes += more->bytes;
}

/**
 * pe_before_add() - add to what was counted of a step before
 * @before: what was counted
 * @step: index of the step; more than there are: it is no longer one
 * @which: direction, or PE_BEFORE_SKIPPED
 * @sum: what is added
 */
static inline void pe_before_add(struct pe_before *before, u8 step, u8 which,
				 const struct pe_sum *sum)
{
	if (step < before->steps)
		pe_sum_add(&before->step[step][which], sum);
}

/**
 * pe_size() - packets and bytes that a buffer is on the wire
 * @skb: buffer, data at the network header
 *
 * Return: 1 packet, or the segments of a super-packet; bytes from the network
 * header on, of all segments.
 */
static __always_inline struct pe_sum pe_size(const struct sk_buff *skb)
{
	if (unlikely(skb_is_gso(skb)))
		return pe_gso_size(skb);
	return (struct pe_sum) { 1, skb->len };
}

/**
 * pe_count_add() - add to one CPU's own counter
 * @syncp: of the counters that it is one of
 * @count: counter
 * @size: what to add
 *
 * Context: on that CPU, bottom halves off.
 */
static __always_inline void pe_count_add(struct u64_stats_sync *syncp,
					 struct pe_count *count,
					 struct pe_sum size)
{
	u64_stats_update_begin(syncp);
	u64_stats_add(&count->packets, size.packets);
	u64_stats_add(&count->bytes, size.bytes);
	u64_stats_update_end(syncp);
}

/**
 * pe_count_sum() - what one CPU has counted
 * @syncp: of the counters that it is one of
 * @count: counter
 * @sum: what was counted is added to it
 */
static inline void pe_count_sum(const struct u64_stats_sync *syncp,
				const struct pe_count *count,
				struct pe_sum *sum)
{
	unsigned int start;
	struct pe_sum one;

	do {
		start = u64_stats_fetch_begin(syncp);
		one.packets = u64_stats_read(&count->packets);
		one.bytes = u64_stats_read(&count->bytes);
	} while (u64_stats_fetch_retry(syncp, start));
	pe_sum_add(sum, &one);
}

/**
 * pe_number_read() - what one CPU has counted where packets alone count
 * @syncp: of the counters that it is one of
 * @number: counter
 */
static inline u64 pe_number_read(const struct u64_stats_sync *syncp,
				 const u64_stats_t *number)
{
	unsigned int start;
	u64 n;

	do {
		start = u64_stats_fetch_begin(syncp);
		n = u64_stats_read(number);
	} while (u64_stats_fetch_retry(syncp, start));
	return n;
}

/**
 * pe_count() - count for a stage of a service
 * @counts: counters of the service
 * @stage: index of the stage
 * @size: what to add
 *
 * Context: bottom halves off, RCU read lock held.
 */
static __always_inline void pe_count(struct pe_counts *counts,
				     unsigned int stage, struct pe_sum size)
{
	/* Pairs with the release in pe_counts_spread(). */
	struct pe_counts_cpu __percpu *cpu = smp_load_acquire(&counts->cpu);
	struct pe_counts_cpu *mine;

	if (unlikely(!cpu)) {
		pe_counts_cold(counts, stage, size);
		return;
	}
	mine = this_cpu_ptr(cpu);
	pe_count_add(&mine->syncp, &mine->stage[stage], size);
}

/**
 * pe_device_count() - count for a device
 * @stats: counters of the device
 * @dir: direction of the packets
 * @size: what to add
 *
 * Context: bottom halves off, RCU read lock held.
 */
static __always_inline void
pe_device_count(struct pe_device_stats __percpu *stats, unsigned int dir,
		struct pe_sum size)
{
	struct pe_device_stats *mine = this_cpu_ptr(stats);

	pe_count_add(&mine->syncp, &mine->dir[dir], size);
}

/**
 * pe_device_beat() - a device was asked, or has answered
 * @stats: counters of the device
 * @beat: which
 *
 * Context: bottom halves off, RCU read lock held.
 */
static __always_inline void
pe_device_beat(struct pe_device_stats __percpu *stats, enum pe_beat beat)
{
	struct pe_device_stats *mine = this_cpu_ptr(stats);

	u64_stats_update_begin(&mine->syncp);
	u64_stats_inc(&mine->beat[beat]);
	u64_stats_update_end(&mine->syncp);
}

/**
 * pe_drop_count() - count dropped packets
 * @drops: counters of the namespace
 * @reason: why they were dropped
 * @packets: how many
 *
 * Context: bottom halves off.
 */
static inline void pe_drop_count(struct pe_drops __percpu *drops,
				 enum pe_drop reason, u64 packets)
{
	struct pe_drops *mine = this_cpu_ptr(drops);

	u64_stats_update_begin(&mine->syncp);
	u64_stats_add(&mine->packets[reason], packets);
	u64_stats_update_end(&mine->syncp);
}

#endif /* _PE_STATS_H */
