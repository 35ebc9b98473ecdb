/* SPDX-License-Identifier: GPL-2.0-only */
/* How much of what clients send is let in each second. */
#ifndef PE_LIMIT_H
#define PE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct nlattr;
struct nlmsghdr;

/* Most that can be let in each second, of anything. */
#define PE_RATE_MAX 1000000000000ULL

/**
 * struct pe_limit - a limit
 * @packets: a second, 0 for any
 * @bytes: a second, 0 for any
 * @flows: new ones a second, 0 for any
 */
struct pe_limit {
	uint64_t packets;
	uint64_t bytes;
	uint64_t flows;
};

void pe_limit_put(struct nlmsghdr *nlh, uint16_t type, const struct pe_limit *limit);
void pe_limit_get(struct pe_limit *limit, const struct nlattr *nest);
bool pe_limit_equal(const struct pe_limit *a, const struct pe_limit *b);

#endif
