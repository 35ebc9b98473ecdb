// SPDX-License-Identifier: GPL-2.0-only

#include <netinet/in.h>
#include <service.h>
#include <stdio.h>

#include "options.h"
#include "print_object.h"
#include "printer.h"

/**
 * proto_name() - the word for a protocol
 * @proto: its number
 *
 * Return: the word, or NULL when it has only its number.
 */
const char *proto_name(unsigned int proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_SCTP:
		return "sctp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	}
	return NULL;
}

/**
 * track_name() - the word for a way to know the stages of packets
 * @method: enum pe_track
 */
const char *track_name(unsigned int method)
{
	static const char *const names[] = {
		[PE_TRACK_LINK] = "link", [PE_TRACK_DSCP] = "dscp", [PE_TRACK_VLAN] = "vlan",
		[PE_TRACK_MPLS] = "mpls", [PE_TRACK_NSH] = "nsh",
	};

	return method < sizeof(names) / sizeof(*names) ? names[method] : "unknown";
}

/**
 * print_counter() - print packets and bytes
 * @p: the printer
 * @key: of what
 * @counter: the numbers
 */
void print_counter(struct printer *p, const char *key, const struct pe_counter *counter)
{
	print_object(p, key);
	print_string(p, NULL, "%s ", key);
	print_uint(p, "packets", "%llu packets ", counter->packets);
	print_uint(p, "bytes", "%llu bytes", counter->bytes);
	print_close(p);
}

/**
 * print_counters() - print packets and bytes both ways
 * @p: the printer
 * @forward: from client to server
 * @reverse: from server to client
 */
void print_counters(struct printer *p, const struct pe_counter *forward,
		    const struct pe_counter *reverse)
{
	print_counter(p, "forward", forward);
	print_text(p, ", ");
	print_counter(p, "reverse", reverse);
}

/**
 * print_proto() - print a protocol
 * @p: the printer
 * @proto: its number
 */
void print_proto(struct printer *p, unsigned int proto)
{
	const char *name = proto_name(proto);
	char number[16];

	snprintf(number, sizeof(number), "%u", proto);
	print_string(p, "proto", name ? " %s" : " proto %s", name ? name : number);
}

static void print_ports(struct printer *p, const char *key, const struct pe_range *ranges,
			unsigned int count)
{
	unsigned int i;

	print_array(p, key);
	for (i = 0; i < count; i++) {
		const struct pe_range *range = &ranges[i];

		print_object(p, NULL);
		print_uint(p, "first", i ? ",%llu" : " %llu", range->first);
		print_uint(p, "last", range->first == range->last ? NULL : "-%llu", range->last);
		print_close(p);
	}
	print_close(p);
}

static void print_client(struct printer *p, const struct pe_service *service)
{
	char buf[PE_ADDR_STRLEN], prefix[PE_ADDR_STRLEN + 8];

	snprintf(prefix, sizeof(prefix), "%s/%u", pe_addr_format(&service->client, buf),
		 service->client_len);
	print_string(p, "client", "client %s", prefix);
}

static void print_exit(struct printer *p, const struct pe_service *service, const char *before)
{
	char buf[PE_ADDR_STRLEN];

	if (!(service->has & (PE_HAS(PE_SERVICE_EXIT_VIA) | PE_HAS(PE_SERVICE_EXIT_TABLE))))
		return;
	print_text(p, before);
	print_object(p, "exit");
	if (service->has & PE_HAS(PE_SERVICE_EXIT_VIA))
		print_string(p, "via", " via %s", pe_addr_format(&service->exit_via, buf));
	else
		print_uint(p, "table", " table %llu", service->exit_table);
	if (service->exit_dev)
		print_string(p, "dev", " dev %s", service->exit_dev);
	print_close(p);
}

static void print_match(struct printer *p, const struct pe_service *service)
{
	char buf[PE_ADDR_STRLEN];

	if (service->has & PE_HAS(PE_SERVICE_CLIENT))
		print_client(p, service);
	else
		print_string(p, "vip", "vip %s", pe_addr_format(&service->vip, buf));
	if (service->has & PE_HAS(PE_SERVICE_PROTO))
		print_proto(p, service->proto);
	if (service->nranges) {
		print_text(p, " port");
		print_ports(p, "ports", service->ranges, service->nranges);
	}
	if (service->ndynamic) {
		print_text(p, " dynamic");
		print_ports(p, "dynamic", service->dynamic, service->ndynamic);
	}
	if (service->iif)
		print_string(p, "iif", " iif %s", service->iif);
	if (service->announce)
		print_string(p, "announce", " announce dev %s", service->announce);
}

static void print_emits(struct printer *p, const struct pe_step *step)
{
	print_object(p, "emits");
	print_text(p, " emits");
	print_proto(p, step->emit_proto);
	if (step->emit_port)
		print_uint(p, "port", " port %llu", step->emit_port);
	print_close(p);
}

static void print_quality(struct printer *p, const struct pe_service *service)
{
	if (service->has & PE_HAS(PE_SERVICE_DSCP))
		print_uint(p, "dscp", "; dscp %llu", service->dscp);
	if (service->has & PE_HAS(PE_SERVICE_DSCP_FORWARD))
		print_uint(p, "dscp_forward", "; dscp forward %llu", service->dscp_forward);
	if (service->has & PE_HAS(PE_SERVICE_DSCP_REVERSE))
		print_uint(p, "dscp_reverse", "; dscp reverse %llu", service->dscp_reverse);
	if (service->has & PE_HAS(PE_SERVICE_PRIORITY))
		print_uint(p, "priority", "; priority %llu", service->priority);
	if (service->has & PE_HAS(PE_SERVICE_MARK))
		print_uint(p, "mark", "; mark %llu", service->mark);
}

static void print_track(struct printer *p, const struct pe_service *service)
{
	if (service->track)
		print_string(p, "track", "; track %s", track_name(service->track));
	if (service->track_first)
		print_uint(p, "track_first", " %llu", service->track_first);
	print_quality(p, service);
}

static void print_flows_kept(struct printer *p, const struct pe_service *service,
			     const char *before)
{
	if (!pe_service_has_state(service))
		return;
	print_object(p, "state");
	print_text(p, before);
	if (service->state_flows)
		print_uint(p, "flows", " flows %llu", service->state_flows);
	if (service->state_timeout)
		print_duration(p, "timeout", " timeout %s", service->state_timeout * 1000);
	print_close(p);
}

static void print_flow_counts(struct printer *p, const struct pe_service *service)
{
	const struct pe_service_stats *stats = service->stats;

	if (!pe_service_has_state(service))
		return;
	print_comment(p);
	print_object(p, "flows");
	print_uint(p, "used", "remembers %llu flows", stats->flows);
	print_uint(p, "made", ", began to remember %llu", stats->flows_made);
	print_uint(p, "over", ", had no room for %llu packets' flows", stats->flows_over);
	print_close(p);
}

static void print_step_counters(struct printer *p, const struct pe_step *step,
				const struct pe_direction_counters *counters)
{
	print_counters(p, &counters->forward, &counters->reverse);
	if (!step->open)
		return;
	print_text(p, ", ");
	print_counter(p, "skipped", &counters->skipped);
}

static void print_sequence(struct printer *p, const struct pe_service *service)
{
	const struct pe_service_stats *stats = p->options->stats ? service->stats : NULL;
	unsigned int i;

	print_array(p, "sequence");
	for (i = 0; i < service->nsteps; i++) {
		const struct pe_step *step = &service->steps[i];

		print_object(p, NULL);
		print_string(p, "device", i ? ", %s" : " %s", step->device);
		if (step->port)
			print_uint(p, "port", " port %llu", step->port);
		if (step->emits)
			print_emits(p, step);
		if (step->open)
			print_string(p, "fail", " fail %s", "open");
		if (stats && p->options->json)
			print_step_counters(p, step, &stats->steps[i]);
		print_close(p);
	}
	print_close(p);
}

static void print_step_comments(struct printer *p, const struct pe_service *service)
{
	unsigned int i;

	for (i = 0; i < service->nsteps; i++) {
		const struct pe_direction_counters *step = &service->stats->steps[i];

		print_comment(p);
		print_uint(p, NULL, "step %llu ", i + 1);
		print_string(p, NULL, "%s: ", service->steps[i].device);
		print_step_counters(p, &service->steps[i], step);
	}
}

static void print_service_stats(struct printer *p, const struct pe_service *service)
{
	print_comment(p);
	print_counters(p, &service->stats->all.forward, &service->stats->all.reverse);
	if (service->has & PE_HAS(PE_SERVICE_LIMIT)) {
		print_text(p, ", ");
		print_counter(p, "limited", &service->stats->limited);
	}
	if (!p->options->json)
		print_step_comments(p, service);
	print_flow_counts(p, service);
}

static void print_service_limit(struct printer *p, const struct pe_service *service,
				const char *before)
{
	if (!(service->has & PE_HAS(PE_SERVICE_LIMIT)))
		return;
	print_text(p, before);
	print_limit(p, "limit", &service->limit);
}

/* What is no part of the configuration. */
static void print_formers(struct printer *p, const struct pe_service *service)
{
	unsigned int i;

	if (!service->nformers)
		return;
	print_comment(p);
	print_array(p, "former");
	for (i = 0; i < service->nformers; i++) {
		const struct pe_step *former = &service->formers[i];

		print_object(p, NULL);
		print_string(p, "device", i ? ", %s" : "flows may keep to %s", former->device);
		if (former->port)
			print_uint(p, "port", " port %llu", former->port);
		print_close(p);
	}
	print_close(p);
}

static void print_service_full(struct printer *p, const struct pe_service *service)
{
	print_object(p, "service");
	print_string(p, "name", "service %s { ", service->o.name);
	print_match(p, service);
	print_track(p, service);
	print_text(p, "; sequence");
	print_sequence(p, service);
	print_exit(p, service, "; exit");
	if (service->acl)
		print_string(p, "acl", "; acl %s", service->acl);
	print_service_limit(p, service, "; limit");
	print_owner(p, &service->o, "; owner %s");
	print_flows_kept(p, service, "; state");
	print_text(p, "; }");
	if (p->options->details) {
		print_comment(p);
		print_uint(p, "id", "id %llu", service->id);
		print_uint(p, "generation", ", generation %llu", service->generation);
		print_formers(p, service);
	}
	if (p->options->stats && service->stats)
		print_service_stats(p, service);
	print_comments_end(p);
	print_close(p);
}

static void print_service_brief(struct printer *p, const struct pe_service *service)
{
	print_string(p, NULL, "%-16s ", service->o.name);
	print_match(p, service);
	print_track(p, service);
	print_text(p, " ->");
	print_sequence(p, service);
	print_exit(p, service, " exit");
	if (service->acl)
		print_string(p, "acl", " acl %s", service->acl);
	print_service_limit(p, service, " limit");
	print_owner(p, &service->o, " owner %s");
	print_flows_kept(p, service, " state");
	print_text(p, "\n");
}

/**
 * print_service() - print a service
 * @p: the printer
 * @service: the service
 */
void print_service(struct printer *p, const struct pe_service *service)
{
	if (p->options->brief && !p->options->json)
		print_service_brief(p, service);
	else
		print_service_full(p, service);
}
