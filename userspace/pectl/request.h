/* SPDX-License-Identifier: GPL-2.0-only */
/* The command that the arguments ask for. */
#ifndef PECTL_REQUEST_H
#define PECTL_REQUEST_H

#include <addr.h>
#include <changes.h>
#include <flow.h>
#include <sight.h>
#include <stdbool.h>

#include "source.h"

enum request_kind {
	REQUEST_CHANGE,
	REQUEST_SHOW,
	REQUEST_REPLACE,
	REQUEST_APPLY,
	REQUEST_DIFF,
	REQUEST_CONFIRM,
	REQUEST_ROLLBACK,
	REQUEST_REVISION,
	REQUEST_EXPLAIN,
	REQUEST_STATS,
	REQUEST_STATE,
	REQUEST_FLOW,
	REQUEST_FLOW_FLUSH,
	REQUEST_MONITOR,
	REQUEST_TRACE,
	REQUEST_CAPTURE,
	REQUEST_CHECK,
	REQUEST_VALIDATE,
	REQUEST_WATCH,
	REQUEST_HELP,
};

#define REQUEST_MONITOR_CONFIG 1
#define REQUEST_MONITOR_EVENTS 2

/**
 * struct request_flow - a packet to be explained
 * @from: its source
 * @to: its destination
 * @proto: its protocol
 * @has_proto: whether that is given
 * @port: its destination port, or 0
 * @sport: its source port, or 0
 * @iif: interface it arrives on
 */
struct request_flow {
	struct pe_addr from;
	struct pe_addr to;
	unsigned int proto;
	bool has_proto;
	unsigned int port;
	unsigned int sport;
	const char *iif;
};

/**
 * struct request_check - how devices are to be checked
 * @kind: enum pe_check_kind, PE_CHECK_NOTHING for what suits each
 * @page: what is asked for by HTTP, a path
 * @timeout: milliseconds to wait for an answer
 * @interval: milliseconds from one round to the next
 * @rise: rounds in a row after which a device is up
 * @fall: rounds in a row after which a device is down
 */
struct request_check {
	uint8_t kind;
	const char *page;
	unsigned int timeout;
	unsigned int interval;
	unsigned int rise;
	unsigned int fall;
};

/**
 * struct request - a command
 * @kind: which one
 * @object: enum pe_object_kind of what is to be shown, PE_OBJECT_ALL for everything
 * @names: objects to be shown, as statements, none for all; or a device, and what
 *	is to take its place
 * @state: enum pe_device_state that the named devices are put in
 * @flow: what to explain
 * @flows: which flows to show or to forget
 * @groups: what to monitor
 * @watch: what to trace or capture
 * @count: how much of it, or 0
 * @revision: number of a revision, or 0
 * @check: how to check devices
 * @topic: what to help with, or NULL
 */
struct request {
	enum request_kind kind;
	int object;
	struct pe_changes names;
	uint32_t state;
	struct request_flow flow;
	struct pe_flow_filter flows;
	unsigned int groups;
	struct pe_watch watch;
	unsigned int count;
	unsigned int revision;
	struct request_check check;
	const char *topic;
};

struct parse;

void request_start(struct parse *parse, enum request_kind kind, struct word word);
void request_show(struct parse *parse, int object, struct word word);
void request_state(struct parse *parse, int state);
void request_show_name(struct parse *parse, struct word word);
void request_replace(struct parse *parse, struct word word, struct word name, struct word other);
void request_flow_from(struct parse *parse, struct word word, struct word value);
void request_flow_to(struct parse *parse, struct word word, struct word value);
void request_flow_proto(struct parse *parse, struct word word);
void request_flow_port(struct parse *parse, struct word word, struct word value);
void request_flow_sport(struct parse *parse, struct word word, struct word value);
void request_flow_iif(struct parse *parse, struct word word, struct word value);
void request_flow_end(struct parse *parse, struct word word);
void request_flows_name(struct parse *parse, int attr, struct word word, struct word value);
void request_flows_client(struct parse *parse, struct word word, struct word value);
void request_flows_proto(struct parse *parse, struct word word);
void request_watch_from(struct parse *parse, struct word value);
void request_watch_to(struct parse *parse, struct word value);
void request_watch_proto(struct parse *parse, struct word word);
void request_watch_port(struct parse *parse, struct word value);
void request_watch_service(struct parse *parse, struct word value);
void request_watch_iif(struct parse *parse, struct word value);
void request_watch_step(struct parse *parse, struct word value);
void request_watch_snaplen(struct parse *parse, struct word value);
void request_watch_count(struct parse *parse, struct word value);
void request_watch_end(struct parse *parse, struct word word);
void request_revision(struct parse *parse, struct word word);
void request_check(struct parse *parse, enum request_kind kind, struct word word);
void request_check_kind(struct parse *parse, unsigned int kind);
void request_check_page(struct parse *parse, struct word value);
void request_check_timeout(struct parse *parse, struct word value);
void request_check_interval(struct parse *parse, struct word value);
void request_check_rise(struct parse *parse, struct word value);
void request_check_fall(struct parse *parse, struct word value);
void request_check_end(struct parse *parse);
void request_check_name(struct parse *parse, int object, struct word word);
void request_monitor(struct parse *parse, unsigned int group);
void request_help(struct parse *parse, struct word word);

#endif
