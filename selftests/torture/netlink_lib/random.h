/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers that look random and are the same for the same seed. */
#ifndef NETLINK_RANDOM_H
#define NETLINK_RANDOM_H

#include <stdint.h>

extern uint64_t random_state;

static inline uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state * 0x2545f4914f6cdd1dULL;
}

static inline unsigned int random_below(unsigned int n)
{
	return (unsigned int)((random_next() >> 32) * n >> 32);
}

#define random_of(list) ((list)[random_below(sizeof(list) / sizeof((list)[0]))])

/* A seed of zero would stay zero. */
static inline void random_start(uint64_t seed)
{
	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
	random_next();
	random_next();
}

#endif
