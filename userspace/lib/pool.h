/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices that can stand in for each other, as the user and the kernel know them. */
#ifndef PE_POOL_H
#define PE_POOL_H

#include <linux/pe.h>
#include <stdbool.h>

#include "object.h"

struct nlmsghdr;
struct pe_arena;

/**
 * struct pe_member - a device of a pool
 * @device: its name
 * @at: where it stands in the source, plus one
 * @slots: parts of the hash that it has now
 * @weight: its share, beside those of the others
 */
struct pe_member {
	const char *device;
	uint32_t at;
	uint32_t slots;
	uint16_t weight;
};

/**
 * struct pe_pool - a pool
 * @o: name and verb
 * @members: its devices in their order
 * @nmembers: how many
 * @policy: enum pe_pool_policy
 * @key: enum pe_pool_key
 * @has: PE_HAS(PE_POOL_...) of what is given
 * @detect_packets: packets without an answer after which one is found dead
 * @detect_window: milliseconds that they must have had no answer for
 * @revive: milliseconds after which one is tried again, 0 for never
 * @id: number the kernel gave it
 * @users: services whose sequence names it
 * @generation: of the transaction that made it what it is
 * @at: where the words stand in the source, plus one
 */
struct pe_pool {
	struct pe_object o;
	struct pe_member *members;
	uint8_t nmembers;
	uint8_t policy;
	uint8_t key;
	uint32_t has;
	uint32_t detect_packets;
	uint32_t detect_window;
	uint32_t revive;
	uint32_t id;
	uint32_t users;
	uint32_t generation;
	uint32_t at[PE_POOL_MAX + 1];
};

/* What the kernel takes where it is not told. */
#define PE_DETECT_PACKETS 8
#define PE_DETECT_WINDOW 50
#define PE_DETECT_WINDOW_ONE_WAY 3000

void pe_pool_put(struct nlmsghdr *nlh, const struct pe_pool *pool);
int pe_pool_get(struct pe_pool *pool, struct pe_arena *arena, const struct nlmsghdr *nlh);
bool pe_pool_equal(const struct pe_pool *a, const struct pe_pool *b);
void pe_pool_merge(struct pe_pool *pool, const struct pe_pool *base);
uint32_t pe_pool_where(const struct pe_pool *pool, uint16_t attr, unsigned int index);

#endif
