// SPDX-License-Identifier: GPL-2.0-only

#include "request.h"

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
 * request_show_name() - an object to be shown
 * @parse: the text
 * @word: its name
 */
void request_show_name(struct parse *parse, struct word word)
{
	int kind = parse->request->kind == REQUEST_SHOW_DEVICE ? PE_OBJECT_DEVICE :
								 PE_OBJECT_SERVICE;
	struct pe_object *object;

	object = parse_declare(parse, kind, PE_VERB_CHANGE, word, sizeof(*object));
	if (object)
		pe_changes_add(&parse->request->names, object);
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
