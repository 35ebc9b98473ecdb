/* SPDX-License-Identifier: GPL-2.0-only */
/* How much the kernel has, and what it dropped. */
#ifndef PE_INFO_H
#define PE_INFO_H

#include <linux/pe.h>
#include <stdbool.h>
#include <stdint.h>

struct nlmsghdr;

#define PE_INFO_DROPS 64
#define PE_INFO_VERSION_MAX 64

/**
 * struct pe_info - what the kernel tells of itself
 * @generation: how many transactions were committed
 * @devices: how many there are
 * @services: how many there are
 * @addresses: how many different ones the services have
 * @devices_max: how many there can be
 * @services_max: how many there can be
 * @pools: how many there are
 * @pools_max: how many there can be
 * @acls: how many there are
 * @acls_max: how many there can be
 * @flows: that services remember
 * @flows_max: how many they can
 * @flow_counts: what was counted of them, by PE_FLOW_COUNTS_...
 * @flows_counted: whether @flow_counts is there
 * @version: of the module
 * @drops: packets dropped, by enum pe_drop
 * @dropped: whether @drops has an entry for that reason
 */
struct pe_info {
	uint32_t generation;
	uint32_t devices;
	uint32_t services;
	uint32_t addresses;
	uint32_t devices_max;
	uint32_t services_max;
	uint32_t pools;
	uint32_t pools_max;
	uint32_t acls;
	uint32_t acls_max;
	uint32_t flows;
	uint32_t flows_max;
	uint64_t flow_counts[PE_FLOW_COUNTS_MAX + 1];
	bool flows_counted;
	char version[PE_INFO_VERSION_MAX];
	uint64_t drops[PE_INFO_DROPS];
	bool dropped[PE_INFO_DROPS];
};

void pe_info_get(struct pe_info *info, const struct nlmsghdr *nlh);
const char *pe_action_name(uint32_t action);
bool pe_drop_known(uint32_t reason);
const char *pe_drop_name(uint32_t reason);
const char *pe_drop_text(uint32_t reason);
const char *pe_obstacle_name(uint32_t obstacle);
const char *pe_obstacle_text(uint32_t obstacle);

#endif
