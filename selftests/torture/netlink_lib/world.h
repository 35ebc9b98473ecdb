/* SPDX-License-Identifier: GPL-2.0-only */
/* A network namespace with interfaces in it, and sockets that were opened there. */
#ifndef NETLINK_WORLD_H
#define NETLINK_WORLD_H

#include "sock.h"

#define WORLD_SOCKS 6

/**
 * struct world - a namespace
 * @netns: descriptor of it, or -1
 * @socks: those that change things
 * @control: looks at what there is
 * @ear: hears what is told to all
 * @generation: that the configuration must be at
 * @settled: tally.commits when it was
 */
struct world {
	int netns;
	struct sock socks[WORLD_SOCKS];
	struct sock control;
	struct sock ear;
	uint32_t generation;
	uint64_t settled;
};

int netns_here(void);
bool netns_enter(int fd);

bool world_open(struct world *world);
bool world_join(struct world *world, int netns);
void world_close(struct world *world);
void world_fill(struct world *world);
void world_settle(struct world *world);
uint32_t world_generation(struct world *world);
uint64_t world_hash(struct world *world);
void world_reopen(struct world *world, unsigned int which);

bool link_add(const char *name, unsigned int number);
bool link_del(const char *name);

#endif
