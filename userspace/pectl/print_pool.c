// SPDX-License-Identifier: GPL-2.0-only

#include <pool.h>
#include <stdio.h>

#include "options.h"
#include "print_object.h"
#include "printer.h"

static const char *pool_policy_name(unsigned int policy)
{
	switch (policy) {
	case PE_POOL_POLICY_FAILOVER:
		return "failover";
	case PE_POOL_POLICY_MAGLEV:
		return "maglev";
	}
	return "unknown";
}

/**
 * print_duration() - print a time in the form in which it is read
 * @p: the printer
 * @key: of what; JSON has milliseconds
 * @format: with %s for the time, or NULL
 * @ms: milliseconds
 */
void print_duration(struct printer *p, const char *key, const char *format, uint32_t ms)
{
	char buf[16];

	print_uint(p, key, NULL, ms);
	if (ms % 1000)
		snprintf(buf, sizeof(buf), "%ums", ms);
	else
		snprintf(buf, sizeof(buf), "%us", ms / 1000);
	print_string(p, NULL, format, buf);
}

static void print_members(struct printer *p, const struct pe_pool *pool)
{
	unsigned int i;

	print_array(p, "members");
	for (i = 0; i < pool->nmembers; i++) {
		const struct pe_member *member = &pool->members[i];

		print_object(p, NULL);
		print_string(p, "device", i ? ", %s" : " %s", member->device);
		print_uint(p, "weight", member->weight == 1 ? NULL : " weight %llu",
			   member->weight);
		if (p->options->stats)
			print_uint(p, "slots", NULL, member->slots);
		print_close(p);
	}
	print_close(p);
}

static void print_detect(struct printer *p, const struct pe_pool *pool)
{
	bool packets = pool->has & PE_HAS(PE_POOL_DETECT_PACKETS);
	bool window = pool->has & PE_HAS(PE_POOL_DETECT_WINDOW);

	if (!packets && !window)
		return;
	print_object(p, "detect");
	print_text(p, "; detect");
	if (packets && !pool->detect_packets) {
		print_uint(p, "packets", NULL, 0);
		print_text(p, " off");
	} else if (packets) {
		print_uint(p, "packets", " packets %llu", pool->detect_packets);
	}
	if (window)
		print_duration(p, "window", packets && !pool->detect_packets ? NULL : " window %s",
			       pool->detect_window);
	print_close(p);
}

static void print_pool_statements(struct printer *p, const struct pe_pool *pool)
{
	print_text(p, "members");
	print_members(p, pool);
	print_string(p, "policy", "; policy %s", pool_policy_name(pool->policy));
	if (pool->key)
		print_string(p, "key", "; key %s",
			     pool->key == PE_POOL_KEY_CLIENT ? "client" : "unknown");
	print_detect(p, pool);
	if (pool->has & PE_HAS(PE_POOL_ONE_WAY))
		print_true(p, "oneway", "; oneway");
	if (!(pool->has & PE_HAS(PE_POOL_REVIVE)))
		return;
	print_text(p, "; revive");
	print_duration(p, "revive", pool->revive ? " %s" : NULL, pool->revive);
}

static void print_pool_shares(struct printer *p, const struct pe_pool *pool)
{
	uint64_t all = 0;
	unsigned int i;
	char buf[16];

	for (i = 0; i < pool->nmembers; i++)
		all += pool->members[i].slots;
	if (p->options->json)
		return;
	print_comment(p);
	print_text(p, all ? "shares" : "no member is up");
	for (i = 0; i < pool->nmembers && all; i++) {
		print_string(p, NULL, i ? ", %s" : " %s", pool->members[i].device);
		snprintf(buf, sizeof(buf), "%.1f", 100.0 * pool->members[i].slots / (double)all);
		print_string(p, NULL, " %s %%", buf);
	}
}

/**
 * print_pool() - print a pool
 * @p: the printer
 * @pool: the pool
 */
void print_pool(struct printer *p, const struct pe_pool *pool)
{
	if (p->options->brief && !p->options->json) {
		print_string(p, NULL, "%-16s ", pool->o.name);
		print_pool_statements(p, pool);
		print_owner(p, &pool->o, "; owner %s");
		print_text(p, "\n");
		return;
	}
	print_object(p, "pool");
	print_string(p, "name", "pool %s { ", pool->o.name);
	print_pool_statements(p, pool);
	print_owner(p, &pool->o, "; owner %s");
	print_text(p, "; }");
	if (p->options->details) {
		print_comment(p);
		print_uint(p, "id", "id %llu", pool->id);
		print_uint(p, "users", ", used by %llu services", pool->users);
		print_uint(p, "generation", ", generation %llu", pool->generation);
	}
	if (p->options->stats)
		print_pool_shares(p, pool);
	print_comments_end(p);
	print_close(p);
}
