/* SPDX-License-Identifier: GPL-2.0-only */
/* The stages that a packet would meet. */
#ifndef PE_EXPLAIN_WALK_H
#define PE_EXPLAIN_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "addr.h"
#include "limit.h"

struct nlmsghdr;
struct pe_arena;

#define PE_WALK_HOPS 128
#define PE_HOP_TAPS 32

/**
 * struct pe_packet - a packet to be explained
 * @saddr: its source
 * @daddr: its destination
 * @proto: its protocol
 * @sport: its source port, or 0
 * @dport: its destination port, or 0
 * @has_proto: whether @proto is given
 * @iif: interface it arrives on, or NULL
 * @service: service whose server sends it, or NULL for a client's packet
 */
struct pe_packet {
	struct pe_addr saddr;
	struct pe_addr daddr;
	uint8_t proto;
	bool has_proto;
	uint16_t sport;
	uint16_t dport;
	const char *iif;
	const char *service;
};

/**
 * struct pe_hop - a stage
 * @has: PE_HAS(PE_HOP_...) of what is known
 * @action: enum pe_action
 * @reason: enum pe_drop
 * @direction: enum pe_direction
 * @step: position in the sequence, from 0
 * @obstacle: enum pe_obstacle
 * @service: whose packet it is
 * @iif: interface it arrives on
 * @from: device it comes from
 * @device: device it goes to
 * @oif: interface it leaves by
 * @lladdr: link-layer address it goes to
 * @saddr: source as it leaves
 * @daddr: destination as it leaves
 * @proto: its protocol as it leaves
 * @sport: source port as it leaves
 * @dport: destination port as it leaves
 * @track: enum pe_track, of @code
 * @code: what it leaves with, so that the device can be told
 * @limit: limit of the service, where PE_HOP_LIMIT is known
 * @engine_limit: limit of the engine, where PE_HOP_ENGINE_LIMIT is known
 * @acl: access list that was asked, or NULL
 * @rule: its first rule that matches, from 0
 * @ntaps: how many @taps
 * @taps: devices that get a copy
 */
struct pe_hop {
	uint32_t has;
	uint32_t action;
	uint32_t reason;
	uint32_t direction;
	uint32_t step;
	uint32_t obstacle;
	const char *service;
	const char *iif;
	const char *from;
	const char *device;
	const char *oif;
	uint8_t lladdr[PE_MAC_LEN];
	struct pe_addr saddr;
	struct pe_addr daddr;
	uint8_t proto;
	uint16_t sport;
	uint16_t dport;
	uint32_t track;
	uint32_t code;
	struct pe_limit limit;
	struct pe_limit engine_limit;
	const char *acl;
	uint32_t rule;
	unsigned int ntaps;
	const char *taps[PE_HOP_TAPS];
};

/**
 * struct pe_walk - a packet's whole way
 * @arena: the memory of its stages
 * @nhops: how many
 * @hops: the stages
 */
struct pe_walk {
	struct pe_arena *arena;
	unsigned int nhops;
	struct pe_hop hops[PE_WALK_HOPS];
};

void pe_packet_put(struct nlmsghdr *nlh, const struct pe_packet *packet);
int pe_walk_get(struct pe_walk *walk, const struct nlmsghdr *nlh);

#endif
