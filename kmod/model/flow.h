/* SPDX-License-Identifier: GPL-2.0-only */
/* What services with state remember of flows: which devices they keep to. */
#ifndef _PE_FLOW_H
#define _PE_FLOW_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/list_bl.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/u64_stats_sync.h>
#include <linux/workqueue.h>
#include <uapi/linux/pe.h>

#include "pool.h"
#include "stats.h"

struct pe_net;
struct pe_object;
struct pe_sequence;
struct pe_step;

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
	PE_FLOW_SEEN_FORWARD	= BIT(0),
	PE_FLOW_SEEN_REVERSE	= BIT(1),
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
 * @dead: no flow is to be made any more
 * @list: in pe_flows.dead
 *
 * Freed by the work, after its last flow.
 */
struct pe_ledger {
	struct pe_flows		*flows;
	struct pe_object	*obj;
	struct pe_flow_stats __percpu *stats;
	hsiphash_key_t		secret;
	atomic_t		used;
	u32			limit;
	u32			life;
	u32			users;
	bool			dead;
	struct list_head	list;
};

/**
 * struct pe_flow_key - what tells a flow: the client's end of it
 * @ledger: of the service
 * @addr: address of the client
 * @port: its port, 0 where that tells nothing
 * @proto: IP protocol, 0 where a device emits another one
 * @family: NFPROTO_*
 * @hash: of all that, by the ledger's secret
 */
struct pe_flow_key {
	struct pe_ledger	*ledger;
	union nf_inet_addr	addr;
	u16			port;
	u8			proto;
	u8			family;
	u32			hash;
};

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

struct pe_flow_table;

/**
 * struct pe_flows - all flows of a namespace
 * @table: the flows, NULL until a service has state
 * @limit: how many there may be, by sysctl
 * @hurry: @work was told that the table is too small
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
struct pe_device *pe_flow_peek(struct pe_flow *flow,
			       const struct pe_sequence *seq,
			       const struct pe_step *step, u8 *former);
struct pe_device *pe_flow_device(struct pe_flow *flow,
				 const struct pe_sequence *seq,
				 const struct pe_step *step,
				 const struct pe_client *client, u8 *former);
void pe_flow_pin(struct pe_flow *flow, const struct pe_sequence *seq,
		 const struct pe_step *step, const struct pe_device *dev);
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
 */
static inline bool pe_flow_life_is_over(const struct pe_flow *flow)
{
	return pe_flow_idle(flow) > pe_flow_life(flow) * HZ;
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
