// SPDX-License-Identifier: GPL-2.0-only

#include "device.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"
#include "attr.h"

/* What tells how packets get to a device, beside the interface. */
#define PE_PORT_HOP                                                              \
	(PE_HAS(PE_PORT_LLADDR) | PE_HAS(PE_PORT_VIA) | PE_HAS(PE_PORT_REMOTE) | \
	 PE_HAS(PE_PORT_VNI))

#define PE_PORT_GIVEN (PE_HAS(PE_PORT_DEV) | PE_PORT_HOP)

#define PE_DEVICE_GIVEN                                                                        \
	(PE_HAS(PE_DEVICE_KIND) | PE_HAS(PE_DEVICE_MODE) | PE_HAS(PE_DEVICE_ADDRESS) |         \
	 PE_HAS(PE_DEVICE_TRANSPARENT) | PE_HAS(PE_DEVICE_GUARD) | PE_HAS(PE_DEVICE_OUTSIDE) | \
	 PE_HAS(PE_DEVICE_INSIDE) | PE_HAS(PE_DEVICE_MEASURE))

/**
 * pe_state_name() - the word for a device's state
 * @state: enum pe_device_state
 *
 * Return: the word.
 */
const char *pe_state_name(uint32_t state)
{
	static const char *const names[] = {
		[PE_DEVICE_STATE_UP] = "up",
		[PE_DEVICE_STATE_DOWN] = "down",
		[PE_DEVICE_STATE_DRAIN] = "drain",
		[PE_DEVICE_STATE_MAINTENANCE] = "maintenance",
	};

	return state < sizeof(names) / sizeof(*names) ? names[state] : "unknown";
}

/**
 * pe_cause_name() - the word for what brought a state about
 * @cause: enum pe_cause
 *
 * Return: the word.
 */
const char *pe_cause_name(uint32_t cause)
{
	static const char *const names[] = {
		[PE_CAUSE_BEGIN] = "begin",	      [PE_CAUSE_COMMAND] = "command",
		[PE_CAUSE_CHECK] = "check",	      [PE_CAUSE_SILENCE] = "silence",
		[PE_CAUSE_UNANSWERED] = "unanswered", [PE_CAUSE_REFUSED] = "refused",
		[PE_CAUSE_NEIGHBOUR] = "neighbour",   [PE_CAUSE_INTERFACE] = "interface",
		[PE_CAUSE_REVIVE] = "revive",
	};

	return cause < sizeof(names) / sizeof(*names) ? names[cause] : "unknown";
}

static void pe_port_put(struct nlmsghdr *nlh, uint16_t type, const struct pe_port *port)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, type);

	if (port->has & PE_HAS(PE_PORT_DEV))
		mnl_attr_put_strz(nlh, PE_PORT_DEV, port->dev);
	if (port->has & PE_HAS(PE_PORT_LLADDR))
		mnl_attr_put(nlh, PE_PORT_LLADDR, PE_MAC_LEN, port->lladdr);
	if (port->has & PE_HAS(PE_PORT_VIA))
		pe_attr_put_addr(nlh, PE_PORT_VIA, &port->via);
	if (port->has & PE_HAS(PE_PORT_REMOTE))
		pe_attr_put_addr(nlh, PE_PORT_REMOTE, &port->remote);
	if (port->has & PE_HAS(PE_PORT_VNI))
		mnl_attr_put_u32(nlh, PE_PORT_VNI, port->vni);
	mnl_attr_nest_end(nlh, nest);
}

/**
 * pe_device_put() - append what a user can say of a device
 * @nlh: the message, with PE_MESSAGE_MAX bytes of room
 * @device: the device
 */
void pe_device_put(struct nlmsghdr *nlh, const struct pe_device *device)
{
	mnl_attr_put_strz(nlh, PE_DEVICE_NAME, device->o.name);
	if (device->has & PE_HAS(PE_DEVICE_KIND))
		mnl_attr_put_u32(nlh, PE_DEVICE_KIND, device->kind);
	if (device->has & PE_HAS(PE_DEVICE_MODE))
		mnl_attr_put_u32(nlh, PE_DEVICE_MODE, device->mode);
	if (device->has & PE_HAS(PE_DEVICE_ADDRESS))
		pe_attr_put_addr(nlh, PE_DEVICE_ADDRESS, &device->address);
	if (device->has & PE_HAS(PE_DEVICE_TRANSPARENT))
		mnl_attr_put(nlh, PE_DEVICE_TRANSPARENT, 0, NULL);
	if (device->has & PE_HAS(PE_DEVICE_GUARD))
		mnl_attr_put(nlh, PE_DEVICE_GUARD, 0, NULL);
	if (device->has & PE_HAS(PE_DEVICE_OUTSIDE))
		pe_port_put(nlh, PE_DEVICE_OUTSIDE, &device->outside);
	if (device->has & PE_HAS(PE_DEVICE_INSIDE))
		pe_port_put(nlh, PE_DEVICE_INSIDE, &device->inside);
	if (device->has & PE_HAS(PE_DEVICE_MEASURE))
		mnl_attr_put(nlh, PE_DEVICE_MEASURE, 0, NULL);
}

/**
 * pe_device_put_state() - append in which state a device shall be, and why
 * @nlh: the message
 * @name: of the device
 * @state: enum pe_device_state
 * @cause: enum pe_cause
 * @evidence: a sentence, of which the kernel is told no more than it takes; NULL
 *	where there is nothing to say
 */
void pe_device_put_state(struct nlmsghdr *nlh, const char *name, uint32_t state, uint32_t cause,
			 const char *evidence)
{
	char most[PE_EVIDENCE_MAX + 1];

	mnl_attr_put_strz(nlh, PE_DEVICE_NAME, name);
	mnl_attr_put_u32(nlh, PE_DEVICE_STATE, state);
	mnl_attr_put_u32(nlh, PE_DEVICE_CAUSE, cause);
	if (!evidence)
		return;
	snprintf(most, sizeof(most), "%s", evidence);
	mnl_attr_put_strz(nlh, PE_DEVICE_EVIDENCE, most);
}

static bool pe_port_get(struct pe_port *port, const struct nlattr *nest)
{
	const struct nlattr *attr;
	bool ok = true;

	mnl_attr_for_each_nested(attr, nest) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == PE_PORT_DEV)
			ok = pe_attr_strcpy(port->dev, sizeof(port->dev), attr) && ok;
		else if (type == PE_PORT_LLADDR)
			ok = pe_attr_mac(port->lladdr, attr) && ok;
		else if (type == PE_PORT_VIA)
			ok = pe_attr_addr(&port->via, attr) && ok;
		else if (type == PE_PORT_REMOTE)
			ok = pe_attr_addr(&port->remote, attr) && ok;
		else if (type == PE_PORT_VNI)
			port->vni = pe_attr_u32(attr);
		else if (type == PE_PORT_RESOLVED)
			ok = pe_attr_mac(port->resolved, attr) && ok;
		else if (type == PE_PORT_IFINDEX)
			port->ifindex = pe_attr_u32(attr);
		if (type <= PE_PORT_MAX)
			port->has |= PE_HAS(type);
	}
	return ok;
}

static bool pe_device_get_latency(struct pe_device *device, struct pe_arena *arena,
				  const struct nlattr *attr)
{
	if (device->nlatency == PE_LATENCIES_MAX)
		return false;
	if (!device->latency)
		device->latency =
			pe_arena_alloc(arena, PE_LATENCIES_MAX * sizeof(*device->latency));
	return pe_latency_get(&device->latency[device->nlatency++], attr);
}

static bool pe_device_get_attr(struct pe_device *device, struct pe_arena *arena,
			       const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_DEVICE_NAME:
		device->o.name = pe_attr_str(attr, arena);
		return true;
	case PE_DEVICE_ID:
		device->id = pe_attr_u32(attr);
		return true;
	case PE_DEVICE_KIND:
		device->kind = (uint8_t)pe_attr_u32(attr);
		return true;
	case PE_DEVICE_MODE:
		device->mode = (uint8_t)pe_attr_u32(attr);
		return true;
	case PE_DEVICE_ADDRESS:
		return pe_attr_addr(&device->address, attr);
	case PE_DEVICE_OUTSIDE:
		return pe_port_get(&device->outside, attr);
	case PE_DEVICE_INSIDE:
		return pe_port_get(&device->inside, attr);
	case PE_DEVICE_FORWARD:
		pe_attr_counter(&device->forward, attr);
		return true;
	case PE_DEVICE_REVERSE:
		pe_attr_counter(&device->reverse, attr);
		return true;
	case PE_DEVICE_USERS:
		device->users = pe_attr_u32(attr);
		return true;
	case PE_DEVICE_GENERATION:
		device->generation = pe_attr_u32(attr);
		return true;
	case PE_DEVICE_STATE:
		device->state = pe_attr_u32(attr);
		return true;
	case PE_DEVICE_CAUSE:
		device->cause = pe_attr_u32(attr);
		return true;
	case PE_DEVICE_SINCE:
		device->since = pe_attr_u64(attr);
		return true;
	case PE_DEVICE_EVIDENCE:
		return pe_attr_strcpy(device->evidence, sizeof(device->evidence), attr);
	case PE_DEVICE_LATENCY:
		return pe_device_get_latency(device, arena, attr);
	}
	return true;
}

/**
 * pe_device_get() - read a device from a message
 * @device: where to store it; cleared first
 * @arena: keeps the name
 * @nlh: the message
 *
 * Return: 0, or -EBADMSG if that is no device.
 */
int pe_device_get(struct pe_device *device, struct pe_arena *arena, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	memset(device, 0, sizeof(*device));
	device->o.kind = PE_OBJECT_DEVICE;
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (!pe_device_get_attr(device, arena, attr))
			return -EBADMSG;
		if (type <= PE_DEVICE_MAX)
			device->has |= PE_HAS(type);
	}
	return device->o.name ? 0 : -EBADMSG;
}

static bool pe_port_equal(const struct pe_port *a, const struct pe_port *b)
{
	if ((a->has ^ b->has) & PE_PORT_GIVEN)
		return false;
	if (strcmp(a->dev, b->dev) != 0 || !pe_addr_equal(&a->via, &b->via))
		return false;
	if (!pe_addr_equal(&a->remote, &b->remote) || a->vni != b->vni)
		return false;
	return !(a->has & PE_HAS(PE_PORT_LLADDR)) || !memcmp(a->lladdr, b->lladdr, PE_MAC_LEN);
}

/**
 * pe_device_equal() - compare what a user can say of two devices
 * @a: one
 * @b: the other
 *
 * Return: whether it is the same.
 */
bool pe_device_equal(const struct pe_device *a, const struct pe_device *b)
{
	if ((a->has ^ b->has) & PE_DEVICE_GIVEN)
		return false;
	if (a->kind != b->kind || a->mode != b->mode)
		return false;
	return pe_addr_equal(&a->address, &b->address) && pe_port_equal(&a->outside, &b->outside) &&
	       pe_port_equal(&a->inside, &b->inside);
}

static void pe_port_merge(struct pe_port *port, const struct pe_port *base)
{
	if (!(port->has & PE_HAS(PE_PORT_DEV)) && (base->has & PE_HAS(PE_PORT_DEV))) {
		memcpy(port->dev, base->dev, sizeof(port->dev));
		port->has |= PE_HAS(PE_PORT_DEV);
	}
	if (port->has & PE_PORT_HOP)
		return;
	memcpy(port->lladdr, base->lladdr, sizeof(port->lladdr));
	port->via = base->via;
	port->remote = base->remote;
	port->vni = base->vni;
	port->has |= base->has & PE_PORT_HOP;
}

static void pe_device_merge_kind(struct pe_device *device, const struct pe_device *base)
{
	uint32_t kept = PE_HAS(PE_DEVICE_KIND) | PE_HAS(PE_DEVICE_OUTSIDE) |
			PE_HAS(PE_DEVICE_INSIDE) | PE_HAS(PE_DEVICE_TRANSPARENT);

	device->kind = base->kind;
	if (!(device->has & PE_HAS(PE_DEVICE_MODE))) {
		device->mode = base->mode;
		kept |= PE_HAS(PE_DEVICE_MODE);
	}
	pe_port_merge(&device->outside, &base->outside);
	pe_port_merge(&device->inside, &base->inside);
	device->has |= base->has & kept;
}

/**
 * pe_device_merge() - fill what a change does not say
 * @device: the change
 * @base: the device as it is
 *
 * A device that becomes one of another kind keeps only what does not belong
 * to its kind.
 */
void pe_device_merge(struct pe_device *device, const struct pe_device *base)
{
	if (!(device->has & PE_HAS(PE_DEVICE_KIND)) || device->kind == base->kind)
		pe_device_merge_kind(device, base);
	if (!(device->has & PE_HAS(PE_DEVICE_ADDRESS))) {
		device->address = base->address;
		device->has |= base->has & PE_HAS(PE_DEVICE_ADDRESS);
	}
	device->has |= base->has & (PE_HAS(PE_DEVICE_GUARD) | PE_HAS(PE_DEVICE_MEASURE));
}

/**
 * pe_device_where() - where something of a device stands in the source
 * @device: the device
 * @attr: PE_DEVICE_...
 * @nested: PE_PORT_... inside of it, or 0
 *
 * Return: the place plus one, 0 if it is not known.
 */
uint32_t pe_device_where(const struct pe_device *device, uint16_t attr, uint16_t nested)
{
	const struct pe_port *port = NULL;

	if (attr == PE_DEVICE_OUTSIDE)
		port = &device->outside;
	else if (attr == PE_DEVICE_INSIDE)
		port = &device->inside;
	if (port && nested && nested <= PE_PORT_VNI && port->at[nested])
		return port->at[nested];
	if (attr <= PE_DEVICE_MEASURE && device->at[attr])
		return device->at[attr];
	return device->o.at;
}
