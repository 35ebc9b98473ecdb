/* SPDX-License-Identifier: GPL-2.0-only */
/* Flows that services with state remember. */
#ifndef PE_FLOW_H
#define PE_FLOW_H

#include <linux/pe.h>
#include <stdbool.h>
#include <stdint.h>

#include "addr.h"

struct nlmsghdr;

/**
 * struct pe_flow_filter - which flows; what is not given is any
 * @service: name of a service, or NULL
 * @device: name of a device that they keep to, or NULL
 * @client: prefix of the client
 * @client_len: bits of it
 * @proto: IP protocol
 * @has_proto: whether that is given
 */
struct pe_flow_filter {
	const char *service;
	const char *device;
	struct pe_addr client;
	uint8_t client_len;
	uint8_t proto;
	bool has_proto;
};

/**
 * struct pe_flow - a flow
 * @service: that it is of
 * @client: address of the client
 * @port: of the client, or 0
 * @proto: IP protocol
 * @has_proto: whether that is known
 * @phase: enum pe_flow_phase
 * @idle: milliseconds since its last packet
 * @left: milliseconds until it is forgotten
 * @devices: names of those that it keeps to
 * @ndevices: how many
 */
struct pe_flow {
	char service[PE_NAME_MAX + 1];
	struct pe_addr client;
	uint16_t port;
	uint8_t proto;
	bool has_proto;
	uint32_t phase;
	uint32_t idle;
	uint32_t left;
	char devices[PE_FLOW_PINS_MAX][PE_NAME_MAX + 1];
	unsigned int ndevices;
};

void pe_flow_filter_put(struct nlmsghdr *nlh, const struct pe_flow_filter *filter);
int pe_flow_get(struct pe_flow *flow, const struct nlmsghdr *nlh);
uint32_t pe_flow_count(const struct nlmsghdr *nlh);
const char *pe_flow_phase_name(uint32_t phase);

#endif
