/* SPDX-License-Identifier: GPL-2.0-only */
/* Something that happened and that no command brought about. */
#ifndef PE_EVENT_H
#define PE_EVENT_H

#include <stdint.h>

#include "addr.h"

struct nlmsghdr;
struct pe_arena;

#define PE_EVENT_DEVICES 64
#define PE_EVENT_SERVICES 512

/**
 * struct pe_occurrence - an event
 * @kind: enum pe_event
 * @dev: interface it is about, or NULL
 * @address: address that it is about, if there is one
 * @lladdr: link-layer address of the host that claims @address
 * @ndevices: how many @devices
 * @devices: attached to that interface, or what has become of or gets the packets
 *	of @pool
 * @pool: pool it is about, or NULL
 * @state: enum pe_device_state of the device
 * @cause: enum pe_cause of it
 * @since: when it began, in nanoseconds since 1970
 * @evidence: what was seen, or NULL
 * @nservices: how many @services
 * @services: without a device at a step
 */
struct pe_occurrence {
	uint32_t kind;
	const char *dev;
	struct pe_addr address;
	uint8_t lladdr[PE_MAC_LEN];
	unsigned int ndevices;
	const char *devices[PE_EVENT_DEVICES];
	const char *pool;
	uint32_t state;
	uint32_t cause;
	uint64_t since;
	const char *evidence;
	unsigned int nservices;
	const char *services[PE_EVENT_SERVICES];
};

void pe_event_get(struct pe_occurrence *event, struct pe_arena *arena, const struct nlmsghdr *nlh);
const char *pe_event_name(uint32_t kind);

#endif
