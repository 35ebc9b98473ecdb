// SPDX-License-Identifier: GPL-2.0-only

#include "info.h"

#include <linux/genetlink.h>
#include <linux/pe.h>
#include <stddef.h>
#include <string.h>

#include "attr.h"

static const struct {
	const char *name;
	const char *text;
} pe_drops[] = {
	[PE_DROP_NONE] = { "none", "not dropped" },
	[PE_DROP_WRONG_PLACE] = { "wrong-place",
				  "claims a place in a sequence but did not come from there" },
	[PE_DROP_TTL] = { "ttl", "the time to live or hop limit ran out" },
	[PE_DROP_MTU] = { "mtu", "too big for the next interface; the sender was told" },
	[PE_DROP_NO_INTERFACE] = { "no-interface",
				   "the interface of the next device is not there" },
	[PE_DROP_INTERFACE_DOWN] = { "interface-down", "the interface of the next device is down" },
	[PE_DROP_NO_NEIGHBOUR] = { "no-neighbour",
				   "the link-layer address of the next device is not known" },
	[PE_DROP_NO_MEMORY] = { "no-memory", "no memory to make the packet writable" },
	[PE_DROP_FRAGMENT] = { "fragment",
			       "a fragment that cannot be put together, or an ICMP error about one without ports" },
	[PE_DROP_MALFORMED] = { "malformed",
				"headers that contradict each other or end too early" },
	[PE_DROP_GUARD] = { "guard", "addressed to a guarded device directly" },
	[PE_DROP_TAP_COPY] = { "tap-copy",
			       "a copy for a tap could not be made or sent; the packet went on" },
	[PE_DROP_ENCAPSULATE] = { "encapsulate",
				  "what tracks the packet could not be put around it" },
	[PE_DROP_NO_ROUTE] = { "no-route",
			       "no route to where packets of the service leave its sequence" },
	[PE_DROP_NO_DEVICE] = { "no-device",
				"no device of the step is up, and the step fails closed" },
	[PE_DROP_CHECK] = { "check",
			    "what a check sent came back from its device, or was answered" },
	[PE_DROP_DENIED] = { "denied", "an access list of the service does not let it in" },
	[PE_DROP_LIMIT] = { "limit", "more than the service's limit lets in" },
	[PE_DROP_OVERLOAD] = { "overload", "more than the engine's limit lets in" },
};

/**
 * pe_action_name() - the word for what becomes of a packet
 * @action: enum pe_action
 *
 * Return: the word.
 */
const char *pe_action_name(uint32_t action)
{
	switch (action) {
	case PE_ACTION_ACCEPT:
		return "accept";
	case PE_ACTION_STEER:
		return "steer";
	case PE_ACTION_TRANSLATE:
		return "translate";
	case PE_ACTION_DELIVER:
		return "deliver";
	case PE_ACTION_DROP:
		return "drop";
	case PE_ACTION_EXIT:
		return "exit";
	case PE_ACTION_COPY:
		return "copy";
	case PE_ACTION_ARRIVE:
		return "arrive";
	}
	return "unknown";
}

/**
 * pe_drop_known() - is a reason known?
 * @reason: enum pe_drop, of a kernel that may be newer
 */
bool pe_drop_known(uint32_t reason)
{
	return reason < sizeof(pe_drops) / sizeof(*pe_drops);
}

/**
 * pe_drop_name() - the word for a reason
 * @reason: enum pe_drop
 *
 * Return: the word.
 */
const char *pe_drop_name(uint32_t reason)
{
	return pe_drop_known(reason) ? pe_drops[reason].name : "unknown";
}

/**
 * pe_drop_text() - what a reason means
 * @reason: enum pe_drop
 *
 * Return: a sentence.
 */
const char *pe_drop_text(uint32_t reason)
{
	return pe_drop_known(reason) ? pe_drops[reason].text : "a reason newer than this pectl";
}

static const struct {
	const char *name;
	const char *text;
} pe_obstacles[] = {
	[PE_OBSTACLE_NONE] = { "none", "nothing is in the way" },
	[PE_OBSTACLE_NO_ROUTE] = { "no-route",
				   "the kernel has no route there, or one that refuses" },
	[PE_OBSTACLE_FORWARDING_OFF] = { "forwarding-off", "forwarding is off where it came in" },
	[PE_OBSTACLE_SOURCE] = { "source", "source validation (rp_filter) does not let it in" },
	[PE_OBSTACLE_INTERFACE_DOWN] = { "interface-down",
					 "the interface of the kernel's route is down" },
	[PE_OBSTACLE_NO_NEIGHBOUR] = { "no-neighbour",
				       "the next hop's link-layer address is not known and is "
				       "asked for" },
};

/**
 * pe_obstacle_name() - the word for what keeps a packet from getting on
 * @obstacle: enum pe_obstacle
 *
 * Return: the word.
 */
const char *pe_obstacle_name(uint32_t obstacle)
{
	return obstacle < sizeof(pe_obstacles) / sizeof(*pe_obstacles) ?
		       pe_obstacles[obstacle].name :
		       "unknown";
}

/**
 * pe_obstacle_text() - what an obstacle means
 * @obstacle: enum pe_obstacle
 *
 * Return: a sentence.
 */
const char *pe_obstacle_text(uint32_t obstacle)
{
	return obstacle < sizeof(pe_obstacles) / sizeof(*pe_obstacles) ?
		       pe_obstacles[obstacle].text :
		       "an obstacle newer than this pectl";
}

static void pe_info_get_drop(struct pe_info *info, const struct nlattr *nest)
{
	const struct nlattr *attr;
	uint32_t reason = PE_INFO_DROPS;
	uint64_t packets = 0;

	mnl_attr_for_each_nested(attr, nest) {
		if (mnl_attr_get_type(attr) == PE_DROPS_REASON)
			reason = pe_attr_u32(attr);
		else if (mnl_attr_get_type(attr) == PE_DROPS_PACKETS)
			packets = pe_attr_u64(attr);
	}
	if (reason >= PE_INFO_DROPS)
		return;
	info->drops[reason] = packets;
	info->dropped[reason] = true;
}

static void pe_info_get_flows(struct pe_info *info, const struct nlattr *nest)
{
	const struct nlattr *attr;

	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) <= PE_FLOW_COUNTS_MAX &&
		    mnl_attr_get_type(attr) != PE_FLOW_COUNTS_PAD)
			info->flow_counts[mnl_attr_get_type(attr)] = pe_attr_u64(attr);
	info->flows_counted = true;
}

static void pe_info_get_attr(struct pe_info *info, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_INFO_GENERATION:
		info->generation = pe_attr_u32(attr);
		break;
	case PE_INFO_DEVICES:
		info->devices = pe_attr_u32(attr);
		break;
	case PE_INFO_SERVICES:
		info->services = pe_attr_u32(attr);
		break;
	case PE_INFO_ADDRESSES:
		info->addresses = pe_attr_u32(attr);
		break;
	case PE_INFO_DEVICES_MAX:
		info->devices_max = pe_attr_u32(attr);
		break;
	case PE_INFO_SERVICES_MAX:
		info->services_max = pe_attr_u32(attr);
		break;
	case PE_INFO_POOLS:
		info->pools = pe_attr_u32(attr);
		break;
	case PE_INFO_POOLS_MAX:
		info->pools_max = pe_attr_u32(attr);
		break;
	case PE_INFO_ACLS:
		info->acls = pe_attr_u32(attr);
		break;
	case PE_INFO_ACLS_MAX:
		info->acls_max = pe_attr_u32(attr);
		break;
	case PE_INFO_FLOWS:
		info->flows = pe_attr_u32(attr);
		break;
	case PE_INFO_FLOWS_MAX:
		info->flows_max = pe_attr_u32(attr);
		break;
	case PE_INFO_FLOW_COUNTS:
		pe_info_get_flows(info, attr);
		break;
	case PE_INFO_DROP:
		pe_info_get_drop(info, attr);
		break;
	case PE_INFO_VERSION:
		pe_attr_strcpy(info->version, sizeof(info->version), attr);
		break;
	}
}

/**
 * pe_info_get() - read what the kernel tells of itself
 * @info: where to store it; cleared first
 * @nlh: the message
 */
void pe_info_get(struct pe_info *info, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	memset(info, 0, sizeof(*info));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		pe_info_get_attr(info, attr);
}
