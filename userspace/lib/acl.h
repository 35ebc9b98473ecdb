/* SPDX-License-Identifier: GPL-2.0-only */
/* An access list as the user and the kernel know it. */
#ifndef PE_ACL_H
#define PE_ACL_H

#include <linux/pe.h>
#include <stdbool.h>

#include "addr.h"
#include "object.h"

struct nlmsghdr;
struct pe_arena;

/**
 * struct pe_rule - which packets, and whether they are let in
 * @has: PE_HAS(PE_RULE_...) of what is given
 * @from: source prefix
 * @to: destination prefix
 * @sports: source ports, first and last in turn
 * @ports: destination ports, likewise
 * @iif: interface of arrival
 * @hits: what matched
 * @at: where it stands in the source, plus one
 * @nsports: how many ranges @sports has
 * @nports: how many @ports has
 * @from_len: bits of @from
 * @to_len: bits of @to
 * @proto: IP protocol
 * @mask: TCP flags that are looked at
 * @flags: those of them that are set
 * @type: ICMP type
 * @code: ICMP code
 * @dscp: DSCP
 */
struct pe_rule {
	uint32_t has;
	struct pe_addr from;
	struct pe_addr to;
	uint16_t *sports;
	uint16_t *ports;
	const char *iif;
	struct pe_counter hits;
	uint32_t at;
	uint8_t nsports;
	uint8_t nports;
	uint8_t from_len;
	uint8_t to_len;
	uint8_t proto;
	uint8_t mask;
	uint8_t flags;
	uint8_t type;
	uint8_t code;
	uint8_t dscp;
};

/**
 * struct pe_acl_client - what a client sent that was counted
 * @address: the client
 * @hits: what
 */
struct pe_acl_client {
	struct pe_addr address;
	struct pe_counter hits;
};

/**
 * struct pe_acl - an access list
 * @o: name and verb
 * @has: PE_HAS(PE_ACL_...) of what is given
 * @permit: what no rule matches is let in
 * @default_given: a change says so
 * @rules: in their order
 * @nrules: how many are here
 * @rules_room: for how many there is room
 * @all: how many the kernel has
 * @position: of a rule that is inserted or deleted, from 1
 * @position_at: where it stands in the source, plus one
 * @arena: keeps what a change is made of
 * @cost: instructions that the dearest look-up takes
 * @id: number the kernel gave it
 * @users: services that use it
 * @generation: of the transaction that made it what it is
 * @unmatched: what no rule matched
 * @clients: that were counted
 * @nclients: how many
 * @clients_room: for how many there is room
 * @others: clients that there was no room for
 */
struct pe_acl {
	struct pe_object o;
	uint32_t has;
	bool permit;
	bool default_given;
	struct pe_rule *rules;
	uint32_t nrules;
	uint32_t rules_room;
	uint32_t all;
	uint32_t position;
	uint32_t position_at;
	struct pe_arena *arena;
	uint32_t cost;
	uint32_t id;
	uint32_t users;
	uint32_t generation;
	struct pe_counter unmatched;
	struct pe_acl_client *clients;
	uint32_t nclients;
	uint32_t clients_room;
	struct pe_counter others;
};

/* Names of TCP flags by bit. */
extern const char *const pe_tcp_flags[8];

struct pe_rule *pe_acl_add(struct pe_acl *acl, struct pe_arena *arena);
uint32_t pe_acl_next(const struct pe_acl *acl, uint32_t first);
void pe_acl_put(struct nlmsghdr *nlh, const struct pe_acl *acl, uint32_t first);
int pe_acl_get(struct pe_acl *acl, struct pe_arena *arena, const struct nlmsghdr *nlh);
void pe_acl_join(struct pe_acl *acl, struct pe_arena *arena, const struct pe_acl *more);
bool pe_acl_equal(const struct pe_acl *a, const struct pe_acl *b);
void pe_acl_merge(struct pe_acl *acl, const struct pe_acl *base);
uint32_t pe_acl_where(const struct pe_acl *acl, uint16_t attr, unsigned int index);

#endif
