/* SPDX-License-Identifier: GPL-2.0-only */
/* The devices that the packets of a service visit, and in which order. */
#ifndef _PE_SEQUENCE_H
#define _PE_SEQUENCE_H

#include <linux/bits.h>
#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <uapi/linux/pe.h>

#include "device.h"
#include "pool.h"
#include "track.h"

struct pe_entry;
struct pe_flow;
struct pe_refusal;

/* Where a stage begins or ends when no step of the sequence does. */
#define PE_NO_STEP	0xff

/* Servers that a service had before that flows may keep to. */
#define PE_FORMERS_MAX	3

/**
 * struct pe_step - one visit of a device
 * @device: the device; of a pool the first member, whose kind is that of all
 * @pool: devices of which one is visited, NULL where there is only @device
 * @port: port that a server listens on, 0 for the service's own
 * @emit_port: destination port of what the device returns on the way to the
 *	server, 0 for every one
 * @emit_proto: IP protocol of it
 * @emits: the device returns another protocol or port than it is handed
 * @open: left out while no device is up
 * @pin: which of those that flows keep to, where what they do is looked for first
 */
struct pe_step {
	struct pe_device	*device;
	struct pe_pool		*pool;
	u16			port;
	u16			emit_port;
	u8			emit_proto;
	bool			emits;
	bool			open;
	u8			pin;
};

/**
 * struct pe_leg - the part of a sequence between two devices that change what
 *	packets are addressed to
 * @step: step that emits what is on the leg, PE_NO_STEP for the first leg
 * @forward: first stage towards the server whose packets are of the leg
 * @forward_end: the one behind the last
 * @reverse: first stage towards the client
 * @reverse_end: the one behind the last
 *
 * A packet is of the leg that it comes by: what comes back from a device that
 * emits is of the next leg, on the way to the server.
 */
struct pe_leg {
	u8			step;
	u8			forward;
	u8			forward_end;
	u8			reverse;
	u8			reverse_end;
};

/**
 * struct pe_skipped - steps that were left out, for want of a device
 * @n: how many
 * @step: which
 * @index: of the stage that packets would have come from
 */
struct pe_skipped {
	u8			n;
	u8			step[PE_STEPS_MAX];
	u8			index[PE_STEPS_MAX];
};

/* What is to be done at a stage but handing on; most have nothing. */
enum pe_extra {
	PE_EXTRA_TAPS		= BIT(0),	/* copies to devices that look */
	PE_EXTRA_TO_SERVER	= BIT(1),	/* address or port it listens on */
	PE_EXTRA_FROM_SERVER	= BIT(2),	/* the service's own again */
	PE_EXTRA_SENT		= BIT(3),	/* the server is counted for */
	PE_EXTRA_ROUTED		= BIT(4),	/* the kernel's route decides */
	PE_EXTRA_TRACK		= BIT(5),	/* codes put on and taken off */
	PE_EXTRA_CHOOSE		= BIT(6),	/* which device, if any */
	PE_EXTRA_RETURNED	= BIT(7),	/* a member of a pool answered */
	PE_EXTRA_ASKS		= BIT(8),	/* one is expected to */
	PE_EXTRA_GATE		= BIT(9),	/* not everything is let in */
	PE_EXTRA_QUALITY	= BIT(10),	/* DSCP, priority or mark to be set */
	PE_EXTRA_TIMED		= BIT(11),	/* how long a device takes */
	PE_EXTRA_CLOCKED	= BIT(12),	/* how long one has taken */
	PE_EXTRA_STATE		= BIT(13),	/* flows are remembered */
	PE_EXTRA_FORMER		= BIT(14),	/* a server that was here before */
};

/* What is settled before anything else is done. */
#define PE_EXTRA_AHEAD	(PE_EXTRA_CHOOSE | PE_EXTRA_RETURNED | PE_EXTRA_GATE | \
			 PE_EXTRA_TIMED | PE_EXTRA_CLOCKED | PE_EXTRA_STATE)

/* What is noted of a packet that has come from a device. */
#define PE_EXTRA_NOTES	(PE_EXTRA_RETURNED | PE_EXTRA_CLOCKED)

/* What is noted of one that a device is handed. */
#define PE_EXTRA_NOTED	(PE_EXTRA_ASKS | PE_EXTRA_TIMED)

/* No more than to reach a server by its own address. */
#define PE_EXTRA_TRANSLATE	(PE_EXTRA_TO_SERVER | PE_EXTRA_ROUTED)

/**
 * struct pe_stage - where a packet is, and what happens to it there
 * @from: port that packets of this stage come from, NULL for any place
 * @to: port that they are handed to, NULL where the kernel routes them
 * @device: device that they are counted for: that @to belongs to, or the
 *	server that is reached by the kernel's route; NULL on leaving
 * @extra: set of enum pe_extra; PE_EXTRA_CHOOSE comes and goes with the state
 *	of a device that no pool stands in for
 * @action: enum pe_action: steer, translate or deliver
 * @from_step: step of @from, PE_NO_STEP where clients or unknown servers are
 * @to_step: step of @to or of a server that the kernel's route reaches
 * @tap_first: first step that gets a copy
 * @taps: steps that get a copy
 * @index: of its counters; stages that differ in the member of a pool that
 *	packets come from have the same, and stand side by side
 * @direction: enum pe_direction
 * @one_way: what @device answers goes past this engine
 * @former: with PE_EXTRA_FORMER, which of pe_sequence.former is at the other end
 *
 * Where PE_EXTRA_CHOOSE is set, @to and @device are those of the first member
 * of the pool, if it is one, until pe_stage_choose() chose.
 */
struct pe_stage {
	const struct pe_port	*from;
	const struct pe_port	*to;
	const struct pe_device	*device;
	u16			extra;
	u8			from_step;
	u8			to_step;
	u8			tap_first;
	u8			taps;
	u8			index;
	u8			direction : 1;
	u8			one_way : 1;
	u8			former : 2;
	u8			action : 4;
};

/**
 * struct pe_former - a server that a service had before
 * @device: the server
 * @port: port that it listens on, 0 for the service's own
 * @stage: where packets are that it sends, with PE_EXTRA_FORMER
 *
 * It gets nothing but packets of flows that keep to it, and what it sends is
 * the service's if it is of one of those.
 */
struct pe_former {
	struct pe_device	*device;
	u16			port;
	struct pe_stage		stage;
};

/**
 * struct pe_formers - which former servers a sequence is to have
 * @device: the servers, the latest first
 * @port: ports that they listen on
 * @n: how many
 */
struct pe_formers {
	struct pe_device	*device[PE_FORMERS_MAX];
	u16			port[PE_FORMERS_MAX];
	u8			n;
};

/**
 * struct pe_sequence_key - what makes a sequence another
 * @step: the steps
 * @formers: servers that flows may keep to
 * @track: how its devices are told apart
 * @steps: how many, from 1 to PE_STEPS_MAX
 * @gated: clients' packets are asked for at a gate
 * @marked: packets are given a DSCP, a priority or a mark
 * @stateful: flows are remembered
 */
struct pe_sequence_key {
	const struct pe_step	*step;
	struct pe_formers	formers;
	struct pe_tracking	track;
	u8			steps;
	bool			gated;
	bool			marked;
	bool			stateful;
};

/**
 * struct pe_sequence - steps, and the stages that follow from them
 * @node: in pe_net.sequences
 * @users: versions of services; under pe_net.lock
 * @track: how its devices are told apart; its first code is never 0
 * @steps: how many
 * @forward: how many indices stages towards the server have, from 0 on; that
 *	is the stage of packets that come from clients
 * @reverse: how many those towards the client have, from @forward on; that is
 *	the stage of packets that come from the server, or from where the
 *	kernel routes to
 * @opens: steps that are left out while no device is up; each has an index for
 *	each direction, from @forward + @reverse on
 * @server: last step is a server
 * @legs: how many @leg, one more than there are steps that emit
 * @gated: clients' packets are asked for at a gate
 * @marked: packets are given a DSCP, a priority or a mark
 * @stateful: flows are remembered
 * @listens: interfaces are listened at for what its devices return
 * @formers: how many @former
 * @rcu: freed when no packet can see it
 * @step: the steps
 * @stage: stages towards the server, by index
 * @back: stages towards the client, by index; where those towards the server
 *	end
 * @inner: the first of them that does not come from the server
 * @end: behind the last
 * @leg: the parts that have a protocol and ports of their own
 * @former: servers that it had before, the latest first
 *
 * Immutable once made.
 */
struct pe_sequence {
	struct rhash_head	node;
	u32			users;
	struct pe_tracking	track;
	u8			steps;
	u8			forward;
	u8			reverse;
	bool			server;
	u8			legs;
	u8			opens;
	bool			listens;
	bool			gated;
	bool			marked;
	bool			stateful;
	u8			formers;
	struct rcu_head		rcu;
	struct pe_stage		*stage;
	struct pe_stage		*back;
	struct pe_stage		*inner;
	struct pe_stage		*end;
	struct pe_leg		*leg;
	struct pe_former	*former;
	struct pe_step		step[] __counted_by(steps);
};

extern const struct rhashtable_params pe_sequence_params;

/**
 * pe_sequence_server() - the server at the end
 * @seq: sequence
 *
 * Return: the server's step, or NULL when the kernel routes what comes out.
 */
static inline const struct pe_step *
pe_sequence_server(const struct pe_sequence *seq)
{
	return seq->server ? &seq->step[seq->steps - 1] : NULL;
}

/**
 * pe_stage_former() - the former server that a stage leads to or from
 * @seq: sequence
 * @stage: stage of it
 *
 * Return: the server, or NULL where it is none, or listens on the same port as
 * the one that is there now.
 */
static inline const struct pe_former *
pe_stage_former(const struct pe_sequence *seq, const struct pe_stage *stage)
{
	return unlikely(stage->extra & PE_EXTRA_FORMER) ?
		       &seq->former[stage->former] : NULL;
}

/**
 * pe_stage_server_port() - the port that the server of a stage listens on
 * @seq: sequence with a server
 * @stage: stage that leads to the server or from it
 *
 * Return: the port, 0 for the service's own.
 */
static inline u16 pe_stage_server_port(const struct pe_sequence *seq,
				       const struct pe_stage *stage)
{
	const struct pe_former *former = pe_stage_former(seq, stage);

	return former ? former->port : pe_sequence_server(seq)->port;
}

/**
 * pe_step_object() - what a step names
 * @step: step
 *
 * Return: the pool or the device.
 */
static inline struct pe_object *pe_step_object(const struct pe_step *step)
{
	return step->pool ? step->pool->obj : step->device->obj;
}

/**
 * pe_step_name() - the name that a step gives
 * @step: step
 */
static inline const char *pe_step_name(const struct pe_step *step)
{
	return pe_step_object(step)->name;
}

/**
 * pe_step_devices() - of how many devices one is visited
 * @step: step
 */
static inline u8 pe_step_devices(const struct pe_step *step)
{
	return step->pool ? step->pool->members : 1;
}

/**
 * pe_step_device() - one of the devices of a step
 * @step: step
 * @i: which, below pe_step_devices()
 */
static inline struct pe_device *pe_step_device(const struct pe_step *step, u8 i)
{
	return step->pool ? step->pool->member[i].device : step->device;
}

/**
 * pe_step_pick() - the device of a step that a packet is handed to, without state
 * @step: step
 * @client: the client's end of the packet
 *
 * Context: RCU read lock held, or pe_net.lock.
 * Return: the device, or NULL where none is up.
 */
static inline struct pe_device *pe_step_pick(const struct pe_step *step,
					     const struct pe_client *client)
{
	if (step->pool)
		return pe_pool_pick(step->pool, client);
	return pe_health_works(step->device->health) ? step->device : NULL;
}

/**
 * pe_sequence_counters() - how many indices a sequence has
 * @seq: sequence
 */
static inline unsigned int pe_sequence_counters(const struct pe_sequence *seq)
{
	return seq->forward + seq->reverse + PE_DIRECTIONS * seq->opens;
}

/**
 * pe_stage_is_twin() - does the stage before have the same index?
 * @seq: sequence
 * @stage: stage of it
 */
static inline bool pe_stage_is_twin(const struct pe_sequence *seq,
				    const struct pe_stage *stage)
{
	return stage > seq->stage && stage[-1].index == stage->index;
}

/**
 * pe_sequence_forward() - does a stage lead towards the server?
 * @seq: sequence
 * @stage: index of the stage
 */
static inline bool pe_sequence_forward(const struct pe_sequence *seq, u8 stage)
{
	return stage < seq->forward;
}

/**
 * pe_leg_has() - are packets of a stage of this leg?
 * @leg: leg
 * @stage: index of the stage
 */
static inline bool pe_leg_has(const struct pe_leg *leg, u8 stage)
{
	return (stage >= leg->forward && stage < leg->forward_end) ||
	       (stage >= leg->reverse && stage < leg->reverse_end);
}

/**
 * pe_sequence_leg() - the leg that packets of a stage are of
 * @seq: sequence
 * @stage: index of the stage
 */
static inline u8 pe_sequence_leg(const struct pe_sequence *seq, u8 stage)
{
	u8 i = 0;

	while (!pe_leg_has(&seq->leg[i], stage))
		i++;
	return i;
}

/**
 * pe_sequence_code() - the code of packets to and from a step
 * @seq: sequence
 * @step: index of the step, or PE_NO_STEP
 *
 * Return: the code, or PE_CODE_NONE where packets bear none.
 */
static inline u32 pe_sequence_code(const struct pe_sequence *seq, u8 step)
{
	if (!seq->track.method || step == PE_NO_STEP ||
	    seq->step[step].device->kind != PE_DEVICE_KIND_INLINE)
		return PE_CODE_NONE;
	return pe_track_code(&seq->track, step);
}

u32 pe_sequence_mark(const struct pe_sequence *seq, u8 step, u8 direction,
		     bool returned);
struct pe_sequence *pe_sequence_get(struct pe_net *pn, const char *name,
				    const struct pe_sequence_key *key,
				    struct pe_refusal *refusal);
void pe_sequence_put(struct pe_net *pn, struct pe_sequence *seq);
struct pe_stage *pe_sequence_stage(const struct pe_sequence *seq, u8 index);
enum pe_drop pe_stage_choose(const struct pe_sequence *seq,
			     struct pe_stage *stage,
			     const struct pe_client *client,
			     struct pe_skipped *skipped);
enum pe_drop pe_stage_choose_kept(const struct pe_sequence *seq,
				  struct pe_stage *stage,
				  const struct pe_client *client,
				  struct pe_skipped *skipped,
				  struct pe_flow *flow);
enum pe_drop pe_stage_choose_peek(const struct pe_sequence *seq,
				  struct pe_stage *stage,
				  const struct pe_client *client,
				  struct pe_skipped *skipped,
				  struct pe_flow *flow);
unsigned int pe_sequence_open_index(const struct pe_sequence *seq, u8 step,
				    u8 direction);
void pe_sequences_refresh(struct pe_net *pn);
void pe_sequences_settle(struct work_struct *work);
int pe_sequence_check_legs(const char *name, const struct pe_sequence *seq,
			   u8 one, u8 two, struct pe_refusal *refusal);
const struct pe_stage *pe_sequence_ambiguous(const struct pe_entry *a,
					     const struct pe_entry *b,
					     const struct pe_stage **other);

#endif /* _PE_SEQUENCE_H */
