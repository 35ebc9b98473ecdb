// SPDX-License-Identifier: GPL-2.0-only
/* Services: their lifetime, where they stand, and what they counted. */

#include <linux/slab.h>

#include "netns.h"
#include "refusal.h"
#include "service.h"

/**
 * pe_service_new() - a service without anything
 * @ranges: port ranges to make room for
 *
 * Context: process context.
 * Return: the service, or NULL when memory is short.
 */
struct pe_service *pe_service_new(u8 ranges)
{
	struct pe_service *svc;

	svc = kzalloc(struct_size(svc, range, ranges), GFP_KERNEL_ACCOUNT);
	if (!svc)
		return NULL;
	svc->ranges = ranges;
	svc->length = PE_ADDR_WHOLE;
	return svc;
}

/**
 * pe_service_copy() - the same service again, without sequence and counters
 * @pn: namespace
 * @svc: the service
 *
 * Context: process context, pe_net.lock held.
 * Return: the copy, or NULL when memory is short.
 */
struct pe_service *pe_service_copy(struct pe_net *pn,
				   const struct pe_service *svc)
{
	struct pe_service *new = pe_service_new(svc->ranges);

	lockdep_assert_held(&pn->lock);
	if (!new)
		return NULL;
	new->obj = pe_object_get(svc->obj);
	new->iif = svc->iif;
	if (new->iif)
		new->iif->users++;
	new->announce = svc->announce;
	if (new->announce)
		new->announce->versions++;
	new->exit = svc->exit;
	if (new->exit)
		new->exit->users++;
	new->acl_given = svc->acl_given;
	new->stateful = svc->stateful;
	new->state_flows = svc->state_flows;
	new->state_life = svc->state_life;
	new->vip = svc->vip;
	new->client = svc->client;
	new->length = svc->length;
	new->family = svc->family;
	new->proto = svc->proto;
	new->level = svc->level;
	new->quality = svc->quality;
	new->track = svc->track;
	new->rates = svc->rates;
	memcpy(new->range, svc->range, svc->ranges * sizeof(svc->range[0]));
	return new;
}

static void pe_service_free_rcu(struct rcu_head *head)
{
	struct pe_service *svc = container_of(head, struct pe_service, rcu);

	pe_counts_put(svc->counts);
	kfree(svc);
}

/**
 * pe_service_put() - a version that is not, or no longer, live
 * @pn: namespace
 * @svc: the version, or NULL
 *
 * Context: process context, pe_net.lock held. Packets may see the version for
 * a grace period.
 */
void pe_service_put(struct pe_net *pn, struct pe_service *svc)
{
	if (!svc)
		return;
	lockdep_assert_held(&pn->lock);
	pe_sequence_put(pn, svc->seq);
	pe_announce_put(pn, svc->announce);
	pe_iface_put(pn, svc->iif);
	pe_exit_put(pn, svc->exit);
	pe_gate_put(svc->gate);
	pe_limit_put(svc->limit);
	pe_ledger_put(pn, svc->ledger);
	pe_object_put(svc->obj);
	call_rcu(&svc->rcu, pe_service_free_rcu);
}

/**
 * pe_service_traffic() - what packets of a leg are addressed to
 * @svc: service with its sequence
 * @leg: index of the leg
 * @traffic: out: what; points into itself
 */
void pe_service_traffic(const struct pe_service *svc, u8 leg,
			struct pe_traffic *traffic)
{
	const struct pe_step *step;

	if (!leg) {
		*traffic = (struct pe_traffic) {
			.range = svc->range,
			.ranges = svc->ranges,
			.proto = svc->proto,
			.level = svc->level,
		};
		return;
	}
	step = &svc->seq->step[svc->seq->leg[leg].step];
	*traffic = (struct pe_traffic) {
		.range = &traffic->emitted,
		.ranges = 1,
		.proto = step->emit_proto,
		.level = step->emit_port ? PE_LEVEL_PORT : PE_LEVEL_PROTO,
		.emitted = { step->emit_port, step->emit_port },
	};
}

/**
 * pe_service_set_sequence() - give a service its sequence
 * @svc: service
 * @seq: sequence, whose reference becomes the service's
 */
void pe_service_set_sequence(struct pe_service *svc, struct pe_sequence *seq)
{
	struct pe_traffic last;

	svc->seq = seq;
	pe_service_traffic(svc, seq->legs - 1, &last);
	svc->server_level = last.level;
	svc->server_port = last.level == PE_LEVEL_PORT ? last.range->first : 0;
}

static bool pe_traffic_overlaps(const struct pe_traffic *a,
				const struct pe_traffic *b)
{
	u8 i, j;

	if (a->level == PE_LEVEL_ADDRESS || b->level == PE_LEVEL_ADDRESS)
		return true;
	if (a->proto != b->proto)
		return false;
	if (a->level != PE_LEVEL_PORT || b->level != PE_LEVEL_PORT)
		return true;
	for (i = 0; i < a->ranges; i++)
		for (j = 0; j < b->ranges; j++)
			if (a->range[i].first <= b->range[j].last &&
			    b->range[j].first <= a->range[i].last)
				return true;
	return false;
}

static int pe_service_check_emitted(const struct pe_service *svc, u8 before,
				    u8 leg, struct pe_refusal *refusal)
{
	u8 step = svc->seq->leg[leg].step;
	const char *device = pe_step_name(&svc->seq->step[step]);
	struct pe_traffic a, b;

	pe_service_traffic(svc, before, &a);
	pe_service_traffic(svc, leg, &b);
	if (!pe_traffic_overlaps(&a, &b))
		return 0;
	if (leg == before + 1)
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, step,
				 "step %u (%s) of service %s emits what it is handed already: give another protocol or port, or leave emits out",
				 step + 1, device, svc->obj->name);
	/* What looks closest at a packet would have it, wherever it is. */
	if (a.level != b.level)
		return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, step,
				 "step %u (%s) of service %s emits a protocol that packets have earlier in the sequence, once with a port and once without: give a port in both places or in neither",
				 step + 1, device, svc->obj->name);
	return pe_sequence_check_legs(svc->obj->name, svc->seq, before, leg,
				      refusal);
}

/**
 * pe_service_check_legs() - can the legs of a service be told apart?
 * @svc: service with its sequence
 * @refusal: out: why not
 *
 * Return: 0 or -EINVAL.
 */
int pe_service_check_legs(const struct pe_service *svc,
			  struct pe_refusal *refusal)
{
	u8 i, j;
	int err;

	for (i = 1; i < svc->seq->legs; i++) {
		for (j = 0; j < i; j++) {
			err = pe_service_check_emitted(svc, j, i, refusal);
			if (err)
				return err;
		}
	}
	return 0;
}

/* Does a server that listens on @port, 0 for the service's own, answer from
 * another address or port than it is asked at?
 */
static bool pe_service_translates_to(const struct pe_service *svc, u16 port,
				     const struct pe_range *range)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);

	return server && (pe_device_is_nat(server->device) ||
			  (port && !(range && range->dynamic)));
}

/* At the service's address, what sends from where it is asked. */
static u8 pe_service_roles_vip(const struct pe_service *svc,
			       const struct pe_range *range)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);
	u8 i, role = 0;

	if (!pe_service_translates_to(svc, server ? server->port : 0, range))
		role |= PE_ROLE_SERVER;
	for (i = 0; i < svc->seq->formers; i++)
		if (!pe_service_translates_to(svc, svc->seq->former[i].port,
					      range))
			role |= PE_ROLE_FORMER;
	return role;
}

/* What addresses the service, and what comes back from it. */
static int pe_service_entries_vip(struct pe_service *svc, u8 leg,
				  struct pe_entry *entry,
				  const struct pe_traffic *traffic,
				  pe_service_entry_t fn, void *arg)
{
	bool last = leg == svc->seq->legs - 1;
	const struct pe_range *range = NULL;
	u8 i = 0;
	int err;

	do {
		if (entry->level == PE_LEVEL_PORT) {
			range = &traffic->range[i];
			entry->first = range->first;
			entry->last = range->last;
		}
		entry->role = PE_ROLE_FORWARD | PE_ROLE_REVERSE;
		if (last)
			entry->role |= pe_service_roles_vip(svc, range);
		err = fn(arg, &svc->vip, svc->family, entry);
	} while (!err && range && ++i < traffic->ranges);
	return err;
}

/* What a server that listens on @port sends from its own address or port. */
static int pe_service_entries_from(struct pe_service *svc,
				   const union nf_inet_addr *addr, u16 port,
				   struct pe_entry *entry,
				   const struct pe_traffic *traffic,
				   pe_service_entry_t fn, void *arg)
{
	const struct pe_range *range = NULL;
	u8 i = 0;
	int err = 0;

	do {
		if (entry->level == PE_LEVEL_PORT) {
			range = &traffic->range[i];
			entry->first = range->first;
			entry->last = range->last;
		}
		if (!pe_service_translates_to(svc, port, range))
			continue;
		if (port && !range->dynamic) {
			entry->first = port;
			entry->last = port;
		}
		err = fn(arg, addr, svc->family, entry);
	} while (!err && range && ++i < traffic->ranges);
	return err;
}

/* Does one of the first @n former servers listen on a port? */
static bool pe_formers_have_port(const struct pe_sequence *seq, u8 n, u16 port)
{
	while (n--)
		if (seq->former[n].port == port)
			return true;
	return false;
}

/* Whichever of its servers. */
static int pe_service_entries_server(struct pe_service *svc,
				     struct pe_entry *entry,
				     const struct pe_traffic *traffic,
				     pe_service_entry_t fn, void *arg)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);
	u8 i;
	int err = 0;

	entry->role = PE_ROLE_SERVER;
	if (!server)
		return 0;
	if (!pe_device_is_nat(server->device)) {
		if (pe_formers_have_port(svc->seq, svc->seq->formers,
					 server->port))
			entry->role |= PE_ROLE_FORMER;
		return pe_service_entries_from(svc, &svc->vip, server->port,
					       entry, traffic, fn, arg);
	}
	for (i = 0; i < pe_step_devices(server) && !err; i++)
		err = pe_service_entries_from(svc,
					      &pe_step_device(server, i)->address,
					      server->port, entry, traffic, fn,
					      arg);
	return err;
}

/* Whichever server it had before, where no other entry is the same. */
static int pe_service_entries_formers(struct pe_service *svc,
				      struct pe_entry *entry,
				      const struct pe_traffic *traffic,
				      pe_service_entry_t fn, void *arg)
{
	const struct pe_sequence *seq = svc->seq;
	const struct pe_former *former;
	u8 i;
	int err = 0;

	entry->role = PE_ROLE_FORMER;
	for (i = 0; i < seq->formers && !err; i++) {
		former = &seq->former[i];
		if (pe_device_is_nat(former->device))
			err = pe_service_entries_from(svc,
						      &former->device->address,
						      former->port, entry,
						      traffic, fn, arg);
		else if (former->port != pe_sequence_server(seq)->port &&
			 !pe_formers_have_port(seq, i, former->port))
			err = pe_service_entries_from(svc, &svc->vip,
						      former->port, entry,
						      traffic, fn, arg);
	}
	return err;
}

/**
 * pe_service_entries() - every entry of a service, at every address
 * @svc: service with its sequence
 * @fn: called for each entry
 * @arg: first argument of @fn
 *
 * A service stands at its address or at the prefix of its clients, with what
 * each leg is addressed to. Where the server answers from its own address or
 * port, it stands there too, for what the server sends; and where former servers
 * do, for flows that keep to them.
 *
 * Return: 0, or what @fn returned first that is not 0.
 */
int pe_service_entries(struct pe_service *svc, pe_service_entry_t fn,
		       void *arg)
{
	struct pe_entry entry = { .svc = svc, .iif = svc->iif };
	struct pe_traffic traffic;
	u8 leg;
	int err;

	for (leg = 0; leg < svc->seq->legs; leg++) {
		pe_service_traffic(svc, leg, &traffic);
		entry.proto = traffic.proto;
		entry.level = traffic.level;
		/* A single leg may have more to tell its stages by. */
		if (svc->seq->legs > 1 || svc->track.method)
			entry.special = leg + 1;
		err = pe_service_entries_vip(svc, leg, &entry, &traffic, fn,
					     arg);
		if (err)
			return err;
		/* Clients are on the first leg alone. */
		entry.iif = NULL;
	}
	return pe_service_entries_server(svc, &entry, &traffic, fn, arg) ?:
	       pe_service_entries_formers(svc, &entry, &traffic, fn, arg);
}

/* How often the step's device was visited before: a tap may look at two legs. */
static u8 pe_step_visit(const struct pe_sequence *seq, u8 at)
{
	u8 i, n = 0;

	for (i = 0; i < at; i++)
		n += pe_step_object(&seq->step[i]) ==
		     pe_step_object(&seq->step[at]);
	return n;
}

static bool pe_stages_count_same(const struct pe_sequence *a,
				 const struct pe_sequence *b)
{
	u8 i;

	if (a->steps != b->steps || a->forward != b->forward ||
	    a->reverse != b->reverse)
		return false;
	for (i = 0; i < a->steps; i++)
		if (pe_step_object(&a->step[i]) != pe_step_object(&b->step[i]) ||
		    a->step[i].open != b->step[i].open)
			return false;
	return true;
}

/**
 * pe_service_inherit() - counters for a version that replaces another, or none
 * @pn: namespace
 * @svc: version with its sequence, without counters
 * @old: live version it is to replace, or NULL
 *
 * Versions whose stages count the same share their counters. Otherwise those of
 * the old one are added to what was counted before.
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or -ENOMEM.
 */
int pe_service_inherit(struct pe_net *pn, struct pe_service *svc,
		       const struct pe_service *old)
{
	if (old && pe_stages_count_same(old->seq, svc->seq)) {
		svc->counts = old->counts;
		refcount_inc(&svc->counts->ref);
		return 0;
	}
	svc->counts = pe_counts_new(pn, pe_sequence_counters(svc->seq));
	if (!svc->counts)
		return -ENOMEM;
	if (!old)
		return 0;
	svc->counts->before = pe_before_new(svc->seq->steps);
	return svc->counts->before ? 0 : -ENOMEM;
}

/**
 * pe_service_remember() - where a version remembers flows, if it does
 * @pn: namespace
 * @svc: version
 * @old: live version it is to replace, or NULL
 *
 * What the old one remembers goes on.
 *
 * Context: process context, pe_net.lock held.
 * Return: 0 or -ENOMEM.
 */
int pe_service_remember(struct pe_net *pn, struct pe_service *svc,
			const struct pe_service *old)
{
	if (!svc->stateful)
		return 0;
	if (old && old->ledger) {
		svc->ledger = old->ledger;
		svc->ledger->users++;
		return 0;
	}
	svc->ledger = pe_ledger_new(pn, svc->obj);
	return svc->ledger ? 0 : -ENOMEM;
}

/**
 * pe_service_set_state() - what is remembered is bounded as a version says
 * @svc: version that becomes live
 *
 * Context: pe_net.lock held.
 */
void pe_service_set_state(const struct pe_service *svc)
{
	if (!svc->ledger)
		return;
	/* Of those that the version before had. */
	svc->ledger->sought = 0;
	WRITE_ONCE(svc->ledger->limit, svc->state_flows ?: PE_FLOWS_LIMIT);
	WRITE_ONCE(svc->ledger->life, svc->state_life ?: PE_FLOW_LIFE);
}

/**
 * pe_service_flow() - what a service remembers of a flow
 * @svc: service
 * @client: the client's end of a packet of it, in either direction
 * @proto: IP protocol of the packet
 *
 * Context: RCU read lock held.
 * Return: the flow, or NULL where nothing is remembered of it.
 */
struct pe_flow *pe_service_flow(const struct pe_service *svc,
				const struct pe_client *client, u8 proto)
{
	struct pe_flow_key key;

	if (!svc->ledger)
		return NULL;
	pe_service_flow_key(svc, client, proto, &key);
	return pe_flow_find(&key);
}

static bool pe_service_same_key(const struct pe_service *a,
				const struct pe_service *b)
{
	return a->family == b->family && a->client == b->client &&
	       a->length == b->length && a->proto == b->proto &&
	       a->level == b->level && a->ranges == b->ranges &&
	       !memcmp(&a->vip, &b->vip, sizeof(a->vip)) &&
	       !memcmp(a->range, b->range, a->ranges * sizeof(a->range[0]));
}

/**
 * pe_service_drains() - does a replaced version know places that the new does
 *	not?
 * @svc: version that replaces it, or NULL where the service is deleted: that
 *	is to stop
 * @old: replaced version, or NULL
 */
bool pe_service_drains(const struct pe_service *svc,
		       const struct pe_service *old)
{
	return svc && old &&
	       (svc->seq != old->seq || !pe_service_same_key(svc, old));
}

/* Where the steps of one version are in another: the same visits of the same
 * devices, PE_NO_STEP for none.
 */
static void pe_steps_map(const struct pe_sequence *from,
			 const struct pe_sequence *to, u8 *map)
{
	u8 i, j;

	for (i = 0; i < from->steps; i++) {
		map[i] = PE_NO_STEP;
		for (j = 0; j < to->steps; j++)
			if (pe_step_object(&from->step[i]) ==
				    pe_step_object(&to->step[j]) &&
			    pe_step_visit(from, i) == pe_step_visit(to, j))
				map[i] = j;
	}
}

static bool pe_stage_is_end(const struct pe_stage *stage)
{
	return !stage->index || (stage->direction == PE_DIRECTION_REVERSE &&
				 stage->action == PE_ACTION_DELIVER);
}

/* Add what was counted at a stage of another version to what is shown of it. */
static void pe_before_add_stage(struct pe_before *before, const u8 *map,
				const struct pe_sequence *seq,
				const struct pe_stage *stage,
				const struct pe_sum *sum)
{
	u8 dir = stage->direction, i;

	if (pe_stage_is_end(stage))
		pe_sum_add(&before->total[dir], sum);
	if (stage->to_step != PE_NO_STEP)
		pe_before_add(before, map[stage->to_step], dir, sum);
	for (i = 0; i < stage->taps; i++)
		pe_before_add(before, map[stage->tap_first + i], dir, sum);
	/* What the server sent. */
	if (seq->server && stage->index == seq->forward)
		pe_before_add(before, map[seq->steps - 1], dir, sum);
}

/* What went past a step is no more counted for it. */
static void pe_before_add_skipped(struct pe_before *before, u8 step, u8 dir,
				  const struct pe_sum *sum)
{
	const struct pe_sum less = { -sum->packets, -sum->bytes };

	pe_before_add(before, step, dir, &less);
	pe_before_add(before, step, PE_BEFORE_SKIPPED, sum);
}

static void pe_before_add_before(struct pe_before *before, const u8 *map,
				 struct pe_before *old)
{
	u8 dir, i;

	for (dir = 0; dir < PE_DIRECTIONS; dir++) {
		pe_sum_add(&before->total[dir], &old->total[dir]);
		for (i = 0; i < old->steps; i++)
			pe_before_add(before, map[i], dir, &old->step[i][dir]);
	}
	for (i = 0; i < old->steps; i++)
		pe_before_add(before, map[i], PE_BEFORE_SKIPPED,
			      &old->step[i][PE_BEFORE_SKIPPED]);
	pe_before_clear(old);
}

static void pe_service_fold_skipped(struct pe_before *before, const u8 *map,
				    struct pe_service *old)
{
	const struct pe_sequence *seq = old->seq;
	struct pe_sum sum;
	u8 i, dir;

	for (i = 0; i < seq->steps; i++) {
		if (!seq->step[i].open)
			continue;
		for (dir = 0; dir < PE_DIRECTIONS; dir++) {
			memset(&sum, 0, sizeof(sum));
			pe_counts_take(old->counts,
				       pe_sequence_open_index(seq, i, dir),
				       &sum);
			pe_before_add_skipped(before, map[i], dir, &sum);
		}
	}
}

/* Take over what another version counted until now, which goes on. What was
 * counted of a step goes where the step is the same device.
 */
static void pe_service_fold(struct pe_service *svc, struct pe_service *old)
{
	const struct pe_sequence *seq = old->seq;
	struct pe_counts *counts = old->counts;
	const struct pe_stage *stage;
	u8 map[PE_STEPS_MAX];
	struct pe_sum sum;

	if (svc->counts == counts)
		return;
	pe_steps_map(seq, svc->seq, map);
	/* Before its stages: what went past a step was counted there as well, and
	 * is taken from what is counted there when it is shown.
	 */
	pe_service_fold_skipped(svc->counts->before, map, old);
	for (stage = seq->stage; stage < seq->end; stage++) {
		if (pe_stage_is_twin(seq, stage))
			continue;
		memset(&sum, 0, sizeof(sum));
		pe_counts_take(counts, stage->index, &sum);
		pe_before_add_stage(svc->counts->before, map, seq, stage,
				    &sum);
	}
	if (counts->before)
		pe_before_add_before(svc->counts->before, map, counts->before);
}

/**
 * pe_service_succeed() - a version takes the place of another
 * @svc: live version
 * @old: version that it replaced
 *
 * Context: pe_net.lock held.
 */
void pe_service_succeed(struct pe_service *svc, struct pe_service *old)
{
	svc->older = pe_service_drains(svc, old) ? old : old->older;
	if (svc->older)
		svc->older->newer = svc;
	pe_service_fold(svc, old);
}

/**
 * pe_service_gather() - add what older versions counted meanwhile
 * @svc: live version, whose counters are going to be read
 *
 * Context: pe_net.lock held.
 */
void pe_service_gather(struct pe_service *svc)
{
	struct pe_service *old;

	for (old = svc->older; old; old = old->older)
		pe_service_fold(svc, old);
}

/**
 * pe_service_drained() - a version drained, which no packet can see any more
 * @old: the version
 *
 * Context: pe_net.lock held.
 */
void pe_service_drained(struct pe_service *old)
{
	struct pe_service *svc = old->obj->live;

	if (!svc)
		return;
	pe_service_fold(svc, old);
	old->newer->older = old->older;
	if (old->older)
		old->older->newer = old->newer;
}

static void pe_service_step_before(const struct pe_service *svc, u8 step,
				   u8 which, struct pe_sum *sum)
{
	const struct pe_before *before = svc->counts->before;

	memset(sum, 0, sizeof(*sum));
	if (before)
		pe_sum_add(sum, &before->step[step][which]);
}

static bool pe_stage_copies_to(const struct pe_stage *stage, u8 step)
{
	return step >= stage->tap_first &&
	       step < stage->tap_first + stage->taps;
}

/**
 * pe_service_step_sum() - what a step was handed
 * @svc: service
 * @step: index of the step
 * @dir: direction
 * @sum: out: packets handed to the step's device; towards the client, those
 *	that a server sent
 *
 * Context: pe_net.lock held.
 */
void pe_service_step_sum(const struct pe_service *svc, u8 step,
			 enum pe_direction dir, struct pe_sum *sum)
{
	const struct pe_sequence *seq = svc->seq;
	const struct pe_stage *stage;
	struct pe_sum skipped = {};

	/* First: what comes meanwhile is in what it is taken from, at least. */
	if (seq->step[step].open)
		pe_counts_sum(svc->counts,
			      pe_sequence_open_index(seq, step, dir), &skipped);
	pe_service_step_before(svc, step, dir, sum);
	if (dir == PE_DIRECTION_REVERSE && seq->server &&
	    step == seq->steps - 1) {
		pe_counts_sum(svc->counts, seq->forward, sum);
		return;
	}
	for (stage = seq->stage; stage < seq->end; stage++)
		if (stage->direction == dir && !pe_stage_is_twin(seq, stage) &&
		    (stage->to_step == step || pe_stage_copies_to(stage, step)))
			pe_counts_sum(svc->counts, stage->index, sum);
	/* Counters of several CPUs are not of one moment. */
	sum->packets -= min(sum->packets, skipped.packets);
	sum->bytes -= min(sum->bytes, skipped.bytes);
}

/**
 * pe_service_skipped_sum() - what went past a step for want of a device
 * @svc: service
 * @step: index of a step that may be left out
 * @sum: out: packets of both directions
 *
 * Context: pe_net.lock held.
 */
void pe_service_skipped_sum(const struct pe_service *svc, u8 step,
			    struct pe_sum *sum)
{
	unsigned int index = pe_sequence_open_index(svc->seq, step,
						    PE_DIRECTION_FORWARD);

	pe_service_step_before(svc, step, PE_BEFORE_SKIPPED, sum);
	pe_counts_sum(svc->counts, index, sum);
	pe_counts_sum(svc->counts, index + 1, sum);
}

/**
 * pe_service_sum() - what came from clients, or went back to them
 * @svc: service
 * @dir: direction
 * @sum: out: packets and bytes
 *
 * Context: pe_net.lock held.
 */
void pe_service_sum(const struct pe_service *svc, enum pe_direction dir,
		    struct pe_sum *sum)
{
	const struct pe_before *before = svc->counts->before;
	const struct pe_sequence *seq = svc->seq;
	const struct pe_stage *stage;

	memset(sum, 0, sizeof(*sum));
	if (before)
		pe_sum_add(sum, &before->total[dir]);
	for (stage = seq->stage; stage < seq->end; stage++)
		if (stage->direction == dir && pe_stage_is_end(stage) &&
		    !pe_stage_is_twin(seq, stage))
			pe_counts_sum(svc->counts, stage->index, sum);
}
