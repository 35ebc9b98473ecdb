// SPDX-License-Identifier: GPL-2.0-only
/* The table of flows: found without a lock, made and forgotten under that of a
 * bucket.
 *
 * Buckets are in the order of hashes, whatever the size of the table. So a walk
 * that remembers a hash goes on where it was though the table was replaced
 * meanwhile, and meets each flow that stays once.
 */

#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "flow.h"

#define PE_FLOW_BITS_MIN	12
#define PE_FLOW_BITS_MAX	24

/* More have no room in one bucket: looking through them takes its time. A table
 * that is about to grow has that many only where the work gets no processor.
 */
#define PE_FLOW_CHAIN		64

/* Buckets that are looked at for a flow that can go, and those of them that are
 * not empty.
 */
#define PE_FLOW_EVICT_BUCKETS	128
#define PE_FLOW_EVICT_FLOWS	8

/* How often what is over is looked for, and in which part of the table. */
#define PE_FLOW_ROUND		(HZ / 2)
#define PE_FLOW_ROUNDS		8

/* Buckets after which others have their turn. */
#define PE_FLOW_AT_ONCE		256U

static struct kmem_cache *pe_flow_cache __ro_after_init;

/**
 * pe_flow_alloc() - memory for a flow
 *
 * Context: any.
 * Return: the flow, all zeroes, or NULL.
 */
struct pe_flow *pe_flow_alloc(void)
{
	return kmem_cache_zalloc(pe_flow_cache, GFP_ATOMIC | __GFP_NOWARN);
}

/**
 * pe_flow_free() - a flow that was never in the table
 * @flow: flow
 */
void pe_flow_free(struct pe_flow *flow)
{
	kmem_cache_free(pe_flow_cache, flow);
}

static void pe_flow_free_rcu(struct rcu_head *head)
{
	pe_flow_free(container_of(head, struct pe_flow, rcu));
}

static struct pe_flow_table *pe_flow_table_new(u8 bits)
{
	struct pe_flow_table *table;

	table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	if (!table)
		return NULL;
	table->bits = bits;
	table->bucket = kvcalloc(1UL << bits, sizeof(*table->bucket),
				 GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!table->bucket) {
		kfree(table);
		return NULL;
	}
	return table;
}

static void pe_flow_table_free(struct pe_flow_table *table)
{
	if (!table)
		return;
	kvfree(table->bucket);
	kfree(table);
}

static void pe_flow_table_free_rcu(struct rcu_head *head)
{
	pe_flow_table_free(container_of(head, struct pe_flow_table, rcu));
}

static u32 pe_flow_bucket(const struct pe_flow_table *table, u32 hash)
{
	return hash >> (32 - table->bits);
}

/* The last hash of those that are in a bucket with this one. */
static u32 pe_flow_last(u32 hash, u8 bits)
{
	return hash | (u32)(BIT_ULL(32 - bits) - 1);
}

/**
 * pe_flow_find() - a flow that is remembered
 * @key: what tells it
 *
 * One may be missed, as by pe_flow_find_by().
 *
 * Context: RCU read lock held.
 * Return: the flow or NULL.
 */
struct pe_flow *pe_flow_find(const struct pe_flow_key *key)
{
	return pe_flow_find_by(key->ledger, key->addr.ip6, key->word,
			       pe_flow_key_family(key) == NFPROTO_IPV4);
}

/* The bucket that flows with a hash are in, wherever that is by now. @bits tell
 * which hashes are not in another one.
 */
static struct hlist_bl_head *pe_flow_lock(struct pe_flows *flows, u32 hash,
					  u8 *bits)
{
	struct pe_flow_table *table = rcu_dereference(flows->table), *next;
	struct hlist_bl_head *head;

	*bits = 0;
	for (;;) {
		head = &table->bucket[pe_flow_bucket(table, hash)];
		*bits = max(*bits, table->bits);
		hlist_bl_lock(head);
		next = rcu_dereference(table->next);
		if (likely(!next))
			return head;
		*bits = max(*bits, next->bits);
		if (pe_flow_bucket(table, hash) >= READ_ONCE(table->moved))
			return head;
		hlist_bl_unlock(head);
		table = next;
	}
}

/* How many buckets there are from that of a hash on with nothing in them, and
 * the last hash of those; none where it may be in another table by now.
 */
static u32 pe_flow_nothing(struct pe_flows *flows, u32 hash, u32 most,
			   u32 *last)
{
	struct pe_flow_table *table = rcu_dereference(flows->table);
	u32 at = pe_flow_bucket(table, hash), n;

	most = min(most, (1U << table->bits) - at);
	for (n = 0; n < most && hlist_bl_empty(&table->bucket[at + n]); n++)
		;
	/* If it was moved away, its table is seen: pe_flows_resize(). */
	smp_rmb();
	if (!n || rcu_access_pointer(table->next))
		return 0;
	*last = pe_flow_last(hash + ((n - 1) << (32 - table->bits)),
			     table->bits);
	return n;
}

/**
 * pe_flow_remove() - forget a flow
 * @flow: flow in the table
 *
 * Context: bottom halves off, its bucket locked.
 */
void pe_flow_remove(struct pe_flow *flow)
{
	hlist_bl_del_rcu(&flow->node);
	atomic_dec(&flow->key.ledger->flows->count);
	atomic_dec(&flow->key.ledger->used);
	call_rcu(&flow->rcu, pe_flow_free_rcu);
}

static struct pe_flow *pe_flow_in(struct hlist_bl_head *head,
				  const struct pe_flow_key *key)
{
	struct hlist_bl_node *node;
	struct pe_flow *flow;

	hlist_bl_for_each_entry_rcu(flow, node, head, node)
		if (pe_flow_keys_equal(&flow->key, key))
			return flow;
	return NULL;
}

/**
 * pe_flow_find_sure() - a flow that pe_flow_find() may have missed
 * @key: what tells it
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: the flow or NULL.
 */
struct pe_flow *pe_flow_find_sure(const struct pe_flow_key *key)
{
	struct hlist_bl_head *head;
	struct pe_flow *flow;
	u8 bits;

	head = pe_flow_lock(key->ledger->flows, pe_flow_key_hash(key), &bits);
	flow = pe_flow_in(head, key);
	hlist_bl_unlock(head);
	return flow;
}

/* The work is needed from the first flow on, and sooner when the table fills. */
static void pe_flow_entered(struct pe_flows *flows)
{
	const struct pe_flow_table *table = rcu_dereference(flows->table);
	u32 n = atomic_read(&flows->count);

	if (unlikely(n > 1U << table->bits && table->bits < PE_FLOW_BITS_MAX))
		pe_flows_hurry(flows);
	else if (!delayed_work_pending(&flows->work))
		queue_delayed_work(system_unbound_wq, &flows->work,
				   PE_FLOW_ROUND);
}

/**
 * pe_flow_insert() - a flow is seen by packets from now on
 * @flow: flow that is counted already
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: the flow, the same one if it is there already, or NULL where its
 * bucket is full.
 */
struct pe_flow *pe_flow_insert(struct pe_flow *flow)
{
	struct pe_flows *flows = flow->key.ledger->flows;
	struct pe_flow *there = NULL, *at;
	struct hlist_bl_head *head;
	struct hlist_bl_node *node;
	unsigned int n = 0;
	u8 bits;

	head = pe_flow_lock(flows, pe_flow_key_hash(&flow->key), &bits);
	hlist_bl_for_each_entry(at, node, head, node) {
		if (pe_flow_keys_equal(&at->key, &flow->key))
			there = at;
		n++;
	}
	if (likely(!there && n < PE_FLOW_CHAIN)) {
		hlist_bl_add_head_rcu(&flow->node, head);
		there = flow;
	}
	hlist_bl_unlock(head);
	pe_flow_entered(flows);
	return there;
}

/* The oldest in a bucket of which nothing has come back: new ones come first. */
static struct pe_flow *pe_flow_evictable(struct hlist_bl_head *head,
					 const struct pe_ledger *ledger)
{
	struct pe_flow *flow, *found = NULL;
	struct hlist_bl_node *node;

	hlist_bl_for_each_entry_rcu(flow, node, head, node)
		if ((!ledger || flow->key.ledger == ledger) &&
		    pe_flow_phase(flow) == PE_FLOW_PHASE_NEW)
			found = flow;
	return found;
}

static bool pe_flow_evict_from(struct pe_flows *flows,
			       const struct pe_ledger *ledger, u32 hash)
{
	struct hlist_bl_head *head;
	struct pe_flow *flow;
	u8 bits;

	head = pe_flow_lock(flows, hash, &bits);
	flow = pe_flow_evictable(head, ledger);
	if (flow)
		pe_flow_remove(flow);
	hlist_bl_unlock(head);
	return flow;
}

/**
 * pe_flow_evict() - forget a flow of which nothing has come back
 * @flows: of the namespace
 * @ledger: of the service whose it is to be, NULL for any
 * @hash: where to look
 *
 * A flood of what nobody answers finds the place of its like. A few flows are
 * looked at, and many buckets where most are empty.
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: whether there was one.
 */
bool pe_flow_evict(struct pe_flows *flows, const struct pe_ledger *ledger,
		   u32 hash)
{
	struct pe_flow_table *table = rcu_dereference(flows->table);
	unsigned int looked = 0, i;
	struct hlist_bl_head *head;

	for (i = 0; i < PE_FLOW_EVICT_BUCKETS; i++) {
		head = &table->bucket[pe_flow_bucket(table, hash)];
		if (!hlist_bl_empty(head)) {
			if (pe_flow_evictable(head, ledger) &&
			    pe_flow_evict_from(flows, ledger, hash))
				return true;
			if (++looked == PE_FLOW_EVICT_FLOWS)
				break;
		}
		hash += 1U << (32 - table->bits);
	}
	return false;
}

/* Visit the flows of a bucket from a hash on, and tell the last it may have. */
static int pe_flow_visit_bucket(struct pe_flows *flows, u32 first, u32 *last,
				pe_flow_visit_t visit, void *arg)
{
	struct hlist_bl_node *node, *tmp;
	struct hlist_bl_head *head;
	struct pe_flow *flow;
	int err = 0;
	u32 hash;
	u8 bits;

	local_bh_disable();
	head = pe_flow_lock(flows, first, &bits);
	*last = pe_flow_last(first, bits);
	hlist_bl_for_each_entry_safe(flow, node, tmp, head, node) {
		hash = pe_flow_key_hash(&flow->key);
		if (hash < first || hash > *last)
			continue;
		err = visit(arg, flow);
		if (err)
			break;
	}
	hlist_bl_unlock(head);
	local_bh_enable();
	return err;
}

/**
 * pe_flows_walk() - visit flows in the order of their hashes
 * @flows: of the namespace
 * @hash: in and out: where to begin, and where to go on; 0 when all is done
 * @buckets: how many to look at
 * @visit: called for each flow; may remove it
 * @arg: first argument of @visit
 *
 * Meets each flow that is there all the time once, whoever makes and forgets
 * others or replaces the table meanwhile. Where @visit failed, the whole bucket
 * is visited again.
 *
 * Context: process context.
 * Return: 0, or what @visit returned that is not 0.
 */
int pe_flows_walk(struct pe_flows *flows, u32 *hash, u32 buckets,
		  pe_flow_visit_t visit, void *arg)
{
	u32 last, n, since = 0;
	int err = 0;

	if (!rcu_access_pointer(flows->table)) {
		*hash = 0;
		return 0;
	}
	do {
		rcu_read_lock();
		n = pe_flow_nothing(flows, *hash, min(buckets, PE_FLOW_AT_ONCE),
				    &last);
		if (!n) {
			err = pe_flow_visit_bucket(flows, *hash, &last, visit,
						   arg);
			n = 1;
		}
		rcu_read_unlock();
		if (err)
			break;
		*hash = last + 1;
		buckets -= n;
		since += n;
		if (since >= PE_FLOW_AT_ONCE) {
			since = 0;
			cond_resched();
		}
	} while (buckets && *hash);
	return err;
}

/**
 * pe_flows_hurry() - have the work done now
 * @flows: of the namespace
 *
 * Context: any.
 */
void pe_flows_hurry(struct pe_flows *flows)
{
	if (READ_ONCE(flows->hurry))
		return;
	WRITE_ONCE(flows->hurry, true);
	mod_delayed_work(system_unbound_wq, &flows->work, 0);
}

/* What of a bucket belongs elsewhere in a table of another size. */
static void pe_flow_move(struct pe_flow_table *from, u32 at,
			 struct pe_flow_table *to)
{
	struct hlist_bl_head *head = &from->bucket[at], *there;
	struct hlist_bl_node *node, *tmp;
	struct pe_flow *flow;
	u32 hash;

	local_bh_disable();
	hlist_bl_lock(head);
	hlist_bl_for_each_entry_safe(flow, node, tmp, head, node) {
		hash = pe_flow_key_hash(&flow->key);
		there = &to->bucket[pe_flow_bucket(to, hash)];
		hlist_bl_del_rcu(&flow->node);
		hlist_bl_lock(there);
		hlist_bl_add_head_rcu(&flow->node, there);
		hlist_bl_unlock(there);
	}
	WRITE_ONCE(from->moved, at + 1);
	hlist_bl_unlock(head);
	local_bh_enable();
}

/* False where there is no memory: it goes on with longer chains, and is tried
 * again.
 */
static bool pe_flows_resize(struct pe_flows *flows, struct pe_flow_table *from,
			    u8 bits)
{
	struct pe_flow_table *to = pe_flow_table_new(bits);
	u32 at;

	if (!to)
		return false;
	rcu_assign_pointer(from->next, to);
	/* Before any bucket is empty: pe_flow_nothing(). */
	smp_wmb();
	for (at = 0; at < 1U << from->bits; at++) {
		pe_flow_move(from, at, to);
		if (!(at % PE_FLOW_AT_ONCE))
			cond_resched();
	}
	rcu_assign_pointer(flows->table, to);
	call_rcu(&from->rcu, pe_flow_table_free_rcu);
	return true;
}

/* As many buckets as flows, about: four times that is too many, for there may
 * be as many soon. False where it has to stay too small.
 */
static bool pe_flows_fit(struct pe_flows *flows)
{
	struct pe_flow_table *table = rcu_dereference_protected(flows->table, 1);
	u32 n = atomic_read(&flows->count);
	u8 bits = PE_FLOW_BITS_MIN;

	while (bits < PE_FLOW_BITS_MAX && n > 1U << bits)
		bits++;
	if (bits > table->bits)
		/* It may be growing fast. */
		return pe_flows_resize(flows, table,
				       min(bits + 1, PE_FLOW_BITS_MAX));
	if (bits + 2 < table->bits)
		pe_flows_resize(flows, table, bits + 1);
	return true;
}

static int pe_flow_visit_over(void *arg, struct pe_flow *flow)
{
	if (pe_flow_life_is_over(flow))
		pe_flow_remove(flow);
	return 0;
}

static int pe_flow_visit_dead(void *arg, struct pe_flow *flow)
{
	if (READ_ONCE(flow->key.ledger->dead))
		pe_flow_remove(flow);
	return 0;
}

static int pe_flow_visit_all(void *arg, struct pe_flow *flow)
{
	pe_flow_remove(flow);
	return 0;
}

/* Services that are gone, or have no state any more: after a grace period no
 * packet makes flows of theirs.
 */
static void pe_flows_bury(struct pe_flows *flows)
{
	struct pe_ledger *ledger, *tmp;
	LIST_HEAD(dead);
	u32 hash = 0;

	spin_lock_bh(&flows->lock);
	list_splice_init(&flows->dead, &dead);
	spin_unlock_bh(&flows->lock);
	if (list_empty(&dead))
		return;
	synchronize_rcu();
	pe_flows_walk(flows, &hash, U32_MAX, pe_flow_visit_dead, NULL);
	list_for_each_entry_safe(ledger, tmp, &dead, list)
		pe_ledger_free(ledger);
}

/**
 * pe_flows_work() - forget what is over, a part of the table each time
 * @work: pe_flows.work
 */
void pe_flows_work(struct work_struct *work)
{
	struct pe_flows *flows = container_of(to_delayed_work(work),
					      struct pe_flows, work);
	const struct pe_flow_table *table;
	bool fits, more;

	/* Where there is no memory, each new flow would have it begin again. */
	WRITE_ONCE(flows->hurry, true);
	pe_flows_bury(flows);
	/* Soon, for many may be about to come; and when many have gone. */
	pe_flows_fit(flows);
	table = rcu_dereference_protected(flows->table, 1);
	pe_flows_walk(flows, &flows->at, max(1U << table->bits,
					     1U << PE_FLOW_BITS_MIN) /
						 PE_FLOW_ROUNDS,
		      pe_flow_visit_over, NULL);
	fits = pe_flows_fit(flows);
	more = atomic_read(&flows->count);
	WRITE_ONCE(flows->hurry, more && !fits);
	/* Who found that set has added to @dead before: pe_ledger_put(). */
	smp_mb();
	if (more || !list_empty_careful(&flows->dead))
		queue_delayed_work(system_unbound_wq, &flows->work,
				   PE_FLOW_ROUND);
}

/**
 * pe_flows_begin() - there is a service with state
 * @flows: of the namespace
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or -ENOMEM.
 */
int pe_flows_begin(struct pe_flows *flows)
{
	struct pe_flow_table *table;

	if (rcu_access_pointer(flows->table))
		return 0;
	table = pe_flow_table_new(PE_FLOW_BITS_MIN);
	if (!table)
		return -ENOMEM;
	rcu_assign_pointer(flows->table, table);
	return 0;
}

/**
 * pe_flows_init() - no flows yet
 * @flows: of a namespace that is being made
 *
 * Return: 0 or -ENOMEM.
 */
int pe_flows_init(struct pe_flows *flows)
{
	flows->stats = netdev_alloc_pcpu_stats(struct pe_flow_stats);
	if (!flows->stats)
		return -ENOMEM;
	flows->limit = PE_FLOWS_DEFAULT;
	spin_lock_init(&flows->lock);
	INIT_LIST_HEAD(&flows->dead);
	INIT_DELAYED_WORK(&flows->work, pe_flows_work);
	return 0;
}

/**
 * pe_flows_destroy() - the namespace goes
 * @flows: of it, which no packet and no version sees any more
 *
 * Context: process context; the work is cancelled.
 */
void pe_flows_destroy(struct pe_flows *flows)
{
	struct pe_ledger *ledger, *tmp;
	u32 hash = 0;

	pe_flows_walk(flows, &hash, U32_MAX, pe_flow_visit_all, NULL);
	list_for_each_entry_safe(ledger, tmp, &flows->dead, list)
		pe_ledger_free(ledger);
	pe_flow_table_free(rcu_dereference_protected(flows->table, 1));
	free_percpu(flows->stats);
}

/**
 * pe_flows_start() - before any namespace has flows
 *
 * Return: 0 or -ENOMEM.
 */
int __init pe_flows_start(void)
{
	pe_flow_cache = KMEM_CACHE(pe_flow, 0);
	return pe_flow_cache ? 0 : -ENOMEM;
}

/**
 * pe_flows_stop() - after the last one has none
 *
 * Context: process context, after rcu_barrier().
 */
void pe_flows_stop(void)
{
	kmem_cache_destroy(pe_flow_cache);
}
