// SPDX-License-Identifier: GPL-2.0-only
/* What becomes of real packets, a line for each stage. */

#include <info.h>
#include <linux/pe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "print_object.h"
#include "printer.h"
#include "watch.h"

/* Flows whose last stage is remembered; one that looks alike takes the place. */
#define TRACE_FLOWS 4096

/* Whose packets belong together: the client's end, and of which service. */
struct trace_flow {
	uint64_t clock;
	struct pe_addr client;
	uint16_t port;
	uint8_t proto;
	char service[PE_NAME_MAX + 1];
};

/* What prints. */
struct trace {
	struct watch watch;
	struct printer p;
	uint64_t lost;
	struct trace_flow *flows;
};

static int ends_order(const struct pe_sight_ends *ends)
{
	int order = memcmp(ends->saddr.b, ends->daddr.b, sizeof(ends->saddr.b));

	return order ? order : ends->sport - ends->dport;
}

/* Without a service, either end will do, but the same both ways. */
static void trace_flow_of(const struct pe_sight *sight, struct trace_flow *flow)
{
	bool source = sight->service ? sight->direction == PE_DIRECTION_FORWARD :
				       ends_order(&sight->came) < 0;

	memset(flow, 0, sizeof(*flow));
	flow->clock = sight->clock;
	flow->client = source ? sight->came.saddr : sight->came.daddr;
	flow->port = source ? sight->came.sport : sight->came.dport;
	flow->proto = sight->proto;
	if (sight->service)
		snprintf(flow->service, sizeof(flow->service), "%s", sight->service);
}

static uint32_t flow_hash(const struct trace_flow *flow)
{
	const uint8_t *p = (const uint8_t *)&flow->client;
	const uint8_t *end = (const uint8_t *)(flow + 1);
	uint32_t hash = 2166136261;

	for (; p < end; p++)
		hash = (hash ^ *p) * 16777619;
	return hash;
}

/* Nanoseconds since the flow was seen last; whether it was. */
static bool trace_since(struct trace *trace, const struct pe_sight *sight, uint64_t *since)
{
	size_t key = offsetof(struct trace_flow, client);
	struct trace_flow flow, *slot;
	bool known;

	trace_flow_of(sight, &flow);
	slot = &trace->flows[flow_hash(&flow) % TRACE_FLOWS];
	known = slot->clock && !memcmp((char *)slot + key, (char *)&flow + key, sizeof(flow) - key);
	*since = known ? flow.clock - slot->clock : 0;
	*slot = flow;
	return known;
}

static void print_time(struct trace *trace, const struct pe_sight *sight)
{
	struct printer *p = &trace->p;
	uint64_t since;

	if (p->options->timestamp) {
		print_uint(p, NULL, "[%llu.", sight->time / 1000000000);
		print_uint(p, NULL, "%09llu] ", sight->time % 1000000000);
	}
	print_uint(p, "time", NULL, sight->time);
	if (trace_since(trace, sight, &since))
		print_uint(p, "since", "%+12llu ns ", since);
	else
		print_text(p, "           - ns ");
}

static void print_origin(struct printer *p, const struct pe_sight *sight)
{
	bool forward = sight->direction == PE_DIRECTION_FORWARD;

	if (!sight->service)
		return;
	print_string(p, "service", "%s ", sight->service);
	print_string(p, "direction", "%s ", forward ? "forward" : "reverse");
	if (sight->from) {
		if (pe_sight_is(sight, PE_SIGHT_FROM_STEP))
			print_uint(p, "from-step", "from step %llu ", sight->from_step + 1);
		print_string(p, "from", "%s ", sight->from);
	}
}

static void print_came(struct printer *p, const struct pe_sight *sight)
{
	char mac[PE_MAC_STRLEN];

	if (sight->iif)
		print_string(p, "iif", "iif %s ", sight->iif);
	if (pe_sight_is(sight, PE_SIGHT_SOURCE))
		print_string(p, "source", "lladdr %s ", pe_mac_format(sight->source, mac));
	print_proto(p, sight->proto);
}

static void print_ends(struct printer *p, const struct pe_sight_ends *ends)
{
	char buf[PE_ADDR_STRLEN];

	print_string(p, "saddr", " %s", pe_addr_format(&ends->saddr, buf));
	if (ends->sport)
		print_uint(p, "sport", " port %llu", ends->sport);
	print_string(p, "daddr", " > %s", pe_addr_format(&ends->daddr, buf));
	if (ends->dport)
		print_uint(p, "dport", " port %llu", ends->dport);
}

static const char *verdict_text(const struct pe_sight *sight)
{
	switch (sight->action) {
	case PE_ACTION_ACCEPT:
		return ", belongs to no service";
	case PE_ACTION_DELIVER:
		return ", routed by the kernel";
	case PE_ACTION_TRANSLATE:
		return sight->oif ? "" : ", routed by the kernel";
	}
	return "";
}

static void print_verdict(struct printer *p, const struct pe_sight *sight)
{
	char mac[PE_MAC_STRLEN];

	print_string(p, "action", ": %s", pe_action_name(sight->action));
	print_text(p, verdict_text(sight));
	if (sight->action == PE_ACTION_DROP) {
		print_string(p, "reason", " (%s)", pe_drop_name(sight->reason));
		print_string(p, NULL, ", %s", pe_drop_text(sight->reason));
	}
	if (pe_sight_is(sight, PE_SIGHT_STEP))
		print_uint(p, "step", ", step %llu", sight->step + 1);
	if (sight->device)
		print_string(p, "device", " %s", sight->device);
	if (sight->oif)
		print_string(p, "oif", " dev %s", sight->oif);
	if (pe_sight_is(sight, PE_SIGHT_LLADDR))
		print_string(p, "lladdr", " lladdr %s", pe_mac_format(sight->lladdr, mac));
}

static bool sight_translated(const struct pe_sight *sight)
{
	return pe_sight_is(sight, PE_SIGHT_TO_SADDR) || pe_sight_is(sight, PE_SIGHT_TO_DADDR) ||
	       pe_sight_is(sight, PE_SIGHT_TO_SPORT) || pe_sight_is(sight, PE_SIGHT_TO_DPORT);
}

/* In JSON the packet's own ends are those it left with, as explain has them. */
static void trace_tell(const struct pe_sight *sight, void *arg)
{
	struct trace *trace = arg;
	struct printer *p = &trace->p;

	print_object(p, NULL);
	print_uint(p, "version", NULL, PRINTER_VERSION);
	print_time(trace, sight);
	print_origin(p, sight);
	print_came(p, sight);
	print_object(p, "came");
	print_ends(p, &sight->came);
	print_close(p);
	print_verdict(p, sight);
	if (sight_translated(sight))
		print_text(p, ", as");
	if (p->options->json || sight_translated(sight))
		print_ends(p, &sight->left);
	if (sight->lost > trace->lost)
		print_uint(p, "lost", " # %llu before this are lost", sight->lost - trace->lost);
	trace->lost = sight->lost;
	print_text(p, "\n");
	print_close(p);
}

/**
 * command_trace() - print what becomes of packets, as it happens
 * @request: of which
 * @options: the options
 *
 * Return: the exit code.
 */
int command_trace(const struct request *request, const struct options *options)
{
	struct trace trace = {
		.watch = { .out = stdout, .tell = trace_tell, .count = request->count },
	};
	struct options line = *options;
	int code;

	line.pretty = line.brief = false;
	line.oneline = true;
	printer_init(&trace.p, stdout, &line);
	trace.watch.arg = &trace;
	trace.flows = pe_xrealloc(NULL, TRACE_FLOWS * sizeof(*trace.flows));
	memset(trace.flows, 0, TRACE_FLOWS * sizeof(*trace.flows));
	code = watch_start(&trace.watch, &request->watch, options);
	if (!code) {
		code = watch_listen(&trace.watch, "stages");
		watch_close(&trace.watch);
	}
	free(trace.flows);
	return code;
}
