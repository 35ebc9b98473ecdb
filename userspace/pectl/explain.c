// SPDX-License-Identifier: GPL-2.0-only
/* The way of one packet, there and back. */

#include <arena.h>
#include <config.h>
#include <device.h>
#include <explain.h>
#include <info.h>
#include <libmnl/libmnl.h>
#include <linux/pe.h>
#include <object.h>
#include <refusal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "kernel.h"
#include "print_object.h"
#include "printer.h"

/* A packet's way being explained; devices that get copies are looked up once. */
struct explain {
	struct pe_sock sock;
	struct pe_arena arena;
	struct pe_config taps;
	struct pe_walk walk;
	struct printer p;
};

static bool hop_is(const struct pe_hop *hop, int attr)
{
	return hop->has & PE_HAS(attr);
}

static int explain_hear(const struct nlmsghdr *nlh, void *arg)
{
	return pe_walk_get(arg, nlh);
}

static int explain_ask(struct explain *explain, const struct pe_packet *packet)
{
	struct nlmsghdr *nlh = pe_sock_request(&explain->sock, PE_CMD_EXPLAIN, NLM_F_ACK);
	struct pe_refusal refusal;

	pe_packet_put(nlh, packet);
	explain->walk.nhops = 0;
	if (pe_sock_ask(&explain->sock, nlh, explain_hear, &explain->walk, &refusal))
		return kernel_refused(&refusal);
	return EXIT_DONE;
}

static int explain_keep(const struct nlmsghdr *nlh, void *arg)
{
	return pe_config_add_message(arg, nlh);
}

/* The interface of a device that gets copies, or NULL. */
static const char *explain_tap_dev(struct explain *explain, const char *name)
{
	const struct pe_object object = { .name = name, .kind = PE_OBJECT_DEVICE };
	const struct pe_table *taps = &explain->taps.tables[PE_OBJECT_DEVICE];
	struct pe_object **found = pe_table_find(taps, name, strlen(name));
	struct pe_refusal refusal;

	if (!found) {
		kernel_get(&explain->sock, &object, false, explain_keep, &explain->taps, &refusal);
		found = pe_table_find(taps, name, strlen(name));
	}
	return found ? ((const struct pe_device *)*found)->outside.dev : NULL;
}

static const char *const action_texts[] = {
	[PE_ACTION_ACCEPT] = "belongs to no service: left alone",
	[PE_ACTION_STEER] = "handed on",
	[PE_ACTION_TRANSLATE] = "translated, then routed by the kernel",
	[PE_ACTION_DELIVER] = "leaves the sequence, routed by the kernel",
	[PE_ACTION_DROP] = "dropped",
	[PE_ACTION_EXIT] = "leaves the sequence by the service's exit",
};

static void print_hop_origin(struct printer *p, const struct pe_hop *hop)
{
	print_string(p, "direction", "  %-8s",
		     hop->direction == PE_DIRECTION_FORWARD ? "forward" : "reverse");
	if (hop->service)
		print_string(p, "service", NULL, hop->service);
	if (hop->from)
		print_string(p, "from", "from %s", hop->from);
	else
		print_text(p, hop->direction == PE_DIRECTION_FORWARD ? "from the client" :
								       "from the server");
	if (hop->iif)
		print_string(p, "iif", " iif %s", hop->iif);
}

static void print_hop_taps(struct explain *explain, const struct pe_hop *hop)
{
	struct printer *p = &explain->p;
	unsigned int i;

	if (!hop->ntaps)
		return;
	print_array(p, "taps");
	for (i = 0; i < hop->ntaps; i++) {
		const char *dev = NULL;

		print_string(p, "tap", ", copy to %s", hop->taps[i]);
		if (!p->options->json)
			dev = explain_tap_dev(explain, hop->taps[i]);
		if (dev)
			print_string(p, NULL, " dev %s", dev);
	}
	print_close(p);
}

/* A network service header has two numbers where others have one. */
static void print_hop_code(struct printer *p, const struct pe_hop *hop)
{
	if (hop->track != PE_TRACK_NSH) {
		print_uint(p, "code", " %llu", hop->code);
		return;
	}
	print_uint(p, "path", " path %llu", hop->code >> 8);
	print_uint(p, "index", " index %llu", hop->code & 0xff);
}

static void print_hop_target(struct printer *p, const struct pe_hop *hop)
{
	char buf[PE_MAC_STRLEN];

	if (hop_is(hop, PE_HOP_STEP))
		print_uint(p, "step", ", step %llu", hop->step + 1);
	if (hop->device)
		print_string(p, "device", " to %s", hop->device);
	if (hop->oif)
		print_string(p, "oif", " dev %s", hop->oif);
	if (hop_is(hop, PE_HOP_LLADDR))
		print_string(p, "lladdr", " lladdr %s", pe_mac_format(hop->lladdr, buf));
	if (hop_is(hop, PE_HOP_TRACK)) {
		print_string(p, "track", " %s", track_name(hop->track));
		print_hop_code(p, hop);
	}
}

static void print_hop_addresses(struct printer *p, const struct pe_hop *hop)
{
	char buf[PE_ADDR_STRLEN];

	print_text(p, ", as");
	if (hop_is(hop, PE_HOP_PROTO))
		print_proto(p, hop->proto);
	if (hop->saddr.len)
		print_string(p, "saddr", " %s", pe_addr_format(&hop->saddr, buf));
	else
		print_text(p, " any");
	if (hop->sport)
		print_uint(p, "sport", " port %llu", hop->sport);
	if (hop->daddr.len)
		print_string(p, "daddr", " > %s", pe_addr_format(&hop->daddr, buf));
	else
		print_text(p, " > any");
	if (hop->dport)
		print_uint(p, "dport", " port %llu", hop->dport);
}

static void print_hop_acl(struct printer *p, const struct pe_hop *hop)
{
	if (!hop->acl)
		return;
	print_string(p, "acl", ", acl %s", hop->acl);
	if (hop_is(hop, PE_HOP_RULE))
		print_uint(p, "rule", " rule %llu", (uint64_t)hop->rule + 1);
	else
		print_text(p, " default");
}

static void print_hop(struct explain *explain, const struct pe_hop *hop)
{
	struct printer *p = &explain->p;
	bool known = hop->action <= PE_ACTION_EXIT;

	print_object(p, NULL);
	print_hop_origin(p, hop);
	print_string(p, "action", NULL, pe_action_name(hop->action));
	print_string(p, NULL, ": %s", known ? action_texts[hop->action] : "unknown");
	print_hop_target(p, hop);
	if (hop->action == PE_ACTION_DROP) {
		print_string(p, "reason", " (%s)", pe_drop_name(hop->reason));
		print_string(p, NULL, ": %s", pe_drop_text(hop->reason));
	}
	if (hop_is(hop, PE_HOP_OBSTACLE)) {
		print_string(p, "obstacle", " (%s)", pe_obstacle_name(hop->obstacle));
		print_string(p, NULL, ": %s", pe_obstacle_text(hop->obstacle));
	}
	if (hop_is(hop, PE_HOP_LIMIT)) {
		print_text(p, ", limit");
		print_limit(p, "limit", &hop->limit);
	}
	if (hop_is(hop, PE_HOP_ENGINE_LIMIT)) {
		print_text(p, ", limit of the engine");
		print_limit(p, "engine_limit", &hop->engine_limit);
	}
	print_hop_acl(p, hop);
	print_hop_addresses(p, hop);
	print_hop_taps(explain, hop);
	print_text(p, "\n");
	print_close(p);
}

static void print_walk(struct explain *explain, const char *key)
{
	unsigned int i;

	print_list(&explain->p, key);
	for (i = 0; i < explain->walk.nhops; i++)
		print_hop(explain, &explain->walk.hops[i]);
	print_list_end(&explain->p);
}

static struct pe_packet explain_forward(const struct request_flow *flow)
{
	struct pe_packet packet = {
		.saddr = flow->from,
		.daddr = flow->to,
		.proto = (uint8_t)flow->proto,
		.has_proto = flow->has_proto,
		.sport = (uint16_t)flow->sport,
		.dport = (uint16_t)flow->port,
		.iif = flow->iif,
	};

	return packet;
}

/* The answer of what the packet came to, as it leaves there. */
static bool explain_reverse(const struct pe_packet *there, const struct pe_walk *walk,
			    struct pe_packet *back)
{
	const struct pe_hop *last;

	if (!walk->nhops)
		return false;
	last = &walk->hops[walk->nhops - 1];
	if (!last->service || last->action == PE_ACTION_DROP ||
	    last->direction != PE_DIRECTION_FORWARD)
		return false;
	*back = *there;
	/* The port that the client uses: the kernel knows what comes of it. */
	back->sport = there->dport;
	back->saddr = last->daddr.len ? last->daddr : there->daddr;
	back->daddr = last->saddr.len ? last->saddr : there->saddr;
	back->dport = last->sport ? last->sport : there->sport;
	back->iif = last->oif;
	/* What answers beyond the sequence is at no place of its own. */
	back->service = last->device ? last->service : NULL;
	return true;
}

static int explain_run(struct explain *explain, const struct request *request)
{
	struct pe_packet there = explain_forward(&request->flow), back;
	int code = explain_ask(explain, &there);

	if (code)
		return code;
	print_document(&explain->p);
	print_walk(explain, "forward");
	if (explain_reverse(&there, &explain->walk, &back)) {
		code = explain_ask(explain, &back);
		if (!code)
			print_walk(explain, "reverse");
	}
	print_document_end(&explain->p);
	return code;
}

/**
 * command_explain() - print every stage that a packet would meet
 * @request: the packet
 * @options: the options
 *
 * Return: the exit code.
 */
int command_explain(const struct request *request, const struct options *options)
{
	struct explain *explain;
	int code;

	explain = pe_xrealloc(NULL, sizeof(*explain));
	memset(explain, 0, sizeof(*explain));
	explain->walk.arena = &explain->arena;
	code = kernel_open(&explain->sock, options);
	if (!code) {
		printer_init(&explain->p, stdout, options);
		code = explain_run(explain, request);
		pe_sock_close(&explain->sock);
	}
	pe_config_free(&explain->taps);
	pe_arena_free(&explain->arena);
	free(explain);
	return code;
}
