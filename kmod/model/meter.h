/* SPDX-License-Identifier: GPL-2.0-only */
/* How long a device takes: packets picked, and a histogram of their times. */
#ifndef _PE_METER_H
#define _PE_METER_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/percpu.h>
#include <linux/refcount.h>
#include <linux/types.h>
#include <linux/u64_stats_sync.h>
#include <uapi/linux/pe.h>

/* What is measured of a device: one thing in each direction, or two of a
 * server.
 */
#define PE_METERED	2

/* Packets that are waited for at a time: as many as a CPU of Debian's kernels
 * picks in half a second.
 */
#define PE_METER_GROUPS	32
#define PE_METER_WAYS	4

/**
 * struct pe_meter_stats - what one CPU has measured
 * @syncp: of what follows
 * @picked: when it picked a packet last, in jiffies
 * @bucket: times by their logarithm
 * @sum: nanoseconds of all of them
 * @lost: packets picked that were not seen again
 */
struct pe_meter_stats {
	struct u64_stats_sync	syncp;
	unsigned long		picked[PE_METERED];
	u64_stats_t		bucket[PE_METERED][PE_LATENCY_BUCKETS];
	u64_stats_t		sum[PE_METERED];
	u64_stats_t		lost[PE_METERED];
};

/**
 * struct pe_metered - packets that were picked and not seen again yet
 * @waiting: how many of @slot are in use
 * @slot: by fingerprint: what of it the group does not tell, and the time
 */
struct pe_metered {
	atomic_t		waiting;
	atomic64_t		slot[PE_METER_GROUPS][PE_METER_WAYS];
};

/**
 * struct pe_meter - of a device
 * @stats: what was measured
 * @ref: versions of the device
 * @kind: enum pe_device_kind of them
 * @seed: of fingerprints
 * @what: packets that are waited for
 *
 * Of all packets a few are picked, at most one in a tick on each CPU, so that
 * the table, which all CPUs write, is hardly ever written.
 */
struct pe_meter {
	struct pe_meter_stats __percpu *stats;
	refcount_t		ref;
	u8			kind;
	u32			seed;
	struct pe_metered	what[PE_METERED];
};

/**
 * struct pe_times - a histogram, for those who read it
 * @bucket: samples by the logarithm of their time
 * @sum: nanoseconds of all of them
 * @lost: packets picked that were not seen again
 * @waiting: packets picked that may be
 */
struct pe_times {
	u64			bucket[PE_LATENCY_BUCKETS];
	u64			sum;
	u64			lost;
	u32			waiting;
};

struct pe_meter *pe_meter_new(u8 kind);
void pe_meter_put(struct pe_meter *meter);
void pe_meter_begin(struct pe_meter *meter, unsigned int which, u32 print);
void pe_meter_end(struct pe_meter *meter, unsigned int which, u32 print);
void pe_meter_read(struct pe_meter *meter, unsigned int which,
		   struct pe_times *times);

/**
 * pe_meter_get() - one user more
 * @meter: meter with one at least
 *
 * Return: @meter.
 */
static inline struct pe_meter *pe_meter_get(struct pe_meter *meter)
{
	refcount_inc(&meter->ref);
	return meter;
}

/**
 * pe_meter_due() - is a packet to be picked?
 * @meter: meter
 * @which: what is measured
 *
 * Context: bottom halves off.
 * Return: true at most once in a tick; then the packet is taken as picked.
 */
static inline bool pe_meter_due(struct pe_meter *meter, unsigned int which)
{
	struct pe_meter_stats *mine = this_cpu_ptr(meter->stats);

	unsigned long tick = jiffies;

	if (mine->picked[which] == tick)
		return false;
	mine->picked[which] = tick;
	return true;
}

/**
 * pe_meter_waits() - is any packet waited for?
 * @meter: meter
 * @which: what is measured
 */
static inline bool pe_meter_waits(struct pe_meter *meter, unsigned int which)
{
	return atomic_read(&meter->what[which].waiting);
}

#endif /* _PE_METER_H */
