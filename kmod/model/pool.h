/* SPDX-License-Identifier: GPL-2.0-only */
/* Devices that can stand in for each other. */
#ifndef _PE_POOL_H
#define _PE_POOL_H

#include <linux/jhash.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/rcupdate.h>
#include <uapi/linux/pe.h>

#include "device.h"
#include "object.h"

struct pe_net;

/* Where no member can be handed packets. */
#define PE_NO_MEMBER	0xff

#define PE_DETECT_PACKETS	8
#define PE_DETECT_WINDOW	50	/* milliseconds */
#define PE_DETECT_WINDOW_ONE_WAY 3000

/**
 * struct pe_member - a device of a pool
 * @device: the device
 * @weight: its share, beside those of the others
 * @seed: of its own, from its name: the same wherever it has that
 * @alone: packets that it had been handed when no other member had answered
 *	just before; under pe_net.health_lock
 */
struct pe_member {
	struct pe_device	*device;
	u64			alone;
	u16			weight;
	u32			seed;
};

/**
 * struct pe_client - the client's end of a packet
 * @addr: its address, in one word or four
 * @port: its port in host order, 0 where that is not to count
 * @ipv4: the address has one word
 */
struct pe_client {
	const __be32		*addr;
	u16			port;
	bool			ipv4;
};

/**
 * struct pe_pool - one version of a pool
 * @slot: member that gets what hashes there, or PE_NO_MEMBER; changes with the
 *	states of the members, in place
 * @owner: member that gets it while all are up
 * @slots: how many of both
 * @seed: of the hash
 * @key: enum pe_pool_key
 * @policy: enum pe_pool_policy
 * @members: how many
 * @detect_given: @detect_packets and @detect_window were configured
 * @revives: found dead, a member may come back by itself
 * @one_way: answers of its servers go past this engine
 * @detect_packets: unanswered packets after which one is found dead, 0 for never
 * @detect_window: milliseconds that they must have gone unanswered for
 * @revive: milliseconds after which it is tried again, 0 for never
 * @users: object and sequences that point here; under pe_net.lock
 * @generation: of the transaction that made it
 * @obj: its name
 * @list: in pe_net.pools while it is live
 * @best: members that got packets when @slot was last written, as a set
 * @rcu: freed when no packet can see it
 * @member: the members in their order
 *
 * Immutable once live, but for @slot and @best, which are written under
 * pe_net.health_lock.
 */
struct pe_pool {
	u8			*slot;
	u8			*owner;
	u32			slots;
	u32			seed;
	u8			key;
	u8			policy;
	u8			members;
	bool			detect_given;
	bool			revives;
	bool			one_way;
	u32			detect_packets;
	u32			detect_window;
	u32			revive;
	u32			users;
	u32			generation;
	struct pe_object	*obj;
	struct list_head	list;
	u64			best;
	struct rcu_head		rcu;
	struct pe_member	member[] __counted_by(members);
};

/* The same wherever the same is configured: engines in parallel, or one in the
 * place of another, pick alike.
 */
static inline u32 pe_pool_hash(const struct pe_pool *pool,
			       const struct pe_client *client)
{
	u16 port = pool->key == PE_POOL_KEY_FLOW ? client->port : 0;

	if (client->ipv4)
		return jhash_2words((__force u32)*client->addr, port,
				    pool->seed);
	return jhash2((__force const u32 *)client->addr, 4, pool->seed + port);
}

/**
 * pe_pool_pick() - the member that gets a packet
 * @pool: pool
 * @client: the client's end of the packet, in either direction
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: the device, or NULL where none is up.
 */
static inline struct pe_device *pe_pool_pick(const struct pe_pool *pool,
					     const struct pe_client *client)
{
	u32 at = 0;
	u8 i;

	if (pool->slots > 1)
		at = reciprocal_scale(pe_pool_hash(pool, client), pool->slots);
	i = READ_ONCE(pool->slot[at]);
	return unlikely(i == PE_NO_MEMBER) ? NULL : pool->member[i].device;
}

struct pe_pool *pe_pool_new(u8 members);
struct pe_pool *pe_pool_copy(struct pe_net *pn, const struct pe_pool *pool);
u32 pe_pool_share(const struct pe_pool *pool, u8 i);
int pe_pool_build(struct pe_pool *pool);
void pe_pool_put(struct pe_net *pn, struct pe_pool *pool);
void pe_pool_attach(struct pe_net *pn, struct pe_pool *pool);
void pe_pool_detach(struct pe_net *pn, struct pe_pool *pool);
void pe_pools_refresh(struct pe_net *pn, const struct pe_device *dev);
bool pe_pools_revive(struct pe_net *pn, const struct pe_device *dev);
void pe_pools_examine(struct pe_net *pn);
bool pe_pool_has_other(const struct pe_pool *pool,
		       const struct pe_health *health);

#endif /* _PE_POOL_H */
