/* SPDX-License-Identifier: GPL-2.0-only */
/* How long a device takes, as the kernel has measured it. */
#ifndef PE_LATENCY_H
#define PE_LATENCY_H

#include <linux/pe.h>
#include <stdbool.h>
#include <stdint.h>

struct nlattr;

/* What is measured of one device. */
#define PE_LATENCIES_MAX 2

/**
 * struct pe_latency - a histogram of times
 * @of: enum pe_latency_of
 * @waiting: packets picked that may still be seen again
 * @buckets: samples by the logarithm of their time
 * @samples: how many these are
 * @sum: nanoseconds of all of them
 * @lost: packets picked that were not seen again
 */
struct pe_latency {
	uint32_t of;
	uint32_t waiting;
	uint64_t buckets[PE_LATENCY_BUCKETS];
	uint64_t samples;
	uint64_t sum;
	uint64_t lost;
};

const char *pe_latency_name(uint32_t of);
uint64_t pe_latency_below(unsigned int bucket);
uint64_t pe_latency_quantile(const struct pe_latency *latency, unsigned int percent);
bool pe_latency_get(struct pe_latency *latency, const struct nlattr *nest);

#endif
