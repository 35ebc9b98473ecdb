/* SPDX-License-Identifier: GPL-2.0-only */
/* How much memory the kernel has given out, of the kinds that the module takes. */
#ifndef NETLINK_MEMORY_H
#define NETLINK_MEMORY_H

#include <stdbool.h>

#define MEMORY_CACHES 64

/**
 * struct memory - what is given out
 * @count: how many caches
 * @name: of each
 * @objects: given out of it
 * @percpu: bytes of memory for each processor
 * @vmalloc: areas that the module has asked for
 */
struct memory {
	unsigned int count;
	char name[MEMORY_CACHES][32];
	long objects[MEMORY_CACHES];
	long percpu;
	long vmalloc;
};

bool memory_read(struct memory *memory);
bool memory_same(const struct memory *before, const struct memory *after, long slack);

#endif
