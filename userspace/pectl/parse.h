/* SPDX-License-Identifier: GPL-2.0-only */
/* From a text to statements and commands. */
#ifndef PECTL_PARSE_H
#define PECTL_PARSE_H

#include <acl.h>
#include <addr.h>
#include <changes.h>
#include <config.h>
#include <device.h>
#include <engine.h>
#include <pool.h>
#include <service.h>
#include <stdbool.h>

#include "request.h"
#include "source.h"

/**
 * enum parse_mode - what kind of text is read
 * @PARSE_ARGUMENTS: one command
 * @PARSE_CONFIG: devices and services
 * @PARSE_BATCH: devices, services, and commands that change them
 */
enum parse_mode {
	PARSE_ARGUMENTS,
	PARSE_CONFIG,
	PARSE_BATCH,
};

/**
 * struct parse - a text being read
 * @source: the text
 * @mode: what it is
 * @config: keeps all that is read
 * @changes: statements in their order, unless @mode is PARSE_CONFIG
 * @request: the command, if @mode is PARSE_ARGUMENTS
 * @failed: whether an error has been reported
 * @started: whether the lexer has told the grammar the mode
 * @ended: whether it has told that the last line ended
 * @depth: how many braces are open
 * @token: kind of the word read last
 * @word: the word read last
 * @held: the character behind it, where the lexer has put a zero
 * @previous: kind of the word before
 * @previous_word: the word before
 * @device: being read
 * @port: of it, being read, or NULL
 * @pool: being read
 * @nmembers: how many @members
 * @members: of the pool
 * @acl: being read
 * @rule: of it, being read, or NULL
 * @range_attr: which ports of it are being read
 * @limit: being read
 * @service: being read
 * @engine: being read
 * @nranges: how many @ranges
 * @ndynamic: how many @dynamic
 * @negotiated: whether ports being read belong to @dynamic
 * @nsteps: how many @steps
 * @ranges: of the service
 * @dynamic: of the service
 * @steps: of the service
 */
struct parse {
	struct source *source;
	enum parse_mode mode;
	struct pe_config *config;
	struct pe_changes *changes;
	struct request *request;
	bool failed;

	bool started;
	bool ended;
	int depth;
	int token;
	struct word word;
	char held;
	int previous;
	struct word previous_word;

	struct pe_device *device;
	struct pe_port *port;
	struct pe_pool *pool;
	unsigned int nmembers;
	struct pe_member members[PE_MEMBERS_MAX];
	struct pe_acl *acl;
	struct pe_rule *rule;
	int range_attr;
	struct pe_limit *limit;
	struct pe_service *service;
	struct pe_engine *engine;
	unsigned int nranges;
	unsigned int ndynamic;
	bool negotiated;
	unsigned int nsteps;
	struct pe_range ranges[PE_PORTS_MAX];
	struct pe_range dynamic[PE_PORTS_MAX];
	struct pe_step steps[PE_STEPS_MAX];
};

bool parse_source(struct parse *parse);

/* For the grammar only. */
void parse_error(struct parse *parse, struct word word, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
const char *parse_name(struct parse *parse, struct word word, const char *what);
bool parse_address(struct parse *parse, struct word word, struct pe_addr *addr);
bool parse_prefix(struct parse *parse, struct word word, struct pe_addr *addr, uint8_t *len);
bool parse_ports(struct parse *parse, struct word word, unsigned int min, uint16_t *first,
		 uint16_t *last);
bool parse_number(struct parse *parse, struct word word, unsigned int min, unsigned int max,
		  const char *what, unsigned int *number);
bool parse_amount(struct parse *parse, struct word word, uint64_t max, const char *what,
		  uint64_t *amount);
bool parse_duration(struct parse *parse, struct word word, uint32_t min, uint32_t max,
		    uint32_t *ms);
unsigned int parse_proto(struct parse *parse, struct word word);
bool parse_ifname(struct parse *parse, struct word word);

struct pe_object *parse_declare(struct parse *parse, int kind, enum pe_verb verb, struct word word,
				size_t size);
bool parse_is_name(const char *s, uint32_t len);
struct pe_object *parse_object(const struct parse *parse);
void parse_owner(struct parse *parse, struct word word, struct word value);
bool parse_command(struct parse *parse, struct word word);
void parse_finish(struct parse *parse, struct pe_object *object);
void parse_delete(struct parse *parse, int kind, struct word word);
void parse_flush(struct parse *parse, struct word word);

void device_begin(struct parse *parse, enum pe_verb verb, struct word name);
void device_kind(struct parse *parse, enum pe_device_kind kind, struct word word);
void device_transparent(struct parse *parse, struct word word);
void device_side(struct parse *parse, int attr, struct word word);
void device_dev(struct parse *parse, struct word word, struct word value);
void device_lladdr(struct parse *parse, struct word word, struct word value);
void device_via(struct parse *parse, struct word word, struct word value);
void device_remote(struct parse *parse, struct word word, struct word value);
void device_vni(struct parse *parse, struct word word, struct word value);
void device_address(struct parse *parse, struct word word, struct word value);
void device_mode(struct parse *parse, enum pe_server_mode mode, struct word word);
void device_measure(struct parse *parse, struct word word);
void device_guard(struct parse *parse, struct word word);
void device_separate(struct parse *parse);
void device_end(struct parse *parse);

void pool_begin(struct parse *parse, enum pe_verb verb, struct word name);
void pool_policy(struct parse *parse, enum pe_pool_policy policy, struct word word);
void pool_key(struct parse *parse, enum pe_pool_key key, struct word word);
void pool_members(struct parse *parse, struct word word);
void pool_member(struct parse *parse, struct word word);
void pool_weight(struct parse *parse, struct word word);
void pool_one_way(struct parse *parse, struct word word);
void pool_detect_off(struct parse *parse, struct word word);
void pool_detect_packets(struct parse *parse, struct word word);
void pool_detect_window(struct parse *parse, struct word word);
void pool_revive(struct parse *parse, struct word word);
void pool_revive_after(struct parse *parse, struct word word);
void pool_end(struct parse *parse);

void engine_begin(struct parse *parse, enum pe_verb verb, struct word word);
void engine_limit(struct parse *parse, struct word word);
void engine_end(struct parse *parse);

void limit_begin(struct parse *parse, struct pe_limit *limit);
void limit_packets(struct parse *parse, struct word word, struct word value);
void limit_bytes(struct parse *parse, struct word word, struct word value);
void limit_flows(struct parse *parse, struct word word, struct word value);

void acl_begin(struct parse *parse, enum pe_verb verb, struct word name);
void acl_position(struct parse *parse, struct word word);
void acl_separate(struct parse *parse);
void acl_owner(struct parse *parse, struct word word, struct word value);
void acl_default(struct parse *parse, struct word word, bool permit);
void acl_rule(struct parse *parse, struct word word, bool permit);
void acl_proto(struct parse *parse, struct word word);
void acl_from(struct parse *parse, struct word word, struct word value);
void acl_to(struct parse *parse, struct word word, struct word value);
void acl_ports(struct parse *parse, struct word word, int attr);
void acl_range(struct parse *parse, struct word word);
void acl_flags(struct parse *parse, struct word word);
void acl_flag(struct parse *parse, struct word word);
void acl_number(struct parse *parse, struct word word, struct word value, int attr);
void acl_iif(struct parse *parse, struct word word, struct word value);
void acl_word(struct parse *parse, struct word word, int attr);
void acl_end(struct parse *parse);

void service_begin(struct parse *parse, enum pe_verb verb, struct word name);
void service_copy(struct parse *parse, struct word from, struct word name);
void service_vip(struct parse *parse, struct word word, struct word value);
void service_client(struct parse *parse, struct word word, struct word value);
void service_exit_via(struct parse *parse, struct word word, struct word value);
void service_exit_dev(struct parse *parse, struct word word, struct word value);
void service_acl(struct parse *parse, struct word word, struct word value);
void service_limit(struct parse *parse, struct word word);
void service_state(struct parse *parse, struct word word, bool on);
void service_state_flows(struct parse *parse, struct word word, struct word value);
void service_state_timeout(struct parse *parse, struct word word, struct word value);
void service_exit_table(struct parse *parse, struct word word, struct word value);
void service_proto(struct parse *parse, struct word word);
void service_ports(struct parse *parse, struct word word);
void service_dynamic(struct parse *parse, struct word word);
void service_dynamic_end(struct parse *parse);
void service_range(struct parse *parse, struct word word);
void service_iif(struct parse *parse, struct word word, struct word value);
void service_track(struct parse *parse, struct word word, int method);
void service_track_first(struct parse *parse, struct word word);
void service_dscp(struct parse *parse, struct word word, struct word value, int attr);
void service_priority(struct parse *parse, struct word word, struct word value);
void service_mark(struct parse *parse, struct word word, struct word value);
void service_announce(struct parse *parse, struct word word, struct word value);
void service_sequence(struct parse *parse, struct word word);
void service_step(struct parse *parse, struct word word);
void service_step_port(struct parse *parse, struct word word);
void service_step_open(struct parse *parse);
void service_step_emits(struct parse *parse, struct word word);
void service_step_emits_port(struct parse *parse, struct word word);
void service_end(struct parse *parse);

#endif
