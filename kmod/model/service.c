// SPDX-License-Identifier: GPL-2.0-only
/* Services: their lifetime, where they stand, and what they counted. */

#include <linux/slab.h>

#include "netns.h"
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
	if (svc)
		svc->ranges = ranges;
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
	new->obj = svc->obj;
	new->iif = svc->iif;
	if (new->iif)
		new->iif->users++;
	new->vip = svc->vip;
	new->family = svc->family;
	new->proto = svc->proto;
	new->level = svc->level;
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
	pe_iface_put(pn, svc->iif);
	call_rcu(&svc->rcu, pe_service_free_rcu);
}

static int pe_service_entries_at(struct pe_service *svc,
				 const union nf_inet_addr *addr,
				 struct pe_entry *entry, u16 port,
				 pe_service_entry_t fn, void *arg)
{
	u8 i;
	int err;

	if (entry->level != PE_LEVEL_PORT)
		return fn(arg, addr, svc->family, entry);
	if (port) {
		entry->first = port;
		entry->last = port;
		return fn(arg, addr, svc->family, entry);
	}
	for (i = 0; i < svc->ranges; i++) {
		entry->first = svc->range[i].first;
		entry->last = svc->range[i].last;
		err = fn(arg, addr, svc->family, entry);
		if (err)
			return err;
	}
	return 0;
}

/**
 * pe_service_entries() - every entry of a service, at every address
 * @svc: service with its sequence
 * @fn: called for each entry
 * @arg: first argument of @fn
 *
 * A service stands at its address. Where the server answers from its own
 * address or port, it stands there too, for what the server sends.
 *
 * Return: 0, or what @fn returned first that is not 0.
 */
int pe_service_entries(struct pe_service *svc, pe_service_entry_t fn,
		       void *arg)
{
	const struct pe_step *server = pe_sequence_server(svc->seq);
	struct pe_entry entry = {
		.svc = svc,
		.iif = svc->iif,
		.proto = svc->proto,
		.level = svc->level,
		.role = PE_ROLE_FORWARD | PE_ROLE_REVERSE,
	};
	bool nat = server && pe_device_is_nat(server->device);
	int err;

	if (!nat && !(server && server->port))
		entry.role |= PE_ROLE_SERVER;
	err = pe_service_entries_at(svc, &svc->vip, &entry, 0, fn, arg);
	if (err || entry.role & PE_ROLE_SERVER)
		return err;
	entry.role = PE_ROLE_SERVER;
	entry.iif = NULL;
	return pe_service_entries_at(svc,
				     nat ? &server->device->address : &svc->vip,
				     &entry, server->port, fn, arg);
}

/* Does a stage of one version count the same as a stage of another? */
static bool pe_stage_counts_same(const struct pe_sequence *a, u8 i,
				 const struct pe_sequence *b, u8 j)
{
	const struct pe_stage *x = &a->stage[i], *y = &b->stage[j];
	bool x_end = x->from_step == PE_NO_STEP;
	bool y_end = y->from_step == PE_NO_STEP;

	if (pe_sequence_forward(a, i) != pe_sequence_forward(b, j) || x_end != y_end)
		return false;
	return x_end || a->step[x->from_step].device->obj ==
				b->step[y->from_step].device->obj;
}

static bool pe_stages_count_same(const struct pe_sequence *a,
				 const struct pe_sequence *b)
{
	u8 i;

	if (a->steps != b->steps || a->forward != b->forward ||
	    a->reverse != b->reverse)
		return false;
	for (i = 0; i < a->steps; i++)
		if (a->step[i].device->obj != b->step[i].device->obj)
			return false;
	return true;
}

/**
 * pe_service_inherit() - counters for a version that replaces another, or none
 * @pn: namespace
 * @svc: version with its sequence, without counters
 * @old: live version it is to replace, or NULL
 *
 * Versions whose stages count the same share their counters. Otherwise
 * pe_service_fold() takes over what still means the same.
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
	svc->counts = pe_counts_new(pn, svc->seq->forward + svc->seq->reverse);
	return svc->counts ? 0 : -ENOMEM;
}

/**
 * pe_service_folds() - must pe_service_fold() be called for this version?
 * @svc: live version
 * @old: version it replaced, or NULL
 */
bool pe_service_folds(const struct pe_service *svc,
		      const struct pe_service *old)
{
	return svc && old && svc->counts != old->counts;
}

/**
 * pe_service_fold() - take over what a replaced version counted
 * @svc: live version
 * @old: version it replaced, which no packet can see any more
 *
 * What was counted at a step goes on where the step is the same device.
 *
 * Context: pe_net.lock held since @svc went live, so that nobody saw the
 * counters in between; a grace period has passed.
 */
void pe_service_fold(struct pe_service *svc, const struct pe_service *old)
{
	const struct pe_sequence *a = old->seq, *b = svc->seq;
	struct pe_sum sum;
	u8 i, j;

	for (i = 0; i < a->forward + a->reverse; i++) {
		for (j = 0; j < b->forward + b->reverse; j++)
			if (pe_stage_counts_same(a, i, b, j))
				break;
		if (j == b->forward + b->reverse)
			continue;
		memset(&sum, 0, sizeof(sum));
		pe_counts_sum(old->counts, i, &sum);
		atomic64_add(sum.packets, &svc->counts->shared[j].packets);
		atomic64_add(sum.bytes, &svc->counts->shared[j].bytes);
	}
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
	u8 first = dir == PE_DIRECTION_FORWARD ? 0 : seq->forward;
	u8 n = dir == PE_DIRECTION_FORWARD ? seq->forward : seq->reverse;
	const struct pe_stage *stage;
	u8 i;

	memset(sum, 0, sizeof(*sum));
	if (dir == PE_DIRECTION_REVERSE && seq->server &&
	    step == seq->steps - 1) {
		pe_counts_sum(svc->counts, first, sum);
		return;
	}
	for (i = first; i < first + n; i++) {
		stage = &seq->stage[i];
		if (stage->to_step == step || pe_stage_copies_to(stage, step))
			pe_counts_sum(svc->counts, i, sum);
	}
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
	const struct pe_sequence *seq = svc->seq;
	u8 i;

	memset(sum, 0, sizeof(*sum));
	if (dir == PE_DIRECTION_FORWARD) {
		pe_counts_sum(svc->counts, 0, sum);
		return;
	}
	for (i = seq->forward; i < seq->forward + seq->reverse; i++)
		if (seq->stage[i].action == PE_ACTION_DELIVER)
			pe_counts_sum(svc->counts, i, sum);
}
