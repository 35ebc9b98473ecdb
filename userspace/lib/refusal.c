// SPDX-License-Identifier: GPL-2.0-only

#include "refusal.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"

#ifndef NLM_F_ACK_TLVS
#define NLM_F_ACK_TLVS 0x200
#endif

static void pe_refusal_cookie(struct pe_refusal *refusal, const struct nlattr *attr)
{
	uint32_t cookie[3];

	if (mnl_attr_get_payload_len(attr) < sizeof(cookie))
		return;
	memcpy(cookie, mnl_attr_get_payload(attr), sizeof(cookie));
	refusal->cookie = true;
	refusal->cookie_seq = cookie[0];
	refusal->cookie_attr = cookie[1];
	refusal->cookie_index = cookie[2];
}

static void pe_refusal_attr(struct pe_refusal *refusal, const struct nlattr *attr)
{
	switch (mnl_attr_get_type(attr)) {
	case NLMSGERR_ATTR_MSG:
		snprintf(refusal->text, sizeof(refusal->text), "%.*s",
			 (int)mnl_attr_get_payload_len(attr),
			 (const char *)mnl_attr_get_payload(attr));
		break;
	case NLMSGERR_ATTR_OFFS:
		refusal->offset = pe_attr_u32(attr);
		break;
	case NLMSGERR_ATTR_COOKIE:
		pe_refusal_cookie(refusal, attr);
		break;
	case NLMSGERR_ATTR_MISS_TYPE:
		refusal->missing = (uint16_t)pe_attr_u32(attr);
		break;
	case NLMSGERR_ATTR_MISS_NEST:
		refusal->missing_nest = pe_attr_u32(attr);
		break;
	}
}

static void pe_refusal_attrs(struct pe_refusal *refusal, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;
	unsigned int skip = sizeof(*e);

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len > sizeof(e->msg))
		skip += e->msg.nlmsg_len - sizeof(e->msg);
	if (mnl_nlmsg_get_payload_len(nlh) <= skip)
		return;
	mnl_attr_for_each(attr, nlh, skip)
		pe_refusal_attr(refusal, attr);
}

/**
 * pe_refusal_read() - read an error message of the kernel
 * @refusal: where to store what it says
 * @nlh: the message, of type NLMSG_ERROR
 */
void pe_refusal_read(struct pe_refusal *refusal, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);

	memset(refusal, 0, sizeof(*refusal));
	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*e)) {
		pe_refusal_set(refusal, EBADMSG, "the kernel's answer is cut short");
		return;
	}
	if (e->error > 0 || e->error < -PE_ERRNO_MAX) {
		pe_refusal_set(refusal, EBADMSG, "the kernel's answer is no error number");
		return;
	}
	refusal->err = -e->error;
	refusal->seq = e->msg.nlmsg_seq;
	pe_refusal_attrs(refusal, nlh);
	if (!refusal->text[0] && refusal->err)
		snprintf(refusal->text, sizeof(refusal->text), "%s", strerror(refusal->err));
}

/**
 * pe_refusal_read_done() - read how a dump ended
 * @refusal: where to store what it says
 * @nlh: the message, of type NLMSG_DONE, with a negative error number in it
 */
void pe_refusal_read_done(struct pe_refusal *refusal, const struct nlmsghdr *nlh)
{
	const int *status = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *attr;

	pe_refusal_set(refusal, -*status, "%s", strerror(-*status));
	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	mnl_attr_for_each(attr, nlh, sizeof(*status))
		pe_refusal_attr(refusal, attr);
}

/**
 * pe_refusal_set() - say why ourselves
 * @refusal: where to store it
 * @err: positive error number
 * @text: the sentence, as for printf()
 *
 * Return: @err, negative.
 */
int pe_refusal_set(struct pe_refusal *refusal, int err, const char *text, ...)
{
	va_list args;

	memset(refusal, 0, sizeof(*refusal));
	refusal->err = err;
	va_start(args, text);
	vsnprintf(refusal->text, sizeof(refusal->text), text, args);
	va_end(args);
	return -err;
}
