/* SPDX-License-Identifier: GPL-2.0-only */
/* A device as the user and the kernel know it. */
#ifndef PE_DEVICE_H
#define PE_DEVICE_H

#include <linux/pe.h>
#include <stdbool.h>

#include "addr.h"
#include "latency.h"
#include "object.h"

struct nlmsghdr;
struct pe_arena;

#define PE_IFNAME_MAX 15

/**
 * struct pe_port - where a device is attached
 * @dev: name of the interface
 * @has: PE_HAS(PE_PORT_...) of what is given
 * @lladdr: its link-layer address
 * @resolved: link-layer address that @via has now
 * @via: network address that gives the link-layer address
 * @remote: network address of a peer behind a VXLAN-GPE interface
 * @vni: VXLAN network identifier towards that peer
 * @ifindex: index of the interface now
 * @at: where the words stand in the source, plus one
 */
struct pe_port {
	char dev[PE_IFNAME_MAX + 1];
	uint8_t has;
	uint8_t lladdr[PE_MAC_LEN];
	uint8_t resolved[PE_MAC_LEN];
	struct pe_addr via;
	struct pe_addr remote;
	uint32_t vni;
	uint32_t ifindex;
	uint32_t at[PE_PORT_VNI + 1];
};

/**
 * struct pe_device - a device
 * @o: name and verb
 * @has: PE_HAS(PE_DEVICE_...) of what is given
 * @kind: enum pe_device_kind
 * @mode: enum pe_server_mode
 * @address: its own network address
 * @outside: port towards the client, or the only one
 * @inside: port towards the server
 * @id: number the kernel gave it
 * @users: services whose sequence names it
 * @generation: of the transaction that made it what it is
 * @state: enum pe_device_state
 * @cause: enum pe_cause of it
 * @since: when it began, in nanoseconds since 1970
 * @evidence: what was seen
 * @forward: what it was handed on the way to the server
 * @reverse: what it was handed on the way to the client
 * @latency: what was measured of it, NULL for nothing
 * @nlatency: how many histograms these are
 * @at: where the words stand in the source, plus one
 */
struct pe_device {
	struct pe_object o;
	uint32_t has;
	uint8_t kind;
	uint8_t mode;
	struct pe_addr address;
	struct pe_port outside;
	struct pe_port inside;
	uint32_t id;
	uint32_t users;
	uint32_t generation;
	uint32_t state;
	uint32_t cause;
	uint64_t since;
	char evidence[PE_EVIDENCE_MAX + 1];
	struct pe_counter forward;
	struct pe_counter reverse;
	struct pe_latency *latency;
	unsigned int nlatency;
	uint32_t at[PE_DEVICE_MEASURE + 1];
};

const char *pe_state_name(uint32_t state);
const char *pe_cause_name(uint32_t cause);
void pe_device_put(struct nlmsghdr *nlh, const struct pe_device *device);
int pe_device_get(struct pe_device *device, struct pe_arena *arena, const struct nlmsghdr *nlh);
void pe_device_put_state(struct nlmsghdr *nlh, const char *name, uint32_t state, uint32_t cause,
			 const char *evidence);
bool pe_device_equal(const struct pe_device *a, const struct pe_device *b);
void pe_device_merge(struct pe_device *device, const struct pe_device *base);
uint32_t pe_device_where(const struct pe_device *device, uint16_t attr, uint16_t nested);

#endif
