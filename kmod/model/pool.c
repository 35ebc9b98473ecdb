// SPDX-License-Identifier: GPL-2.0-only
/* Pools: which member gets which packets, now and while all are up. */

#include <linux/bitops.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#include "event.h"
#include "netns.h"
#include "pool.h"

/* Sizes of the table, primes as Maglev wants them: at least a hundred times as
 * large as there are members.
 */
static const u32 pe_pool_sizes[] = {
	251, 509, 1021, 2039, 4093, 8191, 16381, 32749, 65521,
};

#define PE_POOL_PER_MEMBER	100

/**
 * pe_pool_new() - a pool without members
 * @members: to make room for
 *
 * Context: process context.
 * Return: the pool with one user, or NULL when memory is short.
 */
struct pe_pool *pe_pool_new(u8 members)
{
	struct pe_pool *pool;

	pool = kzalloc(struct_size(pool, member, members), GFP_KERNEL_ACCOUNT);
	if (!pool)
		return NULL;
	pool->users = 1;
	pool->members = members;
	INIT_LIST_HEAD(&pool->list);
	return pool;
}

/**
 * pe_pool_copy() - the same pool again, without devices
 * @pn: namespace
 * @pool: the pool
 *
 * Context: process context, pe_net.lock held.
 * Return: the copy, or NULL when memory is short.
 */
struct pe_pool *pe_pool_copy(struct pe_net *pn, const struct pe_pool *pool)
{
	struct pe_pool *new = pe_pool_new(pool->members);
	u8 i;

	lockdep_assert_held(&pn->lock);
	if (!new)
		return NULL;
	new->obj = pe_object_get(pool->obj);
	new->key = pool->key;
	new->policy = pool->policy;
	new->detect_given = pool->detect_given;
	new->one_way = pool->one_way;
	new->detect_packets = pool->detect_packets;
	new->detect_window = pool->detect_window;
	new->revives = pool->revives;
	new->revive = pool->revive;
	for (i = 0; i < pool->members; i++)
		new->member[i].weight = pool->member[i].weight;
	return new;
}

static void pe_pool_free_rcu(struct rcu_head *head)
{
	struct pe_pool *pool = container_of(head, struct pe_pool, rcu);

	kvfree(pool->slot);
	kfree(pool);
}

/**
 * pe_pool_put() - one user less
 * @pn: namespace
 * @pool: pool, or NULL
 *
 * Context: process context, pe_net.lock held. Packets may see the pool for a
 * grace period after its last user went.
 */
void pe_pool_put(struct pe_net *pn, struct pe_pool *pool)
{
	u8 i;

	if (!pool || --pool->users)
		return;
	lockdep_assert_held(&pn->lock);
	for (i = 0; i < pool->members; i++)
		pe_device_put(pn, pool->member[i].device);
	pe_object_put(pool->obj);
	call_rcu(&pool->rcu, pe_pool_free_rcu);
}

static u32 pe_member_seed(const struct pe_member *member)
{
	const char *name = member->device->obj->name;

	return jhash(name, strlen(name), 0);
}

/* Large enough for members of the smallest weight to have a share, too. */
static u32 pe_pool_size(const struct pe_pool *pool)
{
	u64 total = 0, least = U16_MAX, want;
	int i;

	if (pool->policy == PE_POOL_POLICY_FAILOVER)
		return 1;
	for (i = 0; i < pool->members; i++) {
		u16 weight = pool->member[i].weight;

		total += weight;
		if (weight)
			least = min_t(u64, least, weight);
	}
	want = PE_POOL_PER_MEMBER * div64_u64(total, least);
	for (i = 0; i < ARRAY_SIZE(pe_pool_sizes) - 1; i++)
		if (pe_pool_sizes[i] >= want)
			break;
	return pe_pool_sizes[i];
}

/* Where a member's turn has brought it in its permutation of the slots. */
struct pe_turn {
	u32			at;
	u32			skip;
	u32			credit;
};

/* The next slot in the member's order that nobody has. */
static void pe_pool_claim(struct pe_pool *pool, struct pe_turn *turn, u8 i)
{
	while (pool->owner[turn->at] != PE_NO_MEMBER)
		turn->at = (turn->at + turn->skip) % pool->slots;
	pool->owner[turn->at] = i;
}

/* Eisenbud et al., Maglev: A Fast and Reliable Software Network Load Balancer,
 * NSDI 2016, section 3.4: members take turns at claiming the next free slot of
 * a permutation of their own. Heavier ones have more turns.
 */
static void pe_pool_populate(struct pe_pool *pool, struct pe_turn *turn,
			     u16 heaviest)
{
	u32 left = pool->slots;
	u8 i;

	for (i = 0; i < pool->members; i++) {
		turn[i].at = jhash_1word(pool->member[i].seed, 1) %
			     pool->slots;
		turn[i].skip = jhash_1word(pool->member[i].seed, 2) %
			       (pool->slots - 1) + 1;
	}
	for (i = 0; left; i = (i + 1) % pool->members) {
		turn[i].credit += pool->member[i].weight;
		if (turn[i].credit < heaviest)
			continue;
		turn[i].credit -= heaviest;
		pe_pool_claim(pool, &turn[i], i);
		if (!(--left % 1024))
			cond_resched();
	}
}

/**
 * pe_pool_build() - give each member its share
 * @pool: pool with its members' devices, which packets don't see
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or -ENOMEM.
 */
int pe_pool_build(struct pe_pool *pool)
{
	struct pe_turn *turn;
	u16 heaviest = 0;
	u8 i;

	pool->seed = jhash(pool->obj->name, strlen(pool->obj->name), 0);
	pool->slots = pe_pool_size(pool);
	pool->slot = kvmalloc(2 * pool->slots, GFP_KERNEL_ACCOUNT);
	if (!pool->slot)
		return -ENOMEM;
	memset(pool->slot, PE_NO_MEMBER, 2 * pool->slots);
	pool->owner = pool->slot + pool->slots;
	for (i = 0; i < pool->members; i++) {
		pool->member[i].seed = pe_member_seed(&pool->member[i]);
		heaviest = max(heaviest, pool->member[i].weight);
	}
	if (pool->policy == PE_POOL_POLICY_FAILOVER || !heaviest)
		return 0;
	turn = kcalloc(pool->members, sizeof(*turn), GFP_KERNEL);
	if (!turn)
		return -ENOMEM;
	pe_pool_populate(pool, turn, heaviest);
	kfree(turn);
	return 0;
}

/* Members that get packets, as a set: those that are up, or where none is, those
 * that drain or have no weight.
 */
static u64 pe_pool_best(const struct pe_pool *pool)
{
	u64 up = 0, works = 0;
	u8 i;

	for (i = 0; i < pool->members; i++) {
		const struct pe_member *member = &pool->member[i];
		u8 state = READ_ONCE(member->device->health->state);

		if (pe_health_works(member->device->health))
			works |= BIT_ULL(i);
		if (state == PE_DEVICE_STATE_UP && member->weight)
			up |= BIT_ULL(i);
	}
	return up ?: works;
}

/* Logarithm to the base of 2 of x / 2^32, negated, with 16 bits behind the
 * point; linear between powers of two, which is off by 0.09 at most.
 */
static u32 pe_minus_log(u32 x)
{
	u32 whole = fls(x | 1) - 1;
	u32 part = ((u64)(x | 1) << 16 >> whole) - BIT(16);

	return (32 << 16) - (whole << 16) - part;
}

/* Who has the slot of a member that gets nothing: Thaler and Ravishankar, Using
 * Name-Based Mappings to Increase Hit Rates, 1998, with weights: the least of
 * -log(hash) / weight. It depends on nothing but slot and members, so what one
 * member's absence moves is what it had, whatever happened before.
 */
static u8 pe_pool_heir(const struct pe_pool *pool, u32 slot, u64 best)
{
	u64 score, weight, least_score = 0, least_weight = 0;
	u8 i, heir = PE_NO_MEMBER;

	for (i = 0; i < pool->members; i++) {
		if (!(best & BIT_ULL(i)))
			continue;
		score = pe_minus_log(jhash_2words(slot, pool->member[i].seed,
						  pool->seed));
		weight = pool->member[i].weight ?: 1;
		if (heir != PE_NO_MEMBER &&
		    score * least_weight >= least_score * weight)
			continue;
		heir = i;
		least_score = score;
		least_weight = weight;
	}
	return heir;
}

static void pe_pool_write(struct pe_pool *pool, u64 best)
{
	u32 at;
	u8 i;

	if (pool->policy == PE_POOL_POLICY_FAILOVER) {
		WRITE_ONCE(pool->slot[0], best ? __ffs64(best) : PE_NO_MEMBER);
		return;
	}
	for (at = 0; at < pool->slots; at++) {
		i = pool->owner[at];
		if (i == PE_NO_MEMBER || !(best & BIT_ULL(i)))
			i = pe_pool_heir(pool, at, best);
		if (pool->slot[at] != i)
			WRITE_ONCE(pool->slot[at], i);
		if (!(at % 1024))
			cond_resched();
	}
}

/**
 * pe_pool_share() - how much of the hash leads to a member now
 * @pool: live pool
 * @i: index of the member
 *
 * Return: slots, of pe_pool.slots.
 */
u32 pe_pool_share(const struct pe_pool *pool, u8 i)
{
	u32 at, n = 0;

	for (at = 0; at < pool->slots; at++)
		n += READ_ONCE(pool->slot[at]) == i;
	return n;
}

/* Others get the packets of its members. */
static void pe_pool_refresh(struct pe_net *pn, struct pe_pool *pool)
{
	u64 best = pe_pool_best(pool), old = pool->best;

	if (best == old)
		return;
	pool->best = best;
	pe_pool_write(pool, best);
	/* Of a failover pool only the first counts. */
	if (pool->policy == PE_POOL_POLICY_FAILOVER && best && old &&
	    __ffs64(best) == __ffs64(old))
		return;
	pe_event_pool(pn, pool);
}

static bool pe_pool_has(const struct pe_pool *pool, const struct pe_device *dev)
{
	u8 i;

	for (i = 0; i < pool->members; i++)
		if (pool->member[i].device->health == dev->health)
			return true;
	return false;
}

/**
 * pe_pools_refresh() - a device's state has changed
 * @pn: namespace
 * @dev: the device
 *
 * Context: process context, pe_net.health_lock held.
 */
void pe_pools_refresh(struct pe_net *pn, const struct pe_device *dev)
{
	struct pe_pool *pool;

	lockdep_assert_held(&pn->health_lock);
	list_for_each_entry(pool, &pn->pools, list) {
		if (pe_pool_has(pool, dev))
			pe_pool_refresh(pn, pool);
		cond_resched();
	}
}

/**
 * pe_pools_revive() - may a device that was found dead come back by itself?
 * @pn: namespace
 * @dev: the device
 *
 * Context: pe_net.health_lock held.
 * Return: true where one of its pools says so, or where it is in none.
 */
bool pe_pools_revive(struct pe_net *pn, const struct pe_device *dev)
{
	const struct pe_pool *pool;
	bool member = false;

	lockdep_assert_held(&pn->health_lock);
	list_for_each_entry(pool, &pn->pools, list) {
		if (!pe_pool_has(pool, dev))
			continue;
		if (pool->revives)
			return true;
		member = true;
	}
	return !member;
}

/**
 * pe_pool_has_other() - is there a member that could take over?
 * @pool: pool
 * @health: of the member whose packets are to be taken over
 *
 * Context: pe_net.health_lock held.
 */
bool pe_pool_has_other(const struct pe_pool *pool,
		       const struct pe_health *health)
{
	u8 i;

	for (i = 0; i < pool->members; i++)
		if (pool->member[i].device->health != health &&
		    pe_health_works(pool->member[i].device->health))
			return true;
	return false;
}

/**
 * pe_pools_examine() - have all members looked at now
 * @pn: namespace
 *
 * Context: any.
 */
void pe_pools_examine(struct pe_net *pn)
{
	if (!READ_ONCE(pn->dead))
		mod_delayed_work(system_unbound_wq, &pn->doctor_work, 0);
}

/**
 * pe_pool_attach() - a version becomes live, before packets see it
 * @pn: namespace
 * @pool: version that was built
 *
 * Context: process context, pe_net.lock held.
 */
void pe_pool_attach(struct pe_net *pn, struct pe_pool *pool)
{
	lockdep_assert_held(&pn->lock);
	mutex_lock(&pn->health_lock);
	pool->best = pe_pool_best(pool);
	pe_pool_write(pool, pool->best);
	list_add_tail(&pool->list, &pn->pools);
	mutex_unlock(&pn->health_lock);
	pe_pools_examine(pn);
}

/**
 * pe_pool_detach() - a version is not live any more
 * @pn: namespace
 * @pool: version that was attached
 *
 * Context: process context, pe_net.lock held.
 */
void pe_pool_detach(struct pe_net *pn, struct pe_pool *pool)
{
	lockdep_assert_held(&pn->lock);
	mutex_lock(&pn->health_lock);
	list_del_init(&pool->list);
	mutex_unlock(&pn->health_lock);
}
