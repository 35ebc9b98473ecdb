// SPDX-License-Identifier: GPL-2.0-only
/* Histograms of times, as bars. */

#include <latency.h>
#include <stdio.h>
#include <string.h>

#include "options.h"
#include "print_object.h"
#include "printer.h"

#define BAR_WIDTH 40

/* Three digits of a time, with its unit. */
static const char *time_format(uint64_t ns, char *buf, size_t size)
{
	static const char *const units[] = { "ns", "us", "ms", "s" };
	double value = (double)ns;
	unsigned int unit = 0;

	while (value >= 1000 && unit < 3) {
		value /= 1000;
		unit++;
	}
	snprintf(buf, size, value < 100 ? "%.3g%s" : "%.0f%s", value, units[unit]);
	return buf;
}

static void print_quantile(struct printer *p, const struct pe_latency *latency,
			   unsigned int percent, const char *key, const char *format)
{
	uint64_t ns = pe_latency_quantile(latency, percent);
	char buf[16];

	print_uint(p, key, NULL, ns);
	print_string(p, NULL, format, time_format(ns, buf, sizeof(buf)));
}

static void print_latency_times(struct printer *p, const struct pe_latency *latency)
{
	char buf[16];

	print_uint(p, "sum_ns", NULL, latency->sum);
	if (!latency->samples)
		return;
	print_string(p, NULL, ", mean %s",
		     time_format(latency->sum / latency->samples, buf, sizeof(buf)));
	print_quantile(p, latency, 50, "median_ns", ", median below %s");
	print_quantile(p, latency, 95, "p95_ns", ", 95 %% below %s");
	print_quantile(p, latency, 99, "p99_ns", ", 99 %% below %s");
}

static void print_bar(struct printer *p, uint64_t samples, uint64_t most)
{
	char bar[BAR_WIDTH + 1];
	size_t width = (size_t)((double)samples / (double)most * BAR_WIDTH);

	/* A single one among millions is there, too. */
	width = width ? width : samples > 0;
	memset(bar, '#', width);
	bar[width] = '\0';
	print_string(p, NULL, " %s", bar);
}

static void print_bar_of(struct printer *p, const struct pe_latency *latency, unsigned int i,
			 uint64_t most)
{
	char buf[16];

	print_comment(p);
	print_string(p, NULL, "  below %6s", time_format(pe_latency_below(i), buf, sizeof(buf)));
	print_uint(p, NULL, " %10llu", latency->buckets[i]);
	print_bar(p, latency->buckets[i], most);
}

/* From the first bucket that has samples to the last one. */
static void print_bars(struct printer *p, const struct pe_latency *latency)
{
	unsigned int first = 0, end = PE_LATENCY_BUCKETS, i;
	uint64_t most = 0;

	while (end && !latency->buckets[end - 1])
		end--;
	while (first < end && !latency->buckets[first])
		first++;
	for (i = first; i < end; i++)
		if (latency->buckets[i] > most)
			most = latency->buckets[i];
	for (i = first; i < end; i++)
		print_bar_of(p, latency, i, most);
}

static void print_buckets(struct printer *p, const struct pe_latency *latency)
{
	unsigned int i;

	print_array(p, "buckets");
	for (i = 0; i < PE_LATENCY_BUCKETS; i++) {
		print_object(p, NULL);
		print_uint(p, "below_ns", NULL, pe_latency_below(i));
		print_uint(p, "samples", NULL, latency->buckets[i]);
		print_close(p);
	}
	print_close(p);
}

/**
 * print_latency() - print what was measured of a device
 * @p: the printer
 * @latency: histograms
 * @count: how many
 */
void print_latency(struct printer *p, const struct pe_latency *latency, unsigned int count)
{
	unsigned int i;

	print_object(p, "latency");
	for (i = 0; i < count; i++) {
		const char *name = pe_latency_name(latency[i].of);

		print_object(p, name);
		print_comment(p);
		print_string(p, NULL, "%s", name);
		print_uint(p, "samples", " %llu samples", latency[i].samples);
		print_uint(p, "lost", " %llu lost", latency[i].lost);
		print_uint(p, "waiting", " %llu waiting", latency[i].waiting);
		print_latency_times(p, &latency[i]);
		print_buckets(p, &latency[i]);
		if (!p->options->json && !p->options->oneline)
			print_bars(p, &latency[i]);
		print_close(p);
	}
	print_close(p);
}
