/* SPDX-License-Identifier: GPL-2.0-only */
/* What becomes of packets, told by the kernel to who watches them. */
#ifndef PE_SIGHT_H
#define PE_SIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "addr.h"

struct nlmsghdr;
struct pe_arena;

/**
 * struct pe_watch - which packets to be told of
 * @from: prefix of the client's end, or none for any
 * @from_len: bits of it that count
 * @to: prefix of the service's end, or none for any
 * @to_len: bits of it that count
 * @proto: protocol
 * @has_proto: whether that is given
 * @port: of the service, or 0 for any
 * @service: its name, or NULL for any
 * @iif: interface of arrival, or NULL for any
 * @step: of which frames are wanted, from 1, or 0 for all
 * @frames: whether frames are wanted, and not what becomes of packets
 * @snaplen: bytes of each frame, or 0 for all
 */
struct pe_watch {
	struct pe_addr from;
	uint8_t from_len;
	struct pe_addr to;
	uint8_t to_len;
	uint8_t proto;
	bool has_proto;
	uint16_t port;
	const char *service;
	const char *iif;
	uint32_t step;
	bool frames;
	uint32_t snaplen;
};

/**
 * struct pe_watch_sum - how much a watcher was told
 * @seen: messages
 * @lost: messages that there was no room for
 */
struct pe_watch_sum {
	uint64_t seen;
	uint64_t lost;
};

/**
 * struct pe_sight_ends - both ends of a packet
 * @saddr: source address
 * @daddr: destination address
 * @sport: source port
 * @dport: destination port
 */
struct pe_sight_ends {
	struct pe_addr saddr;
	struct pe_addr daddr;
	uint16_t sport;
	uint16_t dport;
};

/**
 * struct pe_sight - what happened to a packet
 * @has: 1 << PE_SIGHT_... of what is known
 * @time: nanoseconds since 1970
 * @clock: nanoseconds of a clock that nobody sets
 * @lost: what was missed until now
 * @action: enum pe_action
 * @reason: enum pe_drop
 * @direction: enum pe_direction
 * @service: whose packet it is, or NULL
 * @iif: interface it arrived on, or NULL
 * @source: link-layer address it came from
 * @from: device it came from, or NULL
 * @from_step: position of that in the sequence, from 0
 * @proto: protocol
 * @came: its ends as it arrived
 * @left: its ends as it left
 * @device: it is handed to, or NULL
 * @step: position of that in the sequence, from 0
 * @oif: interface it leaves by, or NULL
 * @lladdr: link-layer address it is sent to
 * @frame: the packet, or NULL
 * @frame_have: bytes of it
 * @frame_len: bytes there were
 * @segment: payload of each packet that a super-packet stands for
 */
struct pe_sight {
	uint64_t has;
	uint64_t time;
	uint64_t clock;
	uint64_t lost;
	uint32_t action;
	uint32_t reason;
	uint32_t direction;
	const char *service;
	const char *iif;
	uint8_t source[PE_MAC_LEN];
	const char *from;
	uint32_t from_step;
	uint8_t proto;
	struct pe_sight_ends came;
	struct pe_sight_ends left;
	const char *device;
	uint32_t step;
	const char *oif;
	uint8_t lladdr[PE_MAC_LEN];
	uint8_t *frame;
	size_t frame_have;
	uint32_t frame_len;
	uint32_t segment;
};

/**
 * pe_sight_is() - is an attribute known?
 * @sight: what happened
 * @attr: PE_SIGHT_...
 */
static inline bool pe_sight_is(const struct pe_sight *sight, int attr)
{
	return sight->has >> attr & 1;
}

void pe_watch_put(struct nlmsghdr *nlh, const struct pe_watch *watch);
void pe_watch_sum_get(struct pe_watch_sum *sum, const struct nlmsghdr *nlh);
int pe_sight_get(struct pe_sight *sight, struct pe_arena *arena, const struct nlmsghdr *nlh);

#endif
