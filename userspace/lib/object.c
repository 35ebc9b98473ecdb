// SPDX-License-Identifier: GPL-2.0-only

#include "object.h"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "device.h"
#include "service.h"

static const uint16_t pe_verb_flags[] = {
	[PE_VERB_ADD] = NLM_F_CREATE | NLM_F_EXCL,
	[PE_VERB_REPLACE] = NLM_F_CREATE | NLM_F_REPLACE,
	[PE_VERB_CHANGE] = NLM_F_REPLACE,
	[PE_VERB_DEL] = 0,
};

static uint8_t pe_object_command(const struct pe_object *object)
{
	if (object->kind == PE_OBJECT_ALL)
		return PE_CMD_FLUSH;
	if (object->kind == PE_OBJECT_DEVICE)
		return object->verb == PE_VERB_DEL ? PE_CMD_DEVICE_DEL : PE_CMD_DEVICE_NEW;
	return object->verb == PE_VERB_DEL ? PE_CMD_SERVICE_DEL : PE_CMD_SERVICE_NEW;
}

static void pe_object_put(const struct pe_object *object, struct nlmsghdr *nlh)
{
	if (object->verb == PE_VERB_DEL)
		mnl_attr_put_strz(nlh,
				  object->kind == PE_OBJECT_DEVICE ? (int)PE_DEVICE_NAME :
								     (int)PE_SERVICE_NAME,
				  object->name);
	else if (object->kind == PE_OBJECT_DEVICE)
		pe_device_put(nlh, (const struct pe_device *)object);
	else
		pe_service_put(nlh, (const struct pe_service *)object);
}

/**
 * pe_object_encode() - make the message that a statement asks for
 * @object: the object, with its verb
 * @nlh: where, with PE_MESSAGE_MAX bytes of room; its sequence number is left 0
 * @family: number of the netlink family
 */
void pe_object_encode(const struct pe_object *object, struct nlmsghdr *nlh, uint16_t family)
{
	struct genlmsghdr *genl;

	mnl_nlmsg_put_header(nlh);
	nlh->nlmsg_type = family;
	nlh->nlmsg_flags = NLM_F_REQUEST | pe_verb_flags[object->verb];
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = pe_object_command(object);
	genl->version = PE_GENL_VERSION;
	if (object->kind != PE_OBJECT_ALL)
		pe_object_put(object, nlh);
}
