/* SPDX-License-Identifier: GPL-2.0-only */
/* A service and its sequence as the user and the kernel know them. */
#ifndef PE_SERVICE_H
#define PE_SERVICE_H

#include <linux/pe.h>
#include <stdbool.h>

#include "addr.h"
#include "limit.h"
#include "object.h"

struct nlmsghdr;
struct pe_arena;

/**
 * struct pe_range - ports of a service
 * @first: the lowest
 * @last: the highest
 * @at: where it stands in the source, plus one
 */
struct pe_range {
	uint16_t first;
	uint16_t last;
	uint32_t at;
};

/**
 * struct pe_step - one visit of a device
 * @device: its name, or that of a pool
 * @at: where it stands in the source, plus one
 * @port: port towards this server, 0 for the service's
 * @emit_port: port of what it emits, 0 for every one
 * @emit_proto: protocol of what it emits
 * @emits: whether it returns another protocol or port than it is handed
 * @open: whether it is left out while no device is up
 */
struct pe_step {
	const char *device;
	uint32_t at;
	uint16_t port;
	uint16_t emit_port;
	uint8_t emit_proto;
	bool emits;
	bool open;
};

/**
 * struct pe_direction_counters - both ways
 * @forward: from client to server
 * @reverse: from server to client
 * @skipped: past a step without a device, both ways
 */
struct pe_direction_counters {
	struct pe_counter forward;
	struct pe_counter reverse;
	struct pe_counter skipped;
};

/**
 * struct pe_service_stats - what only the kernel knows of a service
 * @all: counters of the service
 * @limited: what its limit did not let in
 * @flows: that it remembers
 * @flows_made: that it began to remember
 * @flows_over: packets of flows that it had no room to remember
 * @steps: counters of its steps
 */
struct pe_service_stats {
	struct pe_direction_counters all;
	struct pe_counter limited;
	uint32_t flows;
	uint64_t flows_made;
	uint64_t flows_over;
	struct pe_direction_counters steps[];
};

/**
 * struct pe_service - a service
 * @o: name and verb
 * @from: with PE_VERB_COPY the service that it is a copy of
 * @from_at: where that stands in the source, plus one
 * @iif: interface of arrival, or NULL for any
 * @announce: interface on which its address is answered for, or NULL for none
 * @ranges: its ports
 * @dynamic: ports negotiated over these
 * @steps: its sequence
 * @formers: servers that it had before, which flows may keep to
 * @stats: its counters, or NULL
 * @acl: access list, or NULL for the one with its name
 * @exit_dev: interface of @exit_via, or NULL
 * @exit_table: routing table of what leaves the sequence
 * @limit: how much of what clients send is let in
 * @vip: its address
 * @client: the prefix of its clients, instead of @vip
 * @exit_via: next hop of what leaves the sequence
 * @client_len: bits of @client
 * @proto: its protocol
 * @dscp: of packets in both directions
 * @dscp_forward: of packets to the server, instead
 * @dscp_reverse: of packets to the client, instead
 * @priority: of packets
 * @mark: of packets
 * @state_off: it is to remember no flows, which a change says
 * @state_flows: most flows that it remembers, 0 for any number
 * @state_timeout: seconds for which it remembers them, 0 for what the kernel says
 * @track: enum pe_track
 * @track_first: code of the first step, 0 for what the method begins with
 * @nranges: how many @ranges, 0 for every port
 * @ndynamic: how many @dynamic
 * @nsteps: how many @steps
 * @nformers: how many @formers
 * @has: PE_HAS(PE_SERVICE_...) of what is given
 * @id: number the kernel gave it
 * @generation: of the transaction that made it what it is
 * @at: where the words stand in the source, plus one
 */
struct pe_service {
	struct pe_object o;
	const char *from;
	uint32_t from_at;
	const char *iif;
	const char *announce;
	struct pe_range *ranges;
	struct pe_range *dynamic;
	struct pe_step *steps;
	struct pe_step *formers;
	struct pe_service_stats *stats;
	const char *acl;
	const char *exit_dev;
	uint32_t exit_table;
	struct pe_limit limit;
	struct pe_addr vip;
	struct pe_addr client;
	struct pe_addr exit_via;
	uint8_t client_len;
	uint8_t proto;
	uint8_t dscp;
	uint8_t dscp_forward;
	uint8_t dscp_reverse;
	uint32_t priority;
	uint32_t mark;
	bool state_off;
	uint32_t state_flows;
	uint32_t state_timeout;
	uint32_t track;
	uint32_t track_first;
	uint8_t nranges;
	uint8_t ndynamic;
	uint8_t nsteps;
	uint8_t nformers;
	uint32_t has;
	uint32_t id;
	uint32_t generation;
	uint32_t at[PE_SERVICE_MAX + 1];
};

bool pe_service_has_state(const struct pe_service *service);
void pe_service_put(struct nlmsghdr *nlh, const struct pe_service *service);
int pe_service_get(struct pe_service *service, struct pe_arena *arena, const struct nlmsghdr *nlh);
bool pe_service_equal(const struct pe_service *a, const struct pe_service *b);
void pe_service_merge(struct pe_service *service, const struct pe_service *base);
uint32_t pe_service_where(const struct pe_service *service, uint16_t attr, unsigned int index);

#endif
