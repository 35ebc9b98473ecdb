/* SPDX-License-Identifier: GPL-2.0-only */
/* Ways to bend a message. */
#ifndef NETLINK_MUTATE_H
#define NETLINK_MUTATE_H

#include "tree.h"

extern const unsigned int mutations_count;

const char *mutate_name(unsigned int which);
void mutate_at(struct message *message, unsigned int which, unsigned int node);
void mutate(struct message *message);
void mutate_bytes(uint8_t *buf, uint32_t len);

#endif
