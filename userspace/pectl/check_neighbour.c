// SPDX-License-Identifier: GPL-2.0-only
/* Devices that are known by a network address: where the kernel says that is. */

#include <libmnl/libmnl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "check_plan.h"

/**
 * struct neighbour - what the kernel says of an address on a link
 * @ifindex: the link
 * @addr: the address
 * @mac: the link-layer address behind it
 */
struct neighbour {
	uint32_t ifindex;
	struct pe_addr addr;
	const uint8_t *mac;
};

static bool neighbour_get(struct neighbour *n, const struct nlmsghdr *nlh)
{
	const struct ndmsg *ndm = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	memset(n, 0, sizeof(*n));
	if (nlh->nlmsg_type != RTM_NEWNEIGH || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ndm))
		return false;
	n->ifindex = (uint32_t)ndm->ndm_ifindex;
	mnl_attr_for_each(attr, nlh, sizeof(*ndm)) {
		uint16_t len = mnl_attr_get_payload_len(attr);

		if (mnl_attr_get_type(attr) == NDA_DST && (len == 4 || len == 16)) {
			n->addr.len = (uint8_t)len;
			memcpy(n->addr.b, mnl_attr_get_payload(attr), len);
		} else if (mnl_attr_get_type(attr) == NDA_LLADDR && len == PE_MAC_LEN) {
			n->mac = mnl_attr_get_payload(attr);
		}
	}
	return n->addr.len && n->mac;
}

/* Who has a fixed address, or none to be asked for, is not looked for. */
static bool port_moves(const struct plan *plan, const struct pe_port *port,
		       const struct neighbour *n)
{
	const struct pe_link *link;

	if (port->has & PE_HAS(PE_PORT_LLADDR) || !pe_addr_equal(&port->via, &n->addr))
		return false;
	link = pe_links_find(&plan->links, port->dev);
	if (!link || link->ifindex != n->ifindex)
		return false;
	return !(port->has & PE_HAS(PE_PORT_RESOLVED)) ||
	       memcmp(port->resolved, n->mac, PE_MAC_LEN) != 0;
}

/**
 * plan_has_neighbour() - is an address of a device elsewhere than was planned?
 * @plan: what was planned
 * @nlh: what the kernel says of neighbours
 *
 * Return: whether it has to be planned anew.
 */
bool plan_has_neighbour(const struct plan *plan, const struct nlmsghdr *nlh)
{
	const struct pe_table *devices = &plan->config.tables[PE_OBJECT_DEVICE];
	struct neighbour n;
	uint32_t i;

	if (!neighbour_get(&n, nlh))
		return false;
	for (i = 0; i < devices->count; i++) {
		const struct pe_device *device = (const struct pe_device *)devices->items[i];

		if (port_moves(plan, &device->outside, &n) || port_moves(plan, &device->inside, &n))
			return true;
	}
	return false;
}
