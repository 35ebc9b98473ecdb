// SPDX-License-Identifier: GPL-2.0-only
/* Which device a packet is handed to, where its stage leaves that open. */

#include <linux/processor.h>

#include "flow.h"
#include "service.h"
#include "stage.h"

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
