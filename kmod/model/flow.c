// SPDX-License-Identifier: GPL-2.0-only
/* Flows: what is known of one, which devices it keeps to, and for whom. */

#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/ipv6.h>

#include "flow.h"
#include "netns.h"
#include "sequence.h"

static void pe_flow_count(struct pe_flow_stats __percpu *stats,
			  enum pe_flow_count which)
{
	struct pe_flow_stats *here = this_cpu_ptr(stats);

	u64_stats_update_begin(&here->syncp);
	u64_stats_inc(&here->count[which]);
	u64_stats_update_end(&here->syncp);
}

/* For the service and for the namespace. */
static void pe_flow_count_both(const struct pe_ledger *ledger,
			       enum pe_flow_count which)
{
	pe_flow_count(ledger->stats, which);
	pe_flow_count(ledger->flows->stats, which);
}

/**
 * pe_flow_sum() - what all CPUs counted
 * @stats: per CPU
 * @which: what
 */
u64 pe_flow_sum(const struct pe_flow_stats __percpu *stats,
		enum pe_flow_count which)
{
	const struct pe_flow_stats *there;
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu) {
		there = per_cpu_ptr(stats, cpu);
		sum += pe_number_read(&there->syncp, &there->count[which]);
	}
	return sum;
}

/**
 * pe_ledger_new() - a service begins to remember flows
 * @pn: namespace
 * @obj: the service
 *
 * Context: process context, pe_net.lock held.
 * Return: the ledger, for one version, or NULL when memory is short.
 */
struct pe_ledger *pe_ledger_new(struct pe_net *pn, struct pe_object *obj)
{
	struct pe_ledger *ledger;

	lockdep_assert_held(&pn->lock);
	if (pe_flows_begin(&pn->flows))
		return NULL;
	ledger = kzalloc(sizeof(*ledger), GFP_KERNEL_ACCOUNT);
	if (!ledger)
		return NULL;
	ledger->stats = __netdev_alloc_pcpu_stats(struct pe_flow_stats,
						  GFP_KERNEL_ACCOUNT);
	if (!ledger->stats) {
		kfree(ledger);
		return NULL;
	}
	ledger->flows = &pn->flows;
	pe_sip_seed(&ledger->secret);
	ledger->obj = obj;
	ledger->users = 1;
	ledger->limit = PE_FLOWS_LIMIT;
	ledger->life = PE_FLOW_LIFE;
	return ledger;
}

/**
 * pe_ledger_free() - a ledger without flows goes
 * @ledger: ledger that no packet can see
 */
void pe_ledger_free(struct pe_ledger *ledger)
{
	free_percpu(ledger->stats);
	kfree(ledger);
}

/**
 * pe_ledger_put() - a version less that points to a ledger
 * @pn: namespace
 * @ledger: ledger, or NULL
 *
 * After the last one its flows are forgotten, and then it is.
 *
 * Context: process context, pe_net.lock held. Packets may see the version for a
 * grace period.
 */
void pe_ledger_put(struct pe_net *pn, struct pe_ledger *ledger)
{
	if (!ledger || --ledger->users)
		return;
	lockdep_assert_held(&pn->lock);
	ledger->obj = NULL;
	WRITE_ONCE(ledger->dead, true);
	spin_lock_bh(&pn->flows.lock);
	list_add_tail(&ledger->list, &pn->flows.dead);
	spin_unlock_bh(&pn->flows.lock);
	/* The work, if it is under way, sees it at its end: pe_flows_work(). */
	smp_mb();
	if (!pn->dead)
		pe_flows_hurry(&pn->flows);
}

/**
 * pe_flow_key() - what tells a flow
 * @key: out: that
 * @ledger: of its service
 * @client: the client's end of a packet of it, in either direction
 * @proto: IP protocol
 */
void pe_flow_key(struct pe_flow_key *key, struct pe_ledger *ledger,
		 const struct pe_client *client, u8 proto)
{
	pe_flow_key_set(key, ledger, client,
			pe_flow_word(ledger, client, proto));
}

static bool pe_flow_has_room(const struct pe_ledger *ledger)
{
	const struct pe_flows *flows = ledger->flows;

	return atomic_read(&ledger->used) < READ_ONCE(ledger->limit) &&
	       atomic_read(&flows->count) < READ_ONCE(flows->limit);
}

/* Takes the place of one of which nothing has come back: of the same service,
 * if that has as many as it may.
 */
static bool pe_flow_make_room(const struct pe_flow_key *key)
{
	struct pe_ledger *ledger = key->ledger;
	bool own = atomic_read(&ledger->used) >= READ_ONCE(ledger->limit);

	if (!pe_flow_evict(ledger->flows, own ? ledger : NULL,
			   pe_flow_key_hash(key)))
		return false;
	pe_flow_count(ledger->flows->stats, PE_FLOW_EVICTED);
	return pe_flow_has_room(ledger);
}

/* Never more than are allowed, whoever else makes one now. */
static bool pe_flow_enter(struct pe_ledger *ledger)
{
	struct pe_flows *flows = ledger->flows;

	if (atomic_inc_return(&ledger->used) > READ_ONCE(ledger->limit))
		goto leave;
	if (atomic_inc_return(&flows->count) <= READ_ONCE(flows->limit))
		return true;
	atomic_dec(&flows->count);
leave:
	atomic_dec(&ledger->used);
	return false;
}

/**
 * pe_flow_make() - remember a flow from now on
 * @key: what tells it
 *
 * Context: bottom halves off, RCU read lock held.
 * Return: the flow, or NULL where there is no room or no memory, which is
 * counted: its packets take the stateless choice.
 */
struct pe_flow *pe_flow_make(const struct pe_flow_key *key)
{
	struct pe_ledger *ledger = key->ledger;
	struct pe_flow *flow, *there;

	if (unlikely(READ_ONCE(ledger->dead)))
		return NULL;
	if (unlikely(!pe_flow_has_room(ledger))) {
		there = pe_flow_find_sure(key);
		if (unlikely(there))
			return there;
		if (!pe_flow_make_room(key))
			goto over;
	}
	flow = pe_flow_alloc();
	if (unlikely(!flow)) {
		pe_flow_count_both(ledger, PE_FLOW_FAILED);
		return NULL;
	}
	flow->key = *key;
	flow->used = jiffies;
	if (unlikely(!pe_flow_enter(ledger))) {
		pe_flow_free(flow);
		goto over;
	}
	there = pe_flow_insert(flow);
	if (likely(there == flow)) {
		pe_flow_count_both(ledger, PE_FLOW_MADE);
		return flow;
	}
	atomic_dec(&ledger->flows->count);
	atomic_dec(&ledger->used);
	pe_flow_free(flow);
	if (there)
		return there;
over:
	pe_flow_count_both(ledger, PE_FLOW_OVER);
	return NULL;
}

/**
 * pe_flow_reopen() - the client's port is used again
 * @flow: flow that was closed
 *
 * It keeps to no device any more.
 */
void pe_flow_reopen(struct pe_flow *flow)
{
	u8 i;

	for (i = 0; i < PE_FLOW_PINS_MAX; i++)
		WRITE_ONCE(flow->pin[i], 0);
	atomic_set(&flow->seen, 0);
}

/* The member with an id: most often the one that had it before. */
static struct pe_device *pe_pool_member(const struct pe_pool *pool, u32 id,
					u8 *hint)
{
	u8 i = READ_ONCE(*hint);

	if (likely(i < pool->members &&
		   READ_ONCE(pool->member[i].device->obj->id) == id))
		return pool->member[i].device;
	for (i = 0; i < pool->members; i++) {
		if (READ_ONCE(pool->member[i].device->obj->id) != id)
			continue;
		WRITE_ONCE(*hint, i);
		return pool->member[i].device;
	}
	return NULL;
}

static bool pe_server_is(const struct pe_device *dev, u16 dev_port, u32 id,
			 u16 port)
{
	return port == dev_port && READ_ONCE(dev->obj->id) == id;
}

/* The former server with an id and a port. */
static struct pe_device *pe_former_find(const struct pe_sequence *seq, u32 id,
					u16 port, u8 *former)
{
	const struct pe_former *f;
	u8 i;

	for (i = 0; i < seq->formers; i++) {
		f = &seq->former[i];
		if (!pe_server_is(f->device, f->port, id, port))
			continue;
		*former = i + 1;
		return f->device;
	}
	return NULL;
}

/* Of the devices that a step has, or had, the one that a pin is for. A server
 * is another at another port, unless a pool has it still.
 */
static struct pe_device *pe_flow_pinned(struct pe_flow *flow, u8 slot,
					const struct pe_sequence *seq,
					const struct pe_step *step, u8 *former)
{
	u32 id = READ_ONCE(flow->pin[slot]);
	struct pe_device *dev = NULL;
	u16 port;

	*former = 0;
	if (!id)
		return NULL;
	if (step == pe_sequence_server(seq)) {
		port = pe_flow_port(flow);
		if (!step->pool &&
		    pe_server_is(step->device, step->port, id, port))
			return step->device;
		dev = pe_former_find(seq, id, port, former);
	}
	if (dev || !step->pool)
		return dev;
	return pe_pool_member(step->pool, id, &flow->hint[slot]);
}

/* Nobody looks after a former server, as a pool does after its members. */
static bool pe_flow_may_keep(const struct pe_device *dev, u8 former)
{
	return likely(pe_health_works(dev->health)) &&
	       (likely(!former) || pe_port_is_up(&dev->outside));
}

/* Of the pins that hold for a step, one that works, or the place of one that
 * does not.
 */
static struct pe_device *pe_flow_look(struct pe_flow *flow,
				      const struct pe_sequence *seq,
				      const struct pe_step *step, int *at,
				      u8 *former)
{
	struct pe_device *dev;
	u8 i, slot;

	*at = -1;
	for (i = 0; i < PE_FLOW_PINS_MAX; i++) {
		slot = (step->pin + i) % PE_FLOW_PINS_MAX;
		dev = pe_flow_pinned(flow, slot, seq, step, former);
		if (!dev)
			continue;
		*at = slot;
		if (pe_flow_may_keep(dev, *former))
			return dev;
	}
	*former = 0;
	return NULL;
}

/**
 * pe_flow_peek() - the device that a flow keeps to
 * @flow: flow, or NULL
 * @seq: sequence of its service
 * @step: step of it, with a pool or a server
 * @former: out: which former server it is plus one, else 0
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: the device, or NULL where it has none there that works.
 */
struct pe_device *pe_flow_peek(struct pe_flow *flow,
			       const struct pe_sequence *seq,
			       const struct pe_step *step, u8 *former)
{
	struct pe_device *dev;
	int at;

	*former = 0;
	if (!flow)
		return NULL;
	if (likely(pe_flow_first(flow, seq, step, &dev)))
		return dev;
	return pe_flow_look(flow, seq, step, &at, former);
}

/* Does any pool of the sequence have the device, or is it a server of it? */
static bool pe_sequence_has(const struct pe_sequence *seq, u32 id)
{
	const struct pe_step *server = pe_sequence_server(seq);
	u8 i, hint = 0;

	for (i = 0; i < seq->steps; i++)
		if (seq->step[i].pool &&
		    pe_pool_member(seq->step[i].pool, id, &hint))
			return true;
	if (server && READ_ONCE(server->device->obj->id) == id)
		return true;
	for (i = 0; i < seq->formers; i++)
		if (READ_ONCE(seq->former[i].device->obj->id) == id)
			return true;
	return false;
}

/* Is nothing there, or what the sequence has no more? */
static bool pe_flow_is_free(const struct pe_flow *flow,
			    const struct pe_sequence *seq, u8 at)
{
	u32 id = READ_ONCE(flow->pin[at]);

	return !id || !pe_sequence_has(seq, id);
}

/* Where another pin can go: where the device is already, as that of another
 * port, best where the step had the last one. As there are no more of these than
 * places, there is one.
 */
static u8 pe_flow_place(const struct pe_flow *flow,
			const struct pe_sequence *seq,
			const struct pe_step *step, u32 id)
{
	u8 i, slot;

	for (i = 0; i < PE_FLOW_PINS_MAX; i++)
		if (READ_ONCE(flow->pin[i]) == id)
			return i;
	for (i = 0; i < PE_FLOW_PINS_MAX; i++) {
		slot = (step->pin + i) % PE_FLOW_PINS_MAX;
		if (pe_flow_is_free(flow, seq, slot))
			return slot;
	}
	return step->pin;
}

static void pe_flow_set_port(struct pe_flow *flow, u16 port)
{
	int old, new;

	do {
		old = atomic_read(&flow->seen);
		new = (old & (BIT(PE_FLOW_PORT_SHIFT) - 1)) |
		      (u32)port << PE_FLOW_PORT_SHIFT;
	} while (old != new && atomic_cmpxchg(&flow->seen, old, new) != old);
}

/**
 * pe_flow_pin() - have a flow keep to a device
 * @flow: flow
 * @seq: sequence of its service
 * @step: step of it, with a pool or a server
 * @dev: member of that pool, or that server
 *
 * Of two packets at once, the first has it.
 *
 * Context: RCU read lock held.
 */
void pe_flow_pin(struct pe_flow *flow, const struct pe_sequence *seq,
		 const struct pe_step *step, const struct pe_device *dev)
{
	u32 was, id = READ_ONCE(dev->obj->id);
	u8 former;
	int at;

	if (pe_flow_look(flow, seq, step, &at, &former))
		return;
	if (at < 0)
		at = pe_flow_place(flow, seq, step, id);
	was = READ_ONCE(flow->pin[at]);
	if (cmpxchg(&flow->pin[at], was, id) == was &&
	    step == pe_sequence_server(seq))
		pe_flow_set_port(flow, step->port);
}

/**
 * pe_flow_device() - which device of a step a packet of a flow is handed to
 * @flow: flow, or NULL where there was no room for it
 * @seq: sequence of its service
 * @step: step of it, with a pool or a server
 * @client: the client's end of the packet
 * @former: out: which former server it is plus one, else 0
 *
 * That which it keeps to as long as it is a member of the pool, the server or a
 * former one, and works, else that which it would have without state, to which
 * it keeps from now on.
 *
 * Context: RCU read lock held.
 * Return: the device, or NULL where none is up.
 */
struct pe_device *pe_flow_device(struct pe_flow *flow,
				 const struct pe_sequence *seq,
				 const struct pe_step *step,
				 const struct pe_client *client, u8 *former)
{
	struct pe_device *dev = pe_flow_peek(flow, seq, step, former);

	if (likely(dev))
		return dev;
	dev = pe_step_pick(step, client);
	if (dev && flow)
		pe_flow_pin(flow, seq, step, dev);
	return dev;
}

/**
 * pe_flow_reset() - a reset was seen of a flow
 * @flow: flow
 *
 * Anybody can send one, and the ends look at what it says: where it ended
 * nothing, packets go on both ways, and it is as if it had not been.
 */
void pe_flow_reset(struct pe_flow *flow)
{
	pe_flow_see(flow, PE_FLOW_RESET);
	if (atomic_read(&flow->seen) & PE_FLOW_SEEN_BOTH)
		atomic_andnot(PE_FLOW_SEEN_BOTH, &flow->seen);
}

/**
 * pe_flow_phase() - how far a flow is
 * @flow: flow
 */
enum pe_flow_phase pe_flow_phase(const struct pe_flow *flow)
{
	int seen = atomic_read(&flow->seen);

	if (seen & PE_FLOW_RESET &&
	    (seen & PE_FLOW_SEEN_BOTH) != PE_FLOW_SEEN_BOTH)
		return PE_FLOW_PHASE_CLOSED;
	if ((seen & PE_FLOW_FIN_BOTH) == PE_FLOW_FIN_BOTH)
		return PE_FLOW_PHASE_CLOSED;
	if ((seen & PE_FLOW_SEEN_BOTH) != PE_FLOW_SEEN_BOTH)
		return PE_FLOW_PHASE_NEW;
	return seen & PE_FLOW_FIN_BOTH ? PE_FLOW_PHASE_CLOSING :
					 PE_FLOW_PHASE_ESTABLISHED;
}

/**
 * pe_flow_life() - how long it is remembered without packets
 * @flow: flow
 *
 * Return: seconds.
 */
u32 pe_flow_life(const struct pe_flow *flow)
{
	u32 life = READ_ONCE(flow->key.ledger->life);

	switch (pe_flow_phase(flow)) {
	case PE_FLOW_PHASE_CLOSED:
		return min_t(u32, life, PE_FLOW_LIFE_CLOSED);
	case PE_FLOW_PHASE_CLOSING:
		return min_t(u32, life, PE_FLOW_LIFE_CLOSING);
	case PE_FLOW_PHASE_NEW:
		return min_t(u32, life, PE_FLOW_LIFE_NEW);
	default:
		return life;
	}
}

static bool pe_flow_keeps_to(const struct pe_flow *flow, u32 device)
{
	u8 i;

	for (i = 0; i < PE_FLOW_PINS_MAX; i++)
		if (READ_ONCE(flow->pin[i]) == device)
			return true;
	return false;
}

/**
 * pe_flow_has_former() - does a flow keep to a former server?
 * @flow: flow
 * @former: former server of its service
 *
 * Return: true also where it has another by now and what it had is left over.
 */
bool pe_flow_has_former(const struct pe_flow *flow,
			const struct pe_former *former)
{
	return pe_flow_port(flow) == former->port &&
	       pe_flow_keeps_to(flow, former->device->obj->id);
}

/**
 * pe_flow_is() - is a flow one of these?
 * @flow: flow
 * @filter: which
 */
bool pe_flow_is(const struct pe_flow *flow,
		const struct pe_flow_filter *filter)
{
	const struct pe_flow_key *key = &flow->key;

	if (filter->ledger && key->ledger != filter->ledger)
		return false;
	if (filter->proto >= 0 && pe_flow_key_proto(key) != filter->proto)
		return false;
	if (filter->family &&
	    (pe_flow_key_family(key) != filter->family ||
	     !ipv6_prefix_equal(&key->addr.in6, &filter->addr.in6,
				filter->length)))
		return false;
	return !filter->device || pe_flow_keeps_to(flow, filter->device);
}
