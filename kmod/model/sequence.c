// SPDX-License-Identifier: GPL-2.0-only
/* Sequences: stages made from steps, shared by services, never ambiguous. */

#include <linux/jhash.h>
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "flow.h"
#include "netns.h"
#include "refusal.h"
#include "service.h"

/* Set in the path of the way back. */
#define PE_NSH_BACK	BIT(23)

/* The service index of packets to the first device of a path. */
#define PE_NSH_INDEX	255

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
	stage->one_way = seq->step[to].pool && seq->step[to].pool->one_way;
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

/* May flows keep to what a step has? Any server, and what pools have. */
static bool pe_step_is_kept(const struct pe_step *step)
{
	return step->pool || step->device->kind == PE_DEVICE_KIND_SERVER;
}

/* Is there more than one device to hand packets to, or none now? */
static bool pe_step_is_choice(const struct pe_sequence *seq,
			      const struct pe_step *step)
{
	return step->pool || step->open ||
	       !pe_health_works(step->device->health) ||
	       (seq->stateful && pe_step_is_kept(step));
}

/* Is it told by what a stage's packets come from that a device works? */
static bool pe_stage_is_answer(const struct pe_sequence *seq,
			       const struct pe_stage *stage)
{
	const struct pe_pool *pool;

	if (stage->from_step == PE_NO_STEP)
		return false;
	pool = seq->step[stage->from_step].pool;
	return pool && pool->detect_packets;
}

/* Is it told by what becomes of a stage's packets that a device works? */
static bool pe_stage_is_asking(const struct pe_sequence *seq,
			       const struct pe_stage *stage)
{
	const struct pe_pool *pool;

	if (stage->to_step == PE_NO_STEP)
		return false;
	pool = seq->step[stage->to_step].pool;
	return pool && pool->detect_packets;
}

/* What a device emits is not what it was handed, so there is nothing to know. */
static bool pe_step_is_measured(const struct pe_sequence *seq, u8 at)
{
	const struct pe_step *step;
	u8 i;

	if (at == PE_NO_STEP || seq->step[at].emits)
		return false;
	step = &seq->step[at];
	for (i = 0; i < pe_step_devices(step); i++)
		if (pe_step_device(step, i)->meter)
			return true;
	return false;
}

/* May flows keep to what any step has, from @first on, of @n? */
static bool pe_steps_are_kept(const struct pe_sequence *seq, u8 first, u8 n)
{
	while (n--)
		if (pe_step_is_kept(&seq->step[first + n]))
			return true;
	return false;
}

/* Is it asked at a stage what is remembered of a flow? Wherever a pool comes
 * next, or a server, or what may be left out before one, and where answers come
 * in, which tell that the flow is one.
 */
static bool pe_stage_is_kept(const struct pe_sequence *seq,
			     const struct pe_stage *stage)
{
	if (stage->index == seq->forward ||
	    (stage->to_step != PE_NO_STEP && seq->step[stage->to_step].open))
		return pe_steps_are_kept(seq, 0, seq->steps);
	return pe_steps_are_kept(seq, stage->tap_first, stage->taps) ||
	       (stage->to_step != PE_NO_STEP &&
		pe_step_is_kept(&seq->step[stage->to_step]));
}

/* Nothing is noted of a former server: it is no member of any pool. */
static u16 pe_former_extra(u16 extra)
{
	return (extra & ~PE_EXTRA_NOTES) | PE_EXTRA_FORMER;
}

static u16 pe_stage_extra(const struct pe_net *pn,
			  const struct pe_sequence *seq,
			  const struct pe_stage *stage)
{
	const struct pe_step *server = pe_sequence_server(seq);
	bool edited;
	u16 extra = 0;

	if (stage->to_step != PE_NO_STEP &&
	    pe_step_is_choice(seq, &seq->step[stage->to_step]))
		extra |= PE_EXTRA_CHOOSE;
	if (pe_stage_is_asking(seq, stage))
		extra |= PE_EXTRA_ASKS;
	if (pe_stage_is_answer(seq, stage))
		extra |= PE_EXTRA_RETURNED;
	if (pe_step_is_measured(seq, stage->to_step))
		extra |= PE_EXTRA_TIMED;
	if (pe_step_is_measured(seq, stage->from_step))
		extra |= PE_EXTRA_CLOCKED;

	if (!stage->index && (seq->gated || rcu_access_pointer(pn->limit)))
		extra |= PE_EXTRA_GATE;
	if (seq->marked)
		extra |= PE_EXTRA_QUALITY;
	if (seq->stateful && pe_stage_is_kept(seq, stage))
		extra |= PE_EXTRA_STATE;
	if (stage->taps)
		extra |= PE_EXTRA_TAPS;
	if (stage->action != PE_ACTION_STEER)
		extra |= PE_EXTRA_ROUTED;
	if (seq->track.method)
		extra |= PE_EXTRA_TRACK;
	if (!server)
		return extra;
	edited = pe_stage_server_port(seq, stage) ||
		 pe_device_is_nat(server->device);
	if (stage->index == seq->forward)
		extra |= PE_EXTRA_SENT | (edited ? PE_EXTRA_FROM_SERVER : 0);
	if (stage->index < seq->forward && stage->to_step == seq->steps - 1 &&
	    edited)
		extra |= PE_EXTRA_TO_SERVER;
	return extra;
}

/* From step @at on the way to the server, or from clients (-1): a stage for each
 * device that packets can come from.
 */
static struct pe_stage *pe_stages_forward(struct pe_sequence *seq,
					  struct pe_stage *stage, int at)
{
	u8 n = at < 0 ? 1 : pe_step_devices(&seq->step[at]), i;

	for (i = 0; i < n; i++, stage++) {
		stage->index = at + 1;
		stage->direction = PE_DIRECTION_FORWARD;
		stage->from_step = at < 0 ? PE_NO_STEP : at;
		if (at >= 0)
			stage->from = pe_device_port(pe_step_device(&seq->step[at], i),
						     true);
		pe_stage_forward(seq, stage, at);
	}
	return stage;
}

/* From step @at on the way to the client, or from beyond all steps. Servers that
 * are known by their own address may be at any place.
 */
static struct pe_stage *pe_stages_reverse(struct pe_sequence *seq,
					  struct pe_stage *stage, int at,
					  u8 index)
{
	const struct pe_step *step = at < seq->steps ? &seq->step[at] : NULL;
	u8 n = step ? pe_step_devices(step) : 1, i;

	if (step && pe_device_is_nat(step->device))
		n = 1;
	for (i = 0; i < n; i++, stage++) {
		stage->index = index;
		stage->direction = PE_DIRECTION_REVERSE;
		stage->from_step = step ? at : PE_NO_STEP;
		if (step && !pe_device_is_nat(step->device))
			stage->from = pe_device_port(pe_step_device(step, i),
						     false);
		pe_stage_reverse(seq, stage, at);
	}
	return stage;
}

/* Where packets of a former server are: beside those of the one that is there
 * now, with the same index.
 */
static void pe_former_stage(const struct pe_net *pn, struct pe_sequence *seq,
			    u8 at)
{
	struct pe_former *former = &seq->former[at];
	struct pe_stage *stage = &former->stage;

	*stage = *seq->back;
	stage->former = at;
	stage->extra |= PE_EXTRA_FORMER;
	if (!pe_device_is_nat(former->device))
		stage->from = pe_device_port(former->device, false);
	stage->extra = pe_former_extra(pe_stage_extra(pn, seq, stage));
}

static void pe_sequence_stages(const struct pe_net *pn, struct pe_sequence *seq)
{
	u8 inner = seq->steps - seq->server;
	struct pe_stage *stage = seq->stage;
	int at;

	for (at = -1; at < inner; at++)
		stage = pe_stages_forward(seq, stage, at);
	seq->forward = inner + 1;
	seq->reverse = inner + 1;
	seq->back = stage;
	for (at = inner; at >= 0; at--) {
		stage = pe_stages_reverse(seq, stage, at,
					  seq->forward + inner - at);
		if (at == inner)
			seq->inner = stage;
	}
	seq->end = stage;
	for (stage = seq->stage; stage < seq->end; stage++)
		stage->extra = pe_stage_extra(pn, seq, stage);
	for (at = 0; at < seq->formers; at++)
		pe_former_stage(pn, seq, at);
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
	/* What comes from members of one pool goes the same way. */
	if (a->index == b->index || !a->from || !b->from ||
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
	const struct pe_stage *x, *y;
	int err;

	for (x = seq->stage; x < seq->end; x++) {
		if (!pe_leg_has(a, x->index))
			continue;
		for (y = seq->stage; y < seq->end; y++) {
			if (!pe_leg_has(b, y->index) ||
			    x->direction != y->direction)
				continue;
			err = pe_sequence_check_places(name, seq, x, y,
						       refusal);
			if (err)
				return err;
		}
	}
	return 0;
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

/* The stage of packets that come from a step. */
static const struct pe_stage *pe_sequence_beyond(const struct pe_sequence *seq,
						 u8 step, u8 direction)
{
	const struct pe_stage *stage = seq->stage;

	while (stage->from_step != step || stage->direction != direction)
		stage++;
	return stage;
}

/* Hand on to what comes behind the step, and to the taps on either side. */
static void pe_stage_skip(const struct pe_sequence *seq, struct pe_stage *stage,
			  struct pe_skipped *skipped)
{
	const struct pe_stage *next;
	u8 from, to;

	next = pe_sequence_beyond(seq, stage->to_step, stage->direction);
	skipped->step[skipped->n] = stage->to_step;
	skipped->index[skipped->n++] = next->index;
	from = min(stage->tap_first, next->tap_first);
	to = max(stage->tap_first + stage->taps, next->tap_first + next->taps);
	stage->tap_first = from;
	stage->taps = to - from;
	stage->extra &= ~PE_EXTRA_NOTED;
	stage->extra |= next->extra & (PE_EXTRA_TAPS | PE_EXTRA_NOTED |
				       PE_EXTRA_TO_SERVER | PE_EXTRA_ROUTED);
	stage->action = next->action;
	stage->one_way = next->one_way;
	stage->to = next->to;
	stage->device = next->device;
	stage->to_step = next->to_step;
}

static void pe_stage_take(struct pe_stage *stage, struct pe_device *dev)
{
	bool nat = pe_device_is_nat(dev);

	stage->device = dev;
	stage->action = nat ? PE_ACTION_TRANSLATE : PE_ACTION_STEER;
	stage->to = nat ? NULL :
			  pe_device_port(dev, stage->direction ==
						      PE_DIRECTION_REVERSE);
}

/* How the device of a pool is chosen. */
enum pe_choice {
	PE_CHOICE_HASH,		/* without memory */
	PE_CHOICE_KEEP,		/* as the flow has it, which remembers */
	PE_CHOICE_PEEK,		/* as the flow would have it */
};

/* @former: out: which former server it is plus one, 0 for one that is there now. */
static __always_inline struct pe_device *
pe_step_choose(const struct pe_sequence *seq, const struct pe_step *step,
	       const struct pe_client *client, struct pe_flow *flow,
	       enum pe_choice choice, u8 *former)
{
	struct pe_device *dev = NULL;

	*former = 0;
	if (choice != PE_CHOICE_HASH && pe_step_is_kept(step)) {
		if (choice == PE_CHOICE_KEEP)
			return pe_flow_device(flow, seq, step, client, former);
		dev = pe_flow_peek(flow, seq, step, former);
	}
	return dev ?: pe_step_pick(step, client);
}

/* It goes to a former server: there is nothing to note, but the port may be
 * another.
 */
static void pe_stage_take_former(const struct pe_sequence *seq,
				 struct pe_stage *stage, u8 at)
{
	stage->extra &= ~PE_EXTRA_NOTED;
	if (seq->former[at].port == pe_sequence_server(seq)->port)
		return;
	stage->former = at;
	stage->extra |= PE_EXTRA_FORMER | PE_EXTRA_TO_SERVER;
}

static __always_inline enum pe_drop
pe_stage_settle(const struct pe_sequence *seq, struct pe_stage *stage,
		const struct pe_client *client, struct pe_skipped *skipped,
		struct pe_flow *flow, enum pe_choice choice)
{
	const struct pe_step *step;
	struct pe_device *dev;
	u8 former;

	skipped->n = 0;
	while (stage->to_step != PE_NO_STEP) {
		step = &seq->step[stage->to_step];
		dev = pe_step_choose(seq, step, client, flow, choice, &former);
		if (likely(dev)) {
			pe_stage_take(stage, dev);
			if (unlikely(former))
				pe_stage_take_former(seq, stage, former - 1);
			break;
		}
		if (!step->open)
			return PE_DROP_NO_DEVICE;
		pe_stage_skip(seq, stage, skipped);
	}
	stage->extra &= ~PE_EXTRA_CHOOSE;
	return PE_DROP_NONE;
}

/**
 * pe_stage_choose() - which device a packet is handed to, where that is open
 * @seq: sequence
 * @stage: in and out: copy of the packet's stage, changed to lead to the device
 *	that gets it
 * @client: the client's end of the packet
 * @skipped: out: steps that are left out
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: PE_DROP_NONE, or PE_DROP_NO_DEVICE where no device is up at a step
 * that is not to be left out.
 */
enum pe_drop pe_stage_choose(const struct pe_sequence *seq,
			     struct pe_stage *stage,
			     const struct pe_client *client,
			     struct pe_skipped *skipped)
{
	return pe_stage_settle(seq, stage, client, skipped, NULL,
			       PE_CHOICE_HASH);
}

/**
 * pe_stage_choose_kept() - the same for a packet of a flow that is remembered
 * @seq: sequence
 * @stage: in and out: copy of the packet's stage
 * @client: the client's end of the packet
 * @skipped: out: steps that are left out
 * @flow: flow, which keeps to what is chosen; NULL where there was no room for it
 *
 * Context: RCU read lock held.
 * Return: as pe_stage_choose() does.
 */
enum pe_drop pe_stage_choose_kept(const struct pe_sequence *seq,
				  struct pe_stage *stage,
				  const struct pe_client *client,
				  struct pe_skipped *skipped,
				  struct pe_flow *flow)
{
	return pe_stage_settle(seq, stage, client, skipped, flow,
			       PE_CHOICE_KEEP);
}

/**
 * pe_stage_choose_peek() - the same for one that does not exist
 * @seq: sequence
 * @stage: in and out: copy of the packet's stage
 * @client: the client's end of the packet
 * @skipped: out: steps that are left out
 * @flow: flow, which stays as it is, or NULL
 *
 * Context: RCU read lock held.
 * Return: as pe_stage_choose() does.
 */
enum pe_drop pe_stage_choose_peek(const struct pe_sequence *seq,
				  struct pe_stage *stage,
				  const struct pe_client *client,
				  struct pe_skipped *skipped,
				  struct pe_flow *flow)
{
	return pe_stage_settle(seq, stage, client, skipped, flow,
			       PE_CHOICE_PEEK);
}

/* Others only read it. */
static void pe_stage_refresh(struct pe_stage *stage, u16 extra)
{
	if (stage->extra != extra)
		WRITE_ONCE(stage->extra, extra);
}

static void pe_sequence_refresh(const struct pe_net *pn,
				struct pe_sequence *seq)
{
	struct pe_stage *stage;
	u8 i;

	for (stage = seq->stage; stage < seq->end; stage++)
		pe_stage_refresh(stage, pe_stage_extra(pn, seq, stage));
	for (i = 0; i < seq->formers; i++) {
		stage = &seq->former[i].stage;
		pe_stage_refresh(stage, pe_former_extra(pe_stage_extra(pn, seq,
								       stage)));
	}
}

#define PE_SETTLE_AT_ONCE	64

/**
 * pe_sequences_refresh() - devices work, or not, or the engine has a limit, or not
 * @pn: namespace
 *
 * Context: process context, pe_net.lock held.
 */
void pe_sequences_refresh(struct pe_net *pn)
{
	struct rhashtable_iter iter;
	struct pe_sequence *seq;
	unsigned int n = 0;

	lockdep_assert_held(&pn->lock);
	rhashtable_walk_enter(&pn->sequences, &iter);
	rhashtable_walk_start(&iter);
	while ((seq = rhashtable_walk_next(&iter))) {
		/* A table that grows is walked again: that does no harm. */
		if (IS_ERR(seq))
			continue;
		pe_sequence_refresh(pn, seq);
		if (++n % PE_SETTLE_AT_ONCE)
			continue;
		rhashtable_walk_stop(&iter);
		cond_resched();
		rhashtable_walk_start(&iter);
	}
	rhashtable_walk_stop(&iter);
	rhashtable_walk_exit(&iter);
}

/**
 * pe_sequences_settle() - the same without a command
 * @work: pe_net.settle_work
 */
void pe_sequences_settle(struct work_struct *work)
{
	struct pe_net *pn = container_of(work, struct pe_net, settle_work);

	mutex_lock(&pn->lock);
	pe_sequences_refresh(pn);
	mutex_unlock(&pn->lock);
}

/* Is the stage one that packets matched by this entry can be at? */
static bool pe_entry_has_stage(const struct pe_entry *e,
			       const struct pe_stage *stage)
{
	const struct pe_sequence *seq = e->svc->seq;

	if (e->special && !pe_leg_has(&seq->leg[e->special - 1], stage->index))
		return false;
	if (pe_sequence_forward(seq, stage->index))
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

	for (x = one->stage; x < one->end; x++) {
		if (!pe_entry_has_stage(a, x))
			continue;
		for (y = two->stage; y < two->end; y++) {
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
