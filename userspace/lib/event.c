// SPDX-License-Identifier: GPL-2.0-only

#include "event.h"

#include <linux/genetlink.h>
#include <linux/pe.h>
#include <string.h>

#include "attr.h"

/**
 * pe_event_name() - the word for an event
 * @kind: enum pe_event
 *
 * Return: the word.
 */
const char *pe_event_name(uint32_t kind)
{
	switch (kind) {
	case PE_EVENT_INTERFACE_GONE:
		return "interface-gone";
	case PE_EVENT_INTERFACE_BACK:
		return "interface-back";
	case PE_EVENT_ADDRESS_CLAIMED:
		return "address-claimed";
	case PE_EVENT_DEVICE_STATE:
		return "device-state";
	case PE_EVENT_POOL_CHANGED:
		return "pool-changed";
	case PE_EVENT_POOL_EMPTY:
		return "pool-empty";
	}
	return "unknown";
}

/**
 * pe_event_get() - read an event
 * @event: where to store it; cleared first
 * @arena: keeps its names
 * @nlh: the message
 */
void pe_event_get(struct pe_occurrence *event, struct pe_arena *arena, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	memset(event, 0, sizeof(*event));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr)) {
		uint16_t type = mnl_attr_get_type(attr);

		if (type == PE_EV_KIND)
			event->kind = pe_attr_u32(attr);
		else if (type == PE_EV_DEV)
			event->dev = pe_attr_str(attr, arena);
		else if (type == PE_EV_DEVICE && event->ndevices < PE_EVENT_DEVICES)
			event->devices[event->ndevices++] = pe_attr_str(attr, arena);
		else if (type == PE_EV_ADDRESS)
			pe_attr_addr(&event->address, attr);
		else if (type == PE_EV_LLADDR)
			pe_attr_mac(event->lladdr, attr);
		else if (type == PE_EV_POOL)
			event->pool = pe_attr_str(attr, arena);
		else if (type == PE_EV_STATE)
			event->state = pe_attr_u32(attr);
		else if (type == PE_EV_CAUSE)
			event->cause = pe_attr_u32(attr);
		else if (type == PE_EV_SINCE)
			event->since = pe_attr_u64(attr);
		else if (type == PE_EV_EVIDENCE)
			event->evidence = pe_attr_str(attr, arena);
		else if (type == PE_EV_SERVICE && event->nservices < PE_EVENT_SERVICES)
			event->services[event->nservices++] = pe_attr_str(attr, arena);
	}
}
