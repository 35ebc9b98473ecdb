// SPDX-License-Identifier: GPL-2.0-only
/* Stages: what packets are that come from a step, never ambiguous. */

#include <linux/rhashtable.h>

#include "flow.h"
#include "netns.h"
#include "refusal.h"
#include "service.h"
#include "stage.h"

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

/* Is there more than one device to hand packets to, or none now? */
static bool pe_step_is_choice(const struct pe_sequence *seq,
			      const struct pe_step *step)
{
	return step->pool || step->open ||
	       !pe_health_works(step->device->health) ||
	       (seq->stateful && pe_step_is_kept(step));
}

/* Is it told by packets to and from a step that its devices work? */
static bool pe_step_is_watched(const struct pe_sequence *seq, u8 at)
{
	const struct pe_pool *pool = at == PE_NO_STEP ? NULL :
							seq->step[at].pool;

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
	if (pe_step_is_watched(seq, stage->to_step))
		extra |= PE_EXTRA_ASKS;
	if (pe_step_is_watched(seq, stage->from_step))
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

/* Nothing is noted of a former server: it is no member of any pool. */
static u16 pe_former_extra(const struct pe_net *pn,
			   const struct pe_sequence *seq,
			   const struct pe_stage *stage)
{
	return (pe_stage_extra(pn, seq, stage) & ~PE_EXTRA_NOTES) |
	       PE_EXTRA_FORMER;
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
	stage->extra = pe_former_extra(pn, seq, stage);
}

/**
 * pe_sequence_stages() - make the stages of a sequence
 * @pn: namespace
 * @seq: sequence with its steps and former servers
 *
 * Context: pe_net.lock held.
 */
void pe_sequence_stages(const struct pe_net *pn, struct pe_sequence *seq)
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

/* Set in the path of the way back. */
#define PE_NSH_BACK	BIT(23)

/* The service index of packets to the first device of a path. */
#define PE_NSH_INDEX	255

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
		pe_stage_refresh(stage, pe_former_extra(pn, seq, stage));
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
