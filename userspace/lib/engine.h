/* SPDX-License-Identifier: GPL-2.0-only */
/* What is said of the engine as a whole. */
#ifndef PE_ENGINE_H
#define PE_ENGINE_H

#include <linux/pe.h>
#include <stdbool.h>

#include "limit.h"
#include "object.h"

struct nlmsghdr;
struct pe_arena;

/**
 * struct pe_engine - the engine
 * @o: name, which is engine, and verb
 * @limit: how much of what clients send to all services is let in
 * @limited: what was not
 * @has: PE_HAS(PE_ENGINE_...) of what is given
 * @id: number the kernel gave it
 * @generation: of the transaction that made it what it is
 * @at: where the words stand in the source, plus one
 */
struct pe_engine {
	struct pe_object o;
	struct pe_limit limit;
	struct pe_counter limited;
	uint32_t has;
	uint32_t id;
	uint32_t generation;
	uint32_t at[PE_ENGINE_MAX + 1];
};

void pe_engine_put(struct nlmsghdr *nlh, const struct pe_engine *engine);
int pe_engine_get(struct pe_engine *engine, struct pe_arena *arena, const struct nlmsghdr *nlh);
bool pe_engine_equal(const struct pe_engine *a, const struct pe_engine *b);
void pe_engine_merge(struct pe_engine *engine, const struct pe_engine *base);
uint32_t pe_engine_where(const struct pe_engine *engine, uint16_t attr);

#endif
