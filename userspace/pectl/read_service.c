// SPDX-License-Identifier: GPL-2.0-only
/* What the words of a service mean. */

#include <netinet/in.h>
#include <string.h>

#include "parse.h"

/**
 * service_begin() - start a service
 * @parse: the text
 * @verb: what becomes of it
 * @name: its name
 */
void service_begin(struct parse *parse, enum pe_verb verb, struct word name)
{
	struct pe_object *object;

	if (parse->failed)
		return;
	object = parse_declare(parse, PE_OBJECT_SERVICE, verb, name, sizeof(*parse->service));
	parse->service = (struct pe_service *)object;
	parse->engine = NULL;
	parse->device = NULL;
	parse->pool = NULL;
	parse->acl = NULL;
	parse->nranges = 0;
	parse->ndynamic = 0;
	parse->negotiated = false;
	parse->nsteps = 0;
	if (object)
		parse->service->at[PE_SERVICE_NAME] = object->at;
}

/**
 * service_copy() - start a service that is like another
 * @parse: the text
 * @from: name of the other
 * @name: its name
 */
void service_copy(struct parse *parse, struct word from, struct word name)
{
	const char *other = parse->failed ? NULL : parse_name(parse, from, "service");

	if (!other)
		return;
	service_begin(parse, PE_VERB_COPY, name);
	if (!parse->service)
		return;
	parse->service->from = pe_arena_strndup(&parse->config->arena, other, from.len);
	parse->service->from_at = from.at + 1;
}

/* Notes that a part is there, which it must not have been before. */
static bool service_set(struct parse *parse, int attr, struct word word)
{
	struct pe_service *service = parse->service;

	if (service->has & PE_HAS(attr)) {
		parse_error(parse, word, "'%.*s' says again what service '%s' has been told",
			    (int)word.len, parse->source->text + word.at, service->o.name);
		return false;
	}
	service->has |= PE_HAS(attr);
	service->at[attr] = word.at + 1;
	return true;
}

/**
 * service_vip() - the address
 * @parse: the text
 * @word: where it stands
 * @value: the address
 */
void service_vip(struct parse *parse, struct word word, struct word value)
{
	if (!service_set(parse, PE_SERVICE_VIP, word))
		return;
	parse->service->at[PE_SERVICE_VIP] = value.at + 1;
	parse_address(parse, value, &parse->service->vip);
}

/**
 * service_client() - the prefix of the clients
 * @parse: the text
 * @word: where it stands
 * @value: the prefix, or one address
 */
void service_client(struct parse *parse, struct word word, struct word value)
{
	struct pe_service *service = parse->service;

	if (!service_set(parse, PE_SERVICE_CLIENT, word))
		return;
	service->at[PE_SERVICE_CLIENT] = value.at + 1;
	service->at[PE_SERVICE_CLIENT_LEN] = value.at + 1;
	parse_prefix(parse, value, &service->client, &service->client_len);
}

/**
 * service_exit_via() - the next hop of what leaves the sequence
 * @parse: the text
 * @word: where it stands
 * @value: its address
 */
void service_exit_via(struct parse *parse, struct word word, struct word value)
{
	if (!service_set(parse, PE_SERVICE_EXIT_VIA, word))
		return;
	parse->service->at[PE_SERVICE_EXIT_VIA] = value.at + 1;
	parse_address(parse, value, &parse->service->exit_via);
}

/**
 * service_exit_dev() - the interface that the next hop is at
 * @parse: the text
 * @word: where it stands
 * @value: its name
 */
void service_exit_dev(struct parse *parse, struct word word, struct word value)
{
	if (parse->failed || !service_set(parse, PE_SERVICE_EXIT_DEV, word) ||
	    !parse_ifname(parse, value))
		return;
	parse->service->at[PE_SERVICE_EXIT_DEV] = value.at + 1;
	parse->service->exit_dev =
		pe_arena_strndup(&parse->config->arena, parse->source->text + value.at, value.len);
}

/**
 * service_acl() - the list that says what clients may send
 * @parse: the text
 * @word: where it stands
 * @value: its name
 */
void service_acl(struct parse *parse, struct word word, struct word value)
{
	const char *name;

	if (!service_set(parse, PE_SERVICE_ACL, word))
		return;
	parse->service->at[PE_SERVICE_ACL] = value.at + 1;
	name = parse_name(parse, value, "acl");
	if (name)
		parse->service->acl = pe_arena_strndup(&parse->config->arena, name, value.len);
}

/**
 * service_limit() - how much of what clients send is let in follows
 * @parse: the text
 * @word: where it stands
 */
void service_limit(struct parse *parse, struct word word)
{
	if (service_set(parse, PE_SERVICE_LIMIT, word))
		limit_begin(parse, &parse->service->limit);
}

/**
 * service_exit_table() - the routing table of what leaves the sequence
 * @parse: the text
 * @word: where it stands
 * @value: its number
 */
void service_exit_table(struct parse *parse, struct word word, struct word value)
{
	unsigned int table;

	if (!service_set(parse, PE_SERVICE_EXIT_TABLE, word))
		return;
	parse->service->at[PE_SERVICE_EXIT_TABLE] = value.at + 1;
	if (parse_number(parse, value, 1, UINT32_MAX, "routing table", &table))
		parse->service->exit_table = table;
}

/**
 * service_proto() - the protocol
 * @parse: the text
 * @word: the protocol
 */
void service_proto(struct parse *parse, struct word word)
{
	if (service_set(parse, PE_SERVICE_PROTO, word))
		parse->service->proto = (uint8_t)parse_proto(parse, word);
}

/**
 * service_ports() - ports have been read
 * @parse: the text
 * @word: where it stands
 */
void service_ports(struct parse *parse, struct word word)
{
	service_set(parse, PE_SERVICE_PORT, word);
}

static bool service_parse_range(struct parse *parse, struct word word, struct pe_range *range)
{
	range->at = word.at + 1;
	return parse_ports(parse, word, 1, &range->first, &range->last);
}

/**
 * service_dynamic() - ports that are negotiated over the others follow
 * @parse: the text
 * @word: where it stands
 */
void service_dynamic(struct parse *parse, struct word word)
{
	if (parse->ndynamic)
		parse_error(parse, word, "'dynamic' says again what service '%s' has been told",
			    parse->service->o.name);
	parse->negotiated = true;
}

/**
 * service_dynamic_end() - that was the last of them
 * @parse: the text
 */
void service_dynamic_end(struct parse *parse)
{
	parse->negotiated = false;
}

static bool service_range_overlaps(const struct pe_range *range, const struct pe_range *others,
				   unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (range->first <= others[i].last && others[i].first <= range->last)
			return true;
	return false;
}

/**
 * service_range() - a port, or ports from one to another
 * @parse: the text
 * @word: the ports
 */
void service_range(struct parse *parse, struct word word)
{
	struct pe_range range;

	if (!service_parse_range(parse, word, &range))
		return;
	if (parse->nranges + parse->ndynamic == PE_PORTS_MAX) {
		parse_error(parse, word, "service '%s' has more than %d ports or ranges of them",
			    parse->service->o.name, PE_PORTS_MAX);
		return;
	}
	if (service_range_overlaps(&range, parse->ranges, parse->nranges) ||
	    service_range_overlaps(&range, parse->dynamic, parse->ndynamic))
		parse_error(parse, word, "'%.*s' overlaps with ports before it", (int)word.len,
			    parse->source->text + word.at);
	if (parse->negotiated)
		parse->dynamic[parse->ndynamic++] = range;
	else
		parse->ranges[parse->nranges++] = range;
}

/**
 * service_iif() - the interface of arrival
 * @parse: the text
 * @word: where it stands
 * @value: its name
 */
void service_iif(struct parse *parse, struct word word, struct word value)
{
	if (!service_set(parse, PE_SERVICE_IIF, word) || !parse_ifname(parse, value))
		return;
	parse->service->at[PE_SERVICE_IIF] = value.at + 1;
	parse->service->iif =
		pe_arena_strndup(&parse->config->arena, parse->source->text + value.at, value.len);
}

/**
 * service_track() - how the stages of packets are known
 * @parse: the text
 * @word: where it stands
 * @method: enum pe_track
 */
void service_track(struct parse *parse, struct word word, int method)
{
	if (service_set(parse, PE_SERVICE_TRACK, word))
		parse->service->track = (uint32_t)method;
}

/**
 * service_track_first() - the code of the first step
 * @parse: the text
 * @word: the code
 */
void service_track_first(struct parse *parse, struct word word)
{
	static const struct {
		const char *what;
		unsigned int min;
		unsigned int max;
	} codes[] = {
		[PE_TRACK_DSCP] = { "DSCP", 1, 63 },
		[PE_TRACK_VLAN] = { "VLAN", 1, 4094 },
		[PE_TRACK_MPLS] = { "label", 16, 1048575 },
		[PE_TRACK_NSH] = { "service path", 1, 8388607 },
	};
	struct pe_service *service = parse->service;

	if (parse->failed)
		return;
	if (service->track == PE_TRACK_LINK) {
		parse_error(parse, word, "'track link' has no codes");
		return;
	}
	if (service_set(parse, PE_SERVICE_TRACK_FIRST, word))
		parse_number(parse, word, codes[service->track].min, codes[service->track].max,
			     codes[service->track].what, &service->track_first);
}

/**
 * service_dscp() - the DSCP of packets
 * @parse: the text
 * @word: where it stands
 * @value: the DSCP
 * @attr: for which directions: PE_SERVICE_DSCP or PE_SERVICE_DSCP_...
 */
void service_dscp(struct parse *parse, struct word word, struct word value, int attr)
{
	struct pe_service *service = parse->service;
	uint8_t *where = attr == PE_SERVICE_DSCP_FORWARD ? &service->dscp_forward :
			 attr == PE_SERVICE_DSCP_REVERSE ? &service->dscp_reverse :
							   &service->dscp;
	unsigned int dscp;

	if (service_set(parse, attr, word) && parse_number(parse, value, 0, 63, "DSCP", &dscp))
		*where = (uint8_t)dscp;
}

/**
 * service_priority() - the priority of packets, for tc
 * @parse: the text
 * @word: where it stands
 * @value: the priority
 */
void service_priority(struct parse *parse, struct word word, struct word value)
{
	if (service_set(parse, PE_SERVICE_PRIORITY, word))
		parse_number(parse, value, 0, UINT32_MAX, "priority", &parse->service->priority);
}

/**
 * service_mark() - the mark of packets, for tc
 * @parse: the text
 * @word: where it stands
 * @value: the mark
 */
void service_mark(struct parse *parse, struct word word, struct word value)
{
	if (service_set(parse, PE_SERVICE_MARK, word))
		parse_number(parse, value, 0, UINT32_MAX, "mark", &parse->service->mark);
}

/**
 * service_announce() - the interface on which the address is answered for
 * @parse: the text
 * @word: where it stands
 * @value: its name
 */
void service_announce(struct parse *parse, struct word word, struct word value)
{
	if (!service_set(parse, PE_SERVICE_ANNOUNCE, word) || !parse_ifname(parse, value))
		return;
	parse->service->at[PE_SERVICE_ANNOUNCE] = value.at + 1;
	parse->service->announce =
		pe_arena_strndup(&parse->config->arena, parse->source->text + value.at, value.len);
}

/**
 * service_state() - flows are remembered, or not
 * @parse: the text
 * @word: where it stands
 * @on: whether they are
 */
void service_state(struct parse *parse, struct word word, bool on)
{
	if (service_set(parse, PE_SERVICE_STATE, word))
		parse->service->state_off = !on;
}

/**
 * service_state_flows() - how many at most
 * @parse: the text
 * @word: where it stands
 * @value: the number
 */
void service_state_flows(struct parse *parse, struct word word, struct word value)
{
	unsigned int flows;

	if (parse->failed)
		return;
	if (parse->service->state_flows)
		parse_error(parse, word, "'flows' stands there already");
	else if (parse_number(parse, value, 1, 16777216, "number of flows", &flows))
		parse->service->state_flows = flows;
}

/**
 * service_state_timeout() - for how long
 * @parse: the text
 * @word: where it stands
 * @value: the time
 */
void service_state_timeout(struct parse *parse, struct word word, struct word value)
{
	uint32_t ms;

	if (parse->failed)
		return;
	if (parse->service->state_timeout)
		parse_error(parse, word, "'timeout' stands there already");
	else if (parse_duration(parse, value, 1000, PE_FLOW_TIMEOUT_MAX * 1000u, &ms) && ms % 1000)
		parse_error(parse, value, "flows are remembered for whole seconds");
	else if (!parse->failed)
		parse->service->state_timeout = ms / 1000;
}

/**
 * service_sequence() - steps have been read
 * @parse: the text
 * @word: where it stands
 */
void service_sequence(struct parse *parse, struct word word)
{
	service_set(parse, PE_SERVICE_STEP, word);
}

/**
 * service_step() - a device of the sequence
 * @parse: the text
 * @word: its name
 */
void service_step(struct parse *parse, struct word word)
{
	const char *name = parse_name(parse, word, "device");
	struct pe_step *step;

	if (!name)
		return;
	if (parse->nsteps == PE_STEPS_MAX) {
		parse_error(parse, word, "the sequence of service '%s' has more than %d steps",
			    parse->service->o.name, PE_STEPS_MAX);
		return;
	}
	step = &parse->steps[parse->nsteps++];
	memset(step, 0, sizeof(*step));
	step->device = pe_arena_strndup(&parse->config->arena, name, word.len);
	step->at = word.at + 1;
}

/**
 * service_step_port() - the port towards the device read last
 * @parse: the text
 * @word: the port
 */
void service_step_port(struct parse *parse, struct word word)
{
	unsigned int port;

	/* The device may have been no name. */
	if (!parse->failed && parse_number(parse, word, 1, 65535, "port", &port))
		parse->steps[parse->nsteps - 1].port = (uint16_t)port;
}

/**
 * service_step_open() - the step read last is left out while no device is up
 * @parse: the text
 */
void service_step_open(struct parse *parse)
{
	if (!parse->failed)
		parse->steps[parse->nsteps - 1].open = true;
}

/**
 * service_step_emits() - what the device read last returns
 * @parse: the text
 * @word: the protocol
 */
void service_step_emits(struct parse *parse, struct word word)
{
	struct pe_step *step;
	unsigned int proto;

	if (parse->failed)
		return;
	proto = parse_proto(parse, word);
	step = &parse->steps[parse->nsteps - 1];
	step->emits = true;
	step->emit_proto = (uint8_t)proto;
}

/**
 * service_step_emits_port() - the port of it
 * @parse: the text
 * @word: the port
 */
void service_step_emits_port(struct parse *parse, struct word word)
{
	unsigned int port;

	if (!parse->failed && parse_number(parse, word, 1, 65535, "port", &port))
		parse->steps[parse->nsteps - 1].emit_port = (uint16_t)port;
}

static void service_lacks(struct parse *parse, const char *what)
{
	const struct pe_object *object = &parse->service->o;

	parse_error(parse, source_word_at(parse->source, object->at - 1), "service '%s' lacks %s",
		    object->name, what);
}

static bool service_has_ports(const struct pe_service *service)
{
	return service->proto == IPPROTO_TCP || service->proto == IPPROTO_UDP ||
	       service->proto == IPPROTO_SCTP;
}

/* What excludes each other, in a change too. */
static void service_check_either(struct parse *parse)
{
	static const struct {
		int one, other;
		const char *names;
	} pairs[] = {
		{ PE_SERVICE_VIP, PE_SERVICE_CLIENT, "vip and client" },
		{ PE_SERVICE_EXIT_VIA, PE_SERVICE_EXIT_TABLE, "an exit via and an exit table" },
	};
	const struct pe_service *service = parse->service;
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(*pairs) && !parse->failed; i++)
		if (service->has & PE_HAS(pairs[i].one) && service->has & PE_HAS(pairs[i].other))
			parse_error(parse,
				    source_word_at(parse->source, service->at[pairs[i].other] - 1),
				    "service '%s' has both %s: give one of them", service->o.name,
				    pairs[i].names);
}

static void service_check(struct parse *parse)
{
	const struct pe_service *service = parse->service;

	if (!(service->has & (PE_HAS(PE_SERVICE_VIP) | PE_HAS(PE_SERVICE_CLIENT))))
		service_lacks(parse, "its address (vip) or its clients (client)");
	else if (!service->nsteps)
		service_lacks(parse, "its sequence");
	else if (!service->nranges && service->ndynamic)
		parse_error(parse, source_word_at(parse->source, service->dynamic[0].at - 1),
			    "dynamic ports are negotiated over others: name those with port");
	else if (service->nranges && !service_has_ports(service))
		parse_error(parse, source_word_at(parse->source, service->at[PE_SERVICE_PORT] - 1),
			    "only tcp, udp and sctp have ports: one of them must be named");
}

/**
 * service_end() - finish a service
 * @parse: the text
 */
void service_end(struct parse *parse)
{
	struct pe_service *service = parse->service;
	struct pe_arena *arena = &parse->config->arena;

	if (parse->failed)
		return;
	service->nranges = (uint8_t)parse->nranges;
	service->ndynamic = (uint8_t)parse->ndynamic;
	service->nsteps = (uint8_t)parse->nsteps;
	service->ranges =
		pe_arena_memdup(arena, parse->ranges, parse->nranges * sizeof(*parse->ranges));
	service->dynamic =
		pe_arena_memdup(arena, parse->dynamic, parse->ndynamic * sizeof(*parse->dynamic));
	service->steps =
		pe_arena_memdup(arena, parse->steps, parse->nsteps * sizeof(*parse->steps));
	if (service->o.verb != PE_VERB_CHANGE && service->o.verb != PE_VERB_COPY)
		service_check(parse);
	service_check_either(parse);
	parse_finish(parse, &service->o);
	parse->service = NULL;
}
