// SPDX-License-Identifier: GPL-2.0-only
/* Sequences: made of steps, shared by services. */

#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "flow.h"
#include "netns.h"
#include "refusal.h"
#include "service.h"
#include "stage.h"

static u32 pe_step_hash(const struct pe_step *step, u32 seed)
{
	uintptr_t what = (uintptr_t)(step->pool ?: (void *)step->device);

	return jhash_3words((u32)what, (u64)what >> 32,
			    step->port | step->emit_port << 16,
			    seed + step->emit_proto + (step->open << 8));
}

static u32 pe_sequence_hash_steps(const struct pe_step *step, u8 steps,
				  u32 seed)
{
	u8 i;

	for (i = 0; i < steps; i++)
		seed = pe_step_hash(&step[i], seed);
	return seed;
}

static u32 pe_sequence_hash_track(const struct pe_tracking *track, u32 seed)
{
	return jhash_2words(track->method, track->first, seed);
}

static u32 pe_former_hash(const struct pe_device *dev, u16 port, u32 seed)
{
	uintptr_t what = (uintptr_t)dev;

	return jhash_3words((u32)what, (u64)what >> 32, port, seed);
}

static u32 pe_sequence_hash_key(const void *data, u32 len, u32 seed)
{
	const struct pe_sequence_key *key = data;
	u8 i;

	seed = pe_sequence_hash_track(&key->track, seed);
	for (i = 0; i < key->formers.n; i++)
		seed = pe_former_hash(key->formers.device[i],
				      key->formers.port[i], seed);
	return pe_sequence_hash_steps(key->step, key->steps, seed);
}

static u32 pe_sequence_hash(const void *data, u32 len, u32 seed)
{
	const struct pe_sequence *seq = data;
	u8 i;

	seed = pe_sequence_hash_track(&seq->track, seed);
	for (i = 0; i < seq->formers; i++)
		seed = pe_former_hash(seq->former[i].device,
				      seq->former[i].port, seed);
	return pe_sequence_hash_steps(seq->step, seq->steps, seed);
}

static bool pe_step_same(const struct pe_step *a, const struct pe_step *b)
{
	return a->device == b->device && a->pool == b->pool &&
	       a->port == b->port && a->open == b->open &&
	       a->emits == b->emits && a->emit_proto == b->emit_proto &&
	       a->emit_port == b->emit_port;
}

static bool pe_formers_same(const struct pe_formers *formers,
			    const struct pe_sequence *seq)
{
	u8 i;

	if (formers->n != seq->formers)
		return false;
	for (i = 0; i < seq->formers; i++)
		if (formers->device[i] != seq->former[i].device ||
		    formers->port[i] != seq->former[i].port)
			return false;
	return true;
}

static int pe_sequence_cmp(struct rhashtable_compare_arg *arg,
			   const void *data)
{
	const struct pe_sequence_key *key = arg->key;
	const struct pe_sequence *seq = data;
	u8 i;

	if (key->steps != seq->steps || key->gated != seq->gated ||
	    key->marked != seq->marked ||
	    key->stateful != seq->stateful ||
	    key->track.method != seq->track.method ||
	    key->track.first != seq->track.first)
		return 1;
	for (i = 0; i < seq->steps; i++)
		if (!pe_step_same(&key->step[i], &seq->step[i]))
			return 1;
	return !pe_formers_same(&key->formers, seq);
}

const struct rhashtable_params pe_sequence_params = {
	.head_offset		= offsetof(struct pe_sequence, node),
	.hashfn			= pe_sequence_hash_key,
	.obj_hashfn		= pe_sequence_hash,
	.obj_cmpfn		= pe_sequence_cmp,
	.automatic_shrinking	= true,
};

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
					 i + 1, pe_step_name(&step[i]), name,
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
					 i + 1, pe_step_name(&step[i]), name);
		if (dev->kind != PE_DEVICE_KIND_SERVER && step[i].port)
			return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
					 "step %u (%s) of service %s is no server, and only towards a server is a port translated: leave the port out",
					 i + 1, pe_step_name(&step[i]), name);
		if (pe_device_is_tunnelled(dev) &&
		    track->method != PE_TRACK_NSH)
			return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
					 "step %u (%s) of service %s is behind a tunnel, where packets need a network service header: say track nsh, or use a device with lladdr or via",
					 i + 1, pe_step_name(&step[i]), name);
		if (step[i].open &&
		    (dev->kind != PE_DEVICE_KIND_INLINE || step[i].emits))
			return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
					 "step %u (%s) of service %s cannot be left out, for only an inline device that returns what it is handed can: leave fail open out",
					 i + 1, pe_step_name(&step[i]), name);
		if (dev->kind != PE_DEVICE_KIND_INLINE && step[i].emits)
			return pe_refuse(refusal, -EINVAL, PE_SERVICE_STEP, i,
					 "step %u (%s) of service %s is not inline, and nothing else returns packets on their way to the server: leave emits out",
					 i + 1, pe_step_name(&step[i]), name);
	}
	return 0;
}

/* There is to be a place in a flow for each pool, and for the server. */
static int pe_sequence_check_state(const char *name,
				   const struct pe_step *step, u8 n,
				   struct pe_refusal *refusal)
{
	u8 i, kept = 0, pools = 0;

	for (i = 0; i < n; i++) {
		kept += pe_step_is_kept(&step[i]);
		pools += !!step[i].pool;
	}
	if (kept <= PE_FLOW_PINS_MAX)
		return 0;
	return pe_refuse(refusal, -EINVAL, PE_SERVICE_STATE, 0,
			 "service %s has %u pools%s, and of a flow no more than %u devices are remembered: use fewer pools, or leave state out",
			 name, pools, kept > pools ? " and a server" : "",
			 PE_FLOW_PINS_MAX);
}

/* Hear no more at the interfaces of the first @n devices of a step. */
static void pe_step_deafen(struct pe_net *pn, const struct pe_step *step, u8 n)
{
	const struct pe_device *dev;

	while (n--) {
		dev = pe_step_device(step, n);
		pe_iface_deafen(pn, pe_device_port(dev, false)->iface);
		pe_iface_deafen(pn, pe_device_port(dev, true)->iface);
	}
}

/* Hear at its interfaces what the step's devices return. */
static int pe_step_listen(struct pe_net *pn, const struct pe_step *step)
{
	u8 n = pe_step_devices(step), i;
	const struct pe_device *dev;
	int err;

	for (i = 0; i < n; i++) {
		dev = pe_step_device(step, i);
		err = pe_iface_listen(pn, pe_device_port(dev, false)->iface);
		if (err)
			goto deafen;
		err = pe_iface_listen(pn, pe_device_port(dev, true)->iface);
		if (err) {
			pe_iface_deafen(pn, pe_device_port(dev, false)->iface);
			goto deafen;
		}
	}
	return 0;

deafen:
	pe_step_deafen(pn, step, i);
	return err;
}

/* The same for the first @n steps. */
static void pe_sequence_deafen(struct pe_net *pn, struct pe_sequence *seq, u8 n)
{
	while (n--)
		if (pe_sequence_code(seq, n))
			pe_step_deafen(pn, &seq->step[n],
				       pe_step_devices(&seq->step[n]));
}

static int pe_sequence_listen(struct pe_net *pn, struct pe_sequence *seq)
{
	int err = 0;
	u8 i;

	if (!pe_track_encapsulates(seq->track.method))
		return 0;
	for (i = 0; i < seq->steps && !err; i++)
		if (pe_sequence_code(seq, i))
			err = pe_step_listen(pn, &seq->step[i]);
	seq->listens = !err;
	if (err)
		pe_sequence_deafen(pn, seq, i - 1);
	return err;
}

static void pe_sequence_free(struct pe_net *pn, struct pe_sequence *seq)
{
	u8 i;

	if (seq->listens)
		pe_sequence_deafen(pn, seq, seq->steps);
	for (i = 0; i < seq->steps; i++) {
		pe_device_put(pn, seq->step[i].device);
		pe_pool_put(pn, seq->step[i].pool);
	}
	for (i = 0; i < seq->formers; i++)
		pe_device_put(pn, seq->former[i].device);
	kvfree_rcu(seq, rcu);
}

/* Room for the steps, and for what is worked out from them. */
static struct pe_sequence *pe_sequence_alloc(const struct pe_sequence_key *key)
{
	/* A stage from each device and from either end, in both directions. */
	unsigned int stages = 2, legs = 1, opens = 0;
	const struct pe_step *step = key->step;
	struct pe_sequence *seq;
	size_t size;
	u8 i;

	for (i = 0; i < key->steps; i++) {
		stages += 2 * pe_step_devices(&step[i]);
		legs += step[i].emits;
		opens += step[i].open;
	}
	size = ALIGN(struct_size(seq, step, key->steps),
		     __alignof__(struct pe_stage));
	seq = kvzalloc(size + stages * sizeof(*seq->stage) +
			       key->formers.n * sizeof(*seq->former) +
			       legs * sizeof(*seq->leg), GFP_KERNEL_ACCOUNT);
	if (!seq)
		return NULL;
	seq->steps = key->steps;
	seq->legs = legs;
	seq->opens = opens;
	seq->stage = (void *)seq + size;
	seq->former = (void *)(seq->stage + stages);
	seq->leg = (void *)(seq->former + key->formers.n);
	return seq;
}

/* It points to the devices and pools that it is made of. */
static void pe_sequence_hold(struct pe_sequence *seq,
			     const struct pe_sequence_key *key)
{
	const struct pe_formers *formers = &key->formers;
	u8 i, kept = 0;

	for (i = 0; i < key->steps; i++) {
		seq->step[i] = key->step[i];
		if (pe_step_is_kept(&key->step[i]))
			seq->step[i].pin = kept++ % PE_FLOW_PINS_MAX;
		key->step[i].device->users++;
		if (key->step[i].pool)
			key->step[i].pool->users++;
	}
	for (i = 0; i < formers->n; i++) {
		seq->former[i].device = formers->device[i];
		seq->former[i].port = formers->port[i];
		formers->device[i]->users++;
	}
	seq->formers = formers->n;
}

static struct pe_sequence *pe_sequence_new(const struct pe_net *pn,
					   const struct pe_sequence_key *key)
{
	struct pe_sequence *seq = pe_sequence_alloc(key);

	if (!seq)
		return NULL;
	seq->users = 1;
	seq->track = key->track;
	seq->server = key->step[key->steps - 1].device->kind ==
		      PE_DEVICE_KIND_SERVER;
	seq->gated = key->gated;
	seq->marked = key->marked;
	seq->stateful = key->stateful;
	pe_sequence_hold(seq, key);
	pe_sequence_stages(pn, seq);
	pe_sequence_legs(seq);
	return seq;
}

/**
 * pe_sequence_get() - the sequence of these steps, for one more service
 * @pn: namespace
 * @name: of the service, for the refusal
 * @wanted: what it is to be, tracked as configured
 * @refusal: out: why not
 *
 * Context: process context, pe_net.lock held.
 * Return: the sequence or an error pointer.
 */
struct pe_sequence *pe_sequence_get(struct pe_net *pn, const char *name,
				    const struct pe_sequence_key *wanted,
				    struct pe_refusal *refusal)
{
	const struct pe_tracking *track = &wanted->track;
	const struct pe_step *steps = wanted->step;
	struct pe_sequence_key key = *wanted;
	struct pe_sequence *seq;
	u8 i, n = key.steps;
	int err;

	lockdep_assert_held(&pn->lock);
	key.track.first = pe_track_first(track);
	seq = rhashtable_lookup_fast(&pn->sequences, &key, pe_sequence_params);
	if (seq) {
		seq->users++;
		return seq;
	}
	err = pe_sequence_check_steps(name, track, steps, n, refusal);
	if (!err && key.stateful)
		err = pe_sequence_check_state(name, steps, n, refusal);
	if (!err)
		err = pe_sequence_check_track(name, track, steps, n, refusal);
	if (err)
		return ERR_PTR(err);
	seq = pe_sequence_new(pn, &key);
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

/**
 * pe_sequence_stage() - a stage by its index
 * @seq: sequence
 * @index: the index
 *
 * Return: the first of the stages that have it.
 */
struct pe_stage *pe_sequence_stage(const struct pe_sequence *seq, u8 index)
{
	struct pe_stage *stage = seq->stage;

	while (stage->index != index)
		stage++;
	return stage;
}

/**
 * pe_sequence_open_index() - where packets are counted that went past a step
 * @seq: sequence
 * @step: index of a step that may be left out
 * @direction: enum pe_direction of the packets
 */
unsigned int pe_sequence_open_index(const struct pe_sequence *seq, u8 step,
				    u8 direction)
{
	unsigned int index = seq->forward + seq->reverse + direction;
	u8 i;

	for (i = 0; i < step; i++)
		if (seq->step[i].open)
			index += PE_DIRECTIONS;
	return index;
}
