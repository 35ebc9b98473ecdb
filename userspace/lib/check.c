// SPDX-License-Identifier: GPL-2.0-only
/* Checks that hand a device what the engine would, and hear what comes back. */

#include "check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "checker.h"

static const char *const pe_check_kinds[] = {
	[PE_CHECK_NOTHING] = "nothing", [PE_CHECK_TCP] = "tcp",	  [PE_CHECK_UDP] = "udp",
	[PE_CHECK_ICMP] = "icmp",	[PE_CHECK_HTTP] = "http", [PE_CHECK_ARP] = "arp",
};

static const char *const pe_check_causes[] = {
	[PE_CHECK_CAUSE_NONE] = "none",		[PE_CHECK_CAUSE_ANSWERED] = "answered",
	[PE_CHECK_CAUSE_INSTEAD] = "instead",	[PE_CHECK_CAUSE_TIMEOUT] = "timeout",
	[PE_CHECK_CAUSE_ONE_WAY] = "one-way",	[PE_CHECK_CAUSE_REFUSED] = "refused",
	[PE_CHECK_CAUSE_REJECTED] = "rejected", [PE_CHECK_CAUSE_ASTRAY] = "astray",
	[PE_CHECK_CAUSE_LINK] = "link",		[PE_CHECK_CAUSE_NEIGHBOUR] = "neighbour",
	[PE_CHECK_CAUSE_ERROR] = "error",	[PE_CHECK_CAUSE_STATUS] = "status",
};

/**
 * pe_check_kind_name() - the word for what a check sends
 * @kind: enum pe_check_kind
 *
 * Return: the word.
 */
const char *pe_check_kind_name(unsigned int kind)
{
	return pe_check_kinds[kind];
}

/**
 * pe_check_cause_name() - the word for why that is known of a device
 * @cause: enum pe_check_cause
 *
 * Return: the word.
 */
const char *pe_check_cause_name(unsigned int cause)
{
	return pe_check_causes[cause];
}

/**
 * pe_health_name() - the word for how a device is
 * @health: enum pe_health
 *
 * Return: the word.
 */
const char *pe_health_name(unsigned int health)
{
	static const char *const names[] = { "unknown", "up", "down" };

	return names[health];
}

static void pe_check_say(struct pe_check *check, enum pe_health health, enum pe_check_cause cause,
			 const char *format, va_list args)
{
	check->health = (uint8_t)health;
	check->cause = (uint8_t)cause;
	vsnprintf(check->evidence, sizeof(check->evidence), format, args);
}

/**
 * pe_check_find() - know how a device is without sending anything
 * @check: the check, which sends nothing from now on
 * @health: how it is
 * @cause: why that is known
 * @format: a sentence, as for printf()
 */
void pe_check_find(struct pe_check *check, enum pe_health health, enum pe_check_cause cause,
		   const char *format, ...)
{
	va_list args;

	check->kind = PE_CHECK_NOTHING;
	va_start(args, format);
	pe_check_say(check, health, cause, format, args);
	va_end(args);
}

/**
 * pe_check_finish() - end a round
 * @check: the check
 * @health: how the device is
 * @cause: why that is known
 * @format: a sentence, as for printf(); empty where there is nothing to say
 */
void pe_check_finish(struct pe_check *check, enum pe_health health, enum pe_check_cause cause,
		     const char *format, ...)
{
	va_list args;

	check->spent = pe_checker_now() - check->sent;
	va_start(args, format);
	pe_check_say(check, health, cause, format, args);
	va_end(args);
	pe_checker_stop(check);
	check->done(check, check->arg);
}

/**
 * pe_check_pass() - end a round in which the device did what it should
 * @check: the check
 */
void pe_check_pass(struct pe_check *check)
{
	pe_check_finish(check, PE_HEALTH_UP, PE_CHECK_CAUSE_ANSWERED, "%s", "");
}

static void pe_check_ask(const struct pe_check *check, struct pe_frame *frame)
{
	memset(frame, 0, sizeof(*frame));
	frame->from = check->from;
	frame->to = check->to;
	frame->sport = check->sport;
	frame->dport = check->port;
	frame->token = check->token;
	frame->ttl = check->way == PE_CHECK_THROUGH ? PE_CHECK_TTL : 64;
	switch (check->kind) {
	case PE_CHECK_TCP:
		frame->kind = PE_FRAME_TCP;
		frame->flags = PE_FRAME_SYN;
		break;
	case PE_CHECK_UDP:
		frame->kind = PE_FRAME_UDP;
		break;
	case PE_CHECK_ARP:
		frame->kind = PE_FRAME_ASK;
		break;
	default:
		frame->kind = PE_FRAME_ECHO;
	}
}

static int pe_check_put(struct pe_frame *frame, const struct pe_check_end *end)
{
	memcpy(frame->smac, end->own, PE_MAC_LEN);
	memcpy(frame->dmac, end->mac, PE_MAC_LEN);
	return pe_ear_send(end->ear, frame);
}

static void pe_check_fail(struct pe_check *check, const struct pe_check_end *end, int err)
{
	bool link = err == -ENETDOWN || err == -ENXIO || err == -ENODEV;

	pe_check_finish(check, link ? PE_HEALTH_DOWN : PE_HEALTH_UNKNOWN,
			link ? PE_CHECK_CAUSE_LINK : PE_CHECK_CAUSE_ERROR,
			"cannot send by interface %s: %s", end->dev, strerror(-err));
}

/**
 * pe_check_send() - send what a round begins with
 * @check: the check
 */
void pe_check_send(struct pe_check *check)
{
	struct pe_frame frame;
	int err;

	check->through = false;
	pe_check_ask(check, &frame);
	err = pe_check_put(&frame, &check->out);
	if (err)
		pe_check_fail(check, &check->out, err);
}

/* Who was asked for a connection is told that none is wanted. */
static void pe_check_reset(struct pe_check *check)
{
	struct pe_frame frame;

	if (check->kind != PE_CHECK_TCP)
		return;
	pe_check_ask(check, &frame);
	frame.flags = PE_FRAME_RST;
	frame.token++;
	pe_check_put(&frame, &check->out);
}

static const char *pe_check_error_name(const struct pe_frame *error)
{
	bool ipv6 = error->from.len == 16;

	if (error->type == (ipv6 ? 3 : 11))
		return "time exceeded";
	if (error->type == (ipv6 ? 1 : 3))
		return "unreachable";
	return "parameter problem";
}

/* An error about a port that nobody listens at is the server's own. */
static void pe_check_rejected(struct pe_check *check, const struct pe_frame *error)
{
	char buf[PE_ADDR_STRLEN];

	pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_REJECTED,
			"rejected by %s: %s (icmp type %u code %u)",
			pe_addr_format(&error->from, buf), pe_check_error_name(error), error->type,
			error->code);
}

static bool pe_frame_is_answer(const struct pe_frame *frame)
{
	return frame->kind == PE_FRAME_REPLY || frame->kind == PE_FRAME_TELL ||
	       (frame->kind == PE_FRAME_TCP &&
		(frame->flags & (PE_FRAME_SYN | PE_FRAME_ACK | PE_FRAME_RST)) ==
			(PE_FRAME_SYN | PE_FRAME_ACK));
}

static bool pe_frame_is_refusal(const struct pe_frame *frame)
{
	return frame->kind == PE_FRAME_TCP && frame->flags & PE_FRAME_RST &&
	       frame->flags & PE_FRAME_ACK;
}

/* Does it come from where the data plane takes packets of the device from? */
static bool pe_check_is_from(struct pe_check *check, const struct pe_check_end *end,
			     const struct pe_ear *ear, const struct pe_frame *frame)
{
	char mac[PE_MAC_STRLEN];

	if (check->way == PE_CHECK_ROUTED ||
	    (ear == end->ear && !memcmp(frame->smac, end->mac, PE_MAC_LEN)))
		return true;
	pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_ASTRAY,
			"what it returned came by %s from %s, where packets of it are dropped",
			ear->dev, pe_mac_format(frame->smac, mac));
	return false;
}

static void pe_check_at(struct pe_check *check, const struct pe_ear *ear,
			const struct pe_frame *frame)
{
	if (!pe_frame_is_answer(frame) && !pe_frame_is_refusal(frame))
		return;
	if (check->kind == PE_CHECK_ARP && !pe_addr_equal(&frame->from, &check->to))
		return;
	if (check->kind != PE_CHECK_ARP && !pe_check_is_from(check, &check->out, ear, frame)) {
		pe_check_reset(check);
		return;
	}
	if (pe_frame_is_refusal(frame)) {
		pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_REFUSED,
				"refused: nobody listens at port %u", check->port);
		return;
	}
	pe_check_reset(check);
	pe_check_pass(check);
}

/* What was sent came out: now an answer, as the server would give it. */
static void pe_check_half(struct pe_check *check)
{
	struct pe_frame asked, answer;
	int err;

	check->through = true;
	pe_check_ask(check, &asked);
	pe_frame_answer(&answer, &asked);
	err = pe_check_put(&answer, &check->in);
	if (err)
		pe_check_fail(check, &check->in, err);
}

static bool pe_frame_is_asked(const struct pe_frame *frame)
{
	return frame->kind == PE_FRAME_ECHO || frame->kind == PE_FRAME_UDP ||
	       (frame->kind == PE_FRAME_TCP && frame->flags == PE_FRAME_SYN);
}

static void pe_check_through(struct pe_check *check, const struct pe_ear *ear,
			     const struct pe_frame *frame)
{
	bool asked = pe_frame_is_asked(frame) && pe_addr_equal(&frame->to, &check->to);

	if (asked) {
		if (!check->through && pe_check_is_from(check, &check->in, ear, frame))
			pe_check_half(check);
		return;
	}
	if (!pe_frame_is_answer(frame) && frame->kind != PE_FRAME_UDP) {
		if (pe_frame_is_refusal(frame))
			pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_REFUSED,
					"it refuses port %u itself", check->port);
		return;
	}
	if (!pe_check_is_from(check, &check->out, ear, frame))
		return;
	pe_check_reset(check);
	if (check->through)
		pe_check_pass(check);
	else
		pe_check_finish(check, PE_HEALTH_UP, PE_CHECK_CAUSE_INSTEAD,
				"it answers in the server's place");
}

/**
 * pe_check_hear() - hear what may have to do with a check
 * @check: the check, which is under way
 * @ear: where it came
 * @frame: what came, with the check's token
 */
void pe_check_hear(struct pe_check *check, const struct pe_ear *ear, const struct pe_frame *frame)
{
	if (frame->kind == PE_FRAME_ERROR)
		pe_check_rejected(check, frame);
	else if (check->way == PE_CHECK_THROUGH)
		pe_check_through(check, ear, frame);
	else
		pe_check_at(check, ear, frame);
}

/**
 * pe_check_expire() - nothing more came in time
 * @check: the check, which is under way
 */
void pe_check_expire(struct pe_check *check)
{
	char buf[PE_ADDR_STRLEN];

	if (check->kind == PE_CHECK_ARP)
		pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_NEIGHBOUR,
				"nobody answered at %s for %s within %u ms", check->out.dev,
				pe_addr_format(&check->to, buf), check->timeout);
	else if (check->way != PE_CHECK_THROUGH)
		pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_TIMEOUT,
				"no answer within %u ms", check->timeout);
	else if (!check->through)
		pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_TIMEOUT,
				"what went in by %s did not come out by %s within %u ms",
				check->out.dev, check->in.dev, check->timeout);
	else
		pe_check_finish(check, PE_HEALTH_DOWN, PE_CHECK_CAUSE_ONE_WAY,
				"an answer that went in by %s did not come out by %s within %u ms",
				check->in.dev, check->out.dev, check->timeout);
}
