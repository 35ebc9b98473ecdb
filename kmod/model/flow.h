/* SPDX-License-Identifier: GPL-2.0-only */
/* What services with state remember of flows: which devices they keep to. */
#ifndef _PE_FLOW_H
#define _PE_FLOW_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/list_bl.h>
#include <linux/rculist_bl.h>
#include <linux/spinlock.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <uapi/linux/pe.h>

#include "flow_hash.h"
#include "pool.h"
#include "sequence.h"
#include "stats.h"

struct pe_net;
struct pe_former;
struct pe_object;

/* How long a flow without packets is remembered, in seconds: as long as it was
 * configured where nothing else is known of it.
 */
#define PE_FLOW_LIFE		900
#define PE_FLOW_LIFE_NEW	10	/* nothing came back yet */
#define PE_FLOW_LIFE_CLOSING	120	/* one end has closed */
#define PE_FLOW_LIFE_CLOSED	10	/* both have */

/* Flows that a namespace remembers at most, until it is told otherwise. */
#define PE_FLOWS_DEFAULT	1048576
#define PE_FLOWS_LIMIT		16777216

/* What was seen of a flow. */
enum pe_flow_seen {
	PE_FLOW_SEEN_FORWARD	= BIT(0),	/* since the last reset */
	PE_FLOW_SEEN_REVERSE	= BIT(1),	/* too */
	PE_FLOW_SEEN_BOTH	= PE_FLOW_SEEN_FORWARD | PE_FLOW_SEEN_REVERSE,
	PE_FLOW_FIN_CLIENT	= BIT(2),
	PE_FLOW_FIN_SERVER	= BIT(3),
	PE_FLOW_FIN_BOTH	= PE_FLOW_FIN_CLIENT | PE_FLOW_FIN_SERVER,
	PE_FLOW_RESET		= BIT(4),
};

/* Above that stands the port that its server was asked at. */
#define PE_FLOW_PORT_SHIFT	16

/* What is counted of flows; by service only some of it. */
enum pe_flow_count {
	PE_FLOW_MADE,		/* began to be remembered */
	PE_FLOW_OVER,		/* packets of those there was no room for */
	PE_FLOW_EVICTED,	/* forgotten early, to make room */
	PE_FLOW_FAILED,		/* packets of those there was no memory for */
	PE_FLOW_COUNTS,
};

struct pe_flow_stats {
	u64_stats_t		count[PE_FLOW_COUNTS];
	struct u64_stats_sync	syncp;
};

/**
 * struct pe_ledger - what a service remembers flows in, all its versions
 * @flows: of the namespace
 * @obj: the service, NULL when no version points here any more
 * @stats: per CPU
 * @secret: that its flows are hashed with
 * @used: flows that it has
 * @limit: how many it may have
 * @life: seconds for which they are remembered without packets
 * @users: versions that point here; under pe_net.lock
 * @sought: former servers of the live version that no flow was found to keep to
 *	yet, while that is looked for: a bit for each; under pe_net.lock
 * @dead: no flow is to be made any more
 * @list: in pe_flows.dead
 *
 * Freed by the work, after its last flow.
 */
struct pe_ledger {
	struct pe_flows		*flows;
	struct pe_object	*obj;
	struct pe_flow_stats __percpu *stats;
	struct pe_sip		secret;
	atomic_t		used;
	u32			limit;
	u32			life;
	u32			users;
	u8			sought;
	bool			dead;
	struct list_head	list;
};

/**
 * struct pe_flow_key - what tells a flow: the client's end of it
 * @ledger: of the service
 * @addr: address of the client
 * @word: hash, family, port and protocol, as pe_flow_word() makes it
 */
struct pe_flow_key {
	struct pe_ledger	*ledger;
	union nf_inet_addr	addr;
	u64			word;
};

/**
 * pe_flow_key_hash() - the hash of a flow
 * @key: what tells it
 *
 * Return: hash by the ledger's secret.
 */
static inline u32 pe_flow_key_hash(const struct pe_flow_key *key)
{
	return key->word >> 32;
}

/**
 * pe_flow_key_family() - the family of a flow's addresses
 * @key: what tells it
 *
 * Return: NFPROTO_*.
 */
static inline u8 pe_flow_key_family(const struct pe_flow_key *key)
{
	return key->word >> 24;
}

/**
 * pe_flow_key_port() - the client's port of a flow
 * @key: what tells it
 *
 * Return: port, 0 where that tells nothing.
 */
static inline u16 pe_flow_key_port(const struct pe_flow_key *key)
{
	return key->word >> 8;
}

/**
 * pe_flow_key_proto() - the protocol of a flow
 * @key: what tells it
 *
 * Return: IP protocol, 0 where a device emits another one.
 */
static inline u8 pe_flow_key_proto(const struct pe_flow_key *key)
{
	return key->word;
}

/**
 * struct pe_flow - a flow
 * @node: in its bucket
 * @key: what tells it
 * @used: when its last packet came, in jiffies; written once a second
 * @seen: set of enum pe_flow_seen, and from PE_FLOW_PORT_SHIFT on the port that
 *	its server listens on, 0 for the service's own
 * @pin: ids of the devices that it keeps to, 0 for none; each is for every pool
 *	that has the device, or for the server
 * @hint: which member of the pool the device was last
 * @rcu: freed when no packet can see it
 */
struct pe_flow {
	struct hlist_bl_node	node;
	struct pe_flow_key	key;
	u32			used;
	atomic_t		seen;
	u32			pin[PE_FLOW_PINS_MAX];
	u8			hint[PE_FLOW_PINS_MAX];
	struct rcu_head		rcu;
};

/**
 * struct pe_flow_table - flows by hash
 * @next: table that its flows are being moved to, or were
 * @moved: buckets that were, from the first one on; written with that locked
 * @bits: of the hash, its uppermost, that tell the bucket
 * @bucket: the flows; bit 0 of a head is its lock
 * @rcu: freed when no packet can see it
 *
 * Buckets are memory of their own: a power of two, where a little more would
 * take twice as much.
 */
struct pe_flow_table {
	struct pe_flow_table __rcu *next;
	u32			moved;
	u8			bits;
	struct hlist_bl_head	*bucket;
	struct rcu_head		rcu;
};

/**
 * struct pe_flows - all flows of a namespace
 * @table: the flows, NULL until a service has state
 * @limit: how many there may be, by sysctl
 * @hurry: @work was told to begin, is under way, or found no memory for another
 *	table and tries again anyway
 * @count: how many there are
 * @stats: per CPU
 * @lock: protects @dead; taken with bottom halves off
 * @dead: ledgers to be emptied and freed
 * @work: forgets flows, empties ledgers, and fits the table; alone moves flows
 *	between tables
 * @at: hash that @work goes on at
 */
struct pe_flows {
	struct pe_flow_table __rcu *table;
	unsigned int		limit;
	bool			hurry;
	atomic_t		count;
	struct pe_flow_stats __percpu *stats;
	spinlock_t		lock; /* next field */
	struct list_head	dead;
	struct delayed_work	work;
	u32			at;
};

/**
 * struct pe_flow_filter - which flows
 * @ledger: of a service, NULL for every one
 * @addr: prefix of the client
 * @family: NFPROTO_* of it, NFPROTO_UNSPEC for any
 * @length: bits of it
 * @proto: IP protocol, -1 for any
 * @device: id of one that they keep to, 0 for any
 */
struct pe_flow_filter {
	const struct pe_ledger	*ledger;
	union nf_inet_addr	addr;
	u8			family;
	u8			length;
	s16			proto;
	u32			device;
};

/* Called for a flow, with its bucket locked; an errno ends the walk. */
typedef int (*pe_flow_visit_t)(void *arg, struct pe_flow *flow);

/* flow.c */
struct pe_ledger *pe_ledger_new(struct pe_net *pn, struct pe_object *obj);
void pe_ledger_put(struct pe_net *pn, struct pe_ledger *ledger);
void pe_ledger_free(struct pe_ledger *ledger);
void pe_flow_key(struct pe_flow_key *key, struct pe_ledger *ledger,
		 const struct pe_client *client, u8 proto);
struct pe_flow *pe_flow_make(const struct pe_flow_key *key);
void pe_flow_reopen(struct pe_flow *flow);
void pe_flow_reset(struct pe_flow *flow);
struct pe_device *pe_flow_peek(struct pe_flow *flow,
			       const struct pe_sequence *seq,
			       const struct pe_step *step, u8 *former);
struct pe_device *pe_flow_device(struct pe_flow *flow,
				 const struct pe_sequence *seq,
				 const struct pe_step *step,
				 const struct pe_client *client, u8 *former);
void pe_flow_pin(struct pe_flow *flow, const struct pe_sequence *seq,
		 const struct pe_step *step, const struct pe_device *dev);
bool pe_flow_has_former(const struct pe_flow *flow,
			const struct pe_former *former);
enum pe_flow_phase pe_flow_phase(const struct pe_flow *flow);
u32 pe_flow_life(const struct pe_flow *flow);
bool pe_flow_is(const struct pe_flow *flow,
		const struct pe_flow_filter *filter);
u64 pe_flow_sum(const struct pe_flow_stats __percpu *stats,
		enum pe_flow_count which);

/* flow_table.c */
int pe_flows_init(struct pe_flows *flows);
void pe_flows_destroy(struct pe_flows *flows);
int pe_flows_begin(struct pe_flows *flows);
void pe_flows_hurry(struct pe_flows *flows);
struct pe_flow *pe_flow_find(const struct pe_flow_key *key);
struct pe_flow *pe_flow_find_sure(const struct pe_flow_key *key);
struct pe_flow *pe_flow_insert(struct pe_flow *flow);
bool pe_flow_evict(struct pe_flows *flows, const struct pe_ledger *ledger,
		   u32 hash);
int pe_flows_walk(struct pe_flows *flows, u32 *hash, u32 buckets,
		  pe_flow_visit_t visit, void *arg);
void pe_flow_remove(struct pe_flow *flow);
void pe_flows_work(struct work_struct *work);
int pe_flows_start(void);
void pe_flows_stop(void);
struct pe_flow *pe_flow_alloc(void);
void pe_flow_free(struct pe_flow *flow);

/**
 * pe_flow_word() - what tells a flow beside service and client's address
 * @ledger: of its service
 * @client: the client's end of it
 * @proto: IP protocol, 0 where a device emits another one
 *
 * In one word, which is compared in one step: the hash of all of it above, then
 * family, port and protocol.
 */
static __always_inline u64 pe_flow_word(const struct pe_ledger *ledger,
					const struct pe_client *client,
					u8 proto)
{
	u8 family = client->ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6;
	u32 ends = (u32)family << 24 | (u32)client->port << 8 | proto;
	u32 hash = client->ipv4 ?
			   pe_flow_hash4(&ledger->secret, *client->addr, ends) :
			   pe_flow_hash6(&ledger->secret, client->addr, ends);

	return (u64)hash << 32 | ends;
}

/**
 * pe_flow_key_set() - what tells a flow
 * @key: out: that
 * @ledger: of its service
 * @client: the client's end of it
 * @word: as pe_flow_word() made it
 */
static inline void pe_flow_key_set(struct pe_flow_key *key,
				   struct pe_ledger *ledger,
				   const struct pe_client *client, u64 word)
{
	*key = (struct pe_flow_key) { .ledger = ledger, .word = word };
	if (client->ipv4)
		key->addr.ip = *client->addr;
	else
		memcpy(key->addr.ip6, client->addr, sizeof(key->addr.ip6));
}

/* @word tells the family: what of the address is compared is all there is. */
static __always_inline bool pe_flow_key_is(const struct pe_flow_key *key,
					   const struct pe_ledger *ledger,
					   const __be32 *addr, u64 word,
					   bool ipv4)
{
	if (key->word != word || key->ledger != ledger)
		return false;
	return ipv4 ? key->addr.ip == *addr :
		      !memcmp(key->addr.ip6, addr, sizeof(key->addr.ip6));
}

/**
 * pe_flow_keys_equal() - do both tell the same flow?
 * @a: key
 * @b: key
 */
static inline bool pe_flow_keys_equal(const struct pe_flow_key *a,
				      const struct pe_flow_key *b)
{
	return pe_flow_key_is(a, b->ledger, b->addr.ip6, b->word,
			      pe_flow_key_family(b) == NFPROTO_IPV4);
}

/**
 * pe_flow_find_by() - a flow that is remembered
 * @ledger: of its service
 * @addr: address of the client, in one word or four
 * @word: what tells it besides, as pe_flow_word() made it
 * @ipv4: the address has one word
 *
 * While a table is replaced one may be missed. Who then makes it finds it.
 *
 * Context: RCU read lock held.
 * Return: the flow or NULL.
 */
static __always_inline struct pe_flow *
pe_flow_find_by(const struct pe_ledger *ledger, const __be32 *addr, u64 word,
		bool ipv4)
{
	const struct pe_flow_table *table;
	struct hlist_bl_node *node;
	struct hlist_bl_head *head;
	struct pe_flow *flow;

	table = rcu_dereference(ledger->flows->table);
	do {
		head = &table->bucket[word >> (64 - table->bits)];
		hlist_bl_for_each_entry_rcu(flow, node, head, node)
			if (pe_flow_key_is(&flow->key, ledger, addr, word,
					   ipv4))
				return flow;
		table = rcu_dereference(table->next);
	} while (unlikely(table));
	return NULL;
}

/**
 * pe_flow_port() - the port that its server listens on
 * @flow: flow
 *
 * Return: the port, 0 for the service's own.
 */
static inline u16 pe_flow_port(const struct pe_flow *flow)
{
	return atomic_read(&flow->seen) >> PE_FLOW_PORT_SHIFT;
}

/**
 * pe_flow_first() - the device that a flow keeps to, where the first look tells
 * @flow: flow
 * @seq: sequence of its service
 * @step: step of it, with a pool or a server
 * @device: out: the device, which works and is no former server
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: false where pe_flow_peek() has to look further.
 */
static __always_inline bool pe_flow_first(const struct pe_flow *flow,
					  const struct pe_sequence *seq,
					  const struct pe_step *step,
					  struct pe_device **device)
{
	u8 slot = step->pin % PE_FLOW_PINS_MAX, i = READ_ONCE(flow->hint[slot]);
	const struct pe_pool *pool = step->pool;
	u32 id = READ_ONCE(flow->pin[slot]);

	*device = step->device;
	if (likely(pool)) {
		/* Where the pool has servers, former ones come first. */
		if (unlikely(seq->formers || i >= pool->members))
			return false;
		*device = pool->member[i].device;
	} else if (pe_flow_port(flow) != step->port) {
		return false;
	}
	return likely(id && READ_ONCE((*device)->obj->id) == id &&
		      pe_health_works((*device)->health));
}

/**
 * pe_flow_idle() - how long ago its last packet came
 * @flow: flow
 *
 * Return: jiffies; 0 where one came just now, on another CPU.
 */
static inline u32 pe_flow_idle(const struct pe_flow *flow)
{
	return max((s32)((u32)jiffies - READ_ONCE(flow->used)), 0);
}

/**
 * pe_flow_life_is_over() - is it to be forgotten?
 * @flow: flow
 *
 * pe_flow_see() may not have written for a second.
 */
static inline bool pe_flow_life_is_over(const struct pe_flow *flow)
{
	return pe_flow_idle(flow) > (pe_flow_life(flow) + 1) * HZ;
}

/**
 * pe_flow_see() - a packet of it was seen
 * @flow: flow
 * @seen: what of it, set of enum pe_flow_seen
 *
 * CPUs write what they share once a second, or when there is something new.
 */
static inline void pe_flow_see(struct pe_flow *flow, int seen)
{
	u32 now = jiffies;

	if (now - READ_ONCE(flow->used) >= HZ)
		WRITE_ONCE(flow->used, now);
	if (unlikely(seen & ~atomic_read(&flow->seen)))
		atomic_or(seen, &flow->seen);
}

#endif /* _PE_FLOW_H */
