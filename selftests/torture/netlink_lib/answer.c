// SPDX-License-Identifier: GPL-2.0-only

#include "answer.h"

#include <ctype.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/pe.h>
#include <stdio.h>
#include <string.h>

#include "sock.h"
#include "spec.h"

#define SENTENCE_MAX 255

/* Refusals of the kernel's own parser, of Linux 6.1 to 6.12. */
static const char *const core_sentences[] = {
	"Attribute failed policy validation",
	"Unknown attribute type",
	"Unsupported attribute",
	"bytes leftover after parsing attributes",
	"integer out of range",
	"invalid attribute length",
	"Invalid attribute length",
	"binary attribute size",
	"NLA_F_NESTED is missing",
	"NLA_F_NESTED not expected",
	"allowed policy recursion depth exceeded",
	"ambiguous or reserved bits set in nlmsg_flags",
	"genlmsghdr.reserved field is not 0",
};

/* Refusals that are about no object. */
static const char *const general_sentences[] = {
	"the configuration is at generation ",
	"the packet's way is longer",
	"this socket has ",
	"this message acts as ",
	"the transaction has too many changes",
	"there is not enough memory",
	"too many sockets",
	/* Of flows, where the service is not what is wrong. */
	"there is no device ",
	"the client of a flow has ",
	"the prefix of clients has ",
	"the length of a prefix of clients ",
};

static const char too_many[] = "too much was refused within a second";

static bool starts_as(const char *text, const char *const *list, size_t count)
{
	while (count--)
		if (!strncmp(text, list[count], strlen(list[count])))
			return true;
	return false;
}

#define STARTS_AS(text, list) starts_as(text, list, sizeof(list) / sizeof((list)[0]))

/* Told with what a terminal must not see replaced. */
static bool odd_name(const struct pending *pending)
{
	const char *p;

	for (p = pending->name; *p; p++)
		if (iscntrl((unsigned char)*p))
			return true;
	return false;
}

/**
 * answer_sentence() - whether a refusal is one sentence that names something
 * @pending: what is refused
 * @text: the sentence
 */
void answer_sentence(const struct pending *pending, const char *text)
{
	size_t len = strlen(text), i;

	for (i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]))
			fault("a sentence with byte %#x in it: cmd %u", text[i], pending->cmd);
	if (!len || len > SENTENCE_MAX || text[len - 1] == '.' || isspace(text[len - 1]) ||
	    isspace(text[0]))
		fault("no sentence: '%s' of cmd %u", text, pending->cmd);
	/* What to do comes behind what is wrong. */
	if (!strstr(text, ": "))
		fault("nothing that can be done: '%s' of cmd %u", text, pending->cmd);
	/* A device can be refused for what it would do to a service or a pool. */
	if (pending->name[0] && !STARTS_AS(text, general_sentences) &&
	    !strstr(text, pending->name) && !strstr(text, " of service ") &&
	    !strstr(text, " of pool ") && strncmp(text, "services ", 9) &&
	    !strstr(text, " is no name of a") && !odd_name(pending))
		fault("'%s' is not named: '%s' of cmd %u", pending->name, text, pending->cmd);
}

static void error_text(struct pending *pending, const struct nlattr *attr)
{
	const char *text = mnl_attr_get_payload(attr);
	uint16_t len = mnl_attr_get_payload_len(attr);

	if (!len || strnlen(text, len) != len - 1u) {
		fault("a sentence without a zero, or with one in it: cmd %u", pending->cmd);
		return;
	}
	if (STARTS_AS(text, core_sentences)) {
		pending->core = true;
		tally.core++;
	} else if (!strncmp(text, too_many, strlen(too_many))) {
		tally.busy++;
	} else {
		tally.sentences++;
		answer_sentence(pending, text);
	}
}

static void error_attr(struct pending *pending, const struct nlattr *attr)
{
	uint16_t len = mnl_attr_get_payload_len(attr);
	uint32_t offset;

	switch (mnl_attr_get_type(attr)) {
	case NLMSGERR_ATTR_MSG:
		error_text(pending, attr);
		break;
	case NLMSGERR_ATTR_OFFS:
		offset = len == sizeof(offset) ? mnl_attr_get_u32(attr) : 0;
		if (offset < NLMSG_HDRLEN + GENL_HDRLEN || offset >= pending->head.nlmsg_len)
			fault("an offset of %u in a message of %u: cmd %u", offset,
			      pending->head.nlmsg_len, pending->cmd);
		break;
	case NLMSGERR_ATTR_COOKIE:
		if (len != 3 * sizeof(uint32_t))
			fault("a cookie of %u bytes: cmd %u", len, pending->cmd);
		break;
	}
}

static bool attr_padding(const struct nlattr *attr)
{
	const uint8_t *p = (const uint8_t *)attr;
	unsigned int i;

	for (i = attr->nla_len; i < (uint32_t)MNL_ALIGN(attr->nla_len); i++)
		if (p[i])
			return false;
	return true;
}

/* The next attribute, if it fits and nothing is in the gap behind it. */
static const struct nlattr *attr_next(const uint8_t *at, uint32_t left, uint32_t *used)
{
	const struct nlattr *attr = (const struct nlattr *)at;

	if (left < sizeof(*attr) || attr->nla_len < sizeof(*attr) ||
	    (uint32_t)MNL_ALIGN(attr->nla_len) > left) {
		fault("an attribute that does not fit: %u left", left);
		return NULL;
	}
	if (!attr_padding(attr)) {
		fault("bytes behind attribute %u", mnl_attr_get_type(attr));
		return NULL;
	}
	*used = MNL_ALIGN(attr->nla_len);
	return attr;
}

/**
 * answer_error() - judge a refusal or acknowledgement
 * @pending: what it is about; what it says is kept there
 * @nlh: it
 */
void answer_error(struct pending *pending, const struct nlmsghdr *nlh)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(nlh);
	uint64_t said = tally.sentences + tally.core + tally.busy;
	uint32_t left = nlh->nlmsg_len - NLMSG_HDRLEN, used;
	const struct nlattr *attr;

	if (left < sizeof(*e) || memcmp(&e->msg, &pending->head, sizeof(e->msg))) {
		fault("an answer to another message: seq %u", nlh->nlmsg_seq);
		return;
	}
	pending->err = e->error;
	if (e->error > 0 || e->error < -4095)
		fault("%d is no error number: cmd %u", e->error, pending->cmd);
	for (left -= sizeof(*e); left; left -= used) {
		attr = attr_next((const uint8_t *)nlh + nlh->nlmsg_len - left, left, &used);
		if (!attr)
			return;
		error_attr(pending, attr);
	}
	if (!e->error || said != tally.sentences + tally.core + tally.busy)
		return;
	pending->core = true;
	/* Refused before anybody could say why. */
	if (!pending->silent && !(pending->dump && e->error == -EBUSY) && e->error != -EPERM)
		fault("refused without a word: cmd %u error %d", pending->cmd, e->error);
	tally.core++;
}

static bool string_ok(const struct nlattr *attr)
{
	uint16_t len = mnl_attr_get_payload_len(attr);

	return len && strnlen(mnl_attr_get_payload(attr), len) == len - 1u;
}

static bool value_ok(const struct spec_attr *spec, const struct nlattr *attr)
{
	static const uint8_t sizes[] = {
		[SPEC_FLAG] = 0, [SPEC_PAD] = 0, [SPEC_U8] = 1,
		[SPEC_U16] = 2,	 [SPEC_U32] = 4, [SPEC_U64] = 8,
	};
	uint16_t len = mnl_attr_get_payload_len(attr);

	switch (spec->kind) {
	case SPEC_STRING:
		return string_ok(attr) && (!spec->max_len || len <= spec->max_len + 1);
	case SPEC_BINARY:
		/* Addresses, and rows of numbers. */
		return spec->exact_len ? len == spec->exact_len :
					 len == 4 || len == 6 || len == 16 ||
						 (len > 16 && len % sizeof(uint64_t) == 0);
	case SPEC_NEST:
	case SPEC_NONE:
		return true;
	default:
		if (len != sizes[spec->kind])
			return false;
		return spec->kind != SPEC_U32 || !spec->values ||
		       mnl_attr_get_u32(attr) < spec->values;
	}
}

static void check_attrs(const struct spec_set *set, uint64_t allowed, const uint8_t *at,
			uint32_t left)
{
	const struct spec_attr *spec;
	const struct nlattr *attr;
	uint64_t seen = 0;
	uint32_t used;
	uint16_t type;

	for (; left; left -= used, at += used) {
		attr = attr_next(at, left, &used);
		if (!attr)
			return;
		type = mnl_attr_get_type(attr);
		spec = type && type <= set->max ? &set->attrs[type] : NULL;
		if (!spec || !spec->name || !(allowed >> type & 1)) {
			fault("attribute %u of %s in an answer", type, set->name);
			continue;
		}
		if ((seen >> type & 1) && !spec->multi && spec->kind != SPEC_PAD)
			fault("attribute %s of %s twice in an answer", spec->name, set->name);
		seen |= 1ULL << type;
		if (!value_ok(spec, attr))
			fault("attribute %s of %s in an answer is no such: %u bytes", spec->name,
			      set->name, mnl_attr_get_payload_len(attr));
		if (spec->nested)
			check_attrs(spec->nested, ~0ULL, mnl_attr_get_payload(attr),
				    MNL_ALIGN(mnl_attr_get_payload_len(attr)));
	}
}

static void check_body(const struct spec_op *op, uint64_t allowed, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_len < NLMSG_HDRLEN + GENL_HDRLEN || nlh->nlmsg_len % NLMSG_ALIGNTO) {
		fault("an answer of %u bytes", nlh->nlmsg_len);
		return;
	}
	if (genl->version != PE_GENL_VERSION || genl->reserved)
		fault("an answer with version %u, reserved %u", genl->version, genl->reserved);
	check_attrs(op->set, allowed, (const uint8_t *)genl + GENL_HDRLEN,
		    nlh->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN);
}

/**
 * answer_reply() - judge an answer with attributes
 * @pending: what it answers
 * @nlh: it
 */
void answer_reply(const struct pending *pending, const struct nlmsghdr *nlh)
{
	const struct spec_op *op = &spec_ops[pending->cmd];

	if (nlh->nlmsg_type != family_id || !pending->cmd || !op->reply) {
		fault("an answer of type %u to cmd %u", nlh->nlmsg_type, pending->cmd);
		return;
	}
	if (!(nlh->nlmsg_flags & NLM_F_MULTI) != !pending->dump)
		fault("an answer with flags %#x to cmd %u", nlh->nlmsg_flags, pending->cmd);
	check_body(op, op->reply, nlh);
}

/**
 * answer_notification() - judge what nobody has asked for
 * @nlh: it
 */
void answer_notification(const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);

	if (genl->cmd >= spec_ops_count || !spec_ops[genl->cmd].name) {
		fault("a notification of cmd %u", genl->cmd);
		return;
	}
	check_body(&spec_ops[genl->cmd], ~0ULL, nlh);
}
