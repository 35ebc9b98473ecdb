/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a device works, and how that is known. */
#ifndef _PE_HEALTH_H
#define _PE_HEALTH_H

#include <linux/compiler.h>
#include <linux/types.h>
#include <uapi/linux/pe.h>

#include "stats.h"

struct pe_device;
struct pe_member;
struct pe_net;
struct pe_object;
struct pe_pool;
struct pe_port;

/**
 * struct pe_health - how a device is, whatever its version
 * @state: enum pe_device_state; read by the packet path
 * @cause: enum pe_cause
 * @drains: a command said that it drains, which it does whenever it comes back
 * @proven: it has answered since it is up
 * @waiting: there was something to answer since it answered last
 * @since: when the state began, in nanoseconds since 1970
 * @changed: the same in jiffies
 * @heard: when it was last seen to have answered, in jiffies
 * @asked: when @waiting began, in jiffies
 * @stirred: when it was last seen to be asked or to refuse, in jiffies
 * @visit: of the doctor, the last one
 * @seen: what was counted then
 * @base: what was counted when it answered last
 * @stats: what the device was handed
 * @evidence: what was seen
 *
 * Written under pe_net.health_lock.
 */
struct pe_health {
	u8			state;
	u8			cause;
	bool			drains;
	bool			proven;
	bool			waiting;
	u64			since;
	unsigned long		changed;
	unsigned long		heard;
	unsigned long		asked;
	unsigned long		stirred;
	u32			visit;
	struct pe_pulse		seen;
	struct pe_pulse		base;
	struct pe_device_stats __percpu *stats;
	char			evidence[PE_EVIDENCE_MAX + 1];
};

/**
 * pe_health_works() - can a device be handed packets?
 * @health: of the device
 */
static inline bool pe_health_works(const struct pe_health *health)
{
	u8 state = READ_ONCE(health->state);

	return state == PE_DEVICE_STATE_UP || state == PE_DEVICE_STATE_DRAIN;
}

/**
 * pe_health_found() - was the state found out, not commanded?
 * @health: of the device
 */
static inline bool pe_health_found(const struct pe_health *health)
{
	return health->cause != PE_CAUSE_COMMAND &&
	       health->cause != PE_CAUSE_BEGIN;
}

struct pe_health *pe_health_new(void);
void pe_health_free(struct pe_health *health);
void pe_health_set(struct pe_net *pn, struct pe_device *dev,
		   enum pe_device_state state, enum pe_cause cause,
		   const char *evidence);
bool pe_health_look(struct pe_net *pn, const struct pe_pool *pool,
		    struct pe_member *member, bool others);
void pe_health_hear(const struct pe_pool *pool, struct pe_device *dev);
bool pe_port_is_up(const struct pe_port *port);

#endif /* _PE_HEALTH_H */
