// SPDX-License-Identifier: GPL-2.0-only

#include "explain.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <string.h>

#include "attr.h"
#include "object.h"

/**
 * pe_packet_put() - append what a packet looks like
 * @nlh: the message
 * @packet: the packet
 */
void pe_packet_put(struct nlmsghdr *nlh, const struct pe_packet *packet)
{
	pe_attr_put_addr(nlh, PE_EXPLAIN_SADDR, &packet->saddr);
	pe_attr_put_addr(nlh, PE_EXPLAIN_DADDR, &packet->daddr);
	if (packet->has_proto)
		mnl_attr_put_u8(nlh, PE_EXPLAIN_PROTO, packet->proto);
	if (packet->sport)
		mnl_attr_put_u16(nlh, PE_EXPLAIN_SPORT, packet->sport);
	if (packet->dport)
		mnl_attr_put_u16(nlh, PE_EXPLAIN_DPORT, packet->dport);
	if (packet->iif)
		mnl_attr_put_strz(nlh, PE_EXPLAIN_IIF, packet->iif);
	if (packet->service)
		mnl_attr_put_strz(nlh, PE_EXPLAIN_SERVICE, packet->service);
}

static void pe_hop_get_numbers(struct pe_hop *hop, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_HOP_ACTION:
		hop->action = pe_attr_u32(attr);
		break;
	case PE_HOP_REASON:
		hop->reason = pe_attr_u32(attr);
		break;
	case PE_HOP_DIRECTION:
		hop->direction = pe_attr_u32(attr);
		break;
	case PE_HOP_STEP:
		hop->step = pe_attr_u32(attr);
		break;
	case PE_HOP_PROTO:
		hop->proto = pe_attr_u8(attr);
		break;
	case PE_HOP_TRACK:
		hop->track = pe_attr_u32(attr);
		break;
	case PE_HOP_CODE:
		hop->code = pe_attr_u32(attr);
		break;
	case PE_HOP_RULE:
		hop->rule = pe_attr_u32(attr);
		break;
	case PE_HOP_OBSTACLE:
		hop->obstacle = pe_attr_u32(attr);
		break;
	case PE_HOP_LIMIT:
		pe_limit_get(&hop->limit, attr);
		break;
	case PE_HOP_ENGINE_LIMIT:
		pe_limit_get(&hop->engine_limit, attr);
		break;
	case PE_HOP_SPORT:
		hop->sport = pe_attr_u16(attr);
		break;
	case PE_HOP_DPORT:
		hop->dport = pe_attr_u16(attr);
		break;
	}
}

static void pe_hop_get_words(struct pe_hop *hop, struct pe_arena *arena, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_HOP_SERVICE:
		hop->service = pe_attr_str(attr, arena);
		break;
	case PE_HOP_IIF:
		hop->iif = pe_attr_str(attr, arena);
		break;
	case PE_HOP_FROM:
		hop->from = pe_attr_str(attr, arena);
		break;
	case PE_HOP_DEVICE:
		hop->device = pe_attr_str(attr, arena);
		break;
	case PE_HOP_ACL:
		hop->acl = pe_attr_str(attr, arena);
		break;
	case PE_HOP_OIF:
		hop->oif = pe_attr_str(attr, arena);
		break;
	case PE_HOP_TAP:
		if (hop->ntaps < PE_HOP_TAPS)
			hop->taps[hop->ntaps++] = pe_attr_str(attr, arena);
		break;
	}
}

static bool pe_hop_get_addresses(struct pe_hop *hop, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_HOP_LLADDR:
		return pe_attr_mac(hop->lladdr, attr);
	case PE_HOP_SADDR:
		return pe_attr_addr(&hop->saddr, attr);
	case PE_HOP_DADDR:
		return pe_attr_addr(&hop->daddr, attr);
	}
	return true;
}

static int pe_hop_get(struct pe_hop *hop, struct pe_arena *arena, const struct nlattr *nest)
{
	const struct nlattr *attr;

	memset(hop, 0, sizeof(*hop));
	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr);

		pe_hop_get_numbers(hop, attr);
		pe_hop_get_words(hop, arena, attr);
		if (!pe_hop_get_addresses(hop, attr))
			return -EBADMSG;
		if (type <= PE_HOP_MAX)
			hop->has |= PE_HAS(type);
	}
	return 0;
}

/**
 * pe_walk_get() - read the stages of a packet
 * @walk: where to add them
 * @nlh: the message
 *
 * Return: 0, or -EBADMSG if the message makes no sense.
 */
int pe_walk_get(struct pe_walk *walk, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != PE_EXPLAIN_HOP || walk->nhops == PE_WALK_HOPS)
			continue;
		if (pe_hop_get(&walk->hops[walk->nhops++], walk->arena, attr))
			return -EBADMSG;
	}
	return 0;
}
