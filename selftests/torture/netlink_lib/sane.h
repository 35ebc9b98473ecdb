/* SPDX-License-Identifier: GPL-2.0-only */
/* Messages that make sense: what the others are bent from. */
#ifndef NETLINK_SANE_H
#define NETLINK_SANE_H

#include <linux/pe.h>

#include "tree.h"

#define SANE_IFACES 6
#define SANE_DEVICES 24
#define SANE_SERVICES 40
#define SANE_POOLS 8
#define SANE_ACLS 8

struct message *sane_device(unsigned int number);
struct message *sane_service(unsigned int number);
struct message *sane_pool(unsigned int number);
struct message *sane_acl(unsigned int number);
struct message *sane_delete(uint8_t cmd);
struct message *sane_get(uint8_t cmd);
struct message *sane_dump(uint8_t cmd);
struct message *sane_explain(void);
struct message *sane_flows(uint8_t cmd);
struct message *sane_plain(uint8_t cmd);
struct message *sane_command(uint8_t cmd);
struct message *sane_table(uint8_t cmd);
struct message *sane_any(void);

extern const struct spec_set spec_set_txn, spec_set_device, spec_set_service, spec_set_pool,
	spec_set_acl, spec_set_port, spec_set_range, spec_set_step, spec_set_member, spec_set_rule,
	spec_set_explain, spec_set_info, spec_set_limit, spec_set_state;

#endif
