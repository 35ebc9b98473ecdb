// SPDX-License-Identifier: GPL-2.0-only
/* Sequences: stages made from steps, shared by services, never ambiguous. */

#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "netns.h"
#include "refusal.h"
#include "service.h"

/* Set in the path of the way back. */
#define PE_NSH_BACK	BIT(23)

/* The service index of packets to the first device of a path. */
#define PE_NSH_INDEX	255

struct pe_sequence_key {
	const struct pe_step	*step;
	struct pe_tracking	track;
	u8			steps;
};

static u32 pe_sequence_hash_steps(const struct pe_step *step, u8 steps,
				  u32 seed)
{
	u8 i;

	for (i = 0; i < steps; i++)
		seed = jhash_3words((u32)(uintptr_t)step[i].device,
				    (u64)(uintptr_t)step[i].device >> 32,
				    step[i].port | step[i].emit_port << 16,
				    seed + step[i].emit_proto);
	return seed;
}

static u32 pe_sequence_hash_key(const void *data, u32 len, u32 seed)
{
	const struct pe_sequence_key *key = data;

	return pe_sequence_hash_steps(key->step, key->steps,
				      seed + key->track.method);
}

static u32 pe_sequence_hash(const void *data, u32 len, u32 seed)
{
	const struct pe_sequence *seq = data;

	return pe_sequence_hash_steps(seq->step, seq->steps,
				      seed + seq->track.method);
}

static bool pe_step_same(const struct pe_step *a, const struct pe_step *b)
{
	return a->device == b->device && a->port == b->port &&
	       a->emits == b->emits && a->emit_proto == b->emit_proto &&
	       a->emit_port == b->emit_port;
}

static int pe_sequence_cmp(struct rhashtable_compare_arg *arg,
			   const void *data)
{
	const struct pe_sequence_key *key = arg->key;
	const struct pe_sequence *seq = data;
	u8 i;

	if (key->steps != seq->steps ||
	    key->track.method != seq->track.method ||
	    key->track.first != seq->track.first)
		return 1;
	for (i = 0; i < seq->steps; i++)
		if (!pe_step_same(&key->step[i], &seq->step[i]))
			return 1;
	return 0;
}

const struct rhashtable_params pe_sequence_params = {
	.head_offset		= offsetof(struct pe_sequence, node),
	.hashfn			= pe_sequence_hash_key,
	.obj_hashfn		= pe_sequence_hash,
	.obj_cmpfn		= pe_sequence_cmp,
	.automatic_shrinking	= true,
};

static bool pe_step_is_tap(const struct pe_step *step)
{
	return step->device->kind == PE_DEVICE_KIND_TAP;
}

/* Where a packet goes that comes from @at (-1: from a client). */
static void pe_stage_forward(const struct pe_sequence *seq,
			     struct pe_stage *stage, int at)
{
	const struct pe_device *dev;
	u8 to = at + 1;

	stage->tap_first = to;
	while (to < seq->steps && pe_step_is_tap(&seq->step[to]))
		to++;
	stage->taps = to - stage->tap_first;
	if (to == seq->steps) {
		stage->action = PE_ACTION_DELIVER;
		stage->to_step = PE_NO_STEP;
		return;
	}
	dev = seq->step[to].device;
	stage->to_step = to;
	stage->device = dev;
	if (pe_device_is_nat(dev)) {
		stage->action = PE_ACTION_TRANSLATE;
		return;
	}
	stage->action = PE_ACTION_STEER;
	stage->to = pe_device_port(dev, false);
}

/* Where a packet goes that comes back from @at (steps: from beyond them). */
static void pe_stage_reverse(const struct pe_sequence *seq,
			     struct pe_stage *stage, int at)
{
	int to = at - 1;

	while (to >= 0 && pe_step_is_tap(&seq->step[to]))
		to--;
	stage->tap_first = to + 1;
	stage->taps = at - stage->tap_first;
	if (to < 0) {
		stage->action = PE_ACTION_DELIVER;
		stage->to_step = PE_NO_STEP;
		return;
	}
	stage->action = PE_ACTION_STEER;
	stage->to_step = to;
	stage->device = seq->step[to].device;
	stage->to = pe_device_port(stage->device, true);
}

static u8 pe_stage_extra(const struct pe_sequence *seq,
			 const struct pe_stage *stage)
{
	const struct pe_step *server = pe_sequence_server(seq);
	bool edited;
	u8 extra = 0;

	if (stage->taps)
		extra |= PE_EXTRA_TAPS;
	if (stage->action != PE_ACTION_STEER)
		extra |= PE_EXTRA_ROUTED;
	if (seq->track.method)
		extra |= PE_EXTRA_TRACK;
	if (!server)
		return extra;
	edited = server->port || pe_device_is_nat(server->device);
	if (stage->index == seq->forward)
		extra |= PE_EXTRA_SENT | (edited ? PE_EXTRA_FROM_SERVER : 0);
	if (stage->index < seq->forward && stage->to_step == seq->steps - 1 &&
	    edited)
		extra |= PE_EXTRA_TO_SERVER;
	return extra;
}

static void pe_sequence_stages(struct pe_sequence *seq)
{
	u8 inner = seq->steps - seq->server;
	struct pe_stage *stage = seq->stage;
	const struct pe_step *server;
	u8 i;
	int at;

	for (at = -1; at < inner; at++, stage++) {
		stage->from_step = at < 0 ? PE_NO_STEP : at;
		if (at >= 0)
			stage->from = pe_device_port(seq->step[at].device, true);
		pe_stage_forward(seq, stage, at);
	}
	seq->forward = stage - seq->stage;
	seq->back = stage;

	for (at = inner; at >= 0; at--, stage++) {
		stage->from_step = at == seq->steps ? PE_NO_STEP : at;
		server = at == inner ? pe_sequence_server(seq) : NULL;
		if (server && !pe_device_is_nat(server->device))
			stage->from = pe_device_port(server->device, false);
		else if (at < inner)
			stage->from = pe_device_port(seq->step[at].device,
						     false);
		pe_stage_reverse(seq, stage, at);
	}
	seq->reverse = stage - seq->stage - seq->forward;
	for (i = 0; i < seq->forward + seq->reverse; i++) {
		seq->stage[i].index = i;
		seq->stage[i].direction = i < seq->forward ?
						  PE_DIRECTION_FORWARD :
						  PE_DIRECTION_REVERSE;
		seq->stage[i].extra = pe_stage_extra(seq, &seq->stage[i]);
	}
}

/* Towards the server the step that emits begins a leg, towards the client the
 * leg begins at the server or at the next step that emits.
 */
static void pe_sequence_legs(struct pe_sequence *seq)
{
	u8 end = seq->forward + seq->reverse;
	struct pe_leg *leg = seq->leg;
	u8 i;

	leg->step = PE_NO_STEP;
	for (i = 0; i < seq->steps; i++) {
		if (!seq->step[i].emits)
			continue;
		/* Stage 0 comes from clients, stage i + 1 from step i. */
		leg->forward_end = i + 1;
		/* Steps come back in the opposite order: the last is step 0. */
		leg->reverse = end - 1 - i;
		leg[1].step = i;
		leg[1].forward = leg->forward_end;
		leg[1].reverse_end = leg->reverse;
		leg++;
	}
	seq->leg[0].reverse_end = end;
	leg->forward_end = seq->forward;
	leg->reverse = seq->forward;
}

/* What a device returns must bear what it was handed with. */
static int pe_sequence_check_track(const char *name,
				   const struct pe_tracking *track,
				   const struct pe_step *step, u8 n,
				   struct pe_refusal *refusal)
{
	bool bearer = false;
	u8 i;

	if (!track->method)
		return 0;
	for (i = 0; i < n; i++) {
		bearer |= step[i].device->kind == PE_DEVICE_KIND_INLINE;
		if (step[i].emits)
			return pe_refuse(refusal, -EINVAL, PE_SERVICE_TRACK, 0,
					 "step %u (%s) of service %s emits packets of its own, which cannot bear a code of track %s: leave emits or track out",
					 i + 1, step[i].device->obj->name, name,
					 pe_track_name(track->method));
	}
	if (bearer)
		return 0;
	return pe_refuse(refusal, -EINVAL, PE_SERVICE_TRACK, 0,
			 "service %s has no inline device, and only what these return bears a code of track %s: leave track out",
			 name, pe_track_name(track->method));
}

static int pe_sequence_check_steps(const char *name,
				   const struct pe_tracking *track,
				   const struct pe_step *step, u8 n,
				   struct pe_refusal *refusal)
{
	const struct pe_device *dev;
	u8 i;

	for (i = 0; i < n; i++) {
		dev = step[i].device;
		if (dev->kind == PE_DEVICE_KIND_SERVER && i + 1 < n)
			return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
					 "step %u (%s) of service %s is a server, which ends a sequence: put it last",
					 i + 1, dev->obj->name, name);
		if (dev->kind != PE_DEVICE_KIND_SERVER && step[i].port)
			return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
					 "step %u (%s) of service %s is no server, and only towards a server is a port translated: leave the port out",
					 i + 1, dev->obj->name, name);
		if (pe_device_is_tunnelled(dev) &&
		    track->method != PE_TRACK_NSH)
			return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
					 "step %u (%s) of service %s is behind a tunnel, where packets need a network service header: say track nsh, or use a device with lladdr or via",
					 i + 1, dev->obj->name, name);
		if (dev->kind != PE_DEVICE_KIND_INLINE && step[i].emits)
			return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
					 "step %u (%s) of service %s is not inline, and nothing else returns packets on their way to the server: leave emits out",
					 i + 1, dev->obj->name, name);
	}
	return 0;
}

/* Path and index of a network service header. */
static u32 pe_sequence_nsh(const struct pe_sequence *seq, u8 step,
			   u8 direction, bool returned)
{
	bool forward = direction == PE_DIRECTION_FORWARD;
	u32 path = seq->track.first | (forward ? 0 : PE_NSH_BACK);
	u8 i, worked = returned;

	for (i = 0; i < seq->steps; i++)
		if (seq->step[i].device->kind == PE_DEVICE_KIND_INLINE)
			worked += forward ? i < step : i > step;
	return path << 8 | (PE_NSH_INDEX - worked);
}

/**
 * pe_sequence_mark() - what packets to a step's device bear, or those from it
 * @seq: sequence
 * @step: index of the step, or PE_NO_STEP
 * @direction: enum pe_direction of the packets
 * @returned: the device has returned them
 *
 * With network service headers that is path and index, as RFC 8300 has them:
 * the way back is a path of its own; on either the index begins with 255, and
 * each device that has worked returns it with one less. Taps and servers get no
 * header and don't count.
 *
 * Return: the code, or PE_CODE_NONE where packets bear none.
 */
u32 pe_sequence_mark(const struct pe_sequence *seq, u8 step, u8 direction,
		     bool returned)
{
	u32 code = pe_sequence_code(seq, step);

	if (!code || seq->track.method != PE_TRACK_NSH)
		return code;
	return pe_sequence_nsh(seq, step, direction, returned);
}

static u32 pe_stage_mark(const struct pe_sequence *seq,
			 const struct pe_stage *stage)
{
	return pe_sequence_mark(seq, stage->from_step, stage->direction, true);
}

/* Could packets of two stages be mistaken for each other? */
static bool pe_stage_same(const struct pe_sequence *a,
			  const struct pe_stage *x,
			  const struct pe_sequence *b,
			  const struct pe_stage *y)
{
	if (!x->from || !y->from)
		return x->from == y->from;
	return pe_port_same_place(x->from, y->from) &&
	       pe_track_same(a->track.method, pe_stage_mark(a, x),
			     b->track.method, pe_stage_mark(b, y));
}

static int pe_sequence_check_places(const char *name,
				    const struct pe_sequence *seq,
				    const struct pe_stage *a,
				    const struct pe_stage *b,
				    struct pe_refusal *refusal)
{
	if (a == b || !a->from || !b->from ||
	    !pe_stage_same(seq, a, seq, b))
		return 0;
	return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP,
			 max(a->from_step, b->from_step),
			 "steps %u (%s) and %u (%s) of service %s cannot be told apart, packets come back from both by %s and from the same address: use another device or interface for one",
			 min(a->from_step, b->from_step) + 1,
			 (a->from_step < b->from_step ? a : b)->from->device->obj->name,
			 max(a->from_step, b->from_step) + 1,
			 (a->from_step < b->from_step ? b : a)->from->device->obj->name,
			 name, a->from->iface->name);
}

/**
 * pe_sequence_check_legs() - can all places of two legs be told apart?
 * @name: of the service, for the refusal
 * @seq: sequence
 * @one: a leg
 * @two: another whose packets may look the same, or the same
 * @refusal: out: why not
 *
 * Return: 0 or -EINVAL.
 */
int pe_sequence_check_legs(const char *name, const struct pe_sequence *seq,
			   u8 one, u8 two, struct pe_refusal *refusal)
{
	const struct pe_leg *a = &seq->leg[one], *b = &seq->leg[two];
	u8 stages = seq->forward + seq->reverse, i, j;
	int err;

	for (i = 0; i < stages; i++) {
		if (!pe_leg_has(a, i))
			continue;
		for (j = 0; j < stages; j++) {
			if (!pe_leg_has(b, j) || pe_sequence_forward(seq, i) !=
							 pe_sequence_forward(seq, j))
				continue;
			err = pe_sequence_check_places(name, seq,
						       &seq->stage[i],
						       &seq->stage[j], refusal);
			if (err)
				return err;
		}
	}
	return 0;
}

/* Hear no more at the interfaces of the first @n steps' devices. */
static void pe_sequence_deafen(struct pe_net *pn, struct pe_sequence *seq, u8 n)
{
	const struct pe_device *dev;

	while (n--) {
		dev = seq->step[n].device;
		if (!pe_sequence_code(seq, n))
			continue;
		pe_iface_deafen(pn, pe_device_port(dev, false)->iface);
		pe_iface_deafen(pn, pe_device_port(dev, true)->iface);
	}
}

/* Hear at its interfaces what its devices return. */
static int pe_sequence_listen(struct pe_net *pn, struct pe_sequence *seq)
{
	const struct pe_device *dev;
	int err = 0;
	u8 i;

	if (!pe_track_encapsulates(seq->track.method))
		return 0;
	for (i = 0; i < seq->steps; i++) {
		dev = seq->step[i].device;
		if (!pe_sequence_code(seq, i))
			continue;
		err = pe_iface_listen(pn, pe_device_port(dev, false)->iface);
		if (err)
			break;
		err = pe_iface_listen(pn, pe_device_port(dev, true)->iface);
		if (err) {
			pe_iface_deafen(pn, pe_device_port(dev, false)->iface);
			break;
		}
	}
	seq->listens = !err;
	if (err)
		pe_sequence_deafen(pn, seq, i);
	return err;
}

static void pe_sequence_free(struct pe_net *pn, struct pe_sequence *seq)
{
	u8 i;

	if (seq->listens)
		pe_sequence_deafen(pn, seq, seq->steps);
	for (i = 0; i < seq->steps; i++)
		pe_device_put(pn, seq->step[i].device);
	kfree_rcu(seq, rcu);
}

static struct pe_sequence *pe_sequence_new(const struct pe_tracking *track,
					   const struct pe_step *steps, u8 n,
					   bool server)
{
	/* A stage from each step and from either end, in both directions. */
	unsigned int stages = 2 * (n + 1 - server), legs = 1;
	size_t size = ALIGN(struct_size((struct pe_sequence *)NULL, step, n),
			    __alignof__(struct pe_stage));
	struct pe_sequence *seq;
	u8 i;

	for (i = 0; i < n; i++)
		legs += steps[i].emits;
	seq = kzalloc(size + stages * sizeof(*seq->stage) +
			      legs * sizeof(*seq->leg), GFP_KERNEL_ACCOUNT);
	if (!seq)
		return NULL;
	seq->users = 1;
	seq->track = *track;
	seq->steps = n;
	seq->server = server;
	seq->legs = legs;
	seq->stage = (void *)seq + size;
	seq->leg = (void *)(seq->stage + stages);
	for (i = 0; i < n; i++) {
		seq->step[i] = steps[i];
		steps[i].device->users++;
	}
	pe_sequence_stages(seq);
	pe_sequence_legs(seq);
	return seq;
}

/**
 * pe_sequence_get() - the sequence of these steps, for one more service
 * @pn: namespace
 * @name: of the service, for the refusal
 * @track: how its devices are told apart
 * @steps: the steps
 * @n: how many, from 1 to PE_STEPS_MAX
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the sequence or an error pointer.
 */
struct pe_sequence *pe_sequence_get(struct pe_net *pn, const char *name,
				    const struct pe_tracking *track,
				    const struct pe_step *steps, u8 n,
				    struct pe_refusal *refusal)
{
	struct pe_sequence_key key = {
		.step = steps,
		.steps = n,
		.track.method = track->method,
		.track.first = pe_track_first(track),
	};
	struct pe_sequence *seq;
	int err = 0;
	u8 i;

	lockdep_assert_held(&pn->lock);
	seq = rhashtable_lookup_fast(&pn->sequences, &key, pe_sequence_params);
	if (seq) {
		seq->users++;
		return seq;
	}
	err = pe_sequence_check_steps(name, track, steps, n, refusal);
	if (!err)
		err = pe_sequence_check_track(name, track, steps, n, refusal);
	if (err)
		return ERR_PTR(err);
	seq = pe_sequence_new(&key.track, steps, n,
			      steps[n - 1].device->kind ==
				      PE_DEVICE_KIND_SERVER);
	if (!seq)
		return ERR_PTR(-ENOMEM);
	for (i = 0; !err && i < seq->legs; i++)
		err = pe_sequence_check_legs(name, seq, i, i, refusal);
	if (!err)
		err = pe_sequence_listen(pn, seq);
	if (!err)
		err = rhashtable_insert_fast(&pn->sequences, &seq->node,
					     pe_sequence_params);
	if (err) {
		pe_sequence_free(pn, seq);
		return ERR_PTR(err);
	}
	return seq;
}

/**
 * pe_sequence_put() - one service less
 * @pn: namespace
 * @seq: sequence, or NULL
 *
 * Context: process context, pe_net.lock held. Packets may see the sequence
 * for a grace period after its last user went.
 */
void pe_sequence_put(struct pe_net *pn, struct pe_sequence *seq)
{
	if (!seq || --seq->users)
		return;
	rhashtable_remove_fast(&pn->sequences, &seq->node, pe_sequence_params);
	pe_sequence_free(pn, seq);
}

/* Is the stage one that packets matched by this entry can be at? */
static bool pe_entry_has_stage(const struct pe_entry *e,
			       const struct pe_stage *stage)
{
	const struct pe_sequence *seq = e->svc->seq;

	if (e->special && !pe_leg_has(&seq->leg[e->special - 1], stage->index))
		return false;
	if (stage->index < seq->forward)
		return stage->index && e->role & PE_ROLE_FORWARD;
	return e->role & (stage->index == seq->forward ? PE_ROLE_SERVER :
							 PE_ROLE_REVERSE);
}

/**
 * pe_sequence_ambiguous() - two sequences at one address and port
 * @a: entry of one
 * @b: entry of the other
 * @other: out: stage of @b's
 *
 * Context: pe_net.lock held.
 * Return: a stage of @a's sequence that can't be told from one of @b's, or
 * NULL.
 */
const struct pe_stage *pe_sequence_ambiguous(const struct pe_entry *a,
					     const struct pe_entry *b,
					     const struct pe_stage **other)
{
	const struct pe_sequence *one = a->svc->seq, *two = b->svc->seq;
	const struct pe_stage *x, *y;
	u8 i, j;

	for (i = 0; i < one->forward + one->reverse; i++) {
		x = &one->stage[i];
		if (!pe_entry_has_stage(a, x))
			continue;
		for (j = 0; j < two->forward + two->reverse; j++) {
			y = &two->stage[j];
			if (x->direction != y->direction ||
			    !pe_entry_has_stage(b, y) ||
			    !pe_stage_same(one, x, two, y))
				continue;
			*other = y;
			return x;
		}
	}
	return NULL;
}
