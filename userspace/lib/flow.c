// SPDX-License-Identifier: GPL-2.0-only

#include "flow.h"

#include <errno.h>
#include <linux/genetlink.h>
#include <string.h>

#include "attr.h"

/**
 * pe_flow_filter_put() - append which flows are meant
 * @nlh: the message
 * @filter: which
 */
void pe_flow_filter_put(struct nlmsghdr *nlh, const struct pe_flow_filter *filter)
{
	if (filter->service)
		mnl_attr_put_strz(nlh, PE_FLOW_SERVICE, filter->service);
	if (filter->device)
		mnl_attr_put_strz(nlh, PE_FLOW_DEVICE, filter->device);
	if (filter->client.len) {
		pe_attr_put_addr(nlh, PE_FLOW_CLIENT, &filter->client);
		mnl_attr_put_u8(nlh, PE_FLOW_CLIENT_LEN, filter->client_len);
	}
	if (filter->has_proto)
		mnl_attr_put_u8(nlh, PE_FLOW_PROTO, filter->proto);
}

static bool pe_flow_get_device(struct pe_flow *flow, const struct nlattr *attr)
{
	if (flow->ndevices == PE_FLOW_PINS_MAX)
		return false;
	return pe_attr_strcpy(flow->devices[flow->ndevices++], PE_NAME_MAX + 1, attr);
}

static bool pe_flow_get_attr(struct pe_flow *flow, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case PE_FLOW_SERVICE:
		return pe_attr_strcpy(flow->service, sizeof(flow->service), attr);
	case PE_FLOW_CLIENT:
		return pe_attr_addr(&flow->client, attr);
	case PE_FLOW_PORT:
		flow->port = pe_attr_u16(attr);
		return true;
	case PE_FLOW_PROTO:
		flow->proto = pe_attr_u8(attr);
		flow->has_proto = true;
		return true;
	case PE_FLOW_PHASE:
		flow->phase = pe_attr_u32(attr);
		return true;
	case PE_FLOW_IDLE:
		flow->idle = pe_attr_u32(attr);
		return true;
	case PE_FLOW_LEFT:
		flow->left = pe_attr_u32(attr);
		return true;
	case PE_FLOW_DEVICE:
		return pe_flow_get_device(flow, attr);
	}
	return true;
}

/**
 * pe_flow_get() - read a flow from a message
 * @flow: where to store it; cleared first
 * @nlh: the message
 *
 * Return: 0, or -EBADMSG if that is no flow.
 */
int pe_flow_get(struct pe_flow *flow, const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	memset(flow, 0, sizeof(*flow));
	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (!pe_flow_get_attr(flow, attr))
			return -EBADMSG;
	return flow->service[0] && flow->client.len ? 0 : -EBADMSG;
}

/**
 * pe_flow_count() - read from an answer how many flows there were
 * @nlh: the message
 */
uint32_t pe_flow_count(const struct nlmsghdr *nlh)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == PE_FLOW_COUNT)
			return pe_attr_u32(attr);
	return 0;
}

/**
 * pe_flow_phase_name() - the word for how far a flow is
 * @phase: enum pe_flow_phase
 */
const char *pe_flow_phase_name(uint32_t phase)
{
	switch (phase) {
	case PE_FLOW_PHASE_NEW:
		return "new";
	case PE_FLOW_PHASE_ESTABLISHED:
		return "established";
	case PE_FLOW_PHASE_CLOSING:
		return "closing";
	case PE_FLOW_PHASE_CLOSED:
		return "closed";
	}
	return "unknown";
}
