// SPDX-License-Identifier: GPL-2.0-only

#include "sight.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <string.h>

#include "arena.h"
#include "attr.h"

static void pe_watch_put_prefix(struct nlmsghdr *nlh, uint16_t type, const struct pe_addr *addr,
				uint16_t len_type, uint8_t len)
{
	pe_attr_put_addr(nlh, type, addr);
	if (addr->len && len != addr->len * 8)
		mnl_attr_put_u8(nlh, len_type, len);
}

/**
 * pe_watch_put() - append which packets to be told of
 * @nlh: the message
 * @watch: which
 */
void pe_watch_put(struct nlmsghdr *nlh, const struct pe_watch *watch)
{
	pe_watch_put_prefix(nlh, PE_WATCH_FROM, &watch->from, PE_WATCH_FROM_LEN, watch->from_len);
	pe_watch_put_prefix(nlh, PE_WATCH_TO, &watch->to, PE_WATCH_TO_LEN, watch->to_len);
	if (watch->has_proto)
		mnl_attr_put_u8(nlh, PE_WATCH_PROTO, watch->proto);
	if (watch->port)
		mnl_attr_put_u16(nlh, PE_WATCH_PORT, watch->port);
	if (watch->service)
		mnl_attr_put_strz(nlh, PE_WATCH_SERVICE, watch->service);
	if (watch->iif)
		mnl_attr_put_strz(nlh, PE_WATCH_IIF, watch->iif);
	if (watch->step)
		mnl_attr_put_u32(nlh, PE_WATCH_STEP, watch->step - 1);
	if (watch->frames)
		mnl_attr_put(nlh, PE_WATCH_FRAMES, 0, NULL);
	if (watch->snaplen)
		mnl_attr_put_u32(nlh, PE_WATCH_SNAPLEN, watch->snaplen);
}

/**
 * pe_watch_sum_get() - read how much a watcher was told
 * @sum: where to store it
 * @nlh: the message
 */
void pe_watch_sum_get(struct pe_watch_sum *sum, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == PE_WATCH_SEEN)
			sum->seen = pe_attr_u64(attr);
		else if (mnl_attr_get_type(attr) == PE_WATCH_LOST)
			sum->lost = pe_attr_u64(attr);
	}
}

static void pe_sight_get_numbers(struct pe_sight *sight, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_SIGHT_TIME:
		sight->time = pe_attr_u64(attr);
		break;
	case PE_SIGHT_CLOCK:
		sight->clock = pe_attr_u64(attr);
		break;
	case PE_SIGHT_LOST:
		sight->lost = pe_attr_u64(attr);
		break;
	case PE_SIGHT_ACTION:
		sight->action = pe_attr_u32(attr);
		break;
	case PE_SIGHT_REASON:
		sight->reason = pe_attr_u32(attr);
		break;
	case PE_SIGHT_DIRECTION:
		sight->direction = pe_attr_u32(attr);
		break;
	case PE_SIGHT_FROM_STEP:
		sight->from_step = pe_attr_u32(attr);
		break;
	case PE_SIGHT_STEP:
		sight->step = pe_attr_u32(attr);
		break;
	case PE_SIGHT_FRAME_LEN:
		sight->frame_len = pe_attr_u32(attr);
		break;
	case PE_SIGHT_SEGMENT:
		sight->segment = pe_attr_u32(attr);
		break;
	}
}

static void pe_sight_get_ports(struct pe_sight *sight, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_SIGHT_SPORT:
		sight->came.sport = pe_attr_u16(attr);
		break;
	case PE_SIGHT_DPORT:
		sight->came.dport = pe_attr_u16(attr);
		break;
	case PE_SIGHT_TO_SPORT:
		sight->left.sport = pe_attr_u16(attr);
		break;
	case PE_SIGHT_TO_DPORT:
		sight->left.dport = pe_attr_u16(attr);
		break;
	}
}

static void pe_sight_get_words(struct pe_sight *sight, struct pe_arena *arena,
			       const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_SIGHT_SERVICE:
		sight->service = pe_attr_str(attr, arena);
		break;
	case PE_SIGHT_IIF:
		sight->iif = pe_attr_str(attr, arena);
		break;
	case PE_SIGHT_FROM:
		sight->from = pe_attr_str(attr, arena);
		break;
	case PE_SIGHT_DEVICE:
		sight->device = pe_attr_str(attr, arena);
		break;
	case PE_SIGHT_OIF:
		sight->oif = pe_attr_str(attr, arena);
		break;
	}
}

static bool pe_sight_get_addresses(struct pe_sight *sight, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_SIGHT_SOURCE:
		return pe_attr_mac(sight->source, attr);
	case PE_SIGHT_LLADDR:
		return pe_attr_mac(sight->lladdr, attr);
	case PE_SIGHT_PROTO:
		if (mnl_attr_get_payload_len(attr) < 1)
			return false;
		sight->proto = mnl_attr_get_u8(attr);
		return true;
	case PE_SIGHT_SADDR:
		return pe_attr_addr(&sight->came.saddr, attr);
	case PE_SIGHT_DADDR:
		return pe_attr_addr(&sight->came.daddr, attr);
	case PE_SIGHT_TO_SADDR:
		return pe_attr_addr(&sight->left.saddr, attr);
	case PE_SIGHT_TO_DADDR:
		return pe_attr_addr(&sight->left.daddr, attr);
	}
	return true;
}

/* The pieces of a frame, which are few, into one. */
static void pe_sight_get_frame(struct pe_sight *sight, struct pe_arena *arena,
			       const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;
	size_t len = 0;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == PE_SIGHT_FRAME)
			len += mnl_attr_get_payload_len(attr);
	if (!len)
		return;
	sight->frame = pe_arena_alloc(arena, len);
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != PE_SIGHT_FRAME)
			continue;
		len = mnl_attr_get_payload_len(attr);
		memcpy(sight->frame + sight->frame_have, mnl_attr_get_payload(attr), len);
		sight->frame_have += len;
	}
}

/* What left as it came is said only once. */
static void pe_sight_get_rest(struct pe_sight *sight)
{
	if (!pe_sight_is(sight, PE_SIGHT_TO_SADDR))
		sight->left.saddr = sight->came.saddr;
	if (!pe_sight_is(sight, PE_SIGHT_TO_DADDR))
		sight->left.daddr = sight->came.daddr;
	if (!pe_sight_is(sight, PE_SIGHT_TO_SPORT))
		sight->left.sport = sight->came.sport;
	if (!pe_sight_is(sight, PE_SIGHT_TO_DPORT))
		sight->left.dport = sight->came.dport;
}

/**
 * pe_sight_get() - read what happened to a packet
 * @sight: where to store it; cleared first
 * @arena: keeps its names and its frame
 * @nlh: the message
 *
 * Return: 0, or -EBADMSG if the message makes no sense.
 */
int pe_sight_get(struct pe_sight *sight, struct pe_arena *arena, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	memset(sight, 0, sizeof(*sight));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		uint16_t type = mnl_attr_get_type(attr);

		pe_sight_get_numbers(sight, attr);
		pe_sight_get_ports(sight, attr);
		pe_sight_get_words(sight, arena, attr);
		if (!pe_sight_get_addresses(sight, attr))
			return -EBADMSG;
		if (type <= PE_SIGHT_MAX)
			sight->has |= 1ULL << type;
	}
	pe_sight_get_frame(sight, arena, nlh);
	pe_sight_get_rest(sight);
	return 0;
}
