// SPDX-License-Identifier: GPL-2.0-only
/* Meters: which packets are waited for, and how long those took that came. */

#include <linux/bitops.h>
#include <linux/ktime.h>
#include <linux/log2.h>
#include <linux/netdevice.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "meter.h"

/* A slot has 42 bits of time, in units that make them last for 39 hours, and a
 * fingerprint, which with the index is all but certain not to be another's.
 */
#define PE_SLOT_TIME_BITS	42
#define PE_SLOT_TIME_SHIFT	5
#define PE_SLOT_TIME		GENMASK_ULL(PE_SLOT_TIME_BITS - 1, 0)

/* What takes longer than the last bucket has is lost. */
#define PE_METER_LIFE	\
	(1ULL << (PE_LATENCY_SHIFT + PE_LATENCY_BUCKETS - 1))

/**
 * pe_meter_new() - nothing was measured yet
 * @kind: enum pe_device_kind of the device
 *
 * Context: process context.
 * Return: a meter with one user, or NULL when memory is short.
 */
struct pe_meter *pe_meter_new(u8 kind)
{
	struct pe_meter *meter;

	meter = kzalloc(sizeof(*meter), GFP_KERNEL_ACCOUNT);
	if (!meter)
		return NULL;
	meter->stats = __netdev_alloc_pcpu_stats(struct pe_meter_stats,
						 GFP_KERNEL_ACCOUNT);
	if (!meter->stats) {
		kfree(meter);
		return NULL;
	}
	refcount_set(&meter->ref, 1);
	meter->kind = kind;
	meter->seed = get_random_u32();
	return meter;
}

/**
 * pe_meter_put() - one user less
 * @meter: meter, or NULL
 *
 * Context: any; packets cannot see the user any more.
 */
void pe_meter_put(struct pe_meter *meter)
{
	if (!meter || !refcount_dec_and_test(&meter->ref))
		return;
	free_percpu(meter->stats);
	kfree(meter);
}

static atomic64_t *pe_meter_group(struct pe_metered *what, u32 print)
{
	return what->slot[print % PE_METER_GROUPS];
}

/* What a slot has of a fingerprint; never all that a free one has. */
static u64 pe_slot_print(u32 print)
{
	return (u64)(print / PE_METER_GROUPS | 1) << PE_SLOT_TIME_BITS;
}

static u64 pe_slot_now(void)
{
	return ktime_get_ns() >> PE_SLOT_TIME_SHIFT & PE_SLOT_TIME;
}

/* Nanoseconds. */
static u64 pe_slot_age(u64 slot, u64 now)
{
	return ((now - slot) & PE_SLOT_TIME) << PE_SLOT_TIME_SHIFT;
}

static void pe_meter_lost(struct pe_meter *meter, unsigned int which)
{
	struct pe_meter_stats *mine = this_cpu_ptr(meter->stats);

	u64_stats_update_begin(&mine->syncp);
	u64_stats_inc(&mine->lost[which]);
	u64_stats_update_end(&mine->syncp);
}

/* A slot is free, or what it has is lost and nobody else has seen that. The time
 * is read after it: what another CPU puts there is not of the future.
 */
static bool pe_meter_take(struct pe_meter *meter, unsigned int which,
			  atomic64_t *slot, u64 print)
{
	u64 old = atomic64_read(slot), now = pe_slot_now();

	if (old && pe_slot_age(old, now) < PE_METER_LIFE)
		return false;
	if (atomic64_cmpxchg(slot, old, print | now) != old)
		return false;
	if (old)
		pe_meter_lost(meter, which);
	else
		atomic_inc(&meter->what[which].waiting);
	return true;
}

/**
 * pe_meter_begin() - a packet was picked: it is seen for the first time
 * @meter: meter
 * @which: what is measured
 * @print: its fingerprint
 *
 * Where there is no room it is not picked after all: who came first is waited
 * for, so that what takes long counts as well.
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_meter_begin(struct pe_meter *meter, unsigned int which, u32 print)
{
	atomic64_t *group = pe_meter_group(&meter->what[which], print);
	int i;

	for (i = 0; i < PE_METER_WAYS; i++)
		if (pe_meter_take(meter, which, &group[i],
				  pe_slot_print(print)))
			return;
}

static void pe_meter_count(struct pe_meter *meter, unsigned int which, u64 ns)
{
	struct pe_meter_stats *mine = this_cpu_ptr(meter->stats);

	u64_stats_update_begin(&mine->syncp);
	u64_stats_inc(&mine->bucket[which][fls64(ns >> PE_LATENCY_SHIFT)]);
	u64_stats_add(&mine->sum[which], ns);
	u64_stats_update_end(&mine->syncp);
}

static void pe_meter_match(struct pe_meter *meter, unsigned int which,
			   atomic64_t *slot, u64 old)
{
	u64 age;

	if (atomic64_cmpxchg(slot, old, 0) != old)
		return;
	atomic_dec(&meter->what[which].waiting);
	age = pe_slot_age(old, pe_slot_now());
	if (age < PE_METER_LIFE)
		pe_meter_count(meter, which, age);
	else
		pe_meter_lost(meter, which);
}

/**
 * pe_meter_end() - a packet is seen that may be one that was picked
 * @meter: meter
 * @which: what is measured
 * @print: its fingerprint
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_meter_end(struct pe_meter *meter, unsigned int which, u32 print)
{
	atomic64_t *group = pe_meter_group(&meter->what[which], print);
	u64 old;
	int i;

	for (i = 0; i < PE_METER_WAYS; i++) {
		old = atomic64_read(&group[i]);
		if (old && (old & ~PE_SLOT_TIME) == pe_slot_print(print)) {
			pe_meter_match(meter, which, &group[i], old);
			return;
		}
	}
}

/* What is waited for in vain is lost, though nobody has counted it yet. */
static void pe_meter_read_slots(struct pe_metered *what, struct pe_times *times)
{
	u64 now, slot;
	int i;

	for (i = 0; i < PE_METER_GROUPS * PE_METER_WAYS; i++) {
		slot = atomic64_read(&what->slot[i / PE_METER_WAYS]
					       [i % PE_METER_WAYS]);
		now = pe_slot_now();
		if (!slot)
			continue;
		if (pe_slot_age(slot, now) < PE_METER_LIFE)
			times->waiting++;
		else
			times->lost++;
	}
}

static void pe_meter_read_cpu(const struct pe_meter_stats *one,
			      unsigned int which, struct pe_times *times)
{
	struct pe_times here;
	unsigned int start;
	int i;

	do {
		start = u64_stats_fetch_begin(&one->syncp);
		for (i = 0; i < PE_LATENCY_BUCKETS; i++)
			here.bucket[i] = u64_stats_read(&one->bucket[which][i]);
		here.sum = u64_stats_read(&one->sum[which]);
		here.lost = u64_stats_read(&one->lost[which]);
	} while (u64_stats_fetch_retry(&one->syncp, start));
	for (i = 0; i < PE_LATENCY_BUCKETS; i++)
		times->bucket[i] += here.bucket[i];
	times->sum += here.sum;
	times->lost += here.lost;
}

/**
 * pe_meter_read() - what was measured so far
 * @meter: meter
 * @which: what of it
 * @times: out: the histogram
 */
void pe_meter_read(struct pe_meter *meter, unsigned int which,
		   struct pe_times *times)
{
	int cpu;

	memset(times, 0, sizeof(*times));
	for_each_possible_cpu(cpu)
		pe_meter_read_cpu(per_cpu_ptr(meter->stats, cpu), which, times);
	pe_meter_read_slots(&meter->what[which], times);
}
