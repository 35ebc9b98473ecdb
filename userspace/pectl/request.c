// SPDX-License-Identifier: GPL-2.0-only

#include "request.h"

#include <check.h>
#include <string.h>

#include "parse.h"

/**
 * request_start() - a command that changes nothing by itself
 * @parse: the text
 * @kind: which
 * @word: where it stands
 */
void request_start(struct parse *parse, enum request_kind kind, struct word word)
{
	(void)word;
	parse->request->kind = kind;
}

/**
 * request_show() - objects are to be shown
 * @parse: the text
 * @object: enum pe_object_kind of them, PE_OBJECT_ALL for everything
 * @word: where it stands
 */
void request_show(struct parse *parse, int object, struct word word)
{
	request_start(parse, REQUEST_SHOW, word);
	parse->request->object = object;
}

/**
 * request_state() - the state that the named devices are put in
 * @parse: the text
 * @state: enum pe_device_state
 */
void request_state(struct parse *parse, int state)
{
	parse->request->state = (uint32_t)state;
}

/**
 * request_show_name() - an object to be shown
 * @parse: the text
 * @word: its name
 */
void request_show_name(struct parse *parse, struct word word)
{
	struct pe_object *object;

	object =
		parse_declare(parse, parse->request->object, PE_VERB_CHANGE, word, sizeof(*object));
	if (object)
		pe_changes_add(&parse->request->names, object);
}

/**
 * request_replace() - a device is to take another's place
 * @parse: the text
 * @word: where the command stands
 * @name: the device
 * @other: what takes its place
 */
void request_replace(struct parse *parse, struct word word, struct word name, struct word other)
{
	const struct pe_changes *names = &parse->request->names;

	request_start(parse, REQUEST_REPLACE, word);
	parse->request->object = PE_OBJECT_DEVICE;
	request_show_name(parse, name);
	request_show_name(parse, other);
	if (!parse->failed && !strcmp(names->list[0]->name, names->list[1]->name))
		parse_error(parse, other, "device '%s' is to take its own place: name another",
			    names->list[1]->name);
}

/**
 * request_flow_from() - source of the packet
 * @parse: the text
 * @word: where it stands
 * @value: the address
 */
void request_flow_from(struct parse *parse, struct word word, struct word value)
{
	(void)word;
	parse_address(parse, value, &parse->request->flow.from);
}

/**
 * request_flow_to() - destination of the packet
 * @parse: the text
 * @word: where it stands
 * @value: the address
 */
void request_flow_to(struct parse *parse, struct word word, struct word value)
{
	(void)word;
	parse_address(parse, value, &parse->request->flow.to);
}

/**
 * request_flow_proto() - protocol of the packet
 * @parse: the text
 * @word: the protocol
 */
void request_flow_proto(struct parse *parse, struct word word)
{
	parse->request->flow.proto = parse_proto(parse, word);
	parse->request->flow.has_proto = true;
}

/**
 * request_flow_port() - destination port of the packet
 * @parse: the text
 * @word: where it stands
 * @value: the port
 */
void request_flow_port(struct parse *parse, struct word word, struct word value)
{
	(void)word;
	parse_number(parse, value, 1, 65535, "port", &parse->request->flow.port);
}

/**
 * request_flow_sport() - source port of the packet
 * @parse: the text
 * @word: where it stands
 * @value: the port
 */
void request_flow_sport(struct parse *parse, struct word word, struct word value)
{
	(void)word;
	parse_number(parse, value, 1, 65535, "port", &parse->request->flow.sport);
}

/**
 * request_flow_iif() - interface the packet arrives on
 * @parse: the text
 * @word: where it stands
 * @value: its name
 */
void request_flow_iif(struct parse *parse, struct word word, struct word value)
{
	(void)word;
	if (parse_ifname(parse, value))
		parse->request->flow.iif = pe_arena_strndup(
			&parse->config->arena, parse->source->text + value.at, value.len);
}

/**
 * request_flow_end() - check that a packet can be explained
 * @parse: the text
 * @word: where the command stands
 */
void request_flow_end(struct parse *parse, struct word word)
{
	const struct request_flow *flow = &parse->request->flow;

	if (!flow->from.len || !flow->to.len)
		parse_error(parse, word, "explain needs both ends of the packet: from A to B");
	else if (flow->from.len != flow->to.len)
		parse_error(parse, word, "both ends of the packet must be IPv4, or both IPv6");
	else if (!flow->iif)
		parse_error(parse, word, "explain needs the interface of arrival: iif DEV");
	else if ((flow->port || flow->sport) && !flow->has_proto)
		parse_error(parse, word, "ports need a protocol: tcp, udp or sctp");
}

static bool request_prefix(struct parse *parse, struct word word, struct pe_addr *addr,
			   uint8_t *len)
{
	const char *slash = memchr(parse->source->text + word.at, '/', word.len);
	struct word bits = word;
	unsigned int number;

	if (slash) {
		word.len = (uint32_t)(slash - parse->source->text) - word.at;
		bits.at += word.len + 1;
		bits.len -= word.len + 1;
	}
	if (!parse_address(parse, word, addr))
		return false;
	number = addr->len * 8;
	if (slash && !parse_number(parse, bits, 0, number, "length of a prefix", &number))
		return false;
	*len = (uint8_t)number;
	return true;
}

static void request_flows_again(struct parse *parse, struct word word)
{
	parse_error(parse, word, "'%.*s' stands there already", (int)word.len,
		    parse->source->text + word.at);
}

/**
 * request_flows_name() - whose flows are meant
 * @parse: the text
 * @attr: PE_FLOW_SERVICE or PE_FLOW_DEVICE
 * @word: where it stands
 * @value: the name
 */
void request_flows_name(struct parse *parse, int attr, struct word word, struct word value)
{
	struct pe_flow_filter *flows = &parse->request->flows;
	bool service = attr == PE_FLOW_SERVICE;
	const char *name = parse_name(parse, value, service ? "service" : "device");

	if (!name)
		return;
	if (service ? flows->service : flows->device) {
		request_flows_again(parse, word);
		return;
	}
	name = pe_arena_strndup(&parse->config->arena, name, value.len);
	if (service)
		flows->service = name;
	else
		flows->device = name;
}

/**
 * request_flows_client() - flows of which clients are meant
 * @parse: the text
 * @word: where it stands
 * @value: an address or prefix
 */
void request_flows_client(struct parse *parse, struct word word, struct word value)
{
	struct pe_flow_filter *flows = &parse->request->flows;

	if (flows->client.len)
		request_flows_again(parse, word);
	else
		request_prefix(parse, value, &flows->client, &flows->client_len);
}

/**
 * request_flows_proto() - flows of which protocol are meant
 * @parse: the text
 * @word: the protocol
 */
void request_flows_proto(struct parse *parse, struct word word)
{
	struct pe_flow_filter *flows = &parse->request->flows;

	if (flows->has_proto)
		request_flows_again(parse, word);
	flows->proto = (uint8_t)parse_proto(parse, word);
	flows->has_proto = true;
}

/**
 * request_watch_from() - the client's end of what is watched
 * @parse: the text
 * @value: an address or prefix
 */
void request_watch_from(struct parse *parse, struct word value)
{
	struct pe_watch *watch = &parse->request->watch;

	request_prefix(parse, value, &watch->from, &watch->from_len);
}

/**
 * request_watch_to() - the service's end of what is watched
 * @parse: the text
 * @value: an address or prefix
 */
void request_watch_to(struct parse *parse, struct word value)
{
	struct pe_watch *watch = &parse->request->watch;

	request_prefix(parse, value, &watch->to, &watch->to_len);
}

/**
 * request_watch_proto() - protocol of what is watched
 * @parse: the text
 * @word: the protocol
 */
void request_watch_proto(struct parse *parse, struct word word)
{
	parse->request->watch.proto = (uint8_t)parse_proto(parse, word);
	parse->request->watch.has_proto = true;
}

/**
 * request_watch_port() - port at the service of what is watched
 * @parse: the text
 * @value: the port
 */
void request_watch_port(struct parse *parse, struct word value)
{
	unsigned int port = 0;

	parse_number(parse, value, 1, 65535, "port", &port);
	parse->request->watch.port = (uint16_t)port;
}

/**
 * request_watch_service() - service that is watched
 * @parse: the text
 * @value: its name
 */
void request_watch_service(struct parse *parse, struct word value)
{
	const char *name = parse_name(parse, value, "service");

	if (name)
		parse->request->watch.service =
			pe_arena_strndup(&parse->config->arena, name, value.len);
}

/**
 * request_watch_iif() - interface of arrival of what is watched
 * @parse: the text
 * @value: its name
 */
void request_watch_iif(struct parse *parse, struct word value)
{
	if (parse_ifname(parse, value))
		parse->request->watch.iif = pe_arena_strndup(
			&parse->config->arena, parse->source->text + value.at, value.len);
}

/**
 * request_watch_step() - step that is watched
 * @parse: the text
 * @value: its number, from 1
 */
void request_watch_step(struct parse *parse, struct word value)
{
	parse_number(parse, value, 1, PE_STEPS_MAX, "step", &parse->request->watch.step);
}

/**
 * request_watch_snaplen() - how much of each packet is captured
 * @parse: the text
 * @value: bytes
 */
void request_watch_snaplen(struct parse *parse, struct word value)
{
	parse_number(parse, value, 1, 16777216, "number of bytes", &parse->request->watch.snaplen);
}

/**
 * request_watch_count() - how much is enough
 * @parse: the text
 * @value: the number
 */
void request_watch_count(struct parse *parse, struct word value)
{
	parse_number(parse, value, 1, 999999999, "count", &parse->request->count);
}

/**
 * request_watch_end() - check that it can be watched
 * @parse: the text
 * @word: where the command stands
 */
void request_watch_end(struct parse *parse, struct word word)
{
	struct pe_watch *watch = &parse->request->watch;

	watch->frames = parse->request->kind == REQUEST_CAPTURE;
	if (watch->from.len && watch->to.len && watch->from.len != watch->to.len)
		parse_error(parse, word, "both ends of a flow must be IPv4, or both IPv6");
	else if (watch->port && !watch->has_proto)
		parse_error(parse, word, "a port needs a protocol: tcp, udp or sctp");
}

/* Where nothing is said. */
#define CHECK_TIMEOUT 1000
#define CHECK_INTERVAL 1000
#define CHECK_RISE 2
#define CHECK_FALL 3

/* Milliseconds; a check shorter than that says more of the engine's own load. */
#define CHECK_TIME_MIN 10
#define CHECK_INTERVAL_MIN 100
#define CHECK_TIME_MAX 3600000
#define CHECK_COUNT_MAX 1000
#define CHECK_PAGE_MAX 255

/**
 * request_check() - devices are to be checked
 * @parse: the text
 * @kind: REQUEST_CHECK, REQUEST_VALIDATE or REQUEST_WATCH
 * @word: where it stands
 */
void request_check(struct parse *parse, enum request_kind kind, struct word word)
{
	request_start(parse, kind, word);
	parse->request->check = (struct request_check){
		.page = "/",
		.timeout = CHECK_TIMEOUT,
		.interval = CHECK_INTERVAL,
		.rise = CHECK_RISE,
		.fall = CHECK_FALL,
	};
}

/**
 * request_check_kind() - what to check devices with
 * @parse: the text
 * @kind: enum pe_check_kind
 */
void request_check_kind(struct parse *parse, unsigned int kind)
{
	parse->request->check.kind = (uint8_t)kind;
}

/* What a request line can hold, and leaves room for the rest of the request. */
static bool page_is(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len <= CHECK_PAGE_MAX && *text == '/';
}

/**
 * request_check_page() - check by HTTP, with a page of its own
 * @parse: the text
 * @value: the page
 */
void request_check_page(struct parse *parse, struct word value)
{
	const char *text = parse->source->text + value.at;

	request_check_kind(parse, PE_CHECK_HTTP);
	if (page_is(text, value.len))
		parse->request->check.page =
			pe_arena_strndup(&parse->config->arena, text, value.len);
	else
		parse_error(
			parse, value,
			"'%.*s' is no page; one is a path such as /health, of ASCII and at most %d characters",
			(int)value.len, text, CHECK_PAGE_MAX);
}

/**
 * request_check_timeout() - how long to wait for an answer
 * @parse: the text
 * @value: the time
 */
void request_check_timeout(struct parse *parse, struct word value)
{
	parse_duration(parse, value, CHECK_TIME_MIN, CHECK_TIME_MAX,
		       &parse->request->check.timeout);
}

/**
 * request_check_interval() - how long from one round to the next
 * @parse: the text
 * @value: the time
 */
void request_check_interval(struct parse *parse, struct word value)
{
	parse_duration(parse, value, CHECK_INTERVAL_MIN, CHECK_TIME_MAX,
		       &parse->request->check.interval);
}

/**
 * request_check_rise() - how many rounds in a row make a device up
 * @parse: the text
 * @value: the number
 */
void request_check_rise(struct parse *parse, struct word value)
{
	parse_number(parse, value, 1, CHECK_COUNT_MAX, "number of rounds",
		     &parse->request->check.rise);
}

/**
 * request_check_fall() - how many rounds in a row make a device down
 * @parse: the text
 * @value: the number
 */
void request_check_fall(struct parse *parse, struct word value)
{
	parse_number(parse, value, 1, CHECK_COUNT_MAX, "number of rounds",
		     &parse->request->check.fall);
}

/**
 * request_check_end() - check that it can be watched
 * @parse: the text
 *
 * A round ends before the next one begins.
 */
void request_check_end(struct parse *parse)
{
	struct request_check *check = &parse->request->check;

	if (check->timeout > check->interval)
		check->timeout = check->interval;
}

/**
 * request_check_name() - an object to be checked
 * @parse: the text
 * @object: enum pe_object_kind of it
 * @word: its name
 */
void request_check_name(struct parse *parse, int object, struct word word)
{
	parse->request->object = object;
	request_show_name(parse, word);
}

/**
 * request_revision() - a revision that is meant
 * @parse: the text
 * @word: its number
 */
void request_revision(struct parse *parse, struct word word)
{
	parse_number(parse, word, 1, UINT32_MAX, "number of a revision", &parse->request->revision);
}

/**
 * request_monitor() - what to monitor
 * @parse: the text
 * @group: REQUEST_MONITOR_...
 */
void request_monitor(struct parse *parse, unsigned int group)
{
	parse->request->groups |= group;
}

/**
 * request_help() - what to help with
 * @parse: the text
 * @word: the command
 */
void request_help(struct parse *parse, struct word word)
{
	parse->request->topic =
		pe_arena_strndup(&parse->config->arena, parse->source->text + word.at, word.len);
}
