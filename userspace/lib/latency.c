// SPDX-License-Identifier: GPL-2.0-only

#include "latency.h"

#include <string.h>

#include "attr.h"

/**
 * pe_latency_name() - the word for what is measured
 * @of: enum pe_latency_of
 *
 * Return: the word.
 */
const char *pe_latency_name(uint32_t of)
{
	static const char *const names[] = {
		[PE_LATENCY_OF_FORWARD] = "forward",
		[PE_LATENCY_OF_REVERSE] = "reverse",
		[PE_LATENCY_OF_CONNECT] = "connect",
		[PE_LATENCY_OF_ANSWER] = "answer",
	};

	return of < sizeof(names) / sizeof(*names) ? names[of] : "unknown";
}

/**
 * pe_latency_below() - where a bucket ends
 * @bucket: which
 *
 * Return: nanoseconds; all times in it are below.
 */
uint64_t pe_latency_below(unsigned int bucket)
{
	return 1ULL << (PE_LATENCY_SHIFT + bucket);
}

/**
 * pe_latency_quantile() - a time that some percent of the samples are below
 * @latency: the histogram
 * @percent: how many
 *
 * Return: nanoseconds, where the bucket of it ends; 0 without samples.
 */
uint64_t pe_latency_quantile(const struct pe_latency *latency, unsigned int percent)
{
	uint64_t seen = 0;
	unsigned int i;

	for (i = 0; i < PE_LATENCY_BUCKETS; i++) {
		seen += latency->buckets[i];
		if (seen && seen * 100 >= latency->samples * percent)
			return pe_latency_below(i);
	}
	return 0;
}

static bool pe_latency_get_buckets(struct pe_latency *latency, const struct nlattr *attr)
{
	unsigned int i;

	if (mnl_attr_get_payload_len(attr) != sizeof(latency->buckets))
		return false;
	memcpy(latency->buckets, mnl_attr_get_payload(attr), sizeof(latency->buckets));
	latency->samples = 0;
	for (i = 0; i < PE_LATENCY_BUCKETS; i++)
		latency->samples += latency->buckets[i];
	return true;
}

/**
 * pe_latency_get() - read a histogram
 * @latency: where to store it; cleared first
 * @nest: attribute that has it
 *
 * Return: whether it is one.
 */
bool pe_latency_get(struct pe_latency *latency, const struct nlattr *nest)
{
	const struct nlattr *attr;
	bool ok = true;

	memset(latency, 0, sizeof(*latency));
	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == PE_LATENCY_OF)
			latency->of = pe_attr_u32(attr);
		else if (type == PE_LATENCY_BUCKET)
			ok = pe_latency_get_buckets(latency, attr) && ok;
		else if (type == PE_LATENCY_SUM)
			latency->sum = pe_attr_u64(attr);
		else if (type == PE_LATENCY_LOST)
			latency->lost = pe_attr_u64(attr);
		else if (type == PE_LATENCY_WAITING)
			latency->waiting = pe_attr_u32(attr);
	}
	return ok;
}
