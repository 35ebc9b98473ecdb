// SPDX-License-Identifier: GPL-2.0-only
/* Counters: sums, super-packets, and the change from shared to per CPU. */

#include <linux/slab.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "netns.h"
#include "stats.h"

/**
 * pe_counts_new() - counters for a service
 * @pn: namespace
 * @n: stages to count for
 *
 * Context: process context.
 * Return: counters with one reference, or NULL when memory is short.
 */
struct pe_counts *pe_counts_new(struct pe_net *pn, unsigned int n)
{
	struct pe_counts *counts;

	counts = kzalloc(struct_size(counts, shared, n), GFP_KERNEL_ACCOUNT);
	if (!counts)
		return NULL;
	counts->pn = pn;
	counts->n = n;
	refcount_set(&counts->ref, 1);
	return counts;
}

/**
 * pe_counts_put() - one reference less
 * @counts: counters, or NULL
 *
 * Context: any; the last reference goes after a grace period.
 */
void pe_counts_put(struct pe_counts *counts)
{
	if (!counts || !refcount_dec_and_test(&counts->ref))
		return;
	free_percpu(counts->cpu);
	kfree(counts->before);
	kfree(counts);
}

/**
 * pe_counts_sum() - what was counted for a stage
 * @counts: counters of the service
 * @stage: index of the stage
 * @sum: what was counted is added to it
 */
void pe_counts_sum(const struct pe_counts *counts, unsigned int stage,
		   struct pe_sum *sum)
{
	/* Pairs with the release in pe_counts_spread(). */
	struct pe_counts_cpu __percpu *percpu = smp_load_acquire(&counts->cpu);
	int cpu;

	sum->packets += atomic64_read(&counts->shared[stage].packets);
	sum->bytes += atomic64_read(&counts->shared[stage].bytes);
	if (!percpu)
		return;
	for_each_possible_cpu(cpu) {
		const struct pe_counts_cpu *one = per_cpu_ptr(percpu, cpu);

		pe_count_sum(&one->syncp, &one->stage[stage], sum);
	}
}

/**
 * pe_counts_take() - take what was counted for a stage, to be kept elsewhere
 * @counts: counters of the service
 * @stage: index of the stage
 * @sum: what was counted is added to it
 *
 * Packets may be counted meanwhile: they are there the next time.
 */
void pe_counts_take(struct pe_counts *counts, unsigned int stage,
		    struct pe_sum *sum)
{
	struct pe_cell *cell = &counts->shared[stage];
	struct pe_sum taken = {};

	pe_counts_sum(counts, stage, &taken);
	/* Below zero by what is in the counters of the CPUs. */
	atomic64_sub(taken.packets, &cell->packets);
	atomic64_sub(taken.bytes, &cell->bytes);
	pe_sum_add(sum, &taken);
}

/**
 * pe_before_new() - nothing was counted before
 * @steps: of the version that counts now
 *
 * Context: process context.
 * Return: room for it, or NULL when memory is short.
 */
struct pe_before *pe_before_new(u8 steps)
{
	struct pe_before *before;

	before = kzalloc(struct_size(before, step, steps), GFP_KERNEL_ACCOUNT);
	if (before)
		before->steps = steps;
	return before;
}

/**
 * pe_before_clear() - what was counted before is kept elsewhere
 * @before: what it was
 */
void pe_before_clear(struct pe_before *before)
{
	memset(before->total, 0, sizeof(before->total));
	memset(before->step, 0, before->steps * sizeof(before->step[0]));
}

/**
 * pe_counts_cold() - count where there are no counters for each CPU yet
 * @counts: counters of the service
 * @stage: index of the stage
 * @size: what to add
 *
 * Context: bottom halves off, RCU read lock held.
 */
void pe_counts_cold(struct pe_counts *counts, unsigned int stage,
		    struct pe_sum size)
{
	struct pe_cell *cell = &counts->shared[stage];

	atomic64_add(size.bytes, &cell->bytes);
	if (atomic64_add_return(size.packets, &cell->packets) < PE_HOT_PACKETS)
		return;
	if (test_bit(0, &counts->queued) ||
	    test_and_set_bit(0, &counts->queued))
		return;
	/* A version that a packet sees still holds its reference. */
	if (!refcount_inc_not_zero(&counts->ref))
		return;
	if (llist_add(&counts->hot, &counts->pn->hot))
		schedule_work(&counts->pn->hot_work);
}

/**
 * pe_counts_spread() - give hot services counters for each CPU
 * @work: pe_net.hot_work
 *
 * When memory is short the service goes on counting where it does.
 */
void pe_counts_spread(struct work_struct *work)
{
	struct pe_net *pn = container_of(work, struct pe_net, hot_work);
	struct llist_node *list = llist_del_all(&pn->hot);
	struct pe_counts *counts, *tmp;

	llist_for_each_entry_safe(counts, tmp, list, hot) {
		struct pe_counts_cpu __percpu *percpu;
		int cpu;

		percpu = __alloc_percpu_gfp(struct_size(percpu, stage,
							counts->n),
					    __alignof__(u64),
					    GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (percpu) {
			for_each_possible_cpu(cpu)
				u64_stats_init(&per_cpu_ptr(percpu, cpu)->syncp);
			/* Counters are zero before anybody adds to them. */
			smp_store_release(&counts->cpu, percpu);
		}
		pe_counts_put(counts);
		cond_resched();
	}
}

/**
 * pe_gso_size() - packets and bytes that a super-packet is on the wire
 * @skb: super-packet, data at the network header
 *
 * Return: its segments, and bytes from the network header on of all of them.
 */
struct pe_sum pe_gso_size(const struct sk_buff *skb)
{
	const struct skb_shared_info *shinfo = skb_shinfo(skb);
	struct pe_sum size = { 1, skb->len };
	unsigned int hlen = skb_transport_offset(skb);
	unsigned int segs = shinfo->gso_segs;

	if (shinfo->gso_type & (SKB_GSO_TCPV4 | SKB_GSO_TCPV6)) {
		struct tcphdr _tcph;
		const struct tcphdr *th;

		th = skb_header_pointer(skb, hlen, sizeof(_tcph), &_tcph);
		if (!th)
			return size;
		hlen += __tcp_hdrlen(th);
	} else if (shinfo->gso_type & SKB_GSO_UDP_L4) {
		hlen += sizeof(struct udphdr);
	} else {
		/* Fragments, tunnels, SCTP: count them as one. */
		return size;
	}
	if (skb->len <= hlen)
		return size;
	if (!segs && shinfo->gso_size)
		segs = DIV_ROUND_UP(skb->len - hlen, shinfo->gso_size);
	if (segs > 1) {
		size.packets = segs;
		size.bytes += (segs - 1) * hlen;
	}
	return size;
}

/**
 * pe_device_sum() - what was counted for a device
 * @stats: counters of the device
 * @dir: direction
 * @sum: what was counted is added to it
 */
void pe_device_sum(struct pe_device_stats __percpu *stats, unsigned int dir,
		   struct pe_sum *sum)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct pe_device_stats *one = per_cpu_ptr(stats, cpu);

		pe_count_sum(&one->syncp, &one->dir[dir], sum);
	}
}

/**
 * pe_device_pulse() - what was asked of a device and what it answered
 * @stats: counters of the device
 * @pulse: out: sums over the CPUs
 */
void pe_device_pulse(struct pe_device_stats __percpu *stats,
		     struct pe_pulse *pulse)
{
	int cpu, i;

	memset(pulse, 0, sizeof(*pulse));
	for_each_possible_cpu(cpu) {
		const struct pe_device_stats *one = per_cpu_ptr(stats, cpu);
		u64 beat[PE_BEATS];
		unsigned int start;

		do {
			start = u64_stats_fetch_begin(&one->syncp);
			for (i = 0; i < PE_BEATS; i++)
				beat[i] = u64_stats_read(&one->beat[i]);
		} while (u64_stats_fetch_retry(&one->syncp, start));
		for (i = 0; i < PE_BEATS; i++)
			pulse->beat[i] += beat[i];
	}
}

/**
 * pe_drops_sum() - packets dropped for a reason
 * @drops: counters of the namespace
 * @reason: the reason
 *
 * Return: packets since the namespace exists.
 */
u64 pe_drops_sum(struct pe_drops __percpu *drops, enum pe_drop reason)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct pe_drops *one = per_cpu_ptr(drops, cpu);

		sum += pe_number_read(&one->syncp, &one->packets[reason]);
	}
	return sum;
}
